//! Tests of the queue, and what the tests of the whole protocol see of it.

use super::state::{Place, Seat, Stage};
use super::*;
use crate::command::{Act, Command};
use crate::entry::QueueChange;
use crate::id::{CommandId, EntityId};
use crate::routing::{Message, Reply, Ticket, ToAgent, ToInteraction, ToQueue};
use crate::world::id;
use crate::{AgentName, Context, Millis, SessionId};
use std::collections::BTreeMap;

mod matching;
mod outlook;
mod waiting;

impl Queue {
    /// Who waits, with which attempt.
    pub(crate) fn attempts(&self) -> BTreeMap<SessionId, u64> {
        self.state.waiting.iter().map(|(id, waiter)| (id.clone(), waiter.attempt)).collect()
    }

    /// After a decision nobody is left in line whom a free agent would take; nobody was asked for before one ahead of
    /// them, and nobody who was idle longer was passed over.
    pub(crate) fn is_fair(&self, entries: &[Entry], served: Served) {
        let seats: Vec<Seat> = self.state.seats().collect();
        let takes = |agent: &AgentName, interaction: &SessionId| {
            let until = self.state.waiting[interaction].ticket.declined.get(agent);
            until.is_none_or(|until| *until <= served)
        };
        for (place, seat) in
            self.state.line.iter().flat_map(|place| seats.iter().map(move |seat| (place, seat)))
        {
            assert!(
                !takes(&seat.agent, &place.interaction),
                "{place:?} waits though {seat:?} could take them"
            );
        }
        for entry in entries {
            let Entry::Queue(QueueChange::Asked { interaction, agent, .. }) = entry else { continue };
            let own = Place::of(interaction, &self.state.waiting[interaction]);
            for ahead in self.state.line.iter().filter(|place| **place < own) {
                assert!(!takes(agent, &ahead.interaction), "{interaction:?} overtook {ahead:?}");
            }
            let known = &self.state.agents[agent];
            let idler = |seat: &&Seat| {
                let longer = (seat.idle_since, &seat.agent) < (known.idle_since, agent);
                seat.asked == 0 && (longer || known.asked.len() > 1)
            };
            for seat in seats.iter().filter(idler) {
                assert!(!takes(&seat.agent, interaction), "{seat:?} was passed over for {agent:?}");
            }
        }
    }
}

struct Bench {
    queue: Queue,
    clock: i64,
    commands: u64,
    waiting_max: u32,
    /// How far the wall clock is before `clock`, in milliseconds.
    ahead: i64,
}

fn name(agent: &str) -> AgentName {
    AgentName(agent.to_owned())
}

fn ticket(priority: i32, since: i64) -> Ticket {
    Ticket::plain(priority, Millis(since))
}

impl Bench {
    fn new() -> Self {
        Self {
            queue: Queue::new(QueueName("support".to_owned())),
            clock: 0,
            commands: 0,
            waiting_max: 0,
            ahead: 0,
        }
    }

    fn takes(&mut self, caller: Caller, act: Act) -> Result<crate::Decision, Reject> {
        self.commands += 1;
        let command = Command { id: CommandId(self.commands.to_string()), caller, act };
        let context = Context {
            now: Millis(self.clock + self.ahead),
            waiting_max: self.waiting_max,
            ..Context::at(self.clock)
        };
        let decision = self.queue.decide(&command, &context)?;
        decision.entries.iter().for_each(|entry| self.queue.apply(entry));
        self.queue.is_fair(&decision.entries, context.served);
        Ok(decision)
    }

    fn tells(&mut self, from: impl Into<EntityId>, message: ToQueue) -> Result<Reply, Reject> {
        let decision = self.takes(Caller::Entity(from.into()), Act::Deliver(Message::ToQueue(message)))?;
        Ok(decision.answer.routing().unwrap())
    }

    fn comes(&mut self, n: usize, attempt: u64, ticket: Ticket) -> Reply {
        self.tells(&id(n), ToQueue::Enqueue { interaction: id(n), attempt, ticket }).unwrap()
    }

    fn goes(&mut self, n: usize, attempt: u64) -> Reply {
        self.tells(&id(n), ToQueue::Withdraw { interaction: id(n), attempt }).unwrap()
    }

    fn can(&mut self, agent: &str, version: u64, free: u32, idle_since: i64) {
        let (agent, idle_since) = (name(agent), Millis(idle_since));
        let message = ToQueue::Available { agent: agent.clone(), version, here: free > 0, free, idle_since };
        assert_eq!(self.tells(&agent, message), Ok(Reply::Done));
    }

    /// Who is asked for whom, in the order of asking.
    fn asked(&self) -> Vec<(AgentName, SessionId, EffectId)> {
        let asked = self.queue.ledger.messages().filter_map(|(effect, to, message)| match (message, to) {
            (Message::ToAgent(ToAgent::Reserve { interaction, .. }), EntityId::Agent(agent)) => {
                Some((agent.clone(), interaction.clone(), effect))
            }
            _ => None,
        });
        asked.collect()
    }

    fn pairs(&self) -> Vec<(String, SessionId)> {
        self.asked().into_iter().map(|(agent, interaction, _)| (agent.0, interaction)).collect()
    }

    fn replied(&mut self, effect: EffectId, reply: Reply) {
        self.takes(Caller::System, Act::Replied { effect, reply }).unwrap();
    }

    /// The oldest request is answered.
    fn answered(&mut self, reply: Reply) {
        let (_, _, effect) = self.asked().remove(0);
        self.replied(effect, reply);
    }

    fn passes(&mut self, span_ms: i64) {
        self.clock += span_ms;
        let due: Vec<TimerId> =
            self.queue.timers().filter(|(_, at)| at.0 <= self.clock).map(|(timer, _)| timer).collect();
        for timer in due {
            self.takes(Caller::System, Act::Fire { timer }).unwrap();
        }
    }

    /// Whom it asks whether they still wait.
    fn verifies(&self) -> Vec<(SessionId, u64, EffectId)> {
        let asks = self.queue.ledger.messages().filter_map(|(effect, to, message)| match message {
            Message::ToInteraction(ToInteraction::Verify { attempt, .. }) => {
                Some((to.session().unwrap(), *attempt, effect))
            }
            _ => None,
        });
        asks.collect()
    }

    fn stage(&self, n: usize) -> Stage {
        self.queue.state.waiting[&id(n)].stage.clone()
    }

    fn line(&self) -> Line {
        match self.queue.read(&Caller::Operator, &Read::Line).unwrap() {
            Reading::Line(line) => *line,
            other => panic!("no line but {other:?}"),
        }
    }
}
