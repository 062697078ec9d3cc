//! How an interaction runs its workflow: what happens in the chat, and time, lead from step to step.

use super::{Interaction, SessionActions, cut};
use crate::entry::{How, InteractionChange, Place, Purpose};
use crate::id::AgentName;
use crate::routing::Withdrawal;
use crate::text::Text;
use crate::workflow::{Does, StepNo, fill};

/// Most steps run at once.
const STEPS_MAX: usize = 64;
/// The longest reply kept as attached data, in bytes.
const REPLY_BYTES_MAX: usize = 1_000;

impl Interaction {
    /// Journals what it begins with, then runs the program from its first step.
    pub(crate) fn begin(&mut self, session: &mut dyn SessionActions) {
        session.journal(InteractionChange::Begun(Box::new(self.begun.clone())));
        let start = self.begun.program.start;
        self.run(session, Some(start));
    }

    /// Whether it waits for what the customer says.
    pub(crate) fn listens(&self) -> bool {
        self.place == Place::Workflow
            && self.offline.is_none()
            && self.step().is_some_and(|step| matches!(step.does, Does::Ask { .. }))
    }

    /// The customer said something while it listened.
    pub(crate) fn heard(&mut self, session: &mut dyn SessionActions, text: &str) {
        let Some(step) = self.step().cloned() else { return };
        let Does::Ask { save, cases, .. } = &step.does else { return };
        self.disarm(session, Purpose::Step);
        if let Some(key) = save {
            self.attach(session, key, &cut(text, REPLY_BYTES_MAX));
        }
        let case = cases.iter().find(|case| case.when.fits(text));
        self.run(session, case.map(|case| case.next).or(step.next));
    }

    /// The bot is out of the chat; `handover`: a person is to take its place.
    pub(crate) fn bot_left(&mut self, session: &mut dyn SessionActions, handover: bool) {
        if self.place != Place::Workflow || self.offline.is_some() {
            return;
        }
        let Some(step) = self.step() else { return };
        let Does::Bot { handover: person, .. } = &step.does else { return };
        let next = if handover { *person } else { step.next };
        self.run(session, next);
    }

    /// The agent left by their own choice; the session has perhaps ended with it.
    pub(crate) fn agent_left(&mut self, session: &mut dyn SessionActions, who: &AgentName) {
        if session.ended() {
            self.session_ended(session, How::Completed, Withdrawal::Left);
        } else if matches!(&self.place, Place::Agent { agent, .. } if agent == who) {
            let next = self.step().and_then(|step| step.next);
            self.release(session, Withdrawal::Left);
            self.run(session, next);
        }
    }

    /// The customer left; the session has perhaps ended with it.
    pub(crate) fn customer_left(&mut self, session: &mut dyn SessionActions) {
        if session.ended() {
            let waited = matches!(self.place, Place::Queue(_) | Place::Offer { .. });
            let how = if waited { How::Abandoned } else { How::Completed };
            self.session_ended(session, how, Withdrawal::Ended);
        }
    }

    /// The session has ended: who holds a claim on it is told, and the workflow does what is to be done afterwards.
    pub(super) fn session_ended(&mut self, session: &mut dyn SessionActions, how: How, why: Withdrawal) {
        if self.offline.is_some() {
            return;
        }
        self.stop(session, why);
        self.change(session, InteractionChange::Offline(how));
        let post = self.begun.program.post;
        self.run(session, post);
    }

    /// It is over whatever it does, and the session with it.
    pub(crate) fn force(&mut self, session: &mut dyn SessionActions, how: How) {
        if self.done() {
            return;
        }
        self.stop(session, Withdrawal::Ended);
        if self.offline.is_none() {
            self.change(session, InteractionChange::Offline(how));
        }
        self.finish(session, how);
    }

    /// A timer of its own went off.
    pub(crate) fn fired(&mut self, session: &mut dyn SessionActions, purpose: Purpose) {
        self.change(session, InteractionChange::Timer { purpose, id: None });
        match (purpose, &self.place) {
            (Purpose::Offer, Place::Offer { agent, .. }) => {
                let agent = agent.clone();
                self.unanswered(session, &agent, Some(Withdrawal::TimedOut));
            }
            (Purpose::Step, Place::Offer { .. }) => self.change(session, InteractionChange::Overdue),
            (Purpose::Step, Place::Workflow | Place::Queue(_)) => self.time_is_over(session),
            (Purpose::Text, Place::Queue(_) | Place::Offer { .. }) => self.comfort(session),
            _ => {}
        }
    }

    /// The step waits no longer.
    pub(super) fn time_is_over(&mut self, session: &mut dyn SessionActions) {
        let Some(step) = self.step() else { return };
        let next = match &step.does {
            Does::Ask { timeout, .. } | Does::Route { timeout, .. } => {
                timeout.as_ref().and_then(|timeout| timeout.next)
            }
            _ => step.next,
        };
        self.release(session, Withdrawal::TimedOut);
        self.disarm(session, Purpose::Text);
        self.run(session, next);
    }

