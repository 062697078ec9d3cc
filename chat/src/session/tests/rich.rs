//! Rich messages: sent by agents and bots, answered by the customer once, read by everybody.

use super::routing::{joined, kate};
use super::*;
use crate::event::Body;
use crate::opening::{Limits, Opening, Terms};
use crate::privacy::Area;
use crate::rich::RichReject;

const QUICK: &str =
    r#"{"kind":"quick_replies","text":"OK?","options":[{"id":"y","title":"Yes"},{"id":"n","title":"No"}]}"#;
const FORM: &str = r#"{"kind":"form","text":"Who?","fields":[{"id":"a","label":"Name","type":"text"}]}"#;

fn rich(content: &str) -> Act {
    Act::SendRich { content: content.to_owned() }
}

fn answer(to: u64, content: &str) -> Act {
    Act::ReplyRich { to, content: content.to_owned() }
}

fn refused(asked: Result<Decision, Reject>) -> RichReject {
    match asked {
        Err(Reject::Rich(reject)) => reject,
        other => panic!("not refused: {other:?}"),
    }
}

/// The index that the last event has for the customer.
fn last(world: &World) -> u64 {
    world.view(1).events.last().unwrap().index.customer.unwrap()
}

fn replied(world: &World) -> Option<(String, String)> {
    match world.bodies().pop() {
        Some(Body::RichReply { text, content, .. }) => {
            Some((text.show().into_owned(), content.show().into_owned()))
        }
        _ => None,
    }
}

#[test]
fn an_agent_s_rich_message_is_answered_once_also_after_a_takeover() {
    for taken_over in [false, true] {
        let mut world = joined();
        world.asks(kate(), rich(QUICK)).unwrap();
        let to = last(&world);
        if taken_over {
            world.taken_over();
        }
        assert!(matches!(
            refused(world.asks(CUSTOMER, answer(to, r#"{"choices":["x"]}"#))),
            RichReject::Misfit(_)
        ));
        world.takes("r", CUSTOMER, answer(to, r#"{"choices":["y"]}"#)).unwrap();
        assert_eq!(replied(&world), Some(("Yes".to_owned(), r#"{"choices":["y"]}"#.to_owned())));
        let again = world.takes("r", CUSTOMER, answer(to, r#"{"choices":["y"]}"#)).unwrap();
        assert!(again.entries.is_empty(), "a repeat is known");
        assert_eq!(refused(world.asks(CUSTOMER, answer(to, r#"{"choices":["n"]}"#))), RichReject::NoQuestion);
    }
}

#[test]
fn what_is_no_rich_message_is_refused_and_customers_send_none() {
    let mut world = joined();
    assert!(matches!(refused(world.asks(kate(), rich("{}"))), RichReject::Wrong(_)));
    assert_eq!(world.asks(CUSTOMER, rich(QUICK)), Err(Reject::NotAllowed));
    world.asks(kate(), rich(QUICK)).unwrap();
    assert_eq!(world.asks(kate(), answer(last(&world), "{}")), Err(Reject::NotAllowed));
    assert_eq!(refused(world.asks(CUSTOMER, answer(1, r#"{"choices":["y"]}"#))), RichReject::NoQuestion);
    let to = last(&world);
    assert!(matches!(refused(world.asks(CUSTOMER, answer(to, "x"))), RichReject::Misfit(_)));
    let long = format!(r#"{{"choices":["{}"]}}"#, "y".repeat(400));
    assert!(matches!(world.asks(CUSTOMER, answer(to, &long)), Err(Reject::TooLong { .. })));
}

#[test]
fn a_bot_shows_one_hears_the_answer_and_who_writes_what_is_shown_has_chosen_it() {
    let mut world = World::open(Opening {
        terms: Terms {
            limits: Limits { message_bytes_max: 500, ..opening().terms.limits },
            ..opening().terms
        },
        ..opening()
    });
    let turn = world.turns_owed()[0];
    let (texts, content) = (vec!["hello".to_owned()], Some(QUICK.to_owned()));
    let act = Act::BotReply { effect: turn, texts, rich: content, leave: false, handover: false };
    world.asks(bot(), act).unwrap();
    assert!(matches!(world.bodies().pop(), Some(Body::Rich { .. })));
    world.asks(CUSTOMER, send(" YES ")).unwrap();
    assert_eq!(replied(&world), Some(("Yes".to_owned(), r#"{"choices":["y"]}"#.to_owned())));
    assert_eq!(world.turns_owed().len(), 1, "it hears it");
    world.asks(CUSTOMER, send("yes")).unwrap();
    assert!(matches!(world.bodies().pop(), Some(Body::Message { .. })), "there is nothing left to choose");
}

#[test]
fn personal_data_in_an_answer_are_masked_like_those_in_a_message() {
    for area in [Area::Always, Area::HistoryAll] {
        let limits = Limits { message_bytes_max: 500, ..opening().terms.limits };
        let privacy = Some(Box::new(super::privacy::privacy(area, "[0-9]+")));
        let mut world =
            World::open(Opening { terms: Terms { limits, privacy, ..opening().terms }, ..opening() });
        let turn = world.turns_owed()[0];
        let rich = Some(FORM.to_owned());
        let act = Act::BotReply { effect: turn, texts: Vec::new(), rich, leave: false, handover: false };
        world.asks(bot(), act).unwrap();
        world.asks(CUSTOMER, answer(last(&world), r#"{"values":{"a":"Zo 4711"}}"#)).unwrap();
        let stored = Some(("Name: Zo ****".to_owned(), r#"{"values":{"a":"Zo ****"}}"#.to_owned()));
        assert_eq!(replied(&world), stored);
        assert!(!world.journal.iter().any(|entry| format!("{entry:?}").contains("4711")));
        let seen = if area == Area::Always { "Name: Zo ****" } else { "Name: Zo 4711" };
        let Some(Body::RichReply { text, .. }) = world.view(1).events.pop().map(|event| event.body) else {
            panic!("no answer")
        };
        assert_eq!(text.show(), seen);
    }
}
