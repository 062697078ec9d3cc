//! One machine, inputs and times by hand.

use handoff_journal::{Epoch, Incarnation, NodeId, Owner, ShardId};

use super::world::{SHARDS, config};
use crate::beat::Beat;
use crate::members::{Member, MemberList, MemberState};
use crate::supervisor::{Action, Input, Note, Supervisor, SwapAnswer};

pub(super) fn owner(node: u16) -> Owner {
    Owner { node: NodeId(node), incarnation: Incarnation(u64::from(node)) }
}

fn member(owner: Owner) -> Member {
    let config = config(owner.node.0);
    Member {
        owner,
        peer_addr: config.peer_addr,
        http_url: config.http_url,
        state: MemberState::Joining,
        protocol_min: 1,
        protocol_max: 1,
        build: config.build,
        rejoins: 0,
        note: String::new(),
        since_ms: 0,
    }
}

/// A list with these nodes up, placed in order of joining.
fn list(version: u64, nodes: &[u16]) -> MemberList {
    let mut list = MemberList::new(SHARDS);
    for node in nodes {
        list.join(member(owner(*node)));
    }
    for node in nodes {
        list.ready(owner(*node), 0);
    }
    for assignment in &mut list.assignment {
        assignment.from = None;
    }
    list.version = version;
    list
}

pub(super) struct Bench {
    pub(super) machine: Supervisor,
    pub(super) now_ms: u64,
    /// Peers that beat on.
    pub(super) beating: Vec<u16>,
    pub(super) out: Vec<Action>,
    claims: u64,
}

impl Bench {
    /// Node 1, up in a list with these nodes, linked with all, its shards open.
    pub(super) fn up(nodes: &[u16]) -> Self {
        let machine = Supervisor::new(config(1), owner(1), 1_000, 5_000, 42);
        let mut bench = Self { machine, now_ms: 1_000, beating: Vec::new(), out: Vec::new(), claims: 0 };
        assert_eq!(bench.give(Input::Tick).first(), Some(&Action::ReadList));
        bench.give(Input::ListRead(Some(list(5, nodes))));
        for node in nodes.iter().filter(|node| **node != 1) {
            bench.give(Input::LinkUp { peer: owner(*node) });
            bench.beating.push(*node);
        }
        bench.open_all();
        bench.run(100);
        bench.out.clear();
        bench
    }

    pub(super) fn give(&mut self, input: Input) -> Vec<Action> {
        let out = self.machine.handle(self.now_ms, input);
        self.out.extend(out.clone());
        out
    }

    /// Opens whatever was claimed.
    fn open_all(&mut self) {
        for action in self.out.clone() {
            if let Action::Claim { shard, tenancy, .. } = action
                && tenancy > self.claims
            {
                self.claims = tenancy;
                self.give(Input::ShardOpened { shard, tenancy, epoch: Epoch(tenancy) });
            }
        }
    }

    pub(super) fn beat(&mut self, node: u16, beat: Beat) {
        self.give(Input::Heard { from: owner(node), note: Note::Beat(beat) });
    }

    pub(super) fn plain(&self) -> Beat {
        Beat { list_version: self.machine.list().version, ready: true, ..Beat::default() }
    }

    /// Time passes; who beats, beats and echoes; reads are answered with the list known.
    pub(super) fn run(&mut self, for_ms: u64) {
        for _ in 0..for_ms / 50 {
            self.now_ms += 50;
            for node in self.beating.clone() {
                self.give(Input::Heard { from: owner(node), note: Note::EchoBack(0) });
                self.beat(node, self.plain());
            }
            if self.give(Input::Tick).contains(&Action::ReadList) {
                self.give(Input::ListRead(Some(self.machine.list().clone())));
            }
        }
    }

    pub(super) fn swap(&self) -> Option<&MemberList> {
        self.out.iter().rev().find_map(|action| match action {
            Action::SwapList { list, .. } => Some(list),
            _ => None,
        })
    }

    pub(super) fn claims(&self) -> Vec<ShardId> {
        let claim = |action: &Action| match action {
            Action::Claim { shard, .. } => Some(*shard),
            _ => None,
        };
        self.out.iter().filter_map(claim).collect()
    }

    fn puts_down(&self, node: u16) -> bool {
        self.swap().is_some_and(|list| !list.is_live(owner(node)))
    }
}

