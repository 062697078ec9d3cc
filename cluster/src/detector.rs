//! Who is dead: what this node hears of each peer, and when that is enough to write it down.
//!
//! Two signs are certain: the peer's port refuses, or another incarnation answers there. Silence is only a suspicion:
//! with two members it suffices (the first write wins), with more a second must share it. A member that hears the
//! accused disagrees by not suspecting it. As a last resort the store is the second: a suspect whose `alive_until` has
//! not moved for long, while the store answers us, is as good as dead; that is how a node goes on when all others were
//! paused or cut off at once.

use std::collections::{BTreeMap, BTreeSet};

use handoff_journal::{Epoch, Owner, ShardId};

use crate::beat::Beat;
use crate::members::{MemberList, MemberState};
use crate::timing::Timing;

/// How many past incarnations are remembered.
const PAST_MAX: usize = 256;

#[derive(Debug)]
struct Peer {
    linked: bool,
    /// Last beat, or when it was first expected to beat.
    heard_ms: u64,
    echo_ms: u64,
    refused: bool,
    met: Option<Owner>,
    /// Its last beat, if any.
    beat: Option<Beat>,
    /// The store's sign of life: the stamp, since when it stands, when it was read last.
    alive: Option<(u64, u64, u64)>,
    alive_asked_ms: u64,
}

impl Peer {
    fn new(now_ms: u64) -> Self {
        Self {
            linked: false,
            heard_ms: now_ms,
            echo_ms: now_ms,
            refused: false,
            met: None,
            beat: None,
            alive: None,
            alive_asked_ms: 0,
        }
    }
}

/// What is heard of every peer.
#[derive(Debug)]
pub(crate) struct Detector {
    timing: Timing,
    peers: BTreeMap<Owner, Peer>,
    /// Incarnations that are over: meeting one proves nothing.
    past: Vec<Owner>,
    muted_until_ms: u64,
}

impl Detector {
    pub(crate) fn new(timing: Timing) -> Self {
        Self { timing, peers: BTreeMap::new(), past: Vec::new(), muted_until_ms: 0 }
    }

    fn peer(&mut self, owner: Owner, now_ms: u64) -> &mut Peer {
        self.peers.entry(owner).or_insert_with(|| Peer::new(now_ms))
    }

    /// A new list: expects its live members to beat from now on, forgets those that are over.
    pub(crate) fn listed(&mut self, list: &MemberList, me: Owner, now_ms: u64) {
        for member in list.live().filter(|member| member.owner.node != me.node) {
            self.peer(member.owner, now_ms);
        }
        self.peers.retain(|owner, peer| peer.linked || list.is_live(*owner));
    }

    /// An incarnation is over; false: that was known.
    pub(crate) fn over(&mut self, owner: Owner) -> bool {
        if self.past.contains(&owner) {
            return false;
        }
        if self.past.len() == PAST_MAX {
            self.past.remove(0);
        }
        self.past.push(owner);
        true
    }

    /// This node starts over: it has no links, and everybody has time to be heard again.
    pub(crate) fn start_over(&mut self, now_ms: u64) {
        for peer in self.peers.values_mut() {
            *peer = Peer::new(now_ms);
        }
    }

    pub(crate) fn link_up(&mut self, owner: Owner, now_ms: u64) {
        let peer = self.peer(owner, now_ms);
        (peer.linked, peer.refused, peer.met) = (true, false, None);
        (peer.heard_ms, peer.echo_ms) = (now_ms, now_ms);
    }

    pub(crate) fn link_down(&mut self, owner: Owner, refused: bool) {
        // A refusal that comes behind a new link is an old one.
        if let Some(peer) = self.peers.get_mut(&owner).filter(|peer| !(refused && peer.linked)) {
            peer.linked = false;
            peer.refused |= refused;
        }
    }

    pub(crate) fn met_other(&mut self, expected: Owner, met: Owner) {
        let newer = expected.node == met.node && expected != met && !self.past.contains(&met);
        if let Some(peer) = self.peers.get_mut(&expected).filter(|_| newer) {
            peer.met = Some(met);
        }
    }

