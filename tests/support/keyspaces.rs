//! The keyspaces of clusters that write to Cassandra. To make one takes many seconds of all database nodes, to empty
//! one takes a moment; so each is used by one test after another.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use handoff_journal::cassandra::{Cassandra, CassandraError, Settings, empty_keyspace_for_tests};

use crate::support::until;

/// Where the nodes of `scripts/cassandra up 3` are.
pub(crate) const CONTACT_POINTS: [&str; 3] = ["127.0.0.1:9042", "127.0.0.2:9042", "127.0.0.3:9042"];

/// What a killed node still had under way, the database carries out or gives up within its time-outs of 2 s.
const REST: Duration = Duration::from_secs(5);

static RESTING: Mutex<Vec<(Instant, String)>> = Mutex::new(Vec::new());

/// A keyspace that nobody else uses as long as this lives.
pub(crate) struct Keyspace {
    pub(crate) name: String,
}

impl Keyspace {
    /// One that is empty, or not made yet.
    pub(crate) fn take() -> Self {
        let rested = {
            let mut resting = RESTING.lock().unwrap();
            if resting.is_empty() { None } else { Some(resting.remove(0)) }
        };
        let Some((since, name)) = rested else {
            return Self { name: format!("handoff_it_{:016x}", rand::random::<u64>()) };
        };
        std::thread::sleep(REST.saturating_sub(since.elapsed()));
        empty(&name);
        Self { name }
    }
}

impl Drop for Keyspace {
    fn drop(&mut self) {
        RESTING.lock().unwrap().push((Instant::now(), self.name.clone()));
    }
}

/// On a thread of its own, since whoever asks may be within an executor.
fn empty(keyspace: &str) {
    let settings = Settings {
        contact_points: CONTACT_POINTS.map(str::to_owned).to_vec(),
        keyspace: keyspace.to_owned(),
        replication_factor: 3,
        ..Settings::default()
    };
    let emptying = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(until("a keyspace is emptied", async || {
            try_to_empty(&settings).await.inspect_err(|e| println!("a keyspace is not emptied yet: {e}")).ok()
        }));
    });
    emptying.join().unwrap();
}

/// Database nodes that share two cores with three nodes and a test may be too busy at the moment.
async fn try_to_empty(settings: &Settings) -> Result<(), CassandraError> {
    let database = Cassandra::connect(settings.clone()).await?;
    empty_keyspace_for_tests(&database).await
}
