//! Wrong clocks: what a node dates that runs far ahead or behind stays its own, and deadlines come when they would
//! have.

use super::*;
use handoff_chat::opening::{Limits, Terms};

const YEAR_MS: i64 = 400 * 24 * 3_600_000;
/// The truth at the start.
const TRUTH: i64 = 1_800_000_000_000;

fn at(wall: i64) -> Now {
    Now { wall: Millis(wall), mono: Mono(0) }
}

/// The next owner, whose clock shows this.
async fn next_owner(store: &MemoryStore, number: u64, wall: i64) -> Rig {
    Rig::open_at(store, number, Options::default(), at(wall)).await
}

/// A chat that has ended and is to be forgotten so much later.
async fn lingers(rig: &mut Rig, name: &str, linger_ms: i64) -> EntityId {
    let id = session(name);
    let limits = Limits { linger_ms, ..opening().terms.limits };
    let act = Act::Open(Box::new(Opening { terms: Terms { limits, ..opening().terms }, ..opening() }));
    rig.tell(&id, Command { id: CommandId("start".into()), caller: CUSTOMER, act }).await.unwrap();
    let leave = Command { id: CommandId("bye".into()), caller: CUSTOMER, act: Act::Disconnect };
    rig.tell(&id, leave).await.unwrap();
    settle_record(rig, &id).await;
    id
}

async fn is_known(rig: &mut Rig, id: &EntityId) -> bool {
    let mut asked = rig.ask(id, None, Some(1));
    rig.settle().await;
    !matches!(asked.try_recv().unwrap(), Outcome::Refused(Reject::Unknown))
}

async fn passes(rig: &mut Rig, seconds: u64) {
    for _ in 0..seconds {
        rig.pass(1_000);
        rig.settle().await;
    }
}

/// When each event of a chat was, in their order.
async fn times(rig: &mut Rig, id: &EntityId) -> Vec<i64> {
    rig.view(id).await.events.iter().map(|event| event.at.0).collect()
}

#[tokio::test]
async fn times_come_back_from_an_owner_far_ahead_and_deadlines_come_when_they_would_have() {
    let store = MemoryStore::new(1);
    let mut ahead = next_owner(&store, 1, TRUTH + YEAR_MS).await;
    let ann = ahead.start("ann").await;
    let bob = lingers(&mut ahead, "bob", 60_000).await;

    let mut rig = next_owner(&store, 2, TRUTH).await;
    assert_eq!(rig.core.counts().clock_steps, 1);
    rig.tell(&ann, send("1", "Hello")).await.unwrap();
    passes(&mut rig, 5).await;
    rig.tell(&ann, send("2", "Anybody?")).await.unwrap();
    assert_eq!(times(&mut rig, &ann).await, [TRUTH + YEAR_MS, TRUTH, TRUTH + 5_000], "in their order");
    let cid = rig.start("cid").await;
    assert_eq!(times(&mut rig, &cid).await, [TRUTH + 5_000]);
    passes(&mut rig, 40).await;
    assert!(is_known(&mut rig, &bob).await, "45 of its 60 seconds");
    passes(&mut rig, 20).await;
    assert!(!is_known(&mut rig, &bob).await);

    let rig = next_owner(&store, 3, TRUTH + 60_000).await;
    assert_eq!(rig.core.counts().clock_steps, 0, "the log tells the truth again");
}

#[tokio::test]
async fn a_clock_that_is_a_little_behind_is_waited_for() {
    let store = MemoryStore::new(1);
    let mut ahead = next_owner(&store, 1, TRUTH + 20_000).await;
    let ann = ahead.start("ann").await;
    let mut rig = next_owner(&store, 2, TRUTH).await;
    rig.tell(&ann, send("1", "Hello")).await.unwrap();
    passes(&mut rig, 30).await;
    rig.tell(&ann, send("2", "Anybody?")).await.unwrap();
    assert_eq!(times(&mut rig, &ann).await, [TRUTH + 20_000, TRUTH + 20_000, TRUTH + 30_000]);
    assert_eq!(rig.core.counts().clock_steps, 0);
}

#[tokio::test]
async fn a_clock_set_while_the_shard_is_served_moves_no_deadline_here_or_at_the_next_owner() {
    let store = MemoryStore::new(1);
    let mut rig = next_owner(&store, 1, TRUTH).await;
    let ann = rig.start("ann").await;
    let bob = lingers(&mut rig, "bob", 60_000).await;
    passes(&mut rig, 10).await;
    rig.now.wall.0 += YEAR_MS;
    passes(&mut rig, 10).await;
    rig.tell(&ann, send("1", "Hello")).await.unwrap();
    assert!(is_known(&mut rig, &bob).await);

    let mut next = next_owner(&store, 2, rig.now.wall.0).await;
    assert_eq!((rig.core.counts().clock_steps, next.core.counts().clock_steps), (1, 0));
    passes(&mut next, 10).await;
    next.now.wall.0 -= YEAR_MS;
    passes(&mut next, 20).await;
    next.tell(&ann, send("2", "Anybody?")).await.unwrap();
    assert_eq!(times(&mut next, &ann).await, [TRUTH, TRUTH + YEAR_MS + 20_000, TRUTH + 50_000]);
    assert!(is_known(&mut next, &bob).await, "50 of its 60 seconds");
    passes(&mut next, 15).await;
    assert!(!is_known(&mut next, &bob).await);
    assert_eq!(next.core.counts().clock_steps, 1);
}

#[tokio::test]
async fn after_an_owner_far_behind_not_all_deadlines_come_at_once() {
    let store = MemoryStore::new(1);
    let mut rig = next_owner(&store, 1, TRUTH).await;
    let bob = lingers(&mut rig, "bob", 3 * 24 * 3_600_000).await;
    let mut behind = next_owner(&store, 2, TRUTH - YEAR_MS).await;
    assert_eq!(behind.core.counts().clock_steps, 1);
    let ann = behind.start("ann").await;
    passes(&mut behind, 10).await;

    let mut rig = next_owner(&store, 3, TRUTH + 10_000).await;
    passes(&mut rig, 10).await;
    assert!(is_known(&mut rig, &bob).await);
    assert_eq!(times(&mut rig, &ann).await, [TRUTH - YEAR_MS]);
    rig.tell(&ann, send("1", "Hello")).await.unwrap();
    assert_eq!(times(&mut rig, &ann).await, [TRUTH - YEAR_MS, TRUTH + 20_000]);
}
