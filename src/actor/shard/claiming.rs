//! From nobody's shard to ours: claim it, read its log, and find out since when it was not served.

use super::Surroundings;
use crate::actor::supervisor::read_alive;
use handoff_chat::Millis;
use handoff_journal::{Claimed, JournalError, Owner, ShardId};
use handoff_shard::recovery::{JournalFrames, Recovered, RecoveryError, recover};
use std::collections::BTreeMap;
use tokio::time::Instant;

/// A shard claimed and read.
pub(super) struct Claiming {
    pub(super) claimed: Claimed,
    pub(super) recovered: Recovered,
    /// When the owner before, if it was lost, is last known to have been alive.
    pub(super) alive_until: Option<Millis>,
}

pub(super) async fn claim_and_recover(
    around: &Surroundings,
    heard: &BTreeMap<Owner, Millis>,
    shard: ShardId,
    owner: Owner,
) -> Result<Claiming, JournalError> {
    let journal = around.log.journal.as_ref();
    let started = Instant::now();
    let claimed = journal.claim(shard, owner).await?;
    let claim_ms = started.elapsed().as_millis();
    let frames = JournalFrames { journal, tenure: &claimed.tenure, reads: around.options.reads };
    let recovered = match recover(&frames, &claimed).await {
        Ok(recovered) => recovered,
        Err(RecoveryError::Journal(error)) => return Err(error),
        Err(error) => return Err(JournalError::Refused(error.to_string())),
    };
    let read_ms = started.elapsed().as_millis() - claim_ms;
    tracing::info!(shard = shard.0, frames = claimed.next.seq - 1, claim_ms, read_ms, "shard read");
    let lost: Option<Owner> = recovered.lost_owner.as_ref().and_then(|owner| owner.parse().ok());
    let alive_until = match lost.map(|owner| (owner, heard.get(&owner))) {
        Some((_, Some(at))) => Some(*at),
        // This process never heard of that owner: everybody was down. Its sign of life is in the tables.
        Some((owner, None)) => {
            let row = read_alive(around.tables.as_ref(), owner).await;
            row.ok().flatten().map(|(_, at)| at)
        }
        None => None,
    };
    Ok(Claiming { claimed, recovered, alive_until })
}
