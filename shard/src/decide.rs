//! One decision: decide, apply, open an item, hold the answer. A panic in it journals nothing.

use super::core::ShardCore;
use super::frame::{Decided, Item};
use super::{Action, Done, Envelope, Now, Outcome, Output, Phase};
use handoff_chat::command::{Act, Answer, Caller, Command, Read, Reject};
use handoff_chat::decision::Decision;
use handoff_chat::entry::{Effect, Entry};
use handoff_chat::happening::{Happening, happenings};
use handoff_chat::protocol::Since;
use handoff_chat::{CommandId, Context, EffectId, Entity, EntityId, Millis};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How a decision ended.
enum Attempt {
    Decided(Decision, Vec<Happening>),
    Rejected(Reject),
    /// It panicked while deciding: the state is untouched.
    PanickedDeciding,
    /// It panicked while applying: the state is in doubt.
    PanickedApplying,
}

/// Why a command brought no answer.
pub(super) enum Declined {
    /// The entity refuses, whatever is repeated.
    Rejected(Reject),
    /// Nothing was done; it may be tried again.
    Again,
}

impl ShardCore {
    /// Decides a call for an entity that is awake, or that is not there yet.
    pub(super) fn serve(&mut self, now: Now, mut envelope: Envelope) {
        let entity = envelope.call.entity.clone();
        let result = match envelope.call.command.take() {
            Some(command) => {
                let settles_push = matches!(command.act, Act::Pushed { .. });
                let result = self.decide_or_begin(now, &entity, command);
                if settles_push && matches!(result, Err(Declined::Again)) {
                    self.push_again(now, &entity);
                }
                result
            }
            None if self.entities.contains(&entity) => Ok(None),
            None => Err(Declined::Rejected(Reject::Unknown)),
        };
        self.finish(now, envelope, result);
    }

    /// Decides a command; the first to a queue or an agent, and the start of a session, begins the entity.
    pub(super) fn decide_or_begin(
        &mut self,
        now: Now,
        entity: &EntityId,
        command: Command,
    ) -> Result<Option<Answer>, Declined> {
        if self.entities.contains(entity) {
            return self.decide(now, entity, command);
        }
        if entity.session().is_some() && !matches!(command.act, Act::Open(_)) {
            return Err(Declined::Rejected(Reject::Unknown));
        }
        self.entities.seat(entity, Entity::new(entity), now.mono);
        let result = self.decide(now, entity, command);
        if self.entities.awake(entity).is_some_and(|awake| awake.decisions == 0) {
            self.entities.take(entity);
        }
        result
    }

    /// Reads what is asked and holds the reply.
    pub(super) fn finish(
        &mut self,
        now: Now,
        mut envelope: Envelope,
        result: Result<Option<Answer>, Declined>,
    ) {
        let Some(to) = envelope.reply.take() else { return };
        let mut done = match result {
            Ok(answer) => Done { answer, reading: None },
            Err(declined) => {
                let reply = match declined {
                    Declined::Rejected(reject) => Outcome::Refused(reject),
                    Declined::Again => Outcome::Again,
                };
                self.pipe.hold(Output::reply(to, reply, None), now.mono, false);
                return;
            }
        };
        let Some((caller, what)) = envelope.call.read.take() else {
            self.pipe.hold(Output::reply(to, Outcome::Done(done), None), now.mono, false);
            return;
        };
        let entity = envelope.call.entity.clone();
        let (reply, beyond) = match self.read(&entity, &caller, &what) {
            Ok((reading, false))
                if envelope.wait_until.is_some_and(|until| until > now.mono) && is_empty(&reading, &what) =>
            {
                envelope.call.read = Some((caller, what));
                envelope.reply = Some(to);
                return self.wait(envelope, done);
            }
            Ok((reading, beyond)) => {
                done.reading = Some(reading);
                (Outcome::Done(done), beyond)
            }
            Err(reject) => (Outcome::Refused(reject), false),
        };
        let committed_read = matches!(&reply, Outcome::Done(Done { answer: None, .. })) && !beyond;
        let may_leave = committed_read && self.reads_committed(now, &entity);
        let read = Some((entity, caller, what));
        if may_leave {
            self.actions.push_back(Action::Send(Output::reply(to, reply, read)));
            return;
        }
        self.pipe.hold(Output::reply(to, reply, read), now.mono, beyond);
    }

