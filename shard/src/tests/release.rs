//! Giving a shard away: what its callers and its next owner see.

use super::rig::{Rig, send};
use crate::recovery::{JournalFrames, recover};
use crate::{Options, Outcome};
use handoff_journal::memory::MemoryStore;
use handoff_journal::{Incarnation, Journal, NodeId, Owner, Position, ShardId};

fn successor() -> Option<Owner> {
    Some(Owner { node: NodeId(1), incarnation: Incarnation(2) })
}

#[tokio::test]
async fn a_shard_serves_on_until_its_checkpoint_is_written_and_the_next_owner_reads_little_else() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, Options::default()).await;
    let ann = rig.start("ann").await;
    for n in 0..300 {
        rig.tell(&ann, send(&n.to_string(), "before")).await.unwrap();
    }
    let old_segment = rig.core.position().segment;
    rig.core.release_to(rig.now, successor());
    assert!(!rig.core.is_quiet());
    let mut meanwhile = rig.ask(&ann, Some(send("meanwhile", "meanwhile")), None);
    rig.settle().await;
    assert!(matches!(meanwhile.try_recv().unwrap(), Outcome::Done(_)), "it still serves");
    assert!(rig.core.is_quiet(), "and then has nothing left to do");
    let mut late = rig.ask(&ann, Some(send("late", "late")), None);
    assert!(matches!(late.try_recv().unwrap(), Outcome::NotOwner(to) if to == successor()));

    let mut next = Rig::open(&store, 2, Options::default()).await;
    assert_eq!(next.texts(&ann).await.last().unwrap(), "meanwhile");
    let segment = next.claimed.next.segment;
    assert_eq!(segment, old_segment + 1);
    assert!(next.claimed.next.seq < 8, "{:?}", next.claimed.next);
    let frames = JournalFrames { journal: &next.node, tenure: &next.claimed.tenure, reads: 1 };
    assert_eq!(recover(&frames, &next.claimed).await.unwrap().checkpoint_in, Some(segment));
}

#[tokio::test]
async fn the_next_owner_writes_history_and_trims_what_was_left_behind() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, Options::default()).await;
    let ann = rig.start("ann").await;
    for n in 0..300 {
        rig.tell(&ann, send(&n.to_string(), "before")).await.unwrap();
    }
    let old = Position { segment: rig.core.position().segment, seq: 1 };
    rig.core.release_to(rig.now, successor());
    rig.settle().await;
    assert!(rig.trims.is_empty());
    let mut next = Rig::open(&store, 2, Options::default()).await;
    for _ in 0..4 {
        next.pass(1_000);
        next.settle().await;
    }
    assert_eq!(next.trims, [old.segment + 1]);
    let left = next.node.read(&next.claimed.tenure, old, 10).await;
    assert!(!left.is_ok_and(|frames| !frames.is_empty()), "the old segment is gone");
    let mut third = Rig::open(&store, 3, Options::default()).await;
    assert_eq!(third.texts(&ann).await.len(), 300);
}

#[tokio::test]
async fn a_short_log_is_given_away_at_once() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, Options::default()).await;
    let ann = rig.start("ann").await;
    let segment = rig.core.position().segment;
    rig.core.release_to(rig.now, successor());
    let mut late = rig.ask(&ann, Some(send("late", "late")), None);
    assert!(matches!(late.try_recv().unwrap(), Outcome::NotOwner(_)));
    rig.settle().await;
    assert!(rig.core.is_quiet() && rig.core.position().segment == segment);
    let claimed = rig.node.claim(ShardId(0), successor().unwrap()).await.unwrap();
    assert_eq!(claimed.next.segment, segment);
}
