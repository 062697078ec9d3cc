//! The frames of the native sockets, version 1, as JSON: what `docs/asyncapi` describes, and nothing that is stored.

use crate::gateway::admission::{Denied, Limited};
use crate::gateway::socket::metrics::CommandLabel;
use crate::gateway::starting::{OpenError, StartError};
use crate::ports::CallError;
use handoff_chat::command::Reject;
use handoff_chat::rich::RichReject;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// The protocol's version.
const VERSION: u32 = 1;
/// Longest id of a command, in characters.
const ID_CHARS_MAX: usize = 64;

/// A frame of a client, as far as it is the same for all commands.
pub(crate) struct Framed {
    /// The command's id, when it has a good one.
    pub(crate) id: Option<String>,
    /// The command's name, from the field `do`.
    pub(crate) word: String,
    body: Value,
}

/// A frame of which nothing but the id is looked into.
#[derive(Deserialize)]
struct IdOnly {
    id: Option<String>,
}

fn good_id(id: Option<String>) -> Option<String> {
    id.filter(|id| !id.is_empty() && id.chars().count() <= ID_CHARS_MAX)
}

impl Framed {
    /// Reads a text frame.
    ///
    /// # Errors
    /// What is wrong with it, and its id where that can be read all the same.
    pub(crate) fn read(text: &str) -> Result<Self, (Option<String>, Failure)> {
        let body: Value = serde_json::from_str(text).map_err(|error| {
            // Where something is wrong within a field (half a surrogate pair, a number beyond all numbers) the others
            // are there. The parser's words name the fault and its place, and repeat nothing.
            let id = serde_json::from_str::<IdOnly>(text).ok().and_then(|frame| good_id(frame.id));
            (id, Failure::bad(format!("a frame is one JSON object: {error}")))
        })?;
        let id = good_id(body.get("id").and_then(Value::as_str).map(str::to_owned));
        let word = body.get("do").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Self { id, word, body })
    }

    /// A field that is text; empty where it is not.
    pub(crate) fn text(&self, field: &str) -> &str {
        self.body.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// The command with its fields; those that are not its own are ignored.
    pub(crate) fn command<C: DeserializeOwned>(self) -> Result<C, Failure> {
        // The parser's words name fields and kinds, and repeat no text but the unknown command itself.
        C::deserialize(self.body).map_err(|error| Failure::bad(error.to_string()))
    }
}

/// Why a command is answered `ok: false`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    code: &'static str,
    message: String,
    retry: bool,
    more: Option<(&'static str, u64)>,
}

impl Failure {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry: false, more: None }
    }

    /// The frame is not a command of this socket.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new("bad_command", message)
    }

    /// To be tried again.
    pub(crate) fn retry(code: &'static str, message: impl Into<String>) -> Self {
        Self { retry: true, ..Self::new(code, message) }
    }

    pub(crate) fn with(self, name: &'static str, value: u64) -> Self {
        Self { more: Some((name, value)), ..self }
    }

    pub(crate) fn label(&self) -> CommandLabel {
        if self.retry { CommandLabel::again } else { CommandLabel::refused }
    }

    /// The answer's frame.
    pub(crate) fn frame(&self, id: Option<&str>) -> String {
        let mut error = Map::new();
        error.insert("code".to_owned(), self.code.into());
        error.insert("message".to_owned(), self.message.as_str().into());
        error.insert("retry".to_owned(), self.retry.into());
        if let Some((name, value)) = self.more {
            error.insert(name.to_owned(), value.into());
        }
        json!({"answer": id, "ok": false, "error": error}).to_string()
    }
}

impl From<Reject> for Failure {
    fn from(reject: Reject) -> Self {
        let message = reject.to_string();
        match reject {
            Reject::Unknown => Self::new("unknown_chat", message),
            Reject::WrongKey => Self::new("wrong_key", message),
            Reject::Ended => Self::new("ended", message),
            Reject::TooLong { bytes_max } => {
                Self::new("too_long", message).with("bytes_max", u64::from(bytes_max))
            }
            Reject::Full { events_max } => {
                Self::new("full", message).with("events_max", u64::from(events_max))
            }
            Reject::Expected { next } => Self::new("expected", message).with("expected", next),
            Reject::NoClaim => Self::new("no_claim", message),
            Reject::HasChats => Self::new("has_chats", message),
            Reject::NotSignedIn => Self::new("not_signed_in", message),
            Reject::IdInUse => Self::new("id_in_use", "the id or number was used before for something else"),
            Reject::NotAllowed | Reject::NotYet { .. } => Self::new("not_allowed", message),
            Reject::Rich(reject) => Self::new(
                match reject {
                    RichReject::Wrong(_) => "bad_rich",
                    RichReject::NoQuestion => "no_question",
                    RichReject::Misfit(_) => "misfit",
                },
                message,
            ),
            Reject::WindowClosed { closed_at, .. } => {
                let closed = Self::new("window_closed", message);
                match closed_at.and_then(|at| u64::try_from(at.0).ok()) {
                    Some(at) => closed.with("closed_at", at),
                    None => closed,
                }
            }
            // Files go over HTTP.
            Reject::File(_) => Self::new("file", message),
            // It comes back with the shard's next owner.
            Reject::Quarantined => Self::retry("again", message),
        }
    }
}

