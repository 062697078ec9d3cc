//! What a node counts, for Prometheus. `docs/metrics.md` lists every name, and a test compares the two.
//!
//! Labels have few fixed values, all present from the start; none ever holds an id, a name or a text of a chat.

mod labels;
mod parts;
#[cfg(test)]
mod tests;

use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;
use std::sync::Arc;

use labels::EntityState;
pub use labels::{AppendOutcome, CommandOutcome, PeerOutcome, Queue};

/// What [`Metrics::encode`] writes.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

struct Inner {
    registry: Registry,
    journal: parts::Journal,
    session: parts::Session,
    shard: parts::Shard,
    cluster: parts::Cluster,
    peer: parts::Peer,
}

/// The node's counters. Cheap to clone; every method is quick, never blocks on I/O and may be called from any thread.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
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
            journal: parts::Journal::new(r),
            session: parts::Session::new(r),
            shard: parts::Shard::new(r),
            cluster: parts::Cluster::new(r),
            peer: parts::Peer::new(r),
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
        self.0.journal.frames.inc();
        self.0.journal.events.inc_by(u64::from(events));
        self.0.journal.frame_bytes.inc_by(bytes as u64);
        self.0.journal.frame_events.observe(f64::from(events));
        self.0.journal.append_seconds.observe(seconds);
    }

    /// One attempt to append ended.
    pub fn append_outcome(&self, outcome: AppendOutcome) {
        self.0.journal.appends.get_or_create(&outcome.label()).inc();
    }

    /// Frames being appended: add 1 before, -1 after.
    pub fn frames_in_flight(&self, change: i64) {
        self.0.journal.frames_in_flight.inc_by(change);
    }

    /// A segment was sealed and the next one opened.
    pub fn segment_rolled(&self) {
        self.0.journal.segments_rolled.inc();
    }

    /// So many segments were forgotten.
    pub fn segments_trimmed(&self, count: u64) {
        self.0.journal.segments_trimmed.inc_by(count);
    }

    /// A command was answered by a shard of this node, so long after its arrival.
    pub fn command(&self, outcome: CommandOutcome, seconds: f64) {
        self.0.session.commands.get_or_create(&outcome.label()).inc();
        self.0.session.command_seconds.observe(seconds);
    }

    /// Sessions that have not ended: add 1, -1, or what a shard brings and takes along.
    pub fn sessions_open(&self, change: i64) {
        self.0.session.open.inc_by(change);
    }

    /// Typing was shown.
    pub fn typing_shown(&self) {
        self.0.session.typing_shown.inc();
    }

    /// Effects owed: add 1 when owed, -1 when settled, or what a shard brings and takes along.
    pub fn effects_owed(&self, change: i64) {
        self.0.session.effects_owed.inc_by(change);
    }

    /// Entities in memory and known by reference: changes.
    pub fn entities(&self, awake: i64, asleep: i64) {
        self.0.shard.entities.get_or_create(&EntityState::Awake.label()).inc_by(awake);
        self.0.shard.entities.get_or_create(&EntityState::Asleep.label()).inc_by(asleep);
    }

    /// A full queue refused something.
    pub fn refused(&self, queue: Queue) {
        self.0.shard.refused.get_or_create(&queue.label()).inc();
    }

    /// Outputs held back: change.
    pub fn held_outputs(&self, change: i64) {
        self.0.shard.held_outputs.inc_by(change);
    }

    /// A panic was caught in an entity.
    pub fn entity_panicked(&self) {
        self.0.shard.entity_panics.inc();
    }

    /// An entity was set aside.
    pub fn quarantined(&self) {
        self.0.shard.quarantined.inc();
    }

    /// Ownership was checked for the sake of reads.
    pub fn reads_confirmed(&self) {
        self.0.shard.reads_confirmed.inc();
    }

    /// How many shards this node serves.
    pub fn shards_serving(&self, count: usize) {
        self.0.cluster.shards_serving.set(whole(count));
    }

    /// A claimed shard serves, so long after the decision to claim it.
    pub fn takeover(&self, seconds: f64) {
        self.0.cluster.takeover_seconds.observe(seconds);
    }

    /// A shard was given away on purpose.
    pub fn shard_released(&self) {
        self.0.cluster.shards_released.inc();
    }

    /// A peer was found silent or gone.
    pub fn suspicion(&self) {
        self.0.cluster.suspicions.inc();
    }

    /// This node's own loop stalled.
    pub fn loop_stalled(&self) {
        self.0.cluster.loop_stalls.inc();
    }

    /// How many members are up.
    pub fn members_up(&self, count: usize) {
        self.0.cluster.members.set(whole(count));
    }

    /// How many peers have a working link.
    pub fn peers_linked(&self, count: usize) {
        self.0.peer.linked.set(whole(count));
    }

    /// A call to a peer ended.
    pub fn peer_call(&self, outcome: PeerOutcome, seconds: f64) {
        self.0.peer.calls.get_or_create(&outcome.label()).inc();
        self.0.peer.call_seconds.observe(seconds);
    }

    /// Rows of a record were written.
    pub fn record_rows(&self, count: u64) {
        self.0.session.record_rows.inc_by(count);
    }
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
