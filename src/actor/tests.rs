//! A real shard behind its handle: what is too much for its bounded inbox is "busy" at the door, and room comes back
//! with the replies; and what the router asks it.

use super::handle::{ShardDirectory, ShardHandle};
use super::journal::Log;
use super::shard::{ShardActor, ShardReport, Surroundings, Tenancy};
use crate::bots::Bots;
use crate::clock::{Clock, SystemClock};
use crate::contacts::Joins;
use crate::courier::Courier;
use crate::files::Files;
use crate::node_state::NodeState;
use crate::observer::Unobserved;
use crate::ports::{CallError, Outbound, Sessions};
use crate::record::{OPENING_ROW, RecordWriter};
use crate::router::Router;
use actix::{Actor, Context, Handler};
use arc_swap::ArcSwap;
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt;
use handoff_chat::channel::{Channel, Delivery, Identity, Presence};
use handoff_chat::command::{Act, Caller, Command, Read, Reading, Reject};
use handoff_chat::desk::{DeskAct, Profile};
use handoff_chat::event::{Body, Event, LeaveReason};
use handoff_chat::key::StoredKey;
use handoff_chat::opening::{Limits, Opening, Terms};
use handoff_chat::routing::Reply;
use handoff_chat::session::Push;
use handoff_chat::workflow::Bot;
use handoff_chat::{AgentName, BotName, CommandId, EntityId};
use handoff_cluster::{MemberList, PeerError, Peers};
use handoff_journal::memory::MemoryStore;
use handoff_journal::{Incarnation, NodeId, Owner, Row, ShardId, Table, Tables};
use handoff_shard::{Call, Done, Now, Options, Outcome};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// A customer's start with nothing but a name.
fn opening() -> Opening {
    let limits = Limits::new(1000, 100_000, 1_000);
    let key = StoredKey { hash: [7; 32], sealed: None };
    let channel = Channel::with_key("native", key, Presence::Calls { lost_after_ms: 45_000 });
    Opening { nickname: "Ann".to_owned(), ..Opening::new("default", channel, limits) }
}

/// Calls that the shard takes at a time.
const INBOX: usize = 2;

/// Hears a shard's reports and does nothing about them.
struct Supervisor;

impl Actor for Supervisor {
    type Context = Context<Self>;
}

impl Handler<ShardReport> for Supervisor {
    type Result = ();

    fn handle(&mut self, _: ShardReport, _: &mut Context<Self>) {}
}

/// Never has an answer.
/// Nobody in these tests is known by an address.
struct NoChannels;

#[async_trait]
impl Outbound for NoChannels {
    async fn push(&self, push: Push) -> Delivery {
        panic!("nothing is pushed here: {push:?}")
    }
}

struct NoCourier;

#[async_trait]
impl Courier for NoCourier {
    async fn tell(&self, _: EntityId, _: Command) -> Reply {
        std::future::pending().await
    }
}

fn shard(store: &MemoryStore) -> ShardHandle {
    let node = Arc::new(store.node(NodeId(1)));
    let clock = Arc::new(SystemClock::default());
    let around = Surroundings {
        log: Log {
            journal: node.clone(),
            flights: Arc::new(Semaphore::new(1)),
            rest: 0,
            node_state: Arc::new(NodeState::default()),
            clock: clock.clone(),
        },
        tables: node.clone(),
        records: RecordWriter::new(node, Joins::Said, Arc::new(Unobserved)),
        clock,
        bots: Arc::new(Bots::default()),
        files: Files::in_memory(),
        courier: Arc::new(NoCourier),
        outbound: Arc::new(NoChannels),
        options: Options::default(),
        shard_inbox: INBOX,
        observer: Arc::new(Unobserved),
    };
    let owner = Owner { node: NodeId(1), incarnation: Incarnation(1) };
    let tenancy = Tenancy { shard: ShardId(0), owner, number: 1 };
    let reports = Supervisor.start().recipient();
    ShardHandle::new(ShardActor::new(tenancy, around, reports, Arc::default(), 1).start(), INBOX)
}

fn agent(name: &str) -> (EntityId, Caller) {
    let name = AgentName(name.to_owned());
    (EntityId::from(&name), Caller::Agent(name))
}

