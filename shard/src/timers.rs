//! When which entity's timers are due. An entry may be out of date: the entity itself says what is due.

use handoff_chat::{EntityId, Served};
use std::collections::BTreeSet;

/// Entities by the moment at which to look at their timers.
#[derive(Debug, Default)]
pub(super) struct Timers(BTreeSet<(Served, EntityId)>);

impl Timers {
    /// Has an entity looked at then.
    pub(super) fn arm(&mut self, at: Option<Served>, entity: &EntityId) {
        self.0.extend(at.map(|at| (at, entity.clone())));
    }

    /// Takes the next entity whose time has come.
    pub(super) fn take_due(&mut self, served: Served) -> Option<EntityId> {
        let due = self.0.first().is_some_and(|(at, _)| *at <= served);
        if due { self.0.pop_first().map(|(_, entity)| entity) } else { None }
    }
}