impl From<Limited> for Failure {
    fn from(limited: Limited) -> Self {
        Self::retry("limited", limited.to_string()).with("retry_ms", limited.retry_ms())
    }
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Limited(limited) => limited.into(),
            Denied::Full { retry_ms } => {
                Self::retry("full_node", denied.to_string()).with("retry_ms", retry_ms)
            }
        }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let message = error.to_string();
        match error {
            CallError::Rejected(reject) => reject.into(),
            CallError::Again => Self::retry("again", message),
            CallError::Busy => Self::retry("busy", message),
            CallError::Unknown => Self::new("unknown", message),
        }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Random => Self::retry("again", error.to_string()),
            OpenError::Denied(denied) => denied.into(),
            OpenError::Call(error) => error.into(),
        }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self::bad(error.to_string())
    }
}

/// The answer to a command that was carried out. `body` is an object.
pub(crate) fn done(id: &str, mut body: Value) -> String {
    if let Some(fields) = body.as_object_mut() {
        fields.insert("answer".to_owned(), id.into());
        fields.insert("ok".to_owned(), true.into());
    }
    body.to_string()
}

pub(crate) fn hello(node: &str, nodes: &[String]) -> String {
    json!({"event": "hello", "version": VERSION, "node": node.parse::<u16>().ok(), "nodes": nodes})
        .to_string()
}

pub(crate) fn beat() -> String {
    json!({"event": "beat"}).to_string()
}

pub(crate) fn moved(nodes: &[String]) -> String {
    json!({"event": "moved", "nodes": nodes}).to_string()
}

/// For tests of each socket's words.
#[cfg(test)]
pub(crate) mod hostile {
    use super::*;
    use crate::hostile::near_json;
    use proptest::prelude::*;

    const FIELDS: &[&str] = &[
        "do",
        "id",
        "number",
        "run",
        "chat",
        "key",
        "position",
        "positions",
        "text",
        "message_type",
        "to",
        "content",
        "started",
        "preview",
        "name",
        "password",
        "token",
        "how",
        "reason",
        "nickname",
        "subject",
        "data",
        "client_id",
        "service",
        "queue",
        "url",
        "notice",
        "before",
        "file",
    ];

    /// Nearly a frame with one of these words.
    pub(crate) fn frames(words: &'static [&'static str]) -> impl Strategy<Value = String> {
        let ids = vec![String::new(), "1".to_owned(), "i".repeat(ID_CHARS_MAX), "i".repeat(ID_CHARS_MAX + 1)];
        let named = (prop::sample::select(words), prop::sample::select(ids), near_json(FIELDS));
        let named = named.prop_map(|(word, id, rest)| {
            let rest = rest.strip_prefix('{').map(|rest| rest.trim_start_matches('}').to_owned());
            rest.map_or(String::new(), |rest| format!("{{\"do\":\"{word}\",\"id\":\"{id}\",{rest}"))
        });
        prop_oneof![3 => named, 1 => near_json(FIELDS)]
    }

    /// It is a command, or it is refused in the documented form: with its id where it has a good one, as a
    /// `bad_command` that is not to be repeated.
    pub(crate) fn is_read_or_refused<W: DeserializeOwned>(text: &str) {
        let (id, failure) = match Framed::read(text) {
            Err(refused) => refused,
            Ok(framed) => {
                let id = framed.id.clone();
                match framed.command::<W>() {
                    Ok(_command) => return,
                    Err(failure) => (id, failure),
                }
            }
        };
        assert!(id.as_ref().is_none_or(|id| (1..=ID_CHARS_MAX).contains(&id.chars().count())), "{id:?}");
        let answer: Value = serde_json::from_str(&failure.frame(id.as_deref())).unwrap();
        assert_eq!((&answer["answer"], &answer["ok"]), (&json!(id), &json!(false)));
        assert_eq!(
            (&answer["error"]["code"], &answer["error"]["retry"]),
            (&json!("bad_command"), &json!(false))
        );
    }
}
