//! Queue and agent against a small model of the interaction, over a network that misbehaves, with takeovers at any
//! moment.

mod model;
mod world;

use crate::command::{Act, Caller};
use crate::desk::{DeskAct, Stage};
use crate::id::EntityId;
use proptest::collection::vec;
use proptest::prelude::*;
use world::{World, agent, profile, queue};

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

impl World {
    fn does(&mut self, step: &Step) {
        match step.clone() {
            Step::Arrives(n, priority) => self.arrives(n, priority),
            Step::CustomerLeaves(n) => self.changes(n, model::Model::leaves),
            Step::TimesOut(n) => self.changes(n, model::Model::times_out),
            Step::AgentLeaves(n, next) => self.changes(n, |model| model.agent_leaves(next.map(queue))),
            Step::MovesOn(n, next) => self.changes(n, |model| model.moves_on(queue(next))),
            Step::SignsIn(n, which) => self.tries(n, DeskAct::SignIn { profile: profile(&agent(n), which) }),
            Step::SignsOut(n) => self.tries(n, DeskAct::SignOut),
            Step::Ready(n) => self.tries(n, DeskAct::Ready),
            Step::NotReady(n) => self.tries(n, DeskAct::NotReady { reason: "break".to_owned() }),
            Step::Accepts(n, which) => self.answers(n, which, |interaction| DeskAct::Accept { interaction }),
            Step::Declines(n, which) => {
                self.answers(n, which, |interaction| DeskAct::Decline { interaction })
            }
            Step::Lost(n) => {
                let id = EntityId::from(&agent(n));
                self.asks(&id, Caller::System, Act::Desk(DeskAct::Lost)).unwrap();
            }
            Step::Repeats(n) => self.repeats(n),
            Step::Delivers(n) => self.takes(n, true),
            Step::DeliversTwice(n) => {
                let packet = self.wire.get(n % self.wire.len().max(1)).cloned();
                packet.into_iter().for_each(|packet| self.delivers(packet));
            }
            Step::Loses(n) => self.takes(n, false),
            Step::SendsAgain => self.sends_again(),
            Step::Passes(span_ms) => self.passes(span_ms),
            Step::Restores(n, from_snapshot) => self.restores(n, from_snapshot),
            Step::TurnsAway(n) => {
                self.asks(&EntityId::from(&queue(n)), Caller::System, Act::TurnAway).unwrap();
            }
        }
        self.check();
    }

    /// An act at a desk that may be refused: then nothing is changed.
    fn tries(&mut self, n: usize, act: DeskAct) {
        let _refused = self.desk(&agent(n), act);
    }

    fn answers(&mut self, n: usize, which: usize, act: impl FnOnce(crate::SessionId) -> DeskAct) {
        let work = self.desk_of(&agent(n)).work;
        if let Some(work) = work.get(which % work.len().max(1)) {
            self.tries(n, act(work.interaction.clone()));
        }
    }

    fn takes(&mut self, n: usize, delivered: bool) {
        if !self.wire.is_empty() {
            let packet = self.wire.remove(n % self.wire.len());
            if delivered {
                self.delivers(packet);
            }
        }
    }
}

proptest! {
    #[test]
    fn whatever_the_network_does_nobody_is_stranded_offered_twice_or_over_capacity(
        steps in vec(step(), 1..250)
    ) {
        let mut world = World::new();
        for step in &steps {
            world.does(step);
        }
        world.rests();
    }
}

#[test]
fn a_chat_goes_from_the_queue_to_the_agent_and_ends() {
    let mut world = World::new();
    for step in [Step::SignsIn(0, 0), Step::Ready(0), Step::Arrives(0, 0)] {
        world.does(&step);
    }
    world.rests();
    assert!(matches!(world.desk_of(&agent(0)).work[0].stage, Stage::Offered { .. }));
    world.does(&Step::Accepts(0, 0));
    world.rests();
    assert_eq!(world.desk_of(&agent(0)).work[0].stage, Stage::Chatting);
    world.does(&Step::AgentLeaves(0, None));
    world.rests();
    let shown = world.desk_of(&agent(0)).work;
    assert!(matches!(shown[0].stage, Stage::Over { .. }), "{shown:?}");
}
