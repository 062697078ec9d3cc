//! Appending, sealing and reading: the owner's half of the protocol.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::link::Link;
use super::reply::{SegmentHead, answer_of, blob, number, rows_of, segment_head};
use super::{CassandraStore, Core, Fault};
use crate::{
    Claimed, Epoch, FRAME_BYTES_MAX, Frame, FrameId, Head, Journal, JournalError, Owner, Position, ShardId,
    StoredFrame, Tenure,
};

/// Rows asked for at first, and of large frames always: a page of full-size frames must fit a reply.
const PAGE_ROWS: usize = 32;
/// Pages grow while they are so small that one four times as large stays under this.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

#[async_trait]
impl Journal for CassandraStore {
    async fn claim(&self, shard: ShardId, owner: Owner) -> Result<Claimed, JournalError> {
        let core = Arc::clone(&self.core);
        self.core.link.bridge(async move { core.claim(shard, owner).await }).await
    }

    async fn append(&self, tenure: &Tenure, at: Position, frame: &Frame) -> Result<(), JournalError> {
        let (core, tenure, frame) = (Arc::clone(&self.core), tenure.clone(), frame.clone());
        self.core.link.bridge(async move { core.append(&tenure, at, &frame).await }).await
    }

    async fn confirm(&self, tenure: &Tenure) -> Result<(), JournalError> {
        let (core, tenure) = (Arc::clone(&self.core), tenure.clone());
        self.core.link.bridge(async move { core.confirm(&tenure).await }).await
    }

    async fn roll(&self, tenure: &Tenure, at: Position) -> Result<Position, JournalError> {
        let (core, tenure) = (Arc::clone(&self.core), tenure.clone());
        self.core.link.bridge(async move { core.roll(&tenure, at).await }).await
    }

    async fn read(
        &self,
        tenure: &Tenure,
        from: Position,
        limit: usize,
    ) -> Result<Vec<StoredFrame>, JournalError> {
        let (core, tenure) = (Arc::clone(&self.core), tenure.clone());
        self.core.link.bridge(async move { core.read(&tenure, from, limit).await }).await
    }

    async fn trim(&self, tenure: &Tenure, segment: u64) -> Result<(), JournalError> {
        let (core, tenure) = (Arc::clone(&self.core), tenure.clone());
        self.core.link.bridge(async move { core.trim(&tenure, segment).await }).await
    }

    async fn head(&self, shard: ShardId) -> Result<Option<Head>, JournalError> {
        let core = Arc::clone(&self.core);
        self.core.link.bridge(async move { core.shard_head(shard).await }).await
    }
}

/// CQL has signed numbers only.
pub(super) fn signed(n: u64) -> Result<i64, Fault> {
    i64::try_from(n).map_err(|_| Fault::Refused(format!("{n} does not fit a CQL bigint")))
}

pub(super) fn shard_key(shard: ShardId) -> i32 {
    i32::from(shard.0)
}

pub(super) fn holds(tenure: &Tenure, head: &SegmentHead) -> bool {
    head.epoch == tenure.epoch && head.owner == tenure.owner
}

impl Core {
    pub(super) fn link(&self) -> &Link {
        &self.link
    }

    async fn append(&self, tenure: &Tenure, at: Position, frame: &Frame) -> Result<(), JournalError> {
        if frame.body.len() > FRAME_BYTES_MAX {
            let problem = format!("a frame of {} bytes, {FRAME_BYTES_MAX} are allowed", frame.body.len());
            return Err(JournalError::Refused(problem));
        }
        if at.seq == 0 {
            return Err(JournalError::Refused("frames are numbered from 1".to_owned()));
        }
        let (epoch, segment, seq) = (signed(tenure.epoch.0)?, signed(at.segment)?, signed(at.seq)?);
        let events = i32::try_from(frame.events).unwrap_or(i32::MAX);
        let owner = tenure.owner.to_string();
        let id = frame.id.0.to_be_bytes();
        let (shard, id, body) = (shard_key(tenure.shard), &id[..], &frame.body[..]);
        let values = (seq + 1, epoch, events, id, body, shard, segment, seq, epoch, &owner, seq);
        // The very same statement again is safe: it applies at most once, and its refusal shows what stands.
        let answer = answer_of(self.link.repeat(&self.statements.append, &values).await?)?;
        if answer.applied {
            return Ok(());
        }
        let head = segment_head(&answer.columns)?;
        self.judge_refused_append(tenure, at, frame.id, head).await
    }

