//! What a node concludes of the store from its own calls and its peers' beats.

use handoff_journal::{Epoch, ShardId};

use super::rules::{Bench, owner};
use super::world::SHARDS;
use crate::beat::Beat;
use crate::supervisor::{Action, Input, StoreState};

/// A node of three whose own store fails, its peers' beats as given, 100 ms later.
fn concludes(change: impl Fn(&mut Beat, &Bench)) -> StoreState {
    let mut bench = Bench::up(&[1, 2, 3]);
    bench.give(Input::StoreFailing);
    bench.beating.clear();
    for _ in 0..2 {
        bench.run(50);
        let plain = Beat { store_failing: true, ..bench.plain() };
        let mut changed = plain.clone();
        change(&mut changed, &bench);
        bench.beat(2, plain);
        bench.beat(3, changed);
    }
    told(&bench)
}

fn told(bench: &Bench) -> StoreState {
    let state = |action: &Action| match action {
        Action::Store(state) => Some(*state),
        _ => None,
    };
    bench.out.iter().rev().find_map(state).unwrap_or_default()
}

fn mine(bench: &Bench) -> ShardId {
    (0..SHARDS).map(ShardId).find(|shard| bench.machine.list().assigned(*shard).to == Some(owner(1))).unwrap()
}

#[test]
fn the_store_is_down_for_all_when_every_live_member_says_so() {
    assert_eq!(concludes(|_, _| {}), StoreState::FailsForAll);
}

#[test]
fn the_store_is_not_down_for_all_when_one_member_uses_it_knows_more_or_has_a_shard_of_ours() {
    assert_eq!(concludes(|beat, _| beat.store_failing = false), StoreState::FailsHere);
    assert_eq!(concludes(|beat, _| beat.list_version += 1), StoreState::FailsHere);
    let claiming = |beat: &mut Beat, bench: &Bench| beat.held = vec![(mine(bench), Epoch(0))];
    assert_eq!(concludes(claiming), StoreState::FailsHere);
}

#[test]
fn a_member_not_heard_for_three_beats_may_use_the_store() {
    let mut bench = Bench::up(&[1, 2]);
    bench.give(Input::StoreFailing);
    bench.beating.clear();
    bench.beat(2, Beat { store_failing: true, ..bench.plain() });
    assert_eq!(told(&bench), StoreState::FailsForAll);
    bench.run(250);
    assert_eq!(told(&bench), StoreState::FailsForAll);
    bench.run(100);
    assert_eq!(told(&bench), StoreState::FailsHere);
}

#[test]
fn a_store_that_fails_here_or_at_a_peer_is_tried_every_half_second() {
    let mut bench = Bench::up(&[1, 2]);
    let tries = |bench: &mut Bench| {
        bench.out.clear();
        bench.run(2_000);
        bench.out.iter().filter(|action| **action == Action::WriteAlive).count()
    };
    assert!(tries(&mut bench) <= 1);
    bench.beating.clear();
    bench.beat(2, Beat { store_failing: true, ..bench.plain() });
    assert_eq!(tries(&mut bench), 4, "a peer's fails");
    bench.beat(2, bench.plain());
    assert!(tries(&mut bench) <= 1);
    bench.give(Input::StoreFailing);
    assert_eq!(tries(&mut bench), 4, "ours fails");
}
