//! The embedded store: all nodes on one host share a folder, and even so any of them may be killed or stopped.
//!
//! No SQLite file has two writers, for a node stopped inside a transaction would hold the lock and stall all others.
//! Each incarnation commits frames to a file of its own. What makes one log of many files:
//!
//! - A claim is a file `claims/SHARD.EPOCH`, made by link(2): one winner per epoch.
//! - Append = commit, THEN look that `SHARD.EPOCH+1` does not exist, THEN acknowledge. If it exists: fenced.
//! - The first row of an epoch names what the log is before it, as read after the claim; all past that is void. The
//!   claim answers only when that row is committed and looked after in the same way.
//!
//! Either the claimant's read comes after the commit and finds the frame, or the claim comes before the look and the
//! frame is not acknowledged. No clock, no lock between nodes.

mod cells;
mod chain;
mod claims;
mod file;
mod layout;
mod left;
#[cfg(test)]
mod power;
mod room;
mod tables;
mod writer;

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tracing::{info, warn};

use crate::{
    Claimed, Epoch, FRAME_BYTES_MAX, Frame, Head, Journal, JournalError, NodeId, Owner, Position, ShardId,
    StoredFrame, Tenure,
};
use cells::Cells;
use claims::Claims;
use layout::Layout;
use writer::{Answer, Task, Work};

pub use room::{PretendedDisk, RESERVE_BYTES};
pub use writer::CommitFault;

/// Incarnations of this node whose writers are kept; the oldest goes first and comes back when it is needed.
const WRITERS_MAX: usize = 8;

/// File calls that run at once.
const BLOCKING_MAX: usize = 8;

/// What an acknowledgement means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// It is on disk: survives a power loss.
    Full,
    /// It is with the operating system: survives the death of every process, but a power loss may take the last
    /// moments.
    Relaxed,
}

impl Durability {
    fn pragma(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Relaxed => "normal",
        }
    }
}

/// One node's hold on the shared folder: both [`Journal`] and [`crate::Tables`].
///
/// It serves every incarnation of its node: whichever owner claims gets a log file of its own.
pub struct SqliteStore {
    inner: Arc<Inner>,
    puts: mpsc::Sender<tables::Put>,
    slots: Semaphore,
}

struct Inner {
    node: NodeId,
    layout: Arc<Layout>,
    claims: Arc<Claims>,
    cells: Cells,
    durability: Durability,
    fault: Arc<AtomicU8>,
    /// In the order in which they were started.
    writers: Mutex<Vec<(Owner, mpsc::Sender<Work>)>>,
    /// Held while logs that were left behind are folded.
    folding: tokio::sync::Mutex<()>,
    /// Held for as long as the store is open.
    _lock: File,
}

impl SqliteStore {
    /// Opens a node's hold on the folder, which is made if it is missing. Blocks; call it before serving.
    ///
    /// # Errors
    /// `Refused` when another process is this node, or the folder can't be used.
    pub fn open(folder: &Path, node: NodeId, durability: Durability) -> Result<Self, JournalError> {
        let refused = |error: std::io::Error| {
            JournalError::Refused(format!("can't use the store in {}: {error}", folder.display()))
        };
        let layout = Arc::new(Layout::create(folder, node).map_err(refused)?);
        let lock = layout.lock_node().map_err(JournalError::Refused)?;
        layout.clear_tmp().map_err(refused)?;
        layout.room().renew();
        let puts = tables::start(&layout, durability).map_err(refused)?;
        let inner = Inner {
            node,
            claims: Arc::new(Claims::open(layout.clone()).map_err(refused)?),
            cells: Cells::new(layout.clone()),
            layout,
            durability,
            fault: Arc::new(AtomicU8::new(0)),
            writers: Mutex::new(Vec::new()),
            folding: tokio::sync::Mutex::new(()),
            _lock: lock,
        };
        let store = Self { inner: Arc::new(inner), puts, slots: Semaphore::new(BLOCKING_MAX) };
        match store.inner.sweep() {
            Ok(0) => {}
            Ok(count) => info!(count, "log files that no log needs any more were deleted"),
            Err(error) => warn!(%error, "old log files were not looked through"),
        }
        store.inner.fold_left_behind();
        room::keep_renewing(store.inner.layout.room()).map_err(refused)?;
        Ok(store)
    }

    /// Deletes log files that no shard's log reaches into any more, of this node's former incarnations and of nodes
    /// that don't run; answers how many. Happens at each open and trim.
    ///
    /// # Errors
    /// `Unknown` when the folder can't be read.
    pub async fn sweep(&self) -> Result<usize, JournalError> {
        self.call(Inner::sweep).await
    }

    /// Makes the next commit fail; for tests of unknown outcomes.
    pub fn fail_next_commit(&self, fault: CommitFault) {
        self.inner.fault.store(fault as u8, Ordering::Relaxed);
    }

    /// Makes the disk look full; for tests.
    pub fn pretend_disk(&self, disk: PretendedDisk) {
        self.inner.layout.room().pretend_disk(disk);
    }

    /// Runs blocking work aside, a few at a time. `None`: the runtime is going down.
    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let _slot = self.slots.acquire().await.ok()?;
        tokio::task::spawn_blocking(work).await.ok()
    }

    async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let inner = Arc::clone(&self.inner);
        let done = self.blocking(move || work(&inner)).await;
        done.ok_or_else(|| JournalError::Unknown("the call was dropped".to_owned()))?
    }

    /// Has the writer of the tenure's owner do something.
    async fn write(&self, tenure: &Tenure, task: Task) -> Result<Answer, JournalError> {
        let sender = self.inner.writer(tenure.owner)?;
        let (reply, answer) = oneshot::channel();
        let stopped = || JournalError::Unknown("the log writer has stopped".to_owned());
        let work = Work { shard: tenure.shard, epoch: tenure.epoch, task, reply };
        sender.send(work).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())
    }
}

