//! Bots that are kept talking, and what a session keeps room for.

use super::routing::{kate, name, queue};
use super::workflow::{small, started_within};
use super::*;
use crate::command::Leaving;
use crate::entry::{How, Place};
use crate::event::{Body, LeaveReason, Role};
use crate::opening::{Limits, Opening, Talk, Terms};
use crate::routing::{Reply, ToInteraction};

const FILE: &str = "[steps.a]\nbot = \"demo\"\nhandover = \"b\"\n\
    [steps.b]\nroute = \"support\"\ntimeout_ms = 60000\ntimeout = \"c\"\nnext = \"c\"\n\
    [steps.c]\nask = \"on?\"\nyes = \"b\"\nno = \"d\"\nnext = \"c\"\n[steps.d]\nend = true\n";

fn limits(events_max: u32, per_minute: u32, all: u32) -> Limits {
    let talk = Talk {
        bot_turns_per_minute: per_minute,
        bot_turns_max: all,
        nearly_full_text: "nearly full".to_owned(),
    };
    Limits { message_bytes_max: 200, events_max, linger_ms: 600_000, files: None, talk }
}

impl World {
    /// The customer says something and the bot, while it is there, answers all that it owes; how many turns it had
    /// before it was taken out, or `most`.
    fn talks(&mut self, most: usize) -> usize {
        for turn in 0..most {
            if self.turns_owed().is_empty() {
                return turn;
            }
            self.bot_says(&["and you?"], false);
            self.says("go on");
        }
        most
    }

    fn sleeps(&mut self) {
        self.session = Session::from_snapshot(&self.session.to_snapshot().unwrap()).unwrap();
        self.session.restored();
    }

    fn spent(&self) -> usize {
        self.happened.iter().filter(|one| **one == Happening::BotSpent).count()
    }

    fn notices(&self) -> Vec<u64> {
        let events = self.session.events_in_memory();
        let told = events.filter(|event| matches!(event.body, Body::NearlyFull { .. }));
        told.map(|event| event.seq).collect()
    }

    /// Somebody talks until the session takes no more.
    fn fills(&mut self, events_max: u32) {
        loop {
            match self.asks(CUSTOMER, send("x")) {
                Ok(_) => {}
                Err(refused) => return assert_eq!(refused, Reject::Full { events_max }),
            }
        }
    }
}

#[test]
fn a_bot_that_is_kept_talking_is_taken_out_and_a_person_takes_its_place() {
    let mut world = started_within(&small(FILE), None, limits(100_000, 5, 0));
    assert_eq!(world.talks(2), 2);
    world.taken_over();
    assert_eq!(world.talks(1), 1);
    world.sleeps();
    assert_eq!(world.talks(100), 2, "five in all");
    assert_eq!((world.spent(), world.place()), (1, Place::Queue(queue())));
    assert_eq!(world.lefts(), [(2, LeaveReason::Removed, Some(0))]);
    world.says("and now?");
    assert!(world.turns_owed().is_empty());
}

#[test]
fn who_talks_to_a_bot_at_a_person_s_pace_may_go_on() {
    let mut world = started_within(&small(FILE), None, limits(100_000, 5, 12));
    for _ in 0..3 {
        assert_eq!(world.talks(4), 4);
        world.clock += 60_000;
    }
    assert_eq!((world.talks(100), world.spent()), (0, 1), "twelve in all, the greeting among them");
}

#[test]
fn without_a_workflow_a_spent_bot_leaves_the_chat_to_those_who_are_in() {
    let limits = limits(1_000, 0, 3);
    let mut world = World::open(Opening { terms: Terms { limits, ..opening().terms }, ..opening() });
    assert_eq!(world.talks(100), 3);
    assert_eq!((world.lefts().len(), world.spent()), (1, 1));
    world.says("alone");
    assert!(!world.session.ended());
}

#[test]
fn a_workflow_that_invites_a_spent_bot_again_goes_on_without_it() {
    let file = "[steps.a]\nbot = \"demo\"\nhandover = \"b\"\n[steps.b]\nask = \"what?\"\nnext = \"a\"\n";
    let mut world = started_within(&small(file), None, limits(1_000, 0, 3));
    assert_eq!((world.talks(100), world.step().as_str()), (3, "b"));
    world.says("the bot, please");
    assert_eq!((world.step().as_str(), world.spent()), ("b", 2));
    assert_eq!(world.session.participants().filter(|who| matches!(who.role, Role::Bot(_))).count(), 1);
}

