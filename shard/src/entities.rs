//! The shard's entities and where each of them is: in memory, in a snapshot, in the log alone.

use super::entity_state::{Asleep, Awake, EntityState};
use super::frame::Slept;
use super::{Envelope, Mono};
use handoff_chat::{Entity, EntityId};
use std::collections::{BTreeMap, VecDeque, btree_map};
use std::ops::Bound;

/// All entities, in order of id.
#[derive(Default)]
pub(super) struct Entities {
    states: BTreeMap<EntityId, EntityState>,
    /// What left memory since the last time that somebody asked.
    left: Vec<EntityId>,
}

impl Entities {
    pub(super) fn contains(&self, entity: &EntityId) -> bool {
        self.states.contains_key(entity)
    }

    pub(super) fn get(&self, entity: &EntityId) -> Option<&EntityState> {
        self.states.get(entity)
    }

    pub(super) fn get_mut(&mut self, entity: &EntityId) -> Option<&mut EntityState> {
        self.states.get_mut(entity)
    }

    /// An entity in memory, if it is.
    pub(super) fn awake(&mut self, entity: &EntityId) -> Option<&mut Awake> {
        match self.states.get_mut(entity) {
            Some(EntityState::Awake(awake)) => Some(awake),
            _ => None,
        }
    }

    /// An entity in a snapshot, if it is.
    pub(super) fn asleep(&mut self, entity: &EntityId) -> Option<&mut Asleep> {
        match self.states.get_mut(entity) {
            Some(EntityState::Asleep(asleep)) => Some(asleep),
            _ => None,
        }
    }

    pub(super) fn iter(&self) -> btree_map::Iter<'_, EntityId, EntityState> {
        self.states.iter()
    }

    pub(super) fn iter_mut(&mut self) -> btree_map::IterMut<'_, EntityId, EntityState> {
        self.states.iter_mut()
    }

    /// Those behind this place, in order of id.
    pub(super) fn behind(&self, place: Bound<EntityId>) -> btree_map::Range<'_, EntityId, EntityState> {
        self.states.range((place, Bound::Unbounded))
    }

    /// The entities of which this is true.
    pub(super) fn which(&self, is: impl Fn(&EntityId, &EntityState) -> bool) -> Vec<EntityId> {
        self.iter().filter(|(entity, state)| is(entity, state)).map(|(entity, _)| entity.clone()).collect()
    }

    /// Puts an entity where it is from now on.
    pub(super) fn put(&mut self, entity: EntityId, state: EntityState) {
        self.states.insert(entity, state);
    }

    /// Puts a machine in memory.
    pub(super) fn seat(&mut self, entity: &EntityId, machine: Entity, now: Mono) {
        self.put(entity.clone(), EntityState::Awake(Box::new(Awake::new(machine, now))));
    }

    /// Takes an entity out, to put it elsewhere or because it never was.
    pub(super) fn take(&mut self, entity: &EntityId) -> Option<EntityState> {
        self.states.remove(entity)
    }

    /// Its snapshot is all that is left of it here.
    pub(super) fn falls_asleep(&mut self, slept: Slept) {
        let entity = slept.entity.clone();
        self.left.push(entity.clone());
        self.put(entity, EntityState::Asleep(Box::new(Asleep::new(slept))));
    }

    /// It is over, or put away.
    pub(super) fn forget(&mut self, entity: &EntityId) {
        self.states.remove(entity);
        self.left.push(entity.clone());
    }

    /// Takes the entities that left memory since the last time.
    pub(super) fn take_left(&mut self) -> Vec<EntityId> {
        std::mem::take(&mut self.left)
    }

    /// Takes the calls that wait for an entity to be there.
    pub(super) fn take_waiting(&mut self) -> Vec<Envelope> {
        let waiting = |state: &mut EntityState| match state {
            EntityState::Asleep(asleep) => std::mem::take(&mut asleep.waiting),
            EntityState::Restoring { waiting, .. } => std::mem::take(waiting),
            EntityState::Awake(_) | EntityState::Quarantined { .. } => VecDeque::new(),
        };
        self.states.values_mut().flat_map(waiting).collect()
    }

    /// Lets all go; the calls that wait for them are left.
    pub(super) fn clear(&mut self) -> Vec<Envelope> {
        let waiting = self.take_waiting();
        self.states.clear();
        waiting
    }

    /// Whether some have their state in the log alone.
    pub(super) fn has_doubt(&self) -> bool {
        self.states.values().any(|state| {
            matches!(state, EntityState::Restoring { .. } | EntityState::Quarantined { state: None })
        })
    }
}
