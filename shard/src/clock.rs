//! A shard's time: the wall clock as its log has it, and the served time of deadlines.
//!
//! Nodes' clocks differ a little: then time in a log stands still until the later one is reached. A clock that is off
//! by more is wrong, the one before or this one, and nobody can tell which. The log follows the clock of whoever owns
//! it now, back as well, so that a node that ran far ahead dates nothing but what it served itself. Served time goes on
//! through all of it as if nothing had been: it is corrected by as much as the clock has stepped.

use super::Now;
use super::core::ShardCore;
use super::frame::{ClockMark, Item, Opened, Writer};
use handoff_chat::{CLOCK_OFF_MS, Millis, Served};
use handoff_journal::ShardId;

/// After its last word in the log an owner is taken to have served for so long at most, in milliseconds. Its sign of
/// life and its log are of two clocks, and a wrong one must not let all deadlines of a year come at once.
const SILENT_MS_MAX: i64 = 24 * 3_600_000;

/// The time of one shard.
#[derive(Debug)]
pub(super) struct Clock {
    /// Named in what is said of a wrong clock.
    shard: ShardId,
    mark: ClockMark,
    /// Both clocks when they were followed last.
    followed: Now,
    steps: u64,
}

impl Clock {
    /// Goes on from where the log ends.
    pub(super) fn new(shard: ShardId, mark: ClockMark, now: Now) -> Self {
        Self { shard, mark, followed: now, steps: 0 }
    }

    /// The time as a checkpoint keeps it.
    pub(super) fn mark(&self) -> ClockMark {
        self.mark
    }

    /// Steps by what is no clock's drift, since the shard was opened.
    pub(super) fn steps(&self) -> u64 {
        self.steps
    }

    /// The time since the last owner was alive counts against nobody. A wrong clock, this one or that of the owner
    /// before, is a step.
    fn open(&mut self, now: Now, alive_until: Option<Millis>, is_new: bool) {
        let last = self.mark.last_at;
        let latest = Millis(last.0.saturating_add(SILENT_MS_MAX));
        let served_until = alive_until.unwrap_or_default().clamp(last, latest);
        let since_ms = now.wall.0.saturating_sub(served_until.0);
        if last.0.saturating_sub(now.wall.0) > CLOCK_OFF_MS {
            self.step(now, since_ms);
        } else if !is_new {
            self.mark.outage_ms = self.mark.outage_ms.saturating_add(since_ms.max(0));
        }
    }

    /// Follows both clocks; true: the time has stepped, which the log must say.
    fn follow(&mut self, now: Now) -> bool {
        let passed_ms = i64::try_from(now.mono.since(self.followed.mono)).unwrap_or(i64::MAX);
        let step_ms = now.wall.0.saturating_sub(self.followed.wall.0).saturating_sub(passed_ms);
        self.followed = now;
        let steps = step_ms.saturating_abs() > CLOCK_OFF_MS;
        if steps {
            self.step(now, step_ms);
        }
        self.mark.last_at = now.wall.not_before(self.mark.last_at, CLOCK_OFF_MS);
        steps
    }

    /// Time in which nobody could be served.
    pub(super) fn leave_out(&mut self, outage_ms: u64) {
        let outage_ms = i64::try_from(outage_ms).unwrap_or(0);
        self.mark.outage_ms = self.mark.outage_ms.saturating_add(outage_ms);
    }

    fn step(&mut self, now: Now, step_ms: i64) {
        self.steps += 1;
        self.mark.outage_ms = self.mark.outage_ms.saturating_add(step_ms);
        tracing::error!(
            shard = self.shard.0,
            step_ms,
            before = %self.mark.last_at.0,
            now = %now.wall.0,
            "time in this shard's log steps by what is no clock's drift: this node's clock, or that of a node which \
             owned the shard before, was or is wrong; see that all nodes keep the time (NTP)"
        );
    }
}

impl ShardCore {
    /// Says in the log whose shard it is from here on, and when that began.
    pub(super) fn open_log(
        &mut self,
        now: Now,
        alive_until: Option<Millis>,
        is_new: bool,
    ) -> Result<(), handoff_codec::Error> {
        self.clock.open(now, alive_until, is_new);
        let at = self.wall(now);
        let opened = Opened {
            epoch: self.tenure.epoch.0,
            owner: self.tenure.owner.to_string(),
            at,
            outage_ms: self.clock.mark().outage_ms,
        };
        self.pipe.push(handoff_codec::encode_bare(&Item::Opened(opened))?);
        if let Some(writer) = Writer::item(self.options.protocol) {
            self.pipe.push(handoff_codec::encode_bare(&writer)?);
        }
        Ok(())
    }

    /// A moment as the shard's log has it: never before what it has already seen, but for a wrong clock.
    pub(super) fn wall(&mut self, now: Now) -> Millis {
        if self.clock.follow(now) {
            self.note_outage();
        }
        self.clock.mark().last_at
    }

    /// The same for deadlines: time without service left out.
    pub(super) fn served(&mut self, now: Now) -> Served {
        Served(self.wall(now).0.saturating_sub(self.clock.mark().outage_ms))
    }

    /// Journals how much of the time counts against nobody, when that has changed.
    pub(super) fn note_outage(&mut self) {
        let total_ms = self.clock.mark().outage_ms;
        if let Ok(item) = handoff_codec::encode_bare(&Item::Outage { total_ms }) {
            self.pipe.push(item);
        }
    }
}
