//! A simulated node: a real one, but for its sockets and its threads.

use async_trait::async_trait;
use handoff::actor::arbiter::ArbiterPool;
use handoff::assembly::{Assembled, Fittings, Groundwork};
use handoff::bots::Bots;
use handoff::clock::Clock;
use handoff::observer::Unobserved;
use handoff::ports::{CallError, Outbound, Sessions};
use handoff_chat::Millis;
use handoff_chat::channel::Delivery;
use handoff_chat::session::Push;
use handoff_cluster::Timing;
use handoff_cluster::peer::memory::Net;
use handoff_journal::memory::MemoryStore;
use handoff_journal::{Incarnation, NodeId, Owner};
use handoff_shard::{Call, Done};
use handoff_shard::{Mono, Now, Options};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;
use tokio::time::Instant;

/// A node's clock: virtual time, with a wall clock that is off by some.
struct SimClock {
    started: Instant,
    skew_ms: i64,
}

impl Clock for SimClock {
    fn now(&self) -> Now {
        let mono_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let wall = 1_800_000_000_000 + i64::try_from(mono_ms).unwrap_or(i64::MAX) + self.skew_ms;
        Now { wall: Millis(wall), mono: Mono(mono_ms) }
    }
}

type Request = (Call, oneshot::Sender<Result<Done, CallError>>);

/// How the world deals with a node's task set.
#[derive(Default)]
struct Grip {
    frozen: Cell<bool>,
    dead: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

/// Polls a node's task set, unless the node is frozen or dead.
struct Gripped {
    grip: Rc<Grip>,
    set: Option<LocalSet>,
}

impl Future for Gripped {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        *self.grip.waker.borrow_mut() = Some(context.waker().clone());
        if self.grip.dead.get() {
            self.set = None;
            return Poll::Ready(());
        }
        if self.grip.frozen.get() {
            return Poll::Pending;
        }
        match self.set.as_mut() {
            Some(set) => Pin::new(set).poll(context),
            None => Poll::Ready(()),
        }
    }
}

/// What all nodes of a world share.
pub struct World {
    /// The journal and the tables; outlives every node's process.
    pub store: MemoryStore,
    /// Carries what nodes say to each other; faults cut it.
    pub net: Net,
    /// The same on every node, as one configuration has them.
    pub bots: Arc<Bots>,
    /// What governs shards.
    pub options: Options,
    /// How many shards.
    pub shards: u16,
    /// When the world began.
    pub started: Instant,
}

/// A running (or frozen, or dead) node.
pub struct SimNode {
    /// The same after a restart; only its incarnation changes then.
    pub node: NodeId,
    grip: Rc<Grip>,
    requests: mpsc::Sender<Request>,
    drain: Rc<Cell<Option<oneshot::Sender<()>>>>,
    /// Set when the node has left the cluster by itself, with how.
    pub left: Rc<RefCell<Option<String>>>,
}

/// How far off a wrong clock is, in milliseconds: 400 days.
const WRONG_MS: i64 = 400 * 24 * 3_600_000;

/// How far a process's clock is off, in milliseconds: by a little, and for one in ten by far.
fn skew_ms(rng: &mut StdRng) -> i64 {
    let drift = rng.random_range(-2_000..2_000);
    match rng.random_range(0..20) {
        0 => drift + WRONG_MS,
        1 => drift - WRONG_MS,
        _ => drift,
    }
}

/// Calls that may wait at a node's gateway.
const REQUESTS_MAX: usize = 4096;

/// A channel that takes whatever it is given.
struct TakesAll;

#[async_trait]
impl Outbound for TakesAll {
    async fn push(&self, _push: Push) -> Delivery {
        Delivery::Sent
    }
}

