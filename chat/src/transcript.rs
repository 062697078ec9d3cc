//! The transcript of a session, as XML (the field's format) and as JSON (our own), both made from the durable
//! events alone: of a live session up to the last one, of an ended one from its record.

mod json;
mod time;
mod xml;

use crate::session::{Body, Event, LeaveReason, Participant, Role, Start, ViewKind, Visibility};
use std::collections::BTreeMap;

pub use json::to_json;
pub use time::utc_text;
pub use xml::to_xml;

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

/// What both formats need to know of the events as a whole.
struct Frame<'a> {
    start: Option<&'a Start>,
    started_ms: i64,
    parties: BTreeMap<u32, &'a Participant>,
}

impl<'a> Frame<'a> {
    fn of(events: &'a [Event]) -> Self {
        let start = events.iter().find_map(|event| match &event.body {
            Body::Opened(start) => Some(&**start),
            _ => None,
        });
        let parties = events.iter().filter_map(|event| match &event.body {
            Body::Joined(who) => Some((who.number, &**who)),
            _ => None,
        });
        let started_ms = events.first().map_or(0, |event| event.at.0);
        Self { start, started_ms, parties: parties.collect() }
    }

    fn user_id(&self, number: u32) -> &str {
        self.parties.get(&number).map_or(SYSTEM_USER_ID, |who| &who.user_id)
    }
}

/// The index in the supervisor's view, which sees everything that has an index at all.
fn event_id(event: &Event) -> Option<u64> {
    ViewKind::Supervisor.of(&event.index)
}

fn visibility(event: &Event) -> Visibility {
    let [customer, agent, _] = event.index;
    match (customer, agent) {
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
        LeaveReason::Inactive => (Some("3"), "left due to disconnect"),
        LeaveReason::Removed | LeaveReason::Ended | LeaveReason::Idle => {
            (Some("4"), "removed by other party")
        }
    }
}

#[cfg(test)]
mod tests;
