//! Decides what others tell a queue: interactions come and go, agents say what they can take, requests are answered.

use super::Queue;
use super::draft::{ANSWER_MS, Draft, VERIFY_MS};
use super::state::{Known, Stage};
use crate::Context;
use crate::command::{Act, Caller, Command, Pace, Reject};
use crate::decision::Decision;
use crate::entry::QueueChange;
use crate::id::{EffectId, EntityId, Served, SessionId, TimerId};
use crate::routing::{Message, Reply, Ticket, ToAgent, ToInteraction, ToQueue};

/// Longest time for which an agent who declined is passed over, in milliseconds: the moment in the ticket is of another
/// shard's served time, which may be far ahead of this one's.
const DECLINED_MS_MAX: i64 = 60_000;
/// Who is taken sooner did not have to wait, in milliseconds: somebody was free.
const HAD_TO_WAIT_MS: i64 = 1_000;
/// Who is due so soon after the alarm is looked after with it, in milliseconds.
const TOGETHER_MS: i64 = 1_000;

impl Queue {
    /// As [`crate::Session::decide`].
    ///
    /// # Errors
    /// [`Reject::NotAllowed`] for what is not a queue's to decide, or comes from somebody who may not say it.
    pub fn decide(&self, command: &Command, context: &Context) -> Result<Decision, Reject> {
        let draft = Draft::new(self, context);
        match (&command.act, &command.caller) {
            (Act::Deliver(Message::ToQueue(message)), Caller::Entity(from)) if message.is_from(from) => {
                Ok(match message {
                    ToQueue::Enqueue { interaction, attempt, ticket } => {
                        enqueue(draft, interaction, *attempt, ticket)
                    }
                    ToQueue::Withdraw { interaction, attempt } => withdraw(draft, interaction, *attempt),
                    ToQueue::Available { .. } => available(draft, message),
                })
            }
            (Act::Replied { effect, reply }, Caller::System) => Ok(self.replied(draft, *effect, reply)),
            (Act::Settle { effect }, Caller::System) => {
                let mut draft = draft;
                draft.out.settle(*effect);
                Ok(draft.finish(None))
            }
            (Act::Fire { timer }, Caller::System) => Ok(self.fire(draft, *timer)),
            (Act::Restored, Caller::System) => Ok(self.restored(draft)),
            (Act::TurnAway, Caller::System) => Ok(self.turn_away(draft)),
            _ => Err(Reject::NotAllowed),
        }
    }

    /// What is no longer owed was answered before.
    fn replied(&self, mut draft: Draft<'_>, effect: EffectId, reply: &Reply) -> Decision {
        let Some((to, message)) = self.ledger.message(effect) else { return draft.finish(None) };
        draft.out.settle(effect);
        match message {
            Message::ToAgent(ToAgent::Reserve { interaction, attempt, .. }) => {
                reserved(&mut draft, effect, to, (interaction, *attempt), reply);
            }
            Message::ToInteraction(ToInteraction::Verify { attempt, .. }) => {
                if let Some(interaction) = to.session() {
                    verified(&mut draft, &interaction, *attempt, reply);
                }
            }
            // Whatever is answered, it is elsewhere now.
            Message::ToInteraction(ToInteraction::TurnedAway { attempt, .. }) => {
                if let Some(interaction) = to.session() {
                    forget(&mut draft, &interaction, *attempt);
                }
            }
            _ => {}
        }
        draft.finish(None)
    }

    /// Looks after all who are due.
    fn fire(&self, mut draft: Draft<'_>, timer: TimerId) -> Decision {
        if !draft.out.fire(timer) {
            return draft.finish(None);
        }
        let (verifying, due) = (self.ledger.verifying(), draft.after(TOGETHER_MS));
        for (interaction, waiter) in &self.state.waiting {
            if waiter.look_at > due {
                draft.out.wake_by(waiter.look_at);
                continue;
            }
            // The agent's answer is still owed and counted; somebody else may be asked meanwhile.
            let back = Draft::is_asked_for(waiter);
            let look_at = draft.look_after(VERIFY_MS);
            let since = draft.believed(waiter.ticket.since);
            if since < waiter.ticket.since && waiter.stage == Stage::InLine {
                let (interaction, attempt, came) = (interaction.clone(), waiter.attempt, waiter.came);
                let ticket = Ticket { since, ..waiter.ticket.clone() };
                draft.push(QueueChange::Waits { interaction, attempt, ticket, came, look_at });
            } else {
                draft.push(QueueChange::Looked { interaction: interaction.clone(), back, look_at });
            }
            if !back && !verifying.contains(&EntityId::from(interaction)) {
                draft.verify(interaction, waiter.attempt);
            }
        }
        draft.finish(None)
    }

    /// Tells all who are due and in line that nobody is to wait here: not before they would be asked for anyway, so
    /// that a queue which the other nodes know already is not emptied while its configuration comes to this one.
    fn turn_away(&self, mut draft: Draft<'_>) -> Decision {
        let (asked, due) = (self.ledger.verifying(), draft.after(TOGETHER_MS));
        for (interaction, waiter) in &self.state.waiting {
            let in_line = waiter.stage == Stage::InLine;
            if in_line && waiter.look_at <= due && !asked.contains(&EntityId::from(interaction)) {
                let look_at = draft.look_after(VERIFY_MS);
                draft.push(QueueChange::Looked { interaction: interaction.clone(), back: false, look_at });
                draft.turn_away(interaction, waiter.attempt);
            }
        }
        draft.finish(None)
    }

    /// All who wait are asked for, once.
    fn restored(&self, mut draft: Draft<'_>) -> Decision {
        let verifying = self.ledger.verifying();
        for (interaction, waiter) in &self.state.waiting {
            if !verifying.contains(&EntityId::from(interaction)) {
                draft.verify(interaction, waiter.attempt);
            }
        }
        draft.finish(None)
    }
}

