//! Versioned cells: one folder per key, one file per version, made by link(2), so exactly one node makes each version.
//!
//! Old versions are pruned, all but the newest two, so a writer that was stopped for long could make an old version
//! anew. It sees a higher one right after, and so does every reader: a folder of few names is listed in one system
//! call, which is atomic against links and unlinks, and the newest version is unlinked only when two higher ones stand.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

use super::layout::{Layout, sync_folder};
use crate::{Swap, Table, TablesError};

/// The longest name of one folder, in bytes; longer keys take several folders.
const NAME_BYTES_MAX: usize = 200;

/// How often a reader starts anew because versions were pruned under it.
const READS_MAX: usize = 100;

pub(super) struct Cells {
    layout: Arc<Layout>,
}

fn unknown(error: &io::Error) -> TablesError {
    TablesError::Unknown(format!("cells folder: {error}"))
}

impl Cells {
    pub(super) fn new(layout: Arc<Layout>) -> Self {
        Self { layout }
    }

    /// The folder of a key: bytes other than letters, digits, `-` and `_` are written `%xx`; all folders but the last
    /// end in `+`, which no escaped name does.
    fn folder(&self, table: Table, key: &str) -> PathBuf {
        let mut escaped = String::with_capacity(key.len() + 1);
        for byte in key.bytes() {
            if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
                escaped.push(char::from(byte));
            } else {
                escaped.push_str(&format!("%{byte:02x}"));
            }
        }
        let mut folder = self.layout.cells().join(super::tables::name(table));
        let mut rest = escaped.as_str();
        while rest.len() > NAME_BYTES_MAX {
            let (name, after) = rest.split_at(NAME_BYTES_MAX);
            folder.push(format!("{name}+"));
            rest = after;
        }
        // A name of its own for the empty rest; no escaped name is a lone `%`.
        folder.push(if rest.is_empty() { "%" } else { rest });
        folder
    }

    /// All versions that stand, lowest first.
    fn versions(folder: &PathBuf) -> io::Result<Vec<u64>> {
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut versions = Vec::new();
        for entry in entries {
            versions.extend(entry?.file_name().to_str().and_then(|name| name.parse::<u64>().ok()));
        }
        versions.sort_unstable();
        Ok(versions)
    }

    fn newest(folder: &PathBuf) -> io::Result<Option<(u64, Bytes)>> {
        for _ in 0..READS_MAX {
            let Some(version) = Self::versions(folder)?.pop() else { return Ok(None) };
            match fs::read(folder.join(version.to_string())) {
                Ok(body) => return Ok(Some((version, Bytes::from(body)))),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("versions keep changing under their reader"))
    }

    pub(super) fn read(&self, table: Table, key: &str) -> Result<Option<(u64, Bytes)>, TablesError> {
        Self::newest(&self.folder(table, key)).map_err(|error| unknown(&error))
    }

    pub(super) fn swap(
        &self,
        table: Table,
        key: &str,
        expected: u64,
        body: &[u8],
    ) -> Result<Swap, TablesError> {
        let folder = self.folder(table, key);
        self.try_swap(&folder, expected, body).map_err(|error| unknown(&error))
    }

    fn try_swap(&self, folder: &PathBuf, expected: u64, body: &[u8]) -> io::Result<Swap> {
        let (version, stands) = Self::newest(folder)?.unwrap_or_default();
        if version != expected {
            return Ok(Swap::Lost { version, body: stands });
        }
        if expected == 0 {
            self.create_folder(folder)?;
        }
        let mine = expected + 1;
        if !self.layout.publish(&folder.join(mine.to_string()), body)? {
            let (version, body) = Self::newest(folder)?.unwrap_or_default();
            return Ok(Swap::Lost { version, body });
        }
        let versions = Self::versions(folder)?;
        if versions.last() != Some(&mine) {
            // Either somebody went on from mine, or mine came too late: reading tells.
            return Err(io::Error::other("a higher version stands already"));
        }
        for old in versions.iter().filter(|version| **version < expected) {
            let _ = fs::remove_file(folder.join(old.to_string()));
        }
        Ok(Swap::Won)
    }

    /// Makes a key's folder so that its name survives a power loss as surely as the version in it.
    fn create_folder(&self, folder: &PathBuf) -> io::Result<()> {
        self.layout.room().with(|| fs::create_dir_all(folder))?;
        for above in folder.ancestors().skip(1) {
            sync_folder(above)?;
            if *above == self.layout.cells() {
                break;
            }
        }
        Ok(())
    }
}
