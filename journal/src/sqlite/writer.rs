//! The one thread that writes an incarnation's log file: group commit for all of its shards.
//!
//! It takes whatever waits, commits it in one transaction, THEN looks whether a later epoch was claimed, THEN answers.
//! In that order: a claimant claims first and reads second, so either it reads what was committed here, or the claim is
//! seen here and nothing is acknowledged.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use rusqlite::{Connection, Transaction, params};
use tokio::sync::{mpsc, oneshot};

use super::Durability;
use super::chain::{self, Opening, number};
use super::claims::Claims;
use super::file::{self, FileError};
use super::layout::Layout;
use crate::trouble::Trouble;
use crate::{Epoch, Frame, JournalError, Owner, Position, ShardId};

/// Requests that wait for the writer; a shard has at most one append in flight, so this is never reached by a caller
/// who keeps to that, and one who does not waits.
const QUEUE_MAX: usize = 1024;

/// Requests in one transaction.
const BATCH_MAX: usize = 256;

/// What is to be written for a shard in an epoch.
pub(super) enum Task {
    Open(Opening),
    Append(Position, Frame),
    Roll(Position),
    Trim(u64),
}

pub(super) struct Work {
    pub(super) shard: ShardId,
    pub(super) epoch: Epoch,
    pub(super) task: Task,
    pub(super) reply: oneshot::Sender<Answer>,
}

#[derive(Debug)]
pub(super) enum Answer {
    /// Committed, and the epoch was not over then; where the next frame goes.
    Done(Position),
    /// The frame stands in the file, but the epoch is over: whether it got into the log, the next opening row says.
    Contested,
    Failed(JournalError),
}

impl Answer {
    /// For all requests but appends, whose outcome the claims alone decide.
    pub(super) fn settled(self) -> Result<Position, JournalError> {
        match self {
            Self::Done(next) => Ok(next),
            Self::Failed(error) => Err(error),
            Self::Contested => Err(JournalError::Unknown("the epoch is over".to_owned())),
        }
    }
}

/// A commit error to be had at the next commit; for tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum CommitFault {
    /// The commit fails and nothing is written.
    Before = 1,
    /// The commit is written, but reports an error.
    After = 2,
}

/// Starts the thread; it ends when all senders are gone.
pub(super) fn start(
    layout: Arc<Layout>,
    claims: Arc<Claims>,
    owner: Owner,
    durability: Durability,
    fault: Arc<AtomicU8>,
) -> std::io::Result<mpsc::Sender<Work>> {
    let (sender, mut queue) = mpsc::channel(QUEUE_MAX);
    let troubles = Troubles {
        commit: Trouble::new("commits fail; their outcome is unknown"),
        upkeep: Trouble::new("the log file is not kept small"),
    };
    let mut writer =
        Writer { layout, claims, owner, durability, fault, db: None, next: BTreeMap::new(), troubles };
    std::thread::Builder::new().name(format!("log-{owner}")).spawn(move || {
        while let Some(first) = queue.blocking_recv() {
            let mut batch = vec![first];
            while let Some(work) = (batch.len() < BATCH_MAX).then(|| queue.try_recv().ok()).flatten() {
                batch.push(work);
            }
            writer.serve(batch);
        }
    })?;
    Ok(sender)
}

struct Writer {
    layout: Arc<Layout>,
    claims: Arc<Claims>,
    owner: Owner,
    durability: Durability,
    fault: Arc<AtomicU8>,
    /// `None` until the first batch and after an error, when only reading again tells what is there.
    db: Option<Connection>,
    /// Where each epoch's next frame goes, as committed.
    next: BTreeMap<(ShardId, Epoch), Position>,
    troubles: Troubles,
}

struct Troubles {
    commit: Trouble,
    upkeep: Trouble,
}

/// Why a batch is not known to be committed.
struct Failure {
    error: FileError,
    /// Nothing of it was committed, and nothing will be.
    nothing: bool,
}

impl Failure {
    /// An error before the commit began.
    fn before(error: impl Into<FileError>) -> Self {
        Self { error: error.into(), nothing: true }
    }

    /// An error of the commit itself.
    fn at(error: impl Into<FileError>) -> Self {
        let error = error.into();
        Self { nothing: error.nothing_committed(), error }
    }

    fn answer(&self) -> JournalError {
        match &self.error {
            FileError::Format(_) => JournalError::Refused(self.error.to_string()),
            error if self.nothing && error.is_full() => JournalError::Full(error.to_string()),
            error => JournalError::Unknown(error.to_string()),
        }
    }
}

/// What a request comes to, before the claims are looked at.
enum Verdict {
    Final(Answer),
    IfStillMine(Position),
}

