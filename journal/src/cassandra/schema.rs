//! The keyspace and its tables: making them, and bringing them to the version that this program needs.
//!
//! Several nodes start together, and a database that makes the same table twice at once is left with two of it. So
//! all clients send schema changes to the same database node, each statement does nothing when its thing is there,
//! and the version is written by a conditional write after all of it stands.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use scylla::response::query_result::QueryResult;

use super::link::{ATTEMPTS, Link};
use super::reply::{answer_of, blob, rows_of};
use super::statements::{TABLES, table_name};
use super::{Cassandra, CassandraError, Fault};
use crate::Table;

/// The schema that this program reads and writes.
pub const SCHEMA_VERSION: u32 = 3;

/// Names of the cells (table `setting`) that describe the store itself.
pub(super) const VERSION_CELL: &str = "cassandra.schema_version";
pub(super) const DATA_CENTRE_CELL: &str = "cassandra.data_centre";

/// How often the whole is tried when nodes or agreement fail.
const ROUNDS: u32 = 5;
const ROUND_PAUSE: Duration = Duration::from_millis(200);

/// What [`Cassandra::apply_schema`] found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The version before, `None` when there was no schema.
    pub before: Option<u32>,
    /// The version that the schema has now: that of this build.
    pub now: u32,
    /// The data centre that the store is written through, fixed at its first start.
    pub data_centre: String,
}

const LOG: &str = "CREATE TABLE IF NOT EXISTS {ks}.log (\
    shard int, segment bigint, seq bigint, \
    epoch bigint STATIC, owner text STATIC, next_seq bigint STATIC, state tinyint STATIC, \
    w_epoch bigint, events int, frame_id blob, frame blob, \
    PRIMARY KEY ((shard, segment), seq)) WITH CLUSTERING ORDER BY (seq ASC) \
    AND compaction = {'class': 'SizeTieredCompactionStrategy'} \
    AND compression = {'class': 'LZ4Compressor', 'chunk_length_in_kb': 16} \
    AND default_time_to_live = 0 \
    AND comment = 'the log of each shard: conditional writes only, never write here by hand'";
const LOG_DIR: &str = "CREATE TABLE IF NOT EXISTS {ks}.log_dir (\
    shard int PRIMARY KEY, tail_segment bigint, trim_segment bigint, dropped_segment bigint) \
    WITH default_time_to_live = 0 AND comment = 'where each shard''s log ends and is trimmed'";
const CELL: &str = "CREATE TABLE IF NOT EXISTS {ks}.cell (\
    kind text, name text, version bigint, body blob, PRIMARY KEY ((kind, name))) \
    WITH default_time_to_live = 0 AND comment = 'what changes: conditional writes only'";
const ROWS: &str = "CREATE TABLE IF NOT EXISTS {ks}.{table} (\
    key text, row bigint, body blob, PRIMARY KEY ((key), row)) WITH CLUSTERING ORDER BY (row ASC) \
    AND default_time_to_live = 0 AND comment = 'rows that are written once'";
const LISTING: &str = "CREATE TABLE IF NOT EXISTS {ks}.listing (\
    key text, number bigint, name text, body blob, PRIMARY KEY ((key), number, name)) \
    WITH CLUSTERING ORDER BY (number ASC, name ASC) \
    AND default_time_to_live = 0 AND comment = 'lists by time, read from their end; entries are written once'";

/// Every statement that makes the schema, in order.
#[must_use]
pub fn schema_statements(keyspace: &str, data_centre: &str, replication_factor: u32) -> Vec<String> {
    let mut statements = vec![
        format!(
            "CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = \
             {{'class': 'NetworkTopologyStrategy', '{}': {replication_factor}}} AND durable_writes = true",
            data_centre.replace('\'', "''")
        ),
        CELL.to_owned(),
        LOG_DIR.to_owned(),
        LOG.to_owned(),
        LISTING.to_owned(),
    ];
    statements.extend(TABLES.iter().map(|table| ROWS.replace("{table}", table_name(*table))));
    statements.iter().map(|text| text.replace("{ks}", keyspace)).collect()
}

/// Tries the whole again while nodes are down or don't agree; see [`Cassandra::apply_schema`].
pub(super) async fn apply(link: &Link) -> Result<Applied, CassandraError> {
    Ok(tried_again(link, || apply_once(link)).await?)
}

/// Does `work`, which may be done twice, until it is done, or failed for good or [`ROUNDS`] times.
pub(super) async fn tried_again<'l, T, W>(link: &'l Link, work: impl Fn() -> W) -> Result<T, Fault>
where
    W: Future<Output = Result<T, Fault>> + Send + 'l,
{
    let mut round = 1;
    loop {
        // Boxed, so that what lies within does not add to the depth of the types around.
        let attempt: BoxFuture<'l, Result<T, Fault>> = work().boxed();
        match attempt.await {
            Err(fault) if round < ROUNDS && may_pass(&fault) => {
                tracing::info!(round, ?fault, "the database is not settled yet, trying again");
                calm_down(link, round).await;
            }
            outcome => return outcome,
        }
        round += 1;
    }
}

/// Waits till what an unanswered statement began is the same everywhere, since its repeat may go to another node.
async fn calm_down(link: &Link, round: u32) {
    tokio::time::sleep(ROUND_PAUSE * round).await;
    if let Err(fault) = link.settle().await {
        tracing::info!(?fault, "the database nodes don't agree on the schema yet");
    }
}

/// No answer, or that of a database node which has not yet heard of what another one made.
fn may_pass(fault: &Fault) -> bool {
    match fault {
        Fault::Unknown(_) => true,
        Fault::Refused(why) => {
            ["does not exist", "doesn't exist", "unconfigured table"].iter().any(|word| why.contains(word))
        }
    }
}

