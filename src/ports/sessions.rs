//! The cluster's sessions, queues and agents, as gateways reach them.

use async_trait::async_trait;
use handoff_chat::command::{Answer, Caller, Command, Read, Reading, Reject};
use handoff_chat::{EntityId, SessionId};
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

/// The answer to an ask, and what was read after it.
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
