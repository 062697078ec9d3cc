//! The shared tables: each node puts rows into a file of its own, reads go over all nodes' files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::{mpsc, oneshot};

use super::chain::number;
use super::file::{self, FileError};
use super::layout::Layout;
use super::{Durability, SqliteStore};
use crate::trouble::Trouble;
use crate::{CLOSING_ROW, Entry, Place, Row, Swap, Table, Tables, TablesError};

/// Puts that wait for the writer; more wait with their callers.
const QUEUE_MAX: usize = 1024;

/// Puts in one transaction.
const BATCH_MAX: usize = 256;

const SCHEMA: &str = "
    CREATE TABLE entry (tab INTEGER, key TEXT, row INTEGER, body BLOB, PRIMARY KEY (tab, key, row)) WITHOUT ROWID;
    CREATE TABLE listing (
        list TEXT, number INTEGER, name TEXT, body BLOB, PRIMARY KEY (list, number, name)
    ) WITHOUT ROWID;
";

/// A table's name in the folder of cells.
pub(super) fn name(table: Table) -> &'static str {
    match table {
        Table::Record => "record",
        Table::Snapshot => "snapshot",
        Table::Member => "member",
        Table::Contact => "contact",
        Table::Setting => "setting",
        Table::File => "file",
    }
}

/// A table's number in the files; never changes.
fn tab(table: Table) -> i64 {
    match table {
        Table::Record => 1,
        Table::Snapshot => 2,
        Table::Member => 3,
        Table::Contact => 4,
        Table::Setting => 5,
        Table::File => 6,
    }
}

/// What is to be written.
enum Load {
    Rows(Table, Vec<Row>),
    Entry(Entry),
}

pub(super) struct Put {
    load: Load,
    reply: oneshot::Sender<Result<(), TablesError>>,
}

fn failed(error: &FileError) -> TablesError {
    match error {
        FileError::Format(_) => TablesError::Refused(error.to_string()),
        other => TablesError::Unknown(other.to_string()),
    }
}

/// Starts the thread that writes this node's rows; it ends when all senders are gone.
pub(super) fn start(layout: &Arc<Layout>, durability: Durability) -> std::io::Result<mpsc::Sender<Put>> {
    let (sender, mut queue) = mpsc::channel::<Put>(QUEUE_MAX);
    let mut writer = Writer {
        path: layout.own_table(),
        layout: Arc::clone(layout),
        durability,
        db: None,
        commits: Trouble::new("table commits fail; their outcome is unknown"),
        upkeep: Trouble::new("the table file is not kept small"),
    };
    std::thread::Builder::new().name("tables".to_owned()).spawn(move || {
        while let Some(first) = queue.blocking_recv() {
            let mut batch = vec![first];
            while let Some(put) = (batch.len() < BATCH_MAX).then(|| queue.try_recv().ok()).flatten() {
                batch.push(put);
            }
            let outcome = writer.commit_with_room(&batch);
            match &outcome {
                Ok(()) => writer.commits.went_well(),
                // A full disk is told by who looks after its room.
                Err(error) if error.is_full() => {}
                Err(error) => writer.commits.came(error),
            }
            for put in batch {
                let _ = put.reply.send(outcome.as_ref().copied().map_err(failed));
            }
            writer.keep_small();
        }
    })?;
    Ok(sender)
}

struct Writer {
    path: PathBuf,
    layout: Arc<Layout>,
    durability: Durability,
    /// `None` until the first batch and after an error: unknown outcomes are read anew, puts repeated by their callers.
    db: Option<Connection>,
    commits: Trouble,
    upkeep: Trouble,
}

impl Writer {
    /// Commits a batch; where the disk is full, once more in the room that the reserve and this file's own log give.
    fn commit_with_room(&mut self, batch: &[Put]) -> Result<(), FileError> {
        match self.commit(batch) {
            Err(error) if error.is_full() => {
                self.layout.room().spend(&error);
                let cut = self.take_db().and_then(|db| file::cut(&db).map(|_| db));
                self.db = cut.map_err(|error| self.upkeep.came(&error)).ok();
                self.commit(batch)
            }
            outcome => outcome,
        }
    }

