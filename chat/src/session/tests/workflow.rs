//! How a session's interaction runs its workflow: the shipped one, and small ones.

use super::*;
use crate::TimerId;
use crate::entry::{How, Place};
use crate::event::{Body, LeaveReason};
use crate::opening::{Limits, Opening, Talk, Terms};
use crate::routing::{Message, Reply, ToInteraction, ToQueue, Withdrawal};
use crate::workflow::{Known, read};
use std::sync::Arc;

pub(super) const DEMO: &str = include_str!("../../../../config/workflows/demo.toml");

pub(super) fn started_with(text: &str, first: Option<&str>) -> World {
    let talk = Talk::default();
    started_within(
        text,
        first,
        Limits { message_bytes_max: 200, events_max: 300, linger_ms: 600_000, files: None, talk },
    )
}

pub(super) fn started_within(text: &str, first: Option<&str>, limits: Limits) -> World {
    started_over(text, first, limits, opening().terms.channel)
}

pub(super) fn started_over(text: &str, first: Option<&str>, limits: Limits, channel: Channel) -> World {
    let known = Known {
        bots: BTreeMap::from([(BotName("demo".to_owned()), "Robin".to_owned())]),
        queues: BTreeMap::from([(crate::QueueName("support".to_owned()), 30_000)]),
    };
    let program = Some(Arc::new(read("w", text, &known).unwrap()));
    let text = first.map(str::to_owned);
    World::open(Opening {
        terms: Terms { limits, channel, ..opening().terms },
        workflow: program,
        bot: None,
        text,
        ..opening()
    })
}

/// A workflow from `start = "a"` on.
pub(super) fn small(rest: &str) -> String {
    format!("version = 1\nnickname = \"Desk\"\nstart = \"a\"\n{rest}")
}

impl World {
    pub(super) fn place(&self) -> Place {
        self.session.interaction().unwrap().place().clone()
    }

    pub(super) fn step(&self) -> String {
        self.session.interaction().unwrap().step().map_or_else(String::new, |step| step.name.clone())
    }

    pub(super) fn data(&self, key: &str) -> Option<String> {
        let interaction = self.session.interaction().unwrap();
        interaction.data().find(|(name, _)| *name == key).map(|(_, value)| value.into_owned())
    }

    pub(super) fn attempt(&self) -> u64 {
        self.session.interaction().unwrap().attempt()
    }

    /// The bot answers its oldest turn.
    pub(super) fn bot_says(&mut self, texts: &[&str], handover: bool) {
        let effect = self.turns_owed()[0];
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        let act = Act::BotReply { effect, texts, rich: None, leave: false, handover };
        self.asks(bot(), act).unwrap();
    }

    /// The next timer goes off.
    pub(super) fn fires(&mut self) -> TimerId {
        let (timer, at) = self.session.timers().min_by_key(|(_, at)| *at).unwrap();
        self.clock = self.clock.max(at.0 + 1_000_000);
        self.asks(Caller::System, Act::Fire { timer }).unwrap();
        timer
    }

    pub(super) fn says(&mut self, text: &str) {
        self.asks(CUSTOMER, send(text)).unwrap();
    }

    /// All texts with the nicknames of who said them.
    pub(super) fn texts(&self) -> Vec<String> {
        let events = self.session.events_in_memory();
        let said = events.filter_map(|event| match &event.body {
            Body::Message { text, .. } => {
                let who = self.session.participants().find(|who| who.number == event.by).unwrap();
                Some(format!("{}: {}", who.nickname.show(), text.show()))
            }
            _ => None,
        });
        said.collect()
    }
}

#[test]
fn the_demo_greets_by_its_bot_and_routes_when_the_customer_asks_for_a_person() {
    let mut world = started_with(DEMO, None);
    world.bot_says(&["Hello, what is it about?"], false);
    world.says("I want a person");
    world.bot_says(&["I call somebody."], true);
    assert_eq!(world.place(), Place::Queue(queue()));
    let texts = world.texts();
    assert_eq!(texts[2], "Robin: I call somebody.");
    assert!(texts[3].starts_with("Handoff: One moment please, Zoë 🙂"), "{texts:?}");
    assert_eq!(world.lefts(), [(2, LeaveReason::Left, None)], "the bot is out");
    assert!(world.turns_owed().is_empty());
    let told = world.last_message();
    assert!(matches!(told, Message::ToQueue(ToQueue::Enqueue { attempt: 1, ticket, .. })
        if ticket.nickname == "Zoë 🙂" && ticket.data["k"] == "v" && ticket.subject == "help"));
}

