//! The agent: status, presence and capacity. The one place where a reservation is granted or refused.
//!
//! What they hold (reservations, offers, chats) are claims that the interaction can void. A claim with a proposal or an
//! acceptance on its way is decided by the answer to that alone: whatever else happens to them meanwhile waits for it.

mod decide;
mod desk;
mod draft;
mod snapshot;
mod state;
#[cfg(test)]
mod tests;

use crate::command::{Caller, Read, Reading, Reject};
use crate::entry::{Effect, Entry};
use crate::id::{AgentName, CommandId, EffectId, Millis, QueueName, Served, SessionId, TimerId};
use crate::ledger::Ledger;
use crate::routing::{Ticket, Withdrawal};
use bincode::{Decode, Encode};
use state::{Kept, State};
use std::collections::VecDeque;

/// How many answers are kept for repeats.
const ANSWERS_KEPT: usize = 256;

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

/// A change of an agent, as it is journaled.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum AgentChange {
    /// A change that others see begins: this is its version, and what was over is shown no more.
    Version(u64),
    /// What the configuration says of them now.
    Profile(Profile),
    /// Another status: chosen by them, or set when they let an offer time out or were lost.
    Status(Status),
    /// Whether their windows are gone.
    Lost(bool),
    /// Since when they have had nothing new to do.
    Idle(Millis),
    /// A place is kept.
    Reserved {
        /// The interaction for which it is kept.
        interaction: SessionId,
        /// The attempt with which it waits.
        attempt: u64,
        /// The queue that asked for it.
        queue: QueueName,
        /// What they are shown when it is offered.
        ticket: Ticket,
    },
    /// A claim moved on.
    Moved {
        /// The interaction that it is a claim on.
        interaction: SessionId,
        /// The attempt by which the interaction knows the claim now.
        attempt: u64,
        /// How far the claim has come.
        stage: Stage,
        /// When to ask whether it still holds, in served time.
        look_at: Served,
    },
    /// They were lost, and so is this claim: freed as soon as the interaction knows.
    LettingGo {
        /// The interaction that it is a claim on.
        interaction: SessionId,
    },
    /// A claim is no more.
    Freed {
        /// The interaction that it was a claim on.
        interaction: SessionId,
        /// Why, when they are to be shown it once more.
        over: Option<Withdrawal>,
    },
    /// It was asked whether a claim still holds.
    Looked {
        /// The interaction that was asked.
        interaction: SessionId,
        /// When to ask again, in served time.
        look_at: Served,
    },
    /// The answer kept for repeats of a desk's command.
    Answered {
        /// The id that a repeat carries again.
        id: CommandId,
        /// A hash of what was asked.
        digest: u64,
        /// The desk's version in the answer.
        version: u64,
    },
}

/// An agent's desk, as each of their windows shows it.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Desk {
    /// Raised by each change.
    pub version: u64,
    /// The status they chose.
    pub status: Status,
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

/// The machine of one agent: what they chose, what they hold, and what is owed to others.
#[derive(Debug, Clone, PartialEq)]
pub struct Agent {
    name: AgentName,
    state: State,
    kept: VecDeque<Kept>,
    ledger: Ledger,
}

impl Agent {
    /// An agent who never signed in.
    pub fn new(name: AgentName) -> Self {
        Self { name, state: State::default(), kept: VecDeque::new(), ledger: Ledger::default() }
    }

    /// How many places are taken: kept, offered, talked in, and not yet given back.
    pub fn taken(&self) -> usize {
        self.state.claims.len()
    }

    /// The status they chose.
    pub fn status(&self) -> &Status {
        &self.state.status
    }

    /// Changes the state as a journaled entry says.
    pub fn apply(&mut self, entry: &Entry) {
        match entry {
            Entry::Agent(AgentChange::Answered { id, digest, version }) => {
                if self.kept.len() >= ANSWERS_KEPT {
                    self.kept.pop_front();
                }
                self.kept.push_back(Kept { id: id.clone(), digest: *digest, version: *version });
            }
            Entry::Agent(change) => self.state.change(change),
            other => self.ledger.apply(other),
        }
    }

    /// Reads the desk; always the whole of it.
    ///
    /// # Errors
    /// [`Reject::NotAllowed`] to all but the agent's own windows, the node and its operators.
    pub fn read(&self, caller: &Caller, read: &Read) -> Result<Reading, Reject> {
        match (read, caller) {
            (Read::Desk { .. }, Caller::System | Caller::Operator) => {}
            (Read::Desk { .. }, Caller::Agent(name)) if *name == self.name => {}
            _ => return Err(Reject::NotAllowed),
        }
        let State { version, status, profile, .. } = self.state.clone();
        Ok(Reading::Desk(Box::new(Desk { version, status, profile, work: self.state.work() })))
    }

    /// What is owed, oldest first.
    pub fn owed(&self) -> impl Iterator<Item = (EffectId, &Effect)> {
        self.ledger.owed()
    }

    /// Armed timers and their moments of served time.
    pub fn timers(&self) -> impl Iterator<Item = (TimerId, Served)> {
        self.ledger.timers()
    }

    /// Whether the caller is this agent.
    pub(crate) fn is(&self, caller: &Caller) -> bool {
        matches!(caller, Caller::Agent(name) if *name == self.name)
    }

    /// Whether the host is to watch for their windows: they are signed in, and not known to be lost.
    pub fn watched(&self) -> bool {
        self.state.here()
    }
}
