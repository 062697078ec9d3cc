//! Agents in a session, and numbered commands.

use super::routing::{joined, kate, routed};
use super::workflow::started_with;
use super::*;
use crate::command::{ChatAnswer, Leaving, View};
use crate::event::{Body, Event, Role, ViewKind, Visibility};

impl World {
    fn numbered(&mut self, number: u64, caller: Caller, act: Act) -> Result<ChatAnswer, Reject> {
        let id = CommandId::numbered("page", number).0;
        self.takes(&id, caller, act).map(|decision| decision.said())
    }

    pub(super) fn desk_view(&self, position: u64) -> Result<View, Reject> {
        match self.session.read(&kate(), &Read::Agent { position })? {
            Reading::View(view) => Ok(view),
            other => panic!("no view but {other:?}"),
        }
    }

    /// Into the chat, though no queue or interaction knows of them.
    pub(super) fn kate_joins(&mut self) {
        self.drafts(|draft| {
            draft.join(agent(), Visibility::All, "Kate");
        });
    }
}

/// Whether the agent Kate is in.
pub(super) fn kate_in(world: &World) -> bool {
    world.session.state.parties.values().any(|party| party.is_agent() && party.present())
}

#[test]
fn an_agent_sees_the_whole_conversation_so_far_and_talks() {
    let mut world = routed();
    assert_eq!(world.desk_view(1), Err(Reject::NoClaim), "not before they have joined");
    assert_eq!(world.asks(kate(), send("x")), Err(Reject::NoClaim));
    world.proposes(1);
    assert_eq!(world.desk_view(1), Err(Reject::NoClaim), "nor while it rings");
    world.accepts(2);
    let view = world.desk_view(1).unwrap();
    assert_eq!(view.kind, ViewKind::Agent);
    assert_eq!(
        view.events.iter().filter_map(|event| event.index.agent).collect::<Vec<_>>(),
        [1, 2, 3, 4, 5, 6]
    );
    let roles: Vec<_> = view.participants.iter().map(|who| who.role.clone()).collect();
    assert_eq!(roles, [Role::Customer, Role::Bot(BotName("demo".to_owned())), Role::Workflow, agent()]);
    assert!(!view.chat_ended && view.user_id == view.participants[3].user_id);
    let said = world.asks(kate(), send("hello")).unwrap().said();
    assert_eq!(said.next_position - 1, 7, "the message's index");
    assert!(!said.chat_ended && said.user_id == view.user_id);
    assert!(world.texts().contains(&"Kate: hello".to_owned()));
    assert!(world.turns_owed().is_empty(), "no bot answers an agent");
}

#[test]
fn customers_see_that_an_agent_types_and_agents_what_a_customer_types() {
    let mut world = joined();
    world.asks(CUSTOMER, typing()).unwrap();
    world.asks(kate(), typing()).unwrap();
    let previews =
        |view: View| view.typing.into_iter().map(|typing| typing.preview.is_some()).collect::<Vec<_>>();
    assert_eq!(previews(world.desk_view(1).unwrap()), [true, true]);
    assert_eq!(previews(world.view(1)), [true, false]);
}

#[test]
fn what_agents_tell_each_other_reaches_neither_the_customer_nor_bots() {
    let mut world = World::open(opening());
    world.kate_joins();
    let next = world.view(1).next_position;
    world.asks(kate(), typing()).unwrap();
    let said = world.takes("uuid", kate(), internal("she is angry")).unwrap().said();
    assert_eq!(world.takes("uuid", kate(), internal("she is angry")).unwrap().said(), said);
    assert_eq!(world.takes("uuid", kate(), send("she is angry")), Err(Reject::IdInUse), "to the customer");
    world.asks(kate(), send("Hello")).unwrap();

    let customers = world.view(next);
    let texts = |events: &[Event]| {
        let text = |event: &Event| match &event.body {
            Body::Message { text, .. } => Some((text.show().into_owned(), event.is_internal())),
            _ => None,
        };
        events.iter().filter_map(text).collect::<Vec<_>>()
    };
    let hello = ("Hello".to_owned(), false);
    assert_eq!(texts(&customers.events), std::slice::from_ref(&hello));
    assert!(customers.typing.iter().all(|typing| !typing.started), "the typing is over");
    let agents = world.desk_view(said.next_position - 1).unwrap();
    assert_eq!(texts(&agents.events), [("she is angry".to_owned(), true), hello.clone()]);
    let Ok(Reading::Events(bots)) = world.session.read(&bot(), &Read::Since { seq: said.seq }) else {
        panic!("no events");
    };
    assert_eq!(texts(&bots), [hello]);
    assert_eq!(world.asks(CUSTOMER, internal("x")), Err(Reject::NotAllowed));
    assert_eq!(world.asks(bot(), internal("x")), Err(Reject::NotAllowed));
    let long = internal(&"x".repeat(21));
    assert_eq!(world.asks(kate(), long), Err(Reject::TooLong { bytes_max: 20 }));
    world.asks(kate(), Act::Leave { how: Leaving::KeepAlive }).unwrap();
    assert_eq!(world.asks(kate(), internal("x")), Err(Reject::Ended));
}

