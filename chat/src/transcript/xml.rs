//! The transcript as XML, in the format that tools of the field read.

use super::time::utc_text;
use super::{Error, Frame, event_id, reason_text, role_text, visibility, visibility_text};
use crate::id::SessionId;
use crate::session::{Body, Event, IdleStage, Participant, Role};
use quick_xml::Writer;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event as Xml};
use quick_xml::name::QName;
use std::borrow::Cow;
use std::io;

/// Writes the transcript. Typing took indexes and is not in it, so `eventId` has gaps.
///
/// # Errors
/// [`Error::Xml`] when the writer fails.
pub fn to_xml(session: &SessionId, events: &[Event]) -> Result<String, Error> {
    let frame = Frame::of(events);
    let mut out = Out(Writer::new(Vec::new()));
    let start_at = utc_text(frame.started_ms, true);
    out.open("chatTranscript", &[("startAt", &start_at), ("sessionId", &session.0)])?;
    for event in events {
        if let Some(id) = event_id(event) {
            out.event(&frame, event, &id.to_string())?;
        }
    }
    out.close("chatTranscript")?;
    Ok(String::from_utf8_lossy(&out.0.into_inner()).into_owned())
}

struct Out(Writer<Vec<u8>>);

impl Out {
    fn event(&mut self, frame: &Frame<'_>, event: &Event, id: &str) -> io::Result<()> {
        let shift = (event.at.0.saturating_sub(frame.started_ms).max(0) / 1000).to_string();
        let seen = visibility_text(visibility(event));
        let mut head = vec![
            ("userId", frame.user_id(event.by)),
            ("timeShift", &shift),
            ("visibility", seen),
            ("eventId", id),
        ];
        match &event.body {
            Body::Joined(who) => {
                self.open("newParty", &head)?;
                self.party(frame, who)?;
                self.close("newParty")
            }
            Body::Left { reason, asked_by } => {
                head.push(("askerId", frame.user_id(asked_by.unwrap_or(event.by))));
                self.open("partyLeft", &head)?;
                let (code, text) = reason_text(*reason);
                let code: Vec<_> = code.map(|code| ("code", code)).into_iter().collect();
                self.text("reason", &code, text)?;
                self.close("partyLeft")
            }
            Body::Rich { text, .. } | Body::RichReply { text, .. } => {
                self.message(&head, "text", &text.show())
            }
            Body::Message { text, message_type } | Body::Masked { text, message_type, notice: false, .. } => {
                self.message(&head, message_type.as_deref().unwrap_or("text"), &text.show())
            }
            Body::PushedUrl { url } => self.notice(&head, "PUSH_URL", &url.show()),
            Body::Renamed { nickname } => self.notice(&head, "USER_UPDATE_NICK", &nickname.show()),
            Body::CustomNotice { text, .. } => self.notice(&head, "USER_CUSTOM", &text.show()),
            Body::Idle { stage: IdleStage::Close, text } => {
                self.notice(&head, "IDLE_CONTROL_CLOSE", &text.show())
            }
            Body::Idle { text, .. } => self.notice(&head, "IDLE_CONTROL_ALERT", &text.show()),
            Body::Masked { text, notice: true, .. } => self.notice(&head, "USER_CUSTOM", &text.show()),
            Body::FileUploaded(file) => self.notice(&head, "FILE_UPLOADED", &file.name.show()),
            Body::FileDeleted { name, .. } => self.notice(&head, "FILE_DELETED", &name.show()),
            // The field's format knows no receipts.
            Body::Read { .. } | Body::Opened(_) | Body::Ended | Body::Attached { .. } => Ok(()),
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

    fn party(&mut self, frame: &Frame<'_>, who: &Participant) -> io::Result<()> {
        let customer = who.role == Role::Customer;
        let zone = frame.start.filter(|_| customer).map_or(0, |start| start.time_zone_offset_minutes);
        let info = [
            ("personId", ""),
            ("userNick", &*who.nickname.show()),
            ("userType", role_text(&who.role)),
            ("protocolType", protocol_text(&who.role)),
            ("timeZoneOffset", &zone.to_string()),
            ("clientVersion", "106"),
        ];
        self.0.write_event(Xml::Empty(start("userInfo", &info)))?;
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

    /// Contact fields under the field's keys, then the attached data; what was attached under such a key
    /// wins.
    fn customer_data(&mut self, frame: &Frame<'_>) -> io::Result<()> {
        let Some(start) = frame.start else { return Ok(()) };
        let [first, last, email] = &start.contact;
        let fields =
            [("FirstName", first), ("LastName", last), ("EmailAddress", email), ("Subject", &start.subject)];
        for (key, value) in fields {
            if !value.bytes.is_empty() && !start.user_data.contains_key(key) {
                self.item(key, &value.show())?;
            }
        }
        for (key, value) in &start.user_data {
            self.item(key, &value.show())?;
        }
        Ok(())
    }

    fn item(&mut self, key: &str, value: &str) -> io::Result<()> {
        self.text("item", &[("key", key), ("type", "string")], value)
    }

    fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) -> io::Result<()> {
        self.open(name, attributes)?;
        self.0.write_event(Xml::Text(BytesText::from_escaped(escape(text))))?;
        self.close(name)
    }

    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
        self.0.write_event(Xml::Start(start(name, attributes)))
    }

    fn close(&mut self, name: &str) -> io::Result<()> {
        self.0.write_event(Xml::End(BytesEnd::new(name)))
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
