//! Lists with filters and paging: what is live in the cluster, and closed records.

use super::Admin;
use super::problem::Problem;
use super::refusals::{Always, BadRequest, Unavailable};
use crate::ports::{EntityStatus, PAGE_MAX, RecordCursor, RecordsPage, RecordsWanted};
use actix_web::{HttpResponse, web};
use handoff_shard::listing::{EntityQuery, ListKind};
use serde::{Deserialize, Serialize};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};

/// Entries on a page where the caller doesn't say.
const LIMIT: usize = 100;

/// What may be asked of live entities.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Query {
    /// Only those in this state. Sessions: open, ended, asleep, out of service. Agents: ready, not ready, signed out.
    #[param(nullable = false)]
    state: Option<String>,
    /// Only those of this service.
    #[param(nullable = false)]
    service: Option<String>,
    /// Only those that wait in or came from this queue.
    #[param(nullable = false)]
    queue: Option<String>,
    /// Only those offered to or with this agent.
    #[param(nullable = false)]
    agent: Option<String>,
    /// The `next` of the page before.
    #[param(nullable = false)]
    after: Option<String>,
    /// The page's size.
    #[param(value_type = PageSize, inline, required = false)]
    limit: Option<usize>,
}

/// What may be asked of records.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RecordQuery {
    /// Only those of this service.
    #[param(nullable = false)]
    service: Option<String>,
    /// Ended at or after, in milliseconds since 1970.
    #[param(nullable = false, minimum = 0)]
    from_ms: Option<i64>,
    /// Ended before, in milliseconds since 1970; not before `from_ms`.
    #[param(nullable = false, minimum = 0)]
    to_ms: Option<i64>,
    /// The `next` of the page before, or the `cursor` of a record; opaque.
    #[param(nullable = false)]
    after: Option<String>,
    /// The page's size.
    #[param(value_type = PageSize, inline, required = false)]
    limit: Option<usize>,
}

/// A page of live entities.
#[derive(Serialize, ToSchema)]
pub(super) struct Page {
    /// In order of id.
    items: Vec<EntityStatus>,
    /// Where the next page goes on; null: this is the last.
    #[schema(required)]
    next: Option<String>,
    /// Shards that could not be asked at the moment.
    missing_shards: Vec<u16>,
}

/// How many entries are on a page.
pub(super) struct PageSize;

impl PartialSchema for PageSize {
    fn schema() -> RefOr<Schema> {
        let schema = ObjectBuilder::new().schema_type(Type::Integer).default(Some(LIMIT.into()));
        schema.minimum(Some(1)).maximum(Some(PAGE_MAX)).into()
    }
}

impl ToSchema for PageSize {}

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

/// Live sessions of the whole cluster, in order of id.
#[utoipa::path(
    get,
    path = "/sessions",
    operation_id = "listSessions",
    tag = "conversations",
    params(Query),
    responses(
        (status = 200, description = "A page.", body = Page),
        (status = 400, response = BadRequest),
        Always,
    )
)]
pub(super) async fn sessions(
    admin: web::Data<Admin>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Problem> {
    page(&admin, ListKind::Session, query.into_inner()).await
}

/// Live interactions (sessions that a workflow routes), in order of id.
#[utoipa::path(
    get,
    path = "/interactions",
    operation_id = "listInteractions",
    tag = "conversations",
    params(Query),
    responses(
        (status = 200, description = "A page.", body = Page),
        (status = 400, response = BadRequest),
        Always,
    )
)]
pub(super) async fn interactions(
    admin: web::Data<Admin>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Problem> {
    page(&admin, ListKind::Interaction, query.into_inner()).await
}

/// Queues, in order of name, with how many wait in each.
#[utoipa::path(
    get,
    path = "/queues",
    operation_id = "listQueues",
    tag = "conversations",
    params(Query),
    responses(
        (status = 200, description = "A page.", body = Page),
        (status = 400, response = BadRequest),
        Always,
    )
)]
pub(super) async fn queues(
    admin: web::Data<Admin>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Problem> {
    page(&admin, ListKind::Queue, query.into_inner()).await
}

/// Agents who ever signed in, in order of name.
#[utoipa::path(
    get,
    path = "/agents",
    operation_id = "listAgents",
    tag = "conversations",
    params(Query),
    responses(
        (status = 200, description = "A page.", body = Page),
        (status = 400, response = BadRequest),
        Always,
    )
)]
pub(super) async fn agents(
    admin: web::Data<Admin>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Problem> {
    page(&admin, ListKind::Agent, query.into_inner()).await
}

/// Closed records, newest first.
///
/// A page is looked for among at most 10,000 records and for 2 s. It may be short, or empty, and still have a `next`:
/// the next page goes on where this one stopped. Where `next` is null, this one is the last.
#[utoipa::path(
    get,
    path = "/records",
    operation_id = "listRecords",
    tag = "conversations",
    params(RecordQuery),
    responses(
        (status = 200, description = "A page.", body = RecordsPage),
        (status = 400, response = BadRequest),
        (status = 503, response = Unavailable),
        Always,
    )
)]
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
