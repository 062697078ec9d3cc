//! The API's description: what its operations take and answer, put together. One resource answers them all, by name:
//! so each has a function of its own here, which stands for it.
#![expect(dead_code, reason = "the functions stand for operations, and are never called")]

use super::forms::{
    ChatForm, DataForm, NicknameForm, NoticeForm, NotificationForm, PushUrlForm, ReceiptForm, RefreshForm,
    SendForm, StartForm, TypingForm, UploadForm,
};
use super::reply::Reply;
use actix_web::http::StatusCode;
use std::collections::BTreeMap;
use utoipa::openapi::encoding::EncodingBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{ParameterStyle, PathItem};
use utoipa::openapi::{ContentBuilder, Object, Ref, RefOr, Response, ResponseBuilder, Type};
use utoipa::{IntoParams, IntoResponses, Modify, OpenApi, ToSchema};

const URLENCODED: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data";

const ABOUT: &str = "\
The Chat API v2 of Genesys Mobile Services over REST, as this server speaks it. Calls are forms, urlencoded or \
multipart, in UTF-8; unknown fields are ignored, blank ones count as not given, and names may differ in case. Each \
path may have a slash behind it. Who calls is known by the field `secureKey` alone.

A reply has a `statusCode`: 0 done; 1 not served at the moment, come again with the same call; 2 failed, as \
`errors` says. A key that is wrong and a chat that has ended are answered with HTTP 200, `statusCode` 2, \
`chatEnded` true and the error 249.";

/// The part of a path that names a service.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
struct Service {
    /// The service, as the node is configured for it. Within a chat also the one that it began with.
    service: String,
}

/// The parts of a path that name a chat.
#[derive(IntoParams)]
#[into_params(parameter_in = Path, rename_all = "camelCase")]
struct Chat {
    /// The service, as the node is configured for it, or the one that the chat began with.
    service: String,
    /// From the reply to the chat's start.
    chat_id: String,
}

/// The part of a path that names a file.
#[derive(IntoParams)]
#[into_params(parameter_in = Path, rename_all = "camelCase")]
struct OneFile {
    /// From the reply to the upload, or the event that told of it.
    file_id: String,
}

/// Starts a chat.
///
/// A nickname, or first and last name, is needed.
#[utoipa::path(
    post,
    path = "/chat/{service}",
    operation_id = "startChat",
    tag = "chat",
    params(Service),
    request_body(content((StartForm = URLENCODED), (StartForm = MULTIPART))),
    responses((status = 200, description = "The chat's key, and what the customer sees of it.", body = Reply), Refused)
)]
fn start() {}

/// Posts a message.
#[utoipa::path(
    post,
    path = "/chat/{service}/{chatId}/send",
    operation_id = "sendMessage",
    tag = "chat",
    params(Chat),
    request_body(content((SendForm = URLENCODED), (SendForm = MULTIPART))),
    responses((status = 200, description = "It was posted; the events that were asked for.", body = Reply), Refused)
)]
fn send() {}

/// Reads the chat, and may tell what the customer has typed so far.
///
/// It answers at once unless it is asked to wait, by `waitMs` or by the header `Prefer`.
/// A customer who makes no call for 45 s is taken for gone
/// (`session.disconnect_timeout_ms`).
#[utoipa::path(
    post,
    path = "/chat/{service}/{chatId}/refresh",
    operation_id = "refresh",
    tag = "chat",
    params(
        Chat,
        (
            "Prefer" = Option<String>,
            Header,
            description = "`wait=N` (RFC 7240): how long the call may wait for news, in seconds, where there is no \
                `waitMs`; the node has a limit of its own."
        )
    ),
    request_body(content((RefreshForm = URLENCODED), (RefreshForm = MULTIPART))),
    responses(
        (
            status = 200,
            description = "The events that were asked for.",
            body = Reply,
            headers((
                "Preference-Applied" = String,
                description = "`wait=N`: how long the call was ready to wait because of `Prefer`."
            ))
        ),
        Refused
    )
)]
fn refresh() {}

/// The customer types.
#[utoipa::path(
    post,
    path = "/chat/{service}/{chatId}/startTyping",
    operation_id = "startTyping",
    tag = "chat",
    params(Chat),
    request_body(content((TypingForm = URLENCODED), (TypingForm = MULTIPART))),
    responses((status = 200, description = "It was shown.", body = Reply), Refused)
)]
fn start_typing() {}

/// The customer no longer types.
#[utoipa::path(
    post,
    path = "/chat/{service}/{chatId}/stopTyping",
    operation_id = "stopTyping",
    tag = "chat",
    params(Chat),
    request_body(content((TypingForm = URLENCODED), (TypingForm = MULTIPART))),
    responses((status = 200, description = "It was shown.", body = Reply), Refused)
)]
fn stop_typing() {}

