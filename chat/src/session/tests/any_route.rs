//! Whatever customers, bots, agents, queues, operators and time do to a chat with a workflow, in whatever order, with
//! takeovers in between: what must always hold.

use super::pushing::windowed;
use super::routing::{name, queue};
use super::workflow::{small, started_over};
use super::*;
use crate::channel::{Delivery, Reach, WINDOW_CLOSED};
use crate::command::Leaving;
use crate::entry::{Effect, InteractionChange, Place};
use crate::event::{Body, Event};
use crate::opening::Limits;
use crate::routing::{Holder, Message, Reply, ToInteraction};
use crate::{EntityId, QueueName, TimerId};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeSet;

const FILE: &str = "[steps.a]\nbot = \"demo\"\nhandover = \"b\"\nnext = \"c\"\n\
    [steps.b]\nroute = \"support\"\ntimeout_ms = 60000\ntimeout = \"c\"\ntexts = [\"wait\"]\nevery_ms = 9000\n\
    next = \"c\"\n\
    [steps.c]\nask = \"on?\"\nsave = \"k\"\nyes = \"b\"\nno = \"d\"\nnext = \"e\"\ntimeout_ms = 9000\n\
    timeout = \"d\"\n[steps.d]\nend = true\n[steps.e]\nwait_ms = 5000\nnext = \"a\"\n\
    [steps.p]\nwait_ms = 5000\nnext = \"q\"\n[steps.q]\nattach = \"note\"\nvalue = \"{k}\"\n";

#[derive(Debug, Clone)]
enum Step {
    Says(&'static str),
    Leaves(bool),
    Bot {
        handover: bool,
        leave: bool,
    },
    BotFails,
    /// Of kate (or mark), about an attempt so much older than the newest.
    Agent {
        mark: bool,
        back: u64,
        what: u8,
    },
    AgentSays,
    AgentLeaves(Leaving),
    Fires(usize),
    FiresAny(u64),
    Answered(usize),
    ForceEnd,
    TakenOver,
    Sleeps,
}

fn step() -> impl Strategy<Value = Step> {
    let how =
        prop_oneof![Just(Leaving::KeepAlive), Just(Leaving::CloseIfNoAgents), Just(Leaving::ForceClose)];
    prop_oneof![
        6 => prop_oneof![Just("yes"), Just("no"), Just("hm")].prop_map(Step::Says),
        1 => any::<bool>().prop_map(Step::Leaves),
        6 => (prop::bool::weighted(0.7), prop::bool::weighted(0.1))
            .prop_map(|(handover, leave)| Step::Bot { handover, leave }),
        1 => Just(Step::BotFails),
        20 => (prop::bool::weighted(0.2), prop_oneof![4 => Just(0), 1 => 1..4u64], 0..7u8)
            .prop_map(|(mark, back, what)| Step::Agent { mark, back, what }),
        3 => Just(Step::AgentSays),
        2 => how.prop_map(Step::AgentLeaves),
        4 => any::<usize>().prop_map(Step::Fires),
        1 => (0..20u64).prop_map(Step::FiresAny),
        6 => any::<usize>().prop_map(Step::Answered),
        1 => prop::bool::weighted(0.3).prop_map(|force| if force { Step::ForceEnd } else { Step::AgentSays }),
        3 => Just(Step::TakenOver),
        2 => Just(Step::Sleeps),
    ]
}

impl World {
    fn does(&mut self, step: &Step) {
        match step {
            Step::Says(text) => drop(self.asks(self.customer(), send(text))),
            Step::Leaves(true) => drop(self.asks(self.customer(), Act::Disconnect)),
            Step::Leaves(false) => drop(self.asks(Caller::System, Act::CustomerLost)),
            Step::Bot { handover, leave } => {
                let Some(effect) = self.turns_owed().first().copied() else { return };
                let (leave, handover) = (*leave, *handover);
                let texts = vec!["b".to_owned()];
                self.asks(bot(), Act::BotReply { effect, texts, rich: None, leave, handover }).unwrap();
            }
            Step::BotFails => {
                let Some(effect) = self.turns_owed().first().copied() else { return };
                self.asks(Caller::System, Act::BotFailed { effect }).unwrap();
            }
            Step::Agent { mark, back, what } => self.agent_tells(*mark, *back, *what),
            Step::AgentSays => drop(self.asks(Caller::Agent(name()), send("a"))),
            Step::AgentLeaves(how) => drop(self.asks(Caller::Agent(name()), Act::Leave { how: *how })),
            Step::Fires(which) => {
                let timers: Vec<_> = self.session.timers().collect();
                let Some((timer, at)) = timers.get(which % timers.len().max(1)).copied() else { return };
                self.clock = self.clock.max(at.0 + 1_000_000);
                self.asks(Caller::System, Act::Fire { timer }).unwrap();
            }
            Step::FiresAny(id) => drop(self.asks(Caller::System, Act::Fire { timer: TimerId(*id) })),
            Step::Answered(which) => {
                let owed = self.owed();
                let Some((effect, what)) = owed.get(which % owed.len().max(1)).cloned() else { return };
                let act = match what {
                    Effect::Message { .. } if which % 3 == 0 => Act::Replied { effect, reply: Reply::Full },
                    Effect::Message { .. } => Act::Replied { effect, reply: Reply::Done },
                    Effect::OpenRecord
                    | Effect::CloseRecord
                    | Effect::KeepRating
                    | Effect::DropFile { .. } => Act::Settle { effect },
                    Effect::Push { .. } if which % 3 == 0 => {
                        let delivery = Delivery::Failed { reason: "blocked".to_owned() };
                        Act::Pushed { effect, delivery }
                    }
                    Effect::Push { .. } => Act::Pushed { effect, delivery: Delivery::Sent },
                    Effect::BotTurn { .. } | Effect::ScanFile { .. } => return,
                };
                self.asks(Caller::System, act).unwrap();
            }
            Step::ForceEnd => drop(self.asks(Caller::Operator, Act::ForceEnd)),
            Step::TakenOver => self.taken_over(),
            Step::Sleeps => {
                let snapshot = self.session.to_snapshot().unwrap();
                self.session = Session::from_snapshot(&snapshot).unwrap();
                self.session.restored();
            }
        }
    }

