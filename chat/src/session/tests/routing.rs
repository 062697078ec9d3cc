//! Where an interaction is, what queues and agents are told of it, and what they are answered.

use super::workflow::{DEMO, small, started_with};
use super::*;
use crate::command::Leaving;
use crate::entry::{How, Place};
use crate::event::{Body, LeaveReason, Visibility};
use crate::opening::Opening;
use crate::routing::{Holder, Message, Reply, ToAgent, ToInteraction, ToQueue, Withdrawal};
use crate::workflow::{Known, read};
use crate::{EntityId, QueueName};

pub(super) fn queue() -> QueueName {
    QueueName("support".to_owned())
}

pub(super) fn name() -> AgentName {
    AgentName("kate".to_owned())
}

pub(super) fn kate() -> Caller {
    Caller::Agent(name())
}

/// The demo, with the customer in the queue (attempt 1).
pub(super) fn routed() -> World {
    let mut world = started_with(DEMO, None);
    world.bot_says(&[], true);
    world
}

/// With kate in the chat (attempt 3).
pub(super) fn joined() -> World {
    let mut world = routed();
    world.proposes(1);
    world.accepts(2);
    world
}

pub(super) fn withdrawn(attempt: u64, why: Withdrawal) -> Message {
    Message::ToAgent(ToAgent::Withdrawn { interaction: SessionId::from_random(&[1; 16]), attempt, why })
}

fn withdraw(attempt: u64) -> Message {
    Message::ToQueue(ToQueue::Withdraw { interaction: SessionId::from_random(&[1; 16]), attempt })
}

fn accept(attempt: u64) -> ToInteraction {
    ToInteraction::Accept { attempt, agent: name(), nickname: "Kate".to_owned() }
}

impl World {
    pub(super) fn tells(&mut self, message: ToInteraction) -> Reply {
        let from = match &message {
            ToInteraction::Verify { holder: Holder::Queue(queue), .. }
            | ToInteraction::TurnedAway { queue, .. } => EntityId::from(queue),
            ToInteraction::Verify { holder: Holder::Agent(agent), .. }
            | ToInteraction::Propose { agent, .. }
            | ToInteraction::Accept { agent, .. }
            | ToInteraction::Decline { agent, .. }
            | ToInteraction::AgentLost { agent, .. } => EntityId::from(agent),
        };
        let told = self.asks(Caller::Entity(from), Act::Deliver(Message::ToInteraction(message)));
        told.unwrap().answer.routing().unwrap()
    }

    pub(super) fn proposes(&mut self, attempt: u64) {
        let reply = self.tells(ToInteraction::Propose { attempt, agent: name() });
        assert!(matches!(reply, Reply::Proposed { attempt: next, .. } if next == attempt + 1), "{reply:?}");
    }

    pub(super) fn accepts(&mut self, attempt: u64) {
        assert_eq!(self.tells(accept(attempt)), Reply::Joined { attempt: attempt + 1 });
    }

    pub(super) fn declines(&mut self, attempt: u64) {
        assert_eq!(self.tells(ToInteraction::Decline { attempt, agent: name() }), Reply::Done);
    }

    /// What is owed to others, oldest first.
    pub(super) fn messages(&self) -> Vec<Message> {
        let tells = self.owed().into_iter();
        let messages = tells.filter_map(|(_, effect)| match effect {
            Effect::Message { message, .. } => Some(message),
            _ => None,
        });
        messages.collect()
    }

    pub(super) fn last_message(&self) -> Message {
        self.messages().pop().unwrap()
    }

    fn agent_leaves(&mut self, how: Leaving) {
        self.asks(kate(), Act::Leave { how }).unwrap();
    }
}

#[test]
fn a_proposal_becomes_an_offer_and_an_accepted_one_lets_the_agent_in() {
    let mut world = routed();
    let reply = world.tells(ToInteraction::Propose { attempt: 1, agent: name() });
    let until = Millis(world.clock + 30_000);
    assert_eq!(reply, Reply::Proposed { attempt: 2, until });
    assert_eq!(world.last_message(), withdraw(2));
    assert_eq!(world.place(), Place::Offer { agent: name(), queue: queue(), until });
    world.accepts(2);
    assert_eq!(world.place(), Place::Agent { agent: name(), queue: queue() });
    let who = world.session.participants().last().unwrap();
    assert_eq!(
        (&who.role, who.nickname.show().as_ref(), who.visibility),
        (&agent(), "Kate", Visibility::All)
    );
    assert_eq!(world.session.timers().count(), 0, "nothing is waited for");
}