    pub(crate) fn refuses_us(&mut self, owner: Owner, now_ms: u64) {
        if let Some(peer) = self.peers.get_mut(&owner) {
            peer.heard_ms = now_ms;
        }
    }

    pub(crate) fn beat(&mut self, owner: Owner, beat: Beat, now_ms: u64) {
        if let Some(peer) = self.peers.get_mut(&owner) {
            peer.heard_ms = now_ms;
            peer.beat = Some(beat);
        }
    }

    pub(crate) fn echo_back(&mut self, owner: Owner, now_ms: u64) {
        if let Some(peer) = self.peers.get_mut(&owner) {
            peer.echo_ms = now_ms;
        }
    }

    /// After an own stall: nobody's silence counts, and no accusation for a while.
    pub(crate) fn mute(&mut self, now_ms: u64) {
        self.muted_until_ms = now_ms + self.timing.mute_ms;
        for peer in self.peers.values_mut() {
            (peer.heard_ms, peer.echo_ms) = (now_ms, now_ms);
        }
    }

    /// Everybody with a link, in order.
    pub(crate) fn linked(&self) -> Vec<Owner> {
        self.peers.iter().filter(|(_, peer)| peer.linked).map(|(owner, _)| *owner).collect()
    }

    /// Whether a peer is linked and has beaten in time.
    pub(crate) fn hears(&self, owner: Owner, now_ms: u64) -> bool {
        self.peers.get(&owner).is_some_and(|peer| {
            peer.linked && peer.beat.is_some() && now_ms - peer.heard_ms <= self.timing.silence_ms
        })
    }

    /// The last beat of a peer, if it came within `span_ms`.
    pub(crate) fn beat_within(&self, owner: Owner, now_ms: u64, span_ms: u64) -> Option<&Beat> {
        let peer = self.peers.get(&owner)?;
        peer.beat.as_ref().filter(|_| peer.linked && now_ms - peer.heard_ms <= span_ms)
    }

    /// The last beat of a peer.
    pub(crate) fn last_beat(&self, owner: Owner) -> Option<&Beat> {
        self.peers.get(&owner)?.beat.as_ref()
    }

    /// The epoch in which a peer says it has a shard (0: it is claiming).
    pub(crate) fn holds(&self, owner: Owner, shard: ShardId) -> Option<Epoch> {
        let beat = self.last_beat(owner)?;
        beat.held.iter().find(|(held, _)| *held == shard).map(|(_, epoch)| *epoch)
    }

    fn silent(&self, owner: Owner, now_ms: u64) -> Option<String> {
        let peer = self.peers.get(&owner)?;
        let silence_ms = now_ms - peer.heard_ms;
        let echo_ms = now_ms - peer.echo_ms;
        if silence_ms > self.timing.silence_ms {
            Some(format!("silent for {silence_ms} ms"))
        } else if peer.linked && echo_ms > self.timing.echo_limit_ms {
            Some(format!("beats, but has not echoed for {echo_ms} ms"))
        } else {
            None
        }
    }

    /// The live members that this node does not hear; nobody while it is muted.
    pub(crate) fn suspects(&self, list: &MemberList, me: Owner, now_ms: u64) -> BTreeSet<Owner> {
        if now_ms < self.muted_until_ms {
            return BTreeSet::new();
        }
        let others = list.live().map(|member| member.owner).filter(|owner| owner.node != me.node);
        others.filter(|owner| self.silent(*owner, now_ms).is_some()).collect()
    }

    /// Of whom the store's sign of life is wanted now.
    pub(crate) fn ask_alive(&mut self, list: &MemberList, me: Owner, now_ms: u64) -> Vec<Owner> {
        let suspects = self.suspects(list, me, now_ms);
        let every_ms = self.timing.alive_stale_ms / 6;
        let mut asked = Vec::new();
        for owner in suspects {
            if let Some(peer) = self.peers.get_mut(&owner)
                && peer.alive_asked_ms + every_ms <= now_ms
            {
                peer.alive_asked_ms = now_ms;
                asked.push(owner);
            }
        }
        asked
    }

