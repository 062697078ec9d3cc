//! A small deterministic cluster: several machines, one list cell, one epoch per shard, a seeded network.

use std::collections::{BTreeMap, BTreeSet};

use handoff_journal::{Epoch, Incarnation, NodeId, Owner, ShardId};

use crate::members::{MemberList, MemberState};
use crate::random;
use crate::supervisor::{Action, Config, Input, Supervisor, SwapAnswer};
use crate::timing::Timing;

pub(super) const SHARDS: u16 = 12;

pub(super) fn config(node: u16) -> Config {
    Config {
        shards: SHARDS,
        peer_addr: format!("127.0.0.1:{}", 7100 + node),
        http_url: format!("http://127.0.0.1:{}", 8100 + node),
        build: "test".to_owned(),
        protocol: (1, 1),
        timing: Timing::default(),
    }
}

pub(super) struct Node {
    pub(super) machine: Supervisor,
    life: u64,
    pub(super) frozen: bool,
    backlog: Vec<Input>,
    /// Shards that serve here, with tenancy and epoch.
    pub(super) open: BTreeMap<ShardId, (u64, Epoch)>,
    targets: BTreeSet<Owner>,
    last_told_ms: u64,
    pub(super) ended: Option<Action>,
    pub(super) rejoins: u32,
}

enum Event {
    Input(NodeId, u64, Input),
    /// A list write or claim reaches the store.
    Swap(NodeId, u64, u64, MemberList),
    Claim(NodeId, u64, ShardId, u64, Owner),
    Tick(NodeId, u64),
    Try(NodeId, u64, Owner),
}

