//! One real `handoff` process: started, killed, paused and drained by its pid, never by a name.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use crate::support::{Deadline, client, until};

/// Below the range that the system gives to outgoing connections, so that a free port stays free.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

static NEXT_PORT: AtomicU16 = AtomicU16::new(0);
static NEXT_SHIFT: AtomicU16 = AtomicU16::new(0);

/// A port of 127.0.0.1 that nobody listens on.
pub(crate) fn free_port() -> u16 {
    let start = u16::try_from(std::process::id() * 61 % u32::from(PORTS.end - PORTS.start)).unwrap();
    loop {
        let offset = start.wrapping_add(NEXT_PORT.fetch_add(1, Ordering::Relaxed));
        let port = PORTS.start + offset % (PORTS.end - PORTS.start);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A `CLUSTER_PORT_SHIFT` under which `scripts/cluster` finds its ports free: below [`PORTS`], and apart from other
/// such shifts.
pub(crate) fn free_shift() -> u16 {
    let start = u16::try_from(std::process::id() * 7 % 90).unwrap();
    loop {
        let shift = 3_000 + (start + NEXT_SHIFT.fetch_add(1, Ordering::Relaxed)) % 90 * 10;
        let mut ports =
            [7_100, 8_100, 9_100].into_iter().flat_map(|base| (1..10).map(move |id| base + shift + id));
        if ports.all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()) {
            return shift;
        }
    }
}

/// A node of a test: the same id, ports and folder through all its incarnations.
pub(crate) struct Node {
    /// Its number, from 1.
    pub(crate) id: usize,
    /// Where customers reach it.
    pub(crate) http: String,
    /// Where operators reach it.
    pub(crate) admin: String,
    /// Where its peers reach it, host and port.
    pub(crate) peer: String,
    /// Configuration, log and data.
    pub(crate) dir: PathBuf,
    /// Environment variables for the process, on top of none that begin with `HANDOFF_`.
    pub(crate) env: Vec<(String, String)>,
    /// The network namespace it runs in.
    pub(crate) space: Option<String>,
    /// How many files it may open, as a shell's `ulimit` sets it; none: as many as this process.
    pub(crate) ulimit: Option<&'static str>,
    child: Option<Child>,
}

impl Node {
    /// A node that is not started yet.
    pub(crate) fn new(root: &Path, id: usize) -> Self {
        let dir = root.join(format!("node{id}"));
        fs::create_dir_all(&dir).unwrap();
        Self {
            id,
            http: format!("http://127.0.0.1:{}", free_port()),
            admin: format!("http://127.0.0.1:{}", free_port()),
            peer: format!("127.0.0.1:{}", free_port()),
            dir,
            // Programs talk here, faster and longer than people.
            env: ["TURNS_PER_MINUTE", "TURNS_MAX"]
                .map(|limit| (format!("HANDOFF_SERVICES__DEFAULT__BOT_{limit}"), "0".to_owned()))
                .to_vec(),
            space: None,
            ulimit: None,
            child: None,
        }
    }

    /// Starts the process; does not wait until it is ready.
    pub(crate) fn start(&mut self) {
        assert!(self.child.is_none(), "node {} runs already", self.id);
        let log = File::options().create(true).append(true).open(self.log_path()).unwrap();
        // Whatever comes before becomes the process itself: the pid is the node's.
        let mut command = match (&self.space, self.ulimit) {
            (Some(space), _) => within(space),
            (None, Some(ulimit)) => limited(ulimit),
            (None, None) => handoff(),
        };
        command.arg("serve").arg("--config").arg(self.config_path());
        command.envs(self.env.iter().cloned()).current_dir(&self.dir);
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        self.child = Some(command.spawn().unwrap());
    }

    pub(crate) fn config_path(&self) -> PathBuf {
        self.dir.join("config.toml")
    }

    fn log_path(&self) -> PathBuf {
        self.dir.join("log")
    }

    /// All that it ever logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// The bearer token of its admin API.
    pub(crate) fn token(&self) -> String {
        fs::read_to_string(self.dir.join("data/admin.token")).unwrap().trim().to_owned()
    }

    /// What it answers to `GET /admin/v1/WHAT`; nothing while it does not answer.
    pub(crate) async fn operators_get(&self, what: &str) -> Option<serde_json::Value> {
        let url = format!("{}/admin/v1/{what}", self.admin);
        let asked = client::http().get(url).timeout(client::TIMEOUT).bearer_auth(self.token());
        asked.send().await.ok()?.json().await.ok()
    }

    /// Its view of the cluster; nothing while it does not answer.
    pub(crate) async fn cluster_status(&self) -> Option<serde_json::Value> {
        self.operators_get("cluster").await
    }

    /// The version of the member list, as it knows it.
    pub(crate) async fn list_version(&self) -> u64 {
        until("the node shows its cluster", || async { self.cluster_status().await?["version"].as_u64() })
            .await
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().unwrap_or_else(|| panic!("node {} does not run", self.id)).id()
    }

    pub(crate) fn runs(&self) -> bool {
        self.child.is_some()
    }

    /// Waits until it takes customers; fails with its log when it ends instead.
    pub(crate) async fn ready(&mut self) {
        let url = format!("{}/health/ready", self.http);
        let deadline = Deadline::new();
        loop {
            if client::status(&url).await == Some(200) {
                return;
            }
            let child = self.child.as_mut().unwrap();
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "node {} ended while starting: {ended:?}\n{}", self.id, self.log());
            deadline.check(|| format!("node {} is ready", self.id));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// SIGKILL, and the process is gone when this returns.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// SIGSTOP.
    pub(crate) fn pause(&self) {
        self.signal("STOP");
    }

    /// SIGCONT.
    pub(crate) fn resume(&self) {
        self.signal("CONT");
    }

    /// SIGTERM, and waits for the end.
    pub(crate) async fn drain(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.ends().await
    }

    /// Waits for its end.
    pub(crate) async fn ends(&mut self) -> ExitStatus {
        let mut child = self.child.take().unwrap();
        let id = self.id;
        until(&format!("node {id} ends"), || {
            let ended = child.try_wait().unwrap();
            async move { ended }
        })
        .await
    }

    fn signal(&self, name: &str) {
        signal(self.pid(), name);
    }
}

/// Sends a process a signal through the shell, whose `kill` every machine has.
pub(crate) fn signal(pid: u32, name: &str) {
    let command = format!("kill -s {name} {pid}");
    assert!(Command::new("sh").arg("-c").arg(&command).status().unwrap().success(), "{command}");
}

impl Drop for Node {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.kill();
        }
        if std::thread::panicking() {
            show_log(self.id, &self.log());
        }
    }
}

