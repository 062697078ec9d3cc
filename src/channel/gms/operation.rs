//! What a call asks for, read from its form: all checks that need no session.

use super::fault::{FIRST_NAME_REQUIRED, Fault, INVALID_EMAIL, LAST_NAME_REQUIRED, NICKNAME_REQUIRED};
use crate::gateway::form::Form;
use crate::gateway::given::Given;
use crate::gateway::metrics::OperationLabel;
use crate::gateway::starting::{
    Field, NICKNAME_BYTES_MAX, START_ID_CHARS_MAX, START_ID_CHARS_MIN, Start, StartError,
};
use crate::gateway::{GatewayOptions, identity};
use handoff_chat::command::Act;
use std::collections::BTreeMap;

/// Longest `clientMessageId` of a message.
pub const MESSAGE_ID_CHARS_MAX: usize = 48;
pub(super) const MESSAGE_TYPE_BYTES_MAX: usize = 64;

/// An operation within a chat, with its fields read.
#[derive(Clone, PartialEq)]
pub enum OperationFields {
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
        /// How long it waits for news, in milliseconds; 0: it does not. When given.
        wait_ms: Option<u64>,
    },
    /// The customer types.
    StartTyping {
        /// What the customer has typed so far.
        preview: Option<String>,
    },
    /// The customer no longer types.
    StopTyping {
        /// What the customer had typed when they stopped.
        preview: Option<String>,
    },
    /// The customer leaves.
    Disconnect,
    /// A notice of whatever kind.
    Notice {
        /// What the session is asked to do.
        act: Act,
        /// Makes a retry safe.
        client_id: Option<String>,
    },
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
    /// `pushUrl`
    PushUrl,
    /// `updateNickname`
    UpdateNickname,
    /// `updateData`
    UpdateData,
    /// `customNotice`
    CustomNotice,
    /// `readReceipt`
    ReadReceipt,
}

/// Each by its name in the path.
pub(crate) const OPERATIONS: [(&str, Operation); 10] = [
    ("send", Operation::Send),
    ("refresh", Operation::Refresh),
    ("startTyping", Operation::StartTyping),
    ("stopTyping", Operation::StopTyping),
    ("disconnect", Operation::Disconnect),
    ("pushUrl", Operation::PushUrl),
    ("updateNickname", Operation::UpdateNickname),
    ("updateData", Operation::UpdateData),
    ("customNotice", Operation::CustomNotice),
    ("readReceipt", Operation::ReadReceipt),
];

impl Operation {
    /// By its name in the path.
    pub fn named(name: &str) -> Option<Self> {
        OPERATIONS.into_iter().find_map(|(known, operation)| (known == name).then_some(operation))
    }

    pub(crate) fn label(self) -> OperationLabel {
        match self {
            Self::Send => OperationLabel::send,
            Self::Refresh => OperationLabel::refresh,
            Self::StartTyping => OperationLabel::start_typing,
            Self::StopTyping => OperationLabel::stop_typing,
            Self::Disconnect => OperationLabel::disconnect,
            Self::PushUrl => OperationLabel::push_url,
            Self::UpdateNickname => OperationLabel::update_nickname,
            Self::UpdateData => OperationLabel::update_data,
            Self::CustomNotice => OperationLabel::custom_notice,
            Self::ReadReceipt => OperationLabel::read_receipt,
        }
    }

