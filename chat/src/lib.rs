//! What a conversation is, and nothing else: ids, commands, events, stored shapes and the pure state
//! machines.
//!
//! A machine is `command + state -> entries + answer` ([`session::Session::decide`]) and `entry + state ->
//! state` ([`session::Session::apply`]), with no I/O, clock or randomness of its own: those come in as a
//! [`Context`]. Replay, simulation and property tests are then cheap.

pub mod agent;
pub mod bot;
pub mod channel;
pub mod command;
pub mod contact;
pub mod correspondent;
pub mod decision;
pub mod desk;
pub mod entity;
pub mod entry;
pub mod event;
pub mod file;
pub mod happening;
pub mod id;
pub mod interaction;
pub mod key;
mod ledger;
pub mod opening;
pub mod privacy;
pub mod protocol;
pub mod queue;
pub mod rating;
pub mod record;
pub mod rich;
pub mod routing;
pub mod session;
#[cfg(test)]
mod stored_shapes;
pub mod text;
pub mod transcript;
pub mod workflow;
#[cfg(test)]
mod world;

pub use decision::Decision;
pub use entity::Entity;
pub use file::FileId;
pub use id::{
    AgentName, BotName, CLOCK_OFF_MS, CommandId, EffectId, EntityId, Millis, QueueName, Served, SessionId,
    TimerId,
};
pub use key::SecureKey;
pub use session::Session;

/// What a decision may know of the world beside its command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Wall clock as the shard gives it: never goes back within a shard's log.
    pub now: Millis,
    /// Time for deadlines: wall clock less all time in which the cluster could not serve this shard.
    pub served: Served,
    /// Fresh random bits for ids minted in this turn.
    pub random: [u8; 16],
    /// Queues: most that may wait here, as the owner's configuration says; 0: any number.
    pub waiting_max: u32,
    /// The protocol version that is kept to: what is journaled must be known in it.
    pub protocol: u16,
}

#[cfg(test)]
impl Context {
    /// At this moment of both times, in milliseconds, where nothing else matters.
    pub(crate) fn at(ms: i64) -> Self {
        Self { now: Millis(ms), served: Served(ms), random: [0; 16], waiting_max: 0, protocol: 1 }
    }
}
