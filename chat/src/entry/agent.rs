//! What an agent journals.

use crate::desk::{Profile, Stage, Status};
use crate::id::{CommandId, Millis, QueueName, Served, SessionId};
use crate::routing::{Ticket, Withdrawal};
use bincode::{Decode, Encode};

/// A change of an agent, as it is journaled.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum AgentChange {
    /// A change that others see begins: this is its version, and what was over is shown no more.
    Version(u64),
    /// What the configuration says of them now.
    Profile(Profile),
    /// Another status: chosen by them, or set when they let an offer time out or were lost.
    Status {
        /// The status from now on.
        status: Status,
        /// Since when.
        since: Millis,
    },
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
