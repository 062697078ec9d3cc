//! Every stored shape as this version writes it, byte by byte, against files that were written when version 1
//! was frozen. A change to a shape fails here: stored data must stay readable, so a new shape goes beside the
//! old one.
//!
//! `HANDOFF_WRITE_FIXTURES=1` writes files that don't exist yet; it never replaces one.

use crate::command::{Act, Caller, ChatAnswer, Command};
use crate::entry::{Begun, Effect, Entry, FileChange, How, IdleChange, InteractionChange, Place, Purpose};
use crate::event::{Body, Event, IdleStage, LeaveReason, Participant, PerView, Role, Start, Visibility};
use crate::file::{File, FileId, FileLimits};
use crate::opening::{Counts, IdleTerms, IdleTexts, Limits, Names, Opening, Talk, Terms};
use crate::privacy::{Area, National, Preview, Privacy, Rule, Subject};
use crate::rating::Rating;
use crate::record::{RecordClosing, RecordOpening, decode_event, encode_event};
use crate::text::Text;
use crate::workflow::{Bot, Known, Program, read};
use crate::{
    AgentName, BotName, CommandId, Context, EffectId, Millis, QueueName, Served, Session, SessionId, TimerId,
};
use bincode::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;

mod channel;
mod routing;

fn fixture(name: &str, written: &[u8]) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/v1").join(format!("{name}.bin"));
    if !path.exists() && std::env::var_os("HANDOFF_WRITE_FIXTURES").is_some() {
        std::fs::write(&path, written).unwrap();
    }
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn stays<T: Encode + Decode<()> + PartialEq + Debug>(name: &str, value: &T) {
    let written = handoff_codec::encode(value).unwrap();
    let stored = fixture(name, &written);
    assert_eq!(&handoff_codec::decode::<T>(&stored).unwrap(), value, "{name} is read as something else");
    assert_eq!(stored, written, "{name} is written otherwise");
}

fn session() -> SessionId {
    SessionId::from_random(&[7; 16])
}

fn agent() -> AgentName {
    AgentName("kate".to_owned())
}

fn queue() -> QueueName {
    QueueName("support".to_owned())
}

fn limits() -> Limits {
    let files = FileLimits {
        files_max: 3,
        file_bytes_max: 2_097_152,
        total_bytes_max: 5_242_880,
        types: "jpg:png".to_owned(),
        need_agent: true,
        downloads_max: 2,
    };
    let talk = Talk { bot_turns_per_minute: 60, bot_turns_max: 1_000, nearly_full_text: "soon".to_owned() };
    Limits { message_bytes_max: 4096, events_max: 1000, linger_ms: 600_000, files: Some(files), talk }
}

fn privacy() -> Privacy {
    Privacy {
        area: Area::HistoryAll,
        rules: vec![
            Rule::Card,
            Rule::Phone,
            Rule::Email,
            Rule::Iban,
            Rule::National(National::UkNino),
            Rule::Own("[0-9]{9}".to_owned()),
        ],
        replacement: '█',
        preview: Preview::Hidden,
        bots_see: true,
        subject: Subject::Both,
    }
}

fn file() -> File {
    File {
        id: FileId(u64::MAX >> 1),
        name: Text::clear("Zoë.png"),
        bytes: 70_000,
        media_type: "image/png".to_owned(),
        description: Text::clear(""),
    }
}

fn rating() -> Rating {
    Rating { at: Millis(1_646_464_173_120), score: 4, text: Text::clear("Danke 🙂") }
}

fn idle_terms() -> IdleTerms {
    let texts =
        IdleTexts { alert: "soon".to_owned(), second_alert: String::new(), close: "closed".to_owned() };
    IdleTerms { alert_ms: 255_000, second_alert_ms: 0, close_ms: 45_000, texts, counts: Counts::Notices }
}

fn participant(role: Role, visibility: Visibility) -> Participant {
    Participant {
        number: 3,
        number_in_view: PerView::new(None, Some(2), Some(300)),
        role,
        visibility,
        nickname: Text::clear("Zoë 🙂"),
        user_id: "007555677B20000A".to_owned(),
    }
}

