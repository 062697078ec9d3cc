//! Who waits: attempts, claims that are verified, and who may say what.

use super::*;
use crate::queue::state::FLOORS_KEPT;
use crate::{Millis, SessionId};

/// How far a wrong clock is ahead.
const YEAR_MS: i64 = 365 * 24 * 3_600_000;

#[test]
fn a_lower_attempt_is_void_while_they_wait_and_after_they_left() {
    let mut bench = Bench::new();
    assert_eq!(bench.comes(1, 3, ticket(0, 0)), Reply::Done);
    assert_eq!(bench.comes(1, 2, ticket(0, 0)), Reply::Void);
    assert_eq!(bench.comes(1, 3, ticket(0, 0)), Reply::Done, "a repeat");
    assert_eq!(bench.goes(1, 3), Reply::Done);
    assert_eq!(bench.queue.attempts(), BTreeMap::from([(id(1), 3)]), "that is older than their coming");
    assert_eq!(bench.goes(1, 4), Reply::Done);
    assert_eq!(bench.queue.attempts(), BTreeMap::new());
    assert_eq!(bench.comes(1, 3, ticket(0, 0)), Reply::Void);
    assert_eq!(bench.comes(1, 5, ticket(0, 0)), Reply::Done);
}

#[test]
fn who_leaves_before_their_coming_is_heard_of_does_not_come() {
    let mut bench = Bench::new();
    assert_eq!(bench.goes(1, 2), Reply::Done);
    assert_eq!(bench.comes(1, 1, ticket(0, 0)), Reply::Void);
}

#[test]
fn who_comes_again_with_a_higher_attempt_has_the_new_place_alone() {
    let mut bench = Bench::new();
    bench.comes(1, 1, ticket(0, 0));
    bench.can("ann", 1, 1, 0);
    bench.comes(1, 3, ticket(5, 0));
    assert_eq!((bench.queue.attempts(), bench.stage(1)), (BTreeMap::from([(id(1), 3)]), Stage::InLine));
    bench.answered(Reply::Void);
    assert_eq!(bench.queue.attempts(), BTreeMap::from([(id(1), 3)]), "the answer was about the old attempt");
    assert_eq!(bench.pairs(), [("ann".to_owned(), id(1))]);
}

#[test]
fn only_so_many_of_those_who_left_are_remembered() {
    let mut bench = Bench::new();
    (0..=FLOORS_KEPT).for_each(|n| assert_eq!(bench.goes(n, 2), Reply::Done));
    assert_eq!(bench.queue.state.floors.iter().count(), FLOORS_KEPT);
    assert_eq!(bench.comes(0, 1, ticket(0, 0)), Reply::Done, "the oldest is forgotten");
    assert_eq!(bench.comes(1, 1, ticket(0, 0)), Reply::Void);
}

#[test]
fn every_half_minute_it_is_asked_whether_somebody_still_waits() {
    let mut bench = Bench::new();
    bench.comes(1, 1, ticket(0, 0));
    bench.passes(20_000);
    bench.comes(2, 4, ticket(0, 0));
    bench.passes(10_000);
    let asked = bench.verifies();
    assert_eq!(asked.iter().map(|(id, attempt, _)| (id.clone(), *attempt)).collect::<Vec<_>>(), [(id(1), 1)]);
    bench.replied(asked[0].2, Reply::Held);
    assert_eq!(bench.queue.attempts().len(), 2);
    bench.passes(20_000);
    let (whom, _, effect) = bench.verifies().remove(0);
    assert_eq!(whom, id(2));
    bench.replied(effect, Reply::Gone);
    assert_eq!(bench.queue.attempts(), BTreeMap::from([(id(1), 1)]));
    assert_eq!(bench.comes(2, 4, ticket(0, 0)), Reply::Void);
}

