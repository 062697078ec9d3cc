//! Taking a shard over: find the chain's end, take it with one conditional write, check that it was not trimmed.
//!
//! The directory row is a hint for where the chain ends, and the fence for what was trimmed. A segment is made only
//! for a new shard or after its predecessor was seen sealed. Whoever takes or makes a segment reads the directory
//! afterwards: a segment at or below the trim mark was opened again by mistake and must not be used.

use super::log::{shard_key, signed};
use super::reply::{SegmentHead, answer_of, number, rows_of, segment_head};
use super::{Core, Fault};
use crate::{Claimed, Epoch, Head, JournalError, Owner, Position, ShardId, Tenure};
use scylla::statement::prepared::PreparedStatement;

/// How often a claim starts again because the chain moved under it; then the caller decides.
const CLAIM_ROUNDS: u32 = 8;

/// What the directory says of a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Directory {
    tail: u64,
    pub(super) trimmed: u64,
    pub(super) dropped: u64,
}

impl Directory {
    fn start(self) -> u64 {
        self.tail.max(self.trimmed + 1)
    }
}

/// What a look at the chain's end found.
enum End {
    /// The last segment, open.
    Open(u64, SegmentHead),
    /// The last segment is sealed and nobody made the next one.
    Sealed(u64, SegmentHead),
    /// There is no segment where the directory starts.
    Nothing(u64),
}

impl Core {
    pub(super) async fn claim(&self, shard: ShardId, owner: Owner) -> Result<Claimed, JournalError> {
        for _ in 0..CLAIM_ROUNDS {
            let directory = self.directory_or_new(shard).await?;
            let taken = match self.chain_end(shard, directory.start(), false).await? {
                End::Open(segment, head) => self.take(shard, owner, segment, &head).await?,
                End::Sealed(segment, head) => {
                    self.make(shard, owner, segment + 1, Epoch(head.epoch.0 + 1)).await?
                }
                End::Nothing(1) if directory.trimmed == 0 => self.make(shard, owner, 1, Epoch(1)).await?,
                // The hint led to a trimmed segment: the directory has moved meanwhile.
                End::Nothing(_) => None,
            };
            let Some((segment, epoch)) = taken else { continue };
            if let Some(claimed) = self.secure(shard, owner, segment, epoch).await? {
                return Ok(claimed);
            }
        }
        Err(JournalError::Unknown(format!("the chain of shard {shard} keeps moving")))
    }

    /// Raises an open segment's epoch. `None`: it was sealed or trimmed meanwhile, look again.
    async fn take(
        &self,
        shard: ShardId,
        owner: Owner,
        segment: u64,
        head: &SegmentHead,
    ) -> Result<Option<(u64, Epoch)>, JournalError> {
        let next = Epoch(head.epoch.0 + 1);
        let name = owner.to_string();
        let values = (signed(next.0)?, &name, shard_key(shard), signed(segment)?, signed(head.epoch.0)?);
        let answer = answer_of(self.link().repeat(&self.statements.take, &values).await?)?;
        if answer.applied {
            return Ok(Some((segment, next)));
        }
        // Cassandra shows the condition's columns only; the owner must be read.
        match self.segment_head(shard, segment).await? {
            // An earlier attempt of this claim did it: the incarnation is in the name.
            Some(now) if now.epoch == next && now.owner == owner => Ok(Some((segment, next))),
            Some(now) if now.epoch > head.epoch => {
                Err(JournalError::Fenced { epoch: now.epoch, owner: now.owner })
            }
            _ => Ok(None),
        }
    }

    /// Makes the chain's next segment with this claim's epoch, or meets whoever made it.
    async fn make(
        &self,
        shard: ShardId,
        owner: Owner,
        segment: u64,
        epoch: Epoch,
    ) -> Result<Option<(u64, Epoch)>, JournalError> {
        let head = self.create_segment(shard, segment, epoch, owner).await?;
        if head.owner == owner && head.epoch == epoch {
            return Ok(Some((segment, epoch)));
        }
        if head.epoch >= epoch {
            return Err(JournalError::Fenced { epoch: head.epoch, owner: head.owner });
        }
        // The old owner was rolling; its new segment is taken like any other.
        Ok(None)
    }

    /// After the claim: where the log ends now, and that the segment is not below the trim mark.
    async fn secure(
        &self,
        shard: ShardId,
        owner: Owner,
        segment: u64,
        epoch: Epoch,
    ) -> Result<Option<Claimed>, JournalError> {
        let (head, directory) =
            tokio::try_join!(self.segment_head(shard, segment), self.directory(shard, &self.statements.dir))?;
        let trimmed = directory.map_or(0, |directory| directory.trimmed);
        if trimmed >= segment {
            self.drop_stray(shard, segment, epoch, owner).await;
            return Ok(None);
        }
        let Some(head) = head else { return Ok(None) };
        if head.epoch != epoch || head.owner != owner {
            return Err(JournalError::Fenced { epoch: head.epoch, owner: head.owner });
        }
        self.tails().insert(shard, segment);
        if directory.is_none_or(|directory| directory.tail < segment) {
            self.hint_tail(shard, segment).await;
        }
        Ok(Some(Claimed {
            tenure: Tenure { shard, epoch, owner },
            first_segment: trimmed + 1,
            next: Position { segment, seq: head.next_seq },
        }))
    }

