//! Three sessions, two queues and three agents, and the network between them. What is owed is sent again.

use crate::agent::Agent;
use crate::channel::Proof;
use crate::command::{Act, Answer, Caller, Command, Read, Reading, Reject};
use crate::desk::{Desk, DeskAct, Profile, Stage, Status, Work};
use crate::entry::{Effect, Entry, Place};
use crate::opening::{Limits, Opening};
use crate::queue::Queue;
use crate::routing::{Message, Reply, ToQueue};
use crate::workflow::{Known, Program, read};
use crate::{
    AgentName, CommandId, Context, EffectId, Entity, EntityId, QueueName, Served, Session, SessionId, TimerId,
};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) const CUSTOMER: Caller = Caller::Customer(Proof::Key([5; 32]));
const SESSIONS: usize = 4;
const AGENTS: usize = 3;
const QUEUES: usize = 2;

/// Waits in one queue; what an agent keeps alive goes on to the other, and so does what waits long.
const FILE: &str = "version = 1\nnickname = \"N\"\nstart = \"a\"\npost = \"p\"\n\
    [steps.a]\nroute = \"q0\"\nnext = \"b\"\ntimeout_ms = 50000\ntimeout = \"b\"\n\
    [steps.b]\nroute = \"q1\"\npriority = 1\nnext = \"a\"\n\
    [steps.p]\nwait_ms = 3000\n";

#[derive(Debug, Clone)]
enum Packet {
    Word { from: EntityId, effect: EffectId, to: EntityId, message: Message },
    Back { to: EntityId, effect: EffectId, reply: Reply },
}

struct Host {
    entity: Entity,
    journal: Vec<Entry>,
}

pub(super) struct World {
    clock: i64,
    program: Arc<Program>,
    hosts: BTreeMap<EntityId, Host>,
    wire: Vec<Packet>,
    commands: u64,
}

pub(super) fn says(text: &str) -> Act {
    Act::Send { text: text.to_owned(), message_type: None }
}

pub(super) fn session(n: usize) -> SessionId {
    SessionId(format!("session{:09}", n % SESSIONS))
}

pub(super) fn agent(n: usize) -> AgentName {
    AgentName(format!("a{}", n % AGENTS))
}

fn queue(n: usize) -> QueueName {
    QueueName(format!("q{}", n % QUEUES))
}

fn capacity(n: usize) -> usize {
    if n % AGENTS == 1 { 2 } else { 1 }
}

pub(super) fn profile(n: usize, which: usize) -> Profile {
    let queues = match which % 3 {
        0 => vec![queue(0)],
        1 => vec![queue(1)],
        _ => vec![queue(0), queue(1)],
    };
    Profile { nickname: agent(n).0, capacity: u32::try_from(capacity(n)).unwrap(), queues }
}

impl World {
    pub(super) fn new() -> Self {
        let queues = (0..QUEUES).map(|n| (queue(n), 30_000)).collect();
        let program = read("w", FILE, &Known { bots: BTreeMap::new(), queues }).unwrap();
        let hosts = BTreeMap::new();
        Self { clock: 1_000_000, program: Arc::new(program), hosts, wire: Vec::new(), commands: 0 }
    }

    fn turn(&mut self) -> Context {
        self.clock += 1;
        Context::at(self.clock)
    }

    fn decides(&mut self, id: &EntityId, command: &Command) -> Result<Answer, Reject> {
        let turn = self.turn();
        let fresh = || Host { entity: Entity::new(id), journal: Vec::new() };
        let host = self.hosts.entry(id.clone()).or_insert_with(fresh);
        let decision = host.entity.decide(command, &turn)?;
        decision.entries.iter().for_each(|entry| host.entity.apply(entry));
        host.journal.extend(decision.entries.iter().cloned());
        for entry in &decision.entries {
            if let Entry::Owed { id: effect, effect: Effect::Tell { to, message } } = entry {
                let (from, effect, to, message) = (id.clone(), *effect, to.clone(), message.clone());
                self.wire.push(Packet::Word { from, effect, to, message });
            }
        }
        Ok(decision.answer)
    }

    fn asks(&mut self, id: &EntityId, caller: Caller, act: Act) -> Result<Answer, Reject> {
        self.commands += 1;
        self.decides(id, &Command { id: CommandId(format!("c {}", self.commands)), caller, act })
    }

