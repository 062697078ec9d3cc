//! What agents look up beside their chats: who a customer is, and earlier chats.

use super::ReadError;
use async_trait::async_trait;
use handoff_chat::opening::Names;
use handoff_chat::{Millis, SessionId};

/// What agents may look up beside their chats.
#[async_trait]
pub trait Archive: Send + Sync + 'static {
    /// Who the customer of a chat is, and their earlier chats; `None`: they said nothing to be found by.
    ///
    /// # Errors
    /// [`ReadError`].
    async fn past(&self, chat: &SessionId) -> Result<Option<Past>, ReadError>;

    /// The page of a chat's record whose first event has this `seq`; `None`: unknown.
    ///
    /// # Errors
    /// As [`Archive::past`].
    async fn transcript(&self, chat: &SessionId, from: u64) -> Result<Option<TranscriptPage>, ReadError>;
}

/// A contact with their chats, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// The contact's id; `None`: it is not to be known.
    pub contact: Option<String>,
    /// Who they are.
    pub names: Names<String>,
    /// When they were first met; `None`: it is not to be known.
    pub since: Option<Millis>,
    /// The names and the address that the start of the present chat itself gave.
    pub said: Names<String>,
    /// Whether the site signed who starts the present chat.
    pub verified: bool,
    /// The contact's chats, the present one too.
    pub records: Vec<PastChat>,
}

/// One chat of a contact.
#[derive(Debug, Clone, PartialEq)]
pub struct PastChat {
    /// The session's id; also of a chat that is still going on.
    pub chat: SessionId,
    /// The service that the chat began with.
    pub service: String,
    /// What the customer said that the chat was about; may be empty.
    pub subject: String,
    /// When it started.
    pub started_at: Millis,
    /// When it ended; `None`: it has not, or its record is not closed yet.
    pub ended_at: Option<Millis>,
    /// Whether the site signed who started it.
    pub verified: bool,
}

/// A page of a transcript, small enough for one frame of a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranscriptPage {
    /// The JSON transcript of the page's own events.
    pub json: Vec<u8>,
    /// The `seq` at which the next page begins; `None`: this is the last.
    pub next: Option<u64>,
}
