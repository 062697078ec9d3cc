//! The fenced log over the memory store's conditional statements, step by step as on a real database.
//!
//! A segment is one partition: an atomic register of (epoch, owner, next frame, open or sealed) and its rows. Every
//! write is conditional on all of it, so after a takeover's one update no statement of the old owner can apply, late
//! ones included.

use async_trait::async_trait;

use super::model::{Directory, SegmentHead};
use super::{MemoryNode, NoAnswer};
use crate::{
    Claimed, Epoch, FRAME_BYTES_MAX, Frame, Head, Journal, JournalError, Owner, Position, ShardId,
    StoredFrame, Tenure,
};

/// How often a claim starts anew when what it read has changed meanwhile, before it says "unknown".
const CLAIM_ROUNDS_MAX: usize = 16;

impl From<NoAnswer> for JournalError {
    fn from(NoAnswer(why): NoAnswer) -> Self {
        Self::Unknown(why.to_owned())
    }
}

fn fenced<T>(head: SegmentHead) -> Result<T, JournalError> {
    Err(JournalError::Fenced { epoch: head.epoch, owner: head.owner })
}

impl MemoryNode {
    async fn directory(&self, shard: ShardId) -> Result<Option<Directory>, JournalError> {
        Ok(self.query(move |model| model.directory(shard)).await?)
    }

    async fn segment(&self, shard: ShardId, segment: u64) -> Result<Option<SegmentHead>, JournalError> {
        Ok(self.query(move |model| model.head(shard, segment)).await?)
    }

    /// Walks from the directory's hint to the last segment that exists. `None`: the shard has no segment yet.
    async fn tail(&self, shard: ShardId) -> Result<Option<(Directory, u64, SegmentHead)>, JournalError> {
        for _ in 0..CLAIM_ROUNDS_MAX {
            let Some(directory) = self.directory(shard).await? else { return Ok(None) };
            let mut number = directory.tail.max(directory.trim + 1);
            let mut found = None;
            while let Some(head) = self.segment(shard, number).await? {
                found = Some((directory, number, head));
                if !head.sealed {
                    break;
                }
                number += 1;
            }
            if found.is_some() {
                return Ok(found);
            }
            // Nothing where the hint points: trimmed meanwhile, or never created.
            if self.directory(shard).await? == Some(directory) {
                return Ok(None);
            }
        }
        Err(JournalError::Unknown("the directory keeps changing".to_owned()))
    }

    /// The answer for an old tenure whose segment is gone: whoever owns the tail now.
    async fn fenced_by_tail<T>(&self, tenure: &Tenure) -> Result<T, JournalError> {
        match self.tail(tenure.shard).await? {
            Some((_, _, head)) if !head.is_of(tenure.epoch, tenure.owner) => fenced(head),
            _ => Err(JournalError::Refused("no such segment".to_owned())),
        }
    }

    /// Takes or creates one segment for `owner`; `Ok(None)` when it is sealed and its successor is to be taken.
    async fn take(
        &self,
        shard: ShardId,
        number: u64,
        seen: Option<SegmentHead>,
        at_least: Epoch,
        owner: Owner,
    ) -> Result<Option<SegmentHead>, JournalError> {
        let (aim, outcome) = match seen {
            Some(head) => {
                let outcome = self.write(move |model| model.take(shard, number, head.epoch, owner)).await?;
                (Epoch(head.epoch.0 + 1), outcome)
            }
            None => {
                let outcome = self.write(move |model| model.create(shard, number, at_least, owner)).await?;
                (at_least, outcome)
            }
        };
        match outcome {
            Ok(()) => {}
            // An earlier attempt of the same claim, answered "unknown" then.
            Err(Some(there)) if there.is_of(aim, owner) => {}
            // Created by an owner who sealed the predecessor before it was taken from it: take it too.
            Err(Some(there)) if seen.is_none() && there.epoch < aim => {
                return Box::pin(self.take(shard, number, Some(there), at_least, owner)).await;
            }
            Err(Some(there)) => return fenced(there),
            Err(None) => return Err(JournalError::Unknown("the segment was trimmed meanwhile".to_owned())),
        }
        // Read after the write: from here on nobody else can append to what is read.
        match self.segment(shard, number).await? {
            Some(head) if !head.is_of(aim, owner) => fenced(head),
            Some(head) => Ok(Some(head)),
            None => Err(JournalError::Unknown("the segment was trimmed meanwhile".to_owned())),
        }
    }

