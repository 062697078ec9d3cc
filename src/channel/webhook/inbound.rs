//! `POST /v1/channels/webhook/NAME`: messages from addresses, and how far events have come there.

use super::signature::{ID, SIGNATURE, Signer, TIMESTAMP};
use crate::channel::Metrics;
use crate::channel::inbound::{self, Arrival, ReceiveError};
use crate::clock::wall_ms;
use crate::gateway::Gateway;
use crate::gateway::form::read_whole;
use crate::gateway::given::Given;
use crate::gateway::problem::Problem;
use crate::gateway::rate::Rate;
use crate::gateway::starting::OpenError;
use crate::ports::CallError;
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use handoff_chat::channel::{Address, Channel, Delivery, Identity};
use handoff_chat::command::Reject;
use handoff_chat::session::Push;
use handoff_chat::text::is_blank;
use handoff_config::WebhookChannel;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use tracing::Instrument;

/// Attached data with an e-mail address that is only said.
const SAID_EMAIL: &str = "EmailAddress";
/// Longest `webhook-id`, in bytes.
const ID_BYTES_MAX: usize = 256;
/// Longest address, in bytes.
const ADDRESS_BYTES_MAX: usize = 256;
/// Most addresses whose messages are counted at once.
const ADDRESSES_MAX: usize = 100_000;

/// What is posted.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Posted {
    /// Somebody says something.
    Message {
        address: String,
        text: String,
        nickname: Option<String>,
        email: Option<String>,
        /// Whether the poster knows that it is theirs. One that a customer only typed finds nobody's history.
        #[serde(default)]
        email_verified: bool,
        subject: Option<String>,
        #[serde(default)]
        user_data: BTreeMap<String, String>,
    },
    /// An event has come so far.
    Receipt {
        address: String,
        /// The event's id, as it was posted.
        event: String,
        state: State,
        reason: Option<String>,
    },
}

/// How far an event has come.
#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Delivered,
    Read,
    Failed,
}

/// The way in of one webhook.
pub(super) struct Inbound {
    path: String,
    channel: Channel,
    service: String,
    signer: Signer,
    rate: Rate<String>,
    metrics: Metrics,
}

/// Serves it.
pub(super) fn mount(inbound: &Arc<Inbound>, config: &mut web::ServiceConfig) {
    let path = inbound.path.clone();
    let inbound = Arc::clone(inbound);
    let handle = move |request: HttpRequest, payload: web::Payload, gateway: web::Data<Gateway>| {
        let inbound = Arc::clone(&inbound);
        async move { inbound.handle(request, payload, gateway).await }
    };
    config.service(web::resource(path).default_service(web::to(handle)));
}

impl Inbound {
    pub(super) fn new(
        path: String,
        channel: Channel,
        webhook: &WebhookChannel,
        signer: Signer,
        metrics: Metrics,
    ) -> Self {
        let rate = Rate::new(webhook.address_messages_per_minute, ADDRESSES_MAX);
        Self { path, channel, service: webhook.service.clone(), signer, rate, metrics }
    }

    async fn handle(
        &self,
        request: HttpRequest,
        payload: web::Payload,
        gateway: web::Data<Gateway>,
    ) -> HttpResponse {
        let channel = self.channel.name.as_str();
        let span = tracing::info_span!("channel", channel, session = tracing::field::Empty);
        let served = self.serve(&request, payload, &gateway).instrument(span).await;
        let outcome = match &served {
            Ok(_) => "taken",
            Err(problem) if problem.retry_ms.is_some() || problem.status.is_server_error() => "again",
            Err(_) => "refused",
        };
        self.metrics.arrived(channel, outcome);
        served.unwrap_or_else(|problem| problem.response())
    }