impl ToQueue {
    /// Whether this entity may say so.
    fn is_from(&self, from: &EntityId) -> bool {
        match self {
            Self::Enqueue { interaction, .. } | Self::Withdraw { interaction, .. } => {
                *from == EntityId::from(interaction)
            }
            Self::Available { agent, .. } => *from == EntityId::from(agent),
        }
    }
}

fn enqueue(mut draft: Draft<'_>, interaction: &SessionId, attempt: u64, ticket: &Ticket) -> Decision {
    let waits = draft.waiter(interaction).map(|waiter| waiter.attempt);
    if attempt < draft.state.floors.of(interaction) || waits.is_some_and(|waits| attempt < waits) {
        return draft.finish(Some(Reply::Void));
    }
    if waits.is_none() && draft.is_full_for(ticket) {
        return draft.finish(Some(Reply::Full));
    }
    if waits != Some(attempt) {
        let (interaction, mut ticket) = (interaction.clone(), ticket.clone());
        ticket.since = draft.believed(ticket.since);
        let latest = draft.after(DECLINED_MS_MAX);
        ticket.declined.values_mut().for_each(|until: &mut Served| *until = latest.min(*until));
        let look_at = draft.look_after(VERIFY_MS);
        let came = draft.now();
        draft.push(QueueChange::Waits { interaction, attempt, ticket, came, look_at });
    }
    draft.finish(Some(Reply::Done))
}

/// Also for one who has not come yet: their coming may be late.
fn withdraw(mut draft: Draft<'_>, interaction: &SessionId, attempt: u64) -> Decision {
    let waits = draft.waiter(interaction).map(|waiter| waiter.attempt);
    let changed = match waits {
        Some(waits) => waits < attempt,
        None => draft.state.floors.of(interaction) < attempt,
    };
    if changed {
        taken(&mut draft, interaction);
        draft.push(QueueChange::Left { interaction: interaction.clone(), floor: attempt });
    }
    draft.finish(Some(Reply::Done))
}

/// Somebody leaves for whom an agent was found: how long they were the first in line says how the line moves. Who did
/// not have to wait says nothing of it.
fn taken(draft: &mut Draft<'_>, interaction: &SessionId) {
    let Some(waiter) = draft.waiter(interaction).filter(|waiter| waiter.stage != Stage::InLine) else {
        return;
    };
    let (came, now) = (waiter.came, draft.now());
    if now.0.saturating_sub(came.0) >= HAD_TO_WAIT_MS {
        draft.push(QueueChange::Paced(Pace::took(draft.state.pace, came, now)));
    }
}

fn available(mut draft: Draft<'_>, message: &ToQueue) -> Decision {
    if let ToQueue::Available { agent, version, here, free, idle_since } = message
        && draft.state.agents.get(agent).is_none_or(|known| *version > known.version)
    {
        let idle_since = draft.believed(*idle_since);
        let (agent, version, here, free) = (agent.clone(), *version, *here, *free);
        draft.push(QueueChange::Knows { agent, version, here, free, idle_since });
    }
    draft.finish(Some(Reply::Done))
}

/// An agent's answer to a request. Whatever is not a grant says that they take nobody as of the version they name, or
/// as of the one that is known: else they would be asked again at once, for ever.
fn reserved(
    draft: &mut Draft<'_>,
    request: EffectId,
    to: &EntityId,
    (interaction, attempt): (&SessionId, u64),
    reply: &Reply,
) {
    let EntityId::Agent(agent) = to else { return };
    let agent = agent.clone();
    let granted = match reply {
        Reply::Granted { version } => Some(*version),
        _ => None,
    };
    let look_at = draft.look_after(if granted.is_some() { ANSWER_MS } else { VERIFY_MS });
    let (id, name) = (interaction.clone(), agent.clone());
    draft.push(QueueChange::Answered { interaction: id, agent: name, request, granted, look_at });
    let known = draft.state.agents.get(&agent).cloned().unwrap_or_default();
    match reply {
        Reply::Granted { .. } => {}
        Reply::Void => forget(draft, interaction, attempt),
        Reply::Refused { version, here, idle_since, .. } => {
            if *version >= known.version {
                let (version, here, idle_since) = (*version, *here, draft.believed(*idle_since));
                draft.push(QueueChange::Knows { agent, version, here, free: 0, idle_since });
            }
        }
        _ => {
            let Known { version, here, idle_since, .. } = known;
            draft.push(QueueChange::Knows { agent, version, here, free: 0, idle_since });
        }
    }
}

/// What the interaction says of its claim. Whose place was granted, and who still waits here long after, is back in
/// line: the agent's proposal did not come, and if it comes yet, the first one counts.
fn verified(draft: &mut Draft<'_>, interaction: &SessionId, attempt: u64, reply: &Reply) {
    let Some(waiter) = draft.waiter(interaction).filter(|waiter| waiter.attempt == attempt) else { return };
    match (reply, &waiter.stage) {
        (Reply::Void | Reply::Gone, _) => forget(draft, interaction, attempt),
        (Reply::Held, Stage::Granted { .. }) => {
            let look_at = draft.look_after(VERIFY_MS);
            draft.push(QueueChange::Looked { interaction: interaction.clone(), back: true, look_at });
        }
        _ => {}
    }
}

/// The claim is void: this attempt and all before it.
fn forget(draft: &mut Draft<'_>, interaction: &SessionId, attempt: u64) {
    if draft.waiter(interaction).is_some_and(|waiter| waiter.attempt == attempt) {
        let floor = attempt.saturating_add(1);
        draft.push(QueueChange::Left { interaction: interaction.clone(), floor });
    }
}
