//! Decides what a command does: who asks, whether it was asked before, and which family of commands it
//! belongs to.

mod effects;
mod files;
mod leaving;
mod notices;
mod opening;
mod pushing;
mod rating;
mod rich;
mod talking;

pub use talking::too_long;

use super::draft::{Asker, Draft, SYSTEM};
use super::state::{Kept, Session, State};
use crate::Context;
use crate::command::{Act, Answer, Caller, ChatAnswer, Command, Reject};
use crate::decision::Decision;
use crate::entry::Effect;
use crate::event::ViewKind;
use crate::opening::Terms;
use crate::routing::{Message, Reply, ToQueue, ToSession};
use xxhash_rust::xxh3::xxh3_64;

/// A command whose caller is known and which was not answered before.
struct Case<'a> {
    command: &'a Command,
    asker: Asker,
    digest: u64,
    draft: Draft<'a>,
}

impl Case<'_> {
    fn done(mut self) -> Result<Decision, Reject> {
        self.draft.bots_make_room();
        Ok(self.draft.finish(self.command, self.asker, self.digest, None))
    }
}

impl Session {
    /// What a command does now: entries to journal and [`Session::apply`] at once, and the answer to give
    /// when they are committed. Changes nothing itself.
    ///
    /// # Errors
    /// A [`Reject`] is final for this command and journals nothing.
    pub fn decide(&self, command: &Command, context: &Context) -> Result<Decision, Reject> {
        if let Act::Open(opening) = &command.act {
            return opening::open(self, command, opening, context);
        }
        let state = &self.state;
        let terms = state.live()?;
        let draft = Draft::new(self, context, terms).guarding(state.sealing);
        match (&command.act, &command.caller) {
            (Act::Deliver(_), _) | (_, Caller::Entity(_)) => return told_by_entity(draft, command),
            (Act::Replied { effect, reply }, Caller::System) => return Ok(replied(draft, *effect, reply)),
            (Act::TypingOver, Caller::System) => return Ok(typing_over(draft)),
            // What a session holds for others it holds by what it owes; there is nothing to verify.
            (Act::Restored, Caller::System) => return Ok(draft.finish_with(Answer::Done)),
            _ => {}
        }
        let asker = state.identify(terms, &command.caller)?;
        // A hash of a number that has few digits tells it: what may not be stored is not hashed either.
        let digest = match &terms.privacy {
            Some(_) => digest(&as_stored(&command.act, &draft)),
            None => digest(&command.act),
        };
        if let Some(kept) = state.kept(asker.keeper, command) {
            let fits = kept.digest == digest;
            return if fits { Ok(state.again(kept, asker, None)) } else { Err(Reject::IdInUse) };
        }
        let next = state.next_number(asker.keeper);
        if command.id.number().is_some_and(|number| number != next) {
            return Err(Reject::Expected { next });
        }
        let own = (asker.keeper == state.customer_number()).then_some(&command.id);
        Case { command, asker, digest, draft: draft.of_customer(own) }.decide(self)
    }
}

impl Case<'_> {
    fn decide(self, session: &Session) -> Result<Decision, Reject> {
        let command = self.command;
        match (&command.act, &command.caller) {
            (Act::Send { text, message_type }, Caller::Customer(_) | Caller::Agent(_)) => {
                talking::send(self, text, message_type)
            }
            (Act::SendInternal { text, message_type }, Caller::Agent(_)) => {
                talking::send_internal(self, text, message_type)
            }
            (Act::StartTyping { preview }, Caller::Customer(_) | Caller::Agent(_)) => {
                talking::typing(self, true, preview)
            }
            (Act::StopTyping { preview }, Caller::Customer(_) | Caller::Agent(_)) => {
                talking::typing(self, false, preview)
            }
            (act, Caller::Customer(_) | Caller::Agent(_)) if notices::is_one(act) => {
                notices::notice(self, act)
            }
            (act, Caller::Customer(_) | Caller::Agent(_)) if files::is_one(act) => {
                files::file(self, session, act)
            }
            (Act::FileScanned { effect, clean }, Caller::System) => files::scanned(self, *effect, *clean),
            (Act::SendRich { content }, Caller::Agent(_)) => rich::send(self, content),
            (Act::ReplyRich { to, content }, Caller::Customer(_)) => rich::reply(self, *to, content),
            (Act::Rate { score, text }, Caller::Customer(_)) => {
                let taken = session.state.terms().is_some_and(|terms| terms.rating);
                rating::rate(self, *score, text, taken)
            }
            (Act::Disconnect, Caller::Customer(_)) => leaving::disconnect(self),
            (Act::Leave { how }, Caller::Agent(name)) => leaving::agent_leaves(self, name, *how),
            (Act::BotReply { effect, texts, rich, leave, handover }, Caller::Bot(name)) => {
                let says = effects::Says { texts, rich: rich.as_deref(), leave: *leave, handover: *handover };
                effects::bot_reply(self, name, *effect, &says)
            }
            (Act::BotFailed { effect }, Caller::System) => effects::bot_failed(self, *effect),
            (Act::Settle { effect }, Caller::System) => effects::settle(self, *effect),
            (Act::Pushed { effect, delivery }, Caller::System) => pushing::pushed(self, *effect, delivery),
            (Act::Progress { seq, delivery }, Caller::Customer(_)) => pushing::progress(self, *seq, delivery),
            (Act::Fire { timer }, Caller::System) => effects::fire(self, *timer),
            (Act::CustomerLost, Caller::System) => leaving::customer_lost(self),
            (Act::ForceEnd, Caller::System | Caller::Operator) => leaving::force_end(self),
            _ => Err(Reject::NotAllowed),
        }
    }
}