/// Makes something if it is not there, until the answer is definite.
pub(super) async fn change(link: &Link, text: &str) -> Result<(), Fault> {
    tried_again(link, || link.change_schema(text)).await
}

async fn apply_once(link: &Link) -> Result<Applied, Fault> {
    let before = version(link).await?;
    if let Some(found) = before.filter(|found| *found > SCHEMA_VERSION) {
        let problem =
            format!("the schema has version {found}, this program knows {SCHEMA_VERSION}: upgrade it");
        return Err(Fault::Refused(problem));
    }
    if before.is_none_or(|found| found < SCHEMA_VERSION) {
        let rf = link.settings().replication_factor;
        link.await_connections().await;
        for text in schema_statements(link.keyspace(), link.data_centre(), rf) {
            change(link, &text).await?;
        }
        link.settle().await?;
        match before {
            None => write_first(link, VERSION_CELL, &SCHEMA_VERSION.to_string()).await?,
            Some(found) => raise_version(link, found).await?,
        }
    }
    write_first(link, DATA_CENTRE_CELL, link.data_centre()).await?;
    let data_centre = cell(link, DATA_CENTRE_CELL).await?.unwrap_or_default();
    Ok(Applied { before, now: SCHEMA_VERSION, data_centre })
}

/// The version that stands, `None` when there is no schema or it was never finished.
pub(super) async fn version(link: &Link) -> Result<Option<u32>, Fault> {
    let Some(text) = cell(link, VERSION_CELL).await? else { return Ok(None) };
    text.parse().map(Some).map_err(|_| Fault::Refused(format!("the schema version {text:?} is no number")))
}

/// The text of a cell that describes the store; `None` when it or its table is not there.
pub(super) async fn cell(link: &Link, name: &str) -> Result<Option<String>, Fault> {
    if !has_table(link, "cell").await? {
        return Ok(None);
    }
    let text = format!("SELECT body FROM {}.cell WHERE kind = ? AND name = ?", link.keyspace());
    let prepared = link.prepare(&text, scylla::frame::types::Consistency::LocalSerial).await?;
    let mut rows = rows_of(link.repeat(&prepared, &(table_name(Table::Setting), name)).await?)?;
    let body = rows.first_mut().and_then(|row| blob(row, "body"));
    Ok(body.map(|body| String::from_utf8_lossy(&body).into_owned()))
}

async fn write_first(link: &Link, name: &str, value: &str) -> Result<(), Fault> {
    let text = format!(
        "INSERT INTO {}.cell (kind, name, version, body) VALUES (?, ?, 1, ?) IF NOT EXISTS",
        link.keyspace()
    );
    let prepared = link.prepare(&text, scylla::frame::types::Consistency::LocalQuorum).await?;
    let values = (table_name(Table::Setting), name, value.as_bytes());
    answer_of(link.repeat(&prepared, &values).await?).map(drop)
}

/// A version raised by another node meanwhile is as good.
async fn raise_version(link: &Link, found: u32) -> Result<(), Fault> {
    let text =
        format!("UPDATE {}.cell SET body = ? WHERE kind = ? AND name = ? IF body = ?", link.keyspace());
    let prepared = link.prepare(&text, scylla::frame::types::Consistency::LocalQuorum).await?;
    let (new, old) = (SCHEMA_VERSION.to_string(), found.to_string());
    let values = (new.as_bytes(), table_name(Table::Setting), VERSION_CELL, old.as_bytes());
    answer_of(link.repeat(&prepared, &values).await?).map(drop)
}

pub(super) async fn has_table(link: &Link, table: &str) -> Result<bool, Fault> {
    let text = format!(
        "SELECT table_name FROM system_schema.tables WHERE keyspace_name = '{}' AND table_name = '{table}'",
        link.keyspace()
    );
    Ok(!rows_of(ask(link, &text).await?)?.is_empty())
}

/// Asks any node, and others when it does not answer.
pub(super) async fn ask(link: &Link, text: &str) -> Result<QueryResult, Fault> {
    let mut outcome = link.ask(text).await;
    for _ in 1..ATTEMPTS {
        if !matches!(outcome, Err(Fault::Unknown(_))) {
            break;
        }
        outcome = link.ask(text).await;
    }
    outcome
}

/// Drops the keyspace with all that is in it.
///
/// # Errors
/// As [`Cassandra::apply_schema`].
#[doc(hidden)]
pub async fn drop_keyspace_for_tests(cassandra: &Cassandra) -> Result<(), CassandraError> {
    let link = std::sync::Arc::clone(cassandra.link());
    let text = format!("DROP KEYSPACE IF EXISTS {}", link.keyspace());
    cassandra.link().bridge(async move { change(&link, &text).await.map_err(CassandraError::from) }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_node_that_has_not_yet_heard_of_what_another_made_is_asked_again() {
        let told = |why: &str| may_pass(&Fault::Refused(why.to_owned()));
        assert!(told("Keyspace 'handoff' doesn't exist"));
        assert!(told("keyspace handoff does not exist"));
        assert!(told("unconfigured table cell"));
        assert!(!told("no viable alternative at input 'TABEL'"));
    }

    /// H11: expiry is decided by clocks, so nothing rests on it; and no transcript may vanish.
    #[test]
    fn nothing_in_the_schema_expires() {
        for text in schema_statements("ks", "dc1", 3) {
            let mut rest = text.clone();
            rest = rest.replace("default_time_to_live = 0", "");
            assert!(!rest.to_lowercase().contains("time_to_live") && !rest.contains("TTL"), "{text}");
            assert!(text.contains("IF NOT EXISTS"), "{text}");
        }
    }
}
