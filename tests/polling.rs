//! Customers and agents without a socket, over real nodes: they poll, through the kill of the node that they poll, and
//! are there for as long as they do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::grace::is_in;
use crate::support::cluster::Cluster;
use crate::support::poller::Poller;
use crate::support::proxy::Proxy;
use crate::support::{Deadline, outcome, until_true};

const TURNS: usize = 30;

/// An agent who polls takes the chat of a customer who polls.
async fn meet(cluster: &Cluster) -> (Poller, Poller) {
    let mut agent = Poller::agent(&cluster.urls(), &cluster.demo_password());
    agent.insists(json!({"do": "ready"})).await;
    let mut customer = Poller::customer(&cluster.urls()).await;
    customer.says(1, "I want to talk to a person").await;
    let chat = customer.chat.clone();
    agent.comes_to(&chat, "offered").await;
    agent.insists(json!({"do": "accept", "chat": chat})).await;
    agent.comes_to(&chat, "chatting").await;
    (customer, agent)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_and_an_agent_who_only_poll_talk_through_the_kills_of_the_nodes_that_they_poll() {
    let mut cluster = Cluster::start(3).await;
    let (mut customer, mut agent) = meet(&cluster).await;
    let turns = Arc::new(AtomicUsize::new(0));
    let done = Arc::clone(&turns);
    let asks = tokio::spawn(async move {
        for turn in 1..=TURNS {
            customer.says(turn + 1, &format!("question {turn}")).await;
            customer.hears(&format!("answer {turn}")).await;
            done.store(turn, Ordering::Relaxed);
        }
        customer
    });
    let answers = tokio::spawn(async move {
        let chat = agent.chat.clone();
        for turn in 1..=TURNS {
            agent.hears(&format!("question {turn}")).await;
            agent.insists(json!({"do": "send", "chat": chat, "text": format!("answer {turn}")})).await;
        }
        agent.hears(&format!("answer {TURNS}")).await;
        agent
    });
    for (victim, turn) in [(0, 5), (1, 15)] {
        until_true("they talk", || async {
            turns.load(Ordering::Relaxed) >= turn || asks.is_finished() || answers.is_finished()
        })
        .await;
        cluster.nodes[victim].kill();
        until_true("they talk again", || async {
            turns.load(Ordering::Relaxed) >= turn + 5 || asks.is_finished() || answers.is_finished()
        })
        .await;
        cluster.restart(victim).await;
    }
    let (customer, agent) = (outcome(asks).await, outcome(answers).await);
    assert!(customer.unanswered > 0 && agent.unanswered > 0, "nobody's poll broke");
    let all: Vec<String> =
        (1..=TURNS).flat_map(|turn| [format!("question {turn}"), format!("answer {turn}")]).collect();
    assert_eq!(customer.texts("question|answer"), all, "as the customer was shown it");
    assert_eq!(agent.texts("question|answer"), all, "as the agent was shown it");
    for node in 0..3 {
        let mut anew = customer.anew(node);
        anew.hears(&format!("answer {TURNS}")).await;
        assert_eq!(anew.texts("question|answer"), all, "as node {node} has it");
        let differs = customer.seen.iter().find(|(index, event)| anew.seen.get(index) != Some(event));
        assert!(differs.is_none(), "{differs:?} was shown and is gone");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_who_polls_without_a_pause_is_there_and_one_who_stops_is_lost_after_the_grace_time() {
    let cluster = Cluster::start_with(2, "\n[desk]\ngrace_ms = 3000\n").await;
    let (customer, mut agent) = meet(&cluster).await;
    let unanswered = agent.unanswered;
    // Nothing happens in the chat or at the desk for three times the grace time.
    let frames = agent.polls(&[], 9_000).await.expect("an answer");
    assert!(frames.iter().all(|frame| frame["event"] != "desk"), "{frames:?}");
    is_in(&cluster, &customer.chat, "agent").await;
    assert_eq!(agent.unanswered, unanswered);
    is_in(&cluster, &customer.chat, "queue").await;
    agent.comes_to(&customer.chat, "over").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_haproxy_a_poll_waits_as_long_as_it_may() {
    let cluster = Cluster::start(3).await;
    let proxy = Proxy::start(&cluster.urls()).await;
    let mut customer = Poller::customer(std::slice::from_ref(&proxy.url)).await;
    let (deadline, whole) = (Deadline::new(), Duration::from_secs(25));
    let mut took = Duration::ZERO;
    // First the bot greets.
    while took < whole {
        deadline.check(|| format!("nothing happens in the chat for {whole:?}"));
        let begun = Instant::now();
        customer.polls(&[], 25_000).await.expect("an answer, not the proxy's error");
        took = begun.elapsed();
    }
}
