//! The agent: status, presence and capacity. The one place where a reservation is granted or refused.

use crate::Turn;
use crate::command::{Caller, Command, Read, Reading, Reject};
use crate::entity::Decision;
use crate::entry::{Effect, Entry};
use crate::id::{AgentName, EffectId, Millis, QueueName, SessionId, TimerId};
use crate::routing::{Ticket, Withdrawal};
use bincode::{Decode, Encode};

/// Something at an agent's desk.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum DeskAct {
    /// A window is opened: the agent signs in, or is signed in already. A profile that differs replaces the one known.
    SignIn {
        /// What the configuration says of him.
        profile: Profile,
    },
    /// He signs out; refused while he has chats.
    SignOut,
    /// He takes chats.
    Ready,
    /// He takes none, for this reason (may be empty).
    NotReady {
        /// The reason.
        reason: String,
    },
    /// He takes an offer.
    Accept {
        /// Which.
        interaction: SessionId,
    },
    /// He does not take an offer.
    Decline {
        /// Which.
        interaction: SessionId,
    },
    /// From the host: no window was there for the grace time.
    Lost,
}

/// What the configuration says of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Profile {
    /// The nickname he shows.
    pub nickname: String,
    /// Most chats at a time.
    pub capacity: u32,
    /// The queues he serves.
    pub queues: Vec<QueueName>,
}

/// What a desk is answered.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct DeskAnswer {
    /// The desk's version after it.
    pub version: u64,
}

/// A change of an agent, as it is journaled.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum AgentChange {}

/// An agent's desk, as each of his windows shows it.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Desk {
    /// Raised by each change.
    pub version: u64,
    /// The status he chose.
    pub status: Status,
    /// What the configuration said at his last signing in; none: he never did.
    pub profile: Option<Profile>,
    /// Offers and chats, oldest first.
    pub work: Vec<Work>,
}

/// The status an agent chose, apart from his presence.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Status {
    /// Not signed in.
    SignedOut,
    /// Takes chats.
    Ready,
    /// Takes none.
    NotReady {
        /// Why; `no answer` when he let an offer time out, `lost` when his windows were gone.
        reason: String,
    },
}

/// An offer or a chat.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Work {
    /// The interaction; its session has the same id.
    pub interaction: SessionId,
    /// The queue it came from.
    pub queue: QueueName,
    /// Who waits.
    pub ticket: Ticket,
    /// Where it stands.
    pub stage: Stage,
}

/// Where an offer or chat stands.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Stage {
    /// A place is kept; not shown at the desk yet.
    Reserved,
    /// It rings.
    Offered {
        /// When it times out, by the wall clock.
        until: Millis,
    },
    /// He accepted; the interaction has not said yet that he is in.
    Accepting,
    /// He is in the chat.
    Chatting,
    /// It is over; shown to the desk's windows until the next change.
    Over {
        /// Why.
        why: Withdrawal,
    },
}

/// See the module's description.
#[derive(Debug, Clone, PartialEq)]
pub struct Agent {
    name: AgentName,
}

impl Agent {
    /// An agent who never signed in.
    pub fn new(name: AgentName) -> Self {
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
    /// Whether the host is to watch for his windows: he is signed in.
    pub fn watched(&self) -> bool {
        false
    }
}
