//! What goes wrong in a run, drawn from its seed.

use crate::client::Nodes;
use crate::node::{SimNode, World};
use handoff_journal::NodeId;
use rand::RngExt;
use rand::rngs::StdRng;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::sleep;

/// What strikes one node or all, their links, or the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// SIGKILL, then a new start.
    Kill,
    /// SIGSTOP, then SIGCONT.
    Pause,
    /// SIGTERM, then a new start.
    Drain,
    /// A node loses its links to all others, not the store.
    CutFromPeers,
    /// Two nodes lose each other; the third hears both.
    CutBetween,
    /// A node loses the store.
    CutFromStore,
    /// The store is down for all.
    StoreDown,
    /// All nodes are killed together and started again.
    KillAll,
}

const ALL: [Fault; 8] = [
    Fault::Kill,
    Fault::Pause,
    Fault::Drain,
    Fault::CutFromPeers,
    Fault::CutBetween,
    Fault::CutFromStore,
    Fault::StoreDown,
    Fault::KillAll,
];

/// Draws a fault, lets it last, mends it.
pub async fn strike(world: &World, nodes: &Nodes, rng: &mut StdRng) -> Fault {
    let fault = ALL[rng.random_range(0..ALL.len())];
    let count = nodes.borrow().len();
    let place = rng.random_range(0..count);
    let lasts = Duration::from_millis(rng.random_range(50..5_000));
    let seed = rng.random();
    let id = |place: usize| NodeId(u16::try_from(place + 1).unwrap_or(1));
    let victim = nodes.borrow()[place].clone();
    match fault {
        Fault::Kill => {
            if let Some(node) = victim {
                node.kill(world);
            }
            nodes.borrow_mut()[place] = None;
            sleep(lasts).await;
            start(world, nodes, place, seed);
        }
        Fault::Pause => {
            if let Some(node) = &victim {
                node.freeze(world);
                sleep(lasts).await;
                node.thaw(world);
            }
        }
        Fault::Drain => {
            if let Some(node) = victim {
                drain(world, &node).await;
                nodes.borrow_mut()[place] = None;
                sleep(lasts).await;
                start(world, nodes, place, seed);
            }
        }
        Fault::CutFromPeers => {
            for other in 0..count {
                if other != place {
                    world.net.cut_both(id(place), id(other));
                }
            }
            sleep(lasts).await;
            world.net.heal();
        }
        Fault::CutBetween => {
            world.net.cut_both(id(place), id((place + 1) % count));
            sleep(lasts).await;
            world.net.heal();
        }
        Fault::CutFromStore => {
            world.store.cut(id(place));
            sleep(lasts).await;
            world.store.heal(id(place));
        }
        Fault::StoreDown => {
            world.store.set_down(true);
            sleep(lasts).await;
            world.store.set_down(false);
        }
        Fault::KillAll => {
            let all: Vec<_> = nodes.borrow_mut().iter_mut().filter_map(Option::take).collect();
            all.iter().for_each(|node| node.kill(world));
            sleep(lasts).await;
            (0..count).for_each(|place| start(world, nodes, place, seed ^ place as u64));
        }
    }
    revive(world, nodes, seed);
    fault
}

/// Asks a node to go, and ends it when it has gone or takes too long.
async fn drain(world: &World, node: &SimNode) {
    node.drain();
    for _ in 0..400 {
        if !node.lives() {
            break;
        }
        sleep(Duration::from_millis(100)).await;
    }
    node.kill(world);
}

/// Starts the node of a place.
pub(crate) fn start(world: &World, nodes: &Nodes, place: usize, seed: u64) {
    let id = NodeId(u16::try_from(place + 1).unwrap_or(1));
    nodes.borrow_mut()[place] = Some(Rc::new(SimNode::start(world, id, seed)));
}

/// Starts every node again that has left by itself, as an operator's service manager does.
fn revive(world: &World, nodes: &Nodes, seed: u64) {
    let gone: Vec<usize> = nodes
        .borrow()
        .iter()
        .enumerate()
        .filter(|(_, node)| node.as_ref().is_none_or(|node| !node.lives()))
        .map(|(place, _)| place)
        .collect();
    for place in gone {
        if let Some(node) = nodes.borrow_mut()[place].take() {
            node.kill(world);
        }
        start(world, nodes, place, seed.wrapping_add(77 + place as u64));
    }
}
