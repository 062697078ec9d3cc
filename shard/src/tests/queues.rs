//! Chats that wait in a queue which the configuration has no longer.

use super::rig::{CUSTOMER, Rig};
use super::{falls_asleep, settle_record, sleepy};
use crate::census::Places;
use crate::listing::{About, EntityQuery, EntitySummary, ListKind, QueueGlance};
use crate::queues::Queues;
use crate::*;
use handoff_chat::command::Act;
use handoff_chat::desk::{DeskAct, Profile};
use handoff_chat::happening::Happening;
use handoff_chat::{AgentName, CommandId, QueueName};
use handoff_journal::memory::MemoryStore;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::Mutex;

const FLOW: &str = "version = 1\nnickname = \"Desk\"\nstart = \"a\"\n\
    [steps.a]\nroute = \"sales\"\ntimeout_ms = 600000\ntimeout = \"b\"\n\
    [steps.b]\nask = \"Nobody is there.\"\n";

fn sales() -> QueueName {
    QueueName("sales".to_owned())
}

/// A configuration that has this queue, perhaps with an agent.
fn with(queue: &str, served: bool) -> Options {
    let name = QueueName(queue.to_owned());
    let served = if served { [name.clone()].into() } else { [].into() };
    with_most([(name, 0)].into(), served)
}

fn with_most(configured: BTreeMap<QueueName, u32>, served: BTreeSet<QueueName>) -> Options {
    Options { queues: Some(Arc::new(Queues { configured, served })), ..Options::default() }
}

async fn waits(rig: &mut Rig) -> EntityId {
    starts(rig, "a").await
}

async fn starts(rig: &mut Rig, name: &str) -> EntityId {
    rig.start_routed(name, FLOW, &sales()).await
}

/// The queue as operators see it.
fn listed(rig: &Rig) -> EntitySummary {
    let wanted = EntityQuery { kind: ListKind::Queue, limit: 10, ..EntityQuery::default() };
    rig.core.list(&wanted).remove(0)
}

fn glance(rig: &Rig) -> QueueGlance {
    let About::Queue(glance) = listed(rig).about else { panic!("no queue") };
    glance
}

fn seen(rig: &Rig) -> (usize, Option<String>) {
    let QueueGlance { waiting, trouble, .. } = glance(rig);
    (waiting, trouble)
}

/// What is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn warnings(&self) -> usize {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let warns = |line: &&str| line.contains(r#" WARN "#) && line.contains(r#"queue="sales" waiting=1"#);
        text.lines().filter(warns).count()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A while passes in which the customer is there.
async fn passes(rig: &mut Rig, chat: &EntityId, seconds: u64) -> Vec<String> {
    for _ in 0..seconds.div_ceil(10) {
        rig.view(chat).await;
        rig.pass(10_000);
        rig.settle().await;
    }
    rig.texts(chat).await
}

#[tokio::test]
async fn who_waits_in_a_queue_that_is_no_more_goes_on_after_a_takeover_with_that_configuration() {
    let store = MemoryStore::new(1);
    let mut before = Rig::open(&store, 1, with("sales", true)).await;
    let chat = waits(&mut before).await;
    assert_eq!(passes(&mut before, &chat, 100).await, [""; 0], "there the queue is as it should be");
    assert_eq!(seen(&before), (1, None));
    let now = before.now;
    let log = Log::default();
    let lines = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || lines.clone()).finish();
    let _capturing = tracing::subscriber::set_default(subscriber);
    let mut rig = Rig::open_at(&store, 2, with("support", true), now).await;
    assert_eq!(log.warnings(), 1, "at the start");
    assert_eq!(seen(&rig), (1, Some("not configured".to_owned())));
    assert_eq!(passes(&mut rig, &chat, 60).await, ["Nobody is there."]);
    assert_eq!(log.warnings(), 2, "when they go on");
    assert_eq!(seen(&rig), (0, None));
}

