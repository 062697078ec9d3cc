//! Tests of the agent, and what the tests of the whole protocol see of them.

use super::*;
use crate::command::{Act, Answer, Command};
use crate::desk::{DeskAct, Profile, Stage};
use crate::id::{EntityId, Millis, QueueName, SessionId};
use crate::routing::{Message, Reply, Ticket, ToAgent, ToInteraction, ToQueue, Withdrawal};
use crate::world::id;
use crate::{CommandId, Context};
use std::collections::BTreeMap;

mod claims;
mod desk;

impl Agent {
    /// What they hold: its attempt and where it stands.
    pub(crate) fn claims(&self) -> BTreeMap<SessionId, (u64, Stage)> {
        let claims = self.state.claims.iter();
        claims.map(|(id, claim)| (id.clone(), (claim.attempt, claim.stage.clone()))).collect()
    }
}

struct Bench {
    agent: Agent,
    clock: i64,
    commands: u64,
}

fn name(agent: &str) -> AgentName {
    AgentName(agent.to_owned())
}

fn queue(name: &str) -> QueueName {
    QueueName(name.to_owned())
}

fn profile(capacity: u32, queues: &[&str]) -> Profile {
    Profile { nickname: "Kate".to_owned(), capacity, queues: queues.iter().map(|name| queue(name)).collect() }
}

fn ticket() -> Ticket {
    Ticket::plain(0, Millis(0))
}

impl Bench {
    fn new() -> Self {
        Self { agent: Agent::new(name("kate")), clock: 100, commands: 0 }
    }

    /// Signed in and ready for so many.
    fn ready(capacity: u32) -> Self {
        let mut bench = Self::new();
        bench.does(DeskAct::SignIn { profile: profile(capacity, &["support"]) }).unwrap();
        bench.does(DeskAct::Ready).unwrap();
        bench
    }

    fn takes(&mut self, id: &str, caller: Caller, act: Act) -> Result<Answer, Reject> {
        self.clock += 1;
        let command = Command { id: CommandId(id.to_owned()), caller, act };
        let context = Context::at(self.clock);
        let decision = self.agent.decide(&command, &context)?;
        decision.entries.iter().for_each(|entry| self.agent.apply(entry));
        Ok(decision.answer)
    }

    fn asks(&mut self, caller: Caller, act: Act) -> Result<Answer, Reject> {
        self.commands += 1;
        let id = format!("command {}", self.commands);
        self.takes(&id, caller, act)
    }

    fn does(&mut self, act: DeskAct) -> Result<u64, Reject> {
        match self.asks(Caller::Agent(name("kate")), Act::Desk(act))? {
            Answer::Desk(answer) => Ok(answer.version),
            other => panic!("no desk's answer but {other:?}"),
        }
    }

    fn accepts(&mut self, n: usize) -> Result<u64, Reject> {
        self.does(DeskAct::Accept { interaction: id(n) })
    }

    fn tells(&mut self, from: impl Into<EntityId>, message: ToAgent) -> Result<Reply, Reject> {
        let answer = self.asks(Caller::Entity(from.into()), Act::Deliver(Message::ToAgent(message)))?;
        Ok(answer.routing().unwrap())
    }

    fn reserves(&mut self, n: usize, attempt: u64) -> Reply {
        let (queue, ticket) = (queue("support"), ticket());
        self.tells(&queue.clone(), ToAgent::Reserve { interaction: id(n), attempt, queue, ticket }).unwrap()
    }

    fn withdraws(&mut self, n: usize, attempt: u64, why: Withdrawal) {
        let message = ToAgent::Withdrawn { interaction: id(n), attempt, why };
        assert_eq!(self.tells(&id(n), message), Ok(Reply::Done));
    }

    /// What is owed to an interaction.
    fn owes(&self, n: usize) -> Vec<ToInteraction> {
        let to_it = self.agent.ledger.messages().filter(|(_, to, _)| **to == EntityId::from(&id(n)));
        let words = to_it.filter_map(|(_, _, message)| match message {
            Message::ToInteraction(message) => Some(message.clone()),
            _ => None,
        });
        words.collect()
    }

    /// The oldest that is owed to an interaction is answered.
    fn hears(&mut self, n: usize, reply: Reply) {
        let owed = self.agent.ledger.messages().find(|(_, to, _)| **to == EntityId::from(&id(n)));
        let effect = owed.unwrap().0;
        self.asks(Caller::System, Act::Replied { effect, reply }).unwrap();
    }

    fn offered(&mut self, n: usize, attempt: u64) {
        let reply = self.reserves(n, attempt);
        assert_eq!(reply, Reply::Granted { version: self.agent.state.version });
        self.hears(n, Reply::Proposed { attempt: attempt + 1, until: Millis(30_000) });
    }

    fn chats(&mut self, n: usize, attempt: u64) {
        self.offered(n, attempt);
        self.accepts(n).unwrap();
        self.hears(n, Reply::Joined { attempt: attempt + 2 });
    }

    fn loses(&mut self) {
        self.asks(Caller::System, Act::Desk(DeskAct::Lost)).unwrap();
    }

    /// What each queue is told as soon as it can be: version and how many.
    fn told(&self) -> Vec<(EntityId, u64, u32)> {
        let words = self.agent.ledger.messages().filter_map(|(_, to, message)| match message {
            Message::ToQueue(ToQueue::Available { version, free, .. }) => Some((to.clone(), *version, *free)),
            _ => None,
        });
        words.collect()
    }

    fn free(&self) -> u32 {
        self.agent.state.free_for(&queue("support"))
    }

    fn desk(&self) -> Desk {
        match self.agent.read(&Caller::Agent(name("kate")), &Read::Desk { version: 0 }).unwrap() {
            Reading::Desk(desk) => *desk,
            other => panic!("no desk but {other:?}"),
        }
    }

    fn stages(&self) -> Vec<(SessionId, Stage)> {
        self.desk().work.into_iter().map(|work| (work.interaction, work.stage)).collect()
    }
}
