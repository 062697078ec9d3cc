//! What the simulated network knows: processes, links, cuts and what is under way.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use handoff_journal::{NodeId, Owner};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::{Arrived, EVENTS_MAX};
use crate::peer::{PeerError, PeerEvent};

/// How long a node waits between two tries of a link, at most, in milliseconds.
const TRY_MS: u64 = 50;

/// What travels over a link of the simulated network.
#[derive(Debug)]
pub(super) enum Parcel {
    Notice(Bytes),
    Call(u64, Bytes),
    Reply(u64, Result<Bytes, PeerError>),
}

#[derive(Debug)]
enum Due {
    Parcel { link: u64, from: NodeId, parcel: Parcel },
    Event { node: NodeId, life: u64, event: PeerEvent },
    Try { node: NodeId, life: u64, peer: Owner },
}

#[derive(Debug)]
struct Process {
    owner: Owner,
    life: u64,
    inbox: mpsc::Sender<Arrived>,
    events: mpsc::Sender<PeerEvent>,
    targets: BTreeMap<NodeId, Owner>,
    last_event: Instant,
}

#[derive(Debug)]
struct Link {
    ends: [Owner; 2],
    /// When the last parcel from each end arrives: none overtakes another.
    last: [Instant; 2],
}

impl Link {
    fn other(&self, node: NodeId) -> Owner {
        if self.ends[0].node == node { self.ends[1] } else { self.ends[0] }
    }
}

type Answer = oneshot::Sender<Result<Bytes, PeerError>>;

/// The simulated network as it stands: who lives, what is cut, and what is due when.
#[derive(Debug)]
pub(super) struct State {
    random: u64,
    delay_ms: (u64, u64),
    serials: u64,
    processes: BTreeMap<NodeId, Process>,
    links: BTreeMap<u64, Link>,
    agenda: BTreeMap<(Instant, u64), Due>,
    calls: BTreeMap<u64, (u64, Answer)>,
    pub(super) frozen: BTreeSet<NodeId>,
    pub(super) cuts: BTreeSet<(NodeId, NodeId)>,
    pub(super) lost_answers: u64,
}

impl State {
    pub(super) fn new(seed: u64, delay_ms: (u64, u64)) -> Self {
        Self {
            random: seed,
            delay_ms,
            serials: 0,
            processes: BTreeMap::new(),
            links: BTreeMap::new(),
            agenda: BTreeMap::new(),
            calls: BTreeMap::new(),
            frozen: BTreeSet::new(),
            cuts: BTreeSet::new(),
            lost_answers: 0,
        }
    }

    fn serial(&mut self) -> u64 {
        self.serials += 1;
        self.serials
    }

    fn draw(&mut self, from: u64, to: u64) -> u64 {
        crate::random::between(&mut self.random, from, to)
    }

    fn after(&mut self, from_ms: u64, to_ms: u64) -> Instant {
        Instant::now() + Duration::from_millis(self.draw(from_ms, to_ms))
    }

    fn plan(&mut self, at: Instant, due: Due) {
        let serial = self.serial();
        self.agenda.insert((at, serial), due);
    }

    fn plan_event(&mut self, node: NodeId, event: PeerEvent) {
        let due = self.after(self.delay_ms.0, self.delay_ms.1);
        if let Some(process) = self.processes.get_mut(&node) {
            // In the order in which they happen.
            process.last_event = process.last_event.max(due);
            let (at, life) = (process.last_event, process.life);
            self.plan(at, Due::Event { node, life, event });
        }
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        self.agenda.keys().next().map(|(at, _)| *at)
    }

    pub(super) fn deliver(&mut self, now: Instant) {
        while let Some(entry) = self.agenda.first_entry().filter(|entry| entry.key().0 <= now) {
            match entry.remove() {
                Due::Parcel { link, from, parcel } => self.arrive(link, from, parcel),
                Due::Event { node, life, event } => self.tell(node, life, event),
                Due::Try { node, life, peer } => self.attempt(node, life, peer),
            }
        }
    }

    fn process(&self, node: NodeId, life: u64) -> Option<&Process> {
        self.processes.get(&node).filter(|process| process.life == life)
    }

    fn tell(&mut self, node: NodeId, life: u64, event: PeerEvent) {
        let Some(process) = self.process(node, life) else { return };
        // Refusals repeat: a node that does not read them needs no more of them.
        let repeats = matches!(event, PeerEvent::LinkDown { refused: true, .. });
        if !repeats || process.events.capacity() > EVENTS_MAX / 2 {
            let _ = process.events.try_send(event);
        }
    }

    fn arrive(&mut self, serial: u64, from: NodeId, parcel: Parcel) {
        let Some(link) = self.links.get(&serial) else { return };
        let to = link.other(from);
        if self.cuts.contains(&(from, to.node)) {
            return;
        }
        let from = link.other(to.node);
        match parcel {
            Parcel::Reply(id, answer) => {
                if let Some((_, waiting)) = self.calls.remove(&id) {
                    let _ = waiting.send(answer);
                }
            }
            parcel => {
                if let Some(process) = self.processes.get(&to.node) {
                    let _ = process.inbox.try_send(Arrived { from, to, link: serial, parcel });
                }
            }
        }
    }

    pub(super) fn attach(
        &mut self,
        owner: Owner,
        inbox: mpsc::Sender<Arrived>,
        events: mpsc::Sender<PeerEvent>,
    ) -> u64 {
        let life = self.serial();
        self.frozen.remove(&owner.node);
        let process =
            Process { owner, life, inbox, events, targets: BTreeMap::new(), last_event: Instant::now() };
        self.processes.insert(owner.node, process);
        life
    }