/// Events of what came beside plain talk.
fn other_bodies() -> Vec<(String, Body)> {
    vec![
        (
            "masked".to_owned(),
            Body::Masked {
                text: Text::clear("***"),
                sealed: Text { key: 1, bytes: vec![1, 2, 3] },
                message_type: Some("text".to_owned()),
                notice: true,
            },
        ),
        (
            "rich".to_owned(),
            Body::Rich {
                text: Text::clear("?"),
                content: Text::clear("{}"),
                sealed: Some(Text { key: 1, bytes: vec![1, 2, 3] }),
            },
        ),
        (
            "rich-reply".to_owned(),
            Body::RichReply {
                to: 300,
                through: PerView::new(Some(1), None, Some(70_000)),
                text: Text::clear("Yes"),
                content: Text::clear("{}"),
                sealed: None,
            },
        ),
        ("nearly-full".to_owned(), Body::NearlyFull { text: Text::clear("soon") }),
        ("file-uploaded".to_owned(), Body::FileUploaded(Box::new(file()))),
        ("file-deleted".to_owned(), Body::FileDeleted { id: FileId(7), name: Text::clear("Zoë.png") }),
    ]
}

fn bodies() -> Vec<(String, Body)> {
    let start = Start {
        terms: Terms {
            service: "default".to_owned(),
            channel: channel::pushed(),
            limits: limits(),
            idle: Some(Box::new(idle_terms())),
            privacy: Some(Box::new(privacy())),
            rating: true,
        },
        subject: Text { key: 7, bytes: vec![0, 255] },
        names: Names { first: "Zoë", last: "Ng", email: "zoe@example.org" }.map(|name| Text::clear(name)),
        user_data: BTreeMap::from([("TimeZone".to_owned(), Text::clear("-480"))]),
        time_zone_offset_minutes: -480,
        verified: true,
    };
    let mut bodies = vec![
        ("opened".to_owned(), Body::Opened(Box::new(start))),
        (
            "message".to_owned(),
            Body::Message { text: Text::clear("你好 👋"), message_type: Some("text".to_owned()) },
        ),
        ("ended".to_owned(), Body::Ended),
        ("attached".to_owned(), Body::Attached { key: "topic".to_owned(), value: Text::clear("sales") }),
        ("pushed-url".to_owned(), Body::PushedUrl { url: Text::clear("https://example.org") }),
        ("renamed".to_owned(), Body::Renamed { nickname: Text::clear("Zo") }),
        (
            "custom-notice".to_owned(),
            Body::CustomNotice { text: Text::clear("{}"), notice_type: Some("survey".to_owned()) },
        ),
        ("read".to_owned(), Body::Read { seq: 300, through: PerView::new(Some(1), None, Some(70_000)) }),
    ];
    for role in [
        Role::Customer,
        Role::Agent(agent()),
        Role::Bot(BotName("demo".to_owned())),
        Role::Supervisor,
        Role::Workflow,
        Role::System,
    ] {
        for visibility in [Visibility::All, Visibility::Internal, Visibility::Silent] {
            let name = format!("joined-{role:?}-{visibility:?}").replace(['(', ')', '"'], "-");
            bodies.push((name, Body::Joined(Box::new(participant(role.clone(), visibility)))));
        }
    }
    bodies.extend(other_bodies());
    bodies.extend(channel::bodies());
    for stage in [IdleStage::Alert, IdleStage::SecondAlert, IdleStage::Close] {
        bodies.push((format!("idle-{stage:?}"), Body::Idle { stage, text: Text::clear("soon") }));
    }
    let reasons = [
        LeaveReason::Left,
        LeaveReason::Inactive,
        LeaveReason::Removed,
        LeaveReason::Ended,
        LeaveReason::Idle,
        LeaveReason::ClosedIfNoAgents,
        LeaveReason::Closed,
    ];
    for reason in reasons {
        bodies.push((format!("left-{reason:?}"), Body::Left { reason, asked_by: Some(0) }));
    }
    bodies
}

