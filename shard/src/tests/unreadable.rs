//! Sessions whose state can't be read, and the operator's word that ends them all the same.

use super::rig::{CUSTOMER, Reread, Rig, Snapshots, is_bad, panics, send};
use super::{falls_asleep, settle_record, sleepy};
use crate::*;
use handoff_chat::CommandId;
use handoff_chat::command::{Act, Reject};
use handoff_journal::memory::MemoryStore;

/// As an operator says it: each time with an id of its own.
fn end(id: u32) -> Command {
    Command { id: CommandId(format!("end-{id}")), caller: Caller::Operator, act: Act::ForceEnd }
}

/// A session that said "one" and fell asleep, beside one that is awake.
async fn one_asleep(rig: &mut Rig) -> (EntityId, EntityId) {
    let (ann, bob) = (rig.start("ann").await, rig.start("bob").await);
    settle_record(rig, &ann).await;
    rig.tell(&ann, send("1", "one")).await.unwrap();
    falls_asleep(rig).await;
    (ann, bob)
}

/// The session is no more, here and at the next owners, with the log as it is and with a checkpoint of later.
async fn is_no_more(mut rig: Rig, session: &EntityId, other: &EntityId) {
    let unknown = |reply| matches!(reply, Err(Outcome::Refused(Reject::Unknown)));
    assert!(unknown(rig.tell(session, send("9", "hello?")).await));
    assert!(unknown(rig.tell(session, end(9)).await), "a repeat does no harm");
    let store = rig.store.clone();
    for owner in [98, 99] {
        let mut next = Rig::open_at(&store, owner, sleepy(), rig.now).await;
        assert!(unknown(next.tell(session, send("9", "hello?")).await), "at owner {owner}");
        assert_eq!(next.core.census().quarantined, 0);
        for turn in 0..20 {
            next.tell(other, send(&format!("more {owner} {turn}"), "goes on")).await.unwrap();
        }
        assert!(!next.trims.is_empty(), "the log is trimmed");
        assert!(next.texts(other).await.ends_with(&vec!["goes on".to_owned(); 20]));
        rig = next;
    }
}

#[tokio::test]
async fn an_operator_ends_a_session_whose_snapshot_is_damaged() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, sleepy()).await;
    let (ann, bob) = one_asleep(&mut rig).await;
    rig.snapshots = Snapshots::Damaged;
    let refused = rig.tell(&ann, send("2", "two")).await;
    assert!(matches!(refused, Err(Outcome::Refused(Reject::Quarantined))), "{refused:?}");
    assert!(rig.tell(&ann, end(1)).await.unwrap().chat_ended);
    is_no_more(rig, &ann, &bob).await;
}

#[tokio::test]
async fn an_operator_ends_a_session_whose_snapshot_is_found_damaged_by_their_word() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, sleepy()).await;
    let (ann, bob) = one_asleep(&mut rig).await;
    rig.snapshots = Snapshots::Damaged;
    let mut before = rig.ask(&ann, Some(send("2", "two")), None);
    let mut ends = [rig.ask(&ann, Some(end(1)), None), rig.ask(&ann, Some(end(2)), None)];
    rig.settle().await;
    assert!(matches!(before.try_recv(), Ok(Outcome::Refused(Reject::Unknown))));
    for end in &mut ends {
        assert!(matches!(end.try_recv(), Ok(Outcome::Done(_))));
    }
    is_no_more(rig, &ann, &bob).await;
}

#[tokio::test]
async fn an_operator_ends_a_session_whose_snapshot_is_gone_but_not_one_that_the_store_may_still_give() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, sleepy()).await;
    let (ann, bob) = one_asleep(&mut rig).await;
    for missing in [Snapshots::Unknown, Snapshots::Missing] {
        rig.snapshots = missing;
        assert!(matches!(rig.tell(&ann, send("2", "two")).await, Err(Outcome::Again)));
    }
    rig.snapshots = Snapshots::Unknown;
    assert!(matches!(rig.tell(&ann, end(1)).await, Err(Outcome::Again)), "the store may come back");
    rig.snapshots = Snapshots::Missing;
    assert!(rig.tell(&ann, end(2)).await.unwrap().chat_ended);
    is_no_more(rig, &ann, &bob).await;
}