#[test]
fn a_refused_port_is_written_down_at_once_and_only_then_claimed() {
    let mut bench = Bench::up(&[1, 2, 3]);
    bench.give(Input::LinkDown { peer: owner(2), refused: false });
    assert!(bench.swap().is_none(), "a closed link alone proves nothing");
    bench.give(Input::LinkDown { peer: owner(2), refused: true });
    assert!(bench.puts_down(2));
    assert!(bench.claims().is_empty(), "nothing is claimed before the write is known to have won");
    let out = bench.give(Input::Swapped(SwapAnswer::Won));
    assert!(out.contains(&Action::IncarnationDown { owner: owner(2) }));
    assert!(!bench.claims().is_empty());
}

#[test]
fn a_refusal_counts_even_right_after_an_own_stall_but_not_behind_a_new_link() {
    let mut bench = Bench::up(&[1, 2, 3]);
    bench.give(Input::LinkDown { peer: owner(2), refused: true });
    assert!(!bench.puts_down(2), "there is a link");
    bench.give(Input::LoopStall { stalled_ms: 200 });
    bench.give(Input::LinkDown { peer: owner(2), refused: false });
    bench.give(Input::LinkDown { peer: owner(2), refused: true });
    assert!(bench.puts_down(2));
}

#[test]
fn another_incarnation_proves_the_end_of_the_one_before_but_an_older_one_proves_nothing() {
    let mut bench = Bench::up(&[1, 2, 3]);
    let newer = Owner { incarnation: Incarnation(77), ..owner(2) };
    bench.give(Input::OtherIncarnation { expected: owner(2), met: newer });
    assert!(bench.puts_down(2));
    bench.give(Input::Swapped(SwapAnswer::Won));
    let mut back = bench.machine.list().clone();
    back.join(member(newer));
    back.version += 1;
    bench.give(Input::Heard {
        from: owner(3),
        note: Note::Beat(Beat { list_version: back.version, ..Beat::default() }),
    });
    bench.give(Input::ListRead(Some(back)));
    bench.out.clear();
    bench.give(Input::OtherIncarnation { expected: newer, met: owner(2) });
    bench.run(50);
    assert!(bench.swap().is_none_or(|list| list.is_live(newer)));
}

#[test]
fn of_three_a_silent_one_is_put_down_only_when_a_second_agrees() {
    let mut bench = Bench::up(&[1, 2, 3]);
    bench.beating = vec![3];
    bench.run(2_000);
    assert!(bench.swap().is_none(), "node 3 hears it, or is not sure");
    let accused = bench.out.iter().any(|action| {
        matches!(action, Action::Tell { to, note: Note::Beat(beat) }
            if *to == owner(3) && beat.suspects == vec![owner(2)])
    });
    assert!(accused, "the suspicion is told to the others");
    bench.beat(3, Beat { suspects: vec![owner(2)], ..bench.plain() });
    assert!(bench.puts_down(2));
}

#[test]
fn of_two_the_first_write_wins() {
    let mut bench = Bench::up(&[1, 2]);
    bench.beating.clear();
    bench.run(500);
    assert!(bench.swap().is_none());
    bench.run(300);
    assert!(bench.puts_down(2));
}

#[test]
fn who_misses_most_of_the_others_accuses_nobody() {
    let mut bench = Bench::up(&[1, 2, 3, 4, 5]);
    bench.beating = vec![5];
    bench.run(1_000);
    bench.beat(5, Beat { suspects: vec![owner(2), owner(3), owner(4)], ..bench.plain() });
    assert!(bench.swap().is_none(), "three of five are too many");
    let mut bench = Bench::up(&[1, 2, 3, 4, 5]);
    bench.beating = vec![4, 5];
    bench.run(1_000);
    bench.beat(5, Beat { suspects: vec![owner(2), owner(3)], ..bench.plain() });
    assert!(bench.puts_down(2) && bench.puts_down(3), "two of five are not");
}

#[test]
fn an_own_stall_mutes_accusations_and_a_long_one_asks_the_list_before_anything_is_claimed() {
    let mut bench = Bench::up(&[1, 2]);
    bench.beating.clear();
    bench.run(550);
    bench.now_ms += 900;
    let out = bench.give(Input::Tick);
    assert!(out.contains(&Action::ReadList) && bench.swap().is_none(), "{out:?}");
    let mut without = bench.machine.list().clone();
    without.put_down(owner(2), "test", 0);
    without.version += 1;
    bench.give(Input::LinkDown { peer: owner(2), refused: false });
    assert!(bench.claims().is_empty());
    bench.give(Input::ListRead(Some(without)));
    assert!(!bench.claims().is_empty());
}

