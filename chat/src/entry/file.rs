//! What a session journals of its files that is no event.

use crate::file::{File, FileId};
use crate::id::Served;
use bincode::{Decode, Encode};

/// A change of the files of a session.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum FileChange {
    /// Somebody is about to store this file; it counts already.
    Reserved {
        /// The file's id within its session.
        id: FileId,
        /// The number of the participant who stores it.
        by: u32,
        /// How large it is, in bytes.
        bytes: u64,
        /// When it no longer counts, in served time.
        lapses_at: Served,
    },
    /// It is stored, and shown to nobody before it was looked through.
    Held {
        /// The number of the participant who brought it.
        by: u32,
        /// What is known of it.
        file: Box<File>,
    },
    /// It is not shown to anybody after all.
    Released(FileId),
    /// The customer was given one.
    Downloaded,
}
