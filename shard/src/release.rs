//! Giving a shard away in order: the log is made short while the shard still serves, and only then is the door shut,
//! so that the next owner reads a fresh checkpoint and a few frames while its callers wait.

use super::core::{ShardCore, refuse};
use super::frame::Item;
use super::{Mono, Now, Outcome};
use handoff_journal::Owner;

/// A segment with fewer frames and bytes is read as quickly as a checkpoint is written.
const FRAMES_WORTH_A_CHECKPOINT: u64 = 256;
const BYTES_WORTH_A_CHECKPOINT: usize = 512 * 1024;

/// The door is shut after so long, whatever the checkpoint's state, in milliseconds.
const PREPARING_MS_MAX: u64 = 1_000;

/// Whether calls are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Door {
    /// Calls are taken, and nothing is being prepared.
    #[default]
    Open,
    /// Yes still: a checkpoint is written before the shard is given to this owner.
    Closing {
        /// The next owner; nobody when the last node stops.
        to: Option<Owner>,
        /// Since when, on the monotonic clock.
        since: Mono,
    },
    /// No: the shard is being given to this owner, or is over.
    Shut(Option<Owner>),
}

/// How far the shard is given away.
#[derive(Debug, Default)]
pub(super) struct Release {
    door: Door,
    /// A segment is rolled before it is full.
    rolls_early: bool,
}

impl Release {
    /// To whom the shard is given, if it takes no more calls.
    pub(super) fn given_to(&self) -> Option<Option<Owner>> {
        match self.door {
            Door::Shut(to) => Some(to),
            Door::Open | Door::Closing { .. } => None,
        }
    }

    /// Whether no more calls are taken.
    pub(super) fn is_over(&self) -> bool {
        self.given_to().is_some()
    }

    /// Whether the log is being made short.
    pub(super) fn prepares(&self) -> bool {
        matches!(self.door, Door::Closing { .. })
    }

    /// Whether a segment is to be rolled before it is full.
    pub(super) fn rolls_early(&self) -> bool {
        self.rolls_early
    }

    /// A segment was rolled.
    pub(super) fn rolled(&mut self) {
        self.rolls_early = false;
    }

    /// No more calls are taken, from now on.
    pub(super) fn end(&mut self, to: Option<Owner>) {
        self.door = Door::Shut(to);
        self.rolls_early = false;
    }
}

impl ShardCore {
    /// Makes the log short, then takes no more calls: they are sent to `to`. What was taken is still committed and
    /// answered.
    pub fn release_to(&mut self, now: Now, to: Option<Owner>) {
        if self.release.door == Door::Open && self.serves() {
            let long = self.pipe.position().seq > FRAMES_WORTH_A_CHECKPOINT
                || self.pipe.segment_bytes() > BYTES_WORTH_A_CHECKPOINT;
            self.release.rolls_early = long && !self.checkpoint.is_under_way();
            self.release.door = Door::Closing { to, since: now.mono };
        } else {
            self.shut(now, to);
        }
        self.flush(now);
    }

    /// Shuts the door of a shard that is to be given away, once its checkpoint is complete or takes too long.
    pub(super) fn shut_when_prepared(&mut self, now: Now) {
        let Door::Closing { to, since } = self.release.door else { return };
        let prepared = !self.release.rolls_early && !self.checkpoint.is_under_way();
        if prepared || now.mono.since(since) > PREPARING_MS_MAX {
            self.shut(now, to);
        }
    }

    fn shut(&mut self, now: Now, to: Option<Owner>) {
        if !self.release.is_over() {
            let at = self.wall(now);
            if let Ok(item) = handoff_codec::encode_bare(&Item::Released { at }) {
                self.pipe.push(item);
            }
        }
        self.release.end(to);
        for envelope in self.waiting.take_all().into_iter().chain(self.entities.take_waiting()) {
            refuse(envelope, Outcome::NotOwner(to));
        }
    }

    /// Whether a released shard has nothing left to commit or answer.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.release.is_over() && self.pipe.is_empty()
    }
}
