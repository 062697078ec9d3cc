//! A decision while it is made: numbers events, takes indexes (and reserves blocks of them), owes and arms,
//! and never touches the session itself.

use super::pushes::{Answers, Pushed};
use super::state::{Party, Session, State};
use super::turns::Turns;
use super::typing::Typists;
use crate::channel::{Channel, Delivery, WINDOW_CLOSED};
use crate::command::{Answer, ChatAnswer, Command};
use crate::decision::Decision;
use crate::entry::{Effect, Entry, FileChange};
use crate::event::{Body, Event, LeaveReason, Participant, PerView, Role, Typing, ViewKind, Visibility};
use crate::file::FileId;
use crate::id::{CommandId, EffectId, Millis, Served, SessionId, TimerId};
use crate::interaction::Interaction;
use crate::opening::{IdleTerms, Limits, Terms};
use crate::privacy::Privacy;
use crate::routing::Message;
use crate::text::Text;
use crate::{Context, ledger};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// How many indexes are reserved at once.
pub(super) const BLOCK: u64 = 64;

/// The system's number as author of events and asker of removals.
pub(super) const SYSTEM: u32 = 0;
/// For so long, in milliseconds, times in a chat stand still rather than go back.
const HELD_MS_MAX: i64 = 3_600_000;

/// Who asks: as whom they act, under whose number their answers are kept, and what they see.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker {
    pub(super) by: u32,
    /// An agent who joins again keeps the answers of their first time.
    pub(super) keeper: u32,
    pub(super) view: ViewKind,
}

