//! Channels that events are pushed to: which are, in what order, what may be said when, and what becomes of them.

use super::routing::kate;
use super::*;
use crate::channel::{Address, Delivery, Reach, ShownFiles, Shows, WINDOW_CLOSED, Window};
use crate::command::{Leaving, View};
use crate::event::{Body, PerView, What};
use crate::file::{File, FileId, FileReject};
use crate::opening::{Limits, Opening, Terms};
use crate::privacy::Area;
use crate::routing::{Message, ToCorrespondent};
use crate::text::Text;
use std::collections::BTreeSet;

const MINUTE: i64 = 60_000;

fn address() -> Address {
    Address { channel: "webhook:shop".to_owned(), address: "+49 151".to_owned() }
}

fn customer() -> Caller {
    Caller::Customer(Proof::Address(address()))
}

pub(super) fn pushed() -> Channel {
    let Address { channel: name, address } = address();
    Channel {
        name,
        identity: Identity::Address(address),
        presence: Presence::ComesAndGoes,
        shows: Shows { typing: false, notices: false, receipts: false, ..Shows::everything() },
        window: None,
        reach: Reach::Pushed,
    }
}

pub(super) fn windowed() -> Channel {
    let window = Window { open_ms: 10 * MINUTE, answers_max: 2, after: Some("template".to_owned()) };
    Channel { window: Some(window), ..pushed() }
}

/// A chat over this channel with an agent in it.
fn world(channel: Channel) -> World {
    let limits = Limits::new(20, 100, 600_000);
    let text = Some("hi".to_owned());
    with_kate(Opening { terms: Terms { channel, limits, ..opening().terms }, bot: None, text, ..opening() })
}

/// The same where no number is stored in clear.
fn guarded() -> World {
    let privacy = Some(Box::new(super::privacy::privacy(Area::HistoryAll, "[0-9]+")));
    with_kate(Opening {
        terms: Terms { channel: pushed(), privacy, ..opening().terms },
        bot: None,
        ..opening()
    })
}

fn with_kate(opening: Opening) -> World {
    let mut world = World::open(opening);
    world.kate_joins();
    world
}

impl World {
    /// What is owed to the channel, oldest first: the push and the number of its event.
    fn pushes(&self) -> Vec<(EffectId, u64)> {
        self.session.state.owed_pushes().collect()
    }

    /// The kind and text of each.
    fn pushed_texts(&self) -> Vec<String> {
        let text = |(_, seq): (EffectId, u64)| {
            let push = self.session.push(seq, None).unwrap();
            let shown = push.shown().unwrap();
            let kind = match &shown.what {
                What::Joined => "joined",
                What::Left { .. } => "left",
                What::Message { .. } => "message",
                What::Read(_) => "read",
                What::Renamed(_) => "renamed",
                What::Rich { .. } => "rich",
                What::FileUploaded(_) => "file_uploaded",
                What::NearlyFull(_) => "nearly_full",
                other => panic!("{other:?}"),
            };
            format!("{kind} {}", shown.what.text().unwrap_or_default())
        };
        self.pushes().into_iter().map(text).collect()
    }

    fn view_of(&self, caller: &Caller) -> View {
        let read = match caller {
            Caller::Agent(_) => Read::Agent { position: 1 },
            _ => Read::Customer { position: 1 },
        };
        match self.session.read(caller, &read) {
            Ok(Reading::View(view)) => view,
            other => panic!("no view but {other:?}"),
        }
    }

    fn settles(&mut self, delivery: Delivery) -> u64 {
        let (effect, seq) = self.pushes()[0];
        self.asks(Caller::System, Act::Pushed { effect, delivery }).unwrap();
        seq
    }

    fn progress(&mut self, seq: u64, delivery: Delivery) {
        self.asks(customer(), Act::Progress { seq, delivery }).unwrap();
    }

