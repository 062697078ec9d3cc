//! Pieces over the memory store, counted.

use super::*;
use crate::observer::Unobserved;
use crate::record::RecordWriter;
use async_trait::async_trait;
use bytes::Bytes;
use handoff_chat::channel::{Channel, Presence, Proof};
use handoff_chat::command::{Act, Caller, Command, Read, Reading, View};
use handoff_chat::event::{Body, Event, LeaveReason, PerView};
use handoff_chat::key::StoredKey;
use handoff_chat::opening::{Limits, Opening};
use handoff_chat::session::VIEW_BYTES_MAX;
use handoff_chat::text::Text;
use handoff_chat::{CommandId, Context, Millis, Served};
use handoff_journal::memory::{MemoryNode, MemoryStore};
use handoff_journal::{NodeId, Place, Row, Swap};
use handoff_shard::record_rows::RecordRows;
use std::sync::{Arc, Mutex};

/// A store that counts the rows that it hands out at once, and fails when told to.
struct Counting {
    node: MemoryNode,
    scans: Mutex<Vec<usize>>,
    fails_after: Option<usize>,
}

#[async_trait]
impl Tables for Counting {
    async fn put_once(&self, table: Table, rows: Vec<Row>) -> Result<(), TablesError> {
        self.node.put_once(table, rows).await
    }

    async fn put_if_version(
        &self,
        table: Table,
        key: &str,
        expected: u64,
        body: Bytes,
    ) -> Result<Swap, TablesError> {
        self.node.put_if_version(table, key, expected, body).await
    }

    async fn get_versioned(&self, table: Table, key: &str) -> Result<Option<(u64, Bytes)>, TablesError> {
        self.node.get_versioned(table, key).await
    }

    async fn get(&self, table: Table, key: &str, row: u64) -> Result<Option<Bytes>, TablesError> {
        self.node.get(table, key, row).await
    }

    async fn scan(
        &self,
        table: Table,
        key: &str,
        from: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Bytes)>, TablesError> {
        let rows = self.node.scan(table, key, from, limit).await?;
        let mut scans = self.scans.lock().unwrap();
        scans.push(rows.len());
        if self.fails_after.is_some_and(|most| scans.len() > most) {
            return Err(TablesError::Unknown("away".to_owned()));
        }
        Ok(rows)
    }

    async fn enlist(&self, entry: handoff_journal::Entry) -> Result<(), TablesError> {
        self.node.enlist(entry).await
    }

    async fn list_back(
        &self,
        list: &str,
        below: Option<&Place>,
        limit: usize,
    ) -> Result<Vec<(Place, Bytes)>, TablesError> {
        self.node.list_back(list, below, limit).await
    }
}

fn chat() -> SessionId {
    SessionId("0123456789abcdEF".to_owned())
}

/// A store with a record of `events` events, without those of `lost`; `closed`: with its closing row.
async fn store(events: u64, closed: bool, lost: &[u64], fails_after: Option<usize>) -> Counting {
    let node = MemoryStore::new(1).node(NodeId(1));
    let event = |seq| Event {
        seq,
        at: Millis(1),
        index: PerView::all(Some(seq)),
        by: 1,
        body: Body::Message { text: Text::clear(&format!("message {seq}")), message_type: None },
    };
    let opening = handoff_chat::record::RecordOpening {
        session: chat(),
        service: "default".to_owned(),
        started_at: Millis(1),
        nickname: Text::clear("Zoë"),
        user_id: "1".to_owned(),
    };
    let closing = RecordClosing { ended_at: Millis(2), last_seq: events, reason: LeaveReason::Left };
    let rows = RecordRows {
        opening: Some(opening.clone()),
        events: (1..=events).filter(|seq| !lost.contains(seq)).map(event).collect(),
        closing: closed.then_some((closing, opening)),
        ..RecordRows::default()
    };
    RecordWriter::new(Arc::new(node.clone()), crate::contacts::Joins::Said, Arc::new(Unobserved))
        .write(chat(), rows)
        .await;
    Counting { node, scans: Mutex::default(), fails_after }
}

