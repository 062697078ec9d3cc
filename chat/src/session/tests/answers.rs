//! Messages, bots' answers, and answers to repeats.

use super::*;
use crate::event::{Body, LeaveReason};
use crate::opening::{Limits, Opening, Terms};
use crate::text::Text;

#[test]
fn a_message_owes_a_turn_of_the_bot_which_is_settled_once() {
    let mut world = World::open(opening());
    let greeting = world.turns_owed()[0];
    let greeted = world.asks(bot(), reply(greeting, &["Hello", ""], false)).unwrap();
    assert_eq!((greeted.said().seq, world.turns_owed().len()), (4, 0));
    let again = world.asks(bot(), reply(greeting, &["Hello"], true)).unwrap();
    assert!(again.entries.is_empty() && again.said().seq == 0);
    world.asks(CUSTOMER, send("price?")).unwrap();
    let turns: Vec<_> = world.owed().into_iter().filter(|(id, _)| id.0 > greeting.0).collect();
    let owed = Effect::BotTurn { bot: BotName("demo".to_owned()), seq: 5 };
    assert_eq!(turns, [(EffectId(greeting.0 + 1), owed)]);
}

#[test]
fn a_bot_s_flood_is_bounded_and_its_texts_are_cut_at_whole_characters() {
    let mut world = World::open(opening());
    let texts = vec!["é".repeat(11); 100];
    let effect = world.turns_owed()[0];
    world.asks(bot(), Act::BotReply { effect, texts, rich: None, leave: false, handover: false }).unwrap();
    assert_eq!(world.session.last_seq(), 3 + 8);
    let text = Text::clear(&"é".repeat(10));
    assert_eq!(world.bodies()[10], Body::Message { text, message_type: None });
}

#[test]
fn a_bot_that_leaves_owes_nothing_more_and_the_session_goes_on() {
    let mut world = World::open(opening());
    world.asks(CUSTOMER, send("a")).unwrap();
    world.asks(CUSTOMER, send("b")).unwrap();
    let first = world.turns_owed()[0];
    world.asks(bot(), reply(first, &["bye"], true)).unwrap();
    assert!(world.turns_owed().is_empty() && !world.session.ended());
    assert_eq!(world.lefts(), [(2, LeaveReason::Left, None)]);
    world.asks(CUSTOMER, send("c")).unwrap();
    assert!(world.turns_owed().is_empty());
}

#[test]
fn a_bot_may_not_answer_another_s_turn_nor_settle_the_record() {
    let mut world = World::open(opening());
    let (record, greeting) = (world.owed()[0].0, world.turns_owed()[0]);
    assert_eq!(world.asks(bot(), reply(record, &["x"], false)), Err(Reject::NotAllowed));
    let stranger = Caller::Bot(BotName("other".to_owned()));
    assert_eq!(world.asks(stranger, reply(greeting, &["x"], false)), Err(Reject::NotAllowed));
    assert_eq!(world.asks(CUSTOMER, reply(greeting, &["x"], false)), Err(Reject::NotAllowed));
    assert_eq!(world.asks(CUSTOMER, Act::Settle { effect: record }), Err(Reject::NotAllowed));
    assert_eq!(world.asks(CUSTOMER, Act::ForceEnd), Err(Reject::NotAllowed));
    assert_eq!(world.asks(Caller::Operator, send("x")), Err(Reject::NotAllowed));
    assert_eq!(world.asks(Caller::key([0; 32]), send("x")), Err(Reject::WrongKey));
}

#[test]
fn a_repeat_is_given_the_first_answer_and_the_id_used_for_something_else_is_refused() {
    let mut world = World::open(opening());
    let first = world.takes("m", CUSTOMER, send("one")).unwrap();
    world.asks(CUSTOMER, send("two")).unwrap();
    world.taken_over();
    let repeat = world.session.decide(
        &Command { id: CommandId("m".to_owned()), caller: CUSTOMER, act: send("one") },
        &Context::at(0),
    );
    let repeat = repeat.unwrap();
    assert_eq!((repeat.answer, repeat.entries, repeat.typing), (first.answer, vec![], vec![]));
    assert_eq!(world.takes("m", CUSTOMER, send("other")), Err(Reject::IdInUse));
    assert_eq!(world.takes("open", CUSTOMER, send("one")), Err(Reject::IdInUse));
}

#[test]
fn the_answers_of_the_last_256_ids_are_kept_also_through_a_snapshot() {
    let limits = Limits { events_max: 1000, ..opening().terms.limits };
    let mut world =
        World::open(Opening { terms: Terms { limits, ..opening().terms }, bot: None, ..opening() });
    let answers: Vec<_> =
        (0..300).map(|n| world.takes(&format!("m{n}"), CUSTOMER, send("x")).unwrap().answer).collect();
    world.session = Session::from_snapshot(&world.session.to_snapshot().unwrap()).unwrap();
    world.session.restored();
    for (n, answer) in answers.iter().enumerate() {
        let command = Command { id: CommandId(format!("m{n}")), caller: CUSTOMER, act: send("x") };
        let turn = world.turn();
        let decision = world.session.decide(&command, &turn).unwrap();
        assert_eq!(decision.entries.is_empty(), n >= 300 - 256, "answer {n}");
        if n >= 300 - 256 {
            assert_eq!(decision.answer, *answer);
        }
    }
}

#[test]
fn a_full_session_refuses_messages_and_can_still_be_left() {
    let mut world = World::open(opening());
    let turn = world.turns_owed()[0];
    while world.session.last_seq() < 26 {
        world.asks(CUSTOMER, send("x")).unwrap();
    }
    world.asks(bot(), reply(turn, &["1", "2", "3", "4", "5"], false)).unwrap();
    assert_eq!(world.session.last_seq(), 31, "four of five texts, and the bot has made room");
    assert_eq!(world.asks(CUSTOMER, send("x")), Err(Reject::Full { events_max: 30 }));
    assert!(!world.turns_owed().contains(&turn));
    assert!(world.asks(CUSTOMER, Act::Disconnect).unwrap().said().chat_ended);
    assert!(world.session.ended());
}

#[test]
fn a_text_is_refused_when_longer_than_allowed_in_bytes() {
    let mut world = World::open(opening());
    assert!(world.asks(CUSTOMER, send(&"€".repeat(6))).is_ok());
    assert_eq!(world.asks(CUSTOMER, send(&"€".repeat(7))), Err(Reject::TooLong { bytes_max: 20 }));
}

#[test]
fn a_clock_that_goes_back_does_not_take_the_log_with_it() {
    let mut world = World::open(opening());
    world.clock -= 900_000;
    world.asks(CUSTOMER, send("x")).unwrap();
    let times: Vec<_> = world.session.events_in_memory().map(|event| event.at).collect();
    assert!(times.is_sorted());
}

#[test]
fn a_date_far_ahead_is_not_kept_to() {
    let mut world = World::open(opening());
    world.clock -= 3_602_000;
    world.asks(CUSTOMER, send("x")).unwrap();
    let last = world.session.events_in_memory().last().unwrap().at;
    assert_eq!(last, Millis(world.clock));
    assert_eq!(world.replayed(), world.session);
}
