//! What can go wrong between a node and the memory store, drawn from a seed so that a run can be repeated.

/// Chances and times of faults, for every statement that a node sends. The default has none.
#[derive(Debug, Clone, PartialEq)]
pub struct Faults {
    /// Chance that a request is lost: nothing happens, the caller gets "unknown". Of a put of several rows,
    /// each has a fate of its own.
    pub lose_before: f64,
    /// Chance that an answer is lost: it happened, the caller gets "unknown".
    pub lose_after: f64,
    /// Chance that a write is answered "unknown" and happens later, when others may have read in between.
    pub late: f64,
    /// How much later a late write happens, in milliseconds of tokio's clock, from..=to.
    pub late_ms: (u64, u64),
    /// How long each way (request, answer) takes, in milliseconds, from..=to. (0, 0): no await point at all.
    pub delay_ms: (u64, u64),
    /// How long a caller waits before a missing answer becomes "unknown", in milliseconds.
    pub timeout_ms: u64,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            lose_before: 0.0,
            lose_after: 0.0,
            late: 0.0,
            late_ms: (0, 0),
            delay_ms: (0, 0),
            timeout_ms: 0,
        }
    }
}

/// What becomes of one statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Happens and is answered.
    Answered,
    /// Does not happen; unknown to the caller.
    LostBefore,
    /// Happens; unknown to the caller.
    LostAfter,
    /// Happens later; unknown to the caller.
    Late,
    /// Waits until the test lets it happen; unknown to the caller.
    Held,
}

/// SplitMix64: small, and the same numbers for the same seed for ever, whatever versions crates take.
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number in `from..=to`.
    pub(super) fn between(&mut self, (from, to): (u64, u64)) -> u64 {
        if to <= from { from } else { from + self.next() % (to - from + 1) }
    }

    fn chance(&mut self, chance: f64) -> bool {
        // 53 bits fit a double exactly.
        let unit = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        unit < chance
    }

    /// Draws what becomes of a write, or of a read (which can't be late).
    pub(super) fn fate(&mut self, faults: &Faults, write: bool) -> Fate {
        // All three are always drawn, so that a changed chance does not shift what comes after.
        let (before, after, late) =
            (self.chance(faults.lose_before), self.chance(faults.lose_after), self.chance(faults.late));
        match (before, after, late && write) {
            (true, _, _) => Fate::LostBefore,
            (_, _, true) => Fate::Late,
            (_, true, _) => Fate::LostAfter,
            _ => Fate::Answered,
        }
    }
}
