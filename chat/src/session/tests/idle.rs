//! Inactivity control.

use super::agents::kate_in;
use super::routing::joined;
use super::*;
use crate::TimerId;
use crate::event::{Body, IdleStage, LeaveReason};
use crate::opening::{Counts, IdleTerms, IdleTexts, Opening, Terms};
use crate::text::Text;

const ALERT_MS: i64 = 255_000;
const CLOSE_MS: i64 = 45_000;

fn terms() -> IdleTerms {
    let texts = IdleTexts {
        alert: "soon".to_owned(),
        second_alert: "very soon".to_owned(),
        close: "closed".to_owned(),
    };
    IdleTerms { alert_ms: ALERT_MS, second_alert_ms: 0, close_ms: CLOSE_MS, texts, counts: Counts::Nothing }
}

fn watched(terms: IdleTerms) -> World {
    World::open(Opening { terms: Terms { idle: Some(Box::new(terms)), ..opening().terms }, ..opening() })
}

impl World {
    /// So much served time passes; what is due fires.
    fn passes(&mut self, ms: i64) {
        let until = self.clock + ms;
        loop {
            let next = self.session.timers().map(|(id, at)| (at.0 + self.unserved, id)).min();
            let Some((at, timer)) = next.filter(|(at, _)| *at <= until) else { break };
            // A turn takes 1,500 ms on this world's clock.
            self.clock = self.clock.max(at - 1500);
            self.asks(Caller::System, Act::Fire { timer }).unwrap();
        }
        self.clock = self.clock.max(until);
    }

    /// The cluster could not serve for so long.
    fn outage(&mut self, ms: i64) {
        self.clock += ms;
        self.unserved += ms;
    }

    fn stages(&self) -> Vec<(IdleStage, String)> {
        let told = |body: Body| match body {
            Body::Idle { stage, text } => Some((stage, text.show().into_owned())),
            _ => None,
        };
        self.bodies().into_iter().filter_map(told).collect()
    }

    fn alerts(&self) -> usize {
        self.stages().len()
    }
}

#[test]
fn silence_is_warned_of_and_then_ends_the_session() {
    let mut world = watched(terms());
    world.passes(ALERT_MS - 10_000);
    assert_eq!(world.stages(), []);
    world.passes(20_000);
    assert_eq!(world.stages(), [(IdleStage::Alert, "soon".to_owned())]);
    assert!(!world.view(1).chat_ended);
    world.passes(CLOSE_MS);
    assert_eq!(world.stages()[1..], [(IdleStage::Close, "closed".to_owned())]);
    assert!(world.session.ended() && world.view(1).chat_ended);
    assert_eq!(world.lefts()[0], (1, LeaveReason::Idle, Some(0)));
    assert_eq!(world.session.record_closing().unwrap().reason, LeaveReason::Idle);
    assert!(world.owed().iter().any(|(_, effect)| *effect == Effect::CloseRecord));
}

#[test]
fn a_second_warning_comes_where_it_is_wanted_and_an_empty_text_is_an_event_all_the_same() {
    let texts = IdleTexts { alert: String::new(), ..terms().texts };
    let mut world = watched(IdleTerms { second_alert_ms: 60_000, texts, ..terms() });
    world.passes(ALERT_MS + 5_000);
    world.passes(60_000);
    let expected = [(IdleStage::Alert, String::new()), (IdleStage::SecondAlert, "very soon".to_owned())];
    assert_eq!(world.stages(), expected);
    world.passes(CLOSE_MS + 5_000);
    assert!(world.session.ended());
}

#[test]
fn who_says_something_is_not_warned_and_after_a_warning_all_begins_anew() {
    let mut world = watched(terms());
    world.passes(ALERT_MS - 20_000);
    world.asks(CUSTOMER, send("here")).unwrap();
    world.passes(ALERT_MS - 20_000);
    assert_eq!(world.alerts(), 0);
    world.passes(40_000);
    assert_eq!(world.alerts(), 1);
    world.asks(CUSTOMER, send("still here")).unwrap();
    world.passes(ALERT_MS - 20_000);
    assert_eq!(world.alerts(), 1, "neither closed nor warned again");
    world.passes(40_000);
    assert_eq!(world.stages()[1..], [(IdleStage::Alert, "soon".to_owned())]);
}

