//! What a queue journals.

use crate::command::Pace;
use crate::id::{AgentName, EffectId, Millis, Served, SessionId};
use crate::routing::Ticket;
use bincode::{Decode, Encode};

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
        /// When it came here, by the wall clock.
        came: Millis,
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
        /// Whether they are there for this queue, with all places taken perhaps.
        here: bool,
        /// How many more chats they can take.
        free: u32,
        /// Since when they have had nothing new to do.
        idle_since: Millis,
    },
    /// How the line moves, now that one more was taken.
    Paced(Pace),
}
