//! The queue: who waits, and who could take them.
//!
//! It decides nothing alone: an agent's entity grants or refuses the place that the queue asks for, and the interaction
//! says where it is. What waits here is a claim that the interaction can void, and is asked for whenever it looks old.

mod decide;
mod draft;
mod snapshot;
mod state;
#[cfg(test)]
mod tests;

use crate::command::{Caller, Read, Reading, Reject};
use crate::entry::{Effect, Entry};
use crate::id::{AgentName, EffectId, Millis, QueueName, Served, SessionId, TimerId};
use crate::ledger::Ledger;
use crate::routing::Ticket;
use bincode::{Decode, Encode};
use state::{Lines as _, Place, State};

/// A change of a queue, as it is journaled.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum QueueChange {
    /// Somebody waits from now on.
    Waits {
        /// The interaction that waits.
        interaction: SessionId,
        /// The attempt of the move that brought it here.
        attempt: u64,
        /// What orders it in line and what agents are shown, with moments of this queue's served time.
        ticket: Ticket,
        /// When to look after it, in served time.
        look_at: Served,
    },
    /// It does not wait here, and moves below this one are void.
    Left {
        /// The interaction that is elsewhere, or may never have come.
        interaction: SessionId,
        /// The lowest attempt that may come.
        floor: u64,
    },
    /// An agent is asked for one who waits.
    Asked {
        /// The interaction that waits.
        interaction: SessionId,
        /// The agent who is to keep a place.
        agent: AgentName,
        /// The effect that is owed until the agent answers.
        request: EffectId,
        /// When to look after it if no answer comes, in served time.
        look_at: Served,
    },
    /// The agent's answer to a request.
    Answered {
        /// The interaction for which the agent was asked.
        interaction: SessionId,
        /// The agent who was asked.
        agent: AgentName,
        /// The effect that was owed; an answer to one that was given up changes nothing for who waits.
        request: EffectId,
        /// The first version that counts the place they keep; none: they keep none.
        granted: Option<u64>,
        /// When to look after it next, in served time.
        look_at: Served,
    },
    /// Somebody was looked after.
    Looked {
        /// The interaction that was due.
        interaction: SessionId,
        /// Whether it is back in line: nothing came of what was asked for it.
        back: bool,
        /// When to look again, in served time.
        look_at: Served,
    },
    /// What an agent can take.
    Knows {
        /// The agent who said so.
        agent: AgentName,
        /// As of this version.
        version: u64,
        /// How many more chats they can take.
        free: u32,
        /// Since when they have had nothing new to do.
        idle_since: Millis,
    },
}

/// A queue as operators see it.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Line {
    /// Who waits, in order.
    pub waiting: Vec<Waiting>,
    /// Who could take them, longest idle first.
    pub agents: Vec<Idle>,
}

/// One who waits, as operators see them.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Waiting {
    /// The interaction; its session has the same id.
    pub interaction: SessionId,
    /// Higher goes first.
    pub priority: i32,
    /// When it first came to a queue, by the wall clock; kept when it comes back.
    pub since: Millis,
    /// The agent who is being asked for it.
    pub asking: Option<AgentName>,
}

/// An agent who could take somebody, as operators see them.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Idle {
    /// The name that they sign in with.
    pub agent: AgentName,
    /// How many more chats they can take, less what they are being asked for.
    pub free: u32,
    /// Since when they have had nothing new to do.
    pub since: Millis,
}

/// The machine of one queue: who waits, what is known of agents, and what is owed to others.
#[derive(Debug, Clone, PartialEq)]
pub struct Queue {
    name: QueueName,
    state: State,
    ledger: Ledger,
}

impl Queue {
    /// A queue in which nobody waits and which knows no agents.
    pub fn new(name: QueueName) -> Self {
        Self { name, state: State::default(), ledger: Ledger::default() }
    }

    /// How many wait, in line or with an agent asked for them.
    pub fn waiting(&self) -> usize {
        self.state.waiting.len()
    }

    /// Changes the state as a journaled entry says.
    pub fn apply(&mut self, entry: &Entry) {
        match entry {
            Entry::Queue(change) => self.state.change(change),
            other => self.ledger.apply(other),
        }
    }

    /// Reads who waits and who could take them.
    ///
    /// # Errors
    /// [`Reject::NotAllowed`] to all but the node and its operators.
    pub fn read(&self, caller: &Caller, read: &Read) -> Result<Reading, Reject> {
        match (read, caller) {
            (Read::Line, Caller::System | Caller::Operator) => Ok(Reading::Line(Box::new(self.line()))),
            _ => Err(Reject::NotAllowed),
        }
    }

    fn line(&self) -> Line {
        let mut waiting: Vec<_> =
            self.state.waiting.iter().map(|(id, who)| (Place::of(id, who), who)).collect();
        waiting.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut seats: Vec<_> = self.state.seats().collect();
        seats.sort();
        Line {
            waiting: waiting
                .into_iter()
                .map(|(place, who)| Waiting {
                    interaction: place.interaction,
                    priority: who.ticket.priority,
                    since: who.ticket.since,
                    asking: who.stage.agent().cloned(),
                })
                .collect(),
            agents: seats
                .into_iter()
                .map(|seat| Idle { agent: seat.agent, free: seat.free, since: seat.idle_since })
                .collect(),
        }
    }

    /// What is owed, oldest first.
    pub fn owed(&self) -> impl Iterator<Item = (EffectId, &Effect)> {
        self.ledger.owed()
    }

    /// Armed timers and their moments of served time.
    pub fn timers(&self) -> impl Iterator<Item = (TimerId, Served)> {
        self.ledger.timers()
    }
}
