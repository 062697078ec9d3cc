//! Database nodes lost while owners append: one of three killed, one stopped; the log goes on and stays whole.

use std::process::Command;
use std::time::Duration;

use handoff_journal::cassandra::{drop_keyspace_for_tests, empty_keyspace_for_tests};

use super::{Real, alone, contact_points};
use crate::support::World;

/// Longer than three requests wait for an answer.
const SILENCE: Duration = Duration::from_secs(5);

/// Runs `scripts/cassandra VERB ID`.
fn control(verb: &str, id: usize) {
    let script = std::env::var("HANDOFF_CASSANDRA_CONTROL").expect("set");
    let done = Command::new(script).args([verb, &id.to_string()]).status().expect("the script runs");
    assert!(done.success(), "{verb} {id}");
}

fn can_lose_nodes() -> bool {
    let ready = contact_points().is_some_and(|points| points.len() == 3)
        && std::env::var("HANDOFF_CASSANDRA_CONTROL").is_ok();
    if !ready {
        println!("skipped: needs three nodes in HANDOFF_CASSANDRA and HANDOFF_CASSANDRA_CONTROL");
    }
    ready
}

/// Appends on several shards (so that each database node leads some) before, while and after `during` holds.
async fn appends_go_on(world: &Real, during: impl FnOnce(), after: impl FnOnce()) {
    let hand = world.hand(1).await;
    let mut shards = Vec::new();
    for _ in 0..6 {
        shards.push((hand.claim(world.shard()).await, Vec::new()));
    }
    let mut slowest = Duration::ZERO;
    let mut round = async |name: &str| {
        for turn in 0..5 {
            for (claimed, expected) in &mut shards {
                let text = format!("{name} {turn}");
                let began = tokio::time::Instant::now();
                hand.append(claimed, &text).await;
                slowest = slowest.max(began.elapsed());
                expected.push(text);
            }
        }
    };
    round("before").await;
    during();
    round("without one").await;
    // A takeover, too, works with the nodes that are left.
    let other = world.hand(2).await;
    let taken = other.claim(world.shard()).await;
    assert_eq!(other.texts(&taken).await, [""; 0]);
    after();
    round("after").await;
    println!("slowest append {slowest:?}");
    for (claimed, expected) in shards {
        let reader = world.hand(3).await;
        let taken = reader.claim(claimed.tenure.shard).await;
        assert_eq!(reader.texts(&taken).await, expected);
    }
}

#[tokio::test]
async fn a_killed_database_node_stops_nothing() {
    if !can_lose_nodes() {
        return;
    }
    let Some((world, _database)) = alone().await else { return };
    appends_go_on(world, || control("kill", 2), || control("start", 2)).await;
}

#[tokio::test]
async fn a_stopped_database_node_stops_nothing() {
    if !can_lose_nodes() {
        return;
    }
    let Some((world, _database)) = alone().await else { return };
    appends_go_on(world, || control("pause", 3), || control("resume", 3)).await;
}

/// Conditional writes are finished on behalf of a database node that missed them, and emptying a table does not end
/// that: what was there before must not come back in pieces.
#[tokio::test]
async fn an_emptied_keyspace_has_nothing_of_what_was_there_before() {
    if !can_lose_nodes() {
        return;
    }
    let Some((_, _database)) = alone().await else { return };
    let world = Real::new(&contact_points().expect("set"), "emptied").await;
    let hand = world.hand(1).await;
    let shards: Vec<_> = (0..6).map(|_| world.shard()).collect();
    control("kill", 3);
    for shard in &shards {
        let mut claimed = hand.claim(*shard).await;
        for turn in 0..5 {
            hand.append(&mut claimed, &format!("before {turn}")).await;
        }
    }
    control("start", 3);
    let database = world.connect().await;
    control("pause", 1);
    let resumed = std::thread::spawn(|| {
        std::thread::sleep(SILENCE);
        control("resume", 1);
    });
    empty_keyspace_for_tests(&database)
        .await
        .expect("emptied, though a database node was silent for a while");
    resumed.join().expect("resumed");
    database.apply_schema().await.expect("schema");
    let other = Real::again(world.settings.clone()).await;
    let hand = other.hand(2).await;
    for shard in shards {
        let mut claimed = hand.claim(shard).await;
        assert_eq!(hand.texts(&claimed).await, [""; 0]);
        hand.append(&mut claimed, "after").await;
        assert_eq!(hand.texts(&claimed).await, ["after"]);
    }
    drop_keyspace_for_tests(&database).await.expect("drop");
}
