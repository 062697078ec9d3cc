//! A shard's core whose actions are carried out by hand, over the memory store.

use crate::core::ShardCore;
use crate::entity_state::EntityState;
use crate::pipeline::Step;
use crate::recovery::{JournalFrames, recover, recover_session};
use crate::*;
use handoff_chat::channel::{Channel, Presence, Proof};
use handoff_chat::command::{Act, Answer, ChatAnswer, Reading, View};
use handoff_chat::happening::Happening;
use handoff_chat::key::StoredKey;
use handoff_chat::opening::{Limits, Opening};
use handoff_chat::workflow::{self, Known};
use handoff_chat::{CommandId, Millis, QueueName};
use handoff_journal::memory::{MemoryNode, MemoryStore};
use handoff_journal::{Claimed, Incarnation, Journal, JournalError, NodeId, Owner, ShardId, Table, Tables};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::collections::BTreeMap;
use tokio::sync::oneshot;

pub(super) const CUSTOMER: Caller = Caller::Customer(Proof::Key([7; 32]));

pub(super) struct Rig {
    pub(super) store: MemoryStore,
    pub(super) node: MemoryNode,
    pub(super) claimed: Claimed,
    pub(super) core: ShardCore,
    pub(super) now: Now,
    pub(super) effects: Vec<(EntityId, EffectId)>,
    pub(super) happened: Vec<Happening>,
    pub(super) trims: Vec<u64>,
    pub(super) fenced: bool,
    /// What becomes of reading the log of an entity in doubt again.
    pub(super) rereads: Reread,
    /// What becomes of the snapshots that are loaded.
    pub(super) snapshots: Snapshots,
}

/// What the log gives when it is read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reread {
    Whole,
    Unknown,
    Damaged,
    /// To apply what it says panics.
    Panics,
}

/// What the store gives for a snapshot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Snapshots {
    Whole,
    Damaged,
    Missing,
    Unknown,
}

pub(super) fn session(name: &str) -> EntityId {
    EntityId::of_text(&format!("{name:0>16}"))
}

pub(super) fn opening() -> Opening {
    let limits = Limits::new(1000, 100_000, 1_000);
    let key = StoredKey { hash: [7; 32], sealed: None };
    let channel = Channel::with_key("web", key, Presence::Calls { lost_after_ms: 45_000 });
    Opening { nickname: "Ann".into(), ..Opening::new("default", channel, limits) }
}

/// Panics in this phase of the commands that are meant.
pub(super) fn panics(phase: Phase, meant: fn(&Command) -> bool) -> Option<FaultHook> {
    Some(Arc::new(move |_, command, at| assert!(!(at == phase && meant(command)), "struck")))
}

/// Whether it is a message that begins with "bad".
pub(super) fn is_bad(command: &Command) -> bool {
    matches!(&command.act, Act::Send { text, .. } if text.starts_with("bad"))
}

pub(super) fn send(id: &str, text: &str) -> Command {
    let act = Act::Send { text: text.into(), message_type: None };
    Command { id: CommandId(id.into()), caller: CUSTOMER, act }
}

impl Rig {
    pub(super) async fn open(store: &MemoryStore, incarnation: u64, options: Options) -> Self {
        Self::open_at(store, incarnation, options, Now { wall: Millis(1_000_000), mono: Mono(0) }).await
    }

    pub(super) async fn open_at(store: &MemoryStore, incarnation: u64, options: Options, now: Now) -> Self {
        let node = store.node(NodeId(1));
        let owner = Owner { node: NodeId(1), incarnation: Incarnation(incarnation) };
        let claimed = node.claim(ShardId(0), owner).await.unwrap();
        let frames = JournalFrames { journal: &node, tenure: &claimed.tenure, reads: options.reads };
        let recovered = recover(&frames, &claimed).await.unwrap();
        let rng = StdRng::seed_from_u64(incarnation);
        let (tenure, next) = (claimed.tenure.clone(), claimed.next);
        let core = ShardCore::open(tenure, next, recovered, options, Some(now.wall), now, rng).unwrap();
        let store = store.clone();
        let mut rig = Self {
            store,
            node,
            claimed,
            core,
            now,
            effects: Vec::new(),
            happened: Vec::new(),
            trims: Vec::new(),
            fenced: false,
            rereads: Reread::Whole,
            snapshots: Snapshots::Whole,
        };
        rig.settle().await;
        rig
    }

