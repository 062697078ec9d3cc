//! A trouble that comes back with every try is told when it begins, once a minute with how often it came, and when it
//! is over: whoever tries twice a second in each of many places would else fill the disk with the same line.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often a trouble that goes on is told.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// It is over when it did not come for so long: of many who try, some succeed between the failures of others.
const QUIET: Duration = Duration::from_secs(10);

/// What there is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// It came for the first time, or for the first time since it was over.
    Begins,
    /// It goes on, and came so often since the last word.
    GoesOn(u64),
    /// It is over, after so many times in all.
    Over(u64),
}

/// Counts one trouble. Knows no clock.
#[derive(Debug, Default)]
struct Tally {
    /// When it came last, and when it was told last.
    goes_on: Option<(Instant, Instant)>,
    untold: u64,
    times: u64,
}

impl Tally {
    fn came(&mut self, now: Instant) -> Option<Word> {
        self.times += 1;
        let Some((_, told)) = self.goes_on else {
            self.goes_on = Some((now, now));
            return Some(Word::Begins);
        };
        self.untold += 1;
        if now.saturating_duration_since(told) < TOLD_EVERY {
            self.goes_on = Some((now, told));
            return None;
        }
        self.goes_on = Some((now, now));
        Some(Word::GoesOn(std::mem::take(&mut self.untold)))
    }

    fn went_well(&mut self, now: Instant, quiet: Duration) -> Option<Word> {
        let (came, _) = self.goes_on?;
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
        let tally = Tally { goes_on: None, untold: 0, times: 0 };
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
