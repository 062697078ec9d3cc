//! Events and participants as JSON, the same in all of our own interfaces: the native sockets and what is posted to
//! webhooks.

use handoff_chat::event::{Participant, Role, Shown, ViewKind, What};
use serde_json::{Map, Value, json};

/// An event with all that is known of it; what all kinds have stands in each, null where it is not there.
#[must_use]
pub fn event(shown: &Shown<'_>) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
    put("index", shown.index.into());
    put("at", shown.at.0.into());
    put("type", shown.what.word().into());
    put("by", shown.by.into());
    put("text", shown.what.text().into());
    put("message_type", shown.what.message_type().into());
    put("reason", reason(&shown.what).into());
    match &shown.what {
        What::Read(through) => put("through", (*through).into()),
        What::Rich { content, .. } => put("content", content.json()),
        What::RichReply { content, to, .. } => {
            put("content", content.json());
            put("to", (*to).into());
        }
        What::FileUploaded(file) => put(
            "file",
            json!({
                "id": file.id.to_string(), "bytes": file.bytes, "media_type": file.media_type,
                "description": file.description.show(),
            }),
        ),
        What::FileDeleted { id, .. } => put("file", json!({"id": id.to_string()})),
        What::Delivery { of, delivery } => {
            put("of", (*of).into());
            put("state", delivery.word().into());
        }
        What::Joined
        | What::Left { .. }
        | What::Message { .. }
        | What::CustomNotice { .. }
        | What::PushedUrl(_)
        | What::Renamed(_)
        | What::NearlyFull(_)
        | What::IdleAlert(_)
        | What::IdleClose(_) => {}
    }
    fields
}

fn reason<'w>(what: &'w What<'_>) -> Option<&'w str> {
    match what {
        What::Left { reason, .. } => Some(reason.word()),
        What::Delivery { delivery, .. } => delivery.reason(),
        _ => None,
    }
}

/// About how many bytes an event's JSON has.
#[must_use]
pub fn event_bytes(shown: &Shown<'_>) -> usize {
    let content = match &shown.what {
        What::Rich { content, .. } | What::RichReply { content, .. } => content.bytes.len(),
        _ => 0,
    };
    shown.what.text().map_or(0, |text| text.len()) + content + 128
}

/// A participant as a view has them; none: it does not.
#[must_use]
pub fn participant(who: &Participant, view: ViewKind) -> Option<Map<String, Value>> {
    let number = view.of(&who.number_in_view)?;
    let fields = [
        ("number", number.into()),
        ("role", role_word(&who.role).into()),
        ("nickname", who.nickname.show().into()),
        ("user_id", who.user_id.as_str().into()),
    ];
    Some(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn role_word(role: &Role) -> &'static str {
    match role {
        Role::Customer => "customer",
        Role::Agent(_) => "agent",
        Role::Bot(_) => "bot",
        Role::Supervisor => "supervisor",
        Role::Workflow => "workflow",
        Role::System => "system",
    }
}
