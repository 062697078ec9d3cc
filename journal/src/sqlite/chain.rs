//! A shard's log as a chain over several files: each epoch's opening row says which frames of which earlier epochs the
//! log consists of; whatever else stands in those files is void.
//!
//! Why the newest opening row below a claim is the right one to go on from: an owner serves only after its opening row
//! is committed and its successor's claim was then still missing. So whoever claims later finds that row, and
//! every row between extends it.

use std::ops::Range;

use bincode::{Decode, Encode};
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, params};

use super::Inner;
use super::file::{self, FileError};
use crate::{Epoch, FrameId, JournalError, Owner, Position, ShardId, StoredFrame};

/// The tables of an incarnation's log file.
pub(super) const SCHEMA: &str = "
    CREATE TABLE opening (shard INTEGER, epoch INTEGER, body BLOB, PRIMARY KEY (shard, epoch)) WITHOUT ROWID;
    CREATE TABLE frame (shard INTEGER, epoch INTEGER, segment INTEGER, seq INTEGER,
        id BLOB, events INTEGER, body BLOB, PRIMARY KEY (shard, epoch, segment, seq));
    CREATE TABLE seal (shard INTEGER, epoch INTEGER, segment INTEGER, next_seq INTEGER,
        PRIMARY KEY (shard, epoch, segment)) WITHOUT ROWID;
    CREATE TABLE trim (shard INTEGER, epoch INTEGER, first_segment INTEGER,
        PRIMARY KEY (shard, epoch)) WITHOUT ROWID;
";

/// Frames of one epoch that belong to the log: from `start` up to, not including, `end`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) struct Extent {
    pub(super) epoch: Epoch,
    pub(super) owner: Owner,
    start: (u64, u64),
    end: (u64, u64),
}

impl Extent {
    pub(super) fn holds(&self, epoch: Epoch, at: Position) -> bool {
        self.epoch == epoch && (self.start..self.end).contains(&(at.segment, at.seq))
    }

    /// Whether anything of it is in a segment from `first` on.
    pub(super) fn reaches(&self, first: u64) -> bool {
        self.end > (first, 1)
    }
}

/// An epoch's first row: what the log is before it, and where it goes on.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) struct Opening {
    pub(super) first_segment: u64,
    pub(super) extents: Vec<Extent>,
    start: (u64, u64),
}

impl Opening {
    pub(super) fn start(&self) -> Position {
        Position { segment: self.start.0, seq: self.start.1 }
    }
}

/// What one epoch's file says.
#[derive(Debug, Clone)]
pub(super) struct Term {
    pub(super) shard: ShardId,
    pub(super) epoch: Epoch,
    pub(super) owner: Owner,
    pub(super) opening: Opening,
    pub(super) end: Position,
    pub(super) first_segment: u64,
}

impl Term {
    /// All extents of the log that are not trimmed, this term's own last.
    pub(super) fn extents(&self) -> Vec<Extent> {
        let own = Extent {
            epoch: self.epoch,
            owner: self.owner,
            start: self.opening.start,
            end: (self.end.segment, self.end.seq),
        };
        let all = self.opening.extents.iter().cloned().chain([own]);
        all.filter(|extent| extent.start < extent.end && extent.reaches(self.first_segment)).collect()
    }

    fn successor(&self) -> Opening {
        Opening {
            first_segment: self.first_segment,
            extents: self.extents(),
            start: (self.end.segment, self.end.seq),
        }
    }
}

/// A number as SQLite stores it; ours stay far below the sign bit.
pub(super) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Reads an epoch's opening row.
pub(super) fn opening(db: &Connection, shard: ShardId, epoch: Epoch) -> Result<Option<Opening>, FileError> {
    let mut query = db.prepare_cached("SELECT body FROM opening WHERE shard = ? AND epoch = ?")?;
    let body: Option<Vec<u8>> =
        query.query_row(params![shard.0, number(epoch.0)], |row| row.get(0)).optional()?;
    let decode = |body: Vec<u8>| {
        handoff_codec::decode(&body).map_err(|error| std::io::Error::other(error.to_string()))
    };
    Ok(body.map(decode).transpose()?)
}

/// Where an epoch's next frame goes, by its rows.
pub(super) fn end(
    db: &Connection,
    shard: ShardId,
    epoch: Epoch,
    start: Position,
) -> Result<Position, FileError> {
    let key = params![shard.0, number(epoch.0)];
    let frame = "SELECT segment, seq + 1 FROM frame WHERE shard = ? AND epoch = ? \
                 ORDER BY segment DESC, seq DESC LIMIT 1";
    let seal = "SELECT segment + 1, 1 FROM seal WHERE shard = ? AND epoch = ? ORDER BY segment DESC LIMIT 1";
    let mut end = start;
    for query in [frame, seal] {
        let position = |row: &rusqlite::Row<'_>| {
            Ok(Position {
                segment: row.get::<_, i64>(0)?.unsigned_abs(),
                seq: row.get::<_, i64>(1)?.unsigned_abs(),
            })
        };
        end = end.max(db.prepare_cached(query)?.query_row(key, position).optional()?.unwrap_or(end));
    }
    Ok(end)
}

fn trimmed_to(db: &Connection, shard: ShardId, epoch: Epoch) -> Result<u64, FileError> {
    let mut query = db.prepare_cached("SELECT first_segment FROM trim WHERE shard = ? AND epoch = ?")?;
    let first: Option<i64> =
        query.query_row(params![shard.0, number(epoch.0)], |row| row.get(0)).optional()?;
    Ok(first.unwrap_or(0).unsigned_abs())
}

