//! The journal and the tables on Apache Cassandra or ScyllaDB: what makes several hosts one cluster.
//!
//! A shard's log is a chain of segments, one partition each; a frame is one row; an append is one conditional UPDATE
//! whose condition is (epoch, owner, next frame, open) in the same partition. So the store fences an old owner, not
//! time: no clock, pause or wrong suspicion can fork a log. Every statement that touches the log is conditional; a
//! plain write beside conditional ones could win with a later timestamp and vanish an acknowledged frame.
//!
//! A client timeout says nothing about the outcome, the server may still be at work: it becomes
//! [`JournalError::Unknown`], and the repeat of the same call decides, since the store answers it with what stands.
//!
//! ScyllaDB answers conditional writes in another shape than Cassandra; both are decoded by column name and tested
//! on hand-made replies. Only Cassandra is tested for real.
//!
//! The driver lives on a small runtime of its own: callers may be on any executor.

mod check;
mod claim;
mod emptying;
mod link;
mod log;
mod maintenance;
#[cfg(feature = "bench-plain")]
pub mod plain;
mod reply;
mod route;
mod schema;
mod statements;
mod tables;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use thiserror::Error;

use crate::{JournalError, ShardId, TablesError};

pub use check::{Finding, Replication, ServerFacts, ServerKind, ServerNode, Severity, Wanted, judge};
pub use emptying::empty_keyspace_for_tests;
pub use reply::{Answer, Columns, decode};
pub use schema::{Applied, SCHEMA_VERSION, drop_keyspace_for_tests, schema_statements};

use link::Link;
use statements::Statements;

/// How to reach the database, and what the keyspace should be when it is made.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `host:port` of some nodes; the others are found through them.
    pub contact_points: Vec<String>,
    /// The keyspace; letters, digits and `_`, at most 48, starting with a letter.
    pub keyspace: String,
    /// The data centre that all nodes write through; `None`: that of the first contact point that answers.
    pub data_centre: Option<String>,
    /// Copies of each row in that data centre.
    pub replication_factor: u32,
    /// User and password, where the database asks for them.
    pub credentials: Option<(String, String)>,
    /// How long one attempt of a request may take before its outcome counts as unknown.
    pub request_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            contact_points: vec!["127.0.0.1:9042".to_owned()],
            keyspace: "handoff".to_owned(),
            data_centre: None,
            replication_factor: 3,
            credentials: None,
            request_timeout: Duration::from_millis(1000),
        }
    }
}

/// Why the database can't be used.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum CassandraError {
    /// A setting is wrong.
    #[error("wrong setting: {0}")]
    Setting(String),
    /// No contact point answered, or the driver could not run.
    #[error("no database node answers: {0}")]
    Unreachable(String),
    /// The answer did not come or could not be had; a repeat may cure it.
    #[error("outcome unknown: {0}")]
    Unknown(String),
    /// The database refuses; a repeat does not cure it.
    #[error("database refuses: {0}")]
    Refused(String),
}

/// Why one request did not give an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It may have happened, may still happen, or never.
    Unknown(String),
    /// It has not happened and a repeat fails too.
    Refused(String),
}

impl From<Fault> for JournalError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unknown(why) => Self::Unknown(why),
            Fault::Refused(why) => Self::Refused(why),
        }
    }
}

impl From<Fault> for TablesError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unknown(why) => Self::Unknown(why),
            Fault::Refused(why) => Self::Refused(why),
        }
    }
}

impl From<Fault> for CassandraError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unknown(why) => Self::Unknown(why),
            Fault::Refused(why) => Self::Refused(why),
        }
    }
}

/// A session with the database: makes and checks the schema, then opens the store.
#[derive(Clone)]
pub struct Cassandra {
    link: Arc<Link>,
}

impl Cassandra {
    /// Connects; nothing is read or written yet.
    ///
    /// # Errors
    /// `Setting` for a wrong keyspace name or data centre, `Unreachable` when no contact point answers.
    pub async fn connect(settings: Settings) -> Result<Self, CassandraError> {
        Ok(Self { link: Link::connect(settings).await? })
    }

    /// The data centre that all requests go to.
    #[must_use]
    pub fn data_centre(&self) -> &str {
        self.link.data_centre()
    }

    /// Makes the keyspace and tables, or brings them to [`SCHEMA_VERSION`]. Safe when several nodes do it at once.
    ///
    /// # Errors
    /// `Refused` when a later version of the product made the schema; `Unknown` when the database did not answer.
    pub async fn apply_schema(&self) -> Result<Applied, CassandraError> {
        let link = Arc::clone(&self.link);
        self.link.bridge(async move { schema::apply(&link).await }).await
    }

    /// Looks at servers, keyspace and schema, and says what must or should be changed. Empty: all is well.
    ///
    /// # Errors
    /// `Unknown` when the database did not answer.
    pub async fn check(&self) -> Result<Vec<Finding>, CassandraError> {
        let link = Arc::clone(&self.link);
        self.link.bridge(async move { check::check(&link).await }).await
    }

    /// Opens the journal and the tables; the schema must be there.
    ///
    /// # Errors
    /// `Refused` when a table is missing, `Unknown` when the database did not answer.
    pub async fn open(&self) -> Result<Arc<CassandraStore>, CassandraError> {
        let link = Arc::clone(&self.link);
        let statements = self.link.bridge(async move { Statements::prepare(&link).await }).await?;
        Ok(Arc::new(CassandraStore {
            core: Arc::new(Core { link: Arc::clone(&self.link), statements, tails: Mutex::default() }),
        }))
    }

    pub(crate) fn link(&self) -> &Arc<Link> {
        &self.link
    }
}

/// [`crate::Journal`] and [`crate::Tables`] on one database session.
pub struct CassandraStore {
    core: Arc<Core>,
}

/// What each call works with; owned by the store and, while they run, by its calls.
struct Core {
    link: Arc<Link>,
    statements: Statements,
    /// Where this process last stood in each shard's chain, so that a confirm needs no walk.
    tails: Mutex<BTreeMap<ShardId, u64>>,
}

impl Core {
    fn tails(&self) -> MutexGuard<'_, BTreeMap<ShardId, u64>> {
        self.tails.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_tail(&self, shard: ShardId, segment: u64) {
        let mut tails = self.tails();
        let tail = tails.entry(shard).or_insert(segment);
        *tail = (*tail).max(segment);
    }
}
