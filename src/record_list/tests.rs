//! The list over the memory store: complete, and no dearer than what is in it.

use super::*;
use crate::observer::Unobserved;
use crate::record::RecordWriter;
use handoff_chat::event::LeaveReason;
use handoff_chat::record::{RecordClosing, RecordOpening};
use handoff_chat::text::Text;
use handoff_journal::NodeId;
use handoff_journal::memory::{MemoryNode, MemoryStore};
use handoff_shard::record_rows::RecordRows;
use std::time::Duration;

const HOUR: i64 = HOUR_MS;

fn listed(n: usize, service: &str, ended_at: i64) -> RecordListed {
    RecordListed {
        session: SessionId(format!("{n:016}")),
        service: service.to_owned(),
        started_at: Millis(ended_at - 1),
        ended_at: Millis(ended_at),
        reason: LeaveReason::Left,
    }
}

fn node(store: &MemoryStore) -> Arc<MemoryNode> {
    Arc::new(store.node(NodeId(1)))
}

async fn add(list: &RecordList, record: &RecordListed) {
    list.add(RecordList::entry(record).unwrap()).await.unwrap();
}

fn plenty() -> Budget {
    Budget { entries: usize::MAX, until: Instant::now() + Duration::from_secs(3_600) }
}

/// All pages to the end, with how many there were.
async fn paged(
    tables: &dyn Tables,
    from_ms: u64,
    service: &str,
    limit: usize,
    budget: impl Fn() -> Budget,
) -> (Vec<RecordListed>, usize) {
    let (mut all, mut pages, mut below) = (Vec::new(), 0, None);
    loop {
        let wanted = |listed: &RecordListed| service.is_empty() || listed.service == service;
        let page = list_records(tables, from_ms, below.clone(), wanted, limit, budget()).await.unwrap();
        assert!(page.records.len() <= limit);
        all.extend(page.records);
        pages += 1;
        match page.next {
            None => return (all, pages),
            Some(next) => {
                assert!(below.is_none_or(|below| next < below), "a page that came no further");
                below = Some(next);
            }
        }
    }
}

#[tokio::test]
async fn records_that_end_in_one_millisecond_are_all_listed_once() {
    let tables = node(&MemoryStore::new(1));
    let list = RecordList::new(tables.clone());
    let together = 500_000 * HOUR + 7;
    let mut all: Vec<_> = (0..6_000).map(|n| listed(n, "sales", together)).collect();
    all.extend([listed(7_000, "sales", together - 1), listed(7_001, "sales", together + HOUR)]);
    for record in &all {
        add(&list, record).await;
    }
    all.sort_by(|a, b| (b.ended_at, &b.session).cmp(&(a.ended_at, &a.session)));
    for limit in [1_000, 999] {
        assert!(paged(&*tables, 0, "", limit, plenty).await.0 == all, "pages of {limit}");
    }
}

#[tokio::test]
async fn empty_hours_cost_nothing() {
    let store = MemoryStore::new(1);
    let tables = node(&store);
    let list = RecordList::new(tables.clone());
    let all = [listed(3, "a", 900_000 * HOUR), listed(2, "a", 500_000 * HOUR + 5), listed(1, "a", 5)];
    for record in &all {
        add(&list, record).await;
    }
    let before = store.statement_count();
    let far = Some(Place { number: 281_474_976_710_656, name: String::new() });
    let page = list_records(&*tables, 0, far, |_| true, 10, plenty()).await.unwrap();
    assert_eq!(page, ListPage { records: all.to_vec(), next: None });
    assert_eq!(store.statement_count() - before, 4, "the hours, and each of the three");
}

#[tokio::test]
async fn a_list_holds_what_ended_from_one_moment_to_another() {
    let tables = node(&MemoryStore::new(1));
    let list = RecordList::new(tables.clone());
    let start = 480_000 * HOUR;
    // Every 20 minutes, on the hours too.
    let all: Vec<_> = (0..400).map(|n| listed(n, "a", start + n as i64 * HOUR / 3)).collect();
    for record in &all {
        add(&list, record).await;
    }
    let ms = |n: usize| u64::try_from(all[n].ended_at.0).unwrap();
    for (from, to) in [(0, 399), (3, 7), (4, 4), (4, 5), (100, 301)] {
        for (late, early) in [(0, 0), (1, 0), (0, 1)] {
            let below = Some(Place { number: ms(to) + early, name: String::new() });
            let page =
                list_records(&*tables, ms(from) + late, below, |_| true, 1_000, plenty()).await.unwrap();
            let mut expected: Vec<_> = all.clone();
            expected.retain(|record| {
                let at = u64::try_from(record.ended_at.0).unwrap();
                at >= ms(from) + late && at < ms(to) + early
            });
            expected.reverse();
            assert_eq!(page, ListPage { records: expected, next: None }, "{from} to {to}, {late} {early}");
        }
    }
}

