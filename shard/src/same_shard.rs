//! What an entity says to another of the same shard is decided in the same turn, before the frame closes. What would go
//! deeper than 16, and all that is for other shards, is driven from the log.

use super::Now;
use super::core::ShardCore;
use super::decide::Declined;
use super::entity_state::EntityState;
use handoff_chat::command::{Act, Answer, Caller, Command, Reject};
use handoff_chat::entry::Effect;
use handoff_chat::routing::Reply;
use handoff_chat::{CommandId, EffectId, EntityId};
use handoff_journal::ShardId;
use std::collections::VecDeque;

/// How deep one turn goes.
const DEPTH_MAX: u8 = 16;

/// What is to be said within this shard, in this turn.
#[derive(Default)]
pub struct SameShard {
    due: VecDeque<(EntityId, EffectId, u8)>,
    depth: u8,
}

impl SameShard {
    /// Takes an effect that is for this shard; false: the turn is deep enough.
    pub fn push(&mut self, from: &EntityId, effect: EffectId) -> bool {
        if self.depth >= DEPTH_MAX {
            return false;
        }
        self.due.push_back((from.clone(), effect, self.depth + 1));
        true
    }
}

/// The command that an owed message is to its receiver; a repeat has the same id.
#[must_use]
pub fn told_by(from: &EntityId, effect: EffectId, message: handoff_chat::routing::Message) -> Command {
    let id = CommandId(format!("tell:{from}:{}", effect.0));
    Command { id, caller: Caller::Entity(from.clone()), act: Act::Deliver(message) }
}

/// The command that the answer is to the sender.
#[must_use]
pub fn answered(effect: EffectId, reply: Reply) -> Command {
    let id = CommandId(format!("replied:{}", effect.0));
    Command { id, caller: Caller::System, act: Act::Replied { effect, reply } }
}

impl ShardCore {
    /// Whether an effect is for an entity of this shard that is in memory, or has yet to begin.
    pub(super) fn is_here(&self, effect: &Effect) -> bool {
        let Effect::Message { to, .. } = effect else { return false };
        ShardId::of(&to.text(), self.options.shards) == self.tenure.shard
            && matches!(self.entities.get(to), None | Some(EntityState::Awake(_)))
    }

    /// Decides all that was said within this shard, and what comes of it.
    pub(super) fn deliver_here(&mut self, now: Now) {
        while let Some((from, effect, depth)) = self.same_shard.due.pop_front() {
            let Some(Effect::Message { to, message }) = self.owed_effect(&from, effect) else { continue };
            self.same_shard.depth = depth;
            let reply = match self.decide_or_begin(now, &to, told_by(&from, effect, message)) {
                Ok(Some(Answer::Routing(reply))) => reply,
                Err(Declined::Rejected(Reject::Unknown)) => Reply::Gone,
                // Out of service at the moment: the outbox keeps at it.
                _ => {
                    self.hold_effect(now, &from, effect);
                    continue;
                }
            };
            if let Err(Declined::Again) = self.decide(now, &from, answered(effect, reply)) {
                // The answer was not taken: the outbox asks once more.
                self.hold_effect(now, &from, effect);
            }
        }
        self.same_shard.depth = 0;
    }

    /// After a recovery queues and agents ask whether what they hold still holds.
    pub(super) fn verify_claims(&mut self, now: Now) {
        for entity in self.entities.which(|entity, _| entity.session().is_none()) {
            let id = format!("restored:{}", self.tenure.epoch);
            self.own_command(now, &entity, id, Act::Restored);
        }
        self.deliver_here(now);
    }
}
