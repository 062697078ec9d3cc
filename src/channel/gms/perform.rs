//! From an operation to what the session is asked, and from what it told to the reply.

use super::fault::Fault;
use super::operation::{Operation, OperationFields, position, read_start};
use super::reply::{Reply, messages};
use crate::gateway::form::Form;
use crate::gateway::starting::{self, OpenError, Origin, minted};
use crate::gateway::{Gateway, ServiceOptions};
use crate::ports::CallError;
use handoff_chat::command::{Act, Answer, Caller, Command, Read, Reading, Reject, View};
use handoff_chat::key::SecureKey;
use handoff_chat::{CommandId, EntityId};
use handoff_shard::{Call, Done};
use std::time::Duration;
use tracing::Span;

/// Request chat.
pub(crate) async fn start(
    gateway: &Gateway,
    origin: Origin,
    service: (&str, &ServiceOptions),
    form: &Form,
) -> Result<Reply, Fault> {
    let (key, view) = open(gateway, origin, service, form).await?;
    Ok(of_view(gateway, &key, &view))
}

/// Opens a chat: its key, and what the customer sees from the first event on.
pub(crate) async fn open(
    gateway: &Gateway,
    origin: Origin,
    service: (&str, &ServiceOptions),
    form: &Form,
) -> Result<(SecureKey, View), Fault> {
    let start = read_start(form, &gateway.options)?;
    let repeatable = start.client_id.is_some();
    let (key, done) = starting::open(gateway, origin, service, start).await.map_err(|error| match error {
        OpenError::Random => Fault::Random,
        OpenError::Denied(denied) => denied.into(),
        OpenError::Call(error) => Fault::from_call(error, repeatable),
    })?;
    Ok((key, view(done)?))
}

/// A client says which chat it wants to be told of: its key, and what the customer sees from the position on that it
/// named; from the first event where that is 0 or not named.
pub(crate) async fn notifications(gateway: &Gateway, form: &Form) -> Result<(SecureKey, View), Fault> {
    let key = key(form)?;
    Span::current().record("session", key.session.0.as_str());
    let position = position(form)?.unwrap_or(0).max(1);
    let done = call(gateway, &key, None, Some(position), true).await?;
    Ok((key, view(done)?))
}

/// Whether a call within a chat may come under this service's name: that of a service that is configured, or the one
/// that the chat began with. A chat goes on to its end by what it began with, whatever the node is configured for now.
///
/// # Errors
/// [`Fault::Service`]; what else keeps the chat from being asked.
pub(crate) async fn check_service(gateway: &Gateway, name: &str, form: &Form) -> Result<(), Fault> {
    if gateway.options.services.contains_key(name) {
        return Ok(());
    }
    let key = key(form).map_err(|_| Fault::Service)?;
    let call = Call {
        read: Some((Caller::key(key.hash()), Read::Service)),
        client_id: true,
        patience: gateway.options.patience,
        ..Call::of(EntityId::from(&key.session))
    };
    let done = gateway.sessions.call(call).await.map_err(|error| Fault::from_call(error, true));
    match done.map(|done| done.reading) {
        Ok(Some(Reading::Service(began_with))) if began_with == name => Ok(()),
        Ok(_) | Err(Fault::Dead(_)) => Err(Fault::Service),
        Err(fault) => Err(fault),
    }
}

/// The key that a form carries.
pub(crate) fn key(form: &Form) -> Result<SecureKey, Fault> {
    let key = form.value("secureKey").and_then(|text| SecureKey::parse(text.trim()));
    key.ok_or(Fault::Dead("no key, or none that can be a key"))
}

fn view(done: Done) -> Result<View, Fault> {
    match done.reading {
        Some(Reading::View(view)) => Ok(view),
        _ => Err(Fault::from_call(CallError::Rejected(Reject::Unknown), true)),
    }
}