/// The id of a frame, if it stands there.
pub(super) fn frame_id(
    db: &Connection,
    shard: ShardId,
    epoch: Epoch,
    at: Position,
) -> Result<Option<FrameId>, FileError> {
    let mut query =
        db.prepare_cached("SELECT id FROM frame WHERE shard = ? AND epoch = ? AND segment = ? AND seq = ?")?;
    let key = params![shard.0, number(epoch.0), number(at.segment), number(at.seq)];
    let id: Option<[u8; 16]> = query.query_row(key, |row| row.get(0)).optional()?;
    Ok(id.map(|id| FrameId(u128::from_le_bytes(id))))
}

impl Inner {
    /// What an epoch's file says; `None` when its owner never got as far as its opening row.
    pub(super) fn term(
        &self,
        shard: ShardId,
        epoch: Epoch,
        owner: Owner,
    ) -> Result<Option<Term>, JournalError> {
        let read = file::read(&self.layout.log(owner), |db| {
            let Some(opening) = opening(db, shard, epoch)? else { return Ok(None) };
            let end = end(db, shard, epoch, opening.start())?;
            let first_segment = opening.first_segment.max(trimmed_to(db, shard, epoch)?);
            Ok(Some(Term { shard, epoch, owner, opening, end, first_segment }))
        });
        Ok(read.map_err(unknown)?.flatten())
    }

    /// The opening of a new epoch, from the newest one before it that was opened. Only after the epoch was claimed.
    pub(super) fn opening_after(&self, shard: ShardId, epoch: Epoch) -> Result<Opening, JournalError> {
        for before in (1..epoch.0).rev().map(Epoch) {
            let owner = self.claims.owner(shard, before)?;
            if let Some(term) = self.term(shard, before, owner)? {
                return Ok(term.successor());
            }
        }
        Ok(Opening { first_segment: 1, extents: Vec::new(), start: (1, 1) })
    }

    /// The newest term, if it is opened and nobody claimed a later one until after it was read: then every later
    /// owner goes on from it.
    pub(super) fn settled_term(&self, shard: ShardId) -> Result<Option<Term>, JournalError> {
        let epoch = self.claims.highest(shard)?;
        if epoch == Epoch(0) {
            return Ok(None);
        }
        let owner = self.claims.owner(shard, epoch)?;
        let term = self.term(shard, epoch, owner)?;
        Ok(if self.claims.exists(shard, Epoch(epoch.0 + 1))? { None } else { term })
    }

    /// Whether a frame that stands in this owner's file got into the log, now that a later epoch exists.
    pub(super) fn judge(&self, shard: ShardId, epoch: Epoch, at: Position) -> Result<(), JournalError> {
        match self.settled_term(shard)? {
            None => Err(JournalError::Unknown("the next owner has not opened its epoch yet".to_owned())),
            Some(term) if term.opening.extents.iter().any(|extent| extent.holds(epoch, at)) => Ok(()),
            Some(term) => Err(JournalError::Fenced { epoch: term.epoch, owner: term.owner }),
        }
    }

    /// Reads frames of one segment over the chain.
    pub(super) fn read_chain(
        &self,
        term: &Term,
        from: Position,
        limit: usize,
    ) -> Result<Vec<StoredFrame>, JournalError> {
        let mut frames = Vec::new();
        let mut next = from.seq.max(1);
        for extent in term.extents() {
            let covers = extent.start.0 <= from.segment && from.segment <= extent.end.0;
            if !covers || frames.len() >= limit {
                continue;
            }
            let start = if extent.start.0 == from.segment { extent.start.1.max(next) } else { next };
            let end = if extent.end.0 == from.segment { extent.end.1 } else { i64::MAX as u64 };
            let read = file::read(&self.layout.log(extent.owner), |db| {
                frames_of(db, term.shard, &extent, (from.segment, start..end), limit - frames.len())
            });
            let part = read.map_err(unknown)?.ok_or_else(|| damaged(&extent, "its file is gone"))?;
            for frame in part {
                if frame.position.seq != next {
                    return Err(damaged(&extent, "a frame is missing"));
                }
                next += 1;
                frames.push(frame);
            }
        }
        Ok(frames)
    }
}

fn frames_of(
    db: &Connection,
    shard: ShardId,
    extent: &Extent,
    (segment, seqs): (u64, Range<u64>),
    limit: usize,
) -> Result<Vec<StoredFrame>, FileError> {
    let mut query = db.prepare_cached(
        "SELECT seq, id, body FROM frame WHERE shard = ? AND epoch = ? AND segment = ? AND seq >= ? AND seq < ?
         ORDER BY seq LIMIT ?",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let key = params![
        shard.0,
        number(extent.epoch.0),
        number(segment),
        number(seqs.start),
        number(seqs.end),
        limit
    ];
    let rows = query.query_map(key, |row| {
        let id: [u8; 16] = row.get(1)?;
        Ok(StoredFrame {
            position: Position { segment, seq: row.get::<_, i64>(0)?.unsigned_abs() },
            epoch: extent.epoch,
            id: FrameId(u128::from_le_bytes(id)),
            body: Bytes::from(row.get::<_, Vec<u8>>(2)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn unknown(error: FileError) -> JournalError {
    match error {
        FileError::Format(_) => JournalError::Refused(error.to_string()),
        other => JournalError::Unknown(other.to_string()),
    }
}

fn damaged(extent: &Extent, what: &str) -> JournalError {
    JournalError::Refused(format!("the log of {} in epoch {} is damaged: {what}", extent.owner, extent.epoch))
}
