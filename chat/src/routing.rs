//! What interaction, queue and agent say to each other. Between their shards nothing is atomic.
//!
//! The interaction is the authority on where it is; every move raises its `attempt`. A message of a move carries
//! (interaction, attempt) and is owed by its sender until answered; receivers answer a lower attempt "void" and a
//! repeated message as before, by their state. What queues and agents hold are claims that the interaction can void.
//!
//! A move from the queue to an agent: the queue asks an agent's entity to `Reserve`; the agent, who alone grants
//! capacity, tells the interaction `Propose`; the interaction journals that it is now an offer (attempt + 1), tells
//! the queue `Withdraw`, and counts the offer's time. The agent's `Accept` moves it to the agent (attempt + 1).

#[cfg(test)]
mod tests;

use crate::id::{AgentName, CommandId, Millis, QueueName, Served, SessionId};
use bincode::{Decode, Encode};
use std::collections::BTreeMap;

/// Who waits, as queues order it and agents see it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Ticket {
    /// As the workflow's step says it; higher goes first.
    pub priority: i32,
    /// When the interaction first came to a queue; kept when it comes back.
    pub since: Millis,
    /// The customer's nickname, which agents see before they take the chat.
    pub nickname: String,
    /// What the chat is about, as the start said it; may be empty.
    pub subject: String,
    /// Attached data that agents are shown; a value that was cut ends with an ellipsis.
    pub data: BTreeMap<String, String>,
    /// How many keys of attached data are not among them, or not with their whole value.
    pub left_out: u32,
    /// Whether the site signed who the customer is.
    pub verified: bool,
    /// Agents who are not to be asked before these moments (served time of the interaction's shard): they declined.
    pub declined: BTreeMap<AgentName, Served>,
}

#[cfg(test)]
impl Ticket {
    /// Of one of whom no more is known than their place in line.
    pub(crate) fn plain(priority: i32, since: Millis) -> Self {
        let (nickname, subject, data, declined) = Default::default();
        Self { priority, since, nickname, subject, data, left_out: 0, verified: false, declined }
    }
}

/// From one entity to another.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Message {
    /// For a queue's entity.
    ToQueue(ToQueue),
    /// For an agent's entity.
    ToAgent(ToAgent),
    /// For the session's entity, which has the interaction in it.
    ToInteraction(ToInteraction),
    /// For the entity of whoever writes from an address.
    ToCorrespondent(ToCorrespondent),
    /// For the session's entity, whatever is in it.
    ToSession(ToSession),
}

/// What others say to a session.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ToSession {
    /// From a correspondent, who heard nothing for long: whether it goes on. Answered `Held` or `Gone`.
    GoesOn,
}

/// What others say to a correspondent.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ToCorrespondent {
    /// From a session: it has ended, and takes nothing more. Answered `Done`.
    Over {
        /// The session that has ended.
        session: SessionId,
        /// The customer's newest commands that it has taken, oldest first.
        took: Vec<CommandId>,
        /// Whether it took others before those.
        more: bool,
    },
}

/// What others say to a queue.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ToQueue {
    /// From an interaction: it waits here now. Answered `Done`, `Void`, or `Full`.
    Enqueue {
        /// The interaction that waits here now.
        interaction: SessionId,
        /// The attempt of the move that brought it here.
        attempt: u64,
        /// Its place in line.
        ticket: Ticket,
    },
    /// From an interaction: it is elsewhere now, as of this attempt. Answered `Done`.
    Withdraw {
        /// The interaction that is elsewhere now.
        interaction: SessionId,
        /// The attempt of the move that took it away; all below it are void here.
        attempt: u64,
    },
    /// From an agent: what they can take. Answered `Done`; an older version than known changes nothing.
    Available {
        /// The agent who says so; only their own entity is believed.
        agent: AgentName,
        /// Raised by the agent with each change.
        version: u64,
        /// Whether they are ready for this queue's chats, with all places taken perhaps.
        here: bool,
        /// How many more chats they can take; 0: none, or they are not ready.
        free: u32,
        /// Since when they have had nothing new to do.
        idle_since: Millis,
    },
}

