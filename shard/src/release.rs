//! Giving a shard away in order: the log is made short while the shard still serves, and only then is the door shut,
//! so that the next owner reads a fresh checkpoint and a few frames while its callers wait.

use super::core::{ShardCore, refuse};
use super::entity_state::EntityState;
use super::frame::Item;
use super::{Mono, Now, Outcome};
use handoff_journal::Owner;
use std::collections::VecDeque;

/// A segment with fewer frames and bytes is read as quickly as a checkpoint is written.
const FRAMES_WORTH_A_CHECKPOINT: u64 = 256;
const BYTES_WORTH_A_CHECKPOINT: usize = 512 * 1024;

/// The door is shut after so long, whatever the checkpoint's state, in milliseconds.
const PREPARING_MS_MAX: u64 = 1_000;

/// Whether calls are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    /// Calls are taken, and nothing is being prepared.
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

impl ShardCore {
    /// Makes the log short, then takes no more calls: they are sent to `to`. What was taken is still committed and
    /// answered.
    pub fn release_to(&mut self, now: Now, to: Option<Owner>) {
        if self.door == Door::Open && self.serves() {
            let long = self.pipe.position().seq > FRAMES_WORTH_A_CHECKPOINT
                || self.pipe.segment_bytes() > BYTES_WORTH_A_CHECKPOINT;
            self.roll_early = long && !self.checkpoint.is_under_way();
            self.door = Door::Closing { to, since: now.mono };
        } else {
            self.shut(now, to);
        }
        self.flush(now);
    }

    /// Shuts the door of a shard that is to be given away, once its checkpoint is complete or takes too long.
    pub(super) fn shut_when_prepared(&mut self, now: Now) {
        let Door::Closing { to, since } = self.door else { return };
        let prepared = !self.roll_early && !self.checkpoint.is_under_way();
        if prepared || now.mono.since(since) > PREPARING_MS_MAX {
            self.roll_early = false;
            self.shut(now, to);
        }
    }

    fn shut(&mut self, now: Now, to: Option<Owner>) {
        if !matches!(self.door, Door::Shut(_)) {
            let at = self.wall(now);
            if let Ok(item) = handoff_codec::encode_bare(&Item::Released { at }) {
                self.pipe.push(item);
            }
        }
        self.door = Door::Shut(to);
        for envelope in self.waiting.take_all() {
            refuse(envelope, Outcome::NotOwner(to));
        }
        for state in self.entities.values_mut() {
            let waiting = match state {
                EntityState::Asleep(asleep) => std::mem::take(&mut asleep.waiting),
                EntityState::Restoring { waiting, .. } => std::mem::take(waiting),
                EntityState::Awake(_) | EntityState::Quarantined { .. } => VecDeque::new(),
            };
            for envelope in waiting {
                refuse(envelope, Outcome::NotOwner(to));
            }
        }
    }

    /// Whether a released shard has nothing left to commit or answer.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        matches!(self.door, Door::Shut(_)) && self.pipe.is_empty()
    }
}
