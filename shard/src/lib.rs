//! A shard without its actor: entities, group commit, held output, checkpoints, recovery. No I/O, no clock.
//!
//! [`core::ShardCore`] is fed with calls and the outcomes of what it asked for, and answers [`Action`]s. The actor in
//! `src/actor/shard.rs` carries them out; the simulation drives the same code.

pub mod call;
pub mod census;
pub mod checkpoint;
mod clock;
pub mod core;
pub mod decide;
mod entities;
pub mod entity_state;
pub mod frame;
pub mod history;
pub mod listing;
mod moment;
pub mod outage;
pub mod owed;
pub mod pipeline;
mod poison;
mod presence;
pub mod queues;
pub mod record_rows;
pub mod recovery;
mod release;
pub mod same_shard;
pub mod sleep;
mod timers;
mod unreadable;
pub mod waiting;

pub use call::{Call, Done, Envelope, Outcome, ReplyTo};
pub use moment::{Mono, Now};

use handoff_chat::command::{Caller, Command, Read};
use handoff_chat::happening::Happening;
use handoff_chat::{EffectId, EntityId};
use handoff_journal::Row;
use std::sync::Arc;

/// The name and version of this program, as a log says which build wrote it.
pub const BUILD: &str = concat!("handoff ", env!("CARGO_PKG_VERSION"));

/// Where in a turn a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Before the decision.
    Deciding,
    /// After half of its entries are applied.
    Applying,
    /// While what came after a snapshot is applied; the command is [`Act::Restored`] then.
    ///
    /// [`Act::Restored`]: handoff_chat::command::Act::Restored
    Waking,
    /// While something is read of it; the command is [`Act::Restored`] then.
    ///
    /// [`Act::Restored`]: handoff_chat::command::Act::Restored
    Reading,
}

/// Called within each turn, inside of what catches panics; tests make it panic.
pub type FaultHook = Arc<dyn Fn(&EntityId, &Command, Phase) + Send + Sync>;

/// What governs a shard.
#[derive(Clone)]
pub struct Options {
    /// The protocol version that what it writes keeps to.
    pub protocol: u16,
    /// The newest protocol version that it reads.
    pub reads: u16,
    /// A frame is cut at this size.
    pub frame_bytes_max: usize,
    /// A segment is rolled when this owner has put so much into it.
    pub segment_bytes_max: usize,
    /// A segment is rolled at this many frames.
    pub segment_frames_max: u64,
    /// An entity that nobody called for so long falls asleep.
    pub passivate_after_ms: u64,
    /// An agent none of whose windows was heard for so long is lost.
    pub agent_grace_ms: u64,
    /// How many shards there are: what is said to an entity of the same shard is decided in the same turn.
    pub shards: u16,
    /// Events of an entity that are kept in memory beyond history; twice as many are written to history.
    pub events_in_memory: u64,
    /// Calls that may wait for one entity.
    pub entity_inbox: usize,
    /// What the configuration says of queues; `None`: nothing, and each queue is as good as another.
    pub queues: Option<Arc<queues::Queues>>,
    /// For tests of panics.
    pub fault_hook: Option<FaultHook>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            protocol: 1,
            reads: 1,
            frame_bytes_max: 64 * 1024,
            segment_bytes_max: 2 * 1024 * 1024,
            segment_frames_max: 1024,
            passivate_after_ms: 120_000,
            agent_grace_ms: 15_000,
            shards: 1,
            events_in_memory: 64,
            entity_inbox: 64,
            queues: None,
            fault_hook: None,
        }
    }
}

/// A reply that may leave.
pub struct Reply {
    /// The one call that it answers.
    pub to: ReplyTo,
    /// What came of the call.
    pub outcome: Outcome,
    /// For a reading that needs history: who reads what of which entity.
    pub read: Option<(EntityId, Caller, Read)>,
}

/// What leaves a shard, in order, when it may.
pub enum Output {
    /// The reply to a call, once all that it tells is committed.
    Reply(Box<Reply>),
    /// An owed effect is committed: do it.
    Effect {
        /// The entity that owes it.
        entity: EntityId,
        /// Names the debt within the entity; the settling command's id is made of it.
        id: EffectId,
    },
    /// This happened and is committed: count it.
    Happened(Vec<Happening>),
}

impl Output {
    /// A reply to be held.
    #[must_use]
    pub fn reply(to: ReplyTo, outcome: Outcome, read: Option<(EntityId, Caller, Read)>) -> Self {
        Self::Reply(Box::new(Reply { to, outcome, read }))
    }
}

/// What a shard wants done.
pub enum Action {
    /// For the journal.
    Journal(pipeline::Step),
    /// A frame or a roll waits: say `cleared` when the node may have one more in flight.
    AskPermit,
    /// Forget all segments below this one.
    Trim {
        /// The first to keep.
        segment: u64,
    },
    /// Let this out.
    Send(Output),
    /// Load a snapshot row and give it to `woken`.
    LoadSnapshot {
        /// The entity that is woken.
        entity: EntityId,
        /// The snapshot's key, as the log has it.
        key: String,
    },
    /// Put a snapshot row and say so to `snapshot_written`.
    PutSnapshot {
        /// The entity that falls asleep.
        entity: EntityId,
        /// A new key for each snapshot: rows are written once.
        key: String,
        /// The snapshot's bytes.
        body: Vec<u8>,
    },
    /// Put transcript rows and say so to `history_written`.
    PutHistory {
        /// The session whose events they are.
        entity: EntityId,
        /// Committed events; writing them again does no harm.
        rows: Vec<Row>,
        /// The last `seq` in them.
        through: u64,
    },
    /// A panic left the entity's state in doubt: read the log again and give what it says to `rebuilt`.
    Rebuild {
        /// The entity that panicked.
        entity: EntityId,
    },
}

#[cfg(test)]
mod tests;
