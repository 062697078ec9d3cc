//! One turn: decide, apply, open an item, hold the answer. A panic in it journals nothing.

use super::core::{ShardCore, refuse};
use super::frame::{Item, TurnItem};
use super::slot::{Awake, Slot};
use super::{Action, Envelope, Now, Output, Phase, ShardReply};
use crate::front::Told;
use handoff_chat::session::{Act, Answer, Caller, Command, Decision, Entry, Read, Reject, Session};
use handoff_chat::{EffectId, Millis, SessionId, Turn};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How a decision ended.
enum Outcome {
    Decided(Decision),
    Rejected(Reject),
    /// It panicked while deciding: the state is untouched.
    PanickedDeciding,
    /// It panicked while applying: the state is in doubt.
    PanickedApplying,
}

/// Why a command brought no answer.
enum Declined {
    /// The session says no.
    Rejected(Reject),
    /// Nothing was done; it may be tried again.
    Again,
}

impl ShardCore {
    /// Decides a call for a session that is awake, or that is not there yet.
    pub(super) fn turn(&mut self, now: Now, mut envelope: Envelope) {
        let session = envelope.session.clone();
        let opens = matches!(&envelope.command, Some(Command { act: Act::Open(_), .. }));
        if !self.slots.contains_key(&session) {
            if !opens {
                self.answer(now, envelope, ShardReply::Refused(Reject::Unknown));
                return;
            }
            let fresh = Awake::new(Session::new(session.clone()), now.mono_ms);
            self.slots.insert(session.clone(), Slot::Awake(Box::new(fresh)));
        }
        let result = match envelope.command.take() {
            Some(command) => self.decide(now, &session, command),
            None => Ok(None),
        };
        if opens && self.awake(&session).is_some_and(|awake| !awake.session.opened()) {
            self.slots.remove(&session);
        }
        self.finish(now, envelope, result);
    }

    /// Reads what is asked and holds the reply.
    fn finish(&mut self, now: Now, envelope: Envelope, result: Result<Option<Answer>, Declined>) {
        let Envelope { session, read, reply, .. } = envelope;
        let Some(to) = reply else { return };
        let mut told = match result {
            Ok(answer) => Told { answer, reading: None },
            Err(declined) => {
                let reply = match declined {
                    Declined::Rejected(reject) => ShardReply::Refused(reject),
                    Declined::Again => ShardReply::Again,
                };
                self.pipe.hold(Output::reply(to, reply, None), now.mono_ms, false);
                return;
            }
        };
        let Some((caller, what)) = read else {
            self.pipe.hold(Output::reply(to, ShardReply::Told(told), None), now.mono_ms, false);
            return;
        };
        let (reply, beyond) = match self.read(&session, &caller, &what) {
            Ok((reading, beyond)) => {
                told.reading = Some(reading);
                (ShardReply::Told(told), beyond)
            }
            Err(reject) => (ShardReply::Refused(reject), false),
        };
        let committed_read = matches!(&reply, ShardReply::Told(Told { answer: None, .. })) && !beyond;
        let may_leave = committed_read && self.reads_committed(now, &session);
        let read = Some((session, caller, what));
        if may_leave {
            self.actions.push_back(Action::Send(Output::reply(to, reply, read)));
            return;
        }
        self.pipe.hold(Output::reply(to, reply, read), now.mono_ms, beyond);
    }

    /// Reads from a session in memory; says too whether the reader's position is beyond our end, which means that
    /// we may not be the newest owner.
    fn read(
        &mut self,
        session: &SessionId,
        caller: &Caller,
        what: &Read,
    ) -> Result<(handoff_chat::session::Reading, bool), Reject> {
        let awake = self.awake(session).ok_or(Reject::Unknown)?;
        let reading = awake.session.read(caller, what)?;
        let beyond = match (&reading, what) {
            (handoff_chat::session::Reading::View(view), Read::Customer { position }) => {
                *position > view.next_position
            }
            _ => false,
        };
        Ok((reading, beyond))
    }

