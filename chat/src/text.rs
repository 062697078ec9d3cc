//! What people write, in clear or sealed.

use bincode::{Decode, Encode};
use std::borrow::Cow;

/// A stored text with room for the id of the key that seals it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Text {
    /// The id of the key that seals it; 0: in clear.
    pub key: u32,
    /// The bytes: UTF-8 when in clear.
    pub bytes: Vec<u8>,
}

impl Text {
    /// A text in clear.
    pub fn clear(text: &str) -> Self {
        Self { key: 0, bytes: text.as_bytes().to_vec() }
    }

    /// What is stored as JSON; null where it can't be read.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.show()).unwrap_or_default()
    }

    /// The text for a reader; U+FFFD where it is sealed or isn't UTF-8.
    pub fn show(&self) -> Cow<'_, str> {
        if self.key == 0 { String::from_utf8_lossy(&self.bytes) } else { Cow::Borrowed("\u{FFFD}") }
    }
}

/// The longest beginning of a text that fits, whole characters only.
pub(crate) fn cut(text: &str, bytes_max: u32) -> &str {
    let mut end = text.len().min(usize::try_from(bytes_max).unwrap_or(usize::MAX));
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or_default()
}
