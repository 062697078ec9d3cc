//! What a file is: its name's ending must be allowed, and its first bytes must not say otherwise.

use thiserror::Error;

/// Why a file of this name and content is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WrongKind {
    /// Its ending is not among those allowed.
    #[error("files of this type are not taken")]
    Ending,
    /// Its content is not what its ending says.
    #[error("the file is not what the ending of its name says")]
    Content,
}

/// How many of a file's first bytes are looked at.
pub(super) const HEAD_BYTES: usize = 64 * 1024;

/// Endings that mean the same content.
const ALIKE: [&[&str]; 9] = [
    &["jpg", "jpeg", "jpe", "jfif"],
    &["tif", "tiff"],
    &["mpg", "mpeg"],
    &["mid", "midi"],
    &["htm", "html"],
    &["heic", "heif"],
    &["m4a", "mp4", "m4v"],
    &["ogg", "oga", "ogv", "opus"],
    &["weba", "webm", "mkv"],
];

/// Endings of text, which has no mark of its own, and what it is served as.
const TEXTS: [(&str, &str); 7] = [
    ("txt", "text/plain; charset=utf-8"),
    ("log", "text/plain; charset=utf-8"),
    ("md", "text/plain; charset=utf-8"),
    ("csv", "text/csv; charset=utf-8"),
    ("json", "application/json"),
    ("ics", "text/calendar; charset=utf-8"),
    ("vcf", "text/vcard; charset=utf-8"),
];

/// The office formats of before 2007 share one container.
const OLE: [u8; 8] = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
const OLE_TYPES: [(&str, &str); 4] = [
    ("doc", "application/msword"),
    ("xls", "application/vnd.ms-excel"),
    ("ppt", "application/vnd.ms-powerpoint"),
    ("msg", "application/vnd.ms-outlook"),
];

/// Says what a file is by the first of its bytes (at most `HEAD_BYTES` of them), when it may be sent. `types`:
/// endings with `:` between them.
///
/// # Errors
/// [`WrongKind`].
pub fn media_type(name: &str, head: &[u8], types: &str) -> Result<String, WrongKind> {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let ending = ending.ok_or(WrongKind::Ending)?;
    if !types.split(':').any(|allowed| allowed.eq_ignore_ascii_case(&ending)) {
        return Err(WrongKind::Ending);
    }
    if let Some((_, media_type)) = OLE_TYPES.iter().find(|(own, _)| *own == ending) {
        return if head.starts_with(&OLE) { Ok((*media_type).to_owned()) } else { Err(WrongKind::Content) };
    }
    let text = TEXTS.iter().find(|(own, _)| *own == ending).map(|(_, media_type)| *media_type);
    match (infer::get(head), text) {
        (Some(found), None) if alike(found.extension(), &ending) => Ok(found.mime_type().to_owned()),
        (None, Some(media_type)) if is_text(head) => Ok(media_type.to_owned()),
        _ => Err(WrongKind::Content),
    }
}

fn alike(one: &str, other: &str) -> bool {
    one == other || ALIKE.iter().any(|group| group.contains(&one) && group.contains(&other))
}

/// UTF-8 (perhaps cut within a character) or a single-byte script; no NUL.
fn is_text(head: &[u8]) -> bool {
    let control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b);
    !head.iter().any(control)
}
