//! What a session remembers, and how each journaled entry changes it. Nothing is decided here, so replay is
//! the fold of [`Session::apply`] over the entries.

use crate::command::ChatAnswer;
use crate::entry::{Effect, Entry, InteractionChange};
use crate::event::{Body, Event, LeaveReason, Participant, PerView, Role, Typing, ViewKind};
use crate::id::{AgentName, BotName, CommandId, Millis, SessionId};
use crate::interaction::Interaction;
use crate::ledger::Ledger;
use crate::opening::Terms;
use crate::rating::Rating;
use crate::text::Text;
use bincode::{Decode, Encode};
use std::collections::{BTreeMap, VecDeque};

/// How many answers are kept for repeats, per participant.
pub(super) const ANSWERS_KEPT: usize = 256;

/// A chat session: a pure state machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    pub(super) id: SessionId,
    pub(super) state: State,
    pub(super) volatile: Volatile,
}

/// What the journal gives back.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct State {
    pub(super) started: Option<Started>,
    pub(super) last_at: Millis,
    pub(super) last_seq: u64,
    /// Durable events in memory: the newest, without a gap.
    pub(super) events: VecDeque<Event>,
    /// Highest index per view among the events that are no longer in memory.
    pub(super) forgotten: PerView<u64>,
    pub(super) parties: BTreeMap<u32, Party>,
    pub(super) reserved: PerView<u64>,
    /// The answer to the start, kept as long as the session.
    pub(super) start_answer: Option<Kept>,
    pub(super) answers: BTreeMap<u32, Answers>,
    pub(super) interaction: Option<Box<Interaction>>,
    pub(super) ledger: Ledger,
    pub(super) ended_at: Option<Millis>,
    /// Why the last who held the session open, and has left, did so.
    pub(super) held_until: Option<LeaveReason>,
    pub(super) retired: bool,
    pub(super) idle: super::idle::Watch,
    pub(super) turns: super::turns::Turns,
    pub(super) files: super::files::Files,
    pub(super) questions: super::rich::Questions,
    pub(super) pushes: super::pushes::Pushes,
    /// Whether the record is final: nobody sees originals in it any more.
    pub(super) recorded: bool,
    /// The key under which originals are sealed, for as long as somebody may see them, or is to be pushed one.
    pub(super) sealing: Option<[u8; 32]>,
    /// What the customer says of it.
    pub(super) rated: Option<Rating>,
}

/// What is forgotten when the session is restored.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Volatile {
    /// Last index used per view. After a restore: all that were reserved.
    pub(super) used: PerView<u64>,
    pub(super) typing: super::typing::Typists,
}

/// That it was opened, and on which terms.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Started {
    pub(super) at: Millis,
    pub(super) terms: Terms,
}

/// A participant and whether they are still in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Party {
    pub(super) who: Participant,
    pub(super) gone: Option<Gone>,
    /// How often in a row a bot failed in its turn.
    pub(super) failures: u32,
    /// The nickname that they took since they joined.
    pub(super) renamed: Option<Text>,
    /// The last event that they said they have read.
    pub(super) read: u64,
}

/// Why somebody left, and with which event.
#[derive(Debug, Clone, Copy, PartialEq, Encode, Decode)]
pub(super) struct Gone {
    pub(super) reason: LeaveReason,
    pub(super) seq: u64,
}

/// What is kept for the repeats of a participant.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Answers {
    pub(super) kept: VecDeque<Kept>,
    /// The last number among their numbered commands; 0: none yet.
    pub(super) number: u64,
}

/// An answer kept for repeats; what is the same in all of them is not kept with each.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kept {
    pub(super) id: CommandId,
    pub(super) digest: u64,
    pub(super) seq: u64,
    pub(super) next_position: u64,
    pub(super) chat_ended: bool,
}

impl Session {
    /// A session that nobody has opened yet.
    pub fn new(id: SessionId) -> Self {
        Self { id, state: State::default(), volatile: Volatile::default() }
    }

