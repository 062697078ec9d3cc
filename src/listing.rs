//! Lists entities of the whole cluster: asks every node that serves, for what its shards hold.

use crate::actor::handle::ShardDirectory;
use crate::ports::PAGE_MAX;
use crate::wire::{Listed, Request};
use arc_swap::ArcSwap;
use futures_util::future::join_all;
use handoff_cluster::{MemberList, MemberState, Peers};
use handoff_journal::{NodeId, ShardId};
use handoff_shard::listing::{EntityQuery, EntitySummary};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long a node is asked.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long a shard is asked: less, so that a node answers in time for the others.
const SHARD_PATIENCE: Duration = Duration::from_secs(2);

/// A node that does not answer in time is left out, and its shards are named as missing.
pub struct Lister {
    /// This node's number: its own shards are asked without a link.
    pub node: NodeId,
    /// The shards here.
    pub directory: Arc<ShardDirectory>,
    /// The newest member list.
    pub list: Arc<ArcSwap<MemberList>>,
    /// The links to the other nodes.
    pub peers: Arc<dyn Peers>,
}

/// What the shards of one node hold. A shard that does not answer in time is not among those that were asked.
pub async fn list_here(directory: &ShardDirectory, shards: u16, wanted: &EntityQuery) -> Listed {
    let here = (0..shards).filter_map(|shard| Some((shard, directory.get(ShardId(shard))?)));
    let asked = here.map(|(shard, handle)| {
        let wanted = wanted.clone();
        (shard, async move { handle.list(wanted).await })
    });
    gather(asked, wanted.limit).await
}

/// Asks shards side by side, so that one that hangs hides no other.
async fn gather<F>(asked: impl Iterator<Item = (u16, F)>, limit: usize) -> Listed
where
    F: Future<Output = Option<Vec<EntitySummary>>>,
{
    let until = Instant::now() + SHARD_PATIENCE;
    let answers = asked.map(|(shard, asking)| async move {
        let found = timeout_at(until, asking).await.ok().flatten()?;
        Some((shard, found))
    });
    let mut listed = Listed::default();
    for (shard, found) in join_all(answers).await.into_iter().flatten() {
        listed.shards.push(shard);
        listed.entities.extend(found);
    }
    cut(&mut listed.entities, limit);
    listed
}

fn cut(entities: &mut Vec<EntitySummary>, limit: usize) {
    entities.sort_by(|a, b| a.id.cmp(&b.id));
    entities.dedup_by(|a, b| a.id == b.id);
    entities.truncate(limit);
}

impl Lister {
    /// The first entities that are wanted, in order of id, and the shards that could not be asked.
    pub async fn list(&self, wanted: &EntityQuery) -> (Vec<EntitySummary>, Vec<u16>) {
        let wanted = EntityQuery { limit: wanted.limit.min(PAGE_MAX), ..wanted.clone() };
        let members = self.list.load_full();
        let Listed { shards, mut entities } = list_here(&self.directory, members.shards, &wanted).await;
        let mut asked: BTreeSet<u16> = shards.into_iter().collect();
        let serves = |state| matches!(state, MemberState::Up | MemberState::Leaving);
        let others = members.members.iter().filter(|member| serves(member.state));
        let others = others.map(|member| member.owner.node).filter(|node| *node != self.node);
        // Side by side: nodes that hang cost their patience once.
        let answers = join_all(others.map(|node| self.list_there(node, &wanted))).await;
        for listed in answers.into_iter().flatten() {
            asked.extend(listed.shards);
            entities.extend(listed.entities);
        }
        cut(&mut entities, wanted.limit);
        (entities, (0..members.shards).filter(|shard| !asked.contains(shard)).collect())
    }

    async fn list_there(&self, node: NodeId, wanted: &EntityQuery) -> Option<Listed> {
        let request = handoff_codec::encode_bare(&Request::List(wanted.clone())).ok()?;
        let bytes = self.peers.call(node, request.into(), PATIENCE).await.ok()?;
        handoff_codec::decode_bare(&bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use handoff_shard::listing::About;

    fn entity(id: &str, shard: u16) -> EntitySummary {
        EntitySummary { id: id.to_owned(), shard, state: "open".to_owned(), about: About::Nothing }
    }

    #[tokio::test(start_paused = true)]
    async fn a_shard_that_hangs_is_missing_and_hides_no_other() {
        let hangs = std::future::pending::<Option<Vec<EntitySummary>>>().boxed();
        let answers = |ids: &[&str], shard| {
            let found = ids.iter().map(|id| entity(id, shard)).collect::<Vec<_>>();
            async move { Some(found) }.boxed()
        };
        let gone = async { None::<Vec<EntitySummary>> }.boxed();
        let asked = [(0, answers(&["c"], 0)), (1, hangs), (2, gone), (3, answers(&["a", "d"], 3))];
        let listed = tokio::time::timeout(PATIENCE, gather(asked.into_iter(), 2)).await;
        let listed = listed.expect("in time for whoever asked this node");
        assert_eq!(listed, Listed { shards: vec![0, 3], entities: vec![entity("a", 3), entity("c", 0)] });
    }
}
