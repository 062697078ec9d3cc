//! The native sockets of real nodes: they break with their node, with the chat's owner and with the network, and
//! their clients go on elsewhere without a message lost, doubled or out of order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::cluster::Cluster;
use crate::support::lan::HOST;
use crate::support::talker::{RUN, Talker};
use crate::support::{outcome, until_true};

const TALKERS: usize = 18;

/// Customers with a chat each, spread over the nodes.
pub(crate) async fn gather(urls: &[String]) -> Vec<Talker> {
    let mut talkers = Vec::new();
    for number in 0..TALKERS {
        talkers.push(Talker::start(urls, number, &format!("talker{number}")).await);
    }
    talkers
}

/// All talk at the same time, so many messages each and until it is over; `during` happens while they do.
pub(crate) async fn talk(
    talkers: Vec<Talker>,
    messages: usize,
    during: impl Future<Output = ()>,
) -> Vec<Talker> {
    let over = Arc::new(AtomicBool::new(false));
    let talks: Vec<_> = talkers
        .into_iter()
        .map(|mut talker| {
            let over = Arc::clone(&over);
            tokio::spawn(async move {
                let goal = talker.acknowledged.len() + messages;
                while talker.acknowledged.len() < goal || !over.load(Ordering::Relaxed) {
                    let text = format!("message {}", talker.acknowledged.len() + 1);
                    talker.send(&text).await;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                talker
            })
        })
        .collect();
    during.await;
    over.store(true, Ordering::Relaxed);
    let mut talkers = Vec::new();
    for one in talks {
        talkers.push(outcome(one).await);
    }
    talkers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_goes_on_at_another_node_when_its_node_or_the_chat_s_owner_is_killed() {
    let mut cluster = Cluster::start(3).await;
    let mut talkers = gather(&cluster.urls()).await;
    for victim in [0, 1] {
        let pause = Duration::from_millis(200);
        talkers = talk(talkers, 15, async {
            tokio::time::sleep(pause).await;
            cluster.nodes[victim].kill();
        })
        .await;
        cluster.restart(victim).await;
        talkers = talk(talkers, 5, async {}).await;
    }
    assert!(talkers.iter().any(|talker| talker.reopened > 0), "nobody's socket broke");
    for talker in &mut talkers {
        for node in 0..3 {
            talker.is_kept(node).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_drains_leads_its_sockets_away_and_exits_0() {
    let mut cluster = Cluster::start(3).await;
    let mut talkers = gather(&cluster.urls()).await;
    talkers = talk(talkers, 10, async {
        assert_eq!(cluster.nodes[0].drain().await.code(), Some(0), "{}", cluster.nodes[0].log());
    })
    .await;
    // Customers who had said all they had to say before the drain go on now.
    talkers = talk(talkers, 5, async {}).await;
    let told = talkers.iter().filter(|talker| talker.reopened > 0).count();
    assert!(told >= TALKERS / 3, "only {told} went on elsewhere");
    for talker in &mut talkers {
        talker.is_kept(1).await;
        talker.is_kept(2).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_is_not_the_next_is_refused_and_one_that_was_taken_gets_its_answer_again() {
    let cluster = Cluster::start(2).await;
    let mut talker = Talker::start(&cluster.urls(), 0, "counter").await;
    talker.send("one").await;
    let again = talker.insist(json!({"do": "send", "number": 1, "run": RUN, "text": "one"})).await;
    assert_eq!(again["number"], 1);
    let mut early = json!({"id": "early", "do": "send", "number": 3, "run": RUN, "text": "three"});
    let refused = talker.answer(&early).await;
    assert_eq!((&refused["error"]["code"], &refused["error"]["expected"]), (&json!("expected"), &json!(2)));
    early["text"] = "x".repeat(20_000).into();
    early["number"] = 2.into();
    early["id"] = "long".into();
    assert_eq!(talker.answer(&early).await["error"]["code"], "too_long");
    talker.send("two").await;
    talker.send("three").await;
    talker.is_kept(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_agent_signs_in_at_any_node_with_the_password_that_the_first_start_made() {
    let cluster = Cluster::start(2).await;
    let password = cluster.demo_password();
    let mut token = Value::Null;
    for (node, url) in cluster.urls().iter().enumerate() {
        let mut window = Talker::window(url).await;
        let wrong = json!({"id": "w", "do": "sign_in", "name": "demo", "password": "wrong"});
        assert_eq!(window.answer(&wrong).await["error"]["code"], "wrong_password");
        let mut sign_in = json!({"id": "s", "do": "sign_in", "name": "demo", "password": password});
        if node > 0 {
            sign_in = json!({"id": "s", "do": "sign_in", "name": "demo", "token": token});
        }
        let signed = window.answer(&sign_in).await;
        assert_eq!((&signed["ok"], &signed["nickname"]), (&json!(true), &json!("Demo Agent")), "{signed}");
        token = signed["token"].clone();
        assert!(window.answer(&json!({"id": "r", "do": "ready"})).await["ok"] == true);
        assert!(!cluster.nodes[node].log().contains(&password));
    }
}

/// How often the node of a cluster of one closed sockets of a kind for their silence.
async fn silent(cluster: &Cluster, kind: &str) -> bool {
    let page = cluster.lan.as_ref().unwrap().get(0, 9080, "/metrics");
    page.contains(&format!("handoff_socket_closes_total{{kind=\"{kind}\",reason=\"silent\"}} 1"))
}

/// A customer's link loses all that goes from one place to another; both ends find out and the chat goes on.
async fn half_open(from: usize, to: usize) {
    let Some(cluster) = Cluster::start_apart(1).await else { return };
    let lan = cluster.lan.as_ref().unwrap();
    let mut talker = Talker::start(&cluster.urls(), 0, "half-open").await;
    talker.send("before").await;
    lan.lose(from, to);
    // The client hears nothing more of a server that does not hear it, and gives the socket up; its side of the
    // connection stands all the while.
    while talker.frame().await.is_some() {}
    let half_open = talker.socket.take();
    until_true("the server closed the silent socket", || silent(&cluster, "customer")).await;
    lan.heal();
    drop(half_open);
    talker.send("after").await;
    talker.is_kept(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_loses_all_from_the_node_to_the_customer_is_found_by_both_ends() {
    half_open(0, HOST).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_loses_all_from_the_customer_to_the_node_is_found_by_both_ends() {
    half_open(HOST, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_s_half_open_link_is_found_in_either_direction_and_they_sign_in_anew() {
    for (from, to) in [(0, HOST), (HOST, 0)] {
        let Some(cluster) = Cluster::start_apart(1).await else { return };
        let lan = cluster.lan.as_ref().unwrap();
        let (url, password) = (cluster.urls().remove(0), cluster.demo_password());
        let mut window = Talker::window(&url).await;
        let mut sign_in = json!({"id": "s", "do": "sign_in", "name": "demo", "password": password});
        let token = window.answer(&sign_in).await["token"].clone();
        lan.lose(from, to);
        while window.frame().await.is_some() {}
        let half_open = window.socket.take();
        until_true("the server closed the agent's silent socket", || silent(&cluster, "agent")).await;
        lan.heal();
        drop(half_open);
        let mut window = Talker::window(&url).await;
        sign_in["token"] = token;
        sign_in.as_object_mut().unwrap().remove("password");
        assert_eq!(window.answer(&sign_in).await["ok"], true);
    }
}