    fn agent_tells(&mut self, mark: bool, back: u64, what: u8) {
        let agent = if mark { AgentName("mark".to_owned()) } else { name() };
        let attempt = self.attempt().saturating_sub(back);
        let holder = Holder::Agent(agent.clone());
        let from = if what == 6 { EntityId::from(&queue()) } else { EntityId::from(&agent) };
        let message = match what {
            0 | 1 => ToInteraction::Propose { attempt, agent },
            2 => ToInteraction::Accept { attempt, agent, nickname: "K".to_owned() },
            3 => ToInteraction::Decline { attempt, agent },
            4 => ToInteraction::AgentLost { attempt, agent },
            6 => ToInteraction::TurnedAway { attempt, queue: queue() },
            _ => ToInteraction::Verify { attempt, holder },
        };
        // Repeated, it is answered alike, and nothing happens twice.
        let act = Act::Deliver(Message::ToInteraction(message));
        let first = self.asks(Caller::Entity(from.clone()), act.clone()).unwrap();
        let again = self.asks(Caller::Entity(from), act).unwrap();
        let kept = !matches!(what, 3 | 4 | 6);
        assert!(again.entries.is_empty() && (!kept || again.answer == first.answer));
    }

    fn holds(&self) {
        let mut live = self.session.clone();
        let mut replayed = self.replayed();
        live.restored();
        replayed.restored();
        assert_eq!(live, replayed, "replay differs from the live state");
        let interaction = live.interaction().unwrap();
        assert_eq!(live.ended(), interaction.offline());
        let inside: Vec<_> =
            live.state.parties.values().filter(|party| party.present() && party.is_agent()).collect();
        let chats = matches!(interaction.place(), Place::Agent { .. });
        assert_eq!(inside.len(), usize::from(chats), "who has it is in the chat");
        let timers = live.timers().count();
        assert!(!chats || timers == 0, "nothing is waited for while they talk");
        assert!(!interaction.done() || timers <= 1);
        assert!(!live.retired() || (interaction.done() && live.owed().count() == 0));
        let waits = matches!(interaction.place(), Place::Queue(_) | Place::Offer { .. });
        assert!(!waits || timers >= 1, "what is offered or waits has a deadline");
    }

