//! Joining by a seed list: before a node joins, it looks who its seeds are.
//!
//! The member list in the store is the truth, so seeds are not needed to find the others. They are what tells a node
//! that its configuration points at the wrong cluster, or at the wrong store, before it does harm there.

use handoff_cluster::MemberList;
use handoff_cluster::members::MEMBERS_KEY;
use handoff_cluster::peer::{LinksConfig, Seed, greet};
use handoff_journal::{Owner, Table, Tables};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

/// When it is looked whether the seeds are in this store's member list: all who start together have joined by then.
const MEMBERS_AFTER: Duration = Duration::from_secs(10);

/// Why a node must not join.
#[derive(Debug, Error)]
pub enum SeedError {
    /// Its seed is of another cluster.
    #[error("seed {address} (peer.seeds) is no node of this cluster: {why}")]
    Unfit {
        /// The seed's address, as configured.
        address: String,
        /// What its answer shows, in words.
        why: String,
    },
}

/// Looks at every seed but this node itself, and answers who they are; those that are not there yet are no obstacle.
///
/// # Errors
/// [`SeedError`].
pub(super) async fn check_seeds(
    seeds: &[String],
    own: &str,
    me: Owner,
    config: &LinksConfig,
) -> Result<Vec<Owner>, SeedError> {
    let mut found = Vec::new();
    for address in seeds.iter().filter(|address| *address != own) {
        match greet(config, me, address).await {
            Seed::Absent => tracing::info!(address, "no seed there yet"),
            Seed::Unfit(why) => return Err(SeedError::Unfit { address: address.clone(), why }),
            Seed::Fits(owner) => {
                tracing::info!(address, %owner, "seed found");
                found.push(owner);
            }
        }
    }
    Ok(found)
}

/// Says so when a seed that is of this cluster is not in the member list of this node's store after a while: then the
/// two nodes use different stores, and are two clusters.
pub(super) async fn check_store(seeds: Vec<Owner>, tables: Arc<dyn Tables>) {
    tokio::time::sleep(MEMBERS_AFTER).await;
    let Ok(Some((version, body))) = tables.get_versioned(Table::Member, MEMBERS_KEY).await else { return };
    let Ok(list) = MemberList::decode(version, &body) else { return };
    for seed in seeds.iter().filter(|seed| list.member(seed.node).is_none()) {
        tracing::error!(
            node = seed.node.0,
            "a seed is not a member in this node's store: check [store] on both"
        );
    }
}
