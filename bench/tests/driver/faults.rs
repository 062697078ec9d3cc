//! The gap run with a script for a cluster, and processes that stand for nodes.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use handoff_bench::Error;
use handoff_bench::cluster::Cluster;
use handoff_bench::drive::Harvest;
use handoff_bench::gap::{self, Fault, GapPlan, GapReport};
use handoff_bench::report::{Measured, Report};

use crate::fake::{self, Fake, Flaw, Health};
use crate::plan;

/// Each node is a file with its state and a process that sleeps, so that the driver has a pid to watch.
const SCRIPT: &str = r#"#!/bin/sh
cd "$(dirname "$0")" || exit 1
case "$1" in
status)
    sep='['
    for id in 1 2 3; do
        printf '%s{"id":%s,"http":"http://%s","state":"%s","shards":1,"sessions":0,"pid":%s}' \
            "$sep" $id "$(cat http.$id)" "$(cat state.$id)" "$(cat pid.$id)"
        sep=','
    done
    echo ']' ;;
kill) kill -9 "$(cat pid.$2)"; echo down > state.$2 ;;
pause) kill -STOP "$(cat pid.$2)"; echo paused > state.$2 ;;
resume) kill -CONT "$(cat pid.$2)"; echo up > state.$2 ;;
drain) sleep 0.2; kill "$(cat pid.$2)"; echo down > state.$2 ;;
start) sleep 60 > /dev/null 2>&1 & echo $! > pid.$2; echo up > state.$2 ;;
stop) for id in 1 2 3; do kill -9 "$(cat pid.$id)"; done ;;
esac
"#;

struct Stage {
    dir: tempfile::TempDir,
    fake: Fake,
    over: Arc<AtomicBool>,
}

impl Stage {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("cluster");
        std::fs::write(&script, SCRIPT).unwrap();
        std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
        let fake = fake::start(3, Flaw::None, 0);
        for (node, address) in fake.nodes.iter().enumerate() {
            std::fs::write(dir.path().join(format!("http.{}", node + 1)), address.to_string()).unwrap();
            Cluster { program: script.clone() }.act("start", node as u32 + 1).unwrap().wait().unwrap();
        }
        let over = Arc::new(AtomicBool::new(false));
        let (path, health, until) = (dir.path().to_owned(), fake.health.clone(), over.clone());
        std::thread::spawn(move || {
            while !until.load(Ordering::Relaxed) {
                for (node, health) in health.iter().enumerate() {
                    health.store(health_of(&path, node) as u8, Ordering::Relaxed);
                }
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        Self { dir, fake, over }
    }

    fn script(&self) -> PathBuf {
        self.dir.path().join("cluster")
    }

    fn run(&self, fault: Fault) -> Result<(GapReport, Harvest), Error> {
        let mut customers = plan(&self.fake.nodes);
        // Only a node that is silent is found by time-out; else a slow machine would drive customers off.
        if fault == Fault::Pause {
            customers.waits.timeout = Duration::from_millis(300);
        }
        gap::run(&GapPlan {
            plan: customers,
            interval: Duration::from_millis(20),
            fault,
            faults: 3,
            settle: Duration::from_millis(800),
            calm: Duration::from_millis(100),
            cluster: Cluster { program: self.script() },
            owners_command: Some(r#"echo '[{"shard":0,"assigned":1},{"shard":1,"assigned":2}]'"#.into()),
        })
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = std::process::Command::new(self.script()).arg("stop").status();
    }
}

fn health_of(dir: &Path, node: usize) -> Health {
    match std::fs::read_to_string(dir.join(format!("state.{}", node + 1))).unwrap_or_default().trim() {
        "down" => Health::Dead,
        "paused" => Health::Silent,
        _ => Health::Up,
    }
}

fn count(report: &GapReport, class: &str) -> u64 {
    report.classes.iter().find(|c| c.class == class).map_or(0, |c| c.count)
}

#[test]
fn a_killed_node_gives_a_gap_for_each_session_and_loses_nothing() {
    let (report, harvest) = Stage::new().run(Fault::Kill).unwrap();
    assert!(harvest.kept(), "{:?} {:?}", harvest.verdict, harvest.ended_early);
    assert!(harvest.failures.closed + harvest.failures.idle_closed > 0, "{:?}", harvest.failures);
    assert_eq!(count(&report, "all"), 12 * 3);
    // Of three nodes each was hit once, so each session's own gateway was hit once in three.
    assert_eq!(count(&report, "gateway") + count(&report, "both"), 12, "{:?}", report.classes);
    // Each session's shard belongs to node 1 or 2, both of which were hit.
    assert_eq!(count(&report, "owner") + count(&report, "both"), 12, "{:?}", report.classes);
    assert!(report.classes.iter().all(|c| c.unanswered == 0), "{:?}", report.classes);
}

#[test]
fn a_stopped_node_costs_its_customers_their_time_out_and_nobody_else() {
    let (report, harvest) = Stage::new().run(Fault::Pause).unwrap();
    assert!(harvest.kept(), "{:?}", harvest.verdict);
    assert!(harvest.failures.timeout > 0);
    let spread = |class: &str| report.classes.iter().find(|c| c.class == class).map(|c| c.wait_ms);
    let hit = spread("gateway").or(spread("both")).unwrap();
    assert!(hit.p50 >= 300.0, "{:?}", report.classes);
    assert!(report.classes.iter().all(|c| c.unanswered == 0), "{:?}", report.classes);
}

#[test]
fn a_drain_is_measured_from_its_command_and_lasts_as_long() {
    let (report, harvest) = Stage::new().run(Fault::Drain).unwrap();
    assert!(harvest.kept(), "{:?}", harvest.verdict);
    assert!(report.command_ms.iter().all(|ms| *ms >= 200), "{:?}", report.command_ms);
    let report = Report::new("drained", &plan(&[]), Measured::Gap(report), harvest);
    assert!(report.table().contains("| all | 36 | 0 | longest message |"), "{}", report.table());
    let table = handoff_bench::compare::table(&[report]);
    assert!(table.contains("| drained | all | 36 | 0 | - | - | - |"), "{table}");
}

#[test]
fn a_kill_that_kills_nothing_is_an_error_and_no_measurement() {
    let stage = Stage::new();
    let deaf = SCRIPT.replace("kill) kill -9", "kill) : kill -9");
    std::fs::write(stage.script(), deaf).unwrap();
    let error = stage.run(Fault::Kill).unwrap_err();
    assert!(error.to_string().contains("still runs"), "{error}");
    std::fs::write(stage.script(), SCRIPT).unwrap();
}
