//! What a follower of a chat is sent on a native socket.

use super::wire;
use crate::gateway::follow::Show;
use crate::gateway::socket::outbox::{Coming, Outbox};
use crate::shown;
use handoff_chat::SessionId;
use handoff_chat::channel::ChannelView;
use handoff_chat::command::{Caller, View};
use handoff_chat::event::{Event, Participant, Role, Shown, Typing, ViewKind};
use schemars::JsonSchema;
use serde::Serialize;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

/// Texts of one frame are cut off at about this size; the rest comes in the next.
const FRAME_BYTES: usize = 64 * 1024;

/// What is sent of a chat.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum ChatFrame<'v> {
    /// What is new in a chat: all events from the position on that the client had. Long replays come in several frames.
    Chat {
        /// Its id.
        chat: &'v str,
        /// The position to resume from.
        next: u64,
        /// The chat has ended for the reader; nothing more comes.
        ended: bool,
        /// In the order of their index.
        events: Vec<&'v shown::Event<'v>>,
        /// Who types, and who no longer does.
        typing: Vec<&'v TypingShown<'v>>,
        /// All of them, in the first frame and when they changed.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Vec<ParticipantShown>")]
        participants: Option<&'v [ParticipantShown]>,
        /// The customer's channel, in the first frame and when it changed. Agents alone are shown it.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "ChannelShown")]
        channel: Option<&'v ChannelShown>,
    },
}

/// Somebody who takes part in the chat.
#[derive(Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "ChatParticipant")]
pub(crate) struct ParticipantShown {
    #[serde(flatten)]
    who: shown::Participant,
    /// Whether this is the reader.
    me: bool,
}

/// Somebody types, or no longer does.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ChatTyping")]
pub(crate) struct TypingShown<'v> {
    index: u64,
    /// Milliseconds since 1970.
    at: i64,
    /// The participant's number.
    by: u32,
    started: bool,
    /// What was typed so far; agents alone are shown it.
    preview: Option<&'v str>,
}

/// The customer's channel as those see it who answer them: what it can show, and until when and how often they may be
/// answered.
#[derive(Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "CustomerChannel")]
pub(crate) struct ChannelShown {
    /// `gms`, `cometd`, `native`, or the kind and the name of another one (`webhook:shop`).
    name: String,
    /// Whether customers see that somebody types.
    typing: bool,
    /// Whether customers see what was read.
    receipts: bool,
    /// The kinds of rich messages shown; of others their text is.
    rich: Vec<&'static str>,
    /// Files shown; null: none.
    files: Option<FilesShown>,
    /// The longest text in bytes of UTF-8; 0: as long as a message may be.
    text_bytes_max: u32,
    /// The reply window; null: the customer may always be answered.
    window: Option<WindowShown>,
}

/// Which files a channel can show.
#[derive(Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "ChannelFiles")]
struct FilesShown {
    /// Media types; none: any.
    types: BTreeSet<String>,
    /// 0: as large as a file may be.
    bytes_max: u64,
}

/// A reply window.
#[derive(Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "ReplyWindow")]
struct WindowShown {
    /// When it closes, in milliseconds since 1970; null: the customer has not written yet.
    until: Option<i64>,
    /// How many messages may still follow; null: any number.
    left: Option<u32>,
    /// The `message_type` of what may be sent after it closed.
    after: Option<String>,
}

/// A chat as its follower sees it through a socket.
pub(crate) struct Frames {
    outbox: Rc<Outbox>,
    chat: SessionId,
    caller: Caller,
    sent: Sent,
    /// What the first read brings.
    first: Option<Coming>,
}

/// What changes seldom, as it was sent last.
#[derive(Default)]
struct Sent {
    participants: Option<Vec<ParticipantShown>>,
    channel: Option<ChannelShown>,
}

/// Which of that is to be sent.
#[derive(Clone, Copy, Default, PartialEq)]
struct Fresh {
    participants: bool,
    channel: bool,
}

impl Frames {
    pub(crate) fn new(outbox: &Rc<Outbox>, chat: SessionId, caller: Caller) -> Self {
        let first = Some(outbox.expect());
        Self { outbox: Rc::clone(outbox), chat, caller, sent: Sent::default(), first }
    }

