//! The shard: takes calls, decides and applies them at once in its own order, and lets nothing out before it is
//! committed.

use super::census::Counts;
use super::checkpoint::Progress;
use super::clock::Clock;
use super::entities::Entities;
use super::entity_state::EntityState;
use super::outage::Known;
use super::pipeline::{Pipeline, Step};
use super::poison::Poison;
use super::presence::Presence;
use super::recovery::Recovered;
use super::release::Release;
use super::same_shard::SameShard;
use super::timers::Timers;
use super::waiting::Waiting;
use super::{Action, Envelope, Mono, Now, Options, Outcome, Output};
use handoff_chat::command::{Act, Caller, Command, Reject};
use handoff_chat::{CommandId, Entity, EntityId, Millis, TimerId};
use handoff_journal::{Owner, Position, Tenure};
use rand::rngs::StdRng;
use rand::{Rng, RngExt};
use std::collections::VecDeque;

/// Knows no thread, no store and no network: what it wants done it says as [`Action`]s.
pub struct ShardCore {
    pub(super) tenure: Tenure,
    pub(super) options: Options,
    pub(super) entities: Entities,
    pub(super) pipe: Pipeline<Output>,
    pub(super) actions: VecDeque<Action>,
    pub(super) clock: Clock,
    pub(super) timers: Timers,
    pub(super) presence: Presence,
    pub(super) rng: StdRng,
    pub(super) checkpoint: Progress,
    pub(super) poison: Poison,
    pub(super) waiting: Waiting,
    pub(super) same_shard: SameShard,
    pub(super) store: Known,
    pub(super) release: Release,
    swept: Mono,
}

impl ShardCore {
    /// A shard just recovered; its first frame says so and must be committed before anything leaves it.
    /// `alive_until` is when an owner who was lost is known to have been alive, `rng` decides all chance here.
    ///
    /// # Errors
    /// When the opening item can't be encoded.
    pub fn open(
        tenure: Tenure,
        next: Position,
        recovered: Recovered,
        options: Options,
        alive_until: Option<Millis>,
        now: Now,
        rng: StdRng,
    ) -> Result<Self, handoff_codec::Error> {
        let pipe = Pipeline::new(next, options.frame_bytes_max);
        let mut core = Self {
            checkpoint: Progress::new(&recovered),
            clock: Clock::new(tenure.shard, recovered.clock, now),
            tenure,
            options,
            entities: Entities::default(),
            pipe,
            actions: VecDeque::new(),
            timers: Timers::default(),
            presence: Presence::default(),
            rng,
            poison: Poison::default(),
            waiting: Waiting::default(),
            same_shard: SameShard::default(),
            store: Known::default(),
            release: Release::default(),
            swept: now.mono,
        };
        core.open_log(now, alive_until, recovered.is_new)?;
        for (entity, state) in recovered.into_entities(now.mono) {
            core.place(entity, state, now.mono);
        }
        core.owe_history();
        core.owe_again(now);
        core.verify_claims(now);
        core.warn_of_queues(core.entities.iter());
        core.flush(now);
        Ok(core)
    }

    /// Puts an entity where the recovery found it.
    fn place(&mut self, entity: EntityId, state: EntityState, now: Mono) {
        match &state {
            EntityState::Awake(awake) => {
                self.timers.arm(awake.machine.next_timer(), &entity);
                let lost_after_ms = awake.machine.lost_after_ms(self.options.agent_grace_ms);
                self.presence.expect(&entity, lost_after_ms, now);
            }
            EntityState::Asleep(asleep) => {
                self.timers.arm(asleep.slept.next_timer, &entity);
                self.presence.expect(&entity, asleep.slept.lost_after_ms, now);
            }
            EntityState::Restoring { .. } | EntityState::Quarantined { .. } => {}
        }
        self.entities.put(entity, state);
    }

    /// All that was owed is done again; what stirred since its snapshot is woken to see what it owes.
    fn owe_again(&mut self, now: Now) {
        for entity in self.entities.which(|_, _| true) {
            match self.entities.get(&entity) {
                Some(EntityState::Awake(_)) => self.hand_out(now, &entity),
                Some(EntityState::Asleep(asleep)) if !asleep.decisions.is_empty() => self.wake(&entity),
                _ => {}
            }
        }
    }

    /// Whose shard this is.
    #[must_use]
    pub fn tenure(&self) -> &Tenure {
        &self.tenure
    }

    /// Where the next frame goes.
    #[must_use]
    pub fn position(&self) -> Position {
        self.pipe.position()
    }

    /// Whether the opening frame is committed: the shard serves.
    #[must_use]
    pub fn serves(&self) -> bool {
        self.pipe.committed() > 0
    }

