//! What a socket has said of typing and not taken back: when it closes, it is taken back for it.

use handoff_chat::SessionId;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// The chats in which a socket's client types.
#[derive(Default)]
pub(crate) struct Typing(RefCell<BTreeSet<SessionId>>);

impl Typing {
    /// The client types in a chat, or no longer.
    pub(crate) fn note(&self, chat: &SessionId, started: bool) {
        if started {
            self.0.borrow_mut().insert(chat.clone());
        } else {
            self.0.borrow_mut().remove(chat);
        }
    }

    /// Takes those in which it types.
    pub(crate) fn take(&self) -> BTreeSet<SessionId> {
        self.0.take()
    }
}