    /// The append did not apply: either an earlier attempt of this very frame did, or the tenure is over.
    async fn judge_refused_append(
        &self,
        tenure: &Tenure,
        at: Position,
        id: FrameId,
        head: Option<SegmentHead>,
    ) -> Result<(), JournalError> {
        let Some(head) = head else {
            // No such segment: trimmed by a later owner, or never made by this one.
            return self.over(tenure).await;
        };
        if head.next_seq > at.seq && self.frame_stands(tenure, at, id).await? {
            return Ok(());
        }
        if !holds(tenure, &head) {
            return self.lost_to(tenure, &head).await;
        }
        Err(JournalError::Refused(format!(
            "frame {}/{} can't be appended: the segment's next is {}{}",
            at.segment,
            at.seq,
            head.next_seq,
            if head.sealed { ", and it is sealed" } else { "" }
        )))
    }

    /// True when the frame at `at` is this one: "the next is q + 1" alone could be anybody's doing.
    async fn frame_stands(&self, tenure: &Tenure, at: Position, id: FrameId) -> Result<bool, Fault> {
        let values = (shard_key(tenure.shard), signed(at.segment)?, signed(at.seq)?);
        let mut rows = rows_of(self.link.repeat(&self.statements.frame_at, &values).await?)?;
        let Some(row) = rows.first_mut() else {
            return Ok(false);
        };
        let ours = number(row, "w_epoch") == Some(tenure.epoch.0);
        Ok(ours && blob(row, "frame_id").as_deref() == Some(&id.0.to_be_bytes()[..]))
    }

    /// Somebody else holds a segment of this tenure. Only the open one names the present owner.
    pub(super) async fn lost_to<T>(&self, tenure: &Tenure, head: &SegmentHead) -> Result<T, JournalError> {
        if head.sealed || head.epoch <= tenure.epoch {
            return self.over(tenure).await;
        }
        Err(JournalError::Fenced { epoch: head.epoch, owner: head.owner })
    }

    /// The tenure's place in the log is gone: says who owns the shard now.
    pub(super) async fn over<T>(&self, tenure: &Tenure) -> Result<T, JournalError> {
        match self.shard_head(tenure.shard).await? {
            Some(head) if head.epoch > tenure.epoch => {
                Err(JournalError::Fenced { epoch: head.epoch, owner: head.owner })
            }
            Some(head) => Err(JournalError::Refused(format!(
                "the log is at epoch {} of {}, this tenure is epoch {} of {}: an older state was restored, or the \
                 place was never opened",
                head.epoch, head.owner, tenure.epoch, tenure.owner
            ))),
            None => Err(JournalError::Refused(format!("shard {} has no log", tenure.shard))),
        }
    }

    async fn confirm(&self, tenure: &Tenure) -> Result<(), JournalError> {
        let known = self.tails().get(&tenure.shard).copied();
        let mut segment = match known {
            Some(segment) => segment,
            None => match self.shard_head(tenure.shard).await? {
                Some(head) => head.next.segment,
                None => return self.over(tenure).await,
            },
        };
        let mut sealed_by_us = false;
        loop {
            match self.segment_head(tenure.shard, segment).await? {
                Some(head) if !holds(tenure, &head) => return self.lost_to(tenure, &head).await,
                Some(head) if !head.sealed => return Ok(()),
                Some(_) => {
                    sealed_by_us = true;
                    segment += 1;
                }
                // Sealed by this owner and not yet followed: nobody else has claimed it either.
                None if sealed_by_us => return Ok(()),
                None => return self.over(tenure).await,
            }
        }
    }

    /// Linearizable: what stands in a segment's head.
    pub(super) async fn segment_head(
        &self,
        shard: ShardId,
        segment: u64,
    ) -> Result<Option<SegmentHead>, Fault> {
        let values = (shard_key(shard), signed(segment)?);
        let rows = rows_of(self.link.repeat(&self.statements.head, &values).await?)?;
        rows.first().map_or(Ok(None), segment_head)
    }

    async fn roll(&self, tenure: &Tenure, at: Position) -> Result<Position, JournalError> {
        let (epoch, segment, seq) = (signed(tenure.epoch.0)?, signed(at.segment)?, signed(at.seq)?);
        let owner = tenure.owner.to_string();
        let values = (shard_key(tenure.shard), segment, epoch, &owner, seq);
        let answer = answer_of(self.link.repeat(&self.statements.seal, &values).await?)?;
        if !answer.applied {
            match segment_head(&answer.columns)? {
                None => return self.over(tenure).await,
                Some(head) if !holds(tenure, &head) => return self.lost_to(tenure, &head).await,
                // An earlier attempt sealed it here.
                Some(head) if head.sealed && head.next_seq == at.seq => {}
                Some(head) => {
                    let problem = format!("roll at {}/{}, the next is {}", at.segment, at.seq, head.next_seq);
                    return Err(JournalError::Refused(problem));
                }
            }
        }
        let next = at.segment + 1;
        let head = self.create_segment(tenure.shard, next, tenure.epoch, tenure.owner).await?;
        if !holds(tenure, &head) {
            return self.lost_to(tenure, &head).await;
        }
        if self.trimmed(tenure.shard).await? >= next {
            self.drop_stray(tenure.shard, next, tenure.epoch, tenure.owner).await;
            return self.over(tenure).await;
        }
        self.note_tail(tenure.shard, next);
        self.hint_tail(tenure.shard, next).await;
        Ok(Position { segment: next, seq: 1 })
    }

