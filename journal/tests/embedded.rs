//! What only the embedded store has: files, a lock for each node, commit errors, stopped writers.

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use handoff_journal::sqlite::{CommitFault, Durability, SqliteStore};
use handoff_journal::{Journal, JournalError, NodeId, Position, Row, ShardId, Table, Tables};

use crate::support::worlds::Sqlite;
use crate::support::{World, assert_fenced, frame};

fn logs(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder.join("log")).expect("log folder");
    let names = names.map(|entry| entry.expect("entry").file_name().into_string().expect("name"));
    let mut names: Vec<_> = names.filter(|name| name.ends_with(".db")).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_commit_error_is_unknown_and_the_same_call_settles_it() {
    let world = Sqlite::new();
    let (hand, shard) = (world.hand(1).await, world.shard());
    let mut claimed = hand.claim(shard).await;
    hand.append(&mut claimed, "a").await;
    for (fault, text) in [(CommitFault::Before, "b"), (CommitFault::After, "c")] {
        let sent = frame(text);
        world.store(1).fail_next_commit(fault);
        let answer = hand.node.journal.append(&claimed.tenure, claimed.next, &sent).await;
        assert!(matches!(answer, Err(JournalError::Unknown(_))), "{answer:?}");
        assert_eq!(hand.node.journal.append(&claimed.tenure, claimed.next, &sent).await, Ok(()));
        claimed.next.seq += 1;
        // The error closed the file, which folds its log: what is in it now was written, and synced, by the repeat.
        let wal = world.folder.path().join("log").join(format!("{}.db-wal", hand.owner));
        assert!(std::fs::metadata(&wal).is_ok_and(|meta| meta.len() > 0), "{fault:?}: not written once more");
    }
    world.store(1).fail_next_commit(CommitFault::After);
    assert!(hand.node.journal.roll(&claimed.tenure, claimed.next).await.is_err());
    hand.roll(&mut claimed).await;
    hand.append(&mut claimed, "d").await;
    assert_eq!(hand.texts(&claimed).await, ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn a_commit_error_at_a_claim_is_unknown_and_the_next_claim_wins() {
    let world = Sqlite::new();
    let (old, new, shard) = (world.hand(1).await, world.hand(2).await, world.shard());
    let mut claimed = old.claim(shard).await;
    old.append(&mut claimed, "a").await;
    for fault in [CommitFault::Before, CommitFault::After] {
        world.store(2).fail_next_commit(fault);
        let answer = new.node.journal.claim(shard, new.owner).await;
        assert!(matches!(answer, Err(JournalError::Unknown(_))), "{answer:?}");
    }
    let mut claimed = new.claim(shard).await;
    new.append(&mut claimed, "b").await;
    assert_eq!(new.texts(&claimed).await, ["a", "b"]);
}

#[tokio::test]
async fn an_append_stays_unknown_until_the_next_owner_has_opened_its_epoch() {
    let world = Sqlite::new();
    let (old, new, shard) = (world.hand(1).await, world.hand(2).await, world.shard());
    let claimed = old.claim(shard).await;
    let sent = frame("committed, answer lost");
    old.try_append(&claimed, &sent).await.expect("append");
    // A node claimed and died before its opening row.
    let claim = format!("{shard}.{}", claimed.tenure.epoch.0 + 1);
    std::fs::write(world.folder.path().join("claims").join(claim), format!("{}\n", new.owner))
        .expect("claim");
    let again = old.node.journal.append(&claimed.tenure, claimed.next, &sent).await;
    assert!(matches!(again, Err(JournalError::Unknown(_))), "{again:?}");
    let other = old.node.journal.append(&claimed.tenure, claimed.next, &frame("new")).await;
    assert!(matches!(other, Err(JournalError::Fenced { .. })), "never written, so definite: {other:?}");
    let after = new.claim(shard).await;
    assert_eq!(after.tenure.epoch.0, claimed.tenure.epoch.0 + 2);
    assert_eq!(old.node.journal.append(&claimed.tenure, claimed.next, &sent).await, Ok(()));
    assert_fenced(old.confirm(&claimed).await, &after);
    assert_eq!(new.texts(&after).await, ["committed, answer lost"]);
}

#[tokio::test]
async fn a_second_process_of_the_same_node_is_refused_with_its_reason() {
    let world = Sqlite::new();
    world.hand(1).await;
    let second = SqliteStore::open(world.folder.path(), NodeId(1), Durability::Full);
    let Err(JournalError::Refused(why)) = second else { panic!("must be refused") };
    assert!(why.contains("node 1 already runs") && why.contains(&std::process::id().to_string()), "{why}");
}

#[tokio::test]
async fn a_restarted_node_finds_everything_and_writes_to_a_new_file() {
    let folder = tempfile::tempdir().expect("folder");
    let owner = |life: u64| format!("1-{life:016x}").parse().expect("owner");
    let shard = handoff_journal::ShardId(0);
    for life in 1..=3u64 {
        let store = SqliteStore::open(folder.path(), NodeId(1), Durability::Relaxed).expect("open");
        let claimed = store.claim(shard, owner(life)).await.expect("claim");
        assert_eq!(claimed.next.seq, life);
        store.append(&claimed.tenure, claimed.next, &frame("x")).await.expect("append");
    }
    assert_eq!(logs(folder.path()).len(), 3);
}

#[tokio::test]
async fn a_log_file_goes_when_no_log_reaches_into_it_any_more() {
    let world = Sqlite::new();
    let shard = world.shard();
    let mut lives = Vec::new();
    for life in 0..12 {
        let hand = world.hand(1).await;
        let mut claimed = hand.claim(shard).await;
        hand.append(&mut claimed, &format!("{life}")).await;
        hand.roll(&mut claimed).await;
        lives.push((hand, claimed));
    }
    assert_eq!(logs(world.folder.path()).len(), 12, "all are needed");
    let (hand, mut claimed) = lives.pop().expect("last");
    let keep = claimed.next.segment - 1;
    hand.trim(&claimed, keep).await.expect("trim");
    claimed.first_segment = keep;
    let left = logs(world.folder.path());
    assert!(left.len() <= 8 && left.contains(&format!("{}.db", hand.owner)), "{left:?}");
    assert_eq!(hand.texts(&claimed).await, ["11"]);
    assert_fenced(lives[0].0.try_append(&lives[0].1, &frame("zombie")).await, &claimed);
    let other = world.hand(2).await;
    let taken = other.claim(shard).await;
    assert_eq!(other.texts(&taken).await, ["11"]);
}

#[tokio::test]
async fn a_log_file_of_a_node_that_never_returns_goes_by_the_hand_of_another_but_not_while_it_runs() {
    let folder = tempfile::tempdir().expect("folder");
    let open = |node: u16| SqliteStore::open(folder.path(), NodeId(node), Durability::Relaxed).expect("open");
    let owner = |node: u16| format!("{node}-{node:016x}").parse().expect("owner");
    let (shard, gone, stays) = (handoff_journal::ShardId(0), open(2), open(1));
    let old = gone.claim(shard, owner(2)).await.expect("claim");
    gone.append(&old.tenure, old.next, &frame("old")).await.expect("append");
    let new = stays.claim(shard, owner(1)).await.expect("claim");
    stays.append(&new.tenure, new.next, &frame("new")).await.expect("append");
    let at = Position { seq: new.next.seq + 1, ..new.next };
    let next = stays.roll(&new.tenure, at).await.expect("roll");
    drop(gone);
    assert_eq!(stays.sweep().await, Ok(0), "the log still begins in it");
    let gone = open(2);
    stays.trim(&new.tenure, next.segment).await.expect("trim");
    assert_eq!(logs(folder.path()).len(), 2, "node 2 runs: it may claim and write again");
    drop(gone);
    assert_eq!(stays.sweep().await, Ok(1));
    assert_eq!(logs(folder.path()), [format!("{}.db", new.tenure.owner)]);
    let back = open(2);
    let claimed = back.claim(shard, owner(2)).await.expect("claim");
    back.append(&claimed.tenure, claimed.next, &frame("back")).await.expect("append");
}

#[tokio::test]
async fn a_node_that_never_met_a_shard_deletes_no_log_of_it_when_its_owner_is_gone() {
    let folder = tempfile::tempdir().expect("folder");
    let open = |node: u16| SqliteStore::open(folder.path(), NodeId(node), Durability::Relaxed).expect("open");
    let owner = |node: u16| format!("{node}-{node:016x}").parse().expect("owner");
    let (shard, gone, next, stranger) = (ShardId(0), open(1), open(2), open(3));
    let old = gone.claim(shard, owner(1)).await.expect("claim");
    gone.append(&old.tenure, old.next, &frame("old")).await.expect("append");
    drop(gone);
    assert_eq!(stranger.sweep().await, Ok(0), "nobody has taken it over yet");
    let new = next.claim(shard, owner(2)).await.expect("claim");
    assert_eq!(stranger.sweep().await, Ok(0), "the log begins in it");
    let frames = next.read(&new.tenure, old.next, 10).await.expect("read");
    assert_eq!(frames.iter().map(|found| &found.body).collect::<Vec<_>>(), [&frame("old").body]);
}

#[tokio::test]
async fn a_writer_stopped_while_it_publishes_a_commit_holds_nobody_up() {
    let world = Sqlite::new();
    let (old, new, shard) = (world.hand(1).await, world.hand(2).await, world.shard());
    let mut claimed = old.claim(shard).await;
    old.append(&mut claimed, "a").await;
    old.append(&mut claimed, "b").await;
    // As if it were stopped in between: it holds the write lock, and the two copies of the header differ.
    let log = world.folder.path().join("log").join(format!("{}.db", old.owner));
    let stopped = rusqlite::Connection::open(&log).expect("open");
    stopped.execute_batch("BEGIN IMMEDIATE").expect("lock");
    let mut memory = log.into_os_string();
    memory.push("-shm");
    let mut memory = std::fs::OpenOptions::new().write(true).open(memory).expect("shared memory");
    memory.seek(SeekFrom::Start(8)).expect("seek");
    memory.write_all(&[0xAA; 4]).expect("write");
    let claim = tokio::time::timeout(Duration::from_secs(180), new.claim(shard));
    let mut claimed = claim.await.expect("held up by the stopped writer");
    assert_eq!(new.texts(&claimed).await, ["a", "b"]);
    new.append(&mut claimed, "c").await;
    assert_eq!(new.texts(&claimed).await, ["a", "b", "c"]);
}

#[tokio::test]
async fn a_file_of_another_format_is_refused() {
    let world = Sqlite::new();
    let (old, new, shard) = (world.hand(1).await, world.hand(2).await, world.shard());
    old.claim(shard).await;
    let log = world.folder.path().join("log").join(format!("{}.db", old.owner));
    rusqlite::Connection::open(&log).expect("open").pragma_update(None, "user_version", 99).expect("version");
    let answer = new.node.journal.claim(shard, new.owner).await;
    assert!(matches!(&answer, Err(JournalError::Refused(why)) if why.contains("99")), "{answer:?}");
}

/// H14: a backup in place of the folder knows nothing of what came after it, so whoever still writes to the old files
/// is told nothing that would be lost.
#[tokio::test]
async fn h14_a_node_that_runs_on_while_its_folder_is_restored_acknowledges_nothing() {
    let place = tempfile::tempdir().expect("folder");
    let [folder, backup, gone] = ["store", "backup", "gone"].map(|name| place.path().join(name));
    let owner = |life: u64| format!("1-{life:016x}").parse().expect("owner");
    let open = || SqliteStore::open(&folder, NodeId(1), Durability::Full).expect("open");
    let shard = ShardId(3);
    let mut store = open();
    let mut before = store.claim(shard, owner(1)).await.expect("claim");
    store.append(&before.tenure, before.next, &frame("kept")).await.expect("append");
    drop(store);
    // Its threads close their files after it.
    let is_open = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.expect("entry").file_name().to_string_lossy().ends_with("-wal")
    };
    let closed = async {
        while std::fs::read_dir(folder.join("log")).expect("log folder").any(is_open) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), closed).await.expect("closed");
    copy(&folder, &backup);

    // Some takeovers after the backup.
    store = open();
    for life in 2..5 {
        before = store.claim(shard, owner(life)).await.expect("claim");
    }
    store.append(&before.tenure, before.next, &frame("after the backup")).await.expect("append");
    before.next.seq += 1;
    let row = |row| vec![Row { key: "a record".to_owned(), row, body: Bytes::from_static(b"said") }];
    store.put_once(Table::Record, row(0)).await.expect("put: its file is open from here on");
    // Its log's file is opened anew by the next append.
    store.fail_next_commit(CommitFault::Before);
    store.append(&before.tenure, before.next, &frame("lost")).await.expect_err("injected");
    std::fs::rename(&folder, &gone).expect("move");
    std::fs::rename(&backup, &folder).expect("restore");
    let restored = SqliteStore::open(&folder, NodeId(1), Durability::Full).expect("open");
    for claimed_again in [false, true] {
        if claimed_again {
            for life in 5..9 {
                restored.claim(shard, owner(life)).await.expect("claim");
            }
        }
        let append = store.append(&before.tenure, before.next, &frame("lost")).await;
        assert!(append.is_err(), "{append:?}");
        assert!(store.confirm(&before.tenure).await.is_err(), "nor is anything read");
        assert!(store.put_once(Table::Record, row(1)).await.is_err());
        assert!(store.claim(shard, owner(9)).await.is_err());
        assert_eq!(
            logs(&folder).into_iter().filter(|name| *name == format!("{}.db", before.tenure.owner)).count(),
            0,
            "nothing is made in the restored folder"
        );
    }
    let claimed = restored.claim(shard, owner(10)).await.expect("claim");
    let frames = restored.read(&claimed.tenure, Position { segment: 1, seq: 1 }, 10).await.expect("read");
    let bodies: Vec<_> = frames.iter().map(|frame| frame.body.clone()).collect();
    assert_eq!(bodies, [frame("kept").body]);
    restored.put_once(Table::Record, row(2)).await.expect("put");
    assert_eq!(restored.get(Table::Record, "a record", 1).await, Ok(None));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("folder");
    for entry in std::fs::read_dir(from).expect("folder") {
        let (path, to) = entry.map(|entry| (entry.path(), to.join(entry.file_name()))).expect("entry");
        if path.is_dir() {
            copy(&path, &to);
        } else {
            std::fs::copy(&path, &to).expect("copy");
        }
    }
}