    pub(super) fn starts(&mut self, n: usize) {
        let opening = Opening {
            nickname: "Zoë".to_owned(),
            workflow: Some(Arc::clone(&self.program)),
            ..Opening::new("default", crate::channel::web([5; 32]), Limits::new(100, 500, 86_400_000))
        };
        // A second start is refused.
        let _started = self.asks(&EntityId::from(&session(n)), CUSTOMER, Act::Open(Box::new(opening)));
    }

    /// A command to a session that may be refused: then nothing is changed.
    pub(super) fn of_session(&mut self, n: usize, caller: Caller, act: Act) {
        let _refused = self.asks(&EntityId::from(&session(n)), caller, act);
    }

    pub(super) fn desk(&mut self, n: usize, act: DeskAct) {
        let name = agent(n);
        let _refused = self.asks(&EntityId::from(&name), Caller::Agent(name.clone()), Act::Desk(act));
    }

    pub(super) fn of_work(&mut self, n: usize, which: usize, act: impl FnOnce(SessionId) -> DeskAct) {
        let work = self.work(n);
        if let Some(work) = work.get(which % work.len().max(1)) {
            self.desk(n, act(work.interaction.clone()));
        }
    }

    /// Which of an agent's work is an offer.
    pub(super) fn offered(&self, n: usize) -> usize {
        self.work(n).iter().position(|work| matches!(work.stage, Stage::Offered { .. })).unwrap()
    }

    pub(super) fn lost(&mut self, n: usize) {
        self.asks(&EntityId::from(&agent(n)), Caller::System, Act::Desk(DeskAct::Lost)).unwrap();
    }

    pub(super) fn sends_again(&mut self) {
        for (id, host) in &self.hosts {
            for (effect, owed) in host.entity.owed() {
                let Effect::Tell { to, message } = owed else { continue };
                let (from, to, message) = (id.clone(), to.clone(), message.clone());
                self.wire.push(Packet::Word { from, effect, to, message });
            }
        }
    }

    pub(super) fn takes(&mut self, n: usize, delivered: bool) {
        if !self.wire.is_empty() {
            let packet = self.wire.remove(n % self.wire.len());
            if delivered {
                self.delivers(packet);
            }
        }
    }

    pub(super) fn delivers_twice(&mut self, n: usize) {
        let packet = self.wire.get(n % self.wire.len().max(1)).cloned();
        packet.into_iter().for_each(|packet| self.delivers(packet));
    }