    fn commit(&mut self, batch: &[Put]) -> Result<(), FileError> {
        self.layout.room().pretend()?;
        let mut db = self.take_db()?;
        let transaction = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        for put in batch {
            match &put.load {
                Load::Rows(table, rows) => insert_rows(&transaction, *table, rows)?,
                Load::Entry(entry) => insert_entry(&transaction, entry)?,
            }
        }
        transaction.commit()?;
        self.layout.still_ours()?;
        self.db = Some(db);
        Ok(())
    }

    fn take_db(&mut self) -> Result<Connection, FileError> {
        match self.db.take() {
            Some(db) => Ok(db),
            None => {
                self.layout.still_ours()?;
                file::open_writer(&self.path, SCHEMA, self.durability)
            }
        }
    }

    fn keep_small(&mut self) {
        let Some(db) = &self.db else { return };
        match file::keep_small(db, &self.path) {
            Ok(()) => self.upkeep.went_well(),
            Err(error) => {
                if error.is_full() {
                    self.layout.room().spend(&error);
                }
                self.upkeep.came(&error);
            }
        }
    }
}

// Replaced rather than ignored: a repeat after a failed sync must write again. A different body for a row that exists
// is the caller's bug.

fn insert_rows(db: &Connection, table: Table, rows: &[Row]) -> Result<(), FileError> {
    let sql = "INSERT OR REPLACE INTO entry (tab, key, row, body) VALUES (?, ?, ?, ?)";
    let mut insert = db.prepare_cached(sql)?;
    for row in rows {
        insert.execute(params![tab(table), row.key, number(row.row), &row.body[..]])?;
    }
    Ok(())
}

fn insert_entry(db: &Connection, Entry { list, place, body }: &Entry) -> Result<(), FileError> {
    let sql = "INSERT OR REPLACE INTO listing (list, number, name, body) VALUES (?, ?, ?, ?)";
    db.prepare_cached(sql)?.execute(params![list, number(place.number), place.name, &body[..]])?;
    Ok(())
}

/// The table files of all nodes, in a fixed order.
fn files(layout: &Layout) -> Result<Vec<PathBuf>, FileError> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(layout.tables())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "db") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn get_in(path: &Path, table: Table, key: &str, row: u64) -> Result<Option<Bytes>, FileError> {
    let found = file::read(path, |db| {
        let mut query = db.prepare("SELECT body FROM entry WHERE tab = ? AND key = ? AND row = ?")?;
        let body = query.query_row(params![tab(table), key, number(row)], |row| row.get::<_, Vec<u8>>(0));
        Ok(body.optional()?)
    })?;
    Ok(found.flatten().map(Bytes::from))
}

fn scan_in(
    path: &Path,
    table: Table,
    key: &str,
    from: u64,
    limit: usize,
) -> Result<Vec<(u64, Bytes)>, FileError> {
    let found = file::read(path, |db| {
        let sql = "SELECT row, body FROM entry WHERE tab = ? AND key = ? AND row >= ? ORDER BY row LIMIT ?";
        let mut query = db.prepare(sql)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = query.query_map(params![tab(table), key, number(from), limit], |row| {
            Ok((row.get::<_, i64>(0)?.unsigned_abs(), Bytes::from(row.get::<_, Vec<u8>>(1)?)))
        })?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?)
    })?;
    Ok(found.unwrap_or_default())
}

