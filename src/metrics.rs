//! What a node counts, for Prometheus. `docs/metrics.md` lists every name, and a test compares the two.
//!
//! Labels have few fixed values, all present from the start; none ever holds an id, a name or a text of a chat.

mod work;

#[cfg(test)]
mod tests;

use crate::observer::Observer;
use handoff_chat::happening::Happening;
use handoff_journal::ShardId;
use handoff_shard::census::{Census, Counts};
use prometheus_client::encoding::{EncodeLabel, EncodeLabelSet, LabelSetEncoder, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What [`Metrics::encode`] writes.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds of durations, in seconds: fine where a takeover and an acknowledgement lie.
const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Upper bounds of entries per frame.
const ENTRIES: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// One label with one of its fixed values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Label(&'static str, &'static str);

const AWAKE: Label = Label("state", "awake");
const ASLEEP: Label = Label("state", "asleep");
/// What a shard counts.
type Count = fn(&Reported) -> usize;

/// Where interactions are, by their words in metrics.
const PLACES: [(&str, Count); 4] = [
    ("workflow", |reported| reported.census.places.workflow),
    ("queue", |reported| reported.census.places.queue),
    ("offer", |reported| reported.census.places.offer),
    ("agent", |reported| reported.census.places.agent),
];
/// What agents are.
const STATES: [(&str, Count); 3] = [
    ("signed_out", |reported| reported.census.agents.signed_out),
    ("not_ready", |reported| reported.census.agents.not_ready),
    ("ready", |reported| reported.census.agents.ready),
];
/// What [`Observer::call`] may say.
const OUTCOMES: [&str; 5] = ["done", "refused", "busy", "again", "unknown"];

impl EncodeLabelSet for Label {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        EncodeLabel::encode(&(self.0, self.1), encoder.encode_label())
    }
}

/// A shard as it last told.
#[derive(Default)]
struct Reported {
    census: Census,
    held: usize,
    counts: Counts,
}

struct Inner {
    registry: Registry,
    reported: Mutex<BTreeMap<ShardId, Reported>>,
    frames: Counter,
    entries: Counter,
    frame_bytes: Counter,
    frame_entries: Histogram,
    commit_seconds: Histogram,
    unknown_outcomes: Counter,
    serving: Gauge,
    sessions: Family<Label, Gauge>,
    open: Gauge,
    quarantined: Gauge,
    places: Family<Label, Gauge>,
    agents: Family<Label, Gauge>,
    waiting: Gauge,
    held_outputs: Gauge,
    panics: Counter,
    clock_steps: Counter,
    takeover_seconds: Histogram,
    shards_left: Counter,
    calls: Family<Label, Counter>,
    ready: Gauge,
    work: work::Work,
}

/// The node's counters. Cheap to clone; every method is quick and may be called from any thread.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// Registers a metric and hands it back. The registry adds `_total` to counters and a full stop to the help text.
fn add<M: Metric + Clone>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M {
    registry.register(name, help, metric.clone());
    metric
}

fn counter(registry: &mut Registry, name: &str, help: &str) -> Counter {
    add(registry, name, help, Counter::default())
}

fn gauge(registry: &mut Registry, name: &str, help: &str) -> Gauge {
    add(registry, name, help, Gauge::default())
}

/// Registers one metric per value of a label, all present from the start.
fn family<M>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    labels: impl IntoIterator<Item = Label>,
) -> Family<Label, M>
where
    M: Metric + Clone + Default,
    fn() -> M: MetricConstructor<M>,
    Family<Label, M>: Metric,
{
    let family = Family::<Label, M>::default();
    for label in labels {
        drop(family.get_or_create(&label));
    }
    add(registry, name, help, family)
}

impl Metrics {
    /// All of them, at zero.
    #[must_use]
    pub fn new() -> Self {
        Self::with([], |_| {})
    }

