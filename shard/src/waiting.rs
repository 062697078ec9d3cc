//! Reads that wait for something new: how what happens reaches those who watch, on whatever node they are.
//!
//! A gateway asks with the position that its client has and is answered as soon as there is more, or after a while
//! that there is nothing. It then asks again, here or at the next owner: a watcher needs no place in the owner's
//! memory, and misses nothing.

use super::core::{ShardCore, refuse};
use super::{Done, Envelope, Now, Outcome};
use handoff_chat::EntityId;
use std::collections::{BTreeMap, BTreeSet};

/// Most reads that wait for one entity; more are answered at once.
const WAITING_MAX: usize = 64;

/// The reads that wait, and the entities to which something has happened since.
#[derive(Default)]
pub struct Waiting {
    parked: BTreeMap<EntityId, Vec<Envelope>>,
    stirred: BTreeSet<EntityId>,
}

impl Waiting {
    /// Something happened to this entity.
    pub fn stirred(&mut self, entity: &EntityId) {
        if self.parked.contains_key(entity) {
            self.stirred.insert(entity.clone());
        }
    }

    /// Whether somebody waits for this entity.
    #[must_use]
    pub fn any(&self, entity: &EntityId) -> bool {
        self.parked.contains_key(entity)
    }

    /// Takes all that wait.
    pub fn take_all(&mut self) -> Vec<Envelope> {
        self.stirred.clear();
        std::mem::take(&mut self.parked).into_values().flatten().collect()
    }
}

impl ShardCore {
    /// Parks a read that found nothing new. It gives back its place in the inbox: watchers have a bound of their own.
    pub(super) fn wait(&mut self, mut envelope: Envelope, done: Done) {
        let parked = self.waiting.parked.entry(envelope.call.entity.clone()).or_default();
        if parked.len() >= WAITING_MAX || done.answer.is_some() {
            if let Some(to) = envelope.reply {
                to.send(Outcome::Done(done));
            }
            return;
        }
        if let Some(to) = &mut envelope.reply {
            to.permit = None;
        }
        parked.push(envelope);
    }

    /// Answers those who wait for entities to which something has happened.
    pub(super) fn serve_waiting(&mut self, now: Now) {
        while let Some(entity) = self.waiting.stirred.pop_first() {
            for envelope in self.waiting.parked.remove(&entity).unwrap_or_default() {
                self.dispatch(now, envelope);
            }
        }
    }

    /// Tells those whose time is over that there was nothing. This needs no fresh ownership: a reader learns nothing
    /// from it, and asks again.
    pub(super) fn end_waiting(&mut self, now: Now) {
        let over = |envelope: &mut Envelope| {
            let gone = envelope.reply.as_ref().is_none_or(|to| to.sender.is_closed());
            gone || envelope.wait_until.is_none_or(|until| until <= now.mono)
        };
        for parked in self.waiting.parked.values_mut() {
            for envelope in parked.extract_if(.., over) {
                refuse(envelope, Outcome::Done(Done::default()));
            }
        }
        self.waiting.parked.retain(|_, parked| !parked.is_empty());
    }
}
