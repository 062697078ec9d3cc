//! What operators see of a shard's entities.

use super::core::ShardCore;
use super::entity_state::EntityState;
use super::frame::Glance;
use handoff_chat::agent::{Desk, Stage, Status, Work};
use handoff_chat::command::{Caller, Read, Reading};
use handoff_chat::interaction::Place;
use handoff_chat::{Entity, EntityId, Kind, QueueName};
use serde::{Deserialize, Serialize};
use std::ops::Bound;

/// Which of the cluster's entities are wanted: those of one kind, in order of id, after `after`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
pub struct EntityQuery {
    /// `session`, `queue` or `agent`.
    pub kind: String,
    /// Only those in this state.
    pub state: Option<String>,
    /// Only those of this service.
    pub service: Option<String>,
    /// Only those in this queue.
    pub queue: Option<String>,
    /// Only those of this agent.
    pub agent: Option<String>,
    /// Only those after this id.
    pub after: Option<String>,
    /// The page's size: so many at most, in order of id.
    pub limit: usize,
}

/// An entity at a glance: nothing that was said, and nobody's name but the agent's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
pub struct EntitySummary {
    /// Its id; for queues and agents their name.
    pub id: String,
    /// The shard it belongs to.
    pub shard: u16,
    /// Sessions: `open`, `ended`, `asleep` or `out of service`. Agents: `ready`, `not ready` or `signed out`.
    /// Queues: `open`.
    pub state: String,
    /// Sessions: the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Sessions: where the interaction is: `workflow`, `queue`, `offer`, `agent` or `done`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Sessions: the queue it waits in or came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// Sessions: the agent it is offered to or with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Sessions: when it started. Queues: since when the first has waited. Milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<i64>,
    /// Queues: how many wait. Agents: how many offers and chats they have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    /// Queues: how many agents could take one. Agents: the most they take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<usize>,
    /// Queues in which chats wait: why nobody may ever come for them, by the configuration of the queue's owner:
    /// `not configured` or `no agent serves it`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

impl EntitySummary {
    /// An entity of which nothing more is known.
    #[must_use]
    pub fn new(id: impl Into<String>, shard: u16, state: &str) -> Self {
        Self {
            id: id.into(),
            shard,
            state: state.to_owned(),
            service: None,
            place: None,
            queue: None,
            agent: None,
            since_ms: None,
            count: None,
            capacity: None,
            trouble: None,
        }
    }
}

/// The id by which an operator's list goes on.
#[must_use]
pub fn entity_of(kind: &str, name: &str) -> EntityId {
    match kind {
        "session" | "interaction" => EntityId(name.to_owned()),
        other => EntityId(format!("{other}:{name}")),
    }
}

impl ShardCore {
    /// The first entities of this shard that are wanted, in order of id.
    #[must_use]
    pub fn list(&self, wanted: &EntityQuery) -> Vec<EntitySummary> {
        let after = wanted.after.as_deref().map(|after| entity_of(&wanted.kind, after));
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let entities = self.entities.range((from, Bound::Unbounded));
        let fits = |summary: &EntitySummary| {
            let is = |wanted: &Option<String>, has: &Option<String>| wanted.is_none() || wanted == has;
            is(&wanted.state, &Some(summary.state.clone()))
                && is(&wanted.service, &summary.service)
                && is(&wanted.queue, &summary.queue)
                && is(&wanted.agent, &summary.agent)
        };
        entities
            .filter_map(|(entity, state)| self.summary(&wanted.kind, entity, state))
            .filter(fits)
            .take(wanted.limit)
            .collect()
    }

