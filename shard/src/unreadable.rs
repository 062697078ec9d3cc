//! Sessions whose state can't be read: a snapshot or frame is damaged or gone, or applying what the log says panics.
//!
//! Such a session is out of service, and only an operator's word ends it: since nothing can be decided on a state that
//! nobody has, it is **put away**, which the log says, so that no later owner meets it again. What it held elsewhere is
//! given up by those who ask after it; its record keeps the rows that it has, and is never closed.

use super::core::{ShardCore, is_force_end, refuse};
use super::decide::Declined;
use super::entity_state::EntityState;
use super::frame::Item;
use super::{Done, Envelope, Now, Outcome};
use handoff_chat::EntityId;
use handoff_chat::command::{Answer, ChatAnswer};
use std::collections::VecDeque;

impl ShardCore {
    /// The entity's state can't be read and never will be: it is out of service, and put away if an operator waits
    /// for its end. All others who wait are answered by what it is then.
    pub(super) fn unreadable(&mut self, now: Now, entity: &EntityId, waiting: VecDeque<Envelope>) {
        self.entities.put(entity.clone(), EntityState::Quarantined { state: None });
        self.presence.forget(entity);
        let (ends, others): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_force_end);
        let away = if ends.is_empty() { None } else { Some(self.put_away(now, entity)) };
        for end in ends {
            let reply = match &away {
                Some(Ok(answer)) => Outcome::Done(Done { answer: Some(answer.clone()), ..Done::default() }),
                _ => Outcome::Again,
            };
            self.answer(now, end, reply);
        }
        for envelope in others {
            self.dispatch(now, envelope);
        }
    }

    /// The snapshot row is not there, or the store refuses to give it. Without an operator's word that may still
    /// change.
    pub fn snapshot_missing(&mut self, now: Now, entity: &EntityId) {
        let Some(asleep) = self.entities.asleep(entity) else { return };
        if !asleep.waiting.iter().any(is_force_end) {
            return self.wake_failed(now, entity);
        }
        let waiting = std::mem::take(&mut asleep.waiting);
        self.unreadable(now, entity, waiting);
        self.flush(now);
    }

    /// The log can't be read again. Now: its callers may try again, and so do we with the next call or sweep, not at
    /// once. Never (`for_good`): the entity is out of service.
    pub fn rebuild_failed(&mut self, now: Now, entity: &EntityId, for_good: bool) {
        let Some(EntityState::Restoring { waiting, asked, .. }) = self.entities.get_mut(entity) else {
            return;
        };
        *asked = false;
        let waiting = std::mem::take(waiting);
        if for_good {
            self.unreadable(now, entity, waiting);
            self.flush(now);
            return;
        }
        for envelope in waiting {
            refuse(envelope, Outcome::Again);
        }
    }

    /// Forgets an entity, here and in the log. The answer to whoever wanted that is the chat's end.
    pub(super) fn put_away(&mut self, now: Now, entity: &EntityId) -> Result<Answer, Declined> {
        let item = Item::PutAway { entity: entity.clone(), at: self.wall(now) };
        let encoded = handoff_codec::encode_bare(&item).map_err(|error| {
            tracing::error!(entity = %entity, %error, "that an entity is put away can't be encoded");
            Declined::Again
        })?;
        tracing::error!(entity = %entity, "an operator ends an entity whose state can't be read: it is put away");
        self.waiting.stirred(entity);
        self.pipe.push(encoded);
        self.entities.forget(entity);
        self.presence.forget(entity);
        Ok(Answer::Chat(ChatAnswer {
            seq: 0,
            next_position: 1,
            chat_ended: true,
            user_id: String::new(),
            sealed_key: None,
        }))
    }
}
