//! Who types. It is shown and never journaled, and it ends: by its author's word, with what they send, when they leave,
//! and after a while in which they did not say it again.

use crate::event::PerView;
use crate::event::{Typing, ViewKind};
use crate::id::Millis;
use std::collections::VecDeque;

/// How long typing holds that nobody refreshes, in milliseconds.
const TYPING_MS: u64 = 15_000;
/// For how many the last word on their typing is kept to be shown.
const TYPISTS_KEPT: usize = 64;

/// The last word of each on their typing, the newest last. Forgotten when the session is restored.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Typists {
    typists: VecDeque<Typist>,
    /// When somebody typed last.
    typed_at: Option<Millis>,
}

#[derive(Debug, Clone, PartialEq)]
struct Typist {
    last: Typing,
    /// The index in each view with which they first began. Who has not read so far need not hear that it is over.
    began: PerView<Option<u64>>,
}

impl Typists {
    pub(super) fn take(&mut self, typing: &Typing) {
        let before = self.typists.iter().position(|typist| typist.last.by == typing.by);
        let before = before.and_then(|at| self.typists.remove(at));
        let began = match before {
            // Who saw them begin earlier may not have read that they stopped.
            Some(before) => before.began,
            None if typing.started => typing.index,
            // An owner before may have shown that they began.
            None => typing.index.map(|index| index.map(|_| 1)),
        };
        if typing.started {
            self.typed_at = Some(typing.at);
        }
        if self.typists.len() >= TYPISTS_KEPT {
            self.typists.pop_front();
        }
        self.typists.push_back(Typist { last: typing.clone(), began });
    }

    /// What a reader does not know: who types now, and of whose typing they have read that it is over.
    pub(super) fn shown_from(&self, view: ViewKind, position: u64) -> impl Iterator<Item = &Typing> {
        let is_news = move |typist: &&Typist| {
            let Typist { last, began } = typist;
            let began = view.of(began);
            let known = last.started || began.is_some_and(|began| began < position);
            position > 0 && known && view.of(&last.index).is_some_and(|index| index >= position)
        };
        self.typists.iter().filter(is_news).map(|typist| &typist.last)
    }

    pub(super) fn is_typing(&self, by: u32) -> bool {
        self.typists.iter().any(|typist| typist.last.by == by && typist.last.started)
    }

    /// Who types and has not said so for too long.
    pub(super) fn silent(&self, now: Millis) -> impl Iterator<Item = u32> {
        let silent = move |typing: &&Typing| typing.started && now.0.abs_diff(typing.at.0) >= TYPING_MS;
        self.typists.iter().map(|typist| &typist.last).filter(silent).map(|typing| typing.by)
    }

    pub(super) fn typed_at(&self) -> Option<Millis> {
        self.typed_at
    }
}
