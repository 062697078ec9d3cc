//! How a chat is started, by whatever interface: the checks that need no session, and the session's first command.

mod filled;

use super::admission::Denied;
use super::given::Given;
use super::identity::{self, IdentityError};
use super::options::Pulled;
use super::{Gateway, GatewayOptions, ServiceOptions};
use crate::ports::CallError;
use handoff_chat::channel::{Channel, Presence};
use handoff_chat::command::{Act, Answer, Caller, Command, Read};
use handoff_chat::key::{SecureKey, StoredKey, seal, unseal};
use handoff_chat::opening::{Names, Opening, Terms};
use handoff_chat::text::is_blank;
use handoff_chat::{CommandId, EntityId, SessionId};
use handoff_shard::{Call, Done};
use rand::TryRng;
use rand::rngs::SysRng;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;
use thiserror::Error;
use tracing::Span;

/// Shortest start id of a client. Whoever knows it can be given the chat's key, so it must be unguessable.
pub const START_ID_CHARS_MIN: usize = 16;
/// Longest start id of a client.
pub const START_ID_CHARS_MAX: usize = 64;
const EMAIL_BYTES_MAX: usize = 254;
/// Longest nickname, in bytes of UTF-8.
pub const NICKNAME_BYTES_MAX: usize = 256;
const ZONE_MINUTES_MAX: i32 = 24 * 60;
/// A session has one start: its id needs no more than that, and a retry has the same.
const START_ID: &str = "start";
/// The attached data by which customers ask for a chat in which they may come and go for days.
const ASYNC_MODE: &str = "GCTI_Chat_AsyncMode";

/// A start, checked.
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
    /// The customer's first message, with the start; blank is none.
    pub text: Option<String>,
    /// Attached to the chat, by key; what says that the visitor is verified is set by this node alone.
    pub user_data: BTreeMap<String, String>,
    /// From the attached data `TimeZone`; 0 where it is missing or no number.
    pub time_zone_offset_minutes: i32,
    /// Makes a retry give the same chat.
    pub client_id: Option<String>,
    /// Whether the site signed who the customer is.
    pub verified: bool,
}

/// What was given, to be named as the client's interface names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// [`Given::nickname`].
    Nickname,
    /// [`Given::first_name`].
    FirstName,
    /// [`Given::last_name`].
    LastName,
    /// [`Given::email`].
    Email,
    /// [`Given::subject`].
    Subject,
    /// Attached data under this key (cut short).
    UserData(String),
}

/// Why a start is refused before any session is asked, in the words of our own interfaces. A repeat does not help.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StartError {
    /// It must be given (the nickname: or first and last name).
    #[error("{}", missing(.0))]
    Missing(Field),
    /// It is longer than so many bytes of UTF-8.
    #[error("{0} is longer than {1} bytes")]
    TooLong(Field, usize),
    /// It can't be an e-mail address.
    #[error("email is no e-mail address")]
    Email,
    /// Who starts it is not proved.
    #[error(transparent)]
    Identity(IdentityError),
    /// The start id has too few, too many or other than printable ASCII characters.
    #[error(
        "client_id must have {START_ID_CHARS_MIN} to {START_ID_CHARS_MAX} printable ASCII characters, and be \
         unguessable: it opens the chat to whoever repeats it"
    )]
    ClientId,
}

/// As our own interfaces name it.
impl std::fmt::Display for Field {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nickname => out.write_str("nickname"),
            Self::FirstName => out.write_str("first_name"),
            Self::LastName => out.write_str("last_name"),
            Self::Email => out.write_str("email"),
            Self::Subject => out.write_str("subject"),
            Self::UserData(key) => write!(out, "user_data.{key}"),
        }
    }
}

fn missing(field: &Field) -> String {
    match field {
        Field::Nickname => "nickname is required (or first_name and last_name)".to_owned(),
        field => format!("{field} is required where nickname is not given"),
    }
}

