//! Finds or makes the contact of a session, and lists his earlier records.

use crate::record_list::place_of;
use handoff_chat::SessionId;
use handoff_chat::contact::{Contact, ContactId, PastRecord, keys};
use handoff_chat::session::{Body, Event, Start};
use handoff_journal::{Entry, Swap, Table, Tables, TablesError};

/// A contact and his records, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// Who.
    pub contact: Contact,
    /// His records.
    pub records: Vec<PastRecord>,
}

/// The start of a session among its first events.
#[must_use]
pub fn start_of(events: &[Event]) -> Option<(&Start, &Event)> {
    events.iter().find_map(|event| match &event.body {
        Body::Opened(start) => Some((&**start, event)),
        _ => None,
    })
}

/// Finds or makes the session's contact and adds the session to his records. Harmless to repeat. `None`: the customer
/// said nothing to be found by.
///
/// # Errors
/// As [`Tables`]; repeat.
pub async fn identify(
    tables: &dyn Tables,
    session: &SessionId,
    opened: &Event,
    start: &Start,
) -> Result<Option<ContactId>, TablesError> {
    let keys = keys(start);
    if keys.is_empty() {
        return Ok(None);
    }
    let id = match find(tables, &keys).await? {
        Some(id) => id,
        None => make(tables, &keys, &Contact::met(session, start, opened.at)).await?,
    };
    for key in &keys {
        // Also by what he gave this time; who has it already keeps it.
        tables.put_if_version(Table::Contact, key, 0, id.0.clone().into()).await?;
    }
    let record = PastRecord {
        session: session.clone(),
        service: start.service.clone(),
        subject: start.subject.clone(),
        started_at: opened.at,
    };
    let body = record.encode().map_err(refused)?.into();
    let place = place_of(opened.at, session);
    tables.enlist(Entry { list: records_list(&id), place, body }).await?;
    Ok(Some(id))
}

/// What is known of the contact whom this start names; the newest `limit` records.
///
/// # Errors
/// As [`Tables`].
pub async fn history(
    tables: &dyn Tables,
    start: &Start,
    limit: usize,
) -> Result<Option<History>, TablesError> {
    let Some(id) = find(tables, &keys(start)).await? else { return Ok(None) };
    let Some((_, body)) = tables.get_versioned(Table::Contact, &contact_key(&id)).await? else {
        return Ok(None);
    };
    let Some(contact) = Contact::decode(&body).map_err(refused)? else { return Ok(None) };
    let mut records = Vec::new();
    for (_, body) in tables.list_back(&records_list(&id), None, limit).await? {
        records.extend(PastRecord::decode(&body).map_err(refused)?);
    }
    records.reverse();
    Ok(Some(History { contact, records }))
}

async fn find(tables: &dyn Tables, keys: &[String]) -> Result<Option<ContactId>, TablesError> {
    for key in keys {
        if let Some((_, body)) = tables.get_versioned(Table::Contact, key).await? {
            return Ok(Some(ContactId(String::from_utf8_lossy(&body).into_owned())));
        }
    }
    Ok(None)
}

/// Two who make the same contact at the same time agree on one: who has the first key.
async fn make(tables: &dyn Tables, keys: &[String], contact: &Contact) -> Result<ContactId, TablesError> {
    let body = contact.encode().map_err(refused)?;
    tables.put_if_version(Table::Contact, &contact_key(&contact.id), 0, body.into()).await?;
    let Some(first) = keys.first() else { return Ok(contact.id.clone()) };
    match tables.put_if_version(Table::Contact, first, 0, contact.id.0.clone().into()).await? {
        Swap::Won => Ok(contact.id.clone()),
        Swap::Lost { body, .. } => Ok(ContactId(String::from_utf8_lossy(&body).into_owned())),
    }
}

fn contact_key(id: &ContactId) -> String {
    format!("contact:{}", id.0)
}

fn records_list(id: &ContactId) -> String {
    format!("records:{}", id.0)
}

fn refused(error: handoff_codec::Error) -> TablesError {
    TablesError::Refused(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::fake;
    use handoff_journal::NodeId;
    use handoff_journal::memory::MemoryStore;

    #[tokio::test]
    async fn a_contact_s_newest_chats_are_all_found_whatever_started_together() {
        let store = MemoryStore::new(1);
        let tables = store.node(NodeId(1));
        let events = fake::events();
        let (start, opened) = start_of(&events).unwrap();
        let session = |n: usize| SessionId(format!("{n:016}"));
        for n in 0..3_000 {
            // All but the last two start in one millisecond.
            let at = handoff_chat::Millis(opened.at.0 + i64::from(n >= 2_998));
            let opened = Event { at, ..opened.clone() };
            identify(&tables, &session(n), &opened, start).await.unwrap();
        }
        let found = async |limit| {
            let history = history(&tables, start, limit).await.unwrap().unwrap();
            history.records.into_iter().map(|record| record.session).collect::<Vec<_>>()
        };
        let all: Vec<_> = (0..3_000).map(session).collect();
        assert!(found(10_000).await == all, "each chat once, oldest first");
        let before = store.statement_count();
        assert_eq!(found(4).await, all[2_996..], "the newest");
        assert_eq!(store.statement_count() - before, 3, "his key, he himself, and one read of his chats");
    }
}