    /// Decides and applies one command.
    fn decide(
        &mut self,
        now: Now,
        session: &SessionId,
        command: Command,
    ) -> Result<Option<Answer>, Declined> {
        let turn = Turn { now: self.wall(now), served: self.served(now), random: self.random() };
        let hook = self.options.fault_hook.clone();
        let Some(awake) = self.awake(session) else { return Err(Declined::Again) };
        let strike = |phase| {
            if let Some(hook) = &hook {
                hook(session, &command, phase);
            }
        };
        let decided = catch_unwind(AssertUnwindSafe(|| {
            strike(Phase::Deciding);
            awake.session.decide(&command, &turn)
        }));
        let outcome = match decided {
            Err(_panic) => Outcome::PanickedDeciding,
            Ok(Err(reject)) => Outcome::Rejected(reject),
            Ok(Ok(decision)) => {
                let applied =
                    catch_unwind(AssertUnwindSafe(|| apply(&mut awake.session, &decision, &strike)));
                if applied.is_ok() { Outcome::Decided(decision) } else { Outcome::PanickedApplying }
            }
        };
        match outcome {
            Outcome::Decided(decision) => self.record_turn(now, session, decision, turn.now),
            Outcome::Rejected(reject) => Err(Declined::Rejected(reject)),
            Outcome::PanickedDeciding => Err(self.panicked(session, &command, false)),
            Outcome::PanickedApplying => Err(self.panicked(session, &command, true)),
        }
    }

    /// Opens the turn's item and arms what it armed.
    fn record_turn(
        &mut self,
        now: Now,
        session: &SessionId,
        decision: Decision,
        at: Millis,
    ) -> Result<Option<Answer>, Declined> {
        let Decision { entries, answer, .. } = decision;
        if entries.is_empty() {
            return Ok(Some(answer));
        }
        let owed: Vec<EffectId> = entries
            .iter()
            .filter_map(|entry| match entry {
                Entry::Owed { id, .. } => Some(*id),
                _ => None,
            })
            .collect();
        let item = Item::Turn(TurnItem { session: session.clone(), at, entries });
        let encoded = handoff_codec::encode_bare(&item).map_err(|error| {
            tracing::error!(session = %session.0, %error, "a turn can't be encoded");
            Declined::Again
        })?;
        self.pipe.push(encoded);
        for id in owed {
            self.pipe.hold(Output::Effect { session: session.clone(), id }, now.mono_ms, false);
        }
        self.after_turn(now, session);
        Ok(Some(answer))
    }

    /// Follows the session's timers, its customer's presence and its memory; forgets it when it has retired.
    fn after_turn(&mut self, now: Now, session: &SessionId) {
        let (pushed, committed) = (self.pipe.pushed(), self.pipe.committed());
        let Some(awake) = self.awake(session) else { return };
        awake.turned(pushed, committed);
        if awake.session.retired() {
            self.slots.remove(session);
            self.last_calls_ms.remove(session);
            self.left.push(session.clone());
            return;
        }
        let (present, next_timer) = (awake.session.customer_present(), awake.next_timer());
        if present {
            self.last_calls_ms.entry(session.clone()).or_insert(now.mono_ms);
        } else {
            self.last_calls_ms.remove(session);
        }
        if let Some(at) = next_timer {
            self.timers.insert((at, session.clone()));
        }
        self.write_history_when_long(session);
    }

    /// Refuses a command that panicked; a second panic on it puts the session out of service.
    fn panicked(&mut self, session: &SessionId, command: &Command, in_doubt: bool) -> Declined {
        self.panics += 1;
        let suspect = (session.clone(), command.id.clone());
        let again = self.suspect.as_ref() == Some(&suspect);
        tracing::error!(session = %session.0, again, in_doubt, "a command made the session panic; it is refused");
        self.suspect = Some(suspect);
        if again {
            let state = match self.awake(session) {
                Some(awake) if !in_doubt => awake.session.to_snapshot().ok(),
                _ => None,
            };
            self.slots.insert(session.clone(), Slot::Quarantined { state });
            self.last_calls_ms.remove(session);
            return Declined::Rejected(Reject::Quarantined);
        }
        if in_doubt {
            let after = self.awake(session).map_or(0, |awake| awake.newest_item());
            let restoring = Slot::Restoring { waiting: VecDeque::new(), after, asked: false };
            self.slots.insert(session.clone(), restoring);
        }
        Declined::Again
    }

