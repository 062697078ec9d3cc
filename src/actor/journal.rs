//! Journal calls as a shard makes them: an unknown outcome is asked again, the very same call, until it is definite.

use crate::clock::Clock;
use crate::node_state::NodeState;
use handoff_journal::{Journal, JournalError, Position, Tenure};
use handoff_shard::pipeline::Step;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// First wait after an unknown outcome, in milliseconds; doubles up to [`RETRY_MS_MAX`].
const RETRY_MS: u64 = 10;
const RETRY_MS_MAX: u64 = 500;

/// The longest rest after a frame.
const REST_MAX: Duration = Duration::from_millis(50);

/// What became of a step; always definite.
#[derive(Debug)]
pub enum LogStep {
    /// The frame is committed.
    Appended,
    /// The next segment is open.
    Rolled(Position),
    /// The ownership holds.
    Confirmed,
    /// It can't be done: fenced, or the store refuses.
    Failed(JournalError),
}

/// The store and how many frames of this node may be on their way at once.
#[derive(Clone)]
pub struct Log {
    /// The store's side of the log, the same for all shards.
    pub journal: Arc<dyn Journal>,
    /// Permits of frames in flight, shared by all shards of the node: whoever waits longest is next.
    pub flights: Arc<Semaphore>,
    /// How long a permit rests after a frame, in times of what the append took: a store that slows down under many
    /// frames is given fewer and larger ones. While a permit is free, nobody waits.
    pub rest: u32,
    /// Told whether the store answers.
    pub node_state: Arc<NodeState>,
    /// The node's clock; simulations bring their own.
    pub clock: Arc<dyn Clock>,
}

impl Log {
    /// A permit for a frame in flight, if one is free.
    #[must_use]
    pub fn permit_now(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.flights).try_acquire_owned().ok()
    }

    /// The next permit for a frame in flight.
    pub async fn permit(flights: Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
        flights.acquire_owned().await.ok()
    }

    /// Does one step, for as long as it takes; an append or a roll holds `permit` meanwhile. `unsure` is told of each
    /// unknown outcome.
    pub async fn run(
        &self,
        tenure: &Tenure,
        step: Step,
        permit: Option<OwnedSemaphorePermit>,
        unsure: impl Fn(),
    ) -> LogStep {
        let started = Instant::now();
        let done = self.repeat(tenure, step, unsure).await;
        if let Some(permit) = permit {
            self.rest(permit, started.elapsed());
        }
        done
    }

    fn rest(&self, permit: OwnedSemaphorePermit, took: Duration) {
        let rest = (took * self.rest).min(REST_MAX);
        if !rest.is_zero() {
            tokio::spawn(async move {
                tokio::time::sleep(rest).await;
                drop(permit);
            });
        }
    }

    async fn repeat(&self, tenure: &Tenure, step: Step, unsure: impl Fn()) -> LogStep {
        let mut wait_ms = RETRY_MS;
        loop {
            let outcome = match &step {
                Step::Append { at, frame } => {
                    self.journal.append(tenure, *at, frame).await.map(|()| LogStep::Appended)
                }
                Step::Roll { at } => self.journal.roll(tenure, *at).await.map(LogStep::Rolled),
                Step::Confirm => self.journal.confirm(tenure).await.map(|()| LogStep::Confirmed),
            };
            match outcome {
                Ok(done) => {
                    self.node_state.sure();
                    self.node_state.troubles.journal.went_well();
                    return done;
                }
                Err(JournalError::Full(_)) => {
                    // That the store is full is its own to tell; it is known at once, and no failure to answer.
                    tokio::time::sleep(Duration::from_millis(RETRY_MS_MAX)).await;
                }
                Err(JournalError::Unknown(reason)) => {
                    self.node_state.unsure(self.clock.now().mono.0);
                    self.node_state.troubles.journal.came(&reason);
                    unsure();
                    tokio::time::sleep(Duration::from_millis(wait_ms)).await;
                    wait_ms = (wait_ms * 2).min(RETRY_MS_MAX);
                }
                Err(error) => return LogStep::Failed(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use handoff_journal::NodeId;
    use handoff_journal::memory::MemoryStore;
    use handoff_journal::sqlite::{Durability, PretendedDisk, SqliteStore};
    use handoff_journal::{Frame, FrameId, ShardId};

    fn log(rest: u32) -> Log {
        Log {
            journal: Arc::new(MemoryStore::new(1).node(NodeId(1))),
            flights: Arc::new(Semaphore::new(1)),
            rest,
            node_state: Arc::new(NodeState::default()),
            clock: Arc::new(SystemClock::default()),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_in_flight_rests_in_proportion_to_the_append_and_never_for_long() {
        for (took_ms, rest_ms) in [(10, 20), (1_000, 50)] {
            let log = log(2);
            let began = Instant::now();
            log.rest(log.permit_now().unwrap(), Duration::from_millis(took_ms));
            assert!(log.permit_now().is_none(), "it rests");
            let permit = Log::permit(Arc::clone(&log.flights)).await;
            assert!(permit.is_some());
            assert!(began.elapsed() >= Duration::from_millis(rest_ms));
            assert!(began.elapsed() < Duration::from_millis(rest_ms + 5), "{:?}", began.elapsed());
        }
    }

    #[tokio::test]
    async fn a_frame_for_which_there_is_no_room_is_committed_when_there_is_and_the_store_counts_as_answering()
    {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(folder.path(), NodeId(1), Durability::Relaxed).unwrap());
        let claimed = store.claim(ShardId(0), "1-0000000000000001".parse().unwrap()).await.unwrap();
        store.pretend_disk(PretendedDisk::UsedUp);
        let log = Log { journal: store.clone(), ..log(0) };
        let frame = Frame { id: FrameId(1), events: 1, body: bytes::Bytes::from_static(b"x") };
        let step = Step::Append { at: claimed.next, frame };
        let running = log.run(&claimed.tenure, step, None, || panic!("it answers"));
        let room = async {
            while !store.is_full() {
                tokio::task::yield_now().await;
            }
            store.pretend_disk(PretendedDisk::Real);
        };
        let (done, ()) = tokio::join!(running, room);
        assert!(matches!(done, LogStep::Appended), "{done:?}");
        assert_eq!(log.node_state.unsure_for_ms(u64::MAX), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rest_the_next_frame_goes_at_once() {
        let log = log(0);
        log.rest(log.permit_now().unwrap(), Duration::from_millis(10));
        assert!(log.permit_now().is_some());
    }
}
