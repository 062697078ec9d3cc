//! Identifiers and times as types, so that no two of them can be mixed up.

use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// Bytes as hex digits, for ids that are made of a hash.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const SESSION_ID_CHARS: usize = 16;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A session's id (the GMS `chatId`) and its interaction's: 16 characters of `0-9A-Za-z`, about 95 random
/// bits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize)]
pub struct SessionId(pub String);

impl SessionId {
    /// An id of fresh random bits.
    pub fn from_random(random: &[u8; 16]) -> Self {
        let mut rest = u128::from_le_bytes(*random);
        let mut id = String::with_capacity(SESSION_ID_CHARS);
        for _ in 0..SESSION_ID_CHARS {
            let digit = usize::try_from(rest % 62).unwrap_or(0);
            id.push(DIGITS.get(digit).map_or('0', |byte| char::from(*byte)));
            rest /= 62;
        }
        Self(id)
    }

    /// The id that a client's own start id leads to, so that a retried start finds the session of the first
    /// try on whatever node it comes to.
    pub fn from_start_id(service: &str, client_id: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"handoff session id 1\0");
        hash.update(u64::try_from(service.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(service.as_bytes());
        hash.update(client_id.as_bytes());
        let mut head = [0; 16];
        for (to, from) in head.iter_mut().zip(hash.finalize()) {
            *to = from;
        }
        Self::from_random(&head)
    }

    /// Takes an id from outside; `None` when it isn't 16 characters of `0-9A-Za-z`.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == SESSION_ID_CHARS && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        fits.then(|| Self(text.to_owned()))
    }
}

impl std::fmt::Display for SessionId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

/// Milliseconds since 1970 UTC, or a span of them where a name says so.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Encode, Decode, Serialize, Deserialize,
)]
pub struct Millis(pub i64);

/// A moment of a shard's served time, in milliseconds: wall clock less all time in which the cluster could not serve
/// the shard. Deadlines are of it. A type of its own, so that no deadline is ever compared with a wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Encode, Decode)]
pub struct Served(pub i64);

impl Served {
    /// The moment so many milliseconds later.
    #[must_use]
    pub fn after(self, span_ms: i64) -> Self {
        Self(self.0.saturating_add(span_ms))
    }
}

/// Two clocks that are further apart, in milliseconds, don't differ by drift: one of them is wrong.
pub const CLOCK_OFF_MS: i64 = 60_000;

impl Millis {
    /// This moment, or the one that came before it, if that is later by so many milliseconds at most: time stands still
    /// until a clock that is behind has come so far. What is further ahead was a wrong clock's, and is not waited for.
    #[must_use]
    pub fn not_before(self, before: Self, most_ms: i64) -> Self {
        if before.0.saturating_sub(self.0) > most_ms { self } else { self.max(before) }
    }
}

/// The id of a command: the client's own, or one minted by the gateway that first took it. At most 64 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
pub struct CommandId(pub String);

/// An effect owed by an entity, numbered per entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
pub struct EffectId(pub u64);

/// A timer armed by an entity, numbered per entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
pub struct TimerId(pub u64);

/// The name of a rule bot: its file's name in `config/bots` without the ending.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize)]
pub struct BotName(pub String);

/// A queue's name, as the configuration has it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize)]
pub struct QueueName(pub String);

/// The name that an agent signs in with.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize)]
pub struct AgentName(pub String);

/// What a shard holds, and what a call is for. The hash of its text form decides the shard.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
pub enum EntityId {
    /// A session and its interaction. In text its own id.
    Session(SessionId),
    /// A queue, by the name in the configuration. In text `queue:` and the name.
    Queue(QueueName),
    /// An agent, by the name that they sign in with. In text `agent:` and the name.
    Agent(AgentName),
    /// Whoever writes from an address: [`crate::channel::Address::correspondent`]. In text `from:` and the hash.
    Correspondent(String),
}

impl EntityId {
    /// Reads the text form; whatever has no prefix is a session's.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        match text.split_once(':') {
            Some(("queue", name)) => Self::Queue(QueueName(name.to_owned())),
            Some(("agent", name)) => Self::Agent(AgentName(name.to_owned())),
            Some(("from", hash)) => Self::Correspondent(hash.to_owned()),
            _ => Self::Session(SessionId(text.to_owned())),
        }
    }

    /// The text form.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Session(id) => Cow::Borrowed(&id.0),
            Self::Queue(name) => Cow::Owned(format!("queue:{}", name.0)),
            Self::Agent(name) => Cow::Owned(format!("agent:{}", name.0)),
            Self::Correspondent(hash) => Cow::Owned(format!("from:{hash}")),
        }
    }

    /// The session's id, when it names one.
    #[must_use]
    pub fn session(&self) -> Option<SessionId> {
        match self {
            Self::Session(id) => Some(id.clone()),
            Self::Queue(_) | Self::Agent(_) | Self::Correspondent(_) => None,
        }
    }
}

impl From<&SessionId> for EntityId {
    fn from(id: &SessionId) -> Self {
        Self::Session(id.clone())
    }
}

impl From<&QueueName> for EntityId {
    fn from(name: &QueueName) -> Self {
        Self::Queue(name.clone())
    }
}

impl From<&AgentName> for EntityId {
    fn from(name: &AgentName) -> Self {
        Self::Agent(name.clone())
    }
}

impl std::fmt::Display for EntityId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.text())
    }
}

impl CommandId {
    /// The id of a participant's command that a native socket numbered. Its run tells the sender from others who number
    /// the same participant's commands: the number alone would make one's message a repeat of another's that says as
    /// much.
    pub fn numbered(run: &str, number: u64) -> Self {
        Self(format!("#{number}:{run}"))
    }

    /// The number, for an id that a native socket gave.
    pub fn number(&self) -> Option<u64> {
        self.0.strip_prefix('#')?.split_once(':')?.0.parse().ok()
    }
}
