//! Where time comes from: one place, so that the simulation can give its own.

use handoff_chat::Millis;
use handoff_shard::{Mono, Now};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// A clock; each node has one.
pub trait Clock: Send + Sync + 'static {
    /// Both clocks now.
    fn now(&self) -> Now;
}

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { started: Instant::now() }
    }
}

/// The machine's wall clock, in milliseconds since 1970.
pub(crate) fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        Now {
            wall: Millis(wall_ms()),
            mono: Mono(u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)),
        }
    }
}