    /// How far each event has come, as agents were told.
    fn deliveries(&self) -> Vec<(u64, &'static str)> {
        let of = |body| match body {
            Body::Delivery { seq, delivery, .. } => Some((seq, delivery.word())),
            _ => None,
        };
        self.bodies().into_iter().filter_map(of).collect()
    }
}

#[test]
fn what_others_say_is_owed_to_the_channel_in_order_until_it_is_settled() {
    let mut world = world(pushed());
    assert!(world.pushes().is_empty(), "neither their own words, nor who comes");
    for text in ["one", "two"] {
        world.asks(kate(), send(text)).unwrap();
    }
    world.asks(kate(), typing()).unwrap();
    world.asks(kate(), Act::MarkRead { position: 100 }).unwrap();
    world.asks(customer(), send("three")).unwrap();
    assert_eq!(world.pushed_texts(), ["message one", "message two"]);
    assert!(world.view_of(&customer()).typing.is_empty(), "the channel can't show it");
    world.taken_over();
    assert_eq!(world.pushed_texts(), ["message one", "message two"]);
    let one = world.settles(Delivery::Sent);
    assert_eq!(world.pushed_texts(), ["message two"]);
    let two = world.settles(Delivery::Failed { reason: "x".repeat(1_000) });
    assert!(world.pushes().is_empty());
    assert_eq!(world.deliveries(), [(one, "sent"), (two, "failed")]);
    let reasons = world.bodies().into_iter().filter_map(|body| match body {
        Body::Delivery { delivery, .. } => delivery.reason().map(str::len),
        _ => None,
    });
    assert_eq!(reasons.collect::<Vec<_>>(), [256]);
}

#[test]
fn a_push_is_settled_once_and_its_event_goes_on_and_never_back() {
    let mut world = world(pushed());
    world.asks(kate(), send("one")).unwrap();
    world.asks(kate(), send("two")).unwrap();
    let (effect, one) = world.pushes()[0];
    world.settles(Delivery::Sent);
    world.asks(Caller::System, Act::Pushed { effect, delivery: Delivery::Sent }).unwrap();
    for delivery in [Delivery::Delivered, Delivery::Delivered, Delivery::Sent, Delivery::Read] {
        world.progress(one, delivery);
    }
    world.progress(one, Delivery::Failed { reason: "late".to_owned() });
    assert_eq!(world.deliveries(), [(one, "sent"), (one, "delivered"), (one, "read")]);
    // What the channel says before it has answered counts, and stays owed until it does.
    let (_, two) = world.pushes()[0];
    world.progress(two, Delivery::Delivered);
    assert_eq!(world.pushes().len(), 1);
    world.settles(Delivery::Sent);
    assert_eq!(world.deliveries()[3..], [(two, "delivered")]);
    assert!(world.pushes().is_empty());
    for unknown in [1, two + 50] {
        world.progress(unknown, Delivery::Read);
    }
    assert_eq!(world.deliveries().len(), 4);
    // It may even be read before the channel has answered, over whose takeover.
    world.asks(kate(), send("three")).unwrap();
    let (_, three) = world.pushes()[0];
    world.progress(three, Delivery::Read);
    world.taken_over();
    world.progress(three, Delivery::Read);
    world.settles(Delivery::Sent);
    world.progress(three, Delivery::Delivered);
    assert_eq!(world.deliveries()[4..], [(three, "read")]);
    let other = Address { address: "+49 152".to_owned(), ..address() };
    let stranger = Caller::Customer(Proof::Address(other));
    let act = Act::Progress { seq: two, delivery: Delivery::Read };
    assert_eq!(world.asks(stranger, act), Err(Reject::WrongKey));
    let act = Act::Pushed { effect, delivery: Delivery::Sent };
    assert_eq!(world.asks(kate(), act), Err(Reject::NotAllowed));
}

