//! What a machine answers a command with.

use crate::command::Answer;
use crate::entry::Entry;
use crate::event::Typing;

/// What a decision brings: entries to journal and apply at once, what the caller is answered once they are
/// committed, and typing that is shown but not journaled.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// To be journaled and applied, in order. Empty: nothing to commit.
    pub entries: Vec<Entry>,
    /// What the caller is told once the entries are committed.
    pub answer: Answer,
    /// To be applied with [`crate::Entity::show_typing`] after the entries, in order.
    pub typing: Vec<Typing>,
}
