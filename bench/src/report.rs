//! What a run prints: a table for people, JSON for comparison.

use std::fmt::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::checker::Verdict;
use crate::customer::Failures;
use crate::drive::Harvest;
use crate::gap::{Fault, GapReport};
use crate::spread::Spread;

/// What each kind of run measures.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Measured {
    /// Closed loop.
    Rate {
        /// The measured time, without the warm-up.
        seconds: f64,
        /// Acknowledged in it.
        acked: u64,
        /// Acknowledged messages per second of that time.
        acked_per_second: f64,
        /// Send to acknowledgement.
        latency_ms: Spread,
        /// Acknowledged in each second from the start of the sessions.
        per_second: Vec<u64>,
        /// Processor time of the driver per message, microseconds.
        driver_us_per_message: f64,
        /// Processor time of the nodes per message, microseconds, where their processes are known.
        nodes_us_per_message: Option<f64>,
        /// Each counter's rise per acknowledged message.
        counters_per_message: std::collections::BTreeMap<String, f64>,
    },
    /// Open loop.
    Latency {
        /// The schedule's rate.
        intended_per_second: f64,
        /// Acknowledged messages per second; below the schedule's rate the nodes were too slow.
        acked_per_second: f64,
        /// Intended send time to acknowledgement.
        latency_ms: Spread,
        /// What the driver's own timer (whole milliseconds) adds to it.
        driver_lateness_ms: Spread,
    },
    /// Gaps around faults.
    Gap(GapReport),
    /// What idle sessions cost the nodes in memory.
    Idle {
        /// All nodes before, bytes.
        before_bytes: u64,
        /// All nodes after, bytes.
        after_bytes: u64,
        /// The rise divided by the number of sessions.
        bytes_per_session: f64,
    },
}

/// A run's report.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// What the caller calls it.
    pub label: String,
    /// How many sessions the driver held at once.
    pub sessions: u32,
    /// How many nodes the sessions were spread over.
    pub nodes: usize,
    /// Length of each text.
    pub message_bytes: usize,
    /// Depends on the kind of run.
    pub measured: Measured,
    /// Failed attempts by reason; one message may have several.
    pub failures: Failures,
    /// Messages never acknowledged.
    pub failed_sends: u64,
    /// Why sessions ended before their time.
    pub ended_early: Vec<String>,
    /// Whether the transcripts held what was acknowledged.
    pub verdict: Verdict,
}

impl Report {
    /// Puts a harvest beside what was measured.
    pub fn new(label: &str, plan: &crate::drive::Plan, measured: Measured, harvest: Harvest) -> Self {
        Self {
            label: label.into(),
            sessions: plan.sessions,
            nodes: plan.nodes.len(),
            message_bytes: plan.message_bytes,
            measured,
            failures: harvest.failures,
            failed_sends: harvest.failed_sends,
            ended_early: harvest.ended_early,
            verdict: harvest.verdict,
        }
    }

    /// Whether every promise was kept and every message acknowledged in the end.
    pub fn kept(&self) -> bool {
        self.verdict.kept() && self.failed_sends == 0
    }

    /// Writes the JSON.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let what = || path.display().to_string();
        let text = serde_json::to_string_pretty(self).map_err(|e| Error::json(what(), e))?;
        std::fs::write(path, text + "\n").map_err(|e| Error::io(what(), e))
    }

    /// Reads what [`Self::write`] wrote.
    ///
    /// # Errors
    /// The file can't be read, or holds something else.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let what = || path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|e| Error::io(what(), e))?;
        serde_json::from_str(&text).map_err(|e| Error::json(what(), e))
    }

    /// The report in Markdown, for people.
    pub fn table(&self) -> String {
        let mut out = format!(
            "\n{}: {} sessions on {} nodes, texts of {} bytes\n\n",
            self.label, self.sessions, self.nodes, self.message_bytes
        );
        // Writing to a String can't fail.
        let _ = self.measured.table(&mut out);
        let _ = self.account(&mut out);
        out
    }

    fn account(&self, out: &mut String) -> std::fmt::Result {
        let f = &self.failures;
        writeln!(
            out,
            "\nfailed sends {}; failed attempts {}: refused {}, closed {}, time-out {}, told again {}, \
             unreadable {}, rejected {}; connections closed while idle {}",
            self.failed_sends,
            f.attempts(),
            f.refused,
            f.closed,
            f.timeout,
            f.again,
            f.unreadable,
            f.rejected,
            f.idle_closed
        )?;
        for why in &self.ended_early {
            writeln!(out, "  {why}")?;
        }
        let v = &self.verdict;
        let result =
            if v.kept() { "each there once, in order".into() } else { format!("{:?}", v.violations) };
        writeln!(
            out,
            "checked {} sessions, {} acknowledged messages: {result} ({} never acknowledged)",
            v.sessions, v.acknowledged, v.unacknowledged
        )?;
        v.examples.iter().try_for_each(|example| writeln!(out, "  {example}"))
    }
}

