//! Why a node can't do what its gateways and operators ask.

use super::CallError;
use handoff_journal::TablesError;
use thiserror::Error;

/// Why what is stored can't be read now. A repeat may help, unless it is damaged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadError {
    /// The store fails, or has what can't be read.
    #[error(transparent)]
    Store(#[from] TablesError),
    /// The store took too long.
    #[error("the store gave no answer in time")]
    Late,
    /// Whoever has the live session can't be asked, or answers something else.
    #[error("the session's owner can't be asked: {0}")]
    Owner(CallError),
    /// A record that was being read is no longer there.
    #[error("it is gone")]
    Gone,
    /// A transcript can't be made of it.
    #[error("the transcript can't be written: {0}")]
    Transcript(String),
}

/// Why a node did not give all its shards away.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DrainError {
    /// It could not, or had to stop before.
    #[error("{0}")]
    Failed(String),
    /// The node's life ended without a word.
    #[error("the node has ended")]
    Ended,
}

/// Why the protocol version of what is stored is not raised.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RaiseError {
    /// The store does not answer; a write may have been done all the same.
    #[error(transparent)]
    Store(#[from] TablesError),
    /// The member list can't be read or written.
    #[error("{0}")]
    List(String),
    /// Nobody has joined yet.
    #[error("there is no member list yet")]
    NoList,
    /// The list changed all the time.
    #[error("the member list changes all the time; try again")]
    Busy,
}

/// Why a node does not serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotReady {
    /// It has not joined.
    #[error("starting: not a member yet")]
    Starting,
    /// It gives its shards away.
    #[error("draining")]
    Draining,
    /// Nothing can be committed until there is room.
    #[error("the store's disk is full: nothing can be committed until there is room")]
    StoreFull,
    /// Nothing can be committed until the store answers.
    #[error("the store does not answer: nothing can be committed")]
    StoreAway,
}