    /// Reads the operation's own parameters; all others are ignored.
    ///
    /// # Errors
    /// [`Fault::Refused`] with what is wrong.
    pub fn read(self, form: &Form, field_bytes_max: usize) -> Result<OperationFields, Fault> {
        let preview = || form.value("message").map(str::to_owned);
        Ok(match self {
            Self::Send => OperationFields::Send {
                text: preview().ok_or_else(|| Fault::refused(400, "message is required"))?,
                message_type: bounded(form, "messageType", MESSAGE_TYPE_BYTES_MAX)?,
                position: position(form)?,
                client_id: client_id(form)?,
            },
            Self::Refresh => OperationFields::Refresh {
                position: position(form)?.unwrap_or(1),
                preview: preview(),
                wait_ms: whole(form, "waitMs")?,
            },
            Self::StartTyping => OperationFields::StartTyping { preview: preview() },
            Self::StopTyping => OperationFields::StopTyping { preview: preview() },
            Self::Disconnect => OperationFields::Disconnect,
            Self::PushUrl
            | Self::UpdateNickname
            | Self::UpdateData
            | Self::CustomNotice
            | Self::ReadReceipt => OperationFields::Notice {
                act: self.notice(form, field_bytes_max)?,
                client_id: client_id(form)?,
            },
        })
    }

    fn notice(self, form: &Form, field_bytes_max: usize) -> Result<Act, Fault> {
        let wanted = |name: &str, code| {
            let value = bounded(form, name, field_bytes_max)?;
            value.ok_or_else(|| Fault::refused(code, format!("{name} is required")))
        };
        Ok(match self {
            Self::PushUrl => Act::PushUrl { url: wanted("pushUrl", 400)? },
            Self::UpdateNickname => {
                let nickname = wanted("nickname", NICKNAME_REQUIRED)?;
                if nickname.len() > NICKNAME_BYTES_MAX {
                    let advice = format!("nickname is longer than {NICKNAME_BYTES_MAX} bytes");
                    return Err(Fault::refused(400, advice));
                }
                Act::Rename { nickname }
            }
            Self::UpdateData => Act::Attach { data: data(form, field_bytes_max)? },
            Self::ReadReceipt => Act::MarkRead {
                position: position(form)?
                    .ok_or_else(|| Fault::refused(400, "transcriptPosition is required"))?,
            },
            _ => Act::CustomNotice {
                text: form.value("message").map(str::to_owned).unwrap_or_default(),
                notice_type: bounded(form, "messageType", MESSAGE_TYPE_BYTES_MAX)?,
            },
        })
    }
}

fn data(form: &Form, field_bytes_max: usize) -> Result<BTreeMap<String, String>, Fault> {
    let mut data = form.user_data();
    identity::strip(&mut data);
    if data.values().any(|value| value.len() > field_bytes_max) {
        return Err(Fault::refused(400, format!("userData is longer than {field_bytes_max} bytes")));
    }
    Ok(data)
}

/// Reads and checks the parameters of request chat.
///
/// # Errors
/// [`Fault::Refused`] with GMS's number of what is missing or wrong.
pub fn read_start(form: &Form, options: &GatewayOptions) -> Result<Start, Fault> {
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
        verified: false,
    };
    Start::check(given, options).map_err(|error| match error {
        StartError::Missing(Field::FirstName) => {
            Fault::refused(FIRST_NAME_REQUIRED, "firstName is required where nickname is not given")
        }
        StartError::Missing(Field::LastName) => {
            Fault::refused(LAST_NAME_REQUIRED, "lastName is required where nickname is not given")
        }
        StartError::Missing(_) => {
            Fault::refused(NICKNAME_REQUIRED, "nickname is required (or firstName and lastName)")
        }
        StartError::Identity(error) => Fault::refused(401, error.to_string()),
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

/// The position that a form names.
///
/// # Errors
/// [`Fault::Refused`] where it is no number.
pub fn position(form: &Form) -> Result<Option<u64>, Fault> {
    whole(form, "transcriptPosition")
}

/// A number beyond all numbers is the largest: a position beyond the end.
fn whole(form: &Form, name: &str) -> Result<Option<u64>, Fault> {
    let Some(given) = form.value(name).map(str::trim) else { return Ok(None) };
    if !given.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::refused(400, format!("{name} must be a whole number from 0 on")));
    }
    Ok(Some(given.parse().unwrap_or(u64::MAX)))
}

/// What makes a repeat safe.
pub(super) fn client_id(form: &Form) -> Result<Option<String>, Fault> {
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
