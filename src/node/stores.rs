//! Opens the store that the configuration names, and refuses one that does not fit.

use crate::secret_file::read_secret;
use bytes::Bytes;
use handoff_config::{Config, Durability, StoreKind};
#[cfg(feature = "bench-plain")]
use handoff_journal::cassandra::plain::PlainJournal;
use handoff_journal::cassandra::{Cassandra, CassandraError, Settings, Severity};
use handoff_journal::sqlite::{self, SqliteStore};
use handoff_journal::trouble::Trouble;
use handoff_journal::{Chunks, Journal, JournalError, NodeId, Swap, Table, Tables, TablesError};
use std::sync::Arc;
use std::time::{Duration, Instant};
use thiserror::Error;

/// Why the store can't be used.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database says no, or does not answer.
    #[error(transparent)]
    Cassandra(#[from] CassandraError),
    /// The embedded store says no.
    #[error(transparent)]
    Sqlite(#[from] JournalError),
    /// A setting kept in the store can't be read.
    #[error(transparent)]
    Tables(#[from] TablesError),
    /// The password's file can't be read.
    #[error(transparent)]
    Password(#[from] crate::secret_file::Error),
    /// Something must be changed first; every finding with the line to change.
    #[error("the store must be changed first:\n{0}")]
    Findings(String),
    /// The store was started with another number of shards.
    #[error("this store has {stored} shards, fixed at its first start: set journal.shards = {stored}")]
    Shards {
        /// What the store has.
        stored: u16,
    },
}

impl StoreError {
    /// Whether another try may succeed: there was no answer, where there may soon be one.
    fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Cassandra(CassandraError::Unreachable(_) | CassandraError::Unknown(_))
                | Self::Sqlite(JournalError::Unknown(_) | JournalError::Full(_))
                | Self::Tables(TablesError::Unknown(_))
        )
    }
}

/// How long after a try that got no answer the next one begins.
const AGAIN: Duration = Duration::from_millis(500);

/// Both sides of the store.
pub(super) struct Stores {
    pub(super) journal: Arc<dyn Journal>,
    pub(super) tables: Arc<dyn Tables>,
    /// Where the database takes files too.
    pub(super) chunks: Option<Arc<dyn Chunks>>,
}

/// Opens the store. One that does not answer is tried again for `store.start_wait_ms`: a node often starts together
/// with its database, or in its busiest minute.
pub(super) async fn open(config: &Config) -> Result<Stores, StoreError> {
    let deadline = Instant::now() + Duration::from_millis(config.store.start_wait_ms);
    let trouble = Trouble::new("the store does not answer, trying again");
    loop {
        match open_once(config).await {
            Err(error) if error.may_pass() && Instant::now() < deadline => {
                trouble.came(&error);
                tokio::time::sleep(AGAIN).await;
            }
            outcome => return outcome,
        }
    }
}

async fn open_once(config: &Config) -> Result<Stores, StoreError> {
    let stores = match config.store.kind {
        StoreKind::Sqlite => {
            let durability = match config.store.sqlite.durability {
                Durability::Disk => sqlite::Durability::Full,
                Durability::Relaxed => sqlite::Durability::Relaxed,
            };
            let store =
                Arc::new(SqliteStore::open(&config.sqlite_dir(), NodeId(config.node.id), durability)?);
            let (journal, tables): (Arc<dyn Journal>, Arc<dyn Tables>) = (store.clone(), store);
            Stores { journal, tables, chunks: None }
        }
        StoreKind::Cassandra => open_cassandra(config).await?,
    };
    check_shards(stores.tables.as_ref(), config.journal.shards).await?;
    Ok(stores)
}

async fn open_cassandra(config: &Config) -> Result<Stores, StoreError> {
    let cassandra = Cassandra::connect(settings(config)?).await?;
    cassandra.apply_schema().await?;
    let findings = cassandra.check().await?;
    let mut refused = String::new();
    for finding in &findings {
        let line = format!("{}\n    {}\n", finding.problem, finding.change);
        match finding.severity {
            Severity::Refuse => refused.push_str(&line),
            Severity::Warn => tracing::warn!(problem = finding.problem, change = finding.change, "store"),
        }
    }
    if !refused.is_empty() {
        return Err(StoreError::Findings(refused));
    }
    let store = cassandra.open().await?;
    let (tables, chunks): (Arc<dyn Tables>, Arc<dyn Chunks>) = (store.clone(), store.clone());
    #[cfg(not(feature = "bench-plain"))]
    let journal: Arc<dyn Journal> = store;
    #[cfg(feature = "bench-plain")]
    let journal: Arc<dyn Journal> = PlainJournal::open(&cassandra).await?;
    Ok(Stores { journal, tables, chunks: Some(chunks) })
}

fn settings(config: &Config) -> Result<Settings, StoreError> {
    let cassandra = &config.store.cassandra;
    let password = match (&cassandra.password, &cassandra.password_file) {
        (Some(password), _) => Some(password.expose().to_owned()),
        (None, Some(file)) => Some(read_secret(file)?.expose().to_owned()),
        (None, None) => None,
    };
    Ok(Settings {
        contact_points: cassandra.contact_points.clone(),
        keyspace: cassandra.keyspace.clone(),
        data_centre: Some(cassandra.data_centre.clone()),
        replication_factor: u32::from(cassandra.replication_factor),
        credentials: cassandra.username.clone().zip(password),
        request_timeout: Duration::from_millis(cassandra.request_timeout_ms),
    })
}

/// Makes or upgrades the tables; says what was done.
///
/// # Errors
/// [`StoreError`].
pub async fn apply_schema(config: &Config) -> Result<String, StoreError> {
    match config.store.kind {
        StoreKind::Sqlite => Ok("the embedded store makes its files itself: nothing to do".to_owned()),
        StoreKind::Cassandra => {
            let applied = Cassandra::connect(settings(config)?).await?.apply_schema().await?;
            Ok(format!("{applied:?}"))
        }
    }
}

/// Raises every shard's epoch after a backup was restored; says what was done.
///
/// # Errors
/// [`StoreError`]; a repeat does no harm.
pub async fn raise_epochs(config: &Config) -> Result<String, StoreError> {
    match config.store.kind {
        StoreKind::Sqlite => {
            Ok("the embedded store's claims are files of the same backup: nothing to do".to_owned())
        }
        StoreKind::Cassandra => {
            let store = Cassandra::connect(settings(config)?).await?.open().await?;
            store.bump_epochs(config.journal.shards).await?;
            Ok(format!("the epochs of {} shards are raised", config.journal.shards))
        }
    }
}

/// The number of shards is fixed when the store is first used: another one would look for sessions in wrong places.
async fn check_shards(tables: &dyn Tables, shards: u16) -> Result<(), StoreError> {
    let body = Bytes::copy_from_slice(&shards.to_le_bytes());
    let stored = match tables.put_if_version(Table::Setting, SHARDS_KEY, 0, body).await? {
        Swap::Won => return Ok(()),
        Swap::Lost { body, .. } => <[u8; 2]>::try_from(body.as_ref()).map(u16::from_le_bytes),
    };
    match stored {
        Ok(stored) if stored == shards => Ok(()),
        Ok(stored) => Err(StoreError::Shards { stored }),
        Err(_) => Err(StoreError::Findings("the stored number of shards can't be read".to_owned())),
    }
}

const SHARDS_KEY: &str = "shards";