    /// Nobody is to wait in the queue in which it is: as if its time were over. Where the workflow has nothing for
    /// that, the chat ends, so that nobody waits for what never comes.
    pub(super) fn turned_away(&mut self, session: &mut dyn SessionActions) {
        let has_way =
            matches!(self.step().map(|step| &step.does), Some(Does::Route { timeout: Some(_), .. }));
        if has_way {
            return self.time_is_over(session);
        }
        self.end_chat(session);
    }

    fn end_chat(&mut self, session: &mut dyn SessionActions) {
        session.end();
        self.session_ended(session, How::Completed, Withdrawal::Ended);
    }

    /// The queue in which it was to wait is full: as if it had waited long enough, at once; but where that led back to
    /// the same step before, after the time that the step has, so that a workflow which tries again does so in its own
    /// time.
    pub(crate) fn found_full(&mut self, session: &mut dyn SessionActions, attempt: u64) {
        let waits_there = matches!(self.place, Place::Queue(_)) && attempt == self.attempt;
        let Some(step) = self.step.filter(|_| waits_there && self.offline.is_none()) else { return };
        let tried = self.refused.contains(&step);
        self.change(session, InteractionChange::Refused);
        if !tried || !self.timers.contains_key(&Purpose::Step) {
            self.turned_away(session);
        }
    }

    /// Says the next text to one who waits, and not while an agent is asked already.
    fn comfort(&mut self, session: &mut dyn SessionActions) {
        let Some(Does::Route { texts, every_ms, .. }) = self.step().map(|step| step.does.clone()) else {
            return;
        };
        let place = usize::try_from(self.comforted).unwrap_or(usize::MAX).min(texts.len().saturating_sub(1));
        if let (Place::Queue(_), Some(text)) = (&self.place, texts.get(place)) {
            self.say(session, text);
            self.change(session, InteractionChange::Comforted);
        }
        self.arm(session, Purpose::Text, every_ms);
    }

    /// Runs steps until one waits or none is left.
    fn run(&mut self, session: &mut dyn SessionActions, mut next: Option<StepNo>) {
        for _ in 0..STEPS_MAX {
            self.change(session, InteractionChange::Stepped(next));
            let Some(step) = self.step().cloned() else {
                if let Some(how) = self.offline {
                    self.finish(session, how);
                }
                return;
            };
            next = match step.does {
                Does::Say { text } => {
                    self.say(session, &text);
                    step.next
                }
                Does::Attach { key, value } => {
                    let value = fill(&value, |name| self.known(name));
                    self.attach(session, &key, &value);
                    step.next
                }
                Does::Branch { on, cases } => {
                    let text = self.known(&on).unwrap_or_default();
                    cases.iter().find(|case| case.when.fits(&text)).map(|case| case.next).or(step.next)
                }
                Does::End if self.offline.is_some() => None,
                Does::End => return self.end_chat(session),
                Does::Bot { handover, .. } if session.no_bots() => handover,
                Does::Ask { timeout, .. } if session.no_questions() => match timeout {
                    Some(timeout) => timeout.next,
                    None => return self.end_chat(session),
                },
                waits => return self.wait(session, waits),
            };
        }
        session.end();
        self.force(session, How::Failed);
    }

    /// Begins a step that waits.
    fn wait(&mut self, session: &mut dyn SessionActions, does: Does) {
        match does {
            Does::Ask { text, timeout, .. } => {
                self.say(session, &text);
                session.asked();
                if let Some(timeout) = timeout {
                    self.arm(session, Purpose::Step, timeout.after_ms);
                }
            }
            Does::Bot { bot, .. } => session.invite(&bot),
            Does::Wait { wait_ms } => self.arm(session, Purpose::Step, wait_ms),
            Does::Route { queue, .. } => self.route(session, queue),
            Does::Say { .. } | Does::Branch { .. } | Does::Attach { .. } | Does::End => {}
        }
    }

    fn finish(&mut self, session: &mut dyn SessionActions, how: How) {
        self.moves(session, Place::Done(how));
        session.close_record();
    }

    fn stop(&mut self, session: &mut dyn SessionActions, why: Withdrawal) {
        self.release(session, why);
        for purpose in [Purpose::Step, Purpose::Text, Purpose::Offer] {
            self.disarm(session, purpose);
        }
    }

    fn say(&self, session: &mut dyn SessionActions, text: &str) {
        session.say(&self.begun.program.nickname, &fill(text, |name| self.known(name)));
    }

    fn attach(&mut self, session: &mut dyn SessionActions, key: &str, value: &str) {
        let value = Text::clear(value);
        self.attached(key, &value);
        session.attach(key, &value);
    }

    pub(super) fn arm(&mut self, session: &mut dyn SessionActions, purpose: Purpose, span_ms: i64) {
        let id = Some(session.arm(span_ms));
        self.change(session, InteractionChange::Timer { purpose, id });
    }

    pub(super) fn disarm(&mut self, session: &mut dyn SessionActions, purpose: Purpose) {
        if let Some(id) = self.timers.get(&purpose).copied() {
            session.disarm(id);
            self.change(session, InteractionChange::Timer { purpose, id: None });
        }
    }

    pub(super) fn change(&mut self, session: &mut dyn SessionActions, change: InteractionChange) {
        self.apply(&change);
        session.journal(change);
    }
}
