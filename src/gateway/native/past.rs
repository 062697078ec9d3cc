//! What an agent may look up beside the chats themselves: who a customer is, and their earlier chats, page by page.

use super::desk::DeskView;
use super::failure::{Code, Failure};
use crate::gateway::Gateway;
use crate::gateway::socket::outbox::Outbox;
use crate::ports::{Past, PastChat};
use handoff_chat::SessionId;
use handoff_chat::command::Reject;
use handoff_chat::opening::Names;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;

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
    ) -> Result<PastShown, Failure> {
        if !desk.work().contains(chat) {
            return Err(no_claim());
        }
        let past = past(gateway, chat).await?;
        let hidden = past.as_ref().is_some_and(|past| hides(gateway, past));
        let records = past.iter().flat_map(|past| &past.records).filter(|record| record.chat != *chat);
        let records = records.map(EarlierChat::of).collect();
        Ok(PastShown { contact: past.as_ref().map(Contact::of), records, hidden })
    }

    /// A page of an earlier chat. It is read when what waits before it has gone out, so that its reader's line sets the
    /// pace, and the frames of live chats go in between.
    pub(super) async fn transcript(
        &self,
        (gateway, outbox): (&Gateway, &Outbox),
        desk: &DeskView,
        wanted: &SessionId,
        from: u64,
    ) -> Result<PageShown, Failure> {
        if !self.may_read(gateway, desk, wanted).await? {
            return Err(no_claim());
        }
        if !outbox.room().await {
            return Err(Failure::retry(Code::Again, "the socket ends"));
        }
        let page = gateway.archive.transcript(wanted, from).await.map_err(lookup_failed)?;
        let page = page.ok_or_else(|| Failure::new(Code::UnknownChat, "there is no such record"))?;
        let record = serde_json::from_slice(&page.json).map_err(lookup_failed)?;
        Ok(PageShown { record, next: page.next })
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

/// Who the customer of an offer or chat is.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct PastShown {
    /// Who the customer is; null where nothing is known.
    contact: Option<Contact>,
    /// Their earlier chats, newest first.
    records: Vec<EarlierChat>,
    /// The history of customers who are not verified is not shown (`contacts.history = "verified"`): then `records` is
    /// empty whether there are any or not, and `contact` has but what was said in this chat.
    hidden: bool,
}

/// A page of an earlier chat.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct PageShown {
    /// In the form of the admin API's JSON, of the page's own events alone: service, subject and contact stand in the
    /// first page, a participant in the page where they joined, `endedAt` in the last.
    #[schemars(with = "BTreeMap<String, Value>")]
    record: Value,
    /// The `from` of the page that follows; null: this is the last.
    next: Option<u64>,
}

/// The customer of a chat, as far as they are known.
#[derive(Serialize, JsonSchema)]
struct Contact {
    /// Null where nothing finds them again, and where their history is hidden.
    id: Option<String>,
    /// Empty where it is not known, as the other two.
    first_name: String,
    last_name: String,
    email: String,
    /// When they first came, in milliseconds since 1970; null where their history is hidden.
    since: Option<i64>,
    /// Whether the site signed who starts this chat; else what finds the contact is only said.
    verified: bool,
}

/// An earlier chat of a customer.
#[derive(Serialize, JsonSchema)]
struct EarlierChat {
    chat: String,
    /// Milliseconds since 1970.
    started_at: i64,
    /// Milliseconds since 1970; null: it has not ended.
    ended_at: Option<i64>,
    subject: String,
    service: String,
    /// Whether the site signed who started it.
    verified: bool,
}

impl Contact {
    fn of(past: &Past) -> Self {
        let Names { first, last, email } = past.names.clone();
        Self {
            id: past.contact.clone(),
            first_name: first,
            last_name: last,
            email,
            since: past.since.map(|since| since.0),
            verified: past.verified,
        }
    }
}

impl EarlierChat {
    fn of(record: &PastChat) -> Self {
        Self {
            chat: record.chat.0.clone(),
            started_at: record.started_at.0,
            ended_at: record.ended_at.map(|at| at.0),
            subject: record.subject.clone(),
            service: record.service.clone(),
            verified: record.verified,
        }
    }
}

/// Who is not in a chat has no claim on it.
pub(super) fn no_claim() -> Failure {
    Reject::NoClaim.into()
}

fn lookup_failed(why: impl std::fmt::Display) -> Failure {
    tracing::warn!(%why, "records can't be read");
    Failure::retry(Code::Again, "records can't be read at the moment, try again")
}
