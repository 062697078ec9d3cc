//! What nodes say to each other over the peer links, beside what their supervisors say.

use bincode::{Decode, Encode};
use handoff_shard::Call;
use handoff_shard::listing::{EntityQuery, EntitySummary};

/// What a node asks another.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum Request {
    /// For an entity there, never forwarded again; answered by an [`Outcome`](handoff_shard::Outcome).
    Call(Box<Call>),
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