    fn delivers(&mut self, packet: Packet) {
        match packet {
            Packet::Word { from, effect, to, message } => {
                let id = CommandId(format!("tell:{from}:{}", effect.0));
                let caller = Caller::Entity(from.clone());
                let reply = match self.decides(&to, &Command { id, caller, act: Act::Tell(message) }) {
                    Err(Reject::Unknown) => Reply::Gone,
                    answer => answer.unwrap().routing().unwrap(),
                };
                self.wire.push(Packet::Back { to: from, effect, reply });
            }
            Packet::Back { to, effect, reply } => {
                let id = CommandId(format!("told:{}", effect.0));
                let act = Act::Told { effect, reply };
                self.decides(&to, &Command { id, caller: Caller::System, act }).unwrap();
            }
        }
    }

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
            }
        }
    }

    pub(super) fn restores(&mut self, n: usize, snapshot: bool) {
        let Some(id) = self.hosts.keys().nth(n % self.hosts.len().max(1)).cloned() else { return };
        let Some(host) = self.hosts.get_mut(&id) else { return };
        let mut entity = Entity::new(&id);
        if snapshot {
            entity = Entity::from_snapshot(&id, &host.entity.to_snapshot().unwrap()).unwrap();
        } else {
            host.journal.iter().for_each(|entry| entity.apply(entry));
        }
        entity.restored();
        host.entity.restored();
        assert_eq!(entity, host.entity);
        host.entity = entity;
        // A session that was never opened, or is forgotten, has nothing to verify.
        let _unknown = self.asks(&id, Caller::System, Act::Restored);
    }

    pub(super) fn session(&self, id: &SessionId) -> &Session {
        self.hosts[&EntityId::from(id)].entity.session().unwrap()
    }

    pub(super) fn place(&self, id: &SessionId) -> Place {
        self.session(id).interaction().unwrap().place().clone()
    }

    fn the_queue(&self, name: &QueueName) -> Option<&Queue> {
        match &self.hosts.get(&EntityId::from(name))?.entity {
            Entity::Queue(queue) => Some(queue),
            _ => None,
        }
    }

    fn the_agent(&self, name: &AgentName) -> Option<&Agent> {
        match &self.hosts.get(&EntityId::from(name))?.entity {
            Entity::Agent(agent) => Some(agent),
            _ => None,
        }
    }

    fn desk_of(&self, n: usize) -> Option<Desk> {
        match self.the_agent(&agent(n))?.read(&Caller::System, &Read::Desk { version: 0 }) {
            Ok(Reading::Desk(desk)) => Some(*desk),
            _ => None,
        }
    }

    pub(super) fn work(&self, n: usize) -> Vec<Work> {
        self.desk_of(n).map(|desk| desk.work).unwrap_or_default()
    }

    fn claims(&self, n: usize) -> BTreeMap<SessionId, (u64, Stage)> {
        self.the_agent(&agent(n)).map(Agent::claims).unwrap_or_default()
    }

    /// Every session that was opened, with its interaction's place and attempt.
    fn places(&self) -> impl Iterator<Item = (SessionId, Place, u64)> + '_ {
        self.hosts.values().filter_map(|host| {
            let session = host.entity.session()?;
            let interaction = session.interaction()?;
            Some((session.id().clone(), interaction.place().clone(), interaction.attempt()))
        })
    }

    /// What must hold at any moment.
    pub(super) fn check(&self) {
        for n in 0..AGENTS {
            assert!(self.claims(n).len() <= capacity(n), "a{n} is over capacity: {:?}", self.claims(n));
        }
        for (id, place, attempt) in self.places() {
            let Place::Queue(name) = &place else { continue };
            let waits = self.the_queue(name).is_some_and(|queue| queue.attempts().get(&id) == Some(&attempt));
            assert!(waits || self.owes_coming(&id, attempt), "{id} is stranded at attempt {attempt}");
        }
    }

    fn owes_coming(&self, id: &SessionId, newest: u64) -> bool {
        self.session(id).owed().any(|(_, effect)| {
            matches!(effect, Effect::Tell { message: Message::ToQueue(ToQueue::Enqueue { attempt, .. }), .. }
                if *attempt == newest)
        })
    }

    fn quiet(&self) -> bool {
        let tells = |host: &Host| host.entity.owed().any(|(_, effect)| matches!(effect, Effect::Tell { .. }));
        !self.hosts.values().any(tells)
    }

    pub(super) fn delivers_all(&mut self) {
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
    pub(super) fn rests(&mut self) {
        for _ in 0..3 {
            self.delivers_all();
            self.passes(70_000);
        }
        self.delivers_all();
        for n in 0..QUEUES {
            let here = |(_, place, _): &(SessionId, Place, u64)| *place == Place::Queue(queue(n));
            let waiting: BTreeMap<_, _> =
                self.places().filter(here).map(|(id, _, attempt)| (id, attempt)).collect();
            let known = self.the_queue(&queue(n)).map(Queue::attempts).unwrap_or_default();
            assert_eq!(known, waiting);
        }
        (0..AGENTS).for_each(|n| self.rests_at(n));
        for (id, place, _) in self.places() {
            let done = matches!(place, Place::Done(_));
            assert!(done || !self.session(&id).ended(), "{id} is not processed to its end");
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
        let his = self.places().filter_map(|(id, place, attempt)| Some((id, (attempt, stage(&place)?))));
        assert_eq!(self.claims(n), his.collect(), "a{n} holds what is not his, or not what is");
        let Some(Desk { status, profile: Some(profile), .. }) = self.desk_of(n) else { return };
        if status != Status::Ready || self.claims(n).len() >= capacity(n) {
            return;
        }
        for (id, place, _) in self.places() {
            let could = matches!(&place, Place::Queue(queue) if profile.queues.contains(queue));
            assert!(!could, "a{n} could take {id}");
        }
    }
}
