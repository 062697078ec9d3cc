//! Commands that make a decision panic, several of them in turns: each is put out of service by its second panic.

use super::rig::{Rig, is_bad, panics, send, session};
use crate::*;
use handoff_chat::command::Reject;
use handoff_journal::memory::MemoryStore;
use std::sync::Arc;

/// Panics while any message that begins with "bad" is decided.
fn bad_ones_panic() -> Options {
    Options { fault_hook: panics(Phase::Deciding, is_bad), ..Options::default() }
}

fn out_of_service<T>(reply: &Result<T, Outcome>) -> bool {
    matches!(reply, Err(Outcome::Refused(Reject::Quarantined)))
}

#[tokio::test]
async fn two_poison_commands_that_alternate_are_both_put_out_of_service() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, bad_ones_panic()).await;
    let (ann, bob, cid) = (rig.start("ann").await, rig.start("bob").await, rig.start("cid").await);
    assert!(matches!(rig.tell(&ann, send("1", "bad a")).await, Err(Outcome::Again)));
    assert!(matches!(rig.tell(&bob, send("1", "bad b")).await, Err(Outcome::Again)));
    assert!(out_of_service(&rig.tell(&ann, send("1", "bad a")).await));
    assert!(out_of_service(&rig.tell(&bob, send("1", "bad b")).await));
    rig.tell(&cid, send("1", "untouched")).await.unwrap();
    assert_eq!((rig.core.counts().panics, rig.core.census().quarantined), (4, 2));
}

#[tokio::test]
async fn two_poison_commands_of_one_session_that_alternate_take_it_out_of_service() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, bad_ones_panic()).await;
    let ann = rig.start("ann").await;
    assert!(matches!(rig.tell(&ann, send("1", "bad a")).await, Err(Outcome::Again)));
    assert!(matches!(rig.tell(&ann, send("2", "bad b")).await, Err(Outcome::Again)));
    assert!(out_of_service(&rig.tell(&ann, send("1", "bad a")).await));
    assert_eq!(rig.core.counts().panics, 3);
}

#[tokio::test]
async fn what_is_remembered_of_poison_commands_is_bounded_and_the_newest_are_known() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, bad_ones_panic()).await;
    let ann = rig.start("ann").await;
    let many = 3 * crate::poison::SUSPECTS_MAX;
    for number in 0..many {
        assert!(matches!(rig.tell(&ann, send(&number.to_string(), "bad")).await, Err(Outcome::Again)));
    }
    assert_eq!(rig.core.poison.suspects(), crate::poison::SUSPECTS_MAX);
    assert!(matches!(rig.tell(&ann, send("0", "bad")).await, Err(Outcome::Again)), "long forgotten");
    assert!(out_of_service(&rig.tell(&ann, send(&(many - 1).to_string(), "bad")).await));
}

#[tokio::test]
async fn a_chat_whose_reading_panics_is_as_if_out_of_service_owes_on_and_harms_no_other() {
    let bad = session("bad");
    let hook: FaultHook = {
        let bad = bad.clone();
        Arc::new(move |entity, _, at| assert!(!(at == Phase::Reading && *entity == bad), "struck"))
    };
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, Options { fault_hook: Some(hook), ..Options::default() }).await;
    let (ann, same) = (rig.start("ann").await, rig.start("bad").await);
    assert_eq!(same, bad);
    let mut read = rig.ask(&bad, None, Some(1));
    rig.settle().await;
    assert!(matches!(read.try_recv().unwrap(), Outcome::Refused(Reject::Quarantined)));
    rig.tell(&ann, send("1", "untouched")).await.unwrap();
    rig.tell(&bad, send("1", "said all the same")).await.unwrap();
    let owed = rig.effects.iter().find(|(entity, _)| *entity == bad).expect("its record is owed").1;
    assert!(rig.core.owed(&bad, owed).is_none(), "nothing is done with what can't be read");
    assert!(rig.core.counts().panics >= 2);
}
