//! How a session starts and what it shows: the shapes of commands and readings that only sessions have.

use super::event::{BotName, Event, Typing, ViewKind};
use crate::id::Millis;
use crate::workflow::Program;
use bincode::{Decode, Encode};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How a session starts.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Opening {
    /// The service asked for.
    pub service: String,
    /// The customer's nickname (made of first and last name where it was not given).
    pub nickname: String,
    /// First name, may be empty.
    pub first_name: String,
    /// Last name, may be empty.
    pub last_name: String,
    /// E-mail address, may be empty.
    pub email: String,
    /// Subject, may be empty.
    pub subject: String,
    /// A first message to post, when given.
    pub text: Option<String>,
    /// Attached data as given.
    pub user_data: BTreeMap<String, String>,
    /// Minutes, as in `userData[TimeZone]`; kept for the transcript.
    pub time_zone_offset_minutes: i32,
    /// SHA-256 of the secret part of the customer's key.
    pub key_hash: [u8; 32],
    /// The secret sealed under the client's start id, so that a retry of the start can be given the key
    /// again.
    pub sealed_key: Option<[u8; 16]>,
    /// The bot to invite; not where there is a workflow, which invites its own.
    pub bot: Option<Bot>,
    /// What the interaction runs; none: there is no interaction.
    pub workflow: Option<Arc<Program>>,
    /// Limits in force for this session.
    pub limits: Limits,
}

/// A bot to invite.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Bot {
    /// Which.
    pub name: BotName,
    /// The nickname it shows.
    pub nickname: String,
}

/// Limits fixed when the session starts.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Limits {
    /// Longest message, in bytes of UTF-8.
    pub message_bytes_max: u32,
    /// Most durable events of a session; the next message is refused.
    pub events_max: u32,
    /// How long an ended session goes on answering, in milliseconds of served time.
    pub linger_ms: i64,
}

/// What a command to a session is answered.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct ChatAnswer {
    /// The number of the last durable event this command made; 0 when none.
    pub seq: u64,
    /// The next position after it in the caller's view (the customer's for those who have none). What it made has the
    /// index before.
    pub next_position: u64,
    /// Whether the chat has ended for the caller (for the customer, where he is nobody).
    pub chat_ended: bool,
    /// The `userId` of the caller (the customer's, where he is nobody).
    pub user_id: String,
    /// For `Open`: what [`Opening::sealed_key`] was.
    pub sealed_key: Option<[u8; 16]>,
}

/// A reader's view.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct View {
    /// Which.
    pub kind: ViewKind,
    /// Durable events that this view sees, in order of index.
    pub events: Vec<Event>,
    /// Typing still shown, with indexes among those of the events.
    pub typing: Vec<Typing>,
    /// The nicknames and per-view participant numbers of everybody who appears: in `Participant` order.
    pub participants: Vec<super::event::Participant>,
    /// Last index used in this view + 1.
    pub next_position: u64,
    /// Whether the chat has ended for this reader.
    pub chat_ended: bool,
    /// The reader's `userId`.
    pub user_id: String,
    /// When the session started.
    pub started_at: Millis,
    /// The number that the reader's next numbered command must have.
    pub next_command: u64,
}
