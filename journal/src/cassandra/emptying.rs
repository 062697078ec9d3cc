//! Empties a keyspace, so that one test after the other can use it: making another takes many seconds, since all
//! database nodes must agree on each table.
//!
//! What the database remembers of a partition's last conditional write it keeps outside of the table, and truncating
//! leaves it there: with the next such write the last is finished on nodes that missed it, and comes back in part. So
//! what is written conditionally is deleted conditionally: the deletion is then the last that is remembered.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::link::Link;
use super::reply::{Columns, number, rows_of, text};
use super::schema::{ask, has_table, tried_again};
use super::statements::{TABLES, table_name};
use super::{Cassandra, CassandraError, Fault};

/// Deletions that are under way at the same time.
const AT_ONCE: usize = 8;

/// Empties every table of the keyspace. Nothing may use it meanwhile; the schema has to be applied once more, as its
/// version goes too.
///
/// # Errors
/// As [`Cassandra::apply_schema`].
#[doc(hidden)]
pub async fn empty_keyspace_for_tests(cassandra: &Cassandra) -> Result<(), CassandraError> {
    let link = Arc::clone(cassandra.link());
    let emptied = async move { tried_again(&link, || empty_once(&link)).await };
    cassandra.link().bridge(async move { emptied.await.map_err(CassandraError::from) }).await
}

async fn empty_once(link: &Link) -> Result<(), Fault> {
    let delete = async |text: String| ask(link, &text).await.map(drop);
    let deletions = deletions(link).await?;
    stream::iter(deletions).map(delete).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    for table in ["listing"].into_iter().chain(TABLES.map(table_name)) {
        if has_table(link, table).await? {
            link.change_schema(&format!("TRUNCATE {}.{table}", link.keyspace())).await?;
        }
    }
    Ok(())
}

/// What deletes each partition that is written conditionally, and the segment after each: it may have been begun.
async fn deletions(link: &Link) -> Result<Vec<String>, Fault> {
    let keyspace = link.keyspace();
    let mut deletions = Vec::new();
    for row in rows(link, "shard", "log_dir").await? {
        let shard = number(&row, "shard").unwrap_or_default();
        deletions.push(format!("DELETE FROM {keyspace}.log_dir WHERE shard = {shard} IF EXISTS"));
    }
    for row in rows(link, "DISTINCT shard, segment", "log").await? {
        let shard = number(&row, "shard").unwrap_or_default();
        let segment = number(&row, "segment").unwrap_or_default();
        for segment in [segment, segment + 1] {
            let partition = format!("shard = {shard} AND segment = {segment}");
            deletions.push(format!(
                "BEGIN BATCH UPDATE {keyspace}.log SET state = 2 WHERE {partition} IF state >= 0; \
                 DELETE FROM {keyspace}.log WHERE {partition}; APPLY BATCH"
            ));
        }
    }
    for row in rows(link, "kind, name", "cell").await? {
        let [kind, name] =
            ["kind", "name"].map(|key| text(&row, key).unwrap_or_default().replace('\'', "''"));
        let cell = format!("kind = '{kind}' AND name = '{name}'");
        deletions.push(format!("DELETE FROM {keyspace}.cell WHERE {cell} IF EXISTS"));
    }
    Ok(deletions)
}

async fn rows(link: &Link, columns: &str, table: &str) -> Result<Vec<Columns>, Fault> {
    if !has_table(link, table).await? {
        return Ok(Vec::new());
    }
    rows_of(ask(link, &format!("SELECT {columns} FROM {}.{table}", link.keyspace())).await?)
}
