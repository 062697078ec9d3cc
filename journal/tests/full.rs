//! The embedded store's room on its disk: logs stay small, dead lives' logs are folded, and a full disk is outlived.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use bytes::Bytes;
use handoff_journal::sqlite::{Durability, PretendedDisk, RESERVE_BYTES, SqliteStore};
use handoff_journal::{
    Claimed, Entry, Journal, JournalError, NodeId, Owner, Place, Position, ShardId, Tables,
};

use crate::support::frame;

const MIB: u64 = 1024 * 1024;

fn open(folder: &Path, node: u16) -> SqliteStore {
    SqliteStore::open(folder, NodeId(node), Durability::Relaxed).expect("open")
}

fn owner(node: u16, life: u64) -> Owner {
    format!("{node}-{life:016x}").parse().expect("owner")
}

/// Bytes of all write-ahead logs in a folder of the store.
fn logs_in(folder: &Path, name: &str) -> u64 {
    let entries = fs::read_dir(folder.join(name)).expect("folder").map(|entry| entry.expect("entry"));
    let logs = entries.filter(|entry| entry.path().to_string_lossy().ends_with("-wal"));
    logs.map(|entry| entry.metadata().map_or(0, |meta| meta.len())).sum()
}

async fn append(store: &SqliteStore, claimed: &mut Claimed, text: &str) {
    store.append(&claimed.tenure, claimed.next, &frame(text)).await.expect("append");
    claimed.next.seq += 1;
}

