//! Where a node stands, for its gateways and health pages.

use crate::ports::NotReady;
use handoff_journal::trouble::Trouble;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

/// The stages of a node's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Stage {
    /// Not in the member list yet, or joining.
    Starting = 0,
    /// In the member list: it serves what the list assigns to it.
    Up = 1,
    /// Giving its shards away.
    Draining = 2,
}

/// What comes back with every try while the store fails, each told as [`Trouble`] tells it, by whichever shard has it.
#[derive(Debug)]
pub struct Troubles {
    /// Journal calls of unknown outcome.
    pub journal: Trouble,
    /// Claims.
    pub claims: Trouble,
    /// Segments that are not trimmed.
    pub trim: Trouble,
    /// Rows that shards write.
    pub rows: Trouble,
    /// Snapshots that are not read.
    pub snapshots: Trouble,
    /// Signs of life.
    pub alive: Trouble,
    /// The member list.
    pub members: Trouble,
}

impl Default for Troubles {
    fn default() -> Self {
        Self {
            journal: Trouble::new("the journal's answer is not known; asking again"),
            claims: Trouble::new("shards can't be claimed yet"),
            trim: Trouble::new("old segments stay until the next checkpoint"),
            rows: Trouble::new("rows are not written yet"),
            snapshots: Trouble::new("snapshots can't be loaded now"),
            alive: Trouble::new("this node's sign of life is not written"),
            members: Trouble::new("the member list is not read or written yet"),
        }
    }
}

/// Shared by the supervisor, which writes it, and everybody who asks.
#[derive(Debug, Default)]
pub struct NodeState {
    stage: AtomicU8,
    store_failing: AtomicBool,
    store_full: AtomicBool,
    /// What the node's log says of a store that fails.
    pub troubles: Troubles,
    /// Since when journal calls are unanswered, on the monotonic clock plus one; 0: they are answered.
    unsure_since_ms: AtomicU64,
}

impl NodeState {
    /// Where the node is in its life; draining is the last.
    #[must_use]
    pub fn stage(&self) -> Stage {
        match self.stage.load(Ordering::Relaxed) {
            1 => Stage::Up,
            2 => Stage::Draining,
            _ => Stage::Starting,
        }
    }

    /// Moves to a stage. Draining is the last: also when the member list has the node no more, clients are led away
    /// and the process ends.
    pub fn set_stage(&self, stage: Stage) {
        let moves = |now| (now != Stage::Draining as u8).then_some(stage as u8);
        let _drains = self.stage.fetch_update(Ordering::Relaxed, Ordering::Relaxed, moves);
    }

    /// The journal did not answer a call.
    pub fn unsure(&self, now_ms: u64) {
        let _already =
            self.unsure_since_ms.compare_exchange(0, now_ms + 1, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// The journal answered.
    pub fn sure(&self) {
        self.unsure_since_ms.store(0, Ordering::Relaxed);
    }

    /// How long the journal has not answered, in milliseconds.
    #[must_use]
    pub fn unsure_for_ms(&self, now_ms: u64) -> u64 {
        match self.unsure_since_ms.load(Ordering::Relaxed) {
            0 => 0,
            since => now_ms.saturating_sub(since - 1),
        }
    }

    /// Whether this node can't commit.
    pub fn set_store_failing(&self, failing: bool) {
        self.store_failing.store(failing, Ordering::Relaxed);
    }

    /// Whether the store's disk is full.
    pub fn set_store_full(&self, full: bool) {
        self.store_full.store(full, Ordering::Relaxed);
    }

    /// Whether the store's disk is full: no commands are taken.
    #[must_use]
    pub fn store_full(&self) -> bool {
        self.store_full.load(Ordering::Relaxed)
    }

    /// Whether this node serves.
    ///
    /// # Errors
    /// Why not.
    pub fn ready(&self) -> Result<(), NotReady> {
        match self.stage() {
            Stage::Starting => Err(NotReady::Starting),
            Stage::Draining => Err(NotReady::Draining),
            Stage::Up if self.store_full() => Err(NotReady::StoreFull),
            Stage::Up if self.store_failing.load(Ordering::Relaxed) => Err(NotReady::StoreAway),
            Stage::Up => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_drains_does_so_to_its_end() {
        let node_state = NodeState::default();
        for stage in [Stage::Up, Stage::Starting, Stage::Up, Stage::Draining] {
            node_state.set_stage(stage);
            assert_eq!(node_state.stage(), stage);
        }
        node_state.set_stage(Stage::Starting);
        assert_eq!((node_state.stage(), node_state.ready()), (Stage::Draining, Err(NotReady::Draining)));
    }

    #[test]
    fn a_node_whose_store_is_full_is_not_ready_and_says_why_till_there_is_room() {
        let node_state = NodeState::default();
        node_state.set_stage(Stage::Up);
        assert_eq!(node_state.ready(), Ok(()));
        node_state.set_store_full(true);
        assert_eq!(node_state.ready(), Err(NotReady::StoreFull));
        node_state.set_store_full(false);
        assert_eq!(node_state.ready(), Ok(()));
    }
}
