//! Who is asked for whom.

use super::*;
use crate::Millis;

#[test]
fn higher_priority_goes_first_and_then_who_has_waited_longest() {
    let mut bench = Bench::new();
    bench.comes(1, 1, ticket(0, 10));
    bench.comes(2, 1, ticket(0, 5));
    bench.comes(3, 1, ticket(1, 20));
    bench.comes(4, 1, ticket(0, 5));
    let order: Vec<_> = bench.line().waiting.into_iter().map(|waiting| waiting.interaction).collect();
    assert_eq!(order, [id(3), id(2), id(4), id(1)]);
    for (version, n) in (1..).zip([3, 2, 4, 1]) {
        bench.can("kate", version, 1, 0);
        assert_eq!(bench.pairs(), [("kate".to_owned(), id(n))]);
        bench.answered(Reply::Granted { version: version + 1 });
        bench.goes(n, 2);
    }
}

#[test]
fn who_has_been_idle_longest_is_asked_and_who_is_asked_has_something_to_do() {
    let mut bench = Bench::new();
    bench.can("ann", 1, 2, 50);
    bench.can("bob", 1, 1, 40);
    (1..=4).for_each(|n| assert_eq!(bench.comes(n, 1, ticket(0, 0)), Reply::Done));
    let asked = [("bob".to_owned(), id(1)), ("ann".to_owned(), id(2)), ("ann".to_owned(), id(3))];
    assert_eq!(bench.pairs(), asked);
    assert_eq!(bench.line().agents, []);
    assert_eq!(bench.line().waiting[0].asking, Some(name("bob")));
    assert_eq!(bench.line().waiting[3].asking, None);
}

#[test]
fn who_declined_is_passed_over_until_their_moment_and_the_alarm_goes_off_then() {
    let mut bench = Bench::new();
    bench.can("ann", 1, 1, 0);
    let mut declined = ticket(0, 0);
    declined.declined.insert(name("ann"), Served(15_000));
    bench.comes(1, 3, declined);
    assert_eq!(bench.pairs(), []);
    bench.comes(2, 1, ticket(0, 9));
    assert_eq!(bench.pairs(), [("ann".to_owned(), id(2))], "they take others");
    bench.answered(Reply::Refused { version: 1, here: true, free: 0, idle_since: Millis(0) });
    bench.goes(2, 2);
    bench.can("ann", 2, 1, 0);
    bench.passes(14_999);
    assert_eq!(bench.pairs(), []);
    bench.passes(1);
    assert_eq!(bench.pairs(), [("ann".to_owned(), id(1))]);
}

#[test]
fn a_moment_far_ahead_in_another_shard_s_time_does_not_keep_an_agent_away_for_long() {
    let mut bench = Bench::new();
    bench.can("ann", 1, 1, 0);
    let mut declined = ticket(0, 0);
    declined.declined.insert(name("ann"), Served(i64::MAX));
    bench.comes(1, 3, declined);
    (0..6).for_each(|_| bench.passes(10_000));
    assert_eq!(bench.pairs(), [("ann".to_owned(), id(1))]);
}

#[test]
fn a_refusal_says_that_they_take_nobody_and_the_next_is_asked() {
    let mut bench = Bench::new();
    bench.can("ann", 3, 1, 0);
    bench.can("bob", 1, 1, 1);
    bench.comes(1, 1, ticket(0, 0));
    bench.answered(Reply::Refused { version: 5, here: true, free: 0, idle_since: Millis(0) });
    assert_eq!(bench.pairs(), [("bob".to_owned(), id(1))]);
    bench.can("ann", 4, 1, 0);
    assert_eq!(bench.line().agents, [], "version 5 is known");
    bench.can("ann", 6, 1, 0);
    assert_eq!(bench.line().agents.len(), 1);
}

#[test]
fn an_answer_that_is_neither_grant_nor_refusal_does_not_make_it_ask_for_ever() {
    let mut bench = Bench::new();
    bench.can("ann", 1, 1, 0);
    bench.comes(1, 1, ticket(0, 0));
    bench.answered(Reply::Gone);
    assert_eq!((bench.pairs(), bench.stage(1)), (vec![], Stage::InLine));
}

#[test]
fn a_granted_place_counts_against_them_until_their_own_word_counts_it() {
    let mut bench = Bench::new();
    bench.can("ann", 1, 3, 0);
    bench.comes(1, 1, ticket(0, 0));
    bench.answered(Reply::Granted { version: 3 });
    bench.goes(1, 2);
    assert_eq!(bench.line().agents[0].free, 2);
    bench.can("ann", 2, 3, 0);
    assert_eq!(bench.line().agents[0].free, 2, "that is older than the grant");
    bench.can("ann", 3, 2, 0);
    assert_eq!(bench.line().agents[0].free, 2);
    // Here the agent's word is faster than the answer.
    bench.comes(2, 1, ticket(0, 0));
    bench.can("ann", 4, 1, 0);
    assert_eq!(bench.line().agents, [], "it may not know of what is on its way");
    bench.answered(Reply::Granted { version: 4 });
    assert_eq!(bench.line().agents[0].free, 1);
}

#[test]
fn who_does_not_answer_is_not_waited_for_but_still_counted() {
    let mut bench = Bench::new();
    bench.can("ann", 1, 1, 0);
    bench.comes(1, 1, ticket(0, 0));
    bench.can("bob", 1, 1, 5);
    bench.passes(5_000);
    assert_eq!(bench.pairs(), [("ann".to_owned(), id(1)), ("bob".to_owned(), id(1))]);
    bench.answered(Reply::Granted { version: 2 });
    assert!(matches!(bench.stage(1), Stage::Asking { agent, .. } if agent == name("bob")));
    assert_eq!(bench.line().agents, [], "the place that ann keeps is counted");
}

#[test]
fn the_alarm_is_set_forward_for_what_is_due_before_it() {
    let mut bench = Bench::new();
    bench.comes(1, 1, ticket(0, 0));
    bench.passes(10_000);
    bench.can("ann", 1, 1, 0);
    bench.can("bob", 1, 1, 5);
    bench.passes(5_000);
    assert_eq!(bench.pairs(), [("ann".to_owned(), id(1)), ("bob".to_owned(), id(1))]);
    assert_eq!(bench.queue.timers().count(), 1);
}