impl Writer {
    fn serve(&mut self, batch: Vec<Work>) {
        let verdicts = match self.commit_with_room(&batch) {
            Ok(verdicts) => verdicts,
            Err(failure) => {
                for work in batch {
                    let _ = work.reply.send(Answer::Failed(failure.answer()));
                }
                return;
            }
        };
        self.troubles.commit.went_well();
        for (work, verdict) in batch.into_iter().zip(verdicts) {
            let answer = match verdict {
                Verdict::Final(answer) => answer,
                Verdict::IfStillMine(next) => self.after_commit(&work, next),
            };
            // A caller who gave up asks again.
            let _ = work.reply.send(answer);
        }
        self.keep_small();
    }

    /// Commits a batch; where the disk is full, once more in the room that the reserve and this file's own log give.
    fn commit_with_room(&mut self, batch: &[Work]) -> Result<Vec<Verdict>, Failure> {
        match self.try_commit(batch) {
            Err(first) if first.error.is_full() => {
                self.layout.room().spend(&first.error);
                self.give_back();
                self.try_commit(batch)
                    .map_err(|second| Failure { nothing: first.nothing && second.nothing, ..second })
            }
            outcome => outcome,
        }
    }

    /// After an error it may be on disk or not: forgets everything, to read again at the next request.
    fn try_commit(&mut self, batch: &[Work]) -> Result<Vec<Verdict>, Failure> {
        let outcome = self.commit(batch);
        if let Err(failure) = &outcome {
            self.db = None;
            self.next.clear();
            // A full disk is told by who looks after its room.
            if !failure.error.is_full() {
                self.troubles.commit.came(&format!("{}: {}", self.owner, failure.error));
            }
        }
        outcome
    }

    /// Applies a batch in one transaction.
    fn commit(&mut self, batch: &[Work]) -> Result<Vec<Verdict>, Failure> {
        self.layout.room().pretend().map_err(Failure::before)?;
        let mut db = self.take_db().map_err(Failure::before)?;
        let behavior = rusqlite::TransactionBehavior::Immediate;
        let transaction = db.transaction_with_behavior(behavior).map_err(Failure::before)?;
        let mut verdicts = Vec::with_capacity(batch.len());
        for work in batch {
            verdicts.push(self.apply(&transaction, work).map_err(Failure::before)?);
        }
        match self.fault.swap(0, Ordering::Relaxed) {
            0 => transaction.commit().map_err(Failure::at)?,
            fault => {
                if fault == CommitFault::After as u8 {
                    transaction.commit().map_err(Failure::at)?;
                }
                return Err(Failure::at(std::io::Error::other("injected commit error")));
            }
        }
        self.db = Some(db);
        Ok(verdicts)
    }

    fn take_db(&mut self) -> Result<Connection, FileError> {
        match self.db.take() {
            Some(db) => Ok(db),
            None => {
                self.layout.still_ours()?;
                file::open_writer(&self.layout.log(self.owner), chain::SCHEMA, self.durability)
            }
        }
    }

    fn apply(&mut self, db: &Transaction<'_>, work: &Work) -> Result<Verdict, FileError> {
        let (shard, epoch) = (work.shard, work.epoch);
        let over = match self.claims.exists(shard, Epoch(epoch.0 + 1)) {
            Ok(over) => over,
            Err(error) => return Ok(Verdict::Final(Answer::Failed(error))),
        };
        if let Task::Append(at, frame) = &work.task
            && chain::frame_id(db, shard, epoch, *at)? == Some(frame.id)
        {
            if over {
                return Ok(Verdict::Final(Answer::Contested));
            }
            // An earlier attempt. Written once more: the error that hid it may have been a failed sync.
            self.insert(db, work, *at, frame)?;
            return Ok(Verdict::IfStillMine(Position { seq: at.seq + 1, ..*at }));
        }
        if over {
            return Ok(Verdict::Final(Answer::Failed(self.claims.fenced(shard))));
        }
        if let Task::Open(opening) = &work.task {
            let body =
                handoff_codec::encode(opening).map_err(|error| std::io::Error::other(error.to_string()))?;
            db.prepare_cached("INSERT OR REPLACE INTO opening (shard, epoch, body) VALUES (?, ?, ?)")?
                .execute(params![shard.0, number(epoch.0), body])?;
            self.next.insert((shard, epoch), opening.start());
            return Ok(Verdict::IfStillMine(opening.start()));
        }
        let Some(next) = self.next_of(db, shard, epoch)? else {
            return Ok(refused(format!("{} does not hold shard {shard} in epoch {epoch}", self.owner)));
        };
        match &work.task {
            Task::Append(at, _) if *at != next => {
                Ok(refused(format!("{at:?} is not the next frame: {next:?} is")))
            }
            Task::Append(at, frame) => {
                self.insert(db, work, *at, frame)?;
                let next = Position { seq: at.seq + 1, ..*at };
                self.next.insert((shard, epoch), next);
                Ok(Verdict::IfStillMine(next))
            }
            Task::Roll(at) => self.roll(db, work, *at, next),
            Task::Trim(first) => {
                let first = (*first).min(next.segment);
                db.prepare_cached(
                    "INSERT INTO trim (shard, epoch, first_segment) VALUES (?1, ?2, ?3)
                     ON CONFLICT DO UPDATE SET first_segment = max(first_segment, ?3)",
                )?
                .execute(params![shard.0, number(epoch.0), number(first)])?;
                Ok(Verdict::IfStillMine(next))
            }
            Task::Open(_) => Ok(Verdict::IfStillMine(next)),
        }
    }

