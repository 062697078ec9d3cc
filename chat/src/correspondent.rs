//! Whoever writes from an address of a channel: which chat what comes from there belongs to.
//!
//! A channel that vouches for addresses delivers what it has at least once, at any node. Here it is decided, once for
//! each message, whether it belongs to the chat that goes on or begins a new one: by the channel's own id of the
//! message, so that a repeat belongs where its first try did. A chat that ends says what it has taken: the rest is as
//! if it had never come. Whoever wrote nothing for two days is forgotten when no chat goes on.

mod snapshot;
#[cfg(test)]
mod tests;

use crate::Context;
use crate::channel::Proof;
use crate::command::{Act, Answer, Caller, Command, Reject};
use crate::decision::Decision;
use crate::entry::{CorrespondentChange, Effect, Entry};
use crate::id::{CommandId, EffectId, EntityId, Served, SessionId, TimerId};
use crate::ledger::{Draft, Ledger};
use crate::routing::{Message, Reply, ToCorrespondent, ToSession};
use bincode::{Decode, Encode};
use std::collections::VecDeque;

/// How many ids of messages are kept for repeats.
const TAKEN_MAX: usize = 256;

/// Who has no chat and wrote nothing for so long is forgotten, in milliseconds of served time.
pub const FORGOTTEN_MS: i64 = 48 * 3_600_000;

/// A message that came, as it is stored.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
struct Taken {
    id: CommandId,
    chat: SessionId,
    /// The chat has ended, and has it.
    over: bool,
}

/// The machine of one correspondent.
#[derive(Debug, Clone, PartialEq)]
pub struct Correspondent {
    id: EntityId,
    state: State,
    ledger: Ledger,
}

#[derive(Debug, Clone, PartialEq, Default)]
struct State {
    /// The chat that goes on.
    chat: Option<SessionId>,
    /// What came lately, the newest last, with the chat that each belongs to.
    taken: VecDeque<Taken>,
    /// When something came last, in served time.
    heard_at: Served,
    retired: bool,
}

impl State {
    fn change(&mut self, change: &CorrespondentChange) {
        match change {
            CorrespondentChange::Took { id, chat, at } => {
                self.taken.retain(|known| known.id != *id);
                if self.taken.len() >= TAKEN_MAX {
                    self.taken.pop_front();
                }
                self.taken.push_back(Taken { id: id.clone(), chat: chat.clone(), over: false });
                (self.chat, self.heard_at) = (Some(chat.clone()), *at);
            }
            CorrespondentChange::Over { chat, without } => {
                self.taken.retain(|known| known.chat != *chat || !without.contains(&known.id));
                self.taken.iter_mut().filter(|known| known.chat == *chat).for_each(|known| known.over = true);
                self.chat.take_if(|current| current == chat);
            }
        }
    }

    /// What was to be in a chat, oldest first.
    fn of<'a>(&'a self, chat: &'a SessionId) -> impl Iterator<Item = &'a CommandId> {
        self.taken.iter().filter(|known| known.chat == *chat && !known.over).map(|known| &known.id)
    }
}

impl Correspondent {
    /// One who has written nothing yet.
    pub fn new(id: EntityId) -> Self {
        Self { id, state: State::default(), ledger: Ledger::default() }
    }

    /// Whether they are to be forgotten.
    pub fn retired(&self) -> bool {
        self.state.retired
    }

    /// Changes the state as a journaled entry says.
    pub fn apply(&mut self, entry: &Entry) {
        match entry {
            Entry::Correspondent(change) => self.state.change(change),
            Entry::Retired => self.state.retired = true,
            other => self.ledger.apply(other),
        }
    }

    /// As [`crate::Session::decide`].
    ///
    /// # Errors
    /// [`Reject::WrongKey`] for another's address, [`Reject::NotAllowed`] for what is not theirs to decide.
    pub fn decide(&self, command: &Command, context: &Context) -> Result<Decision, Reject> {
        let draft = Draft::new(&self.ledger);
        match (&command.act, &command.caller) {
            (Act::Receive { refused_by }, Caller::Customer(proof)) => {
                let here = matches!(proof, Proof::Address(address) if address.correspondent() == self.id);
                if !here {
                    return Err(Reject::WrongKey);
                }
                Ok(self.receive(draft, &command.id, refused_by.as_ref(), context))
            }
            (
                Act::Deliver(Message::ToCorrespondent(ToCorrespondent::Over { session, took, more })),
                Caller::Entity(from),
            ) => {
                if from.session().as_ref() != Some(session) {
                    return Err(Reject::NotAllowed);
                }
                Ok(self.over(draft, session, took, *more))
            }
            (Act::Replied { effect, reply }, Caller::System) => {
                Ok(self.replied(draft, *effect, reply, context))
            }
            (Act::Fire { timer }, Caller::System) => Ok(self.fire(draft, *timer, context)),
            // What it holds for others is in what they tell it.
            (Act::Restored, Caller::System) => Ok(finish(draft, Answer::Done)),
            _ => Err(Reject::NotAllowed),
        }
    }

