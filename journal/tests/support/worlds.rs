//! The stores that the contract runs over.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use handoff_journal::memory::MemoryStore;
use handoff_journal::sqlite::{Durability, SqliteStore};
use handoff_journal::{NodeId, ShardId};

use super::{Node, World};

/// Over the memory model; `store` reaches its faults.
pub struct Memory {
    pub store: MemoryStore,
    shards: AtomicU16,
    keys: AtomicU64,
}

impl Memory {
    pub fn new(seed: u64) -> Self {
        Self { store: MemoryStore::new(seed), shards: AtomicU16::new(0), keys: AtomicU64::new(0) }
    }
}

#[async_trait]
impl World for Memory {
    async fn node(&self, id: u16) -> Node {
        let node = Arc::new(self.store.node(NodeId(id)));
        Node { id: NodeId(id), journal: node.clone(), tables: node }
    }

    fn shard(&self) -> ShardId {
        ShardId(self.shards.fetch_add(1, Ordering::Relaxed))
    }

    fn key(&self, name: &str) -> String {
        format!("{name}-{}", self.keys.fetch_add(1, Ordering::Relaxed))
    }
}

/// Over SQLite in a folder of its own; all nodes in this process.
pub struct Sqlite {
    pub folder: tempfile::TempDir,
    stores: Mutex<BTreeMap<u16, Arc<SqliteStore>>>,
    shards: AtomicU16,
    keys: AtomicU64,
}

impl Sqlite {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("folder"),
            stores: Mutex::new(BTreeMap::new()),
            shards: AtomicU16::new(0),
            keys: AtomicU64::new(0),
        }
    }

    pub fn store(&self, id: u16) -> Arc<SqliteStore> {
        let mut stores = self.stores.lock().expect("lock");
        let open =
            || Arc::new(SqliteStore::open(self.folder.path(), NodeId(id), Durability::Full).expect("open"));
        stores.entry(id).or_insert_with(open).clone()
    }
}

#[async_trait]
impl World for Sqlite {
    async fn node(&self, id: u16) -> Node {
        let store = self.store(id);
        Node { id: NodeId(id), journal: store.clone(), tables: store }
    }

    fn shard(&self) -> ShardId {
        ShardId(self.shards.fetch_add(1, Ordering::Relaxed))
    }

    fn key(&self, name: &str) -> String {
        format!("{name}-{}", self.keys.fetch_add(1, Ordering::Relaxed))
    }
}
