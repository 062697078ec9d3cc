//! One contact per person, in whatever order and however much at the same time they show their keys: here over a store
//! that loses and delays what it is asked, in [`stores`] over each store that there is.

use super::*;
use futures_util::future::join_all;
use handoff_chat::channel::{Channel, Presence};
use handoff_chat::event::PerView;
use handoff_chat::key::StoredKey;
use handoff_chat::opening::{Limits, Names, Terms};
use handoff_chat::text::Text;
use handoff_journal::NodeId;
use handoff_journal::memory::{Faults, MemoryNode, MemoryStore};

mod stores;

/// What a start gives: an id, an address.
#[derive(Debug, Clone, Copy)]
struct Given {
    id: &'static str,
    email: &'static str,
    /// Whose they are: stores are shared by many.
    person: usize,
}

const ID: Given = Given { id: "42", email: "", person: 0 };
const EMAIL: Given = Given { id: "", email: "zoe@example.org", person: 0 };
const BOTH: Given = Given { id: "42", email: " Zoe@Example.org", person: 0 };

impl Given {
    fn of(self, person: usize) -> Self {
        Self { person, ..self }
    }
}

fn names(first: &str, last: &str, email: &str) -> Names<Text> {
    Names { first, last, email }.map(|name| Text::clear(name))
}

fn start(given: Given) -> Start {
    let person = given.person;
    let id = if given.id.is_empty() { String::new() } else { format!("{person}:{}", given.id) };
    let email = if given.email.is_empty() { String::new() } else { format!("{}.{person}", given.email) };
    let user_data = [("ContactId".to_owned(), Text::clear(&id))].into();
    let first_name = if email.is_empty() { "" } else { "Zoë" };
    Start {
        terms: Terms::new(
            "default",
            Channel::with_key("native", StoredKey { hash: [0; 32], sealed: None }, Presence::ComesAndGoes),
            Limits::new(1, 1, 1),
        ),
        subject: Text::clear("a parcel"),
        names: names(first_name, "Ng", &email),
        user_data,
        time_zone_offset_minutes: 0,
        verified: false,
    }
}

fn session(number: usize) -> SessionId {
    SessionId(format!("chat{number}"))
}

/// A session's effect, repeated until it is done.
async fn starts(tables: &dyn Tables, number: usize, given: Given) -> ContactId {
    starts_as(tables, number, start(given), Joins::Said).await
}

async fn starts_as(tables: &dyn Tables, number: usize, start: Start, joins: Joins) -> ContactId {
    let at = Millis(1_700_000_000_000 + i64::try_from(number).unwrap());
    let opened =
        Event { seq: 1, at, index: PerView::all(None), by: 0, body: Body::Opened(Box::new(start.clone())) };
    loop {
        match identify(tables, &session(number), (&opened, &start), joins).await {
            Ok(found) => return found.expect("they gave something").0,
            Err(TablesError::Refused(why)) => panic!("{why}"),
            Err(_) => {}
        }
    }
}

/// What agents are shown: the contact, and the numbers of their chats.
async fn shown(tables: &dyn Tables, given: Given) -> (Contact, Vec<SessionId>) {
    let history = history(tables, &start(given), 50).await.unwrap().expect("they were met");
    (history.contact, history.records.into_iter().map(|record| record.session).collect())
}

fn tables(seed: u64, faults: Faults) -> (MemoryStore, MemoryNode) {
    let store = MemoryStore::new(seed);
    store.set_faults(faults);
    let node = store.node(NodeId(1));
    (store, node)
}

const ORDERS: [&[Given]; 9] = [
    &[ID, EMAIL, BOTH],
    &[ID, BOTH, EMAIL],
    &[EMAIL, ID, BOTH],
    &[EMAIL, BOTH, ID],
    &[BOTH, ID, EMAIL],
    &[BOTH, EMAIL, ID],
    &[BOTH, EMAIL],
    &[EMAIL, BOTH],
    &[BOTH, BOTH, ID, EMAIL, EMAIL],
];

/// All that were met see one contact, of the id, with the chats of all.
async fn one_contact(tables: &dyn Tables, order: &[Given], what: &str) {
    let all: Vec<SessionId> = (0..order.len()).map(session).collect();
    for given in order {
        let (contact, chats) = shown(tables, *given).await;
        assert_eq!(Some(contact.id), keys(&start(ID.of(given.person))).id, "{what}: {given:?}");
        assert_eq!(chats, all, "{what}: {given:?}");
        assert_eq!(contact.names.first.show(), "Zoë", "{what}: {given:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_person_is_one_contact_when_all_their_chats_start_at_once_and_the_store_loses_and_delays() {
    let rough = Faults {
        lose_before: 0.1,
        lose_after: 0.1,
        late: 0.1,
        late_ms: (1, 40),
        delay_ms: (0, 5),
        timeout_ms: 10,
    };
    for seed in 0..150 {
        for order in ORDERS {
            let (store, tables) = tables(seed, rough.clone());
            let all = order.iter().enumerate().map(|(number, given)| starts(&tables, number, *given));
            join_all(all).await;
            store.set_faults(Faults::default());
            // What is late comes at the next call.
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            one_contact(&tables, order, &format!("seed {seed}, {order:?}")).await;
        }
    }
}

#[tokio::test]
async fn an_id_that_too_many_share_joins_no_more_addresses() {
    let (_store, tables) = tables(1, Faults::default());
    for number in 0..JOINED_MAX + 2 {
        let start = Start { names: names("", "", &format!("n{number}@example.org")), ..start(ID) };
        let opened = Event {
            seq: 1,
            at: Millis(5),
            index: PerView::all(None),
            by: 0,
            body: Body::Opened(Box::new(start.clone())),
        };
        identify(&tables, &session(number), (&opened, &start), Joins::Said).await.unwrap();
    }
    let (_, contact) = read(&tables, &keys(&start(ID)).id.unwrap()).await.unwrap().unwrap();
    assert_eq!(contact.joined.len(), JOINED_MAX);
}

#[tokio::test]
async fn a_contact_s_newest_chats_are_all_found_whatever_started_together() {
    let store = MemoryStore::new(1);
    let tables = store.node(NodeId(1));
    let events = crate::admin::fake::events();
    let (start, opened) = start_of(&events).unwrap();
    let session = |n: usize| SessionId(format!("{n:016}"));
    for n in 0..3_000 {
        // All but the last two start in one millisecond.
        let at = handoff_chat::Millis(opened.at.0 + i64::from(n >= 2_998));
        let opened = Event { at, ..opened.clone() };
        identify(&tables, &session(n), (&opened, start), Joins::Said).await.unwrap();
    }
    let found = async |limit| {
        let history = history(&tables, start, limit).await.unwrap().unwrap();
        history.records.into_iter().map(|record| record.session).collect::<Vec<_>>()
    };
    let all: Vec<_> = (0..3_000).map(session).collect();
    assert!(found(10_000).await == all, "each chat once, oldest first");
    let before = store.statement_count();
    assert_eq!(found(4).await, all[2_996..], "the newest");
    assert_eq!(store.statement_count() - before, 2, "they themselves, and one read of their chats");
}
