//! A node killed at one step of a run.

use crate::client::Nodes;
use crate::faults::start;
use crate::node::World;
use handoff_cluster::peer::memory::Net;
use handoff_journal::memory::Faults;
use handoff_journal::{Owner, ShardId};
use handoff_shard::frame::{Decided, FrameBody, Item};
use std::rc::Rc;
use std::time::Duration;
use tokio::time::sleep;

/// When a node is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kill {
    /// After so many frames in which something happened, over all shards: the owner of that frame's shard.
    pub frame: usize,
    /// So many milliseconds after it is committed. The first [`WAY_MS`] its owner does not yet know that it is, then
    /// its replies and effects are on their way.
    pub later_ms: u64,
}

/// How long each way to the store and to a peer takes, in milliseconds: long enough to be killed on it.
pub const WAY_MS: u64 = 2;

/// How long the killed node is away: longer than its death goes unnoticed.
const AWAY: Duration = Duration::from_millis(1_500);

/// Puts time between all that happens.
pub(crate) fn slow_down(world: &mut World) {
    world.net = Net::new(1, (WAY_MS, WAY_MS));
    world.store.set_faults(Faults { delay_ms: (WAY_MS, WAY_MS), timeout_ms: 200, ..Faults::default() });
}

/// Watches the logs until it is time, kills, and starts the node again.
pub(crate) async fn kill_owner(world: Rc<World>, nodes: Nodes, kill: Kill) {
    let (mut seen, mut steps) = (vec![0; usize::from(world.shards)], 0);
    loop {
        sleep(Duration::from_millis(1)).await;
        for (shard, seen) in (0..world.shards).zip(&mut seen) {
            let log = world.store.log(ShardId(shard));
            for (place, frame) in log.iter().enumerate().skip(*seen) {
                let items = FrameBody::items_of(&frame.body).unwrap_or_default();
                steps += usize::from(first_turn(&items).is_some());
                if steps == kill.frame {
                    let bodies = log[..=place].iter().rev().map(|frame| &frame.body);
                    let owner = bodies.flat_map(|body| owner_in(body)).next();
                    sleep(Duration::from_millis(kill.later_ms)).await;
                    if let Some(owner) = owner {
                        kill_node(&world, &nodes, owner).await;
                    }
                    return;
                }
            }
            *seen = log.len();
        }
    }
}

fn owner_in(body: &[u8]) -> Option<Owner> {
    FrameBody::items_of(body).unwrap_or_default().iter().find_map(|item| match item {
        Item::Opened(opened) => opened.owner.parse().ok(),
        _ => None,
    })
}

async fn kill_node(world: &World, nodes: &Nodes, owner: Owner) {
    let place = usize::from(owner.node.0 - 1);
    let node = nodes.borrow_mut()[place].take();
    if let Some(node) = node {
        node.kill(world);
    }
    sleep(AWAY).await;
    start(world, nodes, place, owner.incarnation.0.wrapping_add(1));
}

/// A decision, if it is one.
pub(crate) fn decided_of(item: &Item) -> Option<&Decided> {
    match item {
        Item::Decided(decided) => Some(decided),
        _ => None,
    }
}

/// The first decision of a frame: one in which something happened.
pub(crate) fn first_turn(items: &[Item]) -> Option<&Decided> {
    items.iter().find_map(decided_of)
}
