//! Whoever writes from an address of a channel: which chat what comes from there belongs to.
//!
//! A channel that vouches for addresses delivers what it has at least once, at any node. Here it is decided, once for
//! each message, whether it belongs to the chat that goes on or begins a new one: by the channel's own id of the
//! message, so that a repeat belongs where its first try did. It is forgotten when no chat goes on and nothing came for
//! two days.

mod snapshot;
#[cfg(test)]
mod tests;

use crate::Context;
use crate::channel::Proof;
use crate::command::{Act, Answer, Caller, Command, Reject};
use crate::entity::Decision;
use crate::entry::{Effect, Entry};
use crate::id::{EffectId, EntityId, Served, SessionId, TimerId};
use crate::ledger::{Draft, Ledger};
use crate::routing::{Message, Reply, ToCorrespondent};
use bincode::{Decode, Encode};
use std::collections::VecDeque;

/// How many ids of messages are kept for repeats.
const TAKEN_MAX: usize = 256;

/// Who has no chat and wrote nothing for so long is forgotten, in milliseconds of served time.
pub const FORGOTTEN_MS: i64 = 48 * 3_600_000;

/// Longest id of a message, in bytes.
pub const MESSAGE_ID_BYTES_MAX: usize = 256;

/// A change of a correspondent, as it is journaled.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum CorrespondentChange {
    /// What came under this id belongs to this chat, which is the one that goes on from here.
    Took {
        /// The channel's own id of the message.
        id: String,
        /// The chat.
        chat: SessionId,
        /// When, in served time.
        at: Served,
    },
    /// The chat that went on has ended.
    Over,
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
    taken: VecDeque<(String, SessionId)>,
    /// When something came last, in served time.
    heard_at: Served,
    retired: bool,
}

impl State {
    fn change(&mut self, change: &CorrespondentChange) {
        match change {
            CorrespondentChange::Took { id, chat, at } => {
                self.taken.retain(|(known, _)| known != id);
                if self.taken.len() >= TAKEN_MAX {
                    self.taken.pop_front();
                }
                self.taken.push_back((id.clone(), chat.clone()));
                (self.chat, self.heard_at) = (Some(chat.clone()), *at);
            }
            CorrespondentChange::Over => self.chat = None,
        }
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
            (Act::Receive { id, refused_by }, Caller::Customer(proof)) => {
                let here = matches!(proof, Proof::Address(address) if address.correspondent() == self.id);
                if !here {
                    return Err(Reject::WrongKey);
                }
                Ok(self.receive(draft, id, refused_by.as_ref(), context))
            }
            (
                Act::Tell(Message::ToCorrespondent(ToCorrespondent::Over { session })),
                Caller::Entity(from),
            ) => {
                if from.session().as_ref() != Some(session) {
                    return Err(Reject::NotAllowed);
                }
                Ok(self.over(draft, session))
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
        id: &str,
        refused_by: Option<&SessionId>,
        context: &Context,
    ) -> Decision {
        let known = self.state.taken.iter().find(|(known, _)| known == id).map(|(_, chat)| chat);
        if let Some(chat) = known.filter(|chat| Some(*chat) != refused_by) {
            let over = self.state.chat.as_ref() != Some(chat);
            return finish(draft, Answer::Belongs { chat: chat.clone(), over });
        }
        let goes_on = self.state.chat.clone().filter(|chat| Some(chat) != refused_by);
        let chat = goes_on.unwrap_or_else(|| SessionId::from_random(&context.random));
        let at = context.served;
        draft.push(Entry::Correspondent(CorrespondentChange::Took {
            id: id.to_owned(),
            chat: chat.clone(),
            at,
        }));
        draft.wake_by(at.after(FORGOTTEN_MS));
        finish(draft, Answer::Belongs { chat, over: false })
    }

    fn over(&self, mut draft: Draft<'_>, session: &SessionId) -> Decision {
        if self.state.chat.as_ref() == Some(session) {
            draft.push(Entry::Correspondent(CorrespondentChange::Over));
        }
        finish(draft, Answer::Routing(Reply::Done))
    }

    /// Looks whether they may be forgotten.
    fn fire(&self, mut draft: Draft<'_>, timer: TimerId, context: &Context) -> Decision {
        if draft.fire(timer) {
            let forget_at = self.state.heard_at.after(FORGOTTEN_MS);
            if self.state.chat.is_none() && forget_at <= context.served {
                draft.push(Entry::Retired);
            } else {
                draft.wake_by(forget_at.max(context.served.after(LOOK_MS)));
            }
        }
        finish(draft, Answer::Done)
    }

    /// Armed timers and their moments of served time.
    pub fn timers(&self) -> impl Iterator<Item = (TimerId, Served)> {
        self.ledger.timers()
    }

    /// What is owed: a correspondent owes nobody anything.
    pub fn owed(&self) -> impl Iterator<Item = (EffectId, &Effect)> {
        self.ledger.owed()
    }
}

/// How often it is looked whether a long chat has ended, in milliseconds.
const LOOK_MS: i64 = 3_600_000;

fn finish(draft: Draft<'_>, answer: Answer) -> Decision {
    Decision { entries: draft.finish(), answer, typing: Vec::new() }
}
