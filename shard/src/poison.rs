//! Panics in an entity. What panicked once is refused and may be tried again; what panics twice on the same command
//! puts its entity out of service. A state that is in doubt is read again from the log.

use super::core::{ShardCore, is_operators_end};
use super::decide::Declined;
use super::entity_state::EntityState;
use super::{Action, Now};
use handoff_chat::command::{Answer, Command, Reject};
use handoff_chat::{CommandId, EntityId};
use std::collections::VecDeque;

/// Most commands remembered that panicked once; of more the oldest is forgotten.
pub(super) const SUSPECTS_MAX: usize = 256;

/// What is known of panics in this shard.
#[derive(Default)]
pub(super) struct Poison {
    /// The commands that have panicked once, the oldest first.
    suspects: VecDeque<(EntityId, CommandId)>,
    /// All panics that were caught.
    pub(super) panics: u64,
    /// Whether an entity may wait for its log to be read again.
    pub(super) rereads: bool,
}

impl Poison {
    /// Whether this command has panicked before; from now on it has.
    fn met_before(&mut self, entity: &EntityId, command: &CommandId) -> bool {
        let known = self.suspects.iter().position(|(of, id)| of == entity && id == command);
        // The newest last: one that comes again and again is not forgotten for those that came once.
        if let Some(known) = known.and_then(|place| self.suspects.remove(place)) {
            self.suspects.push_back(known);
            return true;
        }
        if self.suspects.len() >= SUSPECTS_MAX {
            self.suspects.pop_front();
        }
        self.suspects.push_back((entity.clone(), command.clone()));
        false
    }

    #[cfg(test)]
    pub(super) fn suspects(&self) -> usize {
        self.suspects.len()
    }
}

impl ShardCore {
    /// Refuses a command that panicked; a second panic on it puts the entity out of service. An operator's end that
    /// panics twice puts a session away: its state is of no use.
    pub(super) fn panicked(
        &mut self,
        now: Now,
        entity: &EntityId,
        command: &Command,
        in_doubt: bool,
    ) -> Result<Option<Answer>, Declined> {
        self.poison.panics += 1;
        let end = entity.session().is_some() && is_operators_end(command);
        // Each of an operator's tries has an id of its own.
        let id = if end { CommandId("end".to_owned()) } else { command.id.clone() };
        let again = self.poison.met_before(entity, &id);
        tracing::error!(entity = %entity, again, in_doubt, "a command made the entity panic; it is refused");
        if again && end {
            return self.put_away(now, entity).map(Some);
        }
        if again {
            let state = match self.entities.awake(entity) {
                Some(awake) if !in_doubt => awake.machine.to_snapshot().ok(),
                _ => None,
            };
            self.entities.put(entity.clone(), EntityState::Quarantined { state });
            self.presence.forget(entity);
            return Err(Declined::Rejected(Reject::Quarantined));
        }
        if in_doubt {
            let after = self.entities.awake(entity).map_or(0, |awake| awake.newest_item());
            let restoring = EntityState::Restoring { waiting: VecDeque::new(), after, asked: false };
            self.poison.rereads = true;
            self.entities.put(entity.clone(), restoring);
        }
        Err(Declined::Again)
    }

    /// Asks for the log to be read again for entities in doubt, once their last decision is in it.
    pub(super) fn rebuild_when_committed(&mut self) {
        if !self.poison.rereads {
            return;
        }
        let committed = self.pipe.committed();
        self.poison.rereads = false;
        for (entity, state) in self.entities.iter_mut() {
            if let EntityState::Restoring { after, asked, .. } = state
                && !*asked
            {
                if *after <= committed {
                    *asked = true;
                    self.actions.push_back(Action::Rebuild { entity: entity.clone() });
                } else {
                    self.poison.rereads = true;
                }
            }
        }
    }

    /// What the log says of an entity in doubt (`None`: nothing, it never was).
    pub fn rebuilt(&mut self, now: Now, entity: &EntityId, found: Option<EntityState>) {
        let Some(EntityState::Restoring { waiting, .. }) = self.entities.take(entity) else { return };
        match found {
            // Its log can't be replayed: to read it once more would not help.
            Some(EntityState::Quarantined { .. }) => self.unreadable(now, entity, waiting),
            found => {
                if let Some(state) = found {
                    self.entities.put(entity.clone(), state);
                }
                // What was committed meanwhile found nobody awake.
                self.hand_out(now, entity);
                for envelope in waiting {
                    self.call(now, envelope);
                }
            }
        }
        self.flush(now);
    }
}
