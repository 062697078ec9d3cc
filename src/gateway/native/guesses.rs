//! The brake on guessing: wrong passwords are counted by source and name together, by source, and by name. The last two
//! brake unknown sources alone: an agent who signed in from there before is never locked out by what others guess.

use super::failure::{Code, Failure};
use super::sign_in_queue::Source;
use crate::gateway::rate::{Limited, Rate};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use tokio::time::Instant;

/// Wrong passwords in a minute of one source for one name, on this node.
pub(super) const PAIR_PER_MINUTE: u32 = 5;
/// Of one source for all names for which it is unknown, on all nodes together.
const SOURCE_PER_MINUTE: u32 = 60;
/// Of all sources that are unknown for a name, on all nodes together.
const NAME_PER_MINUTE: u32 = 30;
/// Each node's part of the last two is no smaller.
const PART_MIN: u32 = 5;
/// Pairs, sources and names that are counted at once. Argon2 lets through far fewer in a minute.
const KEYS_MAX: usize = 20_000;
/// Sources that are known of an agent; the one longest not used goes first.
const KNOWN_MAX: usize = 4;

/// Whose wrong passwords are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Guesser {
    /// Everybody who comes from this address.
    Source(Source),
    /// Those who show a token that the agent had once: known on every node.
    Token,
}

/// Each node counts for itself, with its part of what the cluster allows.
pub(super) struct Guesses {
    pairs: Rate<(Guesser, String)>,
    sources: Rate<Source>,
    names: Rate<String>,
    /// By the name of an agent that there is: the sources where that agent signed in last.
    known: Mutex<BTreeMap<String, VecDeque<Source>>>,
}

impl Guesses {
    pub(super) fn new() -> Self {
        Self {
            pairs: Rate::new(PAIR_PER_MINUTE, KEYS_MAX),
            sources: Rate::new(SOURCE_PER_MINUTE, KEYS_MAX),
            names: Rate::new(NAME_PER_MINUTE, KEYS_MAX),
            known: Mutex::default(),
        }
    }

    /// Whether a password may be looked at. `nodes`: how many serve.
    pub(super) fn brake(&self, from: &Guesser, name: &str, nodes: usize) -> Result<(), Failure> {
        let now = Instant::now();
        let own = self.pairs.would_take(&(from.clone(), name.to_owned()), PAIR_PER_MINUTE, now);
        own.map_err(|limited| slow("too many wrong passwords for this name, wait", limited))?;
        let Guesser::Source(source) = from else { return Ok(()) };
        if self.knows(*source, name) {
            return Ok(());
        }
        let of_source = self.sources.would_take(source, part(SOURCE_PER_MINUTE, nodes), now);
        of_source.map_err(|limited| slow("too many wrong passwords from your address, wait", limited))?;
        let of_name = self.names.would_take(name, part(NAME_PER_MINUTE, nodes), now);
        of_name
            .map_err(|limited| slow("too many wrong passwords for this name from elsewhere, wait", limited))
    }

    /// A password was wrong.
    pub(super) fn wrong(&self, from: &Guesser, name: &str, nodes: usize) {
        let now = Instant::now();
        // One that was looked at beside the last that was let in is over the rate, and needs no counting.
        let _over = self.pairs.take_of((from.clone(), name.to_owned()), PAIR_PER_MINUTE, now);
        let Guesser::Source(source) = from else { return };
        if !self.knows(*source, name) {
            let _over = self.sources.take_of(*source, part(SOURCE_PER_MINUTE, nodes), now);
            let _over = self.names.take_of(name.to_owned(), part(NAME_PER_MINUTE, nodes), now);
        }
    }

    /// An agent has signed in from there.
    pub(super) fn right(&self, source: Source, name: &str) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let sources = known.entry(name.to_owned()).or_default();
        sources.retain(|one| *one != source);
        sources.push_front(source);
        sources.truncate(KNOWN_MAX);
    }

    fn knows(&self, source: Source, name: &str) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(name).is_some_and(|sources| sources.contains(&source))
    }
}

