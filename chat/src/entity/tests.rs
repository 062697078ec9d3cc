//! Sessions with their interactions, queues and agents, all real, over a network that delays, repeats, reorders and
//! loses, with takeovers at any moment: nobody is stranded, in two places, or held by somebody who does not have them.

use crate::command::{Act, Caller, Leaving};
use crate::desk::{DeskAct, Stage};
use crate::entry::{How, Place};
use crate::event::LeaveReason;
use crate::world::{CUSTOMER, World, agent, profile, says, session};
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    Starts(usize),
    CustomerSays(usize),
    CustomerLeaves(usize),
    CustomerLost(usize),
    AgentSays(usize, usize),
    AgentLeaves(usize, usize, Leaving),
    ForceEnd(usize),
    SignsIn(usize, usize),
    Ready(usize),
    NotReady(usize),
    Accepts(usize, usize),
    Declines(usize, usize),
    Lost(usize),
    Delivers(usize),
    DeliversTwice(usize),
    Loses(usize),
    SendsAgain,
    Passes(i64),
    Restores(usize, bool),
}

fn step() -> impl Strategy<Value = Step> {
    let n = any::<usize>;
    let how =
        prop_oneof![Just(Leaving::KeepAlive), Just(Leaving::CloseIfNoAgents), Just(Leaving::ForceClose)];
    prop_oneof![
        8 => n().prop_map(Step::Starts),
        3 => n().prop_map(Step::CustomerSays),
        2 => n().prop_map(Step::CustomerLeaves),
        1 => n().prop_map(Step::CustomerLost),
        3 => (n(), n()).prop_map(|(n, which)| Step::AgentSays(n, which)),
        3 => (n(), n(), how).prop_map(|(n, which, how)| Step::AgentLeaves(n, which, how)),
        1 => n().prop_map(Step::ForceEnd),
        5 => (n(), n()).prop_map(|(n, profile)| Step::SignsIn(n, profile)),
        8 => n().prop_map(Step::Ready),
        1 => n().prop_map(Step::NotReady),
        8 => (n(), n()).prop_map(|(n, which)| Step::Accepts(n, which)),
        3 => (n(), n()).prop_map(|(n, which)| Step::Declines(n, which)),
        2 => n().prop_map(Step::Lost),
        60 => n().prop_map(Step::Delivers),
        6 => n().prop_map(Step::DeliversTwice),
        6 => n().prop_map(Step::Loses),
        3 => Just(Step::SendsAgain),
        4 => (0..20_000i64).prop_map(Step::Passes),
        4 => (n(), any::<bool>()).prop_map(|(n, from_snapshot)| Step::Restores(n, from_snapshot)),
    ]
}

fn does(world: &mut World, step: Step) {
    match step {
        Step::Starts(n) => world.starts(n),
        Step::CustomerSays(n) => world.of_session(n, CUSTOMER, says("hm")),
        Step::CustomerLeaves(n) => world.of_session(n, CUSTOMER, Act::Disconnect),
        Step::CustomerLost(n) => world.of_session(n, Caller::System, Act::CustomerLost),
        Step::AgentSays(n, which) => world.of_session(which, Caller::Agent(agent(n)), says("a")),
        Step::AgentLeaves(n, which, how) => {
            world.of_session(which, Caller::Agent(agent(n)), Act::Leave { how });
        }
        Step::ForceEnd(n) => world.of_session(n, Caller::Operator, Act::ForceEnd),
        Step::SignsIn(n, which) => world.desk(n, DeskAct::SignIn { profile: profile(n, which) }),
        Step::Ready(n) => world.desk(n, DeskAct::Ready),
        Step::NotReady(n) => world.desk(n, DeskAct::NotReady { reason: "break".to_owned() }),
        Step::Accepts(n, which) => world.of_work(n, which, |interaction| DeskAct::Accept { interaction }),
        Step::Declines(n, which) => world.of_work(n, which, |interaction| DeskAct::Decline { interaction }),
        Step::Lost(n) => world.lost(n),
        Step::Delivers(n) => world.takes(n, true),
        Step::DeliversTwice(n) => world.delivers_twice(n),
        Step::Loses(n) => world.takes(n, false),
        Step::SendsAgain => world.sends_again(),
        Step::Passes(span_ms) => world.passes(span_ms),
        Step::Restores(n, from_snapshot) => world.restores(n, from_snapshot),
    }
    world.check();
}

proptest! {
    #[test]
    fn whatever_happens_to_all_of_them_nobody_is_stranded_or_in_two_places(steps in vec(step(), 1..250)) {
        let mut world = World::new();
        for step in steps {
            does(&mut world, step);
        }
        world.rests();
    }
}

/// One customer, one agent, everything delivered at once.
fn story() -> World {
    let mut world = World::new();
    for step in [Step::SignsIn(0, 0), Step::Ready(0), Step::Starts(0)] {
        does(&mut world, step);
        world.delivers_all();
    }
    world
}

#[test]
fn a_chat_is_offered_accepted_talked_and_ended_when_the_agent_has_left_too() {
    let mut world = story();
    assert!(matches!(world.work(0)[0].stage, Stage::Offered { .. }));
    does(&mut world, Step::Accepts(0, 0));
    world.delivers_all();
    assert_eq!(world.work(0)[0].stage, Stage::Chatting);
    does(&mut world, Step::CustomerSays(0));
    does(&mut world, Step::AgentSays(0, 0));
    does(&mut world, Step::CustomerLeaves(0));
    world.delivers_all();
    assert_eq!(world.work(0)[0].stage, Stage::Chatting, "the agent still has the chat");
    assert!(!world.session(&session(0)).ended());
    does(&mut world, Step::AgentLeaves(0, 0, Leaving::CloseIfNoAgents));
    world.delivers_all();
    assert!(matches!(world.work(0)[0].stage, Stage::Over { .. }));
    assert_eq!(*world.place(&session(0)), Place::Workflow, "post-processed");
    assert!(world.session(&session(0)).interaction().unwrap().offline());
    world.passes(4_000);
    assert_eq!(*world.place(&session(0)), Place::Done(How::Completed));
    let closing = world.session(&session(0)).record_closing().unwrap();
    assert_eq!(closing.reason, LeaveReason::ClosedIfNoAgents);
}

#[test]
fn an_unanswered_offer_sets_the_agent_not_ready_and_a_lost_agent_s_chat_waits_again() {
    let mut world = story();
    world.passes(31_000);
    world.delivers_all();
    assert!(world.work(0).iter().all(|work| matches!(work.stage, Stage::Over { .. })));
    assert!(matches!(world.place(&session(0)), Place::Queue(_)));
    world.passes(16_000);
    does(&mut world, Step::Ready(0));
    world.delivers_all();
    let offered = world.offered(0);
    does(&mut world, Step::Accepts(0, offered));
    world.delivers_all();
    does(&mut world, Step::Lost(0));
    world.delivers_all();
    assert!(matches!(world.place(&session(0)), Place::Queue(_)));
    world.rests();
}
