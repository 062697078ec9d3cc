//! Compares a session's transcript with what its customer was told.
//!
//! It exists so that no rate or gap is ever reported for a cluster that lost, doubled or reordered what it
//! had acknowledged. Pure: what was sent, then the transcript's events, then the verdict.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

const EXAMPLES_MAX: usize = 20;

/// One broken promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Violation {
    /// Acknowledged and not in the transcript.
    Lost {
        /// The message's number within its session, from 0.
        number: u32,
    },
    /// In the transcript more than once.
    Doubled {
        /// The message's number within its session, from 0.
        number: u32,
    },
    /// In the transcript behind a later one.
    Reordered {
        /// The message's number within its session, from 0.
        number: u32,
        /// The later one before it.
        after: u32,
    },
    /// A customer's message that this customer never sent, or changed text.
    Foreign {
        /// The server's index of that message.
        index: u64,
    },
    /// An index that does not rise.
    IndexNotRising {
        /// The index that is not above the one before.
        index: u64,
        /// The one before it.
        after: u64,
    },
    /// The transcript could not be read, so nothing is known.
    Unread {
        /// The last failure, for people.
        reason: String,
    },
}

impl Violation {
    /// The name of its kind in tables.
    pub fn name(&self) -> &'static str {
        match self {
            Violation::Lost { .. } => "lost",
            Violation::Doubled { .. } => "doubled",
            Violation::Reordered { .. } => "reordered",
            Violation::Foreign { .. } => "foreign",
            Violation::IndexNotRising { .. } => "index not rising",
            Violation::Unread { .. } => "unread",
        }
    }
}

/// Checks one session.
#[derive(Debug)]
pub struct Checker<'a> {
    attempted: u32,
    unacknowledged: &'a BTreeSet<u32>,
    seen: Vec<bool>,
    last_number: Option<u32>,
    last_index: Option<u64>,
    violations: Vec<Violation>,
}

impl<'a> Checker<'a> {
    /// Messages `0..attempted` were sent one after the other; all but `unacknowledged` were acknowledged.
    /// Those may be in the transcript once or not at all.
    pub fn new(attempted: u32, unacknowledged: &'a BTreeSet<u32>) -> Self {
        let seen = vec![false; attempted as usize];
        Self { attempted, unacknowledged, seen, last_number: None, last_index: None, violations: Vec::new() }
    }

    /// Any event of the transcript, in its order.
    pub fn index(&mut self, index: u64) {
        if let Some(after) = self.last_index
            && index <= after
        {
            self.violations.push(Violation::IndexNotRising { index, after });
        }
        self.last_index = Some(self.last_index.map_or(index, |last| last.max(index)));
    }

    /// A customer's message; `number` is what its text says, `None` if it is not one of this session's.
    pub fn message(&mut self, index: u64, number: Option<u32>) {
        let Some(number) = number.filter(|n| *n < self.attempted) else {
            self.violations.push(Violation::Foreign { index });
            return;
        };
        if std::mem::replace(&mut self.seen[number as usize], true) {
            self.violations.push(Violation::Doubled { number });
            return;
        }
        if let Some(after) = self.last_number
            && number < after
        {
            self.violations.push(Violation::Reordered { number, after });
        }
        self.last_number = Some(self.last_number.map_or(number, |last| last.max(number)));
    }

    /// The end of the transcript.
    pub fn finish(mut self) -> Vec<Violation> {
        let missing = (0..self.attempted).filter(|n| !self.seen[*n as usize]);
        let lost = missing.filter(|n| !self.unacknowledged.contains(n));
        self.violations.extend(lost.map(|number| Violation::Lost { number }));
        self.violations
    }
}

/// The verdict over all sessions.
#[derive(Debug, Clone, Default, Serialize, serde::Deserialize)]
pub struct Verdict {
    /// Sessions whose transcript was read and compared.
    pub sessions: u64,
    /// Messages acknowledged in them.
    pub acknowledged: u64,
    /// Messages whose fate the customer was never told.
    pub unacknowledged: u64,
    /// How many violations of each kind.
    pub violations: BTreeMap<String, u64>,
    /// The first of them, in words.
    pub examples: Vec<String>,
}

impl Verdict {
    /// Whether every promise was kept.
    pub fn kept(&self) -> bool {
        self.violations.is_empty()
    }

    /// Adds a session's result.
    pub fn add(&mut self, session: u32, acknowledged: u64, unacknowledged: u64, violations: &[Violation]) {
        self.sessions += 1;
        self.acknowledged += acknowledged;
        self.unacknowledged += unacknowledged;
        for violation in violations {
            *self.violations.entry(violation.name().into()).or_default() += 1;
            if self.examples.len() < EXAMPLES_MAX {
                self.examples.push(format!("session {session}: {violation:?}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(attempted: u32, unacknowledged: &[u32], transcript: &[u32]) -> Vec<Violation> {
        let unacknowledged = unacknowledged.iter().copied().collect();
        let mut checker = Checker::new(attempted, &unacknowledged);
        for (at, number) in transcript.iter().enumerate() {
            checker.index(at as u64 + 1);
            checker.message(at as u64 + 1, Some(*number));
        }
        checker.finish()
    }

    #[test]
    fn a_whole_transcript_breaks_nothing() {
        assert_eq!(check(4, &[], &[0, 1, 2, 3]), []);
    }

    #[test]
    fn an_unacknowledged_message_may_be_there_once_or_not_at_all() {
        assert_eq!(check(3, &[1], &[0, 2]), []);
        assert_eq!(check(3, &[1], &[0, 1, 2]), []);
        assert_eq!(check(3, &[1], &[0, 1, 1, 2]), [Violation::Doubled { number: 1 }]);
    }

    #[test]
    fn lost_doubled_reordered_and_foreign_messages_are_each_named() {
        assert_eq!(check(3, &[], &[0, 2]), [Violation::Lost { number: 1 }]);
        assert_eq!(check(2, &[], &[0, 1, 0]), [Violation::Doubled { number: 0 }]);
        assert_eq!(check(3, &[], &[0, 2, 1]), [Violation::Reordered { number: 1, after: 2 }]);
        assert_eq!(check(1, &[], &[0, 5]), [Violation::Foreign { index: 2 }]);
    }

    #[test]
    fn an_index_used_twice_is_seen() {
        let none = BTreeSet::new();
        let mut checker = Checker::new(0, &none);
        [1, 3, 3].into_iter().for_each(|index| checker.index(index));
        assert_eq!(checker.finish(), [Violation::IndexNotRising { index: 3, after: 3 }]);
    }
}
