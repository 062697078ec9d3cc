//! A model of a power loss, for tests: what is left in the store's folder is what was synced, and nothing else.
//!
//! The disk is the real one. What is noted beside it: which names a folder had when it was last synced, which files'
//! content was synced, and what each SQLite connection that writes says of its durability. SQLite syncs its own files
//! as its `synchronous` says, and a write-ahead log's name with its first sync.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

/// SQLite's number for `synchronous = full`; 3 is `extra`.
const FULL: i64 = 2;

static DISK: Mutex<Disk> = Mutex::new(Disk::new());

struct Disk {
    /// Names by folder, as of the folder's last sync.
    names: BTreeMap<PathBuf, BTreeSet<OsString>>,
    /// Files whose content is synced: device and number.
    contents: BTreeSet<(u64, u64)>,
    /// SQLite files whose commits are synced.
    databases: BTreeMap<PathBuf, bool>,
}

impl Disk {
    const fn new() -> Self {
        Self { names: BTreeMap::new(), contents: BTreeSet::new(), databases: BTreeMap::new() }
    }
}

fn disk<T>(change: impl FnOnce(&mut Disk) -> T) -> T {
    change(&mut DISK.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A folder is synced.
pub(super) fn synced_folder(folder: &Path) -> io::Result<()> {
    // Looked at and noted as one: what another thread saw of the same folder later must not be lost for this.
    disk(|disk| {
        let names = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.file_name()));
        disk.names.insert(folder.to_owned(), names.collect::<io::Result<_>>()?);
        Ok(())
    })
}

/// A file's content is synced.
pub(super) fn synced_file(file: &File) -> io::Result<()> {
    let meta = file.metadata()?;
    disk(|disk| disk.contents.insert((meta.dev(), meta.ino())));
    Ok(())
}

/// A connection that writes this file is open.
pub(super) fn opened(path: &Path, db: &Connection) -> rusqlite::Result<()> {
    let synchronous: i64 = db.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    let mode: String = db.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    disk(|disk| disk.databases.insert(path.to_owned(), synchronous >= FULL && mode == "wal"));
    Ok(())
}

/// What is left of `folder` when the power goes now, copied to `to`, which is made if the folder itself is left.
pub(super) fn left_after_power_loss(folder: &Path, to: &Path) -> io::Result<()> {
    if !has_name(folder) {
        return Ok(());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(folder)? {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
        if path.is_dir() {
            left_after_power_loss(&path, &to.join(&name))?;
        } else if is_left(&path)? {
            fs::copy(&path, to.join(&name))?;
        }
    }
    Ok(())
}

fn has_name(path: &Path) -> bool {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return true };
    disk(|disk| disk.names.get(folder).is_some_and(|names| names.contains(name)))
}

fn is_left(path: &Path) -> io::Result<bool> {
    let name = path.to_string_lossy();
    if name.ends_with("-shm") {
        return Ok(false);
    }
    if name.ends_with(".db") {
        return Ok(has_name(path));
    }
    if let Some(database) = name.strip_suffix("-wal") {
        return Ok(disk(|disk| disk.databases.get(Path::new(database)) == Some(&true)));
    }
    let meta = fs::metadata(path)?;
    Ok(has_name(path) && disk(|disk| disk.contents.contains(&(meta.dev(), meta.ino()))))
}

mod tests;
