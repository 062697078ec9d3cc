//! A real HAProxy with the configuration that ships, before the nodes of a test.

use std::fs::{File, read_to_string, write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::support::client::status;
use crate::support::node::free_port;
use crate::support::until_true;

/// A running HAProxy; ends with the test.
pub(crate) struct Proxy {
    child: Child,
    /// What clients know.
    pub(crate) url: String,
    /// The same in HTTP/2 without TLS, as behind `alpn h2` with it.
    pub(crate) url_http_2: String,
    _folder: TempDir,
}

impl Proxy {
    /// The shipped configuration, before three nodes.
    pub(crate) async fn start(nodes: &[String]) -> Self {
        Self::start_with(nodes, "").await
    }

    /// The same with more said of each server.
    pub(crate) async fn start_with(nodes: &[String], of_servers: &str) -> Self {
        Self::start_of(nodes, &shipped(of_servers)).await
    }

    /// The shipped configuration with another choice of backends, as `rule` has it.
    pub(crate) async fn start_choosing(nodes: &[String], rule: &str) -> Self {
        let text = shipped("");
        let choice = "    use_backend cometd if { path_beg /genesys/cometd }\n    default_backend nodes\n";
        assert_eq!(text.matches(choice).count(), 1);
        Self::start_of(nodes, &text.replace(choice, rule)).await
    }

    async fn start_of(nodes: &[String], text: &str) -> Self {
        let [front, front_http_2] = [free_port(), free_port()].map(|port| format!("127.0.0.1:{port}"));
        let bind = "    bind \"${FRONT}\"\n";
        assert_eq!(text.matches(bind).count(), 1);
        let text = text.replace(bind, &format!("{bind}    bind {front_http_2} proto h2\n"));
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("haproxy.cfg");
        write(&config, text).unwrap();
        let path = folder.path().join("log");
        let log = File::create(&path).unwrap();
        let mut command = Command::new(program());
        command.arg("-db").arg("-f").arg(config).env("FRONT", &front);
        for (url, number) in nodes.iter().zip(1..) {
            command.env(format!("NODE{number}"), url.trim_start_matches("http://"));
        }
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().expect("HAProxy starts (on Debian: apt-get install haproxy)");
        let (url, url_http_2) = (format!("http://{front}"), format!("h2://{front_http_2}"));
        let mut proxy = Self { child, url, url_http_2, _folder: folder };
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

/// The configuration that ships, with more said of each server.
fn shipped(of_servers: &str) -> String {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/haproxy/haproxy.cfg");
    let mut text = read_to_string(shipped).unwrap();
    for node in ["NODE1", "NODE2", "NODE3"] {
        let server = format!("\"${{{node}}}\"\n");
        assert_eq!(text.matches(&server).count(), 2, "in both backends");
        text = text.replace(&server, &format!("\"${{{node}}}\" {of_servers}\n"));
    }
    text
}

/// Debian puts it where only root's path looks.
fn program() -> &'static str {
    let place = "/usr/sbin/haproxy";
    if Path::new(place).exists() { place } else { "haproxy" }
}
