//! Replies in JSON: the names, kinds and order that clients of the field were built on.

use super::fault::Fault;
use actix_web::HttpResponse;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, RETRY_AFTER};
use handoff_chat::Millis;
use handoff_chat::command::{FilesView, View};
use handoff_chat::event::{Event, LeaveReason, Participant, Role, Shown, Typing, ViewKind, What};
use handoff_chat::file::{File, FileLimits};
use handoff_chat::key::SecureKey;
use serde::Serialize;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The one shape of all replies.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    /// Always there, maybe empty.
    pub messages: Vec<Message>,
    /// Always there: clients take a missing one as the end.
    pub chat_ended: bool,
    /// 0 done, 1 come again, 2 failed.
    pub status_code: u8,
    /// The number of the node that answers; clients send it back, and nobody reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// The customer's secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secure_key: Option<String>,
    /// The customer's `userId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The session's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat_id: Option<String>,
    /// Last index + 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_position: Option<u64>,
    /// What an upload is answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_data: Option<UserData>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Advice>,
}

/// One of `errors`.
#[derive(Serialize)]
pub struct Advice {
    /// GMS's number, or HTTP's.
    pub code: u16,
    /// What is wrong, in a sentence for people.
    pub advice: String,
}

/// Pairs as the wire has them: all values are texts.
pub type UserData = BTreeMap<&'static str, String>;

/// One of `messages`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    #[serde(skip_serializing_if = "Option::is_none")]
    event_attributes: Option<Value>,
    from: From,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_data: Option<UserData>,
    utc_time: i64,
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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct From {
    nickname: String,
    participant_id: u32,
    #[serde(rename = "type")]
    kind: &'static str,
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
        kind: "",
        user_data: None,
        utc_time: at.0,
    };
    message.kind = match &what {
        // The field's clients know no receipts, and how far something has come is for agents.
        What::Read(_) | What::Delivery { .. } => return None,
        What::Joined => {
            let who = view.participants.iter().find(|who| who.number == event.by);
            let bot = who.is_some_and(|who| matches!(who.role, Role::Bot(_)));
            message.event_attributes = bot.then(bot_style);
            "ParticipantJoined"
        }
        What::Left { reason, .. } => {
            message.event_attributes = Some(json!({"GCTI_SYSTEM": {"quit-reason-code": quit_code(*reason)}}));
            "ParticipantLeft"
        }
        What::CustomNotice { .. } => "CustomNotice",
        What::PushedUrl(_) => "PushUrl",
        What::Renamed(_) => "NicknameUpdated",
        What::IdleClose(_) => "IdleClose",
        What::IdleAlert(_) => "IdleAlert",
        What::FileUploaded(file) => {
            message.user_data = Some(file_data(file));
            "FileUploaded"
        }
        What::FileDeleted { id, name } => {
            let name = name.clone().into_owned();
            message.user_data = Some([("file-id", id.to_string()), ("file-name", name)].into());
            "FileDeleted"
        }
        // What the field's clients have no kind of event for is said.
        What::Message { .. } | What::Rich { .. } | What::RichReply { .. } | What::NearlyFull(_) => {
            message.message_type.get_or_insert_with(|| "text".to_owned());
            if let What::Rich { content, .. } = &what {
                message.event_attributes = Some(json!({"rich": content.json()}));
            }
            "Message"
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
        kind: if typing.started { "TypingStarted" } else { "TypingStopped" },
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
    let nobody = || From { nickname: "System".to_owned(), participant_id: 0, kind: "System" };
    Message {
        event_attributes: None,
        from: files.reader.as_ref().map_or_else(nobody, |who| from_participant(who, ViewKind::Customer)),
        index: None,
        message_type: None,
        text: Some("file-client-cfg-get".to_owned()),
        kind: "Notice",
        user_data: Some(data),
        utc_time: now.0,
    }
}

fn from(by: u32, view: &View) -> From {
    let Some(who) = view.participants.iter().find(|participant| participant.number == by) else {
        return From { nickname: "System".to_owned(), participant_id: 0, kind: "System" };
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

fn role(role: &Role) -> &'static str {
    match role {
        Role::Customer => "Client",
        Role::Agent(_) | Role::Bot(_) => "Agent",
        Role::Supervisor => "Supervisor",
        Role::Workflow => "External",
        Role::System => "System",
    }
}

fn bot_style() -> Value {
    json!({"GCTI_SYSTEM": {"party-info": {"style": "BOT"}}})
}

fn quit_code(reason: LeaveReason) -> &'static str {
    match reason {
        LeaveReason::Left => "0",
        LeaveReason::Inactive => "3",
        LeaveReason::Removed => "4",
        LeaveReason::Ended => "5",
        LeaveReason::Idle => "7",
    }
}
