//! The shared tables: rows written once, cells swapped by version.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use handoff_journal::{CLOSING_ROW, Row, Swap, Table, Tables, TablesError};

use crate::support::World;

/// Repeats until the answer is definite.
pub async fn sure<T, F>(mut call: impl FnMut() -> F) -> Result<T, TablesError>
where
    F: Future<Output = Result<T, TablesError>>,
{
    loop {
        match call().await {
            Err(TablesError::Unknown(_)) => tokio::time::sleep(Duration::from_millis(5)).await,
            answer => return answer,
        }
    }
}

fn row(key: &str, row: u64, body: &str) -> Row {
    Row { key: key.to_owned(), row, body: Bytes::copy_from_slice(body.as_bytes()) }
}

async fn put(tables: &dyn Tables, table: Table, rows: Vec<Row>) {
    sure(|| tables.put_once(table, rows.clone())).await.expect("put");
}

async fn texts(tables: &dyn Tables, table: Table, key: &str, from: u64, limit: usize) -> Vec<(u64, String)> {
    let rows = sure(|| tables.scan(table, key, from, limit)).await.expect("scan");
    rows.into_iter().map(|(row, body)| (row, String::from_utf8(body.to_vec()).expect("text"))).collect()
}

async fn text(tables: &dyn Tables, table: Table, key: &str, row: u64) -> Option<String> {
    let body = sure(|| tables.get(table, key, row)).await.expect("get");
    body.map(|body| String::from_utf8(body.to_vec()).expect("text"))
}

/// Swaps and settles an unknown outcome by reading, as every caller must; bodies are unique.
async fn swap(tables: &dyn Tables, key: &str, expected: u64, body: &str) -> Swap {
    let bytes = Bytes::copy_from_slice(body.as_bytes());
    loop {
        match tables.put_if_version(Table::Contact, key, expected, bytes.clone()).await {
            Ok(Swap::Lost { version, body }) if version == expected + 1 && body == bytes => return Swap::Won,
            Ok(answer) => return answer,
            Err(TablesError::Unknown(_)) => tokio::time::sleep(Duration::from_millis(5)).await,
            Err(other) => panic!("{other}"),
        }
    }
}

async fn cell(tables: &dyn Tables, key: &str) -> Option<(u64, Bytes)> {
    sure(|| tables.get_versioned(Table::Contact, key)).await.expect("read")
}

pub async fn a_row_is_read_by_every_node(world: &dyn World) {
    let (first, second) = (world.node(1).await, world.node(2).await);
    let key = world.key("session");
    assert_eq!(text(&*second.tables, Table::Record, &key, 0).await, None);
    put(&*first.tables, Table::Record, vec![row(&key, 0, "opening"), row(&key, CLOSING_ROW, "closing")])
        .await;
    for node in [&first, &second] {
        assert_eq!(text(&*node.tables, Table::Record, &key, 0).await.as_deref(), Some("opening"));
        assert_eq!(text(&*node.tables, Table::Record, &key, CLOSING_ROW).await.as_deref(), Some("closing"));
        assert_eq!(text(&*node.tables, Table::Record, &key, 1).await, None);
    }
}

pub async fn a_row_put_twice_stays(world: &dyn World) {
    let (first, second) = (world.node(1).await, world.node(2).await);
    let key = world.key("session");
    for node in [&first, &first, &second] {
        put(&*node.tables, Table::Record, vec![row(&key, 3, "same")]).await;
    }
    assert_eq!(texts(&*second.tables, Table::Record, &key, 0, 10).await, [(3, "same".to_owned())]);
    put(&*first.tables, Table::Record, vec![]).await;
}

