//! Scenes of a whole cluster that are no random runs.

mod bots;
mod outage;
mod planted;

use crate::Plan;
use crate::client::Nodes;
use crate::customer::Customer;
use crate::node::{SimNode, World};
use crate::run::world_of;
use handoff::ports::CallError;
use handoff_chat::command::{Caller, Read};
use handoff_chat::event::Body;
use handoff_chat::opening::IdleTerms;
use handoff_chat::{EntityId, SessionId};
use handoff_journal::NodeId;
use handoff_journal::memory::Faults;
use handoff_shard::Call;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::LocalSet;
use tokio::time::sleep;

const CHATS: usize = 12;

struct Scene {
    world: World,
    nodes: Nodes,
    customers: Vec<Customer>,
}

impl Scene {
    /// Three nodes without faults, and chats over all shards, each with a message.
    async fn set(seed: u64) -> Self {
        Self::with(seed, |_| {}, None).await
    }

    /// The same in another world, with inactivity control.
    async fn with(seed: u64, other: impl FnOnce(&mut World), idle: Option<IdleTerms>) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut world = world_of(&Plan::of_seed(seed), &mut rng).unwrap();
        other(&mut world);
        world.store.set_faults(Faults::default());
        let net = world.net.clone();
        tokio::task::spawn_local(async move { net.run().await });
        let nodes: Nodes = Rc::new(RefCell::new(Vec::new()));
        for node in 1..=3 {
            let started = SimNode::start(&world, NodeId(node), rng.random());
            nodes.borrow_mut().push(Some(Rc::new(started)));
        }
        let mut customers = Vec::new();
        for _ in 0..CHATS {
            let session = SessionId::from_random(&rng.random());
            let seed = StdRng::seed_from_u64(rng.random());
            let mut customer = Customer::new(Rc::clone(&nodes), session, seed, None);
            customer.idle = idle.clone().map(Box::new);
            customer.open().await.unwrap();
            customer.say(1).await.unwrap();
            customers.push(customer);
        }
        sleep(Duration::from_secs(2)).await;
        Self { world, nodes, customers }
    }

    /// How many of the chats each node reads, each tried once.
    async fn reads(&self) -> Vec<usize> {
        let mut read = Vec::new();
        for place in 0..3 {
            let node = self.nodes.borrow()[place].clone().unwrap();
            let mut done = 0;
            for customer in &self.customers {
                done += usize::from(look(&node, customer).await.is_ok());
            }
            read.push(done);
        }
        read
    }
}

impl Scene {
    /// What happened in each chat, as its customer sees it.
    async fn bodies(&mut self) -> Vec<Vec<Body>> {
        let mut all = Vec::new();
        for customer in &mut self.customers {
            all.push(customer.bodies().await);
        }
        all
    }
}

async fn look(node: &SimNode, customer: &Customer) -> Result<(), CallError> {
    let read: Option<(Caller, Read)> = Some((customer.caller(), Read::Customer { position: 1 }));
    let patience = Duration::from_millis(100);
    let entity = EntityId::from(&customer.session);
    let call = Call { read, client_id: true, patience, ..Call::of(entity) };
    node.call(call).await.unwrap().map(drop)
}

fn play<F: Future<Output = ()>>(scene: impl FnOnce() -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    LocalSet::new().block_on(&runtime.unwrap(), scene());
}
