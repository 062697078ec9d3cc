//! The cluster at rest, put together from the logs: every interaction is done, nobody waits, and no agent holds a
//! place for anybody. On the way no agent ever held more places than allowed.

use crate::agent::CAPACITY;
use handoff_chat::command::{Caller, Read, Reading};
use handoff_chat::entry::Entry;
use handoff_chat::{Entity, EntityId};
use handoff_shard::frame::Decided;
use std::collections::{BTreeMap, BTreeSet};

/// All entities as the logs have them.
#[derive(Default)]
pub struct Rest {
    entities: BTreeMap<EntityId, Replayed>,
}

struct Replayed {
    machine: Entity,
    settled: BTreeSet<u64>,
    fired: BTreeSet<u64>,
}

impl Rest {
    /// A decision of an entity, in its log's order.
    ///
    /// # Errors
    /// What does not hold after it.
    pub fn replay(&mut self, decided: &Decided) -> Result<(), String> {
        let fresh = || Replayed {
            machine: Entity::new(&decided.entity),
            settled: BTreeSet::new(),
            fired: BTreeSet::new(),
        };
        let replayed = self.entities.entry(decided.entity.clone()).or_insert_with(fresh);
        for entry in &decided.entries {
            match entry {
                Entry::Settled(id) if !replayed.settled.insert(id.0) => {
                    return Err(format!("{}: effect {} is settled twice", decided.entity, id.0));
                }
                Entry::Disarmed(id) if !replayed.fired.insert(id.0) => {
                    return Err(format!("{}: timer {} fired twice", decided.entity, id.0));
                }
                _ => {}
            }
            replayed.machine.apply(entry);
        }
        let held = held_by(&replayed.machine);
        if held > CAPACITY as usize {
            return Err(format!("{} holds {held}, may hold {CAPACITY}", decided.entity));
        }
        Ok(())
    }

    /// What must hold when nothing happens any more.
    ///
    /// # Errors
    /// What does not.
    pub fn check(&self) -> Result<(), String> {
        for (entity, Replayed { machine, .. }) in &self.entities {
            let held = held_by(machine);
            if held > 0 {
                return Err(format!("{entity} still holds {held}"));
            }
            if let Some((id, effect)) = machine.owed().next() {
                return Err(format!("{entity} still owes {id:?}: {effect:?}"));
            }
            match machine {
                Entity::Queue(queue) => {
                    let line = queue.read(&Caller::Operator, &Read::Line);
                    if !matches!(&line, Ok(Reading::Line(line)) if line.waiting.is_empty()) {
                        return Err(format!("somebody still waits in {entity}: {line:?}"));
                    }
                }
                Entity::Session(session) if session.interaction().is_some_and(|found| !found.done()) => {
                    let place = session.interaction().map(|found| found.place());
                    return Err(format!("{entity}: the interaction is not done but at {place:?}"));
                }
                Entity::Session(_) | Entity::Agent(_) | Entity::Correspondent(_) => {}
            }
        }
        Ok(())
    }
}

/// How many of an agent's places are taken.
fn held_by(machine: &Entity) -> usize {
    match machine {
        Entity::Agent(agent) => agent.taken(),
        Entity::Session(_) | Entity::Queue(_) | Entity::Correspondent(_) => 0,
    }
}
