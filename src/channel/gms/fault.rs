//! Everything that a call can be answered but success, with the wire's numbers.

use crate::gateway::admission::{Denied, Limited};
use crate::gateway::form::BodyError;
use crate::gateway::metrics::OutcomeLabel;
use crate::ports::CallError;
use actix_web::http::StatusCode;
use handoff_chat::command::Reject;
use handoff_chat::file::FileReject;
use thiserror::Error;

/// GMS: first name required.
pub const FIRST_NAME_REQUIRED: u16 = 102;
/// GMS: last name required.
pub const LAST_NAME_REQUIRED: u16 = 103;
/// GMS: nickname required.
pub const NICKNAME_REQUIRED: u16 = 161;
/// GMS: too many files; the advice is the most that are allowed.
pub const TOO_MANY_FILES: u16 = 201;
/// GMS: the files are too large; the advice is the most bytes that are allowed.
pub const FILES_TOO_LARGE: u16 = 202;
/// GMS: files of this type are not allowed.
pub const FILE_TYPE: u16 = 203;
/// GMS: message too long.
pub const MESSAGE_TOO_LONG: u16 = 204;
/// GMS: the chat cannot start now.
pub const CANNOT_START: u16 = 240;
/// GMS: the media server was not able to execute the request.
pub const NOT_EXECUTED: u16 = 249;
/// GMS: invalid e-mail address.
pub const INVALID_EMAIL: u16 = 364;

/// Why a call is not answered with success. What GMS has no number for is numbered like HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// The request itself is wrong: HTTP 400. A repeat does not help.
    #[error("{advice}")]
    Refused {
        /// For `errors[].code`.
        code: u16,
        /// For `errors[].advice`.
        advice: String,
    },
    /// No such session, no longer, or a key that is not its own: clients take it as the end.
    #[error("no such session for this key: {0}")]
    Dead(&'static str),
    /// Nothing was done, or a repeat is harmless: clients come again.
    #[error("not served at the moment, try again")]
    Again,
    /// Held to the deadline, and it is not known whether it was done: HTTP 504.
    #[error("no answer in time, and it is not known whether the request was carried out")]
    Unknown,
    /// HTTP 404: no such service.
    #[error("no such service")]
    Service,
    /// HTTP 404: no such operation.
    #[error("no such resource or operation")]
    Operation,
    /// HTTP 405.
    #[error("use POST")]
    Method,
    /// The request's body can't be taken.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// HTTP 429: too many calls of this address, service or chat.
    #[error(transparent)]
    Limited(#[from] Limited),
    /// HTTP 400 with GMS's number: the node has as many chats as it may.
    #[error("the chat cannot start now, try again in {retry_ms} ms")]
    Full {
        /// When to try again.
        retry_ms: u64,
    },
    /// HTTP 404: no such file, or not for this customer.
    #[error("no such file")]
    File,
    /// HTTP 503: files can't be stored, read or looked through.
    #[error("{0}")]
    Files(String),
    /// HTTP 503: the operating system gives no random bits.
    #[error("no random numbers to be had, try again")]
    Random,
}

impl Fault {
    /// A wrong request.
    pub fn refused(code: u16, advice: impl Into<String>) -> Self {
        Self::Refused { code, advice: advice.into() }
    }

    /// Of a command whose repeat is safe (`repeatable`) or not.
    pub fn from_call(error: CallError, repeatable: bool) -> Self {
        match error {
            CallError::Again | CallError::Busy => Self::Again,
            CallError::Unknown if repeatable => Self::Again,
            CallError::Unknown => Self::Unknown,
            CallError::Rejected(reject) => reject.into(),
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Dead(_) | Self::Again => StatusCode::OK,
            Self::Refused { .. } | Self::Full { .. } => StatusCode::BAD_REQUEST,
            Self::Body(error) => error.status(),
            Self::Limited(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unknown => StatusCode::GATEWAY_TIMEOUT,
            Self::Service | Self::Operation | Self::File => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Random | Self::Files(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// For `errors[].code`.
    pub fn code(&self) -> u16 {
        match self {
            Self::Refused { code, .. } => *code,
            Self::Dead(_) => NOT_EXECUTED,
            Self::Full { .. } => CANNOT_START,
            Self::Body(BodyError::FieldBytes) => 413,
            other => other.status().as_u16(),
        }
    }

    /// When a client may try again that is told to wait, in milliseconds.
    pub fn retry_ms(&self) -> Option<u64> {
        match self {
            Self::Limited(limited) => Some(limited.retry_ms()),
            Self::Full { retry_ms } => Some(*retry_ms),
            _ => None,
        }
    }

    /// How it is counted.
    pub(crate) fn outcome(&self) -> OutcomeLabel {
        match self {
            Self::Dead(_) => OutcomeLabel::dead,
            Self::Again => OutcomeLabel::again,
            Self::Unknown => OutcomeLabel::unknown,
            Self::Limited(_) | Self::Full { .. } => OutcomeLabel::limited,
            _ => OutcomeLabel::refused,
        }
    }
}

impl From<Denied> for Fault {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Limited(limited) => limited.into(),
            Denied::Full { retry_ms } => Self::Full { retry_ms },
        }
    }
}

impl From<Reject> for Fault {
    fn from(reject: Reject) -> Self {
        match reject {
            Reject::Unknown => Self::Dead("unknown session"),
            Reject::WrongKey => Self::Dead("wrong key"),
            Reject::Ended => Self::Dead("the chat has ended"),
            Reject::TooLong { .. } => Self::refused(MESSAGE_TOO_LONG, reject.to_string()),
            Reject::Full { .. } => Self::refused(NOT_EXECUTED, reject.to_string()),
            Reject::IdInUse => Self::refused(400, "this clientMessageId was used before for something else"),
            // It comes back with the shard's next owner: not the end.
            Reject::Quarantined => Self::Again,
            Reject::NotAllowed => Self::refused(400, "a customer may not do this"),
            Reject::Rich(reject) => Self::refused(400, reject.to_string()),
            Reject::File(reject) => match reject {
                FileReject::Off => Self::refused(TOO_MANY_FILES, "0"),
                FileReject::TooMany { files_max } => Self::refused(TOO_MANY_FILES, files_max.to_string()),
                FileReject::TooLarge { bytes_max } => Self::refused(FILES_TOO_LARGE, bytes_max.to_string()),
                FileReject::Unknown => Self::File,
                FileReject::NeedsAgent | FileReject::NoMoreDownloads { .. } | FileReject::NotShown => {
                    Self::refused(400, reject.to_string())
                }
            },
            // What this interface never asks for.
            Reject::Expected { .. }
            | Reject::NoClaim
            | Reject::NotSignedIn
            | Reject::HasChats
            | Reject::NotYet { .. }
            | Reject::Rating(_)
            | Reject::WindowClosed { .. } => Self::refused(400, reject.to_string()),
        }
    }
}
