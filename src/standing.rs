//! Where a node stands, for its gateways and health pages.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

/// The stages of a node's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Stage {
    /// Not in the member list yet, or joining.
    Starting = 0,
    /// Up.
    Up = 1,
    /// Giving its shards away.
    Draining = 2,
}

/// Shared by the supervisor, which writes it, and everybody who asks.
#[derive(Debug, Default)]
pub struct Standing {
    stage: AtomicU8,
    store_failing: AtomicBool,
    /// Since when journal calls are unanswered, on the monotonic clock plus one; 0: they are answered.
    unsure_since_ms: AtomicU64,
}

impl Standing {
    /// The stage.
    #[must_use]
    pub fn stage(&self) -> Stage {
        match self.stage.load(Ordering::Relaxed) {
            1 => Stage::Up,
            2 => Stage::Draining,
            _ => Stage::Starting,
        }
    }

    /// Moves to a stage.
    pub fn set_stage(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Relaxed);
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

    /// Whether this node serves.
    ///
    /// # Errors
    /// Why not.
    pub fn ready(&self) -> Result<(), String> {
        match self.stage() {
            Stage::Starting => Err("starting: not a member yet".to_owned()),
            Stage::Draining => Err("draining".to_owned()),
            Stage::Up if self.store_failing.load(Ordering::Relaxed) => {
                Err("the store does not answer: nothing can be committed".to_owned())
            }
            Stage::Up => Ok(()),
        }
    }
}
