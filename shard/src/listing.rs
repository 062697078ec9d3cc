//! What operators see of a shard's entities, as nodes tell it each other. The form that operators read is the server's.

use super::core::ShardCore;
use super::entity_state::EntityState;
use super::frame::Glance;
use handoff_chat::command::{Caller, Read, Reading};
use handoff_chat::desk::{Desk, Stage, Status, Work};
use handoff_chat::entry::Place;
use handoff_chat::{AgentName, Entity, EntityId, QueueName, SessionId};
use std::ops::Bound;

/// What a list is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, bincode::Encode, bincode::Decode)]
pub enum ListKind {
    /// All sessions.
    #[default]
    Session,
    /// The sessions that a workflow routes.
    Interaction,
    /// Queues.
    Queue,
    /// Agents.
    Agent,
}

/// Which of the cluster's entities are wanted: those of one kind, in order of id, after `after`.
#[derive(Debug, Clone, PartialEq, Eq, Default, bincode::Encode, bincode::Decode)]
pub struct EntityQuery {
    /// What is listed.
    pub kind: ListKind,
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
#[derive(Debug, Clone, PartialEq, Eq, bincode::Encode, bincode::Decode)]
pub struct EntitySummary {
    /// Its id; for queues and agents their name.
    pub id: String,
    /// The shard it belongs to.
    pub shard: u16,
    /// Sessions: `open`, `ended`, `asleep` or `out of service`. Agents: `ready`, `not ready` or `signed out`.
    /// Queues: `open`.
    pub state: String,
    /// What only its kind has.
    pub about: About,
}

/// What an entity's kind alone has; nothing where its state can't be seen now.
#[derive(Debug, Clone, PartialEq, Eq, Default, bincode::Encode, bincode::Decode)]
pub enum About {
    /// Nothing is known.
    #[default]
    Nothing,
    /// A session.
    Session(SessionGlance),
    /// A queue.
    Queue(QueueGlance),
    /// An agent.
    Agent(AgentGlance),
}

/// A session at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Default, bincode::Encode, bincode::Decode)]
pub struct SessionGlance {
    /// The service that it began with.
    pub service: Option<String>,
    /// When it started, in milliseconds since 1970.
    pub started_at_ms: Option<i64>,
    /// Where its interaction is: `workflow`, `queue`, `offer`, `agent` or `done`; nowhere without a workflow.
    pub place: Option<String>,
    /// The queue it waits in or came from.
    pub queue: Option<String>,
    /// The agent it is offered to or with.
    pub agent: Option<String>,
}

/// A queue at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Default, bincode::Encode, bincode::Decode)]
pub struct QueueGlance {
    /// How many chats wait.
    pub waiting: usize,
    /// Since when the first has waited, in milliseconds since 1970.
    pub waits_since_ms: Option<i64>,
    /// How many agents could take one.
    pub free_agents: usize,
    /// Why nobody may ever come for those who wait, by the configuration of the queue's owner: `not configured` or
    /// `no agent serves it`.
    pub trouble: Option<String>,
}

/// An agent at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Default, bincode::Encode, bincode::Decode)]
pub struct AgentGlance {
    /// The nickname that customers see, once they have signed in.
    pub nickname: Option<String>,
    /// Why they are not ready, in their own words, or `no answer` or `lost`.
    pub reason: Option<String>,
    /// Since when they are in this state, in milliseconds since 1970.
    pub since_ms: Option<i64>,
    /// How many offers and chats they have.
    pub work: usize,
    /// The most they take, once they have signed in.
    pub capacity: Option<usize>,
}

impl EntityQuery {
    /// The id after which the list goes on; at first one before all of its kind.
    fn after(&self) -> EntityId {
        let name = self.after.clone().unwrap_or_default();
        match self.kind {
            ListKind::Session | ListKind::Interaction => EntityId::Session(SessionId(name)),
            ListKind::Queue => EntityId::Queue(QueueName(name)),
            ListKind::Agent => EntityId::Agent(AgentName(name)),
        }
    }

    fn fits(&self, summary: &EntitySummary) -> bool {
        let is = |wanted: &Option<String>, has: Option<&String>| wanted.is_none() || wanted.as_ref() == has;
        let nothing = SessionGlance::default();
        let session = match &summary.about {
            About::Session(session) => session,
            _ => &nothing,
        };
        is(&self.state, Some(&summary.state))
            && is(&self.service, session.service.as_ref())
            && is(&self.queue, session.queue.as_ref())
            && is(&self.agent, session.agent.as_ref())
    }
}

impl ShardCore {
    /// The first entities of this shard that are wanted, in order of id.
    #[must_use]
    pub fn list(&self, wanted: &EntityQuery) -> Vec<EntitySummary> {
        let after = wanted.after();
        // Entities are in order of their kind: there are none behind the last of it.
        let kind = std::mem::discriminant(&after);
        let entities = self.entities.behind(Bound::Excluded(after));
        entities
            .take_while(|(entity, _)| std::mem::discriminant(*entity) == kind)
            .filter_map(|(entity, state)| self.summary(wanted.kind, entity, state))
            .filter(|summary| wanted.fits(summary))
            .take(wanted.limit)
            .collect()
    }

