//! Where things lie in the store's folder, and the small file operations that its safety rests on.
//!
//! ```text
//! log/NODE-INCARNATION.db       one incarnation's frames; only that incarnation writes it
//! claims/SHARD.EPOCH            who owns the shard in that epoch; made by link(2), never deleted
//! tables/NODE.db                one node's rows
//! cells/TABLE/KEY/VERSION       versioned cells, made by link(2)
//! nodes/NODE.lock               held with flock(2) by the process that is this node
//! reserve                       room that is given up when the disk is full
//! tmp/                          files that are not linked yet
//! ```

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::room::Room;
use crate::{NodeId, Owner};

/// How long a starting node waits for a process of the same id that is just ending, or for another node that looks
/// after what its last life left.
const LOCK_WAIT: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Layout {
    root: PathBuf,
    node: NodeId,
    tmp_files: AtomicU64,
    room: Arc<Room>,
    /// The file that is locked: device and number.
    locked: OnceLock<(u64, u64)>,
}

impl Layout {
    /// Makes the folders that are missing, durably.
    pub(super) fn create(root: &Path, node: NodeId) -> io::Result<Self> {
        let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
        let missing: Vec<&Path> = root.ancestors().take_while(is_missing).collect();
        let aside = root.join("tmp").join(format!("{node}-{}-reserve", std::process::id()));
        let room = Arc::new(Room::new(root, aside));
        for folder in ["log", "claims", "tables", "cells", "nodes", "tmp"] {
            room.with(|| fs::create_dir_all(root.join(folder)))?;
        }
        sync_folder(root)?;
        for folder in missing {
            let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
            sync_folder(above.unwrap_or(Path::new(".")))?;
        }
        let (root, tmp_files, locked) = (root.to_owned(), AtomicU64::new(0), OnceLock::new());
        Ok(Self { root, node, tmp_files, room, locked })
    }

    /// Whether and how there is room on the disk.
    pub(super) fn room(&self) -> &Arc<Room> {
        &self.room
    }

    pub(super) fn claims(&self) -> PathBuf {
        self.root.join("claims")
    }

    pub(super) fn logs(&self) -> PathBuf {
        self.root.join("log")
    }

    pub(super) fn log(&self, owner: Owner) -> PathBuf {
        self.root.join("log").join(format!("{owner}.db"))
    }

    pub(super) fn tables(&self) -> PathBuf {
        self.root.join("tables")
    }

    pub(super) fn own_table(&self) -> PathBuf {
        self.root.join("tables").join(format!("{}.db", self.node))
    }

    pub(super) fn cells(&self) -> PathBuf {
        self.root.join("cells")
    }

    /// Takes the lock that makes this process the only one of its node.
    ///
    /// # Errors
    /// A text that says who holds it.
    pub(super) fn lock_node(&self) -> Result<File, String> {
        let path = self.lock_path(self.node);
        let failed = |error: io::Error| format!("can't lock {}: {error}", path.display());
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = options.map_err(failed)?;
        let deadline = Instant::now() + LOCK_WAIT;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(failed(error)),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    let _ = file.read_to_string(&mut holder);
                    return Err(format!(
                        "node {} already runs on {} (process {}): give this node another id or stop that process",
                        self.node,
                        self.root.display(),
                        holder.trim()
                    ));
                }
            }
        }
        self.room.with(|| note_holder(&file)).map_err(failed)?;
        let meta = file.metadata().map_err(failed)?;
        let _first = self.locked.set((meta.dev(), meta.ino()));
        Ok(file)
    }

    /// Whether this is still the folder that was opened, and not a restored backup in its place: what the files say
    /// that are open here is nobody's any more, and the claims there are older than this process's own.
    ///
    /// # Errors
    /// When it is not, or that can't be told.
    pub(super) fn still_ours(&self) -> io::Result<()> {
        let found = fs::metadata(self.lock_path(self.node)).map(|meta| (meta.dev(), meta.ino()));
        match (self.locked.get(), found) {
            (Some(locked), Ok(found)) if *locked == found => Ok(()),
            (_, Err(error)) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => {
                Err(io::Error::other("the store's folder was replaced while this node runs: start it again"))
            }
        }
    }

    fn lock_path(&self, node: NodeId) -> PathBuf {
        self.root.join("nodes").join(format!("{node}.lock"))
    }

    /// Takes another node's lock if no process is that node now; one that starts meanwhile waits for it.
    pub(super) fn lock_absent(&self, node: NodeId) -> Option<File> {
        let path = self.lock_path(node);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).ok()?;
        file.try_lock().ok().map(|()| file)
    }

    /// Removes what an earlier life of this node left unlinked. Only under the node's lock.
    pub(super) fn clear_tmp(&self) -> io::Result<()> {
        let mine = format!("{}-", self.node);
        for entry in fs::read_dir(self.root.join("tmp"))? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&mine) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Makes a file with this content, durably, unless one of that name exists: `false` then.
    ///
    /// The content is complete before the name appears: written aside, synced, linked, and the folder synced.
    pub(super) fn publish(&self, path: &Path, content: &[u8]) -> io::Result<bool> {
        self.room.with(|| self.try_publish(path, content))
    }

    fn try_publish(&self, path: &Path, content: &[u8]) -> io::Result<bool> {
        let number = self.tmp_files.fetch_add(1, Ordering::Relaxed);
        let aside = self.root.join("tmp").join(format!("{}-{}-{number}", self.node, std::process::id()));
        let written = File::create(&aside).and_then(|mut file| {
            file.write_all(content)?;
            sync_file(&file)
        });
        let linked = written.and_then(|()| match fs::hard_link(&aside, path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        });
        let _ = fs::remove_file(&aside);
        let linked = linked?;
        // Also when it was there already: what is answered must not vanish with the power.
        sync_folder(path.parent().unwrap_or(&self.root))?;
        Ok(linked)
    }
}

/// Writes who holds a lock: over what stands there, which needs no room on a full disk.
fn note_holder(mut file: &File) -> io::Result<()> {
    let line = format!("{}\n", std::process::id());
    file.rewind()?;
    file.write_all(line.as_bytes())?;
    file.set_len(line.len() as u64)
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()?;
    #[cfg(test)]
    super::power::synced_folder(folder)?;
    Ok(())
}

/// Makes a file's content durable.
fn sync_file(file: &File) -> io::Result<()> {
    file.sync_all()?;
    #[cfg(test)]
    super::power::synced_file(file)?;
    Ok(())
}
