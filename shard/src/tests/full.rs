//! The bounded inbox of one entity: who comes while it is on its way and full is told "busy", and nobody else.

use super::rig::{Rig, is_bad, panics, send};
use crate::*;
use handoff_journal::memory::MemoryStore;

fn two_may_wait() -> Options {
    let fault_hook = panics(Phase::Applying, is_bad);
    Options { entity_inbox: 2, passivate_after_ms: 5_000, fault_hook, ..Options::default() }
}

/// Three messages at once to a session on its way: two wait, the third finds no room; afterwards there is room.
async fn fills_and_drains(rig: &mut Rig, session: &EntityId) {
    let mut first = rig.ask(session, Some(send("1", "one")), None);
    let mut second = rig.ask(session, Some(send("2", "two")), None);
    let mut third = rig.ask(session, Some(send("3", "three")), None);
    assert!(matches!(third.try_recv(), Ok(Outcome::Busy)), "at once, and before the others");
    assert!(first.try_recv().is_err() && second.try_recv().is_err());
    rig.settle().await;
    for waited in [&mut first, &mut second] {
        assert!(matches!(waited.try_recv(), Ok(Outcome::Done(_))));
    }
    rig.tell(session, send("3", "three")).await.unwrap();
    assert_eq!(rig.texts(session).await, ["one", "two", "three"]);
}

#[tokio::test]
async fn a_session_that_is_waking_lets_so_many_wait_and_serves_again_when_it_is_awake() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, two_may_wait()).await;
    let ann = rig.start("ann").await;
    super::settle_record(&mut rig, &ann).await;
    super::falls_asleep(&mut rig).await;
    fills_and_drains(&mut rig, &ann).await;
}

#[tokio::test]
async fn a_session_that_is_read_again_lets_so_many_wait_and_serves_again_when_it_is_read() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, two_may_wait()).await;
    let ann = rig.start("ann").await;
    let _panics = rig.ask(&ann, Some(send("0", "bad")), None);
    fills_and_drains(&mut rig, &ann).await;
}
