//! From an operation to what the session is asked, and from what it told to the reply.

use super::fault::Fault;
use super::form::Form;
use super::operation::{Call, Operation, read_start};
use super::reply::{Reply, messages};
use crate::front::{AskError, Told};
use crate::gateway::opening::{self, OpenError, minted};
use crate::gateway::{Gateway, ServiceOptions};
use handoff_chat::CommandId;
use handoff_chat::command::{Act, Answer, Caller, Command, Reading, Reject};
use handoff_chat::key::SecureKey;
use handoff_chat::session::View;
use tracing::Span;

/// Request chat.
pub(crate) async fn start(
    gateway: &Gateway,
    name: &str,
    service: &ServiceOptions,
    form: &Form,
) -> Result<Reply, Fault> {
    let start = read_start(form, gateway.options.field_bytes_max)?;
    let repeatable = start.client_id.is_some();
    let (key, told) = opening::open(gateway, name, service, start).await.map_err(|error| match error {
        OpenError::Random => Fault::Random,
        OpenError::Ask(error) => Fault::from_ask(error, repeatable),
    })?;
    reply(gateway, &key, told)
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

async fn ask(
    gateway: &Gateway,
    key: &SecureKey,
    command: Option<Command>,
    position: Option<u64>,
    repeatable: bool,
) -> Result<Told, Fault> {
    let told = opening::ask(gateway, key, command, position, repeatable).await;
    told.map_err(|error| Fault::from_ask(error, repeatable))
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
