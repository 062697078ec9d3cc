//! What gateways and operators may ask of a node, whatever node serves it.
//!
//! A gateway never knows where a session lives: it asks [`Sessions`], which finds the owner, forwards at most one
//! hop, and waits out a takeover. Gateways can be tested against a [`Sessions`] of their own.

use async_trait::async_trait;
use handoff_chat::SessionId;
use handoff_chat::session::{Answer, Caller, Command, Read, Reading, Reject};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use thiserror::Error;

/// A call for one session: a command, a read, or a command and then a read of what it left.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The session.
    pub session: SessionId,
    /// Decided first. Its id is the client's, or minted by the gateway and kept through its repeats.
    pub command: Option<Command>,
    /// Read afterwards, in the same turn.
    pub read: Option<(Caller, Read)>,
    /// Whether the command's id is the client's own: then "again" may be answered even where the outcome is unknown.
    pub client_id: bool,
    /// How long the caller waits.
    pub patience: Duration,
}

/// What was told.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// The command's answer; committed.
    pub answer: Option<Answer>,
    /// What was read; all of it committed. Never [`Reading::NeedsHistory`]: history was read already.
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

    /// Whether this node can serve: not draining, in the member list, able to commit.
    fn ready(&self) -> Result<(), String>;
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
    /// The durable events of a session, live or closed, with whether it is closed; `None`: unknown.
    ///
    /// # Errors
    /// A sentence for the operator.
    async fn record(&self, session: &SessionId) -> Result<Option<RecordView>, String>;
}

/// A record as read at some moment.
#[derive(Debug, Clone)]
pub struct RecordView {
    /// Whether the closing row exists: then it is final.
    pub closed: bool,
    /// The durable events in order.
    pub events: Vec<handoff_chat::session::Event>,
}
