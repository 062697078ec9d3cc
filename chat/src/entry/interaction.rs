//! What an interaction journals.

use crate::id::{AgentName, Millis, QueueName, Served, TimerId};
use crate::text::Text;
use crate::workflow::{Program, StepNo};
use bincode::{Decode, Encode};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An interaction as it begins.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Begun {
    /// What it runs, whatever the configuration says later.
    pub program: Arc<Program>,
    /// The service asked for.
    pub service: String,
    /// The customer's nickname; a later one replaces it.
    pub nickname: Text,
    /// What the chat is about, as the start said it; may be empty.
    pub subject: Text,
    /// Attached data as given at the start.
    pub data: BTreeMap<String, Text>,
    /// Whether the site signed who the customer is.
    pub verified: bool,
}

/// Where an interaction is: always exactly one place.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Place {
    /// With its workflow, which runs or rests.
    Workflow,
    /// It waits in a queue.
    Queue(QueueName),
    /// It is offered to an agent who keeps a place.
    Offer {
        /// The agent who alone may accept it.
        agent: AgentName,
        /// The queue that it came from, and goes back to when nobody takes it.
        queue: QueueName,
        /// When the offer times out, by the wall clock.
        until: Millis,
    },
    /// An agent has it, and is in the chat.
    Agent {
        /// The agent who accepted it.
        agent: AgentName,
        /// The queue that it came from, and goes back to when the agent is lost.
        queue: QueueName,
    },
    /// It is over, and never moves again.
    Done(How),
}

impl Place {
    /// Whether the customer waits for an agent there; an offer that nobody takes does not end the waiting.
    #[must_use]
    pub fn waits(&self) -> bool {
        matches!(self, Self::Queue(_) | Self::Offer { .. })
    }
}

/// How an interaction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum How {
    /// Its session came to its end.
    Completed,
    /// The customer left while they waited for an agent.
    Abandoned,
    /// An operator stopped it.
    Forced,
    /// The workflow ran too many steps without waiting for anything.
    Failed,
}

/// What a timer of an interaction is for. One of each at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Purpose {
    /// The step waits no longer.
    Step,
    /// The next text is due for one who waits.
    Text,
    /// The offer times out.
    Offer,
}

/// A change of an interaction, as it is journaled. Attached data are events of the session.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum InteractionChange {
    /// The first change of each interaction.
    Begun(Box<Begun>),
    /// The workflow came to a step; none: it rests.
    Stepped(Option<StepNo>),
    /// It is elsewhere now.
    Moved {
        /// Raised by each move.
        attempt: u64,
        /// Where it is from now on.
        place: Place,
        /// By the wall clock of the shard's owner.
        at: Millis,
    },
    /// An agent does not take it, and is not to be asked before this moment of served time.
    Declined {
        /// The agent who declined, or let the offer time out.
        agent: AgentName,
        /// In served time of the interaction's shard.
        not_before: Served,
    },
    /// A timer is armed for something, or no longer.
    Timer {
        /// There is one timer of each purpose at most.
        purpose: Purpose,
        /// As the session armed it; none: it is needed no longer.
        id: Option<TimerId>,
    },
    /// The step's time was over while an agent was asked: it counts when they do not take it.
    Overdue,
    /// One who waits was told another text.
    Comforted,
    /// The session has ended: nobody can be reached any more.
    Offline(How),
    /// The queue to which the step routes is full.
    Refused,
}
