//! What an agent may look up beside the chats themselves: who a customer is, and their earlier chats, page by page.

use super::desk::DeskView;
use super::wire::Failure;
use crate::gateway::Gateway;
use crate::gateway::socket::outbox::Outbox;
use crate::ports::Past;
use handoff_chat::SessionId;
use handoff_chat::command::Reject;
use serde_json::{Value, json};
use std::cell::RefCell;

/// The looking up of one socket.
#[derive(Default)]
pub(super) struct Lookups {
    /// The earlier chat that was read last, and the chat whose customer's it is: it is not looked up for each page.
    granted: RefCell<Option<(SessionId, SessionId)>>,
}

impl Lookups {
    /// Who the customer of an offer or chat is, and the list of their earlier chats.
    pub(super) async fn history(
        &self,
        gateway: &Gateway,
        desk: &DeskView,
        chat: &SessionId,
    ) -> Result<Value, Failure> {
        if !desk.work().contains(chat) {
            return Err(no_claim());
        }
        let past = past(gateway, chat).await?;
        let hidden = past.as_ref().is_some_and(|past| hides(gateway, past));
        let records = past.iter().flat_map(|past| &past.records).filter(|record| record.chat != *chat);
        let records: Vec<Value> = records
            .map(|record| {
                json!({
                    "chat": record.chat.0, "started_at": record.started_at.0,
                    "ended_at": record.ended_at.map(|at| at.0),
                    "subject": record.subject, "service": record.service, "verified": record.verified,
                })
            })
            .collect();
        Ok(json!({"contact": past.as_ref().map(contact_frame), "records": records, "hidden": hidden}))
    }

    /// A page of an earlier chat. It is read when what waits before it has gone out, so that its reader's line sets the
    /// pace, and the frames of live chats go in between.
    pub(super) async fn transcript(
        &self,
        (gateway, outbox): (&Gateway, &Outbox),
        desk: &DeskView,
        wanted: &SessionId,
        from: u64,
    ) -> Result<Value, Failure> {
        if !self.may_read(gateway, desk, wanted).await? {
            return Err(no_claim());
        }
        if !outbox.room().await {
            return Err(Failure::retry("again", "the socket ends"));
        }
        let page = gateway.archive.transcript(wanted, from).await.map_err(lookup_failed)?;
        let page = page.ok_or_else(|| Failure::new("unknown_chat", "there is no such record"))?;
        let record: Value = serde_json::from_slice(&page.json).map_err(lookup_failed)?;
        Ok(json!({"record": record, "next": page.next}))
    }

    /// Whether this is an earlier chat of a customer with whom the agent is in a chat.
    async fn may_read(
        &self,
        gateway: &Gateway,
        desk: &DeskView,
        wanted: &SessionId,
    ) -> Result<bool, Failure> {
        let granted = self.granted.borrow().clone();
        if granted.is_some_and(|(earlier, chat)| earlier == *wanted && desk.is_in(&chat)) {
            return Ok(true);
        }
        for chat in desk.work().into_iter().filter(|chat| desk.is_in(chat)) {
            let past = past(gateway, &chat).await?;
            if past.is_some_and(|past| past.records.iter().any(|record| record.chat == *wanted)) {
                *self.granted.borrow_mut() = Some((wanted.clone(), chat));
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Who the customer of a chat is, as far as agents may know.
async fn past(gateway: &Gateway, chat: &SessionId) -> Result<Option<Past>, Failure> {
    let past = gateway.archive.past(chat).await.map_err(lookup_failed)?;
    Ok(past.map(|past| if hides(gateway, &past) { said_alone(past) } else { past }))
}

/// Whether no history is shown of this customer: the key by which it was found is anybody's to write.
fn hides(gateway: &Gateway, past: &Past) -> bool {
    gateway.options.hides_unverified && !past.verified
}

/// Nothing but what the customer said in this chat: what was known of the contact before would tell that there was
/// an earlier chat.
fn said_alone(past: Past) -> Past {
    Past { names: past.said.clone(), contact: None, since: None, records: Vec::new(), ..past }
}

fn contact_frame(past: &Past) -> Value {
    let [first_name, last_name, email] = &past.names;
    json!({
        "id": past.contact, "first_name": first_name, "last_name": last_name, "email": email,
        "since": past.since.map(|since| since.0), "verified": past.verified,
    })
}

/// Who is not in a chat has no claim on it.
pub(super) fn no_claim() -> Failure {
    Reject::NoClaim.into()
}

fn lookup_failed(why: impl std::fmt::Display) -> Failure {
    tracing::warn!(%why, "records can't be read");
    Failure::retry("again", "records can't be read at the moment, try again")
}
