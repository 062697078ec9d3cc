//! From an operation to what the session is asked, and from what it told to the reply.

use super::fault::Fault;
use super::form::Form;
use super::operation::{Call, Operation, Start};
use super::reply::{Reply, messages};
use crate::front::{Ask, AskError, Told};
use crate::gateway::{Gateway, ServiceOptions};
use handoff_chat::command::{Act, Answer, Caller, Command, Read, Reading, Reject};
use handoff_chat::key::{SecureKey, seal, unseal};
use handoff_chat::session::{Opening, View};
use handoff_chat::{CommandId, EntityId, SessionId};
use rand::TryRng;
use rand::rngs::SysRng;
use std::time::Duration;
use tracing::Span;

/// A session has one start: its id needs no more than that, and a retry has the same.
const START_ID: &str = "start";

/// Request chat.
pub(crate) async fn start(
    gateway: &Gateway,
    name: &str,
    service: &ServiceOptions,
    form: &Form,
) -> Result<Reply, Fault> {
    let start = Start::read(form, gateway.options.field_bytes_max)?;
    let client_id = start.client_id.clone();
    let session = match &client_id {
        Some(id) => SessionId::from_start_id(name, id),
        None => gateway.sessions.mint(),
    };
    Span::current().record("session", session.0.as_str());
    let mut secret = [0; 16];
    SysRng.try_fill_bytes(&mut secret).map_err(|_| Fault::Random)?;
    let mut key = SecureKey { session, secret };
    let sealed_key = client_id.as_ref().map(|id| seal(&key.secret, &key.session, id));
    let act = Act::Open(Box::new(opening(start, name, service, &key, sealed_key)));
    let command = Command { id: CommandId(START_ID.to_owned()), caller: Caller::Customer(key.hash()), act };
    let told = match client_id {
        None => ask(gateway, &key, Some(command), Some(1), false).await?,
        Some(id) => {
            // Whose key is valid shows in the answer: a retry is given the first one, and reads with it.
            let told = ask(gateway, &key, Some(command), None, true).await?;
            if let Some(sealed) = told.answer.and_then(Answer::chat).and_then(|answer| answer.sealed_key) {
                key.secret = unseal(&sealed, &key.session, &id);
            }
            ask(gateway, &key, None, Some(1), true).await?
        }
    };
    reply(gateway, &key, told)
}

fn opening(
    start: Start,
    name: &str,
    service: &ServiceOptions,
    key: &SecureKey,
    sealed_key: Option<[u8; 16]>,
) -> Opening {
    Opening {
        service: name.to_owned(),
        nickname: start.nickname,
        first_name: start.first_name,
        last_name: start.last_name,
        email: start.email,
        subject: start.subject,
        text: start.text,
        user_data: start.user_data,
        time_zone_offset_minutes: start.time_zone_offset_minutes,
        key_hash: key.hash(),
        sealed_key,
        bot: service.bot.clone(),
        limits: service.limits.clone(),
    }
}

/// A call within a chat.
pub(crate) async fn call(
    gateway: &Gateway,
    chat: &str,
    operation: Operation,
    form: &Form,
) -> Result<Reply, Fault> {
    let key = form.value("secureKey").and_then(|text| SecureKey::parse(text.trim()));
    let key = key.ok_or(Fault::Dead("no key, or none that can be a key"))?;
    if key.session.0 != chat {
        return Err(Fault::Dead("the key of another session"));
    }
    Span::current().record("session", chat);
    let command = |id: CommandId, act| Some(Command { id, caller: Caller::Customer(key.hash()), act });
    let told = match operation.read(form)? {
        Call::Send { text, message_type, position, client_id } => {
            let repeatable = client_id.is_some();
            let id = client_id.map_or_else(minted, |id| CommandId(format!("c:{id}")));
            ask(gateway, &key, command(id, Act::Send { text, message_type }), position, repeatable).await?
        }
        Call::Refresh { position, preview: None } => ask(gateway, &key, None, Some(position), true).await?,
        Call::Refresh { position, preview } => {
            let typing = command(minted(), Act::StartTyping { preview });
            match ask(gateway, &key, typing, Some(position), true).await {
                // A reader whose chat has ended is told so by the view, not by a refused preview.
                Err(Fault::Dead(_)) => ask(gateway, &key, None, Some(position), true).await?,
                told => told?,
            }
        }
        Call::StartTyping { preview } => {
            settled(gateway, &key, command(minted(), Act::StartTyping { preview })).await?
        }
        Call::StopTyping { preview } => {
            settled(gateway, &key, command(minted(), Act::StopTyping { preview })).await?
        }
        Call::Disconnect => settled(gateway, &key, command(minted(), Act::Disconnect)).await?,
    };
    reply(gateway, &key, told)
}

/// A command that is harmless to repeat, and no failure after the end: that is then what its reply says.
async fn settled(gateway: &Gateway, key: &SecureKey, command: Option<Command>) -> Result<Told, Fault> {
    match ask(gateway, key, command, None, true).await {
        Err(Fault::Dead(_)) => ask(gateway, key, None, Some(0), true).await,
        told => told,
    }
}

/// Asks the session. `repeatable`: "again" may be answered even when the outcome is unknown, because the
/// command carries the client's own id, or because doing it twice does no harm.
async fn ask(
    gateway: &Gateway,
    key: &SecureKey,
    command: Option<Command>,
    position: Option<u64>,
    repeatable: bool,
) -> Result<Told, Fault> {
    let patience = if repeatable { gateway.options.patience } else { gateway.options.deadline };
    let read = position.map(|position| (Caller::Customer(key.hash()), Read::Customer { position }));
    let ask = Ask {
        entity: EntityId::from(&key.session),
        command,
        read,
        client_id: repeatable,
        patience,
        wait: Duration::ZERO,
    };
    gateway.sessions.ask(ask).await.map_err(|error| Fault::from_ask(error, repeatable))
}

fn reply(gateway: &Gateway, key: &SecureKey, told: Told) -> Result<Reply, Fault> {
    let view: Option<View> = match told.reading {
        Some(Reading::View(view)) => Some(view),
        _ => None,
    };
    let (chat_ended, user_id, next_position) = match (&view, told.answer.and_then(Answer::chat)) {
        (Some(view), _) => (view.chat_ended, view.user_id.clone(), view.next_position),
        (None, Some(answer)) => (answer.chat_ended, answer.user_id, answer.next_position),
        (None, None) => return Err(Fault::from_ask(AskError::Rejected(Reject::Unknown), true)),
    };
    Ok(Reply {
        messages: view.as_ref().map(messages).unwrap_or_default(),
        chat_ended,
        status_code: 0,
        alias: Some(gateway.alias.clone()),
        secure_key: Some(key.to_text()),
        user_id: Some(user_id),
        chat_id: Some(key.session.0.clone()),
        next_position: Some(next_position),
        errors: Vec::new(),
    })
}

fn minted() -> CommandId {
    CommandId(format!("g:{:032x}", rand::random::<u128>()))
}
