//! A small interaction, as the protocol wants it: the authority on where it is. It never forgets anything, and moves
//! whenever it is told to, as no workflow would.

use super::{World, queue};
use crate::entry::{Effect, How, Place};
use crate::id::{AgentName, EffectId, EntityId, Millis, QueueName, Served, SessionId};
use crate::routing::{Holder, Message, Reply, Ticket, ToAgent, ToInteraction, ToQueue, Withdrawal};
use std::collections::BTreeMap;

const DECLINED_MS: i64 = 15_000;
const GONE: Place = Place::Done(How::Completed);

pub(crate) struct Model {
    pub(super) id: SessionId,
    pub(super) attempt: u64,
    pub(super) place: Place,
    ticket: Ticket,
    owed: BTreeMap<EffectId, Effect>,
    effects: u64,
}

/// The id of an interaction, where no session is.
pub(crate) fn id(n: usize) -> SessionId {
    SessionId(format!("{n:016}"))
}

impl Model {
    fn new(id: SessionId, queue: QueueName, priority: i32, since: Millis) -> Self {
        let (ticket, owed) = (Ticket::plain(priority, since), BTreeMap::new());
        let mut model = Self { id, attempt: 0, place: GONE, ticket, owed, effects: 0 };
        model.waits(queue);
        model
    }

    fn owes(&mut self, to: EntityId, message: Message) {
        self.effects += 1;
        self.owed.insert(EffectId(self.effects), Effect::Message { to, message });
    }

    pub(super) fn owed(&self) -> impl Iterator<Item = (EffectId, &Effect)> {
        self.owed.iter().map(|(id, effect)| (*id, effect))
    }

    /// It is answered: whatever the answer is, it knows better.
    pub(super) fn replied(&mut self, effect: EffectId) {
        self.owed.remove(&effect);
    }

    fn moves(&mut self, place: Place) {
        self.attempt += 1;
        self.place = place;
    }

    fn waits(&mut self, queue: QueueName) {
        self.moves(Place::Queue(queue.clone()));
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
    pub(crate) fn leaves(&mut self) {
        let before = self.place.clone();
        if before == GONE {
            return;
        }
        self.moves(GONE);
        match before {
            Place::Queue(queue) => self.withdraws(&queue),
            Place::Offer { agent, .. } => self.takes_back(&agent, Withdrawal::Abandoned),
            Place::Agent { agent, .. } => self.takes_back(&agent, Withdrawal::Ended),
            Place::Workflow | Place::Done(_) => {}
        }
    }

    /// The offer's time is over.
    pub(crate) fn times_out(&mut self) {
        if let Place::Offer { agent, queue, .. } = self.place.clone() {
            self.waits(queue);
            self.takes_back(&agent, Withdrawal::TimedOut);
        }
    }

    /// The agent leaves the chat, which ends or goes on in another queue.
    pub(crate) fn agent_leaves(&mut self, next: Option<QueueName>) {
        if let Place::Agent { agent, .. } = self.place.clone() {
            match next {
                Some(queue) => self.waits(queue),
                None => self.moves(GONE),
            }
            self.takes_back(&agent, Withdrawal::Left);
        }
    }

    /// The workflow has it wait elsewhere.
    pub(crate) fn moves_on(&mut self, next: QueueName) {
        if let Place::Queue(queue) = self.place.clone()
            && queue != next
        {
            self.waits(next);
            self.withdraws(&queue);
        }
    }

    pub(super) fn hears(&mut self, message: &Message, now: Millis) -> Reply {
        let Message::ToInteraction(message) = message else { panic!("{message:?} is for no interaction") };
        if self.place == GONE {
            return Reply::Gone;
        }
        match (message, self.place.clone()) {
            (ToInteraction::Propose { attempt, agent }, Place::Queue(queue)) if *attempt == self.attempt => {
                let until = Millis(now.0 + 30_000);
                self.moves(Place::Offer { agent: agent.clone(), queue: queue.clone(), until });
                self.withdraws(&queue);
                Reply::Proposed { attempt: self.attempt, until }
            }
            (ToInteraction::Propose { attempt, agent }, Place::Offer { agent: whom, until, .. })
                if *agent == whom && attempt + 1 == self.attempt =>
            {
                Reply::Proposed { attempt: self.attempt, until }
            }
            (ToInteraction::Accept { attempt, agent, .. }, Place::Offer { agent: whom, queue, .. })
                if *agent == whom && *attempt == self.attempt =>
            {
                self.moves(Place::Agent { agent: whom, queue });
                Reply::Joined { attempt: self.attempt }
            }
            (ToInteraction::Accept { attempt, agent, .. }, Place::Agent { agent: whom, .. })
                if *agent == whom && attempt + 1 == self.attempt =>
            {
                Reply::Joined { attempt: self.attempt }
            }
            (ToInteraction::Decline { attempt, agent }, Place::Offer { agent: whom, queue, .. })
                if *agent == whom && *attempt == self.attempt =>
            {
                self.ticket.declined.insert(whom, Served(now.0 + DECLINED_MS));
                self.waits(queue);
                Reply::Done
            }
            (
                ToInteraction::AgentLost { attempt, agent },
                Place::Offer { agent: whom, queue, .. } | Place::Agent { agent: whom, queue },
            ) if *agent == whom && *attempt == self.attempt => {
                self.waits(queue);
                Reply::Done
            }
            (ToInteraction::TurnedAway { attempt, queue }, Place::Queue(here))
                if *queue == here && *attempt == self.attempt =>
            {
                self.leaves();
                Reply::Done
            }
            (ToInteraction::Verify { attempt, holder }, place) if *attempt == self.attempt => {
                match (holder, place) {
                    (Holder::Queue(holder), Place::Queue(queue)) if *holder == queue => Reply::Held,
                    (Holder::Agent(holder), Place::Offer { agent, .. } | Place::Agent { agent, .. })
                        if *holder == agent =>
                    {
                        Reply::Held
                    }
                    _ => Reply::Void,
                }
            }
            _ => Reply::Void,
        }
    }
}

impl World {
    pub(crate) fn arrives(&mut self, n: usize, priority: i32) {
        let model = Model::new(id(self.models.len()), queue(n), priority, self.now());
        let id = EntityId::from(&model.id);
        self.models.insert(id.clone(), model);
        self.sends(&id);
    }

    /// Changes an interaction; what it owes is sent.
    pub(crate) fn changes(&mut self, n: usize, change: impl FnOnce(&mut Model)) {
        let which = n % self.models.len().max(1);
        if let Some((id, model)) = self.models.iter_mut().nth(which) {
            change(model);
            let id = id.clone();
            self.sends(&id);
        }
    }
}
