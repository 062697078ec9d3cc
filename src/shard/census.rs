//! How many sessions a shard has, and where.

use super::core::ShardCore;
use super::slot::Slot;

/// What a shard can be asked about itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Census {
    /// Sessions in memory.
    pub awake: usize,
    /// Sessions in snapshots.
    pub asleep: usize,
    /// Sessions that have not ended.
    pub open: usize,
    /// Sessions out of service after panics.
    pub quarantined: usize,
}

impl ShardCore {
    /// How many sessions are where.
    #[must_use]
    pub fn census(&self) -> Census {
        let mut census = Census::default();
        for slot in self.slots.values() {
            match slot {
                Slot::Awake(awake) => {
                    let Some(session) = awake.machine.session() else { continue };
                    census.awake += 1;
                    census.open += usize::from(!session.ended());
                }
                Slot::Asleep(_) => {
                    census.asleep += 1;
                    census.open += 1;
                }
                Slot::Restoring { .. } => census.open += 1,
                Slot::Quarantined { .. } => census.quarantined += 1,
            }
        }
        census
    }
}
