//! The command line, its client commands against a real listener with a fake node behind it.

use super::{DONE, FAILED, Process, USAGE, run};
use crate::admin::Admin;
use crate::admin::fake::{Fake, KNOWN, SAID};
use crate::metrics::Metrics;
use crate::secret_file::ensure_secret;
use actix_web::dev::ServerHandle;
use handoff_config::{Config, DEFAULT_TOML, Log};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;

/// A process that only remembers what it was asked.
#[derive(Default)]
struct Remembered(Mutex<Vec<Config>>);

impl Process for Remembered {
    /// Other tests of this binary catch log lines.
    fn start_logging(&self, _: &Log) -> Result<(), String> {
        Ok(())
    }

    fn serve(&self, config: Config) -> Result<(), String> {
        self.0.lock().unwrap().push(config);
        Ok(())
    }

    fn apply_schema(&self, config: &Config) -> Result<String, String> {
        self.0.lock().unwrap().push(config.clone());
        Ok("made 3 tables".to_owned())
    }

    fn raise_epochs(&self, config: &Config) -> Result<String, String> {
        self.0.lock().unwrap().push(config.clone());
        Ok("raised".to_owned())
    }
}

/// Exit code, standard output, standard error.
fn handoff(arguments: &[&str]) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let arguments = std::iter::once("handoff").chain(arguments.iter().copied());
    let code = run(arguments, &Remembered::default(), &mut out, &mut err);
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

/// A listener with a fake node behind it, and the file with its token.
struct Node {
    url: String,
    token: PathBuf,
    fake: Arc<Fake>,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
    _folder: tempfile::TempDir,
}