#[test]
fn a_channel_is_told_what_it_can_show_and_nothing_else() {
    let rich = r#"{"kind":"quick_replies","text":"Which?","options":[{"id":"a","title":"A"}]}"#;
    let all = Shows { text_bytes_max: 10, ..Shows::everything() };
    let little = Shows { rich: BTreeSet::new(), ..pushed().shows };
    for (shows, expected) in [
        (all, ["joined ", "rich Which?", "read ", "renamed Kat", "left ", "left "].as_slice()),
        (little, ["message Which?"].as_slice()),
    ] {
        let mut world = world(Channel { shows, ..pushed() });
        let limits = Limits::new(1_000, 100, 600_000);
        world.terms().limits = limits;
        world.asks(kate(), Act::SendRich { content: rich.to_owned() }).unwrap();
        world.asks(kate(), Act::MarkRead { position: 100 }).unwrap();
        world.asks(kate(), Act::Rename { nickname: "Kat".to_owned() }).unwrap();
        world.asks(kate(), Act::Leave { how: Leaving::ForceClose }).unwrap();
        assert_eq!(world.pushed_texts(), expected);
    }
}

#[test]
fn a_text_or_file_that_the_channel_can_t_show_is_refused() {
    let types = BTreeSet::from(["image/png".to_owned()]);
    let files = Some(ShownFiles { types, bytes_max: 100 });
    let shows = Shows { text_bytes_max: 5, files, ..pushed().shows };
    let mut world = world(Channel { shows, ..pushed() });
    world.terms().limits.files = Some(super::files::limits());
    assert_eq!(world.asks(kate(), send("123456")), Err(Reject::TooLong { bytes_max: 5 }));
    world.asks(kate(), send("12345")).unwrap();
    world.asks(customer(), send("123456")).unwrap();
    let reserve = |bytes| Act::ReserveFile { file: FileId(1), bytes };
    let add = |media_type: &str| {
        let (name, description) = (Text::clear("a"), Text::clear(""));
        let file = File { id: FileId(1), name, bytes: 100, media_type: media_type.to_owned(), description };
        Act::AddFile { file: Box::new(file), held: false }
    };
    assert_eq!(world.asks(kate(), reserve(101)), Err(FileReject::TooLarge { bytes_max: 100 }.into()));
    world.asks(kate(), reserve(100)).unwrap();
    assert_eq!(world.asks(kate(), add("application/pdf")), Err(FileReject::NotShown.into()));
    world.asks(kate(), add("image/png")).unwrap();
    assert_eq!(world.pushed_texts(), ["message 12345", "file_uploaded a"]);
    world.terms().channel.shows.files = None;
    let act = Act::ReserveFile { file: FileId(2), bytes: 1 };
    assert_eq!(world.asks(kate(), act), Err(FileReject::NotShown.into()));
}

#[test]
fn a_reply_window_closes_by_time_and_by_number_and_opens_with_the_customer_s_next_word() {
    let mut world = world(windowed());
    let channel = |world: &World| world.view_of(&kate()).channel.unwrap().window.unwrap();
    let opened_at = Millis(channel(&world).until.unwrap().0 - 10 * MINUTE);
    assert_eq!(channel(&world).left, Some(2));
    world.asks(kate(), send("one")).unwrap();
    world.asks(kate(), send("two")).unwrap();
    assert_eq!(channel(&world).left, Some(0));
    let closed = |closed_at| Reject::WindowClosed { after: Some("template".to_owned()), closed_at };
    assert_eq!(world.asks(kate(), send("three")), Err(closed(None)));
    let url = || Act::PushUrl { url: "https://a.example".to_owned() };
    assert_eq!(world.asks(kate(), url()), Err(closed(None)));
    let act = Act::Send { text: "four".to_owned(), message_type: Some("template".to_owned()) };
    world.asks(kate(), act.clone()).unwrap();
    world.asks(customer(), send("hi again")).unwrap();
    world.taken_over();
    assert_eq!(channel(&world).left, Some(2));
    world.asks(kate(), send("five")).unwrap();
    world.asks(kate(), internal("to colleagues")).unwrap();
    assert_eq!(channel(&world).left, Some(1), "they are no answer");
    world.clock += 10 * MINUTE;
    let until = channel(&world).until.unwrap();
    assert!(until.0 > opened_at.0 + 10 * MINUTE && until.0 < world.clock);
    assert_eq!(world.asks(kate(), send("six")), Err(closed(Some(until))));
    world.asks(kate(), internal("is it over?")).unwrap();
    world.asks(kate(), act).unwrap();
    assert_eq!(
        world.pushed_texts(),
        ["message one", "message two", "message four", "message five", "message four"]
    );
}

