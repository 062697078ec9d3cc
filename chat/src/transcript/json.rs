//! The transcript as JSON, a shape of our own:
//!
//! ```json
//! {"sessionId": "...", "service": "default", "subject": "",
//!  "startedAt": "2022-03-05T07:09:33.120Z", "endedAt": null,
//!  "contact": {"firstName": "", "lastName": "", "emailAddress": ""}, "userData": {},
//!  "participants": [{"number": 1, "userId": "...", "nickname": "...", "type": "CLIENT", "bot": false,
//!    "visibility": "ALL", "joinedAt": "...", "leftAt": null, "leftBecause": null}],
//!  "events": [{"eventId": 1, "type": "joined", "at": "...", "by": 1, "visibility": "ALL"},
//!    {"eventId": 2, "type": "message", "at": "...", "by": 1, "visibility": "ALL",
//!     "text": "...", "messageType": "text"},
//!    {"eventId": 4, "type": "left", "at": "...", "by": 1, "visibility": "ALL",
//!     "reason": "left", "askedBy": 1}]}
//! ```
//!
//! Other events are `pushedUrl` (`url`), `renamed` (`nickname`), `customNotice` (`text`, `noticeType`), `read`
//! (`through`, an `eventId`), `rich` (`text`, `content`), `richReply` (those and `to`, an `eventId`), `idleAlert` and
//! `idleClose` (`text`), `fileUploaded` (`fileId`, `name`, `bytes`, `mediaType`, `description`) and `fileDeleted`
//! (`fileId`, `name`).
//! `by` and `askedBy` are participant numbers, 0 for the system. `eventId` is the XML's.

use super::time::utc_text;
use super::{Error, Frame, event_id, role_text, visibility, visibility_text};
use crate::id::SessionId;
use crate::session::{Body, Event, IdleStage, Participant, Role, ViewKind};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Transcript<'a> {
    session_id: &'a str,
    service: &'a str,
    subject: String,
    started_at: String,
    ended_at: Option<String>,
    contact: Contact,
    user_data: BTreeMap<&'a str, String>,
    participants: Vec<Party<'a>>,
    events: Vec<Line>,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Contact {
    first_name: String,
    last_name: String,
    email_address: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Party<'a> {
    number: u32,
    user_id: &'a str,
    nickname: String,
    r#type: &'static str,
    bot: bool,
    visibility: &'static str,
    joined_at: String,
    left_at: Option<String>,
    left_because: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    event_id: u64,
    at: String,
    by: u32,
    visibility: &'static str,
    #[serde(flatten)]
    what: What,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum What {
    Joined,
    Message { text: String, message_type: String },
    Left { reason: &'static str, asked_by: u32 },
    PushedUrl { url: String },
    Renamed { nickname: String },
    CustomNotice { text: String, notice_type: Option<String> },
    Read { through: u64 },
    IdleAlert { text: String },
    IdleClose { text: String },
    Rich { text: String, content: Value },
    RichReply { text: String, content: Value, to: u64 },
    FileUploaded { file_id: String, name: String, bytes: u64, media_type: String, description: String },
    FileDeleted { file_id: String, name: String },
}

/// Writes the transcript.
///
/// # Errors
/// [`Error::Json`] when the writer fails.
pub fn to_json(session: &SessionId, events: &[Event]) -> Result<String, Error> {
    let frame = Frame::of(events);
    let ended = events.iter().find(|event| event.body == Body::Ended);
    let start = frame.start;
    let contact = start.map(|start| {
        let [first_name, last_name, email_address] =
            start.contact.each_ref().map(|text| text.show().into_owned());
        Contact { first_name, last_name, email_address }
    });
    let given = start.into_iter().flat_map(|start| &start.user_data);
    let attached = events.iter().filter_map(|event| match &event.body {
        Body::Attached { key, value } => Some((key, value)),
        _ => None,
    });
    // In order, so that what was attached later replaces what was there.
    let user_data = given.chain(attached);
    let transcript = Transcript {
        session_id: &session.0,
        service: start.map_or("", |start| &start.service),
        subject: start.map(|start| start.subject.show().into_owned()).unwrap_or_default(),
        started_at: utc_text(frame.started_ms, false),
        ended_at: ended.map(|event| utc_text(event.at.0, false)),
        contact: contact.unwrap_or_default(),
        user_data: user_data.map(|(key, value)| (key.as_str(), value.show().into_owned())).collect(),
        participants: participants(events),
        events: events.iter().filter_map(line).collect(),
    };
    Ok(serde_json::to_string(&transcript)?)
}

fn participants(events: &[Event]) -> Vec<Party<'_>> {
    let joined = events.iter().filter_map(|event| match &event.body {
        Body::Joined(who) => Some((event, &**who)),
        _ => None,
    });
    joined.map(|(event, who)| party(events, event, who)).collect()
}

fn party<'a>(events: &[Event], joined: &Event, who: &'a Participant) -> Party<'a> {
    let left = events.iter().find_map(|event| match &event.body {
        Body::Left { reason, .. } if event.by == who.number => Some((event, *reason)),
        _ => None,
    });
    Party {
        number: who.number,
        user_id: &who.user_id,
        nickname: who.nickname.show().into_owned(),
        r#type: role_text(&who.role),
        bot: matches!(who.role, Role::Bot(_)),
        visibility: visibility_text(who.visibility),
        joined_at: utc_text(joined.at.0, false),
        left_at: left.map(|(event, _)| utc_text(event.at.0, false)),
        left_because: left.map(|(_, reason)| reason.word()),
    }
}

