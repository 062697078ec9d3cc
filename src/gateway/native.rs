//! The native WebSockets, version 1: what that of customers (`src/channel/native.rs`) and that of agents share, and
//! that of agents. JSON text frames, as `docs/asyncapi` has them; and the same over HTTP (`poll.rs`).
//!
//! A socket has one task that reads, one that writes, and one for each thing that it follows. Whatever it is told is
//! kept nowhere but at the owners of the chats: it may break at any moment, and its client resumes at any node.

pub mod accounts;
mod agent;
#[cfg(test)]
pub(crate) mod description;
mod desk;
pub(crate) mod failure;
pub(crate) mod frames;
mod guesses;
pub(crate) mod overview;
mod past;
pub(crate) mod poll;
mod queues;
mod sign_in_queue;
pub(crate) mod socket;
pub(crate) mod typing;
pub(crate) mod wire;

use super::starting::NICKNAME_BYTES_MAX;
use super::{Gateway, GatewayOptions, identity};
use crate::rich;
use actix_web::web;
use failure::Failure;
use handoff_chat::command::{Act, Answer, Reject};
use handoff_chat::text::is_blank;
use serde_json::Value;
use std::collections::BTreeMap;

/// The agents' commands as they are counted.
#[cfg(test)]
pub(crate) fn counted_commands() -> impl Iterator<Item = &'static str> {
    use socket::Client;
    agent::Agent::COMMANDS.iter().copied().chain([socket::OTHER])
}

const MESSAGE_TYPE_BYTES_MAX: usize = 64;
/// Longest key of attached data, in bytes.
const DATA_KEY_BYTES_MAX: usize = 256;

/// Mounts the agents' socket, and their polls.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.route("/v1/agent", web::get().to(agent::connect));
    config.service(web::resource("/v1/agent/poll").default_service(web::to(agent::poll)));
}

/// What is wrong with a message whatever chat it is for.
pub(crate) fn check_message(text: &str, message_type: Option<&str>) -> Result<(), Failure> {
    if is_blank(text) {
        return Err(Failure::bad("text is blank"));
    }
    check_type(message_type)
}

/// The same of a notice, which programs read: blanks may mean something to them.
fn check_notice(text: &str, message_type: Option<&str>) -> Result<(), Failure> {
    if text.is_empty() {
        return Err(Failure::bad("text is empty"));
    }
    check_type(message_type)
}

fn check_type(message_type: Option<&str>) -> Result<(), Failure> {
    if message_type.is_some_and(|kind| kind.len() > MESSAGE_TYPE_BYTES_MAX) {
        return Err(Failure::bad(format!("message_type is longer than {MESSAGE_TYPE_BYTES_MAX} bytes")));
    }
    Ok(())
}

/// What is wrong with attached data, whatever chat they are for.
pub(crate) fn check_data(
    name: &str,
    data: &BTreeMap<String, String>,
    options: &GatewayOptions,
) -> Result<(), Failure> {
    let fields_max = options.fields_max;
    if data.len() > fields_max {
        return Err(Failure::bad(format!("{name} has {} keys: it may have {fields_max}", data.len())));
    }
    if data.keys().any(|key| key.is_empty() || key.len() > DATA_KEY_BYTES_MAX) {
        return Err(Failure::bad(format!("a key of {name} may have 1 to {DATA_KEY_BYTES_MAX} bytes")));
    }
    Ok(())
}

pub(crate) fn attach(mut data: BTreeMap<String, String>, gateway: &Gateway) -> Result<Act, Failure> {
    identity::strip(&mut data);
    check_data("data", &data, &gateway.options)?;
    let bytes_max = gateway.options.field_bytes_max;
    if let Some((key, _)) = data.iter().find(|(_, value)| value.len() > bytes_max) {
        return Err(Failure::bad(format!("data.{key} is longer than {bytes_max} bytes")));
    }
    Ok(Act::Attach { data })
}

pub(crate) fn push_url(url: String) -> Result<Act, Failure> {
    if !(url.starts_with("https://") || url.starts_with("http://")) {
        return Err(Failure::bad("url begins with http:// or https://"));
    }
    Ok(Act::PushUrl { url })
}

pub(crate) fn rename(nickname: String) -> Result<Act, Failure> {
    if is_blank(&nickname) || nickname.len() > NICKNAME_BYTES_MAX {
        return Err(Failure::bad(format!("nickname has 1 to {NICKNAME_BYTES_MAX} bytes")));
    }
    Ok(Act::Rename { nickname })
}

pub(crate) fn notice(text: String, message_type: Option<String>) -> Result<Act, Failure> {
    check_notice(&text, message_type.as_deref())?;
    Ok(Act::CustomNotice { text, notice_type: message_type })
}

fn rich(content: &Value) -> Result<Act, Failure> {
    Ok(Act::SendRich { content: rich::check_message(content).map_err(Reject::from)? })
}

/// The index that a message took in its sender's view.
pub(crate) fn index_of(answer: Option<Answer>) -> Option<u64> {
    answer.and_then(Answer::chat).map(|answer| answer.next_position.saturating_sub(1))
}