#[test]
fn what_the_system_says_to_a_closed_window_is_told_to_agents_as_undelivered() {
    let mut world = world(windowed());
    world.clock += 11 * MINUTE;
    let before = world.session.last_seq();
    world.drafts(|draft| {
        draft.message(2, "too late", None);
    });
    let failed = Delivery::Failed { reason: WINDOW_CLOSED.to_owned() };
    let last = world.session.events_in_memory().last().unwrap().clone();
    assert!(
        matches!(&last.body, Body::Delivery { seq, delivery, .. } if *seq == before + 1 && *delivery == failed)
    );
    assert_eq!(last.index.customer, None, "customers are told nothing of it");
    assert!(world.pushes().is_empty());
}

#[test]
fn the_end_is_told_to_the_correspondent_and_what_is_owed_then_is_still_pushed() {
    let mut world = world(pushed());
    world.takes("said", customer(), send("ho")).unwrap();
    world.asks(kate(), send("bye")).unwrap();
    world.asks(kate(), Act::Leave { how: Leaving::ForceClose }).unwrap();
    assert!(world.session.ended());
    let over = |effect: &Effect| match effect {
        Effect::Message { to, message: Message::ToCorrespondent(over) }
            if *to == address().correspondent() =>
        {
            Some(over.clone())
        }
        _ => None,
    };
    let told: Vec<_> = world.owed().iter().filter_map(|(_, effect)| over(effect)).collect();
    let ids = ["open", "said"].map(|id| CommandId(id.to_owned()));
    let session = world.session.id().clone();
    assert_eq!(told, [ToCorrespondent::Over { session, took: ids.to_vec(), more: false }]);
    let (_, seq) = world.pushes()[0];
    let stored = world.session.state.events.iter().find(|event| event.seq == seq).cloned();
    world.session.forget_below(world.session.last_seq() + 1);
    assert_eq!(world.session.push(seq, None), None);
    let push = world.session.push(seq, stored.as_ref()).unwrap();
    assert_eq!(push.shown().unwrap().what.text().as_deref(), Some("bye"));
    let events = world.session.last_seq();
    world.settles(Delivery::Sent);
    assert_eq!(world.session.last_seq(), events, "after the end nothing more happens");
    assert!(world.pushes().is_empty());
    assert_eq!(world.asks(customer(), send("more")), Err(Reject::Ended));
}

#[test]
fn nobody_waits_for_whoever_comes_and_goes_and_a_pulled_channel_is_pushed_nothing() {
    let mut world = world(Channel { reach: Reach::Pulled, ..windowed() });
    assert_eq!(world.session.lost_after_ms(), None);
    world.asks(kate(), send("one")).unwrap();
    assert!(world.pushes().is_empty());
    assert_eq!(world.view_of(&kate()).channel.unwrap().window.unwrap().left, Some(1));
    assert_eq!(world.view_of(&customer()).channel, None);
}

