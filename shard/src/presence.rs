//! Who is missed when no call comes: in a chat the customer, at a desk its agent.

use super::Mono;
use handoff_chat::EntityId;
use std::collections::BTreeMap;

/// When whoever is missed here called last.
#[derive(Debug, Clone, Copy)]
struct LastCall {
    at: Mono,
    /// After how long without a call they are lost, in milliseconds.
    lost_after_ms: u64,
}

/// The last calls of all who are missed.
#[derive(Debug, Default)]
pub(super) struct Presence(BTreeMap<EntityId, LastCall>);

impl Presence {
    /// Misses whoever is to call from now on, or nobody any more.
    pub(super) fn expect(&mut self, entity: &EntityId, lost_after_ms: Option<u64>, now: Mono) {
        match lost_after_ms {
            Some(lost_after_ms) => {
                let fresh = LastCall { at: now, lost_after_ms };
                self.0.entry(entity.clone()).or_insert(fresh).lost_after_ms = lost_after_ms;
            }
            None => self.forget(entity),
        }
    }

    pub(super) fn forget(&mut self, entity: &EntityId) {
        self.0.remove(entity);
    }

    /// They called.
    pub(super) fn heard(&mut self, entity: &EntityId, now: Mono) {
        if let Some(last) = self.0.get_mut(entity) {
            last.at = now;
        }
    }

    /// A time in which nobody could be served counts against nobody.
    pub(super) fn give(&mut self, outage_ms: u64) {
        for last in self.0.values_mut() {
            last.at = last.at.after(outage_ms);
        }
    }

    /// Those who have not called for too long; each is named once per such time.
    pub(super) fn take_silent(&mut self, now: Mono) -> Vec<EntityId> {
        let silent = self.0.iter_mut().filter(|(_, last)| now.since(last.at) > last.lost_after_ms);
        silent
            .map(|(entity, last)| {
                last.at = now;
                entity.clone()
            })
            .collect()
    }

    #[cfg(test)]
    pub(super) fn is_missed(&self, entity: &EntityId) -> bool {
        self.0.contains_key(entity)
    }
}
