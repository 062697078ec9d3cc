//! Decides what a command does: who asks, whether it was asked before, and which family of commands it
//! belongs to.

mod effects;
mod leaving;
mod opening;
mod talking;

use super::draft::{Draft, SYSTEM};
use super::state::{Kept, Session, State, Terms};
use super::{ChatAnswer, Limits};
use crate::Turn;
use crate::command::{Act, Answer, Caller, Command, Reject};
use crate::entity::Decision;
use subtle::ConstantTimeEq;
use xxhash_rust::xxh3::xxh3_64;

/// A command whose caller is known and which was not answered before.
struct Case<'a> {
    command: &'a Command,
    by: u32,
    digest: u64,
    limits: &'a Limits,
    draft: Draft<'a>,
}

impl Case<'_> {
    fn done(self) -> Result<Decision, Reject> {
        Ok(self.draft.finish(self.command, self.by, self.digest))
    }
}

impl Session {
    /// What a command does now: entries to journal and [`Session::apply`] at once, and the answer to give
    /// when they are committed. Changes nothing itself.
    ///
    /// # Errors
    /// A [`Reject`] is final for this command and journals nothing.
    pub fn decide(&self, command: &Command, turn: &Turn) -> Result<Decision, Reject> {
        if let Act::Open(opening) = &command.act {
            return opening::open(self, command, opening, turn);
        }
        let state = &self.state;
        let terms = state.live()?;
        let by = state.identify(terms, &command.caller)?;
        let digest = digest(&command.act);
        if let Some(kept) = state.kept(by, command) {
            return if kept.digest == digest { Ok(state.again(kept, None)) } else { Err(Reject::IdInUse) };
        }
        let case = Case { command, by, digest, limits: &terms.limits, draft: Draft::new(self, turn) };
        match (&command.act, &command.caller) {
            (Act::Send { text, message_type }, Caller::Customer(_)) => {
                talking::send(case, text, message_type)
            }
            (Act::StartTyping { preview }, Caller::Customer(_)) => talking::typing(case, true, preview),
            (Act::StopTyping { preview }, Caller::Customer(_)) => talking::typing(case, false, preview),
            (Act::Disconnect, Caller::Customer(_)) => leaving::disconnect(case),
            (Act::BotReply { effect, texts, leave }, Caller::Bot(name)) => {
                effects::bot_reply(case, name, *effect, texts, *leave)
            }
            (Act::Settle { effect }, Caller::System) => effects::settle(case, *effect),
            (Act::Fire { timer }, Caller::System) => effects::fire(case, *timer),
            (Act::CustomerLost, Caller::System) => leaving::customer_lost(case),
            (Act::ForceEnd, Caller::System | Caller::Operator) => leaving::force_end(case),
            _ => Err(Reject::NotAllowed),
        }
    }
}

impl State {
    /// The terms of a session that was opened and is still remembered.
    pub(super) fn live(&self) -> Result<&Terms, Reject> {
        match &self.terms {
            Some(terms) if !self.retired => Ok(terms),
            _ => Err(Reject::Unknown),
        }
    }

    /// The participant's number of a caller who proves to be who he says; the system's for those who are
    /// nobody.
    pub(super) fn identify(&self, terms: &Terms, caller: &Caller) -> Result<u32, Reject> {
        match caller {
            Caller::Customer(hash) => {
                let fits = bool::from(hash.ct_eq(&terms.key_hash));
                if fits { Ok(self.customer_number()) } else { Err(Reject::WrongKey) }
            }
            Caller::Bot(name) => self.bot(name).map(|party| party.who.number).ok_or(Reject::NotAllowed),
            Caller::System | Caller::Operator => Ok(SYSTEM),
            Caller::Agent(_) | Caller::Entity(_) => Err(Reject::NotAllowed),
        }
    }

    fn kept(&self, by: u32, command: &Command) -> Option<&Kept> {
        let of_start = self.start_answer.iter().filter(|_| by == self.customer_number());
        let later = self.answers.get(&by).into_iter().flatten();
        of_start.chain(later).find(|kept| kept.id == command.id)
    }

    /// The answer to a repeat: the first one, and nothing to journal.
    fn again(&self, kept: &Kept, sealed_key: Option<[u8; 16]>) -> Decision {
        let Kept { seq, next_position, chat_ended, .. } = *kept;
        let answer = ChatAnswer { seq, next_position, chat_ended, user_id: self.user_id(), sealed_key };
        Decision { entries: Vec::new(), answer: Answer::Chat(answer), typing: None }
    }
}

/// A hash of what is asked. Never 0, which stands for the start. A bot's answer counts by what it answers:
/// asked again, by other rules perhaps, it may say something else.
fn digest(act: &Act) -> u64 {
    let encoded = match act {
        Act::BotReply { effect, .. } => handoff_codec::encode_bare(&("bot reply", *effect)),
        other => handoff_codec::encode_bare(other),
    };
    encoded.map_or(1, |bytes| xxh3_64(&bytes).max(1))
}
