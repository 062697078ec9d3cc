//! What gateways and operators may ask of a node, whatever node serves it.
//!
//! A gateway never knows where a session lives: it asks [`Sessions`], which finds the owner, forwards at most one
//! hop, and waits out a takeover. Gateways can be tested against a [`Sessions`] of their own.

use async_trait::async_trait;
use handoff_chat::command::{Answer, Caller, Command, Read, Reading, Reject};
use handoff_chat::{EntityId, Millis, SessionId};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use thiserror::Error;

/// A call for one entity: a command, a read, or a command and then a read of what it left.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The session, queue or agent.
    pub entity: EntityId,
    /// Decided first. Its id is the client's, or minted by the gateway and kept through its repeats.
    pub command: Option<Command>,
    /// Read afterwards, in the same turn.
    pub read: Option<(Caller, Read)>,
    /// Whether the command's id is the client's own: then "again" may be answered even where the outcome is unknown.
    pub client_id: bool,
    /// How long the caller waits.
    pub patience: Duration,
    /// How long a read that finds nothing new waits at the owner for something, within the patience.
    pub wait: Duration,
}

/// What was told.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// The command's answer; committed.
    pub answer: Option<Answer>,
    /// What was read; all of it committed. Never [`Reading::NeedsHistory`]: history was read already. None where a read
    /// waited and nothing new came.
    pub reading: Option<Reading>,
}

/// Why nothing was told.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AskError {
    /// The session refuses; a repeat does not help.
    #[error(transparent)]
    Rejected(#[from] Reject),
    /// Nothing was committed, try again: the shard moves, or this node can't reach it.
    #[error("not served at the moment, try again")]
    Again,
    /// Nothing was committed: too much waits already.
    #[error("busy, try again")]
    Busy,
    /// The caller's patience ended and it is not known whether the command was committed.
    #[error("no answer in time, and it is not known whether it was done")]
    Unknown,
}

/// The sessions of the cluster.
#[async_trait]
pub trait Sessions: Send + Sync + 'static {
    /// Asks the session's owner and waits for the committed answer.
    ///
    /// # Errors
    /// [`AskError`]; only `Unknown` leaves open whether the command was committed.
    async fn ask(&self, ask: Ask) -> Result<Told, AskError>;

    /// A new session's id, minted so that this node owns its shard where it owns any.
    fn mint(&self) -> SessionId;

    /// Whether this node gives its shards away: clients that stay connected are led elsewhere.
    fn leaving(&self) -> bool;

    /// The addresses at which clients reach the nodes that serve, this one's first where it does.
    fn nodes(&self) -> Vec<String>;

    /// Whether this node can serve: not draining, in the member list, able to commit.
    fn ready(&self) -> Result<(), String>;
}

/// What agents may look up beside their chats.
#[async_trait]
pub trait Archive: Send + Sync + 'static {
    /// Who the customer of a chat is, and his earlier chats; `None`: he said nothing to be found by.
    ///
    /// # Errors
    /// A sentence for the log: it can't be read now.
    async fn past(&self, chat: &SessionId) -> Result<Option<Past>, String>;

    /// The page of a chat's record whose first event has this `seq`; `None`: unknown.
    ///
    /// # Errors
    /// As [`Archive::past`].
    async fn transcript(&self, chat: &SessionId, from: u64) -> Result<Option<TranscriptPage>, String>;
}

/// A contact with his chats, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// His id; `None`: it is not to be known.
    pub contact: Option<String>,
    /// First name, last name, e-mail address.
    pub names: [String; 3],
    /// When he was first met; `None`: it is not to be known.
    pub since: Option<Millis>,
    /// The names and the address that the start of the present chat itself gave.
    pub said: [String; 3],
    /// Whether the site signed who starts the present chat.
    pub verified: bool,
    /// His chats, the present one too.
    pub records: Vec<PastChat>,
}

/// One chat of a contact.
#[derive(Debug, Clone, PartialEq)]
pub struct PastChat {
    /// Which.
    pub chat: SessionId,
    /// The service.
    pub service: String,
    /// The subject.
    pub subject: String,
    /// When it started.
    pub started_at: Millis,
    /// When it ended; `None`: it has not, or its record is not closed yet.
    pub ended_at: Option<Millis>,
    /// Whether the site signed who started it.
    pub verified: bool,
}

