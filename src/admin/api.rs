//! The admin API, version 1: its resources, and who answers each. What they take and answer is described where they
//! are, and becomes `docs/openapi/admin.yaml`.

use super::auth::{self, Token};
use super::problem::Problem;
use super::refusals::{Always, BadRequest, Conflict, Failed, Late, NotFound, Unavailable};
use super::request::{PATIENCE, SessionPath, mint_command_id};
use super::summary::SessionSummary;
use super::{Admin, bulk, lists, record};
use crate::ports::{ClusterStatus, Raised, RecordPlace, ShardStatus};
use actix_web::http::Method;
use actix_web::middleware::{Next, from_fn};
use actix_web::{HttpResponse, Route, Scope, dev, web};
use handoff_chat::EntityId;
use handoff_chat::command::{Act, Answer, Caller, Command};
use handoff_shard::Call;
use serde::Serialize;
use utoipa::ToSchema;

/// Where the API is.
pub(super) const BASE: &str = "/admin/v1";

/// The API's resources: the path below [`BASE`], the method, and who answers. Of two that fit, the first counts.
pub(super) fn resources() -> [(&'static str, Method, Route); 14] {
    [
        ("/cluster", Method::GET, web::to(cluster)),
        ("/shards", Method::GET, web::to(shards)),
        ("/sessions", Method::GET, web::to(lists::sessions)),
        ("/interactions", Method::GET, web::to(lists::interactions)),
        ("/queues", Method::GET, web::to(lists::queues)),
        ("/agents", Method::GET, web::to(lists::agents)),
        ("/records", Method::GET, web::to(lists::records)),
        ("/openapi.yaml", Method::GET, web::to(openapi)),
        ("/sessions/end", Method::POST, web::to(bulk::end)),
        ("/sessions/{id}", Method::GET, web::to(session)),
        ("/sessions/{id}/end", Method::POST, web::to(end)),
        ("/records/{id}", Method::GET, web::to(record::record)),
        ("/drain", Method::POST, web::to(drain)),
        ("/raise", Method::POST, web::to(raise)),
    ]
}

pub(super) fn scope(
    token: Token,
) -> Scope<
    impl dev::ServiceFactory<
        dev::ServiceRequest,
        Config = (),
        Response = dev::ServiceResponse<impl actix_web::body::MessageBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    let admitted = web::scope(BASE).wrap(from_fn(move |request: dev::ServiceRequest, next: Next<_>| {
        auth::admit(token.clone(), request, next)
    }));
    let scope = resources().into_iter().fold(admitted, |scope, (path, method, route)| {
        let resource = web::resource(path).route(route.method(method));
        scope.service(resource.default_service(web::to(wrong_method)))
    });
    scope.default_service(web::to(super::nothing_here))
}

const YAML: &str = "application/yaml";

/// The API as OpenAPI 3.1.
const OPENAPI: &str = include_str!("../../docs/openapi/admin.yaml");

/// This document.
#[utoipa::path(
    get,
    path = "/openapi.yaml",
    operation_id = "getOpenApi",
    tag = "cluster",
    responses(
        (status = 200, description = "OpenAPI 3.1.", body = String, content_type = YAML),
        Always,
    )
)]
async fn openapi() -> HttpResponse {
    HttpResponse::Ok().content_type(YAML).body(OPENAPI)
}

async fn wrong_method() -> Problem {
    Problem::wrong_method()
}

/// This node's view of the cluster and its members.
#[utoipa::path(
    get,
    path = "/cluster",
    operation_id = "getCluster",
    tag = "cluster",
    responses(
        (status = 200, description = "The cluster.", body = ClusterStatus),
        Always,
    )
)]
async fn cluster(admin: web::Data<Admin>) -> HttpResponse {
    HttpResponse::Ok().json(admin.operations.cluster().await)
}

/// All shards as this node sees them.
#[utoipa::path(
    get,
    path = "/shards",
    operation_id = "listShards",
    tag = "cluster",
    responses(
        (status = 200, description = "The shards.", body = [ShardStatus]),
        Always,
    )
)]
async fn shards(admin: web::Data<Admin>) -> HttpResponse {
    HttpResponse::Ok().json(admin.operations.shards().await)
}

