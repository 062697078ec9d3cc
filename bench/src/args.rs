//! The command line, with a bound on everything that costs time, memory or another machine.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::Error;
use crate::address::address;
use crate::cluster::Cluster;
use crate::conversation::ConversationPlan;
use crate::customer::Waits;
use crate::drive::{Pace, Plan};
use crate::gap::{Fault, GapPlan};
use crate::load::{Gauges, Spans};

const SESSIONS_MAX: u64 = 4_096;
const IDLE_SESSIONS_MAX: u64 = 100_000;
const SECONDS_MAX: u64 = 600;

/// Measures a running cluster through its customer API, and checks every acknowledged message.
#[derive(Debug, Parser)]
#[command(name = "handoff-bench", version)]
pub struct Cli {
    /// What to measure.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Acknowledged messages per second: closed loop, one message in flight per session.
    Rate(RateArgs),
    /// Latencies at a fixed rate: open loop, from the intended send time.
    Latency(LatencyArgs),
    /// Time from a fault to the next acknowledged reply.
    Gap(GapArgs),
    /// Memory of the nodes per idle session.
    Idle(IdleArgs),
    /// Whole conversations between customers and agents, over the native sockets, through faults.
    Conversation(ConversationArgs),
    /// Prints reports side by side; rates as ratios to the first.
    Compare {
        /// Files written with `--json`.
        #[arg(required = true)]
        reports: Vec<PathBuf>,
    },
}

/// What all runs have in common.
#[derive(Debug, Args)]
pub struct Common {
    /// The nodes' customer addresses, loopback only.
    #[arg(long, value_delimiter = ',', default_value = "127.0.0.1:8101,127.0.0.1:8102,127.0.0.1:8103")]
    pub nodes: Vec<String>,
    /// The service: one without a bot, else the bot's answers are measured too.
    #[arg(long, default_value = "default")]
    pub service: String,
    /// Sessions, 1 to 4,096 (idle: 100,000).
    #[arg(long, default_value_t = 256)]
    pub sessions: u32,
    /// Threads of the driver, 1 to 4.
    #[arg(long, default_value_t = 1)]
    pub threads: u32,
    /// Length of each text, 32 to 8,192 bytes.
    #[arg(long, default_value_t = 100)]
    pub message_bytes: usize,
    /// Time-out of one attempt, milliseconds; then the next node with the same message id.
    #[arg(long, default_value_t = 5_000)]
    pub timeout_ms: u64,
    /// A message not acknowledged after this is a failed send, seconds.
    #[arg(long, default_value_t = 30)]
    pub give_up_seconds: u64,
    /// Writes the report here too.
    #[arg(long)]
    pub json: Option<PathBuf>,
    /// What the report calls this run.
    #[arg(long, default_value = "run")]
    pub label: String,
}

/// `conversation`.
#[derive(Debug, Args)]
pub struct ConversationArgs {
    /// The nodes' customer addresses, loopback only.
    #[arg(long, value_delimiter = ',', default_value = "127.0.0.1:8101,127.0.0.1:8102,127.0.0.1:8103")]
    pub nodes: Vec<String>,
    /// The service; its workflow must lead to a person.
    #[arg(long, default_value = "default")]
    pub service: String,
    /// What a customer says to be given a person.
    #[arg(long, default_value = "I want to talk to a person")]
    pub asks: String,
    /// Customers at a time, 1 to 2,000.
    #[arg(long, default_value_t = 40)]
    pub customers: u32,
    /// Conversations in all, 1 to 20,000.
    #[arg(long, default_value_t = 200)]
    pub conversations: u32,
    /// Questions of each customer, each answered by the agent.
    #[arg(long, default_value_t = 5)]
    pub questions: u32,
    /// The longest pause before a question, milliseconds.
    #[arg(long, default_value_t = 500)]
    pub pause_ms: u64,
    /// A JSON file with the agents: `[{"name": "kate", "password": "..."}]`.
    #[arg(long)]
    pub agents: PathBuf,
    /// A conversation that takes longer has stranded, seconds.
    #[arg(long, default_value_t = 120)]
    pub stranded_seconds: u64,
    /// Faults on random nodes, one after the other.
    #[arg(long, value_delimiter = ',')]
    pub faults: Vec<Fault>,
    /// Between two faults, milliseconds.
    #[arg(long, default_value_t = 3_000)]
    pub calm_ms: u64,
    /// The cluster's script, for faults.
    #[arg(long, default_value = "scripts/cluster")]
    pub cluster: PathBuf,
    /// Writes the report here too.
    #[arg(long)]
    pub json: Option<PathBuf>,
}