/// The numbers of all events, piece by piece, and whether the last piece was of a closed record.
async fn read(tables: &Counting) -> Result<(Vec<u64>, bool), TablesError> {
    let (mut seqs, mut place) = (Vec::new(), RecordPlace::START);
    loop {
        let piece = stored_piece(tables, &chat(), place).await?.expect("there is one");
        seqs.extend(piece.events.iter().map(|event| event.seq));
        match piece.next {
            Some(next) => place = next,
            None => return Ok((seqs, piece.closed)),
        }
    }
}

#[tokio::test]
async fn a_record_of_any_length_is_read_whole_and_in_order_in_pieces_of_bounded_size() {
    let most = u64::from(PIECE_EVENTS);
    for events in [0, 1, most - 1, most, most + 1, 3 * most, 5000] {
        for closed in [true, false] {
            let tables = store(events, closed, &[], None).await;
            assert_eq!(read(&tables).await.unwrap(), ((1..=events).collect(), closed));
            let scans = tables.scans.lock().unwrap().clone();
            assert!(scans.iter().all(|rows| *rows <= PIECE_EVENTS as usize), "{scans:?}");
            assert!(scans.len() as u64 <= 2 * (events / most + 1), "{scans:?}");
        }
    }
}

#[tokio::test]
async fn what_is_not_asked_for_is_not_read() {
    let tables = store(5000, true, &[], None).await;
    let piece = stored_piece(&tables, &chat(), RecordPlace::START).await.unwrap().unwrap();
    assert_eq!((piece.events.len(), tables.scans.lock().unwrap().len()), (PIECE_EVENTS as usize, 1));
    // From anywhere, and beyond the end.
    let at = |next| RecordPlace { next, last: None };
    let last = stored_piece(&tables, &chat(), at(4999)).await.unwrap().unwrap();
    assert_eq!((last.events.len(), last.next), (2, None));
    for beyond in [5001, u64::MAX] {
        let none = stored_piece(&tables, &chat(), at(beyond)).await.unwrap().unwrap();
        assert_eq!((none.events.len(), none.next), (0, None));
    }
    let other = SessionId("AAAAAAAAAAAAAAAA".to_owned());
    assert!(stored_piece(&tables, &other, RecordPlace::START).await.unwrap().is_none());
}

#[tokio::test]
async fn a_store_that_fails_or_lacks_a_row_ends_the_reading_with_an_error() {
    let failing = store(1000, true, &[], Some(3)).await;
    assert_eq!(read(&failing).await, Err(TablesError::Unknown("away".to_owned())));
    for lost in [1, 64, 65, 500, 1000] {
        let tables = store(1000, true, &[lost], None).await;
        assert!(matches!(read(&tables).await, Err(TablesError::Refused(_))), "without {lost}");
    }
}

const CUSTOMER: Caller = Caller::Customer(Proof::Key([5; 32]));

/// A chat of these messages that has ended, and its events.
fn ended<'a>(messages: impl IntoIterator<Item = &'a str>) -> (Session, Vec<Event>) {
    let limits = Limits::new(100_000, 10_000, 1);
    let key = StoredKey { hash: [5; 32], sealed: None };
    let channel = Channel::with_key("native", key, Presence::ComesAndGoes);
    let opening = Opening { nickname: "Zoë".to_owned(), ..Opening::new("default", channel, limits) };
    let says = |text: &str| (CUSTOMER, Act::Send { text: text.to_owned(), message_type: None });
    let begins = (CUSTOMER, Act::Open(Box::new(opening)));
    let acts = std::iter::once(begins)
        .chain(messages.into_iter().map(says))
        .chain([(Caller::Operator, Act::ForceEnd)]);
    let (mut session, mut events) = (Session::new(chat()), Vec::new());
    for ((caller, act), n) in acts.zip(1_i64..) {
        let command = Command { id: CommandId(n.to_string()), caller, act };
        let turn =
            Context { now: Millis(n), served: Served(n), random: [1; 16], waiting_max: 0, protocol: 1 };
        for entry in session.decide(&command, &turn).unwrap().entries {
            session.apply(&entry);
            if let Entry::Event(event) = entry {
                events.push(event);
            }
        }
    }
    (session, events)
}

