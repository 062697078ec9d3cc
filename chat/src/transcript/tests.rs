//! Tests of the transcript.

use super::*;
use crate::command::{Act, Caller, Command};
use crate::entry::Entry;
use crate::event::{Body, IdleStage, Participant, PerView};
use crate::file::File;
use crate::opening::{Limits, Names, Opening};
use crate::text::Text;
use crate::workflow::Bot;
use crate::{AgentName, BotName, CommandId, Context, EffectId, FileId, Millis, Session, SessionId};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn to_json(session: &SessionId, events: &[Event]) -> Result<String, Error> {
    whole(Format::Json, session, events)
}

fn to_xml(session: &SessionId, events: &[Event]) -> Result<String, Error> {
    whole(Format::Xml, session, events)
}

const START_MS: i64 = 1_646_464_173_120;
const KEY: [u8; 32] = [5; 32];

/// The events of a small chat: what the customer is called, asks and attaches is `text`.
fn chat(text: &str) -> (SessionId, Vec<Event>) {
    let mut session = Session::new(SessionId::parse("005PAaH11EN8Q828").unwrap());
    let opening = Opening {
        names: Names { first: "Zoë".to_owned(), ..Names::default() },
        nickname: text.to_owned(),
        user_data: BTreeMap::from([(text.to_owned(), text.to_owned())]),
        time_zone_offset_minutes: 300,
        bot: Some(Bot { name: BotName("demo".to_owned()), nickname: "Ada".to_owned() }),
        ..Opening::new("default", crate::channel::web(KEY), Limits::new(100_000, 100, 1))
    };
    let acts = [
        (Caller::key(KEY), Act::Open(Box::new(opening))),
        (Caller::key(KEY), Act::StartTyping { preview: None }),
        (Caller::key(KEY), Act::Send { text: text.to_owned(), message_type: Some(text.to_owned()) }),
        (
            Caller::Bot(BotName("demo".to_owned())),
            Act::BotReply {
                effect: EffectId(3),
                texts: vec!["ok".to_owned()],
                rich: None,
                leave: false,
                handover: false,
            },
        ),
        (Caller::System, Act::CustomerLost),
    ];
    let mut events = Vec::new();
    for ((caller, act), n) in acts.into_iter().zip(0i64..) {
        let command = Command { id: CommandId(n.to_string()), caller, act };
        let decision = session
            .decide(&command, &Context { random: [1; 16], ..Context::at(START_MS + n * 1900) })
            .unwrap();
        for entry in &decision.entries {
            session.apply(entry);
            events.extend(match entry {
                Entry::Event(event) => Some(event.clone()),
                _ => None,
            });
        }
        decision.typing.iter().for_each(|typing| session.show_typing(typing));
    }
    (session.id().clone(), events)
}

