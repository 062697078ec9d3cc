//! Pages, nicknames, data, notices and receipts.

use super::routing::{joined, kate};
use super::*;
use crate::event::Body;
use crate::text::Text;

fn push(url: &str) -> Act {
    Act::PushUrl { url: url.to_owned() }
}

fn rename(nickname: &str) -> Act {
    Act::Rename { nickname: nickname.to_owned() }
}

fn attach(pairs: &[(&str, &str)]) -> Act {
    let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    Act::Attach { data: pairs.iter().map(pair).collect() }
}

#[test]
fn what_one_tells_the_others_see_in_its_order_and_a_repeat_is_told_once() {
    let mut world = World::open(opening());
    let notice = Act::CustomNotice { text: "{}".to_owned(), notice_type: Some("x".to_owned()) };
    for (id, act) in [("p", push("https://a")), ("n", rename("Zo")), ("c", notice)] {
        let first = world.takes(id, CUSTOMER, act.clone()).unwrap().said();
        let again = world.takes(id, CUSTOMER, act).unwrap();
        assert_eq!(again.said(), first);
        assert!(again.entries.is_empty());
    }
    let told: Vec<Body> = world.view(1).events.into_iter().map(|event| event.body).skip(2).collect();
    let expected = [
        Body::PushedUrl { url: Text::clear("https://a") },
        Body::Renamed { nickname: Text::clear("Zo") },
        Body::CustomNotice { text: Text::clear("{}"), notice_type: Some("x".to_owned()) },
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_new_nickname_is_shown_from_then_on_survives_a_takeover_and_leaves_the_record_s_opening_as_it_was() {
    let mut world = World::open(opening());
    let opened = world.session.record_opening();
    world.asks(CUSTOMER, rename("Zo")).unwrap();
    assert!(world.asks(CUSTOMER, rename("Zo")).unwrap().said().seq == 0, "no news");
    for taken_over in [false, true] {
        if taken_over {
            world.taken_over();
        }
        assert_eq!(world.view(1).participants[0].nickname.show(), "Zo");
        assert_eq!(world.session.record_opening(), opened);
    }
}

#[test]
fn data_are_attached_in_no_view_and_known_to_the_interaction() {
    let mut world = joined();
    let before = world.indexes(1);
    world.asks(CUSTOMER, attach(&[("k", "new"), ("other", "1")])).unwrap();
    assert_eq!(world.indexes(1), before);
    let data: BTreeMap<_, _> = world.session.interaction().unwrap().data().collect();
    assert_eq!((data["k"].as_ref(), data["other"].as_ref()), ("new", "1"));
    assert_eq!(world.asks(CUSTOMER, attach(&[])).unwrap().said().seq, 0, "nothing to attach");
}

#[test]
fn a_receipt_tells_what_others_said_and_is_told_once() {
    let mut world = joined();
    let said = world.asks(kate(), send("hello")).unwrap().said();
    let position = world.view(0).next_position;
    let read = world.asks(CUSTOMER, Act::MarkRead { position }).unwrap().said();
    let Some(Body::Read { seq, through }) = world.bodies().pop() else { panic!("no receipt") };
    assert_eq!((seq, read.seq), (said.seq, said.seq + 1));
    assert_eq!(through.agent, Some(said.next_position - 1), "in each view's own numbers");
    for position in [position, 1, u64::MAX] {
        let again = world.asks(CUSTOMER, Act::MarkRead { position }).unwrap();
        assert_eq!(again.said().seq, 0, "nothing new was read");
    }
    world.asks(CUSTOMER, send("x")).unwrap();
    let own = world.asks(CUSTOMER, Act::MarkRead { position: u64::MAX }).unwrap();
    assert_eq!(own.said().seq, 0, "what one wrote oneself needs no receipt");
}

#[test]
fn what_is_too_long_or_comes_too_late_is_refused_and_changes_nothing() {
    let mut world = World::open(opening());
    let long = "x".repeat(21);
    let notice = Act::CustomNotice { text: long.clone(), notice_type: None };
    for act in [push(&long), rename(&long), attach(&[("k", &long)]), notice] {
        assert_eq!(world.asks(CUSTOMER, act), Err(Reject::TooLong { bytes_max: 20 }));
    }
    assert_eq!(world.asks(bot(), push("https://a")), Err(Reject::NotAllowed));
    while !matches!(world.asks(CUSTOMER, send("x")), Err(Reject::Full { .. })) {}
    assert_eq!(world.asks(CUSTOMER, push("https://a")), Err(Reject::Full { events_max: 30 }));
    assert!(world.asks(CUSTOMER, Act::MarkRead { position: u64::MAX }).is_ok(), "but no receipt");
    world.asks(CUSTOMER, Act::Disconnect).unwrap();
    for act in [push("https://a"), rename("Zo"), attach(&[("k", "v")]), Act::MarkRead { position: 9 }] {
        assert_eq!(world.asks(CUSTOMER, act), Err(Reject::Ended));
    }
}