#[test]
fn it_survives_takeovers_without_firing_twice() {
    let mut world = watched(terms());
    for _ in 0..10 {
        world.passes(25_000);
        world.taken_over();
    }
    world.passes(15_000);
    assert_eq!(world.alerts(), 1, "the silence before counts on");
    for _ in 0..4 {
        world.taken_over();
        world.passes(5_000);
    }
    assert_eq!(world.alerts(), 1, "once");
    world.passes(CLOSE_MS);
    assert_eq!(world.alerts(), 2);
    world.taken_over();
    world.passes(ALERT_MS * 3);
    assert_eq!(world.alerts(), 2);
}

#[test]
fn time_without_service_counts_against_nobody() {
    let mut world = watched(terms());
    world.passes(ALERT_MS - 30_000);
    world.outage(60_000);
    world.taken_over();
    world.passes(20_000);
    assert_eq!(world.alerts(), 0);
    world.passes(20_000);
    assert_eq!(world.alerts(), 1);
    world.outage(60_000);
    world.taken_over();
    world.passes(CLOSE_MS - 15_000);
    assert_eq!(world.alerts(), 1, "not closed for the outage");
    world.asks(CUSTOMER, send("x")).unwrap();
    world.passes(ALERT_MS - 20_000);
    assert_eq!(world.alerts(), 1);
    world.passes(40_000);
    assert_eq!(world.alerts(), 2, "the moment of the message is told in served time");
}

#[test]
fn nobody_is_closed_who_has_nobody_to_talk_to() {
    let mut world = World::open(Opening {
        terms: Terms { idle: Some(Box::new(terms())), ..opening().terms },
        bot: None,
        ..opening()
    });
    world.passes(10 * ALERT_MS);
    assert_eq!(world.alerts(), 0);
    world.kate_joins();
    world.passes(ALERT_MS - 20_000);
    assert_eq!(world.alerts(), 0, "it begins when somebody joins");
    world.passes(40_000);
    assert_eq!(world.alerts(), 1);
}

#[test]
fn the_interaction_goes_on_to_what_is_done_after_the_end() {
    let mut world = joined();
    world.terms().idle = Some(Box::new(terms()));
    world.says("hi");
    world.passes(ALERT_MS + CLOSE_MS + 20_000);
    assert!(world.session.ended() && world.session.interaction().unwrap().offline());
    assert!(world.lefts().iter().any(|(_, reason, _)| *reason == LeaveReason::Idle));
    assert!(!kate_in(&world));
}

#[test]
fn notices_and_typing_count_as_configured() {
    let acts = |world: &mut World| {
        world.asks(CUSTOMER, Act::PushUrl { url: "https://a".to_owned() }).unwrap();
    };
    let types = |world: &mut World| {
        world.asks(CUSTOMER, typing()).unwrap();
    };
    for (counts, notice_counts, typing_counts) in [
        (Counts::Nothing, false, false),
        (Counts::Notices, true, false),
        (Counts::Typing, false, true),
        (Counts::Everything, true, true),
    ] {
        for (act, alive) in [(&acts as &dyn Fn(&mut World), notice_counts), (&types, typing_counts)] {
            let mut world = watched(IdleTerms { counts, ..terms() });
            world.passes(ALERT_MS - 20_000);
            act(&mut world);
            world.passes(40_000);
            assert_eq!(world.alerts() == 0, alive, "{counts:?}");
        }
    }
}

#[test]
fn an_asynchronous_customer_may_be_silent_for_days_and_their_warning_shows_in_the_attached_data() {
    let idle = Some(Box::new(terms()));
    let channel = Channel { presence: Presence::ComesAndGoes, ..web(KEY) };
    let mut world = World::open(Opening { terms: Terms { idle, channel, ..opening().terms }, ..opening() });
    assert_eq!(world.session.lost_after_ms(), None, "nobody waits for their calls");
    world.passes(ALERT_MS + 5_000);
    let attached = Body::Attached { key: "GCTI_Chat_AsyncStatus".to_owned(), value: Text::clear("3") };
    assert!(world.bodies().contains(&attached));
}

#[test]
fn a_session_that_ends_otherwise_is_watched_no_more() {
    let mut world = watched(terms());
    let timers: Vec<TimerId> = world.session.timers().map(|(id, _)| id).collect();
    assert_eq!(timers.len(), 1);
    world.asks(CUSTOMER, Act::Disconnect).unwrap();
    assert!(world.session.timers().all(|(id, _)| !timers.contains(&id)));
    world.passes(ALERT_MS * 2);
    assert_eq!(world.alerts(), 0);
}