pub(super) struct Draft<'a> {
    pub(super) state: &'a State,
    pub(super) id: &'a SessionId,
    pub(super) context: &'a Context,
    pub(super) channel: &'a Channel,
    pub(super) limits: &'a Limits,
    /// What the customer said in this very decision, for the bot that is invited by it.
    pub(super) question: Option<u64>,
    interaction: Option<Box<Interaction>>,
    typing: Vec<Typing>,
    typists: &'a Typists,
    pub(super) at: Millis,
    pub(super) seq: u64,
    used: PerView<u64>,
    reserved: PerView<u64>,
    ledger: ledger::Draft<'a>,
    number: u32,
    counted: PerView<u32>,
    joined: Vec<Party>,
    left: BTreeSet<u32>,
    ended: bool,
    pub(super) privacy: Option<&'a Privacy>,
    pub(super) sealing: Option<[u8; 32]>,
    /// Inactivity control, where it is on.
    pub(super) idle: Option<&'a IdleTerms>,
    /// Whether the watch of inactivity control has fired in this decision.
    pub(super) idle_fired: bool,
    /// Whether this decision has an event.
    pub(super) spoke: bool,
    /// When somebody typed last.
    pub(super) typed_at: Option<Millis>,
    pub(super) turns: Turns,
    /// Whether a bot was asked that may have no more turns.
    pub(super) bots_out: bool,
    /// What of the customer's reply window is used up, with this decision.
    pub(super) answers: Answers,
    pub(super) deliveries: u64,
    /// The customer's own command, if this decides one.
    pub(super) customers_command: Option<&'a CommandId>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(session: &'a Session, context: &'a Context, terms: &'a Terms) -> Self {
        let state = &session.state;
        let mut counted = PerView::all(0);
        for party in state.parties.values() {
            let with = |(count, number): (u32, Option<u32>)| count.max(number.unwrap_or(0));
            counted = counted.zip(party.who.number_in_view).map(with);
        }
        Self {
            state,
            id: &session.id,
            context,
            channel: &terms.channel,
            limits: &terms.limits,
            question: None,
            interaction: None,
            typing: Vec::new(),
            typists: &session.volatile.typing,
            at: context.now.not_before(state.last_at, HELD_MS_MAX),
            seq: state.last_seq,
            used: session.volatile.used,
            reserved: state.reserved,
            ledger: ledger::Draft::new(&state.ledger),
            number: state.parties.keys().next_back().copied().unwrap_or(0),
            counted,
            joined: Vec::new(),
            left: BTreeSet::new(),
            ended: state.ended_at.is_some(),
            privacy: terms.privacy.as_deref(),
            sealing: None,
            idle: terms.idle.as_deref(),
            idle_fired: false,
            spoke: false,
            typed_at: session.volatile.typing.typed_at(),
            turns: state.turns,
            bots_out: false,
            answers: state.pushes.answers(),
            deliveries: state.pushes.deliveries(),
            customers_command: None,
        }
    }

    /// The key that originals of personal data are sealed under.
    pub(super) fn guarding(mut self, key: Option<[u8; 32]>) -> Self {
        self.sealing = key;
        self
    }

    /// What is decided is the customer's own command, or is not.
    pub(super) fn of_customer(mut self, command: Option<&'a CommandId>) -> Self {
        self.customers_command = command;
        self
    }

    /// Gives the session an interaction.
    pub(super) fn begins(&mut self, interaction: Interaction) {
        self.interaction = Some(Box::new(interaction));
    }

    /// Lets the interaction act, when there is one: on a copy, as what it does is applied with the entries.
    pub(super) fn interacts<T>(&mut self, act: impl FnOnce(&mut Interaction, &mut Self) -> T) -> Option<T> {
        let mut interaction = self.interaction.take().or_else(|| self.state.interaction.clone())?;
        let acted = act(&mut interaction, self);
        self.interaction = Some(interaction);
        Some(acted)
    }

    fn has_interaction(&self) -> bool {
        self.interaction.is_some() || self.state.interaction.is_some()
    }

    /// The next index in each view that sees what is to be numbered. What isn't covered by a reserved block
    /// reserves the next one first, in this same decision.
    fn take_indexes(&mut self, sees: PerView<bool>) -> PerView<Option<u64>> {
        let mut short = false;
        let views = self.used.as_mut().zip(self.reserved.as_mut()).zip(sees);
        let index = views.map(|((used, reserved), sees)| {
            if !sees {
                return None;
            }
            *used = used.saturating_add(1);
            if *used > *reserved {
                *reserved = used.saturating_add(BLOCK - 1);
                short = true;
            }
            Some(*used)
        });
        if short {
            self.ledger.push(Entry::Reserved(self.reserved));
        }
        index
    }

    /// Adds a durable event and gives its `seq`.
    pub(super) fn event(&mut self, by: u32, sees: PerView<bool>, body: Body) -> u64 {
        let body = body.as_of(self.context.protocol);
        let index = self.take_indexes(sees);
        self.seq = self.seq.saturating_add(1);
        self.spoke = true;
        let event = Event { seq: self.seq, at: self.at, index, by, body };
        let (seq, pushed) = (self.seq, self.pushed(&event));
        if self.channel.window.is_some() {
            self.answers.happened(&event, self.customer_number());
        }
        self.ledger.push(Entry::Event(event));
        match pushed {
            Some(Pushed::Owed { reported }) => self.owe(Effect::Push { seq, index, reported }),
            Some(Pushed::TooLate) => {
                self.delivered(seq, index, Delivery::Failed { reason: WINDOW_CLOSED.to_owned() });
            }
            None => {}
        }
        seq
    }

    /// Lets somebody in; gives their number and the `seq` of their joining.
    pub(super) fn join(&mut self, role: Role, visibility: Visibility, nickname: &str) -> (u32, u64) {
        self.number = self.number.saturating_add(1);
        let sees = visibility.views();
        let number_in_view = self.counted.as_mut().zip(sees).map(|(count, sees)| {
            if !sees {
                return None;
            }
            *count = count.saturating_add(1);
            Some(*count)
        });
        let who = Participant {
            number: self.number,
            number_in_view,
            role,
            visibility,
            nickname: Text::clear(nickname),
            user_id: user_id(&self.context.random, self.number),
        };
        self.joined.push(Party::new(who.clone()));
        let seq = self.event(self.number, sees, Body::Joined(Box::new(who)));
        (self.number, seq)
    }

    pub(super) fn typing(&mut self, by: u32, started: bool, preview: Option<String>) {
        let preview = match self.privacy {
            Some(privacy) => privacy.preview(preview),
            None => preview,
        };
        let index = self.take_indexes(self.shown_if(self.channel.shows.typing, self.views_of(by)));
        self.typing.push(Typing { at: self.at, index, by, started, preview });
    }

    /// Somebody types no longer, if they did.
    pub(super) fn stop_typing(&mut self, by: u32) {
        let now = self.typing.iter().rev().find(|typing| typing.by == by).map(|typing| typing.started);
        if now.unwrap_or_else(|| self.typists.is_typing(by)) {
            self.typing(by, false, None);
        }
    }

    /// Ends the typing of those who have not said for too long that they type.
    pub(super) fn end_silent_typing(&mut self) {
        let silent: Vec<u32> = self.typists.silent(self.context.now).collect();
        silent.into_iter().for_each(|by| self.stop_typing(by));
    }

    /// Those views, but the customer's where their channel can't show it.
    pub(super) fn shown_if(&self, shown: bool, views: PerView<bool>) -> PerView<bool> {
        PerView { customer: views.customer && shown, ..views }
    }

    pub(super) fn views_of(&self, number: u32) -> PerView<bool> {
        self.party(number).map_or(Visibility::All, |party| party.who.visibility).views()
    }

    /// Takes somebody out, with the turns that their bot owes.
    pub(super) fn leave(&mut self, number: u32, reason: LeaveReason, asked_by: Option<u32>) {
        let Some(role) = self.party(number).map(|party| party.who.role.clone()) else { return };
        self.stop_typing(number);
        self.event(number, self.views_of(number), Body::Left { reason, asked_by });
        self.left.insert(number);
        if let Role::Bot(name) = &role {
            let state = self.state;
            for (id, effect) in state.ledger.owed() {
                if matches!(effect, Effect::BotTurn { bot, .. } if bot == name) {
                    self.settle(id);
                }
            }
        }
    }

    /// Ends the session when nobody who holds it is left: the others are removed. Without an interaction the record is
    /// then to be closed; else the interaction says when.
    pub(super) fn end_if_empty(&mut self) {
        if self.ended || self.present().any(Party::holds) {
            return;
        }
        let rest: Vec<u32> = self.present().map(|party| party.who.number).collect();
        for number in rest {
            self.leave(number, LeaveReason::Ended, Some(SYSTEM));
        }
        self.event(SYSTEM, PerView::all(false), Body::Ended);
        self.ended = true;
        self.release_files(|_, _| true);
        if let Some(address) = self.channel.address() {
            let message = Message::ToCorrespondent(self.over());
            self.owe(Effect::Message { to: address.correspondent(), message });
        }
        if !self.has_interaction() {
            self.close_record();
        }
    }

    /// Gives up places of files that are being stored; what of them is stored already is to go.
    pub(super) fn release_files(&mut self, these: impl Fn(FileId, Served) -> bool) {
        let state = self.state;
        for (file, bytes, until) in state.files.reserved() {
            if these(file, until) {
                self.push(Entry::File(FileChange::Released(file)));
                self.owe(Effect::DropFile { file, bytes });
            }
        }
    }

    /// Removes everybody who holds the session, and so ends it.
    pub(super) fn end_all(&mut self, reason: LeaveReason, asked_by: u32) {
        if self.ended {
            return;
        }
        let held: Vec<u32> =
            self.present().filter(|party| party.holds()).map(|party| party.who.number).collect();
        for number in held {
            self.leave(number, reason, Some(asked_by));
        }
        self.end_if_empty();
    }

    /// The record is to be closed, and the session answers a little longer.
    pub(super) fn close_record(&mut self) {
        self.owe(Effect::CloseRecord);
        self.arm(self.limits.linger_ms);
    }

    /// Whether the session has ended, with this decision too.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    fn party(&self, number: u32) -> Option<&Party> {
        let joined = || self.joined.iter().find(|party| party.who.number == number);
        self.state.parties.get(&number).or_else(joined)
    }

    /// Who is in, with those who joined or left by this decision.
    pub(super) fn present(&self) -> impl Iterator<Item = &Party> {
        let parties = self.state.parties.values().chain(&self.joined);
        parties.filter(|party| party.present() && !self.left.contains(&party.who.number))
    }

    pub(super) fn owe(&mut self, effect: Effect) {
        self.ledger.owe(effect);
    }

    /// Settles what is owed; once, however often it is said.
    pub(super) fn settle(&mut self, id: EffectId) {
        if self.ledger.settle(id) {
            self.seal_for_good(id);
        }
    }

    /// Arms a timer for a span of served time from now.
    pub(super) fn arm(&mut self, span_ms: i64) -> TimerId {
        self.ledger.arm(self.context.served.after(span_ms.max(0)))
    }

    /// Takes a timer's moment; false: it isn't armed.
    pub(super) fn fires(&mut self, timer: TimerId) -> bool {
        self.ledger.fire(timer)
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.ledger.push(entry);
    }

    /// The longest text that the customer can be shown, in bytes.
    pub(super) fn text_bytes_max(&self) -> u32 {
        match self.channel.shows.text_bytes_max {
            0 => self.limits.message_bytes_max,
            shown => shown.min(self.limits.message_bytes_max),
        }
    }

    /// How many events there are, but those that tell of others how far they came: they are few for each.
    pub(super) fn counted(&self) -> u64 {
        self.seq.saturating_sub(self.deliveries)
    }

    /// Closes the decision. What has entries keeps its answer for repeats, and so does what was numbered.
    pub(super) fn finish(
        mut self,
        command: &Command,
        asker: Asker,
        digest: u64,
        sealed_key: Option<[u8; 16]>,
    ) -> Decision {
        self.watch_idle();
        let seq = if self.seq > self.state.last_seq { self.seq } else { 0 };
        let next_position = asker.view.of(&self.used).saturating_add(1);
        // For those who are nobody the answer is the customer's.
        let number = if asker.by == SYSTEM { self.customer_number() } else { asker.by };
        let chat_ended = self.ended || !self.present().any(|party| party.who.number == number);
        let user_id = self.party(number).map(|party| party.who.user_id.clone()).unwrap_or_default();
        let answer = ChatAnswer { seq, next_position, chat_ended, user_id, sealed_key };
        if !self.ledger.is_empty() || command.id.number().is_some() {
            let id = command.id.clone();
            let by = asker.keeper;
            self.ledger.push(Entry::Answered { by, id, digest, answer: answer.clone() });
        }
        Decision { entries: self.ledger.into_entries(), answer: Answer::Chat(answer), typing: self.typing }
    }

    /// Closes the decision on another entity's words, which are answered by the state however often they come.
    pub(super) fn finish_with(mut self, answer: Answer) -> Decision {
        self.watch_idle();
        Decision { entries: self.ledger.into_entries(), answer, typing: self.typing }
    }

    pub(super) fn customer_number(&self) -> u32 {
        let joined = self.joined.iter().find(|party| party.who.role == Role::Customer);
        self.state.customer().or(joined).map_or(SYSTEM, |party| party.who.number)
    }
}

fn user_id(random: &[u8; 16], number: u32) -> String {
    let mut hash = Sha256::new();
    hash.update(random);
    hash.update(number.to_le_bytes());
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02X}")).collect()
}
