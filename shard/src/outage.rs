//! While the store does not answer: nothing is taken that would have to be written, and what is committed is still
//! read for a while, if nobody else can have claimed the shard.

use super::core::ShardCore;
use super::{Mono, Now, Outcome};
use handoff_chat::EntityId;

/// Reads of committed state go on for so long after the ownership was last confirmed, in milliseconds.
const READS_FOR_MS: u64 = 10_000;

/// News of the store are old after so long, in milliseconds: this process may have been stopped meanwhile.
const HEALTH_FRESH_MS: u64 = 300;

/// How the store is, as the supervisor says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StoreHealth {
    /// It answers this node and has room.
    #[default]
    Works,
    /// It answers, and has no room: what was begun is committed from its reserve.
    Full,
    /// It does not answer this node.
    FailsHere,
    /// It does not answer any node: nobody can have claimed this shard.
    FailsForAll,
}

/// What is known of the store, and since when on the monotonic clock.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known {
    news: StoreHealth,
    at: Mono,
    /// Since when nothing can be committed.
    since: Option<Mono>,
}

/// A store that does not answer is noticed after so long at the latest, in milliseconds: two signs of life.
const NOTICED_AFTER_MS: u64 = 10_000;

/// An append that takes longer counts as an outage, in milliseconds.
const SLOW_APPEND_MS: u64 = 1_000;

impl ShardCore {
    /// Takes what the supervisor knows of the store; `FailsForAll` must be said again and again.
    pub fn store_is(&mut self, now: Now, news: StoreHealth) {
        self.store.news = news;
        self.store.at = now.mono;
        if news == StoreHealth::Works {
            self.end_outage(now);
        } else {
            // It takes a node a while to notice. What is not known to have been served is given to the people.
            let noticed_late = now.mono.before(NOTICED_AFTER_MS);
            let served = self.pipe.confirmed_at().unwrap_or_default().max(noticed_late);
            self.store.since.get_or_insert(served);
        }
    }

    /// While nothing can be committed, time stands still for deadlines.
    pub(super) fn time_stands_still(&self, now: Now) -> bool {
        self.refuses_commands() || self.pipe.flight_age_ms(now.mono) > SLOW_APPEND_MS
    }

    /// An append that was so long on its way is committed.
    pub(super) fn append_took(&mut self, now: Now, age_ms: u64) {
        if age_ms > SLOW_APPEND_MS {
            let since = now.mono.before(age_ms);
            self.store.since = Some(self.store.since.map_or(since, |known| known.min(since)));
        }
        if !self.refuses_commands() {
            self.end_outage(now);
        }
    }

    /// The shard could not commit for a while: that time counts against nobody.
    fn end_outage(&mut self, now: Now) {
        if self.pipe.flight_age_ms(now.mono) > SLOW_APPEND_MS {
            return;
        }
        let Some(since) = self.store.since.take() else { return };
        let outage_ms = now.mono.since(since);
        self.clock.leave_out(outage_ms);
        self.note_outage();
        self.presence.give(outage_ms);
    }

    /// What a person's command is told at the door while nothing can be committed. No other node has room when this one
    /// has none, so nothing is gained by trying there.
    pub(super) fn refusal(&self) -> Outcome {
        if self.reads_go_on() { Outcome::Busy } else { Outcome::Again }
    }

    /// Whether commands alone are refused, and reads are answered as ever.
    pub(super) fn reads_go_on(&self) -> bool {
        self.store.news == StoreHealth::Full
    }

    /// Whether commands are refused at the door: they could not be committed.
    pub(super) fn refuses_commands(&self) -> bool {
        self.store.news != StoreHealth::Works
    }

    /// Whether an entity may be read although the ownership can't be confirmed: the store fails for all, and all that
    /// the entity decided is committed.
    pub(super) fn reads_committed(&mut self, now: Now, entity: &EntityId) -> bool {
        let known =
            self.store.news == StoreHealth::FailsForAll && now.mono.since(self.store.at) <= HEALTH_FRESH_MS;
        let committed = self.pipe.committed();
        known
            && self.pipe.confirmed_within(now.mono, READS_FOR_MS)
            && self.entities.awake(entity).is_some_and(|awake| awake.newest_item() <= committed)
    }
}
