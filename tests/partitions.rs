//! Broken networks between real nodes, under load: each node in a network namespace of its own, over one folder. The
//! store stays within reach of all, so this is about who may serve a chat, never about what is stored.

use std::time::Duration;

use crate::support::client::Customer;
use crate::support::cluster::Cluster;
use crate::support::crowd::Crowd;

const CHATS: usize = 40;

/// A time for the cluster to notice and settle in, before the network heals.
const BROKEN_FOR: Duration = Duration::from_secs(3);

/// How often a machine may be too busy for what a test is about.
const ROUNDS: usize = 5;

/// Breaks the network as told, lets the chats go on, heals it, and waits until every node serves shards again; then
/// every acknowledged message must be at every node, once and in order.
async fn lives_through(cluster: &mut Cluster, break_it: impl Fn(&Cluster)) {
    let crowd = Crowd::gather(&cluster.urls(), CHATS).await;
    break_it(cluster);
    crowd.talks(2 * CHATS).await;
    tokio::time::sleep(BROKEN_FOR).await;
    crowd.talks(CHATS).await;
    cluster.lan.as_ref().unwrap().heal();
    for node in &mut cluster.nodes {
        node.ready().await;
    }
    cluster.serves_everywhere().await;
    crowd.talks(CHATS).await;
    crowd.stop().await.are_kept(&[0, 1, 2]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_cut_off_from_both_others_loses_no_acknowledged_message_and_serves_again() {
    let Some(mut cluster) = Cluster::start_apart(3).await else { return };
    lives_through(&mut cluster, |cluster| {
        let lan = cluster.lan.as_ref().unwrap();
        lan.cut(0, 1);
        lan.cut(0, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_that_lose_each_other_while_the_third_hears_both_lose_no_acknowledged_message() {
    let Some(mut cluster) = Cluster::start_apart(3).await else { return };
    lives_through(&mut cluster, |cluster| cluster.lan.as_ref().unwrap().cut(0, 1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_hears_the_others_but_is_not_heard_loses_no_acknowledged_message() {
    let Some(mut cluster) = Cluster::start_apart(3).await else { return };
    lives_through(&mut cluster, |cluster| {
        let lan = cluster.lan.as_ref().unwrap();
        lan.lose(0, 1);
        lan.lose(0, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_direction_lost_between_two_nodes_loses_no_acknowledged_message() {
    let Some(mut cluster) = Cluster::start_apart(3).await else { return };
    lives_through(&mut cluster, |cluster| cluster.lan.as_ref().unwrap().lose(2, 1)).await;
}

/// A chat that the first node's gateway tells "again" while it is cut off from the second, where the chat is served,
/// and the text that was to be sent; nothing where the third agreed that the second is gone, as on a busy machine.
async fn told_again(cluster: &Cluster, round: usize) -> Option<(Customer, String)> {
    // Chats over all shards: some of them are the second node's.
    let mut customers = Vec::new();
    for number in 0..24 {
        let mut customer = Customer::request(&cluster.urls(), number, "between").await;
        customer.send("before", "1").await;
        customers.push(customer);
    }
    let list = cluster.nodes[2].list_version().await;
    let lan = cluster.lan.as_ref().unwrap();
    lan.cut(0, 1);
    for customer in customers {
        let text = format!("cut {round}");
        let answer =
            customer.call_patiently(0, "send", &[("message", &text), ("clientMessageId", "2")]).await;
        if answer["statusCode"] == 1 {
            return Some((customer, text));
        }
    }
    assert_ne!(
        cluster.nodes[2].list_version().await,
        list,
        "all are members still, and no chat was told again"
    );
    lan.heal();
    cluster.serves_everywhere().await;
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chat_that_its_gateway_can_not_reach_is_told_again_and_goes_on_at_another_node() {
    let Some(cluster) = Cluster::start_apart(3).await else { return };
    let mut found = None;
    for round in 0..ROUNDS {
        found = told_again(&cluster, round).await;
        if found.is_some() {
            break;
        }
    }
    let (customer, text) = found.expect("the second node was put down each time");
    let mut elsewhere = customer.only_at(2);
    elsewhere.send(&text, "2").await;
    elsewhere.send("after", "3").await;
    cluster.lan.as_ref().unwrap().heal();
    let mut home = customer.only_at(0);
    home.send("healed", "4").await;
    let answer = home.refresh(1).await;
    let own: Vec<&str> = answer["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["type"] == "Message" && event["from"]["nickname"] == "between")
        .map(|event| event["text"].as_str().unwrap())
        .collect();
    assert_eq!(own, ["before", &text, "after", "healed"]);
}
