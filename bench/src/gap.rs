//! The gap that customers see when a node is killed, stopped or drained.
//!
//! Sessions send steadily while faults hit the nodes in turn; between faults the cluster becomes whole
//! again and all customers go back to their nodes. What a gap is, precisely, stands in [`analysis`].

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::cluster::{Cluster, Node, Owners};
use crate::drive::{self, Control, Harvest, Pace, Plan};
use crate::procfs::{self, Life};

pub mod analysis;

use analysis::{ClassGaps, FaultWindow};

/// Looks at the victim this often, so the fault's moment is known to about this.
const WATCH: Duration = Duration::from_micros(500);
/// A signal reaches its process when that is scheduled, which may be after the command's end.
const STRIKES_WITHIN: Duration = Duration::from_secs(2);
const WHOLE_WITHIN: Duration = Duration::from_secs(60);
/// After customers were sent home, before the next fault.
const HOMECOMING: Duration = Duration::from_secs(1);

/// What is done to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// SIGKILL.
    Kill,
    /// SIGSTOP.
    Pause,
    /// A planned drain.
    Drain,
}

impl Fault {
    pub(crate) fn verb(self) -> &'static str {
        match self {
            Fault::Kill => "kill",
            Fault::Pause => "pause",
            Fault::Drain => "drain",
        }
    }

    pub(crate) fn cure(self) -> &'static str {
        match self {
            Fault::Kill | Fault::Drain => "start",
            Fault::Pause => "resume",
        }
    }
}

/// What to run besides the customers.
#[derive(Debug, Clone)]
pub struct GapPlan {
    /// What the customers do meanwhile.
    pub plan: Plan,
    /// The longest time between two messages of a session.
    pub interval: Duration,
    /// What strikes each node in its turn.
    pub fault: Fault,
    /// How many, one after the other, on the nodes in turn.
    pub faults: u32,
    /// How long after a fault, or a drain's end, gaps are looked for before the node comes back.
    pub settle: Duration,
    /// How long after the cluster is whole again before the next.
    pub calm: Duration,
    /// The script that hurts the nodes and brings them back.
    pub cluster: Cluster,
    /// A shell command that prints who owns which shard.
    pub owners_command: Option<String>,
}

/// The gaps of all faults of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GapReport {
    /// What struck the nodes.
    pub fault: Fault,
    /// How often it struck.
    pub faults: u32,
    /// Gaps by what was hit: `gateway`, `owner`, `both`, `neither`, `all`.
    pub classes: Vec<ClassGaps>,
    /// How long each fault's command took, milliseconds; for a drain, the drain itself.
    pub command_ms: Vec<u64>,
    /// The longest that any message waited while nodes came back, milliseconds.
    pub return_wait_max_ms: f64,
}

/// Runs customers and faults; every acknowledged message is checked at the end.
///
/// # Errors
/// A command that fails, a cluster that does not become whole, sessions that can't be started.
pub fn run(gap: &GapPlan) -> Result<(GapReport, Harvest), Error> {
    let plan = Plan {
        pace: Pace::Steady { interval: gap.interval },
        log_acks: true,
        cross: true,
        ..gap.plan.clone()
    };
    gap.cluster.wait_until_whole(WHOLE_WITHIN)?;
    let (windows, harvest) = drive::run(&plan, |control| {
        std::thread::sleep(gap.calm);
        (0..gap.faults).map(|round| one_fault(gap, control, round)).collect::<Result<Vec<_>, _>>()
    })?;
    let report = GapReport {
        fault: gap.fault,
        faults: gap.faults,
        classes: analysis::classes(&windows, &harvest.sessions),
        command_ms: windows.iter().map(|w| w.command_ms).collect(),
        return_wait_max_ms: analysis::return_wait_max_ms(&windows, &harvest.sessions),
    };
    Ok((report, harvest))
}

fn one_fault(gap: &GapPlan, control: &Control, round: u32) -> Result<FaultWindow, Error> {
    let nodes = gap.cluster.status()?;
    let victim = &nodes[round as usize % nodes.len()];
    let owners = gap.owners_command.as_deref().map(Owners::ask).transpose()?.unwrap_or_default();
    let owner_hit = control.chat_ids().iter().map(|id| owners.of(id).map(|o| o == victim.id)).collect();
    let (fault, command_ms) = hurt(gap, victim)?;
    std::thread::sleep(gap.settle);
    let until_us = control.now_us();
    gap.cluster.act(gap.fault.cure(), victim.id)?.wait()?;
    gap.cluster.wait_until_whole(WHOLE_WITHIN)?;
    std::thread::sleep(gap.calm);
    let whole_us = control.now_us();
    control.send_home();
    std::thread::sleep(HOMECOMING);
    let victim_node = node_index(&gap.plan, victim)?;
    Ok(FaultWindow { fault_us: control.us(fault), until_us, whole_us, victim_node, owner_hit, command_ms })
}

/// Does it and returns when. For a kill or a stop that is the last look at which the victim still ran; for
/// a drain, or a victim whose process is not known, the command's start.
fn hurt(gap: &GapPlan, victim: &Node) -> Result<(Instant, u64), Error> {
    let began = Instant::now();
    let mut last_alive = began;
    let mut ended = None;
    let mut command = gap.cluster.act(gap.fault.verb(), victim.id)?;
    if let (Fault::Kill | Fault::Pause, Some(pid)) = (gap.fault, victim.pid) {
        loop {
            let looked = Instant::now();
            if procfs::life(pid) != Life::Running {
                break;
            }
            last_alive = looked;
            if command.ended()? && looked.duration_since(*ended.get_or_insert(looked)) > STRIKES_WITHIN {
                let reason = format!("node {} still runs as process {pid}", victim.id);
                return Err(Error::Command { command: gap.fault.verb().into(), reason });
            }
            std::thread::sleep(WATCH);
        }
    }
    command.wait()?;
    Ok((last_alive, began.elapsed().as_millis() as u64))
}

fn node_index(plan: &Plan, node: &Node) -> Result<u16, Error> {
    let address = crate::address::address(&node.http)?;
    let at = plan.nodes.iter().position(|a| *a == address);
    at.map(|i| i as u16).ok_or_else(|| Error::Command {
        command: "status --json".into(),
        reason: format!("node {} at {address} is not among --nodes", node.id),
    })
}
