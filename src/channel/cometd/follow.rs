//! What a follower of a chat is told through a Bayeux session: the same object as a reply over REST.

use super::message::event;
use super::session::Session;
use crate::channel::gms::fault::Fault;
use crate::channel::gms::passage::reference;
use crate::channel::gms::perform::of_view;
use crate::channel::gms::reply::{Message, Reply};
use crate::gateway::Gateway;
use crate::gateway::follow::Show;
use crate::gateway::socket::Task;
use handoff_chat::command::{Caller, View};
use handoff_chat::key::SecureKey;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

/// Texts of one event are cut off at about this size; the rest comes in the next. Old WebSocket clients refuse more
/// than 64 KiB.
const EVENT_BYTES: usize = 24 * 1024;

/// A chat as its customer sees it through a Bayeux session.
struct Notifications {
    gateway: Arc<Gateway>,
    session: Arc<Session>,
    channel: String,
    key: SecureKey,
    /// The follower's number in the session.
    number: u64,
}

/// Tells a chat from the view on that was just read, which is told first. False: the session has too many already.
pub(super) fn follow(
    gateway: &Arc<Gateway>,
    session: &Arc<Session>,
    channel: &str,
    key: &SecureKey,
    view: View,
) -> bool {
    session.follow(&key.session.0, |number| {
        let (gateway, session, channel) = (Arc::clone(gateway), Arc::clone(session), channel.to_owned());
        let mut to = Notifications { gateway, session, channel, key: key.clone(), number };
        Task::spawn(async move {
            let next = Rc::new(Cell::new(1));
            let ended = view.chat_ended;
            if !to.show(view, &next).await || ended {
                return;
            }
            let (chat, caller) = (to.key.session.clone(), Caller::key(to.key.hash()));
            let gateway = Arc::clone(&to.gateway);
            gateway.follower(chat, caller, next, to).run().await;
        })
    })
}

impl Show for Notifications {
    async fn show(&mut self, view: View, next: &Cell<u64>) -> bool {
        let (end, ended) = (view.next_position, view.chat_ended);
        let mut reply = of_view(&self.gateway, &self.key, &view);
        loop {
            let rest = split(&mut reply.messages);
            let whole = rest.is_empty();
            reply.chat_ended = ended && whole;
            let position = if whole { end } else { reply.messages.last().map_or(0, |last| last.index() + 1) };
            reply.next_position = Some(position);
            if !reply.messages.is_empty() || reply.chat_ended {
                if !self.session.room().await {
                    return false;
                }
                self.session.put(event(&self.channel, &reply));
            }
            next.set(next.get().max(position));
            if whole {
                break;
            }
            reply.messages = rest;
        }
        if ended {
            self.session.unfollow(&self.key.session.0, self.number);
        }
        true
    }

    fn gone(&mut self, _next: u64) {
        let reply = Reply {
            alias: Some(self.gateway.alias.clone()),
            chat_id: Some(self.key.session.0.clone()),
            ..Reply::of_fault(&Fault::Dead("gone"), reference())
        };
        self.session.put(event(&self.channel, &reply));
        self.session.unfollow(&self.key.session.0, self.number);
    }

    fn closed(&self) -> bool {
        self.session.over()
    }
}

/// Cuts off what is too much for one event.
fn split(messages: &mut Vec<Message>) -> Vec<Message> {
    let mut bytes = 0;
    let over = messages.iter().position(|message| {
        bytes += message.bytes();
        bytes >= EVENT_BYTES
    });
    match over {
        Some(last) if last + 1 < messages.len() => messages.split_off(last + 1),
        _ => Vec::new(),
    }
}