    /// Changes the state as a journaled entry says.
    pub fn apply(&mut self, entry: &Entry) {
        let state = &mut self.state;
        match entry {
            Entry::Event(event) => self.apply_event(event),
            Entry::Reserved(upto) => raise(&mut state.reserved, upto.map(Some)),
            Entry::Answered { by, id, digest, answer } => state.keep(*by, id, *digest, answer),
            Entry::Owed { effect, .. } => {
                if matches!(effect, Effect::BotTurn { .. }) {
                    state.turns.bots.took(state.last_at);
                }
                state.ledger.apply(entry);
            }
            Entry::Settled(id) => match state.ledger.settle(*id) {
                Some(Effect::Push { seq, .. }) => state.pushes.settled(seq),
                Some(Effect::CloseRecord) => state.recorded = true,
                _ => {}
            },
            Entry::Armed { .. } | Entry::Disarmed(_) => state.ledger.apply(entry),
            Entry::Interaction(change) => match (change, &mut state.interaction) {
                (InteractionChange::Begun(begun), slot) => {
                    *slot = Some(Box::new(Interaction::new((**begun).clone())));
                }
                (change, Some(interaction)) => {
                    interaction.apply(change);
                    if matches!(change, InteractionChange::Stepped(_)) && interaction.listens() {
                        state.turns.questions.took(state.last_at);
                    }
                }
                (_, None) => {}
            },
            Entry::BotFailed(number) => {
                if let Some(party) = state.parties.get_mut(number) {
                    party.failures = party.failures.saturating_add(1);
                }
            }
            Entry::Retired => state.retired = true,
            Entry::Idle(change) => state.idle.apply(*change),
            Entry::File(change) => state.files.apply(change),
            Entry::Sealing(key) => state.sealing = *key,
            Entry::Rated(rating) => state.rated = Some(rating.clone()),
            // For those who count.
            Entry::BotSpent => {}
            // Another machine's.
            Entry::Queue(_) | Entry::Agent(_) | Entry::Correspondent(_) => {}
        }
    }

    fn apply_event(&mut self, event: &Event) {
        let state = &mut self.state;
        match &event.body {
            Body::Opened(start) => state.started = Some(Started { at: event.at, terms: start.terms.clone() }),
            Body::Joined(who) => {
                state.parties.insert(who.number, Party::new((**who).clone()));
            }
            Body::Left { reason, .. } => {
                if let Some(party) = state.parties.get_mut(&event.by) {
                    party.gone = Some(Gone { reason: *reason, seq: event.seq });
                    if party.holds() {
                        state.held_until = Some(*reason);
                    }
                }
            }
            Body::Renamed { nickname } => {
                if let Some(party) = state.parties.get_mut(&event.by) {
                    party.renamed = Some(nickname.clone());
                    let customer = party.who.role == Role::Customer;
                    if let Some(interaction) = state.interaction.as_mut().filter(|_| customer) {
                        interaction.renamed(nickname);
                    }
                }
            }
            Body::Read { seq, .. } => {
                if let Some(party) = state.parties.get_mut(&event.by) {
                    party.read = party.read.max(*seq);
                }
            }
            Body::Rich { .. } | Body::RichReply { .. } => state.questions.happened(event),
            Body::FileUploaded(_) | Body::FileDeleted { .. } => state.files.happened(event),
            Body::NearlyFull { .. } => state.turns.happened(event),
            Body::Message { .. }
            | Body::Masked { .. }
            | Body::PushedUrl { .. }
            | Body::CustomNotice { .. }
            | Body::Idle { .. }
            | Body::Delivery { .. } => {}
            #[cfg(feature = "next-version")]
            Body::Cheered { .. } | Body::Worded { .. } => {}
            Body::Ended => state.ended_at = Some(event.at),
            Body::Attached { key, value } => {
                if let Some(interaction) = &mut state.interaction {
                    interaction.attached(key, value);
                }
            }
        }
        let customer = state.customer_number();
        let owed = matches!(&event.body, Body::Delivery { seq, .. } if state.is_owed(*seq));
        state.pushes.happened(event, customer, owed);
        let idle = state.started.as_ref().and_then(|started| started.terms.idle.as_deref());
        state.idle.happened(event, idle);
        state.last_at = event.at;
        state.last_seq = state.last_seq.max(event.seq);
        state.events.push_back(event.clone());
        raise(&mut self.volatile.used, event.index);
    }

