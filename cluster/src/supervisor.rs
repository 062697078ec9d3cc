//! The ClusterSupervisor as a machine: inputs in, actions out; no clock, no I/O, no randomness but its seed.
//!
//! One runs on every node, all equal: there is no coordinator. The member list in the store is the only
//! truth; a node's opinion matters only until it is written there. After each input the machine compares
//! three things: the list, what it hears from its peers, and what it holds; whatever differs becomes an
//! action:
//!
//! * the list should read differently (I am not in it, I am ready, I drain, a peer is dead): `SwapList`.
//!   The change is computed anew from the newest list each time, so a lost race costs one more round and
//!   nothing else;
//! * a shard is mine in the list and I don't hold it: `Claim`, at once if the owner before is gone or has
//!   let go, else after its release or a second;
//! * I hold a shard that the list gives to another: `Release`, then tell that node.
//!
//! # Driving it The shell calls [`Supervisor::handle`] with a monotonic clock in milliseconds and carries
//! out the returned actions **in order**. It sends [`Input::Tick`] every 50 to 100 ms. Every `ReadList` and
//! `SwapList` gets exactly one answer; so does every `Claim` and `Release`, with the `tenancy` it carried.
//! Answers of an earlier tenancy are ignored.

mod adopt;
mod messages;
mod settings;
mod shards;
mod store;
mod write;

use crate::Beat;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use handoff_journal::{Epoch, Incarnation, Owner, ShardId};

use crate::detector::Detector;
use crate::members::{MemberList, MemberState};
use crate::random;
pub use messages::{Action, Input, Note, StoreState, SwapAnswer};
pub use settings::Config;
use shards::Hold;

/// Where a drain stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drain {
    No,
    Since(u64),
    Over,
}

/// One node's supervisor: the list as it knows it, what it hears, what it holds, and what it waits for.
#[derive(Debug)]
pub struct Supervisor {
    config: Config,
    me: Owner,
    /// Wall clock less monotonic clock, in milliseconds: only for times that people read.
    wall_offset_ms: u64,
    random: u64,
    now_ms: u64,
    list: MemberList,
    /// Whether `list` was read at all since the start.
    known: bool,
    /// When this incarnation's join was written.
    joined_ms: Option<u64>,
    detector: Detector,
    holds: BTreeMap<ShardId, Hold>,
    /// Releases heard, maybe before the list that explains them: from whom, when.
    released: BTreeMap<ShardId, (Owner, u64)>,
    /// Fences that the list did not explain: judged after the next read.
    fences: BTreeMap<ShardId, Owner>,
    tenancies: u64,
    reading: bool,
    /// Doubt arose while a read was under way: its answer may be too old to settle it.
    read_again: bool,
    want_read: bool,
    /// The list known here may be old (own stall, a higher version heard): nothing is claimed before it is
    /// read.
    in_doubt: bool,
    read_after_ms: u64,
    next_read_ms: u64,
    swapping: Option<MemberList>,
    swap_after_ms: u64,
    store_failing: bool,
    /// What the shards were told last of the store.
    told_store: StoreState,
    connected: BTreeMap<Owner, String>,
    suspects: BTreeSet<Owner>,
    next_beat_ms: u64,
    next_echo_ms: u64,
    alive_sent_ms: Option<u64>,
    downs_ms: VecDeque<u64>,
    pause_until_ms: u64,
    drain: Drain,
    halted: bool,
}

impl Supervisor {
    /// A node that starts now: `me` with a new incarnation, `now_ms` on the monotonic clock that all inputs
    /// use, `wall_ms` the same moment since 1970 (for display only), `seed` from the operating system.
    #[must_use]
    pub fn new(config: Config, me: Owner, now_ms: u64, wall_ms: u64, seed: u64) -> Self {
        let list = MemberList::new(config.shards);
        Self {
            detector: Detector::new(config.timing.clone()),
            config,
            me,
            wall_offset_ms: wall_ms.saturating_sub(now_ms),
            random: seed,
            now_ms,
            list,
            known: false,
            joined_ms: None,
            holds: BTreeMap::new(),
            released: BTreeMap::new(),
            fences: BTreeMap::new(),
            tenancies: 0,
            reading: false,
            read_again: false,
            want_read: true,
            in_doubt: false,
            read_after_ms: 0,
            next_read_ms: 0,
            swapping: None,
            swap_after_ms: 0,
            store_failing: false,
            told_store: StoreState::Works,
            connected: BTreeMap::new(),
            suspects: BTreeSet::new(),
            next_beat_ms: 0,
            next_echo_ms: 0,
            alive_sent_ms: None,
            downs_ms: VecDeque::new(),
            pause_until_ms: 0,
            drain: Drain::No,
            halted: false,
        }
    }

    /// Who this node is now.
    #[must_use]
    pub fn me(&self) -> Owner {
        self.me
    }

    /// The newest list that it acts on.
    #[must_use]
    pub fn list(&self) -> &MemberList {
        &self.list
    }

    /// Where this node stands in that list; `None` before its join is written.
    #[must_use]
    pub fn state(&self) -> Option<MemberState> {
        self.list.state_of(self.me)
    }

    /// The shards that it serves or is giving away, with their epochs.
    #[must_use]
    pub fn held(&self) -> Vec<(ShardId, Epoch)> {
        self.holds.iter().filter_map(|(shard, hold)| Some((*shard, hold.epoch()?))).collect()
    }

