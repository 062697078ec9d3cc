//! Clusters through faults. Every world follows from its seed, which a failing assertion's message shows.

use super::world::World;
use crate::members::MemberState;
use crate::supervisor::Action;
use handoff_journal::NodeId;

fn cluster(seed: u64, nodes: u16) -> World {
    println!("seed {seed}");
    let mut world = World::new(seed);
    (1..=nodes).for_each(|node| world.start(node));
    world.run_until(10_000, "first placement", World::is_settled);
    world
}

#[test]
fn nodes_that_start_together_are_placed_in_one_go() {
    for seed in 0..40 {
        let world = cluster(seed, 3);
        assert!(world.epochs.values().all(|(epoch, _)| epoch.0 == 1), "no shard was claimed twice");
    }
}

#[test]
fn a_killed_process_is_taken_over_within_milliseconds_because_its_port_refuses() {
    for seed in 0..40 {
        let mut world = cluster(seed, 3);
        world.kill(2);
        let took = world.run_until(1_000, "takeover", World::is_settled);
        assert!(took < 250, "{took} ms");
        assert!(world.note(2).contains("port refuses"), "{}", world.note(2));
    }
}

#[test]
fn two_of_three_killed_at_once_leave_one_that_serves_all() {
    for seed in 0..20 {
        let mut world = cluster(seed, 3);
        world.kill(1);
        world.kill(3);
        assert!(world.run_until(2_000, "takeover", World::is_settled) < 400);
        world.start(1);
        world.start(3);
        world.run_until(5_000, "all back", |world| {
            world.is_settled() && world.state(3) == Some(MemberState::Up)
        });
    }
}

#[test]
fn a_paused_node_is_taken_over_once_two_agree_and_serves_again_soon_after_it_resumes() {
    for seed in 0..40 {
        let mut world = cluster(seed, 3);
        world.freeze(1);
        let took = world.run_until(2_000, "down", |world| world.state(1) == Some(MemberState::Down));
        assert!((450..1_200).contains(&took), "{took} ms");
        assert!(world.note(1).contains("says too"), "{}", world.note(1));
        world.run(2_000);
        world.thaw(1);
        let took = world.run_until(3_000, "serving again", World::is_settled);
        assert!(took < 3_000 && world.nodes[&NodeId(1)].rejoins == 1);
        assert!(world.nodes.values().all(|node| node.open.len() == 4));
    }
}

#[test]
fn a_cut_between_two_of_three_that_the_third_hears_puts_nobody_down() {
    for seed in 0..20 {
        let mut world = cluster(seed, 3);
        let version = world.cell.as_ref().unwrap().version;
        world.cut_both(1, 2);
        world.run(15_000);
        assert_eq!(world.cell.as_ref().unwrap().version, version, "{:?}", world.cell);
        assert!(world.is_settled());
    }
}

#[test]
fn a_cut_between_two_nodes_leaves_one_with_everything_and_heals() {
    for seed in 0..20 {
        let mut world = cluster(seed, 2);
        world.cut_both(1, 2);
        world.run_until(3_000, "one is down", |world| {
            (1..3).any(|node| {
                world.state(node) == Some(MemberState::Joining)
                    || world.state(node) == Some(MemberState::Down)
            })
        });
        for _ in 0..20 {
            world.run(1_000);
            let serving: usize = world.nodes.values().map(|node| node.open.len()).sum();
            assert_eq!(serving, 12, "one of them serves all");
        }
        world.cuts.clear();
        world.run_until(30_000, "healed", |world| {
            world.is_settled() && (1..3).all(|node| world.state(node) == Some(MemberState::Up))
        });
    }
}

#[test]
fn one_left_alone_by_two_paused_nodes_goes_on_when_the_store_shows_no_sign_of_them() {
    for seed in 0..10 {
        let mut world = cluster(seed, 3);
        world.freeze(1);
        world.freeze(3);
        world.run(8_000);
        assert!(world.state(1) == Some(MemberState::Up), "silence of the majority proves nothing at once");
        world.run_until(20_000, "takeover", |world| world.nodes[&NodeId(2)].open.len() == 12);
        world.thaw(1);
        world.thaw(3);
        world.run_until(5_000, "all back", |world| world.nodes.values().all(|node| node.open.len() == 4));
    }
}

