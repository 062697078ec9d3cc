//! Upgrades by `scripts/cluster upgrade` under load, to a build one protocol version higher and back.
//!
//! The other build is the same file started through a wrapper that sets `peer.protocol_max`: a node neither writes nor
//! reads what is newer than that, on links and in the journal, exactly as a build that never heard of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::task::block_in_place;

use crate::support::crowd::Crowd;
use crate::support::script::Script;

const CHATS: usize = 100;

/// A build that speaks and writes up to this version.
fn build(folder: &Path, protocol_max: u16) -> PathBuf {
    let path = folder.join(format!("handoff-{protocol_max}"));
    let binary = env!("CARGO_BIN_EXE_handoff");
    let text = format!("#!/bin/sh\nHANDOFF_PEER__PROTOCOL_MAX={protocol_max} exec {binary} \"$@\"\n");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// What the cluster stores in, and what each node reads.
fn versions(script: &Script, at: u16) -> (Value, Vec<Value>) {
    let status: Value = serde_json::from_str(&script.ask(at, &["cluster", "status", "--json"])).unwrap();
    let members = status["members"].as_array().unwrap();
    (status["protocol"].clone(), members.iter().map(|member| member["protocol"].clone()).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upgrading_to_the_next_version_and_back_under_load_fails_no_send_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (older, newer) = (build(folder.path(), 1), build(folder.path(), 2));
    let (older, newer) = (older.to_str().unwrap(), newer.to_str().unwrap());
    let script = Script::new();
    script.does(&["up", "3"]);
    let urls: Vec<String> = (1..=3).map(|node| script.url(node)).collect();
    let crowd = Crowd::gather(&urls, CHATS).await;

    // One of three is newer for a while: its neighbours speak the older version with it.
    block_in_place(|| script.does(&["upgrade", "2", "--binary", newer]));
    crowd.talks(CHATS).await;
    assert_eq!(versions(&script, 1), (1.into(), vec![1.into(), 2.into(), 1.into()]));
    block_in_place(|| script.logs(2, "protocol=1"));
    assert!(!script.logged(2, "protocol=2"));

    block_in_place(|| script.does(&["upgrade", "--binary", newer]));
    crowd.talks(CHATS).await;
    assert_eq!(versions(&script, 1), (1.into(), vec![2.into(); 3]));
    // The newer ones speak the newer version with each other.
    block_in_place(|| script.logs(2, "protocol=2"));

    block_in_place(|| script.does(&["upgrade", "--binary", older]));
    crowd.talks(CHATS).await;
    assert_eq!(versions(&script, 1), (1.into(), vec![1.into(); 3]));

    let mut promises = crowd.stop().await;
    promises.are_kept(&[0, 1, 2]).await;
    promises.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_raised_the_newer_version_is_stored_and_an_older_build_refuses_to_start() {
    let folder = tempfile::tempdir().unwrap();
    let (older, newer) = (build(folder.path(), 1), build(folder.path(), 2));
    let (older, newer) = (older.to_str().unwrap(), newer.to_str().unwrap());
    let script = Script::new();
    script.does(&["up", "2"]);
    let urls: Vec<String> = (1..=2).map(|node| script.url(node)).collect();
    let crowd = Crowd::gather(&urls, 20).await;
    block_in_place(|| script.does(&["upgrade", "1", "--binary", newer]));
    let held_back = block_in_place(|| script.ask(1, &["cluster", "raise"]));
    assert!(
        held_back.contains("stays at protocol 1") && held_back.contains("node 2 reads no more"),
        "{held_back}"
    );
    block_in_place(|| script.does(&["upgrade", "2", "--binary", newer]));
    let raised = block_in_place(|| script.ask(1, &["cluster", "raise"]));
    assert!(raised.contains("raised from protocol 1 to 2"), "{raised}");
    crowd.talks(20).await;

    // Its shards go to node 1 and are opened there in the new version; the older build finds that out before it joins.
    block_in_place(|| script.refuses(&["upgrade", "2", "--binary", older], "start a newer build"));
    crowd.talks(20).await;
    assert_eq!(versions(&script, 1).0, 2);
    block_in_place(|| script.does(&["upgrade", "2", "--binary", newer]));
    crowd.talks(20).await;
    crowd.stop().await.are_kept(&[0, 1]).await;
}