impl ConversationArgs {
    /// What to run.
    ///
    /// # Errors
    /// A setting out of its bounds, an address beyond loopback, or a file of agents that can't be read.
    pub fn plan(&self) -> Result<ConversationPlan, Error> {
        within("--customers", u64::from(self.customers), 1, 2_000)?;
        within("--conversations", u64::from(self.conversations), 1, 20_000)?;
        within("--questions", u64::from(self.questions), 1, 100)?;
        within("--stranded-seconds", self.stranded_seconds, 1, SECONDS_MAX)?;
        within("--faults", self.faults.len() as u64, 0, 50)?;
        let nodes =
            self.nodes.iter().map(|node| Ok(address(node)?.to_string())).collect::<Result<_, Error>>()?;
        let file = self.agents.display().to_string();
        let text = std::fs::read_to_string(&self.agents).map_err(|error| Error::io(file.clone(), error))?;
        Ok(ConversationPlan {
            nodes,
            service: self.service.clone(),
            asks_for_person: self.asks.clone(),
            customers: self.customers,
            conversations: self.conversations,
            questions: self.questions,
            pause: Duration::from_millis(self.pause_ms),
            agents: serde_json::from_str(&text).map_err(|error| Error::json(file, error))?,
            stranded_after: Duration::from_secs(self.stranded_seconds),
            faults: self.faults.clone(),
            calm: Duration::from_millis(self.calm_ms),
            cluster: (!self.faults.is_empty()).then(|| Cluster { program: self.cluster.clone() }),
        })
    }
}

/// `rate`.
#[derive(Debug, Args)]
pub struct RateArgs {
    /// Common options.
    #[command(flatten)]
    pub common: Common,
    /// The measured time, at most 600.
    #[arg(long, default_value_t = 20)]
    pub seconds: u64,
    /// Before it.
    #[arg(long, default_value_t = 5)]
    pub warm_up_seconds: u64,
    /// The nodes' metrics listeners, loopback only.
    #[arg(long, value_delimiter = ',')]
    pub metrics: Vec<String>,
    /// Metrics counters to report per acknowledged message.
    #[arg(long, value_delimiter = ',')]
    pub counters: Vec<String>,
    /// The cluster script, to report the nodes' processor time per message.
    #[arg(long)]
    pub cluster: Option<PathBuf>,
}

/// `latency`.
#[derive(Debug, Args)]
pub struct LatencyArgs {
    /// Common options.
    #[command(flatten)]
    pub common: Common,
    /// The measured time, at most 600.
    #[arg(long, default_value_t = 20)]
    pub seconds: u64,
    /// Before it.
    #[arg(long, default_value_t = 5)]
    pub warm_up_seconds: u64,
    /// Messages per second over all sessions.
    #[arg(long, required_unless_present = "half_of")]
    pub rate: Option<f64>,
    /// A report of `rate`: half of what it measured.
    #[arg(long, conflicts_with = "rate")]
    pub half_of: Option<PathBuf>,
}

/// `gap`.
#[derive(Debug, Args)]
pub struct GapArgs {
    /// Common options.
    #[command(flatten)]
    pub common: Common,
    /// What is done to the nodes in turn.
    #[arg(long, value_enum, default_value = "kill")]
    pub fault: Fault,
    /// How many faults, 1 to 100.
    #[arg(long, default_value_t = 5)]
    pub faults: u32,
    /// The longest time between two messages of a session, milliseconds; the shortest is half of it.
    #[arg(long, default_value_t = 100)]
    pub interval_ms: u64,
    /// How long gaps are looked for after each fault.
    #[arg(long, default_value_t = 5)]
    pub settle_seconds: u64,
    /// How long the cluster is left alone once it is whole again.
    #[arg(long, default_value_t = 2)]
    pub calm_seconds: u64,
    /// The cluster script: `status --json`, `kill|pause|drain|start|resume ID`.
    #[arg(long, default_value = "scripts/cluster")]
    pub cluster: PathBuf,
    /// A shell command that prints the shards' owners as JSON, as the admin API does.
    #[arg(long)]
    pub owners_command: Option<String>,
}

/// `idle`.
#[derive(Debug, Args)]
pub struct IdleArgs {
    /// Common options.
    #[command(flatten)]
    pub common: Common,
    /// From the last start to the reading.
    #[arg(long, default_value_t = 3)]
    pub settle_seconds: u64,
    /// The cluster script, to find the nodes' processes.
    #[arg(long, default_value = "scripts/cluster")]
    pub cluster: PathBuf,
}

