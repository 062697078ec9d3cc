//! Falling asleep and waking: idle entities leave memory for a snapshot row and come back when somebody calls.

use super::core::{ShardCore, refuse};
use super::entity_state::{Asleep, EntityState};
use super::frame::{Glance, Item, Slept};
use super::{Action, Now, Outcome, Phase};
use handoff_chat::command::{Act, Caller, Command};
use handoff_chat::{CommandId, Entity, EntityId, Served};
use std::panic::{AssertUnwindSafe, catch_unwind};

impl ShardCore {
    /// Loads a sleeping entity's snapshot, if that was not asked for yet.
    pub(super) fn wake(&mut self, entity: &EntityId) {
        let Some(asleep) = self.entities.asleep(entity) else { return };
        if !asleep.waking {
            asleep.waking = true;
            let key = asleep.slept.snapshot.clone();
            self.actions.push_back(Action::LoadSnapshot { entity: entity.clone(), key });
        }
    }

    /// The snapshot is here: the entity is awake and what waited for it is decided.
    pub fn woken(&mut self, now: Now, entity: &EntityId, snapshot: &[u8]) {
        if self.entities.asleep(entity).is_none() {
            return;
        }
        let Some(EntityState::Asleep(asleep)) = self.entities.take(entity) else { return };
        let Asleep { decisions, waiting, .. } = *asleep;
        let hook = self.options.fault_hook.clone();
        let read = catch_unwind(AssertUnwindSafe(|| {
            if let Some(hook) = hook {
                let (id, caller) = (CommandId("wake".to_owned()), Caller::System);
                hook(entity, &Command { id, caller, act: Act::Restored }, Phase::Waking);
            }
            Entity::from_snapshot(entity, snapshot).map(|mut machine| {
                decisions.iter().flatten().for_each(|entry| machine.apply(entry));
                machine.restored();
                machine
            })
        }));
        match read {
            Ok(Ok(machine)) => {
                self.seat(now, entity, machine);
                for envelope in waiting {
                    self.dispatch(now, envelope);
                }
            }
            Ok(Err(error)) => {
                tracing::error!(entity = %entity, %error, "a snapshot is damaged: out of service");
                self.unreadable(now, entity, waiting);
            }
            Err(_panic) => {
                self.poison.panics += 1;
                tracing::error!(entity = %entity, "what came after a snapshot panics: out of service");
                self.unreadable(now, entity, waiting);
            }
        }
        self.flush(now);
    }

    /// Puts a machine in memory and does what it owes.
    pub(super) fn seat(&mut self, now: Now, entity: &EntityId, machine: Entity) {
        self.timers.arm(machine.next_timer(), entity);
        self.entities.seat(entity, machine, now.mono);
        self.hand_out(now, entity);
    }

    /// The snapshot can't be loaded now: callers may try again.
    pub fn wake_failed(&mut self, now: Now, entity: &EntityId) {
        let Some(asleep) = self.entities.asleep(entity) else { return };
        asleep.waking = false;
        let waiting = std::mem::take(&mut asleep.waiting);
        // What stirred since its snapshot may owe something, or have armed a timer that the snapshot does not know.
        let timer =
            if asleep.decisions.is_empty() { asleep.slept.next_timer } else { Some(Served::default()) };
        for envelope in waiting {
            refuse(envelope, Outcome::Again);
        }
        let later = self.served(now).after(WAKE_RETRY_MS);
        self.timers.arm(timer.map(|at| at.max(later)), entity);
    }

    /// Entities that nobody called for a while are written to snapshots.
    pub(super) fn put_idle_to_sleep(&mut self, now: Now) {
        let (limit, agent_grace_ms) = (self.options.passivate_after_ms, self.options.agent_grace_ms);
        let (term, position) = (self.tenure.epoch, self.pipe.position());
        let mut writes = Vec::new();
        for (entity, state) in self.entities.iter_mut() {
            let EntityState::Awake(awake) = state else { continue };
            let Some(session) = awake.machine.session() else { continue };
            if session.ended() || self.waiting.any(entity) {
                continue;
            }
            let idle = now.mono.since(awake.touched) >= limit;
            let owes = awake.machine.owed().next().is_some();
            if !idle || owes || awake.falling_asleep.is_some() {
                continue;
            }
            let key =
                format!("{}/{}/{}/{}/{}", entity, term, position.segment, position.seq, awake.decisions);
            match awake.machine.to_snapshot() {
                Ok(body) => {
                    let slept = Slept {
                        entity: entity.clone(),
                        snapshot: key.clone(),
                        next_timer: awake.machine.next_timer(),
                        lost_after_ms: awake.machine.lost_after_ms(agent_grace_ms),
                        glance: Glance::of(session),
                    };
                    awake.falling_asleep = Some((slept, awake.decisions));
                    writes.push(Action::PutSnapshot { entity: entity.clone(), key, body });
                }
                Err(error) => tracing::error!(entity = %entity, %error, "an entity can't be snapshotted"),
            }
        }
        self.actions.extend(writes);
    }

    /// The snapshot is written (or could not be): the entity falls asleep if nothing happened meanwhile. It must
    /// not show typing either: indexes of typing that nobody journaled would be used again.
    pub fn snapshot_written(&mut self, now: Now, entity: &EntityId, written: bool) {
        let Some(awake) = self.entities.awake(entity) else { return };
        let Some((slept, decisions)) = awake.falling_asleep.take() else { return };
        if !written || decisions != awake.decisions {
            return;
        }
        match handoff_codec::encode_bare(&Item::Slept(slept.clone())) {
            Ok(item) => self.pipe.push(item),
            Err(_too_large) => return,
        }
        self.entities.falls_asleep(slept);
        self.flush(now);
    }

    /// Ends typing that nobody has refreshed.
    pub(super) fn end_typing(&mut self, now: Now) {
        let wall = self.wall(now);
        let over = |state: &EntityState| match state {
            EntityState::Awake(awake) => {
                awake.machine.session().is_some_and(|session| session.typing_is_over(wall))
            }
            _ => false,
        };
        for entity in self.entities.which(|_, state| over(state)) {
            self.own_command(now, &entity, "typing".to_owned(), Act::TypingOver);
        }
    }

    /// Customers of whom nothing was heard for as long as their channel waits are gone, agents without a window for the
    /// grace time lost.
    pub(super) fn lose_silent(&mut self, now: Now) {
        for entity in self.presence.take_silent(now.mono) {
            let act = self.entities.awake(&entity).map_or(Act::CustomerLost, |awake| awake.machine.lost());
            self.own_command(now, &entity, format!("lost:{}:{}", self.tenure.epoch, now.mono.0), act);
        }
    }
}

/// When to try again to wake an entity whose timer is due, in milliseconds.
const WAKE_RETRY_MS: i64 = 1_000;
