//! Rich messages in a session: which wait for an answer, and what of them is stored.

use super::draft::Draft;
use crate::event::PerView;
use crate::event::{Body, Event, ViewKind};
use crate::privacy::Privacy;
use crate::rich::Rich;
use crate::text::Text;
use bincode::{Decode, Encode};
use serde_json::Value;
use std::collections::VecDeque;

/// Most rich messages that wait for an answer; an older one is no longer answered.
const QUESTIONS_MAX: usize = 32;
/// What of a rich message is for programs, or an address: never masked.
const PLAIN: [&str; 7] = ["id", "kind", "type", "starts_at", "url", "image", "choices"];

/// The rich messages that wait for an answer, newest last. A stored shape.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub(super) struct Questions(VecDeque<Question>);

/// A rich message that waits for an answer. A stored shape.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(super) struct Question {
    /// The number of its event, by which an answer is stored.
    pub(super) seq: u64,
    /// Its index in each view.
    pub(super) index: PerView<Option<u64>>,
    /// The message as JSON, as it is stored: perhaps masked.
    content: Text,
}

impl Question {
    pub(super) fn rich(&self) -> Option<Rich> {
        Rich::read(&self.content.show()).ok()
    }
}

impl Questions {
    pub(super) fn happened(&mut self, event: &Event) {
        match &event.body {
            Body::Rich { content, .. } => {
                if self.0.len() >= QUESTIONS_MAX {
                    self.0.pop_front();
                }
                self.0.push_back(Question { seq: event.seq, index: event.index, content: content.clone() });
            }
            Body::RichReply { to, .. } => self.0.retain(|question| question.seq != *to),
            _ => {}
        }
    }

    /// The one with this index in a view.
    pub(super) fn at(&self, view: ViewKind, index: u64) -> Option<&Question> {
        self.0.iter().find(|question| view.of(&question.index) == Some(index))
    }

    /// The newest: the one that a typed answer is for.
    pub(super) fn last(&self) -> Option<&Question> {
        self.0.back()
    }
}

/// What is stored of a text and its content: both masked where they must be, and the originals sealed where some see
/// them.
struct Stored {
    text: Text,
    content: Text,
    sealed: Option<Text>,
}

impl Draft<'_> {
    /// Posts a rich message of somebody who is in.
    pub(super) fn rich(&mut self, by: u32, rich: &Rich, content: &str) -> u64 {
        let Stored { text, content, sealed } = self.stored(rich.text(), content);
        self.speak(by, Body::Rich { text, content, sealed })
    }

    /// Posts an answer to one.
    pub(super) fn rich_reply(&mut self, by: u32, question: &Question, text: &str, content: &str) -> u64 {
        let Stored { text, content, sealed } = self.stored(text, content);
        let (to, through) = (question.seq, question.index);
        self.speak(by, Body::RichReply { to, through, text, content, sealed })
    }

    fn stored(&self, text: &str, content: &str) -> Stored {
        let clean = |privacy: &Privacy| (privacy.clean(text), mask_json(privacy, content));
        match self.privacy.map(clean) {
            Some((masked_text, masked_content)) if masked_text != text || masked_content != content => {
                Stored {
                    sealed: self.sealed(&serde_json::to_string(&(text, content)).unwrap_or_default()),
                    text: Text::clear(&masked_text),
                    content: Text::clear(&masked_content),
                }
            }
            _ => Stored { text: Text::clear(text), content: Text::clear(content), sealed: None },
        }
    }
}

/// The two texts that were sealed together.
pub(super) fn both(sealed: &str) -> Option<(String, String)> {
    serde_json::from_str(sealed).ok()
}

fn mask_json(privacy: &Privacy, json: &str) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(json) else { return privacy.clean(json) };
    if mask_value(privacy, &mut value) { value.to_string() } else { json.to_owned() }
}

/// Masks what people read; says whether there was anything.
fn mask_value(privacy: &Privacy, value: &mut Value) -> bool {
    match value {
        Value::String(text) => {
            let masked = privacy.mask(text);
            let found = masked.is_some();
            *text = masked.unwrap_or_else(|| std::mem::take(text));
            found
        }
        Value::Array(items) => {
            let mut found = false;
            for item in items {
                found |= mask_value(privacy, item);
            }
            found
        }
        Value::Object(fields) => {
            let mut found = false;
            for (_, field) in fields.iter_mut().filter(|(name, _)| !PLAIN.contains(&name.as_str())) {
                found |= mask_value(privacy, field);
            }
            found
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