impl SimNode {
    /// Starts a node's process.
    pub fn start(world: &World, node: NodeId, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let owner = Owner { node, incarnation: Incarnation(rng.random()) };
        let grip = Rc::new(Grip::default());
        let (requests, inbox) = mpsc::channel(REQUESTS_MAX);
        let (drain, drained) = oneshot::channel();
        let left = Rc::new(RefCell::new(None));
        let set = LocalSet::new();
        let clock = Arc::new(SimClock { started: world.started, skew_ms: skew_ms(&mut rng) });
        let groundwork = Groundwork::new(world.shards, clock);
        let (peers, arriving, events) = world.net.attach(owner, Arc::new(groundwork.service()));
        let connection = Arc::new(world.store.node(node));
        let ids = Mutex::new(StdRng::seed_from_u64(rng.random()));
        let fittings = Fittings {
            files: handoff::files::Files::in_memory(),
            owner,
            cluster: cluster_config(world.shards, node),
            options: world.options.clone(),
            shard_inbox: 4096,
            frames_in_flight: 8,
            frame_rest: 1,
            peers: Arc::new(peers),
            journal: connection.clone(),
            tables: connection,
            joins: handoff::contacts::Joins::Said,
            bots: Arc::clone(&world.bots),
            outbound: Arc::new(TakesAll),
            pool: Arc::new(ArbiterPool::Here),
            observer: Arc::new(Unobserved),
            rng,
            random: Arc::new(move || {
                let mut bits = [0; 16];
                if let Ok(mut ids) = ids.lock() {
                    rand::Rng::fill_bytes(&mut *ids, &mut bits);
                }
                bits
            }),
        };
        set.spawn_local(arriving.run());
        set.spawn_local(live(groundwork, fittings, events, inbox, drained, Rc::clone(&left)));
        tokio::task::spawn_local(Gripped { grip: Rc::clone(&grip), set: Some(set) });
        Self { node, grip, requests, drain: Rc::new(Cell::new(Some(drain))), left }
    }

    fn wake(&self) {
        if let Some(waker) = self.grip.waker.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }

    /// SIGKILL.
    pub fn kill(&self, world: &World) {
        world.net.kill(self.node);
        self.grip.dead.set(true);
        self.wake();
    }

    /// SIGSTOP.
    pub fn freeze(&self, world: &World) {
        world.net.freeze(self.node);
        self.grip.frozen.set(true);
    }

    /// SIGCONT.
    pub fn thaw(&self, world: &World) {
        world.net.thaw(self.node);
        self.grip.frozen.set(false);
        self.wake();
    }

    /// SIGTERM.
    pub fn drain(&self) {
        if let Some(drain) = self.drain.take() {
            let _gone = drain.send(());
        }
    }

    /// Whether its process lives, frozen or not.
    pub fn lives(&self) -> bool {
        !self.grip.dead.get() && self.left.borrow().is_none()
    }

    /// A client's call to this node's gateway; `None`: the connection broke.
    pub async fn call(&self, call: Call) -> Option<Result<Done, CallError>> {
        let (reply, replied) = oneshot::channel();
        self.requests.try_send((call, reply)).ok()?;
        replied.await.ok()
    }
}

/// The life of a node, inside its task set.
async fn live(
    groundwork: Groundwork,
    fittings: Fittings,
    mut events: mpsc::Receiver<handoff_cluster::PeerEvent>,
    mut requests: mpsc::Receiver<Request>,
    mut drained: oneshot::Receiver<()>,
    left: Rc<RefCell<Option<String>>>,
) {
    let Assembled { router, supervisor, mut ended } = groundwork.assemble(fittings);
    let mut draining = false;
    loop {
        tokio::select! {
            biased;
            how = ended.wait_for(Option::is_some) => {
                *left.borrow_mut() = Some(format!("{:?}", how.ok().and_then(|how| how.clone())));
                return;
            }
            _ = &mut drained, if !draining => {
                draining = true;
                supervisor.drain();
            }
            Some(event) = events.recv() => supervisor.link(event),
            Some((call, reply)) = requests.recv() => {
                let router = Arc::clone(&router);
                tokio::task::spawn_local(async move {
                    let _hung_up = reply.send(router.call(call).await);
                });
            }
        }
    }
}

fn cluster_config(shards: u16, node: NodeId) -> handoff_cluster::Config {
    handoff_cluster::Config {
        shards,
        peer_addr: format!("node{node}"),
        http_url: format!("http://node{node}"),
        build: "simulated".to_owned(),
        protocol: handoff_cluster::peer::PROTOCOL,
        timing: Timing::default(),
    }
}
