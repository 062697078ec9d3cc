//! The one database session: its runtime, its connections, and how a request is sent and its failure judged.

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::cluster::Node;
use scylla::errors::{DbError, ExecutionError, PrepareError, RequestAttemptError};
use scylla::frame::types::{Consistency, SerialConsistency};
use scylla::policies::load_balancing::{NodeIdentifier, SingleTargetLoadBalancingPolicy};
use scylla::policies::retry::FallthroughRetryPolicy;
use scylla::response::query_result::QueryResult;
use scylla::serialize::row::SerializeRow;
use scylla::statement::Statement;
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::prepared::PreparedStatement;
use tokio::runtime::{Builder, Runtime};

use super::route::{Plan, Suspects};
use super::{CassandraError, Fault, Settings};

/// Threads of the driver's runtime: it only moves bytes.
const RUNTIME_THREADS: usize = 2;
/// Schema changes wait for flushes and gossip.
const SCHEMA_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a first start waits for database nodes that may be down.
const CONNECTIONS_WAIT: Duration = Duration::from_secs(2);
/// Statements are prepared at start only, on nodes that may be busy.
const PREPARE_TIMEOUT: Duration = Duration::from_secs(5);
/// Attempts of a request that may be repeated by itself, each at the next coordinator in order.
pub(super) const ATTEMPTS: u32 = 3;

/// The session with the database, on threads of its own.
pub(crate) struct Link {
    session: Session,
    settings: Settings,
    data_centre: String,
    suspects: Suspects,
    /// Taken only when the link is dropped.
    runtime: Option<Runtime>,
}

impl Link {
    /// Connects on a runtime of its own.
    pub(crate) async fn connect(settings: Settings) -> Result<Arc<Self>, CassandraError> {
        check_settings(&settings)?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(RUNTIME_THREADS)
            .thread_name("cassandra")
            .enable_all()
            .build()
            .map_err(|e| CassandraError::Unreachable(format!("no runtime for the driver: {e}")))?;
        let wanted = settings.clone();
        let connecting = runtime.spawn(async move { open_session(&wanted).await });
        let opened = match connecting.await {
            Ok(opened) => opened,
            Err(e) => Err(CassandraError::Unreachable(format!("the driver's task ended: {e}"))),
        };
        match opened {
            Ok((session, data_centre)) => Ok(Arc::new(Self {
                session,
                settings,
                data_centre,
                suspects: Suspects::default(),
                runtime: Some(runtime),
            })),
            Err(e) => {
                runtime.shutdown_background();
                Err(e)
            }
        }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn keyspace(&self) -> &str {
        &self.settings.keyspace
    }

    pub(crate) fn data_centre(&self) -> &str {
        &self.data_centre
    }

    pub(super) fn nodes(&self) -> Vec<Arc<Node>> {
        self.session.get_cluster_state().get_nodes_info().to_vec()
    }

    /// Runs `work` on the driver's runtime, to its end even when the caller goes away.
    pub(super) async fn bridge<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        let Some(runtime) = &self.runtime else {
            return Err(Fault::Unknown("the database session is closed".to_owned()).into());
        };
        match runtime.spawn(work).await {
            Ok(outcome) => outcome,
            Err(e) => Err(Fault::Unknown(format!("the request's task ended: {e}")).into()),
        }
    }

    /// Prepares one statement; `serial` reads are linearizable with conditional writes.
    pub(super) async fn prepare(
        &self,
        text: &str,
        consistency: Consistency,
    ) -> Result<PreparedStatement, Fault> {
        let mut outcome = self.prepare_once(text).await;
        for _ in 1..ATTEMPTS {
            // A node may not know a new table yet, or not answer: then all are waited for, or another is asked.
            if outcome.is_ok() || self.settle().await.is_err() {
                break;
            }
            outcome = self.prepare_once(text).await;
        }
        let mut prepared = outcome?;
        prepared.set_consistency(consistency);
        // Both servers may answer in more than one shape: each reply must bring its own columns.
        prepared.set_use_cached_result_metadata(false);
        Ok(prepared)
    }

    async fn prepare_once(&self, text: &str) -> Result<PreparedStatement, Fault> {
        let late = |_| Fault::Unknown("no database node prepared a statement in time".to_owned());
        let prepared =
            tokio::time::timeout(PREPARE_TIMEOUT, self.session.prepare(text)).await.map_err(late)?;
        prepared.map_err(|e| judge_prepare(&e))
    }

