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
use crate::id::{AgentName, EffectId, Millis, QueueName, SessionId, TimerId};
use crate::ledger::Ledger;
use crate::routing::Ticket;
use bincode::{Decode, Encode};
use state::{Lines as _, Place, State};

/// A change of a queue, as it is journaled.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum QueueChange {
    /// Somebody waits from now on.
    Waits {
        /// Who.
        interaction: SessionId,
        /// The move with which he came.
        attempt: u64,
        /// His place in line, with moments of this queue's served time.
        ticket: Ticket,
        /// When to look after him, in served time.
        look_at: Millis,
    },
    /// He does not wait here, and moves below this one are void.
    Left {
        /// Who.
        interaction: SessionId,
        /// The lowest attempt that may come.
        floor: u64,
    },
    /// An agent is asked for him.
    Asked {
        /// For whom.
        interaction: SessionId,
        /// The agent.
        agent: AgentName,
        /// The owed request.
        request: EffectId,
        /// When to look after him.
        look_at: Millis,
    },
    /// The agent answered.
    Answered {
        /// For whom he was asked.
        interaction: SessionId,
        /// The agent.
        agent: AgentName,
        /// The request.
        request: EffectId,
        /// The first version that counts the place he keeps; none: he keeps none.
        granted: Option<u64>,
        /// When to look after him who waits.
        look_at: Millis,
    },
    /// Somebody was looked after.
    Looked {
        /// Who.
        interaction: SessionId,
        /// Whether he is back in line: nothing came of what was asked for him.
        back: bool,
        /// When to look again.
        look_at: Millis,
    },
    /// What an agent can take.
    Knows {
        /// Who.
        agent: AgentName,
        /// As of this version.
        version: u64,
        /// How many more.
        free: u32,
        /// Since when he has had nothing new to do.
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

/// One who waits.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Waiting {
    /// The interaction.
    pub interaction: SessionId,
    /// Its priority.
    pub priority: i32,
    /// Since when.
    pub since: Millis,
    /// The agent who is being asked for it.
    pub asking: Option<AgentName>,
}

/// One who could take them.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Idle {
    /// Who.
    pub agent: AgentName,
    /// How many more.
    pub free: u32,
    /// Since when he has had nothing new to do.
    pub since: Millis,
}

/// See the module's description.
#[derive(Debug, Clone, PartialEq)]
pub struct Queue {
    name: QueueName,
    state: State,
    ledger: Ledger,
}

impl Queue {
    /// An empty queue.
    pub fn new(name: QueueName) -> Self {
        Self { name, state: State::default(), ledger: Ledger::default() }
    }

    /// How many wait.
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

    /// Reads who waits.
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
    pub fn timers(&self) -> impl Iterator<Item = (TimerId, Millis)> {
        self.ledger.timers()
    }
}
