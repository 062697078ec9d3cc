//! Judges a shard's log: everything acknowledged is in it, once, where it was acknowledged, without holes, and epochs
//! never go back. Collects what is wrong instead of failing, so that a test can also show that it finds something.

use std::collections::{BTreeMap, BTreeSet};

use handoff_journal::{Epoch, FrameId, Owner, Position, StoredFrame};

#[derive(Default)]
pub struct Checker {
    /// Frames that an append acknowledged, by where they must stand.
    acked: BTreeMap<Position, (FrameId, Epoch)>,
    /// Frames of which "fenced" said that they are not and never will be in the log.
    void: BTreeSet<FrameId>,
    /// What an owner read and then confirmed; must never change.
    seen: BTreeMap<Position, (FrameId, Epoch)>,
    owners: BTreeMap<Epoch, Owner>,
    /// The segment below which somebody began to trim.
    pub trimmed_below: u64,
    pub takeovers: usize,
    pub wrong: Vec<String>,
}

impl Checker {
    pub fn claimed(&mut self, epoch: Epoch, owner: Owner) {
        self.takeovers += 1;
        if let Some(other) = self.owners.insert(epoch, owner) {
            self.wrong.push(format!("epoch {epoch} went to {other} and to {owner}"));
        }
    }

    pub fn acked(&mut self, at: Position, id: FrameId, epoch: Epoch) {
        if let Some((other, before)) = self.acked.insert(at, (id, epoch))
            && other != id
        {
            self.wrong.push(format!("{at:?} acknowledged twice: in epoch {before} and in epoch {epoch}"));
        }
    }

    pub fn acked_count(&self) -> usize {
        self.acked.len()
    }

    pub fn void(&mut self, at: Position, id: FrameId) {
        // Once its segment is trimmed, nobody can tell any more what a frame came to.
        if at.segment >= self.trimmed_below {
            self.void.insert(id);
        }
    }

    /// What an owner has read, from the first position of a segment on, in order.
    pub fn observed(&mut self, log: &[StoredFrame], acked_before: &BTreeMap<Position, FrameId>) {
        let read: BTreeMap<Position, FrameId> = log.iter().map(|frame| (frame.position, frame.id)).collect();
        let first = log.first().map(|frame| frame.position.segment);
        for (at, id) in acked_before.iter().filter(|(at, _)| Some(at.segment) >= first) {
            if read.get(at) != Some(id) && at.segment >= self.trimmed_below {
                self.wrong.push(format!(
                    "{at:?} was acknowledged before, but a later owner reads {:?}",
                    read.get(at)
                ));
            }
        }
        for frame in log {
            let now = (frame.id, frame.epoch);
            let before = *self.seen.entry(frame.position).or_insert(now);
            if before != now {
                self.wrong.push(format!("{:?} changed from {before:?} to {now:?}", frame.position));
            }
        }
    }

    pub fn acked_so_far(&self) -> BTreeMap<Position, FrameId> {
        self.acked.iter().map(|(at, (id, _))| (*at, *id)).collect()
    }

    /// The last look, at what the last owner reads; what was trimmed was seen by those who trimmed it.
    pub fn finish(&mut self, log: &[StoredFrame]) {
        self.observed(log, &self.acked_so_far());
        for (at, (id, epoch)) in &self.acked {
            if self.seen.get(at) != Some(&(*id, *epoch)) {
                self.wrong.push(format!(
                    "acknowledged at {at:?} in epoch {epoch}, but there is {:?}",
                    self.seen.get(at)
                ));
            }
        }
        let mut ids = BTreeSet::new();
        let mut expected = Position { segment: 1, seq: 1 };
        let mut highest = Epoch(0);
        for (at, (id, epoch)) in &self.seen {
            if !ids.insert(*id) {
                self.wrong.push(format!("{at:?} is in the log twice"));
            }
            if self.void.contains(id) {
                self.wrong.push(format!("{at:?} was called fenced, but is in the log"));
            }
            if at.segment > expected.segment {
                expected = Position { segment: at.segment, seq: 1 };
            }
            if *at != expected {
                self.wrong.push(format!("a hole: {at:?} where {expected:?} should be"));
            }
            if *epoch < highest {
                self.wrong.push(format!("epoch {epoch} after {highest} at {at:?}"));
            }
            expected = Position { segment: at.segment, seq: at.seq + 1 };
            highest = *epoch;
        }
    }
}