    /// Sends once. A failure is `Unknown` unless the server refused before doing anything.
    pub(super) async fn once<V>(&self, prepared: &PreparedStatement, values: &V) -> Result<QueryResult, Fault>
    where
        V: SerializeRow + Sync,
    {
        let plan = self.plan(prepared, values)?;
        let first = plan.first();
        let mut routed = prepared.clone();
        routed.set_load_balancing_policy(Some(Arc::new(plan)));
        let sent = self.session.execute_unpaged(&routed, values).await;
        sent.map_err(|e| self.failed(&e, first))
    }

    /// Sends until there is an answer, at most [`ATTEMPTS`] times: for reads, for writes that are the same when
    /// repeated, and for conditional writes whose repeat tells what became of the first.
    pub(super) async fn repeat<V>(
        &self,
        prepared: &PreparedStatement,
        values: &V,
    ) -> Result<QueryResult, Fault>
    where
        V: SerializeRow + Sync,
    {
        let mut outcome = self.once(prepared, values).await;
        for _ in 1..ATTEMPTS {
            if !matches!(outcome, Err(Fault::Unknown(_))) {
                break;
            }
            outcome = self.once(prepared, values).await;
        }
        outcome
    }

    /// Sends plain inserts of one partition as one write, until there is an answer as [`Link::repeat`] does.
    pub(super) async fn repeat_bundle<V>(
        &self,
        prepared: &PreparedStatement,
        first: &V,
        values: &[V],
    ) -> Result<(), Fault>
    where
        V: SerializeRow + Sync,
    {
        let mut outcome = Ok(());
        for _ in 0..ATTEMPTS {
            outcome = self.bundle_once(prepared, first, values).await;
            if !matches!(outcome, Err(Fault::Unknown(_))) {
                break;
            }
        }
        outcome
    }

    async fn bundle_once<V>(&self, prepared: &PreparedStatement, first: &V, values: &[V]) -> Result<(), Fault>
    where
        V: SerializeRow + Sync,
    {
        let plan = self.plan(prepared, first)?;
        let node = plan.first();
        let statements = values.iter().map(|_| prepared.clone().into()).collect();
        let mut batch = Batch::new_with_statements(BatchType::Unlogged, statements);
        batch.set_load_balancing_policy(Some(Arc::new(plan)));
        let sent = self.session.batch(&batch, values).await;
        sent.map(drop).map_err(|e| self.failed(&e, node))
    }

    /// Judges a failure; a node that did not answer in time is asked last for a while.
    fn failed(&self, error: &ExecutionError, node: Option<IpAddr>) -> Fault {
        if let (ExecutionError::RequestTimeout(_), Some(node)) = (error, node) {
            self.suspects.accuse(node, Instant::now());
        }
        judge(error)
    }

    /// Sends a conditional batch of one partition.
    pub(super) async fn batch<V>(&self, batch: &Batch, values: V) -> Result<QueryResult, Fault>
    where
        V: scylla::serialize::batch::BatchValues,
    {
        self.session.batch(batch, values).await.map_err(|e| judge(&e))
    }

    /// Sends a statement that changes the schema to the one node that all clients choose, since two nodes that
    /// make the same table at the same time make two of it.
    pub(super) async fn change_schema(&self, text: &str) -> Result<(), Fault> {
        let plan = Plan::by_address(&self.nodes(), &self.data_centre, &self.suspects);
        let mut statement = Statement::new(text);
        statement.set_load_balancing_policy(Some(Arc::new(plan)));
        statement.set_request_timeout(Some(SCHEMA_TIMEOUT));
        self.session.query_unpaged(statement, ()).await.map_err(|e| judge(&e)).map(drop)
    }

    /// Asks once for rows, at any node that answers.
    pub(super) async fn ask(&self, text: &str) -> Result<QueryResult, Fault> {
        let plan = Plan::by_address(&self.nodes(), &self.data_centre, &self.suspects);
        let first = plan.first();
        let mut statement = Statement::new(text);
        statement.set_load_balancing_policy(Some(Arc::new(plan)));
        self.session.query_unpaged(statement, ()).await.map_err(|e| self.failed(&e, first))
    }

    /// Asks once for rows, at this node.
    pub(super) async fn ask_at(&self, node: &Arc<Node>, text: &str) -> Result<QueryResult, Fault> {
        let mut statement = Statement::new(text);
        let policy = SingleTargetLoadBalancingPolicy::new(NodeIdentifier::Node(Arc::clone(node)), None);
        statement.set_load_balancing_policy(Some(policy));
        self.session.query_unpaged(statement, ()).await.map_err(|e| judge(&e))
    }