/// A session at a glance; nothing that was said.
#[utoipa::path(
    get,
    path = "/sessions/{id}",
    operation_id = "getSession",
    tag = "conversations",
    params(SessionPath),
    responses(
        (status = 200, description = "The session.", body = SessionSummary),
        (status = 400, response = BadRequest),
        (status = 404, response = NotFound),
        (status = 503, response = Unavailable),
        Always,
    )
)]
async fn session(admin: web::Data<Admin>, path: web::Path<SessionPath>) -> Result<HttpResponse, Problem> {
    let id = path.id()?;
    let (mut summary, mut place) = (SessionSummary::new(&id), Some(RecordPlace::START));
    while let Some(from) = place {
        let piece = record::piece(admin.operations.as_ref(), &id, from).await?;
        summary.take(&piece);
        place = piece.next;
    }
    Ok(HttpResponse::Ok().json(summary))
}

/// That a session has ended.
#[derive(Serialize, ToSchema)]
struct Ended {
    /// Always true: whoever asks again is told the same.
    ended: bool,
    /// The number of the event that says so; 0 where the session's state can't be read.
    #[schema(required)]
    seq: Option<u64>,
}

/// Ends the session and stops its interaction, whatever holds them. A repeat does no harm.
#[utoipa::path(
    post,
    path = "/sessions/{id}/end",
    operation_id = "endSession",
    tag = "conversations",
    params(SessionPath),
    responses(
        (status = 200, description = "It has ended.", body = Ended),
        (status = 400, response = BadRequest),
        (status = 404, response = NotFound),
        (status = 409, response = Conflict),
        (status = 503, response = Unavailable),
        (status = 504, response = Late),
        Always,
    )
)]
async fn end(admin: web::Data<Admin>, path: web::Path<SessionPath>) -> Result<HttpResponse, Problem> {
    let session = path.id()?;
    let command = Command { id: mint_command_id()?, caller: Caller::Operator, act: Act::ForceEnd };
    tracing::info!(session = %session.0, "operator ends a session");
    let call = Call { command: Some(command), patience: PATIENCE, ..Call::of(EntityId::from(&session)) };
    let done = admin.sessions.call(call).await?;
    let seq = done.answer.and_then(Answer::chat).map(|answer| answer.seq);
    Ok(HttpResponse::Ok().json(Ended { ended: true, seq }))
}

/// That all shards of a node have moved.
#[derive(Serialize, ToSchema)]
struct Drained {
    /// Always true: what could not be given away is an error.
    drained: bool,
}

/// Gives all shards of this node away; answers when the last has moved. Goes on when the caller hangs up.
#[utoipa::path(
    post,
    path = "/drain",
    operation_id = "drain",
    tag = "cluster",
    responses(
        (status = 200, description = "All shards have moved.", body = Drained),
        (status = 500, response = Failed),
        Always,
    )
)]
async fn drain(admin: web::Data<Admin>) -> Result<HttpResponse, Problem> {
    tracing::info!("operator asks for a drain");
    // On a task of its own: a drain that has begun goes on when the operator hangs up.
    let operations = admin.operations.clone();
    let drained = actix_web::rt::spawn(async move { operations.drain().await }).await;
    match drained {
        Ok(Ok(())) => Ok(HttpResponse::Ok().json(Drained { drained: true })),
        Ok(Err(error)) => Err(Problem::failed(error.to_string())),
        Err(_) => Err(Problem::failed("the drain broke off")),
    }
}

/// Lets all nodes store what only the newest version that all of them read can read. A repeat does no harm.
#[utoipa::path(
    post,
    path = "/raise",
    operation_id = "raise",
    tag = "cluster",
    responses(
        (status = 200, description = "What it was and is now.", body = Raised),
        (status = 503, response = Unavailable),
        Always,
    )
)]
async fn raise(admin: web::Data<Admin>) -> Result<HttpResponse, Problem> {
    tracing::info!("operator raises the protocol version of what is stored");
    let raised = admin.operations.raise().await.map_err(|error| Problem::unavailable(error.to_string()))?;
    Ok(HttpResponse::Ok().json(raised))
}
