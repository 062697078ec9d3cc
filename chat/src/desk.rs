//! An agent's desk: what is done there, and what each of its windows shows.

use crate::id::{Millis, QueueName, SessionId};
use crate::routing::{Ticket, Withdrawal};
use bincode::{Decode, Encode};

/// Something at an agent's desk.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum DeskAct {
    /// A window is opened: the agent signs in, or is signed in already. A profile that differs replaces the one known.
    SignIn {
        /// What the configuration says of them.
        profile: Profile,
    },
    /// They sign out; refused while they have chats.
    SignOut,
    /// They take chats from now on.
    Ready,
    /// They take none, for this reason (may be empty).
    NotReady {
        /// Shown at the desk and to operators.
        reason: String,
    },
    /// They take an offer.
    Accept {
        /// The interaction that is offered.
        interaction: SessionId,
    },
    /// They do not take an offer.
    Decline {
        /// The interaction that is offered.
        interaction: SessionId,
    },
    /// From the host: no window was there for the grace time.
    Lost,
}

/// What the configuration says of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Profile {
    /// The nickname they show.
    pub nickname: String,
    /// Most chats at a time.
    pub capacity: u32,
    /// The queues they serve.
    pub queues: Vec<QueueName>,
}

/// What a desk is answered.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct DeskAnswer {
    /// The desk's version after it.
    pub version: u64,
}

/// An agent's desk, as each of their windows shows it.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Desk {
    /// Raised by each change.
    pub version: u64,
    /// The status they chose.
    pub status: Status,
    /// Since when.
    pub status_since: Millis,
    /// What the configuration said at their last signing in; none: they never did.
    pub profile: Option<Profile>,
    /// Offers and chats, oldest first.
    pub work: Vec<Work>,
}

/// The status an agent chose, apart from their presence.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Status {
    /// Not signed in: queues are told nothing of them.
    SignedOut,
    /// Takes chats from the queues of the profile, up to its capacity.
    Ready,
    /// Signed in, and takes none.
    NotReady {
        /// Why; `no answer` when they let an offer time out, `lost` when their windows were gone.
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
    /// What is known of the customer, as it stood when the place was kept.
    pub ticket: Ticket,
    /// How far it has come.
    pub stage: Stage,
}

/// Where an offer or chat stands.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Stage {
    /// A place is kept; not shown at the desk yet.
    Reserved,
    /// It rings at the desk.
    Offered {
        /// When it times out, by the wall clock.
        until: Millis,
    },
    /// They accepted; the interaction has not said yet that they are in.
    Accepting,
    /// They are in the chat.
    Chatting,
    /// It is over; shown to the desk's windows until the next change, what went while they were gone until the first
    /// change after they are back.
    Over {
        /// What the desk says of it.
        why: Withdrawal,
    },
}
