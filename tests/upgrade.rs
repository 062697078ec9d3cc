//! Upgrades by `scripts/cluster upgrade` under load, to a build one protocol version higher and back.
//!
//! The other build is this code with the feature `next-version`, which `scripts/test` builds beside this one and
//! names in `HANDOFF_NEXT_BINARY`: it alone speaks, writes and reads the version after this build's newest.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use handoff_cluster::peer::PROTOCOL_NEWEST;
use serde_json::{Value, json};
use tokio::task::block_in_place;

use crate::sockets::{gather, talk};
use crate::support::crowd::Crowd;
use crate::support::node::binary;
use crate::support::proxy::Proxy;
use crate::support::script::Script;
use crate::support::talker::Talker;
use crate::support::window::Window;
use crate::support::{Deadline, outcome};

const CHATS: usize = 24;

/// The two builds, each told to go as far as it can; nothing where there is only this one.
struct Builds {
    older: String,
    newer: String,
    _folder: tempfile::TempDir,
}

impl Builds {
    fn find() -> Option<Self> {
        let Ok(next) = std::env::var("HANDOFF_NEXT_BINARY") else {
            println!("skipped: HANDOFF_NEXT_BINARY names no build with the feature next-version");
            return None;
        };
        let (this, newest) = (binary(), PROTOCOL_NEWEST);
        let folder = tempfile::tempdir().unwrap();
        let [older, newer] = [(this.as_str(), newest), (next.as_str(), newest + 1)]
            .map(|(binary, newest)| build(folder.path(), binary, newest).display().to_string());
        // This build is really the older one: what the other can, it can't be told to.
        let told = build(folder.path(), &this, newest + 2);
        let refused = Command::new(told).arg("check").output().unwrap();
        let why = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(
            !refused.status.success() && why.contains(&format!("this build knows 1 to {newest}")),
            "{why}"
        );
        Some(Self { older, newer, _folder: folder })
    }

    /// A cluster of this many nodes of the older build.
    fn cluster(&self, nodes: &str) -> Script {
        let mut script = Script::new();
        script.binary.clone_from(&self.older);
        // An offer rings through all that a test does to the nodes.
        script.environment.push(("HANDOFF_ROUTING__OFFER_TIMEOUT_MS".to_owned(), "600000".to_owned()));
        script.does(&["up", nodes]);
        script
    }
}

