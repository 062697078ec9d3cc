//! What a socket has said of typing and not taken back: when it closes, it is taken back for it.

use handoff_chat::SessionId;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// The chats in which a socket's client types.
#[derive(Default)]
pub(crate) struct Typing {
    chats: RefCell<BTreeSet<SessionId>>,
    /// It is not ended by the end of what it was said over.
    outlasts: bool,
}

impl Typing {
    /// That of a client who polls, which no request's end ends: only what is sent, their own word and its time.
    pub(crate) fn that_outlasts() -> Self {
        Self { outlasts: true, ..Self::default() }
    }

    /// The client types in a chat, or no longer.
    pub(crate) fn note(&self, chat: &SessionId, started: bool) {
        if started && !self.outlasts {
            self.chats.borrow_mut().insert(chat.clone());
        } else {
            self.chats.borrow_mut().remove(chat);
        }
    }

    /// Takes those in which it types.
    pub(crate) fn take(&self) -> BTreeSet<SessionId> {
        self.chats.take()
    }
}
