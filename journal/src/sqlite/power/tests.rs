//! H8: the power goes, and everything that was acknowledged is there when it comes back.

use super::*;
use crate::sqlite::{Durability, SqliteStore};
use crate::{Claimed, Frame, FrameId, Journal, NodeId, Owner, Position, Row, ShardId, Swap, Table, Tables};
use bytes::Bytes;

fn owner(life: u64) -> Owner {
    format!("1-{life:016x}").parse().expect("owner")
}

fn frame(text: &str) -> Frame {
    let id = FrameId(u128::from(text.len() as u64) << 64 | u128::from(text.as_bytes()[0]));
    Frame { id, events: 1, body: Bytes::copy_from_slice(text.as_bytes()) }
}

/// Writes of every kind, each acknowledged; answers the claim.
async fn works(store: &SqliteStore, life: u64) -> Claimed {
    let mut claimed = store.claim(ShardId(3), owner(life)).await.expect("claim");
    for text in ["a", "b"] {
        store.append(&claimed.tenure, claimed.next, &frame(text)).await.expect("append");
        claimed.next.seq += 1;
    }
    let row = Row { key: format!("session-{life}"), row: 1, body: Bytes::from_static(b"said") };
    store.put_once(Table::Record, vec![row]).await.expect("put");
    let swap =
        store.put_if_version(Table::Member, &format!("cell/{life}"), 0, Bytes::from_static(b"cell")).await;
    assert_eq!(swap, Ok(Swap::Won));
    claimed
}

/// How much of that is there: frames, rows and cells.
async fn found(folder: &Path, life: u64) -> (usize, bool, bool) {
    let store = SqliteStore::open(folder, NodeId(1), Durability::Full).expect("open");
    let claimed = store.claim(ShardId(3), owner(99)).await.expect("claim");
    let from = Position { segment: 1, seq: 1 };
    let frames = store.read(&claimed.tenure, from, 100).await.expect("read").len();
    let row = store.get(Table::Record, &format!("session-{life}"), 1).await.expect("get");
    let cell = store.get_versioned(Table::Member, &format!("cell/{life}")).await.expect("cell");
    (frames, row.is_some(), cell.is_some())
}

/// A folder that is itself on the disk, and a place in it for a store that nobody has made yet.
fn base() -> (tempfile::TempDir, PathBuf) {
    let base = tempfile::tempdir().expect("folder");
    synced_folder(base.path().parent().expect("parent")).expect("sync");
    let store = base.path().join("data").join("store");
    (base, store)
}

/// What is there again of work with this durability, when the power went right after the last acknowledgement.
async fn outlives(durability: Durability) -> (usize, bool, bool) {
    let (base, folder) = base();
    let store = SqliteStore::open(&folder, NodeId(1), durability).expect("open");
    works(&store, 1).await;
    let after = base.path().join("after");
    left_after_power_loss(base.path(), &after).expect("copy");
    drop(store);
    found(&after.join("data").join("store"), 1).await
}

#[tokio::test]
async fn h8_what_was_acknowledged_outlives_a_power_loss() {
    assert_eq!(outlives(Durability::Full).await, (2, true, true));
}

/// As if the process that made the files had been killed before it synced their names.
#[tokio::test]
async fn h8_the_names_of_files_that_were_there_already_are_synced_before_anything_is_acknowledged() {
    let (base, folder) = base();
    works(&SqliteStore::open(&folder, NodeId(1), Durability::Full).expect("open"), 1).await;
    disk(|disk| ["log", "tables"].map(|name| disk.names.remove(&folder.join(name))));
    let store = SqliteStore::open(&folder, NodeId(1), Durability::Full).expect("open");
    let claimed = store.claim(ShardId(3), owner(1)).await.expect("claim");
    store.append(&claimed.tenure, claimed.next, &frame("c")).await.expect("append");
    let row = Row { key: "session-2".to_owned(), row: 1, body: Bytes::from_static(b"said") };
    store.put_once(Table::Record, vec![row]).await.expect("put");
    let after = base.path().join("after");
    left_after_power_loss(base.path(), &after).expect("copy");
    let (frames, row, _) = found(&after.join("data").join("store"), 2).await;
    assert_eq!((frames, row), (3, true));
}

/// The model bites: where less is promised, it takes what was not synced.
#[tokio::test]
async fn h8_a_power_loss_takes_what_relaxed_durability_did_not_sync() {
    assert_eq!(outlives(Durability::Relaxed).await, (0, false, true), "cells are always synced");
}
