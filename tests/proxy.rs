//! The nodes behind a real HAProxy with the configuration that ships: customers know one address, and nothing that
//! happens to one node reaches them.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::sockets::{gather, talk};
use crate::support::client::http;
use crate::support::cluster::Cluster;
use crate::support::crowd::Crowd;
use crate::support::proxy::Proxy;
use crate::support::window::Window;
use crate::support::{Deadline, PATIENCE, until_true};

const CHATS: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_haproxy_a_kill_and_a_drain_fail_no_request() {
    let mut cluster = Cluster::start(3).await;
    let proxy = Proxy::start(&cluster.urls()).await;
    let crowd = Crowd::gather(std::slice::from_ref(&proxy.url), CHATS).await;
    for victim in [0, 2] {
        cluster.nodes[victim].kill();
        crowd.talks(2 * CHATS).await;
        cluster.restart(victim).await;
        crowd.talks(CHATS).await;
    }
    assert_eq!(cluster.nodes[1].drain().await.code(), Some(0), "{}", cluster.nodes[1].log());
    crowd.talks(2 * CHATS).await;
    cluster.restart(1).await;
    crowd.talks(CHATS).await;
    let mut promises = crowd.stop().await;
    promises.are_kept(&[0]).await;
    let unanswered: usize = promises.0.iter().map(|(customer, _)| customer.unanswered).sum();
    assert_eq!(unanswered, 0, "requests that HAProxy did not bring to a node");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_haproxy_sockets_of_customers_and_agents_go_on_through_kills_and_a_drain() {
    sockets_go_on(|proxy| proxy.url.clone()).await;
}

/// RFC 8441: a browser that has HTTP/2 to the proxy opens its sockets in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_haproxy_sockets_in_http_2_go_on_through_kills_and_a_drain() {
    sockets_go_on(|proxy| proxy.url_http_2.clone()).await;
}

