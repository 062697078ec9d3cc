//! The fenced, group-committed log of each shard, and the shared tables beside it.
//!
//! [`Journal`] is what makes a takeover safe: only the newest owner of a shard can append, whatever clocks, pauses
//! and failure detectors do. [`Tables`] holds what is not on the way of an acknowledgement: records, snapshots,
//! members. Both have three implementations that pass one contract suite: [`memory`] (a model of Cassandra with
//! faults, for tests and simulation), [`sqlite`] (embedded, all nodes on one host) and [`cassandra`]
//! (Cassandra or ScyllaDB). The journal never looks into a frame.

pub mod cassandra;
pub mod memory;
pub mod shape;
pub mod sqlite;
pub mod trouble;

use async_trait::async_trait;
use bytes::Bytes;
use thiserror::Error;

pub use shape::{Epoch, FrameId, Incarnation, NodeId, Owner, ShardId};

/// Where a shard's log stands for its owner: what every append, roll and read is fenced by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenure {
    /// The shard whose log it is.
    pub shard: ShardId,
    /// The ownership term; grows by one at each claim.
    pub epoch: Epoch,
    /// The node and its life that claimed the shard.
    pub owner: Owner,
}

/// A place in a shard's log: `seq` counts frames within a segment from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The segment, from 1.
    pub segment: u64,
    /// The frame's number in it; for "where the next frame goes", the next free one.
    pub seq: u64,
}

/// What a claim answers: the tenure and where the log ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// What the new owner names in every call from now on.
    pub tenure: Tenure,
    /// The oldest segment that is not trimmed. A trim that the owner before had begun may still take effect: what it
    /// takes away lies below a complete checkpoint, so recovery, which starts at the newest one, never misses it.
    pub first_segment: u64,
    /// Where this owner's first frame goes.
    pub next: Position,
}

/// One frame to append. The id is random and names the attempt's content: a retry carries the same id and bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// 128 random bits, the same in each retry.
    pub id: FrameId,
    /// How many events it holds; for metrics and operators only.
    pub events: u32,
    /// The content, opaque to the journal; at most [`FRAME_BYTES_MAX`].
    pub body: Bytes,
}

/// The largest frame body, in bytes. Callers cut frames at about 64 KiB; one event may reach this.
pub const FRAME_BYTES_MAX: usize = 1024 * 1024;

/// A committed frame as read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFrame {
    /// Its segment and number: exactly where the append said.
    pub position: Position,
    /// The epoch that wrote it.
    pub epoch: Epoch,
    /// The id that its append carried.
    pub id: FrameId,
    /// The content as it was appended.
    pub body: Bytes,
}

/// What is known of a shard without owning it; for status pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The newest epoch that was claimed; a claim under way may be about to raise it.
    pub epoch: Epoch,
    /// Who claimed that epoch; it may be dead.
    pub owner: Owner,
    /// The oldest segment that is not trimmed.
    pub first_segment: u64,
    /// Where the next frame goes.
    pub next: Position,
}

/// Why a journal call did not do what it was asked.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum JournalError {
    /// A later owner exists; this tenure is over. Definite: nothing of this call is or will be in the log. (One
    /// exception: an append that was unknown before, repeated after later owners trimmed its segment.) The owner named
    /// is a later one, not always the newest.
    #[error("fenced: shard is owned by {owner} at epoch {epoch}")]
    Fenced {
        /// An epoch later than this tenure's.
        epoch: Epoch,
        /// The later owner, to whom clients may be sent.
        owner: Owner,
    },
    /// The outcome is not known: it may have happened, may still happen, or never. Repeat the very same call until
    /// the answer is definite.
    #[error("outcome unknown: {0}")]
    Unknown(String),
    /// The store has no room. Definite: nothing of this call is or will be in the log (what an earlier call of unknown
    /// outcome did is still unknown). The same call may be repeated and succeeds when there is room.
    #[error("the store is full: {0}")]
    Full(String),
    /// The store refuses for a reason that a repeat does not cure (wrong schema, frame too large, damaged data).
    #[error("journal refuses: {0}")]
    Refused(String),
}

