//! Why a command of a native socket is not carried out, in the words of its clients.

use crate::gateway::admission::{Denied, Limited};
use crate::gateway::prechat::FormFault;
use crate::gateway::socket::metrics::CommandLabel;
use crate::gateway::starting::{Field, OpenError, StartError};
use crate::ports::CallError;
use handoff_chat::command::Reject;
use handoff_chat::rating::RatingReject;
use handoff_chat::rich::RichReject;
use schemars::JsonSchema;
use serde::Serialize;

/// Why a command is answered `ok: false`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Error")]
pub(crate) struct Failure {
    code: Code,
    /// A sentence in English.
    message: String,
    /// Whether the same command may be given again.
    retry: bool,
    #[serde(flatten)]
    details: Box<Details>,
}

/// What a program can tell failures apart by. Codes may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ErrorCode")]
pub(crate) enum Code {
    /// The frame is not a command of this socket, or a field is wrong.
    BadCommand,
    /// Not served at the moment (a takeover): give the same command again.
    Again,
    /// Too much waits: give the same command again later.
    Busy,
    /// Too many commands of this address, chat or service; nothing was done. Again after `retry_ms`.
    Limited,
    /// The node takes no more chats at the moment: again after `retry_ms`, or at another node.
    FullNode,
    /// The text is longer than `bytes_max`.
    TooLong,
    /// The chat has as many events as it may, `events_max`.
    Full,
    /// The chat has ended.
    Ended,
    /// There is no such chat.
    UnknownChat,
    /// There is no such service.
    UnknownService,
    /// The id or number was used before for something else.
    IdInUse,
    /// This may not be done here.
    NotAllowed,
    /// No answer came in time, and it may have been carried out. Of customers: a start without `client_id`.
    Unknown,
    /// Customers alone: the key is not one of this chat.
    WrongKey,
    /// Customers alone: the number is not the next, `expected`. Numbers are 1, 2, 3 and so on in a chat, over all
    /// sockets and runs; a refusal takes none.
    Expected,
    /// Customers alone: start or resume a chat first.
    NotStarted,
    /// Agents alone: sign in first.
    NotSignedIn,
    /// Agents alone: name and password or token do not fit.
    WrongPassword,
    /// Agents alone: the token was right and its time is over: sign in with the password.
    TokenExpired,
    /// Agents alone: too many wrong passwords (docs/admission.md): wait `retry_ms`.
    SlowDown,
    /// Agents alone: the offer or chat is not theirs, or no longer.
    NoClaim,
    /// Agents alone: signing out has to wait until the chats are over.
    HasChats,
    /// Agents alone: it fits no schema of rich messages.
    BadRich,
    /// Customers alone: there is no question, or it was answered.
    NoQuestion,
    /// Customers alone: the answer does not fit the question.
    Misfit,
    /// Agents alone: the customer can't be answered until they write again; `closed_at`: since when.
    WindowClosed,
    /// A file is not taken. Files go over HTTP (docs/files.md).
    File,
    /// Customers alone: the service asks for `field` before a chat, and it was not given (docs/services.md).
    MissingField,
    /// Customers alone: `field` is not what it must be.
    BadField,
    /// Customers alone: the service asks for consent before a chat.
    NoConsent,
    /// Customers alone: a chat can be rated when it has ended.
    NotEnded,
    /// Customers alone: the chat was rated already.
    Rated,
    /// Customers alone: the service takes no ratings.
    NoRatings,
}

/// What some codes come with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub(crate) struct Details {
    /// Of `missing_field` and `bad_field`: the field, as it is given; attached data as `user_data.KEY`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub(crate) field: Option<String>,
    /// Of `too_long`: the longest text, in bytes of UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32")]
    pub(crate) bytes_max: Option<u32>,
    /// Of `full`: the most events of a chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32")]
    pub(crate) events_max: Option<u32>,
    /// Of `expected`: the number that is taken next.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub(crate) expected: Option<u64>,
    /// Of `limited`, `full_node` and `slow_down`: when to try again, in milliseconds from now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub(crate) retry_ms: Option<u64>,
    /// Of `window_closed`, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    pub(crate) closed_at: Option<i64>,
}