#[test]
fn a_repeated_message_is_answered_as_before_and_an_old_one_is_void() {
    let mut world = routed();
    let propose = |attempt| ToInteraction::Propose { attempt, agent: name() };
    assert_eq!(world.tells(propose(0)), Reply::Void);
    let first = world.tells(propose(1));
    let tells = world.messages().len();
    assert_eq!(world.tells(propose(1)), first);
    assert_eq!(world.tells(accept(1)), Reply::Void);
    world.accepts(2);
    world.accepts(2);
    assert_eq!(world.session.participants().filter(|who| who.role == agent()).count(), 1);
    assert_eq!(world.tells(propose(1)), Reply::Void);
    assert_eq!(world.tells(ToInteraction::Decline { attempt: 2, agent: name() }), Reply::Void);
    assert_eq!(world.messages().len(), tells);
}

#[test]
fn of_two_agents_one_is_offered_the_chat() {
    let mut world = routed();
    world.proposes(1);
    let mark = AgentName("mark".to_owned());
    assert_eq!(world.tells(ToInteraction::Propose { attempt: 1, agent: mark.clone() }), Reply::Void);
    let accept = ToInteraction::Accept { attempt: 2, agent: mark, nickname: "M".to_owned() };
    assert_eq!(world.tells(accept), Reply::Void);
    world.accepts(2);
}

/// A start whose workflow does nothing but route.
fn straight() -> Opening {
    let queues = BTreeMap::from([(queue(), 30_000)]);
    let known = Known { bots: BTreeMap::new(), queues };
    let program = read("w", &small("[steps.a]\nroute = \"support\"\n"), &known).unwrap();
    Opening { workflow: Some(std::sync::Arc::new(program)), bot: None, ..opening() }
}

#[test]
fn a_desk_learns_how_much_of_the_attached_data_it_is_not_shown() {
    let more = (0..70).map(|n| (format!("z{n:02}"), n.to_string()));
    let whole = ["ü".repeat(2_048), "x".repeat(4_000)];
    let long = [("c".to_owned(), "ü".repeat(200)), ("d".to_owned(), "x".repeat(256))];
    let keys = ["a".to_owned(), "b".to_owned()];
    let user_data = more.chain(long).chain(keys.into_iter().zip(whole.clone())).collect();
    let world = World::open(Opening { user_data, ..straight() });
    let Message::ToQueue(ToQueue::Enqueue { ticket, .. }) = world.last_message() else { panic!() };
    let all = world.session.interaction().unwrap().data().count();
    assert!(all >= 74, "the record has all of it");
    assert_eq!((ticket.data.len(), ticket.left_out), (64, u32::try_from(all - 64 + 1).unwrap()));
    assert_eq!([&ticket.data["a"], &ticket.data["b"]], whole.each_ref(), "8 KiB are whole");
    assert_eq!(ticket.data["d"].len(), 256, "what is short is whole everywhere");
    let cut = &ticket.data["c"];
    assert!(cut.ends_with("ü…") && cut.len() <= 256, "{cut}");
}

#[test]
fn who_was_signed_is_known_in_the_record_and_on_every_way_to_an_agent_through_a_takeover() {
    for verified in [false, true] {
        let mut world = World::open(Opening { verified, ..straight() });
        let signed = |body| matches!(body, Body::Opened(start) if start.verified);
        assert_eq!(world.bodies().into_iter().any(signed), verified);
        let Message::ToQueue(ToQueue::Enqueue { ticket, .. }) = world.last_message() else { panic!() };
        assert_eq!(ticket.verified, verified);
        world.proposes(1);
        world.taken_over();
        world.session = Session::from_snapshot(&world.session.to_snapshot().unwrap()).unwrap();
        world.declines(2);
        let Message::ToQueue(ToQueue::Enqueue { ticket, attempt: 3, .. }) = world.last_message() else {
            panic!()
        };
        assert_eq!(ticket.verified, verified, "to the next agent");
    }
}

#[test]
fn nobody_speaks_for_somebody_else() {
    let mut world = routed();
    for from in ["agent:mark", "queue:support", "agent:", "kate"] {
        let message = Message::ToInteraction(ToInteraction::Propose { attempt: 1, agent: name() });
        let told = world.asks(Caller::Entity(EntityId::of_text(from)), Act::Deliver(message));
        assert_eq!(told, Err(Reject::NotAllowed), "{from}");
    }
    let message = Message::ToInteraction(ToInteraction::Propose { attempt: 1, agent: name() });
    assert_eq!(world.asks(kate(), Act::Deliver(message)), Err(Reject::NotAllowed));
    assert_eq!(world.asks(Caller::Entity(EntityId::from(&name())), send("x")), Err(Reject::NotAllowed));
}

