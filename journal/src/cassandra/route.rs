//! Which database node coordinates a request.
//!
//! All clients ask the same replica first (the first one of the partition's ring order): conditional writes on one
//! partition then queue at one coordinator and don't outbid each other. A node that let a request run into its
//! timeout is asked last for a while, long before the driver takes its connections for dead.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use scylla::cluster::{ClusterState, Node, NodeRef};
use scylla::policies::load_balancing::{FallbackPlan, LoadBalancingPolicy, RoutingInfo};

/// How long a node that did not answer is asked last.
const SUSPECT_FOR: Duration = Duration::from_secs(3);

/// The nodes that lately did not answer.
#[derive(Debug, Default)]
pub(super) struct Suspects(Mutex<BTreeMap<IpAddr, Instant>>);

impl Suspects {
    pub(super) fn accuse(&self, node: IpAddr, now: Instant) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(node, now);
    }

    /// True while the node counts as silent.
    pub(super) fn holds(&self, node: IpAddr, now: Instant) -> bool {
        let mut suspects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match suspects.get(&node) {
            Some(&since) if now.duration_since(since) < SUSPECT_FOR => true,
            Some(_) => {
                suspects.remove(&node);
                false
            }
            None => false,
        }
    }
}

/// The order in which one request's coordinators are tried.
pub(super) struct Plan(Vec<Arc<Node>>);

impl Plan {
    /// Replicas first, in ring order, then the data centre's other nodes; those that are down or silent last.
    pub(super) fn new(
        replicas: Vec<Arc<Node>>,
        all: &[Arc<Node>],
        data_centre: &str,
        suspects: &Suspects,
    ) -> Self {
        let now = Instant::now();
        let here = |node: &&Arc<Node>| node.datacenter.as_deref() == Some(data_centre);
        let mut order: Vec<Arc<Node>> = replicas.iter().filter(here).cloned().collect();
        for node in all.iter().filter(here) {
            if !order.iter().any(|known| known.host_id == node.host_id) {
                order.push(Arc::clone(node));
            }
        }
        order.sort_by_key(|node| !node.is_connected() || suspects.holds(node.address.ip(), now));
        Self(order)
    }

    /// Every node of the data centre by address: all clients send schema changes to the same one.
    pub(super) fn by_address(all: &[Arc<Node>], data_centre: &str, suspects: &Suspects) -> Self {
        let mut sorted = all.to_vec();
        sorted.sort_by_key(|node| node.address.ip());
        Self::new(Vec::new(), &sorted, data_centre, suspects)
    }

    pub(super) fn first(&self) -> Option<IpAddr> {
        self.0.first().map(|node| node.address.ip())
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|node| node.address.ip())).finish()
    }
}

impl LoadBalancingPolicy for Plan {
    fn pick<'a>(&'a self, _: &'a RoutingInfo, _: &'a ClusterState) -> Option<(NodeRef<'a>, Option<u32>)> {
        self.0.first().map(|node| (node, None))
    }

    fn fallback<'a>(&'a self, _: &'a RoutingInfo, _: &'a ClusterState) -> FallbackPlan<'a> {
        Box::new(self.0.iter().map(|node| (node, None)))
    }

    fn name(&self) -> String {
        "ring order, silent nodes last".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_node_is_asked_last_and_forgiven_after_a_while() {
        let suspects = Suspects::default();
        let node: IpAddr = [127, 0, 0, 1].into();
        let now = Instant::now();
        assert!(!suspects.holds(node, now));
        suspects.accuse(node, now);
        assert!(suspects.holds(node, now + SUSPECT_FOR / 2));
        assert!(!suspects.holds(node, now + SUSPECT_FOR));
        assert!(!suspects.holds(node, now), "a forgiven node starts with a clean sheet");
    }
}
