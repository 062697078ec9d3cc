//! The endpoint: long polling by POST, callback polling by GET, and WebSocket.

use super::message::{Message, Refusal, array};
use super::meta::{self, CONNECT, HANDSHAKE};
use super::registry::random_id;
use super::session::Link;
use super::{Cometd, Here, socket};
use crate::gateway::Gateway;
use crate::gateway::border::{Credentials, Reply};
use crate::gateway::form::read_whole;
use crate::gateway::form::{Encoding, Form, FormLimits};
use actix_web::http::header::{self, ALLOW, CACHE_CONTROL, HeaderValue, UPGRADE, X_CONTENT_TYPE_OPTIONS};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};

/// Set at the handshake as the field's clients and balancers expect; nothing here depends on it.
const COOKIE: &str = "BAYEUX_BROWSER";
const CALLBACK_CHARS_MAX: usize = 128;
const METHODS: &str = "GET, POST, OPTIONS";

/// Mounts the endpoint; clients put the name of what they do behind it.
pub(super) fn resources(config: &mut web::ServiceConfig) {
    let paths = ["/genesys/cometd", "/genesys/cometd/", "/genesys/cometd/{what}"];
    config.service(web::resource(paths).default_service(web::to(handle)));
}

async fn handle(
    request: HttpRequest,
    body: web::Payload,
    gateway: web::Data<Gateway>,
    cometd: web::Data<Cometd>,
) -> Result<HttpResponse, actix_web::Error> {
    let here = Here { gateway: gateway.into_inner(), cometd: cometd.into_inner() };
    let method = request.method().clone();
    if method == Method::GET && wants_socket(&request) {
        return socket::connect(request, body, here).await;
    }
    let preflight = method == Method::OPTIONS;
    let mut response = match method {
        Method::OPTIONS => HttpResponse::NoContent().finish(),
        Method::POST => poll(&request, body, &here).await,
        Method::GET => poll_by_callback(&request, &here).await,
        _ => HttpResponse::MethodNotAllowed().insert_header((ALLOW, METHODS)).finish(),
    };
    let to = if preflight { Reply::Preflight(METHODS) } else { Reply::Call };
    here.gateway.border.allow(&request, (to, Credentials::Always), response.headers_mut());
    Ok(response)
}

fn wants_socket(request: &HttpRequest) -> bool {
    let upgrade = request.headers().get(UPGRADE).and_then(|value| value.to_str().ok());
    upgrade.is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

async fn poll(request: &HttpRequest, body: web::Payload, here: &Here) -> HttpResponse {
    let options = &here.gateway.options;
    let body = match read_whole(request, body, options).await {
        Ok(body) => body,
        Err(error) => return refused(&Refusal::new(error.status().as_u16(), error.to_string())),
    };
    // Old clients post a form with the messages in it.
    if Encoding::of(request.headers()) == Ok(Encoding::Urlencoded) {
        let form = Form::urlencoded(&body, FormLimits::of(options));
        let form = form.map_err(|error| Refusal::new(error.status().as_u16(), error.to_string()));
        let text = form.map(|form| form.value("message").unwrap_or_default().to_owned());
        return respond(request, here, text.and_then(|text| Message::read(text.as_bytes()))).await;
    }
    respond(request, here, Message::read(&body)).await
}

async fn respond(
    request: &HttpRequest,
    here: &Here,
    messages: Result<Vec<Message>, Refusal>,
) -> HttpResponse {
    match messages {
        Ok(messages) => {
            let body = take_all(request, here, &messages).await;
            accepted(request, here, &messages).content_type("application/json;charset=UTF-8").body(body)
        }
        Err(refusal) => refused(&refusal),
    }
}

/// What all replies to messages have in common.
fn accepted(request: &HttpRequest, here: &Here, messages: &[Message]) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.insert_header((CACHE_CONTROL, "no-store"));
    if let Some(cookie) = cookie(request, &here.gateway, messages) {
        response.insert_header((header::SET_COOKIE, cookie));
    }
    response
}

async fn poll_by_callback(request: &HttpRequest, here: &Here) -> HttpResponse {
    let limits = FormLimits::of(&here.gateway.options);
    let Ok(form) = Form::urlencoded(request.query_string().as_bytes(), limits) else {
        return refused(&Refusal::new(400, "the query is malformed"));
    };
    let Some(callback) = form.value("jsonp").filter(|name| is_callback(name)) else {
        return refused(&Refusal::new(400, "jsonp must be the name of a function"));
    };
    let messages = match Message::read(form.value("message").unwrap_or_default().as_bytes()) {
        Ok(messages) => messages,
        Err(refusal) => return refused(&refusal),
    };
    let body = take_all(request, here, &messages).await;
    // A script: the comment keeps the reply from being taken for anything else.
    accepted(request, here, &messages)
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .content_type("text/javascript;charset=UTF-8")
        .body(format!(
            "/**/{callback}({});",
            body.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
        ))
}

fn is_callback(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '.');
    name.len() <= CALLBACK_CHARS_MAX
        && name.chars().all(plain)
        && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// All in turn; a connect last, and held only where nothing else waits for the reply.
async fn take_all(request: &HttpRequest, here: &Here, messages: &[Message]) -> String {
    let from = here.gateway.admission.address(request);
    let (mut replies, mut connect) = (Vec::new(), None);
    for message in messages {
        if message.channel() == CONNECT {
            replies.extend(connect.replace(message).map(|older| meta::replaced(here, older)));
        } else {
            replies.push(meta::take(here, from, message).await);
        }
    }
    if let Some(connect) = connect {
        let alone = replies.is_empty();
        replies.extend(meta::connect(here, connect, Link::Http, alone).await);
    }
    array(&replies)
}

fn cookie(request: &HttpRequest, gateway: &Gateway, messages: &[Message]) -> Option<String> {
    let shakes_hands = messages.iter().any(|message| message.channel() == HANDSHAKE);
    if !shakes_hands || request.headers().get_all(header::COOKIE).any(has_one) {
        return None;
    }
    // Over TLS pages of other sites can have it too.
    let reach = if gateway.border.is_https(request) { "; Secure; SameSite=None; Partitioned" } else { "" };
    Some(format!("{COOKIE}={}; Path=/; HttpOnly{reach}", random_id()?))
}

/// Whether the cookie is among these. Old clients send its attributes along (`$Path=/`), and quote its value.
fn has_one(cookies: &HeaderValue) -> bool {
    let mut pairs = cookies.to_str().unwrap_or_default().split([';', ',']);
    pairs.any(|pair| pair.split_once('=').is_some_and(|(name, _)| name.trim() == COOKIE))
}

/// What could not even be read as messages.
fn refused(refusal: &Refusal) -> HttpResponse {
    let status = StatusCode::from_u16(refusal.code).unwrap_or(StatusCode::BAD_REQUEST);
    let error = serde_json::json!([{"successful": false, "error": refusal.to_string()}]);
    HttpResponse::build(status).insert_header((CACHE_CONTROL, "no-store")).json(error)
}
