//! Bots that ask for a person, and bots that fail.

use super::routing::queue;
use super::workflow::{DEMO, started_with};
use super::*;
use crate::entry::Place;
use crate::event::LeaveReason;

impl World {
    fn bot_fails(&mut self) {
        let effect = self.turns_owed()[0];
        self.asks(Caller::System, Act::BotFailed { effect }).unwrap();
    }
}

#[test]
fn a_bot_that_fails_gets_its_turn_again_and_after_three_times_a_person_takes_its_place() {
    let mut world = started_with(DEMO, None);
    world.bot_fails();
    world.bot_fails();
    assert_eq!(world.turns_owed().len(), 1);
    world.taken_over();
    world.bot_fails();
    assert_eq!(world.lefts(), [(2, LeaveReason::Removed, Some(0))]);
    assert!(world.turns_owed().is_empty());
    assert_eq!(world.place(), Place::Queue(queue()));
}

#[test]
fn a_bot_that_answers_is_forgiven() {
    let mut world = started_with(DEMO, None);
    for _ in 0..3 {
        world.bot_fails();
        world.bot_fails();
        world.bot_says(&["ok"], false);
        world.says("go on");
    }
    assert!(world.lefts().is_empty());
}

#[test]
fn without_a_workflow_a_failing_bot_is_taken_out_and_a_handover_is_not_heard() {
    let mut world = World::open(opening());
    world.bot_says(&["a person?"], true);
    assert!(world.lefts().is_empty());
    world.says("hi");
    (0..3).for_each(|_| world.bot_fails());
    assert_eq!(world.lefts().len(), 1);
    assert!(!world.session.ended());
    world.says("alone");
    assert!(world.turns_owed().is_empty());
}

#[test]
fn a_failure_that_is_no_longer_owed_changes_nothing() {
    let mut world = started_with(DEMO, None);
    let effect = world.turns_owed()[0];
    world.bot_fails();
    assert!(world.asks(Caller::System, Act::BotFailed { effect }).unwrap().entries.is_empty());
    let record = world.owed()[0].0;
    assert_eq!(world.asks(Caller::System, Act::BotFailed { effect: record }), Err(Reject::NotAllowed));
}
