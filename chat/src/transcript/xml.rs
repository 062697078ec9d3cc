//! The transcript as XML, in the format that tools of the field read.

use super::time::utc_text;
use super::{Error, SYSTEM_USER_ID, event_id, reason_text, role_text, visibility, visibility_text};
use crate::event::{Body, Event, Participant, Role, Start, ViewKind, What};
use crate::id::SessionId;
use crate::opening::Names;
use crate::text::Text;
use quick_xml::Writer;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event as Tag};
use quick_xml::name::QName;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

/// The transcript in the making. Typing took indexes and is not in it, so `eventId` has gaps.
pub(super) struct Xml {
    session: String,
    out: Out,
    frame: Option<Frame>,
}

impl Xml {
    pub(super) fn new(session: &SessionId) -> Self {
        Self { session: session.0.clone(), out: Out(Writer::new(Vec::new())), frame: None }
    }

    pub(super) fn add(&mut self, event: &Event) -> Result<(), Error> {
        let frame = match &mut self.frame {
            Some(frame) => frame,
            none => {
                self.out.begin(&self.session, event.at.0)?;
                none.insert(Frame { start: None, started_ms: event.at.0, parties: BTreeMap::new() })
            }
        };
        frame.note(event);
        if let Some(id) = event_id(event) {
            self.out.event(frame, event, &id.to_string())?;
        }
        Ok(())
    }

    /// What was written since the last time.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(self.out.0.get_mut())
    }

    pub(super) fn finish(mut self) -> Result<Vec<u8>, Error> {
        if self.frame.is_none() {
            self.out.begin(&self.session, 0)?;
        }
        self.out.close(ROOT)?;
        Ok(self.out.0.into_inner())
    }
}

/// The element that holds all others.
const ROOT: &str = "chatTranscript";

/// What later events refer to.
struct Frame {
    start: Option<Box<Start>>,
    started_ms: i64,
    /// The `userId` of everybody who joined, by number.
    parties: BTreeMap<u32, String>,
}

impl Frame {
    fn note(&mut self, event: &Event) {
        match &event.body {
            Body::Opened(start) => self.start = Some(start.clone()),
            Body::Joined(who) => {
                self.parties.insert(who.number, who.user_id.clone());
            }
            _ => {}
        }
    }

    fn user_id(&self, number: u32) -> &str {
        self.parties.get(&number).map_or(SYSTEM_USER_ID, String::as_str)
    }
}

struct Out(Writer<Vec<u8>>);

impl Out {
    fn begin(&mut self, session: &str, started_ms: i64) -> io::Result<()> {
        self.open(ROOT, &[("startAt", &utc_text(started_ms, true)), ("sessionId", session)])
    }

    fn event(&mut self, frame: &Frame, event: &Event, id: &str) -> io::Result<()> {
        let shift = (event.at.0.saturating_sub(frame.started_ms).max(0) / 1000).to_string();
        let seen = visibility_text(visibility(event));
        let mut head = vec![
            ("userId", frame.user_id(event.by)),
            ("timeShift", &shift),
            ("visibility", seen),
            ("eventId", id),
        ];
        let Some(what) = What::of(&event.body, ViewKind::Supervisor) else { return Ok(()) };
        let text = what.text().unwrap_or_default();
        match &what {
            What::Joined => {
                self.open("newParty", &head)?;
                if let Body::Joined(who) = &event.body {
                    self.party(frame, who)?;
                }
                self.close("newParty")
            }
            What::Left { reason, asked_by } => {
                head.push(("askerId", frame.user_id(asked_by.unwrap_or(event.by))));
                self.open("partyLeft", &head)?;
                let (code, text) = reason_text(*reason);
                let code: Vec<_> = code.map(|code| ("code", code)).into_iter().collect();
                self.text("reason", &code, text)?;
                self.close("partyLeft")
            }
            What::Rich { .. } | What::RichReply { .. } | What::Message { .. } => {
                self.message(&head, what.message_type().unwrap_or("text"), &text)
            }
            What::PushedUrl(_) => self.notice(&head, "PUSH_URL", &text),
            What::Renamed(_) => self.notice(&head, "USER_UPDATE_NICK", &text),
            What::CustomNotice { .. } => self.notice(&head, "USER_CUSTOM", &text),
            What::IdleClose(_) => self.notice(&head, "IDLE_CONTROL_CLOSE", &text),
            What::IdleAlert(_) => self.notice(&head, "IDLE_CONTROL_ALERT", &text),
            What::NearlyFull(_) => self.notice(&head, "SESSION_NEARLY_FULL", &text),
            What::FileUploaded(file) => {
                let data = [
                    ("file-id", Cow::Owned(file.id.to_string())),
                    ("file-name", file.name.show()),
                    ("file-size", Cow::Owned(file.bytes.to_string())),
                    ("file-type", Cow::Borrowed(file.media_type.as_str())),
                    ("file-description", file.description.show()),
                ];
                self.file_notice(&head, ("FILE_UPLOADED", &text), &data)
            }
            What::FileDeleted { id, name } => {
                let data = [("file-id", Cow::Owned(id.to_string())), ("file-name", Cow::Borrowed(&**name))];
                self.file_notice(&head, ("FILE_DELETED", &text), &data)
            }
            // The field's format knows neither receipts nor deliveries.
            What::Read(_) | What::Delivery { .. } => Ok(()),
        }
    }

