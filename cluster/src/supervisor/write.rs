//! Writing the list: what it should say, computed anew from the newest one each time.

use handoff_journal::{Owner, ShardId};

use super::shards::Hold;
use super::{Action, Drain, Supervisor};
use crate::members::{Member, MemberList, MemberState};

impl Supervisor {
    /// Reads the list when there is reason to, else writes it when it should read differently.
    pub(super) fn consider_list(&mut self, out: &mut Vec<Action>) {
        if self.drain == Drain::Over {
            return;
        }
        if self.want_read && !self.reading && self.swapping.is_none() && self.now_ms >= self.read_after_ms {
            self.want_read = false;
            self.reading = true;
            self.read_again = false;
            out.push(Action::ReadList);
        }
        if self.reading || self.swapping.is_some() || !self.known || self.now_ms < self.swap_after_ms {
            return;
        }
        if self.want_read {
            return;
        }
        let mut list = self.list.clone();
        if self.change(&mut list, out) {
            list.forget_old(self.wall_ms());
            list.version = self.list.version + 1;
            self.swapping = Some(list.clone());
            out.push(Action::SwapList { expected: self.list.version, list });
        }
    }

    fn change(&mut self, list: &mut MemberList, out: &mut Vec<Action>) -> bool {
        let wall_ms = self.wall_ms();
        let draining = self.drain != Drain::No;
        let mut changed = match self.state() {
            None if draining => false,
            None => self.join(list, out),
            Some(MemberState::Joining) if draining => list.put_down(self.me, "drained", wall_ms),
            Some(MemberState::Joining) => self.go_up(list, wall_ms),
            Some(MemberState::Up) if draining => list.leave(self.me, wall_ms),
            Some(MemberState::Leaving) if self.holds.is_empty() => list.put_down(self.me, "drained", wall_ms),
            Some(_) => false,
        };
        for (owner, why) in self.detector.verdicts(&self.list, self.me, self.state(), self.now_ms) {
            changed |= list.put_down(owner, &format!("{why}; written by node {}", self.me.node), wall_ms);
        }
        for (shard, taker) in self.untaken(list) {
            list.reassign(shard, taker);
            changed = true;
        }
        changed
    }

    fn join(&mut self, list: &mut MemberList, out: &mut Vec<Action>) -> bool {
        if self.store_failing {
            return false;
        }
        if let Some(why) = list.misfit(self.config.protocol) {
            self.halted = true;
            out.push(Action::Halt { why });
            return false;
        }
        let joined = list.join(Member {
            owner: self.me,
            peer_addr: self.config.peer_addr.clone(),
            http_url: self.config.http_url.clone(),
            state: MemberState::Joining,
            protocol_min: self.config.protocol.0,
            protocol_max: self.config.protocol.1,
            build: self.config.build.clone(),
            rejoins: u32::try_from(self.downs_ms.len()).unwrap_or(u32::MAX),
            note: String::new(),
            since_ms: self.wall_ms(),
        });
        if !joined {
            self.halted = true;
            out.push(Action::Halt { why: "the member list is full".to_owned() });
        }
        joined
    }

    /// A joining node goes up when it is linked with all who have shards. Where nobody has, the nodes wait
    /// a moment for each other, and the first one to write makes all up whom it hears.
    fn go_up(&self, list: &mut MemberList, wall_ms: u64) -> bool {
        let (now, timing) = (self.now_ms, &self.config.timing);
        let waited_ms = now - self.joined_ms.unwrap_or(now);
        if now < self.pause_until_ms || self.store_failing {
            return false;
        }
        let mut placed = self.list.live().filter(|member| member.state != MemberState::Joining).peekable();
        if placed.peek().is_some() {
            let linked = placed.all(|member| self.detector.hears(member.owner, now));
            return (linked || waited_ms >= timing.join_patience_ms) && list.ready(self.me, wall_ms);
        }
        if waited_ms < timing.gather_ms {
            return false;
        }
        for member in self.list.live().filter(|member| member.owner.node != self.me.node) {
            let ready = self.detector.last_beat(member.owner).is_some_and(|beat| beat.ready);
            if ready && self.detector.hears(member.owner, now) {
                list.ready(member.owner, wall_ms);
            }
        }
        list.ready(self.me, wall_ms)
    }

    /// Shards that were handed over and not taken in time, with the next in rank.
    fn untaken(&self, list: &MemberList) -> Vec<(ShardId, Owner)> {
        let mut found = Vec::new();
        for (shard, hold) in &self.holds {
            let Hold::Handed { to, since_ms, .. } = hold else { continue };
            // One that is seen claiming gets more time.
            let claiming = self.detector.holds(*to, *shard).is_some();
            let timing = &self.config.timing;
            let limit_ms = if claiming { timing.release_wait_ms } else { timing.claim_seen_ms };
            if self.store_failing
                || self.now_ms - since_ms < limit_ms
                || list.assigned(*shard).to != Some(*to)
            {
                continue;
            }
            let ranked = list.rank(*shard);
            let after = ranked.iter().position(|owner| owner == to).map_or(0, |place| place + 1);
            let next = ranked.iter().cycle().skip(after).take(ranked.len());
            found.extend(
                next.copied().find(|owner| owner != to && *owner != self.me).map(|owner| (*shard, owner)),
            );
        }
        found
    }

    /// Ends a drain: when the node is out of the list, or out of time.
    pub(super) fn end_drain(&mut self, out: &mut Vec<Action>) {
        let Drain::Since(since_ms) = self.drain else { return };
        let late = self.now_ms - since_ms >= self.config.timing.drain_ms;
        let never_joined = self.joined_ms.is_none() && self.swapping.is_none();
        if never_joined || (late && self.holds.is_empty()) {
            self.drain = Drain::Over;
            self.halted = true;
            out.push(Action::Drained);
        } else if late {
            let shards: Vec<String> = self.holds.keys().map(ToString::to_string).collect();
            self.stop_all(out);
            self.drain = Drain::Over;
            self.halted = true;
            let why = format!("these shards have not moved: {}", shards.join(", "));
            out.push(Action::DrainFailed { why });
        }
    }
}
