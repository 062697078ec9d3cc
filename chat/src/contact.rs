//! Contacts: people, found again by an id or an e-mail address that they gave. A contact's own id is made of what they
//! gave, so all who meet them at the same time mean the same one; only hashes of addresses and ids are in it.
//!
//! An id or an address proves nobody by itself: a start says whether the site signed it ([`Start::verified`]).
//!
//! Who gives both has one contact, that of the id, and the address is joined to it: with its earlier records, and for
//! ever. An address that was joined to one id is not joined to another: whoever gives another id is somebody else.

use crate::event::Start;
use crate::id::{Millis, SessionId, hex};
use crate::opening::Names;
use crate::text::Text;
use bincode::{Decode, Encode};
use handoff_codec::Error;
use sha2::{Digest, Sha256};

/// The attached data that names a contact by the id that another system gave them.
pub const CONTACT_ID_KEY: &str = "ContactId";

/// A contact's id: made of the id that another system gave them, or of their address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
pub struct ContactId(pub String);

/// A contact as they were first met.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Contact {
    /// The id that all who meet them make of what they gave.
    pub id: ContactId,
    /// First name, last name, e-mail address.
    pub names: Names<Text>,
    /// When they were first met.
    pub since: Millis,
    /// Addresses that are joined to them, in the order in which they were; at most [`JOINED_MAX`] or a few more.
    pub joined: Vec<ContactId>,
    /// Of an address: to whom it is joined.
    pub into: Option<ContactId>,
}

/// Most addresses that are joined to a contact: an id that more people share names nobody.
pub const JOINED_MAX: usize = 64;

/// One of a contact's records.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct PastRecord {
    /// The session that the record is of.
    pub session: SessionId,
    /// The service that the chat began with.
    pub service: String,
    /// What the chat was about, as the record has it; may be empty.
    pub subject: Text,
    /// When it started, by the wall clock.
    pub started_at: Millis,
    /// Whether its start was signed: else it may be somebody else's who wrote the same id or address.
    pub verified: bool,
}

#[derive(Encode, Decode)]
enum Stored {
    ContactV1(Contact),
    PastRecordV1(PastRecord),
}

impl Contact {
    /// A contact as a start shows them.
    pub fn met(id: ContactId, start: &Start, since: Millis) -> Self {
        Self { id, names: start.names.clone(), since, joined: Vec::new(), into: None }
    }

    /// Adds what is known of an address that is joined to them: how they were called, and since when they are known.
    pub fn learn(&mut self, joined: Contact) {
        self.since = self.since.min(joined.since);
        let Names { first, last, email } = &mut self.names;
        for (own, other) in
            [(first, joined.names.first), (last, joined.names.last), (email, joined.names.email)]
        {
            if own.show().trim().is_empty() {
                *own = other;
            }
        }
    }

    /// The bytes of the contact's cell in the store.
    ///
    /// # Errors
    /// When it is larger than one envelope may be.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        handoff_codec::encode(&Stored::ContactV1(self.clone()))
    }

    /// Reads the cell; `None`: it is something else.
    ///
    /// # Errors
    /// When the bytes are damaged or of an unknown version.
    pub fn decode(bytes: &[u8]) -> Result<Option<Self>, Error> {
        match handoff_codec::decode(bytes)? {
            Stored::ContactV1(contact) => Ok(Some(contact)),
            Stored::PastRecordV1(_) => Ok(None),
        }
    }
}

impl PastRecord {
    /// The bytes of the record's row in the contact's list.
    ///
    /// # Errors
    /// When it is larger than one envelope may be.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        handoff_codec::encode(&Stored::PastRecordV1(self.clone()))
    }

    /// Reads the row; `None`: it is something else.
    ///
    /// # Errors
    /// When the bytes are damaged or of an unknown version.
    pub fn decode(bytes: &[u8]) -> Result<Option<Self>, Error> {
        match handoff_codec::decode(bytes)? {
            Stored::PastRecordV1(record) => Ok(Some(record)),
            Stored::ContactV1(_) => Ok(None),
        }
    }
}

/// What a start names its contact by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// The contact of the id that it gave: the surer one.
    pub id: Option<ContactId>,
    /// The contact of its e-mail address.
    pub email: Option<ContactId>,
}

/// What a start names its contact by; nothing for a customer who says nothing of themselves.
pub fn keys(start: &Start) -> Keys {
    let id = start.user_data.get(CONTACT_ID_KEY).map(|id| id.show().trim().to_owned());
    let id = id.filter(|id| !id.is_empty()).map(|id| hashed("id", &id));
    let email = &start.names.email;
    Keys { id, email: normal_email(&email.show()).map(|email| hashed("email", &email)) }
}

/// An address as it is compared: trimmed, in small letters; `None` when it can't be one.
fn normal_email(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let (name, host) = text.rsplit_once('@')?;
    let fits = !name.is_empty() && !host.is_empty() && !text.chars().any(char::is_whitespace);
    fits.then_some(text)
}

fn hashed(kind: &str, value: &str) -> ContactId {
    ContactId(format!("{kind}:{}", hex(&Sha256::digest(value.as_bytes()))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::opening::{Limits, Names, Terms};
    use std::collections::BTreeMap;

    fn start(email: &str, id: Option<&str>) -> Start {
        let user_data = id.map(|id| (CONTACT_ID_KEY.to_owned(), Text::clear(id)));
        Start {
            terms: Terms::new("default", crate::channel::web([0; 32]), Limits::new(1, 1, 1)),
            subject: Text::clear(""),
            names: Names { first: "Zoë", last: "Ng", email }.map(|name| Text::clear(name)),
            user_data: user_data.into_iter().collect::<BTreeMap<_, _>>(),
            time_zone_offset_minutes: 0,
            verified: false,
        }
    }

    #[test]
    fn a_contact_is_found_by_their_id_and_by_their_address_in_any_case() {
        assert_eq!(keys(&start(" Zoe@Example.org ", None)), keys(&start("zoe@example.ORG", None)));
        let both = keys(&start("zoe@example.org", Some("42")));
        assert_eq!(both.email, keys(&start("zoe@example.org", None)).email);
        assert_eq!(both.id, keys(&start("", Some(" 42 "))).id);
        assert_ne!(both.id, both.email);
        for nobody in ["", "zoe", "@example.org", "zoe@", "z oe@example.org"] {
            assert_eq!(keys(&start(nobody, Some(" "))), Keys { id: None, email: None }, "{nobody}");
        }
        assert!(!both.email.unwrap().0.contains("zoe"), "no address in an id");
    }

    #[test]
    fn what_an_address_told_fills_what_the_id_did_not() {
        let (by_id, by_email) = (start("", Some("42")), start("zoe@example.org", None));
        let mut contact = Contact::met(keys(&by_id).id.unwrap(), &by_id, Millis(7));
        contact.names.first = Text::clear("Zoé");
        contact.learn(Contact::met(keys(&by_email).email.unwrap(), &by_email, Millis(5)));
        let names = Names { first: "Zoé", last: "Ng", email: "zoe@example.org" };
        assert_eq!(contact.names, names.map(|name| Text::clear(name)));
        assert_eq!(contact.since, Millis(5));
        let bytes = contact.encode().unwrap();
        assert_eq!(Contact::decode(&bytes).unwrap(), Some(contact));
    }
}
