//! Events and participants as JSON, the same in all of our own interfaces: the native sockets and what is posted to
//! webhooks.

use handoff_chat::channel::Delivery;
use handoff_chat::event::{self, Shown, ViewKind, What};
use handoff_chat::file;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Something that happened in a chat. Kinds may be added: of one that you do not know show its text as a line, or
/// nothing where it has none.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ChatEvent")]
pub struct Event<'e> {
    /// Strictly increasing, with gaps; never used twice.
    pub index: u64,
    /// Milliseconds since 1970.
    pub at: i64,
    /// The number of the participant whose doing it is; 0: the system.
    pub by: u32,
    /// What was said; of a pushed page its address, of a renamed participant the new nickname, of a file its name, of
    /// a rich message or its answer the same in words.
    pub text: Option<Cow<'e, str>>,
    /// The type that its sender gave it.
    pub message_type: Option<&'e str>,
    /// Of `left`: `left`, `inactive`, `removed`, `ended` or `idle`; of a `delivery` that failed: why.
    pub reason: Option<&'e str>,
    /// Agents alone: customers are not shown it. Left out where they are.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub internal: bool,
    /// What it is, and what its kind alone has.
    #[serde(flatten)]
    pub kind: Kind<'e>,
}

/// The kinds of events.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(rename = "ChatEventKind")]
pub enum Kind<'e> {
    /// Somebody came.
    Joined,
    /// Somebody left.
    Left,
    /// A message.
    Message,
    /// A notice from program to program.
    CustomNotice,
    /// A page is to be shown.
    PushedUrl,
    /// Somebody has another nickname.
    Renamed,
    /// Somebody has read.
    Read {
        /// The index up to which they have read.
        through: Option<u64>,
    },
    /// A rich message.
    Rich {
        /// The whole message, as in `/schemas/rich-message.json`.
        #[schemars(with = "BTreeMap<String, Value>")]
        content: Value,
    },
    /// The answer to a rich message.
    RichReply {
        /// The whole answer, as in `/schemas/rich-reply.json`.
        #[schemars(with = "BTreeMap<String, Value>")]
        content: Value,
        /// The index of the message that is answered.
        to: Option<u64>,
    },
    /// A file is there. Its bytes come over HTTP (docs/files.md).
    FileUploaded {
        /// What is known of it beside its name.
        file: File<'e>,
    },
    /// A file is no longer there.
    FileDeleted {
        /// The one that was there.
        file: FileId,
    },
    /// There is room for few more messages.
    NearlyFull,
    /// Nobody has done anything for too long: a warning.
    IdleAlert,
    /// The same, and the chat is closed.
    IdleClose,
    /// Agents alone: how far an event has come that is pushed to the customer's channel.
    Delivery {
        /// The event's index.
        of: Option<u64>,
        /// Where it is on its way.
        state: DeliveryState,
    },
}

/// A file of a chat.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ChatFile")]
pub struct File<'e> {
    /// 16 hex digits.
    pub id: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// By its content.
    pub media_type: &'e str,
    /// What its sender says of it.
    pub description: Cow<'e, str>,
}

/// A file that is gone.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ChatFileId")]
pub struct FileId {
    /// 16 hex digits.
    pub id: String,
}

/// How far an event has come on the customer's channel.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// The channel has taken it.
    Sent,
    /// It is on the customer's device.
    Delivered,
    /// The customer has read it.
    Read,
    /// It will never come.
    Failed,
}

impl<'e> Event<'e> {
    /// An event with all that is known of it; what all kinds have stands in each, null where it is not there.
    #[must_use]
    pub fn of(shown: &'e Shown<'e>) -> Self {
        Self {
            index: shown.index,
            at: shown.at.0,
            by: shown.by,
            text: shown.what.text(),
            message_type: shown.what.message_type(),
            reason: reason(&shown.what),
            internal: shown.internal,
            kind: Kind::of(&shown.what),
        }
    }
}

impl<'e> Kind<'e> {
    fn of(what: &'e What<'e>) -> Self {
        match what {
            What::Joined => Self::Joined,
            What::Left { .. } => Self::Left,
            What::Message { .. } => Self::Message,
            What::CustomNotice { .. } => Self::CustomNotice,
            What::PushedUrl(_) => Self::PushedUrl,
            What::Renamed(_) => Self::Renamed,
            What::Read(through) => Self::Read { through: *through },
            What::Rich { content, .. } => Self::Rich { content: content.json() },
            What::RichReply { content, to, .. } => Self::RichReply { content: content.json(), to: *to },
            What::FileUploaded(file) => Self::FileUploaded { file: File::of(file) },
            What::FileDeleted { id, .. } => Self::FileDeleted { file: FileId { id: id.to_string() } },
            What::NearlyFull(_) => Self::NearlyFull,
            What::IdleAlert(_) => Self::IdleAlert,
            What::IdleClose(_) => Self::IdleClose,
            What::Delivery { of, delivery } => Self::Delivery { of: *of, state: DeliveryState::of(delivery) },
        }
    }
}

impl<'e> File<'e> {
    fn of(file: &'e file::File) -> Self {
        Self {
            id: file.id.to_string(),
            bytes: file.bytes,
            media_type: &file.media_type,
            description: file.description.show(),
        }
    }
}

impl DeliveryState {
    fn of(delivery: &Delivery) -> Self {
        match delivery {
            Delivery::Sent => Self::Sent,
            Delivery::Delivered => Self::Delivered,
            Delivery::Read => Self::Read,
            Delivery::Failed { .. } => Self::Failed,
        }
    }
}

fn reason<'w>(what: &'w What<'_>) -> Option<&'w str> {
    match what {
        What::Left { reason, .. } => Some(reason.word()),
        What::Delivery { delivery, .. } => delivery.reason(),
        _ => None,
    }
}

/// About how many bytes an event's JSON has.
#[must_use]
pub fn event_bytes(shown: &Shown<'_>) -> usize {
    let content = match &shown.what {
        What::Rich { content, .. } | What::RichReply { content, .. } => content.bytes.len(),
        _ => 0,
    };
    shown.what.text().map_or(0, |text| text.len()) + content + 128
}

/// Who takes part in a chat.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Participant {
    /// Their number in the reader's view.
    #[schemars(range(min = 1))]
    pub number: u32,
    /// What they are.
    pub role: Role,
    /// How they are called.
    pub nickname: String,
    /// 16 hex digits; nobody else's.
    pub user_id: String,
}

/// What somebody is in a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The customer.
    Customer,
    /// An agent.
    Agent,
    /// A bot.
    Bot,
    /// A supervisor.
    Supervisor,
    /// The chat's workflow.
    Workflow,
    /// The server itself.
    System,
}

impl From<&event::Role> for Role {
    fn from(role: &event::Role) -> Self {
        match role {
            event::Role::Customer => Self::Customer,
            event::Role::Agent(_) => Self::Agent,
            event::Role::Bot(_) => Self::Bot,
            event::Role::Supervisor => Self::Supervisor,
            event::Role::Workflow => Self::Workflow,
            event::Role::System => Self::System,
        }
    }
}

impl Participant {
    /// A participant as a view has them; none: it does not.
    #[must_use]
    pub fn of(who: &event::Participant, view: ViewKind) -> Option<Self> {
        let number = view.of(&who.number_in_view)?;
        let role = (&who.role).into();
        Some(Self { number, role, nickname: who.nickname.show().into_owned(), user_id: who.user_id.clone() })
    }
}