pub async fn h1_a_row_once_put_keeps_its_first_body_or_refuses(world: &dyn World) {
    let node = world.node(1).await;
    let key = world.key("session");
    put(&*node.tables, Table::Snapshot, vec![row(&key, 0, "first")]).await;
    // The caller's bug: a store may refuse it, ignore it, or (a real one) let one of both stand, never a mixture.
    let _ = node.tables.put_once(Table::Snapshot, vec![row(&key, 0, "other")]).await;
    let stands = text(&*node.tables, Table::Snapshot, &key, 0).await;
    assert!(matches!(stands.as_deref(), Some("first" | "other")), "{stands:?}");
    // Whichever stands, stands for every node and in every way to read it.
    let second = world.node(2).await;
    let _ = second.tables.put_once(Table::Snapshot, vec![row(&key, 0, "third")]).await;
    let stands = text(&*node.tables, Table::Snapshot, &key, 0).await.expect("a row");
    assert!(["first", "other", "third"].contains(&stands.as_str()), "{stands}");
    for node in [&node, &second] {
        assert_eq!(text(&*node.tables, Table::Snapshot, &key, 0).await.as_ref(), Some(&stands));
        assert_eq!(texts(&*node.tables, Table::Snapshot, &key, 0, 9).await, [(0, stands.clone())]);
    }
}

pub async fn a_scan_is_in_order_and_starts_and_stops_where_asked(world: &dyn World) {
    let node = world.node(1).await;
    let key = world.key("session");
    let rows = [9, 2, 7, CLOSING_ROW, 0, 4].map(|number| row(&key, number, &number.to_string()));
    put(&*node.tables, Table::Record, rows.to_vec()).await;
    let numbers = |from, limit| {
        let (tables, key) = (node.tables.clone(), key.clone());
        async move {
            let rows = texts(&*tables, Table::Record, &key, from, limit).await;
            rows.into_iter().map(|(number, _)| number).collect::<Vec<_>>()
        }
    };
    assert_eq!(numbers(0, 100).await, [0, 2, 4, 7, 9, CLOSING_ROW]);
    assert_eq!(numbers(3, 2).await, [4, 7]);
    assert_eq!(numbers(10, 100).await, [CLOSING_ROW]);
    assert_eq!(numbers(0, 0).await, [0; 0]);
}

pub async fn rows_of_several_nodes_are_scanned_as_one(world: &dyn World) {
    let key = world.key("session");
    for id in 1..=3u16 {
        let rows = (0..5).map(|number| row(&key, number * 3 + u64::from(id), &format!("{id}")));
        put(&*world.node(id).await.tables, Table::Record, rows.collect()).await;
    }
    let scanned = texts(&*world.node(2).await.tables, Table::Record, &key, 2, 10).await;
    let expected: Vec<_> = (2..12).map(|number| (number, format!("{}", (number - 1) % 3 + 1))).collect();
    assert_eq!(scanned, expected);
}

pub async fn tables_and_keys_do_not_mix(world: &dyn World) {
    let node = world.node(1).await;
    let (one, two) = (world.key("a"), world.key("b"));
    put(&*node.tables, Table::Record, vec![row(&one, 0, "record of one"), row(&two, 0, "record of two")])
        .await;
    put(&*node.tables, Table::Snapshot, vec![row(&one, 0, "snapshot of one")]).await;
    assert_eq!(text(&*node.tables, Table::Record, &one, 0).await.as_deref(), Some("record of one"));
    assert_eq!(text(&*node.tables, Table::Record, &two, 0).await.as_deref(), Some("record of two"));
    assert_eq!(text(&*node.tables, Table::Snapshot, &one, 0).await.as_deref(), Some("snapshot of one"));
    assert_eq!(text(&*node.tables, Table::Snapshot, &two, 0).await, None);
    assert_eq!(cell(&*node.tables, &one).await, None);
}

