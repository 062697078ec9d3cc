//! Files in this process alone, for tests and simulations.

use super::{FileError, FileKey, FileStore, FileStream};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Gone with the process.
#[derive(Default)]
pub struct MemoryFiles {
    files: Mutex<BTreeMap<FileKey, Bytes>>,
}

impl MemoryFiles {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[async_trait]
impl FileStore for MemoryFiles {
    async fn put(&self, key: &FileKey, from: &Path) -> Result<(), FileError> {
        let body = tokio::fs::read(from).await.map_err(FileError::store)?;
        self.files.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), body.into());
        Ok(())
    }

    async fn open(&self, key: &FileKey, bytes: Range<u64>) -> Result<FileStream, FileError> {
        let found = self.files.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        let found = found.ok_or(FileError::Missing)?;
        let at = |byte| usize::try_from(byte).map_err(FileError::store);
        Ok(stream::iter([Ok(found.slice(at(bytes.start)?..at(bytes.end)?))]).boxed())
    }

    async fn remove(&self, key: &FileKey) -> Result<(), FileError> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        Ok(())
    }
}