/// Asks for ever whoever answers.
const ASKS: &str = "[steps.a]\nask = \"and you?\"\nnext = \"a\"\ntimeout_ms = 60000\ntimeout = \"b\"\n\
    [steps.b]\nroute = \"support\"\n";

#[test]
fn who_answers_question_after_question_goes_on_as_when_nobody_answers() {
    let mut world = started_within(&small(ASKS), None, limits(100_000, 5, 0));
    for _ in 0..4 {
        world.says("go on");
        world.sleeps();
        assert_eq!((world.step().as_str(), world.spent()), ("a", 0));
    }
    world.says("go on");
    assert_eq!((world.spent(), world.place()), (1, Place::Queue(queue())), "the sixth is not asked");
    let mut slow = started_within(&small(ASKS), None, limits(100_000, 5, 12));
    for _ in 0..11 {
        slow.clock += 59_000;
        slow.says("go on");
        assert_eq!((slow.step().as_str(), slow.spent()), ("a", 0));
    }
    slow.says("go on");
    assert_eq!((slow.spent(), slow.place()), (1, Place::Queue(queue())), "twelve in all");
}

#[test]
fn a_question_that_nobody_may_ask_and_that_has_no_other_way_ends_the_chat() {
    let file = "[steps.a]\nask = \"and you?\"\nnext = \"a\"\n";
    let mut world = started_within(&small(file), None, limits(100_000, 0, 3));
    (0..3).for_each(|_| world.says("go on"));
    assert!(world.session.ended());
    assert_eq!((world.spent(), world.place()), (1, Place::Done(How::Completed)));
}

#[test]
fn a_chat_that_bots_fill_keeps_its_last_tenth_for_people_and_says_so_before_it_is_full() {
    let mut world = started_within(&small(FILE), None, limits(200, 0, 0));
    world.talks(1_000);
    assert_eq!((world.spent(), world.place()), (1, Place::Queue(queue())));
    assert!((180..190).contains(&world.session.last_seq()), "{}", world.session.last_seq());
    world.proposes(1);
    world.accepts(2);
    world.asks(kate(), send("Kate here")).unwrap();
    assert!(world.notices().is_empty());
    world.fills(200);
    let [notice] = world.notices()[..] else { panic!("{:?}", world.notices()) };
    assert!((190..=192).contains(&notice), "{notice}");
    let shown = world.view(1).events;
    assert!(shown.iter().any(|event| event.seq == notice), "the customer sees it");
    assert_eq!(world.asks(kate(), send("x")), Err(Reject::Full { events_max: 200 }));
}

#[test]
fn a_full_chat_is_routed_answered_transferred_and_ended() {
    let mut world = started_within(&small(FILE), None, limits(60, 0, 0));
    world.bot_says(&[], true);
    world.fills(60);
    while world.step() == "b" {
        world.fires();
    }
    assert_eq!(world.texts().pop().unwrap(), "Desk: on?", "its workflow is heard");
    world.says("yes");
    assert_eq!(world.place(), Place::Queue(queue()), "and hears");
    assert_eq!(world.asks(CUSTOMER, send("x")), Err(Reject::Full { events_max: 60 }));
    world.proposes(world.attempt());
    world.accepts(world.attempt());
    assert_eq!(
        world.tells(ToInteraction::AgentLost { attempt: world.attempt(), agent: name() }),
        Reply::Done
    );
    world.proposes(world.attempt());
    world.accepts(world.attempt());
    world.asks(kate(), Act::Leave { how: Leaving::KeepAlive }).unwrap();
    assert_eq!(world.step(), "c");
    world.says("no");
    assert_eq!((world.session.ended(), world.place()), (true, Place::Done(How::Completed)));
}

#[test]
fn what_a_workflow_asks_in_a_full_chat_ends_too() {
    let file = "[steps.a]\nask = \"again?\"\nnext = \"a\"\n";
    let mut world = started_within(&small(file), None, limits(60, 0, 0));
    world.fills(60);
    assert!(world.session.last_seq() <= 60 + 66, "{}", world.session.last_seq());
    world.asks(CUSTOMER, Act::Disconnect).unwrap();
    assert!(world.session.ended());
}

#[test]
fn a_bot_makes_room_whatever_fills_the_chat() {
    let mut world = started_within(&small(FILE), None, limits(100, 0, 0));
    for n in 0..100 {
        let url = Act::PushUrl { url: format!("https://example.org/{n}") };
        if world.asks(CUSTOMER, url).is_err() {
            break;
        }
    }
    assert_eq!(world.place(), Place::Queue(queue()), "nobody can ask for a person any more");
}
