//! What counts as nothing written: one rule for texts and names, over all interfaces.

/// Whether a text shows nothing: it is empty, or of blanks, control characters and characters that are never drawn.
pub(crate) fn is_blank(text: &str) -> bool {
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