/// What a failed test leaves of a node: the end of its log, each panic in it, and, where `HANDOFF_TEST_LOGS` names a
/// folder, all of it.
pub(crate) fn show_log(id: usize, log: &str) {
    let from = log.char_indices().rev().nth(4000).map_or(0, |(at, _)| at);
    eprintln!("--- the end of node {id}'s log\n{}", &log[from..]);
    for panic in log.lines().filter(|line| line.contains("panicked at ")) {
        eprintln!("--- in node {id}'s log: {panic}");
    }
    if let Some(folder) = std::env::var_os("HANDOFF_TEST_LOGS") {
        let test = std::thread::current().name().unwrap_or("unnamed").replace("::", ".");
        let file = Path::new(&folder).join(format!("{test}.node{id}.log"));
        let left = fs::create_dir_all(&folder).and_then(|()| fs::write(&file, log));
        eprintln!("--- node {id}'s log: {left:?} {}", file.display());
    }
}

/// The binary under test, in a network namespace.
fn within(space: &str) -> Command {
    let binary = handoff();
    let mut command = Command::new("ip");
    command.args(["netns", "exec", space]).arg(binary.get_program());
    for (name, _) in binary.get_envs() {
        command.env_remove(name);
    }
    command
}

/// The binary under test, under a limit of open files.
fn limited(ulimit: &str) -> Command {
    let binary = handoff();
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("ulimit {ulimit} && exec \"$0\" \"$@\"")).arg(binary.get_program());
    for (name, _) in binary.get_envs() {
        command.env_remove(name);
    }
    command
}

/// The path of the binary under test: what `HANDOFF_BINARY` names, else the one that was built with these tests.
pub(crate) fn binary() -> String {
    std::env::var("HANDOFF_BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_handoff").to_owned())
}

/// The binary under test, free of this process's own settings.
pub(crate) fn handoff() -> Command {
    let mut command = Command::new(binary());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HANDOFF_")) {
        command.env_remove(name);
    }
    command
}
