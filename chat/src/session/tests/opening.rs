//! How a session starts.

use super::*;
use crate::event::Body;
use crate::opening::{Opening, Terms};

fn names(world: &World) -> Vec<&'static str> {
    let name = |body| match body {
        Body::Opened(_) => "opened",
        Body::Joined(_) => "joined",
        Body::Left { .. } => "left",
        Body::Message { .. } => "message",
        Body::Attached { .. } => "attached",
        Body::Ended => "ended",
        _ => "notice",
    };
    world.bodies().into_iter().map(name).collect()
}

#[test]
fn a_start_lets_the_customer_and_the_bot_in_and_owes_the_record_the_greeting_and_the_first_answer() {
    let world = World::open(Opening { text: Some("hi".to_owned()), ..opening() });
    assert_eq!(names(&world), ["opened", "joined", "message", "joined"]);
    let demo = BotName("demo".to_owned());
    let turn = |seq| Effect::BotTurn { bot: demo.clone(), seq };
    let owed: Vec<_> = world.owed().into_iter().map(|(_, effect)| effect).collect();
    assert_eq!(owed, [Effect::OpenRecord, turn(4), turn(3)]);
    assert_eq!(world.indexes(1), [1, 2, 3]);
    assert!(world.session.opened() && world.session.lost_after_ms().is_some() && !world.session.ended());
    assert_eq!(world.session.record_opening().unwrap().nickname.show(), "Zoë 🙂");
}

#[test]
fn a_start_without_bot_owes_the_record_alone() {
    let world = World::open(Opening { bot: None, ..opening() });
    assert_eq!(names(&world), ["opened", "joined"]);
    assert_eq!(world.owed().len(), 1);
}

#[test]
fn a_retried_start_with_a_new_key_is_given_the_first_answer_with_the_first_sealed_key() {
    let mut world = World::new();
    let first = world.takes("open", CUSTOMER, Act::Open(Box::new(opening()))).unwrap();
    assert_eq!(first.said().sealed_key, Some([9; 16]));
    assert_eq!(first.said().user_id.len(), 16);
    for _ in 0..300 {
        let _ = world.asks(CUSTOMER, typing());
    }
    world.asks(CUSTOMER, Act::Disconnect).unwrap();
    world.taken_over();
    let again = Opening { terms: Terms { channel: keyed([6; 32], [8; 16]), ..opening().terms }, ..opening() };
    let retry = world.takes("open", Caller::key([6; 32]), Act::Open(Box::new(again.clone()))).unwrap();
    assert_eq!((retry.answer, retry.entries), (first.answer, vec![]));
    let other = world.takes("other", Caller::key([6; 32]), Act::Open(Box::new(again)));
    assert_eq!(other, Err(Reject::IdInUse));
}

#[test]
fn a_start_with_too_long_a_text_or_of_somebody_else_is_refused_and_nothing_is_open() {
    let mut world = World::new();
    let long = Opening { text: Some("x".repeat(21)), ..opening() };
    let refused = world.asks(CUSTOMER, Act::Open(Box::new(long)));
    assert_eq!(refused, Err(Reject::TooLong { bytes_max: 20 }));
    let refused = world.asks(Caller::key([1; 32]), Act::Open(Box::new(opening())));
    assert_eq!(refused, Err(Reject::WrongKey));
    assert_eq!(world.asks(bot(), Act::Open(Box::new(opening()))), Err(Reject::NotAllowed));
    assert!(!world.session.opened());
}

#[test]
fn whoever_asks_a_session_that_is_not_open_is_told_that_there_is_none() {
    let mut world = World::new();
    for caller in [CUSTOMER, bot(), Caller::System, Caller::Operator] {
        for act in [send("x"), typing(), Act::Disconnect, Act::CustomerLost, Act::ForceEnd] {
            assert_eq!(world.asks(caller.clone(), act), Err(Reject::Unknown));
        }
        for read in [Read::Customer { position: 1 }, part(1), Read::Since { seq: 1 }] {
            assert_eq!(world.session.read(&caller, &read), Err(Reject::Unknown));
        }
    }
    assert!(world.session.lost_after_ms().is_none());
}
