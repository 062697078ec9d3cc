//! A little world for tests: two queues, three agents, and interactions that are either whole sessions or small models
//! of one. Between them is a network that delays, repeats, reorders and loses; what is owed is sent again.

mod check;
mod model;
mod sessions;

pub(crate) use model::{Model, id};
pub(crate) use sessions::{CUSTOMER, says, session};

use crate::command::{Act, Answer, Caller, Command, Reject};
use crate::decision::Decision;
use crate::desk::{DeskAct, Profile};
use crate::entry::{Effect, Entry};
use crate::routing::{Message, Reply};
use crate::{
    AgentName, CommandId, Context, EffectId, Entity, EntityId, Millis, QueueName, Served, SessionId, TimerId,
};
use std::collections::BTreeMap;

const AGENTS: usize = 3;
const QUEUES: usize = 2;

#[derive(Debug, Clone)]
enum Packet {
    Word { from: EntityId, effect: EffectId, to: EntityId, message: Message },
    Back { to: EntityId, effect: EffectId, reply: Reply },
}

struct Host {
    entity: Entity,
    journal: Vec<Entry>,
}

pub(crate) struct World {
    clock: i64,
    /// Queues and agents from the start, and each session since it was first asked for something.
    hosts: BTreeMap<EntityId, Host>,
    /// The interactions that are no whole session.
    models: BTreeMap<EntityId, Model>,
    wire: Vec<Packet>,
    commands: u64,
    /// What agents asked for and were answered, as far as it is remembered.
    desk: Vec<(EntityId, Command, Answer)>,
}

pub(crate) fn queue(n: usize) -> QueueName {
    QueueName(format!("q{}", n % QUEUES))
}

pub(crate) fn agent(n: usize) -> AgentName {
    AgentName(format!("a{}", n % AGENTS))
}

fn capacity(n: usize) -> usize {
    if n % AGENTS == 1 { 2 } else { 1 }
}

pub(crate) fn profile(n: usize, which: usize) -> Profile {
    let queues = match which % 3 {
        0 => vec![queue(0)],
        1 => vec![queue(1)],
        _ => vec![queue(0), queue(1)],
    };
    Profile { nickname: agent(n).0, capacity: u32::try_from(capacity(n)).unwrap(), queues }
}

impl Packet {
    /// What one owes, on its way, if it is a word to another.
    fn of(from: &EntityId, effect: EffectId, owed: &Effect) -> Option<Self> {
        let Effect::Message { to, message } = owed else { return None };
        Some(Self::Word { from: from.clone(), effect, to: to.clone(), message: message.clone() })
    }
}

impl Host {
    fn new(id: &EntityId) -> Self {
        Self { entity: Entity::new(id), journal: Vec::new() }
    }
}

impl World {
    /// With queues and agents; customers come later, see [`World::starts`] and [`World::arrives`].
    pub(crate) fn new() -> Self {
        let queues = (0..QUEUES).map(|n| EntityId::from(&queue(n)));
        let agents = (0..AGENTS).map(|n| EntityId::from(&agent(n)));
        let hosts = queues.chain(agents).map(|id| (id.clone(), Host::new(&id))).collect();
        let (models, wire, desk) = (BTreeMap::new(), Vec::new(), Vec::new());
        Self { clock: 1_000_000, hosts, models, wire, commands: 0, desk }
    }

    fn now(&self) -> Millis {
        Millis(self.clock)
    }

    fn decides(&mut self, id: &EntityId, command: &Command) -> Result<Decision, Reject> {
        self.clock += 1;
        let context = Context::at(self.clock);
        let host = self.hosts.get_mut(id).unwrap();
        let decision = host.entity.decide(command, &context)?;
        decision.entries.iter().for_each(|entry| host.entity.apply(entry));
        host.journal.extend(decision.entries.iter().cloned());
        if let Entity::Queue(queue) = &host.entity {
            queue.is_fair(&decision.entries, context.served);
        }
        for entry in &decision.entries {
            if let Entry::Owed { id: effect, effect: owed } = entry {
                self.wire.extend(Packet::of(id, *effect, owed));
            }
        }
        Ok(decision)
    }

    fn asks(&mut self, id: &EntityId, caller: Caller, act: Act) -> Result<Decision, Reject> {
        self.commands += 1;
        let command = Command { id: CommandId(format!("command {}", self.commands)), caller, act };
        let decision = self.decides(id, &command)?;
        // One window more changes nothing and is not remembered: its repeat is one more.
        let remembered = !decision.entries.is_empty();
        if remembered && matches!((&command.caller, &command.act), (Caller::Agent(_), Act::Desk(_))) {
            self.desk.push((id.clone(), command, decision.answer.clone()));
        }
        Ok(decision)
    }

    /// An act at a desk that may be refused: then nothing is changed.
    pub(crate) fn desk(&mut self, n: usize, act: DeskAct) {
        let name = agent(n);
        let _refused = self.asks(&EntityId::from(&name), Caller::Agent(name.clone()), Act::Desk(act));
    }