/// A call within a chat. `prefers` is how long its client would rather wait for news, when it says so beside the
/// form.
pub(crate) async fn perform(
    gateway: &Gateway,
    chat: &str,
    (operation, prefers): (Operation, Option<Duration>),
    form: &Form,
) -> Result<Reply, Fault> {
    let key = key(form)?;
    if key.session.0 != chat {
        return Err(Fault::Dead("the key of another session"));
    }
    Span::current().record("session", chat);
    let command = |id: CommandId, act| Some(Command { id, caller: Caller::key(key.hash()), act });
    let done = match operation.read(form, gateway.options.field_bytes_max)? {
        OperationFields::Send { text, message_type, position, client_id } => {
            let repeatable = client_id.is_some();
            let id = client_id.map_or_else(minted, |id| CommandId(format!("c:{id}")));
            call(gateway, &key, command(id, Act::Send { text, message_type }), position, repeatable).await?
        }
        OperationFields::Refresh { position, preview: None, wait_ms } => {
            let most = gateway.options.refresh_wait_max;
            // Who asks for no events waits for none. The form's own word counts more than the header.
            let prefers = prefers.filter(|_| wait_ms.is_none() && position > 0).map(|wait| wait.min(most));
            let asked = Duration::from_millis(wait_ms.unwrap_or(0)).min(most);
            let done = refresh(gateway, &key, position, prefers.unwrap_or(asked)).await?;
            return Ok(Reply { preference_applied: prefers, ..reply(gateway, &key, done)? });
        }
        OperationFields::Refresh { position, preview, .. } => {
            let typing = command(minted(), Act::StartTyping { preview });
            match call(gateway, &key, typing, Some(position), true).await {
                // A reader whose chat has ended is told so by the view, not by a refused preview.
                Err(Fault::Dead(_)) => call(gateway, &key, None, Some(position), true).await?,
                done => done?,
            }
        }
        OperationFields::StartTyping { preview } => {
            settled(gateway, &key, command(minted(), Act::StartTyping { preview })).await?
        }
        OperationFields::StopTyping { preview } => {
            settled(gateway, &key, command(minted(), Act::StopTyping { preview })).await?
        }
        OperationFields::Disconnect => settled(gateway, &key, command(minted(), Act::Disconnect)).await?,
        OperationFields::Notice { act, client_id } => {
            // A receipt, a nickname or data may be told twice.
            let harmless = !matches!(act, Act::PushUrl { .. } | Act::CustomNotice { .. });
            let repeatable = harmless || client_id.is_some();
            let id = client_id.map_or_else(minted, |id| CommandId(format!("c:{id}")));
            call(gateway, &key, command(id, act), None, repeatable).await?
        }
    };
    reply(gateway, &key, done)
}

/// Reads; waits for news as long as is said.
async fn refresh(gateway: &Gateway, key: &SecureKey, position: u64, wait: Duration) -> Result<Done, Fault> {
    if !wait.is_zero() && position > 0 {
        let done = starting::call_waiting(gateway, key, None, Some(position), true, wait).await;
        let done = done.map_err(|error| Fault::from_call(error, true))?;
        if done.reading.is_some() {
            return Ok(done);
        }
    }
    call(gateway, key, None, Some(position), true).await
}

/// A command that is harmless to repeat, and no failure after the end: that is then what its reply says.
async fn settled(gateway: &Gateway, key: &SecureKey, command: Option<Command>) -> Result<Done, Fault> {
    match call(gateway, key, command, None, true).await {
        Err(Fault::Dead(_)) => call(gateway, key, None, Some(0), true).await,
        done => done,
    }
}

async fn call(
    gateway: &Gateway,
    key: &SecureKey,
    command: Option<Command>,
    position: Option<u64>,
    repeatable: bool,
) -> Result<Done, Fault> {
    // Who wants to leave may.
    if command.as_ref().is_some_and(|command| command.act != Act::Disconnect) {
        gateway.admission.command(&key.session)?;
    }
    let done = starting::call(gateway, key, command, position, repeatable).await;
    done.map_err(|error| Fault::from_call(error, repeatable))
}

fn reply(gateway: &Gateway, key: &SecureKey, done: Done) -> Result<Reply, Fault> {
    if let Some(Reading::View(view)) = done.reading {
        return Ok(of_view(gateway, key, &view));
    }
    match done.answer.and_then(Answer::chat) {
        Some(answer) => Ok(Reply {
            chat_ended: answer.chat_ended,
            user_id: Some(answer.user_id),
            next_position: Some(answer.next_position),
            ..Reply::of_chat(&gateway.alias, key)
        }),
        None => Err(Fault::from_call(CallError::Rejected(Reject::Unknown), true)),
    }
}

/// What a customer sees of a chat.
pub(crate) fn of_view(gateway: &Gateway, key: &SecureKey, view: &View) -> Reply {
    Reply {
        messages: messages(view),
        chat_ended: view.chat_ended,
        user_id: Some(view.user_id.clone()),
        next_position: Some(view.next_position),
        ..Reply::of_chat(&gateway.alias, key)
    }
}
