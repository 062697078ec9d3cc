//! What a shard's actor is told, asked and tells.

use crate::ports::ShardStage;
use actix::Message;
use handoff_chat::EntityId;
use handoff_chat::command::Command;
use handoff_journal::{Epoch, Owner, ShardId};
use handoff_shard::Envelope;
use handoff_shard::census::Census;
use handoff_shard::listing::{EntityQuery, EntitySummary};
use handoff_shard::outage::StoreHealth;

/// Which shard is to be held by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tenancy {
    /// The shard that is claimed.
    pub shard: ShardId,
    /// Who claims it.
    pub owner: Owner,
    /// The supervisor's number of this tenure.
    pub number: u64,
}

/// What a shard tells the supervisor.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct ShardReport {
    /// Which tenure of which shard.
    pub tenancy: Tenancy,
    /// What happened to it.
    pub news: ShardEvent,
}

/// What happened to a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShardEvent {
    /// It serves, in this epoch.
    Opened(Epoch),
    /// It is this later owner's, and has dropped everything.
    Fenced(Owner),
    /// It gave everything back as asked: nothing of ours is on its way any more.
    Released,
    /// It can't be opened, or the store refuses, for this reason; it has dropped everything.
    Failed(String),
}

/// A call of a gateway or of another entity.
#[derive(Message)]
#[rtype(result = "()")]
pub struct CallIn(pub Envelope);

/// What an entity of the shard asks of itself: an effect is done.
#[derive(Message)]
#[rtype(result = "()")]
pub struct OwnCommand {
    /// The entity.
    pub entity: EntityId,
    /// Its id names the effect.
    pub command: Command,
}

/// Something was decided: see what is to be done.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Work;

/// Give the shard to this owner: commit and answer what was taken, take no more, and report.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Release(pub Option<Owner>);

/// Drop everything at once: it is known to be somebody else's.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Drop(pub Option<Owner>);

/// This process may have been stopped for a while.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Distrust;

/// How the store is.
#[derive(Message)]
#[rtype(result = "()")]
pub struct StoreHealthIs(pub StoreHealth);

/// Which of the shard's entities are wanted by operators; `None` while it does not serve.
#[derive(Message)]
#[rtype(result = "Option<Vec<EntitySummary>>")]
pub struct List(pub EntityQuery);

/// A look at the shard.
#[derive(Message)]
#[rtype(result = "ShardView")]
pub struct Inspect;

/// What a look shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardView {
    /// What is done with it.
    pub state: ShardStage,
    /// Its epoch, once claimed.
    pub epoch: Option<u64>,
    /// Segment and next frame, once recovered.
    pub position: Option<(u64, u64)>,
    /// What the shard holds; all zero while it is being opened.
    pub census: Census,
}
