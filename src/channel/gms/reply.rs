//! Replies in JSON: the names, kinds and order that clients of the field were built on.

use super::fault::Fault;
use crate::gateway::prefer::PREFERENCE_APPLIED;
use actix_web::HttpResponse;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, RETRY_AFTER};
use handoff_chat::Millis;
use handoff_chat::command::{FilesView, View};
use handoff_chat::event::{Event, LeaveReason, Participant, Role, Shown, Typing, ViewKind, What};
use handoff_chat::file::{File, FileLimits};
use handoff_chat::key::SecureKey;
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;
use utoipa::ToSchema;

/// The one shape of all replies.
#[derive(Serialize, Default, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    /// Always there, maybe empty: the events that were asked for, in the order of their index.
    pub messages: Vec<Message>,
    /// Whether the chat has ended. Always there: clients take a missing one as the end.
    pub chat_ended: bool,
    /// 0 done, 1 come again, 2 failed.
    #[schema(minimum = 0, maximum = 2)]
    pub status_code: u8,
    /// The number of the node that answers; clients send it back, and nobody reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub alias: Option<String>,
    /// The customer's secret: the key to the chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub secure_key: Option<String>,
    /// The customer's `userId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub user_id: Option<String>,
    /// The chat's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub chat_id: Option<String>,
    /// Where the next refresh goes on: the last index and 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_position: Option<u64>,
    /// What an upload is answered: the `file-id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, String>>, nullable = false)]
    pub user_data: Option<UserData>,
    /// What went wrong; not there where nothing did.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Advice>,
    /// How long the call was ready to wait because the client's `Prefer` asked for it; told in a header.
    #[serde(skip)]
    pub preference_applied: Option<Duration>,
}

/// One of `errors`.
#[derive(Serialize, ToSchema)]
pub struct Advice {
    /// GMS's number, or HTTP's.
    pub code: u16,
    /// What is wrong, in a sentence for people; where a limit is exceeded that a client may tell of (201, 202), the
    /// limit.
    pub advice: String,
}

/// Pairs as the wire has them: all values are texts.
pub type UserData = BTreeMap<&'static str, String>;

/// One of `messages`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// What the event has beside its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    event_attributes: Option<EventAttributes>,
    /// Who did it.
    from: From,
    /// Its place in what the customer sees: a whole number from 1 on that rises, with gaps. The notice of the limits
    /// has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1)]
    index: Option<u64>,
    /// As it was given with the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    message_type: Option<String>,
    /// What was said, or what it is about: a page's address, a nickname, a file's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    text: Option<String>,
    /// What happened.
    #[serde(rename = "type")]
    kind: MessageKind,
    /// Of a file: `file-id`, `file-name`, `file-size`, `file-type`, `file-description`. Of the notice of the limits:
    /// the limits, and what is used of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, String>>, nullable = false)]
    user_data: Option<UserData>,
    /// When, in milliseconds since 1970.
    utc_time: i64,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub enum MessageKind {
    /// Somebody joined.
    ParticipantJoined,
    /// Somebody left.
    ParticipantLeft,
    /// Something was said.
    Message,
    /// Somebody types.
    TypingStarted,
    /// Somebody no longer types.
    TypingStopped,
    /// A notice of whatever kind.
    CustomNotice,
    /// A page is shown.
    PushUrl,
    /// Somebody has another nickname.
    NicknameUpdated,
    /// The chat ends soon, for nobody does anything.
    IdleAlert,
    /// The chat ends, for nobody did anything.
    IdleClose,
    /// A file came in.
    FileUploaded,
    /// A file was deleted.
    FileDeleted,
    /// What may be done with files.
    Notice,
}

/// What an event has beside its text.
#[derive(Serialize, Default, ToSchema)]
struct EventAttributes {
    /// Of a bot that joins, and of everybody who leaves.
    #[serde(rename = "GCTI_SYSTEM", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    system: Option<SystemAttributes>,
    /// A rich message, as `/schemas/rich-message.json` has it; `text` says the same in plain words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, nullable = false)]
    rich: Option<Value>,
}

/// What the server says of whoever joins or leaves.
#[derive(Serialize, Default, ToSchema)]
#[serde(rename_all = "kebab-case")]
struct SystemAttributes {
    /// Of a bot that joins.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    party_info: Option<PartyInfo>,
    /// Why somebody left.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    quit_reason_code: Option<QuitReason>,
}

/// What somebody is beside a participant.
#[derive(Serialize, ToSchema)]
struct PartyInfo {
    /// What it is.
    style: Style,
}

/// What somebody is.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Style {
    /// A bot.
    Bot,
}