async fn sockets_go_on(front: impl Fn(&Proxy) -> String) {
    let mut cluster = Cluster::start(3).await;
    let proxy = Proxy::start(&cluster.urls()).await;
    let front = front(&proxy);
    let mut talkers = gather(std::slice::from_ref(&front)).await;
    let mut agent = Window::open(&front, &cluster.demo_password()).await;
    for victim in [0, 1] {
        talkers = talk(talkers, 10, async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            cluster.nodes[victim].kill();
        })
        .await;
        agent.still_works().await;
        cluster.restart(victim).await;
    }
    talkers = talk(talkers, 10, async {
        assert_eq!(cluster.nodes[2].drain().await.code(), Some(0), "{}", cluster.nodes[2].log());
    })
    .await;
    agent.still_works().await;
    assert!(talkers.iter().any(|talker| talker.reopened > 0), "nobody's socket broke");
    for talker in &mut talkers {
        talker.is_kept(0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_haproxy_a_cometd_client_is_held_at_its_node_and_shakes_hands_anew_when_that_dies() {
    let mut cluster = Cluster::start(3).await;
    let proxy = Proxy::start(&cluster.urls()).await;
    let id = shake_hands(&proxy.url).await;
    let request = json!({"operation": "requestChat", "nickname": "Zoë", "text": "hello"});
    assert_eq!(publish(&proxy.url, &id, request).await["successful"], true);
    let key = loop {
        if let Some(event) = connect(&proxy.url, &id).await {
            break event["secureKey"].as_str().unwrap().to_owned();
        }
    };
    // Each request on a connection of its own, and all come to the node that knows the client.
    for _ in 0..20 {
        assert_eq!(subscribe(&proxy.url, &id).await["successful"], true);
    }
    let mut owners = Vec::new();
    for (place, node) in cluster.nodes.iter().enumerate() {
        if subscribe(&node.http, &id).await["successful"] == true {
            owners.push(place);
        }
    }
    assert_eq!(owners.len(), 1, "a session is on one node");
    cluster.nodes[owners[0]].kill();
    until_true("another node says that it does not know the client", || async {
        subscribe(&proxy.url, &id).await["error"] == "402::Unknown client"
    })
    .await;
    let id = shake_hands(&proxy.url).await;
    let request = json!({"operation": "requestNotifications", "secureKey": key});
    until_true("the chat is found again", || async {
        publish(&proxy.url, &id, request.clone()).await["successful"] == true
    })
    .await;
    until_true("the first message is told again", || async {
        connect(&proxy.url, &id).await.is_some_and(|event| event.to_string().contains("hello"))
    })
    .await;
}

/// Where the proxy's own connections come from, so that the nodes can trust it and not the test.
const PROXY_ADDRESS: &str = "127.0.0.9";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_haproxy_each_client_is_counted_by_its_own_address() {
    let ways =
        [("false", ""), ("true", "send-proxy-v2 check-send-proxy"), ("true", "send-proxy check-send-proxy")];
    for (protocol, says) in ways {
        let mut cluster = Cluster::prepare(1, "[admission]\naddress_starts_per_minute = 2\n");
        let settings =
            [("HANDOFF_HTTP__TRUSTED_PROXIES", PROXY_ADDRESS), ("HANDOFF_HTTP__PROXY_PROTOCOL", protocol)];
        for (key, value) in settings {
            cluster.nodes[0].env.push((key.to_owned(), value.to_owned()));
        }
        cluster.start_all().await;
        let proxy = Proxy::start_with(&cluster.urls(), &format!("source {PROXY_ADDRESS} {says}")).await;
        for client in ["127.0.0.21", "127.0.0.22"] {
            let statuses = [start_from(client, &proxy.url).await, start_from(client, &proxy.url).await];
            assert_eq!(statuses, [200, 200], "{client} {says}");
            assert_eq!(start_from(client, &proxy.url).await, 429, "{client} {says}");
        }
        // Of anybody else than the proxy such a header is not believed, whatever it says.
        let node = cluster.nodes[0].http.clone();
        let statuses = [start_from("127.0.0.23", &node).await, start_from("127.0.0.23", &node).await];
        assert_eq!((statuses, start_from("127.0.0.23", &node).await), ([200, 200], 429), "{says}");
    }
}

/// Starts a chat from this address of the machine, and claims to be somebody else each time; the node's HTTP status.
async fn start_from(address: &str, url: &str) -> u16 {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    handoff::tls::choose_provider();
    let client = reqwest::Client::builder().local_address(address.parse::<IpAddr>().unwrap()).no_proxy();
    let forged = format!("198.51.100.{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let client = client.build().unwrap();
    let start = || {
        let request = client.post(format!("{url}/genesys/2/chat/default")).timeout(PATIENCE);
        request.header("x-forwarded-for", &forged).form(&[("nickname", "Zoë")]).send()
    };
    let deadline = Deadline::new();
    loop {
        let status = start().await.unwrap().status().as_u16();
        // On a busy machine the proxy may take its only node for gone, and says so itself.
        if status != 503 || deadline.is_over() {
            return status;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// One Bayeux message and what it is answered with; nothing where nobody answers.
async fn bayeux(url: &str, message: Value) -> Option<Vec<Value>> {
    let request = http().post(format!("{url}/genesys/cometd")).json(&json!([message]));
    request.send().await.ok()?.json().await.ok()
}

async fn reply(url: &str, message: Value) -> Value {
    bayeux(url, message).await.and_then(|replies| replies.last().cloned()).unwrap_or_default()
}

async fn shake_hands(url: &str) -> String {
    let message = json!({"channel": "/meta/handshake", "version": "1.0"});
    reply(url, message).await["clientId"].as_str().unwrap().to_owned()
}

async fn subscribe(url: &str, id: &str) -> Value {
    let subscription = "/service/chatV2/default";
    reply(url, json!({"channel": "/meta/subscribe", "clientId": id, "subscription": subscription})).await
}

async fn publish(url: &str, id: &str, data: Value) -> Value {
    reply(url, json!({"channel": "/service/chatV2/default", "clientId": id, "data": data})).await
}

/// The first event that a connect brings.
async fn connect(url: &str, id: &str) -> Option<Value> {
    let replies = bayeux(url, json!({"channel": "/meta/connect", "clientId": id})).await?;
    replies.first().and_then(|first| first.get("data")).cloned()
}
