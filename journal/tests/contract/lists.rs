//! Lists by time: every entry is there once, whatever happened in one millisecond, and they are read from their end.

use bytes::Bytes;
use handoff_journal::{CLOSING_ROW, Entry, Place, Row, Table, Tables, TablesError};

use super::tables::sure;
use crate::support::World;

fn place(number: u64, name: &str) -> Place {
    Place { number, name: name.to_owned() }
}

async fn enlist(tables: &dyn Tables, list: &str, number: u64, name: &str) {
    let body = Bytes::from(format!("{number} {name}"));
    let entry = Entry { list: list.to_owned(), place: place(number, name), body };
    sure(|| tables.enlist(entry.clone())).await.expect("enlist");
}

/// The places that are listed; each body must be that of its place.
async fn places(tables: &dyn Tables, list: &str, below: Option<&Place>, limit: usize) -> Vec<Place> {
    let entries = sure(|| tables.list_back(list, below, limit)).await.expect("list");
    let checked = entries.into_iter().map(|(place, body)| {
        assert_eq!(body, Bytes::from(format!("{} {}", place.number, place.name)));
        place
    });
    checked.collect()
}

pub async fn entries_of_one_moment_are_all_there_and_in_order(world: &dyn World) {
    let node = world.node(1).await;
    let list = world.key("list");
    for (number, name) in [(7, "b"), (7, "a"), (8, ""), (7, "aa"), (6, "z"), (7, "")] {
        enlist(&*node.tables, &list, number, name).await;
    }
    let expected =
        [(8, ""), (7, "b"), (7, "aa"), (7, "a"), (7, ""), (6, "z")].map(|(at, name)| place(at, name));
    assert_eq!(places(&*node.tables, &list, None, 100).await, expected);
    assert_eq!(places(&*node.tables, &list, None, 2).await, expected[..2]);
    assert_eq!(places(&*node.tables, &list, None, 0).await, []);
    assert_eq!(places(&*node.tables, &world.key("list"), None, 100).await, []);
}

pub async fn a_list_is_read_back_below_any_place(world: &dyn World) {
    let node = world.node(1).await;
    let list = world.key("list");
    let all = [place(CLOSING_ROW, "z"), place(CLOSING_ROW, ""), place(5, "b"), place(5, "a"), place(0, "a")];
    for place in &all {
        enlist(&*node.tables, &list, place.number, &place.name).await;
    }
    let from = async |number, name: &str| {
        let below = place(number, name);
        let found = places(&*node.tables, &list, Some(&below), 100).await;
        let rest = all.iter().position(|place| found.first() == Some(place)).unwrap_or(all.len());
        assert_eq!(found, all[rest..], "all that is below, to the end");
        rest
    };
    assert_eq!(from(u64::MAX, "").await, 0, "a bound beyond all numbers");
    assert_eq!(from(CLOSING_ROW, "zz").await, 0);
    assert_eq!(from(CLOSING_ROW, "z").await, 1, "a bound is not listed itself");
    assert_eq!(from(CLOSING_ROW, "").await, 2);
    assert_eq!(from(6, "").await, 2);
    assert_eq!(from(5, "ab").await, 3, "a bound need not be there");
    assert_eq!(from(5, "").await, 4);
    assert_eq!(from(0, "").await, 5);
}

pub async fn a_list_paged_to_its_end_has_every_entry_of_every_node_once(world: &dyn World) {
    let list = world.key("list");
    for id in 1..=3u16 {
        let node = world.node(id).await;
        for at in 0..100u64 {
            // Four of each node end in one millisecond.
            enlist(&*node.tables, &list, at / 4, &format!("{:02} of {id}", at % 4)).await;
        }
    }
    let reader = world.node(2).await;
    let mut paged = Vec::new();
    loop {
        let page = places(&*reader.tables, &list, paged.last(), 7).await;
        let last = page.len() < 7;
        paged.extend(page);
        if last {
            break;
        }
    }
    assert_eq!(paged.len(), 300);
    assert!(paged.is_sorted_by(|a, b| a > b), "newest first, each once");
    // More than any store reads at once.
    assert_eq!(places(&*reader.tables, &list, None, 1_000).await, paged);
}

pub async fn an_entry_put_twice_is_listed_once(world: &dyn World) {
    let list = world.key("list");
    for id in [1, 1, 2] {
        enlist(&*world.node(id).await.tables, &list, 3, "same").await;
    }
    assert_eq!(places(&*world.node(2).await.tables, &list, None, 10).await, [place(3, "same")]);
}

pub async fn lists_and_rows_do_not_mix(world: &dyn World) {
    let node = world.node(1).await;
    let (one, two) = (world.key("a"), world.key("b"));
    enlist(&*node.tables, &one, 1, "of one").await;
    let row = Row { key: two.clone(), row: 1, body: Bytes::from("row") };
    sure(|| node.tables.put_once(Table::Record, vec![row.clone()])).await.expect("put");
    assert_eq!(sure(|| node.tables.get(Table::Record, &one, 1)).await, Ok(None));
    assert_eq!(places(&*node.tables, &one, None, 10).await, [place(1, "of one")]);
    assert_eq!(places(&*node.tables, &two, None, 10).await, []);
}

pub async fn a_number_that_can_t_be_stored_is_refused(world: &dyn World) {
    let node = world.node(1).await;
    let list = world.key("list");
    let entry = Entry { list: list.clone(), place: place(CLOSING_ROW + 1, ""), body: Bytes::new() };
    let answer = sure(|| node.tables.enlist(entry.clone())).await;
    assert!(matches!(answer, Err(TablesError::Refused(_))), "{answer:?}");
    assert_eq!(places(&*node.tables, &list, None, 10).await, []);
}