    /// Shows typing: it takes its index, and the last word of each is kept until the session is restored.
    pub fn show_typing(&mut self, typing: &Typing) {
        raise(&mut self.volatile.used, typing.index);
        self.volatile.typing.take(typing);
    }

    /// To be called once after replay or [`Session::from_snapshot`] and before anything is asked: indexes go
    /// on above all that were reserved, because an earlier owner may have shown any of them as typing.
    pub fn restored(&mut self) {
        self.volatile = Volatile { used: self.state.reserved, ..Volatile::default() };
    }

    /// Drops events below `seq` from memory. Only for those that history rows hold.
    pub fn forget_below(&mut self, seq: u64) {
        let state = &mut self.state;
        while let Some(event) = state.events.pop_front_if(|event| event.seq < seq) {
            raise(&mut state.forgotten, event.index);
        }
    }
}

impl State {
    fn keep(&mut self, by: u32, id: &CommandId, digest: u64, answer: &ChatAnswer) {
        let kept = Kept {
            id: id.clone(),
            digest,
            seq: answer.seq,
            next_position: answer.next_position,
            chat_ended: answer.chat_ended,
        };
        if self.start_answer.is_none() {
            self.start_answer = Some(kept);
            return;
        }
        if let Some(party) = self.parties.get_mut(&by) {
            party.failures = 0;
        }
        let answers = self.answers.entry(by).or_default();
        answers.number = answers.number.max(id.number().unwrap_or(0));
        if answers.kept.len() >= ANSWERS_KEPT {
            answers.kept.pop_front();
        }
        answers.kept.push_back(kept);
    }

    pub(super) fn customer(&self) -> Option<&Party> {
        self.parties.values().find(|party| party.who.role == Role::Customer)
    }

    /// The bot of this name that came last.
    pub(super) fn bot(&self, name: &BotName) -> Option<&Party> {
        self.parties.values().rev().find(|party| matches!(&party.who.role, Role::Bot(bot) if bot == name))
    }

    /// The agent of this name, each time that they joined.
    pub(super) fn agent(&self, name: &AgentName) -> impl DoubleEndedIterator<Item = &Party> {
        self.parties.values().filter(move |party| matches!(&party.who.role, Role::Agent(who) if who == name))
    }

    pub(super) fn customer_number(&self) -> u32 {
        self.customer().map_or(0, |party| party.who.number)
    }

    /// What holds since the start.
    pub(super) fn terms(&self) -> Option<&Terms> {
        self.started.as_ref().map(|started| &started.terms)
    }

    /// Whether the chat has ended for the customer.
    pub(super) fn ended_for_customer(&self) -> bool {
        self.ended_at.is_some() || self.customer().is_none_or(|party| party.gone.is_some())
    }
}

impl Party {
    pub(super) fn new(who: Participant) -> Self {
        Self { who, gone: None, failures: 0, renamed: None, read: 0 }
    }

    pub(super) fn present(&self) -> bool {
        self.gone.is_none()
    }

    /// Whether the session goes on because of them.
    pub(super) fn holds(&self) -> bool {
        matches!(self.who.role, Role::Customer | Role::Agent(_))
    }

    /// Who they are by now.
    pub(super) fn shown(&self) -> Participant {
        let nickname = self.renamed.clone().unwrap_or_else(|| self.who.nickname.clone());
        Participant { nickname, ..self.who.clone() }
    }

    pub(super) fn is_agent(&self) -> bool {
        matches!(self.who.role, Role::Agent(_))
    }

    pub(super) fn seen_by(&self, view: ViewKind) -> bool {
        view.of(&self.who.number_in_view).is_some()
    }
}

fn raise(highest: &mut PerView<u64>, index: PerView<Option<u64>>) {
    *highest = highest.zip(index).map(|(highest, index): (u64, Option<u64>)| highest.max(index.unwrap_or(0)));
}