fn line(event: &Event) -> Option<Line> {
    let what = match &event.body {
        Body::Joined(_) => What::Joined,
        Body::Masked { text, message_type, notice: true, .. } => {
            What::CustomNotice { text: text.show().into_owned(), notice_type: message_type.clone() }
        }
        Body::Message { text, message_type } | Body::Masked { text, message_type, .. } => What::Message {
            text: text.show().into_owned(),
            message_type: message_type.clone().unwrap_or_else(|| "text".to_owned()),
        },
        Body::Left { reason, asked_by } => {
            What::Left { reason: reason.word(), asked_by: asked_by.unwrap_or(event.by) }
        }
        Body::PushedUrl { url } => What::PushedUrl { url: url.show().into_owned() },
        Body::Renamed { nickname } => What::Renamed { nickname: nickname.show().into_owned() },
        Body::CustomNotice { text, notice_type } => {
            What::CustomNotice { text: text.show().into_owned(), notice_type: notice_type.clone() }
        }
        Body::Read { through, .. } => What::Read { through: ViewKind::Supervisor.of(through)? },
        Body::Idle { stage: IdleStage::Close, text } => What::IdleClose { text: text.show().into_owned() },
        Body::Idle { text, .. } => What::IdleAlert { text: text.show().into_owned() },
        Body::Rich { text, content, .. } => {
            What::Rich { text: text.show().into_owned(), content: content.json() }
        }
        Body::RichReply { text, content, through, .. } => What::RichReply {
            text: text.show().into_owned(),
            content: content.json(),
            to: ViewKind::Supervisor.of(through)?,
        },
        Body::FileUploaded(file) => What::FileUploaded {
            file_id: file.id.to_string(),
            name: file.name.show().into_owned(),
            bytes: file.bytes,
            media_type: file.media_type.clone(),
            description: file.description.show().into_owned(),
        },
        Body::FileDeleted { id, name } => {
            What::FileDeleted { file_id: id.to_string(), name: name.show().into_owned() }
        }
        Body::Opened(_) | Body::Ended | Body::Attached { .. } => return None,
    };
    let visibility = visibility_text(visibility(event));
    Some(Line { event_id: event_id(event)?, at: utc_text(event.at.0, false), by: event.by, visibility, what })
}