/// Why somebody left: 0 by their own choice, 3 no call came in time, 4 removed by another, 5 the chat was ended, 7
/// nobody did anything for too long.
#[derive(Clone, Copy, Serialize, ToSchema)]
enum QuitReason {
    #[serde(rename = "0")]
    Left,
    #[serde(rename = "3")]
    Inactive,
    #[serde(rename = "4")]
    Removed,
    #[serde(rename = "5")]
    Ended,
    #[serde(rename = "7")]
    Idle,
}

impl EventAttributes {
    fn of_bot() -> Self {
        let party_info = Some(PartyInfo { style: Style::Bot });
        Self { system: Some(SystemAttributes { party_info, quit_reason_code: None }), rich: None }
    }

    fn of_leave(reason: LeaveReason) -> Self {
        let quit_reason_code = Some(match reason {
            LeaveReason::Left | LeaveReason::ClosedIfNoAgents | LeaveReason::Closed => QuitReason::Left,
            LeaveReason::Inactive => QuitReason::Inactive,
            LeaveReason::Removed => QuitReason::Removed,
            LeaveReason::Ended => QuitReason::Ended,
            LeaveReason::Idle => QuitReason::Idle,
        });
        Self { system: Some(SystemAttributes { party_info: None, quit_reason_code }), rich: None }
    }
}

impl Message {
    /// Its place in the customer's view.
    pub(crate) fn index(&self) -> u64 {
        self.index.unwrap_or(0)
    }

    /// About how many bytes it is written in.
    pub(crate) fn bytes(&self) -> usize {
        self.text.as_ref().map_or(0, String::len) + 256
    }
}

/// Who did something.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct From {
    /// The nickname that they have now, also in earlier events.
    nickname: String,
    /// Their number in the chat; 0: the server itself.
    participant_id: u32,
    /// What they are.
    #[serde(rename = "type")]
    kind: PartyKind,
}

/// What somebody is in a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
enum PartyKind {
    /// The customer.
    Client,
    /// An agent or a bot.
    Agent,
    /// A supervisor.
    Supervisor,
    /// The workflow.
    External,
    /// The server itself.
    System,
}

impl From {
    fn system() -> Self {
        Self { nickname: "System".to_owned(), participant_id: 0, kind: PartyKind::System }
    }
}

impl Reply {
    /// Of a chat, without what is in it.
    pub fn of_chat(alias: &str, key: &SecureKey) -> Self {
        Self {
            alias: Some(alias.to_owned()),
            secure_key: Some(key.to_text()),
            chat_id: Some(key.session.0.clone()),
            ..Self::default()
        }
    }

    /// Of a fault. `known` are the ids that the client gave, `reference` finds the fault in the log.
    pub fn of_fault(fault: &Fault, reference: u64) -> Self {
        let advice = match fault {
            Fault::Dead(_) => {
                format!("Media server was not able to execute request. referenceId[{reference}]")
            }
            other => other.to_string(),
        };
        let again = matches!(fault, Fault::Again | Fault::Random | Fault::Limited(_));
        let errors = if again && fault.retry_ms().is_none() {
            Vec::new()
        } else {
            vec![Advice { code: fault.code(), advice }]
        };
        Self {
            chat_ended: matches!(fault, Fault::Dead(_)),
            status_code: if again { 1 } else { 2 },
            errors,
            ..Self::default()
        }
    }

    /// As an HTTP response. Replies hold keys and texts: nobody may keep them.
    pub fn respond(&self, fault: Option<&Fault>) -> HttpResponse {
        let mut response = match fault {
            Some(fault) => HttpResponse::build(fault.status()),
            None => HttpResponse::Ok(),
        };
        if fault == Some(&Fault::Method) {
            response.insert_header((ALLOW, "POST, OPTIONS"));
        }
        if let Some(ms) = fault.and_then(Fault::retry_ms) {
            response.insert_header((RETRY_AFTER, ms.div_ceil(1000)));
        }
        if let Some(wait) = self.preference_applied {
            response.insert_header((PREFERENCE_APPLIED, format!("wait={}", wait.as_secs())));
        }
        response.insert_header((CACHE_CONTROL, "no-store"));
        response.content_type("application/json;charset=UTF-8");
        response.body(serde_json::to_vec(self).unwrap_or_default())
    }
}

/// A view's events and typing in the order of index.
pub fn messages(view: &View) -> Vec<Message> {
    let mut messages: Vec<Message> = view.events.iter().filter_map(|event| of_event(event, view)).collect();
    messages.extend(view.typing.iter().filter_map(|typing| of_typing(typing, view)));
    messages.sort_by_key(|message| message.index);
    messages
}