#[test]
fn a_new_owner_asks_for_all_who_wait_once() {
    let mut bench = Bench::new();
    bench.comes(1, 1, ticket(0, 0));
    bench.comes(2, 1, ticket(0, 0));
    bench.takes(Caller::System, Act::Restored).unwrap();
    bench.takes(Caller::System, Act::Restored).unwrap();
    assert_eq!(bench.verifies().len(), 2);
}

#[test]
fn who_was_granted_a_place_and_still_waits_long_after_is_back_in_line() {
    let mut bench = Bench::new();
    bench.can("ann", 1, 1, 0);
    bench.comes(1, 1, ticket(0, 0));
    bench.answered(Reply::Granted { version: 2 });
    bench.passes(5_000);
    let (_, _, effect) = bench.verifies().remove(0);
    bench.can("bob", 1, 1, 5);
    assert_eq!(bench.pairs(), []);
    bench.replied(effect, Reply::Held);
    assert_eq!(bench.pairs(), [("bob".to_owned(), id(1))]);
}

#[test]
fn an_answer_about_an_older_attempt_says_nothing_of_this_one() {
    let mut bench = Bench::new();
    bench.comes(1, 1, ticket(0, 0));
    bench.takes(Caller::System, Act::Restored).unwrap();
    let (_, _, effect) = bench.verifies().remove(0);
    bench.comes(1, 3, ticket(0, 0));
    bench.replied(effect, Reply::Void);
    assert_eq!(bench.queue.attempts(), BTreeMap::from([(id(1), 3)]));
}

#[test]
fn only_an_entity_itself_says_where_it_is_or_what_it_can_take() {
    let mut bench = Bench::new();
    let enqueue = ToQueue::Enqueue { interaction: id(1), attempt: 1, ticket: ticket(0, 0) };
    let withdraw = ToQueue::Withdraw { interaction: id(1), attempt: 1 };
    let available =
        ToQueue::Available { agent: name("ann"), version: 1, here: true, free: 1, idle_since: Millis(0) };
    for message in [enqueue, withdraw, available] {
        for from in
            [EntityId::from(&id(2)), EntityId::from(&name("bob")), EntityId::from(&QueueName(id(1).0))]
        {
            assert_eq!(bench.tells(from, message.clone()), Err(Reject::NotAllowed));
        }
        for caller in [Caller::System, Caller::Operator, Caller::Agent(name("ann"))] {
            let act = Act::Deliver(Message::ToQueue(message.clone()));
            assert_eq!(bench.takes(caller, act).unwrap_err(), Reject::NotAllowed);
        }
    }
    let told = Act::Replied { effect: EffectId(1), reply: Reply::Void };
    assert_eq!(bench.takes(Caller::Operator, told).unwrap_err(), Reject::NotAllowed);
    assert_eq!(bench.queue.read(&Caller::Agent(name("ann")), &Read::Line), Err(Reject::NotAllowed));
    assert_eq!(
        bench.queue.read(&Caller::System, &Read::Part { from: 1, events_max: 9 }),
        Err(Reject::NotAllowed)
    );
}

/// Whom it tells that nobody is to wait here.
fn turned_away(bench: &Bench) -> Vec<(SessionId, u64, EffectId)> {
    let told = bench.queue.ledger.messages().filter_map(|(effect, to, message)| match message {
        Message::ToInteraction(ToInteraction::TurnedAway { attempt, queue }) => {
            assert_eq!(*queue, bench.queue.name);
            Some((to.session().unwrap(), *attempt, effect))
        }
        _ => None,
    });
    told.collect()
}

