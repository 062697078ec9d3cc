//! The queue: who waits, and who could take them.

use crate::Turn;
use crate::command::{Caller, Command, Read, Reading, Reject};
use crate::entity::Decision;
use crate::entry::{Effect, Entry};
use crate::id::{AgentName, EffectId, Millis, QueueName, SessionId, TimerId};
use bincode::{Decode, Encode};

/// A change of a queue, as it is journaled.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum QueueChange {}

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
}

impl Queue {
    /// An empty queue.
    pub fn new(name: QueueName) -> Self {
        Self { name }
    }
    /// As [`crate::Session::decide`].
    ///
    /// # Errors
    /// [`Reject`].
    pub fn decide(&self, _command: &Command, _turn: &Turn) -> Result<Decision, Reject> {
        Err(Reject::NotAllowed)
    }
    /// Changes the state.
    pub fn apply(&mut self, _entry: &Entry) {}
    /// Reads.
    ///
    /// # Errors
    /// [`Reject`].
    pub fn read(&self, _caller: &Caller, _read: &Read) -> Result<Reading, Reject> {
        Err(Reject::NotAllowed)
    }
    /// State as bytes.
    ///
    /// # Errors
    /// Too large.
    pub fn to_snapshot(&self) -> Result<Vec<u8>, handoff_codec::Error> {
        handoff_codec::encode(&self.name)
    }
    /// From bytes.
    ///
    /// # Errors
    /// Damaged.
    pub fn from_snapshot(bytes: &[u8]) -> Result<Self, handoff_codec::Error> {
        Ok(Self { name: handoff_codec::decode(bytes)? })
    }
    /// What is owed.
    pub fn owed(&self) -> impl Iterator<Item = (EffectId, &Effect)> {
        std::iter::empty()
    }
    /// Timers.
    pub fn timers(&self) -> impl Iterator<Item = (TimerId, Millis)> {
        std::iter::empty()
    }
}