#[test]
fn an_offer_that_times_out_goes_back_with_its_age_and_the_agent_is_told() {
    let mut world = routed();
    let Message::ToQueue(ToQueue::Enqueue { ticket: first, .. }) = world.last_message() else { panic!() };
    world.proposes(1);
    let (offer, _) = world.session.timers().max_by_key(|(id, _)| *id).unwrap();
    world.asks(Caller::System, Act::Fire { timer: offer }).unwrap();
    assert_eq!((world.place(), world.attempt()), (Place::Queue(queue()), 3));
    assert_eq!(world.last_message(), withdrawn(3, Withdrawal::TimedOut));
    let again = world.messages();
    let Message::ToQueue(ToQueue::Enqueue { ticket, attempt: 3, .. }) = &again[again.len() - 2] else {
        panic!()
    };
    assert_eq!((ticket.since, first.declined.len()), (first.since, 0));
    assert_eq!(ticket.declined[&name()], Served(world.clock - 1_000_000 + 15_000));
    assert_eq!(world.tells(accept(2)), Reply::Void, "too late");
}

#[test]
fn a_declined_offer_goes_back_and_nobody_needs_to_be_told() {
    let mut world = routed();
    world.proposes(1);
    world.declines(2);
    assert!(matches!(world.last_message(), Message::ToQueue(ToQueue::Enqueue { attempt: 3, .. })));
}

#[test]
fn an_agent_who_is_lost_is_taken_out_and_the_chat_goes_back_to_its_place_in_line() {
    for known in [1, 2, 3] {
        let mut world = joined();
        let lost = ToInteraction::AgentLost { attempt: known, agent: name() };
        assert_eq!(world.tells(lost.clone()), Reply::Done, "their words may be older than their joining");
        assert_eq!((world.place(), world.attempt()), (Place::Queue(queue()), 4));
        assert_eq!(world.lefts().pop().unwrap().1, LeaveReason::Inactive);
        assert_eq!(world.tells(lost), Reply::Void);
        assert_eq!(world.asks(kate(), send("x")), Err(Reject::Ended));
        assert_eq!(world.session.timers().count(), 2, "its time and its texts run again");
    }
    let mut world = routed();
    world.proposes(1);
    assert_eq!(world.tells(ToInteraction::AgentLost { attempt: 2, agent: name() }), Reply::Done);
    assert_eq!((world.place(), world.attempt()), (Place::Queue(queue()), 3));
    assert_eq!(world.tells(ToInteraction::AgentLost { attempt: 2, agent: name() }), Reply::Void);
}

#[test]
fn claims_are_verified() {
    let mut world = routed();
    let of_queue = |attempt| ToInteraction::Verify { attempt, holder: Holder::Queue(queue()) };
    let of_agent = |attempt| ToInteraction::Verify { attempt, holder: Holder::Agent(name()) };
    let other = ToInteraction::Verify { attempt: 1, holder: Holder::Queue(QueueName("x".to_owned())) };
    assert_eq!(world.tells(of_queue(1)), Reply::Held);
    assert_eq!(world.tells(of_queue(0)), Reply::Void);
    assert_eq!(world.tells(other), Reply::Void);
    assert_eq!(world.tells(of_agent(1)), Reply::Held, "their proposal is on its way");
    world.proposes(1);
    assert_eq!((world.tells(of_queue(1)), world.tells(of_agent(2))), (Reply::Void, Reply::Held));
    world.declines(2);
    assert_eq!((world.tells(of_queue(3)), world.tells(of_agent(2))), (Reply::Held, Reply::Void));
    world.asks(CUSTOMER, Act::Disconnect).unwrap();
    assert_eq!((world.tells(of_queue(3)), world.tells(of_agent(3))), (Reply::Gone, Reply::Gone));
    assert_eq!(world.tells(accept(3)), Reply::Gone);
}

