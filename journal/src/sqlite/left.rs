//! What lives that are over left in the folder: log files that no log needs any more go, and the write-ahead logs of
//! the others, which a killed process leaves beside its files, are folded into them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;
use std::sync::PoisonError;

use tracing::warn;

use super::Inner;
use super::file::{self, FileError};
use crate::{JournalError, NodeId, Owner};

impl Inner {
    /// Folds the write-ahead logs of this node's former incarnations, and of nodes that don't run.
    ///
    /// A node that runs, stopped or not, holds its lock and writes its files itself. Called by one at a time.
    pub(super) fn fold_left_behind(&self) {
        let (Ok(logs), Ok(tables)) = (self.log_files(), self.table_files()) else { return };
        let logs = logs.into_iter().filter(|owner| !self.has_writer(*owner));
        let logs = logs.map(|owner| (owner.node, self.layout.log(owner)));
        for (node, path) in logs.chain(tables).filter(|(_, path)| file::wal_bytes(path) > 0) {
            let absent = (node != self.node).then(|| self.layout.lock_absent(node));
            if matches!(absent, Some(None)) {
                continue;
            }
            if let Err(error) = self.fold(&path) {
                warn!(path = %path.display(), %error, "a write-ahead log that was left behind stays for now");
            }
        }
    }

    fn fold(&self, path: &std::path::Path) -> Result<(), FileError> {
        match file::cut_left_behind(path) {
            Err(error) if error.is_full() => {
                self.layout.room().spend(&error);
                file::cut_left_behind(path).map(|_| ())
            }
            outcome => outcome.map(|_| ()),
        }
    }

    fn has_writer(&self, owner: Owner) -> bool {
        let writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        writers.iter().any(|(of, sender)| *of == owner && !sender.is_closed())
    }

    /// The table files of other nodes; this node's own has its writer.
    fn table_files(&self) -> std::io::Result<Vec<(NodeId, PathBuf)>> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(self.layout.tables())? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".db"));
            if let Some(node) =
                name.and_then(|name| name.parse().ok().map(NodeId)).filter(|node| *node != self.node)
            {
                files.push((node, path));
            }
        }
        Ok(files)
    }

    pub(super) fn sweep(&self) -> Result<usize, JournalError> {
        let unreadable = |error: std::io::Error| JournalError::Unknown(error.to_string());
        let mut files = self.log_files().map_err(unreadable)?;
        // A node that runs, stopped or not, holds its lock and may write to any life's file. While this process holds
        // it, that node neither writes nor claims; so what is live is looked up only then.
        let absent: BTreeMap<NodeId, File> = files
            .iter()
            .map(|owner| owner.node)
            .filter(|node| *node != self.node)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .filter_map(|node| Some((node, self.layout.lock_absent(node)?)))
            .collect();
        files.retain(|owner| owner.node == self.node || absent.contains_key(&owner.node));
        if files.iter().all(|owner| self.has_writer(*owner)) {
            return Ok(0);
        }
        let mut live: BTreeSet<Owner> = BTreeSet::new();
        for shard in self.claims.shards()? {
            // A shard between two owners: whatever there is may still be needed.
            let Some(term) = self.settled_term(shard)? else { return Ok(0) };
            live.extend(term.extents().iter().map(|extent| extent.owner));
            live.insert(term.owner);
        }
        // Held while deleting, so that no incarnation comes back to a file that goes.
        let writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        live.extend(writers.iter().map(|(owner, _)| *owner));
        let mut deleted = 0;
        for owner in files.into_iter().filter(|owner| !live.contains(owner)) {
            file::delete(&self.layout.log(owner)).map_err(unreadable)?;
            deleted += 1;
        }
        Ok(deleted)
    }

    fn log_files(&self) -> std::io::Result<Vec<Owner>> {
        let mut owners = Vec::new();
        for entry in std::fs::read_dir(self.layout.logs())? {
            let name = entry?.file_name();
            owners.extend(name.to_str().and_then(|name| name.strip_suffix(".db")?.parse::<Owner>().ok()));
        }
        Ok(owners)
    }
}