/// What others say to an agent's entity.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ToAgent {
    /// From a queue: keep a place for this interaction. Answered `Granted` or `Refused`.
    Reserve {
        /// The interaction that a place is wanted for.
        interaction: SessionId,
        /// The interaction's attempt with which it waits in the queue.
        attempt: u64,
        /// The queue that asks, as it stands in the agent's profile.
        queue: QueueName,
        /// What the agent is shown.
        ticket: Ticket,
    },
    /// From an interaction: offer or chat is over, as of this attempt. Answered `Done`.
    Withdrawn {
        /// The interaction that takes back what it gave.
        interaction: SessionId,
        /// The attempt of the move that ended the claim.
        attempt: u64,
        /// What the agent is told, where the claim was shown at the desk.
        why: Withdrawal,
    },
}

/// Why an offer or a chat is over for an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Withdrawal {
    /// They did not answer the offer in time: they are set not ready.
    TimedOut,
    /// The customer left, or the interaction was stopped, before they accepted.
    Abandoned,
    /// They left the chat.
    Left,
    /// The chat has ended.
    Ended,
    /// They were lost, and the interaction went back to its queue.
    Lost,
}

/// What others say to an interaction.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ToInteraction {
    /// From an agent who granted a reservation. Answered `Proposed`, `Void` or `Gone`.
    Propose {
        /// The attempt with which it waits.
        attempt: u64,
        /// The agent who keeps a place for it.
        agent: AgentName,
    },
    /// From an agent who accepted the offer. Answered `Joined`, `Void` or `Gone`.
    Accept {
        /// As the interaction said it when it took the proposal.
        attempt: u64,
        /// The agent who has the offer.
        agent: AgentName,
        /// The nickname they show.
        nickname: String,
    },
    /// From an agent who does not take the offer. Answered `Done`, or `Void`.
    Decline {
        /// As the interaction said it when it took the proposal.
        attempt: u64,
        /// The agent who had the offer.
        agent: AgentName,
    },
    /// From an agent who was lost while they had the offer or the chat. Answered `Done`, or `Void`.
    AgentLost {
        /// The attempt with which they have it.
        attempt: u64,
        /// The agent whose windows are gone.
        agent: AgentName,
    },
    /// From a holder of a claim who wants to know whether it still holds. Answered `Held`, `Void` or `Gone`.
    Verify {
        /// The attempt that the holder knows.
        attempt: u64,
        /// The queue or agent that asks.
        holder: Holder,
    },
    /// From a queue in which nobody is to wait any longer. Answered `Done`, `Void` or `Gone`; whichever, it waits there
    /// no more.
    TurnedAway {
        /// The attempt with which it waits.
        attempt: u64,
        /// The queue that turns it away, because the configuration has it no longer.
        queue: QueueName,
    },
}

/// Who holds a claim.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Holder {
    /// A queue, in which it waits.
    Queue(QueueName),
    /// An agent, by offer or chat.
    Agent(AgentName),
}

/// What a message is answered.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Reply {
    /// Taken; nothing has to be said back.
    Done,
    /// The attempt is not the current one any more: forget the claim.
    Void,
    /// There is no such interaction, or it has ended: forget the claim.
    Gone,
    /// The claim holds, as of the attempt asked for.
    Held,
    /// The agent keeps a place.
    Granted {
        /// The first version of [`ToQueue::Available`] that counts it.
        version: u64,
    },
    /// The agent keeps none; what they can take as of this version.
    Refused {
        /// As in [`ToQueue::Available`].
        version: u64,
        /// As in [`ToQueue::Available`].
        here: bool,
        /// As in [`ToQueue::Available`]; the queue counts it as none until the agent says more.
        free: u32,
        /// As in [`ToQueue::Available`].
        idle_since: Millis,
    },
    /// The interaction is offered to the agent now.
    Proposed {
        /// The attempt of the move to the agent's offer; an acceptance names it.
        attempt: u64,
        /// When it times out, by the wall clock; for the desktop's countdown.
        until: Millis,
    },
    /// The agent is in the chat.
    Joined {
        /// The attempt of the move into the chat.
        attempt: u64,
    },
    /// As many wait in the queue as may: it takes nobody at its end.
    Full,
}