fn list_back_in(
    path: &Path,
    list: &str,
    below: Option<&Place>,
    limit: usize,
) -> Result<Vec<(Place, Bytes)>, FileError> {
    // Two statements, so that the bound is looked up in the key and not tried on each entry.
    let bound = if below.is_some() { "AND (number, name) < (?3, ?4)" } else { "" };
    let sql = format!(
        "SELECT number, name, body FROM listing WHERE list = ?1 {bound} ORDER BY number DESC, name DESC LIMIT ?2"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = file::read(path, |db| {
        let mut query = db.prepare(&sql)?;
        let entry = |row: &rusqlite::Row<'_>| {
            let place = Place { number: row.get::<_, i64>(0)?.unsigned_abs(), name: row.get(1)? };
            Ok((place, Bytes::from(row.get::<_, Vec<u8>>(2)?)))
        };
        let entries = match below {
            Some(below) => query.query_map(params![list, limit, number(below.number), below.name], entry)?,
            None => query.query_map(params![list, limit], entry)?,
        };
        Ok(entries.collect::<Result<Vec<_>, _>>()?)
    })?;
    Ok(found.unwrap_or_default())
}

#[async_trait]
impl Tables for SqliteStore {
    async fn put_once(&self, table: Table, rows: Vec<Row>) -> Result<(), TablesError> {
        crate::shape::check_rows(&rows)?;
        self.put(Load::Rows(table, rows)).await
    }

    async fn put_if_version(
        &self,
        table: Table,
        key: &str,
        expected: u64,
        body: Bytes,
    ) -> Result<Swap, TablesError> {
        let key = key.to_owned();
        self.table_call(move |inner| inner.cells.swap(table, &key, expected, &body)).await
    }

    async fn get_versioned(&self, table: Table, key: &str) -> Result<Option<(u64, Bytes)>, TablesError> {
        let key = key.to_owned();
        self.table_call(move |inner| inner.cells.read(table, &key)).await
    }

    async fn get(&self, table: Table, key: &str, row: u64) -> Result<Option<Bytes>, TablesError> {
        let key = key.to_owned();
        self.table_call(move |inner| {
            for path in files(&inner.layout).map_err(|error| failed(&error))? {
                if let Some(body) = get_in(&path, table, &key, row).map_err(|error| failed(&error))? {
                    return Ok(Some(body));
                }
            }
            Ok(None)
        })
        .await
    }

    async fn scan(
        &self,
        table: Table,
        key: &str,
        from: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Bytes)>, TablesError> {
        let key = key.to_owned();
        self.table_call(move |inner| {
            let mut merged = std::collections::BTreeMap::new();
            for path in files(&inner.layout).map_err(|error| failed(&error))? {
                for (row, body) in scan_in(&path, table, &key, from, limit).map_err(|error| failed(&error))? {
                    merged.entry(row).or_insert(body);
                }
            }
            Ok(merged.into_iter().take(limit).collect())
        })
        .await
    }

    async fn enlist(&self, entry: Entry) -> Result<(), TablesError> {
        crate::shape::check_entry(&entry)?;
        self.put(Load::Entry(entry)).await
    }

    async fn list_back(
        &self,
        list: &str,
        below: Option<&Place>,
        limit: usize,
    ) -> Result<Vec<(Place, Bytes)>, TablesError> {
        // No number is that large: the same as no bound.
        let below = below.filter(|below| below.number <= CLOSING_ROW).cloned();
        let list = list.to_owned();
        self.table_call(move |inner| {
            let mut merged = std::collections::BTreeMap::new();
            for path in files(&inner.layout).map_err(|error| failed(&error))? {
                let found = list_back_in(&path, &list, below.as_ref(), limit);
                for (place, body) in found.map_err(|error| failed(&error))? {
                    merged.entry(place).or_insert(body);
                }
            }
            Ok(merged.into_iter().rev().take(limit).collect())
        })
        .await
    }
}

impl SqliteStore {
    /// Hands something to the writer; answers when it is durable.
    async fn put(&self, load: Load) -> Result<(), TablesError> {
        let (reply, answer) = oneshot::channel();
        let stopped = || TablesError::Unknown("the table writer has stopped".to_owned());
        self.puts.send(Put { load, reply }).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// Runs file work where it may block.
    async fn table_call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&super::Inner) -> Result<T, TablesError> + Send + 'static,
    ) -> Result<T, TablesError> {
        let inner = Arc::clone(&self.inner);
        let done = self.blocking(move || work(&inner)).await;
        done.ok_or_else(|| TablesError::Unknown("the call was dropped".to_owned()))?
    }
}
