//! Any language, on every interface alike: what is sent is stored and returned as it was sent, character for character,
//! or it is refused clearly. The rule is `handoff_chat::text`'s.

mod agent;
mod cometd;
mod customer;
mod files;
mod poll;
mod rest;
mod webhook;

use super::native::window::{self, Window};
use super::support::Site;
use handoff_chat::event::Body;
use std::collections::BTreeMap;

/// Right to left, mixed directions, combining marks in either order, emoji of several characters, the ends of Unicode,
/// what has no shape at all, and what means something to those who write or read it.
const TEXTS: [&str; 16] = [
    "שלום, мир, 世界, नमस्ते, สวัสดี, ආයුබෝවන්",
    "مرحبا \u{202e}abc\u{202c} 123 \u{2067}x\u{2069}\u{61c}",
    "e\u{301} is not \u{e9}",
    "a\u{323}\u{307} is not a\u{307}\u{323}",
    "Z\u{335}\u{341}\u{310}\u{353}algo",
    "👩‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿 👍🏽 🇺🇦 1️⃣",
    "\u{10ffff}\u{e000}\u{fffd}",
    "\u{fffe}\u{ffff}\u{fdd0}\u{1fffe} no characters",
    "\u{fe}\u{ff} \u{feff}bom",
    "\u{feff}bom first",
    "tab\tline\r\nend\u{2028}x\u{2029}y\u{85}z",
    "nul\u{0}bell\u{7}esc\u{1b}[31m del\u{7f}\u{9b}",
    "\u{200b}\u{200d}\u{2060}x",
    " blanks around \u{3000}",
    "<b>&amp;</b> ]]> \" ' \\ \\u0041 %41 +",
    "{\"json\": [\"\\ud83d\"]} &#0; ${x} {nickname}",
];

/// Bytes that are no UTF-8: half a surrogate pair, the beginning of a character, one in more bytes than it needs, one
/// beyond the last, and no beginning of anything.
const NO_TEXTS: [&[u8]; 6] =
    [b"\xed\xa0\x80", b"x\xf0\x9f\x98", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xff", b"\xfe\xffx"];

/// What is between the quotes of a JSON text that is none: half a surrogate pair, the halves in the wrong order, and an
/// escape of no number.
const NO_JSON_TEXTS: [&str; 5] = [r"\ud83d", r"\ude00", r"x\ud800y", r"\ude00\ud83d", r"\u00g0"];

/// What is attached to a chat, at its start and later.
fn attached(site: &Site, chat: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for event in site.sessions.events(chat) {
        match event.body {
            Body::Opened(start) => found.extend(start.user_data),
            Body::Attached { key, value } => drop(found.insert(key, value)),
            _ => {}
        }
    }
    found.into_iter().map(|(key, value)| (key, value.show().into_owned())).collect()
}

/// A body in JSON with bytes that are no UTF-8 in place of the sign.
fn with_bytes(json: &str, bytes: &[u8]) -> Vec<u8> {
    let (before, after) = json.split_once('§').unwrap();
    [before.as_bytes(), bytes, after.as_bytes()].concat()
}

/// A socket at this path.
async fn open(site: &Site, path: &str) -> Window {
    window::open(site, path, None).await.unwrap()
}
