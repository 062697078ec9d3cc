//! A shard's way from one living node to another, step by step.

use handoff_journal::{Epoch, ShardId};

use super::rules::{Bench, owner};
use super::world::SHARDS;
use crate::beat::Beat;
use crate::members::MemberState;
use crate::supervisor::{Action, Input, Note, SwapAnswer};

#[test]
fn a_shard_of_a_living_owner_is_claimed_on_its_word_or_after_a_while() {
    let moved = |bench: &Bench| {
        let mut next = bench.machine.list().clone();
        let shard =
            (0..SHARDS).map(ShardId).find(|shard| next.assigned(*shard).to == Some(owner(2))).unwrap();
        next.reassign(shard, owner(1));
        next.version += 1;
        (shard, next)
    };
    let mut bench = Bench::up(&[1, 2]);
    let (shard, next) = moved(&bench);
    let holds = Beat { list_version: next.version, held: vec![(shard, Epoch(4))], ..Beat::default() };
    bench.beat(2, holds.clone());
    bench.give(Input::ListRead(Some(next)));
    bench.beat(2, holds.clone());
    assert!(bench.claims().is_empty());
    bench.give(Input::Heard { from: owner(2), note: Note::Released { shard, epoch: Epoch(4) } });
    assert_eq!(bench.claims(), vec![shard]);

    // Who does not know that it is another's is given a second; who knows and serves on, prepares it.
    for (known, wait_ms) in [(0, 1_000), (1, 10_000)] {
        let mut bench = Bench::up(&[1, 2]);
        let (shard, next) = moved(&bench);
        let list_version = next.version - 1 + known;
        bench.give(Input::ListRead(Some(next)));
        bench.beating.clear();
        let start = bench.now_ms;
        while bench.claims().is_empty() {
            bench.give(Input::Heard { from: owner(2), note: Note::EchoBack(0) });
            bench.beat(2, Beat { list_version, ..holds.clone() });
            bench.run(50);
        }
        assert_eq!(bench.claims(), vec![shard]);
        let waited_ms = bench.now_ms - start;
        assert!((wait_ms..wait_ms + 100).contains(&waited_ms), "{waited_ms} ms");
    }
}

#[test]
fn shards_are_given_away_two_at_a_time_each_seen_open_before_the_next() {
    let mut bench = Bench::up(&[1, 2]);
    let mut next = bench.machine.list().clone();
    let mine: Vec<ShardId> =
        (0..SHARDS).map(ShardId).filter(|shard| next.assigned(*shard).to == Some(owner(1))).collect();
    for shard in &mine {
        next.reassign(*shard, owner(2));
    }
    next.version += 1;
    let list_version = next.version;
    let mut theirs = Vec::new();
    let mut out = bench.give(Input::ListRead(Some(next)));
    while theirs.len() < mine.len() {
        let released: Vec<_> = out
            .iter()
            .filter_map(|action| match action {
                Action::Release { shard, tenancy, .. } => Some((*shard, *tenancy)),
                _ => None,
            })
            .collect();
        assert!(!released.is_empty() && released.len() <= 2, "{released:?}");
        for (shard, tenancy) in &released {
            let more = bench.give(Input::ShardReleased { shard: *shard, tenancy: *tenancy });
            assert!(!more.iter().any(|action| matches!(action, Action::Release { .. })), "not seen yet");
        }
        theirs.extend(released.iter().map(|(shard, _)| (*shard, Epoch(99))));
        let beat = Beat { list_version, held: theirs.clone(), ready: true, ..Beat::default() };
        out = bench.give(Input::Heard { from: owner(2), note: Note::Beat(beat) });
    }
    assert!(bench.machine.held().is_empty());
}

#[test]
fn the_one_who_released_gives_the_shard_to_the_next_in_rank_when_nobody_takes_it() {
    let mut bench = Bench::up(&[1, 2, 3]);
    let mut next = bench.machine.list().clone();
    let shard = (0..SHARDS).map(ShardId).find(|shard| next.assigned(*shard).to == Some(owner(1))).unwrap();
    next.reassign(shard, owner(2));
    next.version += 1;
    bench.beat(2, Beat { list_version: next.version, ..Beat::default() });
    let out = bench.give(Input::ListRead(Some(next)));
    let tenancy = out.iter().find_map(|action| match action {
        Action::Release { shard: released, tenancy, to } if *released == shard && *to == Some(owner(2)) => {
            Some(*tenancy)
        }
        _ => None,
    });
    let out = bench.give(Input::ShardReleased { shard, tenancy: tenancy.unwrap() });
    assert!(
        out.iter().any(
            |action| matches!(action, Action::Tell { to, note: Note::Released { .. } } if *to == owner(2))
        )
    );
    bench.run(250);
    assert!(bench.swap().is_none());
    bench.run(150);
    assert_eq!(bench.swap().unwrap().assigned(shard).to, Some(owner(3)));
}

#[test]
fn a_drain_that_nothing_comes_of_fails_after_thirty_seconds_with_the_reason() {
    let mut bench = Bench::up(&[1, 2]);
    bench.give(Input::DrainAsked);
    assert_eq!(bench.swap().unwrap().state_of(owner(1)), Some(MemberState::Leaving));
    bench.give(Input::Swapped(SwapAnswer::Won));
    let releases = bench.out.iter().filter(|action| matches!(action, Action::Release { .. })).count();
    assert_eq!(releases, 2, "a few at a time");
    bench.run(29_900);
    assert!(!bench.out.iter().any(|action| matches!(action, Action::DrainFailed { .. })));
    bench.run(200);
    assert!(matches!(bench.out.last(), Some(Action::DrainFailed { why }) if why.contains("have not moved")));
}
