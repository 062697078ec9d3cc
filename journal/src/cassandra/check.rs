//! What a node finds out about the database before it serves, and the judgement of it.
//!
//! The judgement is a pure function of what was found, so that every rule is tested without such a database.

use std::collections::BTreeMap;

use super::link::Link;
use super::reply::{rows_of, text};
use super::schema::{DATA_CENTRE_CELL, SCHEMA_VERSION, ask, cell, version};
use super::{CassandraError, Fault};

/// Which server it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerKind {
    /// Apache Cassandra.
    Cassandra,
    /// ScyllaDB.
    Scylla,
}

/// One node of the database, as the database's own tables have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerNode {
    /// The address by which the other database nodes know it.
    pub address: String,
    /// The data centre that it says it is in.
    pub data_centre: String,
    /// Its release, as it says.
    pub version: String,
    /// `paxos_variant` of its configuration; `None` when it has no such setting or did not answer.
    pub paxos_variant: Option<String>,
    /// `commitlog_sync` of its configuration, in the same way.
    pub commitlog_sync: Option<String>,
}

/// How the keyspace is replicated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replication {
    /// The strategy's class, without its package.
    pub class: String,
    /// Copies per data centre.
    pub factors: BTreeMap<String, u32>,
}

/// All that is known of the database before it is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFacts {
    /// Which server it is.
    pub kind: ServerKind,
    /// The nodes, by address.
    pub nodes: Vec<ServerNode>,
    /// `None`: there is no such keyspace.
    pub replication: Option<Replication>,
    /// `None`: there is no finished schema.
    pub schema_version: Option<u32>,
    /// The data centre stored at the first start.
    pub stored_data_centre: Option<String>,
}

/// What this node wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The keyspace that has the tables.
    pub keyspace: String,
    /// The data centre that it writes through.
    pub data_centre: String,
    /// Copies of each row.
    pub replication_factor: u32,
}

/// Whether a node may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// A node must not start.
    Refuse,
    /// It may; somebody should look.
    Warn,
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether a node may start.
    pub severity: Severity,
    /// What is wrong, in words for an operator.
    pub problem: String,
    /// The line or statement that mends it.
    pub change: String,
}

fn refuse(problem: String, change: impl Into<String>) -> Finding {
    Finding { severity: Severity::Refuse, problem, change: change.into() }
}

fn warn(problem: String, change: impl Into<String>) -> Finding {
    Finding { severity: Severity::Warn, problem, change: change.into() }
}

/// Judges what was found; refusals first.
#[must_use]
pub fn judge(facts: &ServerFacts, wanted: &Wanted) -> Vec<Finding> {
    let mut findings = Vec::new();
    judge_servers(facts, &mut findings);
    judge_power_loss(facts, &mut findings);
    judge_replication(facts, wanted, &mut findings);
    match facts.schema_version {
        None => findings.push(refuse(
            format!("the keyspace {} has no finished schema", wanted.keyspace),
            "run: handoff schema apply",
        )),
        Some(found) if found < SCHEMA_VERSION => findings.push(refuse(
            format!("the schema has version {found}, this program needs {SCHEMA_VERSION}"),
            "run: handoff schema apply",
        )),
        Some(found) if found > SCHEMA_VERSION => findings.push(refuse(
            format!("the schema has version {found}, this program knows {SCHEMA_VERSION}"),
            "start the newer program",
        )),
        Some(_) => {}
    }
    if let Some(stored) = facts.stored_data_centre.as_ref().filter(|stored| **stored != wanted.data_centre) {
        findings.push(refuse(
            format!("this store is written through the data centre {stored}, not {}", wanted.data_centre),
            format!("set the data centre of the store to \"{stored}\" in the configuration of every node"),
        ));
    }
    findings.sort_by_key(|finding| finding.severity);
    findings
}

