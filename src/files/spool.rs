//! Files on their way in: bytes go to a file on this node's disk, not to memory, until it is known whose they are and
//! whether they may stay.

use super::kind::HEAD_BYTES;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempPath;
use thiserror::Error;
use tokio::io::AsyncWriteExt;

/// Where files on their way in lie.
pub struct Spool {
    dir: PathBuf,
}

/// Why a file did not come in.
#[derive(Debug, Error)]
pub enum SpoolError {
    /// It is larger than it may be, in bytes.
    #[error("larger than {0} bytes")]
    TooLarge(u64),
    /// The client went away, or sent nothing for too long.
    #[error("the file did not arrive")]
    Broken,
    /// This node's disk.
    #[error("can't be written here: {0}")]
    Disk(#[from] std::io::Error),
}

/// A file that came in; gone from the disk when this is dropped.
pub struct Spooled {
    path: TempPath,
    /// The file's length in bytes.
    pub bytes: u64,
    /// The first of them.
    pub head: Vec<u8>,
}

impl Spooled {
    /// Good until this is dropped.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Spool {
    /// In this folder of the node's own; what an earlier process left there goes.
    ///
    /// # Errors
    /// When the folder can't be made or emptied.
    pub fn open(dir: PathBuf) -> std::io::Result<Self> {
        std::fs::create_dir_all(&dir)?;
        for left in std::fs::read_dir(&dir)? {
            std::fs::remove_file(left?.path())?;
        }
        Ok(Self { dir })
    }

    /// Takes a file in.
    ///
    /// # Errors
    /// [`SpoolError`]; nothing of it is left then.
    pub async fn take<E>(
        &self,
        mut pieces: impl Stream<Item = Result<Bytes, E>> + Unpin,
        bytes_max: u64,
        pause_max: Duration,
    ) -> Result<Spooled, SpoolError> {
        let path = tempfile::Builder::new().prefix("upload").tempfile_in(&self.dir)?.into_temp_path();
        let mut file = tokio::fs::File::create(&path).await?;
        let (mut bytes, mut head) = (0_u64, Vec::new());
        loop {
            let piece = tokio::time::timeout(pause_max, pieces.next()).await;
            let Some(piece) = piece.map_err(|_| SpoolError::Broken)? else { break };
            let piece = piece.map_err(|_| SpoolError::Broken)?;
            bytes = bytes.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
            if bytes > bytes_max {
                return Err(SpoolError::TooLarge(bytes_max));
            }
            let room = HEAD_BYTES.saturating_sub(head.len()).min(piece.len());
            head.extend_from_slice(&piece[..room]);
            file.write_all(&piece).await?;
        }
        file.flush().await?;
        Ok(Spooled { path, bytes, head })
    }
}