    /// Walks from `start` to the chain's end. Without `serial` it may miss what is being decided right now, which
    /// the conditional write that follows finds out.
    async fn chain_end(&self, shard: ShardId, start: u64, serial: bool) -> Result<End, Fault> {
        let statement = if serial { &self.statements.head } else { &self.statements.head_hint };
        let mut last: Option<(u64, SegmentHead)> = None;
        let mut segment = start;
        loop {
            let values = (shard_key(shard), signed(segment)?);
            let rows = rows_of(self.link().repeat(statement, &values).await?)?;
            match (rows.first().map_or(Ok(None), segment_head)?, last) {
                (Some(head), _) if !head.sealed => return Ok(End::Open(segment, head)),
                (Some(head), _) => last = Some((segment, head)),
                (None, Some((sealed, head))) => return Ok(End::Sealed(sealed, head)),
                (None, None) => return Ok(End::Nothing(start)),
            }
            segment += 1;
        }
    }

    /// The chain's last segment and its head, linearizable.
    pub(super) async fn last_segment(
        &self,
        shard: ShardId,
    ) -> Result<Option<(u64, SegmentHead)>, JournalError> {
        let Some(directory) = self.directory(shard, &self.statements.dir).await? else { return Ok(None) };
        match self.chain_end(shard, directory.start(), true).await? {
            End::Open(segment, head) | End::Sealed(segment, head) => Ok(Some((segment, head))),
            End::Nothing(_) => Err(JournalError::Unknown(format!("the chain of shard {shard} moved"))),
        }
    }

    pub(super) async fn shard_head(&self, shard: ShardId) -> Result<Option<Head>, JournalError> {
        for _ in 0..CLAIM_ROUNDS {
            let Some(directory) = self.directory(shard, &self.statements.dir).await? else { return Ok(None) };
            let (head, next) = match self.chain_end(shard, directory.start(), true).await? {
                End::Open(segment, head) => {
                    let seq = head.next_seq;
                    (head, Position { segment, seq })
                }
                End::Sealed(segment, head) => (head, Position { segment: segment + 1, seq: 1 }),
                End::Nothing(1) if directory.trimmed == 0 => return Ok(None),
                End::Nothing(_) => continue,
            };
            return Ok(Some(Head {
                epoch: head.epoch,
                owner: head.owner,
                first_segment: directory.trimmed + 1,
                next,
            }));
        }
        Err(JournalError::Unknown(format!("the chain of shard {shard} keeps moving")))
    }

    pub(super) async fn directory(
        &self,
        shard: ShardId,
        statement: &PreparedStatement,
    ) -> Result<Option<Directory>, Fault> {
        let rows = rows_of(self.link().repeat(statement, &(shard_key(shard),)).await?)?;
        let Some(row) = rows.first() else { return Ok(None) };
        match (number(row, "tail_segment"), number(row, "trim_segment"), number(row, "dropped_segment")) {
            (Some(tail), Some(trimmed), Some(dropped)) => Ok(Some(Directory { tail, trimmed, dropped })),
            _ => Err(Fault::Refused(format!("the directory of shard {shard} is damaged: {row:?}"))),
        }
    }

    async fn directory_or_new(&self, shard: ShardId) -> Result<Directory, Fault> {
        if let Some(directory) = self.directory(shard, &self.statements.dir_hint).await? {
            return Ok(directory);
        }
        // Comparisons with an absent row are false, so the row comes before anything that compares with it.
        answer_of(self.link().repeat(&self.statements.dir_create, &(shard_key(shard),)).await?)?;
        let made = self.directory(shard, &self.statements.dir).await?;
        made.ok_or_else(|| Fault::Unknown(format!("the directory of shard {shard} went away")))
    }

    /// The trim mark, linearizable.
    pub(super) async fn trimmed(&self, shard: ShardId) -> Result<u64, Fault> {
        Ok(self.directory(shard, &self.statements.dir).await?.map_or(0, |directory| directory.trimmed))
    }

    /// Moves the hint; a lost hint costs the next claim a longer walk, nothing else.
    pub(super) async fn hint_tail(&self, shard: ShardId, segment: u64) {
        let Ok(number) = signed(segment) else { return };
        let values = (number, shard_key(shard), number);
        if let Err(fault) = self.link().once(&self.statements.dir_tail, &values).await {
            tracing::debug!(%shard, segment, ?fault, "the directory's hint was not moved");
        }
    }
}

#[cfg(test)]
mod tests;
