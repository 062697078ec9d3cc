//! Which shard an entity belongs to, and which member a shard.
//!
//! Rendezvous hashing with a bound on the load, and sticky: every member that is up gets the same number of
//! shards, give or take one, and no shard moves that need not. The ranking is by node, not by incarnation:
//! a node that comes back is preferred for the shards that it had.

use std::collections::BTreeMap;

use bincode::{Decode, Encode};
use handoff_journal::{NodeId, Owner, ShardId};
use xxhash_rust::xxh3::xxh3_64;

/// Who shall have a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub struct Assignment {
    /// The assignee; nobody while no member is up.
    pub to: Option<Owner>,
    /// The assignee before, if it was still alive at the change: the new one waits a moment for its release.
    pub from: Option<Owner>,
}

/// How much a node is wanted for a shard.
fn score(shard: ShardId, node: NodeId) -> u64 {
    let [s0, s1] = shard.0.to_le_bytes();
    let [n0, n1] = node.0.to_le_bytes();
    xxh3_64(&[s0, s1, n0, n1])
}

/// Those who are up, the one most wanted for the shard first.
#[must_use]
pub(crate) fn rank(shard: ShardId, mut up: Vec<Owner>) -> Vec<Owner> {
    up.sort_by_key(|owner| std::cmp::Reverse((score(shard, owner.node), owner.node)));
    up
}

/// Assigns every shard to one of those who are up, evenly and with the fewest moves; to nobody when none is up. An
/// assignee before is waited for if it is `alive`. The same gives the same result on every node.
pub(crate) fn rebalance(assignment: &mut [Assignment], up: &[Owner], alive: &[Owner]) {
    let mut to: Vec<Option<Owner>> = assignment.iter().map(|assignment| assignment.to).collect();
    let targets = targets(up, &to);
    for owner in to.iter_mut() {
        *owner = owner.filter(|owner| targets.contains_key(owner));
    }
    let mut load: BTreeMap<Owner, usize> = targets.keys().map(|owner| (*owner, 0)).collect();
    for owner in to.iter().flatten() {
        *load.entry(*owner).or_default() += 1;
    }
    for (owner, target) in &targets {
        shed(&mut to, *owner, load.get(owner).copied().unwrap_or(0).saturating_sub(*target));
        load.entry(*owner).and_modify(|count| *count = (*count).min(*target));
    }
    for (shard, to) in (0..).map(ShardId).zip(&mut to) {
        if to.is_none() {
            let free = |owner: &Owner| load.get(owner) < targets.get(owner);
            *to = rank(shard, up.to_vec()).into_iter().find(free);
            if let Some(owner) = *to {
                *load.entry(owner).or_default() += 1;
            }
        }
    }
    for (assignment, to) in assignment.iter_mut().zip(to) {
        *assignment = follow(alive, to, *assignment);
    }
}

/// How many shards each member that is up shall have; those that have most keep the odd ones.
fn targets(up: &[Owner], to: &[Option<Owner>]) -> BTreeMap<Owner, usize> {
    let mut owners = up.to_vec();
    let count = |owner: &Owner| to.iter().flatten().filter(|other| *other == owner).count();
    owners.sort_by_key(|owner| (std::cmp::Reverse(count(owner)), owner.node));
    let members = owners.len().max(1);
    let (base, odd) = (to.len() / members, to.len() % members);
    owners.into_iter().enumerate().map(|(place, owner)| (owner, base + usize::from(place < odd))).collect()
}

/// Takes `excess` shards from a member: those it is wanted for least.
fn shed(to: &mut [Option<Owner>], owner: Owner, excess: usize) {
    let mut places: Vec<u16> =
        (0..).zip(to.iter()).filter(|(_, o)| **o == Some(owner)).map(|(p, _)| p).collect();
    places.sort_by_key(|place| (score(ShardId(*place), owner.node), *place));
    for place in places.into_iter().take(excess) {
        to[usize::from(place)] = None;
    }
}

/// The new assignment with whom to wait for: the assignee before, while it lives.
fn follow(alive: &[Owner], to: Option<Owner>, before: Assignment) -> Assignment {
    let from = if to == before.to { before.from } else { before.to.or(before.from) };
    Assignment { to, from: from.filter(|owner| alive.contains(owner) && Some(*owner) != to) }
}

#[cfg(test)]
mod tests;
