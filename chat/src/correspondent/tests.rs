//! One address over time: where its messages belong, whom it believes, and when it is forgotten.

use super::*;
use crate::channel::Address;
use crate::routing::ToInteraction;

const HOUR: i64 = 3_600_000;

fn address() -> Address {
    Address { channel: "sms".to_owned(), address: "+49 1".to_owned() }
}

struct World {
    machine: Correspondent,
    random: u128,
    served: i64,
}

impl World {
    fn new() -> Self {
        Self { machine: Correspondent::new(address().correspondent()), random: 0, served: 1_000 }
    }

    fn asks(&mut self, caller: Caller, act: Act) -> Result<Answer, Reject> {
        self.asks_as("c", caller, act)
    }

    fn asks_as(&mut self, id: &str, caller: Caller, act: Act) -> Result<Answer, Reject> {
        self.random += 1;
        let (served, random) = (Served(self.served), self.random.to_le_bytes());
        let context = Context { served, random, ..Context::at(5) };
        let command = Command { id: CommandId(id.to_owned()), caller, act };
        let decision = self.machine.decide(&command, &context)?;
        decision.entries.iter().for_each(|entry| self.machine.apply(entry));
        let stored = self.machine.to_snapshot().unwrap();
        assert_eq!(Correspondent::from_snapshot(&stored).unwrap(), self.machine);
        Ok(decision.answer)
    }

    /// Takes a message in; the chat it belongs to and whether that has ended with it.
    fn receives(&mut self, id: &str, refused_by: Option<&SessionId>) -> (SessionId, bool) {
        let (caller, refused_by) = (Caller::Customer(Proof::Address(address())), refused_by.cloned());
        match self.asks_as(id, caller, Act::Receive { refused_by }).unwrap() {
            Answer::Belongs { chat, taken } => (chat, taken),
            other => panic!("{other:?}"),
        }
    }

    /// The chat ends; it has these messages, and knows no more where it took `more`.
    fn ends(&mut self, session: &SessionId, took: &[&str], more: bool) {
        let took = took.iter().map(|id| CommandId((*id).to_owned())).collect();
        let over = ToCorrespondent::Over { session: session.clone(), took, more };
        let act = Act::Deliver(Message::ToCorrespondent(over));
        let answer = self.asks(Caller::Entity(EntityId::from(session)), act).unwrap();
        assert_eq!(answer, Answer::Routing(Reply::Done));
    }

    fn fires(&mut self) {
        let (timer, at) = self.machine.timers().next().unwrap();
        self.served = at.0;
        self.asks(Caller::System, Act::Fire { timer }).unwrap();
    }

    /// The chat that is asked whether it goes on answers.
    fn hears(&mut self, reply: Reply) {
        let goes_on = Message::ToSession(ToSession::GoesOn);
        let (effect, owed) = self.machine.owed().map(|(id, owed)| (id, owed.clone())).next().unwrap();
        assert!(matches!(owed, Effect::Message { message, .. } if message == goes_on));
        self.asks(Caller::System, Act::Replied { effect, reply }).unwrap();
        assert_eq!(self.machine.owed().count(), 0);
    }
}

#[test]
fn what_comes_belongs_to_the_chat_that_goes_on_and_a_repeat_where_its_first_try_did() {
    let mut world = World::new();
    let (first, taken) = world.receives("m1", None);
    assert!(!taken);
    assert_eq!(world.receives("m2", None), (first.clone(), false));
    assert_eq!(world.receives("m1", None), (first.clone(), false));
    world.ends(&first, &["m1", "m2"], false);
    let (second, taken) = world.receives("m3", None);
    assert!(second != first && !taken);
    assert_eq!(world.receives("m2", None), (first.clone(), true), "a repeat of long ago");
    // An end that comes late, or twice, is not that of the next chat.
    world.ends(&first, &["m1"], false);
    assert_eq!(world.receives("m2", None), (first, true));
    assert_eq!(world.receives("m4", None), (second, false));
}

