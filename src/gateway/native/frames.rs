//! What a follower of a chat is sent on a native socket.

use crate::gateway::follow::Show;
use crate::gateway::socket::outbox::Outbox;
use crate::shown;
use handoff_chat::SessionId;
use handoff_chat::channel::ChannelView;
use handoff_chat::command::{Caller, View};
use handoff_chat::event::{Event, Participant, Role, Shown, Typing, ViewKind};
use serde_json::{Value, json};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Texts of one frame are cut off at about this size; the rest comes in the next.
const FRAME_BYTES: usize = 64 * 1024;

/// A chat as its follower sees it through a socket.
pub(crate) struct Frames {
    outbox: Rc<Outbox>,
    chat: SessionId,
    caller: Caller,
    /// What changes seldom, by its field, as it was sent last: who is in the chat, and its customer's channel.
    sent: BTreeMap<&'static str, Value>,
}

impl Frames {
    pub(crate) fn new(outbox: &Rc<Outbox>, chat: SessionId, caller: Caller) -> Self {
        Self { outbox: Rc::clone(outbox), chat, caller, sent: BTreeMap::new() }
    }

    /// What of a view changes seldom and was not sent as it is now.
    fn fresh(&mut self, view: &View) -> Vec<(&'static str, Value)> {
        let participants = ("participants", participants(view, &self.caller));
        let channel = view.channel.as_deref().map(|view| ("channel", channel(view)));
        let mut fresh: Vec<_> = [Some(participants), channel].into_iter().flatten().collect();
        fresh.retain(|(field, value)| self.sent.get(field) != Some(value));
        self.sent.extend(fresh.iter().cloned());
        fresh
    }

    fn frame(&self, items: &[Item], next: u64, ended: bool) -> Value {
        let of = |typing: bool| -> Vec<&Value> {
            items.iter().filter(|item| item.typing == typing).map(|item| &item.value).collect()
        };
        let (events, typing) = (of(false), of(true));
        json!({
            "event": "chat", "chat": self.chat.0, "next": next, "ended": ended, "events": events, "typing": typing,
        })
    }
}

impl Show for Frames {
    /// In frames of bounded size.
    async fn show(&mut self, view: View, position: &Cell<u64>) -> bool {
        let mut items = items(&view, &self.caller);
        let mut fresh = self.fresh(&view);
        while !fresh.is_empty() || view.chat_ended || !items.is_empty() {
            if !self.outbox.room().await {
                return false;
            }
            let (mut bytes, mut count) = (0, 0);
            for item in &items {
                bytes += item.bytes;
                count += 1;
                if bytes >= FRAME_BYTES {
                    break;
                }
            }
            let rest = items.split_off(count);
            let whole = rest.is_empty();
            let next = if whole { view.next_position } else { items.last().map_or(0, Item::next) };
            position.set(position.get().max(next));
            let mut frame = self.frame(&items, position.get(), whole && view.chat_ended);
            if let Some(fields) = frame.as_object_mut() {
                fields.extend(
                    std::mem::take(&mut fresh).into_iter().map(|(field, value)| (field.to_owned(), value)),
                );
            }
            self.outbox.push(frame.to_string());
            items = rest;
            if whole {
                break;
            }
        }
        position.set(position.get().max(view.next_position));
        true
    }

    fn gone(&mut self, next: u64) {
        self.outbox.push(self.frame(&[], next, true).to_string());
    }

    fn closed(&self) -> bool {
        self.outbox.ending().is_some()
    }
}

/// An event or typing as it is sent.
struct Item {
    index: u64,
    typing: bool,
    bytes: usize,
    value: Value,
}

impl Item {
    fn next(&self) -> u64 {
        self.index.saturating_add(1)
    }
}

/// What a view shows, in the order of index. A client is not told that it types itself.
fn items(view: &View, caller: &Caller) -> Vec<Item> {
    let mut items: Vec<Item> = view.events.iter().filter_map(|event| of_event(event, view)).collect();
    let others = view.typing.iter().filter(|typing| !by_himself(typing.by, view, caller));
    items.extend(others.filter_map(|typing| of_typing(typing, view)));
    items.sort_by_key(|item| item.index);
    items
}

fn of_event(event: &Event, view: &View) -> Option<Item> {
    let event = Shown::of(event, view.kind, &view.participants)?;
    let (index, bytes) = (event.index, shown::event_bytes(&event));
    Some(Item { index, typing: false, bytes, value: shown::event(&event).into() })
}

fn of_typing(typing: &Typing, view: &View) -> Option<Item> {
    let index = view.kind.of(&typing.index)?;
    let preview = typing.preview.as_ref().filter(|_| view.kind != ViewKind::Customer);
    let bytes = preview.map_or(0, String::len) + 64;
    let value = json!({
        "index": index, "at": typing.at.0, "by": number(typing.by, view), "started": typing.started,
        "preview": preview,
    });
    Some(Item { index, typing: true, bytes, value })
}

/// A participant's number in this view; 0: the system.
fn number(by: u32, view: &View) -> u32 {
    let who = view.participants.iter().find(|participant| participant.number == by);
    who.and_then(|who| view.kind.of(&who.number_in_view)).unwrap_or(0)
}

fn by_himself(by: u32, view: &View, caller: &Caller) -> bool {
    view.participants.iter().any(|who| who.number == by && is(who, caller))
}

fn is(who: &Participant, caller: &Caller) -> bool {
    match (&who.role, caller) {
        (Role::Customer, Caller::Customer(_)) => true,
        (Role::Agent(name), Caller::Agent(me)) => name == me,
        _ => false,
    }
}

fn participants(view: &View, caller: &Caller) -> Value {
    let of_one = |who: &Participant| {
        let mut fields = shown::participant(who, view.kind)?;
        fields.insert("me".to_owned(), is(who, caller).into());
        Some(Value::Object(fields))
    };
    Value::Array(view.participants.iter().filter_map(of_one).collect())
}

/// The customer's channel as those see it who answer them: what it shows, and until when and how often they may.
fn channel(of: &ChannelView) -> Value {
    let ChannelView { name, shows, window } = of;
    let files = shows.files.as_ref().map(|files| json!({"types": files.types, "bytes_max": files.bytes_max}));
    let rich: Vec<&str> = shows.rich.iter().map(|kind| kind.word()).collect();
    let window = window.as_ref().map(|window| {
        json!({"until": window.until.map(|until| until.0), "left": window.left, "after": window.after})
    });
    json!({
        "name": name, "typing": shows.typing, "receipts": shows.receipts, "rich": rich, "files": files,
        "text_bytes_max": shows.text_bytes_max, "window": window,
    })
}