/// This node's part of what all may let in: clients may turn to any node.
fn part(per_minute: u32, nodes: usize) -> u32 {
    let nodes = u32::try_from(nodes).unwrap_or(u32::MAX).max(1);
    (per_minute / nodes).max(PART_MIN)
}

fn slow(message: &str, limited: Limited) -> Failure {
    Failure::retry(Code::SlowDown, message).retry_in(limited.retry_ms())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(last: u8) -> Guesser {
        Guesser::Source(Some([192, 0, 2, last].into()))
    }

    /// How many wrong passwords are let through until the brake holds.
    fn guess(guesses: &Guesses, from: &Guesser, name: &str, nodes: usize) -> u32 {
        let mut count = 0;
        while guesses.brake(from, name, nodes).is_ok() {
            guesses.wrong(from, name, nodes);
            count += 1;
            assert!(count < 1000, "no brake");
        }
        count
    }

    fn from_fifty(guesses: &Guesses, nodes: usize) -> u32 {
        (1..=50).map(|last| guess(guesses, &at(last), "ann", nodes)).sum()
    }

    #[tokio::test(start_paused = true)]
    async fn who_guesses_brakes_themselves_and_not_the_agent_elsewhere() {
        let guesses = Guesses::new();
        assert_eq!(guess(&guesses, &at(1), "ann", 1), PAIR_PER_MINUTE);
        assert!(guesses.brake(&at(2), "ann", 1).is_ok(), "the agent, who was never here");
        assert!(guesses.brake(&at(1), "bob", 1).is_ok(), "another at the same address");
        tokio::time::advance(std::time::Duration::from_secs(12)).await;
        assert_eq!(guess(&guesses, &at(1), "ann", 1), 1, "then one by one");
    }

    #[tokio::test(start_paused = true)]
    async fn many_sources_are_bounded_by_the_name_and_only_the_known_ones_pass() {
        let guesses = Guesses::new();
        guesses.right(Some([192, 0, 2, 200].into()), "ann");
        assert_eq!(from_fifty(&guesses, 1), NAME_PER_MINUTE);
        assert!(guesses.brake(&at(99), "ann", 1).is_err(), "unknown");
        assert!(guesses.brake(&at(99), "bob", 1).is_ok(), "for another name");
        assert_eq!(guess(&guesses, &at(200), "ann", 1), PAIR_PER_MINUTE, "known: by their own tries alone");
        assert_eq!(
            guess(&guesses, &Guesser::Token, "ann", 1),
            PAIR_PER_MINUTE,
            "their token shows that they are known"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_that_tries_many_names_is_bounded_and_its_known_agents_go_on() {
        let guesses = Guesses::new();
        guesses.right(Some([192, 0, 2, 1].into()), "ann");
        let all: u32 = (0..100).map(|number| guess(&guesses, &at(1), &format!("n{number}"), 1)).sum();
        assert_eq!(all, SOURCE_PER_MINUTE);
        assert!(guesses.brake(&at(1), "bob", 1).is_err());
        assert!(guesses.brake(&at(1), "ann", 1).is_ok());
        assert!(guesses.brake(&at(2), "bob", 1).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn three_nodes_let_in_together_what_one_would() {
        let nodes: Vec<Guesses> = (0..3).map(|_| Guesses::new()).collect();
        let all: u32 = nodes.iter().map(|node| from_fifty(node, nodes.len())).sum();
        assert_eq!(all, NAME_PER_MINUTE);
        assert_eq!((part(30, 0), part(30, 100)), (30, PART_MIN));
    }

    #[test]
    fn so_many_sources_of_an_agent_are_known_and_the_longest_unused_goes() {
        let guesses = Guesses::new();
        let source = |last: u8| -> Source { Some([192, 0, 2, last].into()) };
        for last in [1, 2, 3, 4, 1, 5] {
            guesses.right(source(last), "ann");
        }
        let known: Vec<u8> = (1..=5).filter(|last| guesses.knows(source(*last), "ann")).collect();
        assert_eq!(known, [1, 3, 4, 5]);
        assert!(!guesses.knows(source(1), "bob"));
    }
}