#[test]
fn a_drain_hands_every_shard_over_and_ends_without_a_gap_of_detection() {
    for seed in 0..40 {
        let mut world = cluster(seed, 3);
        world.drain(3);
        let took = world.run_until(5_000, "drained", |world| world.nodes[&NodeId(3)].ended.is_some());
        assert_eq!(world.nodes[&NodeId(3)].ended, Some(Action::Drained));
        assert!(took < 500, "{took} ms");
        world.run_until(500, "settled", World::is_settled);
        assert_eq!(world.state(3), Some(MemberState::Down));
        assert!(world.epochs.values().all(|(epoch, _)| epoch.0 <= 2), "each moved at most once");
    }
}

#[test]
fn the_last_node_drains_clean_and_the_cluster_starts_again() {
    let mut world = cluster(7, 2);
    world.drain(1);
    world.run_until(5_000, "drained", |world| world.nodes[&NodeId(1)].ended.is_some());
    world.drain(2);
    world.run_until(5_000, "drained", |world| world.nodes[&NodeId(2)].ended.is_some());
    assert!(world.nodes.values().all(|node| node.ended == Some(Action::Drained)));
    world.start(1);
    world.start(2);
    world.run_until(3_000, "serving", World::is_settled);
}

#[test]
fn all_killed_together_and_started_again_serve_soon() {
    for seed in 0..20 {
        let mut world = cluster(seed, 3);
        (1..4).for_each(|node| world.kill(node));
        world.run(500);
        (1..4).for_each(|node| world.start(node));
        world.run_until(3_000, "serving", |world| {
            world.is_settled() && world.nodes.values().all(|node| node.open.len() == 4)
        });
    }
}

#[test]
fn a_node_that_dies_while_it_takes_over_or_drains_stops_nobody() {
    for seed in 0..60 {
        let mut world = cluster(seed, 4);
        world.drain(1);
        let pause = world.draw(0, 60);
        world.run(pause);
        world.kill(2);
        let pause = world.draw(0, 60);
        world.run(pause);
        if world.nodes[&NodeId(1)].ended.is_none() && seed % 2 == 0 {
            world.kill(1);
        }
        world.run_until(32_000, "settled", World::is_settled);
    }
}

/// Random faults, then quiet: the cluster always ends settled, and on its way each version of the list is
/// one list (asserted by the world).
#[test]
fn whatever_happens_every_shard_ends_up_served_by_the_one_it_is_assigned_to() {
    let seeds = std::env::var("HANDOFF_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(150);
    for seed in 1_000..1_000 + seeds {
        println!("seed {seed}");
        let mut world = World::new(seed);
        world.unknown = world.draw(0, 150);
        (1..=4).for_each(|node| world.start(node));
        for _ in 0..15 {
            fault(&mut world);
            let pause = world.draw(0, 1_500);
            world.run(pause);
        }
        world.unknown = 0;
        world.cuts.clear();
        for node in 1..=4 {
            match world.nodes.get(&NodeId(node)).map(|entry| (entry.frozen, entry.ended.is_some())) {
                Some((true, _)) => world.thaw(node),
                Some((_, false)) => {}
                Some((_, true)) | None => world.start(node),
            }
        }
        // A thawed node may still end the drain that it was in.
        world.run(35_000);
        for node in 1..=4 {
            if world.nodes[&NodeId(node)].ended.is_some() {
                world.start(node);
            }
        }
        world.run_until(60_000, "settled", World::is_settled);
    }
}

fn fault(world: &mut World) {
    let node = u16::try_from(world.draw(1, 4)).unwrap();
    let other = u16::try_from(world.draw(1, 4)).unwrap();
    let entry = world.nodes.get(&NodeId(node)).map(|entry| (entry.frozen, entry.ended.is_some()));
    match (world.draw(0, 7), entry) {
        (0, _) => world.kill(node),
        (1, Some((false, false))) => world.freeze(node),
        (2, Some((true, false))) => world.thaw(node),
        (3, Some((false, false))) if world.draw(0, 2) == 0 => world.drain(node),
        (4, _) if node != other => world.cut_both(node, other),
        (5, _) if node != other => drop(world.cuts.insert((NodeId(node), NodeId(other)))),
        (6, _) => world.cuts.clear(),
        (_, None | Some((_, true))) => world.start(node),
        _ => {}
    }
}
