//! How participants leave and sessions end.

use super::*;
use crate::TimerId;
use crate::event::{Body, LeaveReason, Role, Visibility};
use crate::opening::Opening;

#[test]
fn with_the_last_customer_the_session_ends_and_the_bot_is_removed() {
    let mut world = World::open(opening());
    world.asks(CUSTOMER, send("x")).unwrap();
    let left = world.asks(CUSTOMER, Act::Disconnect).unwrap();
    assert!(left.said().chat_ended && world.view(1).chat_ended);
    assert!(world.session.ended() && world.session.lost_after_ms().is_none());
    assert_eq!(world.lefts(), [(1, LeaveReason::Left, None), (2, LeaveReason::Ended, Some(0))]);
    assert_eq!(world.bodies().last(), Some(&Body::Ended));
    assert!(world.turns_owed().is_empty());
    assert_eq!(world.owed().last().unwrap().1, Effect::CloseRecord);
    let closing = world.session.record_closing().unwrap();
    assert_eq!((closing.last_seq, closing.reason), (world.session.last_seq(), LeaveReason::Left));
}

#[test]
fn a_repeated_disconnect_is_harmless_and_sends_are_refused() {
    let mut world = World::open(opening());
    world.asks(CUSTOMER, Act::Disconnect).unwrap();
    let again = world.asks(CUSTOMER, Act::Disconnect).unwrap();
    assert!(again.entries.is_empty() && again.said().chat_ended);
    assert!(world.asks(Caller::System, Act::CustomerLost).unwrap().entries.is_empty());
    assert!(world.asks(Caller::Operator, Act::ForceEnd).unwrap().entries.is_empty());
    assert_eq!(world.asks(CUSTOMER, send("x")), Err(Reject::Ended));
    assert_eq!(world.asks(CUSTOMER, typing()), Err(Reject::Ended));
}

#[test]
fn a_lost_customer_leaves_as_inactive() {
    let mut world = World::open(Opening { bot: None, ..opening() });
    world.asks(Caller::System, Act::CustomerLost).unwrap();
    assert_eq!(world.lefts(), [(1, LeaveReason::Inactive, None)]);
    assert_eq!(world.session.record_closing().unwrap().reason, LeaveReason::Inactive);
}

#[test]
fn a_forced_end_removes_everybody() {
    let mut world = World::open(opening());
    world.asks(Caller::Operator, Act::ForceEnd).unwrap();
    let by_system = (LeaveReason::Ended, Some(0));
    assert_eq!(world.lefts(), [(1, by_system.0, by_system.1), (2, by_system.0, by_system.1)]);
    assert!(world.session.ended());
}

#[test]
fn an_agent_holds_the_session_open_and_a_silent_watcher_does_not() {
    let mut world = World::open(opening());
    world.drafts(|draft| {
        draft.join(agent(), Visibility::All, "Ann");
        draft.join(Role::Supervisor, Visibility::Silent, "Sue");
    });
    assert!(world.asks(CUSTOMER, Act::Disconnect).unwrap().said().chat_ended);
    assert!(!world.session.ended() && world.session.lost_after_ms().is_none());
    assert!(world.view(1).chat_ended);
    world.drafts(|draft| {
        draft.leave(3, LeaveReason::Left, None);
        draft.end_if_empty();
    });
    assert!(world.session.ended());
    let order: Vec<_> = world.lefts().into_iter().map(|(by, ..)| by).collect();
    assert_eq!(order, [1, 3, 2, 4]);
}

#[test]
fn an_ended_session_answers_reads_for_its_linger_time_and_stays_while_it_owes() {
    let mut world = World::open(opening());
    world.asks(CUSTOMER, Act::Disconnect).unwrap();
    let (timer, at) = world.session.timers().next().unwrap();
    assert_eq!(at, Served(world.clock - 1_000_000 + 600_000));
    world.asks(Caller::System, Act::Fire { timer }).unwrap();
    assert!(!world.session.retired());
    let (next, _) = world.session.timers().next().unwrap();
    assert_ne!(next, timer);
    assert!(world.asks(Caller::System, Act::Fire { timer }).unwrap().entries.is_empty());
    world.settles_all();
    assert!(world.view(1).chat_ended && !world.view(1).events.is_empty());
    world.asks(Caller::System, Act::Fire { timer: next }).unwrap();
    assert!(world.session.retired() && world.session.timers().next().is_none());
    assert_eq!(world.session.read(&CUSTOMER, &Read::Customer { position: 1 }), Err(Reject::Unknown));
    assert_eq!(world.asks(CUSTOMER, Act::Disconnect), Err(Reject::Unknown));
}

#[test]
fn a_timer_that_is_not_armed_fires_into_nothing() {
    let mut world = World::open(opening());
    let fired = world.asks(Caller::System, Act::Fire { timer: TimerId(7) }).unwrap();
    assert!(fired.entries.is_empty());
}
