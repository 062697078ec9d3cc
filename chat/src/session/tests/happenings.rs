//! What is counted of a chat's way through its workflow, queues and agents.

use super::routing::{joined, kate, name, queue, routed};
use super::workflow::small;
use super::*;
use crate::command::Leaving;
use crate::entry::Place;
use crate::happening::OfferEnd;
use crate::opening::{Limits, Opening, Terms};
use crate::routing::{Reply, ToInteraction};
use crate::workflow::{Known, read};
use std::sync::Arc;

impl World {
    /// What happened since it was last asked, but for the workflow's steps.
    fn happened(&mut self) -> Vec<Happening> {
        let all = std::mem::take(&mut self.happened);
        all.into_iter().filter(|one| *one != Happening::Stepped).collect()
    }

    /// Timers go off until the offer is over.
    fn rings_out(&mut self) {
        while matches!(self.place(), Place::Offer { .. }) {
            self.fires();
        }
    }
}

fn ended(how: OfferEnd) -> Happening {
    Happening::OfferEnded(queue(), how)
}

#[test]
fn an_accepted_offer_ends_the_waiting_and_leaving_ends_the_handling() {
    let mut world = routed();
    assert_eq!(world.happened(), [Happening::BotAsked]);
    world.proposes(1);
    assert_eq!(world.happened(), [Happening::Offered(queue())]);
    world.accepts(2);
    // A turn of this world takes 1,500 ms.
    let waited = Happening::Waited { queue: queue(), ms: 3_000, answered: true };
    assert_eq!(world.happened(), [ended(OfferEnd::Accepted), waited]);
    world.asks(kate(), send("Hello")).unwrap();
    world.asks(kate(), Act::Leave { how: Leaving::ForceClose }).unwrap();
    assert_eq!(world.happened(), [Happening::Handled { queue: queue(), ms: 3_000 }]);
}

#[test]
fn a_declined_offer_and_one_that_nobody_answers_are_told_apart_and_the_waiting_goes_on() {
    let mut world = routed();
    world.happened();
    world.proposes(1);
    world.declines(2);
    assert_eq!(world.happened(), [Happening::Offered(queue()), ended(OfferEnd::Rejected)]);
    world.proposes(3);
    world.rings_out();
    assert_eq!(world.happened(), [Happening::Offered(queue()), ended(OfferEnd::TimedOut)]);
    world.proposes(5);
    world.happened();
    world.asks(CUSTOMER, Act::Disconnect).unwrap();
    let left = world.happened();
    let [first, Happening::Waited { ms, answered: false, .. }] = &left[..] else { panic!("{left:?}") };
    assert_eq!((first, *ms >= 9_000), (&ended(OfferEnd::Withdrawn), true), "from the first moment in line");
}

#[test]
fn a_chat_that_its_agent_loses_waits_anew() {
    let mut world = joined();
    world.happened();
    assert_eq!(world.tells(ToInteraction::AgentLost { attempt: 3, agent: name() }), Reply::Done);
    assert_eq!(world.happened(), [Happening::Handled { queue: queue(), ms: 1_500 }]);
    world.proposes(4);
    world.accepts(5);
    let waited = Happening::Waited { queue: queue(), ms: 3_000, answered: true };
    assert!(world.happened().contains(&waited), "the time with kate does not count as waiting");
}

#[test]
fn steps_failures_and_what_a_takeover_keeps_are_counted() {
    let mut program = read("w", &small("[steps.a]\nsay = \"x\"\n"), &Known::default()).unwrap();
    program.steps[0].next = Some(0);
    let limits = Limits { events_max: 1000, ..opening().terms.limits };
    let mut world = World::open(Opening {
        terms: Terms { limits, ..opening().terms },
        workflow: Some(Arc::new(program)),
        bot: None,
        ..opening()
    });
    let all = std::mem::take(&mut world.happened);
    let steps = all.iter().filter(|one| **one == Happening::Stepped).count();
    assert_eq!((steps, all.last()), (64, Some(&Happening::WorkflowFailed)));
    let mut world = routed();
    world.proposes(1);
    world.taken_over();
    world.happened();
    world.accepts(2);
    let waited = Happening::Waited { queue: queue(), ms: 3_000, answered: true };
    assert!(world.happened().contains(&waited));
}