/// The log of every shard. One append in flight per shard is the caller's duty.
#[async_trait]
pub trait Journal: Send + Sync + 'static {
    /// Takes the shard over for `owner`: from the answer on no frame of an earlier epoch can be committed any more,
    /// and every frame that was ever acknowledged is readable. Creates the log of a shard that has none.
    ///
    /// # Errors
    /// `Fenced` when another node claimed a later epoch meanwhile; `Unknown` when the store did not answer; `Full`
    /// when it has no room. An epoch may then be taken without its owner: the next claim takes the one after it.
    async fn claim(&self, shard: ShardId, owner: Owner) -> Result<Claimed, JournalError>;

    /// Appends one frame at exactly `at`. `Ok` means committed. Idempotent for the same `at` and frame id.
    ///
    /// # Errors
    /// `Fenced` and `Full` are definite. After `Unknown` the caller repeats with the same position, id and bytes, and
    /// neither sends nor appends anything else meanwhile.
    async fn append(&self, tenure: &Tenure, at: Position, frame: &Frame) -> Result<(), JournalError>;

    /// Confirms that the tenure still holds at some moment between call and answer (for reads).
    ///
    /// # Errors
    /// As [`Journal::append`].
    async fn confirm(&self, tenure: &Tenure) -> Result<(), JournalError>;

    /// Seals the segment of `at` (whose next free frame is `at`) and opens the next one; answers the next one's
    /// first position. Repeatable.
    ///
    /// # Errors
    /// As [`Journal::append`].
    async fn roll(&self, tenure: &Tenure, at: Position) -> Result<Position, JournalError>;

    /// Reads committed frames of one segment in order, from `from` on, at most `limit`. Fewer than `limit` means the
    /// segment's end (as of this tenure's claim, plus this owner's own appends).
    ///
    /// # Errors
    /// `Unknown` when the store did not answer; `Refused` when the segment is trimmed or damaged.
    async fn read(
        &self,
        tenure: &Tenure,
        from: Position,
        limit: usize,
    ) -> Result<Vec<StoredFrame>, JournalError>;

    /// Forgets all segments below `segment`. The trim fence moves first, so that no resumed old owner can re-open
    /// what was trimmed. Repeatable.
    ///
    /// # Errors
    /// As [`Journal::append`].
    async fn trim(&self, tenure: &Tenure, segment: u64) -> Result<(), JournalError>;

    /// What is known of a shard, or `None` when nobody ever claimed it.
    ///
    /// # Errors
    /// `Unknown` when the store did not answer.
    async fn head(&self, shard: ShardId) -> Result<Option<Head>, JournalError>;

    /// Whether the store's disk is full as far as this node knows. What was begun may still be committed, in a reserve;
    /// new commands are not to be taken until there is room again.
    fn is_full(&self) -> bool {
        false
    }
}

/// The shared tables. A row is addressed by table, key and row number; rows of one key are kept in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// Records: key session id; row 0 the opening row, rows 1.. the transcript by `seq`, row [`CLOSING_ROW`] the end.
    Record,
    /// Snapshots of sleeping entities, each under a key of its own.
    Snapshot,
    /// The member list and each member's `alive_until`; conditional writes only.
    Member,
    /// Contacts and what they are found by; conditional writes only.
    Contact,
    /// Settings fixed at the store's first start (shard count, data centre); conditional writes only.
    Setting,
    /// Bytes of files in chunks, where the database keeps them: see [`Chunks`].
    File,
}

/// The row number of a record's closing row.
pub const CLOSING_ROW: u64 = i64::MAX as u64;

/// One row to put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Rows of one key are kept together and in order.
    pub key: String,
    /// The number within the key; at most [`CLOSING_ROW`].
    pub row: u64,
    /// The content, opaque to the tables.
    pub body: Bytes,
}

