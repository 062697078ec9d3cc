//! Steps of a claim that no caller can stop between, on real nodes (`HANDOFF_CASSANDRA`, else skipped).

use std::sync::Arc;

use bytes::Bytes;

use super::*;
use crate::cassandra::{Cassandra, CassandraStore, Settings};
use crate::{Frame, FrameId, Incarnation, Journal, NodeId};

/// A session of its own with the keyspace of these tests, each of which has its own shard.
async fn store() -> Option<Arc<CassandraStore>> {
    let Some(points) = std::env::var("HANDOFF_CASSANDRA").ok().filter(|given| !given.is_empty()) else {
        println!("skipped: HANDOFF_CASSANDRA names no database nodes");
        return None;
    };
    let points: Vec<String> = points.split(',').map(str::to_owned).collect();
    let settings = Settings {
        keyspace: format!("unit_{}", std::process::id()),
        replication_factor: points.len().min(3) as u32,
        contact_points: points,
        ..Settings::default()
    };
    let cassandra = Cassandra::connect(settings).await.expect("connect");
    cassandra.apply_schema().await.expect("schema");
    Some(cassandra.open().await.expect("open"))
}

fn owner(node: u16) -> Owner {
    Owner { node: NodeId(node), incarnation: Incarnation(u64::from(node)) }
}

fn frame(id: u128) -> Frame {
    Frame { id: FrameId(id), events: 1, body: Bytes::from_static(b"body") }
}

/// A claimant saw segment 1 sealed, then slept while others went on and trimmed past segment 2. Its creation of
/// segment 2 succeeds, as the partition is gone; the trim mark alone tells that it must not be used.
#[tokio::test]
async fn h12_a_segment_opened_again_after_its_trim_is_not_used() {
    let Some(store) = store().await else { return };
    let (core, shard) = (&store.core, ShardId(12));
    let mut claimed = store.claim(shard, owner(1)).await.expect("claim");
    for id in 0..3 {
        store.append(&claimed.tenure, claimed.next, &frame(id)).await.expect("append");
        claimed.next.seq += 1;
        claimed.next = store.roll(&claimed.tenure, claimed.next).await.expect("roll");
    }
    store.trim(&claimed.tenure, 4).await.expect("trim");
    let made = core.make(shard, owner(2), 2, Epoch(2)).await.expect("make");
    assert_eq!(made, Some((2, Epoch(2))), "the store itself lets a trimmed segment open again");
    assert_eq!(core.secure(shard, owner(2), 2, Epoch(2)).await, Ok(None));
    assert_eq!(core.segment_head(shard, 2).await, Ok(None), "and it was dropped");
    // The same for an old owner in the middle of its roll: sealed, slept, then made the next one.
    let old = Tenure { shard, epoch: Epoch(1), owner: owner(1) };
    let head = store.head(shard).await.expect("head").expect("claimed");
    assert_eq!((head.first_segment, head.next), (4, Position { segment: 4, seq: 1 }));
    let taken = store.claim(shard, owner(3)).await.expect("claim");
    assert_eq!(taken.next, Position { segment: 4, seq: 1 });
    let answer = store.append(&old, Position { segment: 2, seq: 1 }, &frame(9)).await;
    assert_eq!(answer, Err(JournalError::Fenced { epoch: taken.tenure.epoch, owner: owner(3) }));
}

/// H9: the server reads the first live row for a condition on static columns; the header is always there.
#[tokio::test]
async fn h9_the_first_live_row_of_every_segment_is_its_header() {
    let Some(store) = store().await else { return };
    let (core, shard) = (&store.core, ShardId(9));
    let mut claimed = store.claim(shard, owner(1)).await.expect("claim");
    store.append(&claimed.tenure, claimed.next, &frame(1)).await.expect("append");
    claimed.next.seq += 1;
    claimed.next = store.roll(&claimed.tenure, claimed.next).await.expect("roll");
    store.append(&claimed.tenure, claimed.next, &frame(2)).await.expect("append");
    for segment in 1..=2 {
        let text = format!(
            "SELECT seq, w_epoch, frame FROM {}.log WHERE shard = {shard} AND segment = {segment} LIMIT 1",
            core.link().keyspace()
        );
        let rows = rows_of(core.link().ask(&text).await.expect("ask")).expect("rows");
        assert_eq!((number(&rows[0], "seq"), number(&rows[0], "w_epoch")), (Some(0), Some(1)));
    }
}

/// H13: the answer of a claim was lost, and its repeat finds this very owner at the epoch it aimed at.
#[tokio::test]
async fn h13_a_claim_that_already_happened_is_recognized_by_its_owner() {
    let Some(store) = store().await else { return };
    let (core, shard) = (&store.core, ShardId(13));
    store.claim(shard, owner(1)).await.expect("claim");
    let stale = core.segment_head(shard, 1).await.expect("head").expect("made");
    assert_eq!(core.take(shard, owner(2), 1, &stale).await, Ok(Some((1, Epoch(2)))));
    assert_eq!(core.take(shard, owner(2), 1, &stale).await, Ok(Some((1, Epoch(2)))), "its own doing");
    let fenced = JournalError::Fenced { epoch: Epoch(2), owner: owner(2) };
    assert_eq!(core.take(shard, owner(3), 1, &stale).await, Err(fenced), "another aims at the same epoch");
}
