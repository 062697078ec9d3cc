//! Rates: so many in a minute per key, as a token bucket that holds a minute's worth. The bucket is kept as the one
//! moment at which it will be full again (the generic cell rate algorithm), so an entry is small and goes by itself.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use thiserror::Error;
use tokio::time::Instant;

/// A bucket is full again after so long.
const MINUTE: Duration = Duration::from_secs(60);

/// There were too many under this key; nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("too many requests, try again in {} ms", self.retry_ms())]
pub struct Limited {
    /// When the next one may come, from now on.
    pub(super) after: Duration,
}

impl Limited {
    /// When to try again: not a moment too early.
    pub fn retry_ms(self) -> u64 {
        u64::try_from(self.after.as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }
}

/// A rate for each of many keys.
pub(crate) struct Rate<K> {
    per_minute: u32,
    keys_max: usize,
    full_at: Mutex<HashMap<K, Instant>>,
}

impl<K: Eq + Hash> Rate<K> {
    /// `per_minute` 0: any number. Of more than `keys_max` keys in a minute, those that don't fit are not counted.
    pub(crate) fn new(per_minute: u32, keys_max: usize) -> Self {
        Self { per_minute, keys_max, full_at: Mutex::default() }
    }

    /// Takes one.
    ///
    /// # Errors
    /// [`Limited`]; then none was taken.
    pub(crate) fn take(&self, key: K) -> Result<(), Limited> {
        if self.per_minute == 0 {
            return Ok(());
        }
        self.take_of(key, self.per_minute, Instant::now())
    }

    /// Whether one could be taken with this rate, at this moment.
    pub(super) fn would_take<Q: Eq + Hash + ?Sized>(
        &self,
        key: &Q,
        per_minute: u32,
        now: Instant,
    ) -> Result<(), Limited>
    where
        K: Borrow<Q>,
    {
        let full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        after_one_more(full_at.get(key).copied(), per_minute, now).map(drop)
    }

    /// The same as `take` with a rate of its own, at this moment.
    pub(super) fn take_of(&self, key: K, per_minute: u32, now: Instant) -> Result<(), Limited> {
        // Each change is whole before the lock is given back.
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let full = after_one_more(full_at.get(&key).copied(), per_minute, now)?;
        if full_at.len() >= self.keys_max && !full_at.contains_key(&key) {
            full_at.retain(|_, full| *full > now);
            if full_at.len() >= self.keys_max {
                return Ok(());
            }
        }
        full_at.insert(key, full);
        Ok(())
    }
}

/// When a bucket will be full again of which one more is taken.
fn after_one_more(full_at: Option<Instant>, per_minute: u32, now: Instant) -> Result<Instant, Limited> {
    let full = full_at.unwrap_or(now).max(now) + MINUTE / per_minute.max(1);
    let over = full.saturating_duration_since(now + MINUTE);
    if over.is_zero() { Ok(full) } else { Err(Limited { after: over }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_minute_s_worth_may_come_at_once_and_then_one_by_one() {
        let (rate, now) = (Rate::new(4, 10), Instant::now());
        for _ in 0..4 {
            rate.take_of("a", 4, now).unwrap();
        }
        let limited = rate.take_of("a", 4, now).unwrap_err();
        assert_eq!(limited.after, Duration::from_secs(15));
        assert_eq!(rate.would_take("a", 4, now), Err(limited), "looking takes none");
        assert!((0..9).all(|_| rate.would_take("b", 4, now).is_ok()));
        rate.take_of("b", 4, now).unwrap();
        rate.take_of("a", 4, now + limited.after).unwrap();
        assert!(rate.take_of("a", 4, now + limited.after).is_err());
        for _ in 0..4 {
            rate.take_of("a", 4, now + limited.after + MINUTE).unwrap();
        }
    }

    #[test]
    fn none_is_any_number_and_so_many_keys_are_kept_and_no_more() {
        let rate = Rate::new(0, 10);
        assert!((0..1000).all(|_| rate.take("a").is_ok()));
        let (rate, now) = (Rate::new(1, 2), Instant::now());
        for key in ["a", "b", "c", "c"] {
            rate.take_of(key, 1, now).unwrap();
        }
        assert!(rate.take_of("a", 1, now).is_err());
        assert_eq!(rate.full_at.lock().unwrap().len(), 2);
        // Full buckets make room.
        rate.take_of("c", 1, now + MINUTE).unwrap();
        assert!(rate.take_of("c", 1, now + MINUTE).is_err());
    }

    proptest! {
        #[test]
        fn no_more_than_two_minutes_worth_pass_in_any_minute(
            per_minute in 1_u32..50,
            pauses in proptest::collection::vec(0_u64..3_000, 1..300),
        ) {
            let rate = Rate::new(per_minute, 10);
            let (mut now, mut passed) = (Instant::now(), Vec::new());
            for pause in pauses {
                now += Duration::from_millis(pause);
                match rate.take_of((), per_minute, now) {
                    Ok(()) => passed.push(now),
                    // What is told to wait is let in after that, and not before.
                    Err(Limited { after }) => {
                        let early = now + after - Duration::from_millis(1).min(after / 2);
                        prop_assert!(rate.take_of((), per_minute, early).is_err());
                    }
                }
            }
            for (at, first) in passed.iter().enumerate() {
                let within = passed[at..].iter().filter(|one| **one < *first + MINUTE).count();
                prop_assert!(within <= 2 * per_minute as usize, "{within} of {per_minute}");
            }
        }
    }
}