pub async fn a_row_number_past_the_closing_row_is_refused(world: &dyn World) {
    let node = world.node(1).await;
    let key = world.key("session");
    let rows = vec![row(&key, 1, "fine"), row(&key, CLOSING_ROW + 1, "too large")];
    let answer = sure(|| node.tables.put_once(Table::Record, rows.clone())).await;
    assert!(matches!(answer, Err(TablesError::Refused(_))), "{answer:?}");
    assert_eq!(texts(&*node.tables, Table::Record, &key, 0, 10).await, []);
}

pub async fn a_versioned_cell_is_swapped_only_at_its_version(world: &dyn World) {
    let (first, second) = (world.node(1).await, world.node(2).await);
    let key = world.key("contact");
    assert_eq!(cell(&*first.tables, &key).await, None);
    assert_eq!(
        swap(&*first.tables, &key, 4, "none there").await,
        Swap::Lost { version: 0, body: Bytes::new() }
    );
    assert_eq!(swap(&*first.tables, &key, 0, "one").await, Swap::Won);
    assert_eq!(cell(&*second.tables, &key).await, Some((1, Bytes::from("one"))));
    let lost = Swap::Lost { version: 1, body: Bytes::from("one") };
    assert_eq!(swap(&*second.tables, &key, 0, "first too").await, lost);
    assert_eq!(swap(&*second.tables, &key, 2, "ahead").await, lost);
    assert_eq!(swap(&*second.tables, &key, 1, "two").await, Swap::Won);
    assert_eq!(cell(&*first.tables, &key).await, Some((2, Bytes::from("two"))));
    assert_eq!(swap(&*first.tables, &key, 2, "").await, Swap::Won);
    assert_eq!(cell(&*second.tables, &key).await, Some((3, Bytes::new())));
}

pub async fn racing_swaps_have_one_winner_per_version(world: &dyn World) {
    let key = world.key("members");
    let nodes = join_all((1..=4).map(|id| world.node(id))).await;
    for version in 0..6 {
        let bodies: Vec<_> = (0..4).map(|racer| format!("version {version} by {racer}")).collect();
        let racers = nodes.iter().zip(&bodies).map(|(node, body)| swap(&*node.tables, &key, version, body));
        let answers = join_all(racers).await;
        let winners: Vec<_> = (0..4).filter(|racer| answers[*racer] == Swap::Won).collect();
        assert_eq!(winners.len(), 1, "version {version}: {answers:?}");
        let stands = Some((version + 1, Bytes::from(bodies[winners[0]].clone())));
        assert_eq!(cell(&*nodes[0].tables, &key).await, stands);
    }
}

pub async fn any_text_is_a_key(world: &dyn World) {
    let node = world.node(1).await;
    let long = "long ".repeat(100);
    let odd = [
        "../../etc/passwd",
        ".",
        "..",
        "a/b",
        "a%2fb",
        "a b",
        "Ünïcødé 🐱",
        "new\nline",
        "'; DROP --",
        "A",
        "a",
        &long,
    ];
    let base = world.key("");
    let keys: Vec<_> =
        odd.iter().map(|key| format!("{key}{base}")).chain([format!("{base}/.."), base.clone()]).collect();
    for key in &keys {
        assert_eq!(swap(&*node.tables, key, 0, key).await, Swap::Won, "{key:?}");
        put(&*node.tables, Table::Record, vec![row(key, 0, key)]).await;
    }
    for key in &keys {
        assert_eq!(cell(&*node.tables, key).await, Some((1, Bytes::from(key.clone()))), "{key:?}");
        assert_eq!(text(&*node.tables, Table::Record, key, 0).await.as_ref(), Some(key));
    }
}

pub async fn a_cell_written_many_times_reads_as_the_last(world: &dyn World) {
    let (writer, reader) = (world.node(1).await, world.node(2).await);
    let key = world.key("alive");
    for version in 0..30 {
        assert_eq!(swap(&*writer.tables, &key, version, &format!("{version}")).await, Swap::Won);
        assert_eq!(cell(&*reader.tables, &key).await, Some((version + 1, Bytes::from(format!("{version}")))));
    }
}
