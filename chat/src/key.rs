//! The customer's secure key: it alone finds their session and proves that it is theirs. Only a hash of its secret part
//! is ever stored, and neither shows in a log.

use crate::id::SessionId;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bincode::{Decode, Encode};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

const HALF: usize = 16;
const KEY_CHARS: usize = 43;

/// A session's id and 128 secret bits.
#[derive(Clone)]
pub struct SecureKey {
    /// The session that the key opens; its id is the first half of the key, in clear.
    pub session: SessionId,
    /// From the operating system's random source.
    pub secret: [u8; HALF],
}

impl SecureKey {
    /// Takes a key from outside: 43 characters of base64url. `None` when it isn't one that this server can
    /// have made.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != KEY_CHARS {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (id, secret) = bytes.split_at_checked(HALF)?;
        let session = SessionId::parse(std::str::from_utf8(id).ok()?)?;
        Some(Self { session, secret: secret.try_into().ok()? })
    }

    /// The key as the client is given it.
    pub fn to_text(&self) -> String {
        let mut bytes = self.session.0.as_bytes().to_vec();
        bytes.extend_from_slice(&self.secret);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What is stored in its place, and what a caller shows.
    pub fn hash(&self) -> [u8; 32] {
        key_hash(&self.secret)
    }
}

/// What a session keeps of its customer's key. A stored shape.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct StoredKey {
    /// SHA-256 of the secret part.
    pub hash: [u8; 32],
    /// The secret part sealed under the client's start id ([`seal`]), so that a retry of the start can be given the key
    /// again; none: the client gave no start id.
    pub sealed: Option<[u8; HALF]>,
}

impl PartialEq for SecureKey {
    fn eq(&self, other: &Self) -> bool {
        self.session == other.session && bool::from(self.secret.ct_eq(&other.secret))
    }
}

impl fmt::Debug for SecureKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SecureKey").field("session", &self.session).finish_non_exhaustive()
    }
}

/// SHA-256 of a key's secret part.
pub fn key_hash(secret: &[u8; HALF]) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// Seals a new key's secret under the client's start id, so that a retried start can be given the first key
/// again though the store holds only its hash. As strong as the start id is hard to guess.
pub fn seal(secret: &[u8; HALF], session: &SessionId, client_id: &str) -> [u8; HALF] {
    let mut sealed = *secret;
    for (byte, pad) in sealed.iter_mut().zip(pad(session, client_id)) {
        *byte ^= pad;
    }
    sealed
}

/// Undoes [`seal`]; with another client id the result is a secret that fits nothing.
pub fn unseal(sealed: &[u8; HALF], session: &SessionId, client_id: &str) -> [u8; HALF] {
    seal(sealed, session, client_id)
}

fn pad(session: &SessionId, client_id: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"handoff key seal 1\0");
    hash.update(client_id.as_bytes());
    let mut key = [0; 64];
    for (to, from) in key.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&key.into());
    mac.update(session.0.as_bytes());
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::FileId;
    use proptest::prelude::*;

    fn key() -> SecureKey {
        SecureKey { session: SessionId::from_random(&[7; 16]), secret: *b"0123456789abcdef" }
    }

    #[test]
    fn a_key_comes_back_from_its_43_characters() {
        let text = key().to_text();
        assert_eq!(text.len(), 43);
        assert_eq!(SecureKey::parse(&text), Some(key()));
    }

    #[test]
    fn debug_shows_nothing_of_the_secret() {
        let shown = format!("{:?}", key());
        assert!(shown.contains(&key().session.0));
        assert!(!shown.contains("secret") && !shown.contains("48, 49") && !shown.contains(&key().to_text()));
    }

    #[test]
    fn a_sealed_secret_opens_with_the_same_client_id_and_session_only() {
        let SecureKey { session, secret } = key();
        let sealed = seal(&secret, &session, "start-1");
        assert_ne!(sealed, secret);
        assert_eq!(unseal(&sealed, &session, "start-1"), secret);
        assert_ne!(unseal(&sealed, &session, "start-2"), secret);
        assert_ne!(unseal(&sealed, &SessionId::from_random(&[8; 16]), "start-1"), secret);
    }

    proptest! {
        #[test]
        fn any_text_is_a_key_or_none(text in "\\PC*", bytes in any::<[u8; 32]>()) {
            let _ = SecureKey::parse(&text);
            if let Some(key) = SecureKey::parse(&URL_SAFE_NO_PAD.encode(bytes)) {
                prop_assert_eq!(SecureKey::parse(&key.to_text()), Some(key));
            }
        }

        #[test]
        fn any_text_is_an_id_of_a_session_or_file_as_it_is_written_or_none(
            text in prop_oneof!["\\PC*", "[0-9A-Za-z+_-]{15,17}", "[0-9A-Fa-f+-]{15,17}"]
        ) {
            if let Some(session) = SessionId::parse(&text) {
                prop_assert_eq!(session.to_string(), text.as_str());
            }
            if let Some(file) = FileId::parse(&text) {
                prop_assert_eq!(file.to_string(), text.to_uppercase());
            }
        }

        #[test]
        fn any_random_bits_and_any_start_id_make_a_valid_session_id(
            random in any::<[u8; 16]>(), service in "\\PC*", client in "\\PC*", secret in any::<[u8; 16]>()
        ) {
            for session in [SessionId::from_random(&random), SessionId::from_start_id(&service, &client)] {
                prop_assert_eq!(SessionId::parse(&session.0), Some(session.clone()));
                let key = SecureKey { session, secret };
                prop_assert_eq!(SecureKey::parse(&key.to_text()), Some(key));
            }
        }
    }

    #[test]
    fn a_start_id_leads_to_one_session_id_per_service_and_never_changes() {
        let id = SessionId::from_start_id("default", "start-1");
        assert_eq!(id, SessionId::from_start_id("default", "start-1"));
        assert_ne!(id, SessionId::from_start_id("defaults", "tart-1"));
        assert_ne!(id, SessionId::from_start_id("default", "start-2"));
        assert_eq!(SessionId::from_random(&[0; 16]).0, "0000000000000000");
        assert!(SessionId::parse("0000000000000000").is_some());
        assert_eq!(SessionId::parse("000000000000000\u{e9}"), None);
    }
}