#[test]
fn what_the_chat_had_not_taken_when_it_ended_belongs_to_the_next_one() {
    let mut world = World::new();
    let (first, _) = world.receives("m1", None);
    for id in ["m2", "m3", "m4"] {
        world.receives(id, None);
    }
    // It knows the newest alone: what is older than those is in it.
    world.ends(&first, &["m2", "m4"], true);
    for id in ["m1", "m2", "m4"] {
        assert_eq!(world.receives(id, None), (first.clone(), true), "{id}");
    }
    let (second, taken) = world.receives("m3", None);
    assert!(second != first && !taken);
    // A chat that is full has not ended: it says itself what it has.
    let (third, _) = world.receives("m5", Some(&second));
    assert_eq!(world.receives("m3", None), (second.clone(), false));
    world.ends(&second, &[], false);
    assert_eq!(world.receives("m3", None), (third, false));
}

#[test]
fn what_a_chat_has_refused_begins_another_one_once() {
    let mut world = World::new();
    let (first, _) = world.receives("m1", None);
    let (second, _) = world.receives("m2", Some(&first));
    assert_ne!(second, first);
    assert_eq!(world.receives("m2", Some(&first)), (second.clone(), false));
    assert_eq!(world.receives("m2", None), (second.clone(), false));
    assert_eq!(world.receives("m3", Some(&first)), (second, false), "others go where that one went");
}

#[test]
fn only_the_address_itself_and_the_chat_itself_are_believed() {
    let mut world = World::new();
    let receive = || Act::Receive { refused_by: None };
    let other = Address { address: "+49 2".to_owned(), ..address() };
    for proof in [Proof::Address(other), Proof::Key([0; 32])] {
        assert_eq!(world.asks(Caller::Customer(proof), receive()), Err(Reject::WrongKey));
    }
    assert_eq!(world.asks(Caller::System, receive()), Err(Reject::NotAllowed));
    let (chat, _) = world.receives("m1", None);
    let over = ToCorrespondent::Over { session: chat.clone(), took: Vec::new(), more: false };
    let over = Act::Deliver(Message::ToCorrespondent(over));
    let stranger = EntityId::from(&SessionId::from_random(&[9; 16]));
    assert_eq!(world.asks(Caller::Entity(stranger), over), Err(Reject::NotAllowed));
    let tell = ToInteraction::AgentLost { attempt: 1, agent: crate::AgentName("a".to_owned()) };
    let tell = Act::Deliver(Message::ToInteraction(tell));
    assert_eq!(world.asks(Caller::Entity(EntityId::from(&chat)), tell), Err(Reject::NotAllowed));
    assert_eq!(world.receives("m2", None), (chat, false));
}

#[test]
fn whoever_has_no_chat_is_forgotten_after_two_silent_days() {
    let mut world = World::new();
    let (chat, _) = world.receives("m1", None);
    world.fires();
    assert!(world.served >= FORGOTTEN_MS && !world.machine.retired());
    world.hears(Reply::Held);
    assert_eq!(world.receives("m1", None), (chat.clone(), false), "their chat goes on");
    world.ends(&chat, &["m1"], false);
    world.served += HOUR / 2;
    let (chat, _) = world.receives("m2", None);
    world.ends(&chat, &["m2"], false);
    let heard_at = world.served;
    while !world.machine.retired() {
        world.fires();
        assert_eq!(world.machine.retired(), world.served >= heard_at + FORGOTTEN_MS);
    }
    assert!(world.served <= heard_at + FORGOTTEN_MS + FORGOTTEN_MS);
    assert_eq!(world.machine.owed().count(), 0);
}

#[test]
fn a_chat_that_nobody_began_holds_nobody() {
    let mut world = World::new();
    let (chat, _) = world.receives("m1", None);
    world.fires();
    world.hears(Reply::Gone);
    assert_ne!(world.receives("m1", None), (chat, false), "it was never said");
    while world.machine.owed().next().is_none() {
        world.fires();
    }
    world.hears(Reply::Gone);
    while !world.machine.retired() {
        world.fires();
    }
    assert!(world.served <= 1_000 + 3 * FORGOTTEN_MS);
}

#[test]
fn so_many_ids_are_kept_and_no_more() {
    let mut world = World::new();
    let (chat, _) = world.receives("m0", None);
    for n in 1..=TAKEN_MAX {
        world.receives(&format!("m{n}"), None);
    }
    assert_eq!(world.machine.state.taken.len(), TAKEN_MAX);
    assert_eq!(world.receives("m0", None), (chat, false));
}
