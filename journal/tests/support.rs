//! What the tests share: stores to run over, and hands that act for a node.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use handoff_journal::{
    Claimed, Epoch, Frame, FrameId, Incarnation, Journal, JournalError, NodeId, Owner, Position, ShardId,
    StoredFrame, Tables,
};

pub mod checker;
pub mod hiding;
pub mod naive;
pub mod worlds;

/// How often an unknown outcome is repeated before a test gives up.
const REPEATS_MAX: usize = 2_000;

/// One node's connection to the store.
#[derive(Clone)]
pub struct Node {
    pub id: NodeId,
    pub journal: Arc<dyn Journal>,
    pub tables: Arc<dyn Tables>,
}

/// A store with several nodes on it.
#[async_trait]
pub trait World: Send + Sync {
    /// A node's connection; the same node again gives the same connection.
    async fn node(&self, id: u16) -> Node;

    /// A shard that nobody has used.
    fn shard(&self) -> ShardId;

    /// A key that nobody has used, starting with `name`.
    fn key(&self, name: &str) -> String;

    /// A new life of a node.
    async fn hand(&self, id: u16) -> Hand {
        let node = self.node(id).await;
        Hand { owner: Owner { node: node.id, incarnation: Incarnation(rand::random()) }, node }
    }
}

/// A node in one of its lives.
#[derive(Clone)]
pub struct Hand {
    pub owner: Owner,
    pub node: Node,
}

impl Hand {
    pub async fn try_claim(&self, shard: ShardId) -> Result<Claimed, JournalError> {
        definite(|| self.node.journal.claim(shard, self.owner)).await
    }

    pub async fn claim(&self, shard: ShardId) -> Claimed {
        self.try_claim(shard).await.expect("claim")
    }

    pub async fn try_append(&self, claimed: &Claimed, frame: &Frame) -> Result<(), JournalError> {
        definite(|| self.node.journal.append(&claimed.tenure, claimed.next, frame)).await
    }

    /// Appends a new frame and moves `claimed.next` on.
    pub async fn append(&self, claimed: &mut Claimed, text: &str) -> FrameId {
        let frame = frame(text);
        self.try_append(claimed, &frame).await.expect("append");
        claimed.next.seq += 1;
        frame.id
    }

    pub async fn roll(&self, claimed: &mut Claimed) {
        claimed.next = self.try_roll(claimed).await.expect("roll");
    }

    pub async fn try_roll(&self, claimed: &Claimed) -> Result<Position, JournalError> {
        definite(|| self.node.journal.roll(&claimed.tenure, claimed.next)).await
    }

    pub async fn confirm(&self, claimed: &Claimed) -> Result<(), JournalError> {
        definite(|| self.node.journal.confirm(&claimed.tenure)).await
    }

    pub async fn trim(&self, claimed: &Claimed, segment: u64) -> Result<(), JournalError> {
        definite(|| self.node.journal.trim(&claimed.tenure, segment)).await
    }

    pub async fn read(
        &self,
        claimed: &Claimed,
        from: Position,
        limit: usize,
    ) -> Result<Vec<StoredFrame>, JournalError> {
        definite(|| self.node.journal.read(&claimed.tenure, from, limit)).await
    }

    /// The whole log that is not trimmed, in pages.
    pub async fn log(&self, claimed: &Claimed) -> Vec<StoredFrame> {
        let mut all = Vec::new();
        for segment in claimed.first_segment..=claimed.next.segment {
            let mut from = Position { segment, seq: 1 };
            loop {
                let page = self.read(claimed, from, 7).await.expect("read");
                from.seq += page.len() as u64;
                let last = page.len() < 7;
                all.extend(page);
                if last {
                    break;
                }
            }
        }
        all
    }

    /// The whole log as texts.
    pub async fn texts(&self, claimed: &Claimed) -> Vec<String> {
        let log = self.log(claimed).await;
        log.iter().map(|frame| String::from_utf8(frame.body.to_vec()).expect("text")).collect()
    }
}

/// A frame with a new id.
pub fn frame(text: &str) -> Frame {
    Frame { id: FrameId(rand::random()), events: 1, body: Bytes::copy_from_slice(text.as_bytes()) }
}

/// Repeats the very same call until its answer is definite.
pub async fn definite<T, F>(mut call: impl FnMut() -> F) -> Result<T, JournalError>
where
    F: Future<Output = Result<T, JournalError>>,
{
    for _ in 0..REPEATS_MAX {
        match call().await {
            Err(JournalError::Unknown(_)) => tokio::time::sleep(Duration::from_millis(5)).await,
            answer => return answer,
        }
    }
    panic!("still unknown after {REPEATS_MAX} repeats");
}

/// Fails unless the answer is "fenced" and names this owner and epoch.
pub fn assert_fenced<T: std::fmt::Debug>(answer: Result<T, JournalError>, by: &Claimed) {
    match answer {
        Err(JournalError::Fenced { epoch, owner }) => {
            assert_eq!((epoch, owner), (by.tenure.epoch, by.tenure.owner), "fenced by the newest owner");
        }
        other => panic!("expected fenced by {:?}, got {other:?}", by.tenure),
    }
}

/// Fails unless the answer is "fenced" by an owner after `old`, up to `newest`: a store may know only of some later
/// one, where the old segment's row was left behind.
pub fn assert_fenced_since<T: std::fmt::Debug>(
    answer: Result<T, JournalError>,
    old: &Claimed,
    newest: &Claimed,
) {
    match answer {
        Err(JournalError::Fenced { epoch, .. }) => {
            assert!(epoch > old.tenure.epoch && epoch <= newest.tenure.epoch, "fenced by {epoch}");
        }
        other => panic!("expected fenced after {:?}, got {other:?}", old.tenure),
    }
}

/// The position in a segment.
pub fn at(segment: u64, seq: u64) -> Position {
    Position { segment, seq }
}

/// Epochs in log order never go back.
pub fn assert_epochs_never_go_back(log: &[StoredFrame]) {
    let mut highest = Epoch(0);
    for frame in log {
        assert!(frame.epoch >= highest, "epoch {} after {highest} at {:?}", frame.epoch, frame.position);
        highest = frame.epoch;
    }
}
