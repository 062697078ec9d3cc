//! Queue and agent against a small model of the interaction, over a network that misbehaves, with takeovers at any
//! moment.

use crate::desk::{DeskAct, Stage};
use crate::world::{Model, World, profile, queue};
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    Arrives(usize, i32),
    CustomerLeaves(usize),
    TimesOut(usize),
    AgentLeaves(usize, Option<usize>),
    MovesOn(usize, usize),
    SignsIn(usize, usize),
    SignsOut(usize),
    Ready(usize),
    NotReady(usize),
    Accepts(usize, usize),
    Declines(usize, usize),
    Lost(usize),
    Repeats(usize),
    Delivers(usize),
    DeliversTwice(usize),
    Loses(usize),
    SendsAgain,
    Passes(i64),
    Restores(usize, bool),
    TurnsAway(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let n = any::<usize>;
    prop_oneof![
        8 => (n(), -1..2i32).prop_map(|(n, priority)| Step::Arrives(n, priority)),
        2 => n().prop_map(Step::CustomerLeaves),
        2 => n().prop_map(Step::TimesOut),
        2 => (n(), prop::option::of(n())).prop_map(|(n, next)| Step::AgentLeaves(n, next)),
        1 => (n(), n()).prop_map(|(n, next)| Step::MovesOn(n, next)),
        5 => (n(), n()).prop_map(|(n, profile)| Step::SignsIn(n, profile)),
        1 => n().prop_map(Step::SignsOut),
        8 => n().prop_map(Step::Ready),
        1 => n().prop_map(Step::NotReady),
        8 => (n(), n()).prop_map(|(n, which)| Step::Accepts(n, which)),
        3 => (n(), n()).prop_map(|(n, which)| Step::Declines(n, which)),
        2 => n().prop_map(Step::Lost),
        1 => n().prop_map(Step::Repeats),
        60 => n().prop_map(Step::Delivers),
        6 => n().prop_map(Step::DeliversTwice),
        6 => n().prop_map(Step::Loses),
        3 => Just(Step::SendsAgain),
        4 => (0..20_000i64).prop_map(Step::Passes),
        3 => (n(), any::<bool>()).prop_map(|(n, from_snapshot)| Step::Restores(n, from_snapshot)),
        2 => n().prop_map(Step::TurnsAway),
    ]
}

fn does(world: &mut World, step: Step) {
    match step {
        Step::Arrives(n, priority) => world.arrives(n, priority),
        Step::CustomerLeaves(n) => world.changes(n, Model::leaves),
        Step::TimesOut(n) => world.changes(n, Model::times_out),
        Step::AgentLeaves(n, next) => world.changes(n, |model| model.agent_leaves(next.map(queue))),
        Step::MovesOn(n, next) => world.changes(n, |model| model.moves_on(queue(next))),
        Step::SignsIn(n, which) => world.desk(n, DeskAct::SignIn { profile: profile(n, which) }),
        Step::SignsOut(n) => world.desk(n, DeskAct::SignOut),
        Step::Ready(n) => world.desk(n, DeskAct::Ready),
        Step::NotReady(n) => world.desk(n, DeskAct::NotReady { reason: "break".to_owned() }),
        Step::Accepts(n, which) => world.of_work(n, which, |interaction| DeskAct::Accept { interaction }),
        Step::Declines(n, which) => world.of_work(n, which, |interaction| DeskAct::Decline { interaction }),
        Step::Lost(n) => world.lost(n),
        Step::Repeats(n) => world.repeats(n),
        Step::Delivers(n) => world.takes(n, true),
        Step::DeliversTwice(n) => world.delivers_twice(n),
        Step::Loses(n) => world.takes(n, false),
        Step::SendsAgain => world.sends_again(),
        Step::Passes(span_ms) => world.passes(span_ms),
        Step::Restores(n, from_snapshot) => world.restores(n, from_snapshot),
        Step::TurnsAway(n) => world.turns_away(n),
    }
    world.check();
}

proptest! {
    #[test]
    fn whatever_the_network_does_nobody_is_stranded_offered_twice_or_over_capacity(
        steps in vec(step(), 1..250)
    ) {
        let mut world = World::new();
        for step in steps {
            does(&mut world, step);
        }
        world.rests();
    }
}

#[test]
fn a_chat_goes_from_the_queue_to_the_agent_and_ends() {
    let mut world = World::new();
    for step in [Step::SignsIn(0, 0), Step::Ready(0), Step::Arrives(0, 0)] {
        does(&mut world, step);
    }
    world.rests();
    assert!(matches!(world.work(0)[0].stage, Stage::Offered { .. }));
    does(&mut world, Step::Accepts(0, 0));
    world.rests();
    assert_eq!(world.work(0)[0].stage, Stage::Chatting);
    does(&mut world, Step::AgentLeaves(0, None));
    world.rests();
    let shown = world.work(0);
    assert!(matches!(shown[0].stage, Stage::Over { .. }), "{shown:?}");
}
