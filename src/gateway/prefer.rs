//! `Prefer: wait=N` (RFC 7240): how long a client would rather wait for news than come again.

use actix_web::http::header::HeaderMap;
use std::time::Duration;

/// What a client asks with.
pub const PREFER: &str = "prefer";
/// What the answer says of it, when it was done.
pub const PREFERENCE_APPLIED: &str = "preference-applied";

/// How long the client prefers to wait; `None` where it does not say so in whole seconds. A preference that can't be
/// read is none, and of several the first counts.
pub fn wait(headers: &HeaderMap) -> Option<Duration> {
    let lists = headers.get_all(PREFER).filter_map(|list| list.to_str().ok());
    let value = lists.flat_map(|list| split(list, ',')).find_map(value_of_wait)?;
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    // More digits than a number holds are longer than any limit.
    digits.then(|| Duration::from_secs(value.parse().unwrap_or(u64::MAX)))
}

/// The value of a preference, when it is `wait`; what stands behind a semicolon are parameters, and it has none.
fn value_of_wait(preference: &str) -> Option<&str> {
    let preference = split(preference, ';').next().unwrap_or_default();
    let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
    let value = value.trim();
    let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    name.trim().eq_ignore_ascii_case("wait").then_some(bare)
}

/// The pieces between marks that don't stand in quotes.
fn split(text: &str, mark: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |character: char| {
        let is_mark = character == mark && !quoted;
        if !escaped && character == '"' {
            quoted = !quoted;
        }
        escaped = quoted && !escaped && character == '\\';
        is_mark
    })
}

#[cfg(test)]
mod tests {
    use super::{PREFER, wait};
    use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
    use proptest::prelude::*;
    use std::time::Duration;

    fn read(lines: &[&str]) -> Option<u64> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(HeaderName::from_static(PREFER), HeaderValue::from_str(line).unwrap());
        }
        wait(&headers).map(|wait| wait.as_secs())
    }

    #[test]
    fn a_wait_is_read_in_all_its_spellings_and_what_is_none_is_let_be() {
        for (lines, seconds) in [
            (&["wait=10"][..], Some(10)),
            (&["Wait = \"7\" "], Some(7)),
            (&["respond-async, wait=5; why=\"a, wait=9\""], Some(5)),
            (&["handling=\"x, wait=1\", wait=2"], Some(2)),
            (&["handling=\"x\\\", wait=1\", wait=2"], Some(2)),
            (&["return=minimal", "wait=3", "wait=4"], Some(3)),
            (&["wait=0"], Some(0)),
            (&["wait=99999999999999999999999"], Some(u64::MAX)),
            (&["wait=-1"], None),
            (&["wait=1.5"], None),
            (&["wait"], None),
            (&["wait="], None),
            (&["wait=soon, wait=4"], None),
            (&["waiting=4", "handling; wait=4"], None),
            (&[""], None),
            (&[], None),
        ] {
            assert_eq!(read(lines), seconds, "{lines:?}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_a_wait_or_none(line in "[ -~]{0,60}", seconds in 0..u64::MAX) {
            let _ = read(&[&line]);
            prop_assert_eq!(read(&[&format!("a=\"b\",wait={seconds}")]), Some(seconds));
        }

        #[test]
        fn any_bytes_are_let_be(bytes in proptest::collection::vec(0x20..=0xffu8, 0..40)) {
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                headers.append(HeaderName::from_static(PREFER), value);
            }
            prop_assert!(wait(&headers).is_none_or(|wait| wait <= Duration::from_secs(u64::MAX)));
        }
    }
}
