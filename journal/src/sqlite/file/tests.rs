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
