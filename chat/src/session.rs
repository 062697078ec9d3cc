//! The chat session: connects participants and carries their events.

pub mod command;
mod draft;
pub mod event;
mod machine;
mod read;
mod snapshot;
mod state;
#[cfg(test)]
mod tests;

pub use command::{Act, Answer, Bot, Caller, Command, Limits, Opening, Read, Reading, Reject, View};
pub use event::{
    Body, Effect, Entry, Event, LeaveReason, Participant, Role, Start, Text, Typing, ViewKind, Visibility,
};
pub use state::Session;

/// What a decision brings: entries to journal and apply at once, what the caller is answered once they are
/// committed, and typing that is shown but not journaled.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// To be journaled and applied, in order. Empty: nothing to commit.
    pub entries: Vec<Entry>,
    /// For the caller.
    pub answer: Answer,
    /// To be applied with `show_typing` after the entries.
    pub typing: Option<Typing>,
}
