//! The native WebSockets, version 1: one for customers, one for agents. JSON text frames, as `docs/asyncapi` has them.
//!
//! A socket has one task that reads, one that writes, and one for each thing that it follows. Whatever it is told is
//! kept nowhere but at the owners of the chats: it may break at any moment, and its client resumes at any node.

pub mod accounts;
mod agent;
mod customer;
mod desk;
mod follow;
mod guard;
mod lanes;
pub mod metrics;
mod outbox;
mod socket;
mod wire;

use actix_web::web;
use handoff_chat::command::Answer;
use wire::Failure;

/// The commands of a kind of socket as they are counted.
#[cfg(test)]
pub(crate) fn words(kind: metrics::SocketLabel) -> impl Iterator<Item = &'static str> {
    use socket::Client;
    let own = match kind {
        metrics::SocketLabel::customer => customer::Customer::WORDS,
        metrics::SocketLabel::agent => agent::Agent::WORDS,
    };
    own.iter().copied().chain([socket::OTHER])
}

const MESSAGE_TYPE_BYTES_MAX: usize = 64;

/// Mounts both sockets.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.route("/v1/customer", web::get().to(customer::connect));
    config.route("/v1/agent", web::get().to(agent::connect));
}

/// What is wrong with a message whatever chat it is for.
fn check_message(text: &str, message_type: Option<&str>) -> Result<(), Failure> {
    if text.is_empty() {
        return Err(Failure::bad("text is empty"));
    }
    if message_type.is_some_and(|kind| kind.len() > MESSAGE_TYPE_BYTES_MAX) {
        return Err(Failure::bad(format!("message_type is longer than {MESSAGE_TYPE_BYTES_MAX} bytes")));
    }
    Ok(())
}

/// The index that a message took in its sender's view.
fn index_of(answer: Option<Answer>) -> Option<u64> {
    answer.and_then(Answer::chat).map(|answer| answer.next_position.saturating_sub(1))
}