const SPREAD_HEAD: &str = "|   p50 |   p90 |   p99 | p99.9 |   max |";
const SPREAD_RULE: &str = "|---:|---:|---:|---:|---:|";

impl Measured {
    fn table(&self, out: &mut String) -> std::fmt::Result {
        match self {
            Measured::Rate { seconds, acked, acked_per_second, latency_ms, .. } => {
                writeln!(out, "{acked_per_second:.0} acknowledged messages/s ({acked} in {seconds:.1} s)\n")?;
                writeln!(out, "| milliseconds {SPREAD_HEAD}\n|---{SPREAD_RULE}\n| latency {latency_ms}")?;
                self.costs(out)
            }
            Measured::Latency { intended_per_second, acked_per_second, latency_ms, driver_lateness_ms } => {
                writeln!(out, "{acked_per_second:.0} of {intended_per_second:.0} intended messages/s\n")?;
                writeln!(out, "| milliseconds {SPREAD_HEAD}\n|---{SPREAD_RULE}")?;
                writeln!(out, "| latency from the intended send time {latency_ms}")?;
                writeln!(out, "| of it the driver's own timer {driver_lateness_ms}")
            }
            Measured::Gap(gap) => gap_table(gap, out),
            Measured::Idle { before_bytes, after_bytes, bytes_per_session } => {
                write!(out, "{bytes_per_session:.0} bytes per idle session ")?;
                writeln!(out, "(all nodes: {before_bytes} before, {after_bytes} after)")
            }
        }
    }

    fn costs(&self, out: &mut String) -> std::fmt::Result {
        let Measured::Rate { driver_us_per_message, nodes_us_per_message, counters_per_message, .. } = self
        else {
            return Ok(());
        };
        write!(out, "\nprocessor time per message: driver {driver_us_per_message:.1} us")?;
        if let Some(us) = nodes_us_per_message {
            write!(out, ", nodes {us:.1} us")?;
        }
        writeln!(out)?;
        for (name, per_message) in counters_per_message {
            writeln!(out, "{name} per message: {per_message:.4}")?;
        }
        Ok(())
    }
}

fn gap_table(gap: &GapReport, out: &mut String) -> std::fmt::Result {
    let words = format!("{:?}", gap.fault).to_lowercase();
    writeln!(out, "{} x {words}; milliseconds\n", gap.faults)?;
    writeln!(out, "| what was hit | samples | unanswered | figure {SPREAD_HEAD}")?;
    writeln!(out, "|---|---:|---:|---{SPREAD_RULE}")?;
    for c in &gap.classes {
        let mut figures = vec![("longest message", c.wait_ms), ("longest silence", c.silence_ms)];
        // A drain has no moment: each shard moves at its own, so only how long a message took tells.
        if gap.fault != Fault::Drain {
            figures.insert(0, ("fault to acknowledged reply", c.gap_ms));
        }
        for (name, spread) in figures {
            writeln!(out, "| {} | {} | {} | {name} {spread}", c.class, c.count, c.unanswered)?;
        }
    }
    let longest = gap.return_wait_max_ms;
    writeln!(
        out,
        "\nthe commands took {:?} ms; longest message while nodes came back {longest:.1} ms",
        gap.command_ms
    )
}