impl Start {
    /// Checks what was given.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn check(mut given: Given, options: &GatewayOptions) -> Result<Self, StartError> {
        identity::settle(options.identities.as_deref(), &mut given).map_err(StartError::Identity)?;
        Self::of_settled(given, options)
    }

    /// Checks what a channel gave that vouches for who its customer is.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn of_channel(mut given: Given, options: &GatewayOptions) -> Result<Self, StartError> {
        identity::vouch(&mut given);
        Self::of_settled(given, options)
    }

    fn of_settled(given: Given, options: &GatewayOptions) -> Result<Self, StartError> {
        let field_bytes_max = options.field_bytes_max;
        let text = |value, field| bounded(value, field, field_bytes_max).map(Option::unwrap_or_default);
        let first_name = text(given.first_name, Field::FirstName)?;
        let last_name = text(given.last_name, Field::LastName)?;
        let nickname = match bounded(given.nickname, Field::Nickname, NICKNAME_BYTES_MAX)? {
            Some(given) => given,
            None => full_name(&first_name, &last_name)?,
        };
        let email = text(given.email, Field::Email)?.trim().to_owned();
        if !email.is_empty() && !is_email(&email) {
            return Err(StartError::Email);
        }
        let subject = text(given.subject, Field::Subject)?;
        if let Some((key, _)) = given.user_data.iter().find(|(_, value)| value.len() > field_bytes_max) {
            return Err(StartError::TooLong(Field::UserData(clip(key).to_owned()), field_bytes_max));
        }
        let fits = |id: &String| {
            (START_ID_CHARS_MIN..=START_ID_CHARS_MAX).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if given.client_id.as_ref().is_some_and(|id| !fits(id)) {
            return Err(StartError::ClientId);
        }
        let zone = given.user_data.get("TimeZone").and_then(|minutes| minutes.trim().parse::<i32>().ok());
        Ok(Self {
            nickname,
            first_name,
            last_name,
            email,
            subject,
            text: given.text.filter(|text| !is_blank(text)),
            time_zone_offset_minutes: zone.unwrap_or(0).clamp(-ZONE_MINUTES_MAX, ZONE_MINUTES_MAX),
            user_data: given.user_data,
            client_id: given.client_id,
            verified: given.verified,
        })
    }
}

fn bounded(value: Option<String>, field: Field, bytes_max: usize) -> Result<Option<String>, StartError> {
    match value.filter(|value| !is_blank(value)) {
        Some(value) if value.len() > bytes_max => Err(StartError::TooLong(field, bytes_max)),
        value => Ok(value),
    }
}