#[test]
fn a_customer_who_leaves_while_they_wait_or_while_it_rings_is_withdrawn_and_abandons() {
    for lost in [false, true] {
        let gone = |world: &mut World| match lost {
            true => world.asks(Caller::System, Act::CustomerLost).unwrap(),
            false => world.asks(CUSTOMER, Act::Disconnect).unwrap(),
        };
        let mut world = routed();
        gone(&mut world);
        assert_eq!((world.last_message(), world.place()), (withdraw(2), Place::Done(How::Abandoned)));
        let mut world = routed();
        world.proposes(1);
        gone(&mut world);
        assert_eq!(world.last_message(), withdrawn(3, Withdrawal::Abandoned));
        assert!(world.session.ended() && world.place() == Place::Done(How::Abandoned));
        assert_eq!(world.session.timers().count(), 1, "only the time to answer after the end runs");
        assert_eq!(world.data("Workflow").unwrap(), "demo", "post-processed");
    }
}

#[test]
fn the_agent_still_has_the_chat_when_the_customer_has_left() {
    let mut world = joined();
    world.asks(CUSTOMER, Act::Disconnect).unwrap();
    assert!(!world.session.ended() && world.place() == Place::Agent { agent: name(), queue: queue() });
    world.asks(kate(), send("too late")).unwrap();
    world.agent_leaves(Leaving::KeepAlive);
    assert!(world.session.ended() && world.place() == Place::Done(How::Completed));
    assert_eq!(world.last_message(), withdrawn(4, Withdrawal::Left));
    let mut world = joined();
    world.asks(CUSTOMER, Act::Disconnect).unwrap();
    assert_eq!(world.tells(ToInteraction::AgentLost { attempt: 3, agent: name() }), Reply::Done);
    assert!(world.session.ended() && world.place() == Place::Done(How::Completed));
}

#[test]
fn an_agent_who_leaves_says_what_becomes_of_the_chat() {
    let mut world = joined();
    world.agent_leaves(Leaving::KeepAlive);
    assert!(!world.session.ended());
    assert_eq!((world.place(), world.step().as_str()), (Place::Workflow, ""), "it rests");
    assert_eq!(world.last_message(), withdrawn(4, Withdrawal::Left));
    for (how, reason) in [
        (Leaving::CloseIfNoAgents, LeaveReason::ClosedIfNoAgents),
        (Leaving::ForceClose, LeaveReason::Closed),
    ] {
        let mut world = joined();
        world.agent_leaves(how);
        assert!(world.session.ended() && world.place() == Place::Done(How::Completed));
        let number = world.session.participants().last().unwrap().number;
        let lefts = world.lefts();
        assert!(lefts.contains(&(number, reason, None)), "{lefts:?}");
        assert!(lefts.contains(&(1, LeaveReason::Removed, Some(number))), "{lefts:?}");
        assert_eq!(world.last_message(), withdrawn(4, Withdrawal::Left));
    }
}

#[test]
fn a_chat_that_is_kept_alive_may_be_routed_again_with_its_age() {
    let file =
        small("[steps.a]\nroute = \"support\"\nnext = \"b\"\n[steps.b]\nroute = \"support\"\npriority = 7\n");
    let mut world = started_with(&file, None);
    let Message::ToQueue(ToQueue::Enqueue { ticket: first, .. }) = world.last_message() else { panic!() };
    world.proposes(1);
    world.accepts(2);
    world.agent_leaves(Leaving::KeepAlive);
    let Message::ToQueue(ToQueue::Enqueue { ticket, attempt: 5, .. }) = world.last_message() else {
        panic!()
    };
    assert_eq!((ticket.since, ticket.priority), (first.since, 7));
    world.proposes(5);
    world.accepts(6);
    world.asks(kate(), send("here again")).unwrap();
    world.says("good");
}

#[test]
fn an_operator_ends_it_wherever_it_is_and_frees_all_claims() {
    let worlds = [
        (started_with(DEMO, None), None),
        (routed(), Some(withdraw(2))),
        (
            {
                let mut world = routed();
                world.proposes(1);
                world
            },
            Some(withdrawn(3, Withdrawal::Abandoned)),
        ),
        (joined(), Some(withdrawn(4, Withdrawal::Ended))),
    ];
    for (mut world, told) in worlds {
        world.asks(Caller::Operator, Act::ForceEnd).unwrap();
        assert!(world.session.ended() && world.place() == Place::Done(How::Forced));
        assert_eq!(world.messages().pop().filter(|_| told.is_some()), told);
        assert!(world.asks(Caller::Operator, Act::ForceEnd).unwrap().entries.is_empty());
    }
    let file = small("post = \"p\"\n[steps.a]\nsay = \"x\"\n[steps.p]\nwait_ms = 5000\n");
    let mut world = started_with(&file, None);
    world.asks(CUSTOMER, Act::Disconnect).unwrap();
    world.asks(Caller::Operator, Act::ForceEnd).unwrap();
    assert_eq!(world.place(), Place::Done(How::Forced), "after the end too");
}