    async fn claim_once(&self, shard: ShardId, owner: Owner) -> Result<Option<Claimed>, JournalError> {
        let (mut number, mut seen) = match self.tail(shard).await? {
            Some((_, number, head)) => (number, Some(head)),
            None => {
                self.write(move |model| model.create_directory(shard)).await?;
                let Some(directory) = self.directory(shard).await? else { return Ok(None) };
                if directory != (Directory { tail: 1, trim: 0 }) {
                    return Ok(None);
                }
                (1, None)
            }
        };
        let mut at_least = Epoch(1);
        let head = loop {
            match self.take(shard, number, seen, at_least, owner).await? {
                Some(head) if head.sealed => {
                    number += 1;
                    at_least = head.epoch;
                    seen = self.segment(shard, number).await?;
                }
                Some(head) => break head,
                None => return Ok(None),
            }
        };
        let Some(directory) = self.directory(shard).await? else { return Ok(None) };
        if directory.trim >= number {
            // Trimmed before this claim: what was created here is nobody's (hazard: a trimmed segment re-opened).
            return Ok(None);
        }
        if directory.tail < number {
            self.write(move |model| model.advance_tail(shard, number)).await?;
        }
        Ok(Some(Claimed {
            tenure: Tenure { shard, epoch: head.epoch, owner },
            first_segment: directory.trim + 1,
            next: Position { segment: number, seq: head.next_seq },
        }))
    }

    /// After a condition did not hold: whether this frame is in the log all the same, or why not.
    async fn judge_append(
        &self,
        tenure: &Tenure,
        at: Position,
        frame: &Frame,
        there: Option<SegmentHead>,
    ) -> Result<(), JournalError> {
        let Some(head) = there else { return self.fenced_by_tail(tenure).await };
        let shard = tenure.shard;
        let stands = self.query(move |model| model.frame(shard, at)).await?;
        if stands.is_some_and(|stored| stored.id == frame.id && stored.epoch == tenure.epoch) {
            return Ok(());
        }
        if !head.is_of(tenure.epoch, tenure.owner) {
            return fenced(head);
        }
        // Sealed by this very tenure: the segment's row stays as it was, a later owner shows only in the next one.
        if head.sealed {
            self.confirm(tenure).await?;
        }
        Err(JournalError::Refused(format!(
            "frame {} of segment {} is not the next one (next: {}, sealed: {})",
            at.seq, at.segment, head.next_seq, head.sealed
        )))
    }
}

#[async_trait]
impl Journal for MemoryNode {
    async fn claim(&self, shard: ShardId, owner: Owner) -> Result<Claimed, JournalError> {
        for _ in 0..CLAIM_ROUNDS_MAX {
            if let Some(claimed) = self.claim_once(shard, owner).await? {
                return Ok(claimed);
            }
        }
        Err(JournalError::Unknown("the shard keeps changing".to_owned()))
    }

    async fn append(&self, tenure: &Tenure, at: Position, frame: &Frame) -> Result<(), JournalError> {
        if frame.body.len() > FRAME_BYTES_MAX {
            return Err(JournalError::Refused(format!("a frame of {} bytes is too large", frame.body.len())));
        }
        let (shard, epoch, owner, copy) = (tenure.shard, tenure.epoch, tenure.owner, frame.clone());
        match self.write(move |model| model.append(shard, at, epoch, owner, &copy)).await? {
            Ok(()) => Ok(()),
            Err(there) => self.judge_append(tenure, at, frame, there).await,
        }
    }

