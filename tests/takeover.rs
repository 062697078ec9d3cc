//! The promise: kill, stop or drain any node at any moment, and no acknowledged message is lost, doubled or reordered.
//!
//! Each test holds a crowd of chats, breaks something, waits until the chats go on, and at the end reads every
//! transcript from every running node. `HANDOFF_TEST_STORE=cassandra` runs the same on Cassandra.

use std::time::Duration;

use crate::support::client::Customer;
use crate::support::cluster::Cluster;
use crate::support::crowd::Crowd;
use crate::support::until_true;

const CHATS: usize = 60;
const ROUNDS: usize = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_owner_loses_no_acknowledged_message() {
    let mut cluster = Cluster::start(3).await;
    let crowd = Crowd::gather(&cluster.urls(), CHATS).await;
    for round in 0..ROUNDS {
        let victim = round % 3;
        cluster.nodes[victim].kill();
        crowd.talks(2 * CHATS).await;
        cluster.restart(victim).await;
        crowd.talks(CHATS).await;
    }
    let mut promises = crowd.stop().await;
    promises.are_kept(&[0, 1, 2]).await;
    promises.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paused_owner_loses_no_acknowledged_message_and_serves_again_after() {
    let mut cluster = Cluster::start(3).await;
    let crowd = Crowd::gather(&cluster.urls(), CHATS).await;
    for round in 0..ROUNDS {
        let victim = (round + 1) % 3;
        cluster.nodes[victim].pause();
        crowd.talks(2 * CHATS).await;
        cluster.nodes[victim].resume();
        cluster.nodes[victim].ready().await;
        crowd.talks(CHATS).await;
    }
    let mut promises = crowd.stop().await;
    promises.are_kept(&[0, 1, 2]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drained_node_hands_over_every_chat_and_exits_0() {
    let mut cluster = Cluster::start(3).await;
    let crowd = Crowd::gather(&cluster.urls(), CHATS).await;
    for victim in [0, 1, 2] {
        let status = cluster.nodes[victim].drain().await;
        assert_eq!(status.code(), Some(0), "{}", cluster.nodes[victim].log());
        crowd.talks(CHATS).await;
        cluster.restart(victim).await;
        crowd.talks(CHATS).await;
    }
    let mut promises = crowd.stop().await;
    promises.are_kept(&[0, 1, 2]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_nodes_killed_together_come_back_with_every_message() {
    let mut cluster = Cluster::start(3).await;
    let crowd = Crowd::gather(&cluster.urls(), CHATS).await;
    for _ in 0..ROUNDS {
        for node in &mut cluster.nodes {
            node.kill();
        }
        cluster.start_all().await;
        crowd.talks(2 * CHATS).await;
    }
    let mut promises = crowd.stop().await;
    promises.are_kept(&[0, 1, 2]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_a_pause_and_a_drain_one_after_the_other_lose_nothing() {
    let mut cluster = Cluster::start(3).await;
    let crowd = Crowd::gather(&cluster.urls(), CHATS).await;
    // The pause outlasts the kill: for a moment one node of three serves everything.
    cluster.nodes[2].pause();
    crowd.talks(CHATS).await;
    cluster.nodes[0].kill();
    crowd.talks(CHATS).await;
    cluster.nodes[2].resume();
    cluster.restart(0).await;
    crowd.talks(CHATS).await;
    assert_eq!(cluster.nodes[1].drain().await.code(), Some(0));
    crowd.talks(CHATS).await;
    let mut promises = crowd.stop().await;
    promises.are_kept(&[0, 2]).await;
    promises.leave().await;
    promises.have_ended(&[0, 2]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_repeated_at_another_node_after_a_kill_is_stored_once() {
    let mut cluster = Cluster::start(3).await;
    let mut customer = Customer::request(&cluster.urls(), 0, "repeater").await;
    for turn in 0..3 {
        let victim = turn % 3;
        let id = format!("turn-{turn}");
        let text = format!("once {turn}");
        customer.send(&text, &id).await;
        cluster.nodes[victim].kill();
        // The client never saw the answer, as far as the server knows.
        customer.send(&text, &id).await;
        cluster.restart(victim).await;
        customer.send(&text, &id).await;
    }
    let answer = customer.refresh(1).await;
    let messages = answer["messages"].as_array().unwrap();
    let own: Vec<&str> = messages
        .iter()
        .filter(|event| event["type"] == "Message" && event["from"]["nickname"] == "repeater")
        .map(|event| event["text"].as_str().unwrap())
        .collect();
    assert_eq!(own, ["once 0", "once 1", "once 2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_taken_by_typing_is_not_used_again_after_a_takeover() {
    let mut cluster = Cluster::start(3).await;
    let mut customers = Vec::new();
    for number in 0..12 {
        let mut customer = Customer::request(&cluster.urls(), number, &format!("typist{number}")).await;
        customer.send("hello", "1").await;
        customer.insist("startTyping", &[]).await;
        let typed = customer.refresh(1).await["nextPosition"].as_i64().unwrap();
        customers.push((customer, typed));
    }
    cluster.nodes[0].kill();
    cluster.nodes[1].kill();
    for (customer, typed) in &mut customers {
        let mut survivor = customer.only_at(2);
        survivor.send("after", "2").await;
        let answer = survivor.refresh(*typed).await;
        let texts: Vec<&str> = answer["messages"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|event| event["text"].as_str())
            .collect();
        assert!(texts.contains(&"after"), "read from {typed}, which typing had pushed up: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lone_node_keeps_every_message_through_kills() {
    let mut cluster = Cluster::start(1).await;
    let crowd = Crowd::gather(&cluster.urls(), 20).await;
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        cluster.nodes[0].kill();
        cluster.restart(0).await;
        crowd.talks(40).await;
    }
    crowd.stop().await.are_kept(&[0]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shards_spread_over_a_node_that_comes_back() {
    let mut cluster = Cluster::start(3).await;
    cluster.nodes[1].kill();
    until_true("two nodes hold all shards", || async {
        cluster.served(&[0, 2]).await.iter().sum::<u64>() == 24
    })
    .await;
    cluster.restart(1).await;
    cluster.serves_everywhere().await;
}
