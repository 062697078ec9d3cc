//! A decision of an agent's entity while it is made, on a copy of its small state: each decision that changes anything
//! raises the version, and ends with telling the queues what the agent can take now.

use super::Agent;
use super::state::{Claim, State};
use crate::Context;
use crate::command::Answer;
use crate::decision::Decision;
use crate::desk::{Profile, Stage, Status};
use crate::entry::{AgentChange, Entry};
use crate::id::{AgentName, EntityId, Millis, QueueName, Served, SessionId};
use crate::ledger::{self, Ledger};
use crate::routing::{Holder, Message, ToInteraction, ToQueue, Withdrawal};
use std::collections::BTreeSet;

/// How often it is asked whether a claim still holds, in milliseconds.
pub(super) const VERIFY_MS: i64 = 30_000;

pub(super) struct Draft<'a> {
    name: &'a AgentName,
    before: &'a State,
    ledger: &'a Ledger,
    context: &'a Context,
    pub(super) state: State,
    pub(super) out: ledger::Draft<'a>,
    raised: bool,
    granted: bool,
}

impl<'a> Draft<'a> {
    pub(super) fn new(agent: &'a Agent, context: &'a Context) -> Self {
        Self {
            name: &agent.name,
            before: &agent.state,
            ledger: &agent.ledger,
            context,
            state: agent.state.clone(),
            out: ledger::Draft::new(&agent.ledger),
            raised: false,
            granted: false,
        }
    }

    pub(super) fn push(&mut self, change: AgentChange) {
        if !self.raised && !matches!(change, AgentChange::Looked { .. } | AgentChange::Answered { .. }) {
            self.raised = true;
            self.push(AgentChange::Version(self.state.version.saturating_add(1)));
        }
        self.granted |= matches!(change, AgentChange::Reserved { .. });
        self.state.change(&change);
        self.out.push(Entry::Agent(change));
    }

    /// Whether anything is another now than before.
    pub(super) fn changed(&self) -> bool {
        self.raised
    }

    /// Another status, from now on.
    pub(super) fn becomes(&mut self, status: Status) {
        self.push(AgentChange::Status { status, since: self.now() });
    }

    pub(super) fn now(&self) -> Millis {
        self.context.now
    }

    /// The moment of served time so much later.
    pub(super) fn after(&self, span_ms: i64) -> Served {
        self.context.served.after(span_ms)
    }

    /// Tells the interaction something of a claim.
    pub(super) fn tell(&mut self, interaction: &SessionId, message: ToInteraction) {
        self.out.tell(EntityId::from(interaction), Message::ToInteraction(message));
    }

    pub(super) fn agent(&self) -> AgentName {
        self.name.clone()
    }

    /// Moves a claim on; its interaction is asked in half a minute whether it still holds.
    pub(super) fn moves(&mut self, interaction: &SessionId, attempt: u64, stage: Stage) {
        let look_at = self.after(VERIFY_MS);
        self.out.wake_by(look_at);
        self.push(AgentChange::Moved { interaction: interaction.clone(), attempt, stage, look_at });
    }

    /// Frees a claim. After a chat they have been idle since now.
    pub(super) fn free(&mut self, interaction: &SessionId, over: Option<Withdrawal>) {
        let chatting = |claim: &Claim| claim.stage == Stage::Chatting;
        let chatted = self.state.claims.get(interaction).is_some_and(chatting);
        self.push(AgentChange::Freed { interaction: interaction.clone(), over });
        if chatted {
            self.push(AgentChange::Idle(self.context.now));
        }
    }

    /// They are gone: the interaction is to know, and frees the claim with its answer.
    pub(super) fn let_go(&mut self, interaction: &SessionId, attempt: u64) {
        self.push(AgentChange::LettingGo { interaction: interaction.clone() });
        let agent = self.agent();
        self.tell(interaction, ToInteraction::AgentLost { attempt, agent });
    }

    /// Asks whether a claim still holds.
    pub(super) fn verify(&mut self, interaction: &SessionId, attempt: u64) {
        let holder = Holder::Agent(self.agent());
        self.tell(interaction, ToInteraction::Verify { attempt, holder });
    }

    /// Tells the queues and closes the decision.
    pub(super) fn finish(mut self, answer: Answer) -> Decision {
        let profiles = [&self.before.profile, &self.state.profile];
        let queues =
            profiles.into_iter().flatten().flat_map(|profile: &Profile| profile.queues.iter().cloned());
        let queues: BTreeSet<QueueName> = queues.collect();
        for queue in queues {
            let (before, after) = (offer(self.before, &queue), offer(&self.state, &queue));
            let moved = self.before.here_for(&queue) != self.state.here_for(&queue);
            if moved || before != after || (self.granted && after.is_some()) {
                self.tell_queue(queue);
            }
        }
        Decision { entries: self.out.finish(), answer, typing: Vec::new() }
    }

    /// What is still owed to the queue is replaced: only the newest counts.
    fn tell_queue(&mut self, queue: QueueName) {
        let (free, to) = (self.state.free_for(&queue), EntityId::from(&queue));
        let here = self.state.here_for(&queue);
        for (id, whom, message) in self.ledger.messages() {
            if *whom == to && matches!(message, Message::ToQueue(ToQueue::Available { .. })) {
                self.out.settle(id);
            }
        }
        let State { version, idle_since, .. } = self.state;
        let message = ToQueue::Available { agent: self.agent(), version, here, free, idle_since };
        self.out.tell(to, Message::ToQueue(message));
    }
}

/// What a queue would make of it: how many, idle since when; `None` when they take nobody.
fn offer(state: &State, queue: &QueueName) -> Option<(u32, Millis)> {
    Some((state.free_for(queue), state.idle_since)).filter(|(free, _)| *free > 0)
}
