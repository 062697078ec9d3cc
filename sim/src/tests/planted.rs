//! The checker finds what it is there to find: each fault is planted in what a sound run left behind.

use crate::Plan;
use crate::checker::{Evidence, Received};
use crate::reader::Reader;
use crate::run::evidence;
use handoff_chat::command::View;
use handoff_chat::entry::{AgentChange, Entry};
use handoff_chat::event::{Body, Event, PerView, ViewKind};
use handoff_chat::text::Text;
use handoff_chat::{EntityId, Millis};
use handoff_shard::frame::{Decided, Item};
use std::sync::OnceLock;

/// A sound run with chats of bots and of agents.
fn sound() -> Evidence {
    static SOUND: OnceLock<Evidence> = OnceLock::new();
    let found = SOUND.get_or_init(|| {
        let plan = Plan { customers: 8, messages: 6, faults: 1, agents: 1, ..Plan::of_seed(7) };
        evidence(&plan).expect("a sound run").1
    });
    found.clone()
}

impl Evidence {
    fn decisions(&mut self) -> impl DoubleEndedIterator<Item = &mut Decided> {
        let items = self.logs.iter_mut().flatten().flat_map(|frame| frame.items.iter_mut());
        items.filter_map(|item| match item {
            Item::Decided(decided) => Some(decided),
            _ => None,
        })
    }

    fn decisions_of(&mut self, entity: &EntityId) -> impl DoubleEndedIterator<Item = &mut Decided> {
        self.decisions().filter(move |decided| decided.entity == *entity)
    }

    /// Changes a session's events and numbers them anew, as a fault would that gives each its number when it stores it.
    fn rewrite(&mut self, received: &Received, change: impl FnOnce(&mut Vec<Event>)) {
        let entity = EntityId::from(&received.session);
        let mut events = Vec::new();
        for decided in self.decisions_of(&entity) {
            decided.entries.retain(|entry| match entry {
                Entry::Event(event) => {
                    events.push(event.clone());
                    false
                }
                _ => true,
            });
        }
        change(&mut events);
        let mut last = PerView::all(0);
        for (event, seq) in events.iter_mut().zip(1..) {
            event.seq = seq;
            event.index = event.index.zip(last.as_mut()).map(|(index, last)| {
                let index = index?.max(*last + 1);
                *last = index;
                Some(index)
            });
        }
        let first = self.decisions_of(&entity).next().expect("its first decision");
        first.entries.splice(0..0, events.into_iter().map(Entry::Event));
    }

    fn finds(&self, what: &str) {
        match self.check() {
            Ok(_) => panic!("nothing was found, where it should be: {what}"),
            Err(found) => assert!(found.contains(what), "{found}, where it should be: {what}"),
        }
    }
}

/// What the customer was told who had the most messages acknowledged.
fn talkative(evidence: &Evidence) -> Received {
    evidence.received.iter().max_by_key(|received| received.acknowledged.len()).expect("a customer").clone()
}

fn place(events: &[Event], text: &str) -> usize {
    let is = |event: &Event| matches!(&event.body, Body::Message { text: said, .. } if said.show() == text);
    events.iter().position(is).expect("the message")
}

#[test]
fn a_sound_run_is_found_sound() {
    assert_eq!(sound().check().map(drop), Ok(()));
}

#[test]
fn an_acknowledged_message_that_is_lost_is_found() {
    let mut evidence = sound();
    let received = talkative(&evidence);
    let (_, last) = received.acknowledged.last().expect("acknowledged");
    evidence.rewrite(&received, |events| drop(events.remove(place(events, last))));
    evidence.finds("acknowledged");
}

#[test]
fn a_message_that_is_there_twice_is_found() {
    let mut evidence = sound();
    let received = talkative(&evidence);
    let (_, last) = received.acknowledged.last().expect("acknowledged");
    evidence.rewrite(&received, |events| {
        let again = events[place(events, last)].clone();
        events.push(again);
    });
    evidence.finds("acknowledged");
}

#[test]
fn two_messages_in_the_wrong_order_are_found() {
    let mut evidence = sound();
    let received = talkative(&evidence);
    let [.., (_, one), (_, other)] = &received.acknowledged[..] else { panic!("two acknowledged messages") };
    evidence.rewrite(&received, |events| {
        let places = [place(events, one), place(events, other)];
        let [first, second] = places.map(|place| events[place].body.clone());
        (events[places[0]].body, events[places[1]].body) = (second, first);
    });
    evidence.finds("acknowledged");
}

#[test]
fn an_agent_s_message_that_is_lost_is_found() {
    let mut evidence = sound();
    let mut by_agents = evidence.by_agents.iter().flatten();
    let (session, said) = by_agents.find(|(_, said)| !said.is_empty()).expect("an agent who spoke");
    let (received, (_, text)) = (Received::new(session.clone(), 0), said[0].clone());
    evidence.rewrite(&received, |events| drop(events.remove(place(events, &text))));
    evidence.finds("an agent's");
}

