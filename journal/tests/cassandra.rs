//! Tests on real Cassandra nodes: `scripts/cassandra up 3`, then `HANDOFF_CASSANDRA=127.0.0.1:9042,127.0.0.2:9042,...`.
//!
//! Without the variable each test prints that it was skipped. Tests that lose database nodes also need
//! `HANDOFF_CASSANDRA_CONTROL`, the path of `scripts/cassandra`, and run alone while the others wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};

use async_trait::async_trait;
use handoff_journal::cassandra::{Cassandra, CassandraStore, Settings};
use handoff_journal::{NodeId, ShardId};
use tokio::sync::{OnceCell, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::support::{Node, World};

mod hazards;
mod loss;
mod schema;
mod torture;
#[cfg(feature = "bench-plain")]
mod unfenced;

/// Runs each contract test over one keyspace on the real thing.
macro_rules! over_cassandra {
    ($($part:ident: $test:ident,)*) => {
        mod contract {
            $(#[tokio::test]
            async fn $test() {
                if let Some(world) = super::shared().await {
                    crate::contract::$part::$test(&*world).await;
                }
            })*
        }
    };
}

for_each_contract_test!(over_cassandra);

/// The contact points, or `None` with a line saying so.
fn contact_points() -> Option<Vec<String>> {
    let given = std::env::var("HANDOFF_CASSANDRA").ok().filter(|given| !given.is_empty());
    if given.is_none() {
        println!("skipped: HANDOFF_CASSANDRA names no database nodes");
    }
    given.map(|given| given.split(',').map(str::to_owned).collect())
}

/// Settings for a keyspace that nobody else uses.
fn settings(points: &[String], name: &str) -> Settings {
    let mut id = format!("test_{name}_{:08x}", rand::random::<u32>());
    id.truncate(48);
    Settings {
        contact_points: points.to_vec(),
        keyspace: id,
        replication_factor: points.len().min(3) as u32,
        ..Settings::default()
    }
}

/// Four nodes on one keyspace, each with a database session of its own.
struct Real {
    settings: Settings,
    nodes: Vec<Arc<CassandraStore>>,
    shards: AtomicU16,
    keys: AtomicU64,
}

impl Real {
    async fn new(points: &[String], name: &str) -> Self {
        Box::pin(Self::again(settings(points, name))).await
    }

    /// On a keyspace that may be there.
    async fn again(settings: Settings) -> Self {
        let mut nodes = Vec::new();
        for turn in 0..4 {
            let cassandra = Cassandra::connect(settings.clone()).await.expect("connect");
            if turn == 0 {
                cassandra.apply_schema().await.expect("schema");
            }
            nodes.push(cassandra.open().await.expect("open"));
        }
        Self { settings, nodes, shards: AtomicU16::new(0), keys: AtomicU64::new(0) }
    }

    /// One more session on the same keyspace.
    async fn connect(&self) -> Cassandra {
        Cassandra::connect(self.settings.clone()).await.expect("connect")
    }
}

#[async_trait]
impl World for Real {
    async fn node(&self, id: u16) -> Node {
        let store = Arc::clone(&self.nodes[usize::from(id - 1) % self.nodes.len()]);
        Node { id: NodeId(id), journal: store.clone(), tables: store }
    }

    fn shard(&self) -> ShardId {
        ShardId(self.shards.fetch_add(1, Ordering::Relaxed))
    }

    fn key(&self, name: &str) -> String {
        format!("{name}-{}", self.keys.fetch_add(1, Ordering::Relaxed))
    }
}

static REAL: OnceCell<Option<Real>> = OnceCell::const_new();
/// Held for reading by every test, for writing by one that takes database nodes away.
static DATABASE: RwLock<()> = RwLock::const_new(());

struct Shared {
    real: &'static Real,
    _database: RwLockReadGuard<'static, ()>,
}

impl std::ops::Deref for Shared {
    type Target = Real;

    fn deref(&self) -> &Real {
        self.real
    }
}

async fn real() -> Option<&'static Real> {
    let made = REAL.get_or_init(|| async {
        let points = contact_points()?;
        Some(Real::new(&points, "contract").await)
    });
    let real = made.await.as_ref();
    if real.is_none() {
        println!("skipped: HANDOFF_CASSANDRA names no database nodes");
    }
    real
}

/// The keyspace that most tests share: to make one takes seconds, since all database nodes must agree on each table.
async fn shared() -> Option<Shared> {
    let database = DATABASE.read().await;
    Some(Shared { real: real().await?, _database: database })
}

/// The same for a test that takes database nodes away.
async fn alone() -> Option<(&'static Real, RwLockWriteGuard<'static, ()>)> {
    let database = DATABASE.write().await;
    Some((real().await?, database))
}
