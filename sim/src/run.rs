//! One run: a cluster, its customers, its faults, and the check at the end.

use crate::agent::{Acknowledged, Agent, QUEUE};
use crate::checker::{Evidence, GREETING, Received};
use crate::client::{Client, Nodes};
use crate::customer::Customer;
use crate::faults::{Fault, strike};
use crate::kill::{self, Kill};
use crate::node::{SimNode, World};
use handoff::bots::Bots;
use handoff_chat::bot::{BotRules, Rules};
use handoff_chat::workflow::{self, Known, Program};
use handoff_chat::{AgentName, BotName, QueueName, SessionId};
use handoff_cluster::peer::memory::Net;
use handoff_journal::NodeId;
use handoff_journal::memory::{Faults, MemoryStore};
use handoff_shard::Options;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep, timeout};

/// What a run is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Decides everything.
    pub seed: u64,
    /// How many nodes.
    pub nodes: u16,
    /// How many shards.
    pub shards: u16,
    /// How many customers.
    pub customers: u32,
    /// How many messages each says.
    pub messages: u32,
    /// How many faults strike.
    pub faults: u32,
    /// How many agents answer; with some, every second customer is routed to them.
    pub agents: u32,
    /// Instead of faults by chance: one node is killed at a step of the run.
    pub kill: Option<Kill>,
}

impl Plan {
    /// The usual run for a seed.
    #[must_use]
    pub fn of_seed(seed: u64) -> Self {
        Self { seed, nodes: 3, shards: 6, customers: 12, messages: 25, faults: 6, agents: 3, kill: None }
    }
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Messages acknowledged.
    pub acknowledged: usize,
    /// Faults struck, by kind.
    pub faults: BTreeMap<Fault, u32>,
    /// Frames committed in all shards.
    pub frames: usize,
    /// A digest of all logs: the same seed gives the same.
    pub digest: u64,
    /// Virtual milliseconds.
    pub took_ms: u128,
}

/// How long everything may take once faults have ended, in virtual time.
const PATIENCE: Duration = Duration::from_secs(600);

/// Runs a plan to its end.
///
/// # Errors
/// What did not hold; the seed makes it happen again.
pub fn run(plan: &Plan) -> Result<Report, String> {
    evidence(plan).map(|(report, _)| report)
}

/// As [`run`], with what the run left behind.
///
/// # Errors
/// As [`run`].
pub(crate) fn evidence(plan: &Plan) -> Result<(Report, Evidence), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(|error| error.to_string())?;
    let world = LocalSet::new();
    world.block_on(&runtime, live(plan.clone()))
}

pub(crate) fn world_of(plan: &Plan, rng: &mut StdRng) -> Result<World, String> {
    let rules = BotRules {
        nickname: "Demo".into(),
        greetings: vec![GREETING.into()],
        fallbacks: vec!["I see".into()],
        ignore_case: true,
        rules: Vec::new(),
    };
    let mut bots = Bots::default();
    bots.insert(BotName("demo".into()), Rules::compile(rules).map_err(|error| error.to_string())?);
    let store = MemoryStore::new(rng.random());
    store.set_faults(Faults {
        lose_before: 0.005,
        lose_after: 0.005,
        late: 0.005,
        late_ms: (1, 800),
        delay_ms: (0, 4),
        timeout_ms: 200,
    });
    Ok(World {
        store,
        net: Net::new(rng.random(), (0, 3)),
        bots: Arc::new(bots),
        options: Options {
            segment_frames_max: 60,
            passivate_after_ms: 4_000,
            events_in_memory: 8,
            ..Options::default()
        },
        shards: plan.shards,
        started: Instant::now(),
    })
}

/// What routed customers run: straight to the agents.
fn workflow() -> Result<Arc<Program>, String> {
    let text = concat!(
        "version = 1\nnickname = \"Sim\"\nstart = \"agent\"\n",
        "[steps.agent]\nroute = \"support\"\nnext = \"agent\"\n",
    );
    let queues = BTreeMap::from([(QueueName(QUEUE.into()), 5_000)]);
    let known = Known { bots: BTreeMap::new(), queues };
    let program = workflow::read("sim", text, &known);
    program.map(Arc::new).map_err(|faults| format!("{faults:?}"))
}