/// H7: before these releases a linearizable read could miss a write; H6: before 4.1 there is no `paxos_variant`.
fn judge_servers(facts: &ServerFacts, findings: &mut Vec<Finding>) {
    if facts.kind == ServerKind::Scylla {
        findings.push(warn(
            "ScyllaDB is supported by its documented behaviour, but was not tested with this release".to_owned(),
            "on releases without conditional writes on tablets: CREATE KEYSPACE ... AND tablets = {'enabled': false}",
        ));
        return;
    }
    for node in &facts.nodes {
        let version = release(&node.version);
        let at = format!("database node {} runs Cassandra {}", node.address, node.version);
        let sound = version >= [4, 0, 0]
            || ([3, 11, 10]..[4, 0, 0]).contains(&version)
            || ([3, 0, 24]..[3, 1, 0]).contains(&version);
        if !sound {
            let problem = format!("{at}: linearizable reads can miss writes (CASSANDRA-12126)");
            findings.push(refuse(problem, "upgrade it to 5.0, or at least 3.0.24, 3.11.10 or 4.0"));
        } else if version < [4, 1, 0] {
            let problem = format!("{at}: conditional writes are not safe while database nodes join or leave");
            findings
                .push(warn(problem, "upgrade to 4.1 or later and set in cassandra.yaml: paxos_variant: v2"));
        } else {
            match node.paxos_variant.as_deref() {
                Some("v2") => {}
                Some(other) => findings.push(refuse(
                    format!(
                        "{at} with paxos_variant {other}: conditional writes are slow, and not safe while \
                             database nodes join or leave"
                    ),
                    "set in cassandra.yaml of every database node and restart it: paxos_variant: v2",
                )),
                None => findings.push(warn(
                    format!("{at}, and its paxos_variant could not be read"),
                    "make sure that its cassandra.yaml says: paxos_variant: v2",
                )),
            }
        }
    }
}

/// H8: what was acknowledged is on a quorum's disks only when the commit log is synced before the answer.
fn judge_power_loss(facts: &ServerFacts, findings: &mut Vec<Finding>) {
    if facts.kind == ServerKind::Scylla {
        // It syncs every conditional write, whatever its configuration says.
        return;
    }
    let is_late = |node: &&ServerNode| !matches!(node.commitlog_sync.as_deref(), Some("group" | "batch"));
    let late: Vec<&str> = facts.nodes.iter().filter(is_late).map(|node| node.address.as_str()).collect();
    if !late.is_empty() {
        let problem = format!(
            "the database nodes {} may acknowledge before they write to disk: a power cut of most nodes at once takes \
             what they acknowledged last",
            late.join(", ")
        );
        let change = "where nodes share a power supply, set in cassandra.yaml of every database node and restart it: \
                      commitlog_sync: group, commitlog_sync_group_window: 10ms";
        findings.push(warn(problem, change));
    }
}

fn judge_replication(facts: &ServerFacts, wanted: &Wanted, findings: &mut Vec<Finding>) {
    let Some(replication) = &facts.replication else { return };
    let (keyspace, dc) = (&wanted.keyspace, &wanted.data_centre);
    let nodes = facts.nodes.iter().filter(|node| node.data_centre == *dc).count();
    let alter = |factor: u32| {
        format!(
            "ALTER KEYSPACE {keyspace} WITH replication = {{'class': 'NetworkTopologyStrategy', '{dc}': {factor}}}; \
             then on each database node: nodetool repair --full {keyspace}"
        )
    };
    if replication.class != "NetworkTopologyStrategy" {
        let problem = format!("the keyspace {keyspace} is replicated by {}", replication.class);
        findings.push(refuse(problem, alter(wanted.replication_factor)));
        return;
    }
    let factor = replication.factors.get(dc).copied().unwrap_or(0);
    if factor == 0 {
        let problem = format!("the keyspace {keyspace} has no copy in the data centre {dc}");
        findings.push(refuse(problem, alter(wanted.replication_factor)));
        return;
    }
    let count = u32::try_from(nodes).unwrap_or(u32::MAX);
    if count < factor / 2 + 1 {
        let problem = format!("{factor} copies on {count} database node(s) of {dc}: no quorum is possible");
        findings.push(refuse(problem, alter(count.max(1))));
    } else if count < factor {
        let problem = format!("{factor} copies, but {dc} has {count} database node(s)");
        findings.push(warn(problem, format!("add database nodes, or: {}", alter(count))));
    } else if factor < 3 {
        let problem =
            format!("{factor} copy(ies): the loss of one database node stops the shards that it holds");
        findings.push(warn(problem, format!("with three or more database nodes: {}", alter(3))));
    }
    if factor != wanted.replication_factor {
        let problem =
            format!("the keyspace has {factor} copies, the configuration says {}", wanted.replication_factor);
        let change = format!(
            "set the replication factor to {factor} in the configuration, or: {}",
            alter(wanted.replication_factor)
        );
        findings.push(warn(problem, change));
    }
}