#[test]
fn who_is_due_in_a_queue_that_is_no_more_is_told_once_and_is_gone_whatever_they_answer() {
    for reply in [Reply::Done, Reply::Void, Reply::Gone] {
        let mut bench = Bench::new();
        bench.comes(1, 3, ticket(0, 0));
        bench.passes(20_000);
        bench.comes(2, 1, ticket(0, 0));
        bench.takes(Caller::System, Act::TurnAway).unwrap();
        assert_eq!(turned_away(&bench), [], "nobody is due yet");
        bench.clock += 10_000;
        for _ in 0..2 {
            bench.takes(Caller::System, Act::TurnAway).unwrap();
        }
        let told = turned_away(&bench);
        assert_eq!(
            told.iter().map(|(id, attempt, _)| (id.clone(), *attempt)).collect::<Vec<_>>(),
            [(id(1), 3)]
        );
        bench.passes(0);
        assert_eq!(bench.verifies(), [], "there is nothing to ask them");
        bench.replied(told[0].2, reply);
        assert_eq!(bench.queue.attempts(), BTreeMap::from([(id(2), 1)]));
        assert_eq!(bench.comes(1, 3, ticket(0, 0)), Reply::Void);
    }
}

#[test]
fn whom_an_agent_is_asked_for_is_not_turned_away() {
    let mut bench = Bench::new();
    bench.can("ann", 1, 1, 0);
    bench.comes(1, 1, ticket(0, 0));
    bench.clock += 60_000;
    bench.takes(Caller::System, Act::TurnAway).unwrap();
    assert_eq!(turned_away(&bench), []);
    for caller in [Caller::Operator, Caller::Agent(name("ann"))] {
        assert_eq!(bench.takes(caller, Act::TurnAway).unwrap_err(), Reject::NotAllowed);
    }
}

#[test]
fn a_full_queue_takes_nobody_at_its_end_and_whoever_comes_back_with_their_age() {
    let mut bench = Bench::new();
    bench.waiting_max = 2;
    bench.comes(1, 1, ticket(0, 10));
    bench.comes(2, 1, ticket(0, 20));
    assert_eq!(bench.comes(3, 1, ticket(0, 30)), Reply::Full);
    assert_eq!(bench.comes(3, 1, ticket(9, 20)), Reply::Full, "of whatever priority");
    assert_eq!(bench.comes(2, 1, ticket(0, 20)), Reply::Done, "a repeat");
    assert_eq!(bench.queue.attempts().len(), 2);
    assert_eq!(bench.comes(4, 5, ticket(0, 15)), Reply::Done, "an agent had them");
    assert_eq!(bench.comes(3, 3, ticket(0, 30)), Reply::Full);
    for n in [1, 4] {
        bench.goes(n, 9);
    }
    assert_eq!(bench.comes(3, 5, ticket(0, 30)), Reply::Done);
    bench.waiting_max = 0;
    assert!((5..50).all(|n| bench.comes(n, 1, ticket(0, 40)) == Reply::Done));
}

#[test]
fn who_comes_with_a_date_in_the_future_waits_as_of_now() {
    let mut bench = Bench::new();
    bench.clock = 1_000;
    bench.comes(1, 1, ticket(0, YEAR_MS));
    bench.passes(1_000);
    bench.comes(2, 1, ticket(0, 2_000));
    bench.can("kate", 1, 1, 0);
    assert_eq!(bench.pairs(), [("kate".to_owned(), id(1))]);
}

#[test]
fn who_waits_since_this_queue_s_own_clock_was_wrong_is_not_passed_over_for_a_year() {
    let mut bench = Bench::new();
    bench.ahead = YEAR_MS;
    bench.comes(1, 1, ticket(0, YEAR_MS));
    bench.ahead = 0;
    bench.passes(30_000);
    bench.replied(bench.verifies()[0].2, Reply::Held);
    bench.passes(1_000);
    bench.comes(2, 1, ticket(0, 31_000));
    bench.can("kate", 1, 1, 0);
    assert_eq!(bench.pairs(), [("kate".to_owned(), id(1))]);
}

#[test]
fn an_agent_idle_since_the_future_is_idle_since_now() {
    let mut bench = Bench::new();
    bench.can("ann", 1, 1, YEAR_MS);
    bench.passes(1_000);
    bench.can("kate", 1, 1, 1_000);
    bench.comes(1, 1, ticket(0, 1_000));
    assert_eq!(bench.pairs(), [("ann".to_owned(), id(1))]);
}
