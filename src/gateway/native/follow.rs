//! Following a chat: it is read again and again from the last position, and each read waits at the owner for
//! something new. So a follower survives every takeover, misses nothing, and each read proves that he is there.

use super::outbox::Outbox;
use crate::front::{Ask, AskError, Sessions};
use handoff_chat::command::{Caller, Read, Reading, Reject};
use handoff_chat::session::{Body, Event, LeaveReason, Participant, Role, Typing, View, ViewKind};
use handoff_chat::{EntityId, SessionId};
use serde_json::{Value, json};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

/// How long a read waits at the owner.
pub(super) const WAIT: Duration = Duration::from_secs(2);
/// Between reads that brought nothing sooner than they should, and after those that failed; doubles up to the second.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// Texts of one frame are cut off at about this size; the rest comes in the next.
const FRAME_BYTES: usize = 64 * 1024;

/// Waits longer after each failure in a row.
pub(super) struct Pace(Duration);

impl Pace {
    pub(super) fn new() -> Self {
        Self(PAUSE.0)
    }

    pub(super) fn reset(&mut self) {
        self.0 = PAUSE.0;
    }

    pub(super) async fn pause(&mut self) {
        sleep(self.0).await;
        self.0 = (self.0 * 2).min(PAUSE.1);
    }
}

/// Which failures pass while a follower asks again.
pub(super) fn passes(error: &AskError) -> bool {
    matches!(error, AskError::Again | AskError::Busy | AskError::Unknown)
        || *error == AskError::Rejected(Reject::Quarantined)
}

/// One who follows a chat.
pub(super) struct Follower {
    pub(super) sessions: Arc<dyn Sessions>,
    pub(super) outbox: Rc<Outbox>,
    pub(super) chat: SessionId,
    pub(super) caller: Caller,
    /// How long a read is tried beyond its wait.
    pub(super) patience: Duration,
    /// The first index that the client does not have. Kept by whoever may follow the same chat again.
    pub(super) next: Rc<Cell<u64>>,
    /// Told when the chat is over for the follower: he reads once more and ends.
    pub(super) over: Rc<Notify>,
    shown: Option<Value>,
}

/// A follower's reading of his chat.
enum Look {
    News(Box<View>),
    Nothing,
    Failed(AskError),
}

impl Follower {
    pub(super) fn new(
        sessions: &Arc<dyn Sessions>,
        outbox: &Rc<Outbox>,
        chat: SessionId,
        caller: Caller,
        next: Rc<Cell<u64>>,
        patience: Duration,
    ) -> Self {
        let (sessions, outbox) = (Arc::clone(sessions), Rc::clone(outbox));
        Self { sessions, outbox, chat, caller, patience, next, over: Rc::default(), shown: None }
    }

    /// Sends what happens until the chat ends for the follower, or the socket does.
    pub(super) async fn run(mut self) {
        let mut pace = Pace::new();
        let over = Rc::clone(&self.over);
        let mut last = false;
        loop {
            let begun = Instant::now();
            // The first read does not wait: it brings the participants.
            let wait = if last || self.shown.is_none() { Duration::ZERO } else { WAIT };
            let look = tokio::select! {
                biased;
                look = self.look(wait) => look,
                () = over.notified(), if !last => {
                    last = true;
                    continue;
                }
            };
            match look {
                Look::News(view) => {
                    pace.reset();
                    let empty = view.events.is_empty() && view.typing.is_empty();
                    let ended = view.chat_ended;
                    if !self.show(*view).await || ended || last {
                        return;
                    }
                    if empty && !wait.is_zero() && begun.elapsed() < PAUSE.0 {
                        pace.pause().await;
                    }
                }
                // A read that could not wait at the owner comes back at once.
                Look::Nothing if begun.elapsed() < PAUSE.0 && !last => pace.pause().await,
                Look::Nothing => pace.reset(),
                Look::Failed(error) if passes(&error) => {
                    pace.pause().await;
                    if self.outbox.ending().is_none() {
                        continue;
                    }
                    return;
                }
                Look::Failed(_gone) => {
                    self.outbox.push(self.frame(&[], true).to_string());
                    return;
                }
            }
            if last {
                return;
            }
        }
    }

    async fn look(&self, wait: Duration) -> Look {
        let read = match self.caller {
            Caller::Customer(_) => Read::Customer { position: self.next.get() },
            _ => Read::Agent { position: self.next.get() },
        };
        let ask = Ask {
            entity: EntityId::from(&self.chat),
            command: None,
            read: Some((self.caller.clone(), read)),
            client_id: true,
            patience: wait + self.patience,
            wait,
        };
        match self.sessions.ask(ask).await {
            Ok(told) => match told.reading {
                Some(Reading::View(view)) => Look::News(Box::new(view)),
                _ => Look::Nothing,
            },
            Err(error) => Look::Failed(error),
        }
    }

    /// Sends what is new in a view, in frames of bounded size. False: the socket ends.
    async fn show(&mut self, view: View) -> bool {
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
            self.next.set(self.next.get().max(next));
            let mut frame = self.frame(&items, whole && view.chat_ended);
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
        self.next.set(self.next.get().max(view.next_position));
        true
    }

    fn frame(&self, items: &[Item], ended: bool) -> Value {
        let of = |typing: bool| -> Vec<&Value> {
            items.iter().filter(|item| item.typing == typing).map(|item| &item.value).collect()
        };
        let (events, typing) = (of(false), of(true));
        json!({
            "event": "chat", "chat": self.chat.0, "next": self.next.get(), "ended": ended, "events": events,
            "typing": typing,
        })
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
    let (kind, text, message_type, reason) = match &event.body {
        Body::Opened(_) | Body::Attached { .. } | Body::Ended => return None,
        Body::Joined(_) => ("joined", None, None, None),
        Body::Left { reason, .. } => ("left", None, None, Some(reason_word(*reason))),
        Body::Message { text, message_type } => ("message", Some(text.show()), message_type.clone(), None),
    };
    let bytes = text.as_ref().map_or(0, |text| text.len()) + 128;
    let value = json!({
        "index": index, "at": event.at.0, "type": kind, "by": number(event.by, view),
        "text": text, "message_type": message_type, "reason": reason,
    });
    Some(Item { index, typing: false, bytes, value })
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

fn reason_word(reason: LeaveReason) -> &'static str {
    match reason {
        LeaveReason::Left => "left",
        LeaveReason::Inactive => "inactive",
        LeaveReason::Removed => "removed",
        LeaveReason::Ended => "ended",
    }
}