impl Inner {
    /// The queue of an incarnation's writer, which is started if it does not run.
    fn writer(&self, owner: Owner) -> Result<mpsc::Sender<Work>, JournalError> {
        if owner.node != self.node {
            return Err(JournalError::Refused(format!("{owner} can't write through node {}", self.node)));
        }
        let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        writers.retain(|(_, sender)| !sender.is_closed());
        if let Some((_, sender)) = writers.iter().find(|(of, _)| *of == owner) {
            return Ok(sender.clone());
        }
        let (layout, claims) = (self.layout.clone(), self.claims.clone());
        let sender = writer::start(layout, claims, owner, self.durability, self.fault.clone())
            .map_err(|error| JournalError::Unknown(format!("no thread for the log writer: {error}")))?;
        if writers.len() >= WRITERS_MAX {
            writers.remove(0);
        }
        writers.push((owner, sender.clone()));
        Ok(sender)
    }

    /// The tenure's own view of the log.
    fn own_term(&self, tenure: &Tenure) -> Result<chain::Term, JournalError> {
        let term = self.term(tenure.shard, tenure.epoch, tenure.owner)?;
        let never =
            || format!("{} never held shard {} in epoch {}", tenure.owner, tenure.shard, tenure.epoch);
        term.ok_or_else(|| JournalError::Refused(never()))
    }
}

#[async_trait]
impl Journal for SqliteStore {
    async fn claim(&self, shard: ShardId, owner: Owner) -> Result<Claimed, JournalError> {
        // Before the claim, so that no sweep takes the file that the opening row goes to.
        self.inner.writer(owner)?;
        let (epoch, opening) = self
            .call(move |inner| {
                let epoch = Epoch(inner.claims.highest(shard)?.0 + 1);
                if !inner.claims.make(shard, epoch, owner)? {
                    return Err(inner.claims.fenced(shard));
                }
                Ok((epoch, inner.opening_after(shard, epoch)?))
            })
            .await?;
        let tenure = Tenure { shard, epoch, owner };
        let first_segment = opening.first_segment;
        let next = self.write(&tenure, Task::Open(opening)).await?.settled()?;
        // What the owner before left, if it is dead; nobody waits for it, and one at a time is enough.
        let inner = Arc::clone(&self.inner);
        drop(tokio::task::spawn_blocking(move || {
            if let Ok(_folding) = inner.folding.try_lock() {
                inner.fold_left_behind();
            }
        }));
        Ok(Claimed { tenure, first_segment, next })
    }

    async fn append(&self, tenure: &Tenure, at: Position, frame: &Frame) -> Result<(), JournalError> {
        if frame.body.len() > FRAME_BYTES_MAX {
            return Err(JournalError::Refused(format!("a frame of {} bytes is too large", frame.body.len())));
        }
        match self.write(tenure, Task::Append(at, frame.clone())).await? {
            Answer::Contested => {
                let (shard, epoch) = (tenure.shard, tenure.epoch);
                self.call(move |inner| inner.judge(shard, epoch, at)).await
            }
            other => other.settled().map(|_| ()),
        }
    }

    async fn confirm(&self, tenure: &Tenure) -> Result<(), JournalError> {
        let (shard, next) = (tenure.shard, Epoch(tenure.epoch.0 + 1));
        self.call(
            move |inner| {
                if inner.claims.exists(shard, next)? { Err(inner.claims.fenced(shard)) } else { Ok(()) }
            },
        )
        .await
    }

    async fn roll(&self, tenure: &Tenure, at: Position) -> Result<Position, JournalError> {
        self.write(tenure, Task::Roll(at)).await?.settled()
    }

    async fn read(
        &self,
        tenure: &Tenure,
        from: Position,
        limit: usize,
    ) -> Result<Vec<StoredFrame>, JournalError> {
        let tenure = tenure.clone();
        self.call(move |inner| {
            let term = inner.own_term(&tenure)?;
            if from.segment < term.first_segment || from.segment > term.end.segment {
                return Err(JournalError::Refused(format!(
                    "segment {} is trimmed or was never there",
                    from.segment
                )));
            }
            inner.read_chain(&term, from, limit)
        })
        .await
    }

    async fn trim(&self, tenure: &Tenure, segment: u64) -> Result<(), JournalError> {
        self.write(tenure, Task::Trim(segment)).await?.settled()?;
        if let Err(error) = self.sweep().await {
            warn!(%error, "old log files were not looked through");
        }
        // A dead node's log that this shard alone still needed may have gone, or be needed no more by its writer.
        // Whoever folds just now may have looked before that.
        let _folding = self.inner.folding.lock().await;
        let inner = Arc::clone(&self.inner);
        let _gone_down = self.blocking(move || inner.fold_left_behind()).await;
        Ok(())
    }

    async fn head(&self, shard: ShardId) -> Result<Option<Head>, JournalError> {
        self.call(move |inner| {
            let epoch = inner.claims.highest(shard)?;
            if epoch == Epoch(0) {
                return Ok(None);
            }
            let owner = inner.claims.owner(shard, epoch)?;
            let (first_segment, next) = match inner.term(shard, epoch, owner)? {
                Some(term) => (term.first_segment, term.end),
                None => {
                    let opening = inner.opening_after(shard, epoch)?;
                    (opening.first_segment, opening.start())
                }
            };
            Ok(Some(Head { epoch, owner, first_segment, next }))
        })
        .await
    }

    fn is_full(&self) -> bool {
        self.inner.layout.room().full()
    }
}