/// Puts a chat's events, and closes its record.
async fn put(node: &MemoryNode, session: &Session, events: &[Event]) {
    let closing = session.record_closing().zip(session.record_opening());
    let rows = RecordRows { events: events.to_vec(), closing, ..RecordRows::default() };
    RecordWriter::new(Arc::new(node.clone()), crate::contacts::Joins::Said, Arc::new(Unobserved))
        .write(chat(), rows)
        .await;
}

async fn view(node: &dyn Tables, position: u64) -> View {
    let read = Read::Customer { position };
    match read_final(node, &chat(), &CUSTOMER, &read).await.unwrap().expect("it is final") {
        Ok(Reading::View(view)) => view,
        other => panic!("no view but {other:?}"),
    }
}

#[tokio::test]
async fn a_chat_is_read_from_its_record_as_from_the_whole() {
    let (session, events) = ended(["message"; 200]);
    let node = MemoryStore::new(1).node(NodeId(1));
    put(&node, &session, &events).await;
    let mut whole = Session::new(chat());
    events.iter().for_each(|event| whole.apply(&Entry::Event(event.clone())));
    for position in [0, 1, 2, 64, 65, 150, 201, 202, 203, 204, u64::MAX] {
        let in_memory = whole.read(&CUSTOMER, &Read::Customer { position });
        assert_eq!(Ok(Reading::View(view(&node, position).await)), in_memory, "from {position}");
    }
    let live = store(3, false, &[], None).await;
    let read = Read::Customer { position: 1 };
    assert_eq!(read_final(&live, &chat(), &CUSTOMER, &read).await.unwrap(), None);
}

#[tokio::test]
async fn a_chat_that_is_larger_than_a_view_is_read_to_its_end_view_by_view() {
    let text = "x".repeat(100_000);
    let (session, events) = ended([text.as_str(); 40]);
    let node = MemoryStore::new(1).node(NodeId(1));
    put(&node, &session, &events).await;
    let (mut seqs, mut position, mut views) = (Vec::new(), 1, 0);
    loop {
        let view = view(&node, position).await;
        views += 1;
        assert!(view.events.iter().map(Event::bytes).sum::<usize>() <= VIEW_BYTES_MAX);
        seqs.extend(view.events.iter().map(|event| event.seq));
        position = view.next_position;
        if view.chat_ended {
            break;
        }
    }
    let shown = events.iter().filter(|event| event.index.customer.is_some()).map(|event| event.seq);
    assert_eq!((seqs, views), (shown.collect(), 4));
}

#[tokio::test]
async fn a_rating_is_a_row_of_its_own_before_or_after_the_record_is_closed() {
    let given = Rating { at: Millis(9), score: 4, text: Text::clear("quick") };
    for closed in [false, true] {
        let store = store(3, closed, &[], None).await;
        assert_eq!(rating(&store, &chat()).await.unwrap(), None);
        let rows = RecordRows { rating: Some(given.clone()), ..RecordRows::default() };
        RecordWriter::new(Arc::new(store.node.clone()), crate::contacts::Joins::Said, Arc::new(Unobserved))
            .write(chat(), rows)
            .await;
        assert_eq!(rating(&store, &chat()).await.unwrap(), Some(given.clone()));
        let piece = stored_piece(&store, &chat(), RecordPlace::START).await.unwrap().unwrap();
        assert_eq!((piece.events.len(), piece.closed), (3, closed), "it is no event");
    }
}