    /// Takes one input at `now_ms` (never going back) and says what to do, in order.
    pub fn handle(&mut self, now_ms: u64, input: Input) -> Vec<Action> {
        let mut out = Vec::new();
        if self.halted {
            return out;
        }
        // Ticks come every 100 ms at most: a longer gap is a stall of this node, noticed before what waited
        // behind it is looked at.
        let gap_ms = now_ms.saturating_sub(self.now_ms);
        self.now_ms += gap_ms;
        self.on_stall(gap_ms.saturating_sub(self.config.timing.beat_ms));
        self.take(input, &mut out);
        if !self.halted {
            self.compare(&mut out);
        }
        out
    }

    fn take(&mut self, input: Input, out: &mut Vec<Action>) {
        let now = self.now_ms;
        match input {
            Input::ListRead(list) => self.on_list_read(list, out),
            Input::ReadFailed => {
                self.reading = false;
                self.want_read = true;
                self.read_after_ms = now + self.jitter(self.config.timing.beat_ms * 4);
            }
            Input::Swapped(answer) => self.on_swapped(answer, out),
            Input::Heard { from, note } => self.on_note(from, note),
            Input::LinkUp { peer } => self.detector.link_up(peer, now),
            Input::LinkDown { peer, refused } => self.detector.link_down(peer, refused),
            Input::OtherIncarnation { expected, met } => self.detector.met_other(expected, met),
            Input::LinkRefused { peer } => self.detector.refuses_us(peer, now),
            Input::AliveRead { of, stamp } => self.detector.alive_read(of, stamp, now),
            Input::LoopStall { stalled_ms } => self.on_stall(stalled_ms),
            Input::ShardOpened { shard, tenancy, epoch } => self.on_opened(shard, tenancy, epoch),
            Input::ClaimFailed { shard, tenancy } => self.on_claim_failed(shard, tenancy),
            Input::ShardFenced { shard, tenancy, by } => self.on_fenced(shard, tenancy, by),
            Input::ShardReleased { shard, tenancy } => self.on_released(shard, tenancy, out),
            Input::StoreFailing => self.on_store(true),
            Input::StoreBack => self.on_store(false),
            Input::DrainAsked => {
                if self.drain == Drain::No {
                    self.drain = Drain::Since(now);
                }
            }
            Input::Tick => self.on_tick(out),
        }
    }

    fn on_note(&mut self, from: Owner, note: Note) {
        let now = self.now_ms;
        match note {
            Note::Beat(beat) => {
                if beat.list_version > self.list.version {
                    self.doubt_list();
                }
                self.detector.beat(from, beat, now);
            }
            Note::EchoBack(_) => self.detector.echo_back(from, now),
            Note::Echo(_) => {}
            Note::Released { shard, .. } => {
                if shard.0 < self.config.shards {
                    self.released.insert(shard, (from, now));
                }
            }
        }
    }

    /// An own stall says nothing of the others: forget their silence, accuse nobody for a while; and they
    /// may have accused me meanwhile.
    fn on_stall(&mut self, stalled_ms: u64) {
        if stalled_ms > self.config.timing.stall_ms {
            self.detector.mute(self.now_ms);
            if stalled_ms >= self.config.timing.silence_ms / 2 {
                self.doubt_list();
            }
        }
    }

    fn doubt_list(&mut self) {
        self.want_read = true;
        self.in_doubt = true;
        self.read_again |= self.reading;
    }

    fn on_tick(&mut self, out: &mut Vec<Action>) {
        let now = self.now_ms;
        self.released.retain(|_, (_, at_ms)| *at_ms + 2_000 > now);
        if now >= self.next_read_ms {
            self.want_read = true;
        }
        if now >= self.next_echo_ms {
            self.next_echo_ms = now + self.config.timing.echo_ms;
            for to in self.detector.linked() {
                out.push(Action::Tell { to, note: Note::Echo(now) });
            }
        }
        self.write_alive(out);
        for of in self.detector.ask_alive(&self.list, self.me, now) {
            out.push(Action::ReadAlive { of });
        }
    }

    /// Compares list, peers and shards after every input, and acts on what differs.
    fn compare(&mut self, out: &mut Vec<Action>) {
        self.settle(out);
        self.consider_list(out);
        self.end_drain(out);
        self.tell_store(out);
        if !self.halted {
            self.send_beats(out);
        }
    }

    fn send_beats(&mut self, out: &mut Vec<Action>) {
        let suspects = self.detector.suspects(&self.list, self.me, self.now_ms);
        let more_suspects = suspects.difference(&self.suspects).next().is_some();
        self.suspects = suspects;
        if !more_suspects && self.now_ms < self.next_beat_ms {
            return;
        }
        self.next_beat_ms = self.now_ms + self.config.timing.beat_ms;
        let held = self.holds.iter().filter_map(|(shard, hold)| Some((*shard, hold.claimed()?))).collect();
        let beat = Beat {
            list_version: self.list.version,
            suspects: self.suspects.iter().copied().collect(),
            held,
            ready: self.now_ms >= self.pause_until_ms && !self.store_failing,
            store_failing: self.store_failing,
        };
        for to in self.detector.linked() {
            out.push(Action::Tell { to, note: Note::Beat(beat.clone()) });
        }
    }

    fn wall_ms(&self) -> u64 {
        self.now_ms + self.wall_offset_ms
    }

    /// Makes the next look send a beat, whatever the time.
    fn beat_soon(&mut self) {
        self.next_beat_ms = 0;
    }

    /// Between half of `span_ms` and all of it.
    fn jitter(&mut self, span_ms: u64) -> u64 {
        random::between(&mut self.random, span_ms / 2, span_ms)
    }

    fn new_incarnation(&mut self) -> Incarnation {
        Incarnation(random::next(&mut self.random))
    }
}

#[cfg(test)]
mod tests;