    async fn confirm(&self, tenure: &Tenure) -> Result<(), JournalError> {
        match self.tail(tenure.shard).await? {
            Some((_, _, head)) if head.is_of(tenure.epoch, tenure.owner) => Ok(()),
            Some((_, _, head)) => fenced(head),
            None => Err(JournalError::Refused("nobody ever claimed this shard".to_owned())),
        }
    }

    async fn roll(&self, tenure: &Tenure, at: Position) -> Result<Position, JournalError> {
        let (shard, epoch, owner) = (tenure.shard, tenure.epoch, tenure.owner);
        let next = Position { segment: at.segment + 1, seq: 1 };
        if let Err(there) = self.write(move |model| model.seal(shard, at, epoch, owner)).await? {
            let Some(head) = there else { return self.fenced_by_tail(tenure).await };
            if !head.is_of(epoch, owner) {
                // Mine all the same if an earlier attempt opened the successor and nobody took that one.
                return match self.segment(shard, next.segment).await? {
                    Some(after) if after.is_of(epoch, owner) => Ok(next),
                    Some(after) if after.epoch > epoch => fenced(after),
                    _ => fenced(head),
                };
            }
            if !head.sealed || head.next_seq != at.seq {
                return Err(JournalError::Refused(format!(
                    "can't seal at {}: next is {}",
                    at.seq, head.next_seq
                )));
            }
        }
        if let Err(Some(there)) =
            self.write(move |model| model.create(shard, next.segment, epoch, owner)).await?
            && !there.is_of(epoch, owner)
        {
            return fenced(there);
        }
        // A resumed old owner may just have re-opened a segment that was trimmed long ago.
        let Some(directory) = self.directory(shard).await? else { return self.fenced_by_tail(tenure).await };
        if directory.trim >= next.segment {
            return self.fenced_by_tail(tenure).await;
        }
        if directory.tail < next.segment {
            self.write(move |model| model.advance_tail(shard, next.segment)).await?;
        }
        Ok(next)
    }

    async fn read(
        &self,
        tenure: &Tenure,
        from: Position,
        limit: usize,
    ) -> Result<Vec<StoredFrame>, JournalError> {
        let shard = tenure.shard;
        let trimmed = self.directory(shard).await?.is_none_or(|directory| directory.trim >= from.segment);
        let frames = self.query(move |model| model.frames(shard, from, limit)).await?;
        frames.filter(|_| !trimmed).ok_or_else(|| {
            JournalError::Refused(format!("segment {} is trimmed or was never there", from.segment))
        })
    }

    async fn trim(&self, tenure: &Tenure, segment: u64) -> Result<(), JournalError> {
        let shard = tenure.shard;
        let last = match self.tail(shard).await? {
            Some((_, number, head)) if head.is_of(tenure.epoch, tenure.owner) => {
                segment.min(number).saturating_sub(1)
            }
            Some((_, _, head)) => return fenced(head),
            None => return Err(JournalError::Refused("nobody ever claimed this shard".to_owned())),
        };
        if last == 0 {
            return Ok(());
        }
        self.write(move |model| model.advance_trim(shard, last)).await?;
        // Oldest first and never past an unknown outcome, so that what is left is always one run ending at `last`.
        let mut first = last + 1;
        while first > 1 && self.segment(shard, first - 1).await?.is_some() {
            first -= 1;
        }
        for number in first..=last {
            self.write(move |model| model.drop_segment(shard, number)).await?;
        }
        Ok(())
    }

    async fn head(&self, shard: ShardId) -> Result<Option<Head>, JournalError> {
        Ok(self.tail(shard).await?.map(|(directory, number, head)| Head {
            epoch: head.epoch,
            owner: head.owner,
            first_segment: directory.trim + 1,
            next: if head.sealed {
                Position { segment: number + 1, seq: 1 }
            } else {
                Position { segment: number, seq: head.next_seq }
            },
        }))
    }
}
