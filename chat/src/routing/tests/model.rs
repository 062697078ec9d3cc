//! A small interaction, as the protocol wants it: the authority on where it is. It never forgets anything.

use crate::id::{AgentName, EffectId, EntityId, Millis, QueueName, Served, SessionId};
use crate::routing::{Holder, Message, Reply, Ticket, ToAgent, ToInteraction, ToQueue, Withdrawal};
use std::collections::BTreeMap;

const DECLINED_MS: i64 = 15_000;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum At {
    Queue(QueueName),
    Offer { agent: AgentName, queue: QueueName, until: Millis },
    Chat { agent: AgentName, queue: QueueName },
    Gone,
}

pub(super) struct Model {
    pub(super) id: SessionId,
    pub(super) attempt: u64,
    pub(super) at: At,
    pub(super) ticket: Ticket,
    pub(super) owed: BTreeMap<EffectId, (EntityId, Message)>,
    effects: u64,
}

impl Model {
    pub(super) fn new(id: SessionId, queue: QueueName, priority: i32, since: Millis) -> Self {
        let ticket = Ticket {
            priority,
            since,
            nickname: String::new(),
            subject: String::new(),
            data: BTreeMap::new(),
            left_out: 0,
            verified: false,
            declined: BTreeMap::new(),
        };
        let at = At::Gone;
        let mut model = Self { id, attempt: 0, at, ticket, owed: BTreeMap::new(), effects: 0 };
        model.waits(queue);
        model
    }

    fn owes(&mut self, to: EntityId, message: Message) {
        self.effects += 1;
        self.owed.insert(EffectId(self.effects), (to, message));
    }

    fn moves(&mut self, at: At) {
        self.attempt += 1;
        self.at = at;
    }

    fn waits(&mut self, queue: QueueName) {
        self.moves(At::Queue(queue.clone()));
        let (interaction, attempt, ticket) = (self.id.clone(), self.attempt, self.ticket.clone());
        let message = ToQueue::Enqueue { interaction, attempt, ticket };
        self.owes(EntityId::from(&queue), Message::ToQueue(message));
    }

    fn withdraws(&mut self, queue: &QueueName) {
        let (interaction, attempt) = (self.id.clone(), self.attempt);
        self.owes(EntityId::from(queue), Message::ToQueue(ToQueue::Withdraw { interaction, attempt }));
    }

    fn takes_back(&mut self, agent: &AgentName, why: Withdrawal) {
        let (interaction, attempt) = (self.id.clone(), self.attempt);
        self.owes(EntityId::from(agent), Message::ToAgent(ToAgent::Withdrawn { interaction, attempt, why }));
    }

    /// The customer leaves, from wherever the interaction is.
    pub(super) fn leaves(&mut self) {
        let before = self.at.clone();
        if before == At::Gone {
            return;
        }
        self.moves(At::Gone);
        match before {
            At::Queue(queue) => self.withdraws(&queue),
            At::Offer { agent, .. } => self.takes_back(&agent, Withdrawal::Abandoned),
            At::Chat { agent, .. } => self.takes_back(&agent, Withdrawal::Ended),
            At::Gone => {}
        }
    }

    /// The offer's time is over.
    pub(super) fn times_out(&mut self) {
        if let At::Offer { agent, queue, .. } = self.at.clone() {
            self.waits(queue);
            self.takes_back(&agent, Withdrawal::TimedOut);
        }
    }

    /// The agent leaves the chat, which ends or goes on in another queue.
    pub(super) fn agent_leaves(&mut self, next: Option<QueueName>) {
        if let At::Chat { agent, .. } = self.at.clone() {
            match next {
                Some(queue) => self.waits(queue),
                None => self.moves(At::Gone),
            }
            self.takes_back(&agent, Withdrawal::Left);
        }
    }

    /// The workflow has it wait elsewhere.
    pub(super) fn moves_on(&mut self, next: QueueName) {
        if let At::Queue(queue) = self.at.clone()
            && queue != next
        {
            self.waits(next);
            self.withdraws(&queue);
        }
    }

    pub(super) fn hears(&mut self, message: &ToInteraction, now: Millis) -> Reply {
        if self.at == At::Gone {
            return Reply::Gone;
        }
        match (message, self.at.clone()) {
            (ToInteraction::Propose { attempt, agent }, At::Queue(queue)) if *attempt == self.attempt => {
                let until = Millis(now.0 + 30_000);
                self.moves(At::Offer { agent: agent.clone(), queue: queue.clone(), until });
                self.withdraws(&queue);
                Reply::Proposed { attempt: self.attempt, until }
            }
            (ToInteraction::Propose { attempt, agent }, At::Offer { agent: whom, until, .. })
                if *agent == whom && attempt + 1 == self.attempt =>
            {
                Reply::Proposed { attempt: self.attempt, until }
            }
            (ToInteraction::Accept { attempt, agent, .. }, At::Offer { agent: whom, queue, .. })
                if *agent == whom && *attempt == self.attempt =>
            {
                self.moves(At::Chat { agent: whom, queue });
                Reply::Joined { attempt: self.attempt }
            }
            (ToInteraction::Accept { attempt, agent, .. }, At::Chat { agent: whom, .. })
                if *agent == whom && attempt + 1 == self.attempt =>
            {
                Reply::Joined { attempt: self.attempt }
            }
            (ToInteraction::Decline { attempt, agent }, At::Offer { agent: whom, queue, .. })
                if *agent == whom && *attempt == self.attempt =>
            {
                self.ticket.declined.insert(whom, Served(now.0 + DECLINED_MS));
                self.waits(queue);
                Reply::Done
            }
            (
                ToInteraction::AgentLost { attempt, agent },
                At::Offer { agent: whom, queue, .. } | At::Chat { agent: whom, queue },
            ) if *agent == whom && *attempt == self.attempt => {
                self.waits(queue);
                Reply::Done
            }
            (ToInteraction::TurnedAway { attempt, queue }, At::Queue(here))
                if *queue == here && *attempt == self.attempt =>
            {
                self.leaves();
                Reply::Done
            }
            (ToInteraction::Verify { attempt, holder }, at) if *attempt == self.attempt => match (holder, at)
            {
                (Holder::Queue(holder), At::Queue(queue)) if *holder == queue => Reply::Held,
                (Holder::Agent(holder), At::Offer { agent, .. } | At::Chat { agent, .. })
                    if *holder == agent =>
                {
                    Reply::Held
                }
                _ => Reply::Void,
            },
            _ => Reply::Void,
        }
    }
}