    /// Sends a frame. What it has in it may be known to the client already: whoever resumes is first shown the
    /// participants, and that a chat ended agents know by their desk.
    fn push(&self, frame: String, holds_more: bool, ended: bool) {
        let told = self.first.is_none();
        let by_desk = matches!(self.caller, Caller::Agent(_));
        if holds_more || told || (ended && !by_desk) {
            self.outbox.push_news(frame);
        } else {
            self.outbox.push(frame);
        }
    }

    /// What of a view changes seldom and was not sent as it is now.
    fn fresh(&mut self, view: &View) -> Fresh {
        let participants = Some(participants(view, &self.caller));
        let channel = view.channel.as_deref().map(ChannelShown::of);
        let fresh = Fresh {
            participants: participants != self.sent.participants,
            channel: channel.is_some() && channel != self.sent.channel,
        };
        self.sent.participants = participants;
        if channel.is_some() {
            self.sent.channel = channel;
        }
        fresh
    }

    fn frame(&self, items: &[Item<'_>], next: u64, ended: bool, fresh: Fresh) -> String {
        let events = items.iter().filter_map(|item| match &item.line {
            Line::Event(event) => Some(event),
            Line::Typing(_) => None,
        });
        let typing = items.iter().filter_map(|item| match &item.line {
            Line::Typing(typing) => Some(typing),
            Line::Event(_) => None,
        });
        wire::text(&ChatFrame::Chat {
            chat: &self.chat.0,
            next,
            ended,
            events: events.collect(),
            typing: typing.collect(),
            participants: self.sent.participants.as_deref().filter(|_| fresh.participants),
            channel: self.sent.channel.as_ref().filter(|_| fresh.channel),
        })
    }
}

impl Show for Frames {
    /// In frames of bounded size.
    async fn show(&mut self, view: View, position: &Cell<u64>) -> bool {
        let events: Vec<Shown<'_>> = view.events.iter().filter_map(|event| shown(event, &view)).collect();
        let mut items = items(&events, &view, &self.caller);
        let mut fresh = self.fresh(&view);
        while fresh != Fresh::default() || view.chat_ended || !items.is_empty() {
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
            let fresh = std::mem::take(&mut fresh);
            let ended = whole && view.chat_ended;
            let frame = self.frame(&items, position.get(), ended, fresh);
            self.push(frame, !items.is_empty(), ended);
            items = rest;
            if whole {
                break;
            }
        }
        position.set(position.get().max(view.next_position));
        self.first = None;
        true
    }

    fn gone(&mut self, next: u64) {
        self.push(self.frame(&[], next, true, Fresh::default()), false, true);
        self.first = None;
    }

    fn closed(&self) -> bool {
        self.outbox.ending().is_some()
    }
}

/// An event or typing as it is sent.
struct Item<'v> {
    index: u64,
    bytes: usize,
    line: Line<'v>,
}

enum Line<'v> {
    Event(shown::Event<'v>),
    Typing(TypingShown<'v>),
}

impl Item<'_> {
    fn next(&self) -> u64 {
        self.index.saturating_add(1)
    }
}

/// What a view shows, in the order of index. A client is not told that it types itself.
fn items<'v>(events: &'v [Shown<'v>], view: &'v View, caller: &Caller) -> Vec<Item<'v>> {
    let mut items: Vec<Item<'_>> = events.iter().map(Item::of_event).collect();
    let others = view.typing.iter().filter(|typing| !by_reader(typing.by, view, caller));
    items.extend(others.filter_map(|typing| Item::of_typing(typing, view)));
    items.sort_by_key(|item| item.index);
    items
}

fn shown<'v>(event: &'v Event, view: &View) -> Option<Shown<'v>> {
    Shown::of(event, view.kind, &view.participants)
}

impl<'v> Item<'v> {
    fn of_event(event: &'v Shown<'v>) -> Self {
        let line = Line::Event(shown::Event::of(event));
        Self { index: event.index, bytes: shown::event_bytes(event), line }
    }

