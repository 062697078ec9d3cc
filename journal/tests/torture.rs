//! Racing owners, random pauses, hidden outcomes, thousands of takeovers; a checker looks at all of it.
//!
//! Takes `HANDOFF_TORTURE_SECONDS` (5 unless told) for each store.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use handoff_journal::memory::Faults;
use handoff_journal::{Claimed, FrameId, JournalError, Position, ShardId, StoredFrame};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::support::checker::Checker;
use crate::support::hiding::Hiding;
use crate::support::naive::Naive;
use crate::support::worlds::{Memory, Sqlite};
use crate::support::{Hand, World, definite, frame};

const CONTENDERS: u16 = 4;

/// A run is not worth much with fewer, so it goes on until it has them.
const TAKEOVERS_MIN: usize = 200;

fn torture_time() -> Duration {
    let seconds = std::env::var("HANDOFF_TORTURE_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(5))
}

/// One contender: a node in a life of its own, its dice, and what all contenders share.
struct Contender {
    hand: Hand,
    shard: ShardId,
    checker: Arc<Mutex<Checker>>,
    dice: ChaCha8Rng,
    /// The longest wait before a claim: longer leaves more frames to each tenure.
    claim_wait_ms: u64,
}

/// Why a contender's tenure ended.
type Ended = Result<(), JournalError>;

impl Contender {
    fn check<T>(&self, look: impl FnOnce(&mut Checker) -> T) -> T {
        look(&mut self.checker.lock().expect("checker"))
    }

    /// Mostly short, sometimes long enough for others to take over twice.
    async fn pause(&mut self) {
        let longest = if self.dice.random_bool(0.1) { 40 } else { 3 };
        tokio::time::sleep(Duration::from_millis(self.dice.random_range(0..=longest))).await;
    }

    /// One tenure, from the claim to a fence, a crash or a change of mind.
    async fn tenure(&mut self) {
        let wait_ms = self.dice.random_range(0..=self.claim_wait_ms);
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        let Ok(mut claimed) = self.hand.node.journal.claim(self.shard, self.hand.owner).await else { return };
        self.check(|checker| checker.claimed(claimed.tenure.epoch, claimed.tenure.owner));
        let ended = self.own(&mut claimed).await;
        if let Err(JournalError::Refused(why)) = ended {
            // Trimmed segments are refused: to those who were overtaken, and where an older owner's trim came late.
            let head = definite(|| self.hand.node.journal.head(self.shard)).await;
            let trimmed =
                head.is_ok_and(|head| head.is_some_and(|head| head.first_segment > claimed.first_segment));
            if !trimmed && self.hand.confirm(&claimed).await.is_ok() {
                self.check(|checker| checker.wrong.push(format!("refused to the owner: {why}")));
            }
        }
    }

    async fn own(&mut self, claimed: &mut Claimed) -> Ended {
        let acked = self.check(|checker| checker.acked_so_far());
        let log = self.log(claimed, claimed.next.segment).await?;
        self.hand.confirm(claimed).await?;
        self.check(|checker| checker.observed(&log, &acked));
        for _ in 0..self.dice.random_range(1..=12) {
            self.append(claimed).await?;
            if self.dice.random_bool(0.08) {
                claimed.next = self.hand.try_roll(claimed).await?;
            }
            if self.dice.random_bool(0.03) && claimed.next.segment > claimed.first_segment + 1 {
                self.trim(claimed).await?;
            }
            self.pause().await;
        }
        Ok(())
    }

    async fn log(&self, claimed: &Claimed, last: u64) -> Result<Vec<StoredFrame>, JournalError> {
        let mut log = Vec::new();
        for segment in claimed.first_segment..=last {
            log.extend(self.hand.read(claimed, Position { segment, seq: 1 }, usize::MAX >> 1).await?);
        }
        Ok(log)
    }

    async fn append(&mut self, claimed: &mut Claimed) -> Ended {
        let mut sent = frame("torture");
        sent.id = FrameId(self.dice.random());
        loop {
            match self.hand.node.journal.append(&claimed.tenure, claimed.next, &sent).await {
                Ok(()) => {
                    let at = claimed.next;
                    self.check(|checker| checker.acked(at, sent.id, claimed.tenure.epoch));
                    claimed.next.seq += 1;
                    return Ok(());
                }
                Err(JournalError::Unknown(why)) => {
                    // A crash: nobody will ever ask again what became of it.
                    if self.dice.random_bool(0.2) {
                        return Err(JournalError::Unknown(why));
                    }
                    self.pause().await;
                }
                Err(error @ JournalError::Fenced { .. }) => {
                    self.check(|checker| checker.void(claimed.next, sent.id));
                    return Err(error);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Shows what goes to the checker first, as an owner writes history first.
    async fn trim(&mut self, claimed: &mut Claimed) -> Ended {
        let keep = claimed.next.segment - 1;
        let log = self.log(claimed, keep - 1).await?;
        self.hand.confirm(claimed).await?;
        self.check(|checker| {
            checker.observed(&log, &Default::default());
            checker.trimmed_below = checker.trimmed_below.max(keep);
        });
        self.hand.trim(claimed, keep).await?;
        claimed.first_segment = keep;
        Ok(())
    }
}

/// Lets contenders race for one shard until `done`, then has one more owner read the log.
async fn torture(
    world: &dyn World,
    seed: u64,
    hide: f64,
    claim_wait_ms: u64,
    done: impl Fn(usize) -> bool,
) -> Checker {
    let (shard, checker) = (world.shard(), Arc::new(Mutex::new(Checker::default())));
    let race = (1..=CONTENDERS).map(|id| {
        let (checker, done) = (checker.clone(), &done);
        async move {
            let mut dice = ChaCha8Rng::seed_from_u64(seed * 31 + u64::from(id));
            let mut hand = world.hand(id).await;
            hand.node.journal = Arc::new(Hiding::new(hand.node.journal.clone(), dice.random(), hide));
            let mut contender = Contender { hand, shard, checker, dice, claim_wait_ms };
            while !done(contender.check(|checker| checker.takeovers)) {
                contender.tenure().await;
                if contender.dice.random_bool(0.02) {
                    contender.hand.owner.incarnation.0 = contender.dice.random();
                }
            }
        }
    });
    join_all(race).await;
    let last = world.hand(CONTENDERS + 1).await;
    let claimed = last.claim(shard).await;
    let log = last.log(&claimed).await;
    let mut checker = std::mem::take(&mut *checker.lock().expect("checker"));
    checker.finish(&log);
    let (takeovers, acked, wrong) = (checker.takeovers, checker.acked_count(), checker.wrong.len());
    println!("seed {seed}: {takeovers} takeovers, {acked} acknowledged frames, {wrong} wrong");
    checker
}

fn faults() -> Faults {
    Faults {
        lose_before: 0.02,
        lose_after: 0.04,
        late: 0.03,
        late_ms: (1, 60),
        delay_ms: (0, 4),
        timeout_ms: 10,
    }
}

#[tokio::test(start_paused = true)]
async fn memory_keeps_every_acknowledged_frame_through_thousands_of_takeovers() {
    let (started, mut takeovers, mut seed) = (Instant::now(), 0, 0);
    while started.elapsed() < torture_time() || takeovers < 2_000 {
        let world = Memory::new(seed);
        world.store.set_faults(faults());
        let checker = torture(&world, seed, 0.02, 600, |takeovers| takeovers >= 500).await;
        assert!(checker.wrong.is_empty(), "SEED={seed}: {:#?}", checker.wrong);
        takeovers += checker.takeovers;
        seed += 1;
    }
    println!("memory: {seed} seeds, {takeovers} takeovers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_keeps_every_acknowledged_frame() {
    let (world, started) = (Sqlite::new(), Instant::now());
    let done = |takeovers| started.elapsed() >= torture_time() && takeovers >= TAKEOVERS_MIN;
    let checker = torture(&world, rand::random::<u32>().into(), 0.08, 150, done).await;
    assert!(checker.wrong.is_empty(), "{:#?}", checker.wrong);
}

/// The test of the test.
#[tokio::test(start_paused = true)]
async fn a_naive_journal_fails_the_same_torture() {
    let checker = torture(&Naive::default(), 1, 0.0, 100, |takeovers| takeovers >= 500).await;
    assert!(!checker.wrong.is_empty(), "check-then-insert must be caught");
}

/// A seed that fails can be run again.
#[tokio::test(start_paused = true)]
async fn the_torture_repeats_by_its_seed() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let world = Memory::new(9);
        world.store.set_faults(faults());
        let checker = torture(&world, 9, 0.02, 600, |takeovers| takeovers >= 100).await;
        runs.push((checker.takeovers, checker.acked_so_far().keys().copied().collect::<Vec<_>>()));
    }
    assert_eq!(runs[0], runs[1]);
}
