//! Rows of every mix of views, over the memory store.

use super::*;
use crate::record_rows::transcript_rows;
use handoff_chat::Millis;
use handoff_chat::event::{Body, PerView};
use handoff_chat::text::Text;
use handoff_journal::memory::{MemoryNode, MemoryStore};
use handoff_journal::{CLOSING_ROW, NodeId, Row};
use proptest::prelude::*;

fn chat() -> SessionId {
    SessionId("0123456789abcdEF".to_owned())
}

/// Events of these sizes; each has an index so far above the last in each view that sees it.
fn events(shapes: &[(usize, PerView<Option<u64>>)]) -> Vec<Event> {
    let mut used = PerView::all(0);
    let event = |(seq, (bytes, steps)): (u64, &(usize, PerView<Option<u64>>))| {
        let index = used.as_mut().zip(*steps).map(|(used, step)| {
            *used += step?;
            Some(*used)
        });
        let body = Body::Message { text: Text::clear(&"x".repeat(*bytes)), message_type: None };
        Event { seq, at: Millis(1), index, by: 1, body }
    };
    (1..).zip(shapes).map(event).collect()
}

async fn write(node: &MemoryNode, events: &[Event]) {
    node.put_once(Table::Record, transcript_rows(&chat(), events).unwrap()).await.unwrap();
}

async fn node(events: &[Event]) -> MemoryNode {
    let node = MemoryStore::new(1).node(NodeId(1));
    write(&node, events).await;
    node
}

fn shape() -> impl Strategy<Value = (usize, PerView<Option<u64>>)> {
    let step = || prop_oneof![3 => (1_u64..40).prop_map(Some), 2 => Just(None)];
    let steps = (step(), step(), step())
        .prop_map(|(customer, agent, supervisor)| PerView::new(customer, agent, supervisor));
    (prop_oneof![9 => 0_usize..50, 1 => Just(300_000)], steps)
}

/// Each row that a search may land on is once the one that is looked for.
#[tokio::test]
async fn an_event_is_found_by_its_own_index_wherever_the_search_meets_it() {
    let all = events(&[(1, PerView::all(Some(1))); 300]);
    let node = node(&all).await;
    for index in 1..=300 {
        let shown = Some((ViewKind::Customer, index));
        let found = missing(&node, &chat(), Missing { from: 1, below: 301, shown }).await.unwrap();
        assert_eq!(found.first().map(|event| event.seq), Some(index));
    }
}

#[tokio::test]
async fn what_stands_behind_the_events_is_none_of_them() {
    let all = events(&[(1, PerView::all(Some(1))); 3]);
    let node = node(&all).await;
    let end = Row { key: chat().0, row: CLOSING_ROW, body: bytes::Bytes::from_static(b"no event") };
    node.put_once(Table::Record, vec![end]).await.unwrap();
    for shown in [None, Some((ViewKind::Customer, 1))] {
        let found = missing(&node, &chat(), Missing { from: 1, below: 10, shown }).await.unwrap();
        assert_eq!(found, all);
    }
}

/// A look at the end of a long chat costs no reading of all of it.
#[tokio::test]
async fn the_last_events_of_a_long_record_are_found_with_few_reads() {
    let all = events(&vec![(1, PerView::all(Some(1))); 5_000]);
    let store = MemoryStore::new(1);
    let counted = store.node(NodeId(1));
    write(&counted, &all).await;
    let before = store.statement_count();
    let shown = Some((ViewKind::Customer, 5_000));
    let found = missing(&counted, &chat(), Missing { from: 1, below: 5_001, shown }).await.unwrap();
    assert_eq!(found, all[4_999..]);
    assert!(store.statement_count() - before <= 10, "{} reads", store.statement_count() - before);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_a_view_misses_begins_with_its_index_has_no_gap_and_fills_it_or_reaches_memory(
        shapes in proptest::collection::vec(shape(), 0..400),
        kind in prop_oneof![Just(ViewKind::Customer), Just(ViewKind::Agent), Just(ViewKind::Supervisor)],
        index in 0_u64..6000,
        below in 1_u64..402,
    ) {
        let all = events(&shapes);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let found = runtime.block_on(async {
            let node = node(&all).await;
            missing(&node, &chat(), Missing { from: 1, below, shown: Some((kind, index)) }).await.unwrap()
        });
        let wanted = |event: &&Event| {
            event.seq < below && kind.of(&event.index).is_some_and(|of| of >= index)
        };
        let first = all.iter().find(wanted).map(|event| event.seq);
        prop_assert_eq!(found.first().map(|event| event.seq), first);
        let through = found.last().map_or(0, |event| event.seq);
        let run = all.iter().filter(|event| first.is_some_and(|first| (first..=through).contains(&event.seq)));
        prop_assert!(found.iter().eq(run));
        let bytes: usize = found.iter().map(Event::bytes).sum();
        let end = below.min(all.len() as u64 + 1);
        prop_assert!(first.is_none() || bytes >= VIEW_BYTES_MAX || through + 1 == end, "{bytes} to {through}");
        let last: usize = found.iter().rev().take(64).map(Event::bytes).sum();
        prop_assert!(bytes - last < VIEW_BYTES_MAX, "{bytes}");
    }
}
