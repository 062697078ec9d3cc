//! Views, indexes, typing and what is no longer in memory.

use super::routing::kate;
use super::*;
use crate::command::{Leaving, Missing};
use crate::event::{Body, Event, Role, ViewKind, Visibility};
use crate::opening::{Limits, Opening, Terms};

#[test]
fn after_a_takeover_right_after_typing_no_index_is_used_again() {
    let mut world = World::open(opening());
    let shown = world.asks(CUSTOMER, typing()).unwrap();
    let typed = shown.typing[0].index.customer.unwrap();
    assert!(shown.entries.is_empty());
    let next = shown.said().next_position;
    assert_eq!(next, typed + 1);
    world.taken_over();
    assert!(world.view(1).typing.is_empty());
    world.asks(CUSTOMER, send("after")).unwrap();
    let seen = world.indexes(next);
    assert_eq!(seen.len(), 1, "a client that saw {typed} sees the message at {seen:?}");
}

#[test]
fn a_position_of_0_shows_nothing_1_all_and_n_what_follows() {
    let mut world = World::open(opening());
    world.asks(CUSTOMER, send("x")).unwrap();
    world.asks(CUSTOMER, typing()).unwrap();
    assert_eq!(world.indexes(0), [0; 0]);
    assert_eq!(world.indexes(1), [1, 2, 3, 4]);
    assert_eq!(world.indexes(3), [3, 4]);
    assert_eq!(world.indexes(5), [0; 0]);
    assert_eq!(world.indexes(u64::MAX), [0; 0]);
    assert_eq!(world.view(0).next_position, 5);
}

#[test]
fn hidden_parties_leave_no_gap_in_the_numbers_that_a_view_shows() {
    let mut world = World::open(opening());
    let before = world.view(1);
    world.drafts(|draft| {
        draft.join(Role::Supervisor, Visibility::Silent, "Sue");
        draft.join(agent(), Visibility::Internal, "Coach");
        draft.join(agent(), Visibility::All, "Ann");
    });
    world.drafts(|draft| {
        draft.message(4, "psst", None);
        draft.message(5, "Hello", None);
    });
    let after = world.view(1);
    assert_eq!(after.participants.len(), before.participants.len() + 1);
    let numbers: Vec<_> = world.session.participants().map(|who| who.number_in_view).collect();
    assert_eq!(numbers[2], PerView::new(None, None, Some(3)));
    assert_eq!(numbers[3], PerView::new(None, Some(3), Some(4)));
    assert_eq!(numbers[4], PerView::new(Some(3), Some(4), Some(5)));
    assert_eq!(world.indexes(1), [1, 2, 3, 4]);
    let hidden = after.events.iter().any(|event| event.by == 3 || event.by == 4);
    assert!(!hidden, "the customer sees no hidden party");
}