#[test]
fn one_who_waits_is_told_so_and_asked_when_nobody_comes() {
    let mut world = routed();
    for expected in ["in line", "Thank you for waiting", "Thank you for waiting"] {
        world.fires();
        assert!(world.texts().pop().unwrap().contains(expected), "{:?}", world.texts());
    }
    while world.step() == "agent" {
        world.fires();
    }
    assert_eq!((world.step().as_str(), world.place()), ("nobody", Place::Workflow));
    assert!(matches!(world.last_message(), Message::ToQueue(ToQueue::Withdraw { attempt: 2, .. })));
    assert_eq!(world.session.timers().count(), 1, "nothing comforts one who does not wait");
    world.says("yes, please");
    assert_eq!((world.attempt(), world.place()), (3, Place::Queue(queue())));
    assert_eq!(world.data("GoOnWaiting").unwrap(), "yes, please");
    while world.step() == "agent" {
        world.fires();
    }
    world.says("no");
    assert!(world.session.ended() && world.place() == Place::Done(How::Completed));
    assert!(world.texts().pop().unwrap().starts_with("Handoff: Thank you for your visit"));
}

#[test]
fn a_bot_that_leaves_without_a_next_step_leaves_the_workflow_at_rest() {
    let mut world = started_with(DEMO, None);
    let effect = world.turns_owed()[0];
    world.asks(bot(), reply(effect, &["bye"], true)).unwrap();
    assert_eq!((world.step().as_str(), world.place()), ("", Place::Workflow));
    world.says("still here");
    assert!(!world.session.ended());
    world.asks(CUSTOMER, Act::Disconnect).unwrap();
    assert_eq!(world.place(), Place::Done(How::Completed));
}

#[test]
fn the_bot_answers_what_was_asked_at_the_start() {
    let world = started_with(DEMO, Some("prices?"));
    assert_eq!(world.turns_owed().len(), 2, "a greeting and an answer");
}

#[test]
fn replies_are_kept_and_lead_on() {
    let file = small(
        "[steps.a]\nask = \"Which?\"\nsave = \"topic\"\nnext = \"other\"\ntimeout_ms = 5000\ntimeout = \"other\"\n\
         cases = [{ pattern = '^sales$', next = \"sales\" }]\n\
         [steps.sales]\nsay = \"Sales for {topic}\"\nnext = \"by\"\n\
         [steps.by]\nbranch = \"service\"\ncases = [{ pattern = 'default', next = \"end\" }]\n\
         [steps.other]\nsay = \"Other\"\n[steps.end]\nend = true\n",
    );
    let mut world = started_with(&file, Some("sales"));
    assert_eq!(world.step(), "a", "what was said before the question is no reply");
    world.says("SALES");
    assert_eq!(world.texts()[2..], ["Zoë 🙂: SALES".to_owned(), "Desk: Sales for SALES".to_owned()]);
    assert!(world.session.ended());
    let mut world = started_with(&file, None);
    world.says("else");
    assert_eq!(world.texts().pop().unwrap(), "Desk: Other");
    let mut world = started_with(&file, None);
    let timer = world.fires();
    assert_eq!(world.texts().pop().unwrap(), "Desk: Other");
    assert!(world.asks(Caller::System, Act::Fire { timer }).unwrap().entries.is_empty(), "fired once");
    world.says("late");
    assert_eq!(world.data("topic"), None);
}

#[test]
fn after_the_end_the_interaction_goes_offline_is_processed_and_only_then_closed() {
    let file = small(
        "post = \"p\"\n[steps.a]\nsay = \"Hello\"\n[steps.p]\nwait_ms = 5000\nnext = \"q\"\n\
         [steps.q]\nattach = \"note\"\nvalue = \"by {nickname}\"\n",
    );
    let mut world = started_with(&file, None);
    world.asks(CUSTOMER, Act::Disconnect).unwrap();
    assert!(world.session.ended() && world.session.interaction().unwrap().offline());
    let closes = |world: &World| world.owed().iter().any(|(_, effect)| *effect == Effect::CloseRecord);
    assert!(!closes(&world) && world.place() == Place::Workflow);
    world.taken_over();
    world.fires();
    assert!(closes(&world) && world.place() == Place::Done(How::Completed));
    assert_eq!(world.data("note").unwrap(), "by Zoë 🙂");
    assert_eq!(world.session.record_closing().unwrap().last_seq, world.session.last_seq());
    world.fires();
    assert!(!world.session.retired(), "something is owed");
    world.settles_all();
    world.fires();
    assert!(world.session.retired());
}

