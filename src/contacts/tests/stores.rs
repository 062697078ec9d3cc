//! The rules of contacts over each store: in memory, embedded, and on the Cassandra nodes that `HANDOFF_CASSANDRA`
//! names.

use super::*;
use handoff_chat::event::PerView;
use handoff_journal::cassandra::{Cassandra, Settings, empty_keyspace_for_tests};
use handoff_journal::sqlite::{Durability, SqliteStore};
use std::sync::Arc;
use tokio::sync::{Mutex, MutexGuard};

/// Two nodes of one store, which starts empty.
struct World {
    nodes: [Arc<dyn Tables>; 2],
    /// Where the store is, as long as it is needed.
    _folder: Option<tempfile::TempDir>,
    _turn: Option<MutexGuard<'static, ()>>,
}

/// Held by the test that has the keyspace: to make one for each would take longer than all that they do in it.
static KEYSPACE: Mutex<()> = Mutex::const_new(());

fn memory() -> World {
    let store = MemoryStore::new(1);
    World {
        nodes: [1, 2].map(|id| Arc::new(store.node(NodeId(id))) as Arc<dyn Tables>),
        _folder: None,
        _turn: None,
    }
}

fn embedded() -> World {
    let folder = tempfile::tempdir().unwrap();
    let open = |id| SqliteStore::open(folder.path(), NodeId(id), Durability::Full).unwrap();
    World {
        nodes: [1, 2].map(|id| Arc::new(open(id)) as Arc<dyn Tables>),
        _folder: Some(folder),
        _turn: None,
    }
}

/// Each node has a database session of its own, in a keyspace that nobody else uses meanwhile.
async fn cassandra() -> Option<World> {
    let Some(points) = std::env::var("HANDOFF_CASSANDRA").ok().filter(|points| !points.is_empty()) else {
        println!("skipped: HANDOFF_CASSANDRA names no database nodes");
        return None;
    };
    let contact_points: Vec<String> = points.split(',').map(str::to_owned).collect();
    let settings = Settings {
        replication_factor: u32::try_from(contact_points.len().min(3)).unwrap(),
        contact_points,
        keyspace: format!("contacts_{}", std::process::id()),
        ..Settings::default()
    };
    let turn = KEYSPACE.lock().await;
    let database = Cassandra::connect(settings.clone()).await.unwrap();
    empty_keyspace_for_tests(&database).await.unwrap();
    database.apply_schema().await.unwrap();
    let other = Cassandra::connect(settings).await.unwrap();
    let nodes = [database.open().await.unwrap() as Arc<dyn Tables>, other.open().await.unwrap()];
    Some(World { nodes, _folder: None, _turn: Some(turn) })
}

macro_rules! rules {
    ($($rule:ident,)*) => {
        mod over_memory {
            $(#[tokio::test]
            async fn $rule() {
                super::$rule(super::memory().nodes).await;
            })*
        }
        mod embedded_store {
            $(#[tokio::test]
            async fn $rule() {
                let world = super::embedded();
                super::$rule(world.nodes.clone()).await;
            })*
        }
        mod over_cassandra {
            $(#[tokio::test]
            async fn $rule() {
                if let Some(world) = super::cassandra().await {
                    super::$rule(world.nodes).await;
                }
            })*
        }
    };
}

rules! {
    a_contact_is_made_once_and_found_by_every_node,
    of_starts_at_once_one_meets_somebody_new,
    a_person_is_one_contact_in_every_order_of_their_keys,
    a_person_is_one_contact_when_all_their_chats_start_at_once_on_two_nodes,
    an_address_stays_with_the_first_id_and_another_id_is_somebody_else,
    two_ids_that_claim_one_address_at_once_do_not_both_get_it,
    the_newest_chats_of_all_their_addresses_are_shown_in_order,
    where_only_signed_starts_join_an_address_nobody_gets_one_by_writing_it,
}

type Nodes = [Arc<dyn Tables>; 2];

/// Whether a start met somebody new.
async fn is_new(tables: &dyn Tables, number: usize, given: Given) -> bool {
    let start = start(given);
    let at = Millis(1_700_000_000_000);
    let opened =
        Event { seq: 1, at, index: PerView::all(None), by: 0, body: Body::Opened(Box::new(start.clone())) };
    identify(tables, &session(number), (&opened, &start), Joins::Said).await.unwrap().unwrap().1
}

async fn a_contact_is_made_once_and_found_by_every_node([one, two]: Nodes) {
    assert!(history(&*two, &start(EMAIL), 50).await.unwrap().is_none(), "nobody was met");
    assert!(is_new(&*one, 0, EMAIL).await);
    assert!(!is_new(&*two, 1, EMAIL).await);
    assert!(!is_new(&*one, 0, EMAIL).await, "a repeat");
    for node in [&one, &two] {
        let (contact, chats) = shown(&**node, EMAIL).await;
        assert_eq!(Some(contact.id), keys(&start(EMAIL)).email);
        assert_eq!(chats, [session(0), session(1)]);
    }
    assert!(history(&*one, &start(EMAIL.of(1)), 50).await.unwrap().is_none(), "nobody else was met");
    assert!(!is_new(&*two, 2, BOTH).await, "the address was known");
    assert!(is_new(&*two, 3, BOTH.of(2)).await, "neither was");
}

