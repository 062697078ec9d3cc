//! A journal as one would write it without thinking of pauses: look at the epoch, then insert. It looks right in every
//! quiet test and loses acknowledged frames; the torture must find that.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use handoff_journal::memory::MemoryStore;
use handoff_journal::{
    Claimed, Epoch, Frame, Head, Journal, JournalError, NodeId, Owner, Position, ShardId, StoredFrame, Tenure,
};

use super::{Node, World};

#[derive(Default)]
struct Log {
    epoch: Epoch,
    owner: Option<Owner>,
    tail: u64,
    frames: BTreeMap<Position, StoredFrame>,
}

impl Log {
    fn next(&self) -> Position {
        let last = self.frames.keys().next_back().filter(|at| at.segment == self.tail);
        Position { segment: self.tail, seq: last.map_or(1, |at| at.seq + 1) }
    }

    fn check(&self, tenure: &Tenure) -> Result<(), JournalError> {
        match self.owner {
            Some(owner) if self.epoch != tenure.epoch => {
                Err(JournalError::Fenced { epoch: self.epoch, owner })
            }
            _ => Ok(()),
        }
    }
}

#[derive(Clone, Default)]
pub struct Naive {
    log: Arc<Mutex<Log>>,
}

async fn trip() {
    tokio::time::sleep(Duration::from_millis(2)).await;
}

#[async_trait]
impl Journal for Naive {
    async fn claim(&self, shard: ShardId, owner: Owner) -> Result<Claimed, JournalError> {
        trip().await;
        let mut log = self.log.lock().expect("log");
        log.epoch = Epoch(log.epoch.0 + 1);
        log.owner = Some(owner);
        log.tail = log.tail.max(1);
        Ok(Claimed { tenure: Tenure { shard, epoch: log.epoch, owner }, first_segment: 1, next: log.next() })
    }

    async fn append(&self, tenure: &Tenure, at: Position, frame: &Frame) -> Result<(), JournalError> {
        self.log.lock().expect("log").check(tenure)?;
        trip().await;
        let stored =
            StoredFrame { position: at, epoch: tenure.epoch, id: frame.id, body: frame.body.clone() };
        self.log.lock().expect("log").frames.insert(at, stored);
        Ok(())
    }

    async fn confirm(&self, tenure: &Tenure) -> Result<(), JournalError> {
        self.log.lock().expect("log").check(tenure)
    }

    async fn roll(&self, tenure: &Tenure, at: Position) -> Result<Position, JournalError> {
        let mut log = self.log.lock().expect("log");
        log.check(tenure)?;
        log.tail = at.segment + 1;
        Ok(Position { segment: at.segment + 1, seq: 1 })
    }

    async fn read(&self, _: &Tenure, from: Position, limit: usize) -> Result<Vec<StoredFrame>, JournalError> {
        let log = self.log.lock().expect("log");
        let end = Position { segment: from.segment + 1, seq: 0 };
        Ok(log.frames.range(from..end).take(limit).map(|(_, frame)| frame.clone()).collect())
    }

    async fn trim(&self, tenure: &Tenure, _: u64) -> Result<(), JournalError> {
        self.log.lock().expect("log").check(tenure)
    }

    async fn head(&self, _: ShardId) -> Result<Option<Head>, JournalError> {
        let log = self.log.lock().expect("log");
        let head = |owner| Head { epoch: log.epoch, owner, first_segment: 1, next: log.next() };
        Ok(log.owner.map(head))
    }
}

#[async_trait]
impl World for Naive {
    async fn node(&self, id: u16) -> Node {
        let tables = Arc::new(MemoryStore::new(0).node(NodeId(id)));
        Node { id: NodeId(id), journal: Arc::new(self.clone()), tables }
    }

    fn shard(&self) -> ShardId {
        ShardId(0)
    }

    fn key(&self, name: &str) -> String {
        name.to_owned()
    }
}
