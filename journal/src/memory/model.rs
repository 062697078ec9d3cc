//! The data of the memory store and the statements that change it, each atomic like a lightweight transaction of one
//! Cassandra partition. Who sends which statement when is the protocol's business.

use std::collections::BTreeMap;
use std::ops::Bound;

use bytes::Bytes;

use crate::{Entry, Epoch, Frame, Owner, Place, Position, Row, ShardId, StoredFrame, Swap, Table};

/// The static part of a segment's partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentHead {
    pub(super) epoch: Epoch,
    pub(super) owner: Owner,
    pub(super) next_seq: u64,
    pub(super) sealed: bool,
}

impl SegmentHead {
    pub(super) fn is_of(&self, epoch: Epoch, owner: Owner) -> bool {
        self.epoch == epoch && self.owner == owner
    }
}

/// A shard's directory row: where to look for the tail, and the last segment that is trimmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Directory {
    pub(super) tail: u64,
    pub(super) trim: u64,
}

/// `Err` holds what stands there when a condition does not hold; `None`: no such partition.
pub(super) type Conditional = Result<(), Option<SegmentHead>>;

#[derive(Debug)]
struct Segment {
    head: SegmentHead,
    frames: BTreeMap<u64, StoredFrame>,
}

#[derive(Debug, Default)]
pub(super) struct Model {
    directories: BTreeMap<ShardId, Directory>,
    segments: BTreeMap<(ShardId, u64), Segment>,
    /// Every frame ever committed, in commit order; trimmed ones too. For checkers.
    history: BTreeMap<ShardId, Vec<StoredFrame>>,
    rows: BTreeMap<(Table, String), BTreeMap<u64, Bytes>>,
    lists: BTreeMap<String, BTreeMap<Place, Bytes>>,
    cells: BTreeMap<(Table, String), (u64, Bytes)>,
}

impl Model {
    pub(super) fn directory(&self, shard: ShardId) -> Option<Directory> {
        self.directories.get(&shard).copied()
    }

    /// INSERT directory IF NOT EXISTS.
    pub(super) fn create_directory(&mut self, shard: ShardId) {
        self.directories.entry(shard).or_insert(Directory { tail: 1, trim: 0 });
    }

    /// UPDATE directory SET tail = ? IF tail < ?
    pub(super) fn advance_tail(&mut self, shard: ShardId, tail: u64) {
        if let Some(directory) = self.directories.get_mut(&shard) {
            directory.tail = directory.tail.max(tail);
        }
    }

    /// UPDATE directory SET trim = ? IF trim < ?
    pub(super) fn advance_trim(&mut self, shard: ShardId, trim: u64) {
        if let Some(directory) = self.directories.get_mut(&shard) {
            directory.trim = directory.trim.max(trim);
        }
    }

    pub(super) fn head(&self, shard: ShardId, segment: u64) -> Option<SegmentHead> {
        self.segments.get(&(shard, segment)).map(|s| s.head)
    }

    /// INSERT segment IF NOT EXISTS.
    pub(super) fn create(&mut self, shard: ShardId, segment: u64, epoch: Epoch, owner: Owner) -> Conditional {
        if let Some(there) = self.head(shard, segment) {
            return Err(Some(there));
        }
        let head = SegmentHead { epoch, owner, next_seq: 1, sealed: false };
        self.segments.insert((shard, segment), Segment { head, frames: BTreeMap::new() });
        Ok(())
    }

    /// UPDATE segment SET epoch = ?, owner = ? IF epoch = ?
    pub(super) fn take(&mut self, shard: ShardId, segment: u64, from: Epoch, owner: Owner) -> Conditional {
        let segment = self.segments.get_mut(&(shard, segment)).ok_or(None)?;
        if segment.head.epoch != from {
            return Err(Some(segment.head));
        }
        segment.head.epoch = Epoch(from.0 + 1);
        segment.head.owner = owner;
        Ok(())
    }

