//! Signatures of the Standard Webhooks specification: HMAC-SHA256 over id, time and body, with a shared secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header with the message's id, which stays the same when it is sent again.
pub(super) const ID: &str = "webhook-id";
/// The header with the moment at which it was sent, in seconds since 1970.
pub(super) const TIMESTAMP: &str = "webhook-timestamp";
/// The header with the signatures, a blank between them.
pub(super) const SIGNATURE: &str = "webhook-signature";
/// A message is believed that was sent so many seconds before or after now.
const TOLERANCE_S: i64 = 300;
/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// Most signatures that are looked at: one for each secret while they change.
const SIGNATURES_MAX: usize = 8;
/// What a signature begins with.
const VERSION: &str = "v1,";

/// Signs and checks with one secret.
#[derive(Clone)]
pub(super) struct Signer(Vec<u8>);

impl Signer {
    /// Of `whsec_` and base64; none: it is something else.
    pub(super) fn of_secret(secret: &str) -> Option<Self> {
        let key = STANDARD.decode(secret.trim().strip_prefix(PREFIX)?).ok()?;
        (24..=64).contains(&key.len()).then_some(Self(key))
    }

    fn mac(&self, id: &str, timestamp: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        Some(mac)
    }

    /// The signature of a message.
    pub(super) fn sign(&self, id: &str, timestamp: &str, body: &[u8]) -> String {
        let signed = self.mac(id, timestamp, body).map(|mac| STANDARD.encode(mac.finalize().into_bytes()));
        format!("{VERSION}{}", signed.unwrap_or_default())
    }

    /// Whether one of the signatures fits, in constant time each, and the message was sent lately.
    pub(super) fn accepts(
        &self,
        id: &str,
        timestamp: &str,
        body: &[u8],
        signatures: &str,
        now_s: i64,
    ) -> bool {
        let lately =
            timestamp.parse().is_ok_and(|sent: i64| now_s.abs_diff(sent) <= TOLERANCE_S.unsigned_abs());
        // Hashed once, however many signatures there are: whoever sends them has proved nothing yet.
        let Some(mac) = lately.then(|| self.mac(id, timestamp, body)).flatten() else { return false };
        let signatures =
            signatures.split(' ').filter_map(|one| one.strip_prefix(VERSION)).take(SIGNATURES_MAX);
        let fits = |signature: &[u8]| mac.clone().verify_slice(signature).is_ok();
        signatures.filter_map(|one| STANDARD.decode(one).ok()).any(|one| fits(&one))
    }
}
