//! Files over REST (`/2/chat/{service}/{chatId}/file...`), and for clients of CometD (`/2/chat-ntf`), whose protocol
//! carries none.

use super::fault::{FILE_TYPE, FILES_TOO_LARGE, Fault};
use super::passage::{answer, read_form, with_a_last_slash};
use super::reply::{Reply, file_limits};
use super::{perform, reply};
use crate::clock::wall_ms;
use crate::gateway::Gateway;
use crate::gateway::files::body::{self, Body, BodyFault};
use crate::gateway::files::{Asker, Brought, FileFault, response};
use crate::gateway::form::{BodyError, Encoding, Form};
use crate::gateway::metrics::OperationLabel;
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};
use handoff_chat::command::Caller;
use handoff_chat::file::File;
use handoff_chat::key::SecureKey;
use handoff_chat::{FileId, Millis};

/// The key under which a client says what a file is.
const DESCRIPTION: &str = "file-description";

/// What a request asks for, told by its method and path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Limits,
    Upload,
    Download,
    Delete,
}

/// Each by its path below a chat.
const BELOW_CHAT: [(&str, Wanted); 4] = [
    ("file", Wanted::Upload),
    ("file/limits", Wanted::Limits),
    ("file/{fileId}/download", Wanted::Download),
    ("file/{fileId}/delete", Wanted::Delete),
];

/// Each by the names that clients of CometD use.
pub(super) const NOTIFICATIONS: [(&str, Wanted); 5] = [
    ("fileGetLimits", Wanted::Limits),
    ("fileGetsLimits", Wanted::Limits),
    ("fileUpload", Wanted::Upload),
    ("fileDownload", Wanted::Download),
    ("fileDelete", Wanted::Delete),
];

const NOTIFICATION: &str = "/2/chat-ntf";

/// The paths, below `/genesys`.
#[cfg(test)]
pub(super) fn paths() -> impl Iterator<Item = String> {
    let below_chat = BELOW_CHAT.into_iter().map(|(path, _)| format!("/2/chat/{{service}}/{{chatId}}/{path}"));
    below_chat.chain([NOTIFICATION.to_owned()])
}

impl Wanted {
    /// By the name that clients of CometD use.
    fn of_notification(operation: &str) -> Option<Self> {
        NOTIFICATIONS.into_iter().find_map(|(known, wanted)| (known == operation).then_some(wanted))
    }

    fn label(self) -> OperationLabel {
        match self {
            Self::Limits => OperationLabel::file_limits,
            Self::Upload => OperationLabel::file_upload,
            Self::Download => OperationLabel::file_download,
            Self::Delete => OperationLabel::file_delete,
        }
    }
}

/// Mounts them, before what takes any operation.
pub(super) fn resources(config: &mut web::ServiceConfig) {
    for (path, wanted) in BELOW_CHAT {
        let handle = move |request, body, gateway| of_path(request, body, gateway, Some(wanted));
        let resource = web::resource(with_a_last_slash(&format!("/2/chat/{{service}}/{{chatId}}/{path}")));
        config.service(resource.default_service(web::to(handle)));
    }
    let other = web::resource(with_a_last_slash("/2/chat/{service}/{chatId}/file/{fileId}/{operation}"));
    let handle = |request, body, gateway| of_path(request, body, gateway, None);
    config.service(other.default_service(web::to(handle)));
    let notifications = web::resource(with_a_last_slash(NOTIFICATION));
    config.service(notifications.default_service(web::to(of_notification)));
}

async fn of_path(
    request: HttpRequest,
    payload: web::Payload,
    gateway: web::Data<Gateway>,
    wanted: Option<Wanted>,
) -> HttpResponse {
    let path = request.match_info();
    let label = wanted.map_or(OperationLabel::other, Wanted::label);
    answer(&request, &gateway, label, async |form| {
        let service = path.get("service").unwrap_or_default();
        let wanted = wanted.ok_or(Fault::Operation)?;
        let chat = path.get("chatId").unwrap_or_default();
        let asker = |form: &Form| asker(form).ok().filter(|asker| asker.chat.0 == chat);
        let body = read(&request, payload, &gateway, asker).await?;
        *form = body.form.clone();
        perform::check_service(&gateway, service, form).await?;
        let key = perform::key(form)?;
        if key.session.0 != chat {
            return Err(Fault::Dead("the key of another session"));
        }
        carry_out(&gateway, &key, wanted, path.get("fileId"), body).await
    })
    .await
}

