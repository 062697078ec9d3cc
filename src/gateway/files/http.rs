//! Files over HTTP for clients of the native sockets: `/v1/chats/{chat}/files`. A customer shows the chat's key
//! (`Authorization: Bearer KEY`), an agent name and token (`Authorization: Basic`). Errors are problem documents
//! (RFC 9457).

use super::body::{self, Body, BodyFault};
use super::{Asker, Brought, FileFault, Uploaded, range};
use crate::clock::wall_ms;
use crate::gateway::Gateway;
use crate::gateway::border::{Credentials, Reply};
use crate::gateway::metrics::{OperationLabel, OutcomeLabel};
use crate::gateway::problem::Problem;
use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_RANGE};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use handoff_chat::command::{Caller, FilesView};
use handoff_chat::file::{File, FileReject};
use handoff_chat::key::SecureKey;
use handoff_chat::{AgentName, FileId, SessionId};
use serde_json::{Value, json};
use std::time::Instant;
use tracing::Instrument;

const METHODS: &str = "GET, POST, DELETE, OPTIONS";

/// Mounts them.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/v1/chats/{chat}/files").default_service(web::to(handle)));
    config.service(web::resource("/v1/chats/{chat}/files/{file}").default_service(web::to(handle)));
}

/// How a problem is counted.
fn outcome(problem: &Problem) -> OutcomeLabel {
    match problem.code {
        "again" | "busy" | "unavailable" => OutcomeLabel::again,
        "limited" => OutcomeLabel::limited,
        "unknown" => OutcomeLabel::unknown,
        "unknown_chat" | "unauthorized" => OutcomeLabel::dead,
        _ => OutcomeLabel::refused,
    }
}

async fn handle(request: HttpRequest, payload: web::Payload, gateway: web::Data<Gateway>) -> HttpResponse {
    let begun = Instant::now();
    let one = request.match_info().get("file").is_some();
    let label = match *request.method() {
        Method::GET if one => OperationLabel::file_download,
        Method::GET => OperationLabel::file_limits,
        Method::POST => OperationLabel::file_upload,
        Method::DELETE => OperationLabel::file_delete,
        _ => OperationLabel::other,
    };
    let preflight = request.method() == Method::OPTIONS;
    let span = tracing::info_span!("files", operation = ?label, session = tracing::field::Empty);
    let mut response = if preflight {
        HttpResponse::NoContent().finish()
    } else {
        let served = serve(&request, payload, &gateway).instrument(span).await;
        let outcome = served.as_ref().map_or_else(outcome, |_| OutcomeLabel::ok);
        gateway.metrics.count(label, outcome, begun.elapsed());
        served.unwrap_or_else(|problem| problem.response())
    };
    let to = if preflight { Reply::Preflight(METHODS) } else { Reply::Call };
    gateway.border.allow(&request, (to, Credentials::Named), response.headers_mut());
    response
}

async fn serve(
    request: &HttpRequest,
    payload: web::Payload,
    gateway: &Gateway,
) -> Result<HttpResponse, Problem> {
    gateway.admit(request).map_err(FileFault::from)?;
    let path = request.match_info();
    let chat = path.get("chat").and_then(SessionId::parse);
    let unknown = || Problem::new(StatusCode::NOT_FOUND, "unknown_chat", "no such chat");
    let asker = asker(request, gateway, chat.ok_or_else(unknown)?)?;
    tracing::Span::current().record("session", asker.chat.0.as_str());
    let file = path.get("file").map(|id| FileId::parse(id).ok_or(FileFault::reject(FileReject::Unknown)));
    match (request.method().as_str(), file.transpose()?) {
        ("GET", None) => Ok(no_store(StatusCode::OK, &listed(&gateway.files_of(&asker).await?))),
        ("GET", Some(file)) => {
            let wanted = |file: &File| range::wanted(request.headers(), file);
            Ok(range::offered(gateway.download(&asker, file, wanted).await?))
        }
        ("DELETE", Some(file)) => {
            gateway.delete(&asker, file).await?;
            Ok(HttpResponse::NoContent().finish())
        }
        ("POST", None) => {
            let body = body::read(request, payload, gateway, |_| Some(asker.clone())).await?;
            let Uploaded { file, held } = gateway.upload(&asker, brought(body)?).await?;
            let status = if held { StatusCode::ACCEPTED } else { StatusCode::CREATED };
            Ok(no_store(status, &json!({"file": shown(&file), "held": held})))
        }
        _ => Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", "not with this method")),
    }
}

