//! Bots that panic, hang or flood: whatever they do, their chats go on, and nobody else's notices.

use super::{CHATS, Scene, play};
use async_trait::async_trait;
use handoff::bots::{Bots, Mind};
use handoff_chat::BotName;
use handoff_chat::bot::BotAnswer;
use handoff_chat::event::{Body, Event, LeaveReason};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// A bot that is told what to do wrong.
struct Odd;

/// More than a message may have.
const LONG: usize = 100_000;

#[async_trait]
impl Mind for Odd {
    fn nickname(&self) -> &str {
        "Odd"
    }

    async fn turn(&self, event: &Event) -> BotAnswer {
        let Body::Message { text, .. } = &event.body else { return BotAnswer::default() };
        let text = text.show().into_owned();
        if text.ends_with("panic") {
            panic!("as it was told");
        }
        if text.ends_with("hang") {
            std::future::pending::<()>().await;
        }
        if text.ends_with("flood") {
            return BotAnswer { texts: vec!["x".repeat(LONG); 1_000], ..BotAnswer::default() };
        }
        BotAnswer { texts: vec!["I see".to_owned()], ..BotAnswer::default() }
    }
}

fn answers(bodies: &[Body]) -> Vec<usize> {
    let texts = bodies.iter().filter_map(|body| match body {
        Body::Message { text, .. } => Some(text.show().into_owned()),
        _ => None,
    });
    texts.filter(|text| !text.contains(" says ")).map(|text| text.len()).collect()
}

fn bot_left(bodies: &[Body]) -> Vec<LeaveReason> {
    let left = bodies.iter().filter_map(|body| match body {
        Body::Left { reason, .. } => Some(*reason),
        _ => None,
    });
    left.collect()
}

/// The first chat's bot is told something; then everybody talks on.
fn told(word: &'static str, wait: Duration, check: impl FnOnce(&[Body]) + 'static) {
    play(move || async move {
        let mut odd = Bots::default();
        odd.insert(BotName("demo".into()), Odd);
        let mut scene = Scene::with(14, |world| world.bots = Arc::new(odd), None).await;
        scene.customers[0].say_words(2, word).await.unwrap();
        sleep(wait).await;
        for customer in &mut scene.customers {
            customer.say(3).await.unwrap();
        }
        sleep(Duration::from_secs(1)).await;
        let all = scene.bodies().await;
        check(&all[0]);
        assert!(
            all[0]
                .iter()
                .any(|body| matches!(body, Body::Message { text, .. } if text.show().ends_with(" 3")))
        );
        for bodies in &all[1..] {
            assert_eq!(answers(bodies), [5, 5], "the others' bots answered each message");
        }
        assert_eq!(all.len(), CHATS);
    });
}

#[test]
fn a_bot_that_panics_on_a_message_is_given_it_again_and_then_taken_out() {
    told("panic", Duration::from_secs(1), |bodies| {
        assert_eq!(bot_left(bodies), [LeaveReason::Removed]);
        assert_eq!(answers(bodies), [5], "what it answered before stands");
    });
}

#[test]
fn a_bot_that_hangs_is_waited_for_no_longer_than_its_turns_and_taken_out() {
    told("hang", Duration::from_secs(40), |bodies| {
        assert_eq!(bot_left(bodies), [LeaveReason::Removed]);
        assert_eq!(answers(bodies), [5]);
    });
}

#[test]
fn of_a_bot_s_flood_a_few_messages_are_kept_each_no_longer_than_a_message_may_be() {
    told("flood", Duration::from_secs(1), |bodies| {
        assert_eq!(answers(bodies), [vec![5], vec![4_096; 8], vec![5]].concat());
        assert_eq!(bot_left(bodies), []);
    });
}
