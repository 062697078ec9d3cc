//! Readers of a file that its writer is just making, and leaves.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

const SCHEMA: &str = "CREATE TABLE entry (key INTEGER PRIMARY KEY)";
const FILES: usize = 60;
const READERS: usize = 3;

#[test]
fn a_file_that_is_being_made_written_and_left_is_read_whole_at_each_moment() {
    let folder = tempfile::tempdir().unwrap();
    let count = |db: &Connection| Ok(db.query_row("SELECT count(*) FROM entry", [], |row| row.get(0))?);
    let mut failures = BTreeSet::new();
    for number in 0..FILES {
        let path = folder.path().join(format!("{number}.db"));
        let done = AtomicBool::new(false);
        std::thread::scope(|threads| {
            let reads = || {
                let (mut failures, mut seen) = (BTreeSet::new(), 0_i64);
                while !done.load(Ordering::Relaxed) {
                    match read(&path, count) {
                        Ok(rows) => {
                            let rows = rows.unwrap_or(0);
                            assert!(rows >= seen, "{rows} after {seen}");
                            seen = rows;
                        }
                        Err(error) => drop(failures.insert(format!("{error:?}"))),
                    }
                }
                failures
            };
            let readers: Vec<_> = (0..READERS).map(|_| threads.spawn(reads)).collect();
            let db = open_writer(&path, SCHEMA, Durability::Full).unwrap();
            for key in 0..5 {
                db.execute("INSERT INTO entry (key) VALUES (?)", [key]).unwrap();
            }
            drop(db);
            done.store(true, Ordering::Relaxed);
            for reader in readers {
                failures.extend(reader.join().unwrap());
            }
        });
        assert_eq!(read(&path, count).unwrap(), Some(5));
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// A writer that was stopped while it made its file leaves the journal of its first change beside it, until it goes on.
#[test]
fn a_file_whose_first_change_is_under_way_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let (making, path) = (folder.path().join("making.db"), folder.path().join("x.db"));
    let db = Connection::open(&making).unwrap();
    db.execute_batch(
        "CREATE TABLE entry (key INTEGER PRIMARY KEY); PRAGMA user_version = 2; PRAGMA cache_size = 1",
    )
    .unwrap();
    db.execute_batch(
        "BEGIN IMMEDIATE; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000) \
        INSERT INTO entry SELECT i FROM n",
    )
    .unwrap();
    let beside = |path: &Path| path.with_extension("db-journal");
    for (from, to) in [(beside(&making), beside(&path)), (making, path.clone())] {
        std::fs::copy(from, to).unwrap();
    }
    let count =
        |db: &Connection| Ok(db.query_row("SELECT count(*) FROM entry", [], |row| row.get::<_, i64>(0))?);
    std::thread::scope(|threads| {
        // "Unknown" is repeated, as by every caller: this machine may be slow.
        let reads = || loop {
            match read(&path, count) {
                Err(FileError::Restless) => {}
                definite => return definite,
            }
        };
        let reader = threads.spawn(reads);
        std::thread::sleep(READ_PAUSE * 5);
        // What its writer does when it goes on.
        let again = Connection::open(&path).unwrap();
        again.query_row("SELECT count(*) FROM entry", [], |_| Ok(())).unwrap();
        assert_eq!(reader.join().unwrap().unwrap(), Some(0));
    });
}