#[test]
fn the_xml_is_in_the_field_s_format() {
    let (id, events) = chat("Zoë & <Ng>");
    let joined = events.iter().filter_map(|event| match &event.body {
        Body::Joined(who) => Some(who.user_id.clone()),
        _ => None,
    });
    let [zoe, ada] = joined.collect::<Vec<_>>().try_into().unwrap();
    let expected = format!(
        "<chatTranscript startAt=\"2022-03-05T07:09:33Z\" sessionId=\"005PAaH11EN8Q828\">\
<newParty userId=\"{zoe}\" timeShift=\"0\" visibility=\"ALL\" eventId=\"1\">\
<userInfo personId=\"\" userNick=\"Zoë &amp; &lt;Ng&gt;\" userType=\"CLIENT\" protocolType=\"FLEX\" \
timeZoneOffset=\"300\" clientVersion=\"106\"/>\
<userData><item key=\"FirstName\" type=\"string\">Zoë</item>\
<item key=\"Zoë &amp; &lt;Ng&gt;\" type=\"string\">Zoë &amp; &lt;Ng&gt;</item></userData></newParty>\
<newParty userId=\"{ada}\" timeShift=\"0\" visibility=\"ALL\" eventId=\"2\">\
<userInfo personId=\"\" userNick=\"Ada\" userType=\"AGENT\" protocolType=\"BASIC\" \
timeZoneOffset=\"0\" clientVersion=\"106\"/>\
<userData><item key=\"GCTI_Chat_PartyStyle\" type=\"string\">BOT</item>\
<item key=\"ChatBotID\" type=\"string\">demo</item></userData>\
<eventAttributes><item key=\"GCTI_SYSTEM\" type=\"kvlist\"><item key=\"party-info\" type=\"kvlist\">\
<item key=\"style\" type=\"string\">BOT</item></item></item></eventAttributes></newParty>\
<message userId=\"{zoe}\" timeShift=\"3\" visibility=\"ALL\" eventId=\"5\">\
<msgText msgType=\"Zoë &amp; &lt;Ng&gt;\" treatAs=\"NORMAL\">Zoë &amp; &lt;Ng&gt;</msgText></message>\
<message userId=\"{ada}\" timeShift=\"5\" visibility=\"ALL\" eventId=\"6\">\
<msgText msgType=\"text\" treatAs=\"NORMAL\">ok</msgText></message>\
<partyLeft userId=\"{zoe}\" timeShift=\"7\" visibility=\"ALL\" eventId=\"7\" askerId=\"{zoe}\">\
<reason code=\"3\">left due to disconnect</reason></partyLeft>\
<partyLeft userId=\"{ada}\" timeShift=\"7\" visibility=\"ALL\" eventId=\"8\" askerId=\"0000000000000000\">\
<reason code=\"4\">removed by other party</reason></partyLeft></chatTranscript>"
    );
    assert_eq!(to_xml(&id, &events).unwrap(), expected);
}

#[test]
fn the_json_says_who_was_there_and_what_happened() {
    let (id, mut events) = chat("hi 🙂");
    let mut last = events[events.len() - 1].clone();
    last.seq += 1;
    last.body = Body::Attached { key: "topic".to_owned(), value: crate::text::Text::clear("sales") };
    events.push(last);
    let json: serde_json::Value = serde_json::from_str(&to_json(&id, &events).unwrap()).unwrap();
    assert_eq!(json["userData"]["topic"], "sales", "attached later");
    assert_eq!(json["sessionId"], "005PAaH11EN8Q828");
    assert_eq!(json["startedAt"], "2022-03-05T07:09:33.120Z");
    assert_eq!(json["endedAt"], "2022-03-05T07:09:40.720Z");
    assert_eq!(json["contact"]["firstName"], "Zoë");
    assert_eq!(json["userData"]["hi 🙂"], "hi 🙂");
    assert_eq!(json["participants"][0]["leftBecause"], "inactive");
    assert_eq!(
        (&json["participants"][1]["bot"], &json["participants"][1]["type"]),
        (&true.into(), &"AGENT".into())
    );
    let message = &json["events"][2];
    assert_eq!((&message["type"], &message["text"]), (&"message".into(), &"hi 🙂".into()));
    assert_eq!((&message["eventId"], &message["by"]), (&5.into(), &1.into()));
    assert_eq!(json["events"][5]["askedBy"], 0);
}

#[test]
fn a_chat_that_goes_on_has_no_end_and_an_empty_one_is_whole() {
    let (id, events) = chat("x");
    let (first, _) = events.split_at(4);
    let json: serde_json::Value = serde_json::from_str(&to_json(&id, first).unwrap()).unwrap();
    assert_eq!(json["endedAt"], serde_json::Value::Null);
    assert!(to_json(&id, &[]).is_ok());
    let empty = to_xml(&id, &[]).unwrap();
    assert_eq!(
        empty,
        r#"<chatTranscript startAt="1970-01-01T00:00:00Z" sessionId="005PAaH11EN8Q828"></chatTranscript>"#
    );
}

