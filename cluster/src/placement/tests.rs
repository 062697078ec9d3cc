//! Placement: balanced, sticky and the same everywhere.

use std::collections::BTreeMap;

use handoff_journal::{Incarnation, NodeId, Owner, ShardId};
use proptest::prelude::*;

use super::*;
use crate::members::{Member, MemberList, MemberState};

fn owner(node: u16) -> Owner {
    Owner { node: NodeId(node), incarnation: Incarnation(u64::from(node) * 1000) }
}

fn member(node: u16) -> Member {
    Member {
        owner: owner(node),
        peer_addr: format!("127.0.0.1:{}", 7100 + node),
        http_url: String::new(),
        state: MemberState::Joining,
        protocol_min: 1,
        protocol_max: 1,
        build: String::new(),
        rejoins: 0,
        note: String::new(),
        since_ms: 0,
    }
}

fn loads(list: &MemberList) -> BTreeMap<u16, usize> {
    let mut loads: BTreeMap<u16, usize> = list.up().into_iter().map(|owner| (owner.node.0, 0)).collect();
    for assignment in &list.assignment {
        if let Some(to) = assignment.to {
            *loads.get_mut(&to.node.0).expect("assigned to one that is up") += 1;
        }
    }
    loads
}

/// What happens to node 1 to 8.
#[derive(Debug, Clone)]
enum Step {
    Up(u16),
    Leave(u16),
    Down(u16),
}

fn apply(list: &mut MemberList, step: &Step) {
    match step {
        Step::Up(node) if !list.is_live(owner(*node)) => {
            assert!(list.join(member(*node)));
            assert!(list.ready(owner(*node), 0));
        }
        Step::Up(_) => {}
        Step::Leave(node) => drop(list.leave(owner(*node), 0)),
        Step::Down(node) => drop(list.put_down(owner(*node), "test", 0)),
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (1..9u16).prop_map(Step::Up),
        (1..9u16).prop_map(Step::Leave),
        (1..9u16).prop_map(Step::Down)
    ];
    proptest::collection::vec(step, 1..30)
}

proptest! {
    #[test]
    fn every_shard_is_assigned_evenly_and_only_what_must_move_moves(shards in 1..80u16, steps in steps()) {
        let mut list = MemberList::new(shards);
        for step in steps {
            let before = list.clone();
            apply(&mut list, &step);
            let loads = loads(&list);
            let assigned: usize = loads.values().sum();
            prop_assert_eq!(assigned, if loads.is_empty() { 0 } else { usize::from(shards) });
            let (least, most) = (loads.values().min().copied(), loads.values().max().copied());
            prop_assert!(most.unwrap_or(0) - least.unwrap_or(0) <= 1, "uneven: {:?}", loads);
            let moved: Vec<(Assignment, Assignment)> = before.assignment.iter().copied()
                .zip(list.assignment.iter().copied()).filter(|(old, new)| old.to != new.to).collect();
            match step {
                Step::Up(node) => for (_, new) in moved {
                    prop_assert_eq!(new.to, Some(owner(node)), "a join moves shards to the newcomer only");
                },
                Step::Leave(node) | Step::Down(node) => for (old, _) in moved {
                    prop_assert_eq!(old.to, Some(owner(node)), "a leave moves the leaver's shards only");
                },
            }
            for assignment in &list.assignment {
                prop_assert!(assignment.from.is_none_or(|from| list.is_live(from)), "waits for a dead one");
            }
        }
    }

    #[test]
    fn the_same_list_gives_the_same_placement(shards in 1..80u16, steps in steps()) {
        let run = || {
            let mut list = MemberList::new(shards);
            steps.iter().for_each(|step| apply(&mut list, step));
            list
        };
        prop_assert_eq!(run(), run());
        let mut again = run();
        again.rebalance();
        prop_assert_eq!(again.assignment.iter().map(|a| a.to).collect::<Vec<_>>(),
            run().assignment.iter().map(|a| a.to).collect::<Vec<_>>(), "a balanced list stays as it is");
    }
}

#[test]
fn an_entity_has_the_shard_of_its_hash() {
    // Written down: a change would orphan every stored session.
    let shards: Vec<u16> =
        ["", "a", "0123456789abcdef", "日本"].iter().map(|id| ShardId::of(id, 24).0).collect();
    assert_eq!(shards, vec![10, 7, 13, 8]);
    assert_eq!(ShardId::of("a", 0), ShardId(0));
}

#[test]
fn a_shard_taken_from_a_living_member_names_whom_to_wait_for() {
    let mut list = MemberList::new(4);
    for node in [1, 2] {
        apply(&mut list, &Step::Up(node));
    }
    let moved: Vec<_> = list.assignment.iter().filter(|a| a.to == Some(owner(2))).collect();
    assert_eq!(moved.len(), 2);
    assert!(moved.iter().all(|a| a.from == Some(owner(1))));
    list.put_down(owner(1), "gone", 5);
    assert!(list.assignment.iter().all(|a| a.to == Some(owner(2)) && a.from.is_none()));
    list.leave(owner(2), 6);
    assert!(list.assignment.iter().all(|a| a.to.is_none() && a.from == Some(owner(2))));
    apply(&mut list, &Step::Up(3));
    assert!(list.assignment.iter().all(|a| a.to == Some(owner(3)) && a.from == Some(owner(2))));
}

#[test]
fn a_node_that_comes_back_is_wanted_for_the_same_shards() {
    let mut list = MemberList::new(24);
    [1, 2, 3].iter().for_each(|node| apply(&mut list, &Step::Up(*node)));
    let first = list.rank(ShardId(7));
    apply(&mut list, &Step::Down(2));
    assert!(!list.rank(ShardId(7)).contains(&owner(2)));
    apply(&mut list, &Step::Up(2));
    assert_eq!(list.rank(ShardId(7)), first);
}
