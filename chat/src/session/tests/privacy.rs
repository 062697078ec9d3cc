//! Personal data: what is stored, who sees the original, and that it is gone with the final record.

use super::routing::kate;
use super::*;
use crate::event::{Body, Event};
use crate::opening::{Opening, Terms};
use crate::privacy::{Area, Preview, Privacy, Rule, Subject};

/// One kind of personal data, by its pattern.
pub(super) fn privacy(area: Area, pattern: &str) -> Privacy {
    Privacy {
        area,
        rules: vec![Rule::Own(pattern.to_owned())],
        replacement: '*',
        preview: Preview::Masked,
        bots_see: false,
        subject: Subject::Never,
    }
}

/// A start in a service where every number is masked.
fn guarded(area: Area) -> Opening {
    let privacy = Some(Box::new(privacy(area, "[0-9]+")));
    Opening { terms: Terms { privacy, ..opening().terms }, sealing_key: [3; 32], ..opening() }
}

impl World {
    /// What each message that was journaled says to whoever reads the journal.
    fn stored(&self) -> String {
        let entries: Vec<_> =
            self.journal.iter().map(|entry| handoff_codec::encode(entry).unwrap()).collect();
        String::from_utf8_lossy(&entries.concat()).into_owned()
    }

    pub(super) fn said_to(&self, caller: &Caller, read: &Read) -> Vec<String> {
        let events = match self.session.read(caller, read) {
            Ok(Reading::View(view)) => view.events,
            Ok(Reading::Events(events)) => events,
            other => panic!("nothing but {other:?}"),
        };
        let text = |event: Event| match event.body {
            Body::Message { text, .. } | Body::Masked { text, .. } => Some(text.show().into_owned()),
            _ => None,
        };
        events.into_iter().filter_map(text).collect()
    }
}

const MINE: Read = Read::Customer { position: 1 };

#[test]
fn always_means_that_the_original_is_stored_nowhere_and_seen_by_nobody() {
    let mut world = World::open(Opening { text: Some("first 4711".to_owned()), ..guarded(Area::Always) });
    world.asks(CUSTOMER, send("then 0815")).unwrap();
    let turns = world.turns_owed();
    world.asks(bot(), reply(turns[0], &["you said 99"], false)).unwrap();
    let notice = Act::CustomNotice { text: "{7}".to_owned(), notice_type: None };
    world.asks(CUSTOMER, notice).unwrap();
    let stored = world.stored();
    for secret in ["4711", "0815", "99", "{7}"] {
        assert!(!stored.contains(secret), "{secret} is stored");
    }
    let said = ["first ****", "then ****", "you said **"];
    for (caller, read) in [(CUSTOMER, MINE), (Caller::Operator, part(1)), (bot(), Read::Since { seq: 1 })] {
        assert_eq!(world.said_to(&caller, &read), said);
    }
}

#[test]
fn in_the_history_live_participants_see_the_original_through_takeovers_until_the_record_is_final() {
    for (area, in_transcript) in [(Area::HistoryAll, "call ****"), (Area::HistoryFinal, "call 4711")] {
        let mut world = World::open(guarded(area));
        world.kate_joins();
        world.asks(CUSTOMER, send("call 4711")).unwrap();
        for taken_over in [false, true] {
            if taken_over {
                world.taken_over();
            }
            assert_eq!(world.said_to(&CUSTOMER, &MINE), ["call 4711"]);
            assert_eq!(world.said_to(&kate(), &Read::Agent { position: 1 }), ["call 4711"]);
            assert_eq!(world.said_to(&Caller::Operator, &part(1)), [in_transcript]);
            assert_eq!(world.said_to(&bot(), &Read::Since { seq: 1 }), ["call ****"]);
        }
        // The rows of the record are what the system reads.
        assert!(!world.stored().contains("4711"), "sealed");
        world.asks(Caller::Operator, Act::ForceEnd).unwrap();
        assert_eq!(world.said_to(&CUSTOMER, &MINE), ["call 4711"], "until its record is final");
        world.settles_all();
        for taken_over in [false, true] {
            if taken_over {
                world.taken_over();
            }
            assert_eq!(world.said_to(&CUSTOMER, &MINE), ["call ****"]);
            assert_eq!(world.said_to(&Caller::Operator, &part(1)), ["call ****"]);
        }
        let snapshot = world.session.to_snapshot().unwrap();
        assert!(!snapshot.windows(32).any(|part| part == [3; 32]), "the key is gone");
    }
}

#[test]
fn bots_see_the_original_where_they_may() {
    let privacy = Privacy { bots_see: true, ..privacy(Area::HistoryAll, "[0-9]+") };
    let mut world = World::open(Opening {
        terms: Terms { privacy: Some(Box::new(privacy)), ..opening().terms },
        ..opening()
    });
    world.asks(CUSTOMER, send("call 4711")).unwrap();
    assert_eq!(world.said_to(&bot(), &Read::Since { seq: 1 }), ["call 4711"]);
}

#[test]
fn previews_are_masked_and_subjects_where_it_is_said() {
    let mut world = World::open(guarded(Area::HistoryAll));
    let typing = Act::StartTyping { preview: Some("call 47".to_owned()) };
    let typed = world.asks(CUSTOMER, typing).unwrap().typing.pop().unwrap();
    assert_eq!(typed.preview.as_deref(), Some("call **"));
    for (subject, recorded) in
        [(Subject::Never, "no 12"), (Subject::History, "no **"), (Subject::Both, "no **")]
    {
        let privacy = Privacy { subject, ..privacy(Area::Always, "[0-9]+") };
        let privacy = Some(Box::new(privacy));
        let world = World::open(Opening {
            terms: Terms { privacy, ..opening().terms },
            subject: "no 12".to_owned(),
            ..opening()
        });
        let Some(Body::Opened(start)) = world.bodies().into_iter().next() else { panic!("not opened") };
        assert_eq!(start.subject.show(), recorded);
    }
}

#[test]
fn a_repeat_is_known_although_what_it_says_is_not_stored() {
    let mut world = World::open(guarded(Area::Always));
    let first = world.takes("m", CUSTOMER, send("no 12")).unwrap().said();
    assert_eq!(world.takes("m", CUSTOMER, send("no 12")).unwrap().said(), first);
    assert_eq!(world.takes("m", CUSTOMER, send("something else")), Err(Reject::IdInUse));
}