    /// What was counted since it was opened.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts { panics: self.poison.panics, clock_steps: self.clock.steps() }
    }

    /// Outputs that wait for a commit.
    #[must_use]
    pub fn held_count(&self) -> usize {
        self.pipe.held_count()
    }

    /// Takes what is to be done.
    pub fn take_actions(&mut self) -> VecDeque<Action> {
        std::mem::take(&mut self.actions)
    }

    /// Takes the entities that left memory since the last time.
    pub fn take_left(&mut self) -> Vec<EntityId> {
        self.entities.take_left()
    }

    /// Takes a call: decides it now, or queues it behind an entity that is on its way.
    pub fn call(&mut self, now: Now, envelope: Envelope) {
        if let Some(to) = self.release.given_to() {
            refuse(envelope, Outcome::NotOwner(to));
            return;
        }
        if now.mono > envelope.deadline {
            refuse(envelope, Outcome::Again);
            return;
        }
        let by_person = |caller: &&Caller| matches!(caller, Caller::Customer(_) | Caller::Agent(_));
        if self.proves_presence(&envelope) {
            self.presence.heard(&envelope.call.entity, now.mono);
        }
        if let Some(awake) = self.entities.awake(&envelope.call.entity) {
            awake.touched = now.mono;
        }
        let commanded = envelope.call.command.as_ref().map(|command| &command.caller);
        if self.refuses_commands() && commanded.as_ref().is_some_and(by_person) {
            refuse(envelope, self.refusal());
            return;
        }
        self.dispatch(now, envelope);
        self.deliver_here(now);
        self.serve_waiting(now);
    }

    /// Whether a call is of the one who is missed when none comes: in a chat the customer, at a desk its agent.
    fn proves_presence(&mut self, envelope: &Envelope) -> bool {
        let commands = envelope.call.command.iter().map(|command| &command.caller);
        let mut callers = commands.chain(envelope.call.read.iter().map(|(caller, _)| caller));
        match self.entities.awake(&envelope.call.entity) {
            Some(awake) => callers.any(|caller| awake.machine.misses(caller)),
            // Whether the proof fits is seen when it is awake; till then nobody is to be lost.
            None if envelope.call.entity.session().is_some() => {
                callers.any(|caller| matches!(caller, Caller::Customer(_)))
            }
            None => callers.any(|caller| matches!(caller, Caller::Agent(_))),
        }
    }

    pub(super) fn dispatch(&mut self, now: Now, envelope: Envelope) {
        let inbox = self.options.entity_inbox;
        match self.entities.get_mut(&envelope.call.entity) {
            Some(EntityState::Awake(_)) | None => self.serve(now, envelope),
            Some(EntityState::Quarantined { state: Some(state) }) if is_force_end(&envelope) => {
                // An operator's word: it is taken back into service to be ended.
                match Entity::from_snapshot(&envelope.call.entity, state) {
                    Ok(machine) => {
                        self.seat(now, &envelope.call.entity, machine);
                        self.serve(now, envelope);
                    }
                    Err(_damaged) => self.read_to_end(envelope),
                }
            }
            Some(EntityState::Quarantined { state: None }) if is_force_end(&envelope) => {
                self.read_to_end(envelope)
            }
            Some(EntityState::Quarantined { .. }) => {
                self.answer(now, envelope, Outcome::Refused(Reject::Quarantined))
            }
            Some(EntityState::Asleep(asleep)) => {
                if asleep.waiting.len() >= inbox {
                    refuse(envelope, Outcome::Busy);
                    return;
                }
                let entity = envelope.call.entity.clone();
                asleep.waiting.push_back(envelope);
                self.wake(&entity);
            }
            Some(EntityState::Restoring { waiting, .. }) => {
                if waiting.len() >= inbox {
                    refuse(envelope, Outcome::Busy);
                } else {
                    waiting.push_back(envelope);
                    self.poison.rereads = true;
                }
            }
        }
    }

    /// The log alone has the entity's state: it is read again to be ended.
    fn read_to_end(&mut self, envelope: Envelope) {
        let (entity, after) = (envelope.call.entity.clone(), self.pipe.pushed());
        let waiting = VecDeque::from([envelope]);
        self.entities.put(entity, EntityState::Restoring { waiting, after, asked: false });
        self.poison.rereads = true;
    }

    /// Holds a reply that is no turn's.
    pub(super) fn answer(&mut self, now: Now, envelope: Envelope, reply: Outcome) {
        if let Some(to) = envelope.reply {
            self.pipe.hold(Output::reply(to, reply, None), now.mono, false);
        }
    }

    /// Gives the shard's own command to one of its entities.
    pub(super) fn own_command(&mut self, now: Now, entity: &EntityId, id: String, act: Act) {
        let command = Command { id: CommandId(id), caller: Caller::System, act };
        self.dispatch(now, Envelope::own(now, entity.clone(), command));
    }

    /// Lets time pass: fires timers, finds lost customers, puts idle entities to sleep.
    pub fn tick(&mut self, now: Now) {
        if !self.serves() || self.release.is_over() {
            return;
        }
        if self.time_stands_still(now) {
            if self.reads_go_on() {
                self.end_waiting(now);
            }
            return;
        }
        self.fire_timers(now);
        self.end_waiting(now);
        if now.mono.since(self.swept) >= SWEEP_MS {
            self.swept = now.mono;
            self.lose_silent(now);
            self.end_typing(now);
            self.put_idle_to_sleep(now);
            self.write_owed_history();
            // What could not be read again before.
            self.poison.rereads = true;
        }
        self.deliver_here(now);
        self.serve_waiting(now);
        self.flush(now);
    }

    fn fire_timers(&mut self, now: Now) {
        let served = self.served(now);
        while let Some(entity) = self.timers.take_due(served) {
            let due: Vec<TimerId> = match self.entities.get(&entity) {
                Some(EntityState::Awake(awake)) => {
                    awake.machine.timers().filter(|(_, at)| *at <= served).map(|(id, _)| id).collect()
                }
                Some(EntityState::Asleep(_)) => {
                    self.wake(&entity);
                    Vec::new()
                }
                _ => Vec::new(),
            };
            for timer in due {
                if self.is_no_more(&entity) {
                    self.warn_of_queues(self.entities.get(&entity).map(|state| (&entity, state)).into_iter());
                    self.own_command(now, &entity, format!("unconfigured:{}", timer.0), Act::TurnAway);
                }
                self.own_command(now, &entity, format!("timer:{}", timer.0), Act::Fire { timer });
            }
        }
    }

    /// Starts what may start: a roll, a frame, a confirmation; lets out what may leave.
    pub fn flush(&mut self, now: Now) {
        self.shut_when_prepared(now);
        if self.has_permit(now) {
            let step = if self.roll_is_due() { self.pipe.roll() } else { self.cut(now) };
            self.actions.extend(step.map(Action::Journal));
            self.pipe.give_back();
        }
        let confirm = self.pipe.confirm(now.mono);
        self.actions.extend(confirm.map(Action::Journal));
        let released = self.pipe.release();
        self.actions.extend(released.into_iter().map(Action::Send));
        self.rebuild_when_committed();
    }

    fn cut(&mut self, now: Now) -> Option<Step> {
        let whole = self.capture_is_due();
        let id = self.rng.random();
        match self.pipe.cut(now.mono, id, whole) {
            Ok(step) => {
                if whole {
                    self.capture(step.is_some());
                    return match step {
                        Some(step) => Some(step),
                        None => self.pipe.cut(now.mono, id, false).ok().flatten(),
                    };
                }
                step
            }
            Err(error) => {
                tracing::error!(shard = self.tenure.shard.0, %error, "a frame can't be encoded");
                None
            }
        }
    }

    /// The append in flight is committed.
    pub fn appended(&mut self, now: Now) {
        let age_ms = self.pipe.flight_age_ms(now.mono);
        self.pipe.appended();
        self.append_took(now, age_ms);
        self.checkpoint_committed();
        self.flush(now);
    }

    /// The confirmation on its way came back: the shard is still ours.
    pub fn confirmed(&mut self, now: Now) {
        self.pipe.confirmed();
        self.flush(now);
    }

    /// This process may have been stopped for a while: confirm before the next read.
    pub fn distrust(&mut self) {
        self.pipe.distrust();
    }

    /// The shard is somebody else's: nothing of the frame in flight is or will be in the log. All held output is
    /// dropped, its callers sent to the owner.
    pub fn fenced(&mut self, by: Option<Owner>) {
        self.release.end(by);
        self.actions.clear();
        for output in self.pipe.abandon() {
            if let Output::Reply(reply) = output {
                reply.to.send(Outcome::NotOwner(by));
            }
        }
        for envelope in self.waiting.take_all() {
            refuse(envelope, Outcome::NotOwner(by));
        }
        for envelope in self.entities.clear() {
            refuse(envelope, Outcome::NotOwner(by));
        }
    }

    /// 128 fresh bits.
    pub(super) fn random(&mut self) -> [u8; 16] {
        let mut bits = [0; 16];
        self.rng.fill_bytes(&mut bits);
        bits
    }
}

/// How often customers and idle entities are looked at, in milliseconds.
const SWEEP_MS: u64 = 1_000;

/// Whether an operator wants the end of a session, whatever holds it open.
pub(super) fn is_force_end(envelope: &Envelope) -> bool {
    envelope.call.entity.session().is_some() && envelope.call.command.as_ref().is_some_and(is_operators_end)
}

/// The same of a command to a session.
pub(super) fn is_operators_end(command: &Command) -> bool {
    matches!(command, Command { act: Act::ForceEnd, caller: Caller::Operator, .. })
}

/// Answers a call that nothing was done for.
pub(super) fn refuse(envelope: Envelope, reply: Outcome) {
    if let Some(to) = envelope.reply {
        to.send(reply);
    }
}
