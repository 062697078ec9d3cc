//! The customer API's bodies and replies, as little of them as the driver needs.
//!
//! Requests are built in reused buffers and replies borrow from the connection's: a message costs no
//! allocation. The texts carry run, session and number, so that a transcript can be checked.

use std::borrow::Cow;
use std::io::Write;

use serde::Deserialize;

/// What the server gave a session at its start.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    /// Names the session in every URL.
    pub chat_id: String,
    /// Proves in every call that it is the customer who asks.
    pub secure_key: String,
    /// The customer in the session.
    pub user_id: String,
    /// The server's number.
    pub alias: String,
}

/// The part of every reply that says whether it worked.
#[derive(Debug, Deserialize)]
pub struct Outcome {
    /// 0 done, 1 try again, 2 never.
    #[serde(rename = "statusCode")]
    pub status_code: i32,
    /// Whether the session is over.
    #[serde(rename = "chatEnded", default)]
    pub chat_ended: bool,
}

/// The reply to a start.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Started<'a> {
    /// As [`Identity::chat_id`].
    #[serde(borrow)]
    pub chat_id: Cow<'a, str>,
    /// As [`Identity::secure_key`].
    #[serde(borrow)]
    pub secure_key: Cow<'a, str>,
    /// As [`Identity::user_id`].
    #[serde(borrow, default)]
    pub user_id: Cow<'a, str>,
    /// As [`Identity::alias`].
    #[serde(borrow, default)]
    pub alias: Cow<'a, str>,
}

/// A page of a transcript.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transcript<'a> {
    /// Where the next page starts.
    #[serde(default)]
    pub next_position: u64,
    /// From the position asked for on, in order of index.
    #[serde(borrow)]
    pub messages: Vec<Event<'a>>,
}

/// One event of a transcript.
#[derive(Debug, Deserialize)]
pub struct Event<'a> {
    /// Its place in the customer's view.
    pub index: u64,
    /// `Message`, `ParticipantJoined` ...
    #[serde(borrow, rename = "type")]
    pub kind: Cow<'a, str>,
    /// The text, where it has one.
    #[serde(borrow, default)]
    pub text: Option<Cow<'a, str>>,
    /// Who did it.
    #[serde(borrow)]
    pub from: Party<'a>,
}

/// Who an event is from.
#[derive(Debug, Deserialize)]
pub struct Party<'a> {
    /// `Client`, `Agent` ...
    #[serde(borrow, rename = "type")]
    pub kind: Cow<'a, str>,
}

/// What a session calls.
#[derive(Debug, Clone, Copy)]
pub enum Call {
    /// Opens a session.
    Start,
    /// Sends message `number`, padded to `bytes`.
    Send {
        /// Counts from 0 in each session.
        number: u32,
        /// Length of the text.
        bytes: usize,
    },
    /// Reads from `position` on.
    Refresh {
        /// 1 is the beginning.
        position: u64,
    },
    /// Leaves.
    Disconnect,
}

/// Builds requests of one session in buffers that it keeps.
#[derive(Debug)]
pub struct Requests {
    service: String,
    run: u32,
    session: u32,
    body: Vec<u8>,
    request: Vec<u8>,
}

impl Requests {
    /// For session number `session` of run `run`.
    pub fn new(service: &str, run: u32, session: u32) -> Self {
        Self { service: service.into(), run, session, body: Vec::new(), request: Vec::new() }
    }

    /// The bytes of the request that [`Self::build`] made last.
    pub fn bytes(&self) -> &[u8] {
        &self.request
    }

    /// Builds a request.
    pub fn build(&mut self, identity: &Identity, call: Call) {
        self.body.clear();
        let (run, session) = (self.run, self.session);
        if !matches!(call, Call::Start) {
            field(&mut self.body, "secureKey", &identity.secure_key);
            field(&mut self.body, "userId", &identity.user_id);
            field(&mut self.body, "alias", &identity.alias);
        }
        let body = &mut self.body;
        // Writing to a Vec can't fail.
        let operation = match call {
            Call::Start => {
                let _ = write!(
                    body,
                    "nickname=bench-{session}&subject=bench&clientMessageId=bench-start-{run:08x}-{session}"
                );
                ""
            }
            Call::Send { number, bytes } => {
                let _ = write!(body, "clientMessageId={run:08x}-{session}-{number}&message=");
                let text_start = body.len();
                let _ = write!(body, "b{run:08x}.{session}.{number}.");
                let padded = body.len().max(text_start + bytes);
                body.resize(padded, b'x');
                "/send"
            }
            Call::Refresh { position } => {
                let _ = write!(body, "transcriptPosition={position}");
                "/refresh"
            }
            Call::Disconnect => "/disconnect",
        };
        let slash = if operation.is_empty() { "" } else { "/" };
        let chat_id = if operation.is_empty() { "" } else { identity.chat_id.as_str() };
        self.request.clear();
        let _ = write!(
            self.request,
            "POST /genesys/2/chat/{}{slash}{chat_id}{operation} HTTP/1.1\r\nHost: localhost\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
            self.service,
            self.body.len()
        );
        self.request.extend_from_slice(&self.body);
    }
}

/// The number in a text that this session sent, else `None`.
pub fn number_of(text: &str, run: u32, session: u32) -> Option<u32> {
    let rest = text.strip_prefix('b')?;
    let (its_run, rest) = rest.split_once('.')?;
    let (its_session, rest) = rest.split_once('.')?;
    let (number, padding) = rest.split_once('.')?;
    let whole = u32::from_str_radix(its_run, 16) == Ok(run)
        && its_session.parse() == Ok(session)
        && padding.bytes().all(|b| b == b'x');
    if whole { number.parse().ok() } else { None }
}

/// Appends `name=value&` with the value percent-encoded.
fn field(body: &mut Vec<u8>, name: &str, value: &str) {
    body.extend_from_slice(name.as_bytes());
    body.push(b'=');
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            body.push(byte);
        } else {
            let _ = write!(body, "%{byte:02X}");
        }
    }
    body.push(b'&');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sent_text_gives_back_its_number_and_no_other_sessions_does() {
        let mut requests = Requests::new("plain", 0xab, 7);
        let identity = Identity { chat_id: "C".into(), secure_key: "k=/".into(), ..Identity::default() };
        requests.build(&identity, Call::Send { number: 42, bytes: 60 });
        let request = String::from_utf8(requests.bytes().to_vec()).unwrap();
        assert!(request.starts_with("POST /genesys/2/chat/plain/C/send HTTP/1.1\r\n"));
        assert!(request.contains("secureKey=k%3D%2F&"));
        let text = request.split_once("message=").unwrap().1;
        assert_eq!(text.len(), 60);
        assert_eq!(number_of(text, 0xab, 7), Some(42));
        assert_eq!(number_of(text, 0xab, 8), None);
        assert_eq!(number_of(text, 0xac, 7), None);
        assert_eq!(number_of(&format!("{text}!"), 0xab, 7), None);
    }
}
