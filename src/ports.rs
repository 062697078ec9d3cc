//! What gateways and operators may ask of a node, whatever node serves it.
//!
//! A gateway never knows where a session lives: it calls by [`Sessions`], which finds the owner, forwards at most one
//! hop, and waits out a takeover. Gateways can be tested against a [`Sessions`] of their own.

mod archive;
mod errors;
mod operations;
mod outbound;
mod records;
mod sessions;

pub use archive::{Archive, Past, PastChat, TranscriptPage};
pub use errors::{DrainError, NotReady, RaiseError, ReadError};
pub use operations::{
    ClusterStatus, EntityStatus, Lists, MemberStage, MemberStatus, NodeStage, Operations, PAGE_MAX,
    QueueTrouble, Raised, ShardStage, ShardStatus, Whereabouts,
};
pub use outbound::Outbound;
pub use records::{RecordCursor, RecordPiece, RecordPlace, RecordSummary, RecordsPage, RecordsWanted};
pub use sessions::{CallError, Sessions};
