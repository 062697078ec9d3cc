//! The nodes behind a real HAProxy with the configuration that ships: customers know one address, and nothing that
//! happens to one node reaches them.

use std::fs::{File, read_to_string, write};
use std::net::IpAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::sockets::{gather, talk};
use crate::support::client::{http, status};
use crate::support::cluster::Cluster;
use crate::support::crowd::Crowd;
use crate::support::node::free_port;
use crate::support::talker::Talker;
use crate::support::{Deadline, PATIENCE, until_true};

const CHATS: usize = 40;

/// A running HAProxy; ends with the test.
struct Proxy {
    child: Child,
    url: String,
    /// The same in HTTP/2 without TLS, as behind `alpn h2` with it.
    url_http_2: String,
}

impl Proxy {
    async fn start(cluster: &Cluster) -> Self {
        Self::start_with(cluster, "").await
    }

    /// The shipped configuration with more said of each server.
    async fn start_with(cluster: &Cluster, of_servers: &str) -> Self {
        let [front, front_http_2] = [free_port(), free_port()].map(|port| format!("127.0.0.1:{port}"));
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/haproxy/haproxy.cfg");
        let mut text = read_to_string(shipped).unwrap();
        for node in ["NODE1", "NODE2", "NODE3"] {
            let server = format!("\"${{{node}}}\"\n");
            assert_eq!(text.matches(&server).count(), 2, "in both backends");
            text = text.replace(&server, &format!("\"${{{node}}}\" {of_servers}\n"));
        }
        let bind = "    bind \"${FRONT}\"\n";
        assert_eq!(text.matches(bind).count(), 1);
        text = text.replace(bind, &format!("{bind}    bind {front_http_2} proto h2\n"));
        let config = cluster.nodes[0].dir.with_file_name("haproxy.cfg");
        write(&config, text).unwrap();
        let path = cluster.nodes[0].dir.with_file_name("proxy.log");
        let log = File::create(&path).unwrap();
        let mut command = Command::new(program());
        command.arg("-db").arg("-f").arg(config).env("FRONT", &front);
        for node in &cluster.nodes {
            command.env(format!("NODE{}", node.id), node.http.trim_start_matches("http://"));
        }
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().expect("HAProxy starts (on Debian: apt-get install haproxy)");
        let (url, url_http_2) = (format!("http://{front}"), format!("h2://{front_http_2}"));
        let mut proxy = Self { child, url, url_http_2 };
        until_true("HAProxy has found the nodes", || {
            let ended = proxy.child.try_wait().unwrap();
            assert!(ended.is_none(), "HAProxy ended: {ended:?}\n{}", read_to_string(&path).unwrap());
            let ready = format!("{}/health/ready", proxy.url);
            async move { status(&ready).await == Some(200) }
        })
        .await;
        proxy
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Debian puts it where only root's path looks.
fn program() -> &'static str {
    let place = "/usr/sbin/haproxy";
    if Path::new(place).exists() { place } else { "haproxy" }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_haproxy_a_kill_and_a_drain_fail_no_request() {
    let mut cluster = Cluster::start(3).await;
    let proxy = Proxy::start(&cluster).await;
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
    let proxy = Proxy::start(&cluster).await;
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
    let proxy = Proxy::start(&cluster).await;
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
        let proxy = Proxy::start_with(&cluster, &format!("source {PROXY_ADDRESS} {says}")).await;
        for client in ["127.0.0.21", "127.0.0.22"] {
            let statuses = [start_from(client, &proxy.url).await, start_from(client, &proxy.url).await];
            assert_eq!(statuses, [200, 200], "{client} {says}");
            assert_eq!(start_from(client, &proxy.url).await, 429, "{client} {says}");
        }
        // Who is not the proxy is believed nothing, whatever he writes.
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

/// An agent's window behind the proxy, opened anew whenever it breaks.
struct Window {
    url: String,
    sign_in: Value,
    talker: Option<Talker>,
}

impl Window {
    async fn open(url: &str, password: &str) -> Self {
        let sign_in = json!({"id": "s", "do": "sign_in", "name": "demo", "password": password});
        let mut window = Self { url: url.to_owned(), sign_in, talker: None };
        window.still_works().await;
        window
    }

    /// He is signed in and can say that he is ready, on this socket or on the next.
    async fn still_works(&mut self) {
        let deadline = Deadline::new();
        loop {
            deadline.check(|| "the agent's window comes back".to_owned());
            if self.says_ready().await.is_some() {
                return;
            }
            self.talker = None;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn says_ready(&mut self) -> Option<()> {
        if self.talker.is_none() {
            let mut talker = Talker::try_window(&self.url).await?;
            let signed = talker.once(&self.sign_in).await.filter(|answer| answer["ok"] == true)?;
            self.sign_in = json!({"id": "s", "do": "sign_in", "name": "demo", "token": signed["token"]});
            self.talker = Some(talker);
        }
        let answer = self.talker.as_mut()?.once(&json!({"id": "r", "do": "ready"})).await?;
        (answer["ok"] == true).then_some(())
    }
}
