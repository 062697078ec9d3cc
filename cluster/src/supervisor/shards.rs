//! This node's shards: claim, open, release, hand over.

use handoff_journal::{Epoch, Owner, ShardId};

use super::{Action, Note, Supervisor};
use crate::members::MemberState;

/// So many shards at once are given away: each is opened elsewhere before the next one stops being served here.
const MOVING_MAX: usize = 2;

/// Where this node stands with a shard. A shard that is not its business has no hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hold {
    /// Assigned to me; the owner before has yet to let go.
    Waiting { from: Owner, version: u64, since_ms: u64 },
    /// The claim failed; the next try.
    Retry { at_ms: u64, failures: u32 },
    /// A claim is under way.
    Claiming { tenancy: u64, failures: u32 },
    /// The shard serves here.
    Open { tenancy: u64, epoch: Epoch },
    /// It flushes, to be handed over.
    Releasing { tenancy: u64, epoch: Epoch },
    /// The successor was told; its claim is not seen yet.
    Handed { epoch: Epoch, to: Owner, since_ms: u64 },
}

impl Hold {
    /// The epoch while the shard runs here.
    pub(super) fn epoch(&self) -> Option<Epoch> {
        match self {
            Self::Open { epoch, .. } | Self::Releasing { epoch, .. } => Some(*epoch),
            _ => None,
        }
    }

    /// What beats say of it: its epoch, or 0 while it is being claimed.
    pub(super) fn claimed(&self) -> Option<Epoch> {
        match self {
            Self::Claiming { .. } => Some(Epoch(0)),
            other => other.epoch(),
        }
    }

    fn tenancy(&self) -> Option<u64> {
        match self {
            Self::Claiming { tenancy, .. } | Self::Open { tenancy, .. } | Self::Releasing { tenancy, .. } => {
                Some(*tenancy)
            }
            _ => None,
        }
    }
}

impl Supervisor {
    /// Brings what this node holds in line with the list.
    pub(super) fn settle(&mut self, out: &mut Vec<Action>) {
        let up = self.state() == Some(MemberState::Up);
        for shard in (0..self.config.shards).map(ShardId) {
            let to = self.list.assigned(shard).to;
            if up && to == Some(self.me) {
                self.want(shard, out);
            } else {
                self.give(shard, to, out);
            }
        }
    }

    /// A shard that is mine by the list.
    fn want(&mut self, shard: ShardId, out: &mut Vec<Action>) {
        if self.in_doubt || self.fences.contains_key(&shard) {
            return;
        }
        match self.holds.get(&shard) {
            None | Some(Hold::Handed { .. }) => match self.list.assigned(shard).from {
                Some(from) if !self.has_let_go(shard, from, self.list.version) => {
                    let (version, since_ms) = (self.list.version, self.now_ms);
                    self.holds.insert(shard, Hold::Waiting { from, version, since_ms });
                }
                _ => self.claim(shard, 0, out),
            },
            Some(Hold::Waiting { from, version, since_ms }) => {
                let waited_ms = self.now_ms - since_ms;
                if self.has_let_go(shard, *from, *version)
                    || waited_ms >= self.patience(shard, *from, *version)
                {
                    self.claim(shard, 0, out);
                }
            }
            Some(Hold::Retry { at_ms, failures }) if self.now_ms >= *at_ms => {
                let failures = *failures;
                self.claim(shard, failures, out);
            }
            Some(_) => {}
        }
    }

    /// Whether the owner before is over, has said that it let go, or beats without the shard since it knows that it is
    /// mine.
    fn has_let_go(&self, shard: ShardId, from: Owner, version: u64) -> bool {
        let released = self.released.get(&shard).is_some_and(|(by, _)| *by == from);
        let beats_without = || {
            let knows = self.detector.last_beat(from).is_some_and(|beat| beat.list_version >= version);
            knows && self.detector.holds(from, shard).is_none()
        };
        !self.list.is_live(from) || released || beats_without()
    }

    /// How long to wait for an owner's release: longer while it is heard, knows that it is mine, and serves it yet.
    fn patience(&self, shard: ShardId, from: Owner, version: u64) -> u64 {
        let timing = &self.config.timing;
        let knows = self.detector.last_beat(from).is_some_and(|beat| beat.list_version >= version);
        let serves = knows && self.detector.holds(from, shard).is_some();
        let moves = serves && self.detector.hears(from, self.now_ms);
        if moves { timing.moving_wait_ms } else { timing.release_wait_ms }
    }

    /// Shards on their way to others: flushed here, or not yet seen open there.
    fn moving(&self) -> usize {
        let wait_ms = self.config.timing.release_wait_ms;
        let on_its_way = |hold: &&Hold| match hold {
            Hold::Releasing { .. } => true,
            Hold::Handed { since_ms, .. } => self.now_ms - since_ms < wait_ms,
            _ => false,
        };
        self.holds.values().filter(on_its_way).count()
    }