    /// An act at a desk about one of those whom it shows.
    pub(crate) fn of_work(&mut self, n: usize, which: usize, act: impl FnOnce(SessionId) -> DeskAct) {
        let work = self.work(n);
        if let Some(work) = work.get(which % work.len().max(1)) {
            self.desk(n, act(work.interaction.clone()));
        }
    }

    /// An earlier command of a desk comes again.
    pub(crate) fn repeats(&mut self, n: usize) {
        let Some((id, command, answer)) = self.desk.get(n % self.desk.len().max(1)).cloned() else {
            return;
        };
        let decision = self.decides(&id, &command).unwrap();
        assert_eq!(decision.answer, answer);
        assert!(decision.entries.is_empty());
    }

    pub(crate) fn lost(&mut self, n: usize) {
        self.asks(&EntityId::from(&agent(n)), Caller::System, Act::Desk(DeskAct::Lost)).unwrap();
    }

    pub(crate) fn turns_away(&mut self, n: usize) {
        self.asks(&EntityId::from(&queue(n)), Caller::System, Act::TurnAway).unwrap();
    }

    /// What an entity or a model owes.
    fn owed(&self, id: &EntityId) -> Box<dyn Iterator<Item = (EffectId, &Effect)> + '_> {
        match self.models.get(id) {
            Some(model) => Box::new(model.owed()),
            None => self.hosts[id].entity.owed(),
        }
    }

    /// All packets that one owes are sent, again where they were sent before.
    fn sends(&mut self, from: &EntityId) {
        let packets = self.owed(from).filter_map(|(effect, owed)| Packet::of(from, effect, owed));
        let packets: Vec<Packet> = packets.collect();
        self.wire.extend(packets);
    }

    pub(crate) fn sends_again(&mut self) {
        let all: Vec<EntityId> = self.models.keys().chain(self.hosts.keys()).cloned().collect();
        all.iter().for_each(|id| self.sends(id));
    }

    /// A packet is taken off the wire, and delivered or lost.
    pub(crate) fn takes(&mut self, n: usize, delivered: bool) {
        if !self.wire.is_empty() {
            let packet = self.wire.remove(n % self.wire.len());
            if delivered {
                self.delivers(packet);
            }
        }
    }

    /// A packet is delivered and stays on the wire.
    pub(crate) fn delivers_twice(&mut self, n: usize) {
        let packet = self.wire.get(n % self.wire.len().max(1)).cloned();
        packet.into_iter().for_each(|packet| self.delivers(packet));
    }

    fn delivers(&mut self, packet: Packet) {
        match packet {
            Packet::Word { from, effect, to, message } => {
                let reply = self.hears(&to, &from, effect, message);
                self.wire.push(Packet::Back { to: from, effect, reply });
            }
            Packet::Back { to, effect, reply } => match self.models.get_mut(&to) {
                Some(model) => model.replied(effect),
                None => {
                    let id = CommandId(format!("replied:{}", effect.0));
                    let act = Act::Replied { effect, reply };
                    self.decides(&to, &Command { id, caller: Caller::System, act }).unwrap();
                }
            },
        }
    }

    fn hears(&mut self, who: &EntityId, from: &EntityId, effect: EffectId, message: Message) -> Reply {
        let now = self.now();
        if let Some(model) = self.models.get_mut(who) {
            let reply = model.hears(&message, now);
            self.sends(who);
            return reply;
        }
        let id = CommandId(format!("tell:{from}:{}", effect.0));
        let command = Command { id, caller: Caller::Entity(from.clone()), act: Act::Deliver(message) };
        match self.decides(who, &command) {
            // As the shard answers for a session that it does not have.
            Err(Reject::Unknown) if who.session().is_some() => Reply::Gone,
            decision => decision.unwrap().answer.routing().unwrap(),
        }
    }

    /// Time passes, and what is due fires.
    pub(crate) fn passes(&mut self, span_ms: i64) {
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
    pub(crate) fn restores(&mut self, n: usize, from_snapshot: bool) {
        let id = self.hosts.keys().nth(n % self.hosts.len()).unwrap().clone();
        let host = self.hosts.get_mut(&id).unwrap();
        let mut entity = Entity::new(&id);
        if from_snapshot {
            entity = Entity::from_snapshot(&id, &host.entity.to_snapshot().unwrap()).unwrap();
        } else {
            host.journal.iter().for_each(|entry| entity.apply(entry));
        }
        entity.restored();
        // What was not journaled is lost, and is not compared.
        host.entity.restored();
        assert_eq!(entity, host.entity);
        host.entity = entity;
        match self.asks(&id, Caller::System, Act::Restored) {
            // One that was never opened, or is forgotten, has nothing to verify.
            Err(Reject::Unknown) if id.session().is_some() => {}
            decision => drop(decision.unwrap()),
        }
    }
}