#[test]
fn a_peer_that_beats_but_does_not_echo_hangs() {
    let mut bench = Bench::up(&[1, 2]);
    for _ in 0..60 {
        bench.now_ms += 50;
        bench.beat(2, bench.plain());
        if bench.give(Input::Tick).contains(&Action::ReadList) {
            bench.give(Input::ListRead(Some(bench.machine.list().clone())));
        }
    }
    assert!(bench.puts_down(2));
    assert!(bench.swap().unwrap().member(NodeId(2)).unwrap().note.contains("echo"));
}

#[test]
fn a_peer_that_refuses_our_handshake_lives() {
    let mut bench = Bench::up(&[1, 2]);
    bench.beating.clear();
    bench.give(Input::LinkDown { peer: owner(2), refused: false });
    for _ in 0..40 {
        bench.give(Input::LinkRefused { peer: owner(2) });
        bench.run(50);
    }
    assert!(bench.swap().is_none());
}

#[test]
fn a_higher_version_in_a_beat_is_read_first() {
    let mut bench = Bench::up(&[1, 2, 3]);
    let out = bench
        .give(Input::Heard { from: owner(2), note: Note::Beat(Beat { list_version: 6, ..Beat::default() }) });
    assert!(out.contains(&Action::ReadList));
    bench.give(Input::LinkDown { peer: owner(3), refused: false });
    bench.give(Input::LinkDown { peer: owner(3), refused: true });
    assert!(bench.swap().is_none(), "nothing is written on an old list");
    bench.give(Input::ListRead(Some(list(6, &[1, 2, 3]))));
    assert!(bench.puts_down(3));
}

#[test]
fn nothing_is_claimed_on_a_list_that_is_known_to_be_old() {
    let mut bench = Bench::up(&[1, 2]);
    bench.give(Input::LinkDown { peer: owner(2), refused: false });
    bench.give(Input::LinkDown { peer: owner(2), refused: true });
    bench.beating.clear();
    let down = bench.swap().cloned().unwrap();
    let newer = Beat { list_version: down.version + 1, ..Beat::default() };
    bench.give(Input::Heard { from: owner(2), note: Note::Beat(newer) });
    bench.give(Input::Swapped(SwapAnswer::Won));
    assert!(bench.machine.list() == &down && bench.claims().is_empty(), "a newer one is known of");
    bench.give(Input::ListRead(Some(MemberList { version: down.version + 1, ..down })));
    assert_eq!(bench.claims().len(), 6);
}

#[test]
fn a_claim_that_fails_is_tried_again_with_growing_waits() {
    let mut bench = Bench::up(&[1, 2]);
    bench.give(Input::LinkDown { peer: owner(2), refused: false });
    bench.give(Input::LinkDown { peer: owner(2), refused: true });
    let out = bench.give(Input::Swapped(SwapAnswer::Won));
    let mut claim = out.into_iter().find(|action| matches!(action, Action::Claim { .. })).unwrap();
    bench.beating.clear();
    let mut waits = Vec::new();
    for _ in 0..6 {
        let Action::Claim { shard, tenancy, .. } = claim else { unreachable!() };
        bench.out.clear();
        bench.give(Input::ClaimFailed { shard, tenancy });
        let failed_ms = bench.now_ms;
        let again = |action: &Action| matches!(action, Action::Claim { shard: other, .. } if *other == shard);
        while !bench.out.iter().any(again) {
            bench.run(50);
            assert!(bench.now_ms - failed_ms < 2_000);
        }
        claim = bench.out.iter().find(|action| again(action)).cloned().unwrap();
        waits.push(bench.now_ms - failed_ms);
    }
    assert!(waits[0] <= 150 && waits[5] >= 500, "{waits:?}");
}

/// Fences one shard of node 1 and answers the read that follows with this list.
fn fenced(bench: &mut Bench, by: Owner, list: MemberList) -> (ShardId, Vec<Action>) {
    let (shard, _) = bench.machine.held()[0];
    let tenancy = bench.claims_tenancy(shard);
    let out = bench.give(Input::ShardFenced { shard, tenancy, by });
    assert!(out.contains(&Action::ReadList), "a fence is judged by a fresh list");
    (shard, bench.give(Input::ListRead(Some(list))))
}

impl Bench {
    /// Epochs equal tenancies on this bench.
    fn claims_tenancy(&self, shard: ShardId) -> u64 {
        self.machine.held().iter().find(|(held, _)| *held == shard).map_or(0, |(_, epoch)| epoch.0)
    }
}

fn rejoins(out: &[Action]) -> bool {
    out.iter().any(|action| matches!(action, Action::RejoinAs { .. }))
}

