//! Every statement of the log and the tables, prepared once.
//!
//! The log's tables are written by conditional statements alone (a test reads the texts): a plain write could carry
//! a later timestamp than an acknowledged frame and hide it.

use std::collections::BTreeMap;

use scylla::frame::types::Consistency;
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::prepared::PreparedStatement;

use super::Fault;
use super::link::Link;
use crate::Table;

/// All tables, in a fixed order.
pub(super) const TABLES: [Table; 6] =
    [Table::Record, Table::Snapshot, Table::Member, Table::Contact, Table::Setting, Table::File];

/// The CQL table that holds the rows of `table`.
pub(super) fn table_name(table: Table) -> &'static str {
    match table {
        Table::Record => "record",
        Table::Snapshot => "snapshot",
        Table::Member => "member",
        Table::Contact => "contact",
        Table::Setting => "setting",
        Table::File => "file",
    }
}

// The header row (seq 0) keeps the server from reading past deleted rows for a condition on static columns.
const CREATE: &str = "INSERT INTO {ks}.log (shard, segment, seq, epoch, owner, next_seq, state, w_epoch, events) \
                      VALUES (?, ?, 0, ?, ?, 1, 0, ?, 0) IF NOT EXISTS";
const APPEND: &str = "UPDATE {ks}.log SET next_seq = ?, w_epoch = ?, events = ?, frame_id = ?, frame = ? \
                      WHERE shard = ? AND segment = ? AND seq = ? \
                      IF epoch = ? AND owner = ? AND next_seq = ? AND state = 0";
const TAKE: &str = "UPDATE {ks}.log SET epoch = ?, owner = ? WHERE shard = ? AND segment = ? \
                    IF epoch = ? AND state = 0";
const SEAL: &str = "UPDATE {ks}.log SET state = 1 WHERE shard = ? AND segment = ? \
                    IF epoch = ? AND owner = ? AND next_seq = ? AND state = 0";
const DROP_MARK: &str = "UPDATE {ks}.log SET state = 2 WHERE shard = ? AND segment = ? IF state = 1";
const STRAY_MARK: &str =
    "UPDATE {ks}.log SET state = 2 WHERE shard = ? AND segment = ? IF epoch = ? AND owner = ?";
// Only ever sent in a batch with one of the two conditions above.
const DROP_ROWS: &str = "DELETE FROM {ks}.log WHERE shard = ? AND segment = ?";
const HEAD: &str =
    "SELECT epoch, owner, next_seq, state FROM {ks}.log WHERE shard = ? AND segment = ? LIMIT 1";
const FRAME_AT: &str = "SELECT w_epoch, frame_id FROM {ks}.log WHERE shard = ? AND segment = ? AND seq = ?";
const READ: &str = "SELECT seq, w_epoch, frame_id, frame FROM {ks}.log \
                    WHERE shard = ? AND segment = ? AND seq >= ? LIMIT ?";
const DIR_CREATE: &str = "INSERT INTO {ks}.log_dir (shard, tail_segment, trim_segment, dropped_segment) \
                          VALUES (?, 1, 0, 0) IF NOT EXISTS";
const DIR_READ: &str = "SELECT tail_segment, trim_segment, dropped_segment FROM {ks}.log_dir WHERE shard = ?";
const DIR_TAIL: &str = "UPDATE {ks}.log_dir SET tail_segment = ? WHERE shard = ? IF tail_segment < ?";
const DIR_TRIM: &str = "UPDATE {ks}.log_dir SET trim_segment = ? WHERE shard = ? IF trim_segment < ?";
const DIR_DROPPED: &str =
    "UPDATE {ks}.log_dir SET dropped_segment = ? WHERE shard = ? IF dropped_segment < ?";
const FORGET_FILE: &str = "DELETE FROM {ks}.file WHERE key = ?";
const CELL_CREATE: &str =
    "INSERT INTO {ks}.cell (kind, name, version, body) VALUES (?, ?, 1, ?) IF NOT EXISTS";
const CELL_SWAP: &str =
    "UPDATE {ks}.cell SET version = ?, body = ? WHERE kind = ? AND name = ? IF version = ?";
const CELL_READ: &str = "SELECT version, body FROM {ks}.cell WHERE kind = ? AND name = ?";
const ROW_PUT: &str = "INSERT INTO {ks}.{table} (key, row, body) VALUES (?, ?, ?)";
const ROW_GET: &str = "SELECT body FROM {ks}.{table} WHERE key = ? AND row = ?";
const ROW_SCAN: &str = "SELECT row, body FROM {ks}.{table} WHERE key = ? AND row >= ? LIMIT ?";
const LIST_PUT: &str = "INSERT INTO {ks}.listing (key, number, name, body) VALUES (?, ?, ?, ?)";
const LIST_END: &str =
    "SELECT number, name, body FROM {ks}.listing WHERE key = ? ORDER BY number DESC, name DESC LIMIT ?";
const LIST_BACK: &str = "SELECT number, name, body FROM {ks}.listing WHERE key = ? AND (number, name) < (?, ?) \
                         ORDER BY number DESC, name DESC LIMIT ?";

/// The statements of one [`Table`]'s rows.
pub(super) struct RowStatements {
    pub(super) put: PreparedStatement,
    pub(super) get: PreparedStatement,
    pub(super) scan: PreparedStatement,
}