#[test]
fn time_that_is_over_while_it_rings_counts_when_the_agent_does_not_take_it() {
    let file = small(
        "[steps.a]\nroute = \"support\"\ntimeout_ms = 2000\ntimeout = \"b\"\n[steps.b]\nsay = \"Sorry\"\n",
    );
    let mut world = started_with(&file, None);
    world.proposes(1);
    world.fires();
    assert!(matches!(world.place(), Place::Offer { .. }) && world.texts().is_empty());
    world.declines(2);
    assert_eq!((world.place(), world.texts()), (Place::Workflow, vec!["Desk: Sorry".to_owned()]));
    let mut world = started_with(&file, None);
    world.proposes(1);
    world.fires();
    world.accepts(2);
    assert_eq!(world.tells(ToInteraction::AgentLost { attempt: 3, agent: name() }), Reply::Done);
    assert_eq!(world.place(), Place::Queue(queue()), "its time runs anew");
}

#[test]
fn an_answer_settles_what_was_owed() {
    let mut world = routed();
    let owed = world.owed();
    let (effect, _) = owed.iter().find(|(_, effect)| matches!(effect, Effect::Message { .. })).unwrap();
    world.asks(Caller::System, Act::Replied { effect: *effect, reply: Reply::Void }).unwrap();
    assert!(world.messages().is_empty());
    let again = world.asks(Caller::System, Act::Replied { effect: *effect, reply: Reply::Done }).unwrap();
    assert!(again.entries.is_empty());
}

#[test]
fn who_is_turned_away_gets_what_the_workflow_has_for_a_wait_that_ended() {
    let waits = "[steps.a]\nroute = \"support\"\ntimeout_ms = 600000\ntimeout = \"b\"\n";
    let mut world =
        started_with(&small(&format!("{waits}[steps.b]\nask = \"Nobody is there. Call back?\"\n")), None);
    let turned_away = |attempt, queue| ToInteraction::TurnedAway { attempt, queue };
    assert_eq!(world.tells(turned_away(0, queue())), Reply::Void);
    assert_eq!(world.tells(turned_away(1, QueueName("sales".to_owned()))), Reply::Void);
    assert_eq!(world.place(), Place::Queue(queue()));
    assert_eq!(world.tells(turned_away(1, queue())), Reply::Done);
    assert_eq!((world.place(), world.step()), (Place::Workflow, "b".to_owned()));
    assert_eq!(world.texts(), ["Desk: Nobody is there. Call back?"]);
    assert_eq!(world.last_message(), withdraw(2));
    assert_eq!(world.session.timers().count(), 0, "the wait has no deadline any more");
    assert_eq!(world.tells(turned_away(1, queue())), Reply::Void, "a repeat");
}

#[test]
fn who_is_turned_away_where_the_workflow_has_nothing_for_it_waits_no_longer_either() {
    let mut world = started_with(&small("[steps.a]\nroute = \"support\"\n"), None);
    assert_eq!(world.tells(ToInteraction::TurnedAway { attempt: 1, queue: queue() }), Reply::Done);
    assert!(world.session.ended());
    assert_eq!(world.place(), Place::Done(How::Completed));
}

#[test]
fn an_offer_and_a_chat_with_an_agent_go_on_though_the_queue_is_no_more() {
    let mut world = routed();
    world.proposes(1);
    assert_eq!(world.tells(ToInteraction::TurnedAway { attempt: 1, queue: queue() }), Reply::Void);
    assert_eq!(world.tells(ToInteraction::TurnedAway { attempt: 2, queue: queue() }), Reply::Void);
    world.accepts(2);
    assert_eq!(world.tells(ToInteraction::TurnedAway { attempt: 3, queue: queue() }), Reply::Void);
    assert_eq!(world.place(), Place::Agent { agent: name(), queue: queue() });
}

#[test]
fn the_customer_alone_is_told_where_they_wait_until_an_agent_is_in() {
    let mut world = routed();
    assert_eq!(world.view(1).waits, Some(queue()));
    world.proposes(1);
    assert_eq!(world.view(1).waits, Some(queue()), "nobody has accepted yet");
    world.accepts(2);
    assert_eq!(world.view(1).waits, None);
    assert_eq!(world.desk_view(1).unwrap().waits, None);
    let mut gone = routed();
    gone.asks(CUSTOMER, Act::Disconnect).unwrap();
    assert_eq!(gone.view(1).waits, None);
}