fn entries() -> Vec<(&'static str, Entry)> {
    let answer = ChatAnswer {
        seq: 4,
        next_position: 70_000,
        chat_ended: true,
        user_id: "007555677B20000A".to_owned(),
        sealed_key: Some([9; 16]),
    };
    let turn = Effect::BotTurn { bot: BotName("demo".to_owned()), seq: 4 };
    let id = EffectId(300);
    let event = Event {
        seq: 2,
        at: Millis(-1),
        index: PerView::new(Some(1), None, Some(2)),
        by: 1,
        body: Body::Ended,
    };
    vec![
        ("event", Entry::Event(event)),
        ("reserved", Entry::Reserved(PerView::new(64, 128, 70_000))),
        ("answered", Entry::Answered { by: 1, id: CommandId("c-1".to_owned()), digest: u64::MAX, answer }),
        ("owed-bot-turn", Entry::Owed { id, effect: turn }),
        ("owed-open-record", Entry::Owed { id, effect: Effect::OpenRecord }),
        ("owed-keep-rating", Entry::Owed { id, effect: Effect::KeepRating }),
        ("rated", Entry::Rated(rating())),
        ("owed-close-record", Entry::Owed { id, effect: Effect::CloseRecord }),
        ("settled", Entry::Settled(id)),
        ("armed", Entry::Armed { id: TimerId(1), at: Served(1_646_464_173_120) }),
        ("disarmed", Entry::Disarmed(TimerId(1))),
        ("retired", Entry::Retired),
        ("bot-failed", Entry::BotFailed(2)),
        ("bot-spent", Entry::BotSpent),
        ("idle-watched", Entry::Idle(IdleChange::Watched(Some((TimerId(3), IdleStage::Close))))),
        ("owed-scan-file", Entry::Owed { id, effect: Effect::ScanFile { file: FileId(7), bytes: 300 } }),
        ("owed-drop-file", Entry::Owed { id, effect: Effect::DropFile { file: FileId(7), bytes: 300 } }),
        ("file-held", Entry::File(FileChange::Held { by: 1, file: Box::new(file()) })),
        ("sealing-begun", Entry::Sealing(Some([3; 32]))),
        ("sealing-over", Entry::Sealing(None)),
        ("file-released", Entry::File(FileChange::Released(FileId(7)))),
        ("file-downloaded", Entry::File(FileChange::Downloaded)),
        (
            "file-reserved",
            Entry::File(FileChange::Reserved { id: FileId(7), by: 1, bytes: 300, lapses_at: Served(5) }),
        ),
        ("idle-behind", Entry::Idle(IdleChange::Behind(60_000))),
    ]
    .into_iter()
    .chain(interaction_entries())
    .collect()
}

fn interaction_entries() -> Vec<(&'static str, Entry)> {
    let (queue, agent) = (queue(), agent());
    let at = Millis(1_646_464_173_120);
    let moved = |place| InteractionChange::Moved { attempt: 300, place, at };
    let offer = Place::Offer { agent: agent.clone(), queue: queue.clone(), until: at };
    let begun = Begun {
        program: demo(),
        service: "default".to_owned(),
        nickname: Text::clear("Zoë 🙂"),
        subject: Text::clear("help"),
        data: BTreeMap::from([("k".to_owned(), Text::clear("v"))]),
        verified: true,
    };
    let changes = vec![
        ("interaction-begun", InteractionChange::Begun(Box::new(begun))),
        ("interaction-stepped", InteractionChange::Stepped(Some(3))),
        ("interaction-to-workflow", moved(Place::Workflow)),
        ("interaction-to-queue", moved(Place::Queue(queue.clone()))),
        ("interaction-to-offer", moved(offer)),
        ("interaction-to-agent", moved(Place::Agent { agent: agent.clone(), queue })),
        ("interaction-done", moved(Place::Done(How::Abandoned))),
        ("interaction-declined", InteractionChange::Declined { agent, not_before: Served(at.0) }),
        ("interaction-timer", InteractionChange::Timer { purpose: Purpose::Offer, id: Some(TimerId(7)) }),
        ("interaction-overdue", InteractionChange::Overdue),
        ("interaction-comforted", InteractionChange::Comforted),
        ("interaction-refused", InteractionChange::Refused),
        ("interaction-offline", InteractionChange::Offline(How::Forced)),
    ];
    changes.into_iter().map(|(name, change)| (name, Entry::Interaction(change))).collect()
}

/// A program with a step of each kind.
fn demo() -> Arc<Program> {
    let text = "version = 1\nnickname = \"N\"\nstart = \"a\"\npost = \"g\"\n\
        [steps.a]\nsay = \"x\"\nnext = \"b\"\n\
        [steps.b]\nask = \"x\"\nsave = \"k\"\nyes = \"c\"\nno = \"d\"\nnext = \"e\"\ntimeout_ms = 5\ntimeout = \"f\"\n\
        [steps.c]\nbranch = \"k\"\ncases = [{ pattern = 'x', next = \"d\" }]\n\
        [steps.d]\nbot = \"demo\"\nhandover = \"e\"\n\
        [steps.e]\nroute = \"support\"\npriority = -3\ntexts = [\"x\"]\ntimeout_ms = 5\ntimeout = \"f\"\n\
        [steps.f]\nend = true\n[steps.g]\nattach = \"k\"\nvalue = \"v\"\nnext = \"h\"\n[steps.h]\nwait_ms = 5\n";
    let known = Known {
        bots: BTreeMap::from([(BotName("demo".to_owned()), "Ada".to_owned())]),
        queues: BTreeMap::from([(queue(), 30_000)]),
    };
    // The hash of its text is not what is tested.
    Arc::new(Program { hash: 7, ..read("demo", text, &known).unwrap() })
}

