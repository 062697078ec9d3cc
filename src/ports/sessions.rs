//! The cluster's sessions, queues and agents, as gateways reach them.

use super::NotReady;
use async_trait::async_trait;
use handoff_chat::SessionId;
use handoff_chat::command::Reject;
use handoff_shard::{Call, Done};
use thiserror::Error;

/// Why nothing was done, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CallError {
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
    /// Calls the entity at its owner and waits for the committed answer.
    ///
    /// # Errors
    /// [`CallError`]; only `Unknown` leaves open whether the command was committed.
    async fn call(&self, call: Call) -> Result<Done, CallError>;

    /// A new session's id, minted so that this node owns its shard where it owns any.
    fn mint(&self) -> SessionId;

    /// Whether this node gives its shards away: clients that stay connected are led elsewhere.
    fn leaving(&self) -> bool;

    /// The addresses at which clients reach the nodes that serve, this one's first where it does.
    fn nodes(&self) -> Vec<String>;

    /// Whether this node can serve: not draining, in the member list, able to commit.
    ///
    /// # Errors
    /// [`NotReady`]: why not.
    fn ready(&self) -> Result<(), NotReady>;
}
