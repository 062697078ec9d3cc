//! A node and its database: who is there first does not matter.

use std::process::{Command, Stdio};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use crate::support::client::Customer;
use crate::support::cluster::Cluster;
use crate::support::node::{Node, free_port, handoff};
use crate::support::until_true;

/// Lets a node write to Cassandra, in a keyspace of its own, at these places.
fn uses_cassandra(node: &mut Node, points: &[String]) {
    for (key, value) in [
        ("KIND", "cassandra".to_owned()),
        ("CASSANDRA__CONTACT_POINTS", points.join(",")),
        ("CASSANDRA__KEYSPACE", format!("handoff_late_{}", std::process::id())),
    ] {
        node.env.push((format!("HANDOFF_STORE__{key}"), value));
    }
}

/// Passes bytes on, from a place to the database behind it.
async fn relay(from: String, to: String) {
    let listener = TcpListener::bind(from).await.unwrap();
    loop {
        let (mut near, _) = listener.accept().await.unwrap();
        let to = to.clone();
        tokio::spawn(async move {
            if let Ok(mut far) = TcpStream::connect(to).await {
                let _ended = copy_bidirectional(&mut near, &mut far).await;
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_starts_before_cassandra_answers_waits_for_it() {
    let Ok(databases) = std::env::var("HANDOFF_CASSANDRA") else {
        println!("skipped: HANDOFF_CASSANDRA names no database");
        return;
    };
    // The driver takes the port of the place where it starts for that of all database nodes.
    let port = free_port();
    let places: Vec<(String, String)> = databases
        .split(',')
        .map(|to| (format!("{}:{port}", to.split(':').next().unwrap()), to.to_owned()))
        .collect();
    let mut cluster = Cluster::prepare(1, "");
    let points: Vec<String> = places.iter().map(|(from, _)| from.clone()).collect();
    uses_cassandra(&mut cluster.nodes[0], &points);
    let filter = ("HANDOFF_LOG__FILTER".to_owned(), "info,scylla=warn".to_owned());
    cluster.nodes[0].env.push(filter);
    cluster.nodes[0].start();
    let told = || cluster.nodes[0].log().matches("the store does not answer, trying again").count();
    let tried = || cluster.nodes[0].log().matches("Could not establish control connection").count();
    until_true("the node says so", || std::future::ready(told() > 0)).await;
    let before = tried();
    // The driver says so with each try, at most once for each place.
    until_true("the node tries again", || std::future::ready(tried() > before + 2 * places.len())).await;
    assert_eq!(told(), 1, "the node itself says so once, not with each try: {}", cluster.nodes[0].log());
    for (from, to) in places {
        tokio::spawn(relay(from, to));
    }
    cluster.nodes[0].ready().await;
    let mut customer = Customer::request(&cluster.urls(), 0, "early").await;
    customer.send("hello", "1").await;
}

#[test]
fn a_node_that_is_not_to_wait_says_at_once_that_its_database_does_not_answer() {
    let mut cluster = Cluster::prepare(1, "");
    let node = &mut cluster.nodes[0];
    uses_cassandra(node, &[format!("127.0.0.1:{}", free_port())]);
    let mut command: Command = handoff();
    command.arg("serve").arg("--config").arg(node.config_path()).args(["--set", "store.start_wait_ms=0"]);
    let output = command.envs(node.env.iter().cloned()).stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("no database node answers"), "{told}");
    assert!(!told.contains("trying again"), "{told}");
}