#[tokio::test]
async fn what_panics_on_top_of_a_snapshot_takes_its_session_out_of_service_and_no_other() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, struck(Phase::Waking, |_| true)).await;
    let (ann, bob) = one_asleep(&mut rig).await;
    let refused = rig.tell(&ann, send("2", "two")).await;
    assert!(matches!(refused, Err(Outcome::Refused(Reject::Quarantined))), "{refused:?}");
    assert_eq!((rig.core.census().quarantined, rig.core.counts().panics), (1, 1));
    rig.tell(&bob, send("1", "untouched")).await.unwrap();
    assert!(rig.tell(&ann, end(1)).await.unwrap().chat_ended);
    is_no_more(rig, &ann, &bob).await;
}

fn struck(phase: Phase, meant: fn(&Command) -> bool) -> Options {
    Options { fault_hook: panics(phase, meant), ..sleepy() }
}

fn is_end(command: &Command) -> bool {
    command.act == Act::ForceEnd
}

#[tokio::test]
async fn an_operator_ends_a_session_in_doubt_whose_log_can_never_be_read_again() {
    for how in [Reread::Damaged, Reread::Panics] {
        let store = MemoryStore::new(1);
        let mut rig = Rig::open(&store, 1, struck(Phase::Applying, is_bad)).await;
        let (ann, bob) = (rig.start("ann").await, rig.start("bob").await);
        rig.rereads = how;
        assert!(matches!(rig.tell(&ann, send("1", "bad")).await, Err(Outcome::Again)));
        let refused = rig.tell(&ann, send("2", "two")).await;
        assert!(matches!(refused, Err(Outcome::Refused(Reject::Quarantined))), "{refused:?}");
        assert!(rig.tell(&ann, end(1)).await.unwrap().chat_ended, "{how:?}");
        is_no_more(rig, &ann, &bob).await;
    }
}

#[tokio::test]
async fn a_session_in_doubt_is_not_given_up_while_its_log_may_still_be_read() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, struck(Phase::Applying, is_bad)).await;
    let ann = rig.start("ann").await;
    rig.tell(&ann, send("1", "one")).await.unwrap();
    rig.rereads = Reread::Unknown;
    assert!(matches!(rig.tell(&ann, send("2", "bad")).await, Err(Outcome::Again)));
    assert!(matches!(rig.tell(&ann, end(1)).await, Err(Outcome::Again)));
    rig.rereads = Reread::Whole;
    rig.pass(1_000);
    rig.settle().await;
    assert_eq!(rig.core.census().awake, 1, "it is read again without being called");
    assert!(rig.tell(&ann, end(2)).await.unwrap().chat_ended);
    assert_eq!(rig.texts(&ann).await, ["one"], "nothing is lost");
}

#[tokio::test]
async fn an_operators_end_that_panics_twice_puts_the_session_away() {
    for phase in [Phase::Deciding, Phase::Applying] {
        let store = MemoryStore::new(1);
        let mut rig = Rig::open(&store, 1, struck(phase, is_end)).await;
        let (ann, bob) = (rig.start("ann").await, rig.start("bob").await);
        let version = rig.view(&ann).await.next_position;
        let mut waits = rig.wait(&ann, version, 60_000);
        assert!(matches!(rig.tell(&ann, end(1)).await, Err(Outcome::Again)));
        assert!(rig.tell(&ann, end(2)).await.unwrap().chat_ended);
        assert!(matches!(waits.try_recv(), Ok(Outcome::Refused(Reject::Unknown))), "who waited is told");
        is_no_more(rig, &ann, &bob).await;
    }
}

#[tokio::test]
async fn nobody_but_an_operator_gives_a_session_up() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, sleepy()).await;
    let (ann, _) = one_asleep(&mut rig).await;
    rig.snapshots = Snapshots::Damaged;
    for caller in [CUSTOMER, Caller::System] {
        let reply = rig.tell(&ann, Command { caller, ..end(1) }).await;
        assert!(matches!(reply, Err(Outcome::Refused(Reject::Quarantined))), "{reply:?}");
    }
}
