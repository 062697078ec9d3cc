//! A node that has one session and does what a test tells it, for the tests of the admin API and of the command line.

use crate::ports::{
    CallError, ClusterStatus, DrainError, EntityStatus, Lists, MemberStage, MemberStatus, NodeStage,
    NotReady, Operations, QueueTrouble, RaiseError, Raised, ReadError, RecordCursor, RecordPiece,
    RecordPlace, RecordSummary, RecordsPage, RecordsWanted, Sessions, ShardStage, ShardStatus, Whereabouts,
};
use async_trait::async_trait;
use handoff_chat::SessionId;
use handoff_chat::channel::{Channel, Presence};
use handoff_chat::command::{Act, Answer, Caller, ChatAnswer};
use handoff_chat::event::{Body, Event, LeaveReason, Participant, PerView, Role, Start, Visibility};
use handoff_chat::id::{BotName, Millis};
use handoff_chat::key::StoredKey;
use handoff_chat::opening::{Limits, Names, Terms};
use handoff_chat::rating::Rating;
use handoff_chat::text::Text;
use handoff_journal::TablesError;
use handoff_shard::listing::{EntityQuery, ListKind};
use handoff_shard::{Call, Done};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

/// The session that the fake knows.
pub(crate) const KNOWN: &str = "0123456789abcdEF";
/// Something the customer said, which belongs into the record alone.
pub(crate) const SAID: &str = "my card is <4111> \u{1f4b3}";

/// A node for tests.
pub(crate) struct Fake {
    /// What a command is answered with when it isn't `None`.
    pub(crate) refuse: Mutex<Option<CallError>>,
    /// Why the node isn't ready.
    pub(crate) unready: Mutex<Option<NotReady>>,
    /// Why a drain fails.
    pub(crate) stuck: Mutex<Option<String>>,
    /// The acts of commands that came, by their callers.
    pub(crate) asked: Mutex<Vec<(Caller, Act)>>,
    /// How often a drain was asked for.
    pub(crate) drains: Mutex<usize>,
    /// What lists of records were asked for.
    pub(crate) records_wanted: Mutex<Vec<RecordsWanted>>,
    /// Whether a list of records never ends by itself.
    pub(crate) endless: Mutex<bool>,
    /// Told when such a list, or a record that stayed away, was given up.
    pub(crate) given_up: Arc<Notify>,
    /// The record, where it is a long one.
    pub(crate) long: Mutex<Option<Long>>,
    /// From which events on records were read.
    pub(crate) read: Mutex<Vec<u64>>,
    /// So many entities more are listed.
    pub(crate) more: Mutex<u16>,
}

/// Tells when it is dropped.
struct Tell(Arc<Notify>);