impl Node {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("admin.token");
        let secret = ensure_secret(&token).unwrap();
        let fake = Arc::new(Fake::new());
        let admin = Admin::new(fake.clone(), fake.clone(), Metrics::new(), &secret);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (tx, rx) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = admin.serve(listener).unwrap();
                tx.send(server.handle()).unwrap();
                server.await.unwrap();
            });
        });
        let handle = rx.recv().unwrap();
        Self { url, token, fake, handle, thread: Some(thread), _folder: folder }
    }

    fn ask(&self, arguments: &[&str]) -> (u8, String, String) {
        let door = ["--admin", &self.url, "--token-file", self.token.to_str().unwrap()];
        handoff(&[arguments, &door].concat())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[test]
fn the_status_is_a_table_or_the_nodes_json() {
    let node = Node::start();
    let (code, out, err) = node.ask(&["cluster", "status"]);
    assert_eq!((code, err.as_str()), (DONE, ""));
    assert!(
        out.starts_with(
            "node 1 is up, serves 12 shards with 34 sessions; member list 9, stored in protocol 1\n"
        ),
        "{out}"
    );
    let second = "\n2     up     12      http://127.0.0.1:8102  0000000000000002  2         handoff 0.1.0\n";
    assert!(out.contains(second), "{out}");
    let (_, json, _) = node.ask(&["cluster", "status", "--json"]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["members"][1]["id"], 2);
    let (_, shards, _) = node.ask(&["cluster", "shards"]);
    assert!(shards.contains("\n1      -     elsewhere  -      -              0\n"), "{shards}");
}

#[test]
fn a_session_is_shown_and_ended_and_its_record_exported() {
    let node = Node::start();
    let (code, out, _) = node.ask(&["session", "show", KNOWN]);
    assert_eq!(code, DONE);
    assert!(out.contains("is closed") && out.contains("bot demo") && !out.contains("4111"), "{out}");
    assert_eq!(node.ask(&["session", "end", KNOWN]).0, DONE);
    assert_eq!(node.fake.asked.lock().unwrap().len(), 1);
    let (_, xml, _) = node.ask(&["record", "export", KNOWN]);
    assert!(xml.contains("&lt;4111&gt;"), "{xml}");
    let (_, json, _) = node.ask(&["record", "export", KNOWN, "--format", "json"]);
    assert!(serde_json::from_str::<serde_json::Value>(&json).unwrap().to_string().contains(SAID));
}

#[test]
fn queues_are_listed_with_what_is_wrong_with_them_and_what_could_not_be_asked() {
    let node = Node::start();
    let (code, out, err) = node.ask(&["queue", "list"]);
    assert_eq!(
        (code, err.as_str()),
        (FAILED, "handoff: not all could be asked; shards without an answer: 7\n")
    );
    assert!(out.starts_with("QUEUE  WAITING  SINCE"), "{out}");
    let lines: Vec<&str> = out.lines().collect();
    assert!(
        lines[1].ends_with("-") && lines[2].starts_with("b ") && lines[2].ends_with("not configured"),
        "{out}"
    );
    let (_, json, _) = node.ask(&["queue", "list", "--json"]);
    let second: serde_json::Value = serde_json::from_str(json.lines().nth(1).unwrap()).unwrap();
    assert_eq!((&second["id"], &second["trouble"]), (&"b".into(), &"not configured".into()));
    // However many pages they take.
    *node.fake.more.lock().unwrap() = 2_500;
    for json in [&["queue", "list"][..], &["queue", "list", "--json"]] {
        let (_, out, _) = node.ask(json);
        let listed = out.lines().filter(|line| !line.starts_with("QUEUE")).count();
        assert_eq!((listed, out.contains("d2499")), (2_503, true), "{json:?}");
    }
}

#[test]
fn many_sessions_are_counted_and_ended() {
    let node = Node::start();
    let (code, out, err) = node.ask(&["session", "end-many", "--queue", "support", "--dry-run"]);
    assert_eq!((code, out.as_str()), (FAILED, "2 sessions would be ended\n"), "{err}");
    assert!(err.contains("shards without an answer: 7"), "{err}");
    assert_eq!(node.fake.asked.lock().unwrap().len(), 0);
    let (_, out, _) = node.ask(&["session", "end-many", "--service", "sales", "--older-than", "60"]);
    assert_eq!(out, "2 of 2 sessions have ended\n");
    assert_eq!(node.fake.asked.lock().unwrap().len(), 2);
    let (code, _, err) = node.ask(&["session", "end-many", "--dry-run"]);
    assert!(code == FAILED && err.contains("must be given"), "{err}");
    let (code, _, err) = node.ask(&["session", "end-many", "--queue", "a&service=b"]);
    assert!(code == FAILED && err.contains("queue: a name has"), "{err}");
}

#[test]
fn a_raise_says_from_where_to_where_and_who_can_not_join_any_more() {
    let node = Node::start();
    let (code, out, _) = node.ask(&["cluster", "raise"]);
    assert_eq!(
        (code, out.as_str()),
        (DONE, "raised from protocol 1 to 2: builds that read only up to 1 can't join any more\n")
    );
}

#[test]
fn a_drain_that_fails_says_why_and_exits_with_1() {
    let node = Node::start();
    assert_eq!(node.ask(&["cluster", "drain"]).0, DONE);
    *node.fake.stuck.lock().unwrap() = Some("shard 3 found no taker".to_owned());
    let (code, _, err) = node.ask(&["cluster", "drain", "--node", &node.url]);
    assert_eq!((code, err.as_str()), (FAILED, "handoff: shard 3 found no taker\n"));
}

#[test]
fn what_a_node_refuses_is_said_in_its_words() {
    let node = Node::start();
    let (code, _, err) = node.ask(&["session", "show", "AAAAAAAAAAAAAAAA"]);
    assert_eq!((code, err.as_str()), (FAILED, "handoff: no such session\n"));
    let (code, _, err) = node.ask(&["record", "export", "../cluster"]);
    assert_eq!((code, err.as_str()), (FAILED, "handoff: a session id has 16 letters and digits\n"));
    let other = node.token.with_file_name("other.token");
    let token = ensure_secret(&other).unwrap();
    let (code, _, err) =
        handoff(&["cluster", "status", "--admin", &node.url, "--token-file", other.to_str().unwrap()]);
    assert!(code == FAILED && err.contains("admin token") && !err.contains(token.expose()), "{err}");
}

#[test]
fn no_node_and_no_token_are_said_plainly() {
    let node = Node::start();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let token = node.token.to_str().unwrap();
    let (code, _, err) =
        handoff(&["cluster", "status", "--admin", &format!("http://{free}"), "--token-file", token]);
    assert!(code == FAILED && err.contains("no node answers at"), "{err}");
    let (code, _, err) = handoff(&["cluster", "status", "--set", "admin.token_file=/nonexistent/token"]);
    assert!(code == FAILED && err.contains("/nonexistent/token"), "{err}");
}

#[test]
fn wrong_usage_exits_with_2_and_help_with_0() {
    for wrong in [
        &["fly"][..],
        &[],
        &["session", "show"],
        &["cluster", "status", "--jsn"],
        &["record", "export", "x", "--format", "pdf"],
    ] {
        let (code, out, err) = handoff(wrong);
        assert!(code == USAGE && out.is_empty() && !err.is_empty(), "{wrong:?}: {code} {out} {err}");
    }
    let (code, out, _) = handoff(&["--help"]);
    assert!(code == DONE && out.contains("cluster"), "{out}");
}

#[test]
fn the_default_configuration_is_printed_as_it_ships() {
    assert_eq!(handoff(&["config", "default"]), (DONE, DEFAULT_TOML.to_owned(), String::new()));
}

#[test]
fn check_prints_every_problem_of_the_configuration_or_of_the_bots() {
    let (code, _, err) = handoff(&["check", "--set", "http.lissten=1", "--set", "node.id=0"]);
    assert_eq!(code, FAILED);
    assert!(err.contains("did you mean http.listen?") && err.contains("node.id must be"), "{err}");
    let (code, _, err) =
        handoff(&["check", "--set", "services.sales.bot=other", "--set", "log.filter=a=b=c"]);
    assert!(
        code == FAILED && err.contains("services.sales.bot is other") && err.contains("log.filter"),
        "{err}"
    );
    let (code, _, err) = handoff(&["check", "--set", "services.default.workflow=other"]);
    assert!(code == FAILED && err.contains("services.default.workflow is other"), "{err}");
    let (code, _, err) = handoff(&["check", "--set", "services.default.bot=demo"]);
    assert!(code == FAILED && err.contains("services.default.bot and the workflow are both set"), "{err}");
    let good = ["check", "--set", "services.default.workflow=", "--set", "store.sqlite.durability=relaxed"];
    let (code, out, err) = handoff(&good);
    assert_eq!((code, out.as_str()), (DONE, "the configuration is good\n"));
    assert!(err.contains("warning: store.sqlite.durability"), "{err}");
    let unserved = ["check", "--set", "agents.ann.queues=other", "--set", "agents.ann.password_file=/x"];
    let (code, _, err) = handoff(&unserved);
    assert_eq!(code, DONE, "{err}");
    assert!(err.contains("warning: workflow demo routes to queue support, which no agent serves"), "{err}");
    assert!(err.contains("warning: agents.ann.queues names other"), "{err}");
}

#[test]
fn a_workflow_is_drawn_by_its_name_or_its_file() {
    let (code, out, err) = handoff(&["workflow", "draw", "demo"]);
    assert!(code == DONE && out.starts_with("flowchart TD\n"), "{out} {err}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("odd.toml");
    let text = "version = 1\nnickname = \"N\"\nstart = \"a\"\n[steps.a]\nsay = \"\"\n";
    std::fs::write(&file, text).unwrap();
    let (code, _, err) = handoff(&["workflow", "draw", file.to_str().unwrap()]);
    assert!(code == FAILED && err.contains("odd.toml:5: say is empty"), "{err}");
    std::fs::write(&file, text.replace("\"\"", "\"x\"")).unwrap();
    let (code, out, _) = handoff(&["workflow", "draw", file.to_str().unwrap()]);
    assert!(code == DONE && out.contains("odd 1"), "{out}");
}

#[test]
fn serve_and_schema_get_the_configuration_that_was_asked_for() {
    let process = Remembered::default();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("node.toml");
    std::fs::write(&file, "[node]\nid = 7\n").unwrap();
    let file = file.to_str().unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    for command in [
        &["handoff", "serve", "--config", file][..],
        &["handoff", "schema", "apply", "--config", file],
        &["handoff", "schema", "raise-epochs", "--config", file],
    ] {
        assert_eq!(run(command, &process, &mut out, &mut err), DONE, "{}", String::from_utf8_lossy(&err));
    }
    let configs = process.0.lock().unwrap();
    assert!(configs.len() == 3 && configs.iter().all(|config| config.node.id == 7));
    assert_eq!(String::from_utf8(out).unwrap(), "made 3 tables\nraised\n");
}