    /// Reads from an entity in memory; says too whether the reader's position is beyond our end, which means that
    /// we may not be the newest owner.
    fn read(
        &mut self,
        entity: &EntityId,
        caller: &Caller,
        what: &Read,
    ) -> Result<(handoff_chat::command::Reading, bool), Reject> {
        let reading = self.inspect(entity, |machine| machine.read(caller, what, &[]))??;
        let beyond = match (&reading, what) {
            (
                handoff_chat::command::Reading::View(view),
                Read::Customer { position } | Read::Following { position, .. } | Read::Agent { position },
            ) => *position > view.next_position,
            _ => false,
        };
        Ok((reading, beyond))
    }

    /// Looks at an entity that is awake. A panic in it changes nothing, and is that entity's alone: it is as if it were
    /// out of service.
    pub(super) fn inspect<T>(
        &mut self,
        entity: &EntityId,
        at: impl FnOnce(&Entity) -> T,
    ) -> Result<T, Reject> {
        let hook = self.options.fault_hook.clone();
        let awake = self.entities.awake(entity).ok_or(Reject::Unknown)?;
        let inspected = catch_unwind(AssertUnwindSafe(|| {
            if let Some(hook) = hook {
                let (id, caller) = (CommandId(String::new()), Caller::System);
                hook(entity, &Command { id, caller, act: Act::Restored }, Phase::Reading);
            }
            at(&awake.machine)
        }));
        inspected.map_err(|_panic| {
            self.poison.panics += 1;
            tracing::error!(entity = %entity, "reading an entity panics");
            Reject::Quarantined
        })
    }

    /// Decides and applies one command.
    pub(super) fn decide(
        &mut self,
        now: Now,
        entity: &EntityId,
        command: Command,
    ) -> Result<Option<Answer>, Declined> {
        let (waiting_max, protocol) = (self.waiting_max(entity), self.options.protocol);
        let context = Context {
            now: self.wall(now),
            served: self.served(now),
            random: self.random(),
            waiting_max,
            protocol,
        };
        let hook = self.options.fault_hook.clone();
        let Some(awake) = self.entities.awake(entity) else { return Err(Declined::Again) };
        let strike = |phase| {
            if let Some(hook) = &hook {
                hook(entity, &command, phase);
            }
        };
        let decided = catch_unwind(AssertUnwindSafe(|| {
            strike(Phase::Deciding);
            let decision = awake.machine.decide(&command, &context)?;
            keeps_to(protocol, &decision)?;
            let session = awake.machine.session();
            let happened = session.map(|session| happenings(session, &decision.entries));
            Ok((decision, happened.unwrap_or_default()))
        }));
        let outcome = match decided {
            Err(_panic) => Attempt::PanickedDeciding,
            Ok(Err(reject)) => Attempt::Rejected(reject),
            Ok(Ok((decision, happened))) => {
                let applied =
                    catch_unwind(AssertUnwindSafe(|| apply(&mut awake.machine, &decision, &strike)));
                match applied {
                    Ok(()) => Attempt::Decided(decision, happened),
                    Err(_panic) => Attempt::PanickedApplying,
                }
            }
        };
        match outcome {
            Attempt::Decided(decision, happened) => {
                let recorded = self.record_decision(now, entity, decision, context.now);
                if recorded.is_ok() && !happened.is_empty() {
                    self.pipe.hold(Output::Happened(happened), now.mono, false);
                }
                recorded
            }
            Attempt::Rejected(reject) => Err(Declined::Rejected(reject)),
            Attempt::PanickedDeciding => self.panicked(now, entity, &command, false),
            Attempt::PanickedApplying => self.panicked(now, entity, &command, true),
        }
    }

