//! Falling asleep and waking: idle sessions leave memory for a snapshot row and come back when somebody calls.

use super::core::{ShardCore, refuse};
use super::frame::{Item, Slept};
use super::slot::{Asleep, Awake, Slot};
use super::{Action, Now, Output, ShardReply};
use handoff_chat::SessionId;
use handoff_chat::session::{Act, Session};

impl ShardCore {
    /// Loads a sleeping session's snapshot, if that was not asked for yet.
    pub(super) fn wake(&mut self, session: &SessionId) {
        let Some(asleep) = self.asleep(session) else { return };
        if !asleep.waking {
            asleep.waking = true;
            let key = asleep.slept.snapshot.clone();
            self.actions.push_back(Action::LoadSnapshot { session: session.clone(), key });
        }
    }

    /// The snapshot is here: the session is awake and what waited for it is decided.
    pub fn woken(&mut self, now: Now, session: &SessionId, snapshot: &[u8]) {
        if self.asleep(session).is_none() {
            return;
        }
        let Some(Slot::Asleep(asleep)) = self.slots.remove(session) else { return };
        let Asleep { turns, waiting, .. } = *asleep;
        match Session::from_snapshot(snapshot) {
            Ok(mut machine) => {
                turns.iter().flatten().for_each(|entry| machine.apply(entry));
                machine.restored();
                self.seat(now, session, machine);
            }
            Err(error) => {
                tracing::error!(session = %session.0, %error, "a snapshot is damaged: out of service");
                self.slots.insert(session.clone(), Slot::Quarantined { state: None });
            }
        }
        for envelope in waiting {
            self.dispatch(now, envelope);
        }
        self.flush(now);
    }

    /// Puts a machine in memory and does what it owes.
    fn seat(&mut self, now: Now, session: &SessionId, machine: Session) {
        let awake = Awake::new(machine, now.mono_ms);
        if let Some(at) = awake.next_timer() {
            self.timers.insert((at, session.clone()));
        }
        for (id, _) in awake.session.owed() {
            self.pipe.hold(Output::Effect { session: session.clone(), id }, now.mono_ms, false);
        }
        self.slots.insert(session.clone(), Slot::Awake(Box::new(awake)));
    }

    /// The snapshot can't be loaded now: callers may try again.
    pub fn wake_failed(&mut self, now: Now, session: &SessionId) {
        let Some(asleep) = self.asleep(session) else { return };
        asleep.waking = false;
        let waiting = std::mem::take(&mut asleep.waiting);
        let timer = asleep.slept.next_timer;
        for envelope in waiting {
            refuse(envelope, ShardReply::Again);
        }
        if let Some(at) = timer {
            let later = self.served(now).0 + WAKE_RETRY_MS;
            self.timers.insert((handoff_chat::Millis(at.0.max(later)), session.clone()));
        }
    }

    /// Sessions that nobody called for a while are written to snapshots.
    pub(super) fn put_idle_to_sleep(&mut self, now: Now) {
        let limit = self.options.passivate_after_ms;
        let (term, position) = (self.tenure.epoch, self.pipe.position());
        let mut writes = Vec::new();
        for (session, slot) in &mut self.slots {
            let Slot::Awake(awake) = slot else { continue };
            let idle = now.mono_ms.saturating_sub(awake.touched_ms) >= limit;
            let owes = awake.session.owed().next().is_some();
            if !idle || owes || awake.session.ended() || awake.falling_asleep.is_some() {
                continue;
            }
            let key = format!("{}/{}/{}/{}/{}", session.0, term, position.segment, position.seq, awake.turns);
            match awake.session.to_snapshot() {
                Ok(body) => {
                    let slept = Slept {
                        session: session.clone(),
                        snapshot: key.clone(),
                        next_timer: awake.next_timer(),
                        customer_present: awake.session.customer_present(),
                    };
                    awake.falling_asleep = Some((slept, awake.turns));
                    writes.push(Action::PutSnapshot { session: session.clone(), key, body });
                }
                Err(error) => tracing::error!(session = %session.0, %error, "a session can't be snapshotted"),
            }
        }
        self.actions.extend(writes);
    }

    /// The snapshot is written (or could not be): the session falls asleep if nothing happened meanwhile. It must
    /// not show typing either: indexes of typing that nobody journaled would be used again.
    pub fn snapshot_written(&mut self, now: Now, session: &SessionId, written: bool) {
        let Some(awake) = self.awake(session) else { return };
        let Some((slept, turns)) = awake.falling_asleep.take() else { return };
        if !written || turns != awake.turns {
            return;
        }
        match handoff_codec::encode_bare(&Item::Slept(slept.clone())) {
            Ok(item) => self.pipe.push(item),
            Err(_too_large) => return,
        }
        self.slots.insert(session.clone(), Slot::Asleep(Box::new(Asleep::new(slept))));
        self.left.push(session.clone());
        self.flush(now);
    }

    /// Customers who made no call for the disconnect time are gone.
    pub(super) fn lose_silent_customers(&mut self, now: Now) {
        let limit = self.options.disconnect_timeout_ms;
        let silent: Vec<SessionId> = self
            .last_calls_ms
            .iter()
            .filter(|(_, last)| now.mono_ms.saturating_sub(**last) > limit)
            .map(|(session, _)| session.clone())
            .collect();
        for session in silent {
            if let Some(last) = self.last_calls_ms.get_mut(&session) {
                *last = now.mono_ms;
            }
            let id = format!("lost:{}:{}", self.tenure.epoch, now.mono_ms);
            self.own_command(now, &session, id, Act::CustomerLost);
        }
    }
}

/// When to try again to wake a session whose timer is due, in milliseconds.
const WAKE_RETRY_MS: i64 = 1_000;
