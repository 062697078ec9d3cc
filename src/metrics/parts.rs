//! The metrics by part of the node, with their names and meanings.

use super::labels::{AppendOutcome, CommandOutcome, EntityState, Label, PeerOutcome, Queue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};

/// Upper bounds of durations, in seconds: fine where a takeover and an acknowledgement lie.
const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Upper bounds of entries per frame.
const EVENTS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

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

fn seconds(registry: &mut Registry, name: &str, help: &str) -> Histogram {
    add(registry, name, help, Histogram::new(SECONDS))
}

/// Registers one metric per value of a label, all present from the start.
fn family<M>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    labels: impl Iterator<Item = Label>,
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

pub(super) struct Journal {
    pub(super) frames: Counter,
    pub(super) events: Counter,
    pub(super) frame_bytes: Counter,
    pub(super) frame_events: Histogram,
    pub(super) append_seconds: Histogram,
    pub(super) appends: Family<Label, Counter>,
    pub(super) frames_in_flight: Gauge,
    pub(super) segments_rolled: Counter,
    pub(super) segments_trimmed: Counter,
}

impl Journal {
    pub(super) fn new(r: &mut Registry) -> Self {
        let outcomes = AppendOutcome::ALL.iter().map(|outcome| outcome.label());
        Self {
            frames: counter(r, "journal_frames", "Frames committed"),
            events: counter(r, "journal_events", "Entries in committed frames"),
            frame_bytes: counter(r, "journal_frame_bytes", "Bytes of committed frames"),
            frame_events: add(
                r,
                "journal_frame_events",
                "Entries per committed frame",
                Histogram::new(EVENTS),
            ),
            append_seconds: seconds(
                r,
                "journal_append_seconds",
                "From a frame's closing to its commit, retries included",
            ),
            appends: family(r, "journal_appends", "Attempts to append a frame, by outcome", outcomes),
            frames_in_flight: gauge(r, "journal_frames_in_flight", "Frames being appended now"),
            segments_rolled: counter(r, "journal_segments_rolled", "Segments sealed"),
            segments_trimmed: counter(r, "journal_segments_trimmed", "Segments forgotten"),
        }
    }
}

pub(super) struct Session {
    pub(super) commands: Family<Label, Counter>,
    pub(super) command_seconds: Histogram,
    pub(super) open: Gauge,
    pub(super) typing_shown: Counter,
    pub(super) effects_owed: Gauge,
    pub(super) record_rows: Counter,
}

impl Session {
    pub(super) fn new(r: &mut Registry) -> Self {
        let outcomes = CommandOutcome::ALL.iter().map(|outcome| outcome.label());
        Self {
            commands: family(
                r,
                "session_commands",
                "Commands answered by this node's shards, by outcome",
                outcomes,
            ),
            command_seconds: seconds(
                r,
                "session_command_seconds",
                "From a command's arrival at its shard to its committed answer",
            ),
            open: gauge(r, "session_open", "Sessions of this node that have not ended"),
            typing_shown: counter(r, "session_typing_shown", "Typing notices shown"),
            effects_owed: gauge(r, "session_effects_owed", "Effects not yet done"),
            record_rows: counter(r, "session_record_rows", "Rows of records written"),
        }
    }
}

pub(super) struct Shard {
    pub(super) entities: Family<Label, Gauge>,
    pub(super) refused: Family<Label, Counter>,
    pub(super) held_outputs: Gauge,
    pub(super) entity_panics: Counter,
    pub(super) quarantined: Counter,
    pub(super) reads_confirmed: Counter,
}

impl Shard {
    pub(super) fn new(r: &mut Registry) -> Self {
        let states = EntityState::ALL.iter().map(|state| state.label());
        let queues = Queue::ALL.iter().map(|queue| queue.label());
        let set_aside = "Entities set aside after a second panic on the same command";
        Self {
            entities: family(r, "shard_entities", "Entities of this node's shards, by state", states),
            refused: family(
                r,
                "shard_refused",
                "Commands and calls refused because a queue was full",
                queues,
            ),
            held_outputs: gauge(r, "shard_held_outputs", "Outputs held until their frame commits"),
            entity_panics: counter(r, "shard_entity_panics", "Panics caught in an entity"),
            quarantined: counter(r, "shard_entities_quarantined", set_aside),
            reads_confirmed: counter(
                r,
                "shard_reads_confirmed",
                "Checks of ownership made for the sake of reads",
            ),
        }
    }
}

pub(super) struct Cluster {
    pub(super) shards_serving: Gauge,
    pub(super) takeover_seconds: Histogram,
    pub(super) shards_released: Counter,
    pub(super) suspicions: Counter,
    pub(super) loop_stalls: Counter,
    pub(super) members: Gauge,
}

impl Cluster {
    pub(super) fn new(r: &mut Registry) -> Self {
        let takeover = "From the decision to claim a shard until it serves";
        Self {
            shards_serving: gauge(r, "cluster_shards_serving", "Shards this node serves"),
            takeover_seconds: seconds(r, "cluster_takeover_seconds", takeover),
            shards_released: counter(r, "cluster_shards_released", "Shards given away on purpose"),
            suspicions: counter(r, "cluster_suspicions", "Peers this node found silent or gone"),
            loop_stalls: counter(r, "cluster_loop_stalls", "Stalls of this node's own loop"),
            members: gauge(r, "cluster_members_up", "Members that are up, as this node sees it"),
        }
    }
}

pub(super) struct Peer {
    pub(super) linked: Gauge,
    pub(super) calls: Family<Label, Counter>,
    pub(super) call_seconds: Histogram,
}

impl Peer {
    pub(super) fn new(r: &mut Registry) -> Self {
        let outcomes = PeerOutcome::ALL.iter().map(|outcome| outcome.label());
        Self {
            linked: gauge(r, "peer_links", "Peers with a working link"),
            calls: family(r, "peer_calls", "Calls to peers, by outcome", outcomes),
            call_seconds: seconds(r, "peer_call_seconds", "From a call to a peer to its end"),
        }
    }
}