    pub(super) fn summary(
        &self,
        kind: ListKind,
        entity: &EntityId,
        entity_state: &EntityState,
    ) -> Option<EntitySummary> {
        let id = match (entity, kind) {
            (EntityId::Session(id), ListKind::Session | ListKind::Interaction) => id.0.clone(),
            (EntityId::Queue(name), ListKind::Queue) => name.0.clone(),
            (EntityId::Agent(name), ListKind::Agent) => name.0.clone(),
            _ => return None,
        };
        let (state, about) = match entity_state {
            EntityState::Awake(awake) => self.about(&id, &awake.machine),
            EntityState::Asleep(asleep) => ("asleep", About::Session(of_session(&asleep.slept.glance))),
            EntityState::Restoring { .. } | EntityState::Quarantined { .. } => {
                ("out of service", About::Nothing)
            }
        };
        let routed = matches!(&about, About::Session(session) if session.place.is_some());
        let summary = EntitySummary { id, shard: self.tenure.shard.0, state: state.to_owned(), about };
        (kind != ListKind::Interaction || routed).then_some(summary)
    }

    fn about(&self, name: &str, machine: &Entity) -> (&'static str, About) {
        match machine {
            Entity::Session(session) => {
                let state = if session.ended() { "ended" } else { "open" };
                (state, About::Session(of_session(&Glance::of(session))))
            }
            Entity::Queue(queue) => match queue.read(&Caller::Operator, &Read::Line) {
                Ok(Reading::Line(line)) => {
                    let (waiting, free_agents) = (line.waiting.len(), line.agents.len());
                    let trouble = self.options.queues.as_ref().filter(|_| waiting > 0).and_then(|queues| {
                        queues.trouble(&QueueName(name.to_owned()), free_agents).map(str::to_owned)
                    });
                    let waits_since_ms = line.waiting.iter().map(|waiting| waiting.since.0).min();
                    ("open", About::Queue(QueueGlance { waiting, waits_since_ms, free_agents, trouble }))
                }
                _ => ("open", About::Nothing),
            },
            Entity::Agent(agent) => match agent.read(&Caller::Operator, &Read::Desk { version: 0 }) {
                Ok(Reading::Desk(desk)) => (status(&desk), About::Agent(of_desk(&desk))),
                _ => ("open", About::Nothing),
            },
            // No list has them.
            Entity::Correspondent(_) => ("open", About::Nothing),
        }
    }
}

fn of_session(glance: &Glance) -> SessionGlance {
    let (place, queue, agent) = match &glance.place {
        None => (None, None, None),
        Some(Place::Workflow) => (Some("workflow"), None, None),
        Some(Place::Queue(queue)) => (Some("queue"), Some(queue), None),
        Some(Place::Offer { agent, queue, .. }) => (Some("offer"), Some(queue), Some(agent)),
        Some(Place::Agent { agent, queue }) => (Some("agent"), Some(queue), Some(agent)),
        Some(Place::Done(_)) => (Some("done"), None, None),
    };
    let (service, started_at) = glance.opening.clone().unzip();
    SessionGlance {
        service,
        started_at_ms: started_at.map(|at| at.0),
        place: place.map(str::to_owned),
        queue: queue.map(|queue| queue.0.clone()),
        agent: agent.map(|agent| agent.0.clone()),
    }
}

fn status(desk: &Desk) -> &'static str {
    match &desk.status {
        Status::SignedOut => "signed out",
        Status::Ready => "ready",
        Status::NotReady { .. } => "not ready",
    }
}

fn of_desk(desk: &Desk) -> AgentGlance {
    let over = |work: &&Work| matches!(work.stage, Stage::Over { .. });
    let profile = desk.profile.as_ref();
    AgentGlance {
        nickname: profile.map(|profile| profile.nickname.clone()),
        reason: match &desk.status {
            Status::NotReady { reason } if !reason.is_empty() => Some(reason.clone()),
            _ => None,
        },
        since_ms: Some(desk.status_since.0).filter(|since| *since > 0),
        work: desk.work.iter().filter(|work| !over(work)).count(),
        capacity: profile.and_then(|profile| usize::try_from(profile.capacity).ok()),
    }
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
        let status = Status::NotReady { reason: "tea".to_owned() };
        let desk = Desk { version: 1, status, status_since: Millis(5), profile: None, work };
        let glance = of_desk(&desk);
        assert_eq!((glance.work, glance.since_ms, glance.reason.as_deref()), (2, Some(5), Some("tea")));
    }
}
