//! Typing: what is shown of it, to whom, and how it ends.

use super::routing::{joined, kate};
use super::*;
use crate::command::Leaving;

/// Who types as the customer's view from a position on shows it, with whether they began or ended.
fn shown(world: &World, position: u64) -> Vec<(u32, bool)> {
    world.view(position).typing.iter().map(|typing| (typing.by, typing.started)).collect()
}

fn customer_number(world: &World) -> u32 {
    world.session.state.customer_number()
}

#[test]
fn each_word_takes_an_index_and_the_last_of_each_is_shown() {
    let mut world = World::open(opening());
    let from = world.view(0).next_position;
    for _ in 0..70 {
        world.asks(CUSTOMER, typing()).unwrap();
    }
    let view = world.view(1);
    assert_eq!(view.typing.iter().map(|typing| typing.index.customer).collect::<Vec<_>>(), [Some(from + 69)]);
    world.asks(CUSTOMER, Act::StopTyping { preview: None }).unwrap();
    let view = world.view(from + 1);
    assert_eq!((view.typing.len(), view.events.len()), (1, 0));
    assert!(view.typing.iter().all(|typing| !typing.started && typing.preview.is_none()));
    assert_eq!(view.next_position, from + 71);
    let blocks = world.journal.iter().filter(|entry| matches!(entry, Entry::Reserved(_))).count();
    assert_eq!(blocks, 2, "71 typings and 2 joinings need two blocks of 64");
}

#[test]
fn who_comes_later_sees_only_typing_that_is_current_and_who_saw_it_that_it_is_over() {
    let mut world = joined();
    let me = customer_number(&world);
    let began = world.view(0).next_position;
    world.asks(CUSTOMER, typing()).unwrap();
    world.asks(CUSTOMER, typing()).unwrap();
    assert_eq!((shown(&world, 1), shown(&world, began + 1)), (vec![(me, true)], vec![(me, true)]));
    world.asks(CUSTOMER, Act::StopTyping { preview: Some("half a word".to_owned()) }).unwrap();
    assert_eq!((shown(&world, 1), shown(&world, began)), (vec![], vec![]), "they never saw it");
    assert_eq!(shown(&world, began + 1), [(me, false)]);
    assert_eq!(shown(&world, began + 2), [(me, false)]);
    assert_eq!(shown(&world, began + 3), []);
    world.asks(CUSTOMER, typing()).unwrap();
    assert_eq!((shown(&world, 1), shown(&world, began + 1)), (vec![(me, true)], vec![(me, true)]));
    world.asks(CUSTOMER, Act::StopTyping { preview: None }).unwrap();
    assert_eq!(shown(&world, began + 1), [(me, false)], "who saw the first of it and nothing since");
    assert_eq!(shown(&world, 1), []);
}

#[test]
fn typing_ends_with_what_is_sent_before_it() {
    for act in [send("hello"), Act::Disconnect] {
        let mut world = joined();
        let me = customer_number(&world);
        let began = world.view(0).next_position;
        world.asks(CUSTOMER, typing()).unwrap();
        let decision = world.asks(CUSTOMER, act.clone()).unwrap();
        assert_eq!(decision.typing.iter().map(|typing| typing.started).collect::<Vec<_>>(), [false]);
        assert_eq!(shown(&world, began + 1), [(me, false)]);
        assert_eq!(shown(&world, 1), []);
        let view = world.view(began + 1);
        assert!(
            view.typing[0].index.customer < view.events.iter().find_map(|event| event.index.customer),
            "{act:?}"
        );
        assert_eq!(world.asks(kate(), send("yes")).unwrap().typing, [], "they did not type");
    }
    let mut world = joined();
    world.asks(CUSTOMER, typing()).unwrap();
    for act in [Act::MarkRead { position: 3 }, Act::Rename { nickname: "Zoe".to_owned() }] {
        assert_eq!(world.asks(CUSTOMER, act).unwrap().typing, [], "that is not what they type");
    }
}

#[test]
fn an_agent_who_leaves_or_is_lost_types_no_longer() {
    for lost in [false, true] {
        let mut world = joined();
        let began = world.view(0).next_position;
        world.asks(kate(), typing()).unwrap();
        let by = shown(&world, 1)[0].0;
        if lost {
            let message =
                crate::routing::ToInteraction::AgentLost { attempt: 3, agent: super::routing::name() };
            world.tells(message);
        } else {
            world.asks(kate(), Act::Leave { how: Leaving::KeepAlive }).unwrap();
        }
        assert_eq!((shown(&world, began + 1), shown(&world, 1)), (vec![(by, false)], vec![]), "lost: {lost}");
    }
}

#[test]
fn typing_that_nobody_refreshes_is_over_after_a_while() {
    let mut world = joined();
    let me = customer_number(&world);
    let began = world.view(0).next_position;
    world.asks(CUSTOMER, typing()).unwrap();
    let first = world.clock;
    let over = |world: &World, at: i64| world.session.typing_is_over(Millis(at));
    assert!(!over(&world, first + 14_000));
    world.clock += 10_000;
    world.asks(CUSTOMER, typing()).unwrap();
    world.asks(kate(), typing()).unwrap();
    assert!(!over(&world, first + 16_000), "it was refreshed");
    world.asks(Caller::System, Act::TypingOver).unwrap();
    assert_eq!(shown(&world, 1).len(), 2, "too early");
    world.clock += 12_000;
    world.asks(kate(), typing()).unwrap();
    world.clock += 4_000;
    assert!(over(&world, world.clock));
    let said = world.asks(Caller::System, Act::TypingOver).unwrap();
    assert_eq!(
        said.typing.iter().map(|typing| (typing.by, typing.started)).collect::<Vec<_>>(),
        [(me, false)]
    );
    assert!(!over(&world, world.clock));
    assert!(shown(&world, began + 1).contains(&(me, false)), "a poller hears of it");
    let now = shown(&world, 1);
    assert!(now.len() == 1 && now[0].1 && now[0].0 != me, "they still type: {now:?}");
    world.asks(kate(), Act::StopTyping { preview: None }).unwrap();
    assert!(!over(&world, world.clock + 60_000), "nobody types: there is nothing to end");
    assert_eq!(world.asks(CUSTOMER, Act::TypingOver), Err(Reject::NotAllowed));
}

#[test]
fn who_stops_after_a_takeover_is_heard_by_those_who_saw_them_begin() {
    let mut world = joined();
    let me = customer_number(&world);
    let began = world.view(0).next_position;
    world.asks(CUSTOMER, typing()).unwrap();
    world.taken_over();
    world.asks(CUSTOMER, Act::StopTyping { preview: None }).unwrap();
    assert_eq!((shown(&world, began + 1), shown(&world, 1)), (vec![(me, false)], vec![]));
}
