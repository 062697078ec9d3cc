//! Contacts: people, found again by an id or an e-mail address that they gave. Stored shapes and the keys they are
//! found by; neither addresses nor ids are in a key, only their hashes.

use crate::id::{Millis, SessionId};
use crate::session::{Start, Text};
use bincode::{Decode, Encode};
use handoff_codec::Error;
use sha2::{Digest, Sha256};

/// The attached data that names a contact by the id that another system gave him.
pub const CONTACT_ID_KEY: &str = "ContactId";

/// A contact's id: the id of the session that met him first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
pub struct ContactId(pub String);

/// A contact as he was first met.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Contact {
    /// His id.
    pub id: ContactId,
    /// First name, last name, e-mail address.
    pub names: [Text; 3],
    /// When he was first met.
    pub since: Millis,
}

/// One of a contact's records.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct PastRecord {
    /// The session.
    pub session: SessionId,
    /// The service.
    pub service: String,
    /// The subject.
    pub subject: Text,
    /// When it started.
    pub started_at: Millis,
}

#[derive(Encode, Decode)]
enum Stored {
    ContactV1(Contact),
    PastRecordV1(PastRecord),
}

impl Contact {
    /// The contact that a session meets first.
    pub fn met(session: &SessionId, start: &Start, since: Millis) -> Self {
        Self { id: ContactId(session.0.clone()), names: start.contact.clone(), since }
    }

    /// The cell's bytes.
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
    /// The row's bytes.
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

/// The keys that a start may find its contact by, the surest first; none for a customer who says nothing of himself.
pub fn keys(start: &Start) -> Vec<String> {
    let id = start.user_data.get(CONTACT_ID_KEY).map(|id| id.show().trim().to_owned());
    let id = id.filter(|id| !id.is_empty()).map(|id| hashed("id", &id));
    let [_, _, email] = &start.contact;
    id.into_iter().chain(normal_email(&email.show()).map(|email| hashed("email", &email))).collect()
}

/// An address as it is compared: trimmed, in small letters; `None` when it can't be one.
fn normal_email(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let (name, host) = text.rsplit_once('@')?;
    let fits = !name.is_empty() && !host.is_empty() && !text.chars().any(char::is_whitespace);
    fits.then_some(text)
}

fn hashed(kind: &str, value: &str) -> String {
    let hash = Sha256::digest(value.as_bytes());
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{kind}:{hex}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Limits;
    use std::collections::BTreeMap;

    fn start(email: &str, id: Option<&str>) -> Start {
        let user_data = id.map(|id| (CONTACT_ID_KEY.to_owned(), Text::clear(id)));
        Start {
            service: "default".to_owned(),
            subject: Text::clear(""),
            contact: ["Zoë", "Ng", email].map(Text::clear),
            user_data: user_data.into_iter().collect::<BTreeMap<_, _>>(),
            time_zone_offset_minutes: 0,
            key_hash: [0; 32],
            sealed_key: None,
            limits: Limits { message_bytes_max: 1, events_max: 1, linger_ms: 1, files: None },
            idle: None,
            asynchronous: false,
            privacy: None,
        }
    }

    #[test]
    fn a_contact_is_found_by_his_id_and_by_his_address_in_any_case() {
        assert_eq!(keys(&start(" Zoe@Example.org ", None)), keys(&start("zoe@example.ORG", None)));
        assert_eq!(keys(&start("zoe@example.org", Some("42"))).len(), 2);
        for nobody in ["", "zoe", "@example.org", "zoe@", "z oe@example.org"] {
            assert!(keys(&start(nobody, Some(" "))).is_empty(), "{nobody}");
        }
        assert!(!keys(&start("zoe@example.org", None))[0].contains("zoe"), "no address in a key");
    }
}
