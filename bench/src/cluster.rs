//! The cluster under test, as its script shows it: who runs, who owns which shard, and how to hurt it.
//!
//! It exists so that the driver needs nothing but commands: `PROGRAM status --json` and `PROGRAM VERB ID`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::Error;

const COMMAND_TIME_MAX: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(2);

/// One node as the script lists it.
#[derive(Debug, Clone, Deserialize)]
pub struct Node {
    /// The node's number, as the script's verbs take it.
    pub id: u32,
    /// Its customers' address.
    pub http: String,
    /// `starting`, `up`, `draining` or `down`.
    pub state: String,
    /// Shards that it serves.
    #[serde(default)]
    pub shards: u64,
    /// Its process, if it has one.
    #[serde(default)]
    pub pid: Option<u32>,
}

/// The script that starts, hurts and lists the nodes.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// The script's path; called with a verb and a node's number.
    pub program: PathBuf,
}

impl Cluster {
    /// All nodes by number.
    ///
    /// # Errors
    /// The command's, or JSON that is no such list.
    pub fn status(&self) -> Result<Vec<Node>, Error> {
        let mut command = Command::new(&self.program);
        command.args(["status", "--json"]);
        let mut nodes: Vec<Node> =
            serde_json::from_str(&output(command)?).map_err(|e| Error::json("the cluster's status", e))?;
        nodes.sort_by_key(|n| n.id);
        Ok(nodes)
    }

    /// Starts `VERB ID` and returns at once; see [`Running::wait`].
    ///
    /// # Errors
    /// The program can't be started.
    pub fn act(&self, verb: &str, id: u32) -> Result<Running, Error> {
        let mut command = Command::new(&self.program);
        command.args([verb, &id.to_string()]);
        Running::start(command)
    }

    /// Waits until every node is up and serves a shard.
    ///
    /// # Errors
    /// [`Error::NotWhole`] when the time is over.
    pub fn wait_until_whole(&self, within: Duration) -> Result<(), Error> {
        let deadline = Instant::now() + within;
        loop {
            let nodes = self.status()?;
            if nodes.iter().all(|n| n.state == "up" && n.shards > 0) {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let states = nodes.iter().map(|n| format!("{} {} with {}", n.id, n.state, n.shards));
                let states = states.collect::<Vec<_>>().join(", ");
                return Err(Error::NotWhole { seconds: within.as_secs(), states });
            }
            std::thread::sleep(Duration::from_millis(300));
        }
    }
}

/// A command under way.
#[derive(Debug)]
pub struct Running {
    child: std::process::Child,
    words: String,
    since: Instant,
}

impl Running {
    fn start(mut command: Command) -> Result<Self, Error> {
        let words = format!("{command:?}");
        // The output goes to the driver's own stderr: a pipe that a started node inherits never ends.
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.spawn().map_err(|e| Error::io(words.clone(), e))?;
        Ok(Self { child, words, since: Instant::now() })
    }

    /// Whether it has ended.
    ///
    /// # Errors
    /// It ended badly, or took longer than 90 s and was killed.
    pub fn ended(&mut self) -> Result<bool, Error> {
        let failed = |reason: String| Error::Command { command: self.words.clone(), reason };
        match self.child.try_wait() {
            Ok(Some(status)) if status.success() => Ok(true),
            Ok(Some(status)) => Err(failed(status.to_string())),
            Ok(None) if self.since.elapsed() < COMMAND_TIME_MAX => Ok(false),
            Ok(None) => {
                // It may have ended just now; then there is nothing to kill.
                let _ = self.child.kill();
                let _ = self.child.wait();
                Err(failed(format!("not done after {} s", COMMAND_TIME_MAX.as_secs())))
            }
            Err(e) => Err(failed(e.to_string())),
        }
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// As [`Self::ended`].
    pub fn wait(&mut self) -> Result<(), Error> {
        while !self.ended()? {
            std::thread::sleep(POLL);
        }
        Ok(())
    }
}

fn output(mut command: Command) -> Result<String, Error> {
    let words = format!("{command:?}");
    let done = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let done = done.map_err(|e| Error::io(words.clone(), e))?;
    if !done.status.success() {
        return Err(Error::Command { command: words, reason: done.status.to_string() });
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// Which node owns each shard.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owners {
    by_shard: BTreeMap<u64, u32>,
}

impl Owners {
    /// Asks a shell command that prints JSON: any objects with a number `shard` and a number `assigned`,
    /// `owner` or `node`, wherever they stand in it, such as the admin API's `/admin/v1/shards`.
    ///
    /// # Errors
    /// The command's, or output that is no JSON.
    pub fn ask(shell_command: &str) -> Result<Self, Error> {
        let mut command = Command::new("sh");
        command.args(["-c", shell_command]);
        Self::parse(&output(command)?)
    }

    fn parse(text: &str) -> Result<Self, Error> {
        let value = serde_json::from_str(text).map_err(|e| Error::json("the shards' owners", e))?;
        let mut owners = Self::default();
        owners.collect(&value);
        Ok(owners)
    }

    fn collect(&mut self, value: &serde_json::Value) {
        match value {
            serde_json::Value::Array(items) => items.iter().for_each(|v| self.collect(v)),
            serde_json::Value::Object(fields) => {
                let number = |name: &str| fields.get(name).and_then(serde_json::Value::as_u64);
                let owner = ["assigned", "owner", "node"].into_iter().find_map(number);
                if let (Some(shard), Some(owner)) = (number("shard"), owner) {
                    self.by_shard.insert(shard, owner as u32);
                }
                fields.values().for_each(|v| self.collect(v));
            }
            _ => {}
        }
    }

    /// The node that owns a session; `None` if unknown. A shard is `xxh3(id, seed 0) % shards`, and the
    /// highest shard listed tells how many there are.
    pub fn of(&self, chat_id: &str) -> Option<u32> {
        let shards = self.by_shard.last_key_value()?.0 + 1;
        self.by_shard.get(&(xxhash_rust::xxh3::xxh3_64(chat_id.as_bytes()) % shards)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_found_wherever_they_stand() {
        let text = r#"{"shards":[{"shard":0,"assigned":2,"state":"serving"},{"shard":1,"owner":3}],"id":9}"#;
        let owners = Owners::parse(text).unwrap();
        assert_eq!(owners.by_shard, BTreeMap::from([(0, 2), (1, 3)]));
        let expected = if xxhash_rust::xxh3::xxh3_64(b"abc").is_multiple_of(2) { 2 } else { 3 };
        assert_eq!(owners.of("abc"), Some(expected));
        assert_eq!(Owners::parse("[]").unwrap().of("abc"), None);
    }

    #[test]
    fn a_command_that_fails_is_told() {
        let cluster = Cluster { program: "false".into() };
        assert!(matches!(cluster.act("kill", 1).unwrap().wait(), Err(Error::Command { .. })));
        assert!(Owners::ask("exit 3").is_err());
    }
}
