//! Lists entities of the whole cluster: asks every node that serves, for what its shards hold.

use crate::actor::handle::ShardDirectory;
use crate::front::{EntitySummary, Wanted};
use crate::wire::{Listed, Request};
use arc_swap::ArcSwap;
use futures_util::future::join_all;
use handoff_cluster::{MemberList, MemberState, Peers};
use handoff_journal::{NodeId, ShardId};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How long a node is asked.
const PATIENCE: Duration = Duration::from_secs(3);

/// Most entities in one answer.
pub const LIMIT_MAX: usize = 1_000;

/// See the module's description.
pub struct Lister {
    /// This node.
    pub node: NodeId,
    /// The shards here.
    pub directory: Arc<ShardDirectory>,
    /// The newest member list.
    pub list: Arc<ArcSwap<MemberList>>,
    /// The links.
    pub peers: Arc<dyn Peers>,
}

/// What the shards of one node hold.
pub async fn list_here(directory: &ShardDirectory, shards: u16, wanted: &Wanted) -> Listed {
    let mut listed = Listed::default();
    for shard in 0..shards {
        let Some(handle) = directory.get(ShardId(shard)) else { continue };
        if let Some(found) = handle.list(wanted.clone()).await {
            listed.shards.push(shard);
            listed.entities.extend(found);
        }
    }
    cut(&mut listed.entities, wanted.limit);
    listed
}

fn cut(entities: &mut Vec<EntitySummary>, limit: usize) {
    entities.sort_by(|a, b| a.id.cmp(&b.id));
    entities.dedup_by(|a, b| a.id == b.id);
    entities.truncate(limit);
}

impl Lister {
    /// The first entities that are wanted, in order of id, and the shards that could not be asked.
    pub async fn list(&self, wanted: &Wanted) -> (Vec<EntitySummary>, Vec<u16>) {
        let wanted = Wanted { limit: wanted.limit.min(LIMIT_MAX), ..wanted.clone() };
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

    async fn list_there(&self, node: NodeId, wanted: &Wanted) -> Option<Listed> {
        let request = handoff_codec::encode_bare(&Request::List(wanted.clone())).ok()?;
        let bytes = self.peers.call(node, request.into(), PATIENCE).await.ok()?;
        handoff_codec::decode_bare(&bytes).ok()
    }
}
