//! Where an interaction is, and what queues and agents may hold of it: the moves, and the answers to those who hold,
//! or want to hold, a claim. See [`crate::routing`].

use super::{Interaction, SessionActions};
use crate::command::Reject;
use crate::entry::{How, InteractionChange, Place, Purpose};
use crate::id::{AgentName, EntityId, Millis, QueueName};
use crate::routing::{Holder, Message, Reply, ToAgent, ToInteraction, ToQueue, Withdrawal};
use crate::workflow::Does;

/// For how long an agent who did not take an offer is not asked again, in milliseconds.
const DECLINED_MS: i64 = 15_000;

impl Interaction {
    /// What another entity says.
    ///
    /// # Errors
    /// [`Reject::NotAllowed`] when it speaks for somebody else.
    pub(crate) fn receive(
        &mut self,
        session: &mut dyn SessionActions,
        from: &EntityId,
        message: &ToInteraction,
    ) -> Result<Reply, Reject> {
        if !message.is_from(from) {
            return Err(Reject::NotAllowed);
        }
        if self.offline.is_some() {
            return Ok(Reply::Gone);
        }
        Ok(match message {
            ToInteraction::Propose { attempt, agent } => self.proposed(session, *attempt, agent),
            ToInteraction::Accept { attempt, agent, nickname } => {
                self.accepted(session, *attempt, agent, nickname)
            }
            ToInteraction::Decline { attempt, agent } => match &self.place {
                Place::Offer { .. } if self.holds(agent, *attempt) => {
                    self.unanswered(session, agent, None);
                    Reply::Done
                }
                _ => Reply::Void,
            },
            ToInteraction::AgentLost { attempt, agent } if self.holds(agent, *attempt) => {
                self.lost(session, agent);
                Reply::Done
            }
            ToInteraction::AgentLost { .. } => Reply::Void,
            ToInteraction::Verify { attempt, holder } => self.verified(*attempt, holder),
            ToInteraction::TurnedAway { attempt, queue } => {
                let waits_there = self.place == Place::Queue(queue.clone()) && *attempt == self.attempt;
                if waits_there {
                    self.turned_away(session);
                }
                if waits_there { Reply::Done } else { Reply::Void }
            }
        })
    }

    /// An agent keeps a place for it: now it is offered to them. Said again, it is answered again.
    fn proposed(&mut self, session: &mut dyn SessionActions, attempt: u64, who: &AgentName) -> Reply {
        match &self.place {
            Place::Queue(queue) if attempt == self.attempt => {
                let queue = queue.clone();
                let offer_ms = match self.step().map(|step| &step.does) {
                    Some(Does::Route { offer_timeout_ms, .. }) => *offer_timeout_ms,
                    _ => 0,
                };
                let until = Millis(session.now().0.saturating_add(offer_ms));
                let attempt =
                    self.moves(session, Place::Offer { agent: who.clone(), queue: queue.clone(), until });
                let interaction = session.id();
                let message = Message::ToQueue(ToQueue::Withdraw { interaction, attempt });
                session.tell(EntityId::from(&queue), message);
                self.arm(session, Purpose::Offer, offer_ms);
                Reply::Proposed { attempt, until }
            }
            Place::Offer { agent, until, .. }
                if agent == who && attempt.saturating_add(1) == self.attempt =>
            {
                Reply::Proposed { attempt: self.attempt, until: *until }
            }
            _ => Reply::Void,
        }
    }

    /// The agent takes the offer: this counts. Said again, it is answered again.
    fn accepted(
        &mut self,
        session: &mut dyn SessionActions,
        attempt: u64,
        who: &AgentName,
        nickname: &str,
    ) -> Reply {
        match &self.place {
            Place::Offer { agent, queue, .. } if agent == who && attempt == self.attempt => {
                let place = Place::Agent { agent: who.clone(), queue: queue.clone() };
                for purpose in [Purpose::Offer, Purpose::Step, Purpose::Text] {
                    self.disarm(session, purpose);
                }
                let attempt = self.moves(session, place);
                session.let_in(who, nickname);
                Reply::Joined { attempt }
            }
            Place::Agent { agent, .. } if agent == who && attempt.saturating_add(1) == self.attempt => {
                Reply::Joined { attempt: self.attempt }
            }
            _ => Reply::Void,
        }
    }

    /// The offer is over without a chat: back to the queue with its age, or on when its time is over.
    pub(super) fn unanswered(
        &mut self,
        session: &mut dyn SessionActions,
        agent: &AgentName,
        why: Option<Withdrawal>,
    ) {
        let not_before = session.served().after(DECLINED_MS);
        self.change(session, InteractionChange::Declined { agent: agent.clone(), not_before });
        self.disarm(session, Purpose::Offer);
        self.back(session, agent, why);
    }

    fn back(&mut self, session: &mut dyn SessionActions, agent: &AgentName, why: Option<Withdrawal>) {
        let (Place::Offer { queue, .. } | Place::Agent { queue, .. }) = &self.place else { return };
        let queue = queue.clone();
        if self.overdue {
            let attempt = self.moves(session, Place::Workflow);
            self.tell_agent(session, agent, attempt, why);
            self.time_is_over(session);
        } else {
            let attempt = self.enqueue(session, queue);
            self.tell_agent(session, agent, attempt, why);
        }
    }