/// The customer leaves, and the chat ends. A repeat does no harm.
#[utoipa::path(
    post,
    path = "/chat/{service}/{chatId}/disconnect",
    operation_id = "disconnect",
    tag = "chat",
    params(Chat),
    request_body(content((ChatForm = URLENCODED), (ChatForm = MULTIPART))),
    responses((status = 200, description = "The chat has ended.", body = Reply), Refused)
)]
fn disconnect() {}

/// Shows a page to the others.
#[utoipa::path(
    post,
    path = "/chat/{service}/{chatId}/pushUrl",
    operation_id = "pushUrl",
    tag = "chat",
    params(Chat),
    request_body(content((PushUrlForm = URLENCODED), (PushUrlForm = MULTIPART))),
    responses((status = 200, description = "It was shown.", body = Reply), Refused)
)]
fn push_url() {}

/// Renames the customer.
#[utoipa::path(
    post,
    path = "/chat/{service}/{chatId}/updateNickname",
    operation_id = "updateNickname",
    tag = "chat",
    params(Chat),
    request_body(content((NicknameForm = URLENCODED), (NicknameForm = MULTIPART))),
    responses((status = 200, description = "It was done.", body = Reply), Refused)
)]
fn update_nickname() {}

/// Attaches data to the chat.
#[utoipa::path(
    post,
    path = "/chat/{service}/{chatId}/updateData",
    operation_id = "updateData",
    tag = "chat",
    params(Chat),
    request_body(content((DataForm = URLENCODED), (DataForm = MULTIPART))),
    responses((status = 200, description = "It was done.", body = Reply), Refused)
)]
fn update_data() {}

/// Gives a notice of whatever kind.
#[utoipa::path(
    post,
    path = "/chat/{service}/{chatId}/customNotice",
    operation_id = "customNotice",
    tag = "chat",
    params(Chat),
    request_body(content((NoticeForm = URLENCODED), (NoticeForm = MULTIPART))),
    responses((status = 200, description = "It was given.", body = Reply), Refused)
)]
fn custom_notice() {}

/// Says how far the customer has read. Agents see it.
#[utoipa::path(
    post,
    path = "/chat/{service}/{chatId}/readReceipt",
    operation_id = "readReceipt",
    tag = "chat",
    params(Chat),
    request_body(content((ReceiptForm = URLENCODED), (ReceiptForm = MULTIPART))),
    responses((status = 200, description = "It was told.", body = Reply), Refused)
)]
fn read_receipt() {}

/// What may be done with files.
///
/// The reply has one message of the type `Notice` with the text `file-client-cfg-get`, whose `userData` has the limits.
#[utoipa::path(
    post,
    path = "/chat/{service}/{chatId}/file/limits",
    operation_id = "getFileLimits",
    tag = "files",
    params(Chat),
    request_body(content((ChatForm = URLENCODED), (ChatForm = MULTIPART))),
    responses((status = 200, description = "The limits.", body = Reply), Refused)
)]
fn file_limits() {}

/// Brings a file into the chat.
#[utoipa::path(
    post,
    path = "/chat/{service}/{chatId}/file",
    operation_id = "uploadFile",
    tag = "files",
    params(Chat),
    request_body(content = UploadForm, content_type = MULTIPART),
    responses((status = 200, description = "It came in; `userData` has its `file-id`.", body = Reply), Refused)
)]
fn upload() {}

/// Deletes a file.
#[utoipa::path(
    post,
    path = "/chat/{service}/{chatId}/file/{fileId}/delete",
    operation_id = "deleteFile",
    tag = "files",
    params(Chat, OneFile),
    request_body(content((ChatForm = URLENCODED), (ChatForm = MULTIPART))),
    responses((status = 200, description = "It is deleted.", body = Reply), Refused)
)]
fn delete() {}

/// Gives a file out.
#[utoipa::path(
    post,
    path = "/chat/{service}/{chatId}/file/{fileId}/download",
    operation_id = "downloadFile",
    tag = "files",
    params(Chat, OneFile),
    request_body(content((ChatForm = URLENCODED), (ChatForm = MULTIPART))),
    responses(FileOrReply, Refused)
)]
fn download() {}

/// Files for clients of CometD, whose protocol carries none.
///
/// By `operation` it is one of the other calls for files, and is answered as that.
#[utoipa::path(
    post,
    path = "/chat-ntf",
    operation_id = "notify",
    tag = "files",
    request_body(content((NotificationForm = URLENCODED), (NotificationForm = MULTIPART))),
    responses(FileOrReply, Refused)
)]
fn notify() {}

