//! Closed records, and records read piece by piece.

use handoff_chat::SessionId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A closed record at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordSummary {
    /// The session's id.
    pub id: String,
    /// The service that the session began with.
    pub service: String,
    /// When the session started, in milliseconds since 1970.
    pub started_at_ms: i64,
    /// When it ended, in milliseconds since 1970.
    pub ended_at_ms: i64,
    /// Its place in the list, opaque: with `after` the list goes on behind it.
    pub cursor: String,
}

/// A page of closed records, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct RecordsPage {
    /// Fewer than were asked for, even none, do not mean that this is the last page.
    pub items: Vec<RecordSummary>,
    /// Where the next page goes on, opaque; null: this is the last.
    #[schema(required)]
    pub next: Option<String>,
}

/// A place in the list of closed records. As text, `MILLISECONDS.ID`, it is opaque to callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordCursor {
    /// When a record ended, in milliseconds since 1970.
    pub ended_at_ms: u64,
    /// Its session; empty: before all that ended then.
    pub id: String,
}

impl std::fmt::Display for RecordCursor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{}", self.ended_at_ms, self.id)
    }
}

impl std::str::FromStr for RecordCursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "it is the `next` or a `cursor` of an answer, as it was there";
        let (moment, id) = text.split_once('.').ok_or(WRONG)?;
        let ended_at_ms = moment.parse().map_err(|_| WRONG)?;
        let cursor = Self { ended_at_ms, id: id.to_owned() };
        // Also refuses what parses and was never written so: signs, leading zeros.
        let ours = (id.is_empty() || SessionId::parse(id).is_some()) && cursor.to_string() == text;
        ours.then_some(cursor).ok_or(WRONG)
    }
}

/// Which closed records are wanted, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordsWanted {
    /// Only those of this service.
    pub service: Option<String>,
    /// Only those that ended at or after this moment, in milliseconds since 1970.
    pub from_ms: u64,
    /// Only those that ended before this moment, in milliseconds since 1970; not set: all.
    pub to_ms: Option<u64>,
    /// Only those that come after this place in the list: older ones.
    pub after: Option<RecordCursor>,
    /// The page's size: so many at most.
    pub limit: usize,
}

/// A place in a record, at which reading goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordPlace {
    /// The `seq` of the first event wanted.
    pub next: u64,
    /// The `seq` of the last event there is, where the record is known to be final.
    pub last: Option<u64>,
}

impl RecordPlace {
    /// Where every record begins.
    pub const START: Self = Self { next: 1, last: None };
}

/// A piece of a record: as many events as a node holds at once, in order and without a gap.
#[derive(Debug, Clone)]
pub struct RecordPiece {
    /// Whether the closing row exists: then the record is final.
    pub closed: bool,
    /// The durable events.
    pub events: Vec<handoff_chat::event::Event>,
    /// Where the next piece begins; `None`: this is the last.
    pub next: Option<RecordPlace>,
    /// What the customer says of the chat, where they said it; with the last piece.
    pub rating: Option<handoff_chat::rating::Rating>,
}