async fn of_notification(
    request: HttpRequest,
    payload: web::Payload,
    gateway: web::Data<Gateway>,
) -> HttpResponse {
    answer(&request, &gateway, OperationLabel::other, async |form| {
        let body = read(&request, payload, &gateway, |form| asker(form).ok()).await?;
        *form = body.form.clone();
        let wanted = form.value("operation").and_then(Wanted::of_notification).ok_or(Fault::Operation)?;
        let key = perform::key(form)?;
        let file = form.value("fileId").map(str::to_owned);
        carry_out(&gateway, &key, wanted, file.as_deref(), body).await
    })
    .await
}

fn asker(form: &Form) -> Result<Asker, Fault> {
    let key = perform::key(form)?;
    Ok(Asker { chat: key.session.clone(), caller: Caller::key(key.hash()) })
}

async fn read(
    request: &HttpRequest,
    payload: web::Payload,
    gateway: &Gateway,
    asker: impl Fn(&Form) -> Option<Asker>,
) -> Result<Body, Fault> {
    if request.method() != Method::POST {
        return Err(Fault::Method);
    }
    gateway.admit(request)?;
    match Encoding::of(request.headers())? {
        Encoding::Urlencoded => {
            let form = read_form(request, payload, &gateway.options).await?;
            Ok(Body { form, file: None })
        }
        Encoding::Multipart => Ok(body::read(request, payload, gateway, asker).await?),
    }
}

async fn carry_out(
    gateway: &Gateway,
    key: &SecureKey,
    wanted: Wanted,
    file: Option<&str>,
    body: Body,
) -> Result<HttpResponse, Fault> {
    let asker = Asker { chat: key.session.clone(), caller: Caller::key(key.hash()) };
    tracing::Span::current().record("session", asker.chat.0.as_str());
    let file = || file.and_then(|id| FileId::parse(id.trim())).ok_or(Fault::File);
    let mut reply = Reply::of_chat(&gateway.alias, key);
    match wanted {
        Wanted::Limits => {
            let files = gateway.files_of(&asker).await?;
            reply.messages = vec![file_limits(&files, Millis(wall_ms()))];
            reply.chat_ended = files.chat_ended;
            reply.next_position = Some(files.next_position);
            reply.user_id = files.reader.map(|who| who.user_id);
        }
        Wanted::Upload => {
            let uploaded = gateway.upload(&asker, brought(body)?).await?;
            reply.user_data = Some(reply::UserData::from([("file-id", uploaded.file.id.to_string())]));
        }
        Wanted::Download => {
            let whole = |file: &File| Ok(0..file.bytes);
            return Ok(response(gateway.download(&asker, file()?, whole).await?));
        }
        Wanted::Delete => gateway.delete(&asker, file()?).await?,
    }
    Ok(reply.respond(None))
}

fn brought(body: Body) -> Result<Brought, Fault> {
    let Body { form, file } = body;
    let (name, file) =
        file.ok_or_else(|| Fault::refused(400, "file is required, as a part with a filename"))?;
    let description = form.user_data().remove(DESCRIPTION).unwrap_or_default();
    let client_id = super::operation::client_id(&form)?;
    Ok(Brought { file, name, description, client_id })
}

impl From<BodyFault> for Fault {
    fn from(fault: BodyFault) -> Self {
        match fault {
            BodyFault::Form(error) => error.into(),
            BodyFault::File(fault) => fault.into(),
        }
    }
}

impl From<FileFault> for Fault {
    fn from(fault: FileFault) -> Self {
        match fault {
            FileFault::Call(error) => Self::from_call(error, false),
            FileFault::Limited(limited) => limited.into(),
            FileFault::TooLarge(bytes_max) => Self::refused(FILES_TOO_LARGE, bytes_max.to_string()),
            FileFault::Kind(kind) => Self::refused(FILE_TYPE, kind.to_string()),
            // What the field's widget has words for.
            FileFault::Infected | FileFault::Unfit => Self::refused(FILE_TYPE, fault.to_string()),
            FileFault::Broken => BodyError::Incomplete.into(),
            FileFault::Range(_) => Self::refused(400, fault.to_string()),
            FileFault::ScannerDown | FileFault::Store => Self::Files(fault.to_string()),
        }
    }
}
