//! What operators rely on: signals, health, metrics, the admin API and its token, the command line, and the scripts.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::support::client::{Customer, http, status};
use crate::support::cluster::Cluster;
use crate::support::node::{Node, binary, handoff};
use crate::support::script::{Script, script_command};
use crate::support::until_true;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Runs the binary with a node's configuration.
fn ask(node: &Node, arguments: &[&str]) -> Output {
    let mut command = handoff();
    command.arg("--config").arg(node.config_path()).args(arguments).current_dir(&node.dir).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a command that succeeds prints.
fn tells(node: &Node, arguments: &[&str]) -> String {
    let output = ask(node, arguments);
    assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_ends_a_lone_node_with_0_and_its_chats_come_back() {
    let mut cluster = Cluster::start(1).await;
    let mut customer = Customer::request(&cluster.urls(), 0, "ann").await;
    customer.send("before", "1").await;
    let ended = cluster.nodes[0].drain().await;
    assert_eq!(ended.code(), Some(0), "{}", cluster.nodes[0].log());
    cluster.restart(0).await;
    let answer = customer.refresh(1).await;
    assert!(answer["messages"].as_array().unwrap().iter().any(|event| event["text"] == "before"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_is_told_on_both_listeners() {
    let cluster = Cluster::start(1).await;
    let node = &cluster.nodes[0];
    for base in [&node.http, &node.admin] {
        assert_eq!(status(&format!("{base}/health/live")).await, Some(200));
        assert_eq!(status(&format!("{base}/health/ready")).await, Some(200));
    }
    // What operators see is not for customers.
    for path in ["/metrics", "/admin/v1/cluster"] {
        assert_eq!(status(&format!("{}{path}", node.http)).await, Some(404), "{path} on the public listener");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_admin_api_needs_the_token_that_the_node_made() {
    let cluster = Cluster::start(2).await;
    let [first, second] = [&cluster.nodes[0], &cluster.nodes[1]];
    assert_ne!(first.token(), second.token());
    assert!(first.token().len() >= 32, "a short token");
    let mode = fs::metadata(first.dir.join("data/admin.token")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "others may read the token: {mode:o}");
    for path in ["cluster", "shards", "sessions/x", "records/x", "nowhere"] {
        let url = format!("{}/admin/v1/{path}", first.admin);
        assert_eq!(status(&url).await, Some(401), "{path} without a token");
        for wrong in [second.token(), String::new(), first.token()[1..].to_owned()] {
            let answer = http().get(&url).bearer_auth(wrong).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 401, "{path} with a wrong token");
        }
    }
    let url = format!("{}/admin/v1/drain", first.admin);
    assert_eq!(http().post(&url).send().await.unwrap().status().as_u16(), 401);
    assert_eq!(first.cluster_status().await.unwrap()["id"], 1);
}

/// The names that Prometheus would see.
fn metric_names(page: &str) -> BTreeSet<String> {
    let names = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    names.filter_map(|line| Some(line.split_once(' ')?.0.to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_metric_is_explained_on_its_page() {
    let cluster = Cluster::start(2).await;
    let mut customer = Customer::request(&cluster.urls(), 0, "ann").await;
    customer.send("hello", "1").await;
    let page =
        http().get(format!("{}/metrics", cluster.nodes[0].admin)).send().await.unwrap().text().await.unwrap();
    let names = metric_names(&page);
    assert!(names.len() > 5, "{page}");
    let documented = fs::read_to_string(root().join("docs/metrics.md")).unwrap();
    for name in names {
        assert!(name.starts_with("handoff_"), "{name} is not named as ours");
        assert!(documented.contains(&name), "docs/metrics.md lacks {name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_shows_cluster_session_and_record() {
    let cluster = Cluster::start(2).await;
    let node = &cluster.nodes[0];
    let mut customer = Customer::request(&cluster.urls(), 0, "Ann Lee").await;
    customer.send("the record has <this> & \u{1f600}", "1").await;

    let status: Value = serde_json::from_str(&tells(node, &["cluster", "status", "--json"])).unwrap();
    assert_eq!((&status["id"], &status["state"]), (&Value::from(1), &Value::from("up")), "{status}");
    assert_eq!(status["members"].as_array().unwrap().len(), 2, "{status}");
    let shards: Value = serde_json::from_str(&tells(node, &["cluster", "shards", "--json"])).unwrap();
    assert_eq!(shards.as_array().unwrap().len(), 24);
    assert!(tells(node, &["cluster", "status"]).contains("up"));

    let id = customer.chat_id.clone();
    assert!(tells(node, &["session", "show", &id]).contains(&id));
    customer.insist("disconnect", &[]).await;
    let xml = tells(node, &["record", "export", &id, "--format", "xml"]);
    assert!(
        xml.contains("<chatTranscript") && xml.contains("the record has &lt;this&gt; &amp; \u{1f600}"),
        "{xml}"
    );
    let json: Value =
        serde_json::from_str(&tells(node, &["record", "export", &id, "--format", "json"])).unwrap();
    assert!(json.to_string().contains("the record has <this> & \u{1f600}"), "{json}");
    // Whichever node is asked.
    assert_eq!(xml, tells(&cluster.nodes[1], &["record", "export", &id, "--format", "xml"]));
    let unknown = ask(node, &["session", "show", "0000000000000000"]);
    assert_eq!(unknown.status.code(), Some(1), "{}", text(&unknown.stdout));
}

#[test]
fn a_wrong_configuration_is_refused_with_what_to_change() {
    let cluster = Cluster::prepare(1, "");
    let node = &cluster.nodes[0];
    assert!(ask(node, &["check"]).status.success(), "{}", text(&ask(node, &["check"]).stderr));
    let cases = [
        ("http.lisen=127.0.0.1:1", "http.listen"),
        ("http.listen=nonsense", "http.listen"),
        ("peer.listen=0.0.0.0:7080", "insecure"),
        ("store.kind=oracle", "sqlite"),
        ("cluster.limit_ms=1", "limit_ms"),
    ];
    for (wrong, hint) in cases {
        for command in ["check", "serve"] {
            let output = ask(node, &[command, "--set", wrong]);
            assert_eq!(output.status.code(), Some(1), "{command} takes {wrong}");
            let told = text(&output.stderr) + &text(&output.stdout);
            assert!(told.contains(hint), "{command} --set {wrong} says: {told}");
        }
    }
    assert_eq!(ask(node, &["explode"]).status.code(), Some(2));
    let default = tells(node, &["config", "default"]);
    assert_eq!(default, fs::read_to_string(root().join("config/default.toml")).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_port_and_a_second_start_say_so() {
    let cluster = Cluster::start(1).await;
    let node = &cluster.nodes[0];
    let second = ask(node, &["serve"]);
    assert_eq!(second.status.code(), Some(1));
    let port = node.http.rsplit(':').next().unwrap();
    let told = text(&second.stderr) + &text(&second.stdout);
    assert!(told.contains(port) || told.contains("already"), "{told}");
    assert_eq!(status(&format!("{}/health/ready", node.http)).await, Some(200), "the first one goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drain_by_the_command_line_moves_every_shard() {
    let cluster = Cluster::start(2).await;
    let mut customer = Customer::request(&cluster.urls(), 0, "ann").await;
    customer.send("before", "1").await;
    tells(&cluster.nodes[0], &["cluster", "drain"]);
    assert_eq!(cluster.served(&[1]).await, [24]);
    assert_ne!(status(&format!("{}/health/ready", cluster.nodes[0].http)).await, Some(200));
    customer.send("after", "2").await;
}

#[test]
fn scripts_that_are_used_wrongly_say_how() {
    for (script, arguments) in [
        ("cluster", &["explode"][..]),
        ("cluster", &["up"]),
        ("cluster", &["kill", "x"]),
        ("demo", &["x"]),
        ("test", &["x"]),
    ] {
        let output = script_command(script).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{script} {arguments:?}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains("usage: "), "{script} {arguments:?}: {}", text(&output.stderr));
    }
}

#[test]
fn the_cluster_script_does_what_it_says() {
    let script = Script::new();
    assert_eq!(script.does(&["status", "--json"]).trim(), "[]");
    script.does(&["up", "3"]);
    let rows = script.settled();
    for (index, row) in rows.as_array().unwrap().iter().enumerate() {
        let url = format!("http://127.0.0.1:{}", 8_100 + usize::from(script.shift) + index + 1);
        assert_eq!((&row["id"], &row["http"]), (&Value::from(index + 1), &Value::from(url)), "{rows}");
        assert_eq!(row["state"], "up", "{rows}");
        assert!(row["pid"].as_u64().unwrap() > 1 && row["sessions"] == 0, "{rows}");
        assert_eq!(row.as_object().unwrap().len(), 6, "{rows}");
    }
    script.refuses(&["up", "3"], "already up");
    script.refuses(&["start", "1"], "already runs");
    script.refuses(&["kill", "9"], "no node 9");
    let sign_in = script.does(&["agent"]);
    let password = sign_in.lines().nth(1).and_then(|line| line.strip_prefix("password  ")).unwrap();
    assert!(sign_in.starts_with("name      demo\n") && password.len() >= 40, "{sign_in}");

    script.does(&["kill", "1"]);
    assert_eq!(script.states(), ["down", "up", "up"]);
    script.refuses(&["drain", "1"], "does not run");
    script.does(&["start", "1"]);
    script.does(&["pause", "2"]);
    assert_eq!(script.states(), ["up", "down", "up"]);
    script.does(&["resume", "2"]);
    script.does(&["drain", "3"]);
    assert_eq!(script.states()[2], "down");
    script.does(&["start", "3"]);
    script.does(&["upgrade", "--binary", &binary()]);
    script.does(&["add"]);
    assert_eq!(script.states(), ["up", "up", "up", "up"]);
    script.does(&["down"]);
    assert_eq!(script.states(), ["down", "down", "down", "down"]);
}

#[test]
fn the_cluster_script_resumes_what_it_finds_and_names_a_taken_port() {
    let script = Script::new();
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().to_str().unwrap();
    let port = 8_100 + script.shift + 2;
    let taken = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    script.refuses(&["up", "2", "--data", folder], &port.to_string());
    drop(taken);
    script.does(&["up", "2", "--data", folder, "--tls"]);
    script.logs(1, "tls=true");
    assert!(!script.logged(1, "tls=false"));
    let kept = |name: &str| Path::new(folder).join(name).exists();
    assert!(kept("store") && kept("node1"));
    script.does(&["down"]);
    script.does(&["up", "2", "--data", folder]);
    assert_eq!(script.states(), ["up", "up"]);
}

/// What a node's metric says.
async fn sample(node: &Node, name: &str) -> Option<u64> {
    let page = http().get(format!("{}/metrics", node.admin)).send().await.ok()?.text().await.ok()?;
    page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_few_open_files_idle_connections_stop_neither_chats_nor_operators() {
    let mut cluster = Cluster::prepare(1, "");
    let node = &mut cluster.nodes[0];
    // Both limits: it can't be raised.
    node.ulimit = Some("-n 600");
    node.env.push(("HANDOFF_HTTP__HEAD_TIMEOUT_MS".to_owned(), "120000".to_owned()));
    node.start();
    node.ready().await;
    assert!(node.log().contains("LimitNOFILE="), "it should warn");
    let customer = Customer::request(&cluster.urls(), 0, "ann").await;
    let node = &cluster.nodes[0];
    // As an app does, it keeps its connection.
    let keeps = reqwest::Client::builder().no_proxy().build().unwrap();
    let says = async |text: &str| {
        let form = [("secureKey", customer.secure_key.as_str()), ("message", text)];
        let answer = keeps.post(customer.url(0, "send")).form(&form).send().await.unwrap();
        answer.json::<Value>().await.unwrap()["statusCode"].as_i64()
    };
    assert_eq!(says("I am in").await, Some(0));
    let most = sample(node, "handoff_gateway_connections_max").await.unwrap();
    assert!((100..400).contains(&most), "{most}");
    let address = node.http.trim_start_matches("http://").to_owned();
    let mut crowd = Vec::new();
    for _ in 0..500 {
        crowd.push(tokio::net::TcpStream::connect(&address).await.unwrap());
    }
    until_true("the crowd is turned away", || async {
        sample(node, "handoff_gateway_connections_refused_total").await.is_some_and(|refused| refused > 0)
    })
    .await;
    assert_eq!(status(&format!("{}/health/ready", node.admin)).await, Some(200));
    assert!(node.cluster_status().await.is_some());
    assert_eq!(says("still here").await, Some(0));
    assert!(!node.log().contains("Too many open files"), "{}", node.log());
    drop(crowd);
    until_true("others come in again", || async {
        status(&format!("{}/health/ready", node.http)).await == Some(200)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_low_limit_of_open_files_is_raised_where_that_is_allowed() {
    let mut cluster = Cluster::prepare(1, "");
    let node = &mut cluster.nodes[0];
    node.ulimit = Some("-Sn 256");
    node.env.push(("HANDOFF_HTTP__CONNECTIONS_MAX".to_owned(), "200".to_owned()));
    node.start();
    node.ready().await;
    assert_eq!(sample(node, "handoff_gateway_connections_max").await, Some(200));
    assert!(!node.log().contains("LimitNOFILE="), "{}", node.log());
}
