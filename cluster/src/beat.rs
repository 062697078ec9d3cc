//! A sign of life, with what others must know of its sender.

use bincode::{Decode, Encode};
use handoff_journal::{Epoch, Owner, ShardId};

/// What goes to every linked peer each 100 ms, and at once when something in it matters.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Beat {
    /// The newest list version the sender acts on; a higher one than one's own is read first.
    pub list_version: u64,
    /// Whom the sender does not hear. Who is not in here is heard, or the sender is not sure.
    pub suspects: Vec<Owner>,
    /// The shards it has, with their epoch (0: it is just claiming).
    pub held: Vec<(ShardId, Epoch)>,
    /// While joining: it may be made up.
    pub ready: bool,
    /// The sender can't commit.
    pub store_failing: bool,
}