/// An agent signs in: a command, which is answered when it is in the log.
async fn signs_in(shard: &ShardHandle, name: &str) -> Outcome {
    let (entity, caller) = agent(name);
    let profile = Profile { nickname: name.to_owned(), capacity: 1, queues: Vec::new() };
    let act = Act::Desk(DeskAct::SignIn { profile });
    let command = Command { id: CommandId("sign-in".to_owned()), caller, act };
    shard.call(now(), Call { command: Some(command), ..Call::of(entity) }).await
}

async fn looks(shard: &ShardHandle, name: &str, version: u64, wait: Duration) -> Outcome {
    let (entity, caller) = agent(name);
    shard.call(now(), Call { read: Some((caller, Read::Desk { version })), wait, ..Call::of(entity) }).await
}

/// All calls of these tests are of one moment.
fn now() -> Now {
    SystemClock::default().now()
}

fn done(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Done(_))
}

/// Whether the call is told "busy" at once, without waiting for anybody.
fn busy(call: impl Future<Output = Outcome>) -> bool {
    matches!(call.now_or_never(), Some(Outcome::Busy))
}

#[actix_web::test]
async fn a_full_inbox_is_busy_while_the_store_is_down_and_serves_again_when_it_is_drained() {
    let store = MemoryStore::new(1);
    let shard = shard(&store);
    assert!(done(signs_in(&shard, "ann").await));
    store.set_down(true);
    let (first, second, ()) = tokio::join! {
        biased;
        signs_in(&shard, "bob"),
        signs_in(&shard, "cid"),
        async {
            assert!(busy(signs_in(&shard, "dan")), "the inbox has room for {INBOX}");
            assert!(busy(looks(&shard, "ann", 0, Duration::ZERO)), "a read has a place as well");
            store.set_down(false);
        }
    };
    assert!(done(first) && done(second), "what was taken is answered");
    let refused = looks(&shard, "dan", 0, Duration::ZERO).await;
    assert!(matches!(refused, Outcome::Refused(_)), "of a busy call nothing was done: {refused:?}");
    let (dan, ann) = tokio::join! { signs_in(&shard, "dan"), looks(&shard, "ann", 0, Duration::ZERO) };
    assert!(done(dan) && done(ann), "all places are free again");
}

#[actix_web::test]
async fn a_shard_that_is_being_opened_keeps_no_more_calls_than_its_inbox_and_answers_them_all() {
    let store = MemoryStore::new(1);
    store.set_down(true);
    let shard = shard(&store);
    let (first, second, ()) = tokio::join! {
        biased;
        signs_in(&shard, "ann"),
        signs_in(&shard, "bob"),
        async {
            assert!(busy(signs_in(&shard, "cid")));
            store.set_down(false);
        }
    };
    assert!(done(first) && done(second));
    assert!(done(signs_in(&shard, "cid").await));
}

#[actix_web::test]
async fn who_waits_for_news_takes_no_place_in_the_inbox() {
    let store = MemoryStore::new(1);
    let shard = shard(&store);
    assert!(done(signs_in(&shard, "ann").await));
    let Outcome::Done(desk) = looks(&shard, "ann", 0, Duration::ZERO).await else { panic!("no desk") };
    let Some(Reading::Desk(desk)) = desk.reading else { panic!("no desk") };
    let watches = || Box::pin(looks(&shard, "ann", desk.version, Duration::MAX));
    let mut watchers = [watches(), watches(), watches()];
    for watcher in &mut watchers {
        // Asked and parked, before the next one asks: the shard answers what came later.
        let asked = futures_util::poll!(watcher);
        assert!(asked.is_pending(), "{asked:?}");
        assert!(done(looks(&shard, "ann", 0, Duration::ZERO).await));
    }
    let (entity, caller) = agent("ann");
    let ready = Command { id: CommandId("ready".to_owned()), caller, act: Act::Desk(DeskAct::Ready) };
    assert!(done(shard.call(now(), Call { command: Some(ready), ..Call::of(entity) }).await));
    for watcher in watchers {
        assert!(done(watcher.await), "each hears of it");
    }
}