    fn message(&mut self, head: &[(&str, &str)], kind: &str, text: &str) -> io::Result<()> {
        self.open("message", head)?;
        self.text("msgText", &[("msgType", kind), ("treatAs", "NORMAL")], text)?;
        self.close("message")
    }

    fn notice(&mut self, head: &[(&str, &str)], kind: &str, text: &str) -> io::Result<()> {
        self.open("notice", head)?;
        self.text("noticeText", &[("noticeType", kind)], text)?;
        self.close("notice")
    }

    /// A notice with which file it is, under the names that it has over the field's API; what is empty is left out.
    fn file_notice(
        &mut self,
        head: &[(&str, &str)],
        (kind, text): (&str, &str),
        data: &[(&str, Cow<'_, str>)],
    ) -> io::Result<()> {
        self.open("notice", head)?;
        self.text("noticeText", &[("noticeType", kind)], text)?;
        self.open("userData", &[])?;
        for (key, value) in data.iter().filter(|(_, value)| !value.is_empty()) {
            self.item(key, value)?;
        }
        self.close("userData")?;
        self.close("notice")
    }

    fn party(&mut self, frame: &Frame, who: &Participant) -> io::Result<()> {
        let customer = who.role == Role::Customer;
        let zone =
            frame.start.as_ref().filter(|_| customer).map_or(0, |start| start.time_zone_offset_minutes);
        let person = match &who.role {
            Role::Agent(name) => name.0.as_str(),
            _ => "",
        };
        let info = [
            ("personId", person),
            ("userNick", &*who.nickname.show()),
            ("userType", role_text(&who.role)),
            ("protocolType", protocol_text(&who.role)),
            ("timeZoneOffset", &zone.to_string()),
            ("clientVersion", "106"),
        ];
        self.0.write_event(Tag::Empty(start("userInfo", &info)))?;
        self.open("userData", &[])?;
        if customer {
            self.customer_data(frame)?;
        }
        if let Role::Bot(name) = &who.role {
            self.item("GCTI_Chat_PartyStyle", "BOT")?;
            self.item("ChatBotID", &name.0)?;
        }
        self.close("userData")?;
        if matches!(who.role, Role::Bot(_)) {
            self.open("eventAttributes", &[])?;
            self.open("item", &[("key", "GCTI_SYSTEM"), ("type", "kvlist")])?;
            self.open("item", &[("key", "party-info"), ("type", "kvlist")])?;
            self.item("style", "BOT")?;
            self.close("item")?;
            self.close("item")?;
            self.close("eventAttributes")?;
        }
        Ok(())
    }

    /// Contact fields under the field's keys and attached data, in the order of their keys as the field's servers
    /// write them; what was attached under such a key wins.
    fn customer_data(&mut self, frame: &Frame) -> io::Result<()> {
        let Some(start) = &frame.start else { return Ok(()) };
        let Names { first, last, email } = &start.names;
        let fields =
            [("FirstName", first), ("LastName", last), ("EmailAddress", email), ("Subject", &start.subject)];
        let attached = start.user_data.iter().map(|(key, value)| (key.as_str(), value));
        let mut items: BTreeMap<&str, &Text> = attached.collect();
        for (key, value) in fields.into_iter().filter(|(_, value)| !value.bytes.is_empty()) {
            items.entry(key).or_insert(value);
        }
        items.into_iter().try_for_each(|(key, value)| self.item(key, &value.show()))
    }

    fn item(&mut self, key: &str, value: &str) -> io::Result<()> {
        self.text("item", &[("key", key), ("type", "string")], value)
    }

    fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) -> io::Result<()> {
        self.open(name, attributes)?;
        self.0.write_event(Tag::Text(BytesText::from_escaped(escape(text))))?;
        self.close(name)
    }

    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
        self.0.write_event(Tag::Start(start(name, attributes)))
    }

    fn close(&mut self, name: &str) -> io::Result<()> {
        self.0.write_event(Tag::End(BytesEnd::new(name)))
    }
}

fn start<'a>(name: &'a str, attributes: &[(&str, &str)]) -> BytesStart<'a> {
    let mut start = BytesStart::new(name);
    for (key, value) in attributes {
        // Made by hand, because a plain pair would be escaped again.
        start.push_attribute(Attribute { key: QName(key), value: Cow::Owned(escape(value)) });
    }
    start
}

fn protocol_text(role: &Role) -> &'static str {
    match role {
        Role::Customer => "FLEX",
        Role::Agent(_) | Role::Bot(_) | Role::Supervisor => "BASIC",
        Role::Workflow => "ESP",
        Role::System => "NONE",
    }
}

/// Text for XML 1.0: characters that it can't hold become U+FFFD, and white space that a reader would change
/// on the way (line ends everywhere, all of it in attributes) is written as a character reference.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            // XML 1.1 readers and some 1.0 ones take these for line ends.
            '\u{85}' => out.push_str("&#x85;"),
            '\u{2028}' => out.push_str("&#x2028;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}