    fn insert(
        &self,
        db: &Transaction<'_>,
        work: &Work,
        at: Position,
        frame: &Frame,
    ) -> Result<(), FileError> {
        db.prepare_cached(
            "INSERT OR REPLACE INTO frame (shard, epoch, segment, seq, id, events, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            work.shard.0,
            number(work.epoch.0),
            number(at.segment),
            number(at.seq),
            frame.id.0.to_le_bytes(),
            frame.events,
            &frame.body[..]
        ])?;
        Ok(())
    }

    fn roll(
        &mut self,
        db: &Transaction<'_>,
        work: &Work,
        at: Position,
        next: Position,
    ) -> Result<Verdict, FileError> {
        let opened = Position { segment: at.segment + 1, seq: 1 };
        let key = params![work.shard.0, number(work.epoch.0), number(at.segment), number(at.seq)];
        if at == next {
            db.prepare_cached("INSERT INTO seal (shard, epoch, segment, next_seq) VALUES (?, ?, ?, ?)")?
                .execute(key)?;
            self.next.insert((work.shard, work.epoch), opened);
            return Ok(Verdict::IfStillMine(opened));
        }
        let repeated = db
            .prepare_cached(
                "UPDATE seal SET next_seq = ?4 \
                 WHERE shard = ?1 AND epoch = ?2 AND segment = ?3 AND next_seq = ?4",
            )?
            .execute(key)?;
        if repeated == 1 {
            return Ok(Verdict::IfStillMine(opened));
        }
        Ok(refused(format!("can't seal at {at:?}: the next frame is {next:?}")))
    }

    fn next_of(
        &mut self,
        db: &Connection,
        shard: ShardId,
        epoch: Epoch,
    ) -> Result<Option<Position>, FileError> {
        if let Some(next) = self.next.get(&(shard, epoch)) {
            return Ok(Some(*next));
        }
        let Some(opening) = chain::opening(db, shard, epoch)? else { return Ok(None) };
        let next = chain::end(db, shard, epoch, opening.start())?;
        self.next.insert((shard, epoch), next);
        Ok(Some(next))
    }

    /// The look at the claims that comes after the commit.
    fn after_commit(&mut self, work: &Work, next: Position) -> Answer {
        match self.claims.exists(work.shard, Epoch(work.epoch.0 + 1)) {
            Ok(false) => {}
            Ok(true) if matches!(work.task, Task::Append(..)) => return Answer::Contested,
            Ok(true) => return Answer::Failed(self.claims.fenced(work.shard)),
            Err(error) => return Answer::Failed(error),
        }
        match &work.task {
            // The fence stands and no claimant has read without it: now the frames may go.
            Task::Trim(first) => self.delete_below(work.shard, (*first).min(next.segment)),
            Task::Open(_) => {
                self.next.retain(|(shard, epoch), _| *shard != work.shard || *epoch == work.epoch)
            }
            Task::Append(..) | Task::Roll(_) => {}
        }
        Answer::Done(next)
    }

    /// Frees the space of trimmed frames in this file; nobody reads them any more, so an error costs only space.
    fn delete_below(&mut self, shard: ShardId, first: u64) {
        let Some(db) = &self.db else { return };
        let deleted =
            db.execute("DELETE FROM frame WHERE shard = ? AND segment < ?", params![shard.0, number(first)]);
        if let Err(error) = deleted {
            self.troubles.upkeep.came(&format!("trimmed frames are not deleted: {error}"));
        }
    }

    /// Gives back the room of this file's write-ahead log.
    fn give_back(&mut self) {
        match self.take_db().and_then(|db| file::cut(&db).map(|_| db)) {
            Ok(db) => self.db = Some(db),
            Err(error) => self.troubles.upkeep.came(&error),
        }
    }

    fn keep_small(&mut self) {
        let Some(db) = &self.db else { return };
        match file::keep_small(db, &self.layout.log(self.owner)) {
            Ok(()) => self.troubles.upkeep.went_well(),
            Err(error) => {
                if error.is_full() {
                    self.layout.room().spend(&error);
                }
                self.troubles.upkeep.came(&error);
            }
        }
    }
}

fn refused(why: String) -> Verdict {
    Verdict::Final(Answer::Failed(JournalError::Refused(why)))
}