#[test]
fn a_gap_in_the_numbers_is_found() {
    let mut evidence = sound();
    let entity = EntityId::from(&talkative(&evidence).session);
    let is_event = |entry: &Entry| matches!(entry, Entry::Event(_));
    let last = evidence.decisions_of(&entity).rev().find(|decided| decided.entries.iter().any(is_event));
    for entry in &mut last.expect("its last event").entries {
        if let Entry::Event(event) = entry {
            event.seq += 1;
        }
    }
    evidence.finds("a gap or a repeat");
}

#[test]
fn two_owners_in_one_epoch_are_found() {
    let mut evidence = sound();
    let frame = evidence.logs[0].last_mut().expect("a frame");
    let epoch = frame.epoch;
    let opened = evidence.logs[0].iter().flat_map(|frame| &frame.items).rev().find_map(|item| match item {
        Item::Opened(opened) if opened.epoch == epoch => Some(opened.clone()),
        _ => None,
    });
    let mut other = opened.expect("the owner's first frame");
    other.owner.push('0');
    evidence.logs[0].last_mut().expect("a frame").items.push(Item::Opened(other));
    evidence.finds("two owners");
}

#[test]
fn an_owner_before_who_goes_on_is_found() {
    let mut evidence = sound();
    let log = evidence.logs.iter_mut().max_by_key(|log| log.last().map(|frame| frame.epoch)).expect("a log");
    let mut late = log[0].clone();
    late.items.clear();
    log.push(late);
    evidence.finds("epoch");
}

#[test]
fn a_timer_that_fires_twice_is_found() {
    let mut evidence = sound();
    let is_fired = |entry: &&Entry| matches!(entry, Entry::Disarmed(_));
    let decided = evidence.decisions().find(|decided| decided.entries.iter().any(|entry| is_fired(&entry)));
    let decided = decided.expect("a timer that fired");
    let again = decided.entries.iter().find(is_fired).expect("it").clone();
    decided.entries.push(again);
    evidence.finds("fired twice");
}

#[test]
fn an_effect_that_is_carried_out_twice_is_found() {
    let mut evidence = sound();
    let is_settled = |entry: &&Entry| matches!(entry, Entry::Settled(_));
    let decided = evidence.decisions().find(|decided| decided.entries.iter().any(|entry| is_settled(&entry)));
    let decided = decided.expect("an effect that was settled");
    let again = decided.entries.iter().find(is_settled).expect("it").clone();
    decided.entries.push(again);
    evidence.finds("settled twice");
}

#[test]
fn an_effect_that_is_never_carried_out_is_found() {
    let mut evidence = sound();
    let session = EntityId::from(&talkative(&evidence).session);
    let is_settled = |entry: &Entry| matches!(entry, Entry::Settled(_));
    let decided =
        evidence.decisions_of(&session).rev().find(|decided| decided.entries.iter().any(is_settled));
    decided.expect("an effect that was settled").entries.retain(|entry| !is_settled(entry));
    evidence.finds("owe");
}

#[test]
fn a_place_that_an_agent_keeps_for_nobody_is_found() {
    let mut evidence = sound();
    let frees = |entry: &Entry| matches!(entry, Entry::Agent(AgentChange::Freed { .. }));
    let decided = evidence.decisions().rev().find(|decided| decided.entries.iter().any(frees));
    decided.expect("a place that was freed").entries.retain(|entry| !frees(entry));
    evidence.finds("still holds");
}

#[test]
fn an_agent_who_holds_more_than_they_may_is_found() {
    let mut evidence = sound();
    let frees = |entry: &Entry| matches!(entry, Entry::Agent(AgentChange::Freed { .. }));
    for decided in evidence.decisions() {
        decided.entries.retain(|entry| !frees(entry));
    }
    evidence.finds("may hold");
}

fn view(indexes: &[u64], next_position: u64) -> View {
    let event = |index: &u64| Event {
        seq: *index,
        at: Millis(0),
        index: PerView::new(Some(*index), None, None),
        by: 1,
        body: Body::Message { text: Text::clear(&index.to_string()), message_type: None },
    };
    View {
        kind: ViewKind::Customer,
        events: indexes.iter().map(event).collect(),
        typing: Vec::new(),
        participants: Vec::new(),
        next_position,
        chat_ended: false,
        user_id: String::new(),
        started_at: Millis(0),
        next_command: 1,
        channel: None,
        waits: None,
    }
}

#[test]
fn a_read_that_goes_back_is_found() {
    let begun = || {
        let mut reader = Reader::default();
        reader.take(1, &view(&[1, 2, 5], 6)).expect("the first read");
        reader
    };
    assert_eq!(begun().take(1, &view(&[1, 2, 5, 6], 7)), Ok(()));
    assert_eq!(begun().take(6, &view(&[6], 7)), Ok(()), "what is not asked for need not be there");
    assert_eq!(begun().take(0, &view(&[], 6)), Ok(()));
    let missing = begun().take(1, &view(&[1, 2], 6)).expect_err("an event is gone");
    assert!(missing.contains("index 5"), "{missing}");
    let back = begun().take(6, &view(&[], 5)).expect_err("the position went back");
    assert!(back.contains("next position"), "{back}");
    let mut other = view(&[1, 2, 5], 6);
    other.events[1].body = Body::Message { text: Text::clear("other"), message_type: None };
    let changed = begun().take(1, &other).expect_err("an index means something else");
    assert!(changed.contains("index 2"), "{changed}");
}
