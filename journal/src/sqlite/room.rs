//! Room on the store's disk: a reserve that stands as long as there is enough, and that is given up when there is none.
//!
//! All nodes of the folder share the file `reserve`. Who meets a full disk deletes it and tries once more: what was
//! begun is committed in the room that this gives, logs are folded, nodes stop, start and claim. While it is gone,
//! every node says that the store is full and takes no new commands. It is made again, by whichever node sees it first,
//! when there is room for it and as much again, so that the first message does not fill the disk anew.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::trouble::Trouble;

/// The reserve, in bytes: room for a write-ahead log to be folded, and for a dozen starts and stops of a node.
pub const RESERVE_BYTES: u64 = 8 * 1024 * 1024;

/// The reserve is made only where so much is free.
const NEEDED_BYTES: u64 = 2 * RESERVE_BYTES;

/// How often it is looked whether the reserve stands or can be made again.
const RENEWED_EVERY: Duration = Duration::from_millis(250);

/// A disk as it is to look; for tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum PretendedDisk {
    /// As it is.
    Real = 0,
    /// Full but for the reserve.
    Full = 1,
    /// Full to the last byte: the reserve's room is used up as well.
    UsedUp = 2,
}

#[derive(Debug)]
pub(super) struct Room {
    root: PathBuf,
    reserve: PathBuf,
    aside: PathBuf,
    full: AtomicBool,
    pretended: AtomicU8,
    trouble: Trouble,
}

/// Whether an error of the file system says that there is no room.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

impl Room {
    /// The room in a folder; `aside` is a name of this process alone, where the reserve is made.
    pub(super) fn new(root: &Path, aside: PathBuf) -> Self {
        Self {
            root: root.to_owned(),
            reserve: root.join("reserve"),
            aside,
            full: AtomicBool::new(false),
            pretended: AtomicU8::new(PretendedDisk::Real as u8),
            trouble: Trouble::new("the store's disk is full: no commands are taken until there is room"),
        }
    }

    /// Whether the reserve is gone: nothing is to be begun that can wait.
    pub(super) fn full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    /// Does something that may need room; where there is none, once more without the reserve.
    pub(super) fn with<T>(&self, mut act: impl FnMut() -> io::Result<T>) -> io::Result<T> {
        let mut try_it = || self.pretend().and_then(|()| act());
        match try_it() {
            Err(error) if is_full(&error) => {
                self.spend(&error);
                try_it()
            }
            outcome => outcome,
        }
    }

    /// There is no room: gives the reserve up. What failed is worth one more try.
    pub(super) fn spend(&self, why: &dyn std::fmt::Display) {
        let removed = fs::remove_file(&self.reserve);
        self.full.store(true, Ordering::Relaxed);
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                self.trouble.came(&format!("{why}; the reserve can't be given up: {error}"));
            }
            _ => self.trouble.came(why),
        }
    }

    /// Makes the reserve anew where it does not stand, if there is room for it.
    pub(super) fn renew(&self) {
        let stands = fs::metadata(&self.reserve).is_ok_and(|meta| meta.len() == RESERVE_BYTES);
        if stands || (self.available().is_ok_and(|bytes| bytes >= NEEDED_BYTES) && self.make().is_ok()) {
            if self.full.swap(false, Ordering::Relaxed) {
                self.trouble.is_over();
            }
        } else if !self.full.swap(true, Ordering::Relaxed) {
            self.trouble.came(&"there is no room for the reserve");
        } else {
            self.trouble.came(&"there is still no room");
        }
    }

    /// Bytes that this process may still use.
    fn available(&self) -> io::Result<u64> {
        if self.pretended.load(Ordering::Relaxed) != PretendedDisk::Real as u8 {
            return Ok(0);
        }
        let stat = rustix::fs::statvfs(&self.root)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    /// Made aside, so that it stands whole or not at all. Its bytes look random: a file system that compresses, or
    /// keeps no zeros, would else give nothing back for them.
    fn make(&self) -> io::Result<()> {
        let written = File::create(&self.aside).and_then(|mut file| {
            let mut state = 0x9E37_79B9_7F4A_7C15_u64;
            let mut chunk = Vec::with_capacity(64 * 1024);
            for _ in 0..RESERVE_BYTES / (64 * 1024) {
                chunk.clear();
                while chunk.len() < 64 * 1024 {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    chunk.extend_from_slice(&state.to_le_bytes());
                }
                file.write_all(&chunk)?;
            }
            file.sync_all()
        });
        let made = written.and_then(|()| fs::rename(&self.aside, &self.reserve));
        if made.is_err() {
            let _ = fs::remove_file(&self.aside);
        }
        made
    }

    /// Fails as a full disk does, if one is to be pretended.
    pub(super) fn pretend(&self) -> io::Result<()> {
        let pretended = self.pretended.load(Ordering::Relaxed);
        let full = pretended == PretendedDisk::UsedUp as u8
            || (pretended == PretendedDisk::Full as u8 && self.reserve.exists());
        if full { Err(ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    pub(super) fn pretend_disk(&self, disk: PretendedDisk) {
        self.pretended.store(disk as u8, Ordering::Relaxed);
    }
}

/// Starts the thread that renews the reserve for as long as the store is open.
pub(super) fn keep_renewing(room: &Arc<Room>) -> io::Result<()> {
    let room: Weak<Room> = Arc::downgrade(room);
    std::thread::Builder::new().name("room".to_owned()).spawn(move || {
        while let Some(room) = room.upgrade() {
            room.renew();
            drop(room);
            std::thread::sleep(RENEWED_EVERY);
        }
    })?;
    Ok(())
}