    /// All of them, with the configured queues by name, and what another part registers under its full names.
    pub fn with<'q>(queues: impl IntoIterator<Item = &'q str>, register: impl FnOnce(&mut Registry)) -> Self {
        let mut registry = Registry::default();
        register(&mut registry);
        let r = registry.sub_registry_with_prefix("handoff");
        let commit = "From a frame's closing to its commit, retries included";
        let takeover = "From the decision to claim a shard to its first committed frame";
        let outcomes = OUTCOMES.map(|outcome| Label("outcome", outcome));
        Self(Arc::new(Inner {
            reported: Mutex::default(),
            frames: counter(r, "journal_frames", "Frames committed"),
            entries: counter(r, "journal_entries", "Entries in committed frames"),
            frame_bytes: counter(r, "journal_frame_bytes", "Bytes of committed frames"),
            frame_entries: add(r, "journal_entries_per_frame", "Entries per frame", Histogram::new(ENTRIES)),
            commit_seconds: add(r, "journal_commit_seconds", commit, Histogram::new(SECONDS)),
            unknown_outcomes: counter(
                r,
                "journal_unknown_outcomes",
                "Journal calls repeated for want of an answer",
            ),
            serving: gauge(r, "shard_serving", "Shards this node has"),
            sessions: family(
                r,
                "shard_sessions",
                "Sessions of this node's shards, by state",
                [AWAKE, ASLEEP],
            ),
            open: gauge(r, "shard_sessions_open", "Sessions that have not ended"),
            quarantined: gauge(r, "shard_sessions_quarantined", "Sessions out of service after panics"),
            places: family(
                r,
                "routing_interactions",
                "Interactions of this node's shards that are not done, by where they are",
                PLACES.map(|(place, _)| Label("place", place)),
            ),
            agents: family(
                r,
                "routing_agents",
                "Agents of this node's shards, by status",
                STATES.map(|(status, _)| Label("status", status)),
            ),
            waiting: gauge(r, "routing_queue_waiting", "Interactions that wait in this node's queues"),
            held_outputs: gauge(r, "shard_held_outputs", "Outputs held until their frame commits"),
            panics: counter(r, "shard_panics", "Panics caught in sessions"),
            clock_steps: counter(
                r,
                "shard_clock_steps",
                "Steps of a shard's time: a node's clock was or is wrong",
            ),
            takeover_seconds: add(r, "cluster_takeover_seconds", takeover, Histogram::new(SECONDS)),
            shards_left: counter(r, "cluster_shards_left", "Shards given away or lost"),
            calls: family(
                r,
                "router_calls",
                "Calls for sessions that came in at this node, by outcome",
                outcomes,
            ),
            ready: gauge(r, "node_ready", "Whether the node can take customers: 1 or 0"),
            work: work::Work::new(r, queues),
            registry,
        }))
    }

    /// Everything in OpenMetrics text, which Prometheus reads.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut page = String::new();
        // Writing to a String can't fail.
        let _ = text::encode(&mut page, &self.0.registry);
        page
    }

    /// How many sessions of this node's shards have not ended, as last told.
    #[must_use]
    pub fn open(&self) -> usize {
        usize::try_from(self.0.open.get()).unwrap_or(0)
    }

    /// Whether the node can take customers; set when the page is asked for.
    pub fn ready(&self, ready: bool) {
        self.0.ready.set(i64::from(ready));
    }

    /// Keeps what a shard tells, or that it left, and sets the sums over all shards.
    fn keep(&self, shard: ShardId, reported: Option<Reported>) {
        // The map is whole at any moment: a panic elsewhere while it is locked leaves nothing half done.
        let mut all = self.0.reported.lock().unwrap_or_else(PoisonError::into_inner);
        match reported {
            Some(reported) => {
                let before = all.get(&shard).map_or_else(Counts::default, |old| old.counts);
                // A shard that was opened anew counts from 0 again.
                let more = |now: u64, before: u64| if now < before { now } else { now - before };
                self.0.panics.inc_by(more(reported.counts.panics, before.panics));
                self.0.clock_steps.inc_by(more(reported.counts.clock_steps, before.clock_steps));
                all.insert(shard, reported);
            }
            None if all.remove(&shard).is_some() => drop(self.0.shards_left.inc()),
            None => {}
        }
        let sum = |of: Count| whole(all.values().map(of).sum());
        self.0.serving.set(whole(all.len()));
        self.0.sessions.get_or_create(&AWAKE).set(sum(|reported| reported.census.awake));
        self.0.sessions.get_or_create(&ASLEEP).set(sum(|reported| reported.census.asleep));
        self.0.open.set(sum(|reported| reported.census.open));
        self.0.waiting.set(sum(|reported| reported.census.waiting));
        for (place, there) in PLACES {
            self.0.places.get_or_create(&Label("place", place)).set(sum(there));
        }
        for (status, there) in STATES {
            self.0.agents.get_or_create(&Label("status", status)).set(sum(there));
        }
        self.0.quarantined.set(sum(|reported| reported.census.quarantined));
        self.0.held_outputs.set(sum(|reported| reported.held));
    }
}

impl Observer for Metrics {
    fn frame_committed(&self, items: u32, bytes: usize, took: Duration) {
        self.0.frames.inc();
        self.0.entries.inc_by(u64::from(items));
        self.0.frame_bytes.inc_by(bytes as u64);
        self.0.frame_entries.observe(f64::from(items));
        self.0.commit_seconds.observe(took.as_secs_f64());
    }

    fn outcome_unknown(&self) {
        self.0.unknown_outcomes.inc();
    }

    fn shard(&self, shard: ShardId, census: Census, held: usize, counts: Counts) {
        self.keep(shard, Some(Reported { census, held, counts }));
    }

    fn shard_gone(&self, shard: ShardId) {
        self.keep(shard, None);
    }

    fn opened(&self, took: Duration) {
        self.0.takeover_seconds.observe(took.as_secs_f64());
    }

    fn call(&self, outcome: &'static str) {
        self.0.calls.get_or_create(&Label("outcome", outcome)).inc();
    }

    fn happened(&self, happening: &Happening) {
        self.0.work.happened(happening);
    }

    fn contact(&self, found: bool) {
        self.0.work.contact(found);
    }
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