async fn live(plan: Plan) -> Result<(Report, Evidence), String> {
    let mut rng = StdRng::seed_from_u64(plan.seed);
    let mut world = world_of(&plan, &mut rng)?;
    if plan.kill.is_some() {
        kill::slow_down(&mut world);
    }
    let world = Rc::new(world);
    let net = world.net.clone();
    tokio::task::spawn_local(async move { net.run().await });
    let nodes: Nodes = Rc::new(RefCell::new(Vec::new()));
    for node in 1..=plan.nodes {
        let started = SimNode::start(&world, NodeId(node), rng.random());
        nodes.borrow_mut().push(Some(Rc::new(started)));
    }
    let mut talks = Vec::new();
    let over = Rc::new(Cell::new(false));
    let desks: Vec<_> = (0..plan.agents)
        .map(|number| {
            let client = Client::new(Rc::clone(&nodes), StdRng::seed_from_u64(rng.random()));
            let agent = Agent::new(client, AgentName(format!("agent{number}")), Rc::clone(&over));
            tokio::task::spawn_local(agent.work())
        })
        .collect();
    let program = workflow()?;
    for number in 0..plan.customers {
        let session = SessionId::from_random(&rng.random());
        let routed = (plan.agents > 0 && number % 2 == 0).then(|| Arc::clone(&program));
        let rng = StdRng::seed_from_u64(rng.random());
        let customer = Customer::new(Rc::clone(&nodes), session, rng, routed);
        talks.push(tokio::task::spawn_local(customer.talk(plan.messages)));
    }
    let killer = plan
        .kill
        .map(|kill| tokio::task::spawn_local(kill::kill_owner(Rc::clone(&world), Rc::clone(&nodes), kill)));
    let mut faults = BTreeMap::new();
    for _ in 0..plan.faults {
        sleep(Duration::from_millis(rng.random_range(200..2_500))).await;
        let fault = strike(&world, &nodes, &mut rng).await;
        *faults.entry(fault).or_default() += 1;
    }
    let mut received: Vec<Received> = Vec::new();
    for talk in talks {
        let done = timeout(PATIENCE, talk).await.map_err(|_| "a customer never came to an end")?;
        received.push(done.map_err(|error| error.to_string())??);
    }
    over.set(true);
    let mut by_agents: Vec<Acknowledged> = Vec::new();
    for desk in desks {
        let done = timeout(PATIENCE, desk).await.map_err(|_| "an agent never came to an end")?;
        by_agents.push(done.map_err(|error| error.to_string())??);
    }
    world.store.set_faults(Faults::default());
    // Ended sessions linger, then retire; after many faults what waited for one another does so later.
    sleep(Duration::from_secs(if plan.kill.is_some() { 90 } else { 240 })).await;
    if let Some(killer) = killer {
        killer.abort();
    }
    let evidence = Evidence::gather(&world.store, plan.shards, received, by_agents)?;
    let sessions = evidence.check()?;
    evidence.check_records(&world.store, &sessions).await?;
    let report = report(&world, &plan, &evidence.received, faults);
    Ok((report, evidence))
}

fn report(world: &World, plan: &Plan, received: &[Received], faults: BTreeMap<Fault, u32>) -> Report {
    let mut digest = 0xcbf2_9ce4_8422_2325_u64;
    let mut frames = 0;
    for shard in 0..plan.shards {
        for frame in world.store.log(handoff_journal::ShardId(shard)) {
            frames += 1;
            for byte in frame.body.iter() {
                digest = (digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
    }
    Report {
        acknowledged: received.iter().map(|customer| customer.acknowledged.len()).sum(),
        faults,
        frames,
        digest,
        took_ms: world.started.elapsed().as_millis(),
    }
}
