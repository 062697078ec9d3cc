//! Names of files as people see them.

use handoff_chat::text::is_blank;

/// Longest name, in bytes of UTF-8.
const NAME_BYTES_MAX: usize = 200;

/// What is kept of the name that an uploader gave: no folders, no line breaks, nothing that is not shown or that turns
/// the direction of writing (which could make `gpj.exe` look like a picture), and not too long. Never blank.
#[must_use]
pub fn shown_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let clean: String = last.chars().filter(|c| !hidden(*c)).collect();
    let clean = clean.trim().trim_start_matches('.');
    if is_blank(clean) {
        return "file".to_owned();
    }
    if clean.len() <= NAME_BYTES_MAX {
        return clean.to_owned();
    }
    // Its ending says what it is, so that stays.
    let ending = clean.rsplit_once('.').map(|(_, ending)| ending).filter(|ending| ending.len() <= 16);
    let room = NAME_BYTES_MAX - ending.map_or(0, |ending| ending.len() + 1);
    let mut end = room;
    while !clean.is_char_boundary(end) {
        end -= 1;
    }
    ending.map_or_else(|| clean[..end].to_owned(), |ending| format!("{}.{ending}", &clean[..end]))
}