    /// Where a message belongs: where its first try did, unless that chat has refused it; else to the chat that goes
    /// on, else to a new one.
    fn receive(
        &self,
        mut draft: Draft<'_>,
        id: &CommandId,
        refused_by: Option<&SessionId>,
        context: &Context,
    ) -> Decision {
        let known = self.state.taken.iter().find(|known| known.id == *id);
        if let Some(Taken { chat, over, .. }) = known.filter(|known| Some(&known.chat) != refused_by) {
            return finish(draft, Answer::Belongs { chat: chat.clone(), taken: *over });
        }
        let goes_on = self.state.chat.clone().filter(|chat| Some(chat) != refused_by);
        let chat = goes_on.unwrap_or_else(|| SessionId::from_random(&context.random));
        let at = context.served;
        draft.push(Entry::Correspondent(CorrespondentChange::Took {
            id: id.clone(),
            chat: chat.clone(),
            at,
        }));
        draft.wake_by(at.after(FORGOTTEN_MS));
        finish(draft, Answer::Belongs { chat, taken: false })
    }

    /// A chat has ended, with these messages. Where there were more, so old that it does not know them any longer, what
    /// came before those is in it.
    fn over(&self, mut draft: Draft<'_>, session: &SessionId, took: &[CommandId], more: bool) -> Decision {
        let here: Vec<&CommandId> = self.state.of(session).collect();
        let known = here.iter().position(|id| took.contains(id)).unwrap_or(here.len());
        let asked = here.into_iter().skip(if more { known } else { 0 });
        let without: Vec<CommandId> = asked.filter(|id| !took.contains(id)).cloned().collect();
        self.ended(&mut draft, session, without);
        finish(draft, Answer::Routing(Reply::Done))
    }

    fn ended(&self, draft: &mut Draft<'_>, chat: &SessionId, without: Vec<CommandId>) {
        if self.state.chat.as_ref() == Some(chat) || self.state.of(chat).next().is_some() {
            draft.push(Entry::Correspondent(CorrespondentChange::Over { chat: chat.clone(), without }));
        }
    }

    /// Looks whether they may be forgotten. A chat in which they wrote nothing for long is asked whether it goes on:
    /// perhaps nobody has begun it.
    fn fire(&self, mut draft: Draft<'_>, timer: TimerId, context: &Context) -> Decision {
        if draft.fire(timer) {
            let forget_at = self.state.heard_at.after(FORGOTTEN_MS);
            match &self.state.chat {
                _ if forget_at > context.served => draft.wake_by(forget_at),
                None => draft.push(Entry::Retired),
                Some(chat) => {
                    draft.tell(EntityId::from(chat), Message::ToSession(ToSession::GoesOn));
                    draft.wake_by(context.served.after(FORGOTTEN_MS));
                }
            }
        }
        finish(draft, Answer::Done)
    }

    /// A chat has answered whether it goes on.
    fn replied(&self, mut draft: Draft<'_>, effect: EffectId, reply: &Reply, context: &Context) -> Decision {
        let asked = self.ledger.message(effect).and_then(|(to, _)| to.session());
        draft.settle(effect);
        if let Some(chat) = asked.filter(|_| *reply == Reply::Gone) {
            let without = self.state.of(&chat).cloned().collect();
            self.ended(&mut draft, &chat, without);
            draft.wake_by(context.served);
        }
        finish(draft, Answer::Done)
    }

    /// Armed timers and their moments of served time.
    pub fn timers(&self) -> impl Iterator<Item = (TimerId, Served)> {
        self.ledger.timers()
    }

    /// What is owed: whether a chat goes on is asked until that answers.
    pub fn owed(&self) -> impl Iterator<Item = (EffectId, &Effect)> {
        self.ledger.owed()
    }
}

fn finish(draft: Draft<'_>, answer: Answer) -> Decision {
    Decision { entries: draft.finish(), answer, typing: Vec::new() }
}
