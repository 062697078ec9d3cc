//! A record as the body of an answer: read and written piece by piece as its caller takes it, so that neither its
//! length nor a slow caller costs memory. What fails on the way breaks the connection off: a short body never looks
//! whole.

use super::Admin;
use super::problem::Problem;
use super::refusals::{Always, BadRequest, NotFound, Unavailable};
use super::request::SessionPath;
use crate::ports::{Operations, ReadError, RecordPiece, RecordPlace};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use futures_util::{Stream, stream};
use handoff_chat::SessionId;
use handoff_chat::transcript::{self, Format, Transcript};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Why a body broke off.
#[derive(Debug, thiserror::Error)]
enum Broken {
    /// The record can't be read on.
    #[error("the record can't be read on: {0}")]
    Read(#[from] ReadError),
    /// The transcript can't be written on.
    #[error(transparent)]
    Write(#[from] transcript::Error),
}

/// What a record is written as.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RecordFormat {
    /// JSON.
    Json,
    /// XML.
    Xml,
}

/// How a record is wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct FormatQuery {
    /// What it is written as; where it is not given, the header `Accept` says so, else it is JSON.
    #[param(nullable = false, inline)]
    format: Option<RecordFormat>,
}

/// Whether a record is final.
#[derive(Debug, Clone, Copy, ToSchema)]
#[schema(rename_all = "snake_case")]
pub(super) enum RecordState {
    /// The session goes on, or its record is being closed.
    Live,
    /// The record is final.
    Closed,
}

impl RecordState {
    fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Closed => "closed",
        }
    }
}

/// The record up to the last committed event.
///
/// It is read while it is sent, so it has no length in advance. Where it can't be read on, the connection is closed
/// within the body: a chunked body without its last chunk is not the whole record.
#[utoipa::path(
    get,
    path = "/records/{id}",
    operation_id = "getRecord",
    tag = "conversations",
    params(SessionPath, FormatQuery),
    responses(
        (
            status = 200,
            description = "The record.",
            headers(("Handoff-Record" = inline(RecordState), description = "`closed`: the record is final.")),
            content((Object = "application/json"), (String = "application/xml"))
        ),
        (status = 400, response = BadRequest),
        (status = 404, response = NotFound),
        (status = 503, response = Unavailable),
        Always,
    )
)]
pub(super) async fn record(
    admin: web::Data<Admin>,
    path: web::Path<SessionPath>,
    query: web::Query<FormatQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let id = path.id()?;
    let format = match query.format {
        Some(RecordFormat::Json) => Format::Json,
        Some(RecordFormat::Xml) => Format::Xml,
        None => accepted(&request),
    };
    let first = piece(admin.operations.as_ref(), &id, RecordPlace::START).await?;
    let content_type = match format {
        Format::Json => "application/json",
        Format::Xml => "application/xml",
    };
    let state = if first.closed { RecordState::Closed } else { RecordState::Live };
    let body = Body {
        operations: Arc::clone(&admin.operations),
        transcript: Transcript::new(format, &id),
        id,
        ahead: Ahead::Read(first),
    };
    Ok(HttpResponse::Ok()
        .content_type(content_type)
        .insert_header(("Handoff-Record", state.word()))
        .streaming(body.stream()))
}

/// A piece of a record that must be there.
pub(super) async fn piece(
    operations: &dyn Operations,
    id: &SessionId,
    from: RecordPlace,
) -> Result<RecordPiece, Problem> {
    match operations.record(id, from).await {
        Ok(Some(piece)) => Ok(piece),
        Ok(None) => Err(Problem::not_found("no such session")),
        Err(reason) => Err(reason.into()),
    }
}

/// A record on its way out.
struct Body {
    operations: Arc<dyn Operations>,
    transcript: Transcript,
    id: SessionId,
    ahead: Ahead,
}

/// What comes next.
enum Ahead {
    /// A piece that is read already.
    Read(RecordPiece),
    /// A piece that is to be read.
    At(RecordPlace),
}

impl Body {
    /// Reads the next piece when the one before was taken.
    fn stream(self) -> impl Stream<Item = Result<Bytes, Broken>> {
        stream::try_unfold(Some(self), |body| async move {
            let Some(body) = body else { return Ok(None) };
            let id = body.id.clone();
            body.step().await.map(Some).inspect_err(|error| {
                tracing::warn!(session = %id.0, %error, "a record's answer broke off");
            })
        })
    }

    async fn step(mut self) -> Result<(Bytes, Option<Self>), Broken> {
        let piece = match self.ahead {
            Ahead::Read(piece) => piece,
            Ahead::At(place) => self.operations.record(&self.id, place).await?.ok_or(ReadError::Gone)?,
        };
        let mut written = self.transcript.add(&piece.events)?;
        if let Some(place) = piece.next {
            let rest = Self { ahead: Ahead::At(place), ..self };
            return Ok((written.into(), Some(rest)));
        }
        piece.rating.iter().for_each(|rating| self.transcript.rated(rating));
        written.extend(self.transcript.finish()?);
        Ok((written.into(), None))
    }
}

/// What `Accept` names first, else JSON.
fn accepted(request: &HttpRequest) -> Format {
    let accept =
        request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let place = |kinds: [&str; 2]| kinds.iter().filter_map(|kind| accept.find(kind)).min();
    match (place(["application/xml", "text/xml"]), place(["application/json", "*/*"])) {
        (Some(xml), Some(json)) if xml < json => Format::Xml,
        (Some(_), None) => Format::Xml,
        _ => Format::Json,
    }
}