/// One member as operators see it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MemberStatus {
    /// Node number.
    pub id: u16,
    /// Its incarnation, 16 hex digits.
    pub incarnation: String,
    /// Its customers' address.
    pub http: String,
    /// `joining`, `up`, `leaving` or `down`.
    pub state: String,
    /// How many shards the list assigns to it.
    pub shards: usize,
    /// The newest protocol version that it reads.
    pub protocol: u16,
    /// Its build.
    pub build: String,
}

/// A node's view of the cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClusterStatus {
    /// This node.
    pub id: u16,
    /// This node's state: `starting`, `up`, `draining`.
    pub state: String,
    /// The member list's version.
    pub version: u64,
    /// The protocol version that stored bytes keep to.
    pub protocol: u16,
    /// Shards that this node serves right now.
    pub shards: usize,
    /// Sessions awake or asleep in those shards that have not ended.
    pub sessions: usize,
    /// All members.
    pub members: Vec<MemberStatus>,
}

/// One shard as operators see it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ShardStatus {
    /// Its number.
    pub shard: u16,
    /// The node it is assigned to.
    pub assigned: Option<u16>,
    /// `serving`, `opening`, `releasing` or `elsewhere`, as this node sees it.
    pub state: String,
    /// Its epoch, where this node owns it.
    pub epoch: Option<u64>,
    /// Segment and next frame, where this node owns it.
    pub position: Option<(u64, u64)>,
    /// Entities it holds here.
    pub entities: usize,
}

/// What came of raising the protocol version that stored bytes keep to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raised {
    /// What it was.
    pub from: u16,
    /// What it is now.
    pub to: u16,
    /// The nodes that read no more than that, where others do.
    pub held_back_by: Vec<u16>,
}

/// What operators may ask of a node.
#[async_trait]
pub trait Operations: Send + Sync + 'static {
    /// This node's view of the cluster.
    async fn cluster(&self) -> ClusterStatus;
    /// All shards as this node sees them.
    async fn shards(&self) -> Vec<ShardStatus>;
    /// Starts to give all shards away; returns when the last has moved, or why it could not.
    ///
    /// # Errors
    /// A sentence for the operator.
    async fn drain(&self) -> Result<(), String>;
    /// Lets stored bytes be of the newest protocol version that every live member reads; older builds can't join then.
    ///
    /// # Errors
    /// A sentence for the operator; a repeat does no harm.
    async fn raise(&self) -> Result<Raised, String>;
    /// The durable events of a session, live or closed, from a place on, as many as are held at once; `None`: unknown.
    ///
    /// # Errors
    /// A sentence for the operator.
    async fn record(&self, session: &SessionId, from: RecordPlace) -> Result<Option<RecordPiece>, String>;
    /// Live entities of the whole cluster. Also says which shards could not be asked.
    async fn list(&self, wanted: &Wanted) -> (Vec<EntitySummary>, Vec<u16>);
    /// Closed records. A page may be short, or empty, and still say where the next one goes on: looking for records
    /// that are wanted has an end, however many others there are.
    ///
    /// # Errors
    /// A sentence for the operator: they can't be read now.
    async fn records(&self, wanted: &RecordsWanted) -> Result<RecordsPage, String>;
}

