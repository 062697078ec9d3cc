//! Memory per idle session: many are started, nothing is said, and the nodes' own memory is read.

use std::time::Duration;

use crate::Error;
use crate::cluster::Cluster;
use crate::drive::{self, Harvest, Pace, Plan};
use crate::procfs;
use crate::report::Measured;

/// Starts the sessions and compares the nodes' memory; `settle` after the last start.
///
/// # Errors
/// [`Error`]; also when no process of a node is known.
pub fn run(plan: &Plan, settle: Duration, cluster: &Cluster) -> Result<(Measured, Harvest), Error> {
    let pids: Vec<u32> = cluster.status()?.iter().filter_map(|n| n.pid).collect();
    let before_bytes = memory_bytes(&pids)?;
    let plan = Plan { pace: Pace::Never, ..plan.clone() };
    let (after_bytes, harvest) = drive::run(&plan, |_| {
        std::thread::sleep(settle);
        memory_bytes(&pids)
    })?;
    let bytes_per_session = (after_bytes as f64 - before_bytes as f64) / f64::from(plan.sessions);
    Ok((Measured::Idle { before_bytes, after_bytes, bytes_per_session }, harvest))
}

fn memory_bytes(pids: &[u32]) -> Result<u64, Error> {
    let gone = || Error::Command {
        command: "status --json".into(),
        reason: "it names no process of a node whose memory can be read".into(),
    };
    if pids.is_empty() {
        return Err(gone());
    }
    pids.iter().map(|pid| procfs::anonymous_bytes(*pid).ok_or_else(gone)).sum()
}