impl Drop for Tell {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl Fake {
    pub(crate) fn new() -> Self {
        Self {
            refuse: Mutex::new(None),
            unready: Mutex::new(None),
            stuck: Mutex::new(None),
            asked: Mutex::new(Vec::new()),
            drains: Mutex::new(0),
            records_wanted: Mutex::new(Vec::new()),
            endless: Mutex::new(false),
            given_up: Arc::new(Notify::new()),
            long: Mutex::new(None),
            read: Mutex::new(Vec::new()),
            more: Mutex::new(0),
        }
    }
}

fn text(text: &str) -> Text {
    Text { key: 0, bytes: text.as_bytes().to_vec() }
}

fn party(number: u32, role: Role, nickname: &str) -> Body {
    Body::Joined(Box::new(Participant {
        number,
        number_in_view: PerView::all(Some(number)),
        role,
        visibility: Visibility::All,
        nickname: text(nickname),
        user_id: format!("{number:016x}"),
    }))
}

/// The events of the known session.
pub(crate) fn events() -> Vec<Event> {
    let start = Start {
        terms: Terms::new(
            "default",
            Channel::with_key("native", StoredKey { hash: [0; 32], sealed: None }, Presence::ComesAndGoes),
            Limits::new(100, 100, 1),
        ),
        subject: text(""),
        names: Names { first: text("Ann"), last: text("Lee"), email: text("ann@example.com") },
        user_data: BTreeMap::new(),
        time_zone_offset_minutes: 0,
        verified: false,
    };
    let bodies = [
        (0, Body::Opened(Box::new(start))),
        (1, party(1, Role::Customer, "Ann Lee")),
        (2, party(2, Role::Bot(BotName("demo".to_owned())), "Demo")),
        (1, Body::Message { text: text(SAID), message_type: None }),
        (1, Body::Left { reason: LeaveReason::Left, asked_by: None }),
        (0, Body::Ended),
    ];
    let event = |(seq, (by, body)): (u64, (u32, Body))| {
        let index = if by == 0 { PerView::all(None) } else { PerView::all(Some(seq)) };
        Event { seq, at: Millis(1_000_000 + i64::try_from(seq).unwrap()), index, by, body }
    };
    (1..).zip(bodies).map(event).collect()
}

#[async_trait]
impl Sessions for Fake {
    async fn call(&self, call: Call) -> Result<Done, CallError> {
        if let Some(command) = call.command {
            self.asked.lock().unwrap().push((command.caller, command.act));
        }
        if let Some(error) = self.refuse.lock().unwrap().clone() {
            return Err(error);
        }
        let answer = ChatAnswer {
            seq: 7,
            next_position: 1,
            chat_ended: true,
            user_id: String::new(),
            sealed_key: None,
        };
        Ok(Done { answer: Some(Answer::Chat(answer)), reading: None })
    }

    fn mint(&self) -> SessionId {
        SessionId(KNOWN.to_owned())
    }

    fn leaving(&self) -> bool {
        false
    }

    fn nodes(&self) -> Vec<String> {
        Vec::new()
    }

    fn ready(&self) -> Result<(), NotReady> {
        self.unready.lock().unwrap().map_or(Ok(()), Err)
    }
}

#[async_trait]
impl Lists for Fake {
    async fn list(&self, wanted: &EntityQuery) -> (Vec<EntityStatus>, Vec<u16>) {
        let trouble =
            |id: &str| (wanted.kind == ListKind::Queue && id == "b").then_some(QueueTrouble::NotConfigured);
        let state = |id: &str| match wanted.service.as_deref() {
            Some("closing") => "ended",
            _ if id == "c" => "asleep",
            _ => "open",
        };
        let summary = |id: &str| EntityStatus {
            id: id.to_owned(),
            shard: 1,
            state: state(id).to_owned(),
            service: wanted.service.clone(),
            started_at_ms: Some(5),
            trouble: trouble(id),
            place: Some(if id == "b" { Whereabouts::Agent } else { Whereabouts::Queue }),
            ..EntityStatus::default()
        };
        let more = (0..*self.more.lock().unwrap()).map(|n| format!("d{n:04}"));
        let all = ["a", "b", "c"].map(str::to_owned).into_iter().chain(more);
        let all = all.filter(|id| wanted.after.as_ref().is_none_or(|after| id > after));
        (all.take(wanted.limit).map(|id| summary(&id)).collect(), vec![7])
    }
}

#[async_trait]
impl Operations for Fake {
    async fn cluster(&self) -> ClusterStatus {
        let member = |id: u16| MemberStatus {
            id,
            incarnation: format!("{id:016x}"),
            http: format!("http://127.0.0.1:{}", 8100 + id),
            state: MemberStage::Up,
            shards: 12,
            protocol: 2,
            build: "handoff 0.1.0".to_owned(),
        };
        let members = vec![member(1), member(2)];
        ClusterStatus {
            id: 1,
            state: NodeStage::Up,
            version: 9,
            protocol: 1,
            shards: 12,
            sessions: 34,
            members,
        }
    }

