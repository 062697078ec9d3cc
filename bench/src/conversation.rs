//! The whole conversation: customers who ask for a person, and agents who answer them, over the native sockets,
//! while nodes are killed, stopped and drained.
//!
//! What is checked at the end stands in `scene`; customers and agents are state machines that one socket drives.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::cluster::Cluster;
use crate::gap::Fault;

mod agent;
mod customer;
mod scene;
mod socket;

pub use scene::{ConversationReport, Scene};

/// How many customers and agents talk, and what strikes the nodes meanwhile.
#[derive(Debug, Clone)]
pub struct ConversationPlan {
    /// The nodes' customer addresses, `host:port`.
    pub nodes: Vec<String>,
    /// The service; its workflow must lead to a person.
    pub service: String,
    /// What a customer says to be given a person.
    pub asks_for_person: String,
    /// Customers at a time.
    pub customers: u32,
    /// Conversations in all.
    pub conversations: u32,
    /// Questions of each customer, each answered by the agent.
    pub questions: u32,
    /// The longest pause before a question.
    pub pause: Duration,
    /// Who answers.
    pub agents: Vec<Login>,
    /// A conversation that takes longer has stranded.
    pub stranded_after: Duration,
    /// The faults, one after the other on random nodes.
    pub faults: Vec<Fault>,
    /// Between two of them.
    pub calm: Duration,
    /// The script that hurts nodes; needed for faults alone.
    pub cluster: Option<Cluster>,
}

/// An agent's sign-in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Login {
    /// The agent's name in the nodes' configuration.
    pub name: String,
    /// In plain text; the nodes have its hash alone.
    pub password: String,
}

const WHOLE_WITHIN: Duration = Duration::from_secs(60);
/// How long a stopped or killed node stays so.
const HURT_FOR: Duration = Duration::from_secs(4);

/// Runs the conversations; see [`ConversationReport`] for what came of them.
///
/// # Errors
/// No runtime, or a command of the cluster that fails. Broken promises are in the report.
pub fn run(plan: &ConversationPlan) -> Result<ConversationReport, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::io("a runtime", error))?;
    if let Some(cluster) = &plan.cluster {
        cluster.wait_until_whole(WHOLE_WITHIN)?;
    }
    let faults = plan.cluster.clone().map(|cluster| {
        let (faults, calm) = (plan.faults.clone(), plan.calm);
        std::thread::spawn(move || hurt(&cluster, &faults, calm))
    });
    let began = Instant::now();
    let scene = Scene::new(plan.conversations)
        .map_err(|error| Error::Command { command: "a histogram".into(), reason: error.to_string() })?;
    let scene = Rc::new(RefCell::new(scene));
    runtime.block_on(tokio::task::LocalSet::new().run_until(play(plan, &scene)));
    let hurt = faults.map_or(Ok(Ok(0)), std::thread::JoinHandle::join).map_err(|_| Error::Panicked)??;
    let report = scene.borrow_mut().report(began.elapsed(), hurt);
    Ok(report)
}

async fn play(plan: &ConversationPlan, scene: &Rc<RefCell<Scene>>) {
    let plan = Rc::new(plan.clone());
    let agents: Vec<_> = plan
        .agents
        .iter()
        .enumerate()
        .map(|(at, login)| {
            let role = agent::Agent::new(login.clone(), scene.clone());
            tokio::task::spawn_local(socket::play(role, plan.nodes.clone(), at, "/v1/agent"))
        })
        .collect();
    let customers: Vec<_> = (0..plan.customers)
        .map(|lane| {
            let (plan, scene) = (plan.clone(), scene.clone());
            tokio::task::spawn_local(async move {
                loop {
                    let Some(number) = scene.borrow_mut().next_conversation() else { return };
                    let role = customer::Customer::new(number, plan.clone(), scene.clone());
                    socket::play(role, plan.nodes.clone(), (lane + number) as usize, "/v1/customer").await;
                }
            })
        })
        .collect();
    for customer in customers {
        if customer.await.is_err() {
            scene.borrow_mut().broken("a customer's task panicked".into());
        }
    }
    scene.borrow_mut().over = true;
    for agent in agents {
        if agent.await.is_err() {
            scene.borrow_mut().broken("an agent's task panicked".into());
        }
    }
}

/// Hurts random nodes, one after the other, and makes each whole again.
fn hurt(cluster: &Cluster, faults: &[Fault], calm: Duration) -> Result<u32, Error> {
    let mut done = 0;
    for fault in faults {
        std::thread::sleep(calm);
        let nodes = cluster.status()?;
        let victim = &nodes[rand::random_range(0..nodes.len())];
        eprintln!("{} node {}", fault.verb(), victim.id);
        cluster.act(fault.verb(), victim.id)?.wait()?;
        std::thread::sleep(HURT_FOR);
        cluster.act(fault.cure(), victim.id)?.wait()?;
        cluster.wait_until_whole(WHOLE_WITHIN)?;
        done += 1;
    }
    Ok(done)
}