#[tokio::test]
async fn a_spent_budget_ends_a_page_and_the_next_goes_on_there() {
    let store = MemoryStore::new(1);
    let tables = node(&store);
    let list = RecordList::new(tables.clone());
    let all: Vec<_> = (0..3_000)
        .map(|n| {
            listed(
                n,
                if n % 1_000 == 7 { "rare" } else { "common" },
                480_000 * HOUR + n as i64 / 2_000 * HOUR,
            )
        })
        .collect();
    for record in &all {
        add(&list, record).await;
    }
    let few = || Budget { entries: 1, until: Instant::now() + Duration::from_secs(3_600) };
    let late = || Budget { entries: usize::MAX, until: Instant::now() };
    let expected: Vec<_> = [2_007, 1_007, 7].map(|n: usize| all[n].clone()).to_vec();
    assert_eq!(paged(&*tables, 0, "rare", 10, plenty).await, (expected.clone(), 1));
    assert_eq!(
        paged(&*tables, 0, "rare", 10, few).await,
        (expected.clone(), 7),
        "a read a page, and the end"
    );
    assert_eq!(paged(&*tables, 0, "rare", 10, late).await, (expected, 7));
    assert_eq!(paged(&*tables, 0, "none", 10, late).await, (Vec::new(), 7), "pages may be empty");
    let before = store.statement_count();
    list_records(&*tables, 0, None, |_| false, 10, late()).await.unwrap();
    assert_eq!(store.statement_count() - before, 2, "no read begins after the budget");
}

#[tokio::test]
async fn an_hour_is_noted_once_and_before_any_record_of_it() {
    let store = MemoryStore::new(1);
    let tables = node(&store);
    let list = RecordList::new(tables.clone());
    let record = listed(1, "a", 480_000 * HOUR);
    // The note of the hour stays away, whatever else is written.
    store.hold_next_writes(NodeId(1), 1);
    let entry = RecordList::entry(&record).unwrap();
    assert!(matches!(list.add(entry.clone()).await, Err(TablesError::Unknown(_))));
    let unlisted = tables.list_back(&entry.list, None, 10).await.unwrap();
    assert_eq!(unlisted, [], "a record in an hour that is not noted");
    list.add(entry).await.unwrap();
    assert_eq!(paged(&*tables, 0, "", 10, plenty).await, (vec![record], 1));
    let before = store.statement_count();
    add(&list.clone(), &listed(2, "a", 480_000 * HOUR + 9)).await;
    assert_eq!(store.statement_count() - before, 1, "the hour was noted");
    add(&list, &listed(3, "a", 480_001 * HOUR)).await;
    assert_eq!(store.statement_count() - before, 3, "another hour");
}

#[tokio::test]
async fn a_closed_record_is_listed_once_however_often_it_is_written() {
    let tables = node(&MemoryStore::new(1));
    let record = listed(1, "sales", 480_000 * HOUR + 3);
    let opening = RecordOpening {
        session: record.session.clone(),
        service: record.service.clone(),
        started_at: record.started_at,
        nickname: Text::clear("Ann"),
        user_id: String::new(),
    };
    let closing = RecordClosing { ended_at: record.ended_at, last_seq: 0, reason: record.reason };
    for _ in 0..2 {
        let rows = RecordRows { closing: Some((closing.clone(), opening.clone())), ..RecordRows::default() };
        RecordWriter::new(tables.clone(), crate::contacts::Joins::Said, Arc::new(Unobserved))
            .write(record.session.clone(), rows)
            .await;
    }
    assert_eq!(paged(&*tables, 0, "", 10, plenty).await, (vec![record], 1));
}
