//! Opening SQLite files: one writer each, and readers that never disturb it and are never held up by it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{Durability, room};

/// The file format that this build reads and writes.
const FORMAT: i64 = 2;

/// How long a reader waits for the writer's shared memory to settle before it reads past it.
const READER_BUSY: Duration = Duration::from_millis(20);

/// How often a reader tries before it says "unknown", and how long it waits between.
const READ_ATTEMPTS_MAX: usize = 50;
const READ_PAUSE: Duration = Duration::from_millis(2);

/// The write-ahead log is folded into the file when it is so large, in bytes on the disk.
const WAL_BYTES: u64 = 4 * 1024 * 1024;

/// What a page takes in the write-ahead log: itself and its head.
const WAL_FRAME_BYTES: u64 = 4096 + 24;

/// How long the folding of a log waits for readers; without it the log stays as long as it is till the next time.
const FOLD_BUSY: Duration = Duration::from_millis(100);

/// How long a writer waits for a lock.
const WRITER_BUSY: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("format {0} is not one that this build reads")]
    Format(i64),
    #[error("the file keeps changing under its reader")]
    Restless,
}

impl FileError {
    /// Whether there is no room on the disk. At a commit only [`FileError::nothing_committed`] is definite.
    pub(super) fn is_full(&self) -> bool {
        match self {
            Self::Io(error) => room::is_full(error),
            Self::Sqlite(error) => self.nothing_committed() || is_shared_memory(error),
            Self::Format(_) | Self::Restless => false,
        }
    }

    /// Whether this error of a commit tells that nothing was committed. "Full" comes from a page that was not written
    /// whole, and what makes a transaction count is written last. Every other error may come after it.
    pub(super) fn nothing_committed(&self) -> bool {
        matches!(self, Self::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull))
    }
}

/// Opens a file for its only writer and makes the tables that are missing.
pub(super) fn open_writer(
    path: &Path,
    schema: &str,
    durability: Durability,
) -> Result<Connection, FileError> {
    let mut db = Connection::open(path)?;
    db.busy_timeout(WRITER_BUSY)?;
    db.pragma_update(None, "journal_mode", "wal")?;
    db.pragma_update(None, "synchronous", durability.pragma())?;
    // The writer checkpoints between two batches, not inside a commit that somebody waits for.
    db.pragma_update(None, "wal_autocheckpoint", 0)?;
    let format: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match format {
        0 => {
            let transaction = db.transaction()?;
            transaction.execute_batch(schema)?;
            transaction.pragma_update(None, "user_version", FORMAT)?;
            transaction.commit()?;
        }
        FORMAT => {}
        other => return Err(FileError::Format(other)),
    }
    keep_small(&db, path)?;
    // A file that was there already, too: whoever made it may not have come so far.
    super::layout::sync_folder(path.parent().unwrap_or(path))?;
    #[cfg(test)]
    super::power::opened(path, &db)?;
    Ok(db)
}

fn wal(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push("-wal");
    PathBuf::from(name)
}

/// What the write-ahead log takes on the disk, in bytes.
pub(super) fn wal_bytes(path: &Path) -> u64 {
    std::fs::metadata(wal(path)).map_or(0, |meta| meta.len())
}

/// Folds the write-ahead log into the file if it has grown large. A log that was folded is written over from its
/// start, so it stays at its length; one that readers or a huge batch made longer is cut.
pub(super) fn keep_small(db: &Connection, path: &Path) -> Result<(), FileError> {
    let bytes = wal_bytes(path);
    if bytes < WAL_BYTES {
        return Ok(());
    }
    if bytes >= 2 * WAL_BYTES {
        return cut(db).map(|_| ());
    }
    let (used, folded): (i64, i64) =
        db.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| Ok((row.get(1)?, row.get(2)?)))?;
    if folded < used && used.unsigned_abs() * WAL_FRAME_BYTES >= WAL_BYTES {
        db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    }
    Ok(())
}

/// Folds the write-ahead log into the file and gives its room back. `false`: a reader is still at it.
pub(super) fn cut(db: &Connection) -> Result<bool, FileError> {
    db.busy_timeout(FOLD_BUSY)?;
    let busy: Result<i64, _> = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
    db.busy_timeout(WRITER_BUSY)?;
    Ok(busy? == 0)
}