    /// Asks for the log to be read again for sessions in doubt, once their last turn is in it.
    pub(super) fn rebuild_when_committed(&mut self) {
        if !self.slots_in_doubt() {
            return;
        }
        let committed = self.pipe.committed();
        for (session, slot) in &mut self.slots {
            if let Slot::Restoring { after, asked, .. } = slot
                && !*asked
                && *after <= committed
            {
                *asked = true;
                self.actions.push_back(Action::Rebuild { session: session.clone() });
            }
        }
    }

    fn slots_in_doubt(&self) -> bool {
        self.suspect.is_some()
    }

    /// What the log says of a session in doubt (`None`: nothing, it never was).
    pub fn rebuilt(&mut self, now: Now, session: &SessionId, found: Option<Slot>) {
        let Some(Slot::Restoring { waiting, .. }) = self.slots.remove(session) else { return };
        if let Some(slot) = found {
            self.slots.insert(session.clone(), slot);
        }
        for envelope in waiting {
            self.ask(now, envelope);
        }
        self.flush(now);
    }

    /// The log can't be read again now: its callers may try again, and so do we with the next call.
    pub fn rebuild_failed(&mut self, session: &SessionId) {
        if let Some(Slot::Restoring { waiting, asked, .. }) = self.slots.get_mut(session) {
            *asked = false;
            for envelope in waiting.drain(..) {
                refuse(envelope, ShardReply::Again);
            }
        }
    }

    /// Completes a reading with rows from history, if the session is still here to ask.
    pub fn complete_reading(
        &mut self,
        session: &SessionId,
        caller: &Caller,
        what: &Read,
        history: Vec<handoff_chat::session::Event>,
    ) -> Result<handoff_chat::session::Reading, Reject> {
        let awake = self.awake(session).ok_or(Reject::Unknown)?;
        awake.session.read_with(caller, what, &history)
    }

    /// An owed effect as it stands: `None` when it was settled meanwhile.
    pub fn owed_effect(
        &mut self,
        session: &SessionId,
        id: EffectId,
    ) -> Option<handoff_chat::session::Effect> {
        let awake = self.awake(session)?;
        awake.session.owed().find(|(owed, _)| *owed == id).map(|(_, effect)| effect.clone())
    }

    /// What an effect on a session's record has to write now.
    pub fn record_rows(
        &mut self,
        session: &SessionId,
        effect: &handoff_chat::session::Effect,
    ) -> crate::record::RecordRows {
        let mut rows = crate::record::RecordRows::default();
        let Some(awake) = self.awake(session) else { return rows };
        if matches!(effect, handoff_chat::session::Effect::OpenRecord) {
            rows.opening = awake.session.record_opening();
            return rows;
        }
        let from = awake.history_through + 1;
        rows.closing = awake.session.record_closing();
        rows.events = self.events_since(session, from);
        rows
    }

    /// Durable events of a session from `seq` on, as far as they are in memory.
    pub fn events_since(&mut self, session: &SessionId, seq: u64) -> Vec<handoff_chat::session::Event> {
        let Some(awake) = self.awake(session) else { return Vec::new() };
        match awake.session.read(&Caller::System, &Read::Since { seq }) {
            Ok(handoff_chat::session::Reading::Events(events)) => events,
            _ => Vec::new(),
        }
    }
}

fn apply(session: &mut Session, decision: &Decision, strike: &impl Fn(Phase)) {
    for (place, entry) in decision.entries.iter().enumerate() {
        if place == decision.entries.len() / 2 {
            strike(Phase::Applying);
        }
        session.apply(entry);
    }
    if let Some(typing) = &decision.typing {
        session.show_typing(typing);
    }
}