/// `5.0.5-SNAPSHOT` as numbers; what is no number counts as 0.
fn release(version: &str) -> [u32; 3] {
    let mut parts = version.split(['.', '-', '~']).map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

/// Gathers the facts and judges them.
pub(super) async fn check(link: &Link) -> Result<Vec<Finding>, CassandraError> {
    let facts = gather(link).await?;
    let settings = link.settings();
    let wanted = Wanted {
        keyspace: settings.keyspace.clone(),
        data_centre: link.data_centre().to_owned(),
        replication_factor: settings.replication_factor,
    };
    Ok(judge(&facts, &wanted))
}

async fn gather(link: &Link) -> Result<ServerFacts, Fault> {
    // Only ScyllaDB has this table.
    let kind = match ask(link, "SELECT version FROM system.versions").await {
        Ok(_) => ServerKind::Scylla,
        Err(Fault::Refused(_)) => ServerKind::Cassandra,
        Err(unknown) => return Err(unknown),
    };
    let mut nodes = Vec::new();
    for node in link.nodes() {
        let release = link.ask_at(&node, "SELECT release_version FROM system.local").await;
        let Ok(release) = release.and_then(rows_of) else { continue };
        let setting = async |name: &str| {
            let query = format!("SELECT value FROM system_views.settings WHERE name = '{name}'");
            let found = link.ask_at(&node, &query).await.and_then(rows_of).unwrap_or_default();
            found.first().and_then(|row| text(row, "value")).map(str::to_owned)
        };
        nodes.push(ServerNode {
            address: node.address.ip().to_string(),
            data_centre: node.datacenter.clone().unwrap_or_default(),
            version: release
                .first()
                .and_then(|row| text(row, "release_version"))
                .unwrap_or_default()
                .to_owned(),
            paxos_variant: setting("paxos_variant").await,
            commitlog_sync: setting("commitlog_sync").await,
        });
    }
    nodes.sort_by(|a, b| a.address.cmp(&b.address));
    Ok(ServerFacts {
        kind,
        nodes,
        replication: replication(link).await?,
        schema_version: version(link).await?,
        stored_data_centre: cell(link, DATA_CENTRE_CELL).await?,
    })
}

async fn replication(link: &Link) -> Result<Option<Replication>, Fault> {
    use scylla::value::CqlValue;
    let text = format!(
        "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = '{}'",
        link.keyspace()
    );
    let rows = rows_of(ask(link, &text).await?)?;
    let Some((_, Some(CqlValue::Map(pairs)))) = rows.first().and_then(|row| row.first()) else {
        return Ok(None);
    };
    let mut found = Replication { class: String::new(), factors: BTreeMap::new() };
    for pair in pairs {
        let (CqlValue::Text(key), CqlValue::Text(value)) = pair else { continue };
        if key == "class" {
            found.class = value.rsplit('.').next().unwrap_or_default().to_owned();
        } else if let Ok(factor) = value.parse() {
            found.factors.insert(key.clone(), factor);
        }
    }
    Ok(Some(found))
}

#[cfg(test)]
mod tests;