/// Where an entry stands in its list: by number, and among those of one number by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// At most [`CLOSING_ROW`]. Several entries may have the same; in lists by time, milliseconds since 1970.
    pub number: u64,
    /// Tells apart what has the same number.
    pub name: String,
}

/// One entry of a list. Number and name together are its key, so entries of one moment never replace each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The list: the partition key. Lists share no keys with the rows of any [`Table`].
    pub list: String,
    /// Its place in the list, by which the list is ordered.
    pub place: Place,
    /// The content, opaque to the tables.
    pub body: Bytes,
}

/// What a conditional write answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Swap {
    /// Written; the version is now expected + 1.
    Won,
    /// Not written; this is what stands there (version 0 and empty: nothing).
    Lost {
        /// The version that stands.
        version: u64,
        /// The body that stands.
        body: Bytes,
    },
}

/// Why a table call failed.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum TablesError {
    /// The outcome is not known; repeat (puts are idempotent) or read again (conditional writes).
    #[error("outcome unknown: {0}")]
    Unknown(String),
    /// A repeat does not cure it.
    #[error("tables refuse: {0}")]
    Refused(String),
}

/// The tables beside the log. Never on the way of an acknowledgement or a takeover.
#[async_trait]
pub trait Tables: Send + Sync + 'static {
    /// Writes rows once. Writing the same row again with the same body changes nothing; a different body for a row
    /// that exists is the caller's bug and may be ignored or refused.
    ///
    /// # Errors
    /// `Unknown`: repeat.
    async fn put_once(&self, table: Table, rows: Vec<Row>) -> Result<(), TablesError>;

    /// Writes a versioned cell (row 0 of its key) if its version is `expected` (0: does not exist).
    ///
    /// # Errors
    /// `Unknown`: read again; the write may have happened.
    async fn put_if_version(
        &self,
        table: Table,
        key: &str,
        expected: u64,
        body: Bytes,
    ) -> Result<Swap, TablesError>;

    /// Reads a versioned cell with its version, linearizably with [`Tables::put_if_version`].
    ///
    /// # Errors
    /// `Unknown`: repeat.
    async fn get_versioned(&self, table: Table, key: &str) -> Result<Option<(u64, Bytes)>, TablesError>;

    /// Reads one row written with [`Tables::put_once`].
    ///
    /// # Errors
    /// `Unknown`: repeat.
    async fn get(&self, table: Table, key: &str, row: u64) -> Result<Option<Bytes>, TablesError>;

    /// Reads the rows of a key in order, from row `from` on, at most `limit`.
    ///
    /// # Errors
    /// `Unknown`: repeat.
    async fn scan(
        &self,
        table: Table,
        key: &str,
        from: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Bytes)>, TablesError>;

    /// Writes an entry of a list once. The same entry again changes nothing; a different body for a place that is
    /// taken is the caller's bug, as with [`Tables::put_once`].
    ///
    /// # Errors
    /// `Unknown`: repeat. `Refused`: the number is too large.
    async fn enlist(&self, entry: Entry) -> Result<(), TablesError>;

    /// Reads a list from its end: the highest places first, only those below `below` where one is given, at most
    /// `limit`.
    ///
    /// # Errors
    /// `Unknown`: repeat.
    async fn list_back(
        &self,
        list: &str,
        below: Option<&Place>,
        limit: usize,
    ) -> Result<Vec<(Place, Bytes)>, TablesError>;
}

/// A store that keeps bytes of files too: each file as rows of [`Table::File`], written once. Not the embedded one,
/// whose nodes share a folder.
#[async_trait]
pub trait Chunks: Tables {
    /// Deletes all rows of a key of [`Table::File`]. Repeatable; nobody may put rows of that key meanwhile.
    ///
    /// # Errors
    /// `Unknown`: repeat.
    async fn forget_file(&self, key: &str) -> Result<(), TablesError>;
}