    pub(super) fn ask(
        &mut self,
        session: &EntityId,
        command: Option<Command>,
        position: Option<u64>,
    ) -> oneshot::Receiver<Outcome> {
        let read = position.map(|position| (CUSTOMER, Read::Customer { position }));
        self.call(session, command, read, None)
    }

    /// A read that waits for something new.
    pub(super) fn wait(
        &mut self,
        session: &EntityId,
        position: u64,
        wait_ms: u64,
    ) -> oneshot::Receiver<Outcome> {
        let read = Some((CUSTOMER, Read::Customer { position }));
        self.call(session, None, read, Some(self.now.mono.after(wait_ms)))
    }

    /// Any call; what it is answered comes to the receiver.
    pub(super) fn call(
        &mut self,
        entity: &EntityId,
        command: Option<Command>,
        read: Option<(Caller, Read)>,
        wait_until: Option<Mono>,
    ) -> oneshot::Receiver<Outcome> {
        let (sender, receiver) = oneshot::channel();
        let call = Call { command, read, ..Call::of(entity.clone()) };
        let reply = Some(ReplyTo { sender, permit: None });
        let envelope = Envelope { wait_until, ..Envelope::new(self.now, call, reply) };
        self.core.call(self.now, envelope);
        self.core.flush(self.now);
        receiver
    }

    pub(super) async fn tell(&mut self, session: &EntityId, command: Command) -> Result<ChatAnswer, Outcome> {
        let mut receiver = self.ask(session, Some(command), None);
        self.settle().await;
        match receiver.try_recv().unwrap() {
            Outcome::Done(told) => Ok(told.answer.and_then(Answer::chat).unwrap()),
            other => Err(other),
        }
    }

    pub(super) async fn start(&mut self, name: &str) -> EntityId {
        self.start_with(name, opening()).await
    }

    /// Starts a chat with a workflow that may route to this queue.
    pub(super) async fn start_routed(&mut self, name: &str, workflow: &str, queue: &QueueName) -> EntityId {
        let known = Known { bots: BTreeMap::new(), queues: BTreeMap::from([(queue.clone(), 600_000)]) };
        let workflow = Some(Arc::new(workflow::read("w", workflow, &known).unwrap()));
        self.start_with(name, Opening { workflow, ..opening() }).await
    }

    async fn start_with(&mut self, name: &str, opening: Opening) -> EntityId {
        let id = session(name);
        let act = Act::Open(Box::new(opening));
        self.tell(&id, Command { id: CommandId("start".into()), caller: CUSTOMER, act }).await.unwrap();
        id
    }

    pub(super) async fn view(&mut self, session: &EntityId) -> View {
        let mut receiver = self.ask(session, None, Some(1));
        self.settle().await;
        match receiver.try_recv().unwrap() {
            Outcome::Done(Done { reading: Some(Reading::View(view)), .. }) => view,
            other => panic!("no view: {other:?}"),
        }
    }

    /// Carries out what the core wants until it wants nothing.
    pub(super) async fn settle(&mut self) {
        loop {
            self.core.flush(self.now);
            let actions = self.core.take_actions();
            if actions.is_empty() || self.fenced {
                return;
            }
            for action in actions {
                self.act(action).await;
            }
        }
    }

