//! A model of Cassandra in memory, with faults: for tests and for the simulation of a whole cluster.
//!
//! One [`MemoryStore`] is the database; each node gets a [`MemoryNode`] onto it. Every statement is atomic and
//! linearizable per partition, as lightweight transactions are; the journal above it is the same protocol as on a
//! real database, statement by statement. Requests and answers can be lost, slow, or late: a late write happens after
//! its sender was told "unknown", when others may have read what stood there before. A call whose future is dropped
//! may still happen, as on a network.
//!
//! It runs in a deterministic simulation: no threads, no tasks, time only from tokio's clock (which can be paused),
//! randomness only from the seed. What is due happens at the next call of anybody.
//!
//! ```
//! # use handoff_journal::{memory::{Faults, MemoryStore}, Journal, NodeId, Incarnation, Owner, ShardId};
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! let store = MemoryStore::new(42);
//! store.set_faults(Faults { lose_after: 0.01, delay_ms: (1, 5), ..Faults::default() });
//! let node = store.node(NodeId(1));
//! let owner = Owner { node: NodeId(1), incarnation: Incarnation(7) };
//! let claimed = node.claim(ShardId(0), owner).await;
//! # });
//! ```

mod faults;
mod journal;
mod model;
mod tables;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

pub use faults::Faults;

use crate::{NodeId, ShardId, StoredFrame};
use faults::{Dice, Fate};
use model::Model;

/// The database that all nodes share. Clones are the same store.
#[derive(Clone)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
}

/// One node's connection: both [`crate::Journal`] and [`crate::Tables`].
#[derive(Clone)]
pub struct MemoryNode {
    store: MemoryStore,
    node: NodeId,
}

