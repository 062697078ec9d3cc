//! The chat session: connects participants and carries their events.

pub mod command;
mod draft;
pub mod event;
mod hands;
mod machine;
mod read;
mod snapshot;
mod state;
#[cfg(test)]
mod tests;

pub use command::{Bot, ChatAnswer, Limits, Opening, View};
pub use event::{Body, Event, LeaveReason, Participant, Role, Start, Text, Typing, ViewKind, Visibility};
pub(crate) use machine::cut;
pub use state::Session;
