//! What every call of the API passes: the preflight, its span, its count, its form, the reply to a fault, CORS.

use super::fault::Fault;
use super::reply::Reply;
use crate::gateway::border::{self, Credentials};
use crate::gateway::form::{Encoding, Form, FormLimits, read_whole};
use crate::gateway::metrics::{OperationLabel, OutcomeLabel};
use crate::gateway::{Gateway, GatewayOptions};
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};
use handoff_chat::SessionId;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tracing::{Instrument, field};

const METHODS: &str = "POST, OPTIONS";

/// A path, and the same with a slash behind it.
pub(super) fn with_a_last_slash(path: &str) -> [String; 2] {
    [path.to_owned(), format!("{path}/")]
}

/// What every call passes: the preflight, its span, its count, the reply to a fault, CORS. `serve` leaves the form that
/// it read.
pub(super) async fn answer(
    request: &HttpRequest,
    gateway: &Gateway,
    label: OperationLabel,
    serve: impl AsyncFnOnce(&mut Form) -> Result<HttpResponse, Fault>,
) -> HttpResponse {
    if request.method() == Method::OPTIONS {
        let mut response = HttpResponse::NoContent().finish();
        let reply = (border::Reply::Preflight(METHODS), Credentials::Named);
        gateway.border.allow(request, reply, response.headers_mut());
        return response;
    }
    let begun = Instant::now();
    let chat = request.match_info().get("chatId").and_then(SessionId::parse);
    let span = tracing::info_span!("customer", operation = ?label, session = field::Empty);
    if let Some(chat) = &chat {
        span.record("session", chat.0.as_str());
    }
    let mut form = Form::default();
    let served = serve(&mut form).instrument(span.clone()).await;
    let (mut response, outcome) = match served {
        Ok(response) => (response, OutcomeLabel::ok),
        Err(fault) => (span.in_scope(|| respond_to(&fault, gateway, chat, &form)), fault.outcome()),
    };
    let reply = (border::Reply::Call, Credentials::Named);
    gateway.border.allow(request, reply, response.headers_mut());
    gateway.metrics.count(label, outcome, begun.elapsed());
    response
}

fn respond_to(fault: &Fault, gateway: &Gateway, chat: Option<SessionId>, form: &Form) -> HttpResponse {
    let reference = reference();
    tracing::debug!(reference, code = fault.code(), "refused: {}", shown(fault));
    let given = |name: &str| form.value(name).map(str::to_owned);
    let mut reply = Reply::of_fault(fault, reference);
    reply.alias = Some(gateway.alias.clone());
    reply.chat_id = chat.map(|id| id.0);
    if *fault == Fault::Again && reply.chat_id.is_some() {
        // Clients that take over whatever a reply says must find what they had.
        reply.secure_key = given("secureKey");
        reply.user_id = given("userId");
        reply.next_position = given("transcriptPosition").and_then(|text| text.trim().parse().ok());
    }
    reply.respond(Some(fault))
}

/// Numbers the faults of this process, so that what a client reports is found in the log.
static REFERENCE: AtomicU64 = AtomicU64::new(1);

/// The number of one more fault.
pub(crate) fn reference() -> u64 {
    REFERENCE.fetch_add(1, Ordering::Relaxed)
}

/// A fault without what the client wrote: an advice may name a parameter's key.
pub(crate) fn shown(fault: &Fault) -> String {
    match fault {
        Fault::Refused { .. } => "wrong request".to_owned(),
        other => other.to_string(),
    }
}

pub(super) async fn read_form(
    request: &HttpRequest,
    body: web::Payload,
    options: &GatewayOptions,
) -> Result<Form, Fault> {
    let encoding = Encoding::of(request.headers())?;
    let body = read_whole(request, body, options).await?;
    let limits = FormLimits::of(options);
    Ok(match encoding {
        Encoding::Urlencoded => Form::urlencoded(&body, limits)?,
        Encoding::Multipart => Form::multipart(request.headers(), body, limits).await?,
    })
}
