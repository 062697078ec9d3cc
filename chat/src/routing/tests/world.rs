//! A little world: queues, agents and interactions, and a network between them that delays, repeats, reorders and
//! loses. What is owed is sent again. After each step it is checked what must always hold.

use super::model::{At, Model};
use crate::agent::Agent;
use crate::command::{Act, Answer, Caller, Command, Read, Reading, Reject};
use crate::decision::Decision;
use crate::desk::{Desk, DeskAct, Profile, Stage, Status};
use crate::entry::{Effect, Entry};
use crate::queue::Queue;
use crate::routing::{Message, Reply, ToInteraction, ToQueue};
use crate::{
    AgentName, CommandId, Context, EffectId, Entity, EntityId, Millis, QueueName, Served, SessionId, TimerId,
};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone)]
pub(super) enum Packet {
    Word { from: EntityId, effect: EffectId, to: EntityId, message: Message },
    Back { to: EntityId, effect: EffectId, reply: Reply },
}

struct Host {
    entity: Entity,
    journal: Vec<Entry>,
}

pub(super) struct World {
    clock: i64,
    hosts: BTreeMap<EntityId, Host>,
    pub(super) models: BTreeMap<SessionId, Model>,
    pub(super) wire: Vec<Packet>,
    commands: u64,
    desk: Vec<(AgentName, Command, Answer)>,
}

pub(super) fn queue(n: usize) -> QueueName {
    QueueName(format!("q{}", n % 2))
}

pub(super) fn agent(n: usize) -> AgentName {
    AgentName(format!("a{}", n % 3))
}

fn capacity(agent: &AgentName) -> usize {
    if agent.0 == "a1" { 2 } else { 1 }
}

pub(super) fn profile(agent: &AgentName, n: usize) -> Profile {
    let queues = match n % 3 {
        0 => vec![queue(0)],
        1 => vec![queue(1)],
        _ => vec![queue(0), queue(1)],
    };
    Profile { nickname: agent.0.clone(), capacity: u32::try_from(capacity(agent)).unwrap(), queues }
}

impl World {
    pub(super) fn new() -> Self {
        let queues = (0..2).map(|n| EntityId::from(&queue(n)));
        let agents = (0..3).map(|n| EntityId::from(&agent(n)));
        let host = |id: EntityId| (id.clone(), Host { entity: Entity::new(&id), journal: Vec::new() });
        let hosts = queues.chain(agents).map(host).collect();
        let (models, wire, desk) = (BTreeMap::new(), Vec::new(), Vec::new());
        Self { clock: 1_000_000, hosts, models, wire, commands: 0, desk }
    }

    pub(super) fn now(&self) -> Millis {
        Millis(self.clock)
    }

    fn context(&mut self) -> Context {
        self.clock += 1;
        Context::at(self.clock)
    }

    pub(super) fn decides(&mut self, id: &EntityId, command: &Command) -> Result<Decision, Reject> {
        let context = self.context();
        let host = self.hosts.get_mut(id).unwrap();
        let decision = host.entity.decide(command, &context)?;
        decision.entries.iter().for_each(|entry| host.entity.apply(entry));
        host.journal.extend(decision.entries.iter().cloned());
        if let Entity::Queue(queue) = &host.entity {
            queue.is_fair(&decision.entries, context.served);
        }
        for entry in &decision.entries {
            if let Entry::Owed { id: effect, effect: Effect::Tell { to, message } } = entry {
                let (from, effect, to, message) = (id.clone(), *effect, to.clone(), message.clone());
                self.wire.push(Packet::Word { from, effect, to, message });
            }
        }
        Ok(decision)
    }

    pub(super) fn asks(&mut self, id: &EntityId, caller: Caller, act: Act) -> Result<Decision, Reject> {
        self.commands += 1;
        let command = Command { id: CommandId(format!("command {}", self.commands)), caller, act };
        let decision = self.decides(id, &command)?;
        if let Caller::Agent(name) = &command.caller {
            self.desk.push((name.clone(), command.clone(), decision.answer.clone()));
        }
        Ok(decision)
    }

    pub(super) fn desk(&mut self, name: &AgentName, act: DeskAct) -> Result<Decision, Reject> {
        self.asks(&EntityId::from(name), Caller::Agent(name.clone()), Act::Desk(act))
    }

