//! Files that participants share: where their bytes lie, what they may be, and who looks through them. Which file a
//! session has, and for whom, is the session's to say: here are bytes alone.

mod chunks;
mod folder;
mod kind;
mod memory;
mod name;
mod s3;
mod scanner;
mod spool;

pub use chunks::ChunkFiles;
pub use folder::FolderFiles;
pub use kind::{WrongKind, media_type};
pub use memory::MemoryFiles;
pub use name::shown_name;
pub use s3::{S3Files, S3Options};
pub use scanner::{Clamd, ScanError, Scanner, Verdict, WhenDown};
pub use spool::{Spool, SpoolError, Spooled};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use handoff_chat::{FileId, SessionId};
use handoff_journal::trouble::Trouble;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

/// Where a file's bytes are found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileKey {
    /// The session in which the file was uploaded.
    pub session: SessionId,
    /// Unique within the session.
    pub file: FileId,
    /// The file's length in bytes; stores that keep chunks go by it.
    pub bytes: u64,
}

impl FileKey {
    /// All of its bytes.
    #[must_use]
    pub fn whole(&self) -> Range<u64> {
        0..self.bytes
    }
}

impl std::fmt::Display for FileKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}/{}", self.session, self.file)
    }
}

/// Why a file's bytes can't be stored, read or deleted.
#[derive(Debug, Error)]
pub enum FileError {
    /// They are not there.
    #[error("the bytes of a file are not there")]
    Missing,
    /// The store does not do it now; a repeat may help.
    #[error("the store of files does not answer as it should: {0}")]
    Store(String),
}

impl FileError {
    fn store(error: impl std::fmt::Display) -> Self {
        Self::Store(error.to_string())
    }
}

/// A file's bytes in pieces.
pub type FileStream = BoxStream<'static, Result<Bytes, FileError>>;

/// A store that every node of the cluster sees.
#[async_trait]
pub trait FileStore: Send + Sync + 'static {
    /// Stores what a local file has; a repeat replaces it. Returns when it is safe.
    ///
    /// # Errors
    /// [`FileError`]; a part of it may be there then.
    async fn put(&self, key: &FileKey, from: &Path) -> Result<(), FileError>;

    /// Reads the bytes from the first of the range up to its end, all of which the file has.
    ///
    /// # Errors
    /// [`FileError`], also inside the stream.
    async fn open(&self, key: &FileKey, bytes: Range<u64>) -> Result<FileStream, FileError>;

    /// Deletes it; what is not there is no error.
    ///
    /// # Errors
    /// [`FileError`].
    async fn remove(&self, key: &FileKey) -> Result<(), FileError>;
}

/// Between tries of what is owed: from the first to the longest.
const RETRY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));

static SCANNER_DOWN: Trouble = Trouble::new("held files wait for the scanner");
static NOT_DELETED: Trouble = Trouble::new("the bytes of files are not deleted yet");

/// What a node does with files: stores them, has them looked through, deletes them.
#[derive(Clone)]
pub struct Files {
    /// Where their bytes lie.
    pub store: Arc<dyn FileStore>,
    /// Who looks through them; none: nobody.
    pub scanner: Option<Arc<Scanner>>,
}

impl Files {
    /// In this process alone, looked through by nobody.
    #[must_use]
    pub fn in_memory() -> Self {
        Self { store: Arc::new(MemoryFiles::default()), scanner: None }
    }

    /// Looks through a stored file for as long as it takes to know; says whether it is clean. Without a scanner (the
    /// configuration has changed) nobody can vouch for it.
    pub async fn scan(self, key: FileKey) -> bool {
        let Some(scanner) = self.scanner else { return false };
        let mut wait = RETRY.0;
        loop {
            let scanned = match self.store.open(&key, key.whole()).await {
                Ok(bytes) => scanner.scan_stream(bytes).await,
                Err(FileError::Missing) => return false,
                Err(error) => Err(ScanError::Down(error.to_string())),
            };
            match scanned {
                Ok(verdict) => {
                    SCANNER_DOWN.went_well();
                    return verdict == Verdict::Clean;
                }
                Err(ScanError::Unfit(why)) => {
                    tracing::warn!(file = %key, why, "a held file can't be looked through");
                    return false;
                }
                Err(ScanError::Down(why)) => {
                    SCANNER_DOWN.came(&why);
                }
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(RETRY.1);
        }
    }

    /// Deletes a file's bytes for as long as it takes.
    pub async fn drop_bytes(self, key: FileKey) {
        let mut wait = RETRY.0;
        while let Err(error) = self.store.remove(&key).await {
            NOT_DELETED.came(&format!("{key}: {error}"));
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(RETRY.1);
        }
        NOT_DELETED.went_well();
    }
}

#[cfg(test)]
mod tests;
