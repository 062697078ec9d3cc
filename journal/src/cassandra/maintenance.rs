//! Trimming, and raising epochs after a backup was restored.

use std::sync::Arc;

use super::log::{holds, shard_key, signed};
use super::reply::answer_of;
use super::{CassandraStore, Core, Fault};
use crate::{Epoch, Incarnation, JournalError, NodeId, Owner, ShardId, Tenure};

/// How far [`CassandraStore::bump_epochs`] raises: more takeovers than any shard sees in its life.
const EPOCH_LEAP: u64 = 1 << 32;

impl CassandraStore {
    /// Raises the epoch of each shard below `shards` far above any that was in use. Needed once after a backup was
    /// restored, before the first node starts: the restored log has lower epochs than nodes of the lost one may
    /// still hold, and two owners could meet at the same epoch.
    ///
    /// # Errors
    /// `Unknown`: repeat. Raising twice does no harm.
    pub async fn bump_epochs(&self, shards: u16) -> Result<(), JournalError> {
        let core = Arc::clone(&self.core);
        self.core.link.bridge(async move { core.bump_epochs(shards).await }).await
    }
}

impl Core {
    async fn bump_epochs(&self, shards: u16) -> Result<(), JournalError> {
        let nobody = Owner { node: NodeId(0), incarnation: Incarnation(0) };
        for shard in (0..shards).map(ShardId) {
            if self.shard_head(shard).await?.is_none() {
                continue;
            }
            // The claim makes sure that the last segment is open and holds its epoch.
            let claimed = self.claim(shard, nobody).await?;
            let (old, new) = (claimed.tenure.epoch.0, claimed.tenure.epoch.0 + EPOCH_LEAP);
            let name = nobody.to_string();
            let segment = signed(claimed.next.segment)?;
            let values = (signed(new)?, &name, shard_key(shard), segment, signed(old)?);
            answer_of(self.link().repeat(&self.statements.take, &values).await?)?;
            let head = self.segment_head(shard, claimed.next.segment).await?;
            if head.is_none_or(|head| head.epoch < Epoch(new)) {
                return Err(JournalError::Unknown(format!("shard {shard} moved: is a node still running?")));
            }
        }
        Ok(())
    }

    pub(super) async fn trim(&self, tenure: &Tenure, segment: u64) -> Result<(), JournalError> {
        let key = shard_key(tenure.shard);
        let Some((tail, head)) = self.last_segment(tenure.shard).await? else {
            return self.over(tenure).await;
        };
        if !holds(tenure, &head) {
            return self.over(tenure).await;
        }
        // The last segment stays, whatever is asked: the chain must go on from somewhere.
        let last = signed(segment.min(tail).saturating_sub(1))?;
        if last == 0 {
            return Ok(());
        }
        // The fence first: from here on nobody uses these segments, whatever becomes of the deletes.
        answer_of(self.link().repeat(&self.statements.dir_trim, &(last, key, last)).await?)?;
        let Some(directory) = self.directory(tenure.shard, &self.statements.dir).await? else {
            return self.over(tenure).await;
        };
        for old in signed(directory.dropped)? + 1..=last {
            self.drop_segment(tenure.shard, old).await?;
        }
        answer_of(self.link().repeat(&self.statements.dir_dropped, &(last, key, last)).await?)?;
        Ok(())
    }

    /// Deletes a sealed segment within a conditional batch, so that the delete carries the log's own timestamps.
    async fn drop_segment(&self, shard: ShardId, segment: i64) -> Result<(), JournalError> {
        let place = (shard_key(shard), segment);
        let answer = answer_of(self.link().batch(&self.statements.drop_sealed, (place, place)).await?)?;
        // Not applied: gone already, or a stray that was opened again. Either is below the fence.
        if !answer.applied {
            tracing::debug!(%shard, segment, ?answer, "a trimmed segment was not there to be dropped");
        }
        Ok(())
    }

    /// Deletes a segment that this owner made again after it was trimmed. Left behind it would be garbage below the
    /// trim mark, which nobody reads: so a failure is only noted.
    pub(super) async fn drop_stray(&self, shard: ShardId, segment: u64, epoch: Epoch, owner: Owner) {
        let outcome = self.try_drop_stray(shard, segment, epoch, owner).await;
        tracing::warn!(%shard, segment, ?outcome, "a trimmed segment was opened again and dropped");
    }

    async fn try_drop_stray(
        &self,
        shard: ShardId,
        segment: u64,
        epoch: Epoch,
        owner: Owner,
    ) -> Result<(), Fault> {
        let (key, number, name) = (shard_key(shard), signed(segment)?, owner.to_string());
        let values = ((key, number, signed(epoch.0)?, &name), (key, number));
        self.link().batch(&self.statements.drop_stray, values).await.map(drop)
    }
}