    /// An earlier command of a desk comes again.
    pub(super) fn repeats(&mut self, n: usize) {
        let Some((name, command, answer)) = self.desk.get(n % self.desk.len().max(1)).cloned() else {
            return;
        };
        let decision = self.decides(&EntityId::from(&name), &command).unwrap();
        assert_eq!(decision.answer, answer);
        assert!(decision.entries.is_empty());
    }

    pub(super) fn arrives(&mut self, n: usize, priority: i32) {
        let id = SessionId(format!("{:016}", self.models.len()));
        let model = Model::new(id.clone(), queue(n), priority, self.now());
        self.models.insert(id.clone(), model);
        self.sends_of(&id);
    }

    /// Changes an interaction; what it owes is sent.
    pub(super) fn changes(&mut self, n: usize, change: impl FnOnce(&mut Model)) {
        let id = SessionId(format!("{:016}", n % self.models.len().max(1)));
        if let Some(model) = self.models.get_mut(&id) {
            change(model);
            self.sends_of(&id);
        }
    }

    fn sends_of(&mut self, id: &SessionId) {
        let from = EntityId::from(id);
        for (effect, (to, message)) in &self.models[id].owed {
            let (from, effect, to, message) = (from.clone(), *effect, to.clone(), message.clone());
            self.wire.push(Packet::Word { from, effect, to, message });
        }
    }

    /// All that is owed is sent again.
    pub(super) fn sends_again(&mut self) {
        let models: Vec<SessionId> = self.models.keys().cloned().collect();
        models.iter().for_each(|id| self.sends_of(id));
        for (id, host) in &self.hosts {
            for (effect, owed) in host.entity.owed() {
                let Effect::Tell { to, message } = owed else { continue };
                let (from, to, message) = (id.clone(), to.clone(), message.clone());
                self.wire.push(Packet::Word { from, effect, to, message });
            }
        }
    }

    pub(super) fn delivers(&mut self, packet: Packet) {
        match packet {
            Packet::Word { from, effect, to, message } => {
                let reply = match (&message, to.session()) {
                    (Message::ToInteraction(message), Some(session)) => {
                        let now = self.now();
                        let reply = self.models.get_mut(&session).unwrap().hears(message, now);
                        self.sends_of(&session);
                        reply
                    }
                    _ => {
                        let command = Command {
                            id: CommandId(format!("tell:{from}:{}", effect.0)),
                            caller: Caller::Entity(from.clone()),
                            act: Act::Tell(message),
                        };
                        self.decides(&to, &command).unwrap().answer.routing().unwrap()
                    }
                };
                self.wire.push(Packet::Back { to: from, effect, reply });
            }
            Packet::Back { to, effect, reply } => match to.session() {
                Some(session) => {
                    self.models.get_mut(&session).unwrap().owed.remove(&effect);
                }
                None => {
                    self.asks(&to, Caller::System, Act::Told { effect, reply }).unwrap();
                }
            },
        }
    }

    /// Time passes, and what is due fires.
    pub(super) fn passes(&mut self, span_ms: i64) {
        self.clock += span_ms;
        let now = Served(self.clock);
        let due = |host: &Host| -> Vec<TimerId> {
            host.entity.timers().filter(|(_, at)| *at <= now).map(|(id, _)| id).collect()
        };
        let due: Vec<_> = self.hosts.iter().map(|(id, host)| (id.clone(), due(host))).collect();
        for (id, timers) in due {
            for timer in timers {
                self.asks(&id, Caller::System, Act::Fire { timer }).unwrap();
                let again = self.asks(&id, Caller::System, Act::Fire { timer }).unwrap();
                assert!(again.entries.is_empty(), "a timer fired twice");
            }
        }
    }

    /// Another owner reads an entity from its log, or from a snapshot and nothing after it.
    pub(super) fn restores(&mut self, n: usize, from_snapshot: bool) {
        let id = self.hosts.keys().nth(n % self.hosts.len()).unwrap().clone();
        let host = self.hosts.get_mut(&id).unwrap();
        let mut entity = Entity::new(&id);
        if from_snapshot {
            entity = Entity::from_snapshot(&id, &host.entity.to_snapshot().unwrap()).unwrap();
        } else {
            host.journal.iter().for_each(|entry| entity.apply(entry));
        }
        assert_eq!(entity, host.entity);
        entity.restored();
        host.entity = entity;
        self.asks(&id, Caller::System, Act::Restored).unwrap();
    }

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

