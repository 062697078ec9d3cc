//! While the store does not answer: nothing is taken that would have to be written, and what is committed is still
//! read for a while, if nobody else can have claimed the shard.

use super::Now;
use super::core::ShardCore;
use handoff_chat::EntityId;

/// Reads of committed state go on for so long after the ownership was last confirmed, in milliseconds.
const READS_FOR_MS: u64 = 10_000;

/// News of the store are old after so long, in milliseconds: this process may have been stopped meanwhile.
const NEWS_FRESH_MS: u64 = 300;

/// How the store is, as the supervisor says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StoreNews {
    /// It answers.
    #[default]
    Works,
    /// It does not answer this node.
    FailsHere,
    /// It does not answer any node: nobody can have claimed this shard.
    FailsForAll,
}

/// What is known of the store, and since when on the monotonic clock.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known {
    news: StoreNews,
    at_ms: u64,
}

impl ShardCore {
    /// Takes what the supervisor knows of the store; `FailsForAll` must be said again and again.
    pub fn store_is(&mut self, now: Now, news: StoreNews) {
        self.store = Known { news, at_ms: now.mono_ms };
    }

    /// Whether commands are refused at the door: they could not be committed.
    pub(super) fn refuses_commands(&self) -> bool {
        self.store.news != StoreNews::Works
    }

    /// Whether an entity may be read although the ownership can't be confirmed: the store fails for all, and all that
    /// the entity decided is committed.
    pub(super) fn reads_committed(&mut self, now: Now, entity: &EntityId) -> bool {
        let known = self.store.news == StoreNews::FailsForAll
            && now.mono_ms.saturating_sub(self.store.at_ms) <= NEWS_FRESH_MS;
        let committed = self.pipe.committed();
        known
            && self.pipe.confirmed_within(now.mono_ms, READS_FOR_MS)
            && self.awake(entity).is_some_and(|awake| awake.newest_item() <= committed)
    }
}
