//! The nodes behind a real HAProxy with the configuration that ships: customers know one address, and nothing that
//! happens to one node reaches them.

use std::fs::{File, read_to_string};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::client::status;
use crate::support::cluster::Cluster;
use crate::support::crowd::Crowd;
use crate::support::node::free_port;
use crate::support::until_true;

const CHATS: usize = 40;

/// A running HAProxy; ends with the test.
struct Proxy {
    child: Child,
    url: String,
}

impl Proxy {
    async fn start(cluster: &Cluster) -> Self {
        let front = format!("127.0.0.1:{}", free_port());
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/haproxy/haproxy.cfg");
        let path = cluster.nodes[0].dir.with_file_name("proxy.log");
        let log = File::create(&path).unwrap();
        let mut command = Command::new(program());
        command.arg("-db").arg("-f").arg(shipped).env("FRONT", &front);
        for node in &cluster.nodes {
            command.env(format!("NODE{}", node.id), node.http.trim_start_matches("http://"));
        }
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().expect("HAProxy starts (on Debian: apt-get install haproxy)");
        let mut proxy = Self { child, url: format!("http://{front}") };
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