fn of_event(event: &Event, view: &View) -> Option<Message> {
    let Shown { index, at, what, .. } = Shown::of(event, view.kind, &view.participants)?;
    let mut message = Message {
        event_attributes: None,
        from: from(event.by, view),
        index: Some(index),
        message_type: what.message_type().map(str::to_owned),
        text: what.text().map(Cow::into_owned),
        kind: MessageKind::Message,
        user_data: None,
        utc_time: at.0,
    };
    message.kind = match &what {
        // The field's clients know no receipts, and how far something has come is for agents.
        What::Read(_) | What::Delivery { .. } => return None,
        What::Joined => {
            let who = view.participants.iter().find(|who| who.number == event.by);
            let bot = who.is_some_and(|who| matches!(who.role, Role::Bot(_)));
            message.event_attributes = bot.then(EventAttributes::of_bot);
            MessageKind::ParticipantJoined
        }
        What::Left { reason, .. } => {
            message.event_attributes = Some(EventAttributes::of_leave(*reason));
            MessageKind::ParticipantLeft
        }
        What::CustomNotice { .. } => MessageKind::CustomNotice,
        What::PushedUrl(_) => MessageKind::PushUrl,
        What::Renamed(_) => MessageKind::NicknameUpdated,
        What::IdleClose(_) => MessageKind::IdleClose,
        What::IdleAlert(_) => MessageKind::IdleAlert,
        What::FileUploaded(file) => {
            message.user_data = Some(file_data(file));
            MessageKind::FileUploaded
        }
        What::FileDeleted { id, name } => {
            let name = name.clone().into_owned();
            message.user_data = Some([("file-id", id.to_string()), ("file-name", name)].into());
            MessageKind::FileDeleted
        }
        // What the field's clients have no kind of event for is said.
        What::Message { .. } | What::Rich { .. } | What::RichReply { .. } | What::NearlyFull(_) => {
            message.message_type.get_or_insert_with(|| "text".to_owned());
            if let What::Rich { content, .. } = &what {
                message.event_attributes = Some(EventAttributes { rich: Some(content.json()), system: None });
            }
            MessageKind::Message
        }
    };
    Some(message)
}

fn of_typing(typing: &Typing, view: &View) -> Option<Message> {
    Some(Message {
        event_attributes: None,
        from: from(typing.by, view),
        index: Some(view.kind.of(&typing.index)?),
        message_type: None,
        user_data: None,
        text: typing.preview.clone(),
        kind: if typing.started { MessageKind::TypingStarted } else { MessageKind::TypingStopped },
        utc_time: typing.at.0,
    })
}

fn file_data(file: &File) -> UserData {
    let mut data = UserData::from([
        ("file-id", file.id.to_string()),
        ("file-name", file.name.show().into_owned()),
        ("file-size", file.bytes.to_string()),
        ("file-type", file.media_type.clone()),
    ]);
    if !file.description.bytes.is_empty() {
        data.insert("file-description", file.description.show().into_owned());
    }
    data
}

/// The notice that tells a client what it may do with files: of no event, so without an index.
pub fn file_limits(files: &FilesView, now: Millis) -> Message {
    let limits = files.limits.as_ref();
    let text = |of: fn(&FileLimits) -> String, off: &str| limits.map_or_else(|| off.to_owned(), of);
    let data = UserData::from([
        ("upload-max-files", text(|limits| limits.files_max.to_string(), "0")),
        ("upload-max-file-size", text(|limits| limits.file_bytes_max.to_string(), "0")),
        ("upload-max-total-size", text(|limits| limits.total_bytes_max.to_string(), "0")),
        ("upload-file-types", text(|limits| limits.types.clone(), "")),
        ("upload-need-agent", text(|limits| limits.need_agent.to_string(), "false")),
        ("download-attempts", text(|limits| limits.downloads_max.to_string(), "0")),
        ("delete-file", if limits.is_some() { "odd" } else { "never" }.to_owned()),
        ("used-upload-max-files", files.used_files.to_string()),
        ("used-upload-max-total-size", files.used_bytes.to_string()),
        ("used-download-attempts", files.downloads.to_string()),
    ]);
    Message {
        event_attributes: None,
        from: files
            .reader
            .as_ref()
            .map_or_else(From::system, |who| from_participant(who, ViewKind::Customer)),
        index: None,
        message_type: None,
        text: Some("file-client-cfg-get".to_owned()),
        kind: MessageKind::Notice,
        user_data: Some(data),
        utc_time: now.0,
    }
}

fn from(by: u32, view: &View) -> From {
    let Some(who) = view.participants.iter().find(|participant| participant.number == by) else {
        return From::system();
    };
    from_participant(who, view.kind)
}

fn from_participant(who: &Participant, kind: ViewKind) -> From {
    From {
        nickname: who.nickname.show().into_owned(),
        participant_id: kind.of(&who.number_in_view).unwrap_or(0),
        kind: role(&who.role),
    }
}

fn role(role: &Role) -> PartyKind {
    match role {
        Role::Customer => PartyKind::Client,
        Role::Agent(_) | Role::Bot(_) => PartyKind::Agent,
        Role::Supervisor => PartyKind::Supervisor,
        Role::Workflow => PartyKind::External,
        Role::System => PartyKind::System,
    }
}