    async fn shards(&self) -> Vec<ShardStatus> {
        let mine = ShardStatus {
            shard: 0,
            assigned: Some(1),
            state: ShardStage::Serving,
            epoch: Some(3),
            position: Some((2, 55)),
            entities: 6,
        };
        let other = ShardStatus {
            shard: 1,
            assigned: None,
            state: ShardStage::Elsewhere,
            epoch: None,
            position: None,
            entities: 0,
        };
        vec![mine, other]
    }

    async fn drain(&self) -> Result<(), DrainError> {
        *self.drains.lock().unwrap() += 1;
        self.stuck.lock().unwrap().clone().map_or(Ok(()), |why| Err(DrainError::Failed(why)))
    }

    async fn records(&self, wanted: &RecordsWanted) -> Result<RecordsPage, ReadError> {
        self.records_wanted.lock().unwrap().push(wanted.clone());
        if *self.endless.lock().unwrap() {
            let _tell = Tell(Arc::clone(&self.given_up));
            std::future::pending::<()>().await;
        }
        if self.stuck.lock().unwrap().is_some() {
            return Err(ReadError::Late);
        }
        let cursor = |n: u64| RecordCursor { ended_at_ms: n, id: KNOWN.to_owned() }.to_string();
        let record = |n: u64| RecordSummary {
            id: KNOWN.to_owned(),
            service: wanted.service.clone().unwrap_or_default(),
            started_at_ms: 0,
            ended_at_ms: i64::try_from(n).unwrap(),
            cursor: cursor(n),
        };
        // A page whose budget ended before it was full.
        let newest = wanted.after.as_ref().map_or(3, |after| after.ended_at_ms - 1);
        let next = (newest > 1).then(|| cursor(newest));
        Ok(RecordsPage { items: vec![record(newest)], next })
    }

    async fn raise(&self) -> Result<Raised, RaiseError> {
        let raised = Raised { from: 1, to: 2, held_back_by: Vec::new() };
        self.stuck.lock().unwrap().clone().map_or(Ok(raised), |why| Err(RaiseError::List(why)))
    }

    async fn record(&self, session: &SessionId, from: RecordPlace) -> Result<Option<RecordPiece>, ReadError> {
        self.read.lock().unwrap().push(from.next);
        if let Some(error) = self.refuse.lock().unwrap().clone() {
            return Err(ReadError::Owner(error));
        }
        let long = self.long.lock().unwrap().clone();
        if let Some(long) = long {
            if from.next >= long.stays_away_from {
                let _tell = Tell(Arc::clone(&self.given_up));
                std::future::pending::<()>().await;
            }
            if from.next >= long.fails_from {
                return Err(TablesError::Unknown("the store is away".to_owned()).into());
            }
            return Ok(Some(long.piece(from)));
        }
        let rating = Rating { at: Millis(1_000_000), score: 4, text: text("quick") };
        let piece = || RecordPiece { closed: true, events: events(), next: None, rating: Some(rating) };
        Ok((session.0 == KNOWN).then(piece))
    }
}

/// A long record: messages of this text behind the known session's first events, one in a piece.
#[derive(Debug, Clone)]
pub(crate) struct Long {
    /// Messages, in addition to the three first events.
    pub(crate) messages: u64,
    /// What each says behind its number.
    pub(crate) text: String,
    /// From this event on the store fails.
    pub(crate) fails_from: u64,
    /// From this event on the store never answers.
    pub(crate) stays_away_from: u64,
}

impl Long {
    fn piece(&self, from: RecordPlace) -> RecordPiece {
        let last = 3 + self.messages;
        let events = if from.next == 1 {
            events().into_iter().take(3).collect()
        } else {
            let said = text(&format!("{} {}", from.next, self.text));
            let body = Body::Message { text: said, message_type: None };
            let (seq, at) = (from.next, Millis(1_000_000));
            vec![Event { seq, at, index: PerView::all(Some(seq)), by: 1, body }]
        };
        let end = events.last().unwrap().seq;
        let next = (end < last).then_some(RecordPlace { next: end + 1, last: Some(last) });
        RecordPiece { closed: true, events, next, rating: None }
    }
}