#[test]
fn an_agent_who_has_left_sees_what_they_saw_and_does_nothing_more() {
    let mut world = joined();
    world.says("hi");
    world.asks(kate(), Act::Leave { how: Leaving::KeepAlive }).unwrap();
    let seen = world.desk_view(1).unwrap().events.len();
    world.says("are you there?");
    world.asks(CUSTOMER, typing()).unwrap();
    let view = world.desk_view(1).unwrap();
    assert!(view.chat_ended && view.events.len() == seen && view.typing.is_empty());
    assert_eq!(world.asks(kate(), send("x")), Err(Reject::Ended));
    assert_eq!(world.asks(kate(), typing()), Err(Reject::Ended));
    let again = world.asks(kate(), Act::Leave { how: Leaving::ForceClose }).unwrap();
    assert!(again.entries.is_empty() && !world.session.ended(), "who is out removes nobody");
}

#[test]
fn a_repeated_command_of_an_agent_is_answered_as_before_even_after_they_came_back() {
    let file = super::workflow::small(
        "[steps.a]\nroute = \"support\"\nnext = \"b\"\n[steps.b]\nroute = \"support\"\n",
    );
    let mut world = started_with(&file, None);
    world.proposes(1);
    world.accepts(2);
    let first = world.takes("uuid", kate(), send("hello")).unwrap().said();
    world.asks(kate(), Act::Leave { how: Leaving::KeepAlive }).unwrap();
    world.proposes(5);
    world.accepts(6);
    let again = world.takes("uuid", kate(), send("hello")).unwrap();
    assert!(again.entries.is_empty() && again.said().seq == first.seq);
    assert_eq!(world.takes("uuid", kate(), send("else")), Err(Reject::IdInUse));
}

#[test]
fn of_numbered_commands_the_next_is_taken_an_earlier_one_answered_again_and_a_later_one_refused() {
    let mut world = World::open(opening());
    assert_eq!(world.view(1).next_command, 1);
    let expected = |next| Err(Reject::Expected { next });
    assert_eq!(world.numbered(2, CUSTOMER, send("two")), expected(1));
    let first = world.numbered(1, CUSTOMER, send("one")).unwrap();
    assert_eq!(world.numbered(1, CUSTOMER, send("one")), Ok(first.clone()));
    assert_eq!(world.numbered(1, CUSTOMER, send("other")), Err(Reject::IdInUse));
    assert_eq!(world.numbered(3, CUSTOMER, send("three")), expected(2));
    let long = "x".repeat(21);
    assert_eq!(world.numbered(2, CUSTOMER, send(&long)), Err(Reject::TooLong { bytes_max: 20 }));
    assert!(world.numbered(2, CUSTOMER, send("two")).is_ok(), "a refusal takes no number");
    world.taken_over();
    assert_eq!(world.numbered(1, CUSTOMER, send("one")), Ok(first));
    assert_eq!(world.view(1).next_command, 3);
    world.asks(CUSTOMER, send("not numbered")).unwrap();
    world.asks(Caller::System, Act::CustomerLost).unwrap();
    assert!(world.numbered(3, CUSTOMER, Act::Disconnect).unwrap().chat_ended);
    assert_eq!(world.view(1).next_command, 4, "what changes nothing takes its number too");
    assert_eq!(world.numbered(0, CUSTOMER, send("zero")), expected(4));
}

#[test]
fn each_participant_counts_their_own_commands() {
    let mut world = joined();
    world.numbered(1, CUSTOMER, send("a")).unwrap();
    world.numbered(1, kate(), send("b")).unwrap();
    assert_eq!(world.desk_view(1).unwrap().next_command, 2);
}
