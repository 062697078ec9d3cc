//! What a call asks for, read from its form: all checks that need no session.

use super::fault::{FIRST_NAME_REQUIRED, Fault, INVALID_EMAIL, LAST_NAME_REQUIRED, NICKNAME_REQUIRED};
use super::form::Form;
use crate::gateway::metrics::OperationLabel;
use std::collections::BTreeMap;

/// Shortest `clientMessageId` of a start. Whoever knows it can be given the chat's key, so it must be
/// unguessable.
pub const START_ID_CHARS_MIN: usize = 16;
/// Longest `clientMessageId` of a start.
pub const START_ID_CHARS_MAX: usize = 64;
/// Longest `clientMessageId` of a message.
pub const MESSAGE_ID_CHARS_MAX: usize = 48;
const EMAIL_BYTES_MAX: usize = 254;
const NICKNAME_BYTES_MAX: usize = 256;
const MESSAGE_TYPE_BYTES_MAX: usize = 64;
const ZONE_MINUTES_MAX: i32 = 24 * 60;

/// Request chat, as given and checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Start {
    /// Given, or first and last name.
    pub nickname: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// May be empty.
    pub email: String,
    /// May be empty.
    pub subject: String,
    /// A first message.
    pub text: Option<String>,
    /// Attached data.
    pub user_data: BTreeMap<String, String>,
    /// `userData[TimeZone]`; 0 where it is missing or no number.
    pub time_zone_offset_minutes: i32,
    /// Makes a retry give the same chat.
    pub client_id: Option<String>,
}

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
                client_id: client_id(form, 1, MESSAGE_ID_CHARS_MAX)?,
            },
            Self::Refresh => Call::Refresh { position: position(form)?.unwrap_or(1), preview: preview() },
            Self::StartTyping => Call::StartTyping { preview: preview() },
            Self::StopTyping => Call::StopTyping { preview: preview() },
            Self::Disconnect => Call::Disconnect,
        })
    }
}

impl Start {
    /// Reads and checks the parameters of request chat.
    ///
    /// # Errors
    /// [`Fault::Refused`] with GMS's number of what is missing or wrong.
    pub fn read(form: &Form, field_bytes_max: usize) -> Result<Self, Fault> {
        let text = |name| bounded(form, name, field_bytes_max).map(Option::unwrap_or_default);
        let (first_name, last_name) = (text("firstName")?, text("lastName")?);
        let nickname = match bounded(form, "nickname", NICKNAME_BYTES_MAX)? {
            Some(given) => given,
            None => full_name(&first_name, &last_name)?,
        };
        let email = text("emailAddress")?;
        if !email.is_empty() && !is_email(email.trim()) {
            return Err(Fault::refused(INVALID_EMAIL, "invalid e-mail address"));
        }
        let user_data = form.user_data();
        if let Some(key) =
            user_data.iter().find(|(_, value)| value.len() > field_bytes_max).map(|(key, _)| key)
        {
            let advice = format!("userData[{}] is longer than {field_bytes_max} bytes", clip(key));
            return Err(Fault::refused(400, advice));
        }
        let zone = user_data.get("TimeZone").and_then(|minutes| minutes.trim().parse::<i32>().ok());
        Ok(Self {
            nickname,
            first_name,
            last_name,
            email: email.trim().to_owned(),
            subject: text("subject")?,
            text: form.value("text").map(str::to_owned),
            time_zone_offset_minutes: zone.unwrap_or(0).clamp(-ZONE_MINUTES_MAX, ZONE_MINUTES_MAX),
            user_data,
            client_id: client_id(form, START_ID_CHARS_MIN, START_ID_CHARS_MAX)?,
        })
    }
}

fn full_name(first: &str, last: &str) -> Result<String, Fault> {
    match (first.trim(), last.trim()) {
        ("", "") => {
            Err(Fault::refused(NICKNAME_REQUIRED, "nickname is required (or firstName and lastName)"))
        }
        ("", _) => {
            Err(Fault::refused(FIRST_NAME_REQUIRED, "firstName is required where nickname is not given"))
        }
        (_, "") => {
            Err(Fault::refused(LAST_NAME_REQUIRED, "lastName is required where nickname is not given"))
        }
        (first, last) => Ok(format!("{first} {last}")),
    }
}

/// Something before an `@`, a domain after it, no blanks: the rest is the mail system's to judge.
fn is_email(text: &str) -> bool {
    let plain = |part: &str| {
        !part.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ','))
    };
    let domain = |part: &str| !part.contains('@') && !part.split('.').any(str::is_empty);
    text.len() <= EMAIL_BYTES_MAX
        && text.rsplit_once('@').is_some_and(|(local, host)| {
            !local.is_empty() && plain(local) && plain(host) && !local.contains('@') && domain(host)
        })
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

fn client_id(form: &Form, chars_min: usize, chars_max: usize) -> Result<Option<String>, Fault> {
    let Some(given) = form.value("clientMessageId") else { return Ok(None) };
    let fits =
        (chars_min..=chars_max).contains(&given.len()) && given.bytes().all(|byte| byte.is_ascii_graphic());
    if fits {
        return Ok(Some(given.to_owned()));
    }
    let why = if chars_min > 1 {
        "; it must be unguessable, for it opens the chat to whoever repeats it"
    } else {
        ""
    };
    let advice =
        format!("clientMessageId must have {chars_min} to {chars_max} printable ASCII characters{why}");
    Err(Fault::refused(400, advice))
}

fn clip(key: &str) -> &str {
    key.char_indices().nth(32).map_or(key, |(end, _)| &key[..end])
}
