//! The transcript as JSON, a shape of our own:
//!
//! ```json
//! {"sessionId": "...", "service": "default", "subject": "",
//!  "startedAt": "2022-03-05T07:09:33.120Z",
//!  "contact": {"firstName": "", "lastName": "", "emailAddress": ""},
//!  "events": [{"eventId": 1, "type": "joined", "at": "...", "by": 1, "visibility": "ALL"},
//!    {"eventId": 2, "type": "message", "at": "...", "by": 1, "visibility": "ALL",
//!     "text": "...", "messageType": "text"},
//!    {"eventId": 4, "type": "left", "at": "...", "by": 1, "visibility": "ALL",
//!     "reason": "left", "askedBy": 1}],
//!  "endedAt": null, "userData": {},
//!  "participants": [{"number": 1, "userId": "...", "nickname": "...", "type": "CLIENT", "bot": false,
//!    "visibility": "ALL", "joinedAt": "...", "leftAt": null, "leftBecause": null}],
//!  "rating": {"score": 5, "text": "", "at": "..."}}
//! ```
//!
//! What is known only after the last event stands behind the events, so that they can be written as they are read;
//! `rating` is null where the customer gave none.
//!
//! Other events are `pushedUrl` (`url`), `renamed` (`nickname`), `customNotice` (`text`, `noticeType`), `read`
//! (`through`, an `eventId`), `rich` (`text`, `content`), `richReply` (those and `to`, an `eventId`), `idleAlert` and
//! `idleClose` (`text`), `fileUploaded` (`fileId`, `name`, `bytes`, `mediaType`, `description`) and `fileDeleted`
//! (`fileId`, `name`).
//! `by` and `askedBy` are participant numbers, 0 for the system. `eventId` is the XML's.

use super::time::utc_text;
use super::{Error, event_id, role_text, visibility, visibility_text};
use crate::event::{Body, Event, Participant, Role, Start, ViewKind, shown};
use crate::id::SessionId;
use crate::opening::Names;
use crate::rating::Rating;
use crate::text::Text;
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What stands before the events.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    session_id: &'a str,
    service: &'a str,
    subject: String,
    started_at: String,
    contact: Contact,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Contact {
    first_name: String,
    last_name: String,
    email_address: String,
}

/// What stands behind them.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Tail {
    ended_at: Option<String>,
    user_data: BTreeMap<String, String>,
    participants: Vec<Party>,
    rating: Option<Rated>,
}

