//! Files in the database, in chunks: rows that are written once.

use super::{FileError, FileKey, FileStore, FileStream};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use handoff_journal::{Chunks, Row, Table, TablesError};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use tokio::io::AsyncReadExt;

/// Bytes of a chunk. One row; well under what the database warns of.
const CHUNK_BYTES: u64 = 128 * 1024;
/// Chunks under one key, so that no partition grows without bound.
const CHUNKS_PER_KEY: u64 = 64;

/// The default with Cassandra: no store for files is needed beside the database.
pub struct ChunkFiles {
    database: Arc<dyn Chunks>,
}

impl ChunkFiles {
    /// In this database.
    #[must_use]
    pub fn new(database: Arc<dyn Chunks>) -> Self {
        Self { database }
    }
}

/// The key of a chunk's row.
fn part(key: &FileKey, chunk: u64) -> String {
    format!("{key}/{}", chunk / CHUNKS_PER_KEY)
}

fn chunks(key: &FileKey) -> u64 {
    key.bytes.div_ceil(CHUNK_BYTES)
}

impl From<TablesError> for FileError {
    fn from(error: TablesError) -> Self {
        Self::store(error)
    }
}

#[async_trait]
impl FileStore for ChunkFiles {
    async fn put(&self, key: &FileKey, from: &Path) -> Result<(), FileError> {
        let mut file = tokio::fs::File::open(from).await.map_err(FileError::store)?;
        for chunk in 0..chunks(key) {
            let mut body = Vec::new();
            let mut piece = (&mut file).take(CHUNK_BYTES);
            piece.read_to_end(&mut body).await.map_err(FileError::store)?;
            let row = Row { key: part(key, chunk), row: chunk % CHUNKS_PER_KEY, body: body.into() };
            self.database.put_once(Table::File, vec![row]).await?;
        }
        Ok(())
    }

    async fn open(&self, key: &FileKey, bytes: Range<u64>) -> Result<FileStream, FileError> {
        let (database, key) = (Arc::clone(&self.database), key.clone());
        let (first, end) = (bytes.start / CHUNK_BYTES, bytes.end.div_ceil(CHUNK_BYTES));
        // The first one now, so that a file that is not there is known before anything is sent.
        let head = read(database.as_ref(), &key, first, &bytes).await?;
        let rest = stream::iter(first + 1..end).then(move |chunk| {
            let (database, key, bytes) = (Arc::clone(&database), key.clone(), bytes.clone());
            async move { read(database.as_ref(), &key, chunk, &bytes).await }
        });
        Ok(stream::iter([Ok(head)]).chain(rest).boxed())
    }

    async fn remove(&self, key: &FileKey) -> Result<(), FileError> {
        for first in (0..chunks(key)).step_by(usize::try_from(CHUNKS_PER_KEY).unwrap_or(1)) {
            self.database.forget_file(&part(key, first)).await?;
        }
        Ok(())
    }
}

/// What a chunk has of these bytes of the file.
async fn read(
    database: &dyn Chunks,
    key: &FileKey,
    chunk: u64,
    bytes: &Range<u64>,
) -> Result<Bytes, FileError> {
    if bytes.is_empty() {
        return Ok(Bytes::new());
    }
    let body = database.get(Table::File, &part(key, chunk), chunk % CHUNKS_PER_KEY).await?;
    let body = body.ok_or(FileError::Missing)?;
    let start = chunk * CHUNK_BYTES;
    let within =
        |byte: u64| usize::try_from(byte.saturating_sub(start)).map_or(body.len(), |at| at.min(body.len()));
    Ok(body.slice(within(bytes.start)..within(bytes.end)))
}
