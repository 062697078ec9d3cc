//! Real processes on one embedded store, stopped and killed at random moments under load. The parent plays failure
//! detector: it has the others claim what the victim owned, and checks that they all go on; at the end every
//! acknowledged frame must be in the logs.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use handoff_journal::sqlite::{Durability, SqliteStore};
use handoff_journal::{Epoch, FrameId, Incarnation, Journal, JournalError, NodeId, Owner, Position, ShardId};
use rand::RngExt;

use crate::support::checker::Checker;
use crate::support::{definite, frame};

const WORKERS: u16 = 3;
const SHARDS: u16 = 6;
const FRAMES_PER_SEGMENT: u64 = 50;

/// How long the others may take to go on before the test calls them stuck.
const PATIENCE: Duration = Duration::from_secs(180);

/// Names folder and node in a worker's environment; unset: this is not a worker.
const WORKER: &str = "HANDOFF_JOURNAL_WORKER";

/// Not a test of its own: what the tests below start as a process.
#[test]
fn worker_process() {
    let Ok(worker) = std::env::var(WORKER) else { return };
    let (node, folder) = worker.split_once(':').expect("NODE:FOLDER");
    let node = NodeId(node.parse().expect("node"));
    let store = SqliteStore::open(Path::new(folder), node, Durability::Full).expect("open");
    let owner = Owner { node, incarnation: Incarnation(rand::random()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("runtime");
    runtime.block_on(tokio::task::LocalSet::new().run_until(async move {
        let (sender, mut commands) = tokio::sync::mpsc::channel(64);
        std::thread::spawn(move || {
            for line in std::io::stdin().lines() {
                let Ok(line) = line else { break };
                let shard = line.trim().parse().expect("a shard to claim");
                if sender.blocking_send(ShardId(shard)).is_err() {
                    break;
                }
            }
        });
        let store = std::rc::Rc::new(store);
        while let Some(shard) = commands.recv().await {
            let store = store.clone();
            tokio::task::spawn_local(async move {
                let why = own(&store, shard, owner).await;
                println!("@lost {shard} {why}");
            });
        }
    }));
}

/// Claims a shard and appends to it for as long as it can.
async fn own(store: &SqliteStore, shard: ShardId, owner: Owner) -> JournalError {
    let mut claimed = match definite(|| store.claim(shard, owner)).await {
        Ok(claimed) => claimed,
        Err(error) => return error,
    };
    loop {
        let sent = frame("three hundred bytes would be more like it ".repeat(7).as_str());
        if let Err(error) = definite(|| store.append(&claimed.tenure, claimed.next, &sent)).await {
            return error;
        }
        let Position { segment, seq } = claimed.next;
        println!("@ack {shard} {segment} {seq} {} {}", claimed.tenure.epoch, sent.id.0);
        claimed.next.seq += 1;
        if seq >= FRAMES_PER_SEGMENT {
            match definite(|| store.roll(&claimed.tenure, claimed.next)).await {
                Ok(next) => claimed.next = next,
                Err(error) => return error,
            }
        }
    }
}

enum Said {
    Ack { node: u16, shard: u16 },
    Lost,
}

struct Worker {
    child: Child,
    stdin: ChildStdin,
}

impl Worker {
    fn start(node: u16, folder: &Path, said: Sender<(u16, String)>) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this binary"));
        command.args(["processes::worker_process", "--exact", "--nocapture", "--test-threads=1"]);
        command.env(WORKER, format!("{node}:{}", folder.display()));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("spawn");
        let stdout = BufReader::new(child.stdout.take().expect("stdout"));
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let Some(at) = line.find('@') else { continue };
                if said.send((node, line[at + 1..].to_owned())).is_err() {
                    break;
                }
            }
        });
        let stdin = child.stdin.take().expect("stdin");
        Self { child, stdin }
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("sh").args(["-c", &format!("kill -{signal} {}", self.child.id())]).status();
        assert!(status.expect("sh").success());
    }

    fn claim(&mut self, shard: u16) {
        writeln!(self.stdin, "{shard}").expect("the worker reads");
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Cluster {
    folder: tempfile::TempDir,
    workers: BTreeMap<u16, Worker>,
    sender: Sender<(u16, String)>,
    said: Receiver<(u16, String)>,
    checkers: BTreeMap<u16, Checker>,
    /// Which node was told to own each shard.
    owners: BTreeMap<u16, u16>,
}

impl Cluster {
    fn start() -> Self {
        let (sender, said) = channel();
        let folder = tempfile::tempdir().expect("folder");
        let start = |node| (node, Worker::start(node, folder.path(), sender.clone()));
        let workers = (1..=WORKERS).map(start).collect();
        let checkers = (0..SHARDS).map(|shard| (shard, Checker::default())).collect();
        let mut cluster = Self { folder, workers, sender, said, checkers, owners: BTreeMap::new() };
        for shard in 0..SHARDS {
            cluster.give(shard, shard % WORKERS + 1);
        }
        cluster.wait_for_acks((0..SHARDS).collect());
        cluster
    }

    fn give(&mut self, shard: u16, node: u16) {
        self.owners.insert(shard, node);
        self.workers.get_mut(&node).expect("worker").claim(shard);
    }

    /// Takes note of one line.
    fn hear(&mut self, node: u16, line: &str) -> Said {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |index: usize| words[index].parse::<u64>().expect("number");
        if words[0] != "ack" {
            return Said::Lost;
        }
        let shard = words[1].parse().expect("shard");
        let at = Position { segment: number(2), seq: number(3) };
        let id = FrameId(words[5].parse().expect("id"));
        self.checkers.get_mut(&shard).expect("shard").acked(at, id, Epoch(number(4)));
        Said::Ack { node, shard }
    }

    /// Waits until each of these shards has a new frame acknowledged by the node that was told to own it.
    fn wait_for_acks(&mut self, mut missing: BTreeSet<u16>) {
        let deadline = Instant::now() + PATIENCE;
        while !missing.is_empty() {
            match self.said.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok((node, line)) => {
                    if let Said::Ack { node, shard } = self.hear(node, &line)
                        && self.owners[&shard] == node
                    {
                        missing.remove(&shard);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    panic!("shards {missing:?} do not go on; owners {:?}", self.owners)
                }
                Err(RecvTimeoutError::Disconnected) => panic!("no worker is left"),
            }
        }
    }

    /// What was said so far; a frame counts as going on only if it was acknowledged after the fault.
    fn catch_up(&mut self) {
        while let Ok((node, line)) = self.said.try_recv() {
            self.hear(node, &line);
        }
    }

    /// Has the others take what the victim owned, and sees every shard go on.
    fn take_over(&mut self, victim: u16) {
        self.catch_up();
        let others: Vec<u16> = (1..=WORKERS).filter(|node| *node != victim).collect();
        for shard in 0..SHARDS {
            if self.owners[&shard] == victim {
                self.give(shard, others[rand::rng().random_range(0..others.len())]);
            }
        }
        self.wait_for_acks((0..SHARDS).collect());
    }

    fn random_moment(&mut self) -> u16 {
        std::thread::sleep(Duration::from_micros(rand::rng().random_range(0..20_000)));
        rand::rng().random_range(1..=WORKERS)
    }

    /// Ends all, then reads every log as one more node and judges it.
    fn judge(mut self) {
        self.workers.clear();
        self.catch_up();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("runtime");
        let store = SqliteStore::open(self.folder.path(), NodeId(9), Durability::Full).expect("open");
        let owner = Owner { node: NodeId(9), incarnation: Incarnation(1) };
        let mut acked = 0;
        for (shard, mut checker) in std::mem::take(&mut self.checkers) {
            let log = runtime.block_on(async {
                let claimed = store.claim(ShardId(shard), owner).await.expect("claim");
                let mut log = Vec::new();
                for segment in 1..=claimed.next.segment {
                    let from = Position { segment, seq: 1 };
                    log.extend(store.read(&claimed.tenure, from, usize::MAX >> 1).await.expect("read"));
                }
                log
            });
            checker.finish(&log);
            assert!(checker.wrong.is_empty(), "shard {shard}: {:#?}", checker.wrong);
            acked += checker.acked_count();
        }
        println!("{acked} acknowledged frames, all there");
    }
}

#[test]
fn sigstop_at_random_moments_under_load_100_times_and_the_others_go_on_each_time() {
    let mut cluster = Cluster::start();
    for _ in 0..100 {
        let victim = cluster.random_moment();
        cluster.workers[&victim].signal("STOP");
        cluster.take_over(victim);
        // It resumes as a zombie that believes to own its shards.
        cluster.workers[&victim].signal("CONT");
    }
    cluster.judge();
}

#[test]
fn kill_9_at_random_moments_under_load_loses_no_acknowledged_frame() {
    let mut cluster = Cluster::start();
    for _ in 0..30 {
        let victim = cluster.random_moment();
        cluster.workers.remove(&victim);
        cluster.take_over(victim);
        let worker = Worker::start(victim, cluster.folder.path(), cluster.sender.clone());
        cluster.workers.insert(victim, worker);
    }
    cluster.judge();
}