/// A build that speaks, writes and reads up to a version.
fn build(folder: &Path, binary: &str, protocol_max: u16) -> PathBuf {
    let path = folder.join(format!("handoff-{protocol_max}"));
    let text = format!("#!/bin/sh\nHANDOFF_PEER__PROTOCOL_MAX={protocol_max} exec '{binary}' \"$@\"\n");
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

/// Somebody asks for a person; the answer is their chat, which is offered to the agent and rings.
async fn ring(front: &str, window: &mut Window) -> Talker {
    let mut asker = Talker::start(&[front.to_owned()], 0, "asker").await;
    asker.send("I want to talk to a person").await;
    comes_to(window, &asker, "offered").await;
    asker
}

/// The chat is at this stage at the agent's desk.
async fn comes_to(window: &mut Window, asker: &Talker, stage: &str) {
    let deadline = Deadline::new();
    while at(window, asker, stage).is_none() {
        deadline.check(|| format!("the chat comes to {stage}: {:?}", window.work()));
        window.still_works().await;
    }
}

/// The chat's work, where it is at this stage.
fn at(window: &Window, asker: &Talker, stage: &str) -> Option<Value> {
    window.work().into_iter().find(|work| work["chat"] == asker.chat && work["stage"] == stage)
}

/// The agent's window is there, and opens its socket anew wherever it is led.
async fn stays_at_work(mut window: Window, done: Arc<AtomicBool>) -> Window {
    let mut deadline = Deadline::new();
    while !done.load(Ordering::Relaxed) || window.work().is_empty() {
        if done.load(Ordering::Relaxed) {
            deadline.check(|| "the desk shows its work".to_owned());
        } else {
            deadline = Deadline::new();
        }
        window.still_works().await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    window
}

/// All nodes are upgraded while requests, sockets and a ringing offer are under way, and none of them notices.
async fn upgraded_under_load(script: &Script, proxy: &Proxy, password: &str, arguments: &[&str]) {
    let front = std::slice::from_ref(&proxy.url);
    let crowd = Crowd::gather(front, CHATS).await;
    let mut talkers = gather(front).await;
    let mut window = Window::open(&proxy.url, password).await;
    let asker = ring(&proxy.url, &mut window).await;
    let left_ms = |window: &Window, asker: &Talker| {
        at(window, asker, "offered").and_then(|work| work["left_ms"].as_u64())
    };
    let before = left_ms(&window, &asker).unwrap();
    // Who waits talks on too, with the bot or alone.
    talkers.push(asker);

    let done = Arc::new(AtomicBool::new(false));
    let at_work = tokio::spawn(stays_at_work(window, Arc::clone(&done)));
    let mut talkers = talk(talkers, 10, async {
        block_in_place(|| script.does(&[&["upgrade"], arguments].concat()));
    })
    .await;
    done.store(true, Ordering::Relaxed);
    let mut window = outcome(at_work).await;
    let asker = talkers.last_mut().unwrap();

    // It still stands, and is the same: a new one would ring from the start.
    let another = stays_at_work(Window::open(&proxy.url, password).await, done).await;
    let after = left_ms(&another, asker).expect("the offer is gone");
    assert!(after < before, "{after} ms are left, {before} ms were");
    let accepted = window.does(json!({"do": "accept", "chat": asker.chat})).await;
    assert!(accepted.is_some(), "the offer is refused to who accepts it: {:?}", window.refused);
    // They are in it when the chat has agreed, not when they have accepted.
    comes_to(&mut window, asker, "chatting").await;
    // The newer build has a kind of event for it, which the older one takes over as a message.
    asker.send("\u{1f389}").await;
    let left = window.does(json!({"do": "leave", "chat": asker.chat, "how": "force_close"})).await;
    assert!(left.is_some(), "the agent can't leave: {:?}, {:?}", window.refused, window.broken);

    let mut promises = crowd.stop().await;
    promises.are_kept(&[0]).await;
    let customers = || promises.0.iter().map(|(customer, _)| customer);
    let unanswered: usize = customers().map(|customer| customer.unanswered).sum();
    let told_again: Vec<&String> = customers().flat_map(|customer| &customer.told_again).collect();
    assert!(unanswered == 0 && told_again.is_empty(), "{unanswered} came to no node, {told_again:?}");
    promises.leave().await;
    for talker in &mut talkers {
        talker.is_kept(0).await;
        assert!(talker.broken.is_empty(), "sockets ended without a word: {:?}", talker.broken);
        assert!(talker.refused.is_empty(), "a customer was refused: {:?}", talker.refused);
    }
    assert!(talkers.iter().any(|talker| talker.reopened > 0), "no socket moved");
    assert!(window.broken.is_empty(), "the agent's sockets ended without a word: {:?}", window.broken);
    assert!(window.refused.is_empty(), "the agent was refused: {:?}", window.refused);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn upgrading_to_the_next_version_and_back_under_load_fails_no_request_and_loses_nothing() {
    let Some(builds) = Builds::find() else { return };
    let script = builds.cluster("3");
    let urls: Vec<String> = (1..=3).map(|node| script.url(node)).collect();
    let proxy = Proxy::start(&urls).await;
    let sign_in = script.does(&["agent"]);
    let password = sign_in.lines().nth(1).and_then(|line| line.strip_prefix("password  ")).unwrap();
    let (old, new) = (PROTOCOL_NEWEST, PROTOCOL_NEWEST + 1);

    // One of three is newer for a while: its neighbours speak the older version with it.
    upgraded_under_load(&script, &proxy, password, &["2", "--binary", &builds.newer]).await;
    assert_eq!(versions(&script, 1), (old.into(), vec![old.into(), new.into(), old.into()]));
    block_in_place(|| script.logs(2, &format!("protocol={old}")));
    assert!(!script.logged(2, &format!("protocol={new}")));

    upgraded_under_load(&script, &proxy, password, &["--binary", &builds.newer]).await;
    assert_eq!(versions(&script, 1), (old.into(), vec![new.into(); 3]));
    // The newer ones speak the newer version with each other.
    block_in_place(|| script.logs(2, &format!("protocol={new}")));

    upgraded_under_load(&script, &proxy, password, &["--binary", &builds.older]).await;
    assert_eq!(versions(&script, 1), (old.into(), vec![old.into(); 3]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_raised_the_newer_version_is_stored_and_an_older_build_refuses_to_start() {
    let Some(builds) = Builds::find() else { return };
    let (older, newer) = (builds.older.as_str(), builds.newer.as_str());
    let script = builds.cluster("2");
    let (old, new) = (PROTOCOL_NEWEST, PROTOCOL_NEWEST + 1);
    let urls: Vec<String> = (1..=2).map(|node| script.url(node)).collect();
    let crowd = Crowd::gather(&urls, 20).await;
    block_in_place(|| script.does(&["upgrade", "1", "--binary", newer]));
    let held_back = block_in_place(|| script.ask(1, &["cluster", "raise"]));
    assert!(
        held_back.contains(&format!("stays at protocol {old}")) && held_back.contains("node 2 reads no more"),
        "{held_back}"
    );
    block_in_place(|| script.does(&["upgrade", "2", "--binary", newer]));
    let mut cheers = Talker::start(&urls, 0, "cheers").await;
    cheers.send("\u{1f389}").await;
    let raised = block_in_place(|| script.ask(1, &["cluster", "raise"]));
    assert!(raised.contains(&format!("raised from protocol {old} to {new}")), "{raised}");
    crowd.talks(20).await;

    // Its shards go to node 1 and are opened there in the new version; the older build finds that out before it joins.
    block_in_place(|| script.refuses(&["upgrade", "2", "--binary", older], "start a newer build"));
    crowd.talks(20).await;
    assert_eq!(versions(&script, 1).0, new);
    block_in_place(|| script.does(&["upgrade", "2", "--binary", newer]));
    crowd.talks(20).await;
    // What was said before it was raised and what is said since, as another kind, is read alike.
    cheers.send("\u{1f389}").await;
    for node in [0, 1] {
        cheers.is_kept(node).await;
    }
    crowd.stop().await.are_kept(&[0, 1]).await;
}