async fn of_starts_at_once_one_meets_somebody_new(nodes: Nodes) {
    for person in 0..8 {
        let starts = (0..4).map(|number| is_new(&*nodes[number % 2], number, EMAIL.of(person)));
        let met = futures_util::future::join_all(starts).await;
        assert_eq!(met.iter().filter(|new| **new).count(), 1, "{met:?}");
    }
}

async fn a_person_is_one_contact_in_every_order_of_their_keys(nodes: Nodes) {
    for (person, order) in ORDERS.iter().enumerate() {
        let order: Vec<Given> = order.iter().map(|given| given.of(person)).collect();
        for (number, given) in order.iter().enumerate() {
            starts(&*nodes[number % 2], number, *given).await;
        }
        for node in &nodes {
            one_contact(&**node, &order, &format!("{order:?}")).await;
        }
    }
}

async fn a_person_is_one_contact_when_all_their_chats_start_at_once_on_two_nodes(nodes: Nodes) {
    for (person, order) in ORDERS.iter().enumerate() {
        let order: Vec<Given> = order.iter().map(|given| given.of(person)).collect();
        let all = order.iter().enumerate();
        join_all(all.map(|(number, given)| starts(&*nodes[number % 2], number, *given))).await;
        for node in &nodes {
            one_contact(&**node, &order, &format!("{order:?}")).await;
        }
    }
}

async fn an_address_stays_with_the_first_id_and_another_id_is_somebody_else([one, two]: Nodes) {
    let other = Given { id: "43", ..BOTH };
    for (number, given) in [BOTH, other, EMAIL].into_iter().enumerate() {
        starts(&*one, number, given).await;
    }
    assert_eq!(shown(&*two, BOTH).await.1, [session(0), session(2)]);
    assert_eq!(shown(&*two, EMAIL).await.1, [session(0), session(2)]);
    assert_eq!(shown(&*two, other).await.1, [session(1)]);
    assert_eq!(shown(&*two, Given { email: "", ..other }).await.1, [session(1)]);
}

async fn two_ids_that_claim_one_address_at_once_do_not_both_get_it([one, two]: Nodes) {
    for person in 0..8 {
        let (this, other) = (BOTH.of(person), Given { id: "43", person, ..BOTH });
        starts(&*one, 0, EMAIL.of(person)).await;
        join_all([starts(&*one, 1, this), starts(&*two, 2, other)]).await;
        let mut found = Vec::new();
        for given in [this, other] {
            let [by_one, by_two] = [shown(&*one, given).await, shown(&*two, given).await];
            assert_eq!(by_one, by_two, "both nodes show the same");
            found.push(by_one.1);
        }
        let with_the_address = found.iter().filter(|chats| chats.contains(&session(0))).count();
        assert_eq!(with_the_address, 1, "{found:?}");
        let of_address = shown(&*one, EMAIL.of(person)).await.1;
        assert!(found.contains(&of_address), "the address is one of theirs: {of_address:?}, {found:?}");
    }
}

async fn the_newest_chats_of_all_their_addresses_are_shown_in_order([one, two]: Nodes) {
    let second = Given { email: "z@example.net", ..EMAIL };
    let both = Given { id: "42", ..second };
    for (number, given) in [EMAIL, second, EMAIL, both, BOTH, ID].into_iter().enumerate() {
        starts(&*one, number, given).await;
    }
    let found = history(&*two, &start(ID), 4).await.unwrap().unwrap();
    let chats: Vec<SessionId> = found.records.into_iter().map(|record| record.session).collect();
    assert_eq!(chats, [2, 3, 4, 5].map(session));
    assert_eq!(found.contact.since, Millis(1_700_000_000_000), "since they were met first");
    assert!(history(&*two, &start(Given { id: "", ..ID }), 4).await.unwrap().is_none());
}

async fn where_only_signed_starts_join_an_address_nobody_gets_one_by_writing_it([one, two]: Nodes) {
    let signed = |given| Start { verified: true, ..start(given) };
    starts_as(&*one, 0, signed(EMAIL), Joins::Signed).await;
    starts_as(&*one, 1, start(Given { id: "43", ..BOTH }), Joins::Signed).await;
    assert_eq!(shown(&*two, Given { id: "43", ..ID }).await.1, [session(1)]);
    assert_eq!(shown(&*two, EMAIL).await.1, [session(0)]);
    starts_as(&*two, 2, signed(BOTH), Joins::Signed).await;
    let records = history(&*one, &start(ID), 50).await.unwrap().unwrap().records;
    let records: Vec<_> = records.into_iter().map(|record| (record.session, record.verified)).collect();
    assert_eq!(records, [(session(0), true), (session(2), true)]);
    starts_as(&*one, 3, start(ID), Joins::Signed).await;
    let records = history(&*two, &start(EMAIL), 50).await.unwrap().unwrap().records;
    assert_eq!(records.last().map(|record| (&record.session, record.verified)), Some((&session(3), false)));
}