async fn texts(store: &SqliteStore, claimed: &Claimed) -> Vec<String> {
    let from = Position { segment: 1, seq: 1 };
    let frames = store.read(&claimed.tenure, from, 10_000).await.expect("read");
    frames.iter().map(|frame| String::from_utf8_lossy(&frame.body).into_owned()).collect()
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(180);
    while !holds() {
        assert!(Instant::now() < end, "timed out: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_log_is_folded_by_what_it_takes_on_the_disk_and_not_by_what_is_in_it() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(folder.path(), 1);
    let mut claimed = store.claim(ShardId(0), owner(1, 1)).await.expect("claim");
    for number in 0..1_500u64 {
        append(&store, &mut claimed, "a short message").await;
        let place = Place { number, name: "session".to_owned() };
        let entry = Entry { list: "closed".to_owned(), place, body: Bytes::from_static(b"x") };
        store.enlist(entry).await.expect("enlist");
    }
    let (log, tables) = (logs_in(folder.path(), "log"), logs_in(folder.path(), "tables"));
    assert!(log <= 5 * MIB && tables <= 5 * MIB, "{log} and {tables} bytes for 1500 messages");
    assert_eq!(texts(&store, &claimed).await.len(), 1_500);
}

/// As if node 2 ran, until this is dropped.
fn runs(folder: &Path) -> File {
    let lock = File::options().read(true).write(true).open(folder.join("nodes/2.lock")).expect("lock");
    lock.lock().expect("lock");
    lock
}

/// A folder as a node that was killed leaves it: its files as they are while it runs.
async fn killed() -> (tempfile::TempDir, ShardId) {
    let (running, left) = (tempfile::tempdir().expect("folder"), tempfile::tempdir().expect("folder"));
    let shard = ShardId(0);
    let store = open(running.path(), 2);
    let mut claimed = store.claim(shard, owner(2, 1)).await.expect("claim");
    for text in ["one", "two", "three"] {
        append(&store, &mut claimed, text).await;
    }
    // A shard that nobody takes, and whose log keeps the file.
    store.claim(ShardId(1), owner(2, 1)).await.expect("claim");
    for name in ["log", "claims", "nodes", "tables", "cells", "tmp"] {
        let (from, to) = (running.path().join(name), left.path().join(name));
        fs::create_dir_all(&to).expect("folder");
        for entry in fs::read_dir(from).expect("folder").map(|entry| entry.expect("entry")) {
            if !entry.path().to_string_lossy().ends_with("-shm") {
                fs::copy(entry.path(), to.join(entry.file_name())).expect("copy");
            }
        }
    }
    assert!(logs_in(left.path(), "log") > 0, "a kill leaves its log");
    (left, shard)
}

#[tokio::test]
async fn the_log_of_a_killed_life_is_folded_when_the_next_one_opens() {
    let (folder, shard) = killed().await;
    let store = open(folder.path(), 2);
    assert_eq!(logs_in(folder.path(), "log"), 0);
    let claimed = store.claim(shard, owner(2, 2)).await.expect("claim");
    assert_eq!(texts(&store, &claimed).await, ["one", "two", "three"]);
}

#[tokio::test]
async fn the_log_of_a_killed_node_is_folded_by_who_takes_its_shards_and_not_while_it_runs() {
    let (folder, shard) = killed().await;
    let lock = runs(folder.path());
    let store = open(folder.path(), 1);
    assert!(logs_in(folder.path(), "log") > 0, "it runs");
    drop(lock);
    let dead = folder.path().join("log").join(format!("{}.db-wal", owner(2, 1)));
    let claimed = store.claim(shard, owner(1, 1)).await.expect("claim");
    until("the log is folded", || fs::metadata(&dead).map_or(0, |meta| meta.len()) == 0).await;
    assert_eq!(texts(&store, &claimed).await, ["one", "two", "three"]);
}

#[tokio::test]
async fn the_log_of_a_node_that_died_after_its_shards_were_taken_is_folded_with_a_trim() {
    let (folder, shard) = killed().await;
    let lock = runs(folder.path());
    let store = open(folder.path(), 1);
    let mut claimed = store.claim(shard, owner(1, 1)).await.expect("claim");
    append(&store, &mut claimed, "four").await;
    claimed.next = store.roll(&claimed.tenure, claimed.next).await.expect("roll");
    let dead = folder.path().join("log").join(format!("{}.db-wal", owner(2, 1)));
    // What the claim left to be folded in its own time must be past before the node is gone: a trim waits for it.
    store.trim(&claimed.tenure, 1).await.expect("trim");
    assert!(fs::metadata(&dead).expect("its log").len() > 0, "it runs");
    drop(lock);
    store.trim(&claimed.tenure, 1).await.expect("trim");
    assert_eq!(fs::metadata(&dead).map_or(0, |meta| meta.len()), 0);
}

#[tokio::test]
async fn what_was_begun_on_a_full_disk_is_committed_from_the_reserve_and_all_nodes_say_that_it_is_full() {
    let folder = tempfile::tempdir().expect("folder");
    let (store, other) = (open(folder.path(), 1), open(folder.path(), 2));
    let reserve = folder.path().join("reserve");
    assert_eq!(fs::metadata(&reserve).expect("reserve").len(), RESERVE_BYTES);
    let mut claimed = store.claim(ShardId(0), owner(1, 1)).await.expect("claim");
    append(&store, &mut claimed, "one").await;
    assert!(!store.is_full());
    store.pretend_disk(PretendedDisk::Full);
    other.pretend_disk(PretendedDisk::Full);
    append(&store, &mut claimed, "two").await;
    assert!(store.is_full(), "said with the message's answer");
    assert!(!reserve.exists());
    until("the other node sees it", || other.is_full()).await;
    let taken = other.claim(ShardId(0), owner(2, 1)).await.expect("claims go on");
    assert_eq!(texts(&other, &taken).await, ["one", "two"]);
    store.pretend_disk(PretendedDisk::Real);
    other.pretend_disk(PretendedDisk::Real);
    until("both see that there is room", || !store.is_full() && !other.is_full()).await;
    assert_eq!(fs::metadata(&reserve).expect("reserve").len(), RESERVE_BYTES);
}

#[tokio::test]
async fn full_to_the_last_byte_is_a_definite_answer_and_the_same_call_succeeds_when_there_is_room() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(folder.path(), 1);
    let mut claimed = store.claim(ShardId(0), owner(1, 1)).await.expect("claim");
    append(&store, &mut claimed, "one").await;
    store.pretend_disk(PretendedDisk::UsedUp);
    let sent = frame("two");
    let answer = store.append(&claimed.tenure, claimed.next, &sent).await;
    assert!(matches!(answer, Err(JournalError::Full(_))), "{answer:?}");
    assert_eq!(texts(&store, &claimed).await, ["one"], "nothing was committed");
    assert!(matches!(store.claim(ShardId(1), owner(1, 1)).await, Err(JournalError::Full(_))));
    store.pretend_disk(PretendedDisk::Real);
    assert_eq!(store.append(&claimed.tenure, claimed.next, &sent).await, Ok(()));
    assert_eq!(texts(&store, &claimed).await, ["one", "two"]);
}

/// A small disk of its own; `None` where this test may not mount one.
struct Disk(PathBuf);

impl Disk {
    fn mount(folder: &Path, mib: u64) -> Option<Self> {
        let options = format!("size={mib}m");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder).output();
        mount.is_ok_and(|output| output.status.success()).then(|| Self(folder.to_owned()))
    }

    /// Takes all room that is left.
    fn fill(&self, name: &str) {
        let mut filler = File::create(self.0.join(name)).expect("filler");
        while filler.write_all(&[7; 4096]).is_ok() {}
        while filler.write_all(&[7]).is_ok() {}
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[tokio::test]
async fn a_node_goes_on_stops_and_starts_on_a_disk_that_is_really_full() {
    let folder = tempfile::tempdir().expect("folder");
    let Some(disk) = Disk::mount(folder.path(), 32) else {
        println!("skipped: a small disk can't be mounted here");
        return;
    };
    let store = open(folder.path(), 1);
    let mut claimed = store.claim(ShardId(0), owner(1, 1)).await.expect("claim");
    disk.fill("filler");
    let mut sent = 0;
    while !store.is_full() {
        append(&store, &mut claimed, "a message").await;
        sent += 1;
        assert!(sent < 2_000, "the disk is full");
    }
    drop(store);
    let store = open(folder.path(), 1);
    assert!(store.is_full());
    let mut claimed = store.claim(ShardId(0), owner(1, 2)).await.expect("claim");
    append(&store, &mut claimed, "after the start").await;
    sent += 1;
    disk.fill("filler 2");
    let (last, mut began) = (frame("the last"), claimed.next);
    let mut answer = Ok(());
    for _ in 0..2_000 {
        answer = store.append(&claimed.tenure, began, &last).await;
        if answer.is_err() {
            break;
        }
        began.seq += 1;
        sent += 1;
    }
    assert!(matches!(answer, Err(JournalError::Full(_))), "{answer:?}");
    assert_eq!(texts(&store, &claimed).await.len(), sent, "nothing of the last was committed");
    for name in ["filler", "filler 2"] {
        fs::remove_file(folder.path().join(name)).expect("room");
    }
    assert_eq!(store.append(&claimed.tenure, began, &last).await, Ok(()));
    assert_eq!(texts(&store, &claimed).await.len(), sent + 1);
    until("the reserve is made again", || !store.is_full()).await;
}