    /// Makes a segment with its header row, or says who made it.
    pub(super) async fn create_segment(
        &self,
        shard: ShardId,
        segment: u64,
        epoch: Epoch,
        owner: Owner,
    ) -> Result<SegmentHead, Fault> {
        let (name, number) = (owner.to_string(), signed(epoch.0)?);
        let values = (shard_key(shard), signed(segment)?, number, &name, number);
        let answer = answer_of(self.link.repeat(&self.statements.create, &values).await?)?;
        if answer.applied {
            return Ok(SegmentHead { epoch, owner, next_seq: 1, sealed: false });
        }
        // The refusal's columns differ between servers for an INSERT; the head is read instead.
        let gone =
            || Fault::Unknown(format!("segment {segment} of shard {shard} went away while it was made"));
        self.segment_head(shard, segment).await?.ok_or_else(gone)
    }

    async fn read(
        &self,
        tenure: &Tenure,
        from: Position,
        limit: usize,
    ) -> Result<Vec<StoredFrame>, JournalError> {
        let (shard, segment) = (shard_key(tenure.shard), signed(from.segment)?);
        let mut frames: Vec<StoredFrame> = Vec::new();
        let mut seq = from.seq.max(1);
        let mut header_seen = false;
        let mut page = PAGE_ROWS;
        while frames.len() < limit {
            // The header row comes along with the first page: without it the segment was trimmed.
            let start = if header_seen || seq > 1 { seq } else { 0 };
            let wanted = page.min(limit - frames.len()) + usize::from(start == 0);
            let values = (shard, segment, signed(start)?, i32::try_from(wanted).unwrap_or(i32::MAX));
            let rows = self.read_page(&values, from.segment).await?;
            let full = rows.len() == wanted;
            header_seen |= start == 0 && !rows.is_empty();
            let bytes: usize = rows.iter().map(|frame| frame.body.len()).sum();
            for frame in rows.into_iter().filter(|frame| frame.position.seq > 0) {
                if frame.position.seq != seq {
                    let problem = format!("segment {} has no frame {seq}", from.segment);
                    return Err(JournalError::Refused(problem));
                }
                if frame.epoch > tenure.epoch {
                    return Ok(frames);
                }
                seq += 1;
                frames.push(frame);
            }
            if !full {
                break;
            }
            page = if bytes * 4 < PAGE_BYTES { page * 4 } else { PAGE_ROWS };
        }
        if frames.is_empty() && !header_seen && self.segment_head(tenure.shard, from.segment).await?.is_none()
        {
            return Err(JournalError::Refused(format!(
                "segment {} is trimmed or was never made",
                from.segment
            )));
        }
        Ok(frames)
    }

    async fn read_page(
        &self,
        values: &(i32, i64, i64, i32),
        segment: u64,
    ) -> Result<Vec<StoredFrame>, Fault> {
        type PageRow = (i64, Option<i64>, Option<Vec<u8>>, Option<Bytes>);
        let wrong =
            |e: &dyn std::fmt::Display| Fault::Refused(format!("segment {segment} can't be read: {e}"));
        let result = self.link.repeat(&self.statements.read, values).await?;
        let rows = result.into_rows_result().map_err(|e| wrong(&e))?;
        let mut frames = Vec::with_capacity(rows.rows_num());
        for row in rows.rows::<PageRow>().map_err(|e| wrong(&e))? {
            let (seq, epoch, id, body) = row.map_err(|e| wrong(&e))?;
            let seq = u64::try_from(seq).map_err(|e| wrong(&e))?;
            let id = match id {
                Some(id) => {
                    u128::from_be_bytes(id.try_into().map_err(|_| wrong(&"a frame id is not 16 bytes"))?)
                }
                None if seq == 0 => 0,
                None => return Err(wrong(&"a frame has no id")),
            };
            frames.push(StoredFrame {
                position: Position { segment, seq },
                epoch: Epoch(epoch.and_then(|epoch| u64::try_from(epoch).ok()).unwrap_or(0)),
                id: FrameId(id),
                body: body.unwrap_or_default(),
            });
        }
        Ok(frames)
    }
}
