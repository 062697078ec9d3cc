//! While the store is down: what is read, and what is refused.

use super::rig::{Rig, send};
use crate::outage::StoreHealth;
use crate::{Action, Options, Outcome};
use handoff_chat::EntityId;
use handoff_journal::memory::MemoryStore;

/// A shard with a session whose two messages are committed; nothing it wants of the store is done from here on.
async fn cut_off(news: StoreHealth) -> (Rig, EntityId) {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, Options::default()).await;
    let ann = rig.start("ann").await;
    rig.tell(&ann, send("1", "one")).await.unwrap();
    rig.tell(&ann, send("2", "two")).await.unwrap();
    rig.core.store_is(rig.now, news);
    (rig, ann)
}

/// Reads a session so many milliseconds later; whether that is answered.
async fn reads_after(rig: &mut Rig, session: &EntityId, ms: u64, news: Option<StoreHealth>) -> bool {
    rig.now.mono = rig.now.mono.after(ms);
    if let Some(news) = news {
        rig.core.store_is(rig.now, news);
    }
    let mut answer = rig.ask(session, None, Some(1));
    for action in rig.core.take_actions() {
        if let Action::Send(output) = action {
            rig.act(Action::Send(output)).await;
        }
    }
    matches!(answer.try_recv(), Ok(Outcome::Done(_)))
}

#[tokio::test]
async fn committed_state_is_read_for_ten_seconds_while_the_store_is_down_for_all() {
    let all = StoreHealth::FailsForAll;
    let (mut rig, ann) = cut_off(all).await;
    assert!(reads_after(&mut rig, &ann, 5_000, Some(all)).await);
    assert!(reads_after(&mut rig, &ann, 4_900, Some(all)).await);
    assert!(!reads_after(&mut rig, &ann, 200, Some(all)).await, "ten seconds are over");
}

#[tokio::test]
async fn nothing_unconfirmed_is_read_when_a_peer_may_use_the_store_or_the_news_are_old() {
    let (mut rig, ann) = cut_off(StoreHealth::FailsHere).await;
    assert!(!reads_after(&mut rig, &ann, 1_000, Some(StoreHealth::FailsHere)).await);
    let (mut rig, ann) = cut_off(StoreHealth::FailsForAll).await;
    assert!(!reads_after(&mut rig, &ann, 1_000, None).await, "this process may have stood still");
    let (mut rig, ann) = cut_off(StoreHealth::FailsForAll).await;
    rig.core.distrust();
    assert!(!reads_after(&mut rig, &ann, 1_000, Some(StoreHealth::FailsForAll)).await, "it did stand still");
}

#[tokio::test]
async fn a_session_with_an_uncommitted_message_is_not_read_nor_is_one_whose_reader_knows_more() {
    let all = StoreHealth::FailsForAll;
    let (mut rig, ann) = cut_off(StoreHealth::Works).await;
    let bob = rig.start("bob").await;
    let mut lost = rig.ask(&ann, Some(send("3", "three")), None);
    drop(rig.core.take_actions());
    assert!(!reads_after(&mut rig, &ann, 1_000, Some(all)).await);
    assert!(reads_after(&mut rig, &bob, 10, Some(all)).await, "another session of the shard is");
    assert!(lost.try_recv().is_err(), "nothing is known of the message");
    let mut beyond = rig.ask(&bob, None, Some(1_000));
    assert!(!rig.core.take_actions().iter().any(|action| matches!(action, Action::Send(_))));
    assert!(beyond.try_recv().is_err());
}

#[tokio::test]
async fn messages_are_refused_at_the_door_until_the_store_is_back() {
    let (mut rig, ann) = cut_off(StoreHealth::FailsHere).await;
    let mut refused = rig.ask(&ann, Some(send("3", "three")), None);
    assert!(matches!(refused.try_recv().unwrap(), Outcome::Again));
    rig.core.store_is(rig.now, StoreHealth::Works);
    rig.tell(&ann, send("3", "three")).await.unwrap();
    assert_eq!(rig.texts(&ann).await, ["one", "two", "three"]);
}

#[tokio::test]
async fn while_the_store_is_full_commands_are_refused_as_busy_and_reads_are_answered_as_ever() {
    let (mut rig, ann) = cut_off(StoreHealth::Full).await;
    let mut refused = rig.ask(&ann, Some(send("3", "three")), None);
    assert!(matches!(refused.try_recv().unwrap(), Outcome::Busy), "at once, and not tried at other nodes");
    rig.now.mono = rig.now.mono.after(60_000);
    rig.core.store_is(rig.now, StoreHealth::Full);
    assert_eq!(rig.texts(&ann).await, ["one", "two"], "a minute later");
    let next = rig.view(&ann).await.next_position;
    let mut waiting = rig.wait(&ann, next, 2_000);
    rig.settle().await;
    assert!(waiting.try_recv().is_err(), "it waits for news");
    rig.now.mono = rig.now.mono.after(2_000);
    rig.core.tick(rig.now);
    assert!(matches!(waiting.try_recv(), Ok(Outcome::Done(_))), "a read that waits for news ends in time");
    rig.core.store_is(rig.now, StoreHealth::Works);
    rig.tell(&ann, send("3", "three")).await.unwrap();
    assert_eq!(rig.texts(&ann).await, ["one", "two", "three"]);
}