    /// Waits a while for a connection to every node, so that all clients choose the same one for schema changes.
    pub(super) async fn await_connections(&self) {
        let until = Instant::now() + CONNECTIONS_WAIT;
        while Instant::now() < until && !self.nodes().iter().all(|node| node.is_connected()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits till all nodes hold one schema, and learns it.
    pub(super) async fn settle(&self) -> Result<(), Fault> {
        let unknown = |e: &dyn std::fmt::Display| Fault::Unknown(e.to_string());
        self.session.await_schema_agreement().await.map_err(|e| unknown(&e))?;
        self.session.refresh_metadata().await.map_err(|e| unknown(&e))
    }

    fn plan<V: SerializeRow>(&self, prepared: &PreparedStatement, values: &V) -> Result<Plan, Fault> {
        let token = prepared.calculate_token(values).map_err(|e| Fault::Refused(e.to_string()))?;
        let cluster = self.session.get_cluster_state();
        let replicas = match (token, prepared.get_table_spec()) {
            (Some(token), Some(table)) => cluster
                .get_token_endpoints(table.ks_name(), table.table_name(), token)
                .into_iter()
                .map(|(node, _)| node)
                .collect(),
            _ => Vec::new(),
        };
        Ok(Plan::new(replicas, cluster.get_nodes_info(), &self.data_centre, &self.suspects))
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // The last owner may be on an executor, where waiting for the runtime's end is not allowed.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn check_settings(settings: &Settings) -> Result<(), CassandraError> {
    let name = &settings.keyspace;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.len() > 48 || !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !name.chars().all(plain) {
        return Err(CassandraError::Setting(format!("{name:?} is no keyspace name (letters, digits, _)")));
    }
    if name.chars().any(|c| c.is_ascii_uppercase()) {
        return Err(CassandraError::Setting(format!(
            "the keyspace {name:?} must be written in small letters"
        )));
    }
    if settings.contact_points.is_empty() {
        return Err(CassandraError::Setting("no contact point is given".to_owned()));
    }
    if settings.replication_factor == 0 {
        return Err(CassandraError::Setting("the replication factor must be at least 1".to_owned()));
    }
    Ok(())
}

async fn open_session(settings: &Settings) -> Result<(Session, String), CassandraError> {
    let profile = ExecutionProfile::builder()
        .consistency(Consistency::LocalQuorum)
        .serial_consistency(Some(SerialConsistency::LocalSerial))
        .request_timeout(Some(settings.request_timeout))
        // The default policy repeats some conditional writes by itself; only this crate knows how to judge one.
        .retry_policy(Arc::new(FallthroughRetryPolicy::new()))
        .build();
    let mut builder = SessionBuilder::new()
        .known_nodes(&settings.contact_points)
        .default_execution_profile_handle(profile.into_handle())
        .keyspaces_to_fetch([settings.keyspace.as_str()])
        .connection_timeout(Duration::from_secs(1))
        .keepalive_interval(Duration::from_secs(1))
        // Longer than a busy node's pauses: a silent node is passed over by its first unanswered request anyway.
        .keepalive_timeout(Duration::from_secs(2))
        .tcp_keepalive_interval(Duration::from_secs(1))
        .cluster_metadata_refresh_interval(Duration::from_secs(20))
        .schema_agreement_interval(Duration::from_millis(100))
        .schema_agreement_timeout(SCHEMA_TIMEOUT)
        // A coordinator knows what it made, and all statements go to one: a whole schema is awaited once, at its end.
        .auto_await_schema_agreement(false);
    if let Some((user, password)) = &settings.credentials {
        builder = builder.user(user, password);
    }
    let session = builder.build().await.map_err(|e| CassandraError::Unreachable(e.to_string()))?;
    let state = session.get_cluster_state();
    let known = state.get_nodes_info().iter().filter_map(|node| node.datacenter.clone()).collect();
    let data_centre = choose_data_centre(known, settings.data_centre.as_deref())?;
    Ok((session, data_centre))
}

/// The data centre to write through, of those that the database's nodes are `known` to be in.
fn choose_data_centre(mut known: Vec<String>, wanted: Option<&str>) -> Result<String, CassandraError> {
    known.sort();
    known.dedup();
    // The driver starts with the contact points alone where the first read of the nodes fails: that says nothing yet.
    if known.is_empty() {
        return Err(CassandraError::Unreachable("it has not told its nodes yet".to_owned()));
    }
    match wanted {
        Some(wanted) if known.iter().any(|name| name == wanted) => Ok(wanted.to_owned()),
        Some(wanted) => Err(CassandraError::Setting(format!(
            "the database has no data centre {wanted:?}; it has {}",
            known.join(", ")
        ))),
        None => match known.as_slice() {
            [only] => Ok(only.clone()),
            _ => Err(CassandraError::Setting(format!(
                "the database has several data centres ({}): name the one to write through",
                known.join(", ")
            ))),
        },
    }
}

/// Only an error that the server gives before it does anything is definite. `Unavailable` is not: it may come from
/// the commit of a round that is already decided.
fn judge(error: &ExecutionError) -> Fault {
    let definite = match error {
        ExecutionError::BadQuery(_) => true,
        ExecutionError::PrepareError(e) => return judge_prepare(e),
        ExecutionError::LastAttemptError(e) => definite_attempt(e),
        _ => false,
    };
    if definite { Fault::Refused(error.to_string()) } else { Fault::Unknown(error.to_string()) }
}

fn judge_prepare(error: &PrepareError) -> Fault {
    match error {
        PrepareError::AllAttemptsFailed { first_attempt } if definite_attempt(first_attempt) => {
            Fault::Refused(error.to_string())
        }
        _ => Fault::Unknown(error.to_string()),
    }
}

fn definite_attempt(error: &RequestAttemptError) -> bool {
    match error {
        RequestAttemptError::SerializationError(_) | RequestAttemptError::CqlRequestSerialization(_) => true,
        RequestAttemptError::DbError(db, _) => matches!(
            db,
            DbError::SyntaxError
                | DbError::Invalid
                | DbError::AlreadyExists { .. }
                | DbError::AuthenticationError
                | DbError::Unauthorized
                | DbError::ConfigError
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use scylla::errors::WriteType;

    use super::*;

    fn attempt(db: DbError) -> Fault {
        judge(&ExecutionError::LastAttemptError(RequestAttemptError::DbError(db, String::new())))
    }

    /// H5: after a conditional write neither a timeout nor `Unavailable` means "not written".
    #[test]
    fn an_answer_that_may_follow_a_commit_is_unknown() {
        let consistency = Consistency::LocalQuorum;
        let late =
            DbError::WriteTimeout { consistency, received: 1, required: 2, write_type: WriteType::Cas };
        assert!(matches!(attempt(late), Fault::Unknown(_)));
        let commit = DbError::Unavailable { consistency, required: 2, alive: 1 };
        assert!(matches!(attempt(commit), Fault::Unknown(_)));
        let timeout = judge(&ExecutionError::RequestTimeout(Duration::from_secs(1)));
        assert!(matches!(timeout, Fault::Unknown(_)));
        assert!(matches!(attempt(DbError::ServerError), Fault::Unknown(_)));
        assert!(matches!(attempt(DbError::Invalid), Fault::Refused(_)));
    }

    #[test]
    fn a_database_that_has_not_told_its_nodes_is_no_wrong_setting() {
        let nodes = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        for wanted in [None, Some("west")] {
            let chosen = choose_data_centre(nodes(&[]), wanted);
            assert!(matches!(chosen, Err(CassandraError::Unreachable(_))), "{wanted:?}: {chosen:?}");
            assert_eq!(choose_data_centre(nodes(&["west", "west"]), wanted), Ok("west".to_owned()));
        }
        for (known, wanted) in [(nodes(&["east"]), Some("west")), (nodes(&["west", "east"]), None)] {
            let chosen = choose_data_centre(known, wanted);
            assert!(matches!(chosen, Err(CassandraError::Setting(_))), "{wanted:?}: {chosen:?}");
        }
    }

    #[test]
    fn a_keyspace_name_that_could_carry_a_statement_is_refused() {
        for name in ["", "1a", "a-b", "a; DROP KEYSPACE b", "Upper", &"a".repeat(49)] {
            let settings = Settings { keyspace: name.to_owned(), ..Settings::default() };
            assert!(matches!(check_settings(&settings), Err(CassandraError::Setting(_))), "{name}");
        }
        assert!(check_settings(&Settings::default()).is_ok());
    }
}