#[test]
fn a_fence_that_the_list_explains_costs_one_shard_and_any_other_the_incarnation() {
    let mut bench = Bench::up(&[1, 2]);
    let mut moved = bench.machine.list().clone();
    let (first, _) = bench.machine.held()[0];
    moved.reassign(first, owner(2));
    moved.version += 1;
    let (_, out) = fenced(&mut bench, owner(2), moved);
    assert!(!rejoins(&out) && bench.machine.held().len() == 5);

    let mut bench = Bench::up(&[1, 2]);
    let same = bench.machine.list().clone();
    let dead = Owner { incarnation: Incarnation(99), ..owner(2) };
    let (shard, out) = fenced(&mut bench, dead, same);
    assert!(!rejoins(&out), "the late claim of one who is over");
    assert_eq!(bench.claims(), vec![shard], "is claimed back");

    let mut bench = Bench::up(&[1, 2]);
    let same = bench.machine.list().clone();
    let (_, out) = fenced(&mut bench, owner(2), same);
    assert!(rejoins(&out));
    assert_eq!(out.iter().filter(|action| matches!(action, Action::Stop { .. })).count(), 5);
    assert!(bench.machine.held().is_empty() && bench.machine.me() != owner(1));
}

#[test]
fn put_down_again_and_again_it_pauses_five_ten_and_twenty_seconds() {
    let mut bench = Bench::up(&[1, 2]);
    let mut paused = Vec::new();
    for _ in 0..5 {
        let mut without = bench.machine.list().clone();
        assert!(without.put_down(bench.machine.me(), "test", 0));
        without.version += 1;
        bench.beat(2, Beat { list_version: without.version, ..Beat::default() });
        let out = bench.give(Input::ListRead(Some(without)));
        assert!(rejoins(&out), "{out:?}");
        let start = bench.now_ms;
        while bench.machine.state() != Some(MemberState::Up) {
            bench.give(Input::LinkUp { peer: owner(2) });
            bench.run(50);
            if bench.swap().is_some() {
                bench.out.clear();
                bench.give(Input::Swapped(SwapAnswer::Won));
            } else {
                bench.give(Input::ListRead(Some(bench.machine.list().clone())));
            }
            assert!(bench.now_ms - start < 25_000);
        }
        paused.push((bench.now_ms - start) / 1_000);
    }
    assert_eq!(paused, vec![0, 5, 10, 20, 20]);
}

#[test]
fn another_process_with_the_same_id_and_a_wrong_shard_count_halt_the_node() {
    let mut bench = Bench::up(&[1, 2]);
    let mut taken = bench.machine.list().clone();
    taken.join(member(Owner { incarnation: Incarnation(123), ..owner(1) }));
    taken.version += 1;
    let out = bench.give(Input::Swapped(SwapAnswer::Lost(taken)));
    assert!(matches!(out.last(), Some(Action::Halt { why }) if why.contains("another process")), "{out:?}");
    assert_eq!(bench.give(Input::Tick), vec![], "nothing comes after it");

    let mut bench = Bench::up(&[1]);
    let mut other = MemberList::new(SHARDS + 1);
    other.version = 9;
    let out = bench.give(Input::ListRead(Some(other)));
    assert!(matches!(out.last(), Some(Action::Halt { .. })));
}

#[test]
fn a_node_that_can_not_read_what_the_cluster_stores_halts_before_it_joins() {
    let mut machine = Supervisor::new(config(1), owner(1), 1_000, 5_000, 42);
    machine.handle(1_000, Input::Tick);
    let newer = MemberList { protocol: 2, ..list(5, &[2, 3]) };
    let out = machine.handle(1_000, Input::ListRead(Some(newer)));
    let halts = out
        .iter()
        .any(|action| matches!(action, Action::Halt { why } if why.contains("start a newer build")));
    assert!(halts && !out.iter().any(|action| matches!(action, Action::SwapList { .. })), "{out:?}");
}

#[test]
fn a_node_that_cannot_commit_does_not_go_up() {
    let mut machine = Supervisor::new(config(1), owner(1), 1_000, 5_000, 42);
    machine.handle(1_000, Input::StoreFailing);
    let out = machine.handle(1_010, Input::ListRead(None));
    assert!(!out.iter().any(|action| matches!(action, Action::SwapList { .. })), "{out:?}");
    let out = machine.handle(1_020, Input::StoreBack);
    assert!(out.iter().any(|action| matches!(action, Action::SwapList { expected: 0, .. })), "{out:?}");
}
