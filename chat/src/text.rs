//! What people write, in clear or sealed.
//!
//! The rule for all interfaces: a text is any characters of Unicode, and comes back as it was sent, character for
//! character: in any language and direction, composed or not, with control characters, NUL and non-characters. What is
//! no text is refused where it comes in, with all that came with it: bytes that are not UTF-8, and half a surrogate
//! pair. What shows nothing ([`is_blank`]) is a text where programs read it, and not given where people do. Names of
//! files alone are changed, to be safe to show and to save.

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

/// Whether a text shows nothing: it is empty, or of blanks, control characters and characters that are never drawn.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || c.is_control() || is_invisible(c))
}

/// Unicode's `Default_Ignorable_Code_Point`, and the letters and patterns that are drawn as an empty place.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_nothing_is_blank_and_what_shows_anything_is_not() {
        let nothing = [
            "",
            " ",
            "\t\r\n",
            "\u{a0}\u{3000}",
            "\u{200b}",
            "\u{feff}\u{2060}",
            "\u{ad}",
            "\u{3164}",
            "\u{2800}",
            "\0",
        ];
        for text in nothing {
            assert!(is_blank(text), "{text:?}");
        }
        for text in ["x", " x ", "\u{200b}x", "0", "🙂", "👩\u{200d}👩", "\u{fffd}", "ا", "ㅤa"] {
            assert!(!is_blank(text), "{text:?}");
        }
    }
}
