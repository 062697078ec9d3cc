//! What must hold: at any moment, and when everything came to rest.

use super::{AGENTS, QUEUES, World, agent, capacity, queue};
use crate::agent::Agent;
use crate::command::{Caller, Read, Reading};
use crate::desk::{Desk, Stage, Status, Work};
use crate::entry::{Effect, Place};
use crate::interaction::Interaction;
use crate::queue::Queue;
use crate::routing::{Message, ToInteraction, ToQueue};
use crate::{AgentName, Entity, EntityId, QueueName, Session, SessionId};
use std::collections::BTreeMap;

impl World {
    fn the_queue(&self, name: &QueueName) -> &Queue {
        match &self.hosts[&EntityId::from(name)].entity {
            Entity::Queue(queue) => queue,
            other => panic!("no queue but {other:?}"),
        }
    }

    fn the_agent(&self, name: &AgentName) -> &Agent {
        match &self.hosts[&EntityId::from(name)].entity {
            Entity::Agent(agent) => agent,
            other => panic!("no agent but {other:?}"),
        }
    }

    fn desk_of(&self, n: usize) -> Desk {
        match self.the_agent(&agent(n)).read(&Caller::System, &Read::Desk { version: 0 }).unwrap() {
            Reading::Desk(desk) => *desk,
            other => panic!("no desk but {other:?}"),
        }
    }

    /// What an agent is shown.
    pub(crate) fn work(&self, n: usize) -> Vec<Work> {
        self.desk_of(n).work
    }

    fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.hosts.values().filter_map(|host| host.entity.session())
    }

    /// Every interaction, of a session or a model, with its place and attempt.
    fn places(&self) -> impl Iterator<Item = (SessionId, &Place, u64)> {
        let of_models = self.models.values().map(|model| (model.id.clone(), &model.place, model.attempt));
        let of_sessions = self.sessions().filter_map(|session| {
            let interaction = session.interaction()?;
            Some((session.id().clone(), interaction.place(), interaction.attempt()))
        });
        of_models.chain(of_sessions)
    }

    /// Nobody is over capacity, and nobody is anywhere that does not know of them or is about to be told.
    pub(crate) fn check(&self) {
        for n in 0..AGENTS {
            let claims = self.the_agent(&agent(n)).claims();
            assert!(claims.len() <= capacity(n), "a{n} is over capacity: {claims:?}");
        }
        for (id, place, attempt) in self.places() {
            match place {
                Place::Queue(name) => {
                    let waits = self.the_queue(name).attempts().get(&id) == Some(&attempt);
                    assert!(waits || self.owes_coming(&id, attempt), "{id} is stranded at attempt {attempt}");
                }
                Place::Offer { agent, .. } | Place::Agent { agent, .. } => {
                    let holds = self.the_agent(agent).claims().contains_key(&id);
                    assert!(holds || self.owes_declining(agent, &id), "{agent:?} knows nothing of {place:?}");
                }
                Place::Workflow | Place::Done(_) => {}
            }
        }
    }

    fn owes_coming(&self, id: &SessionId, newest: u64) -> bool {
        self.owed(&EntityId::from(id)).any(|(_, effect)| {
            matches!(effect, Effect::Message { message: Message::ToQueue(ToQueue::Enqueue { attempt, .. }), .. }
                if *attempt == newest)
        })
    }

    /// Whether the agent's word that they do not take it is on its way.
    fn owes_declining(&self, agent: &AgentName, id: &SessionId) -> bool {
        self.owed(&EntityId::from(agent)).any(|(_, effect)| match effect {
            Effect::Message { to, message: Message::ToInteraction(ToInteraction::Decline { .. }) } => {
                *to == EntityId::from(id)
            }
            _ => false,
        })
    }

    /// Whether nobody owes anything. What a session owes its host, such as its record, is done by nobody here.
    fn quiet(&self) -> bool {
        let owes = |id: &EntityId| {
            self.owed(id).any(|(_, owed)| id.session().is_none() || matches!(owed, Effect::Message { .. }))
        };
        !self.models.keys().chain(self.hosts.keys()).any(owes)
    }

    /// Whatever is owed is delivered, in order.
    pub(crate) fn delivers_all(&mut self) {
        self.wire.clear();
        for _ in 0..200 {
            if self.quiet() {
                return;
            }
            self.sends_again();
            while !self.wire.is_empty() {
                let packet = self.wire.remove(0);
                self.delivers(packet);
                self.check();
            }
        }
        panic!("they never stop talking");
    }

    /// Everything is delivered and all deadlines passed: every claim is true, everybody who is somewhere is known
    /// there, and nobody waits who could be served.
    pub(crate) fn rests(&mut self) {
        for _ in 0..3 {
            self.delivers_all();
            self.passes(70_000);
        }
        self.delivers_all();
        for n in 0..QUEUES {
            let here = |(_, place, _): &(SessionId, &Place, u64)| **place == Place::Queue(queue(n));
            let waiting = self.places().filter(here).map(|(id, _, attempt)| (id, attempt));
            assert_eq!(self.the_queue(&queue(n)).attempts(), waiting.collect::<BTreeMap<_, _>>());
        }
        (0..AGENTS).for_each(|n| self.rests_at(n));
        for session in self.sessions().filter(|session| session.ended()) {
            let place = session.interaction().map(Interaction::place);
            let done = place.is_none_or(|place| matches!(place, Place::Done(_)));
            assert!(done, "{} is not processed to its end", session.id());
        }
        for n in 0..self.hosts.len() {
            self.restores(n, false);
            self.restores(n, true);
        }
    }

    fn rests_at(&self, n: usize) {
        let stage = |place: &Place| match place {
            Place::Offer { agent: who, until, .. } if *who == agent(n) => {
                Some(Stage::Offered { until: *until })
            }
            Place::Agent { agent: who, .. } if *who == agent(n) => Some(Stage::Chatting),
            _ => None,
        };
        let theirs = self.places().filter_map(|(id, place, attempt)| Some((id, (attempt, stage(place)?))));
        let claims = self.the_agent(&agent(n)).claims();
        assert_eq!(claims, theirs.collect(), "a{n} holds what is not theirs, or not what is");
        let Desk { status, profile, .. } = self.desk_of(n);
        if status != Status::Ready || claims.len() >= capacity(n) {
            return;
        }
        let queues = profile.map(|profile| profile.queues).unwrap_or_default();
        for (id, place, _) in self.places() {
            let could = matches!(place, Place::Queue(queue) if queues.contains(queue));
            assert!(!could, "a{n} could take {id} from {place:?}");
        }
    }
}
