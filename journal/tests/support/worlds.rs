//! The stores that the contract runs over.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};

use async_trait::async_trait;
use handoff_journal::memory::MemoryStore;
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