#[test]
fn a_view_below_what_is_in_memory_asks_for_history_and_is_completed_with_it() {
    let mut world = World::open(opening());
    for text in ["a", "b", "c", "d"] {
        world.asks(CUSTOMER, send(text)).unwrap();
    }
    let whole = world.view(1);
    let history: Vec<_> = world.session.events_in_memory().cloned().collect();
    world.session.forget_below(5);
    assert_eq!((world.session.first_seq_in_memory(), world.session.last_seq()), (5, 7));
    let read = Read::Customer { position: 1 };
    let shown = Some((ViewKind::Customer, 1));
    let needs = Reading::NeedsHistory(Missing { from: 1, below: 5, shown });
    assert_eq!(world.session.read(&CUSTOMER, &read), Ok(needs.clone()));
    let gap = [history[1].clone(), history[3].clone()];
    for rows in [&history[..3], &history[1..3], &gap] {
        assert_eq!(world.session.read_with(&CUSTOMER, &read, rows), Ok(needs.clone()), "they don't reach");
    }
    for rows in [&history[..4], &history[..]] {
        assert_eq!(world.session.read_with(&CUSTOMER, &read, rows), Ok(Reading::View(whole.clone())));
    }
    assert_eq!(world.indexes(4), [4, 5, 6]);
    let since = world.session.read(&bot(), &Read::Since { seq: 3 });
    assert_eq!(since, Ok(Reading::NeedsHistory(Missing { from: 3, below: 5, shown: None })));
    let since = world.session.read_with(&bot(), &Read::Since { seq: 3 }, &history[2..4]);
    assert_eq!(since, Ok(Reading::Events(history[2..].to_vec())));
    let all = world.session.read_with(&Caller::Operator, &part(1), &history[..4]);
    assert_eq!(all, Ok(Reading::Events(history.clone())));
    // A part asks for no more history than it is of.
    let few = |from| Read::Part { from, events_max: 3 };
    let needs = |from, below| Ok(Reading::NeedsHistory(Missing { from, below, shown: None }));
    assert_eq!(world.session.read(&Caller::Operator, &few(1)), needs(1, 4));
    assert_eq!(world.session.read(&Caller::Operator, &few(3)), needs(3, 5));
    for (from, rows, told) in
        [(1, 0..3, 0..3), (3, 2..4, 2..5), (5, 0..0, 4..7), (7, 0..0, 6..7), (8, 0..0, 7..7)]
    {
        let reading = world.session.read_with(&Caller::Operator, &few(from), &history[rows]);
        assert_eq!(reading, Ok(Reading::Events(history[told].to_vec())), "from {from}");
    }
    world.session.forget_below(u64::MAX);
    assert_eq!(world.session.first_seq_in_memory(), 8);
    assert!(world.indexes(7).is_empty());
    assert_eq!(
        world
            .session
            .decide(
                &Command { id: CommandId("next".to_owned()), caller: CUSTOMER, act: send("e") },
                &Context::at(0),
            )
            .unwrap()
            .said()
            .seq,
        8
    );
}

#[test]
fn a_view_ends_where_its_rows_end_or_it_is_full_and_goes_on_there() {
    let limits = Limits { message_bytes_max: 400_000, ..opening().terms.limits };
    let mut world = World::open(Opening { terms: Terms { limits, ..opening().terms }, ..opening() });
    for text in ["a", "b", "c", "d", "e", "f"] {
        world.asks(CUSTOMER, send(&text.repeat(400_000))).unwrap();
    }
    for last in [typing(), Act::Disconnect] {
        world.asks(CUSTOMER, last).unwrap();
        let all: Vec<_> = world.session.events_in_memory().cloned().collect();
        // From memory, and the beginning from rows: no more than fill a view, or some more.
        for (forgotten, more) in [(1, 0), (6, 0), (6, 1), (9, 0), (9, 1), (9, 8)] {
            let mut session = world.session.clone();
            session.forget_below(forgotten);
            reads_to_the_end(&session, &all, more);
        }
    }
}

#[test]
fn an_event_that_is_more_than_a_view_is_in_one_by_itself() {
    let bytes = VIEW_BYTES_MAX + 1;
    let limits = Limits { message_bytes_max: u32::try_from(bytes).unwrap(), ..opening().terms.limits };
    let mut world = World::open(Opening { terms: Terms { limits, ..opening().terms }, ..opening() });
    let before = world.view(0).next_position;
    for text in ["a", "b"] {
        world.asks(CUSTOMER, send(&text.repeat(bytes))).unwrap();
    }
    let rows: Vec<_> = world.session.events_in_memory().cloned().collect();
    for forgotten in [1, u64::MAX] {
        world.session.forget_below(forgotten);
        for position in [before, before + 1] {
            let read = world.session.read_with(&CUSTOMER, &Read::Customer { position }, &rows).unwrap();
            let Reading::View(view) = read else { panic!("from {position}: {read:?}") };
            let shown: Vec<_> = view.events.iter().filter_map(|event| event.index.customer).collect();
            assert_eq!((shown, view.next_position), (vec![position], position + 1));
        }
    }
}

