//! `scripts/cluster` as operators use it, on ports and in a folder of the test's own.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;

use crate::support::Deadline;
use crate::support::node::{binary, free_shift, handoff, show_log};

/// One of the project's scripts, to be run.
pub(crate) fn script_command(name: &str) -> Command {
    Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(name))
}

/// `scripts/cluster` with the binary under test; what it started ends with the test.
pub(crate) struct Script {
    state: tempfile::TempDir,
    /// What is added to its ports.
    pub(crate) shift: u16,
    /// What its nodes run.
    pub(crate) binary: String,
    /// What its nodes find in their environment.
    pub(crate) environment: Vec<(String, String)>,
}

impl Script {
    pub(crate) fn new() -> Self {
        let binary = binary();
        Self { state: tempfile::tempdir().unwrap(), shift: free_shift(), binary, environment: Vec::new() }
    }

    /// Runs it, while other tasks go on.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let mut command = script_command("cluster");
        command.env("CLUSTER_STATE", self.state.path()).env("CLUSTER_PORT_SHIFT", self.shift.to_string());
        command.envs(self.environment.iter().map(|(key, value)| (key, value)));
        command.env("CLUSTER_BINARY", &self.binary).args(arguments).output().unwrap()
    }

    /// A program in this folder that runs it, for who knows nothing of its environment.
    pub(crate) fn program(&self, folder: &Path) -> PathBuf {
        let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
        let state = self.state.path().display().to_string();
        let settings = [
            ("CLUSTER_STATE".to_owned(), state),
            ("CLUSTER_PORT_SHIFT".to_owned(), self.shift.to_string()),
            ("CLUSTER_BINARY".to_owned(), self.binary.clone()),
        ];
        let all = settings.iter().chain(&self.environment);
        let exports: String = all.map(|(key, value)| format!("export {key}={}\n", quoted(value))).collect();
        let cluster = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/cluster");
        let path = folder.join("cluster");
        let text = format!("#!/bin/sh\n{exports}exec {} \"$@\"\n", quoted(&cluster.display().to_string()));
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        path
    }

    /// Runs it, and it must succeed.
    pub(crate) fn does(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    /// Runs it, and it must fail and say why.
    pub(crate) fn refuses(&self, arguments: &[&str], because: &str) {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?} succeeds");
        assert!(text(&output.stderr).contains(because), "{arguments:?}: {}", text(&output.stderr));
    }

    /// The status once each of the 24 shards is one node's alone. A node that had no processor for a while may have
    /// been put down, and says what it holds as it last knew until it hears of it.
    pub(crate) fn settled(&self) -> Value {
        let deadline = Deadline::new();
        loop {
            let rows: Value = serde_json::from_str(&self.does(&["status", "--json"])).unwrap();
            let shards = rows.as_array().unwrap().iter().map(|row| row["shards"].as_u64().unwrap());
            if shards.sum::<u64>() == 24 {
                return rows;
            }
            deadline.check(|| format!("each shard is one node's alone: {rows}"));
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The nodes' states, in order.
    pub(crate) fn states(&self) -> Vec<String> {
        let rows: Value = serde_json::from_str(&self.does(&["status", "--json"])).unwrap();
        rows.as_array().unwrap().iter().map(|row| row["state"].as_str().unwrap().to_owned()).collect()
    }

    /// Where customers reach a node, from 1.
    pub(crate) fn url(&self, node: u16) -> String {
        format!("http://127.0.0.1:{}", 8_100 + self.shift + node)
    }

    /// Asks a node, from 1, by the command line.
    pub(crate) fn ask(&self, node: u16, arguments: &[&str]) -> String {
        let config = self.state.path().join(format!("node{node}/config.toml"));
        let output = handoff().arg("--config").arg(config).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Waits for a text in a node's log, from 1: what nodes do of themselves comes when it comes.
    pub(crate) fn logs(&self, node: u16, wanted: &str) {
        let deadline = Deadline::new();
        while !self.logged(node, wanted) {
            deadline.check(|| format!("node {node} logs {wanted}"));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// A text in a node's log, from 1.
    pub(crate) fn logged(&self, node: u16, wanted: &str) -> bool {
        self.log(usize::from(node)).is_some_and(|log| log.contains(wanted))
    }

    fn log(&self, node: usize) -> Option<String> {
        std::fs::read_to_string(self.state.path().join(format!("node{node}/log"))).ok()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.run(&["down"]);
        if std::thread::panicking() {
            for (node, log) in (1..10).filter_map(|node| Some((node, self.log(node)?))) {
                show_log(node, &log);
            }
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
