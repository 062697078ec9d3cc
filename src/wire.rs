//! What nodes say to each other over the peer links, beside what their supervisors say.

use crate::ports::Told;
use crate::shard::ShardReply;
use crate::shard::listing::{EntityQuery, EntitySummary};
use bincode::{Decode, Encode};
use handoff_chat::EntityId;
use handoff_chat::command::{Answer, Caller, Command, Read, Reading, Reject};
use handoff_journal::Owner;

/// What a node asks another.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum Request {
    /// For an entity there; answered [`Returned`].
    Ask(Forwarded),
    /// What its shards hold; answered [`Listed`].
    List(EntityQuery),
}

/// What the shards of a node hold.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub struct Listed {
    /// Which shards were asked.
    pub shards: Vec<u16>,
    /// The first of their entities that are wanted, in order of id.
    pub entities: Vec<EntitySummary>,
}

/// A call that a gateway forwards to a shard's owner; never forwarded again.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Forwarded {
    /// The session, queue or agent that is called.
    pub entity: EntityId,
    /// Decided before anything is read; none: nothing is to be done.
    pub command: Option<Command>,
    /// Read in the same turn, by whom and what; none: the answer is enough.
    pub read: Option<(Caller, Read)>,
    /// How long the gateway still waits, in milliseconds.
    pub patience_ms: u64,
    /// How long a read that finds nothing new waits for something, in milliseconds.
    pub wait_ms: u64,
}

/// What the owner answers.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum Returned {
    /// See [`ShardReply::Told`].
    Told(Option<Answer>, Option<Reading>),
    /// See [`ShardReply::Refused`].
    Refused(Reject),
    /// See [`ShardReply::Busy`].
    Busy,
    /// See [`ShardReply::Again`].
    Again,
    /// See [`ShardReply::NotOwner`].
    NotOwner(Option<Owner>),
    /// The shard's actor ended with the call in it: not known.
    Unknown,
}

impl From<Option<ShardReply>> for Returned {
    fn from(reply: Option<ShardReply>) -> Self {
        match reply {
            Some(ShardReply::Told(told)) => Self::Told(told.answer, told.reading),
            Some(ShardReply::Refused(reject)) => Self::Refused(reject),
            Some(ShardReply::Busy) => Self::Busy,
            Some(ShardReply::Again) => Self::Again,
            Some(ShardReply::NotOwner(owner)) => Self::NotOwner(owner),
            None => Self::Unknown,
        }
    }
}

impl From<Returned> for Option<ShardReply> {
    fn from(returned: Returned) -> Self {
        Some(match returned {
            Returned::Told(answer, reading) => ShardReply::Told(Told { answer, reading }),
            Returned::Refused(reject) => ShardReply::Refused(reject),
            Returned::Busy => ShardReply::Busy,
            Returned::Again => ShardReply::Again,
            Returned::NotOwner(owner) => ShardReply::NotOwner(owner),
            Returned::Unknown => return None,
        })
    }
}