    pub(crate) fn alive_read(&mut self, of: Owner, stamp: u64, now_ms: u64) {
        if let Some(peer) = self.peers.get_mut(&of) {
            let since_ms =
                peer.alive.filter(|(old, ..)| *old == stamp).map_or(now_ms, |(_, since_ms, _)| since_ms);
            peer.alive = Some((stamp, since_ms, now_ms));
        }
    }

    /// Whether the store says that a silent peer is dead: its sign of life stands still, and was read just
    /// now.
    fn store_agrees(&self, owner: Owner, now_ms: u64) -> bool {
        let stale_ms = self.timing.alive_stale_ms;
        self.peers.get(&owner).is_some_and(|peer| {
            now_ms - peer.heard_ms >= stale_ms
                && peer.alive.is_some_and(|(_, since_ms, read_ms)| {
                    now_ms - since_ms >= stale_ms && now_ms - read_ms <= stale_ms / 3
                })
        })
    }

    /// Who shall be written down, and why. `state` is where this node stands in the list.
    pub(crate) fn verdicts(
        &self,
        list: &MemberList,
        me: Owner,
        state: Option<MemberState>,
        now_ms: u64,
    ) -> Vec<(Owner, String)> {
        let suspects = self.suspects(list, me, now_ms);
        let voters = self.voters(list, me, now_ms);
        let silent = suspects.iter().filter(|owner| voters.contains(*owner)).count();
        let mut verdicts = Vec::new();
        for member in list.live().filter(|member| member.owner.node != me.node) {
            let owner = member.owner;
            let why = self.certain(owner).or_else(|| {
                let silence = suspects.contains(&owner).then(|| self.silent(owner, now_ms)).flatten()?;
                let with = if member.state == MemberState::Joining && !self.store_agrees(owner, now_ms) {
                    // It has no shards: nothing is gained by haste.
                    None
                } else {
                    self.second(owner, state, voters.len(), silent, now_ms)
                };
                with.map(|with| format!("{silence}{with}"))
            });
            verdicts.extend(why.map(|why| (owner, why)));
        }
        verdicts
    }

    fn certain(&self, owner: Owner) -> Option<String> {
        let peer = self.peers.get(&owner)?;
        if let Some(met) = peer.met {
            return Some(format!("{met} answers in its place"));
        }
        (peer.refused && !peer.linked).then(|| "its port refuses".to_owned())
    }

    /// Who besides this node speaks against a silent member, as text; `None`: nobody yet.
    fn second(
        &self,
        owner: Owner,
        state: Option<MemberState>,
        voters: usize,
        silent: usize,
        now_ms: u64,
    ) -> Option<String> {
        let stands = matches!(state, Some(MemberState::Up | MemberState::Leaving));
        if stands && voters <= 2 {
            return Some(String::new());
        }
        // A node that misses more than that has most likely lost the others itself.
        if stands && silent <= (voters - 1) / 2 {
            let agrees = |(other, peer): (&Owner, &Peer)| {
                let accuses = peer.beat.as_ref().is_some_and(|beat| beat.suspects.contains(&owner));
                (*other != owner && accuses && self.hears(*other, now_ms)).then_some(other.node)
            };
            if let Some(node) = self.peers.iter().find_map(agrees) {
                return Some(format!(", as node {node} says too"));
            }
        }
        self.store_agrees(owner, now_ms).then(|| ", and wrote no sign of life".to_owned())
    }

    /// Whose word counts: members with shards, and joining ones that are heard.
    fn voters(&self, list: &MemberList, me: Owner, now_ms: u64) -> BTreeSet<Owner> {
        let counts =
            |owner: Owner, state| owner == me || state != MemberState::Joining || self.hears(owner, now_ms);
        list.live().filter(|member| counts(member.owner, member.state)).map(|member| member.owner).collect()
    }
}

#[cfg(test)]
mod tests;