    /// Opens the decision's item and arms what it armed.
    fn record_decision(
        &mut self,
        now: Now,
        entity: &EntityId,
        decision: Decision,
        at: Millis,
    ) -> Result<Option<Answer>, Declined> {
        let Decision { entries, answer, typing } = decision;
        if !typing.is_empty() || !entries.is_empty() {
            self.waiting.stirred(entity);
        }
        if entries.is_empty() {
            return Ok(Some(answer));
        }
        let owed: Vec<(EffectId, bool)> = entries
            .iter()
            .filter_map(|entry| match entry {
                // Handed out one after the other, behind every decision.
                Entry::Owed { effect: Effect::Push { .. }, .. } => None,
                Entry::Owed { id, effect } => Some((*id, self.is_here(effect))),
                _ => None,
            })
            .collect();
        let item = Item::Decided(Decided { entity: entity.clone(), at, entries });
        let encoded = handoff_codec::encode_bare(&item).map_err(|error| {
            tracing::error!(entity = %entity, %error, "a decision can't be encoded");
            Declined::Again
        })?;
        self.pipe.push(encoded);
        for (id, here) in owed {
            if !(here && self.same_shard.push(entity, id)) {
                self.hold_effect(now, entity, id);
            }
        }
        self.after_decision(now, entity);
        Ok(Some(answer))
    }

    /// Follows the entity's timers, its customer's presence and its memory; forgets it when it has retired.
    fn after_decision(&mut self, now: Now, entity: &EntityId) {
        let (pushed, committed) = (self.pipe.pushed(), self.pipe.committed());
        let agent_grace_ms = self.options.agent_grace_ms;
        let Some(awake) = self.entities.awake(entity) else { return };
        awake.decided(pushed, committed);
        if awake.machine.retired() {
            self.entities.forget(entity);
            self.presence.forget(entity);
            return;
        }
        let next_timer = awake.machine.next_timer();
        let lost_after_ms = awake.machine.lost_after_ms(agent_grace_ms);
        self.presence.expect(entity, lost_after_ms, now.mono);
        self.hand_out_push(now, entity);
        self.timers.arm(next_timer, entity);
        self.write_history_when_long(entity);
    }

    /// Completes a reading with rows from history, if the entity is still here to ask.
    pub fn complete_reading(
        &mut self,
        entity: &EntityId,
        caller: &Caller,
        what: &Read,
        history: Vec<handoff_chat::event::Event>,
    ) -> Result<handoff_chat::command::Reading, Reject> {
        self.inspect(entity, |machine| machine.read(caller, what, &history))?
    }
}

/// Whether a reading brings its reader nothing new.
fn is_empty(reading: &handoff_chat::command::Reading, what: &Read) -> bool {
    use handoff_chat::command::Reading;
    match (reading, what) {
        (Reading::View(view), what) => {
            let waits_anew = matches!(what, Read::Following { waits, .. } if *waits != view.waits);
            view.events.is_empty() && view.typing.is_empty() && !view.chat_ended && !waits_anew
        }
        (Reading::Desk(desk), Read::Desk { version }) => desk.version <= *version,
        _ => false,
    }
}

/// Nothing is journaled that whoever keeps to this version, and takes the shard over, could not read.
pub(super) fn keeps_to(protocol: u16, decision: &Decision) -> Result<(), Reject> {
    match decision.entries.iter().map(Since::since).find(|since| *since > protocol) {
        Some(since) => {
            tracing::error!(since, protocol, "a decision has what is not known yet; it is not carried out");
            Err(Reject::NotYet { since })
        }
        None => Ok(()),
    }
}

fn apply(entity: &mut Entity, decision: &Decision, strike: &impl Fn(Phase)) {
    for (place, entry) in decision.entries.iter().enumerate() {
        if place == decision.entries.len() / 2 {
            strike(Phase::Applying);
        }
        entity.apply(entry);
    }
    decision.typing.iter().for_each(|typing| entity.show_typing(typing));
}