#[test]
fn every_entry_of_version_1_is_written_and_read_as_ever() {
    for (name, entry) in entries().into_iter().chain(routing::entries()).chain(channel::entries()) {
        stays(&format!("entry-{name}"), &entry);
    }
}

#[test]
fn every_event_of_version_1_is_written_and_read_as_ever() {
    for (name, body) in bodies() {
        let event = Event {
            seq: 70_000,
            at: Millis(1_646_464_173_120),
            index: PerView::new(None, Some(1), Some(300)),
            by: 3,
            body,
        };
        stays(&format!("event-{name}"), &event);
        assert_eq!(decode_event(&encode_event(&event).unwrap()).unwrap(), event);
    }
}

#[test]
fn the_record_s_rows_of_version_1_are_written_and_read_as_ever() {
    let opening = RecordOpening {
        session: session(),
        service: "default".to_owned(),
        started_at: Millis(1_646_464_173_120),
        nickname: Text::clear("Zoë 🙂"),
        user_id: "007555677B20000A".to_owned(),
    };
    let bytes = opening.encode().unwrap();
    let stored = fixture("record-opening", &bytes);
    assert_eq!((RecordOpening::decode(&stored).unwrap(), stored), (opening, bytes));
    let closing = RecordClosing { ended_at: Millis(5), last_seq: 300, reason: LeaveReason::Inactive };
    let bytes = closing.encode().unwrap();
    let stored = fixture("record-closing", &bytes);
    assert_eq!((RecordClosing::decode(&stored).unwrap(), stored), (closing, bytes));
    let bytes = rating().encode().unwrap();
    let stored = fixture("record-rating", &bytes);
    assert_eq!((Rating::decode(&stored).unwrap(), stored), (rating(), bytes));
}

fn opening() -> Opening {
    Opening {
        terms: Terms {
            service: "default".to_owned(),
            channel: channel::keyed(),
            limits: limits(),
            idle: None,
            privacy: Some(Box::new(privacy())),
            rating: true,
        },
        names: Names { first: "Zoë".to_owned(), last: "Ng".to_owned(), email: String::new() },
        nickname: "Zoë 🙂".to_owned(),
        subject: String::new(),
        text: Some("hi".to_owned()),
        user_data: BTreeMap::new(),
        time_zone_offset_minutes: 60,
        workflow: None,
        bot: Some(Bot { name: BotName("demo".to_owned()), nickname: "Ada".to_owned() }),
        verified: false,
        sealing_key: [3; 32],
    }
}

/// A session that was opened and came to its end.
fn ended_session(opening: Opening) -> Session {
    let mut session = Session::new(session());
    let acts = [
        Act::Open(Box::new(opening)),
        Act::Send { text: "x".to_owned(), message_type: None },
        Act::Disconnect,
        Act::Rate { score: 5, text: "fine".to_owned() },
    ];
    for (act, n) in acts.into_iter().zip(1i64..) {
        let command = Command { id: CommandId(n.to_string()), caller: Caller::key([5; 32]), act };
        let context = Context { served: Served(n * 900), random: [3; 16], ..Context::at(n * 1000) };
        let decision = session.decide(&command, &context).unwrap();
        decision.entries.iter().for_each(|entry| session.apply(entry));
    }
    session.forget_below(3);
    session
}

#[test]
fn a_snapshot_of_version_1_is_written_and_read_as_ever() {
    for (name, mut session) in [
        ("snapshot-ended", ended_session(opening())),
        ("snapshot-workflow", ended_session(Opening { workflow: Some(demo()), ..opening() })),
        ("snapshot-unopened", Session::new(session())),
    ] {
        let written = session.to_snapshot().unwrap();
        let stored = fixture(name, &written);
        session.restored();
        assert_eq!((Session::from_snapshot(&stored).unwrap(), stored), (session, written), "{name}");
    }
}

#[test]
fn no_fixture_is_left_that_nothing_reads() {
    let names = entries().into_iter().chain(routing::entries()).chain(channel::entries());
    let names = names.map(|(name, _)| format!("entry-{name}.bin"));
    let names = names.chain(bodies().into_iter().map(|(name, _)| format!("event-{name}.bin")));
    let others = [
        "record-opening",
        "record-closing",
        "record-rating",
        "snapshot-ended",
        "snapshot-unopened",
        "snapshot-workflow",
    ];
    let others = others.into_iter().chain(routing::SNAPSHOTS).chain([channel::SNAPSHOT]);
    let names: BTreeSet<_> = names.chain(others.map(|name| format!("{name}.bin"))).collect();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/v1");
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(&file), "{file} is read by no test");
    }
}
