//! Finds or makes the contact of a session, and lists the contact's earlier records.

use crate::record_list::place_of;
use handoff_chat::contact::{Contact, ContactId, JOINED_MAX, Keys, PastRecord, keys};
use handoff_chat::event::{Body, Event, Start};
use handoff_chat::{Millis, SessionId};
use handoff_journal::{Entry, Swap, Table, Tables, TablesError};

/// A contact and their records, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// Who they are: names, ids, and when they were first met.
    pub contact: Contact,
    /// The contact's records.
    pub records: Vec<PastRecord>,
}

/// Which starts may join an address to an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joins {
    /// All that give both.
    Said,
    /// Only those that the site signed: nobody else's history comes to an id by writing their address beside it.
    Signed,
}

/// The start of a session among its first events.
#[must_use]
pub fn start_of(events: &[Event]) -> Option<(&Start, &Event)> {
    events.iter().find_map(|event| match &event.body {
        Body::Opened(start) => Some((&**start, event)),
        _ => None,
    })
}

/// Finds or makes the session's contact and adds the session to their records; says whether it was made. Harmless to
/// repeat. `None`: the customer said nothing to be found by.
///
/// # Errors
/// As [`Tables`]; repeat.
pub async fn identify(
    tables: &dyn Tables,
    session: &SessionId,
    (opened, start): (&Event, &Start),
    joins: Joins,
) -> Result<Option<(ContactId, bool)>, TablesError> {
    let Some((id, new)) = meet(tables, start, opened.at, joins).await? else { return Ok(None) };
    let record = PastRecord {
        session: session.clone(),
        service: start.terms.service.clone(),
        subject: start.subject.clone(),
        started_at: opened.at,
        verified: start.verified,
    };
    let body = record.encode().map_err(refused)?.into();
    let place = place_of(opened.at, session);
    tables.enlist(Entry { list: records_list(&id), place, body }).await?;
    Ok(Some((id, new)))
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
    let Some(mut contact) = find(tables, &keys(start)).await? else { return Ok(None) };
    let mut records = records_of(tables, &contact.id, limit).await?;
    for id in contact.joined.clone() {
        records.extend(records_of(tables, &id, limit).await?);
        if let Some((_, joined)) = read(tables, &id).await? {
            contact.learn(joined);
        }
    }
    records.sort_by(|one, other| (one.started_at, &one.session).cmp(&(other.started_at, &other.session)));
    // A try whose outcome was unknown may have left a chat with the address before it was joined.
    records.dedup_by(|one, other| one.session == other.session);
    records.drain(..records.len().saturating_sub(limit));
    Ok(Some(History { contact, records }))
}

/// The newest `limit` records under one id.
async fn records_of(
    tables: &dyn Tables,
    id: &ContactId,
    limit: usize,
) -> Result<Vec<PastRecord>, TablesError> {
    let mut records = Vec::new();
    for (_, body) in tables.list_back(&records_list(id), None, limit).await? {
        records.extend(PastRecord::decode(&body).map_err(refused)?);
    }
    Ok(records)
}

/// The contact that these name; `None` when nobody has met them yet.
async fn find(tables: &dyn Tables, keys: &Keys) -> Result<Option<Contact>, TablesError> {
    if let Some(id) = &keys.id
        && let Some((_, contact)) = read(tables, id).await?
    {
        return Ok(Some(contact));
    }
    let Some(email) = &keys.email else { return Ok(None) };
    let Some((_, contact)) = read(tables, email).await? else { return Ok(None) };
    match &contact.into {
        Some(id) => Ok(read(tables, id).await?.map(|(_, contact)| contact)),
        None => Ok(Some(contact)),
    }
}

/// Makes the contact of a start where it is new, and joins the address to the id where both are given. Each step is one
/// conditional write; whoever repeats them after a failure, or beside another, comes to the same.
async fn meet(
    tables: &dyn Tables,
    start: &Start,
    at: Millis,
    joins: Joins,
) -> Result<Option<(ContactId, bool)>, TablesError> {
    let keys = keys(start);
    let met = |id: &ContactId| Contact::met(id.clone(), start, at);
    let Some(id) = keys.id else {
        let Some(email) = keys.email else { return Ok(None) };
        let Made { contact, new, .. } = make(tables, met(&email)).await?;
        return Ok(Some((contact.into.unwrap_or(email), new)));
    };
    let Made { contact, mut new, .. } = make(tables, met(&id)).await?;
    let may_join = start.verified || joins == Joins::Said;
    if let Some(email) = keys.email.filter(|_| may_join) {
        let known = contact.joined.contains(&email);
        if !known && contact.joined.len() < JOINED_MAX {
            let joined = points_to(tables, met(&email), &id).await?;
            if let Some(unknown) = joined {
                lists(tables, &id, &email).await?;
                new &= unknown;
            }
        }
    }
    Ok(Some((id, new)))
}

/// A contact as it stands.
struct Made {
    version: u64,
    contact: Contact,
    /// Whether it was not there before.
    new: bool,
}

/// Reads a contact, or writes this one where there is none.
async fn make(tables: &dyn Tables, met: Contact) -> Result<Made, TablesError> {
    let mut new = false;
    loop {
        if let Some((version, contact)) = read(tables, &met.id).await? {
            return Ok(Made { version, contact, new });
        }
        new = write(tables, 0, &met).await?;
    }
}

/// Joins an address to an id, for good, and says whether nobody was known by it; `None`: it was joined to another
/// before.
async fn points_to(tables: &dyn Tables, email: Contact, id: &ContactId) -> Result<Option<bool>, TablesError> {
    let mut unknown = false;
    loop {
        let Made { version, contact, new } = make(tables, email.clone()).await?;
        unknown |= new;
        if let Some(into) = &contact.into {
            return Ok((into == id).then_some(unknown));
        }
        write(tables, version, &Contact { into: Some(id.clone()), ..contact }).await?;
    }
}

/// Has an id list an address that was joined to it, so that its records are found.
async fn lists(tables: &dyn Tables, id: &ContactId, email: &ContactId) -> Result<(), TablesError> {
    while let Some((version, mut contact)) = read(tables, id).await? {
        if contact.joined.contains(email) {
            break;
        }
        contact.joined.push(email.clone());
        write(tables, version, &contact).await?;
    }
    Ok(())
}

/// Writes where nobody wrote since; whether it did. What stands then is read again.
async fn write(tables: &dyn Tables, version: u64, contact: &Contact) -> Result<bool, TablesError> {
    let body = contact.encode().map_err(refused)?.into();
    let swap = tables.put_if_version(Table::Contact, &contact_key(&contact.id), version, body).await?;
    Ok(swap == Swap::Won)
}

async fn read(tables: &dyn Tables, id: &ContactId) -> Result<Option<(u64, Contact)>, TablesError> {
    let Some((version, body)) = tables.get_versioned(Table::Contact, &contact_key(id)).await? else {
        return Ok(None);
    };
    let contact = Contact::decode(&body).map_err(refused)?;
    let damaged = || TablesError::Refused("a contact's cell holds something else".to_owned());
    Ok(Some((version, contact.ok_or_else(damaged)?)))
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
mod tests;