/// All statements of a session with the database, prepared once.
pub(super) struct Statements {
    pub(super) create: PreparedStatement,
    pub(super) append: PreparedStatement,
    pub(super) take: PreparedStatement,
    pub(super) seal: PreparedStatement,
    /// Drops a sealed segment; values: twice (shard, segment).
    pub(super) drop_sealed: Batch,
    /// Drops a segment that this owner opened again after its trim; values: (shard, segment, epoch, owner), (shard,
    /// segment).
    pub(super) drop_stray: Batch,
    /// Cheap, may miss what is being decided right now.
    pub(super) head_hint: PreparedStatement,
    /// Linearizable with appends and claims.
    pub(super) head: PreparedStatement,
    pub(super) frame_at: PreparedStatement,
    pub(super) read: PreparedStatement,
    pub(super) dir_create: PreparedStatement,
    pub(super) dir_hint: PreparedStatement,
    pub(super) dir: PreparedStatement,
    pub(super) dir_tail: PreparedStatement,
    pub(super) dir_trim: PreparedStatement,
    pub(super) dir_dropped: PreparedStatement,
    pub(super) cell_create: PreparedStatement,
    pub(super) cell_swap: PreparedStatement,
    pub(super) cell_read: PreparedStatement,
    pub(super) rows: BTreeMap<Table, RowStatements>,
    pub(super) list_put: PreparedStatement,
    /// The highest places of a list.
    pub(super) list_end: PreparedStatement,
    /// What comes before a place.
    pub(super) list_back: PreparedStatement,
    /// Deletes the rows of a file's key.
    pub(super) forget_file: PreparedStatement,
}

impl Statements {
    pub(super) async fn prepare(link: &Link) -> Result<Self, Fault> {
        let write = |text| prepare(link, text, "", Consistency::LocalQuorum);
        let serial = |text| prepare(link, text, "", Consistency::LocalSerial);
        let mut rows = BTreeMap::new();
        for table in TABLES {
            let name = table_name(table);
            let quorum = |text| prepare(link, text, name, Consistency::LocalQuorum);
            let mut statements = RowStatements {
                put: quorum(ROW_PUT).await?,
                get: quorum(ROW_GET).await?,
                scan: quorum(ROW_SCAN).await?,
            };
            statements.get.set_is_idempotent(true);
            statements.scan.set_is_idempotent(true);
            rows.insert(table, statements);
        }
        Ok(Self {
            create: write(CREATE).await?,
            append: write(APPEND).await?,
            take: write(TAKE).await?,
            seal: write(SEAL).await?,
            drop_sealed: batch(write(DROP_MARK).await?, write(DROP_ROWS).await?),
            drop_stray: batch(write(STRAY_MARK).await?, write(DROP_ROWS).await?),
            head_hint: write(HEAD).await?,
            head: serial(HEAD).await?,
            frame_at: serial(FRAME_AT).await?,
            read: write(READ).await?,
            dir_create: write(DIR_CREATE).await?,
            dir_hint: write(DIR_READ).await?,
            dir: serial(DIR_READ).await?,
            dir_tail: write(DIR_TAIL).await?,
            dir_trim: write(DIR_TRIM).await?,
            dir_dropped: write(DIR_DROPPED).await?,
            cell_create: write(CELL_CREATE).await?,
            cell_swap: write(CELL_SWAP).await?,
            cell_read: serial(CELL_READ).await?,
            rows,
            list_put: write(LIST_PUT).await?,
            list_end: write(LIST_END).await?,
            list_back: write(LIST_BACK).await?,
            forget_file: write(FORGET_FILE).await?,
        })
    }
}

fn batch(mark: PreparedStatement, rows: PreparedStatement) -> Batch {
    let mut batch = Batch::new(BatchType::Logged);
    batch.append_statement(mark);
    batch.append_statement(rows);
    batch
}

async fn prepare(
    link: &Link,
    text: &str,
    table: &str,
    consistency: Consistency,
) -> Result<PreparedStatement, Fault> {
    let text = text.replace("{ks}", link.keyspace()).replace("{table}", table);
    let mut prepared = link.prepare(&text, consistency).await?;
    prepared.set_is_idempotent(text.starts_with("SELECT"));
    Ok(prepared)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG_WRITES: [&str; 10] =
        [CREATE, APPEND, TAKE, SEAL, DROP_MARK, STRAY_MARK, DIR_CREATE, DIR_TAIL, DIR_TRIM, DIR_DROPPED];

    /// H1, H2: what changes is changed by conditional writes alone.
    #[test]
    fn h2_nothing_that_changes_is_written_without_a_condition() {
        for text in LOG_WRITES.iter().chain(&[CELL_CREATE, CELL_SWAP]) {
            assert!(text.contains(" IF "), "unconditional: {text}");
            assert!(!text.contains("USING"), "own timestamp: {text}");
        }
        assert!(ROW_PUT.contains("{ks}.{table}"), "plain inserts are for rows that are written once");
        assert!(LIST_PUT.contains("{ks}.listing"), "as are those of lists");
        for table in TABLES {
            assert!(!["log", "log_dir", "cell", "listing"].contains(&table_name(table)));
        }
    }

    /// H9: the condition of an append is on static columns, and the first row of a segment is its header.
    #[test]
    fn a_segment_is_made_with_its_header_row() {
        assert!(CREATE.contains("VALUES (?, ?, 0,"));
        assert!(APPEND.ends_with("IF epoch = ? AND owner = ? AND next_seq = ? AND state = 0"));
    }
}
