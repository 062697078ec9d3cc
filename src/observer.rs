//! What the actors tell those who count: one trait, so that the actors know no metrics library.

use handoff_chat::happening::Happening;
use handoff_journal::ShardId;
use handoff_shard::census::{Census, Counts};
use std::time::Duration;

/// Counts what happens.
pub trait Observer: Send + Sync + 'static {
    /// A frame is committed: its live items, its bytes, and how long that took.
    fn frame_committed(&self, items: u32, bytes: usize, took: Duration);
    /// The journal did not say what became of a call.
    fn outcome_unknown(&self);
    /// A shard as it is: its sessions, outputs held, and what it counted since it was opened.
    fn shard(&self, shard: ShardId, census: Census, held: usize, counts: Counts);
    /// A shard is no longer here.
    fn shard_gone(&self, shard: ShardId);
    /// A shard was opened here; from the decision to claim it to its first committed frame.
    fn opened(&self, took: Duration);
    /// A call of a gateway ended so: `done`, `refused`, `busy`, `again`, `unknown`.
    fn call(&self, outcome: &'static str);
    /// This happened in a chat, and is committed.
    fn happened(&self, happening: &Happening);
    /// The contact of a session was found, or else made.
    fn contact(&self, found: bool);
}

/// Counts nothing.
#[derive(Debug, Default, Clone, Copy)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn frame_committed(&self, _: u32, _: usize, _: Duration) {}
    fn outcome_unknown(&self) {}
    fn shard(&self, _: ShardId, _: Census, _: usize, _: Counts) {}
    fn shard_gone(&self, _: ShardId) {}
    fn opened(&self, _: Duration) {}
    fn call(&self, _: &'static str) {}
    fn happened(&self, _: &Happening) {}
    fn contact(&self, _: bool) {}
}