    fn of_typing(typing: &'v Typing, view: &View) -> Option<Self> {
        let index = view.kind.of(&typing.index)?;
        let preview = typing.preview.as_deref().filter(|_| view.kind != ViewKind::Customer);
        let (bytes, by) = (preview.map_or(0, str::len) + 64, number(typing.by, view));
        let typing = TypingShown { index, at: typing.at.0, by, started: typing.started, preview };
        Some(Self { index, bytes, line: Line::Typing(typing) })
    }
}

/// A participant's number in this view; 0: the system.
fn number(by: u32, view: &View) -> u32 {
    let who = view.participants.iter().find(|participant| participant.number == by);
    who.and_then(|who| view.kind.of(&who.number_in_view)).unwrap_or(0)
}

fn by_reader(by: u32, view: &View, caller: &Caller) -> bool {
    view.participants.iter().any(|who| who.number == by && is(who, caller))
}

fn is(who: &Participant, caller: &Caller) -> bool {
    match (&who.role, caller) {
        (Role::Customer, Caller::Customer(_)) => true,
        (Role::Agent(name), Caller::Agent(me)) => name == me,
        _ => false,
    }
}

fn participants(view: &View, caller: &Caller) -> Vec<ParticipantShown> {
    let of_one = |who: &Participant| {
        let me = is(who, caller);
        Some(ParticipantShown { who: shown::Participant::of(who, view.kind)?, me })
    };
    view.participants.iter().filter_map(of_one).collect()
}

impl ChannelShown {
    fn of(view: &ChannelView) -> Self {
        let ChannelView { name, shows, window } = view;
        let files = shows.files.as_ref();
        let files = files.map(|files| FilesShown { types: files.types.clone(), bytes_max: files.bytes_max });
        let window = window.as_ref().map(|window| WindowShown {
            until: window.until.map(|until| until.0),
            left: window.left,
            after: window.after.clone(),
        });
        Self {
            name: name.clone(),
            typing: shows.typing,
            receipts: shows.receipts,
            rich: shows.rich.iter().map(|kind| kind.word()).collect(),
            files,
            text_bytes_max: shows.text_bytes_max,
            window,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::socket::metrics::{Metrics, SocketLabel};
    use handoff_chat::AgentName;
    use handoff_chat::Millis;
    use handoff_chat::channel::{Shows, WindowView};
    use handoff_chat::event::{PerView, Visibility};
    use handoff_chat::text::Text;

    fn view(nickname: &str, left: Option<u32>) -> View {
        let customer = Participant {
            number: 1,
            number_in_view: PerView::all(Some(1)),
            role: Role::Customer,
            visibility: Visibility::All,
            nickname: Text::clear(nickname),
            user_id: "0123456789ABCDEF".to_owned(),
        };
        let window = WindowView { until: Some(Millis(9)), left, after: None };
        let (name, shows) = ("webhook:shop".to_owned(), Shows::everything());
        View {
            kind: ViewKind::Agent,
            events: Vec::new(),
            typing: Vec::new(),
            participants: vec![customer],
            next_position: 1,
            chat_ended: false,
            user_id: String::new(),
            started_at: Millis(1),
            next_command: 1,
            channel: left.map(|_| Box::new(ChannelView { name, shows, window: Some(window) })),
            waits: None,
        }
    }

    #[test]
    fn participants_and_channel_are_sent_when_they_changed_each_by_itself() {
        let outbox = Rc::new(Outbox::new(SocketLabel::agent, Metrics::default()));
        let agent = Caller::Agent(AgentName("ann".to_owned()));
        let mut frames = Frames::new(&outbox, SessionId("0123456789abcdEF".to_owned()), agent);
        let mut sent = |nickname, left| {
            let fresh = frames.fresh(&view(nickname, left));
            (fresh.participants, fresh.channel)
        };
        assert_eq!(sent("Zoë", Some(3)), (true, true), "at first");
        assert_eq!(sent("Zoë", Some(3)), (false, false), "nothing changed");
        assert_eq!(sent("Zoë Ng", Some(3)), (true, false));
        assert_eq!(sent("Zoë Ng", Some(2)), (false, true));
        assert_eq!(sent("Zoë Ng", None), (false, false), "not told");
        assert_eq!(sent("Zoë Ng", Some(2)), (false, false), "as it was told last");
    }
}