#[actix_web::test]
async fn a_bot_that_the_configuration_has_no_longer_is_taken_out() {
    let shard = shard(&MemoryStore::new(1));
    let (entity, caller) = (EntityId::of_text("0000000000000ann"), Caller::key([7; 32]));
    let bot = Bot { name: BotName("gone".to_owned()), nickname: "Robin".to_owned() };
    let opening = Opening { bot: Some(bot), ..opening() };
    let act = Act::Open(Box::new(opening));
    let start = Command { id: CommandId("start".to_owned()), caller: caller.clone(), act };
    assert!(done(shard.call(now(), Call { command: Some(start), ..Call::of(entity.clone()) }).await));
    let removed = async {
        let mut position = 1;
        loop {
            let read = Some((caller.clone(), Read::Customer { position }));
            let outcome =
                shard.call(now(), Call { read, wait: Duration::MAX, ..Call::of(entity.clone()) }).await;
            let Outcome::Done(Done { reading: Some(Reading::View(view)), .. }) = outcome else {
                panic!("no view: {outcome:?}")
            };
            let left = |event: &Event| matches!(event.body, Body::Left { reason: LeaveReason::Removed, .. });
            if view.events.iter().any(left) {
                return;
            }
            position = view.next_position;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), removed).await.expect("it never left");
}

/// No other node.
struct Alone;

#[async_trait]
impl Peers for Alone {
    async fn call(&self, to: NodeId, _: Bytes, _: Duration) -> Result<Bytes, PeerError> {
        Err(PeerError::NoLink(to))
    }

    fn notify(&self, _: NodeId, _: Bytes) -> bool {
        false
    }

    fn owner_of(&self, _: NodeId) -> Option<Owner> {
        None
    }

    fn connect(&self, _: Owner, _: String) {}

    fn disconnect(&self, _: Owner) {}

    fn rejoin(&self, _: Owner) {}
}

/// The router of a node that owns the one shard there is.
fn router(store: &MemoryStore, list: MemberList) -> Router {
    let directory = Arc::new(ShardDirectory::new(1));
    directory.set(ShardId(0), Some(Arc::new(shard(store))));
    Router {
        node: NodeId(1),
        list: Arc::new(ArcSwap::from_pointee(list)),
        directory,
        peers: Arc::new(Alone),
        tables: Arc::new(store.node(NodeId(1))),
        clock: Arc::new(SystemClock::default()),
        node_state: Arc::new(NodeState::default()),
        observer: Arc::new(Unobserved),
        random: Arc::new(|| [7; 16]),
    }
}

#[cfg(feature = "next-version")]
#[actix_web::test]
async fn a_command_that_the_cluster_s_version_does_not_know_never_reaches_its_owner() {
    use handoff_chat::protocol::PROTOCOL_NEXT;
    let store = MemoryStore::new(1);
    for (protocol, expected) in [
        (PROTOCOL_NEXT - 1, Reject::NotYet { since: PROTOCOL_NEXT }),
        // Its owner keeps to the first version: it has not been claimed since.
        (PROTOCOL_NEXT, Reject::Unknown),
    ] {
        let router = router(&store, MemberList { protocol, ..MemberList::new(1) });
        let id = CommandId("wave".to_owned());
        let command = Command { id, caller: Caller::key([7; 32]), act: Act::Wave };
        let call = Call { command: Some(command), ..Call::of(EntityId::of_text(&format!("{:0>16}", "ann"))) };
        assert_eq!(router.call(call).await.err(), Some(CallError::Rejected(expected)));
    }
}

#[actix_web::test]
async fn the_start_id_of_a_session_that_was_put_away_starts_no_other() {
    let store = MemoryStore::new(1);
    let tables = store.node(NodeId(1));
    let router = router(&store, MemberList::new(1));
    let start = |name: &str| {
        let identity = Identity::Key(StoredKey { hash: [7; 32], sealed: Some([7; 16]) });
        let channel = Channel { identity, ..opening().terms.channel };
        let opening = Opening { terms: Terms { channel, ..opening().terms }, ..opening() };
        let act = Act::Open(Box::new(opening));
        let caller = Caller::key([7; 32]);
        Call {
            entity: EntityId::of_text(&format!("{name:0>16}")),
            command: Some(Command { id: CommandId("start".to_owned()), caller, act }),
            read: None,
            client_id: true,
            patience: Duration::from_secs(60),
            wait: Duration::ZERO,
        }
    };
    for _ in 0..2 {
        assert!(router.call(start("ann")).await.is_ok(), "a repeat finds its own session");
    }
    // All that is left of a session that was put away: a record that nobody closed.
    let gone = start("gone");
    let row = Row { key: gone.entity.to_string(), row: OPENING_ROW, body: Bytes::from_static(b"opened") };
    tables.put_once(Table::Record, vec![row]).await.unwrap();
    let refused = router.call(gone).await;
    assert!(matches!(refused, Err(CallError::Rejected(Reject::IdInUse))), "{refused:?}");
}