/// Does the same for a file that nobody writes any more.
pub(super) fn cut_left_behind(path: &Path) -> Result<bool, FileError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    cut(&Connection::open_with_flags(path, flags)?)
}

/// Reads a file that another process may be writing; `None` when there is no such file or nothing in it yet.
///
/// A writer that is stopped (SIGSTOP, a frozen machine) in the middle of publishing a commit in shared memory holds a
/// lock that readers need; they then read the files without shared memory and check that nothing moved meanwhile.
pub(super) fn read<T>(
    path: &Path,
    query: impl Fn(&Connection) -> Result<T, FileError>,
) -> Result<Option<T>, FileError> {
    for _ in 0..READ_ATTEMPTS_MAX {
        if !path.try_exists()? {
            return Ok(None);
        }
        match open_reader(path).and_then(|db| run(&db, &query)) {
            Err(FileError::Sqlite(error)) if is_transient(&error) => {}
            answer => return answer,
        }
        let before = stamp(path)?;
        let answer = open_unshared(path).and_then(|db| run(&db, &query));
        match answer {
            Ok(answer) if stamp(path)? == before => return Ok(answer),
            Ok(_) => {}
            Err(FileError::Sqlite(error)) if is_transient(&error) => {}
            Err(error) => return Err(error),
        }
        std::thread::sleep(READ_PAUSE);
    }
    Err(FileError::Restless)
}

fn run<T>(
    db: &Connection,
    query: impl Fn(&Connection) -> Result<T, FileError>,
) -> Result<Option<T>, FileError> {
    // One transaction, so that all parts of a query see the same commit.
    db.execute_batch("BEGIN")?;
    let format: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match format {
        0 => Ok(None),
        FORMAT => query(db).map(Some),
        other => Err(FileError::Format(other)),
    }
}

fn open_reader(path: &Path) -> Result<Connection, FileError> {
    let db = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    db.busy_timeout(READER_BUSY)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(db)
}

/// A reader that builds its index of the write-ahead log in its own memory and takes no locks.
fn open_unshared(path: &Path) -> Result<Connection, FileError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags_and_vfs(path, flags, "unix-none")?;
    db.pragma_update(None, "locking_mode", "exclusive")?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(db)
}

/// What may not be so at the next try, or not without shared memory, whose file can't grow on a full disk. A file that
/// is being made is for a moment none that a reader may open (read-only), or none at all.
fn is_transient(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    if is_shared_memory(error) {
        return true;
    }
    matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::CannotOpen))
        || matches!(code, Some(ErrorCode::FileLockingProtocolFailed | ErrorCode::DatabaseCorrupt))
        || matches!(code, Some(ErrorCode::ReadOnly | ErrorCode::NotADatabase))
}

/// Whether the shared memory's file can't be made or grow: SQLite does not say why, and a full disk is the reason.
fn is_shared_memory(error: &rusqlite::Error) -> bool {
    use rusqlite::ffi::{SQLITE_IOERR_SHMOPEN, SQLITE_IOERR_SHMSIZE};
    let code = error.sqlite_error().map(|error| error.extended_code);
    code == Some(SQLITE_IOERR_SHMSIZE) || code == Some(SQLITE_IOERR_SHMOPEN)
}

type Stamp = [Option<(u64, Option<SystemTime>)>; 2];

/// Lengths and times of the file and its log: equal means that nobody wrote in between.
fn stamp(path: &Path) -> Result<Stamp, FileError> {
    let of = |path: &Path| match std::fs::metadata(path) {
        Ok(meta) => Ok(Some((meta.len(), meta.modified().ok()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    Ok([of(path)?, of(&wal(path))?])
}

/// Deletes a file with what SQLite keeps beside it.
pub(super) fn delete(path: &Path) -> std::io::Result<()> {
    for beside in ["-wal", "-shm", ""] {
        let mut name = path.as_os_str().to_owned();
        name.push(beside);
        match std::fs::remove_file(Path::new(&name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