/// No answer came: the outcome is unknown to the caller.
#[derive(Debug)]
struct NoAnswer(&'static str);

type Deferred = Box<dyn FnOnce(&mut Model) + Send>;

struct State {
    model: Model,
    /// Writes on their way, by the moment when they happen, then by the order in which they were sent.
    pending: BTreeMap<(Instant, u64), Deferred>,
    /// Writes that wait for [`MemoryStore::release_held`].
    held: Vec<Deferred>,
    /// How many of a node's next writes are to be held.
    to_hold: BTreeMap<NodeId, u32>,
    sent: u64,
    statements: u64,
    faults: Faults,
    down: bool,
    cut: BTreeSet<NodeId>,
    dice: Dice,
}

impl State {
    fn deliver_due(&mut self) {
        let now = Instant::now();
        while let Some(entry) = self.pending.first_entry() {
            if entry.key().0 > now {
                break;
            }
            entry.remove()(&mut self.model);
        }
    }

    fn unreachable(&self, node: NodeId) -> Option<NoAnswer> {
        if self.down {
            return Some(NoAnswer("the store is down"));
        }
        self.cut.contains(&node).then_some(NoAnswer("the node is cut off from the store"))
    }
}

impl MemoryStore {
    /// An empty store without faults. The seed decides every fault and delay of the run.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let state = State {
            model: Model::default(),
            pending: BTreeMap::new(),
            held: Vec::new(),
            to_hold: BTreeMap::new(),
            sent: 0,
            statements: 0,
            faults: Faults::default(),
            down: false,
            cut: BTreeSet::new(),
            dice: Dice::new(seed),
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// A connection for a node; a node may have several, for instance one for each incarnation.
    #[must_use]
    pub fn node(&self, node: NodeId) -> MemoryNode {
        MemoryNode { store: self.clone(), node }
    }

    /// Changes the faults from now on; what is on its way keeps its fate.
    pub fn set_faults(&self, faults: Faults) {
        self.lock().faults = faults;
    }

    /// Takes the store down for all, or brings it back. Its data stays, as do writes on their way.
    pub fn set_down(&self, down: bool) {
        self.lock().down = down;
    }

    /// Cuts one node off from the store.
    pub fn cut(&self, node: NodeId) {
        self.lock().cut.insert(node);
    }

    /// Mends [`MemoryStore::cut`] for one node.
    pub fn heal(&self, node: NodeId) {
        self.lock().cut.remove(&node);
    }

    /// Holds the next `count` writes of a node: each is answered "unknown" and happens at
    /// [`MemoryStore::release_held`], as a write does that was stuck on its way.
    pub fn hold_next_writes(&self, node: NodeId, count: u32) {
        self.lock().to_hold.insert(node, count);
    }

    /// Lets all held writes happen now, in the order in which they were sent; answers how many.
    pub fn release_held(&self) -> usize {
        let mut state = self.lock();
        let held = std::mem::take(&mut state.held);
        let count = held.len();
        held.into_iter().for_each(|write| write(&mut state.model));
        count
    }

    /// Every frame that was ever committed to a shard, in commit order, trimmed ones too. For checkers.
    #[must_use]
    pub fn log(&self, shard: ShardId) -> Vec<StoredFrame> {
        let mut state = self.lock();
        state.deliver_due();
        state.model.history(shard)
    }

    /// The oldest segment of a shard that is not trimmed, or `None` when nobody ever claimed the shard.
    #[must_use]
    pub fn first_segment(&self, shard: ShardId) -> Option<u64> {
        let mut state = self.lock();
        state.deliver_due();
        state.model.directory(shard).map(|directory| directory.trim + 1)
    }

    /// How many statements all nodes have sent so far; tells what a call costs.
    #[must_use]
    pub fn statement_count(&self) -> u64 {
        self.lock().statements
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemoryNode {
    /// Sends a statement that changes something.
    async fn write<T, F>(&self, apply: F) -> Result<T, NoAnswer>
    where
        T: Send + 'static,
        F: FnOnce(&mut Model) -> T + Send + 'static,
    {
        self.send(true, apply).await
    }

    /// Sends a linearizable read.
    async fn query<T, F>(&self, read: F) -> Result<T, NoAnswer>
    where
        T: Send + 'static,
        F: FnOnce(&mut Model) -> T + Send + 'static,
    {
        self.send(false, read).await
    }

    async fn send<T, F>(&self, write: bool, apply: F) -> Result<T, NoAnswer>
    where
        T: Send + 'static,
        F: FnOnce(&mut Model) -> T + Send + 'static,
    {
        let answer = Arc::new(Mutex::new(None));
        let slot = answer.clone();
        let deferred: Deferred = Box::new(move |model| {
            let result = apply(model);
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        });
        let trip = self.enqueue(write, deferred);
        if let Some(no_answer) = trip.no_answer {
            wait(trip.timeout_ms).await;
            return Err(no_answer);
        }
        if let Some(at) = trip.happens_at {
            sleep_until(at).await;
        }
        self.store.lock().deliver_due();
        wait(trip.answer_ms).await;
        if let Some(unreachable) = self.store.lock().unreachable(self.node) {
            return Err(unreachable);
        }
        let result = answer.lock().unwrap_or_else(PoisonError::into_inner).take();
        result.ok_or(NoAnswer("no answer in time"))
    }

    /// Draws the statement's fate and puts it on its way.
    fn enqueue(&self, write: bool, deferred: Deferred) -> Trip {
        let mut state = self.store.lock();
        state.deliver_due();
        state.statements += 1;
        let faults = state.faults.clone();
        let mut fate = state.dice.fate(&faults, write);
        let delay_ms = state.dice.between(faults.delay_ms);
        let late_ms = state.dice.between(faults.late_ms);
        let mut trip = Trip {
            no_answer: None,
            happens_at: None,
            answer_ms: state.dice.between(faults.delay_ms),
            timeout_ms: faults.timeout_ms,
        };
        if let Some(unreachable) = state.unreachable(self.node) {
            trip.no_answer = Some(unreachable);
            return trip;
        }
        if let Some(left) = state.to_hold.get_mut(&self.node).filter(|left| write && **left > 0) {
            *left -= 1;
            fate = Fate::Held;
        }
        state.sent += 1;
        let sent = state.sent;
        let in_ms = |ms| Instant::now() + Duration::from_millis(ms);
        match fate {
            Fate::Answered | Fate::LostAfter if delay_ms == 0 => deferred(&mut state.model),
            Fate::Answered | Fate::LostAfter => {
                trip.happens_at = Some(in_ms(delay_ms));
                state.pending.insert((in_ms(delay_ms), sent), deferred);
            }
            Fate::LostBefore => {}
            Fate::Late => drop(state.pending.insert((in_ms(delay_ms + late_ms), sent), deferred)),
            Fate::Held => state.held.push(deferred),
        }
        if fate != Fate::Answered {
            trip.no_answer = Some(NoAnswer("no answer in time"));
        }
        trip
    }
}

/// What a statement's sender has to wait for.
struct Trip {
    no_answer: Option<NoAnswer>,
    happens_at: Option<Instant>,
    answer_ms: u64,
    timeout_ms: u64,
}

async fn wait(ms: u64) {
    if ms > 0 {
        sleep(Duration::from_millis(ms)).await;
    }
}
