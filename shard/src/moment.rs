//! The two clocks of a process, as types: what is compared with the one can't be compared with the other. (The third,
//! served time, is [`handoff_chat::Served`].)

use handoff_chat::Millis;

/// A moment of the monotonic clock, in milliseconds since some moment of this process. Never stored, never sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Mono(pub u64);

impl Mono {
    /// How long ago an earlier moment is, in milliseconds; 0 for a later one.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The moment so many milliseconds later.
    #[must_use]
    pub fn after(self, span_ms: u64) -> Self {
        Self(self.0.saturating_add(span_ms))
    }

    /// The moment so many milliseconds earlier, or the first one.
    #[must_use]
    pub fn before(self, span_ms: u64) -> Self {
        Self(self.0.saturating_sub(span_ms))
    }
}

/// Both clocks at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Wall clock.
    pub wall: Millis,
    /// Monotonic clock.
    pub mono: Mono,
}