#[test]
fn a_program_that_runs_in_circles_is_stopped() {
    let file = small("post = \"b\"\n[steps.a]\nsay = \"x\"\n[steps.b]\nattach = \"k\"\nvalue = \"v\"\n");
    let mut program = read("w", &file, &Known::default()).unwrap();
    program.steps[0].next = Some(0);
    let limits =
        Limits { message_bytes_max: 20, events_max: 1000, linger_ms: 1, files: None, talk: Talk::default() };
    let world = World::open(Opening {
        terms: Terms { limits, ..opening().terms },
        workflow: Some(Arc::new(program)),
        bot: None,
        ..opening()
    });
    assert!(world.session.ended() && world.place() == Place::Done(How::Failed));
    assert_eq!(world.texts().len(), 64);
}

#[test]
fn a_takeover_at_any_step_of_the_demo_changes_nothing() {
    let story = |takes_over: Option<usize>| {
        let mut world = started_with(DEMO, Some("hi"));
        let steps: [fn(&mut World); 10] = [
            |world| world.bot_says(&["Hello"], false),
            |world| world.bot_says(&["Hm"], true),
            |world| {
                world.fires();
            },
            |world| world.proposes(1),
            |world| world.declines(2),
            |world| world.proposes(3),
            |world| world.accepts(4),
            |world| world.says("thanks"),
            |world| {
                world.asks(CUSTOMER, Act::Disconnect).unwrap();
            },
            |world| {
                let act = Act::Leave { how: crate::command::Leaving::CloseIfNoAgents };
                world.asks(kate(), act).unwrap();
            },
        ];
        for (place, step) in steps.iter().enumerate() {
            if takes_over == Some(place) {
                world.taken_over();
            }
            step(&mut world);
        }
        assert_eq!(world.place(), Place::Done(How::Completed));
        assert_eq!(world.last_message(), withdrawn(6, Withdrawal::Left));
        world.bodies()
    };
    let untroubled = story(None);
    for place in 0..10 {
        assert_eq!(story(Some(place)), untroubled, "taken over before step {place}");
    }
}

#[test]
fn without_a_workflow_there_is_no_interaction() {
    let mut world = World::open(opening());
    assert!(world.session.interaction().is_none());
    let message = ToInteraction::Propose { attempt: 1, agent: name() };
    assert_eq!(world.tells(message), Reply::Gone);
}

use super::routing::{kate, name, queue, routed, withdrawn};

/// The queue has no room for the one who was just told to wait there.
fn finds_full(world: &mut World) {
    let owed = world.owed().into_iter().rev();
    let mut enqueues = owed.filter(|(_, effect)| {
        matches!(effect, Effect::Message { message: Message::ToQueue(ToQueue::Enqueue { .. }), .. })
    });
    let (effect, _) = enqueues.next().unwrap();
    drop(enqueues);
    world.asks(Caller::System, Act::Replied { effect, reply: Reply::Full }).unwrap();
}

#[test]
fn who_finds_a_queue_full_goes_on_at_once_and_tries_again_in_the_workflow_s_own_time() {
    let waits = "[steps.a]\nroute = \"support\"\ntimeout_ms = 60000\ntimeout = \"b\"\n";
    let mut world =
        started_with(&small(&format!("{waits}[steps.b]\nsay = \"All are busy.\"\nnext = \"a\"\n")), None);
    finds_full(&mut world);
    assert_eq!(world.texts(), ["Desk: All are busy."]);
    assert!(matches!(world.place(), Place::Queue(_)), "they try again");
    finds_full(&mut world);
    assert_eq!(world.texts().len(), 1, "not at once: that would never end");
    world.fires();
    assert_eq!(world.texts().len(), 2);
    let (mut live, mut replayed) = (world.session.clone(), world.replayed());
    live.restored();
    replayed.restored();
    assert_eq!(live, replayed);
}

#[test]
fn who_finds_a_queue_full_and_has_nowhere_to_go_does_not_wait_there() {
    let mut world = started_with(&small("[steps.a]\nroute = \"support\"\n"), None);
    finds_full(&mut world);
    assert!(world.session.ended());
}
