//! Opening SQLite files: one writer each, and readers that never disturb him and are never held up by him.

use std::path::Path;
use std::time::{Duration, SystemTime};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::Durability;

/// The file format that this build reads and writes.
const FORMAT: i64 = 2;

/// How long a reader waits for the writer's shared memory to settle before it reads past it.
const READER_BUSY: Duration = Duration::from_millis(20);

/// How often a reader tries before it says "unknown".
const READ_ATTEMPTS_MAX: usize = 50;

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

/// Opens a file for its only writer and makes the tables that are missing.
pub(super) fn open_writer(
    path: &Path,
    schema: &str,
    durability: Durability,
) -> Result<Connection, FileError> {
    let mut db = Connection::open(path)?;
    db.busy_timeout(Duration::from_secs(5))?;
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
            super::layout::sync_folder(path.parent().unwrap_or(path))?;
        }
        FORMAT => {}
        other => return Err(FileError::Format(other)),
    }
    Ok(db)
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

fn is_transient(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::CannotOpen))
        || matches!(code, Some(ErrorCode::FileLockingProtocolFailed | ErrorCode::DatabaseCorrupt))
}

type Stamp = [Option<(u64, Option<SystemTime>)>; 2];

/// Lengths and times of the file and its log: equal means that nobody wrote in between.
fn stamp(path: &Path) -> Result<Stamp, FileError> {
    let of = |path: &Path| match std::fs::metadata(path) {
        Ok(meta) => Ok(Some((meta.len(), meta.modified().ok()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    Ok([of(path)?, of(Path::new(&log))?])
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
