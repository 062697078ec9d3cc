//! Puts the parts of a node together that are the same over TCP and a database as in a simulation.

use crate::actor::arbiter::ArbiterPool;
use crate::actor::handle::{ShardDirectory, SupervisorHandle};
use crate::actor::journal::Log;
use crate::actor::shard::Surroundings;
use crate::actor::supervisor::{Ended, Parts};
use crate::bots::Bots;
use crate::clock::Clock;
use crate::contacts::Joins;
use crate::courier::RouterCourier;
use crate::files::Files;
use crate::node_state::NodeState;
use crate::observer::Observer;
use crate::ports::Outbound;
use crate::record::RecordWriter;
use crate::router::{Router, Service};
use arc_swap::ArcSwap;
use handoff_cluster::{MemberList, Peers, Supervisor};
use handoff_journal::{Journal, Owner, Tables};
use handoff_shard::Options;
use rand::RngExt;
use rand::rngs::StdRng;
use std::sync::{Arc, OnceLock};
use tokio::sync::{Semaphore, watch};

/// What is there before the links are: they need the service at their start.
pub struct Groundwork {
    /// How many shards there are.
    pub shards: u16,
    /// The node's clock; simulations bring their own.
    pub clock: Arc<dyn Clock>,
    /// The shards here.
    pub directory: Arc<ShardDirectory>,
    /// The newest member list.
    pub list: Arc<ArcSwap<MemberList>>,
    /// Where the node stands.
    pub node_state: Arc<NodeState>,
    supervisor: Arc<OnceLock<SupervisorHandle>>,
}

/// What a node is made of, beside its groundwork.
pub struct Fittings {
    /// Who this node is.
    pub owner: Owner,
    /// What its supervisor is set to.
    pub cluster: handoff_cluster::Config,
    /// What governs its shards.
    pub options: Options,
    /// Calls that may wait at one shard.
    pub shard_inbox: usize,
    /// Frames on their way at once.
    pub frames_in_flight: usize,
    /// How long a place in flight rests after its frame, in times of what the append took.
    pub frame_rest: u32,
    /// The links to the other nodes.
    pub peers: Arc<dyn Peers>,
    /// The log of every shard, on the store that all nodes share.
    pub journal: Arc<dyn Journal>,
    /// The rows beside the log, on the same store.
    pub tables: Arc<dyn Tables>,
    /// Which starts join an address to a contact's id.
    pub joins: Joins,
    /// Where the bytes of files lie, and who looks through them.
    pub files: Files,
    /// Every bot that a session may invite.
    pub bots: Arc<Bots>,
    /// The way out to the channels.
    pub outbound: Arc<dyn Outbound>,
    /// Where shards live.
    pub pool: Arc<ArbiterPool>,
    /// Counts what happens.
    pub observer: Arc<dyn Observer>,
    /// All chance in the node but its secrets.
    pub rng: StdRng,
    /// Random bits for ids of new sessions.
    pub random: Arc<dyn Fn() -> [u8; 16] + Send + Sync>,
}

/// A node at work.
pub struct Assembled {
    /// Its gateways' way to all sessions.
    pub router: Arc<Router>,
    /// Its supervisor.
    pub supervisor: SupervisorHandle,
    /// How its life in the cluster ended, once it has.
    pub ended: watch::Receiver<Option<Ended>>,
}

impl Groundwork {
    /// The groundwork of a node with so many shards in its cluster.
    #[must_use]
    pub fn new(shards: u16, clock: Arc<dyn Clock>) -> Self {
        Self {
            shards,
            clock,
            directory: Arc::new(ShardDirectory::new(shards)),
            list: Arc::new(ArcSwap::from_pointee(MemberList::new(shards))),
            node_state: Arc::default(),
            supervisor: Arc::default(),
        }
    }

    /// What the node does for its peers, as soon as its supervisor runs.
    #[must_use]
    pub fn service(&self) -> Service {
        let supervisor = Arc::clone(&self.supervisor);
        Service {
            directory: Arc::clone(&self.directory),
            shards: self.shards,
            clock: Arc::clone(&self.clock),
            notes: Arc::new(move |from, note| {
                if let Some(supervisor) = supervisor.get() {
                    supervisor.heard(from, note);
                }
            }),
        }
    }

    /// Starts the supervisor on this thread, and with it the node.
    #[must_use]
    pub fn assemble(self, mut fittings: Fittings) -> Assembled {
        let (ended, ends) = watch::channel(None);
        let now = self.clock.now();
        let wall_ms = u64::try_from(now.wall.0).unwrap_or(0);
        let seed = fittings.rng.random();
        let machine = Supervisor::new(fittings.cluster, fittings.owner, now.mono.0, wall_ms, seed);
        let courier = Arc::new(RouterCourier::default());
        let around = Surroundings {
            log: Log {
                journal: fittings.journal,
                flights: Arc::new(Semaphore::new(fittings.frames_in_flight)),
                rest: fittings.frame_rest,
                node_state: Arc::clone(&self.node_state),
                clock: Arc::clone(&self.clock),
            },
            tables: Arc::clone(&fittings.tables),
            records: RecordWriter::new(
                Arc::clone(&fittings.tables),
                fittings.joins,
                Arc::clone(&fittings.observer),
            ),
            clock: Arc::clone(&self.clock),
            files: fittings.files,
            bots: fittings.bots,
            courier: courier.clone(),
            outbound: fittings.outbound,
            options: Options { shards: self.shards, ..fittings.options },
            shard_inbox: fittings.shard_inbox,
            observer: Arc::clone(&fittings.observer),
        };
        let supervisor = SupervisorHandle::start(Parts {
            machine,
            peers: Arc::clone(&fittings.peers),
            tables: Arc::clone(&fittings.tables),
            directory: Arc::clone(&self.directory),
            list: Arc::clone(&self.list),
            pool: fittings.pool,
            around,
            node_state: Arc::clone(&self.node_state),
            rng: fittings.rng,
            ended,
        });
        // This groundwork is used up here: nobody else can have set it.
        let _first = self.supervisor.set(supervisor.clone());
        let router = Router {
            node: fittings.owner.node,
            list: self.list,
            directory: self.directory,
            peers: fittings.peers,
            tables: fittings.tables,
            clock: self.clock,
            node_state: self.node_state,
            observer: fittings.observer,
            random: fittings.random,
        };
        let router = Arc::new(router);
        courier.set(router.clone());
        Assembled { router, supervisor, ended: ends }
    }
}
