//! The customer's rating: when it is taken, and what is kept of it.

use super::*;
use crate::privacy::{Area, Preview, Privacy, Rule, Subject};
use crate::rating::{RatingReject, TEXT_CHARS_MAX};

fn rate(score: u8, text: &str) -> Act {
    Act::Rate { score, text: text.to_owned() }
}

fn rated_service() -> Opening {
    Opening { terms: Terms { rating: true, ..opening().terms }, bot: None, ..opening() }
}

fn ended() -> World {
    let mut world = World::open(rated_service());
    world.asks(CUSTOMER, Act::Disconnect).unwrap();
    world
}

fn kept(world: &World) -> Option<(u8, String)> {
    world.session.rating().map(|rating| (rating.score, rating.text.show().into_owned()))
}

fn refused(world: &mut World, act: Act) -> RatingReject {
    match world.asks(CUSTOMER, act) {
        Err(Reject::Rating(reject)) => reject,
        other => panic!("not refused as a rating: {other:?}"),
    }
}

#[test]
fn a_chat_is_rated_once_and_only_when_it_is_over() {
    let mut world = World::open(rated_service());
    assert_eq!(refused(&mut world, rate(5, "")), RatingReject::TooEarly);
    world.asks(CUSTOMER, Act::Disconnect).unwrap();
    world.asks(CUSTOMER, rate(4, " very helpful ")).unwrap();
    assert_eq!(kept(&world), Some((4, "very helpful".to_owned())));
    assert!(world.owed().iter().any(|(_, effect)| *effect == Effect::KeepRating));
    assert_eq!(world.happened.last(), Some(&Happening::Rated(4)));
    let again = world.asks(CUSTOMER, rate(4, "very helpful")).unwrap();
    assert!(again.entries.is_empty(), "the same once more is harmless");
    assert_eq!(refused(&mut world, rate(1, "")), RatingReject::Rated);
    assert_eq!(kept(&world), Some((4, "very helpful".to_owned())));
}

#[test]
fn a_repeat_is_answered_as_before_and_counted_once() {
    let mut world = ended();
    let first = world.takes("r", CUSTOMER, rate(2, "slow")).unwrap();
    let again = world.takes("r", CUSTOMER, rate(2, "slow")).unwrap();
    assert_eq!((again.entries, again.answer), (Vec::new(), first.answer));
    let counted = world.happened.iter().filter(|happened| matches!(happened, Happening::Rated(_))).count();
    assert_eq!(counted, 1);
}

#[test]
fn what_is_no_rating_is_refused_and_so_is_any_where_none_are_taken() {
    let mut world = ended();
    let longest = "ä".repeat(TEXT_CHARS_MAX);
    for act in [rate(0, ""), rate(6, ""), rate(3, &format!("{longest}x"))] {
        assert_eq!(refused(&mut world, act), RatingReject::Wrong);
    }
    assert_eq!(kept(&world), None);
    world.asks(CUSTOMER, rate(3, &longest)).unwrap();
    let mut off = World::open(Opening { bot: None, ..opening() });
    off.asks(CUSTOMER, Act::Disconnect).unwrap();
    assert_eq!(refused(&mut off, rate(3, "")), RatingReject::Off);
}

#[test]
fn nobody_but_the_customer_rates() {
    let mut world = ended();
    for caller in [Caller::System, Caller::Operator] {
        assert_eq!(world.asks(caller, rate(5, "")), Err(Reject::NotAllowed));
    }
    let stranger = Caller::key([6; 32]);
    assert_eq!(world.asks(stranger, rate(5, "")), Err(Reject::WrongKey));
}

#[test]
fn a_rating_survives_a_takeover_and_holds_the_session_until_it_is_written() {
    let mut world = ended();
    world.settles_all();
    world.asks(CUSTOMER, rate(5, "")).unwrap();
    world.taken_over();
    assert_eq!(kept(&world), Some((5, String::new())));
    let restored = Session::from_snapshot(&world.session.to_snapshot().unwrap()).unwrap();
    assert_eq!(restored.rating(), world.session.rating());
    let (timer, _) = world.session.timers().next().unwrap();
    world.asks(Caller::System, Act::Fire { timer }).unwrap();
    assert!(!world.session.retired(), "its row is not written yet");
    world.settles_all();
    let (timer, _) = world.session.timers().next().unwrap();
    world.asks(Caller::System, Act::Fire { timer }).unwrap();
    assert!(world.session.retired());
}

#[test]
fn personal_data_in_it_are_masked_as_in_every_transcript() {
    let privacy = Privacy {
        area: Area::HistoryFinal,
        rules: vec![Rule::Email],
        replacement: '*',
        preview: Preview::Masked,
        bots_see: false,
        subject: Subject::Never,
    };
    let opening = rated_service();
    let terms = Terms { privacy: Some(Box::new(privacy)), ..opening.terms.clone() };
    let mut world = World::open(Opening { terms, sealing_key: [3; 32], ..opening });
    world.asks(CUSTOMER, Act::Disconnect).unwrap();
    world.asks(CUSTOMER, rate(5, "write to zoe@example.org")).unwrap();
    let (_, text) = kept(&world).unwrap();
    assert!(text.starts_with("write to ") && !text.contains("zoe@example.org"), "{text}");
}