    fn claim(&mut self, shard: ShardId, failures: u32, out: &mut Vec<Action>) {
        self.tenancies += 1;
        let tenancy = self.tenancies;
        let orderly = self.released.remove(&shard).is_some();
        let before = self.list.assigned(shard).from;
        let after = before.filter(|_| !orderly);
        self.holds.insert(shard, Hold::Claiming { tenancy, failures });
        out.push(Action::Claim { shard, tenancy, after });
        self.beat_soon();
    }

    /// A shard that is another's by the list, or nobody's.
    fn give(&mut self, shard: ShardId, to: Option<Owner>, out: &mut Vec<Action>) {
        match self.holds.get(&shard).cloned() {
            Some(Hold::Waiting { .. } | Hold::Retry { .. }) => {
                self.holds.remove(&shard);
            }
            Some(Hold::Open { tenancy, epoch }) if self.moving() < MOVING_MAX => {
                self.holds.insert(shard, Hold::Releasing { tenancy, epoch });
                out.push(Action::Release { shard, tenancy, to });
            }
            Some(Hold::Handed { epoch, to: handed_to, .. }) => {
                let taken = |owner| self.detector.holds(owner, shard).is_some_and(|theirs| theirs > epoch);
                match to {
                    _ if taken(handed_to) => drop(self.holds.remove(&shard)),
                    None => drop(self.holds.remove(&shard)),
                    Some(to) if taken(to) => drop(self.holds.remove(&shard)),
                    Some(to) if to != handed_to => self.hand(shard, epoch, to, out),
                    Some(_) => {}
                }
            }
            // A claim under way is awaited, then the shard is released: dropped now, it could land later and
            // fence the right owner.
            None | Some(Hold::Open { .. } | Hold::Claiming { .. } | Hold::Releasing { .. }) => {}
        }
    }

    fn hand(&mut self, shard: ShardId, epoch: Epoch, to: Owner, out: &mut Vec<Action>) {
        self.holds.insert(shard, Hold::Handed { epoch, to, since_ms: self.now_ms });
        out.push(Action::Tell { to, note: Note::Released { shard, epoch } });
        self.beat_soon();
    }

    pub(super) fn on_opened(&mut self, shard: ShardId, tenancy: u64, epoch: Epoch) {
        if self.is_current(shard, tenancy) {
            self.holds.insert(shard, Hold::Open { tenancy, epoch });
            self.beat_soon();
        }
    }

    pub(super) fn on_claim_failed(&mut self, shard: ShardId, tenancy: u64) {
        if let Some(Hold::Claiming { failures, .. }) =
            self.holds.get(&shard).filter(|hold| hold.tenancy() == Some(tenancy))
        {
            let failures = failures + 1;
            let span_ms = (50_u64 << failures.min(10)).min(self.config.timing.backoff_max_ms);
            let at_ms = self.now_ms + self.jitter(span_ms);
            self.holds.insert(shard, Hold::Retry { at_ms, failures });
        }
    }

    pub(super) fn on_released(&mut self, shard: ShardId, tenancy: u64, out: &mut Vec<Action>) {
        let Some(Hold::Releasing { epoch, .. }) =
            self.holds.get(&shard).filter(|hold| hold.tenancy() == Some(tenancy))
        else {
            return;
        };
        let epoch = *epoch;
        self.holds.remove(&shard);
        match self.list.assigned(shard).to {
            Some(to) if to != self.me => self.hand(shard, epoch, to, out),
            _ => self.beat_soon(),
        }
    }

    /// Another has the shard: why, is judged by the newest list.
    pub(super) fn on_fenced(&mut self, shard: ShardId, tenancy: u64, by: Owner) {
        if !self.is_current(shard, tenancy) {
            return;
        }
        self.holds.remove(&shard);
        self.beat_soon();
        self.fences.insert(shard, by);
        self.doubt_list();
    }

    /// Whether the list says why `by` has the shard, so that the shard alone is gone and nothing else is wrong: it is
    /// not mine, or was that node's just before, or its claim came late: it is over, or an earlier me.
    fn explains(&self, shard: ShardId, by: Owner) -> bool {
        let assignment = self.list.assigned(shard);
        assignment.to != Some(self.me) || assignment.from == Some(by) || !self.list.is_live(by)
    }

    /// After a fresh read: a fence that is unexplained means that the others know something of me that I
    /// don't. Starting over is always right.
    pub(super) fn judge_fences(&mut self, out: &mut Vec<Action>) {
        let fences = std::mem::take(&mut self.fences);
        if fences.iter().any(|(shard, by)| !self.explains(*shard, *by)) {
            self.rejoin(out);
        }
    }

    /// Drops every shard at once.
    pub(super) fn stop_all(&mut self, out: &mut Vec<Action>) {
        for (shard, hold) in std::mem::take(&mut self.holds) {
            out.extend(hold.tenancy().map(|tenancy| Action::Stop { shard, tenancy }));
        }
        self.fences.clear();
        self.released.clear();
    }

    fn is_current(&self, shard: ShardId, tenancy: u64) -> bool {
        self.holds.get(&shard).and_then(Hold::tenancy) == Some(tenancy)
    }
}