impl Common {
    /// The customers' plan, with a pace that each subcommand sets.
    ///
    /// # Errors
    /// A bound or an address.
    pub fn plan(&self, sessions_max: u64) -> Result<Plan, Error> {
        within("--sessions", u64::from(self.sessions), 1, sessions_max)?;
        within("--threads", u64::from(self.threads), 1, 4)?;
        within("--message-bytes", self.message_bytes as u64, 32, 8_192)?;
        within("--timeout-ms", self.timeout_ms, 10, 60_000)?;
        within("--give-up-seconds", self.give_up_seconds, 1, 120)?;
        within("--nodes", self.nodes.len() as u64, 1, 64)?;
        let waits = Waits {
            timeout: Duration::from_millis(self.timeout_ms),
            give_up: Duration::from_secs(self.give_up_seconds),
        };
        Ok(Plan {
            nodes: addresses(&self.nodes)?.into(),
            service: self.service.clone(),
            sessions: self.sessions,
            threads: self.threads,
            message_bytes: self.message_bytes,
            waits,
            pace: Pace::Closed,
            log_acks: false,
            cross: false,
            run: rand::random(),
        })
    }
}

impl RateArgs {
    /// What to run.
    ///
    /// # Errors
    /// A bound or an address.
    pub fn plans(&self) -> Result<(Plan, Spans, Gauges), Error> {
        let cluster = self.cluster.clone().map(|program| Cluster { program });
        let gauges = Gauges { metrics: addresses(&self.metrics)?, counters: self.counters.clone(), cluster };
        Ok((self.common.plan(SESSIONS_MAX)?, spans(self.warm_up_seconds, self.seconds)?, gauges))
    }
}

impl LatencyArgs {
    /// What to run.
    ///
    /// # Errors
    /// A bound or an address.
    pub fn plans(&self) -> Result<(Plan, Spans), Error> {
        Ok((self.common.plan(SESSIONS_MAX)?, spans(self.warm_up_seconds, self.seconds)?))
    }
}

impl GapArgs {
    /// What to run.
    ///
    /// # Errors
    /// A bound or an address.
    pub fn plan(&self) -> Result<GapPlan, Error> {
        within("--faults", u64::from(self.faults), 1, 100)?;
        within("--interval-ms", self.interval_ms, 2, 60_000)?;
        within("--settle-seconds", self.settle_seconds, 1, SECONDS_MAX)?;
        within("--calm-seconds", self.calm_seconds, 0, SECONDS_MAX)?;
        Ok(GapPlan {
            plan: self.common.plan(SESSIONS_MAX)?,
            interval: Duration::from_millis(self.interval_ms),
            fault: self.fault,
            faults: self.faults,
            settle: Duration::from_secs(self.settle_seconds),
            calm: Duration::from_secs(self.calm_seconds),
            cluster: Cluster { program: self.cluster.clone() },
            owners_command: self.owners_command.clone(),
        })
    }
}

impl IdleArgs {
    /// What to run.
    ///
    /// # Errors
    /// A bound or an address.
    pub fn plans(&self) -> Result<(Plan, Duration, Cluster), Error> {
        within("--settle-seconds", self.settle_seconds, 0, SECONDS_MAX)?;
        let plan = self.common.plan(IDLE_SESSIONS_MAX)?;
        Ok((plan, Duration::from_secs(self.settle_seconds), Cluster { program: self.cluster.clone() }))
    }
}

/// Checks a rate of the open loop.
///
/// # Errors
/// Not 1 to 200,000.
pub fn open_rate(per_second: f64) -> Result<f64, Error> {
    within("the rate", per_second.max(0.0) as u64, 1, 200_000)?;
    Ok(per_second)
}

fn addresses(texts: &[String]) -> Result<Vec<SocketAddr>, Error> {
    texts.iter().map(|text| address(text)).collect()
}

fn spans(warm_up_seconds: u64, seconds: u64) -> Result<Spans, Error> {
    within("--seconds", seconds, 1, SECONDS_MAX)?;
    within("--warm-up-seconds", warm_up_seconds, 0, SECONDS_MAX)?;
    Ok(Spans { warm_up: Duration::from_secs(warm_up_seconds), measure: Duration::from_secs(seconds) })
}

fn within(name: &'static str, value: u64, min: u64, max: u64) -> Result<(), Error> {
    if (min..=max).contains(&value) { Ok(()) } else { Err(Error::OutOfBounds { name, value, min, max }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_without_bounds_is_refused() {
        let parse = |words: &str| Cli::try_parse_from(words.split(' ')).unwrap().command;
        let Command::Rate(args) = parse("x rate --sessions 5000") else { unreachable!() };
        assert!(matches!(args.plans(), Err(Error::OutOfBounds { name: "--sessions", .. })));
        let Command::Rate(args) = parse("x rate --seconds 601") else { unreachable!() };
        assert!(matches!(args.plans(), Err(Error::OutOfBounds { name: "--seconds", .. })));
        let Command::Idle(args) = parse("x idle --sessions 50000") else { unreachable!() };
        assert!(args.plans().is_ok());
    }
}
