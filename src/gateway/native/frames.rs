//! What a follower of a chat is sent on a native socket.

use crate::gateway::follow::Show;
use crate::gateway::socket::outbox::Outbox;
use handoff_chat::SessionId;
use handoff_chat::command::Caller;
use handoff_chat::session::{Body, Event, IdleStage, Participant, Role, Typing, View, ViewKind};
use serde_json::{Value, json};
use std::cell::Cell;
use std::rc::Rc;

/// Texts of one frame are cut off at about this size; the rest comes in the next.
const FRAME_BYTES: usize = 64 * 1024;

/// A chat as its follower sees it through a socket.
pub(super) struct Frames {
    outbox: Rc<Outbox>,
    chat: SessionId,
    caller: Caller,
    shown: Option<Value>,
}

impl Frames {
    pub(super) fn new(outbox: &Rc<Outbox>, chat: SessionId, caller: Caller) -> Self {
        Self { outbox: Rc::clone(outbox), chat, caller, shown: None }
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
        let participants = participants(&view, &self.caller);
        let mut fresh = self.shown.as_ref() != Some(&participants);
        self.shown = Some(participants);
        while fresh || view.chat_ended || !items.is_empty() {
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
            if fresh && let (Some(fields), Some(shown)) = (frame.as_object_mut(), &self.shown) {
                fields.insert("participants".to_owned(), shown.clone());
            }
            self.outbox.push(frame.to_string());
            fresh = false;
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
    let index = view.kind.of(&event.index)?;
    let (kind, text) = match &event.body {
        Body::Opened(_) | Body::Attached { .. } | Body::Ended => return None,
        Body::Joined(_) => ("joined", None),
        Body::Left { .. } => ("left", None),
        Body::Masked { text, notice: true, .. } => ("custom_notice", Some(text.show())),
        Body::Message { text, .. } | Body::Masked { text, .. } => ("message", Some(text.show())),
        Body::PushedUrl { url } => ("pushed_url", Some(url.show())),
        Body::Renamed { nickname } => ("renamed", Some(nickname.show())),
        Body::CustomNotice { text, .. } => ("custom_notice", Some(text.show())),
        Body::Read { .. } => ("read", None),
        Body::Rich { text, .. } => ("rich", Some(text.show())),
        Body::RichReply { text, .. } => ("rich_reply", Some(text.show())),
        Body::FileUploaded(file) => ("file_uploaded", Some(file.name.show())),
        Body::FileDeleted { name, .. } => ("file_deleted", Some(name.show())),
        Body::NearlyFull { text } => ("nearly_full", Some(text.show())),
        Body::Idle { stage: IdleStage::Close, text } => ("idle_close", Some(text.show())),
        Body::Idle { text, .. } => ("idle_alert", Some(text.show())),
    };
    let message_type = match &event.body {
        Body::Message { message_type: kind, .. }
        | Body::Masked { message_type: kind, .. }
        | Body::CustomNotice { notice_type: kind, .. } => kind.as_ref(),
        _ => None,
    };
    let reason = match &event.body {
        Body::Left { reason, .. } => Some(reason.word()),
        _ => None,
    };
    let content = match &event.body {
        Body::Rich { content, .. } | Body::RichReply { content, .. } => content.bytes.len(),
        _ => 0,
    };
    let bytes = text.as_ref().map_or(0, |text| text.len()) + content + 128;
    let mut value = json!({
        "index": index, "at": event.at.0, "type": kind, "by": number(event.by, view),
        "text": text, "message_type": message_type, "reason": reason,
    });
    if let Some(fields) = value.as_object_mut() {
        fields.extend(more(event, view).into_iter().map(|(name, value)| (name.to_owned(), value)));
    }
    Some(Item { index, typing: false, bytes, value })
}

/// What some kinds of events have beside what all have.
fn more(event: &Event, view: &View) -> Vec<(&'static str, Value)> {
    match &event.body {
        Body::Read { through, .. } => vec![("through", view.kind.of(through).into())],
        Body::Rich { content, .. } => vec![("content", content.json())],
        Body::RichReply { content, through, .. } => {
            vec![("content", content.json()), ("to", view.kind.of(through).into())]
        }
        Body::FileUploaded(file) => {
            let file = json!({
                "id": file.id.to_string(), "bytes": file.bytes, "media_type": file.media_type,
                "description": file.description.show(),
            });
            vec![("file", file)]
        }
        Body::FileDeleted { id, .. } => vec![("file", json!({"id": id.to_string()}))],
        _ => Vec::new(),
    }
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
    let shown = view.participants.iter().filter_map(|who| {
        Some(json!({
            "number": view.kind.of(&who.number_in_view)?,
            "role": role_word(&who.role),
            "nickname": who.nickname.show(),
            "user_id": who.user_id,
            "me": is(who, caller),
        }))
    });
    Value::Array(shown.collect())
}

fn role_word(role: &Role) -> &'static str {
    match role {
        Role::Customer => "customer",
        Role::Agent(_) => "agent",
        Role::Bot(_) => "bot",
        Role::Supervisor => "supervisor",
        Role::Workflow => "workflow",
        Role::System => "system",
    }
}
