//! The chat session: connects participants and carries their events.

mod actions;
mod clear;
pub mod command;
mod draft;
pub mod event;
mod files;
mod idle;
mod machine;
mod pushes;
mod read;
mod rich;
pub mod shown;
mod snapshot;
mod state;
#[cfg(test)]
mod tests;
mod turns;
mod typing;
mod view;

pub use command::{Bot, ChatAnswer, Counts, IdleTerms, Limits, Opening, Talk, View};
pub use event::{
    Body, Event, IdleStage, LeaveReason, Participant, Role, Start, Text, Typing, ViewKind, Visibility,
};
pub(crate) use machine::cut;
pub use machine::too_long;
pub use pushes::Push;
pub use shown::{Shown, What};
pub use state::Session;
pub use view::VIEW_BYTES_MAX;
