//! The admin API, version 1:
//!
//! ```text
//! GET  /admin/v1/cluster             this node's view of the members
//! GET  /admin/v1/shards              all shards as this node sees them
//! GET  /admin/v1/sessions            live sessions of the cluster; also /interactions, /queues, /agents
//! GET  /admin/v1/sessions/{id}       a session at a glance
//! POST /admin/v1/sessions/end        ends the sessions of a page that fit
//! POST /admin/v1/sessions/{id}/end   ends it whatever holds it open
//! GET  /admin/v1/records             closed records, newest first
//! GET  /admin/v1/records/{id}        the record: JSON, or XML by Accept or ?format=xml
//! POST /admin/v1/drain               gives all shards away; answers when the last has moved
//! ```

use super::auth::{self, Token};
use super::problem::Problem;
use super::request::{PATIENCE, mint_command_id, session_id};
use super::summary::SessionSummary;
use super::{Admin, bulk, lists, record};
use crate::ports::RecordPlace;
use actix_web::middleware::{Next, from_fn};
use actix_web::{HttpResponse, Scope, dev, web};
use handoff_chat::EntityId;
use handoff_chat::command::{Act, Answer, Caller, Command};
use handoff_shard::Call;
use serde_json::json;

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
    web::scope("/admin/v1")
        .wrap(from_fn(move |request: dev::ServiceRequest, next: Next<_>| {
            auth::admit(token.clone(), request, next)
        }))
        .service(resource("/cluster", web::get().to(cluster)))
        .service(resource("/shards", web::get().to(shards)))
        .service(resource("/sessions", web::get().to(lists::sessions)))
        .service(resource("/interactions", web::get().to(lists::interactions)))
        .service(resource("/queues", web::get().to(lists::queues)))
        .service(resource("/agents", web::get().to(lists::agents)))
        .service(resource("/records", web::get().to(lists::records)))
        .service(resource("/openapi.yaml", web::get().to(openapi)))
        .service(resource("/sessions/end", web::post().to(bulk::end)))
        .service(resource("/sessions/{id}", web::get().to(session)))
        .service(resource("/sessions/{id}/end", web::post().to(end)))
        .service(resource("/records/{id}", web::get().to(record::record)))
        .service(resource("/drain", web::post().to(drain)))
        .service(resource("/raise", web::post().to(raise)))
        .default_service(web::to(super::nothing_here))
}

/// The API as OpenAPI 3.1.
const OPENAPI: &str = include_str!("../../docs/openapi/admin.yaml");

async fn openapi() -> HttpResponse {
    HttpResponse::Ok().content_type("application/yaml").body(OPENAPI)
}

fn resource(path: &str, route: actix_web::Route) -> actix_web::Resource {
    web::resource(path).route(route).default_service(web::to(wrong_method))
}

async fn wrong_method() -> Problem {
    Problem::wrong_method()
}

async fn cluster(admin: web::Data<Admin>) -> HttpResponse {
    HttpResponse::Ok().json(admin.operations.cluster().await)
}

async fn shards(admin: web::Data<Admin>) -> HttpResponse {
    HttpResponse::Ok().json(admin.operations.shards().await)
}

async fn session(admin: web::Data<Admin>, path: web::Path<String>) -> Result<HttpResponse, Problem> {
    let id = session_id(&path)?;
    let (mut summary, mut place) = (SessionSummary::new(&id), Some(RecordPlace::START));
    while let Some(from) = place {
        let piece = record::piece(admin.operations.as_ref(), &id, from).await?;
        summary.take(&piece);
        place = piece.next;
    }
    Ok(HttpResponse::Ok().json(summary))
}

async fn end(admin: web::Data<Admin>, path: web::Path<String>) -> Result<HttpResponse, Problem> {
    let session = session_id(&path)?;
    let command = Command { id: mint_command_id()?, caller: Caller::Operator, act: Act::ForceEnd };
    tracing::info!(session = %session.0, "operator ends a session");
    let call = Call { command: Some(command), patience: PATIENCE, ..Call::of(EntityId::from(&session)) };
    let told = admin.sessions.call(call).await?;
    Ok(HttpResponse::Ok()
        .json(json!({"ended": true, "seq": told.answer.and_then(Answer::chat).map(|answer| answer.seq)})))
}

async fn drain(admin: web::Data<Admin>) -> Result<HttpResponse, Problem> {
    tracing::info!("operator asks for a drain");
    // On a task of its own: a drain that has begun goes on when the operator hangs up.
    let operations = admin.operations.clone();
    let drained = actix_web::rt::spawn(async move { operations.drain().await }).await;
    match drained {
        Ok(Ok(())) => Ok(HttpResponse::Ok().json(json!({"drained": true}))),
        Ok(Err(error)) => Err(Problem::failed(error.to_string())),
        Err(_) => Err(Problem::failed("the drain broke off")),
    }
}

async fn raise(admin: web::Data<Admin>) -> Result<HttpResponse, Problem> {
    tracing::info!("operator raises the protocol version of what is stored");
    let raised = admin.operations.raise().await.map_err(|error| Problem::unavailable(error.to_string()))?;
    Ok(HttpResponse::Ok().json(raised))
}
