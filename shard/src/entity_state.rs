//! An entity's place in its shard: awake, asleep, or on the way.

use super::frame::Slept;
use super::{Envelope, Mono};
use handoff_chat::entry::Entry;
use handoff_chat::session::Session;
use handoff_chat::{EffectId, Entity};
use std::collections::VecDeque;

/// Where an entity is.
pub enum EntityState {
    /// In memory.
    Awake(Box<Awake>),
    /// In a snapshot, woken by these decisions since (only after a recovery); calls wait for the snapshot.
    Asleep(Box<Asleep>),
    /// Its state is in doubt after a panic; calls wait for it to be read again from the log.
    Restoring {
        /// Calls that wait.
        waiting: VecDeque<Envelope>,
        /// Read again when so many items are committed.
        after: u64,
        /// Whether the reading was asked for.
        asked: bool,
    },
    /// It panicked twice on the same command: out of service until the next owner.
    Quarantined {
        /// Its snapshot's bytes; none when applying panicked: then the log alone has it.
        state: Option<Vec<u8>>,
    },
}

/// An entity in memory.
pub struct Awake {
    /// What decides and applies; it holds all state that is in the log.
    pub machine: Entity,
    /// When it was last called, on the monotonic clock.
    pub touched: Mono,
    /// Decisions since it is awake, to see whether something happened meanwhile.
    pub decisions: u64,
    /// The last `seq` that is in history rows for certain.
    pub history_through: u64,
    /// Whether history rows are being written.
    pub writing_history: bool,
    /// The event for the customer's channel that was handed out: one at a time, so that they come in order.
    pub pushing: Option<EffectId>,
    /// The snapshot being written, with the number of decisions in it.
    pub falling_asleep: Option<(Slept, u64)>,
    /// Decisions that may not be committed yet: the item and the last `seq` after it.
    uncommitted: VecDeque<(u64, u64)>,
    /// The last `seq` known to be committed.
    committed_seq: u64,
}

impl Awake {
    /// Just in memory.
    #[must_use]
    pub fn new(machine: Entity, now: Mono) -> Self {
        let first = machine.session().map_or(1, Session::first_seq_in_memory);
        Self {
            committed_seq: machine.last_seq(),
            uncommitted: VecDeque::new(),
            machine,
            touched: now,
            decisions: 0,
            history_through: first.saturating_sub(1),
            writing_history: false,
            pushing: None,
            falling_asleep: None,
        }
    }

    /// A decision of it went into this item.
    pub fn decided(&mut self, item: u64, committed: u64) {
        self.decisions += 1;
        self.committed_seq(committed);
        self.uncommitted.push_back((item, self.machine.last_seq()));
    }

    /// The last `seq` that is committed when so many items are.
    pub fn committed_seq(&mut self, committed: u64) -> u64 {
        while let Some((item, seq)) = self.uncommitted.front().copied() {
            if item > committed {
                break;
            }
            self.committed_seq = seq;
            self.uncommitted.pop_front();
        }
        self.committed_seq
    }

    /// The newest item that holds a decision of it and may not be committed; 0: all are.
    #[must_use]
    pub fn newest_item(&self) -> u64 {
        self.uncommitted.back().map_or(0, |(item, _)| *item)
    }
}

/// An entity in a snapshot.
pub struct Asleep {
    /// What the log says of it: the snapshot's key, and when to wake it.
    pub slept: Slept,
    /// What happened after the snapshot, each a decision's entries.
    pub decisions: Vec<Vec<Entry>>,
    /// Calls that wait for it.
    pub waiting: VecDeque<Envelope>,
    /// Whether the snapshot is being loaded.
    pub waking: bool,
}

impl Asleep {
    /// Asleep since this.
    #[must_use]
    pub fn new(slept: Slept) -> Self {
        Self { slept, decisions: Vec::new(), waiting: VecDeque::new(), waking: false }
    }
}
