//! What may be asked of a session, and what it answers. Travels over peer links (bincode), never to clients.

use super::event::{BotName, Event, Typing, ViewKind};
use crate::id::{CommandId, EffectId, Millis, TimerId};
use bincode::{Decode, Encode};
use std::collections::BTreeMap;

/// One command with its id and who gives it.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Command {
    /// Repeats carry the same id and get the first answer.
    pub id: CommandId,
    /// Who.
    pub caller: Caller,
    /// What.
    pub act: Act,
}

/// Who gives a command or reads.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum Caller {
    /// The customer: SHA-256 of the secret part of his key. Compared in constant time.
    Customer([u8; 32]),
    /// The bot that was invited under this name; only the node's own bot actor says so.
    Bot(BotName),
    /// The node itself: timers, lost customers.
    System,
    /// An operator over the admin interface.
    Operator,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum Act {
    /// Starts the session; the first command of each session.
    Open(Box<Opening>),
    /// Posts a message.
    Send {
        /// The text, as given.
        text: String,
        /// The GMS `messageType`, when given and not blank.
        message_type: Option<String>,
    },
    /// Shows that the customer types, with what he has typed so far when given.
    StartTyping {
        /// The preview.
        preview: Option<String>,
    },
    /// Takes it back.
    StopTyping {
        /// The preview.
        preview: Option<String>,
    },
    /// The customer leaves by his own choice.
    Disconnect,
    /// A bot's answer to an owed [`super::Effect::BotTurn`]: posts the texts (maybe none) and settles the
    /// effect.
    BotReply {
        /// The effect answered.
        effect: EffectId,
        /// The texts to post.
        texts: Vec<String>,
        /// Whether the bot leaves afterwards.
        leave: bool,
    },
    /// Settles an owed effect that needs nothing else said (the record's rows are written).
    Settle {
        /// The effect done.
        effect: EffectId,
    },
    /// A timer's moment has come; ignored when it isn't armed.
    Fire {
        /// The timer.
        timer: TimerId,
    },
    /// No call came from the customer for the disconnect time: he is gone.
    CustomerLost,
    /// Ends the session whatever holds it open.
    ForceEnd,
}

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
    /// The bot to invite.
    pub bot: Option<Bot>,
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

/// What a command is answered.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Answer {
    /// The number of the last durable event this command made; 0 when none.
    pub seq: u64,
    /// The customer view's next position after it.
    pub next_position: u64,
    /// Whether the chat has ended for the customer.
    pub chat_ended: bool,
    /// The customer's `userId`.
    pub user_id: String,
    /// For `Open`: what [`Opening::sealed_key`] was.
    pub sealed_key: Option<[u8; 16]>,
}

/// Why a command or read is refused. Normal, and visible to the caller.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, thiserror::Error)]
pub enum Reject {
    /// No such session, or no longer.
    #[error("no such session")]
    Unknown,
    /// The key does not fit.
    #[error("wrong key")]
    WrongKey,
    /// The session, or the caller's part in it, has ended.
    #[error("the chat has ended")]
    Ended,
    /// The text is longer than allowed.
    #[error("message is longer than {bytes_max} bytes")]
    TooLong {
        /// The limit.
        bytes_max: u32,
    },
    /// The session has as many events as it may.
    #[error("the session is full: {events_max} events")]
    Full {
        /// The limit.
        events_max: u32,
    },
    /// The id was used before for something else, or a session with this id exists.
    #[error("the id is in use")]
    IdInUse,
    /// The caller may not do this.
    #[error("not allowed")]
    NotAllowed,
    /// The session failed twice on the same command and is out of service until its shard has a new owner.
    #[error("the session is out of service after repeated faults")]
    Quarantined,
}

/// What may be read.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum Read {
    /// The customer's view from a position on (0: no events, 1: all).
    Customer {
        /// The GMS `transcriptPosition`.
        position: u64,
    },
    /// Everything, for records and operators.
    Whole,
    /// A view for a bot: its events from a `seq` on.
    Since {
        /// The first `seq` wanted.
        seq: u64,
    },
}

/// What a read answers.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum Reading {
    /// For [`Read::Customer`].
    View(View),
    /// For [`Read::Whole`] and [`Read::Since`]: the durable events, in order.
    Events(Vec<Event>),
    /// Durable events below this `seq` are no longer in memory: read history rows `from..below` and prepend
    /// them.
    NeedsHistory {
        /// First `seq` wanted.
        from: u64,
        /// First `seq` in memory.
        below: u64,
    },
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
}
