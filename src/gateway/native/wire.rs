//! The frames of the native sockets, version 1, as JSON: what `docs/asyncapi` describes, and nothing that is stored.

use super::failure::Failure;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The protocol's version.
const VERSION: u32 = 1;
/// Longest id of a command, in characters.
const ID_CHARS_MAX: usize = 64;

/// A frame of a client, as far as it is the same for all commands.
pub(crate) struct Framed {
    /// The command's id, when it has a good one.
    pub(crate) id: Option<String>,
    /// The command's name, from the field `do`.
    pub(crate) name: String,
    body: Value,
}

/// A frame of which nothing but the id is looked into.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct IdOnly {
    /// The command's own, in its answer again.
    #[schemars(required, length(min = 1, max = 64))]
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
        let name = body.get("do").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Self { id, name, body })
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

/// The answer to a command that was carried out: what it did is committed.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Done<'a, A> {
    /// The command's id.
    answer: &'a str,
    /// The command was carried out, and what it did is committed.
    #[schemars(extend("const" = true))]
    ok: bool,
    #[serde(flatten)]
    done: A,
}

/// The answer to a command that was not carried out.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Refused<'a> {
    /// The command's id; null where it has none that can be read.
    answer: Option<&'a str>,
    /// The command was not carried out.
    #[schemars(extend("const" = false))]
    ok: bool,
    /// What stands in its way.
    error: &'a Failure,
}

/// What a socket says of itself.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum SocketEvent<'a> {
    /// The first frame of each socket.
    Hello {
        /// The protocol's version.
        #[schemars(extend("const" = 1))]
        version: u32,
        /// The node's number.
        node: Option<u16>,
        /// The `public_url` of each node that serves, this one first; none behind a balancer.
        nodes: &'a [String],
    },
    /// Nothing else was said for 2 s.
    Beat,
    /// The node drains: go on at another one. Close code 1012 follows.
    Moved {
        /// Where to go on; none: as before, by the balancer.
        nodes: &'a [String],
    },
}

/// A frame's text. Only a map whose keys are no texts can't be written, and there is none in a frame.
pub(crate) fn text(frame: &impl Serialize) -> String {
    serde_json::to_string(frame).unwrap_or_default()
}

/// The answer to a command that was carried out.
pub(crate) fn done(id: &str, done: impl Serialize) -> String {
    text(&Done { answer: id, ok: true, done })
}

/// The answer to one that was not.
pub(crate) fn refused(id: Option<&str>, error: &Failure) -> String {
    text(&Refused { answer: id, ok: false, error })
}

pub(crate) fn hello(node: &str, nodes: &[String]) -> String {
    text(&SocketEvent::Hello { version: VERSION, node: node.parse().ok(), nodes })
}

pub(crate) fn beat() -> String {
    text(&SocketEvent::Beat)
}

pub(crate) fn moved(nodes: &[String]) -> String {
    text(&SocketEvent::Moved { nodes })
}

/// For tests of each socket's words.
#[cfg(test)]
pub(crate) mod hostile {
    use super::*;
    use crate::hostile::near_json;
    use proptest::prelude::*;
    use serde_json::json;

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
        let answer: Value = serde_json::from_str(&refused(id.as_deref(), &failure)).unwrap();
        assert_eq!((&answer["answer"], &answer["ok"]), (&json!(id), &json!(false)));
        assert_eq!(
            (&answer["error"]["code"], &answer["error"]["retry"]),
            (&json!("bad_command"), &json!(false))
        );
    }
}