impl Failure {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry: false, details: Box::default() }
    }

    /// The frame is not a command of this socket.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(Code::BadCommand, message)
    }

    /// To be tried again.
    pub(crate) fn retry(code: Code, message: impl Into<String>) -> Self {
        Self { retry: true, ..Self::new(code, message) }
    }

    pub(crate) fn with(self, details: Details) -> Self {
        Self { details: Box::new(details), ..self }
    }

    pub(crate) fn retry_in(self, retry_ms: u64) -> Self {
        self.with(Details { retry_ms: Some(retry_ms), ..Details::default() })
    }

    pub(crate) fn label(&self) -> CommandLabel {
        if self.retry { CommandLabel::again } else { CommandLabel::refused }
    }
}

impl From<Reject> for Failure {
    fn from(reject: Reject) -> Self {
        let message = reject.to_string();
        match reject {
            Reject::Unknown => Self::new(Code::UnknownChat, message),
            Reject::WrongKey => Self::new(Code::WrongKey, message),
            Reject::Ended => Self::new(Code::Ended, message),
            Reject::TooLong { bytes_max } => Self::new(Code::TooLong, message)
                .with(Details { bytes_max: Some(bytes_max), ..Details::default() }),
            Reject::Full { events_max } => Self::new(Code::Full, message)
                .with(Details { events_max: Some(events_max), ..Details::default() }),
            Reject::Expected { next } => Self::new(Code::Expected, message)
                .with(Details { expected: Some(next), ..Details::default() }),
            Reject::NoClaim => Self::new(Code::NoClaim, message),
            Reject::HasChats => Self::new(Code::HasChats, message),
            Reject::NotSignedIn => Self::new(Code::NotSignedIn, message),
            Reject::IdInUse => {
                Self::new(Code::IdInUse, "the id or number was used before for something else")
            }
            Reject::NotAllowed | Reject::NotYet { .. } => Self::new(Code::NotAllowed, message),
            Reject::Rich(reject) => Self::new(
                match reject {
                    RichReject::Wrong(_) => Code::BadRich,
                    RichReject::NoQuestion => Code::NoQuestion,
                    RichReject::Misfit(_) => Code::Misfit,
                },
                message,
            ),
            Reject::WindowClosed { closed_at, .. } => {
                let closed_at = closed_at.map(|at| at.0);
                Self::new(Code::WindowClosed, message).with(Details { closed_at, ..Details::default() })
            }
            Reject::Rating(reject) => Self::new(
                match reject {
                    RatingReject::Off => Code::NoRatings,
                    RatingReject::TooEarly => Code::NotEnded,
                    RatingReject::Rated => Code::Rated,
                    RatingReject::Wrong => Code::BadCommand,
                },
                message,
            ),
            // Files go over HTTP.
            Reject::File(_) => Self::new(Code::File, message),
            // It comes back with the shard's next owner.
            Reject::Quarantined => Self::retry(Code::Again, message),
        }
    }
}

impl From<Limited> for Failure {
    fn from(limited: Limited) -> Self {
        Self::retry(Code::Limited, limited.to_string()).retry_in(limited.retry_ms())
    }
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Limited(limited) => limited.into(),
            Denied::Full { retry_ms } => Self::retry(Code::FullNode, denied.to_string()).retry_in(retry_ms),
        }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let message = error.to_string();
        match error {
            CallError::Rejected(reject) => reject.into(),
            CallError::Again => Self::retry(Code::Again, message),
            CallError::Busy => Self::retry(Code::Busy, message),
            CallError::Unknown => Self::new(Code::Unknown, message),
        }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Random => Self::retry(Code::Again, error.to_string()),
            OpenError::Denied(denied) => denied.into(),
            OpenError::Call(error) => error.into(),
        }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let message = error.to_string();
        let (code, field) = match error {
            StartError::Missing(field) => (Code::MissingField, field.to_string()),
            StartError::TooLong(field, _) => (Code::BadField, field.to_string()),
            StartError::Email => (Code::BadField, Field::Email.to_string()),
            StartError::Identity(_) | StartError::ClientId => return Self::bad(message),
        };
        Self::new(code, message).with(Details { field: Some(field), ..Details::default() })
    }
}

impl From<FormFault> for Failure {
    fn from(fault: FormFault) -> Self {
        let message = fault.to_string();
        let (code, field) = match fault {
            FormFault::Missing(field) => (Code::MissingField, Some(field)),
            FormFault::Misfit(field, _) => (Code::BadField, Some(field)),
            FormFault::NoConsent => (Code::NoConsent, None),
        };
        Self::new(code, message).with(Details { field, ..Details::default() })
    }
}
