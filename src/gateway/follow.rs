//! Following a chat: it is read again and again from the last position, and each read waits at the owner for
//! something new. So a follower survives every takeover, misses nothing, and each read proves that somebody is there.

use crate::ports::{CallError, Sessions};
use handoff_chat::command::{Caller, Read, Reading, Reject, View};
use handoff_chat::{EntityId, QueueName, SessionId};
use handoff_shard::Call;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a read waits at the owner.
pub(crate) const WAIT: Duration = Duration::from_secs(2);
/// Between reads that brought nothing sooner than they should, and after those that failed; doubles up to the second.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Waits longer after each failure in a row.
pub(crate) struct Pace(Duration);

impl Pace {
    pub(crate) fn new() -> Self {
        Self(PAUSE.0)
    }

    pub(crate) fn reset(&mut self) {
        self.0 = PAUSE.0;
    }

    pub(crate) async fn pause(&mut self) {
        sleep(self.0).await;
        self.0 = (self.0 * 2).min(PAUSE.1);
    }
}

/// Which failures pass while a follower asks again.
pub(crate) fn passes(error: &CallError) -> bool {
    matches!(error, CallError::Again | CallError::Busy | CallError::Unknown)
        || *error == CallError::Rejected(Reject::Quarantined)
}

/// Where a follower shows what it reads.
pub(crate) trait Show {
    /// Shows what is new in a view, and moves `next` on past what was shown. False: nobody looks any more.
    async fn show(&mut self, view: View, next: &Cell<u64>) -> bool;
    /// There is no such chat for the follower any more.
    fn gone(&mut self, next: u64);
    /// Nobody looks any more.
    fn closed(&self) -> bool;
}

/// One who follows a chat.
pub(crate) struct Follower<S> {
    pub(crate) sessions: Arc<dyn Sessions>,
    pub(crate) chat: SessionId,
    pub(crate) caller: Caller,
    /// How long a read is tried beyond its wait.
    pub(crate) patience: Duration,
    /// The first index that the client does not have. Kept by whoever may follow the same chat again.
    pub(crate) next: Rc<Cell<u64>>,
    /// The chat is over for the follower: what there is is read to its end, and nothing waited for.
    pub(crate) over: bool,
    /// Where what was read is shown.
    pub(crate) to: S,
}

/// What one read of the chat brought.
enum Asked {
    New(Box<View>),
    Nothing,
    Failed(CallError),
}

impl<S: Show> Follower<S> {
    /// Shows what happens until the chat ends for the follower, or nobody looks.
    pub(crate) async fn run(mut self) {
        let mut pace = Pace::new();
        let (mut first, mut waits) = (true, None);
        loop {
            let begun = Instant::now();
            // The first read does not wait: it brings the participants.
            let wait = if self.over || first { Duration::ZERO } else { WAIT };
            match self.ask(wait, &waits).await {
                Asked::New(view) => {
                    pace.reset();
                    first = false;
                    let empty = view.events.is_empty() && view.typing.is_empty();
                    let ended = view.chat_ended;
                    waits.clone_from(&view.waits);
                    let shown = self.to.show(*view, &self.next).await;
                    // A view is cut where it is too large: the last reads go on to the end.
                    if !shown || ended || (self.over && empty) {
                        return;
                    }
                    if empty && !wait.is_zero() && begun.elapsed() < PAUSE.0 {
                        pace.pause().await;
                    }
                }
                Asked::Nothing if self.over => return,
                // A read that could not wait at the owner comes back at once.
                Asked::Nothing if begun.elapsed() < PAUSE.0 => pace.pause().await,
                Asked::Nothing => pace.reset(),
                Asked::Failed(error) if passes(&error) => {
                    pace.pause().await;
                    if self.to.closed() {
                        return;
                    }
                    continue;
                }
                Asked::Failed(_gone) => return self.to.gone(self.next.get()),
            }
        }
    }

    async fn ask(&self, wait: Duration, waits: &Option<QueueName>) -> Asked {
        let read = match self.caller {
            Caller::Customer(_) => Read::Following { position: self.next.get(), waits: waits.clone() },
            _ => Read::Agent { position: self.next.get() },
        };
        let call = Call {
            read: Some((self.caller.clone(), read)),
            client_id: true,
            patience: wait + self.patience,
            wait,
            ..Call::of(EntityId::from(&self.chat))
        };
        match self.sessions.call(call).await {
            Ok(done) => match done.reading {
                Some(Reading::View(view)) => Asked::New(Box::new(view)),
                _ => Asked::Nothing,
            },
            Err(error) => Asked::Failed(error),
        }
    }
}
