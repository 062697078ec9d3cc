//! What a call asks for, read from its form: all checks that need no session.

use super::fault::{FIRST_NAME_REQUIRED, Fault, INVALID_EMAIL, LAST_NAME_REQUIRED, NICKNAME_REQUIRED};
use super::form::Form;
use crate::gateway::metrics::OperationLabel;
use crate::gateway::opening::{Field, Given, START_ID_CHARS_MAX, START_ID_CHARS_MIN, Start, StartError};

/// Longest `clientMessageId` of a message.
pub const MESSAGE_ID_CHARS_MAX: usize = 48;
const MESSAGE_TYPE_BYTES_MAX: usize = 64;

/// A call within a chat.
#[derive(Clone, PartialEq, Eq)]
pub enum Call {
    /// Post a message.
    Send {
        /// As given.
        text: String,
        /// When given.
        message_type: Option<String>,
        /// When given, the reply carries the events from there on.
        position: Option<u64>,
        /// Makes a retry safe.
        client_id: Option<String>,
    },
    /// Read.
    Refresh {
        /// 0: none, 1: all, n: from there on.
        position: u64,
        /// What the customer has typed so far.
        preview: Option<String>,
    },
    /// The customer types.
    StartTyping {
        /// What so far.
        preview: Option<String>,
    },
    /// No longer.
    StopTyping {
        /// What so far.
        preview: Option<String>,
    },
    /// The customer leaves.
    Disconnect,
}

/// The operations below `/{service}/{chatId}/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `send`
    Send,
    /// `refresh`
    Refresh,
    /// `startTyping`
    StartTyping,
    /// `stopTyping`
    StopTyping,
    /// `disconnect`
    Disconnect,
}

impl Operation {
    /// By its name in the path.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "send" => Self::Send,
            "refresh" => Self::Refresh,
            "startTyping" => Self::StartTyping,
            "stopTyping" => Self::StopTyping,
            "disconnect" => Self::Disconnect,
            _ => return None,
        })
    }

    pub(crate) fn label(self) -> OperationLabel {
        match self {
            Self::Send => OperationLabel::send,
            Self::Refresh => OperationLabel::refresh,
            Self::StartTyping => OperationLabel::start_typing,
            Self::StopTyping => OperationLabel::stop_typing,
            Self::Disconnect => OperationLabel::disconnect,
        }
    }

    /// Reads the operation's own parameters; all others are ignored.
    ///
    /// # Errors
    /// [`Fault::Refused`] with what is wrong.
    pub fn read(self, form: &Form) -> Result<Call, Fault> {
        let preview = || form.value("message").map(str::to_owned);
        Ok(match self {
            Self::Send => Call::Send {
                text: preview().ok_or_else(|| Fault::refused(400, "message is required"))?,
                message_type: bounded(form, "messageType", MESSAGE_TYPE_BYTES_MAX)?,
                position: position(form)?,
                client_id: client_id(form)?,
            },
            Self::Refresh => Call::Refresh { position: position(form)?.unwrap_or(1), preview: preview() },
            Self::StartTyping => Call::StartTyping { preview: preview() },
            Self::StopTyping => Call::StopTyping { preview: preview() },
            Self::Disconnect => Call::Disconnect,
        })
    }
}

/// Reads and checks the parameters of request chat.
///
/// # Errors
/// [`Fault::Refused`] with GMS's number of what is missing or wrong.
pub fn read_start(form: &Form, field_bytes_max: usize) -> Result<Start, Fault> {
    let text = |name| form.value(name).map(str::to_owned);
    let given = Given {
        nickname: text("nickname"),
        first_name: text("firstName"),
        last_name: text("lastName"),
        email: text("emailAddress"),
        subject: text("subject"),
        text: text("text"),
        user_data: form.user_data(),
        client_id: text("clientMessageId"),
    };
    Start::check(given, field_bytes_max).map_err(|error| match error {
        StartError::Missing(Field::FirstName) => {
            Fault::refused(FIRST_NAME_REQUIRED, "firstName is required where nickname is not given")
        }
        StartError::Missing(Field::LastName) => {
            Fault::refused(LAST_NAME_REQUIRED, "lastName is required where nickname is not given")
        }
        StartError::Missing(_) => {
            Fault::refused(NICKNAME_REQUIRED, "nickname is required (or firstName and lastName)")
        }
        StartError::Email => Fault::refused(INVALID_EMAIL, "invalid e-mail address"),
        StartError::TooLong(field, bytes_max) => {
            Fault::refused(400, format!("{} is longer than {bytes_max} bytes", named(&field)))
        }
        StartError::ClientId => wrong_id(START_ID_CHARS_MIN, START_ID_CHARS_MAX),
    })
}

fn named(field: &Field) -> String {
    match field {
        Field::Nickname => "nickname".to_owned(),
        Field::FirstName => "firstName".to_owned(),
        Field::LastName => "lastName".to_owned(),
        Field::Email => "emailAddress".to_owned(),
        Field::Subject => "subject".to_owned(),
        Field::UserData(key) => format!("userData[{key}]"),
    }
}

fn bounded(form: &Form, name: &str, bytes_max: usize) -> Result<Option<String>, Fault> {
    match form.value(name) {
        Some(value) if value.len() > bytes_max => {
            Err(Fault::refused(400, format!("{name} is longer than {bytes_max} bytes")))
        }
        value => Ok(value.map(str::to_owned)),
    }
}

/// A number beyond all positions is a position beyond the end.
fn position(form: &Form) -> Result<Option<u64>, Fault> {
    let Some(given) = form.value("transcriptPosition").map(str::trim) else { return Ok(None) };
    if !given.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::refused(400, "transcriptPosition must be a whole number from 0 on"));
    }
    Ok(Some(given.parse().unwrap_or(u64::MAX)))
}

fn client_id(form: &Form) -> Result<Option<String>, Fault> {
    let Some(given) = form.value("clientMessageId") else { return Ok(None) };
    let fits = (1..=MESSAGE_ID_CHARS_MAX).contains(&given.len())
        && given.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(Some(given.to_owned())) } else { Err(wrong_id(1, MESSAGE_ID_CHARS_MAX)) }
}

fn wrong_id(chars_min: usize, chars_max: usize) -> Fault {
    let why = if chars_min > 1 {
        "; it must be unguessable, for it opens the chat to whoever repeats it"
    } else {
        ""
    };
    let advice =
        format!("clientMessageId must have {chars_min} to {chars_max} printable ASCII characters{why}");
    Fault::refused(400, advice)
}
