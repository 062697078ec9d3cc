//! Lists with filters and paging: what is live in the cluster, and closed records.

use super::Admin;
use super::problem::Problem;
use crate::ports::{EntityStatus, PAGE_MAX, RecordCursor, RecordsWanted};
use actix_web::{HttpResponse, web};
use handoff_shard::listing::{EntityQuery, ListKind};
use serde::{Deserialize, Serialize};

/// Entries on a page where the caller doesn't say.
const LIMIT: usize = 100;

/// What may be asked of live entities.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    state: Option<String>,
    service: Option<String>,
    queue: Option<String>,
    agent: Option<String>,
    after: Option<String>,
    limit: Option<usize>,
}

/// What may be asked of records.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordQuery {
    service: Option<String>,
    from_ms: Option<i64>,
    to_ms: Option<i64>,
    after: Option<String>,
    limit: Option<usize>,
}

/// A page of live entities.
#[derive(Serialize)]
struct Page {
    items: Vec<EntityStatus>,
    /// Where the next page goes on; none: this is the last.
    next: Option<String>,
    /// Shards that could not be asked at the moment.
    missing_shards: Vec<u16>,
}

pub(super) fn limit(asked: Option<usize>) -> Result<usize, Problem> {
    match asked.unwrap_or(LIMIT) {
        0 => Err(Problem::bad_request("limit: at least 1")),
        limit if limit > PAGE_MAX => Err(Problem::bad_request(format!("limit: at most {PAGE_MAX}"))),
        limit => Ok(limit),
    }
}

/// Milliseconds since 1970.
fn moment(name: &str, asked: Option<i64>) -> Result<Option<u64>, Problem> {
    let moment = asked.map(u64::try_from).transpose();
    moment.map_err(|_| Problem::bad_request(format!("{name}: not before 1970")))
}

async fn page(admin: &Admin, kind: ListKind, query: Query) -> Result<HttpResponse, Problem> {
    let limit = limit(query.limit)?;
    let Query { state, service, queue, agent, after, .. } = query;
    let wanted = EntityQuery { kind, state, service, queue, agent, after, limit };
    let (items, missing_shards) = admin.operations.list(&wanted).await;
    let next = if items.len() == limit { items.last().map(|last| last.id.clone()) } else { None };
    Ok(HttpResponse::Ok().json(Page { items, next, missing_shards }))
}

/// Live sessions, a page of them, from every node that answers.
pub(super) async fn sessions(
    admin: web::Data<Admin>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Problem> {
    page(&admin, ListKind::Session, query.into_inner()).await
}

/// Live interactions: the sessions that a workflow routes.
pub(super) async fn interactions(
    admin: web::Data<Admin>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Problem> {
    page(&admin, ListKind::Interaction, query.into_inner()).await
}

/// Queues, a page of them, with how many wait in each.
pub(super) async fn queues(
    admin: web::Data<Admin>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Problem> {
    page(&admin, ListKind::Queue, query.into_inner()).await
}

/// Agents, a page of them, also those who have signed out.
pub(super) async fn agents(
    admin: web::Data<Admin>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Problem> {
    page(&admin, ListKind::Agent, query.into_inner()).await
}

/// Closed records, a page of them, newest first.
pub(super) async fn records(
    admin: web::Data<Admin>,
    query: web::Query<RecordQuery>,
) -> Result<HttpResponse, Problem> {
    let limit = limit(query.limit)?;
    let RecordQuery { service, from_ms, to_ms, after, .. } = query.into_inner();
    let from_ms = moment("from_ms", from_ms)?.unwrap_or(0);
    let to_ms = moment("to_ms", to_ms)?;
    if to_ms.is_some_and(|to_ms| to_ms < from_ms) {
        return Err(Problem::bad_request("to_ms: not before from_ms"));
    }
    let after = after.map(|after| after.parse::<RecordCursor>()).transpose();
    let after = after.map_err(|wrong| Problem::bad_request(format!("after: {wrong}")))?;
    let wanted = RecordsWanted { service, from_ms, to_ms, after, limit };
    let page = admin.operations.records(&wanted).await?;
    Ok(HttpResponse::Ok().json(page))
}
