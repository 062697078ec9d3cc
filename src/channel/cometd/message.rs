//! Bayeux messages as they are on the wire.
//! Source: <https://docs.cometd.org/current7/reference/#_bayeux>.

use crate::gateway::admission::Limited;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::fmt;

/// The protocol's version, and the only one that is spoken.
pub(super) const VERSION: &str = "1.0";
/// Most messages of one request or frame.
const MESSAGES_MAX: usize = 64;
/// Longest id and channel that is given back.
const ECHO_BYTES_MAX: usize = 256;

/// Why a message is answered `successful: false`: `code:arguments:words`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Like HTTP's, or a number of GMS.
    pub(super) code: u16,
    /// When to try again, where that is known: it stands as the arguments.
    pub(super) retry_ms: Option<u64>,
    /// What is wrong, in a sentence for people.
    pub(super) words: String,
}

impl Refusal {
    pub(super) fn new(code: u16, words: impl Into<String>) -> Self {
        Self { code, retry_ms: None, words: words.into() }
    }

    /// No such session, or no longer: the client shakes hands anew.
    pub(super) fn unknown_client() -> Self {
        Self::new(402, "Unknown client")
    }
}

impl From<Limited> for Refusal {
    fn from(limited: Limited) -> Self {
        Self { retry_ms: Some(limited.retry_ms()), ..Self::new(429, limited.to_string()) }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let retry = self.retry_ms.map(|ms| ms.to_string()).unwrap_or_default();
        write!(f, "{}:{retry}:{}", self.code, self.words)
    }
}

/// A message of a client.
pub(super) struct Message(Map<String, Value>);

/// What a connect reply tells its client to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reconnect {
    /// Connect again, with the same client id.
    Retry,
    /// Begin anew with a handshake: this node does not know the session, or drains.
    Handshake,
    /// Give up: the session is over, or no handshake was accepted.
    None,
}

impl Reconnect {
    fn word(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Handshake => "handshake",
            Self::None => "none",
        }
    }
}

/// A message of which no more is looked into.
#[derive(Deserialize, Default)]
struct Head {
    id: Option<String>,
    channel: Option<String>,
}

impl Message {
    /// Reads a request's body or a frame: an array of messages, or a single one.
    pub(super) fn read(text: &[u8]) -> Result<Vec<Self>, Refusal> {
        // The parser's words may repeat what was sent: they go to nobody's log.
        let value: Value =
            serde_json::from_slice(text).map_err(|error| Refusal::new(400, format!("no JSON: {error}")))?;
        let values = match value {
            Value::Array(values) => values,
            single => vec![single],
        };
        if values.len() > MESSAGES_MAX {
            return Err(Refusal::new(413, format!("more than {MESSAGES_MAX} messages at once")));
        }
        let message = |value| match value {
            Value::Object(fields) => Ok(Self(fields)),
            _ => Err(Refusal::new(400, "a message is a JSON object")),
        };
        values.into_iter().map(message).collect()
    }

    /// The replies to messages that can't be read: to each where its id can be, as with half a surrogate pair in one of
    /// its texts; else one to nobody.
    pub(super) fn unread(text: &[u8], refusal: &Refusal) -> Vec<String> {
        let one = |_| serde_json::from_slice::<Head>(text).map(|one| vec![one]);
        let mut heads = serde_json::from_slice::<Vec<Head>>(text).or_else(one).unwrap_or_default();
        heads.truncate(MESSAGES_MAX);
        if heads.is_empty() {
            heads.push(Head::default());
        }
        let message = |head: Head| {
            let fields = [("id", head.id), ("channel", head.channel)];
            let given = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
            Self(given.collect())
        };
        heads.into_iter().map(|head| message(head).reply(Err(refusal)).text()).collect()
    }

