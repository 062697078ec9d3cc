//! A decision while it is made: numbers events, takes indexes (and reserves blocks of them), owes and arms,
//! and never touches the session itself.

use super::ViewKind;
use super::command::ChatAnswer;
use super::event::{Body, Event, LeaveReason, Participant, Role, Text, Typing, Visibility};
use super::state::{Session, State};
use crate::Turn;
use crate::command::{Answer, Command};
use crate::entity::Decision;
use crate::entry::{Effect, Entry};
use crate::id::{EffectId, Millis, TimerId};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// How many indexes are reserved at once.
pub(super) const BLOCK: u64 = 64;

/// The system's number as author of events and asker of removals.
pub(super) const SYSTEM: u32 = 0;

pub(super) struct Draft<'a> {
    pub(super) state: &'a State,
    turn: &'a Turn,
    entries: Vec<Entry>,
    typing: Option<Typing>,
    at: Millis,
    seq: u64,
    used: [u64; 3],
    reserved: [u64; 3],
    effect: u64,
    timer: u64,
    number: u32,
    counted: [u32; 3],
    left: BTreeSet<u32>,
    settled: BTreeSet<EffectId>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(session: &'a Session, turn: &'a Turn) -> Self {
        let state = &session.state;
        let mut counted = [0; 3];
        for party in state.parties.values() {
            for (count, number) in counted.iter_mut().zip(party.who.number_in_view) {
                *count = (*count).max(number.unwrap_or(0));
            }
        }
        Self {
            state,
            turn,
            entries: Vec::new(),
            typing: None,
            at: turn.now.max(state.last_at),
            seq: state.last_seq,
            used: session.volatile.used,
            reserved: state.reserved,
            effect: state.last_effect,
            timer: state.last_timer,
            number: state.parties.keys().next_back().copied().unwrap_or(0),
            counted,
            left: BTreeSet::new(),
            settled: BTreeSet::new(),
        }
    }

    /// The next index in each view that sees what is to be numbered. What isn't covered by a reserved block
    /// reserves the next one first, in this same decision.
    fn take_indexes(&mut self, sees: [bool; 3]) -> [Option<u64>; 3] {
        let mut index = [None; 3];
        let mut short = false;
        let views = self.used.iter_mut().zip(&mut self.reserved).zip(sees);
        for (slot, ((used, reserved), sees)) in index.iter_mut().zip(views) {
            if sees {
                *used = used.saturating_add(1);
                if *used > *reserved {
                    *reserved = used.saturating_add(BLOCK - 1);
                    short = true;
                }
                *slot = Some(*used);
            }
        }
        if short {
            self.entries.push(Entry::Reserved(self.reserved));
        }
        index
    }

    /// Adds a durable event and gives its `seq`.
    pub(super) fn event(&mut self, by: u32, sees: [bool; 3], body: Body) -> u64 {
        let index = self.take_indexes(sees);
        self.seq = self.seq.saturating_add(1);
        self.entries.push(Entry::Event(Event { seq: self.seq, at: self.at, index, by, body }));
        self.seq
    }

    /// Lets somebody in; gives his number and the `seq` of his joining.
    pub(super) fn join(&mut self, role: Role, visibility: Visibility, nickname: &str) -> (u32, u64) {
        self.number = self.number.saturating_add(1);
        let sees = visibility.views();
        let mut number_in_view = [None; 3];
        for (slot, (count, sees)) in number_in_view.iter_mut().zip(self.counted.iter_mut().zip(sees)) {
            if sees {
                *count = count.saturating_add(1);
                *slot = Some(*count);
            }
        }
        let who = Participant {
            number: self.number,
            number_in_view,
            role,
            visibility,
            nickname: Text::clear(nickname),
            user_id: user_id(&self.turn.random, self.number),
        };
        let seq = self.event(self.number, sees, Body::Joined(Box::new(who)));
        (self.number, seq)
    }

    /// Posts a message of somebody who is in.
    pub(super) fn message(&mut self, by: u32, text: &str, message_type: Option<String>) -> u64 {
        let sees = self.state.parties.get(&by).map_or(Visibility::All, |party| party.who.visibility).views();
        self.event(by, sees, Body::Message { text: Text::clear(text), message_type })
    }

    pub(super) fn typing(&mut self, by: u32, started: bool, preview: Option<String>) {
        let sees = self.state.parties.get(&by).map_or(Visibility::All, |party| party.who.visibility).views();
        let index = self.take_indexes(sees);
        self.typing = Some(Typing { at: self.at, index, by, started, preview });
    }

    /// Takes somebody out, with the turns that his bot owes.
    pub(super) fn leave(&mut self, number: u32, reason: LeaveReason, asked_by: Option<u32>) {
        let state = self.state;
        let Some(party) = state.parties.get(&number) else { return };
        self.event(number, party.who.visibility.views(), Body::Left { reason, asked_by });
        self.left.insert(number);
        if let Role::Bot(name) = &party.who.role {
            for (id, effect) in &state.owed {
                if matches!(effect, Effect::BotTurn { bot, .. } if bot == name) {
                    self.settle(*id);
                }
            }
        }
    }

    /// Ends the session when nobody who holds it is left: the others are removed, the record is to be closed.
    pub(super) fn end_if_empty(&mut self) {
        let state = self.state;
        if self.present().any(|(_, holds)| holds) || state.ended_at.is_some() {
            return;
        }
        let rest: Vec<u32> = self.present().map(|(number, _)| number).collect();
        for number in rest {
            self.leave(number, LeaveReason::Ended, Some(SYSTEM));
        }
        self.event(SYSTEM, [false; 3], Body::Ended);
        self.owe(Effect::CloseRecord);
        let linger = state.terms.as_ref().map_or(0, |terms| terms.limits.linger_ms);
        self.arm(linger);
    }

    /// Who is in, by number, and whether he holds the session open.
    pub(super) fn present(&self) -> impl Iterator<Item = (u32, bool)> {
        let state = self.state;
        let stays = |number: &u32| !self.left.contains(number);
        state
            .parties
            .values()
            .filter(move |party| party.present() && stays(&party.who.number))
            .map(|party| (party.who.number, party.holds()))
    }

    pub(super) fn owe(&mut self, effect: Effect) {
        self.effect = self.effect.saturating_add(1);
        self.entries.push(Entry::Owed { id: EffectId(self.effect), effect });
    }

    /// Settles what is owed; once, however often it is said.
    pub(super) fn settle(&mut self, id: EffectId) {
        if self.state.owed.contains_key(&id) && self.settled.insert(id) {
            self.entries.push(Entry::Settled(id));
        }
    }

    /// Arms a timer for a span of served time from now.
    pub(super) fn arm(&mut self, span_ms: i64) {
        self.timer = self.timer.saturating_add(1);
        let at = Millis(self.turn.served.0.saturating_add(span_ms.max(0)));
        self.entries.push(Entry::Armed { id: TimerId(self.timer), at });
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// The last `seq`, with what this decision adds.
    pub(super) fn last_seq(&self) -> u64 {
        self.seq
    }

    /// Closes the decision; what has entries keeps its answer for repeats.
    pub(super) fn finish(self, command: &Command, by: u32, digest: u64) -> Decision {
        let customer = self.state.customer_number();
        let chat_ended = self.state.ended_for_customer() || self.left.contains(&customer);
        let user_id = self.state.user_id();
        self.close(command, by, digest, (chat_ended, user_id, None))
    }

    /// As [`Draft::finish`], for the start: nobody is in the state yet.
    pub(super) fn finish_open(self, command: &Command, by: u32, sealed_key: Option<[u8; 16]>) -> Decision {
        let user_id = user_id(&self.turn.random, by);
        self.close(command, by, 0, (false, user_id, sealed_key))
    }

    fn close(
        mut self,
        command: &Command,
        by: u32,
        digest: u64,
        (chat_ended, user_id, sealed_key): (bool, String, Option<[u8; 16]>),
    ) -> Decision {
        let seq = if self.seq > self.state.last_seq { self.seq } else { 0 };
        let next_position = ViewKind::Customer.of(&self.used).saturating_add(1);
        let answer = ChatAnswer { seq, next_position, chat_ended, user_id, sealed_key };
        if !self.entries.is_empty() {
            let id = command.id.clone();
            self.entries.push(Entry::Answered { by, id, digest, answer: answer.clone() });
        }
        Decision { entries: self.entries, answer: Answer::Chat(answer), typing: self.typing }
    }
}

fn user_id(random: &[u8; 16], number: u32) -> String {
    let mut hash = Sha256::new();
    hash.update(random);
    hash.update(number.to_le_bytes());
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02X}")).collect()
}
