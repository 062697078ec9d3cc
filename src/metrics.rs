//! What a node counts, for Prometheus. `docs/metrics.md` lists every name, and a test compares the two.
//!
//! Labels have few fixed values, all present from the start; none ever holds an id, a name or a text of a chat.

use prometheus_client::encoding::{EncodeLabelSet, LabelSetEncoder, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};
use std::sync::Arc;

/// What [`Metrics::encode`] writes.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// One label with one of its fixed values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Label(&'static str, &'static str);

impl EncodeLabelSet for Label {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        (self.0, self.1).encode(encoder.encode_label())
    }
}

/// Declares the values of a label.
macro_rules! label {
    ($(#[$meta:meta])* $name:ident, $key:literal { $($(#[$value_meta:meta])* $value:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$value_meta])* $value,)* }
        impl $name {
            const ALL: &'static [Self] = &[$(Self::$value,)*];
            fn label(self) -> Label {
                match self { $(Self::$value => Label($key, $text),)* }
            }
        }
    };
}

label! {
    /// How one attempt to append a frame ended.
    AppendOutcome, "outcome" {
        /// Committed.
        Appended = "appended",
        /// A later owner exists.
        Fenced = "fenced",
        /// Not known; the same frame is sent again.
        Unknown = "unknown",
        /// The store refuses it.
        Refused = "refused",
    }
}

label! {
    /// What a command was answered.
    CommandOutcome, "outcome" {
        /// Its events are committed, or it had nothing to commit.
        Done = "done",
        /// The earlier answer of the same id.
        Repeated = "repeated",
        /// The session refuses.
        Rejected = "rejected",
        /// Not served here at the moment; nothing was committed.
        Again = "again",
        /// A queue is full; nothing was committed.
        Busy = "busy",
        /// Its deadline had passed before it was decided; nothing was committed.
        Expired = "expired",
        /// Not known to the caller in time.
        Unknown = "unknown",
    }
}

label! {
    /// A bounded queue.
    Queue, "queue" {
        /// A shard's inbox.
        Shard = "shard",
        /// An entity's inbox.
        Entity = "entity",
        /// Outputs held back until their frame is committed.
        Held = "held",
        /// Calls that wait for a peer.
        Peer = "peer",
    }
}

label! {
    /// How a call to a peer ended.
    PeerOutcome, "outcome" {
        /// Answered.
        Answered = "answered",
        /// No answer in time.
        Late = "late",
        /// The link broke or could not be made.
        Broken = "broken",
        /// Too many calls wait already.
        Busy = "busy",
    }
}

label! {
    /// Whether an entity is in memory.
    EntityState, "state" {
        /// In memory.
        Awake = "awake",
        /// Known by reference.
        Asleep = "asleep",
    }
}

/// Upper bounds of durations, in seconds: fine where a takeover and an acknowledgement lie.
const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Upper bounds of events per frame.
const EVENTS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

struct Inner {
    registry: Registry,
    frames: Counter,
    events: Counter,
    frame_bytes: Counter,
    frame_events: Histogram,
    append_seconds: Histogram,
    appends: Family<Label, Counter>,
    frames_in_flight: Gauge,
    segments_rolled: Counter,
    segments_trimmed: Counter,
    commands: Family<Label, Counter>,
    command_seconds: Histogram,
    sessions_open: Gauge,
    typing_shown: Counter,
    effects_owed: Gauge,
    entities: Family<Label, Gauge>,
    refused: Family<Label, Counter>,
    held_outputs: Gauge,
    entity_panics: Counter,
    quarantined: Counter,
    reads_confirmed: Counter,
    shards_serving: Gauge,
    takeover_seconds: Histogram,
    shards_released: Counter,
    suspicions: Counter,
    loop_stalls: Counter,
    members: Gauge,
    peers_linked: Gauge,
    peer_calls: Family<Label, Counter>,
    peer_call_seconds: Histogram,
    record_rows: Counter,
}

/// The node's counters. Cheap to clone; every method is quick, never blocks on I/O and may be called from any thread.
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

/// Registers one metric per value of a label, all present from the start.
fn family<M, T>(registry: &mut Registry, name: &str, help: &str, labels: &[T], of: fn(T) -> Label) -> Family<Label, M>
where
    M: Metric + Clone + Default,
    T: Copy,
    fn() -> M: MetricConstructor<M>,
    Family<Label, M>: Metric,
{
    let family = Family::<Label, M>::default();
    for value in labels {
        drop(family.get_or_create(&of(*value)));
    }
    add(registry, name, help, family)
}

impl Metrics {
    /// All of them, at zero.
    #[must_use]
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// All of them, and what another part registers under its full names.
    pub fn with(register: impl FnOnce(&mut Registry)) -> Self {
        let mut registry = Registry::default();
        register(&mut registry);
        let r = registry.sub_registry_with_prefix("handoff");
        let inner = Inner {
            frames: add(r, "journal_frames", "Frames committed", Counter::default()),
            events: add(r, "journal_events", "Entries in committed frames", Counter::default()),
            frame_bytes: add(r, "journal_frame_bytes", "Bytes of committed frames", Counter::default()),
            frame_events: add(r, "journal_frame_events", "Entries per committed frame", Histogram::new(EVENTS)),
            append_seconds: add(
                r,
                "journal_append_seconds",
                "From a frame's closing to its commit, retries included",
                Histogram::new(SECONDS),
            ),
            appends: family(
                r,
                "journal_appends",
                "Attempts to append a frame, by outcome",
                AppendOutcome::ALL,
                AppendOutcome::label,
            ),
            frames_in_flight: add(r, "journal_frames_in_flight", "Frames being appended now", Gauge::default()),
            segments_rolled: add(r, "journal_segments_rolled", "Segments sealed", Counter::default()),
            segments_trimmed: add(r, "journal_segments_trimmed", "Segments forgotten", Counter::default()),
            commands: family(
                r,
                "session_commands",
                "Commands answered by this node's shards, by outcome",
                CommandOutcome::ALL,
                CommandOutcome::label,
            ),
            command_seconds: add(
                r,
                "session_command_seconds",
                "From a command's arrival at its shard to its committed answer",
                Histogram::new(SECONDS),
            ),
            sessions_open: add(r, "session_open", "Sessions of this node that have not ended", Gauge::default()),
            typing_shown: add(r, "session_typing_shown", "Typing notices shown", Counter::default()),
            effects_owed: add(r, "session_effects_owed", "Effects not yet done", Gauge::default()),
            entities: family(
                r,
                "shard_entities",
                "Entities of this node's shards, by state",
                EntityState::ALL,
                EntityState::label,
            ),
            refused: family(
                r,
                "shard_refused",
                "Commands and calls refused because a queue was full",
                Queue::ALL,
                Queue::label,
            ),
            held_outputs: add(r, "shard_held_outputs", "Outputs held until their frame commits", Gauge::default()),
            entity_panics: add(r, "shard_entity_panics", "Panics caught in an entity", Counter::default()),
            quarantined: add(
                r,
                "shard_entities_quarantined",
                "Entities set aside after a second panic on the same command",
                Counter::default(),
            ),
            reads_confirmed: add(
                r,
                "shard_reads_confirmed",
                "Checks of ownership made for the sake of reads",
                Counter::default(),
            ),
            shards_serving: add(r, "cluster_shards_serving", "Shards this node serves", Gauge::default()),
            takeover_seconds: add(
                r,
                "cluster_takeover_seconds",
                "From the decision to claim a shard until it serves",
                Histogram::new(SECONDS),
            ),
            shards_released: add(r, "cluster_shards_released", "Shards given away on purpose", Counter::default()),
            suspicions: add(r, "cluster_suspicions", "Peers this node found silent or gone", Counter::default()),
            loop_stalls: add(r, "cluster_loop_stalls", "Stalls of this node's own loop", Counter::default()),
            members: add(r, "cluster_members_up", "Members that are up, as this node sees it", Gauge::default()),
            peers_linked: add(r, "peer_links", "Peers with a working link", Gauge::default()),
            peer_calls: family(r, "peer_calls", "Calls to peers, by outcome", PeerOutcome::ALL, PeerOutcome::label),
            peer_call_seconds: add(
                r,
                "peer_call_seconds",
                "From a call to a peer to its answer",
                Histogram::new(SECONDS),
            ),
            record_rows: add(r, "record_rows", "Rows of records written", Counter::default()),
            registry,
        };
        Self(Arc::new(inner))
    }

    /// Everything in OpenMetrics text, which Prometheus reads.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut page = String::new();
        // Writing to a String can't fail.
        let _ = text::encode(&mut page, &self.0.registry);
        page
    }

    /// A frame is committed: its entries, its bytes, and the time since it was closed.
    pub fn frame_committed(&self, events: u32, bytes: usize, seconds: f64) {
        self.0.frames.inc();
        self.0.events.inc_by(u64::from(events));
        self.0.frame_bytes.inc_by(bytes as u64);
        self.0.frame_events.observe(f64::from(events));
        self.0.append_seconds.observe(seconds);
    }

    /// One attempt to append ended.
    pub fn append_outcome(&self, outcome: AppendOutcome) {
        self.0.appends.get_or_create(&outcome.label()).inc();
    }

    /// Frames being appended: add 1 before, -1 after.
    pub fn frames_in_flight(&self, change: i64) {
        self.0.frames_in_flight.inc_by(change);
    }

    /// A segment was sealed and the next one opened.
    pub fn segment_rolled(&self) {
        self.0.segments_rolled.inc();
    }

    /// So many segments were forgotten.
    pub fn segments_trimmed(&self, count: u64) {
        self.0.segments_trimmed.inc_by(count);
    }

    /// A command was answered by a shard of this node, so long after its arrival.
    pub fn command(&self, outcome: CommandOutcome, seconds: f64) {
        self.0.commands.get_or_create(&outcome.label()).inc();
        self.0.command_seconds.observe(seconds);
    }

    /// Sessions that have not ended: add 1, -1, or what a shard brings and takes along.
    pub fn sessions_open(&self, change: i64) {
        self.0.sessions_open.inc_by(change);
    }

    /// Typing was shown.
    pub fn typing_shown(&self) {
        self.0.typing_shown.inc();
    }

    /// Effects owed: add 1 when owed, -1 when settled, or what a shard brings and takes along.
    pub fn effects_owed(&self, change: i64) {
        self.0.effects_owed.inc_by(change);
    }

    /// Entities in memory and known by reference: changes.
    pub fn entities(&self, awake: i64, asleep: i64) {
        self.0.entities.get_or_create(&EntityState::Awake.label()).inc_by(awake);
        self.0.entities.get_or_create(&EntityState::Asleep.label()).inc_by(asleep);
    }

    /// A full queue refused something.
    pub fn refused(&self, queue: Queue) {
        self.0.refused.get_or_create(&queue.label()).inc();
    }

    /// Outputs held back: change.
    pub fn held_outputs(&self, change: i64) {
        self.0.held_outputs.inc_by(change);
    }

    /// A panic was caught in an entity.
    pub fn entity_panicked(&self) {
        self.0.entity_panics.inc();
    }

    /// An entity was set aside.
    pub fn quarantined(&self) {
        self.0.quarantined.inc();
    }

    /// Ownership was checked for the sake of reads.
    pub fn reads_confirmed(&self) {
        self.0.reads_confirmed.inc();
    }

    /// How many shards this node serves.
    pub fn shards_serving(&self, count: usize) {
        self.0.shards_serving.set(whole(count));
    }

    /// A claimed shard serves, so long after the decision to claim it.
    pub fn takeover(&self, seconds: f64) {
        self.0.takeover_seconds.observe(seconds);
    }

    /// A shard was given away on purpose.
    pub fn shard_released(&self) {
        self.0.shards_released.inc();
    }

    /// A peer was found silent or gone.
    pub fn suspicion(&self) {
        self.0.suspicions.inc();
    }

    /// This node's own loop stalled.
    pub fn loop_stalled(&self) {
        self.0.loop_stalls.inc();
    }

    /// How many members are up.
    pub fn members_up(&self, count: usize) {
        self.0.members.set(whole(count));
    }

    /// How many peers have a working link.
    pub fn peers_linked(&self, count: usize) {
        self.0.peers_linked.set(whole(count));
    }

    /// A call to a peer ended.
    pub fn peer_call(&self, outcome: PeerOutcome, seconds: f64) {
        self.0.peer_calls.get_or_create(&outcome.label()).inc();
        self.0.peer_call_seconds.observe(seconds);
    }

    /// Rows of a record were written.
    pub fn record_rows(&self, count: u64) {
        self.0.record_rows.inc_by(count);
    }
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Name, then type, labels and meaning, of the page and of the code.
    type Listed = BTreeMap<String, [String; 3]>;

    fn of_page() -> Listed {
        let mut listed = Listed::new();
        for line in include_str!("../docs/metrics.md").lines() {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            let [_, name, kind, labels, meaning, _] = cells[..] else { continue };
            let Some(name) = name.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')) else { continue };
            let row = [kind.to_owned(), labels.replace('`', ""), meaning.to_owned()];
            assert!(listed.insert(name.to_owned(), row).is_none(), "{name} stands twice");
        }
        listed
    }

    fn of_code() -> Listed {
        let page = Metrics::new().encode();
        let mut listed = Listed::new();
        let mut help = BTreeMap::new();
        for line in page.lines() {
            if let Some((name, text)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
                help.insert(name.to_owned(), text.to_owned());
            } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
                let shown = if kind == "counter" { format!("{name}_total") } else { name.to_owned() };
                let values: Vec<_> = page
                    .lines()
                    .filter_map(|sample| sample.strip_prefix(&format!("{shown}{{")))
                    .filter_map(|sample| sample.split_once('}').map(|(label, _)| label.replace('"', "")))
                    .collect();
                let label = values.first().and_then(|value| value.split_once('=')).map(|(key, _)| key.to_owned());
                let labels = label.map_or(String::new(), |key| {
                    let values = values.iter().map(|value| value.replace(&format!("{key}="), ""));
                    format!("{key}: {}", values.collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", "))
                });
                listed.insert(shown, [kind.to_owned(), labels, help[name].clone()]);
            }
        }
        listed
    }

    #[test]
    fn the_page_lists_every_metric_and_no_other() {
        let (page, code) = (of_page(), of_code());
        assert!(code.len() > 25, "the encoding was not understood: {code:?}");
        for (name, row) in &code {
            let line = format!("| `{name}` | {} | {} | {} |", row[0], row[1], row[2]);
            assert_eq!(page.get(name), Some(row), "docs/metrics.md should say:\n{line}");
        }
        for name in page.keys() {
            assert!(code.contains_key(name), "docs/metrics.md lists {name}, which no longer exists");
        }
    }

    #[test]
    fn what_is_counted_shows() {
        let metrics = Metrics::new();
        metrics.frame_committed(3, 500, 0.004);
        metrics.append_outcome(AppendOutcome::Fenced);
        metrics.entities(5, 2);
        metrics.entities(-1, 1);
        let page = metrics.encode();
        for sample in [
            "handoff_journal_events_total 3",
            "handoff_journal_appends_total{outcome=\"fenced\"} 1",
            "handoff_shard_entities{state=\"awake\"} 4",
            "handoff_shard_entities{state=\"asleep\"} 3",
            "handoff_journal_append_seconds_bucket{le=\"0.005\"} 1",
        ] {
            assert!(page.lines().any(|line| line == sample), "missing: {sample}\nin:\n{page}");
        }
        assert!(page.ends_with("# EOF\n"));
    }
}
