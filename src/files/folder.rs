//! Files in a folder that all nodes of the host share.

use super::{FileError, FileKey, FileStore, FileStream};
use async_trait::async_trait;
use futures_util::StreamExt;
use std::io::{ErrorKind, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

/// Bytes of a piece that is read at once.
const PIECE_BYTES: usize = 64 * 1024;

/// A folder for each session in it; a file has its name only when it is written whole.
pub struct FolderFiles {
    dir: PathBuf,
}

/// Numbers files that are being written, so that two writers never share one.
static WRITING: AtomicU64 = AtomicU64::new(0);

impl FolderFiles {
    /// In this folder, which is made when the first file comes.
    #[must_use]
    pub fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    fn folder(&self, key: &FileKey) -> PathBuf {
        self.dir.join(&key.session.0)
    }
}

#[async_trait]
impl FileStore for FolderFiles {
    async fn put(&self, key: &FileKey, from: &Path) -> Result<(), FileError> {
        let (dir, folder, name) = (self.dir.clone(), self.folder(key), key.file.to_string());
        let from = from.to_owned();
        let write = move || {
            std::fs::create_dir_all(&folder)?;
            let number = WRITING.fetch_add(1, Ordering::Relaxed);
            let temporary = folder.join(format!(".{name}.{}.{number}", std::process::id()));
            let written = copy(&from, &temporary)
                .and_then(|()| std::fs::rename(&temporary, folder.join(&name)))
                .and_then(|()| sync(&folder))
                .and_then(|()| sync(&dir));
            written.inspect_err(|_| drop(std::fs::remove_file(&temporary)))
        };
        blocking(write).await.map_err(FileError::store)
    }

    async fn open(&self, key: &FileKey, bytes: Range<u64>) -> Result<FileStream, FileError> {
        let file = tokio::fs::File::open(self.folder(key).join(key.file.to_string())).await;
        let mut file = file.map_err(|error| match error.kind() {
            ErrorKind::NotFound => FileError::Missing,
            _ => FileError::store(error),
        })?;
        file.seek(SeekFrom::Start(bytes.start)).await.map_err(FileError::store)?;
        let pieces = ReaderStream::with_capacity(file.take(bytes.end - bytes.start), PIECE_BYTES);
        Ok(pieces.map(|piece| piece.map_err(FileError::store)).boxed())
    }

    async fn remove(&self, key: &FileKey) -> Result<(), FileError> {
        let folder = self.folder(key);
        let file = folder.join(key.file.to_string());
        let remove = move || {
            match std::fs::remove_file(&file) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            // Goes with the session's last file; with others in it this fails, as it should.
            drop(std::fs::remove_dir(&folder));
            Ok(())
        };
        blocking(remove).await.map_err(FileError::store)
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::copy(from, to)?;
    sync(to)
}

fn sync(path: &Path) -> std::io::Result<()> {
    std::fs::File::open(path)?.sync_all()
}

async fn blocking(work: impl FnOnce() -> std::io::Result<()> + Send + 'static) -> Result<(), std::io::Error> {
    tokio::task::spawn_blocking(work).await.map_err(std::io::Error::other)?
}
