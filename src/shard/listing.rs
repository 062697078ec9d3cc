//! What operators see of a shard's entities.

use super::core::ShardCore;
use super::frame::Glance;
use super::slot::Slot;
use crate::front::{EntitySummary, Wanted};
use handoff_chat::agent::{Desk, Stage, Status, Work};
use handoff_chat::command::{Caller, Read, Reading};
use handoff_chat::interaction::Place;
use handoff_chat::{Entity, EntityId, Kind, QueueName};
use std::ops::Bound;

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
    pub fn list(&self, wanted: &Wanted) -> Vec<EntitySummary> {
        let after = wanted.after.as_deref().map(|after| entity_of(&wanted.kind, after));
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let entities = self.slots.range((from, Bound::Unbounded));
        let fits = |summary: &EntitySummary| {
            let is = |wanted: &Option<String>, has: &Option<String>| wanted.is_none() || wanted == has;
            is(&wanted.state, &Some(summary.state.clone()))
                && is(&wanted.service, &summary.service)
                && is(&wanted.queue, &summary.queue)
                && is(&wanted.agent, &summary.agent)
        };
        entities
            .filter_map(|(entity, slot)| self.summary(&wanted.kind, entity, slot))
            .filter(fits)
            .take(wanted.limit)
            .collect()
    }

    pub(super) fn summary(&self, kind: &str, entity: &EntityId, slot: &Slot) -> Option<EntitySummary> {
        let (of, id) = match entity.kind() {
            Kind::Session(id) => ("session", id.0),
            Kind::Queue(name) => ("queue", name.0),
            Kind::Agent(name) => ("agent", name.0),
        };
        if of != kind && !(of == "session" && kind == "interaction") {
            return None;
        }
        let state = match slot {
            Slot::Awake(_) => "open",
            Slot::Asleep(_) => "asleep",
            Slot::Restoring { .. } | Slot::Quarantined { .. } => "out of service",
        };
        let mut summary = EntitySummary::new(id, self.tenure.shard.0, state);
        if let Slot::Asleep(asleep) = slot {
            describe_session(&mut summary, &asleep.slept.glance);
        }
        if let Slot::Awake(awake) = slot {
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
