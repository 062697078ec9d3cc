//! The fields that the calls take, as the API's description has them. The code reads a form by the names of its fields
//! ([`operation`](super::operation), [`perform`](super::perform), [`files`](super::files)); a test of the gateway holds
//! the two together.
#![expect(dead_code, reason = "these shapes are described and never made")]

use super::files::NOTIFICATIONS;
use super::operation::{MESSAGE_ID_CHARS_MAX, MESSAGE_TYPE_BYTES_MAX};
use crate::gateway::starting::{NICKNAME_BYTES_MAX, START_ID_CHARS_MAX, START_ID_CHARS_MIN};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(description))
}

fn start_id() -> Object {
    let text = text(
        "Makes a repeat safe: the same id is answered with the same chat. Printable ASCII characters; it must be \
         unguessable, for it opens the chat to whoever repeats it.",
    );
    text.min_length(Some(START_ID_CHARS_MIN)).max_length(Some(START_ID_CHARS_MAX)).build()
}

fn message_id() -> Object {
    let text =
        text("Makes a repeat safe: the same id is the same command, done once. Printable ASCII characters.");
    text.min_length(Some(1)).max_length(Some(MESSAGE_ID_CHARS_MAX)).build()
}

fn message_type() -> Object {
    text("Said to all with the message.").max_length(Some(MESSAGE_TYPE_BYTES_MAX)).build()
}

fn nickname() -> Object {
    text("The name that others see.").max_length(Some(NICKNAME_BYTES_MAX)).build()
}

fn notification() -> Object {
    let names = NOTIFICATIONS.iter().map(|(name, _)| *name);
    text("What is asked for.").enum_values(Some(names)).build()
}

/// What starts a chat.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct StartForm {
    #[schema(schema_with = nickname)]
    nickname: Option<String>,
    /// Needed where there is no nickname: with the last name it is the name that others see.
    #[schema(nullable = false)]
    first_name: Option<String>,
    /// Needed where there is no nickname.
    #[schema(nullable = false)]
    last_name: Option<String>,
    /// The customer's e-mail address.
    #[schema(nullable = false)]
    email_address: Option<String>,
    /// What it is about.
    #[schema(nullable = false)]
    subject: Option<String>,
    /// The customer's first message.
    #[schema(nullable = false)]
    text: Option<String>,
    /// Attached to the chat, each as `userData[KEY]`. Of these, `TimeZone` is the customer's distance to UTC in
    /// minutes, `GCTI_Chat_AsyncMode=true` lets the customer be silent for days, and `Handoff_Identity` is the site's
    /// proof of who the customer is.
    #[schema(nullable = false)]
    user_data: Option<BTreeMap<String, String>>,
    #[schema(schema_with = start_id)]
    client_message_id: Option<String>,
}

/// What every call within a chat takes.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct ChatForm {
    /// From the reply to the chat's start. It alone says whose call this is.
    secure_key: String,
    /// From the same reply. It is only said back by a reply that says to come again (HTTP 200, `statusCode` 1).
    #[schema(nullable = false)]
    user_id: Option<String>,
    /// The `nextPosition` of the last reply. Where no more is said of it, it is only said back, as `userId` is.
    #[schema(nullable = false)]
    transcript_position: Option<u64>,
}

/// What posts a message.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct SendForm {
    #[serde(flatten)]
    chat: ChatForm,
    /// The message, as it is shown.
    message: String,
    #[schema(schema_with = message_type)]
    message_type: Option<String>,
    /// When given, the reply has the events from this index on; 0: none.
    #[schema(nullable = false)]
    transcript_position: Option<u64>,
    #[schema(schema_with = message_id)]
    client_message_id: Option<String>,
}

/// What reads a chat.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct RefreshForm {
    #[serde(flatten)]
    chat: ChatForm,
    /// The reply has the events from this index on; 0: none.
    #[schema(nullable = false, default = 1)]
    transcript_position: Option<u64>,
    /// What the customer has typed so far: agents see it, and that the customer types.
    #[schema(nullable = false)]
    message: Option<String>,
    /// How long the call may wait for news, in milliseconds; the node has a limit of its own. With a `message` it
    /// does not wait.
    #[schema(nullable = false, default = 0)]
    wait_ms: Option<u64>,
}

/// What says that the customer types, or no longer.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct TypingForm {
    #[serde(flatten)]
    chat: ChatForm,
    /// What the customer has typed so far.
    #[schema(nullable = false)]
    message: Option<String>,
}

/// What shows a page to the others.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct PushUrlForm {
    #[serde(flatten)]
    chat: ChatForm,
    /// The page's address.
    push_url: String,
    #[schema(schema_with = message_id)]
    client_message_id: Option<String>,
}

/// What renames the customer.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct NicknameForm {
    #[serde(flatten)]
    chat: ChatForm,
    #[schema(schema_with = nickname, required)]
    nickname: String,
    #[schema(schema_with = message_id)]
    client_message_id: Option<String>,
}

/// What attaches data.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct DataForm {
    #[serde(flatten)]
    chat: ChatForm,
    /// Attached to the chat, each as `userData[KEY]`; none is no error.
    #[schema(nullable = false)]
    user_data: Option<BTreeMap<String, String>>,
    #[schema(schema_with = message_id)]
    client_message_id: Option<String>,
}

/// What gives a notice of whatever kind.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct NoticeForm {
    #[serde(flatten)]
    chat: ChatForm,
    /// The notice's text.
    #[schema(nullable = false)]
    message: Option<String>,
    #[schema(schema_with = message_type)]
    message_type: Option<String>,
    #[schema(schema_with = message_id)]
    client_message_id: Option<String>,
}

/// What says how far the customer has read.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct ReceiptForm {
    #[serde(flatten)]
    chat: ChatForm,
    /// All events below this index were read.
    transcript_position: u64,
    #[schema(schema_with = message_id)]
    client_message_id: Option<String>,
}

/// What is said of a file.
#[derive(ToSchema)]
pub(super) struct FileWords {
    /// What it is, for people.
    #[schema(nullable = false, rename = "file-description")]
    description: Option<String>,
}

/// What brings a file.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct UploadForm {
    #[serde(flatten)]
    chat: ChatForm,
    /// The file, as a part with a file name, after `secureKey`.
    #[schema(format = Binary)]
    file: String,
    /// Each as `userData[KEY]`.
    #[schema(nullable = false)]
    user_data: Option<FileWords>,
    #[schema(schema_with = message_id)]
    client_message_id: Option<String>,
}

/// What a client of CometD asks for concerning files.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct NotificationForm {
    #[schema(schema_with = notification, required)]
    operation: String,
    /// From the reply to the chat's start.
    secure_key: String,
    /// Which file is downloaded or deleted.
    #[schema(nullable = false)]
    file_id: Option<String>,
    /// The file that is brought, as a part with a file name, after `secureKey`.
    #[schema(nullable = false, format = Binary)]
    file: Option<String>,
    /// Of the file that is brought, each as `userData[KEY]`.
    #[schema(nullable = false)]
    user_data: Option<FileWords>,
    #[schema(schema_with = message_id)]
    client_message_id: Option<String>,
}