/// Which of the cluster's entities are wanted: those of one kind, in order of id, after `after`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
pub struct Wanted {
    /// `session`, `queue` or `agent`.
    pub kind: String,
    /// Only those in this state.
    pub state: Option<String>,
    /// Only those of this service.
    pub service: Option<String>,
    /// Only those in this queue.
    pub queue: Option<String>,
    /// Only those of this agent.
    pub agent: Option<String>,
    /// Only those after this id.
    pub after: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// An entity at a glance: nothing that was said, and nobody's name but the agent's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
pub struct EntitySummary {
    /// Its id; for queues and agents their name.
    pub id: String,
    /// The shard it belongs to.
    pub shard: u16,
    /// Sessions: `open`, `ended`, `asleep` or `out of service`. Agents: `ready`, `not ready` or `signed out`.
    /// Queues: `open`.
    pub state: String,
    /// Sessions: the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Sessions: where the interaction is: `workflow`, `queue`, `offer`, `agent` or `done`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Sessions: the queue it waits in or came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// Sessions: the agent it is offered to or with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Sessions: when it started. Queues: since when the first has waited. Milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<i64>,
    /// Queues: how many wait. Agents: how many offers and chats they have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    /// Queues: how many agents could take one. Agents: the most they take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<usize>,
    /// Queues in which chats wait: why nobody may ever come for them, by the configuration of the queue's owner:
    /// `not configured` or `no agent serves it`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

impl EntitySummary {
    /// An entity of which nothing more is known.
    #[must_use]
    pub fn new(id: impl Into<String>, shard: u16, state: &str) -> Self {
        Self {
            id: id.into(),
            shard,
            state: state.to_owned(),
            service: None,
            place: None,
            queue: None,
            agent: None,
            since_ms: None,
            count: None,
            capacity: None,
            trouble: None,
        }
    }
}

/// A closed record at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSummary {
    /// The session.
    pub id: String,
    /// The service.
    pub service: String,
    /// Milliseconds since 1970.
    pub started_at_ms: i64,
    /// Milliseconds since 1970.
    pub ended_at_ms: i64,
    /// Where the next page goes on.
    pub cursor: String,
}

/// A page of closed records, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RecordsPage {
    /// The records.
    pub items: Vec<RecordSummary>,
    /// Where the next page goes on; none: this is the last.
    pub next: Option<String>,
}

/// A place in the list of closed records. As text, `MILLISECONDS.ID`, it is opaque to callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordCursor {
    /// When a record ended, in milliseconds since 1970.
    pub ended_at_ms: u64,
    /// Its session; empty: before all that ended then.
    pub id: String,
}

impl std::fmt::Display for RecordCursor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{}", self.ended_at_ms, self.id)
    }
}

impl std::str::FromStr for RecordCursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "it is the `next` or a `cursor` of an answer, as it was there";
        let (moment, id) = text.split_once('.').ok_or(WRONG)?;
        let ended_at_ms = moment.parse().map_err(|_| WRONG)?;
        let cursor = Self { ended_at_ms, id: id.to_owned() };
        // Also refuses what parses and was never written so: signs, leading zeros.
        let ours = (id.is_empty() || SessionId::parse(id).is_some()) && cursor.to_string() == text;
        ours.then_some(cursor).ok_or(WRONG)
    }
}

/// Which closed records are wanted, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordsWanted {
    /// Only those of this service.
    pub service: Option<String>,
    /// Only those that ended at or after this moment, in milliseconds since 1970.
    pub from_ms: u64,
    /// Only those that ended before this moment, in milliseconds since 1970; not set: all.
    pub to_ms: Option<u64>,
    /// Only those that come after this place in the list: older ones.
    pub after: Option<RecordCursor>,
    /// At most so many.
    pub limit: usize,
}

/// A place in a record, at which reading goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordPlace {
    /// The `seq` of the first event wanted.
    pub next: u64,
    /// The `seq` of the last event there is, where the record is known to be final.
    pub last: Option<u64>,
}

impl RecordPlace {
    /// Where every record begins.
    pub const START: Self = Self { next: 1, last: None };
}

/// A piece of a record: as many events as a node holds at once, in order and without a gap.
#[derive(Debug, Clone)]
pub struct RecordPiece {
    /// Whether the closing row exists: then the record is final.
    pub closed: bool,
    /// The durable events.
    pub events: Vec<handoff_chat::session::Event>,
    /// Where the next piece begins; `None`: this is the last.
    pub next: Option<RecordPlace>,
}

/// A page of a transcript, small enough for one frame of a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranscriptPage {
    /// The JSON transcript of the page's own events.
    pub json: Vec<u8>,
    /// The `seq` at which the next page begins; `None`: this is the last.
    pub next: Option<u64>,
}
