//! The stored rows of a session's record: an opening row (row 0), one row per durable event keyed by its
//! `seq`, a closing row, whose existence says that the record is closed, and the customer's rating, which may come
//! later. Each is written once.

use crate::event::{Event, LeaveReason};
use crate::id::{Millis, SessionId};
use crate::rating::Rating;
use crate::text::Text;
use bincode::{Decode, Encode};
use handoff_codec::Error;

/// The opening row. Contact, attributes and limits are in the transcript's first row.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct RecordOpening {
    /// The session's id, which is the record's too.
    pub session: SessionId,
    /// The service asked for.
    pub service: String,
    /// When it started, by the wall clock.
    pub started_at: Millis,
    /// The nickname that the customer started with.
    pub nickname: Text,
    /// The GMS `userId` that the customer had.
    pub user_id: String,
}

/// The closing row: where it stands, the record is closed.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct RecordClosing {
    /// When the session ended.
    pub ended_at: Millis,
    /// The last durable event's number: the transcript is whole when it has rows 1 to this.
    pub last_seq: u64,
    /// Why the last who held the session open left it.
    pub reason: LeaveReason,
}

/// A closed record in the list of records by the hour of their end.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct RecordListed {
    /// The session's id, which is the record's too.
    pub session: SessionId,
    /// The service that the chat began with.
    pub service: String,
    /// When it started, by the wall clock.
    pub started_at: Millis,
    /// When it ended, by the wall clock: the hour of its list.
    pub ended_at: Millis,
    /// Why the last who held the session open left it.
    pub reason: LeaveReason,
}

#[derive(Encode, Decode)]
enum StoredListed {
    V1(RecordListed),
}

impl RecordListed {
    /// The name of the list of the hour that starts at this moment.
    pub fn hour_list(hour: Millis) -> String {
        format!("ended:{}", hour.0.div_euclid(HOUR_MS))
    }

    /// The bytes of the row in the list of its hour.
    ///
    /// # Errors
    /// When it is larger than one envelope may be.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        handoff_codec::encode(&StoredListed::V1(self.clone()))
    }

    /// Reads a row of the list of an hour.
    ///
    /// # Errors
    /// When the bytes are damaged or of an unknown version.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let StoredListed::V1(row) = handoff_codec::decode(bytes)?;
        Ok(row)
    }
}

/// Records are listed by the hour, so that a list's partition stays of a good size.
pub const HOUR_MS: i64 = 3_600_000;

/// The list of the hours in which records ended: one entry an hour.
pub const HOURS_LIST: &str = "ended";

#[derive(Encode, Decode)]
enum StoredOpening {
    V1(RecordOpening),
}

#[derive(Encode, Decode)]
enum StoredClosing {
    V1(RecordClosing),
}

impl RecordOpening {
    /// The bytes of row 0 of the record.
    ///
    /// # Errors
    /// When it is larger than one envelope may be.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        handoff_codec::encode(&StoredOpening::V1(self.clone()))
    }

    /// Reads row 0 of a record.
    ///
    /// # Errors
    /// When the bytes are damaged or of an unknown version.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let StoredOpening::V1(row) = handoff_codec::decode(bytes)?;
        Ok(row)
    }
}

impl RecordClosing {
    /// The bytes of the row that closes the record.
    ///
    /// # Errors
    /// When it is larger than one envelope may be.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        handoff_codec::encode(&StoredClosing::V1(self.clone()))
    }

    /// Reads the row that closes a record.
    ///
    /// # Errors
    /// When the bytes are damaged or of an unknown version.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let StoredClosing::V1(row) = handoff_codec::decode(bytes)?;
        Ok(row)
    }
}

#[derive(Encode, Decode)]
enum StoredRating {
    V1(Rating),
}

impl Rating {
    /// The bytes of the row that holds the customer's rating.
    ///
    /// # Errors
    /// When it is larger than one envelope may be.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        handoff_codec::encode(&StoredRating::V1(self.clone()))
    }

    /// Reads the row that holds the customer's rating.
    ///
    /// # Errors
    /// When the bytes are damaged or of an unknown version.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let StoredRating::V1(row) = handoff_codec::decode(bytes)?;
        Ok(row)
    }
}

/// The bytes of a transcript row, which are those of a history row too.
///
/// # Errors
/// When it is larger than one envelope may be.
pub fn encode_event(event: &Event) -> Result<Vec<u8>, Error> {
    handoff_codec::encode(event)
}

/// Reads a transcript row.
///
/// # Errors
/// When the bytes are damaged or of an unknown version.
pub fn decode_event(bytes: &[u8]) -> Result<Event, Error> {
    handoff_codec::decode(bytes)
}