/// Every kind of event that carries a text of somebody's, each with this one.
fn everything(text: &str) -> (SessionId, Vec<Event>) {
    let (id, mut events) = chat(text);
    let said = || Text::clear(text);
    let kind = || Some(text.to_owned());
    let file = File {
        id: FileId(7),
        name: said(),
        bytes: 12,
        media_type: "image/png".to_owned(),
        description: said(),
    };
    let agent = Participant {
        number: 3,
        number_in_view: PerView::all(Some(3)),
        role: Role::Agent(AgentName("ann".to_owned())),
        visibility: Visibility::All,
        nickname: said(),
        user_id: "0000000000000003".to_owned(),
    };
    let more = [
        Body::Joined(Box::new(agent)),
        Body::Message { text: said(), message_type: kind() },
        Body::CustomNotice { text: said(), notice_type: kind() },
        Body::PushedUrl { url: said() },
        Body::Renamed { nickname: said() },
        Body::FileUploaded(Box::new(file)),
        Body::FileDeleted { id: FileId(7), name: said() },
        Body::Idle { stage: IdleStage::Alert, text: said() },
        Body::Idle { stage: IdleStage::Close, text: said() },
        Body::NearlyFull { text: said() },
        Body::Rich { text: said(), content: Text::clear("{}"), sealed: None },
        Body::Attached { key: text.to_owned(), value: said() },
    ];
    let last = events.last().unwrap().clone();
    for (body, seq) in more.into_iter().zip(last.seq + 1..) {
        events.push(Event { seq, by: 3, index: PerView::all(Some(seq)), body, ..last });
    }
    (id, events)
}

/// An element by its name and its number among those of that name.
fn element<'d>(document: &'d roxmltree::Document<'_>, name: &str, at: usize) -> roxmltree::Node<'d, 'd> {
    document.descendants().filter(|node| node.has_tag_name(name)).nth(at).unwrap()
}

#[test]
fn the_xml_says_by_the_field_s_words_which_file_and_page_it_was_and_who_the_agent_is() {
    let (id, events) = everything("a & b");
    let xml = to_xml(&id, &events).unwrap();
    let document = roxmltree::Document::parse(&xml).unwrap();
    let notices = document.descendants().filter(|node| node.has_tag_name("noticeText"));
    let kinds: Vec<_> = notices.map(|node| (node.attribute("noticeType").unwrap(), node.text())).collect();
    let expected = [
        "USER_CUSTOM",
        "PUSH_URL",
        "USER_UPDATE_NICK",
        "FILE_UPLOADED",
        "FILE_DELETED",
        "IDLE_CONTROL_ALERT",
        "IDLE_CONTROL_CLOSE",
        "SESSION_NEARLY_FULL",
    ];
    assert_eq!(kinds, expected.map(|kind| (kind, Some("a & b"))));
    let data = |at: usize| {
        let items = element(&document, "notice", at).descendants().filter(|node| node.has_tag_name("item"));
        items.map(|item| (item.attribute("key").unwrap(), item.text().unwrap())).collect::<Vec<_>>()
    };
    let file = [
        ("file-id", "0000000000000007"),
        ("file-name", "a & b"),
        ("file-size", "12"),
        ("file-type", "image/png"),
        ("file-description", "a & b"),
    ];
    assert_eq!((data(3), data(4)), (file.to_vec(), file[..2].to_vec()));
    assert_eq!(element(&document, "userInfo", 2).attribute("personId"), Some("ann"));
    assert_eq!(element(&document, "userInfo", 0).attribute("personId"), Some(""));
}

#[test]
fn the_xml_has_the_field_s_code_and_words_for_why_somebody_left() {
    let (id, events) = chat("hi");
    let at = events.iter().position(|event| matches!(event.body, Body::Left { .. })).unwrap();
    for (reason, code, words) in [
        (LeaveReason::Left, None, "left"),
        (LeaveReason::ClosedIfNoAgents, Some("1"), "left with request to close if no agents"),
        (LeaveReason::Closed, Some("2"), "left with request to close forcedly"),
        (LeaveReason::Inactive, Some("3"), "left due to disconnect"),
        (LeaveReason::Removed, Some("4"), "removed by other party"),
        (LeaveReason::Ended, Some("4"), "removed by other party"),
        (LeaveReason::Idle, Some("4"), "removed by other party"),
    ] {
        let mut events = events.clone();
        events[at].body = Body::Left { reason, asked_by: None };
        let xml = to_xml(&id, &events).unwrap();
        let document = roxmltree::Document::parse(&xml).unwrap();
        let told = element(&document, "reason", 0);
        assert_eq!((told.attribute("code"), told.text()), (code, Some(words)), "{reason:?}");
    }
}

