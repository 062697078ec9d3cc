//! The torture sees a journal that has no fence: built with the feature `bench-plain` alone.

use std::sync::Arc;
use std::time::Duration;

use handoff_journal::cassandra::CassandraError;
use handoff_journal::cassandra::plain::PlainJournal;
use handoff_journal::{Journal, ShardId};

use super::shared;
use super::torture::{RACERS, torture};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_without_a_fence_is_caught_losing() {
    let Some(world) = shared().await else { return };
    let cassandra = world.connect().await;
    let mut opened = PlainJournal::open(&cassandra).await;
    for _ in 0..10 {
        // Its table is made, but not all nodes know it yet: other tests change the schema too.
        let Err(CassandraError::Unknown(why)) = &opened else { break };
        println!("again: {why}");
        opened = PlainJournal::open(&cassandra).await;
    }
    let plain: Arc<dyn Journal> = opened.expect("open");
    let journals = vec![plain; usize::from(RACERS)];
    let (acked, lost, _) = torture(journals, ShardId(0), Duration::from_secs(3)).await;
    println!("{acked} acknowledged, {lost} lost");
    assert!(lost > 0, "{acked} acknowledged and none lost: this torture would not see a missing fence");
}
