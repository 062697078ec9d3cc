//! Errors of what is served beside the field's API, as problem documents (RFC 9457) with a code for programs.

use super::admission::{Denied, Limited};
use super::form::BodyError;
use crate::ports::CallError;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use handoff_chat::command::Reject;
use handoff_chat::file::FileReject;
use serde_json::json;

/// Why a call is answered with a problem.
#[derive(Debug)]
pub(crate) struct Problem {
    /// The HTTP status.
    pub(crate) status: StatusCode,
    /// For programs.
    pub(crate) code: &'static str,
    /// For people.
    pub(crate) detail: String,
    /// When to try again, where that helps.
    pub(crate) retry_ms: Option<u64>,
    /// A header that says more.
    header: Option<Box<(HeaderName, HeaderValue)>>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), retry_ms: None, header: None }
    }

    pub(crate) fn retry(status: StatusCode, code: &'static str, detail: impl Into<String>, ms: u64) -> Self {
        Self { retry_ms: Some(ms), ..Self::new(status, code, detail) }
    }

    /// Who asks must sign in with a bearer token.
    pub(crate) fn unauthorized(detail: impl Into<String>) -> Self {
        let problem = Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail);
        problem.with((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
    }

    /// With a header that says more.
    pub(crate) fn with(self, header: (HeaderName, HeaderValue)) -> Self {
        Self { header: Some(Box::new(header)), ..self }
    }

    pub(crate) fn response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if let Some(header) = &self.header {
            response.insert_header((**header).clone());
        }
        if let Some(ms) = self.retry_ms {
            response.insert_header((RETRY_AFTER, ms.div_ceil(1000)));
        }
        response.insert_header((CACHE_CONTROL, "no-store")).content_type("application/problem+json");
        let body = json!({
            "type": "about:blank", "title": self.status.canonical_reason(), "status": self.status.as_u16(),
            "code": self.code, "detail": self.detail, "retry_ms": self.retry_ms,
        });
        response.body(body.to_string())
    }

    /// Too much came; nothing was done.
    pub(crate) fn limited(limited: Limited) -> Self {
        Self::retry(StatusCode::TOO_MANY_REQUESTS, "limited", limited.to_string(), limited.retry_ms())
    }

    /// A chat may not start.
    pub(crate) fn denied(denied: Denied) -> Self {
        match denied {
            Denied::Limited(limited) => Self::limited(limited),
            Denied::Full { retry_ms } => {
                Self::retry(StatusCode::SERVICE_UNAVAILABLE, "full_node", denied.to_string(), retry_ms)
            }
        }
    }

    /// A call that was not carried out.
    pub(crate) fn of_call(error: CallError, detail: String) -> Self {
        let reject = match error {
            CallError::Rejected(reject) => reject,
            CallError::Again => return Self::retry(StatusCode::SERVICE_UNAVAILABLE, "again", detail, 1_000),
            CallError::Busy => return Self::retry(StatusCode::SERVICE_UNAVAILABLE, "busy", detail, 1_000),
            CallError::Unknown => return Self::new(StatusCode::GATEWAY_TIMEOUT, "unknown", detail),
        };
        match reject {
            Reject::Unknown | Reject::WrongKey | Reject::NoClaim => {
                Self::new(StatusCode::NOT_FOUND, "unknown_chat", detail)
            }
            Reject::Ended => Self::new(StatusCode::CONFLICT, "ended", detail),
            Reject::File(FileReject::Unknown) => Self::new(StatusCode::NOT_FOUND, "unknown_file", detail),
            Reject::File(FileReject::TooLarge { .. }) => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
            }
            Reject::File(FileReject::TooMany { .. }) => Self::new(StatusCode::CONFLICT, "too_many", detail),
            Reject::File(FileReject::NotShown) => Self::new(StatusCode::CONFLICT, "not_shown", detail),
            Reject::WindowClosed { .. } => Self::new(StatusCode::CONFLICT, "window_closed", detail),
            Reject::File(FileReject::Off) => Self::new(StatusCode::FORBIDDEN, "files_off", detail),
            Reject::File(FileReject::NeedsAgent) => Self::new(StatusCode::CONFLICT, "needs_agent", detail),
            Reject::Quarantined => Self::retry(StatusCode::SERVICE_UNAVAILABLE, "again", detail, 1_000),
            _ => Self::new(StatusCode::FORBIDDEN, "refused", detail),
        }
    }
}

/// What kept a body from coming.
impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        let code = match error {
            BodyError::Slow => "incomplete",
            BodyError::Large(_) => "too_large",
            _ => "bad_request",
        };
        Self::new(error.status(), code, error.to_string())
    }
}