/// Another entity speaks to the interaction. Its answers follow from the state, so that none need be kept.
fn told_by_entity(mut draft: Draft<'_>, command: &Command) -> Result<Decision, Reject> {
    let reply = match (&command.act, &command.caller) {
        (Act::Deliver(Message::ToInteraction(message)), Caller::Entity(from)) => draft
            .interacts(|interaction, draft| interaction.receive(draft, from, message))
            .unwrap_or(Ok(Reply::Gone))?,
        (Act::Deliver(Message::ToSession(ToSession::GoesOn)), Caller::Entity(_)) => {
            if draft.ended() {
                Reply::Gone
            } else {
                Reply::Held
            }
        }
        _ => return Err(Reject::NotAllowed),
    };
    Ok(draft.finish_with(Answer::Routing(reply)))
}

/// Another entity has answered. Whatever it says, the interaction is where it is: a claim that was void already is as
/// good as one that was taken back. But who was to wait in a queue that is full goes on.
fn replied(mut draft: Draft<'_>, effect: crate::EffectId, reply: &Reply) -> Decision {
    if let (Reply::Full, Some(Effect::Message { message, .. })) = (reply, draft.state.ledger.effect(effect))
        && let Message::ToQueue(ToQueue::Enqueue { attempt, .. }) = message
    {
        let attempt = *attempt;
        draft.interacts(|interaction, draft| interaction.found_full(draft, attempt));
    }
    draft.settle(effect);
    draft.finish_with(Answer::Done)
}

/// Its author is lost without a word, or has only stopped: nobody is shown it any longer.
fn typing_over(mut draft: Draft<'_>) -> Decision {
    draft.end_silent_typing();
    draft.finish_with(Answer::Done)
}

impl State {
    /// The terms of a session that was opened and is still remembered.
    pub(super) fn live(&self) -> Result<&Terms, Reject> {
        match self.terms() {
            Some(terms) if !self.retired => Ok(terms),
            _ => Err(Reject::Unknown),
        }
    }

    /// Whom a caller who proves to be who they say is in the session; the system for those who are nobody.
    pub(super) fn identify(&self, terms: &Terms, caller: &Caller) -> Result<Asker, Reject> {
        let same = |number| Asker { by: number, keeper: number, view: ViewKind::Customer };
        match caller {
            Caller::Customer(proof) if terms.channel.accepts(proof) => Ok(same(self.customer_number())),
            Caller::Customer(_) => Err(Reject::WrongKey),
            Caller::Bot(name) => self.bot(name).map(|party| same(party.who.number)).ok_or(Reject::NotAllowed),
            Caller::Agent(name) => {
                let numbers: Vec<u32> = self.agent(name).map(|party| party.who.number).collect();
                let (Some(first), Some(last)) = (numbers.first(), numbers.last()) else {
                    return Err(Reject::NoClaim);
                };
                Ok(Asker { by: *last, keeper: *first, view: ViewKind::Agent })
            }
            Caller::System | Caller::Operator => Ok(same(SYSTEM)),
            Caller::Entity(_) => Err(Reject::NotAllowed),
        }
    }

    /// The number that a participant's next numbered command must have.
    pub(super) fn next_number(&self, keeper: u32) -> u64 {
        self.answers.get(&keeper).map_or(0, |answers| answers.number).saturating_add(1)
    }

    fn kept(&self, keeper: u32, command: &Command) -> Option<&Kept> {
        let of_start = self.start_answer.iter().filter(|_| keeper == self.customer_number());
        let later = self.answers.get(&keeper).into_iter().flat_map(|answers| &answers.kept);
        of_start.chain(later).find(|kept| kept.id == command.id)
    }

    /// The answer to a repeat: the first one, and nothing to journal.
    fn again(&self, kept: &Kept, asker: Asker, sealed_key: Option<[u8; 16]>) -> Decision {
        let Kept { seq, next_position, chat_ended, .. } = *kept;
        let user_id = self.user_id(asker.by);
        let answer = ChatAnswer { seq, next_position, chat_ended, user_id, sealed_key };
        Decision { entries: Vec::new(), answer: Answer::Chat(answer), typing: Vec::new() }
    }

    /// The `userId` of a participant; the customer's for nobody.
    pub(super) fn user_id(&self, number: u32) -> String {
        let number = if number == SYSTEM { self.customer_number() } else { number };
        self.parties.get(&number).map(|party| party.who.user_id.clone()).unwrap_or_default()
    }

    /// Whether somebody is in.
    pub(super) fn is_in(&self, number: u32) -> bool {
        self.ended_at.is_none() && self.parties.get(&number).is_some_and(|party| party.present())
    }
}

/// A command with its texts as they may be stored.
fn as_stored(act: &Act, draft: &Draft<'_>) -> Act {
    let mut act = act.clone();
    if let Act::Send { text, .. }
    | Act::SendInternal { text, .. }
    | Act::CustomNotice { text, .. }
    | Act::SendRich { content: text }
    | Act::Rate { text, .. }
    | Act::ReplyRich { content: text, .. } = &mut act
    {
        *text = draft.clean(text).into_owned();
    }
    act
}

/// A hash of what is asked. Never 0, which stands for a start with a key. A bot's answer counts by what it answers:
/// asked again, by other rules perhaps, it may say something else.
fn digest(act: &Act) -> u64 {
    let encoded = match act {
        Act::BotReply { effect, .. } => handoff_codec::encode_bare(&("bot reply", *effect)),
        other => handoff_codec::encode_bare(other),
    };
    encoded.map_or(1, |bytes| xxh3_64(&bytes).max(1))
}