    /// UPDATE segment SET next_seq = ?, frame = ? ... IF epoch = ? AND owner = ? AND next_seq = ? AND state = open.
    pub(super) fn append(
        &mut self,
        shard: ShardId,
        at: Position,
        epoch: Epoch,
        owner: Owner,
        frame: &Frame,
    ) -> Conditional {
        let segment = self.segments.get_mut(&(shard, at.segment)).ok_or(None)?;
        let head = &mut segment.head;
        if !head.is_of(epoch, owner) || head.next_seq != at.seq || head.sealed {
            return Err(Some(*head));
        }
        head.next_seq += 1;
        let stored = StoredFrame { position: at, epoch, id: frame.id, body: frame.body.clone() };
        segment.frames.insert(at.seq, stored.clone());
        self.history.entry(shard).or_default().push(stored);
        Ok(())
    }

    /// UPDATE segment SET state = sealed IF epoch = ? AND owner = ? AND next_seq = ? AND state = open.
    pub(super) fn seal(&mut self, shard: ShardId, at: Position, epoch: Epoch, owner: Owner) -> Conditional {
        let head = &mut self.segments.get_mut(&(shard, at.segment)).ok_or(None)?.head;
        if !head.is_of(epoch, owner) || head.next_seq != at.seq || head.sealed {
            return Err(Some(*head));
        }
        head.sealed = true;
        Ok(())
    }

    /// DELETE segment IF state = sealed.
    pub(super) fn drop_segment(&mut self, shard: ShardId, segment: u64) {
        if self.head(shard, segment).is_some_and(|head| head.sealed) {
            self.segments.remove(&(shard, segment));
        }
    }

    pub(super) fn frame(&self, shard: ShardId, at: Position) -> Option<StoredFrame> {
        self.segments.get(&(shard, at.segment))?.frames.get(&at.seq).cloned()
    }

    /// The frames from a position on, or `None` when there is no such partition.
    pub(super) fn frames(&self, shard: ShardId, from: Position, limit: usize) -> Option<Vec<StoredFrame>> {
        let segment = self.segments.get(&(shard, from.segment))?;
        Some(segment.frames.range(from.seq..).take(limit).map(|(_, frame)| frame.clone()).collect())
    }

    pub(super) fn history(&self, shard: ShardId) -> Vec<StoredFrame> {
        self.history.get(&shard).cloned().unwrap_or_default()
    }

    /// A plain insert; the first body stays.
    pub(super) fn put(&mut self, table: Table, row: Row) {
        self.rows.entry((table, row.key)).or_default().entry(row.row).or_insert(row.body);
    }

    pub(super) fn row(&self, table: Table, key: &str, row: u64) -> Option<Bytes> {
        self.rows.get(&(table, key.to_owned()))?.get(&row).cloned()
    }

    pub(super) fn rows(&self, table: Table, key: &str, from: u64, limit: usize) -> Vec<(u64, Bytes)> {
        let of_key = self.rows.get(&(table, key.to_owned()));
        let rows = of_key.into_iter().flat_map(|rows| rows.range(from..));
        rows.take(limit).map(|(row, body)| (*row, body.clone())).collect()
    }

    /// A plain insert; the first body stays.
    pub(super) fn enlist(&mut self, entry: Entry) {
        self.lists.entry(entry.list).or_default().entry(entry.place).or_insert(entry.body);
    }

    pub(super) fn list_back(&self, list: &str, below: Option<Place>, limit: usize) -> Vec<(Place, Bytes)> {
        let below = below.map_or(Bound::Unbounded, Bound::Excluded);
        let Some(list) = self.lists.get(list) else { return Vec::new() };
        let entries = list.range((Bound::Unbounded, below)).rev().take(limit);
        entries.map(|(place, body)| (place.clone(), body.clone())).collect()
    }

    pub(super) fn forget_file(&mut self, key: &str) {
        self.rows.remove(&(Table::File, key.to_owned()));
    }

    /// UPDATE cell SET version = ?, body = ? IF version = ?
    pub(super) fn swap(&mut self, table: Table, key: &str, expected: u64, body: Bytes) -> Swap {
        let cell = self.cells.entry((table, key.to_owned())).or_default();
        if cell.0 != expected {
            return Swap::Lost { version: cell.0, body: cell.1.clone() };
        }
        *cell = (expected + 1, body);
        Swap::Won
    }

    pub(super) fn cell(&self, table: Table, key: &str) -> Option<(u64, Bytes)> {
        self.cells.get(&(table, key.to_owned())).filter(|cell| cell.0 > 0).cloned()
    }
}
