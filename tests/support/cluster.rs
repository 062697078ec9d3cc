//! Some nodes that share a store, in a temporary folder that goes when the test is over.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use tempfile::TempDir;

use crate::support::keyspaces::{CONTACT_POINTS, Keyspace};
use crate::support::lan::Lan;
use crate::support::node::Node;
use crate::support::until_true;

/// A cluster of real processes.
pub(crate) struct Cluster {
    /// Node 1 is at 0.
    pub(crate) nodes: Vec<Node>,
    /// The nodes' network, if they don't share the host's.
    pub(crate) lan: Option<Lan>,
    folder: TempDir,
    /// After the nodes, which use it.
    _keyspace: Option<Keyspace>,
}

impl Cluster {
    /// Starts `count` nodes and waits until all take customers.
    pub(crate) async fn start(count: usize) -> Self {
        Self::start_with(count, "").await
    }

    /// The same, with more TOML at the end of each node's configuration.
    pub(crate) async fn start_with(count: usize, extra: &str) -> Self {
        let mut cluster = Self::prepare(count, extra);
        cluster.start_all().await;
        cluster
    }

    /// Writes the configurations and starts nothing.
    pub(crate) fn prepare(count: usize, extra: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("handoff-it").tempdir().unwrap();
        let nodes = (1..=count).map(|id| Node::new(folder.path(), id)).collect();
        Self::write(nodes, folder, extra)
    }

    /// Starts `count` nodes, each in a network of its own over one folder, and waits until all take customers; nothing
    /// where namespaces are not permitted, or the store is one that can't be reached from them.
    pub(crate) async fn start_apart(count: usize) -> Option<Self> {
        if std::env::var("HANDOFF_TEST_STORE").is_ok_and(|store| store != "sqlite") {
            println!("skipped: the database listens on the host's loopback, out of reach of namespaces");
            return None;
        }
        let lan = Lan::build(count)?;
        let folder = tempfile::Builder::new().prefix("handoff-it").tempdir().unwrap();
        let place = |place: usize| {
            let mut node = Node::new(folder.path(), place + 1);
            let address = lan.address(place);
            node.http = format!("http://{address}:8080");
            node.admin = format!("http://{address}:9080");
            node.peer = format!("{address}:7080");
            node.space = Some(lan.space(place));
            for key in ["HANDOFF_PEER__INSECURE", "HANDOFF_PEER__SAME_HOST"] {
                node.env.push((key.to_owned(), "true".to_owned()));
            }
            node
        };
        let nodes = (0..count).map(place).collect();
        let mut cluster = Self { lan: Some(lan), ..Self::write(nodes, folder, "") };
        cluster.start_all().await;
        Some(cluster)
    }

    fn write(nodes: Vec<Node>, folder: TempDir, extra: &str) -> Self {
        let seeds: Vec<String> = nodes.iter().map(|node| format!("{:?}", node.peer)).collect();
        let (store, keyspace) = store(folder.path());
        for node in &nodes {
            fs::write(node.config_path(), config(node, &seeds.join(", "), &store, extra)).unwrap();
        }
        write_secret(&folder.path().join("cluster.secret"));
        Self { nodes, lan: None, folder, _keyspace: keyspace }
    }

    /// Starts every node that does not run, together, and waits until they take customers.
    pub(crate) async fn start_all(&mut self) {
        for node in self.nodes.iter_mut().filter(|node| !node.runs()) {
            node.start();
        }
        for node in &mut self.nodes {
            node.ready().await;
        }
    }

    /// A killed or drained node comes back.
    pub(crate) async fn restart(&mut self, index: usize) {
        self.nodes[index].start();
        self.nodes[index].ready().await;
    }

    /// How many shards each of these nodes serves, in its own view.
    pub(crate) async fn served(&self, indexes: &[usize]) -> Vec<u64> {
        let mut served = Vec::new();
        for index in indexes {
            let status = self.nodes[*index].cluster_status().await;
            served.push(status.and_then(|status| status["shards"].as_u64()).unwrap_or(0));
        }
        served
    }

    /// Waits until every node serves some of all shards.
    pub(crate) async fn serves_everywhere(&self) {
        let all: Vec<usize> = (0..self.nodes.len()).collect();
        until_true("every node serves shards", || async {
            let served = self.served(&all).await;
            served.iter().sum::<u64>() == 24 && served.iter().all(|shards| *shards > 0)
        })
        .await;
    }

    /// The password that the nodes made for the demo agent.
    pub(crate) fn demo_password(&self) -> String {
        let file = self.folder.path().join("demo-agent.password");
        fs::read_to_string(file).unwrap().trim().to_owned()
    }

    /// Where customers reach the nodes, node 1 first.
    pub(crate) fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.http.clone()).collect()
    }
}

/// The secret that the nodes of every test share.
pub(crate) const SECRET: &str = "a secret for this test alone";

/// Nodes refuse one that others may read.
fn write_secret(path: &Path) {
    let mut file = fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(path).unwrap();
    file.write_all(SECRET.as_bytes()).unwrap();
}

/// The section of the configuration, and the keyspace that it names.
fn store(root: &Path) -> (String, Option<Keyspace>) {
    match std::env::var("HANDOFF_TEST_STORE").as_deref() {
        Err(_) | Ok("sqlite") => {
            (format!("kind = \"sqlite\"\n[store.sqlite]\ndir = {:?}\n", root.join("store")), None)
        }
        Ok("cassandra") => {
            let keyspace = Keyspace::take();
            let section = format!(
                "kind = \"cassandra\"\n[store.cassandra]\ncontact_points = {CONTACT_POINTS:?}\nkeyspace = {:?}\n",
                keyspace.name
            );
            (section, Some(keyspace))
        }
        Ok(other) => panic!("HANDOFF_TEST_STORE is sqlite or cassandra, not {other}"),
    }
}

fn config(node: &Node, seeds: &str, store: &str, extra: &str) -> String {
    let Node { id, http, admin, peer, dir, .. } = node;
    let (http, admin) = (http.trim_start_matches("http://"), admin.trim_start_matches("http://"));
    let secret = dir.parent().unwrap().join("cluster.secret");
    let bots = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/bots");
    // All customers of a test come from one address.
    let admission =
        if extra.contains("[admission]") { "" } else { "\n[admission]\naddress_starts_per_minute = 0\n" };
    format!(
        "[node]\nid = {id}\ndata_dir = {:?}\n[http]\nlisten = \"{http}\"\n[admin]\nlisten = \"{admin}\"\n\
         [peer]\nlisten = \"{peer}\"\nseeds = [{seeds}]\nsecret_file = {secret:?}\n[bots]\ndir = {bots:?}\n\
         [store]\n{store}{extra}{admission}\n",
        dir.join("data"),
    )
}
