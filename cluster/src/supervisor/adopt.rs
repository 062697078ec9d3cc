//! Reading the list: what changes when a newer one is known, and what it means to find oneself in it or not.

use super::{Action, Drain, Supervisor, SwapAnswer};
use crate::members::{MemberList, MemberState};

impl Supervisor {
    pub(super) fn on_list_read(&mut self, list: Option<MemberList>, out: &mut Vec<Action>) {
        let timing = &self.config.timing;
        let pace_ms = if self.state() == Some(MemberState::Up) { timing.read_ms } else { timing.beat_ms * 2 };
        self.next_read_ms = self.now_ms + self.jitter(pace_ms);
        self.reading = false;
        self.known = true;
        if let Some(list) = list {
            self.adopt(list, out);
        }
        if self.read_again {
            self.read_again = false;
            self.want_read = true;
        } else if !self.halted {
            self.in_doubt = false;
            self.judge_fences(out);
        }
    }

    pub(super) fn on_swapped(&mut self, answer: SwapAnswer, out: &mut Vec<Action>) {
        let written = self.swapping.take();
        match answer {
            SwapAnswer::Won => {
                if let Some(list) = written {
                    self.adopt(list, out);
                    self.beat_soon();
                }
            }
            SwapAnswer::Lost(list) => self.adopt(list, out),
            SwapAnswer::Unknown => {
                self.want_read = true;
                self.swap_after_ms = self.now_ms + self.jitter(self.config.timing.beat_ms * 2);
            }
        }
    }

    /// Makes a list the one to act on, if it is newer.
    fn adopt(&mut self, list: MemberList, out: &mut Vec<Action>) {
        if list.version <= self.list.version {
            return;
        }
        if list.shards != self.config.shards {
            let why =
                format!("the cluster has {} shards, this node is set to {}", list.shards, self.config.shards);
            return self.halt(why, out);
        }
        let old = std::mem::replace(&mut self.list, list);
        self.detector_learns(&old, out);
        out.push(Action::ListChanged(self.list.clone()));
        match self.state() {
            Some(MemberState::Down) => return self.rejoin(out),
            Some(_) => {
                self.joined_ms.get_or_insert(self.now_ms);
            }
            None if self.joined_ms.is_some() => {
                match self.list.member(self.me.node).map(|member| member.owner) {
                    Some(other) => {
                        let why = format!("another process has joined as node {}: {other}", self.me.node);
                        return self.halt(why, out);
                    }
                    None => return self.rejoin(out),
                }
            }
            None => {}
        }
        self.keep_links(out);
    }

    /// Tells who is over since the old list, and whom to listen to from now on.
    fn detector_learns(&mut self, old: &MemberList, out: &mut Vec<Action>) {
        let owners = old.live().map(|member| member.owner).filter(|owner| owner.node != self.me.node);
        for owner in owners {
            // If it calls again after that, the link stays: our beats tell it that it is down.
            if !self.list.is_live(owner) && self.detector.over(owner) {
                out.push(Action::IncarnationDown { owner });
                out.push(Action::Disconnect { peer: owner });
                self.connected.remove(&owner);
                self.detector.link_down(owner, false);
            }
        }
        self.detector.listed(&self.list, self.me, self.now_ms);
    }

    fn keep_links(&mut self, out: &mut Vec<Action>) {
        for member in self.list.live().filter(|member| member.owner.node != self.me.node) {
            if self.connected.get(&member.owner) != Some(&member.peer_addr) {
                self.connected.insert(member.owner, member.peer_addr.clone());
                out.push(Action::Connect { peer: member.owner, addr: member.peer_addr.clone() });
            }
        }
    }

    /// This incarnation is over: drops everything and goes on as the next one.
    pub(super) fn rejoin(&mut self, out: &mut Vec<Action>) {
        let empty = self.holds.is_empty();
        self.stop_all(out);
        if let Drain::Since(_) = self.drain {
            self.drain = Drain::Over;
            self.halted = true;
            let why = "put down while draining: the peers take over".to_owned();
            return out.push(if empty { Action::Drained } else { Action::DrainFailed { why } });
        }
        let now = self.now_ms;
        self.downs_ms.retain(|at_ms| at_ms + self.config.timing.flap_ms > now);
        let pauses_ms = self.config.timing.pauses_ms;
        if let Some(again) = self.downs_ms.len().checked_sub(1) {
            self.pause_until_ms = now + pauses_ms[again.min(pauses_ms.len() - 1)];
        }
        self.downs_ms.push_back(now);
        if self.downs_ms.len() > pauses_ms.len() + 1 {
            self.downs_ms.pop_front();
        }
        self.me.incarnation = self.new_incarnation();
        self.joined_ms = None;
        self.connected.clear();
        self.detector.start_over(now);
        out.push(Action::RejoinAs { me: self.me });
        self.keep_links(out);
        self.want_read = true;
    }

    fn halt(&mut self, why: String, out: &mut Vec<Action>) {
        self.stop_all(out);
        self.halted = true;
        out.push(Action::Halt { why });
    }
}
