//! A trouble that comes back with every try is logged when it begins, once a minute with how often it came, and when it
//! is over: whoever tries twice a second in each of many places would else fill the disk with the same line.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often a trouble that goes on is logged.
const LOGGED_EVERY: Duration = Duration::from_secs(60);

/// It is over when it did not come for so long: of many who try, some succeed between the failures of others.
const QUIET: Duration = Duration::from_secs(10);

/// What there is to be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// It came for the first time, or for the first time since it was over.
    Begins,
    /// It goes on, and came so often since the last word.
    GoesOn(u64),
    /// It is over, after so many times in all.
    Over(u64),
}

/// When a trouble that goes on came, and when that was logged, last.
#[derive(Debug, Clone, Copy)]
struct Last {
    came: Instant,
    logged: Instant,
}

/// Counts one trouble. Knows no clock.
#[derive(Debug, Default)]
struct Tally {
    goes_on: Option<Last>,
    /// How often it came since it was logged.
    unlogged: u64,
    times: u64,
}

impl Tally {
    fn came(&mut self, now: Instant) -> Option<Word> {
        self.times += 1;
        let Some(Last { logged, .. }) = self.goes_on else {
            self.goes_on = Some(Last { came: now, logged: now });
            return Some(Word::Begins);
        };
        self.unlogged += 1;
        if now.saturating_duration_since(logged) < LOGGED_EVERY {
            self.goes_on = Some(Last { came: now, logged });
            return None;
        }
        self.goes_on = Some(Last { came: now, logged: now });
        Some(Word::GoesOn(std::mem::take(&mut self.unlogged)))
    }

    fn went_well(&mut self, now: Instant, quiet: Duration) -> Option<Word> {
        let Last { came, .. } = self.goes_on?;
        if now.saturating_duration_since(came) < quiet {
            return None;
        }
        let times = std::mem::take(self).times;
        Some(Word::Over(times))
    }
}

/// One kind of trouble, shared by all who may have it; says in the log what its module's description says.
#[derive(Debug)]
pub struct Trouble {
    what: &'static str,
    goes_on: AtomicBool,
    tally: Mutex<Tally>,
}

impl Trouble {
    /// A trouble with what its lines begin with.
    #[must_use]
    pub const fn new(what: &'static str) -> Self {
        let tally = Tally { goes_on: None, unlogged: 0, times: 0 };
        Self { what, goes_on: AtomicBool::new(false), tally: Mutex::new(tally) }
    }

    /// It came, for this reason.
    pub fn came(&self, reason: &dyn std::fmt::Display) {
        let word = self.tally.lock().unwrap_or_else(PoisonError::into_inner).came(Instant::now());
        self.goes_on.store(true, Ordering::Relaxed);
        match word {
            Some(Word::Begins) => tracing::warn!(%reason, "{}", self.what),
            Some(Word::GoesOn(times)) => {
                tracing::warn!(%reason, times, "{}; so often since the last line", self.what);
            }
            Some(Word::Over(_)) | None => {}
        }
    }

    /// What may have the trouble went well: it is over, unless it came a moment ago.
    pub fn went_well(&self) {
        self.ends(QUIET);
    }

    /// It is known to be over.
    pub fn is_over(&self) {
        self.ends(Duration::ZERO);
    }

    fn ends(&self, quiet: Duration) {
        if !self.goes_on.load(Ordering::Relaxed) {
            return;
        }
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Word::Over(times)) = tally.went_well(Instant::now(), quiet) {
            self.goes_on.store(false, Ordering::Relaxed);
            tracing::info!(times, "over: {}", self.what);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_is_told_at_its_change_and_once_a_minute_with_its_count() {
        let (mut tally, start) = (Tally::default(), Instant::now());
        let mut words = Vec::new();
        for tenth in 0..1_250 {
            words.extend(tally.came(start + Duration::from_millis(tenth * 100)));
        }
        assert_eq!(words, [Word::Begins, Word::GoesOn(600), Word::GoesOn(600)]);
        let end = start + Duration::from_millis(124_900);
        assert_eq!(tally.went_well(end + QUIET / 2, QUIET), None, "others may still have it");
        assert_eq!(tally.went_well(end + QUIET, QUIET), Some(Word::Over(1_250)));
        assert_eq!(tally.went_well(end + QUIET * 2, QUIET), None, "told once");
        assert_eq!(tally.came(end + QUIET * 3), Some(Word::Begins));
        assert_eq!(tally.went_well(end + QUIET * 3, Duration::ZERO), Some(Word::Over(1)));
    }
}
