//! A session as operators see it at a glance: who takes part and how much happened, not what was said.

use crate::ports::RecordPiece;
use crate::shown::Role;
use handoff_chat::SessionId;
use handoff_chat::event::{self, Body, Event, LeaveReason, Participant, Visibility};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How far a session is: it goes on; its record is being closed; its record is final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// It goes on.
    Live,
    /// Its record is being closed.
    Ended,
    /// Its record is final.
    Closed,
}

/// Who sees somebody: everybody; everybody but the customer; nobody but supervisors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Visibility)]
pub enum SeenBy {
    /// Everybody.
    All,
    /// Everybody but the customer.
    Internal,
    /// Nobody but supervisors.
    Silent,
}

/// Why somebody left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeftBecause {
    /// By their own choice.
    Left,
    /// No call came in time.
    Inactive,
    /// Another participant removed them.
    Removed,
    /// The session was ended.
    Ended,
    /// Nobody did anything for too long.
    Idle,
}

/// A session at a glance: state, service, participants without their names, counts. Made from its durable events alone,
/// so it is the same whichever node answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionSummary {
    /// The session's id, 16 characters.
    pub id: String,
    /// How far it is.
    pub state: SessionState,
    /// The service it was asked from.
    pub service: String,
    /// When it started, in milliseconds since 1970 UTC.
    pub started_at_ms: i64,
    /// When it ended; null while it goes on.
    #[schema(required)]
    pub ended_at_ms: Option<i64>,
    /// How many messages were posted.
    pub messages: usize,
    /// The number of its last durable event.
    pub last_seq: u64,
    /// When that happened.
    pub last_at_ms: i64,
    /// Everybody who ever took part, in order of joining.
    pub participants: Vec<PartySummary>,
}

/// One who takes or took part. Without a name: that is in the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Participant)]
pub struct PartySummary {
    /// The participant's number in the session.
    pub number: u32,
    /// What they are.
    pub role: Role,
    /// The bot's name in the configuration; for no other role.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bot: Option<String>,
    /// Who sees them.
    pub visibility: SeenBy,
    /// When the participant joined, in milliseconds since 1970.
    pub joined_at_ms: i64,
    /// When the participant left, in milliseconds since 1970; null while they are present.
    #[schema(required)]
    pub left_at_ms: Option<i64>,
    /// Why the participant left; null while they are present.
    #[schema(required)]
    pub left_because: Option<LeftBecause>,
}

impl SessionSummary {
    /// Of a session of which nothing is known yet.
    pub(super) fn new(id: &SessionId) -> Self {
        Self {
            id: id.0.clone(),
            state: SessionState::Live,
            service: String::new(),
            started_at_ms: 0,
            ended_at_ms: None,
            messages: 0,
            last_seq: 0,
            last_at_ms: 0,
            participants: Vec::new(),
        }
    }

    /// Takes the next events.
    pub(super) fn take(&mut self, piece: &RecordPiece) {
        if self.last_seq == 0 {
            self.started_at_ms = piece.events.first().map_or(0, |event| event.at.0);
        }
        for event in &piece.events {
            self.add(event);
        }
        if piece.closed {
            self.state = SessionState::Closed;
        }
    }

    fn add(&mut self, event: &Event) {
        (self.last_seq, self.last_at_ms) = (event.seq, event.at.0);
        match &event.body {
            Body::Opened(start) => self.service.clone_from(&start.terms.service),
            Body::Joined(who) => self.participants.push(party(who, event.at.0)),
            Body::Message { .. }
            | Body::Masked { notice: false, .. }
            | Body::Rich { .. }
            | Body::RichReply { .. } => self.messages += 1,
            Body::Attached { .. }
            | Body::PushedUrl { .. }
            | Body::Renamed { .. }
            | Body::CustomNotice { .. }
            | Body::Read { .. }
            | Body::Idle { .. }
            | Body::NearlyFull { .. }
            | Body::Masked { .. }
            | Body::FileUploaded(_)
            | Body::FileDeleted { .. }
            | Body::Delivery { .. } => {}
            #[cfg(feature = "next-version")]
            Body::Cheered { .. } | Body::Worded { .. } => {}
            Body::Left { reason, .. } => {
                if let Some(party) = self.participants.iter_mut().rfind(|party| party.number == event.by) {
                    party.left_at_ms = Some(event.at.0);
                    party.left_because = Some(because(*reason));
                }
            }
            Body::Ended => {
                self.ended_at_ms = Some(event.at.0);
                self.state = SessionState::Ended;
            }
        }
    }
}

fn party(who: &Participant, joined_at_ms: i64) -> PartySummary {
    let bot = match &who.role {
        event::Role::Bot(name) => Some(name.0.clone()),
        _ => None,
    };
    let visibility = match who.visibility {
        Visibility::All => SeenBy::All,
        Visibility::Internal => SeenBy::Internal,
        Visibility::Silent => SeenBy::Silent,
    };
    PartySummary {
        number: who.number,
        role: Role::from(&who.role),
        bot,
        visibility,
        joined_at_ms,
        left_at_ms: None,
        left_because: None,
    }
}

fn because(reason: LeaveReason) -> LeftBecause {
    match reason {
        LeaveReason::Left | LeaveReason::ClosedIfNoAgents | LeaveReason::Closed => LeftBecause::Left,
        LeaveReason::Inactive => LeftBecause::Inactive,
        LeaveReason::Removed => LeftBecause::Removed,
        LeaveReason::Ended => LeftBecause::Ended,
        LeaveReason::Idle => LeftBecause::Idle,
    }
}
