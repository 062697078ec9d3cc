//! What a correspondent journals.

use crate::id::{CommandId, Served, SessionId};
use bincode::{Decode, Encode};

/// A change of a correspondent, as it is journaled.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum CorrespondentChange {
    /// What came under this id belongs to this chat, which is the one that goes on from here.
    Took {
        /// The command that the message is to the chat.
        id: CommandId,
        /// The chat.
        chat: SessionId,
        /// When, in served time.
        at: Served,
    },
    /// A chat has ended.
    Over {
        /// The chat.
        chat: SessionId,
        /// What was to be in it and is not.
        without: Vec<CommandId>,
    },
}
