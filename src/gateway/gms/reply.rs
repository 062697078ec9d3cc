//! Replies in JSON: the names, kinds and order that clients of the field were built on.

use super::fault::Fault;
use actix_web::HttpResponse;
use actix_web::http::header::{ALLOW, CACHE_CONTROL};
use handoff_chat::session::{Body, Event, LeaveReason, Role, Typing, View};
use serde::Serialize;
use serde_json::{Value, json};

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
    /// This node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// The customer's secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secure_key: Option<String>,
    /// The customer's `userId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat_id: Option<String>,
    /// Last index + 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_position: Option<u64>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Advice>,
}

/// One of `errors`.
#[derive(Serialize)]
pub struct Advice {
    /// GMS's number, or HTTP's.
    pub code: u16,
    /// For people.
    pub advice: String,
}

/// One of `messages`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    #[serde(skip_serializing_if = "Option::is_none")]
    event_attributes: Option<Value>,
    from: From,
    index: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(rename = "type")]
    kind: &'static str,
    utc_time: i64,
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
    /// Of a fault. `known` are the ids that the client gave, `reference` finds the fault in the log.
    pub fn of_fault(fault: &Fault, reference: u64) -> Self {
        let advice = match fault {
            Fault::Dead(_) => {
                format!("Media server was not able to execute request. referenceId[{reference}]")
            }
            other => other.to_string(),
        };
        let again = matches!(fault, Fault::Again | Fault::Random);
        let errors = if again { Vec::new() } else { vec![Advice { code: fault.code(), advice }] };
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
    let mut message = Message {
        event_attributes: None,
        from: from(event.by, view),
        index: view.kind.of(&event.index)?,
        message_type: None,
        text: None,
        kind: "",
        utc_time: event.at.0,
    };
    match &event.body {
        Body::Opened(_) | Body::Ended | Body::Attached { .. } => return None,
        Body::Joined(who) => {
            message.kind = "ParticipantJoined";
            message.event_attributes = matches!(who.role, Role::Bot(_)).then(bot_style);
        }
        Body::Left { reason, .. } => {
            message.kind = "ParticipantLeft";
            message.event_attributes = Some(json!({"GCTI_SYSTEM": {"quit-reason-code": quit_code(*reason)}}));
        }
        Body::Message { text, message_type } => {
            message.kind = "Message";
            message.text = Some(text.show().into_owned());
            message.message_type = Some(message_type.clone().unwrap_or_else(|| "text".to_owned()));
        }
    }
    Some(message)
}

fn of_typing(typing: &Typing, view: &View) -> Option<Message> {
    Some(Message {
        event_attributes: None,
        from: from(typing.by, view),
        index: view.kind.of(&typing.index)?,
        message_type: None,
        text: typing.preview.clone(),
        kind: if typing.started { "TypingStarted" } else { "TypingStopped" },
        utc_time: typing.at.0,
    })
}

fn from(by: u32, view: &View) -> From {
    let Some(who) = view.participants.iter().find(|participant| participant.number == by) else {
        return From { nickname: "System".to_owned(), participant_id: 0, kind: "System" };
    };
    From {
        nickname: who.nickname.show().into_owned(),
        participant_id: view.kind.of(&who.number_in_view).unwrap_or(0),
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
    }
}