    fn text(&self, field: &str) -> &str {
        self.0.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn channel(&self) -> &str {
        self.text("channel")
    }

    pub(super) fn client_id(&self) -> &str {
        self.text("clientId")
    }

    /// The channels that a subscribe or unsubscribe names.
    pub(super) fn subscription(&self) -> Option<&Value> {
        self.0.get("subscription").filter(|named| named.is_string() || named.is_array())
    }

    pub(super) fn version(&self) -> &str {
        self.text("version")
    }

    /// The transports that a handshake offers; all where it names none.
    pub(super) fn offers(&self, transports: &[&str]) -> bool {
        let Some(offered) = self.0.get("supportedConnectionTypes").and_then(Value::as_array) else {
            return true;
        };
        offered.iter().any(|one| one.as_str().is_some_and(|one| transports.contains(&one)))
    }

    /// Whether a handshake asks for the acknowledgement extension.
    pub(super) fn wants_acks(&self) -> bool {
        let ack = self.0.get("ext").and_then(|ext| ext.get("ack"));
        ack.and_then(Value::as_bool).unwrap_or(false)
    }

    /// The last batch that a connect acknowledges.
    pub(super) fn acknowledged(&self) -> Option<u64> {
        let ack = self.0.get("ext")?.get("ack")?;
        // The client counts from -1 where nothing was told yet.
        ack.as_u64().or_else(|| ack.as_i64().map(|_| 0))
    }

    /// Whether a connect is the first after a handshake or a break: answered at once.
    pub(super) fn at_once(&self) -> bool {
        let timeout = self.0.get("advice").and_then(|advice| advice.get("timeout"));
        timeout.and_then(Value::as_i64) == Some(0)
    }

    pub(super) fn data(&self) -> Option<&Map<String, Value>> {
        self.0.get("data").and_then(Value::as_object)
    }

    /// The reply to this message, as far as it is the same for all.
    pub(super) fn reply(&self, outcome: Result<(), &Refusal>) -> Reply {
        let mut fields = Map::new();
        let channel = self.channel();
        if (1..=ECHO_BYTES_MAX).contains(&channel.len()) {
            fields.insert("channel".to_owned(), channel.into());
        }
        if let Some(id) = self.0.get("id").filter(|id| is_id(id)) {
            fields.insert("id".to_owned(), id.clone());
        }
        fields.insert("successful".to_owned(), outcome.is_ok().into());
        if let Err(refusal) = outcome {
            fields.insert("error".to_owned(), refusal.to_string().into());
        }
        Reply(fields)
    }
}

fn is_id(id: &Value) -> bool {
    id.is_number() || id.as_str().is_some_and(|id| id.len() <= ECHO_BYTES_MAX)
}

/// A reply that is being put together.
pub(super) struct Reply(Map<String, Value>);

impl Reply {
    pub(super) fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0.insert(field.to_owned(), value.into());
        self
    }

    pub(super) fn advise(self, reconnect: Reconnect, interval_ms: u64, timeout_ms: u64) -> Self {
        let advice = json!({"reconnect": reconnect.word(), "interval": interval_ms, "timeout": timeout_ms});
        self.with("advice", advice)
    }

    pub(super) fn text(self) -> String {
        Value::Object(self.0).to_string()
    }
}

/// What a service channel tells its client by itself.
pub(super) fn event(channel: &str, data: &impl serde::Serialize) -> String {
    json!({"channel": channel, "data": data}).to_string()
}

/// Several messages as one body or frame.
pub(super) fn array(messages: &[String]) -> String {
    format!("[{}]", messages.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hostile::near_json;
    use proptest::prelude::*;

    const FIELDS: &[&str] = &[
        "channel",
        "clientId",
        "id",
        "version",
        "minimumVersion",
        "supportedConnectionTypes",
        "connectionType",
        "subscription",
        "data",
        "ext",
        "advice",
        "timeout",
        "/meta/handshake",
        "/meta/connect",
        "websocket",
    ];

    proptest! {
        #[test]
        fn any_bytes_are_messages_or_a_refusal_that_says_why(
            text in near_json(FIELDS),
            tail in prop::collection::vec(any::<u8>(), 0..3),
            times in 1..3 * MESSAGES_MAX,
        ) {
            let one = [text.as_bytes(), &tail].concat();
            let many = format!("[{}]", vec![text.as_str(); times].join(","));
            for bytes in [one.as_slice(), many.as_bytes()] {
                match Message::read(bytes) {
                    Ok(messages) => {
                        prop_assert!(messages.len() <= MESSAGES_MAX);
                        for message in messages {
                            let _any = (message.channel(), message.client_id(), message.version());
                            let _any = message.subscription();
                            let reply: Value = serde_json::from_str(&message.reply(Ok(())).text()).unwrap();
                            prop_assert_eq!(&reply["successful"], true);
                        }
                    }
                    Err(refusal) => {
                        prop_assert!([400, 413].contains(&refusal.code) && !refusal.words.is_empty());
                        let unread = Message::unread(bytes, &refusal);
                        prop_assert!((1..=MESSAGES_MAX).contains(&unread.len()));
                        for reply in unread {
                            let reply: Value = serde_json::from_str(&reply).unwrap();
                            prop_assert_eq!(&reply["successful"], false);
                            let error = reply["error"].as_str().unwrap();
                            prop_assert!(error.starts_with("400:") || error.starts_with("413:"), "{}", error);
                        }
                    }
                }
            }
        }
    }
}