    async fn serve(
        &self,
        request: &HttpRequest,
        payload: web::Payload,
        gateway: &Gateway,
    ) -> Result<HttpResponse, Problem> {
        if request.method() != Method::POST {
            return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", "not with this method"));
        }
        gateway.admit(request).map_err(Problem::limited)?;
        let body = read_whole(request, payload, &gateway.options).await?;
        let id = self.check(request, &body)?;
        let posted: Posted = serde_json::from_slice(&body).map_err(|error| bad(error.to_string()))?;
        match posted {
            Posted::Message { address, text, nickname, email, email_verified, subject, user_data } => {
                let given = Given { nickname, email, subject, user_data, ..Given::default() };
                let given = if email_verified { given } else { only_said(given) };
                self.message(gateway, id, address, text, given).await
            }
            Posted::Receipt { address, event, state, reason } => {
                let delivery = match state {
                    State::Delivered => Delivery::Delivered,
                    State::Read => Delivery::Read,
                    State::Failed => Delivery::Failed { reason: reason.unwrap_or_default() },
                };
                let of = Push::parse_id(&event).ok_or_else(|| bad("event is no id of an event"))?;
                let from = self.from(address)?;
                inbound::progress(gateway, from, of, delivery).await.map_err(of_call)?;
                Ok(HttpResponse::NoContent().finish())
            }
        }
    }

    /// Whether it is signed; answers its id.
    fn check(&self, request: &HttpRequest, body: &[u8]) -> Result<String, Problem> {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let signed = header(ID).zip(header(TIMESTAMP)).zip(header(SIGNATURE));
        let accepted = signed.filter(|((id, timestamp), signatures)| {
            self.signer.accepts(id, timestamp, body, signatures, wall_ms().div_euclid(1_000))
        });
        let Some(((id, _), _)) = accepted else {
            let detail = "webhook-id, webhook-timestamp and webhook-signature must sign this body, as sent within 5 \
                          minutes, with the channel's secret";
            return Err(Problem::new(StatusCode::UNAUTHORIZED, "signature", detail));
        };
        if id.is_empty() || id.len() > ID_BYTES_MAX {
            return Err(bad(format!("webhook-id has 1 to {ID_BYTES_MAX} bytes")));
        }
        Ok(id.to_owned())
    }

    fn from(&self, address: String) -> Result<Address, Problem> {
        if address.trim().is_empty() || address.len() > ADDRESS_BYTES_MAX {
            return Err(bad(format!("address has 1 to {ADDRESS_BYTES_MAX} bytes")));
        }
        Ok(Address { channel: self.channel.name.clone(), address })
    }

    async fn message(
        &self,
        gateway: &Gateway,
        id: String,
        address: String,
        text: String,
        given: Given,
    ) -> Result<HttpResponse, Problem> {
        let from = self.from(address)?;
        if is_blank(&text) {
            return Err(bad("text is blank"));
        }
        self.rate.take(from.address.clone()).map_err(Problem::limited)?;
        let nickname = given.nickname.or_else(|| Some(from.address.clone()));
        let channel = Channel { identity: Identity::Address(from.address.clone()), ..self.channel.clone() };
        let given = Given { nickname, ..given };
        let arrival = Arrival { channel, from, id, text, given, service: self.service.clone() };
        let chat = inbound::receive(gateway, &arrival).await.map_err(of_receive)?;
        tracing::Span::current().record("session", chat.0.as_str());
        Ok(HttpResponse::Ok().json(json!({"chat": chat.0})))
    }
}

/// Their e-mail address is what they say, and nobody is found by it.
pub(super) fn only_said(mut given: Given) -> Given {
    if let Some(email) = given.email.take() {
        given.user_data.entry(SAID_EMAIL.to_owned()).or_insert(email);
    }
    given
}

fn bad(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad_request", detail)
}

fn of_receive(error: ReceiveError) -> Problem {
    match error {
        ReceiveError::Start(error) => bad(error.to_string()),
        ReceiveError::Open(OpenError::Call(error)) | ReceiveError::Call(error) => of_call(error),
        ReceiveError::Open(OpenError::Denied(denied)) => Problem::denied(denied),
        ReceiveError::Open(error @ OpenError::Random) => {
            Problem::retry(StatusCode::SERVICE_UNAVAILABLE, "again", error.to_string(), 1_000)
        }
        ReceiveError::Service => {
            Problem::retry(StatusCode::SERVICE_UNAVAILABLE, "unavailable", error.to_string(), 60_000)
        }
    }
}

fn of_call(error: CallError) -> Problem {
    let detail = error.to_string();
    match error {
        CallError::Rejected(Reject::TooLong { .. }) => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "too_long", detail)
        }
        CallError::Rejected(Reject::IdInUse) => {
            let detail = "this webhook-id was used before for something else";
            Problem::new(StatusCode::CONFLICT, "id_in_use", detail)
        }
        error => Problem::of_call(error, detail),
    }
}