#[tokio::test]
async fn a_chat_asleep_is_listed_and_counted_where_it_waits_here_and_at_the_next_owner() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, sleepy()).await;
    let began = rig.now.wall;
    let chat = waits(&mut rig).await;
    settle_record(&mut rig, &chat).await;
    let waiting = |rig: &Rig| {
        let (service, queue) = (Some("default".to_owned()), Some("sales".to_owned()));
        let wanted =
            EntityQuery { kind: ListKind::Interaction, service, queue, limit: 10, ..EntityQuery::default() };
        (rig.core.list(&wanted), rig.core.census().places)
    };
    let (awake, places) = waiting(&rig);
    let About::Session(glance) = &awake[0].about else { panic!("no session") };
    assert_eq!(
        (awake.len(), glance.started_at_ms, places),
        (1, Some(began.0), Places { queue: 1, ..Places::default() })
    );
    falls_asleep(&mut rig).await;
    let asleep = EntitySummary { state: "asleep".to_owned(), ..awake[0].clone() };
    assert_eq!(waiting(&rig), (vec![asleep.clone()], places));
    let next = Rig::open_at(&store, 2, sleepy(), rig.now).await;
    assert_eq!(waiting(&next), (vec![asleep], places));
}

#[tokio::test]
async fn a_queue_that_nobody_serves_is_marked_and_its_chats_wait_as_long_as_their_workflow_says() {
    let mut rig = Rig::open(&MemoryStore::new(1), 1, with("sales", false)).await;
    let chat = waits(&mut rig).await;
    assert_eq!(seen(&rig), (1, Some("no agent serves it".to_owned())));
    assert_eq!(passes(&mut rig, &chat, 500).await, [""; 0]);
    assert_eq!(passes(&mut rig, &chat, 120).await, ["Nobody is there."]);
    assert_eq!(seen(&rig), (0, None), "an empty queue troubles nobody");
}

/// An agent who is signed in with what an older configuration said of them serves it all the same.
#[tokio::test]
async fn a_queue_that_a_free_agent_serves_is_in_no_trouble_though_the_configuration_names_none() {
    let mut rig = Rig::open(&MemoryStore::new(1), 1, with("sales", false)).await;
    let ann = AgentName("ann".to_owned());
    let profile = Profile { nickname: "Ann".to_owned(), capacity: 2, queues: vec![sales()] };
    let chat = waits(&mut rig).await;
    let interaction = chat.session().unwrap();
    // Ann declines this chat: it waits on, and Ann is free for others.
    for act in [DeskAct::SignIn { profile }, DeskAct::Ready, DeskAct::Decline { interaction }] {
        rig.pass(1);
        let (id, caller) = (CommandId(format!("c{}", rig.now.mono.0)), Caller::Agent(ann.clone()));
        let command = Command { id, caller: caller.clone(), act: Act::Desk(act) };
        let read = Read::Desk { version: 0 };
        let _told = rig.call(&EntityId::from(&ann), Some(command), Some((caller, read)), None);
        rig.settle().await;
    }
    assert_eq!((seen(&rig), glance(&rig).free_agents), ((1, None), 1));
}

#[tokio::test]
async fn where_nothing_is_said_of_queues_each_is_as_good_as_another() {
    let mut rig = Rig::open(&MemoryStore::new(1), 1, Options::default()).await;
    let chat = waits(&mut rig).await;
    assert_eq!(passes(&mut rig, &chat, 300).await, [""; 0]);
    assert_eq!(seen(&rig), (1, None));
}

#[tokio::test]
async fn who_comes_to_a_full_queue_goes_on_at_once_and_who_comes_when_there_is_room_waits() {
    let most = || with_most([(sales(), 1)].into(), [sales()].into());
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, most()).await;
    let first = starts(&mut rig, "a").await;
    let second = starts(&mut rig, "b").await;
    assert_eq!(rig.texts(&second).await, ["Nobody is there."]);
    assert_eq!((rig.texts(&first).await, seen(&rig)), (vec![], (1, None)));
    assert!(rig.happened.contains(&Happening::QueueFull(sales())), "{:?}", rig.happened);
    let leave = Command { id: CommandId("leave".into()), caller: CUSTOMER, act: Act::Disconnect };
    rig.tell(&first, leave).await.unwrap();
    let third = starts(&mut rig, "c").await;
    assert_eq!((rig.texts(&third).await, seen(&rig)), (vec![], (1, None)));
    let now = rig.now;
    let mut after = Rig::open_at(&store, 2, most(), now).await;
    let fourth = starts(&mut after, "d").await;
    assert_eq!(after.texts(&fourth).await, ["Nobody is there."], "after a takeover too");
}
