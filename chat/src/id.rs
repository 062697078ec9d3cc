//! Identifiers and times as types, so that no two of them can be mixed up.

use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// A session's id (the GMS `chatId`) and its interaction's: 16 characters of `0-9A-Za-z`, about 95 random bits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize)]
pub struct SessionId(pub String);

/// Milliseconds since 1970 UTC, or a span of them where a name says so.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Encode, Decode, Serialize, Deserialize,
)]
pub struct Millis(pub i64);

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
