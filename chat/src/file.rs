//! Files that participants share: what a session keeps of them. Their bytes are elsewhere, under session and file id.

use crate::text::Text;
use bincode::{Decode, Encode};
use sha2::{Digest, Sha256};

/// A file's id within its session: 63 bits, shown as 16 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
pub struct FileId(pub u64);

impl FileId {
    /// An id of fresh random bits, for an upload that names none.
    #[must_use]
    pub fn from_random(random: u64) -> Self {
        Self(random >> 1)
    }

    /// Of an uploader's own id for their upload, so that a repeat is the same file.
    #[must_use]
    pub fn from_client_id(uploader: &str, client_id: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"handoff file id 1\0");
        hash.update(u64::try_from(uploader.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(uploader.as_bytes());
        hash.update(client_id.as_bytes());
        let digest = hash.finalize();
        let head = digest.iter().take(8).fold(0_u64, |head, byte| (head << 8) | u64::from(*byte));
        Self::from_random(head)
    }

    /// Takes an id from outside; `None` when it isn't 16 hex digits of 63 bits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let id = fits.then(|| u64::from_str_radix(text, 16).ok())??;
        (id >> 63 == 0).then_some(Self(id))
    }
}

impl std::fmt::Display for FileId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:016X}", self.0)
    }
}

/// What is known of a file's bytes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct File {
    /// Unique in its session only.
    pub id: FileId,
    /// Its name as its uploader has it, without folders.
    pub name: Text,
    /// Its size in bytes.
    pub bytes: u64,
    /// What it is by its content (`image/png`).
    pub media_type: String,
    /// What its uploader says of it; may be empty.
    pub description: Text,
}

/// What a session allows, fixed at its start.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct FileLimits {
    /// Most files of one participant at a time.
    pub files_max: u32,
    /// Largest file, in bytes.
    pub file_bytes_max: u64,
    /// Most bytes of all files of one participant together.
    pub total_bytes_max: u64,
    /// Endings of names, with `:` between them; a file's content must fit its ending.
    pub types: String,
    /// Whether a customer must wait for an agent before they upload.
    pub need_agent: bool,
    /// How often the customer may download; 0: any number of times.
    pub downloads_max: u32,
}

/// Why something with a file is refused.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, thiserror::Error)]
pub enum FileReject {
    /// This chat takes no files.
    #[error("files are switched off here")]
    Off,
    /// The participant has as many as they may.
    #[error("no more than {files_max} files")]
    TooMany {
        /// As the session started with it.
        files_max: u32,
    },
    /// It alone, or with their others, is larger than allowed.
    #[error("no more than {bytes_max} bytes")]
    TooLarge {
        /// The limit that it is over.
        bytes_max: u64,
    },
    /// The customer's channel can't show it.
    #[error("the customer's channel can't show this file")]
    NotShown,
    /// A customer must wait for an agent.
    #[error("wait for an agent before you send a file")]
    NeedsAgent,
    /// No such file, or no longer, or not for them.
    #[error("no such file")]
    Unknown,
    /// The customer has downloaded as often as they may.
    #[error("no more than {downloads_max} downloads")]
    NoMoreDownloads {
        /// As the session started with it.
        downloads_max: u32,
    },
}