/// A file, or the reply to what is no download.
struct FileOrReply;

impl IntoResponses for FileOrReply {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let header = |description: &str| {
            HeaderBuilder::new()
                .schema(Object::with_type(Type::String))
                .description(Some(description))
                .build()
        };
        let reply = ContentBuilder::new().schema(Some(Ref::from_schema_name(Reply::name()))).build();
        let response = ResponseBuilder::new()
            .description("The file, as what it is; or a reply, where none is given out.")
            .header("Content-Disposition", header("An attachment, with the file's name."))
            .content("application/json", reply)
            .content("*/*", ContentBuilder::new().build());
        BTreeMap::from([("200".to_owned(), response.build().into())])
    }
}

/// How a call that is not served is answered: a name, the status, and when that is. A chat that is dead is HTTP 200.
fn refusals() -> [(&'static str, StatusCode, &'static str); 8] {
    [
        (
            "Wrong",
            StatusCode::BAD_REQUEST,
            "The request is wrong, and a repeat does not help: `errors` has a number of GMS, or of HTTP. With 240 the \
             node is full, and the header `Retry-After` says when to try again.",
        ),
        ("NotFound", StatusCode::NOT_FOUND, "No such service, operation or file."),
        ("Slow", StatusCode::REQUEST_TIMEOUT, "The request's body did not arrive in time."),
        ("TooLarge", StatusCode::PAYLOAD_TOO_LARGE, "The request's body is too large."),
        ("Unreadable", StatusCode::UNSUPPORTED_MEDIA_TYPE, "The request's body is no form, or not in UTF-8."),
        ("Limited", StatusCode::TOO_MANY_REQUESTS, "Too many calls of this address, service or chat."),
        (
            "Unavailable",
            StatusCode::SERVICE_UNAVAILABLE,
            "It can't be done now: files can't be stored, read or looked through, or there are no random numbers \
             for a key.",
        ),
        (
            "Unknown",
            StatusCode::GATEWAY_TIMEOUT,
            "No answer came in time, and it is not known whether the call was carried out.",
        ),
    ]
}

/// All of them: any call may be answered so.
struct Refused;

impl IntoResponses for Refused {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let answer = |(name, status, _): (&str, StatusCode, _)| {
            (status.as_str().to_owned(), Ref::from_response_name(name).into())
        };
        refusals().into_iter().map(answer).collect()
    }
}

/// The GMS Chat API v2 over REST as OpenAPI 3.1: what `docs/openapi/gms.yaml` is written from.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "GMS Chat API v2",
        version = "2",
        description = ABOUT,
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    servers((url = "/genesys/2", description = "Any node.")),
    security(()),
    tags(
        (name = "chat", description = "A customer's chat."),
        (name = "files", description = "Files of a chat."),
    ),
    paths(
        start, send, refresh, start_typing, stop_typing, disconnect, push_url, update_nickname, update_data,
        custom_notice, read_receipt, file_limits, upload, download, delete, notify
    ),
    components(schemas(Reply)),
    modifiers(&Shared)
)]
pub(crate) struct Description;

/// What all operations share: how they are refused, and how a form has its attached data.
struct Shared;

impl Modify for Shared {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let components = description.components.get_or_insert_default();
        for (name, status, words) in refusals() {
            let schema = Ref::from_schema_name(Reply::name());
            let content = ContentBuilder::new().schema(Some(schema)).build();
            let mut response = ResponseBuilder::new().description(words).content("application/json", content);
            if [StatusCode::BAD_REQUEST, StatusCode::TOO_MANY_REQUESTS].contains(&status) {
                let seconds = HeaderBuilder::new().schema(Object::with_type(Type::Integer));
                response = response.header("Retry-After", seconds.build());
            }
            components.responses.insert(name.to_owned(), response.build().into());
        }
        let with_data = [StartForm::name(), DataForm::name(), UploadForm::name(), NotificationForm::name()];
        let with_data = with_data.map(|name| RefOr::from(Ref::from_schema_name(name)));
        for body in description.paths.paths.values_mut().filter_map(body) {
            for content in body.content.values_mut() {
                if !content.schema.as_ref().is_some_and(|schema| with_data.contains(schema)) {
                    continue;
                }
                // `userData[KEY]`, one field for each.
                let each = EncodingBuilder::new().style(Some(ParameterStyle::DeepObject)).explode(Some(true));
                content.encoding.insert("userData".to_owned(), each.build());
            }
        }
    }
}

fn body(path: &mut PathItem) -> Option<&mut utoipa::openapi::request_body::RequestBody> {
    path.post.as_mut()?.request_body.as_mut()
}
