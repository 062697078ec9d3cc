//! What a website's widget may know of a service before a chat: `GET /v1/services/{name}`. Errors are problem documents
//! (RFC 9457).

use super::border::{Credentials, Reply};
use super::metrics::{OperationLabel, OutcomeLabel};
use super::outlook::Expected;
use super::prechat::{Consent, FormField, Words};
use super::problem::Problem;
use super::{Gateway, ServiceOptions};
use actix_web::http::header::CACHE_CONTROL;
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use std::time::Instant;

const METHODS: &str = "GET, OPTIONS";
/// How long browsers and proxies may keep an answer.
const FOR_A_MINUTE: &str = "public, max-age=60";

/// A service as its customers see it.
#[derive(Serialize)]
struct ServiceShown<'s> {
    name: &'s str,
    title: &'s Words,
    form: &'s [FormField],
    consent: Option<&'s Consent>,
    privacy: &'s Words,
    closed: &'s Words,
    /// Whether files may be sent.
    files: bool,
    /// Whether a chat that has ended may be rated.
    rating: bool,
    /// Whether somebody is there; null: that is not known at the moment.
    open: Option<bool>,
    /// How long one would wait for an agent; null: nothing is known.
    wait_s: Option<u64>,
}

/// Mounts it.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/v1/services/{name}").default_service(web::to(handle)));
}

async fn handle(request: HttpRequest, gateway: web::Data<Gateway>) -> HttpResponse {
    let begun = Instant::now();
    let preflight = request.method() == Method::OPTIONS;
    let mut response = if preflight {
        HttpResponse::NoContent().finish()
    } else {
        let served = serve(&request, &gateway).await;
        let outcome = match &served {
            Ok(_) => OutcomeLabel::ok,
            Err(problem) if problem.code == "limited" => OutcomeLabel::limited,
            Err(_) => OutcomeLabel::refused,
        };
        gateway.metrics.count(OperationLabel::service, outcome, begun.elapsed());
        served.unwrap_or_else(|problem| problem.response())
    };
    let to = if preflight { Reply::Preflight(METHODS) } else { Reply::Call };
    gateway.border.allow(&request, (to, Credentials::Named), response.headers_mut());
    response
}

async fn serve(request: &HttpRequest, gateway: &Gateway) -> Result<HttpResponse, Problem> {
    gateway.admit(request).map_err(Problem::limited)?;
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", "not with this method"));
    }
    let name = request.match_info().query("name");
    let unknown = || Problem::new(StatusCode::NOT_FOUND, "unknown_service", "there is no such service");
    let service = gateway.options.services.get(name).ok_or_else(unknown)?;
    let expected = expected(gateway, service).await;
    let shown = ServiceShown {
        name,
        title: &service.prechat.title,
        form: &service.prechat.fields,
        consent: service.prechat.consent.as_ref(),
        privacy: &service.prechat.privacy,
        closed: &service.prechat.closed,
        files: service.limits.files.is_some(),
        rating: service.rating,
        open: expected.map(|expected| expected.open),
        wait_s: expected.and_then(|expected| expected.wait_s),
    };
    let kept = if expected.is_some() { FOR_A_MINUTE } else { "no-store" };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, kept)).json(shown))
}

/// None: a queue can't be asked at the moment, and the form is wanted all the same.
async fn expected(gateway: &Gateway, service: &ServiceOptions) -> Option<Expected> {
    match &service.workflow {
        Some(workflow) => gateway.expected(workflow).await.ok(),
        None => Some(Expected { open: service.bot.is_some(), wait_s: None }),
    }
}