    pub(super) async fn act(&mut self, action: Action) {
        let (node, now) = (self.node.clone(), self.now);
        let tenure = self.claimed.tenure.clone();
        match action {
            Action::Journal(Step::Append { at, frame }) => match node.append(&tenure, at, &frame).await {
                Ok(()) => self.core.appended(now),
                Err(JournalError::Fenced { owner, .. }) => {
                    self.fenced = true;
                    self.core.fenced(Some(owner));
                }
                Err(error) => panic!("{error}"),
            },
            Action::AskPermit => self.core.cleared(now),
            Action::Journal(Step::Roll { at }) => {
                let next = node.roll(&tenure, at).await.unwrap();
                self.core.rolled(now, next);
            }
            Action::Journal(Step::Confirm) => match node.confirm(&tenure).await {
                Ok(()) => self.core.confirmed(now),
                Err(_) => {
                    self.fenced = true;
                    self.core.fenced(None);
                }
            },
            Action::Trim { segment } => {
                node.trim(&tenure, segment).await.unwrap();
                self.trims.push(segment);
            }
            Action::Send(Output::Reply(reply)) => self.reply(*reply).await,
            // As its actor: of whoever is not awake nothing is to be had.
            Action::Send(Output::Effect { entity, id }) => {
                if self.core.entities.awake(&entity).is_some() {
                    self.effects.push((entity, id));
                }
            }
            Action::Send(Output::Happened(happened)) => self.happened.extend(happened),
            Action::LoadSnapshot { entity, key } => {
                let body = node.get(Table::Snapshot, &key, 0).await.unwrap().unwrap();
                match self.snapshots {
                    Snapshots::Whole => self.core.woken(now, &entity, &body),
                    Snapshots::Damaged => self.core.woken(now, &entity, &body[..body.len() / 2]),
                    Snapshots::Missing => self.core.snapshot_missing(now, &entity),
                    Snapshots::Unknown => self.core.wake_failed(now, &entity),
                }
            }
            Action::PutSnapshot { entity, key, body } => {
                let row = Row { key, row: 0, body: body.into() };
                node.put_once(Table::Snapshot, vec![row]).await.unwrap();
                self.core.snapshot_written(now, &entity, true);
            }
            Action::PutHistory { entity, rows, through } => {
                node.put_once(Table::Record, rows).await.unwrap();
                self.core.history_written(now, &entity, through, true);
            }
            Action::Rebuild { entity } if self.rereads == Reread::Panics => {
                self.core.rebuilt(now, &entity, Some(EntityState::Quarantined { state: None }));
            }
            Action::Rebuild { entity } if self.rereads != Reread::Whole => {
                self.core.rebuild_failed(now, &entity, self.rereads == Reread::Damaged);
            }
            Action::Rebuild { entity } => {
                let frames = JournalFrames { journal: &node, tenure: &tenure, reads: 1 };
                let mut claimed = self.claimed.clone();
                claimed.next = self.core.position();
                let state = recover_session(&frames, &claimed, &entity, now.mono).await.unwrap();
                self.core.rebuilt(now, &entity, state);
            }
        }
    }

    pub(super) async fn reply(&mut self, Reply { to, outcome, read }: Reply) {
        let needs = match &outcome {
            Outcome::Done(Done { reading: Some(Reading::NeedsHistory(missing)), .. }) => Some(*missing),
            _ => None,
        };
        let (Some(missing), Some((entity, caller, what))) = (needs, read) else {
            return to.send(outcome);
        };
        let session = entity.session().unwrap();
        let history = crate::history::missing(&self.node, &session, missing).await.unwrap();
        let reading = self.core.complete_reading(&entity, &caller, &what, history).unwrap();
        to.send(Outcome::Done(Done { answer: None, reading: Some(reading) }));
    }

    pub(super) fn pass(&mut self, ms: u64) {
        self.now.mono = self.now.mono.after(ms);
        self.now.wall.0 += i64::try_from(ms).unwrap();
        self.core.tick(self.now);
    }

    pub(super) async fn texts(&mut self, session: &EntityId) -> Vec<String> {
        let view = self.view(session).await;
        view.events
            .iter()
            .filter_map(|event| match &event.body {
                handoff_chat::event::Body::Message { text, .. } => Some(text.show().into_owned()),
                _ => None,
            })
            .collect()
    }
}