    pub(super) fn kill(&mut self, node: NodeId) {
        self.close_all(node);
        self.processes.remove(&node);
    }

    fn close_all(&mut self, node: NodeId) {
        let with_it = |link: &Link| link.ends.iter().any(|end| end.node == node);
        let serials: Vec<u64> =
            self.links.iter().filter(|(_, link)| with_it(link)).map(|(at, _)| *at).collect();
        for serial in serials {
            self.close(serial);
        }
    }

    fn close(&mut self, serial: u64) {
        if let Some(link) = self.links.remove(&serial) {
            // Dropping the answer's sender tells the caller that the link broke.
            self.calls.retain(|_, (over, _)| *over != serial);
            let [one, other] = link.ends;
            self.plan_event(one.node, PeerEvent::LinkDown { peer: other, refused: false });
            self.plan_event(other.node, PeerEvent::LinkDown { peer: one, refused: false });
        }
    }

    fn between(&self, a: NodeId, b: NodeId) -> Option<u64> {
        let joins = |link: &Link| link.ends.iter().all(|end| end.node == a || end.node == b);
        self.links.iter().find(|(_, link)| joins(link)).map(|(serial, _)| *serial)
    }

    /// The link from a process to a node, with who is at its end.
    pub(super) fn link(&self, node: NodeId, life: u64, to: NodeId) -> Option<(u64, Owner)> {
        self.process(node, life)?;
        let serial = self.between(node, to)?;
        Some((serial, self.links.get(&serial)?.other(node)))
    }

    pub(super) fn connect(&mut self, node: NodeId, life: u64, peer: Owner) {
        let Some(process) = self.processes.get_mut(&node).filter(|process| process.life == life) else {
            return;
        };
        if peer.node != node && process.targets.insert(peer.node, peer) != Some(peer) {
            let at = self.after(0, 5);
            self.plan(at, Due::Try { node, life, peer });
        }
    }

    pub(super) fn disconnect(&mut self, node: NodeId, life: u64, peer: Owner) {
        let Some(process) = self.processes.get_mut(&node).filter(|process| process.life == life) else {
            return;
        };
        if process.targets.get(&peer.node) == Some(&peer) {
            process.targets.remove(&peer.node);
        }
        if let Some((serial, met)) = self.link(node, life, peer.node)
            && met == peer
        {
            self.close(serial);
        }
    }

    pub(super) fn rejoin(&mut self, life: u64, me: Owner) {
        if self.process(me.node, life).is_some() {
            self.close_all(me.node);
            if let Some(process) = self.processes.get_mut(&me.node) {
                process.owner = me;
                process.targets.clear();
            }
        }
    }

    /// One try to make a link that a process wants.
    fn attempt(&mut self, node: NodeId, life: u64, peer: Owner) {
        let Some(process) = self.process(node, life) else { return };
        if process.targets.get(&peer.node) != Some(&peer) {
            return;
        }
        let me = process.owner;
        let reachable = !self.cuts.contains(&(node, peer.node)) && !self.cuts.contains(&(peer.node, node));
        if self.between(node, peer.node).is_none() && reachable && !self.frozen.contains(&node) {
            match self.processes.get(&peer.node).map(|process| process.owner) {
                None => self.plan_event(node, PeerEvent::LinkDown { peer, refused: true }),
                Some(_) if self.frozen.contains(&peer.node) => {}
                Some(met) => self.establish([me, met]),
            }
        }
        let at = self.after(TRY_MS / 5, TRY_MS);
        self.plan(at, Due::Try { node, life, peer });
    }

    fn establish(&mut self, ends: [Owner; 2]) {
        let serial = self.serial();
        self.links.insert(serial, Link { ends, last: [Instant::now(); 2] });
        for (here, there) in [(ends[0], ends[1]), (ends[1], ends[0])] {
            let Some(process) = self.processes.get(&here.node) else { continue };
            let expected = process.targets.get(&there.node).copied();
            self.plan_event(here.node, PeerEvent::LinkUp { peer: there });
            if let Some(expected) = expected.filter(|expected| *expected != there) {
                self.plan_event(here.node, PeerEvent::OtherIncarnation { expected, met: there });
            }
        }
    }

    /// Puts a parcel on its way from one end of a link; false: the link is gone.
    pub(super) fn send(&mut self, serial: u64, from: NodeId, parcel: Parcel) -> bool {
        let due = self.after(self.delay_ms.0, self.delay_ms.1);
        let Some(link) = self.links.get_mut(&serial) else { return false };
        let end = usize::from(link.ends[1].node == from);
        link.last[end] = link.last[end].max(due);
        let at = link.last[end];
        self.plan(at, Due::Parcel { link: serial, from, parcel });
        true
    }

    pub(super) fn reply(&mut self, serial: u64, from: NodeId, id: u64, reply: Bytes) {
        if self.draw(0, 999) >= self.lost_answers {
            self.send(serial, from, Parcel::Reply(id, Ok(reply)));
        }
    }

    pub(super) fn call(
        &mut self,
        node: NodeId,
        life: u64,
        to: NodeId,
        request: Bytes,
        answer: Answer,
    ) -> Option<u64> {
        let (serial, _) = self.link(node, life, to)?;
        let id = self.serial();
        self.calls.insert(id, (serial, answer));
        self.send(serial, node, Parcel::Call(id, request));
        Some(id)
    }

    pub(super) fn forget_call(&mut self, id: u64) {
        self.calls.remove(&id);
    }
}