fn no_store(status: StatusCode, body: &Value) -> HttpResponse {
    HttpResponse::build(status).insert_header((CACHE_CONTROL, "no-store")).json(body)
}

fn unauthorized() -> Problem {
    let detail = "this needs the chat's key (Authorization: Bearer) or an agent's name and token (Basic)";
    Problem::unauthorized(detail)
}

/// Who asks, by the credentials that they show.
fn asker(request: &HttpRequest, gateway: &Gateway, chat: SessionId) -> Result<Asker, Problem> {
    let shown = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, shown) = shown.and_then(|text| text.split_once(' ')).ok_or_else(unauthorized)?;
    let caller = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => {
            let key = SecureKey::parse(shown.trim()).filter(|key| key.session == chat);
            Caller::key(key.ok_or_else(unauthorized)?.hash())
        }
        "basic" => {
            let decoded = STANDARD.decode(shown.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let decoded = decoded.ok_or_else(unauthorized)?;
            let (name, token) = decoded.split_once(':').ok_or_else(unauthorized)?;
            let account = gateway.agents.by_token(name, token, wall_ms());
            account.map_err(|_| unauthorized())?;
            Caller::Agent(AgentName(name.to_owned()))
        }
        _ => return Err(unauthorized()),
    };
    Ok(Asker { chat, caller })
}

fn brought(body: Body) -> Result<Brought, Problem> {
    let bad = |detail: String| Problem::new(StatusCode::BAD_REQUEST, "bad_request", detail);
    let Body { form, file } = body;
    let (name, file) = file.ok_or_else(|| bad("a part with a file name is required".to_owned()))?;
    let client_id = form.value("client_id").map(str::to_owned);
    if client_id.as_ref().is_some_and(|id| id.len() > 64) {
        return Err(bad("client_id is longer than 64 bytes".to_owned()));
    }
    let description = form.value("description").unwrap_or_default().to_owned();
    Ok(Brought { file, name, description, client_id })
}

fn listed(view: &FilesView) -> Value {
    let limits = view.limits.as_ref().map(|limits| {
        json!({
            "files_max": limits.files_max, "file_bytes_max": limits.file_bytes_max,
            "total_bytes_max": limits.total_bytes_max, "need_agent": limits.need_agent,
            "downloads_max": limits.downloads_max, "types": limits.types.split(':').collect::<Vec<_>>(),
        })
    });
    json!({
        "limits": limits, "used_files": view.used_files, "used_bytes": view.used_bytes,
        "downloads": view.downloads, "files": view.files.iter().map(shown).collect::<Vec<_>>(),
    })
}

fn shown(file: &File) -> Value {
    json!({
        "id": file.id.to_string(), "name": file.name.show(), "bytes": file.bytes, "media_type": file.media_type,
        "description": file.description.show(),
    })
}

impl From<BodyFault> for Problem {
    fn from(fault: BodyFault) -> Self {
        match fault {
            BodyFault::Form(fault) => fault.into(),
            BodyFault::File(fault) => fault.into(),
        }
    }
}

impl From<FileFault> for Problem {
    fn from(fault: FileFault) -> Self {
        let detail = fault.to_string();
        match fault {
            FileFault::Call(error) => Self::of_call(error, detail),
            FileFault::Limited(limited) => Self::limited(limited),
            FileFault::Kind(_) => Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "file_type", detail),
            FileFault::TooLarge(_) => Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail),
            FileFault::Broken => Self::new(StatusCode::BAD_REQUEST, "incomplete", detail),
            FileFault::Infected | FileFault::Unfit => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "infected", detail)
            }
            FileFault::Range(bytes) => {
                let problem = Self::new(StatusCode::RANGE_NOT_SATISFIABLE, "range", detail);
                problem.with((CONTENT_RANGE, range::none_of(bytes)))
            }
            FileFault::ScannerDown | FileFault::Store => {
                Self::retry(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail, 5_000)
            }
        }
    }
}