#[derive(Serialize)]
struct Rated {
    score: u8,
    text: String,
    at: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Party {
    number: u32,
    user_id: String,
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
    Delivery { of: u64, state: &'static str, reason: Option<String> },
    IdleAlert { text: String },
    IdleClose { text: String },
    NearlyFull { text: String },
    Rich { text: String, content: Value },
    RichReply { text: String, content: Value, to: u64 },
    FileUploaded { file_id: String, name: String, bytes: u64, media_type: String, description: String },
    FileDeleted { file_id: String, name: String },
}

/// A transcript in the making: what is known only at the end is kept until then.
pub(super) struct Json {
    session: String,
    out: Vec<u8>,
    /// Whether the head is written.
    begun: bool,
    /// Whether an event is.
    lines: bool,
    tail: Tail,
}

impl Json {
    pub(super) fn new(session: &SessionId) -> Self {
        let tail = Tail::default();
        Self { session: session.0.clone(), out: Vec::new(), begun: false, lines: false, tail }
    }

    pub(super) fn add(&mut self, event: &Event) -> Result<(), Error> {
        self.put(event, &written(event)?)
    }

    /// Adds an event with its line.
    pub(super) fn put(&mut self, event: &Event, line: &[u8]) -> Result<(), Error> {
        self.begin(Some(event))?;
        self.tail.note(event);
        if !line.is_empty() {
            if self.lines {
                self.out.push(b',');
            }
            self.lines = true;
            self.out.extend(line);
        }
        Ok(())
    }

    /// How much was written since the last [`Json::take`].
    pub(super) fn bytes(&self) -> usize {
        self.out.len()
    }

    /// What was written since the last time.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// What the customer says of the chat.
    pub(super) fn rated(&mut self, rating: &Rating) {
        let Rating { at, score, text } = rating;
        self.tail.rating = Some(Rated { score: *score, text: shown(text), at: utc_text(at.0, false) });
    }

    pub(super) fn finish(mut self) -> Result<Vec<u8>, Error> {
        self.begin(None)?;
        self.out.extend(b"],");
        let tail = serde_json::to_vec(&self.tail)?;
        self.out.extend(tail.get(1..).unwrap_or_default());
        Ok(self.out)
    }

    /// The head, once. The start is a session's first event.
    fn begin(&mut self, first: Option<&Event>) -> Result<(), Error> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        let start = first.and_then(|event| match &event.body {
            Body::Opened(start) => Some(&**start),
            _ => None,
        });
        let head = Head {
            session_id: &self.session,
            service: start.map_or("", |start| &start.terms.service),
            subject: start.map(|start| shown(&start.subject)).unwrap_or_default(),
            started_at: utc_text(first.map_or(0, |event| event.at.0), false),
            contact: start.map(contact).unwrap_or_default(),
        };
        serde_json::to_writer(&mut self.out, &head)?;
        // The object goes on.
        self.out.pop();
        self.out.extend(br#","events":["#);
        Ok(())
    }
}

impl Tail {
    fn note(&mut self, event: &Event) {
        match &event.body {
            Body::Opened(start) => {
                self.user_data.extend(start.user_data.iter().map(|(key, value)| (key.clone(), shown(value))));
            }
            // In order, so that what was attached later replaces what was there.
            Body::Attached { key, value } => {
                self.user_data.insert(key.clone(), shown(value));
            }
            Body::Joined(who) => self.participants.push(party(event, who)),
            Body::Left { reason, .. } => {
                let of = |party: &&mut Party| party.number == event.by && party.left_at.is_none();
                if let Some(party) = self.participants.iter_mut().find(of) {
                    party.left_at = Some(utc_text(event.at.0, false));
                    party.left_because = Some(reason.word());
                }
            }
            Body::Ended if self.ended_at.is_none() => self.ended_at = Some(utc_text(event.at.0, false)),
            _ => {}
        }
    }
}

fn shown(text: &Text) -> String {
    text.show().into_owned()
}

fn contact(start: &Start) -> Contact {
    let Names { first: first_name, last: last_name, email: email_address } = start.names.map(shown);
    Contact { first_name, last_name, email_address }
}

fn party(joined: &Event, who: &Participant) -> Party {
    Party {
        number: who.number,
        user_id: who.user_id.clone(),
        nickname: shown(&who.nickname),
        r#type: role_text(&who.role),
        bot: matches!(who.role, Role::Bot(_)),
        visibility: visibility_text(who.visibility),
        joined_at: utc_text(joined.at.0, false),
        left_at: None,
        left_because: None,
    }
}

/// An event's line; empty where it has none.
pub(super) fn written(event: &Event) -> Result<Vec<u8>, Error> {
    Ok(line(event).map(|line| serde_json::to_vec(&line)).transpose()?.unwrap_or_default())
}

fn line(event: &Event) -> Option<Line> {
    let text = |text: Cow<'_, str>| text.into_owned();
    let what = match shown::What::of(&event.body, ViewKind::Supervisor)? {
        shown::What::Joined => What::Joined,
        shown::What::Left { reason, asked_by } => {
            What::Left { reason: reason.word(), asked_by: asked_by.unwrap_or(event.by) }
        }
        shown::What::Message { text: said, message_type } => {
            What::Message { text: text(said), message_type: message_type.unwrap_or("text").to_owned() }
        }
        shown::What::CustomNotice { text: said, message_type } => {
            What::CustomNotice { text: text(said), notice_type: message_type.map(str::to_owned) }
        }
        shown::What::PushedUrl(url) => What::PushedUrl { url: text(url) },
        shown::What::Renamed(nickname) => What::Renamed { nickname: text(nickname) },
        shown::What::Read(through) => What::Read { through: through? },
        shown::What::Delivery { of, delivery } => {
            What::Delivery { of: of?, state: delivery.word(), reason: delivery.reason().map(str::to_owned) }
        }
        shown::What::IdleClose(said) => What::IdleClose { text: text(said) },
        shown::What::IdleAlert(said) => What::IdleAlert { text: text(said) },
        shown::What::NearlyFull(said) => What::NearlyFull { text: text(said) },
        shown::What::Rich { text: said, content } => What::Rich { text: text(said), content: content.json() },
        shown::What::RichReply { to, text: said, content } => {
            What::RichReply { text: text(said), content: content.json(), to: to? }
        }
        shown::What::FileUploaded(file) => What::FileUploaded {
            file_id: file.id.to_string(),
            name: text(file.name.show()),
            bytes: file.bytes,
            media_type: file.media_type.clone(),
            description: text(file.description.show()),
        },
        shown::What::FileDeleted { id, name } => {
            What::FileDeleted { file_id: id.to_string(), name: text(name) }
        }
    };
    let visibility = visibility_text(visibility(event));
    Some(Line { event_id: event_id(event)?, at: utc_text(event.at.0, false), by: event.by, visibility, what })
}