    /// The agent who has the offer or the chat is gone: back to the queue, with its place in line.
    fn lost(&mut self, session: &mut dyn SessionActions, who: &AgentName) {
        if matches!(self.place, Place::Offer { .. }) {
            self.disarm(session, Purpose::Offer);
            return self.back(session, who, None);
        }
        session.take_out(who);
        if session.ended() {
            // They need not be told: they asked.
            self.moves(session, Place::Workflow);
            return self.session_ended(session, How::Completed, Withdrawal::Lost);
        }
        self.back(session, who, None);
        self.arm_route(session);
    }

    /// Whether a claim holds. An agent's claim goes on from the reservation over the offer to the chat, and their words
    /// may be older than the move that they brought about.
    fn holds(&self, who: &AgentName, attempt: u64) -> bool {
        let moves = match &self.place {
            Place::Offer { agent, .. } if agent == who => 1,
            Place::Agent { agent, .. } if agent == who => 2,
            _ => return false,
        };
        attempt <= self.attempt && self.attempt.saturating_sub(attempt) <= moves
    }

    fn verified(&self, attempt: u64, holder: &Holder) -> Reply {
        let waits_here = matches!(&self.place, Place::Queue(_)) && attempt == self.attempt;
        let holds = match holder {
            Holder::Queue(name) => waits_here && self.place == Place::Queue(name.clone()),
            // A reservation whose proposal is on its way.
            Holder::Agent(_) if waits_here => true,
            Holder::Agent(name) => self.holds(name, attempt),
        };
        if holds { Reply::Held } else { Reply::Void }
    }

    /// Begins to wait in a queue.
    pub(super) fn route(&mut self, session: &mut dyn SessionActions, queue: QueueName) {
        self.enqueue(session, queue);
        self.arm_route(session);
    }

    /// The time that a route step has, and the texts meanwhile.
    fn arm_route(&mut self, session: &mut dyn SessionActions) {
        let Some(Does::Route { timeout, texts, every_ms, .. }) = self.step().map(|step| step.does.clone())
        else {
            return;
        };
        if let Some(timeout) = timeout {
            self.arm(session, Purpose::Step, timeout.after_ms);
        }
        if !texts.is_empty() {
            self.arm(session, Purpose::Text, every_ms);
        }
    }

    fn enqueue(&mut self, session: &mut dyn SessionActions, queue: QueueName) -> u64 {
        let attempt = self.moves(session, Place::Queue(queue.clone()));
        let priority = match self.step().map(|step| &step.does) {
            Some(Does::Route { priority, .. }) => *priority,
            _ => 0,
        };
        let ticket = self.ticket(priority, session);
        let interaction = session.id();
        let message = Message::ToQueue(ToQueue::Enqueue { interaction, attempt, ticket });
        session.tell(EntityId::from(&queue), message);
        attempt
    }

    /// Comes back to the workflow from wherever it is, and tells who held it.
    pub(super) fn release(&mut self, session: &mut dyn SessionActions, why: Withdrawal) {
        if matches!(self.place, Place::Workflow | Place::Done(_)) {
            return;
        }
        let left = self.place.clone();
        let attempt = self.moves(session, Place::Workflow);
        match left {
            Place::Queue(queue) => {
                let interaction = session.id();
                let message = Message::ToQueue(ToQueue::Withdraw { interaction, attempt });
                session.tell(EntityId::from(&queue), message);
                self.disarm(session, Purpose::Step);
                self.disarm(session, Purpose::Text);
            }
            Place::Offer { agent, .. } => {
                self.tell_agent(session, &agent, attempt, Some(Withdrawal::Abandoned));
            }
            Place::Agent { agent, .. } => self.tell_agent(session, &agent, attempt, Some(why)),
            Place::Workflow | Place::Done(_) => {}
        }
    }

    fn tell_agent(
        &self,
        session: &mut dyn SessionActions,
        agent: &AgentName,
        attempt: u64,
        why: Option<Withdrawal>,
    ) {
        if let Some(why) = why {
            let interaction = session.id();
            let message = Message::ToAgent(ToAgent::Withdrawn { interaction, attempt, why });
            session.tell(EntityId::from(agent), message);
        }
    }

    /// Each move raises the attempt.
    pub(super) fn moves(&mut self, session: &mut dyn SessionActions, place: Place) -> u64 {
        let attempt = self.attempt.saturating_add(1);
        let at = session.now();
        self.change(session, InteractionChange::Moved { attempt, place, at });
        attempt
    }
}

impl ToInteraction {
    /// Whether this entity may say so.
    fn is_from(&self, from: &EntityId) -> bool {
        match self {
            Self::Propose { agent, .. }
            | Self::Accept { agent, .. }
            | Self::Decline { agent, .. }
            | Self::AgentLost { agent, .. }
            | Self::Verify { holder: Holder::Agent(agent), .. } => *from == EntityId::from(agent),
            Self::Verify { holder: Holder::Queue(queue), .. } | Self::TurnedAway { queue, .. } => {
                *from == EntityId::from(queue)
            }
        }
    }
}