#[test]
fn attached_data_stand_in_the_order_of_their_keys_as_the_field_s_do_and_empty_ones_too() {
    let (id, mut events) = chat("hi");
    let Body::Opened(start) = &mut events[0].body else { panic!("the start is first") };
    let value = |text: &str| Text::clear(text);
    let long = "ü".repeat(2_048);
    for (key, said) in
        [("agreementId", "1"), ("_genesys_url", "u"), ("VHQueue", ""), ("TimeZone", "300"), ("Blob", &long)]
    {
        start.user_data.insert(key.to_owned(), value(said));
    }
    start.user_data.remove("hi");
    let xml = to_xml(&id, &events).unwrap();
    let document = roxmltree::Document::parse(&xml).unwrap();
    let items = element(&document, "userData", 0)
        .children()
        .map(|item| (item.attribute("key").unwrap().to_owned(), item.text().unwrap_or_default().to_owned()));
    let expected = [
        ("Blob", long.as_str()),
        ("FirstName", "Zoë"),
        ("TimeZone", "300"),
        ("VHQueue", ""),
        ("_genesys_url", "u"),
        ("agreementId", "1"),
    ];
    let expected = expected.map(|(key, said)| (key.to_owned(), said.to_owned()));
    assert_eq!(items.collect::<Vec<_>>(), expected);
}

#[test]
fn times_are_right_also_at_the_edges() {
    assert_eq!(utc_text(0, true), "1970-01-01T00:00:00Z");
    assert_eq!(utc_text(-1, false), "1969-12-31T23:59:59.999Z");
    assert_eq!(utc_text(951_827_696_789, false), "2000-02-29T12:34:56.789Z");
    assert_eq!(utc_text(4_107_542_399_000, true), "2100-02-28T23:59:59Z");
    assert_eq!(utc_text(4_107_542_400_000, true), "2100-03-01T00:00:00Z");
    assert!(utc_text(i64::MAX, false).ends_with('Z') && utc_text(i64::MIN, false).ends_with('Z'));
}

/// Reads the document back with a parser that takes nothing but well-formed XML: attribute values and texts.
fn read_back(xml: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(xml).unwrap_or_else(|error| panic!("{error} in {xml}"));
    let elements = document.descendants().filter(roxmltree::Node::is_element);
    elements
        .flat_map(|element| {
            let values = element.attributes().map(|attribute| attribute.value().to_owned());
            let text = element.children().filter_map(|child| child.text()).collect::<String>();
            values.chain([text]).collect::<Vec<_>>()
        })
        .collect()
}

/// What XML 1.0 can hold of a text.
fn holdable(text: &str) -> String {
    let fits = |c: char| match c {
        '\0'..='\u{1f}' => "\t\n\r".contains(c),
        _ => c != '\u{fffe}' && c != '\u{ffff}',
    };
    text.chars().map(|c| if fits(c) { c } else { '\u{fffd}' }).collect()
}

#[test]
fn a_page_is_the_transcript_of_its_events_within_its_bytes_and_has_one_at_least() {
    let (id, mut events) = chat("hi");
    let last = events.last().unwrap().clone();
    for seq in last.seq + 1..last.seq + 40 {
        let text = crate::text::Text::clear(&"x".repeat(1000));
        events.push(Event {
            seq,
            body: Body::Message { text, message_type: None },
            index: PerView::all(Some(seq)),
            ..last
        });
    }
    let (mut seen, mut left) = (Vec::new(), &events[..]);
    while !left.is_empty() {
        let found = page(&id, left, None, 4096).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&found.json).unwrap();
        assert!(
            found.json.len() <= 4096 + 2048,
            "events to 4096 bytes, then who joined: {}",
            found.json.len()
        );
        assert_eq!(json["service"] == "default", seen.is_empty(), "the start is in the first");
        seen.extend(
            json["events"].as_array().unwrap().iter().map(|event| event["eventId"].as_u64().unwrap()),
        );
        let through = found.through.unwrap();
        left = &left[left.iter().position(|event| event.seq == through).unwrap() + 1..];
    }
    let whole: serde_json::Value = serde_json::from_str(&to_json(&id, &events).unwrap()).unwrap();
    let ids = whole["events"].as_array().unwrap().iter().map(|event| event["eventId"].as_u64().unwrap());
    assert_eq!(seen, ids.collect::<Vec<_>>());
    let one = page(&id, &events[10..], None, 1).unwrap();
    assert_eq!(one.through, Some(events[10].seq));
    assert_eq!(page(&id, &[], None, 4096).unwrap().through, None);
}