    pub(super) fn summary(
        &self,
        kind: &str,
        entity: &EntityId,
        entity_state: &EntityState,
    ) -> Option<EntitySummary> {
        let (of, id) = match entity.kind() {
            Kind::Session(id) => ("session", id.0),
            Kind::Queue(name) => ("queue", name.0),
            Kind::Agent(name) => ("agent", name.0),
        };
        if of != kind && !(of == "session" && kind == "interaction") {
            return None;
        }
        let state = match entity_state {
            EntityState::Awake(_) => "open",
            EntityState::Asleep(_) => "asleep",
            EntityState::Restoring { .. } | EntityState::Quarantined { .. } => "out of service",
        };
        let mut summary = EntitySummary::new(id, self.tenure.shard.0, state);
        if let EntityState::Asleep(asleep) = entity_state {
            describe_session(&mut summary, &asleep.slept.glance);
        }
        if let EntityState::Awake(awake) = entity_state {
            describe(&mut summary, &awake.machine);
            if let Some(queues) = self.options.queues.as_ref().filter(|_| of == "queue") {
                let (name, free) = (QueueName(summary.id.clone()), summary.capacity.unwrap_or_default());
                let waits = summary.count.is_some_and(|count| count > 0);
                summary.trouble = queues.trouble(&name, free).filter(|_| waits).map(str::to_owned);
            }
        }
        (kind != "interaction" || summary.place.is_some()).then_some(summary)
    }
}

fn describe(summary: &mut EntitySummary, machine: &Entity) {
    match machine {
        Entity::Session(session) => {
            if session.ended() {
                summary.state = "ended".to_owned();
            }
            describe_session(summary, &Glance::of(session));
        }
        Entity::Queue(queue) => {
            if let Ok(Reading::Line(line)) = queue.read(&Caller::Operator, &Read::Line) {
                summary.since_ms = line.waiting.iter().map(|waiting| waiting.since.0).min();
                summary.count = Some(line.waiting.len());
                summary.capacity = Some(line.agents.len());
            }
        }
        Entity::Agent(agent) => {
            if let Ok(Reading::Desk(desk)) = agent.read(&Caller::Operator, &Read::Desk { version: 0 }) {
                describe_desk(summary, &desk);
            }
        }
    }
}

fn describe_session(summary: &mut EntitySummary, glance: &Glance) {
    if let Some(place) = &glance.place {
        let (place, queue, agent) = match place {
            Place::Workflow => ("workflow", None, None),
            Place::Queue(queue) => ("queue", Some(queue), None),
            Place::Offer { agent, queue, .. } => ("offer", Some(queue), Some(agent)),
            Place::Agent { agent, queue } => ("agent", Some(queue), Some(agent)),
            Place::Done(_) => ("done", None, None),
        };
        summary.place = Some(place.to_owned());
        summary.queue = queue.map(|queue| queue.0.clone());
        summary.agent = agent.map(|agent| agent.0.clone());
    }
    if let Some((service, started_at)) = &glance.opening {
        summary.service = Some(service.clone());
        summary.since_ms = Some(started_at.0);
    }
}

fn describe_desk(summary: &mut EntitySummary, desk: &Desk) {
    summary.state = match &desk.status {
        Status::SignedOut => "signed out",
        Status::Ready => "ready",
        Status::NotReady { .. } => "not ready",
    }
    .to_owned();
    let over = |work: &&Work| matches!(work.stage, Stage::Over { .. });
    summary.count = Some(desk.work.iter().filter(|work| !over(work)).count());
    summary.capacity = desk.profile.as_ref().and_then(|profile| usize::try_from(profile.capacity).ok());
}

#[cfg(test)]
mod tests {
    use super::*;
    use handoff_chat::routing::{Ticket, Withdrawal};
    use handoff_chat::{Millis, SessionId};

    #[test]
    fn an_agent_s_count_is_of_offers_and_chats_and_not_of_those_that_are_over() {
        let stages = [Stage::Chatting, Stage::Over { why: Withdrawal::Left }, Stage::Accepting];
        let (nickname, subject, data, declined) = Default::default();
        let ticket = Ticket {
            priority: 0,
            since: Millis(0),
            nickname,
            subject,
            data,
            left_out: 0,
            verified: false,
            declined,
        };
        let work = |(n, stage): (usize, Stage)| Work {
            interaction: SessionId(format!("{n:016}")),
            queue: QueueName("support".to_owned()),
            ticket: ticket.clone(),
            stage,
        };
        let work = stages.into_iter().enumerate().map(work).collect();
        let desk = Desk { version: 1, status: Status::Ready, profile: None, work };
        let mut summary = EntitySummary::new("ann", 0, "open");
        describe_desk(&mut summary, &desk);
        assert_eq!(summary.count, Some(2));
    }
}
