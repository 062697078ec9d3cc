//! The transcript of a session, as XML (the field's format) and as JSON (our own), both made from the durable
//! events alone: of a live session up to the last one, of an ended one from its record. It is written piece by piece,
//! so that a record of any length is told in little memory.

mod json;
mod time;
mod xml;

use crate::event::{Event, LeaveReason, Role, ViewKind, Visibility};
use crate::id::SessionId;
use crate::rating::Rating;
use json::Json;
use xml::Xml;

pub use time::utc_text;

/// The `userId` shown for the system itself.
pub const SYSTEM_USER_ID: &str = "0000000000000000";

/// Why a transcript could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The XML writer failed.
    #[error("the transcript's XML could not be written")]
    Xml(#[from] std::io::Error),
    /// The JSON writer failed.
    #[error("the transcript's JSON could not be written")]
    Json(#[from] serde_json::Error),
}

/// How a transcript is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A shape of our own: one JSON object.
    Json,
    /// The field's own format, as its servers write it.
    Xml,
}

/// A transcript in the making. What it keeps grows with who took part and what was attached, not with what was said.
pub struct Transcript(Form);

enum Form {
    Json(Json),
    Xml(Xml),
}

impl Transcript {
    /// Of which nothing is written yet.
    #[must_use]
    pub fn new(format: Format, session: &SessionId) -> Self {
        Self(match format {
            Format::Json => Form::Json(Json::new(session)),
            Format::Xml => Form::Xml(Xml::new(session)),
        })
    }

    /// Takes the next events, in order; answers the UTF-8 that they add, which may be nothing.
    ///
    /// # Errors
    /// [`Error`] when the writer fails; what was answered before is no transcript then.
    pub fn add(&mut self, events: &[Event]) -> Result<Vec<u8>, Error> {
        match &mut self.0 {
            Form::Json(json) => events.iter().try_for_each(|event| json.add(event)).map(|()| json.take()),
            Form::Xml(xml) => events.iter().try_for_each(|event| xml.add(event)).map(|()| xml.take()),
        }
    }

    /// What the customer says of the chat, after its last event. The field's format has no place for it.
    pub fn rated(&mut self, rating: &Rating) {
        match &mut self.0 {
            Form::Json(json) => json.rated(rating),
            Form::Xml(_) => {}
        }
    }

    /// What is left to write after the last event.
    ///
    /// # Errors
    /// As [`Transcript::add`].
    pub fn finish(self) -> Result<Vec<u8>, Error> {
        match self.0 {
            Form::Json(json) => json.finish(),
            Form::Xml(xml) => xml.finish(),
        }
    }
}

/// A part of a record that is small enough to be sent at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The JSON transcript of these events alone: who joined earlier, and what the start said, stands in earlier pages.
    pub json: Vec<u8>,
    /// The `seq` of the last event in it; `None`: there was none.
    pub through: Option<u64>,
}

/// The first of these events as a page of about `bytes_max` bytes; one event at least, however large it is. The rating
/// stands in the page that has all of them.
///
/// # Errors
/// As [`Transcript::add`].
pub fn page(
    session: &SessionId,
    events: &[Event],
    rating: Option<&Rating>,
    bytes_max: usize,
) -> Result<Page, Error> {
    let (mut json, mut through) = (Json::new(session), None);
    for event in events {
        let line = json::written(event)?;
        if through.is_some() && json.bytes().saturating_add(line.len()) > bytes_max {
            break;
        }
        json.put(event, &line)?;
        through = Some(event.seq);
    }
    let whole = through == events.last().map(|last| last.seq);
    rating.filter(|_| whole).into_iter().for_each(|rating| json.rated(rating));
    Ok(Page { json: json.finish()?, through })
}

/// A whole transcript of a few events.
#[cfg(test)]
pub(crate) fn whole(format: Format, session: &SessionId, events: &[Event]) -> Result<String, Error> {
    let mut transcript = Transcript::new(format, session);
    let mut text = transcript.add(events)?;
    text.extend(transcript.finish()?);
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The index in the supervisor's view, which sees everything that has an index at all.
fn event_id(event: &Event) -> Option<u64> {
    ViewKind::Supervisor.of(&event.index)
}

fn visibility(event: &Event) -> Visibility {
    match (event.index.customer, event.index.agent) {
        (Some(_), _) => Visibility::All,
        (None, Some(_)) => Visibility::Internal,
        (None, None) => Visibility::Silent,
    }
}

fn visibility_text(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::All => "ALL",
        Visibility::Internal => "INT",
        Visibility::Silent => "VIP",
    }
}

fn role_text(role: &Role) -> &'static str {
    match role {
        Role::Customer => "CLIENT",
        Role::Agent(_) | Role::Bot(_) => "AGENT",
        Role::Supervisor => "SUPERVISOR",
        Role::Workflow => "EXTERNAL",
        Role::System => "SYSTEM",
    }
}

/// The reason's code, where it has one, and its text.
fn reason_text(reason: LeaveReason) -> (Option<&'static str>, &'static str) {
    match reason {
        LeaveReason::Left => (None, "left"),
        LeaveReason::ClosedIfNoAgents => (Some("1"), "left with request to close if no agents"),
        LeaveReason::Closed => (Some("2"), "left with request to close forcedly"),
        LeaveReason::Inactive => (Some("3"), "left due to disconnect"),
        LeaveReason::Removed | LeaveReason::Ended | LeaveReason::Idle => {
            (Some("4"), "removed by other party")
        }
    }
}

#[cfg(test)]
mod tests;