#[test]
fn who_has_left_reads_to_their_end_with_rows_that_end_before_memory() {
    let mut world = super::routing::joined();
    world.asks(kate(), Act::Leave { how: Leaving::KeepAlive }).unwrap();
    for text in ["a", "b", "c"] {
        world.asks(CUSTOMER, send(text)).unwrap();
    }
    let rows: Vec<_> = world.session.events_in_memory().cloned().collect();
    let left = rows.iter().rev().find(|event| matches!(event.body, Body::Left { .. })).unwrap();
    let (left, end) = (left.seq, left.index.agent.unwrap());
    world.session.forget_below(u64::MAX);
    // All that they see, and nothing more of it; the rows end before what they don't see.
    for position in [1, end + 1] {
        for rows in [rows.iter().filter(|event| event.seq <= left + 1).cloned().collect(), rows.clone()] {
            let read = world.session.read_with(&kate(), &Read::Agent { position }, &rows).unwrap();
            let Reading::View(view) = read else { panic!("from {position}: {read:?}") };
            assert!(view.chat_ended, "from {position}");
            assert_eq!(view.events.last().map(|event| event.seq), (position == 1).then_some(left));
        }
    }
}

/// A customer reads all of a chat, with rows that fill a view and so many more where events are not in memory.
fn reads_to_the_end(session: &Session, all: &[Event], more: usize) {
    let shown: Vec<_> =
        all.iter().filter(|event| event.index.customer.is_some()).map(|event| event.seq).collect();
    let (mut position, mut seen) = (1, Vec::new());
    while position < session.next_position(ViewKind::Customer) {
        let from = all.iter().position(|event| event.index.customer.is_some_and(|index| index >= position));
        let first = usize::try_from(session.first_seq_in_memory()).unwrap() - 1;
        let rows = &all[from.unwrap_or(first).min(first)..first];
        let mut bytes = 0;
        let fill = rows.iter().position(|event| {
            bytes += event.bytes();
            bytes >= VIEW_BYTES_MAX
        });
        let history = &rows[..fill.map_or(rows.len(), |last| (last + 1 + more).min(rows.len()))];
        let read = session.read_with(&CUSTOMER, &Read::Customer { position }, history).unwrap();
        let Reading::View(view) = read else { panic!("from {position}: {read:?}") };
        assert!(view.events.iter().map(Event::bytes).sum::<usize>() <= VIEW_BYTES_MAX);
        seen.extend(view.events.iter().map(|event| event.seq));
        let whole = seen.last() == shown.last();
        assert_eq!(view.chat_ended, whole && session.ended(), "{seen:?}");
        assert_eq!(view.typing.is_empty(), !whole || session.ended(), "{seen:?}");
        assert!(view.next_position > position);
        position = view.next_position;
    }
    assert_eq!(seen, shown);
}

#[test]
fn who_may_read_what() {
    let world = World::open(opening());
    let read = |caller: &Caller, read: &Read| world.session.read(caller, read);
    let customer = Read::Customer { position: 1 };
    assert_eq!(read(&Caller::key([0; 32]), &customer), Err(Reject::WrongKey));
    assert_eq!(read(&CUSTOMER, &part(1)), Err(Reject::NotAllowed));
    assert_eq!(read(&bot(), &part(1)), Err(Reject::NotAllowed));
    assert_eq!(read(&bot(), &customer), Err(Reject::NotAllowed));
    assert_eq!(read(&Caller::Bot(BotName("x".to_owned())), &Read::Since { seq: 1 }), Err(Reject::NotAllowed));
    let events = |reading| match reading {
        Ok(Reading::Events(events)) => Vec::<Event>::len(&events),
        other => panic!("{other:?}"),
    };
    assert_eq!(events(read(&Caller::Operator, &part(1))), 3);
    assert_eq!(events(read(&Caller::System, &Read::Since { seq: 2 })), 2);
    assert_eq!(events(read(&bot(), &Read::Since { seq: 0 })), 2, "a bot does not see the opening");
}