fn full_name(first: &str, last: &str) -> Result<String, StartError> {
    match (first.trim(), last.trim()) {
        ("", "") => Err(StartError::Missing(Field::Nickname)),
        ("", _) => Err(StartError::Missing(Field::FirstName)),
        (_, "") => Err(StartError::Missing(Field::LastName)),
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

fn clip(key: &str) -> &str {
    key.char_indices().nth(32).map_or(key, |(end, _)| &key[..end])
}

/// Why a start did not open a session.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenError {
    /// The operating system gives no random bits.
    #[error("no random numbers to be had, try again")]
    Random,
    /// Too many start, or too many are there.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The owner refuses, or can't be reached.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// Where a start comes from.
#[derive(Clone, Copy)]
pub(crate) struct Origin {
    /// The client's address, as far as it is known.
    pub(crate) from: Option<IpAddr>,
    /// The channel that it came over.
    pub(crate) channel: Pulled,
}

/// Opens the session for a customer who reads for themselves, or with a known start id finds the one that it opened
/// before. Answers its key and what the customer sees from the first event on.
///
/// # Errors
/// [`OpenError`]; with a start id a repeat is harmless.
pub(crate) async fn open(
    gateway: &Gateway,
    origin: Origin,
    (name, service): (&str, &ServiceOptions),
    start: Start,
) -> Result<(SecureKey, Done), OpenError> {
    gateway.admission.start(origin.from, name, service.starts_per_minute)?;
    let client_id = start.client_id.clone();
    let session = match &client_id {
        Some(id) => SessionId::from_start_id(name, id),
        None => gateway.sessions.mint(),
    };
    Span::current().record("session", session.0.as_str());
    let mut secret = [0; 16];
    SysRng.try_fill_bytes(&mut secret).map_err(|_| OpenError::Random)?;
    let mut key = SecureKey { session, secret };
    let sealed = client_id.as_ref().map(|id| seal(&key.secret, &key.session, id));
    let channel = pulled(origin.channel, &start, StoredKey { hash: key.hash(), sealed });
    let act = Act::Open(Box::new(opening(start, (name, service), channel)?));
    let command = Command { id: CommandId(START_ID.to_owned()), caller: Caller::key(key.hash()), act };
    let Some(id) = client_id else {
        let done = call(gateway, &key, Some(command), Some(1), false).await?;
        return Ok((key, done));
    };
    // Whose key is valid shows in the answer: a retry is given the first one, and reads with it.
    let done = call(gateway, &key, Some(command), None, true).await?;
    if let Some(sealed) = done.answer.and_then(Answer::chat).and_then(|answer| answer.sealed_key) {
        key.secret = unseal(&sealed, &key.session, &id);
    }
    let done = call(gateway, &key, None, Some(1), true).await?;
    Ok((key, done))
}

/// What opens a session for a customer who is known by the address in the channel.
///
/// # Errors
/// [`OpenError`].
pub(crate) fn start_of_address(
    gateway: &Gateway,
    channel: Channel,
    (name, service): (&str, &ServiceOptions),
    start: Start,
) -> Result<Act, OpenError> {
    gateway.admission.start(None, name, service.starts_per_minute)?;
    Ok(Act::Open(Box::new(opening(start, (name, service), channel)?)))
}

/// The channel of a customer who reads for themselves; they may ask to come and go.
fn pulled(channel: Pulled, start: &Start, key: StoredKey) -> Channel {
    let asynchronous =
        start.user_data.get(ASYNC_MODE).is_some_and(|mode| mode.trim().eq_ignore_ascii_case("true"));
    let lost_after_ms = u64::try_from(channel.lost_after.as_millis()).unwrap_or(u64::MAX);
    let presence = if asynchronous { Presence::ComesAndGoes } else { Presence::Calls { lost_after_ms } };
    Channel::with_key(channel.name, key, presence)
}

/// How a session of this service starts.
///
/// # Errors
/// [`OpenError::Random`].
fn opening(
    start: Start,
    (name, service): (&str, &ServiceOptions),
    channel: Channel,
) -> Result<Opening, OpenError> {
    let mut sealing_key = [0; 32];
    if service.privacy.is_some() {
        SysRng.try_fill_bytes(&mut sealing_key).map_err(|_| OpenError::Random)?;
    }
    Ok(Opening {
        terms: Terms {
            service: name.to_owned(),
            idle: service.idle(channel.presence == Presence::ComesAndGoes),
            channel,
            limits: service.limits.clone(),
            privacy: service.privacy.clone(),
            rating: service.rating,
        },
        nickname: start.nickname,
        names: Names { first: start.first_name, last: start.last_name, email: start.email },
        subject: start.subject,
        text: start.text,
        user_data: start.user_data,
        time_zone_offset_minutes: start.time_zone_offset_minutes,
        verified: start.verified,
        sealing_key,
        bot: service.bot.clone(),
        workflow: service.workflow.clone(),
    })
}

/// Asks a customer's session. `repeatable`: "again" may be answered even when the outcome is unknown, because the
/// command carries the client's own id, or because doing it twice does no harm.
pub(crate) async fn call(
    gateway: &Gateway,
    key: &SecureKey,
    command: Option<Command>,
    position: Option<u64>,
    repeatable: bool,
) -> Result<Done, CallError> {
    call_waiting(gateway, key, command, position, repeatable, Duration::ZERO).await
}

/// As [`call`]; a read that finds nothing new waits so long for something.
pub(crate) async fn call_waiting(
    gateway: &Gateway,
    key: &SecureKey,
    command: Option<Command>,
    position: Option<u64>,
    repeatable: bool,
    wait: Duration,
) -> Result<Done, CallError> {
    let patience = if repeatable { gateway.options.patience } else { gateway.options.deadline } + wait;
    let read = position.map(|position| (Caller::key(key.hash()), Read::Customer { position }));
    let call =
        Call { entity: EntityId::from(&key.session), command, read, client_id: repeatable, patience, wait };
    gateway.sessions.call(call).await
}

/// The id of a command whose client gave none.
pub(crate) fn minted() -> CommandId {
    CommandId(format!("g:{:032x}", rand::random::<u128>()))
}