/// The cluster and what it runs on.
pub(super) struct World {
    pub(super) now_ms: u64,
    random: u64,
    serial: u64,
    agenda: BTreeMap<(u64, u64), Event>,
    pub(super) cell: Option<MemberList>,
    /// Every version that was ever written: all nodes must see the same.
    versions: BTreeMap<u64, MemberList>,
    pub(super) epochs: BTreeMap<ShardId, (Epoch, Owner)>,
    alive: BTreeMap<Owner, u64>,
    pub(super) nodes: BTreeMap<NodeId, Node>,
    links: BTreeSet<(Owner, Owner)>,
    pub(super) cuts: BTreeSet<(NodeId, NodeId)>,
    /// Of 1,000 answers of the store, how many are "unknown".
    pub(super) unknown: u64,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            now_ms: 1_000,
            random: seed,
            serial: 0,
            agenda: BTreeMap::new(),
            cell: None,
            versions: BTreeMap::new(),
            epochs: BTreeMap::new(),
            alive: BTreeMap::new(),
            nodes: BTreeMap::new(),
            links: BTreeSet::new(),
            cuts: BTreeSet::new(),
            unknown: 0,
        }
    }

    pub(super) fn draw(&mut self, from: u64, to: u64) -> u64 {
        random::between(&mut self.random, from, to)
    }

    fn plan(&mut self, from_ms: u64, to_ms: u64, event: Event) {
        self.serial += 1;
        let at = self.now_ms + self.draw(from_ms, to_ms);
        self.agenda.insert((at, self.serial), event);
    }

    pub(super) fn start(&mut self, node: u16) {
        let id = NodeId(node);
        let me = Owner { node: id, incarnation: Incarnation(self.draw(1, u64::MAX - 1)) };
        let seed = self.draw(0, u64::MAX - 1);
        let machine = Supervisor::new(config(node), me, self.now_ms, 1_700_000_000_000 + self.now_ms, seed);
        self.serial += 1;
        let life = self.serial;
        let fresh = Node {
            machine,
            life,
            frozen: false,
            backlog: Vec::new(),
            open: BTreeMap::new(),
            targets: BTreeSet::new(),
            last_told_ms: 0,
            ended: None,
            rejoins: 0,
        };
        self.nodes.insert(id, fresh);
        self.plan(0, 20, Event::Tick(id, life));
    }

    pub(super) fn kill(&mut self, node: u16) {
        self.nodes.remove(&NodeId(node));
        self.drop_links(|owner| owner.node == NodeId(node));
    }

    pub(super) fn freeze(&mut self, node: u16) {
        self.nodes.get_mut(&NodeId(node)).unwrap().frozen = true;
    }

    pub(super) fn thaw(&mut self, node: u16) {
        let entry = self.nodes.get_mut(&NodeId(node)).unwrap();
        entry.frozen = false;
        let backlog = std::mem::take(&mut entry.backlog);
        for input in backlog {
            self.give(NodeId(node), input);
        }
    }

    pub(super) fn cut_both(&mut self, a: u16, b: u16) {
        self.cuts.insert((NodeId(a), NodeId(b)));
        self.cuts.insert((NodeId(b), NodeId(a)));
    }

    pub(super) fn drain(&mut self, node: u16) {
        self.give(NodeId(node), Input::DrainAsked);
    }

    fn drop_links(&mut self, which: impl Fn(&Owner) -> bool) {
        let gone: Vec<_> = self.links.iter().filter(|(a, b)| which(a) || which(b)).copied().collect();
        for (a, b) in gone {
            self.links.remove(&(a, b));
            for (here, there) in [(a, b), (b, a)] {
                self.tell(here, Input::LinkDown { peer: there, refused: false });
            }
        }
    }

    /// An input for the process that is, or was, this incarnation's. All its inputs from peers come in order.
    fn tell(&mut self, to: Owner, input: Input) {
        let delay_ms = self.draw(1, 3);
        let due = self.now_ms + delay_ms;
        if let Some(node) = self.nodes.get_mut(&to.node) {
            node.last_told_ms = node.last_told_ms.max(due);
            let (at, life) = (node.last_told_ms - self.now_ms, node.life);
            self.plan(at, at, Event::Input(to.node, life, input));
        }
    }

    pub(super) fn give(&mut self, node: NodeId, input: Input) {
        let Some(entry) = self.nodes.get_mut(&node) else { return };
        if entry.frozen {
            entry.backlog.push(input);
            return;
        }
        let actions = entry.machine.handle(self.now_ms, input);
        for action in actions {
            self.act(node, action);
        }
    }

    fn act(&mut self, node: NodeId, action: Action) {
        let unknown = self.draw(0, 999) < self.unknown;
        let entry = self.nodes.get_mut(&node).unwrap();
        let (life, me) = (entry.life, entry.machine.me());
        match action {
            Action::ReadList if unknown => self.plan(5, 50, Event::Input(node, life, Input::ReadFailed)),
            Action::ReadList => {
                let read = Input::ListRead(self.cell.clone());
                self.plan(1, 8, Event::Input(node, life, read));
            }
            Action::SwapList { expected, list } => self.plan(1, 8, Event::Swap(node, life, expected, list)),
            Action::Tell { to, note } => self.send(node, me, to, note),
            Action::Connect { peer, .. } => {
                entry.targets.retain(|target| target.node != peer.node);
                entry.targets.insert(peer);
                self.plan(0, 5, Event::Try(node, life, peer));
            }
            Action::Disconnect { peer } => {
                entry.targets.remove(&peer);
                self.drop_links_between(me, peer);
            }
            Action::Claim { shard, tenancy, .. } => {
                self.plan(1, 6, Event::Claim(node, life, shard, tenancy, me))
            }
            Action::Stop { shard, .. } => drop(entry.open.remove(&shard)),
            Action::Release { shard, tenancy, .. } => {
                let (_, epoch) = entry.open.remove(&shard).expect("releases what is open");
                let input = match self.epochs.get(&shard) {
                    Some((newest, by)) if *newest > epoch => Input::ShardFenced { shard, tenancy, by: *by },
                    _ => Input::ShardReleased { shard, tenancy },
                };
                self.plan(1, 6, Event::Input(node, life, input));
            }
            Action::WriteAlive => *self.alive.entry(me).or_default() += 1,
            Action::ReadAlive { of } => {
                let stamp = self.alive.get(&of).copied().unwrap_or(0);
                self.plan(1, 8, Event::Input(node, life, Input::AliveRead { of, stamp }));
            }
            Action::RejoinAs { .. } => {
                entry.rejoins += 1;
                entry.targets.clear();
                assert!(entry.open.is_empty(), "a new incarnation starts with nothing");
                self.drop_links(|owner| owner.node == node);
            }
            Action::ListChanged(list) => {
                let same = self.versions.get(&list.version);
                assert_eq!(same, Some(&list), "version {} is seen as it was written", list.version);
            }
            Action::IncarnationDown { .. } | Action::Store(_) => {}
            end @ (Action::Drained | Action::DrainFailed { .. } | Action::Halt { .. }) => {
                entry.open.clear();
                entry.ended = Some(end);
                self.drop_links(|owner| owner.node == node);
            }
        }
    }

    /// Sends a note over a link, if the two have one and it is not cut; an echo comes back from a node that runs.
    fn send(&mut self, node: NodeId, me: Owner, to: Owner, note: crate::Note) {
        let linked = self.links.iter().any(|(a, b)| (*a, *b) == (me, to) || (*a, *b) == (to, me));
        if !linked || self.cuts.contains(&(node, to.node)) {
            return;
        }
        let crate::Note::Echo(number) = note else {
            return self.tell(to, Input::Heard { from: me, note });
        };
        if self.nodes.get(&to.node).is_some_and(|peer| !peer.frozen) {
            let back = crate::Note::EchoBack(number);
            self.tell(me, Input::Heard { from: to, note: back });
        }
    }

    fn drop_links_between(&mut self, a: Owner, b: Owner) {
        if self.links.remove(&(a, b)) || self.links.remove(&(b, a)) {
            self.tell(a, Input::LinkDown { peer: b, refused: false });
            self.tell(b, Input::LinkDown { peer: a, refused: false });
        }
    }

    /// Runs for some time.
    pub(super) fn run(&mut self, for_ms: u64) {
        let until = self.now_ms + for_ms;
        while let Some(entry) = self.agenda.first_entry().filter(|entry| entry.key().0 <= until) {
            self.now_ms = entry.key().0;
            let event = entry.remove();
            self.happen(event);
        }
        self.now_ms = until;
    }

    /// Runs until `done`, at most `limit_ms`; how long it took.
    pub(super) fn run_until(&mut self, limit_ms: u64, what: &str, done: impl Fn(&Self) -> bool) -> u64 {
        let start = self.now_ms;
        while !done(self) {
            assert!(
                self.now_ms - start < limit_ms,
                "after {limit_ms} ms still not: {what}\n{:#?}",
                self.cell
            );
            self.run(5);
        }
        self.now_ms - start
    }

    fn lives(&self, node: NodeId, life: u64) -> bool {
        self.nodes.get(&node).is_some_and(|entry| entry.life == life && entry.ended.is_none())
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Input(node, life, input) if self.lives(node, life) => {
                if let Input::ShardOpened { shard, tenancy, epoch } = input {
                    // Commits are checked against the newest epoch: an overtaken owner learns it at once.
                    let (newest, by) = self.epochs[&shard];
                    if newest > epoch {
                        return self.give(node, Input::ShardFenced { shard, tenancy, by });
                    }
                    self.nodes.get_mut(&node).unwrap().open.insert(shard, (tenancy, epoch));
                }
                self.give(node, input);
            }
            Event::Swap(node, life, expected, list) => {
                // The write reaches the store even if its writer is dead by now.
                let standing = self.cell.as_ref().map_or(0, |list| list.version);
                let answer = if standing == expected {
                    assert_eq!(list.version, expected + 1);
                    self.versions.insert(list.version, list.clone());
                    self.cell = Some(list);
                    SwapAnswer::Won
                } else {
                    SwapAnswer::Lost(self.cell.clone().unwrap())
                };
                let unknown = self.draw(0, 999) < self.unknown;
                let answer = if unknown { SwapAnswer::Unknown } else { answer };
                self.plan(1, 4, Event::Input(node, life, Input::Swapped(answer)));
            }
            Event::Claim(node, life, shard, tenancy, me) => self.claim(node, life, shard, tenancy, me),
            Event::Tick(node, life) if self.lives(node, life) => {
                if !self.nodes[&node].frozen {
                    self.fence(node);
                    self.give(node, Input::Tick);
                }
                self.plan(40, 60, Event::Tick(node, life));
            }
            Event::Try(node, life, peer) if self.lives(node, life) => self.attempt(node, life, peer),
            Event::Input(..) | Event::Tick(..) | Event::Try(..) => {}
        }
    }

    fn claim(&mut self, node: NodeId, life: u64, shard: ShardId, tenancy: u64, me: Owner) {
        let epoch = Epoch(self.epochs.get(&shard).map_or(0, |(epoch, _)| epoch.0) + 1);
        self.epochs.insert(shard, (epoch, me));
        let unknown = self.draw(0, 999) < self.unknown;
        let same = self.lives(node, life) && self.nodes[&node].machine.me() == me;
        if same && unknown {
            self.plan(5, 50, Event::Input(node, life, Input::ClaimFailed { shard, tenancy }));
        } else if same {
            self.plan(1, 6, Event::Input(node, life, Input::ShardOpened { shard, tenancy, epoch }));
        }
    }

    /// Every open shard that was claimed by another finds out with its next commit.
    fn fence(&mut self, node: NodeId) {
        let open: Vec<_> = self.nodes[&node].open.iter().map(|(shard, held)| (*shard, *held)).collect();
        for (shard, (tenancy, epoch)) in open {
            let (newest, by) = self.epochs[&shard];
            if newest > epoch {
                self.nodes.get_mut(&node).unwrap().open.remove(&shard);
                self.give(node, Input::ShardFenced { shard, tenancy, by });
            }
        }
    }

    fn attempt(&mut self, node: NodeId, life: u64, peer: Owner) {
        let entry = &self.nodes[&node];
        if !entry.targets.contains(&peer) {
            return;
        }
        let (me, frozen) = (entry.machine.me(), entry.frozen);
        self.plan(20, 60, Event::Try(node, life, peer));
        let cut = self.cuts.contains(&(node, peer.node)) || self.cuts.contains(&(peer.node, node));
        let linked = self
            .links
            .iter()
            .any(|(a, b)| (a.node == node && b.node == peer.node) || (b.node == node && a.node == peer.node));
        if cut || linked || frozen {
            return;
        }
        match self.nodes.get(&peer.node) {
            Some(other) if other.frozen => {}
            Some(other) if other.ended.is_none() => {
                let met = other.machine.me();
                self.links.insert((me, met));
                self.tell(me, Input::LinkUp { peer: met });
                self.tell(met, Input::LinkUp { peer: me });
                if met != peer {
                    self.tell(me, Input::OtherIncarnation { expected: peer, met });
                }
            }
            _ => self.tell(me, Input::LinkDown { peer, refused: true }),
        }
    }

    /// Whether every shard serves where the list has it, and nowhere else.
    pub(super) fn is_settled(&self) -> bool {
        let Some(list) = &self.cell else { return false };
        let running = || self.nodes.values().filter(|node| node.ended.is_none());
        running().all(|node| {
            node.machine.list().version == list.version && node.machine.state() == Some(MemberState::Up)
        }) && (0..SHARDS).map(ShardId).all(|shard| {
            let serving: Vec<Owner> = running()
                .filter(|node| node.open.contains_key(&shard))
                .map(|node| node.machine.me())
                .collect();
            let to = list.assigned(shard).to;
            serving.len() == 1 && serving.first().copied() == to && self.epochs[&shard].1 == serving[0]
        })
    }

    pub(super) fn state(&self, node: u16) -> Option<MemberState> {
        Some(self.cell.as_ref()?.member(NodeId(node))?.state)
    }

    pub(super) fn note(&self, node: u16) -> String {
        self.cell.as_ref().unwrap().member(NodeId(node)).unwrap().note.clone()
    }
}