#[test]
fn what_tells_how_far_a_message_came_takes_no_room_and_only_messages_tell() {
    let shows = Shows { receipts: true, notices: true, ..pushed().shows };
    let mut world = world(Channel { shows, ..pushed() });
    world.terms().limits = Limits::new(20, 7, 600_000);
    world.asks(kate(), send("one")).unwrap();
    let one = world.session.last_seq();
    while !world.pushes().is_empty() {
        world.settles(Delivery::Sent);
    }
    world.asks(kate(), Act::MarkRead { position: 100 }).unwrap();
    let Some(Body::Read { through, .. }) = world.bodies().pop() else { panic!("no receipt") };
    assert_eq!(
        through.customer,
        Some(2),
        "the newest that the customer said, whatever agents were told since"
    );
    world.settles(Delivery::Sent);
    world.progress(one, Delivery::Delivered);
    world.progress(one, Delivery::Read);
    let told = world.session.last_seq();
    world.asks(kate(), Act::MarkRead { position: 100 }).unwrap();
    assert_eq!(world.session.last_seq(), told, "nothing new to have read");
    assert_eq!(world.deliveries(), [(one, "sent"), (one, "delivered"), (one, "read")]);
    world.asks(kate(), send("two")).unwrap();
    assert_eq!(world.asks(kate(), send("three")), Err(Reject::Full { events_max: 7 }));
}

#[test]
fn the_customer_is_pushed_what_was_said_even_when_the_record_is_final_and_nobody_else_sees_it_then() {
    let mut world = guarded();
    world.asks(kate(), send("call 4711")).unwrap();
    world.asks(kate(), send("or 4712")).unwrap();
    let seen = |world: &World| world.said_to(&customer(), &Read::Customer { position: 1 });
    world.asks(kate(), Act::Leave { how: Leaving::ForceClose }).unwrap();
    assert_eq!(seen(&world), ["call 4711", "or 4712"]);
    let close = world.owed().into_iter().find(|(_, effect)| *effect == Effect::CloseRecord).unwrap().0;
    world.asks(Caller::System, Act::Settle { effect: close }).unwrap();
    world.taken_over();
    assert_eq!(seen(&world), ["call ****", "or ****"]);
    assert_eq!(world.pushed_texts(), ["message call 4711", "message or 4712"]);
    world.settles(Delivery::Sent);
    assert_eq!(world.pushed_texts(), ["message or 4712"]);
    world.settles(Delivery::Failed { reason: "0 of 4712".to_owned() });
    assert_eq!(world.session.state.sealing, None, "nobody is to see it any more");
}

#[test]
fn why_a_channel_failed_is_stored_as_all_that_is_said() {
    let mut world = guarded();
    world.asks(kate(), send("hello")).unwrap();
    world.settles(Delivery::Failed { reason: "no +49 151 here".to_owned() });
    let Some(Body::Delivery { delivery, .. }) = world.bodies().pop() else { panic!("nothing told") };
    assert!(!delivery.reason().unwrap().contains("49"));
}

#[test]
fn what_the_system_says_is_cut_to_what_the_channel_can_show() {
    let mut world = world(Channel { shows: Shows { text_bytes_max: 5, ..pushed().shows }, ..pushed() });
    world.drafts(|draft| {
        draft.event(0, PerView::all(true), Body::NearlyFull { text: Text::clear("123\u{e4}\u{e4}") });
    });
    assert_eq!(world.pushed_texts(), ["nearly_full 123\u{e4}"]);
}

#[test]
fn that_a_chat_is_nearly_full_is_not_told_with_the_last_answer_that_may_be_given() {
    let channel = windowed();
    let window = channel.window.clone().map(|window| Window { answers_max: 1, ..window });
    let mut world = world(Channel { window, ..channel });
    let limits = &mut world.terms().limits;
    limits.events_max = 60;
    limits.talk.nearly_full_text = "soon full".to_owned();
    while world.session.last_seq() < 57 {
        world.asks(customer(), send("more")).unwrap();
    }
    let told =
        |world: &World| world.bodies().iter().filter(|body| matches!(body, Body::NearlyFull { .. })).count();
    world.asks(kate(), send("an answer")).unwrap();
    assert_eq!((world.pushed_texts(), told(&world)), (vec!["message an answer".to_owned()], 0));
    world.asks(customer(), send("and more")).unwrap();
    assert_eq!(told(&world), 1, "with what is said next");
}
