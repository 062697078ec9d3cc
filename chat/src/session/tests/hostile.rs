//! Nothing that a journal or a caller says makes the machine panic: numbers at their ends, strangers, empty
//! sessions.

use super::*;
use crate::TimerId;
use crate::event::{Body, Event, LeaveReason, Participant, PerView, Role, Start, Visibility};
use crate::opening::{Limits, Names, Terms};
use crate::text::Text;
use crate::transcript::{Format, whole};
use proptest::prelude::*;

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0..4u64, Just(u64::MAX - 1), Just(u64::MAX)]
}

fn span() -> impl Strategy<Value = i64> {
    prop_oneof![-2..3i64, Just(i64::MIN), Just(i64::MAX)]
}

/// The same strategy for each view.
fn per_view<S: Strategy>(one: impl Fn() -> S) -> impl Strategy<Value = PerView<S::Value>> {
    (one(), one(), one()).prop_map(|(customer, agent, supervisor)| PerView::new(customer, agent, supervisor))
}

fn index() -> impl Strategy<Value = PerView<Option<u64>>> {
    per_view(|| prop::option::of(number()))
}

fn body(role: Role, which: u8, n: u32, linger_ms: i64) -> Body {
    let start = Start {
        terms: Terms::new("", web(KEY), Limits::new(n, u32::MAX, linger_ms)),
        subject: Text { key: 1, bytes: vec![255] },
        names: Names { first: "", last: "", email: "" }.map(|name| Text::clear(name)),
        user_data: BTreeMap::new(),
        time_zone_offset_minutes: i32::MIN,
        verified: false,
    };
    let who = Participant {
        number: n,
        number_in_view: PerView::new(Some(n), None, Some(u32::MAX)),
        role,
        visibility: Visibility::All,
        nickname: Text { key: 0, bytes: vec![255] },
        user_id: String::new(),
    };
    match which % 5 {
        0 => Body::Opened(Box::new(start)),
        1 => Body::Joined(Box::new(who)),
        2 => Body::Left { reason: LeaveReason::Removed, asked_by: Some(n) },
        3 => Body::Message { text: Text { key: 0, bytes: vec![255] }, message_type: None },
        _ => Body::Ended,
    }
}

fn entry() -> impl Strategy<Value = Entry> {
    let role = prop_oneof![Just(Role::Customer), Just(agent()), Just(Role::Bot(BotName("demo".to_owned())))];
    let n = prop_oneof![0..3u32, Just(u32::MAX)];
    let event = (number(), span(), index(), n, (role, any::<u8>(), span())).prop_map(
        |(seq, at, index, by, (role, which, linger_ms))| {
            Entry::Event(Event { seq, at: Millis(at), index, by, body: body(role, which, by, linger_ms) })
        },
    );
    let turn = |seq| Effect::BotTurn { bot: BotName("demo".to_owned()), seq };
    prop_oneof![
        6 => event,
        1 => per_view(number).prop_map(Entry::Reserved),
        1 => number().prop_map(move |id| Entry::Owed { id: EffectId(id), effect: turn(id) }),
        1 => number().prop_map(|id| Entry::Settled(EffectId(id))),
        1 => (number(), span()).prop_map(|(id, at)| Entry::Armed { id: TimerId(id), at: Served(at) }),
        1 => number().prop_map(|id| Entry::Disarmed(TimerId(id))),
    ]
}

fn act(which: u8, n: u64) -> Act {
    match which % 9 {
        0 => send(&"é".repeat(usize::try_from(n % 9).unwrap())),
        1 => typing(),
        2 => Act::Disconnect,
        3 => reply(EffectId(n), &["é", "", "long enough to be cut"], n.is_multiple_of(2)),
        4 => Act::Settle { effect: EffectId(n) },
        5 => Act::Fire { timer: TimerId(n) },
        6 => Act::CustomerLost,
        7 => Act::ForceEnd,
        _ => Act::Open(Box::new(opening())),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_journal_and_no_caller_makes_it_panic(
        entries in prop::collection::vec(entry(), 0..20),
        asks in prop::collection::vec((any::<u8>(), number(), span(), 0..4usize), 0..10),
        restored in any::<bool>()
    ) {
        let mut session = Session::new(SessionId(String::new()));
        entries.iter().for_each(|entry| session.apply(entry));
        if restored {
            session.restored();
        }
        let callers = [CUSTOMER, bot(), Caller::System, Caller::Operator];
        for (which, n, at, by) in asks {
            let turn = Context::at(at);
            let (id, caller) = (CommandId(n.to_string()), callers[by].clone());
            let command = Command { id, caller, act: act(which, n) };
            if let Ok(decision) = session.decide(&command, &turn) {
                decision.entries.iter().for_each(|entry| session.apply(entry));
                decision.typing.iter().for_each(|typing| session.show_typing(typing));
            }
            let history: Vec<_> = session.events_in_memory().cloned().collect();
            session.forget_below(n);
            for read in [Read::Customer { position: n }, Read::Since { seq: n }, part(n)] {
                let _ = session.read_with(&callers[by], &read, &history);
            }
            let _ = (session.record_opening(), session.record_closing(), session.lost_after_ms().is_some());
            for format in [Format::Xml, Format::Json] {
                let _ = whole(format, session.id(), &history).unwrap();
            }
            let stored = session.to_snapshot().unwrap();
            prop_assert_eq!(Session::from_snapshot(&stored).unwrap().to_snapshot().unwrap(), stored);
        }
    }
}
