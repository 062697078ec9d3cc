//! A session as operators see it at a glance: who takes part and how much happened, not what was said.

use crate::ports::RecordPiece;
use handoff_chat::SessionId;
use handoff_chat::event::{Body, Event, Participant, Role, Visibility};
use serde::{Deserialize, Serialize};

/// A session at a glance. Made from its durable events alone, so it is the same whichever node answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionSummary {
    /// The session's id, 16 characters.
    pub id: String,
    /// `live`; `ended`: its record is being closed; `closed`: the record is final.
    pub state: String,
    /// The service it was asked from.
    pub service: String,
    /// When it started, in milliseconds since 1970 UTC.
    pub started_at_ms: i64,
    /// When it ended.
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartySummary {
    /// The participant's number in the session.
    pub number: u32,
    /// `customer`, `agent`, `bot`, `supervisor`, `workflow` or `system`.
    pub role: String,
    /// The bot's name in the configuration; none for all other roles.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bot: Option<String>,
    /// `all`, `internal` or `silent`.
    pub visibility: String,
    /// When the participant joined, in milliseconds since 1970.
    pub joined_at_ms: i64,
    /// When the participant left, in milliseconds since 1970; not there while they are present.
    pub left_at_ms: Option<i64>,
    /// `left`, `inactive`, `removed` or `ended`.
    pub left_because: Option<String>,
}

impl SessionSummary {
    /// Of a session of which nothing is known yet.
    pub(super) fn new(id: &SessionId) -> Self {
        Self {
            id: id.0.clone(),
            state: "live".to_owned(),
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
            self.state = "closed".to_owned();
        }
    }

    fn add(&mut self, event: &Event) {
        (self.last_seq, self.last_at_ms) = (event.seq, event.at.0);
        match &event.body {
            Body::Opened(start) => self.service.clone_from(&start.service),
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
                    party.left_because = Some(reason.word().to_owned());
                }
            }
            Body::Ended => {
                self.ended_at_ms = Some(event.at.0);
                self.state = "ended".to_owned();
            }
        }
    }
}

fn party(who: &Participant, joined_at_ms: i64) -> PartySummary {
    let (role, bot) = match &who.role {
        Role::Customer => ("customer", None),
        Role::Agent(_) => ("agent", None),
        Role::Bot(name) => ("bot", Some(name.0.clone())),
        Role::Supervisor => ("supervisor", None),
        Role::Workflow => ("workflow", None),
        Role::System => ("system", None),
    };
    let visibility = match who.visibility {
        Visibility::All => "all",
        Visibility::Internal => "internal",
        Visibility::Silent => "silent",
    };
    PartySummary {
        number: who.number,
        role: role.to_owned(),
        bot,
        visibility: visibility.to_owned(),
        joined_at_ms,
        left_at_ms: None,
        left_because: None,
    }
}