    pub(super) fn desk_of(&self, name: &AgentName) -> Desk {
        match self.the_agent(name).read(&Caller::System, &Read::Desk { version: 0 }).unwrap() {
            Reading::Desk(desk) => *desk,
            other => panic!("no desk but {other:?}"),
        }
    }

    /// What must hold at any moment: nobody is over capacity, and nobody is anywhere that does not know of them or is
    /// about to be told.
    pub(super) fn check(&self) {
        for n in 0..3 {
            let claims = self.the_agent(&agent(n)).claims();
            assert!(claims.len() <= capacity(&agent(n)), "{n} is over capacity: {claims:?}");
        }
        for (id, model) in &self.models {
            match &model.at {
                At::Queue(queue) => {
                    let waits = self.the_queue(queue).attempts().get(id) == Some(&model.attempt);
                    assert!(waits || model.owes_coming(), "{id:?} is stranded at attempt {}", model.attempt);
                }
                At::Offer { agent, .. } | At::Chat { agent, .. } => {
                    let holds = self.the_agent(agent).claims().contains_key(id);
                    assert!(holds || self.declines(agent, id), "{agent:?} knows nothing of {:?}", model.at);
                }
                At::Gone => {}
            }
        }
    }

    /// Whether the agent's word that they do not take it is on its way.
    fn declines(&self, agent: &AgentName, id: &SessionId) -> bool {
        let declines = |effect: &Effect| match effect {
            Effect::Tell { to, message: Message::ToInteraction(ToInteraction::Decline { .. }) } => {
                *to == EntityId::from(id)
            }
            _ => false,
        };
        self.the_agent(agent).owed().any(|(_, effect)| declines(effect))
    }

    fn quiet(&self) -> bool {
        self.models.values().all(|model| model.owed.is_empty())
            && self.hosts.values().all(|host| host.entity.owed().next().is_none())
    }

    fn delivers_all(&mut self) {
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

    /// Everything is delivered and all deadlines passed: every claim is true, and nobody waits who could be served.
    pub(super) fn rests(&mut self) {
        for _ in 0..3 {
            self.delivers_all();
            self.passes(70_000);
        }
        self.delivers_all();
        for n in 0..2 {
            let here = |model: &&Model| model.at == At::Queue(queue(n));
            let waiting = self.models.values().filter(here).map(|model| (model.id.clone(), model.attempt));
            assert_eq!(self.the_queue(&queue(n)).attempts(), waiting.collect::<BTreeMap<_, _>>());
        }
        for n in 0..3 {
            self.rests_at(&agent(n));
        }
        for n in 0..self.hosts.len() {
            self.restores(n, false);
            self.restores(n, true);
        }
    }

    fn rests_at(&self, agent: &AgentName) {
        let stage = |at: &At| match at {
            At::Offer { agent: whom, until, .. } if whom == agent => Some(Stage::Offered { until: *until }),
            At::Chat { agent: whom, .. } if whom == agent => Some(Stage::Chatting),
            _ => None,
        };
        let his = self.models.values().filter_map(|model| Some((model, stage(&model.at)?)));
        let his: BTreeMap<_, _> =
            his.map(|(model, stage)| (model.id.clone(), (model.attempt, stage))).collect();
        let claims = self.the_agent(agent).claims();
        assert_eq!(claims, his, "{agent:?} holds what is not his, or not what is");
        let Desk { status, profile, .. } = self.desk_of(agent);
        if status != Status::Ready || claims.len() >= capacity(agent) {
            return;
        }
        let queues: BTreeSet<_> = profile.iter().flat_map(|profile| &profile.queues).collect();
        for model in self.models.values() {
            if let At::Queue(queue) = &model.at {
                assert!(!queues.contains(queue), "{agent:?} could take {:?} from {queue:?}", model.id);
            }
        }
    }
}

impl Model {
    fn owes_coming(&self) -> bool {
        self.owed.values().any(|(_, message)| {
            matches!(message, Message::ToQueue(ToQueue::Enqueue { attempt, .. }) if *attempt == self.attempt)
        })
    }
}