    /// What the journal as a whole says.
    fn told_rightly(&self) {
        self.pushed_rightly();
        let (mut attempt, mut customer_gone, mut closes) = (0, false, 0);
        let (mut armed, mut disarmed) = (BTreeSet::new(), BTreeSet::new());
        for entry in &self.journal {
            match entry {
                Entry::Interaction(InteractionChange::Moved { attempt: next, place, .. }) => {
                    assert_eq!(*next, attempt + 1, "each move raises the attempt");
                    attempt = *next;
                    let rings = matches!(place, Place::Offer { .. } | Place::Queue(_));
                    assert!(!(rings && customer_gone), "a customer who left rings");
                }
                Entry::Event(event) if event.by == 1 => {
                    customer_gone |= matches!(event.body, Body::Left { .. });
                }
                Entry::Armed { id, .. } => assert!(armed.insert(*id)),
                Entry::Disarmed(id) => assert!(armed.contains(id) && disarmed.insert(*id), "fired twice"),
                Entry::Owed { effect: Effect::CloseRecord, .. } => closes += 1,
                _ => {}
            }
        }
        assert_eq!(closes, u32::from(self.session.interaction().unwrap().done()));
    }
}

impl World {
    /// What the customer sees of others is owed to their channel, each once and in order, or told as undelivered; and
    /// nothing where they read for themselves.
    fn pushed_rightly(&self) {
        let pushes = self.session.state.terms().unwrap().channel.reach == Reach::Pushed;
        let (mut shown, mut pushed) = (Vec::new(), Vec::new());
        for entry in &self.journal {
            match entry {
                // Nobody is there any more.
                Entry::Event(Event { by: 1, body: Body::Left { .. }, .. }) => break,
                Entry::Event(Event {
                    seq,
                    by,
                    index: PerView { customer: Some(_), .. },
                    body: Body::Message { .. },
                    ..
                }) => {
                    shown.extend((*by != 1 && pushes).then_some(*seq));
                }
                Entry::Event(Event { body: Body::Delivery { seq, delivery, .. }, .. }) => {
                    let late = delivery.reason() == Some(WINDOW_CLOSED);
                    pushed.extend(late.then_some(*seq));
                }
                Entry::Owed { effect: Effect::Push { seq, .. }, .. } => pushed.push(*seq),
                _ => {}
            }
        }
        assert_eq!(pushed, shown);
    }
}

fn world(pushed: bool) -> World {
    let limits = Limits::new(200, 300, 600_000);
    let channel = if pushed { windowed() } else { opening().terms.channel };
    let mut world = started_over(&small(&format!("post = \"p\"\n{FILE}")), None, limits, channel);
    assert_eq!(world.tells(verify()), Reply::Void);
    world
}

fn verify() -> ToInteraction {
    ToInteraction::Verify { attempt: 0, holder: Holder::Queue(QueueName("support".to_owned())) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn any_course_of_a_routed_chat_keeps_its_promises(steps in vec(step(), 1..80), pushed in any::<bool>()) {
        let mut world = world(pushed);
        for step in &steps {
            world.does(step);
            world.holds();
            if world.session.retired() {
                break;
            }
        }
        world.told_rightly();
    }

    #[test]
    fn a_snapshot_of_a_routed_chat_and_the_rest_of_its_journal_are_the_whole_journal(
        steps in vec(step(), 1..80), cut in any::<prop::sample::Index>(), pushed in any::<bool>()
    ) {
        let mut world = world(pushed);
        for step in &steps {
            world.does(step);
            if world.session.retired() {
                break;
            }
        }
        let (before, after) = world.journal.split_at(cut.index(world.journal.len()));
        let mut early = Session::new(world.session.id().clone());
        before.iter().for_each(|entry| early.apply(entry));
        let mut late = Session::from_snapshot(&early.to_snapshot().unwrap()).unwrap();
        after.iter().for_each(|entry| late.apply(entry));
        late.restored();
        let mut whole = world.replayed();
        whole.restored();
        prop_assert_eq!(&late, &whole);
    }
}