#[test]
fn a_rating_stands_behind_the_events_of_json_and_in_the_last_page_alone() {
    let (id, events) = chat("hi");
    let rating = Rating { at: Millis(1_646_464_173_120), score: 4, text: crate::text::Text::clear("quick") };
    let expected = serde_json::json!({"score": 4, "text": "quick", "at": "2022-03-05T07:09:33.120Z"});
    let mut transcript = Transcript::new(Format::Json, &id);
    let mut text = transcript.add(&events).unwrap();
    transcript.rated(&rating);
    text.extend(transcript.finish().unwrap());
    let json: serde_json::Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(json["rating"], expected);
    let json: serde_json::Value = serde_json::from_str(&to_json(&id, &events).unwrap()).unwrap();
    assert!(json["rating"].is_null());
    let rating_in = |events: &[Event], bytes_max| {
        let page = page(&id, events, Some(&rating), bytes_max).unwrap();
        serde_json::from_slice::<serde_json::Value>(&page.json).unwrap()["rating"].clone()
    };
    assert_eq!(rating_in(&events, 1), serde_json::Value::Null, "more follows");
    assert_eq!(rating_in(&events, 1 << 20), expected);
    assert_eq!(rating_in(&[], 1), expected);
    let mut xml = Transcript::new(Format::Xml, &id);
    xml.add(&events).unwrap();
    xml.rated(&rating);
    assert!(String::from_utf8(xml.finish().unwrap()).unwrap().ends_with("</chatTranscript>"));
}

proptest! {
    #[test]
    fn in_whatever_pieces_the_events_come_the_transcript_is_the_same(cuts in prop::collection::vec(0..16usize, 0..4)) {
        let (id, events) = chat("hi");
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(events.len())).collect();
        cuts.sort_unstable();
        for format in [Format::Json, Format::Xml] {
            let (mut transcript, mut text, mut from) = (Transcript::new(format, &id), Vec::new(), 0);
            for to in cuts.iter().copied().chain([events.len()]) {
                text.extend(transcript.add(&events[from..to]).unwrap());
                from = to;
            }
            text.extend(transcript.finish().unwrap());
            prop_assert_eq!(String::from_utf8(text).unwrap(), whole(format, &id, &events).unwrap());
        }
    }

    #[test]
    fn any_text_comes_back_from_well_formed_xml(
        text in prop_oneof![
            any::<String>(),
            "[\\x00-\\x20\u{7f}-\u{a0}\u{2028}\u{2029}\u{fffd}\u{fffe}\u{ffff}\u{10ffff}&<>\"'\\]!-]{0,12}",
            "[\u{590}-\u{6ff}\u{300}-\u{36f}\u{200b}-\u{202e}\u{2066}-\u{2069}\u{feff}]{0,12}",
            prop::sample::select(&["]]>", "<![CDATA[", "&#0;", "&lt;", "--", "<?xml?>", "&amp", "%s"][..])
                .prop_map(str::to_owned),
        ]
    ) {
        let (id, events) = everything(&text);
        let found = read_back(&to_xml(&id, &events).unwrap());
        let times = found.iter().filter(|value| **value == holdable(&text)).count();
        // The customer's nickname, key and value, and first message with its type; the agent's nickname; two messages,
        // of one the type too; eight notices; the file's name with each of its two, and its description. What is empty
        // of a file is left out.
        let expected = if text.is_empty() { 15 } else { 5 + 1 + 3 + 8 + 3 };
        prop_assert!(times >= expected, "{times} times, not {expected}, in {found:?}");
    }

    #[test]
    fn any_text_comes_back_from_json(text in any::<String>()) {
        let (id, events) = chat(&text);
        let json: serde_json::Value = serde_json::from_str(&to_json(&id, &events).unwrap()).unwrap();
        prop_assert_eq!(&json["events"][2]["text"], &serde_json::Value::from(text));
    }

    #[test]
    fn any_moment_has_a_text(at_ms in any::<i64>()) {
        prop_assert!(utc_text(at_ms, false).ends_with('Z'));
    }
}
