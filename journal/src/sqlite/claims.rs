//! Claims: who owns a shard in which epoch. A claim is a file whose name says shard and epoch; link(2) lets exactly one
//! node make it. Claims are contiguous and never deleted, so "the next claim exists" means "fenced", for ever.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::layout::Layout;
use super::room;
use crate::{Epoch, JournalError, Owner, ShardId};

pub(super) struct Claims {
    layout: Arc<Layout>,
    /// The highest epoch seen of each shard: where a search starts.
    seen: Mutex<BTreeMap<ShardId, u64>>,
}

fn unknown(error: &io::Error) -> JournalError {
    JournalError::Unknown(format!("claims folder: {error}"))
}

impl Claims {
    pub(super) fn open(layout: Arc<Layout>) -> io::Result<Self> {
        let seen = Mutex::new(read(&layout)?);
        Ok(Self { layout, seen })
    }

    fn path(&self, shard: ShardId, epoch: Epoch) -> PathBuf {
        self.layout.claims().join(format!("{shard}.{epoch}"))
    }

    /// Whether an epoch was claimed. Only in the folder that was opened does "not yet" mean that it is not over.
    pub(super) fn exists(&self, shard: ShardId, epoch: Epoch) -> Result<bool, JournalError> {
        let exists = self.path(shard, epoch).try_exists().map_err(|error| unknown(&error))?;
        if !exists {
            self.layout.still_ours().map_err(|error| unknown(&error))?;
        }
        Ok(exists)
    }

    /// The newest claim's epoch; 0 when there is none.
    pub(super) fn highest(&self, shard: ShardId) -> Result<Epoch, JournalError> {
        let seen =
            |claims: &Self| claims.seen.lock().unwrap_or_else(PoisonError::into_inner).get(&shard).copied();
        let mut highest = seen(self).unwrap_or(0);
        while self.exists(shard, Epoch(highest + 1))? {
            highest += 1;
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = seen.entry(shard).or_default();
        *entry = highest.max(*entry);
        Ok(Epoch(highest))
    }

    pub(super) fn owner(&self, shard: ShardId, epoch: Epoch) -> Result<Owner, JournalError> {
        let text = std::fs::read_to_string(self.path(shard, epoch)).map_err(|error| unknown(&error))?;
        text.trim()
            .parse()
            .map_err(|why| JournalError::Refused(format!("claim {shard}.{epoch} is damaged: {why}")))
    }

    /// Claims an epoch; `false` when somebody else has it.
    pub(super) fn make(&self, shard: ShardId, epoch: Epoch, owner: Owner) -> Result<bool, JournalError> {
        let content = format!("{owner}\n");
        self.layout.publish(&self.path(shard, epoch), content.as_bytes()).map_err(|error| {
            if room::is_full(&error) { JournalError::Full(error.to_string()) } else { unknown(&error) }
        })
    }

    /// The answer for an owner whose epoch is over.
    pub(super) fn fenced(&self, shard: ShardId) -> JournalError {
        let named = self.highest(shard).and_then(|epoch| Ok((epoch, self.owner(shard, epoch)?)));
        match named {
            Ok((epoch, owner)) => JournalError::Fenced { epoch, owner },
            Err(error) => error,
        }
    }

    /// Every shard that was ever claimed, by whichever node.
    pub(super) fn shards(&self) -> Result<Vec<ShardId>, JournalError> {
        let shards = read(&self.layout).map_err(|error| unknown(&error))?;
        self.layout.still_ours().map_err(|error| unknown(&error))?;
        Ok(shards.into_keys().collect())
    }
}

/// The highest epoch of each shard.
fn read(layout: &Layout) -> io::Result<BTreeMap<ShardId, u64>> {
    let mut highest = BTreeMap::new();
    for entry in std::fs::read_dir(layout.claims())? {
        let name = entry?.file_name();
        let parsed = name.to_str().and_then(|name| name.split_once('.'));
        let parsed =
            parsed.and_then(|(shard, epoch)| Some((shard.parse().ok()?, epoch.parse::<u64>().ok()?)));
        if let Some((shard, epoch)) = parsed {
            let known: &mut u64 = highest.entry(ShardId(shard)).or_default();
            *known = epoch.max(*known);
        }
    }
    Ok(highest)
}
