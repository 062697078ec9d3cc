//! What this node knows of the store: whether it answers here, and whether it answers anybody.

use super::{Action, StoreState, Supervisor};
use crate::members::MemberState;

/// A peer's word on the store holds for so many beats.
const BEATS_FRESH: u64 = 3;

/// Between two tries of a store that fails, in beats.
const BEATS_PER_TRY: u64 = 5;

impl Supervisor {
    pub(super) fn on_store(&mut self, failing: bool) {
        if self.store_failing != failing {
            self.store_failing = failing;
            self.beat_soon();
        }
    }

    /// Writes the sign of life; more often while the store fails here or at a peer, so that its state is known soon.
    pub(super) fn write_alive(&mut self, out: &mut Vec<Action>) {
        let timing = &self.config.timing;
        let others = || self.list.live().filter_map(|member| self.detector.last_beat(member.owner));
        let doubtful = self.store_failing || others().any(|beat| beat.store_failing);
        let pause_ms = if doubtful { timing.beat_ms * BEATS_PER_TRY } else { timing.alive_ms };
        let due = self.alive_sent_ms.is_none_or(|sent_ms| self.now_ms >= sent_ms + pause_ms);
        if self.joined_ms.is_some() && due {
            self.alive_sent_ms = Some(self.now_ms);
            out.push(Action::WriteAlive);
        }
    }

    /// Tells the shards how the store is.
    pub(super) fn tell_store(&mut self, out: &mut Vec<Action>) {
        let state = match self.store_failing {
            false => StoreState::Works,
            true if self.store_fails_for_all() => StoreState::FailsForAll,
            true => StoreState::FailsHere,
        };
        if state != self.told_store || state == StoreState::FailsForAll {
            self.told_store = state;
            out.push(Action::Store(state));
        }
    }

    /// Whether nobody can have claimed a shard of this node since the store stopped answering: every live member is
    /// heard, can't commit either, acts on no newer list and says to have no shard that is ours.
    fn store_fails_for_all(&self) -> bool {
        let fresh_ms = self.config.timing.beat_ms * BEATS_FRESH;
        let placed = matches!(self.state(), Some(MemberState::Up | MemberState::Leaving));
        let mut others = self.list.live().filter(|member| member.owner != self.me);
        placed
            && !self.in_doubt
            && others.all(|member| {
                self.detector.beat_within(member.owner, self.now_ms, fresh_ms).is_some_and(|beat| {
                    beat.store_failing
                        && beat.list_version <= self.list.version
                        && !beat.held.iter().any(|(shard, _)| self.holds.contains_key(shard))
                })
            })
    }
}
