//! Signed visitors: a site that has its customers signed in says who starts a chat, and proves it with a secret that it
//! shares with the nodes. Either a JSON Web Token (RFC 7519, signed with HS256 alone), or the HMAC-SHA256 of the
//! contact's id or e-mail address as hex, as other chat products take it.

use super::given::Given;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use handoff_chat::contact::CONTACT_ID_KEY;
use handoff_chat::text::is_blank;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};
use thiserror::Error;

/// The attached data in which a start brings the proof. It is not kept.
pub const IDENTITY_KEY: &str = "Handoff_Identity";
/// The attached data by which agents and workflows see that visitors are who they say; nobody else can set it.
pub const VERIFIED_KEY: &str = "Handoff_Verified";
/// Clocks may differ by so much, in seconds.
const LEEWAY_S: f64 = 30.0;

/// Why a start is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum IdentityError {
    /// This cluster wants to know who starts a chat.
    #[error("Handoff_Identity is required: who starts a chat must be signed by the site")]
    Missing,
    /// Not signed with this secret, over its time, or for nobody.
    #[error("Handoff_Identity is no valid signature or token, or is no longer valid")]
    Wrong,
}

/// Checks proofs.
pub struct Identities {
    secret: Vec<u8>,
    required: bool,
}

impl std::fmt::Debug for Identities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identities").field("required", &self.required).finish_non_exhaustive()
    }
}

/// Who somebody is, as their token says. It must say when it ends, in seconds since 1970.
#[derive(Deserialize)]
struct Claims {
    sub: Option<String>,
    email: Option<String>,
    name: Option<String>,
    exp: f64,
    nbf: Option<f64>,
}

/// What a token says of itself.
#[derive(Deserialize)]
struct Header {
    alg: String,
    /// What must be understood: nothing more is.
    crit: Option<serde_json::Value>,
}

/// Somebody who has proved who they are.
struct Proved {
    id: Option<String>,
    email: Option<String>,
    name: Option<String>,
}

impl Identities {
    /// With the secret that sites share.
    pub fn new(secret: &[u8], required: bool) -> Self {
        Self { secret: secret.to_vec(), required }
    }

    fn prove(&self, proof: &str, given: &mut Given) -> Result<(), IdentityError> {
        let proved =
            if proof.contains('.') { self.of_token(proof, now_s()) } else { self.of_hash(proof, given) };
        let proved = proved.filter(|proved| proved.id.is_some() || proved.email.is_some());
        let proved = proved.ok_or(IdentityError::Wrong)?;
        // What is not proved is not believed beside it.
        given.user_data.remove(CONTACT_ID_KEY);
        given.user_data.extend(proved.id.map(|id| (CONTACT_ID_KEY.to_owned(), id)));
        given.email = proved.email;
        if blank(given.nickname.as_deref()) && proved.name.is_some() {
            given.nickname = proved.name;
        }
        Ok(())
    }

    /// The libraries for this bring all algorithms there are; one is wanted, so that none can be mistaken for another.
    fn of_token(&self, token: &str, now_s: f64) -> Option<Proved> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = part(header)?;
        if header.alg != "HS256" || header.crit.is_some() {
            return None;
        }
        self.verify(signed, &BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?)?;
        let claims: Claims = part(claims)?;
        let valid = now_s < claims.exp + LEEWAY_S && claims.nbf.is_none_or(|from| from <= now_s + LEEWAY_S);
        valid.then_some(Proved { id: claims.sub, email: claims.email, name: claims.name })
    }

    /// The id is what is signed where there is one, else the address.
    fn of_hash(&self, hash: &str, given: &Given) -> Option<Proved> {
        let id = given.user_data.get(CONTACT_ID_KEY).filter(|id| !blank(Some(id.as_str()))).cloned();
        let email = given.email.clone().filter(|email| !blank(Some(email.as_str())));
        self.verify(id.as_ref().or(email.as_ref())?, &unhex(hash)?)?;
        // An address beside a signed id is only said.
        let email = if id.is_some() { None } else { email };
        Some(Proved { id, email, name: None })
    }

    /// In constant time.
    fn verify(&self, text: &str, signature: &[u8]) -> Option<()> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).ok()?;
        mac.update(text.as_bytes());
        mac.verify_slice(signature).ok()
    }
}

/// A part of a token.
fn part<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

fn now_s() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// Takes the proof out of what was given, and marks those who have proved who they are.
///
/// # Errors
/// [`IdentityError`].
pub(super) fn settle(identities: Option<&Identities>, given: &mut Given) -> Result<(), IdentityError> {
    given.user_data.remove(VERIFIED_KEY);
    given.verified = false;
    let proof = given.user_data.remove(IDENTITY_KEY).filter(|proof| !blank(Some(proof.as_str())));
    let Some(identities) = identities else { return Ok(()) };
    match proof {
        Some(proof) => {
            identities.prove(proof.trim(), given)?;
            mark(given);
            Ok(())
        }
        None if identities.required => Err(IdentityError::Missing),
        None => Ok(()),
    }
}

fn mark(given: &mut Given) {
    given.user_data.insert(VERIFIED_KEY.to_owned(), "true".to_owned());
    given.verified = true;
}

/// Marks somebody for whom their channel vouches.
pub(super) fn vouch(given: &mut Given) {
    given.user_data.remove(IDENTITY_KEY);
    mark(given);
}

/// Attached data that come later prove nothing either.
pub(crate) fn strip(data: &mut BTreeMap<String, String>) {
    data.remove(VERIFIED_KEY);
    data.remove(IDENTITY_KEY);
}

fn blank(text: Option<&str>) -> bool {
    text.is_none_or(is_blank)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const SECRET: &[u8] = b"what the shop and the nodes know";

    fn in_seconds(seconds: f64) -> f64 {
        now_s() + seconds
    }

    fn mac(text: &str, secret: &[u8]) -> Vec<u8> {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }

    fn token(claims: &Value, header: &Value, secret: &[u8]) -> String {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = BASE64_URL_SAFE_NO_PAD.encode(mac(&signed, secret));
        format!("{signed}.{signature}")
    }

    fn hs256(claims: &Value) -> String {
        token(claims, &json!({"alg": "HS256", "typ": "JWT"}), SECRET)
    }

    fn given(pairs: &[(&str, &str)], email: Option<&str>) -> Given {
        let user_data = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Given { user_data, email: email.map(str::to_owned), ..Given::default() }
    }

    /// Id, address, nickname and mark of who is left after a proof.
    fn settled(required: bool, mut given: Given) -> Result<[Option<String>; 4], IdentityError> {
        settle(Some(&Identities::new(SECRET, required)), &mut given)?;
        assert!(!given.user_data.contains_key(IDENTITY_KEY));
        assert_eq!(given.verified, given.user_data.contains_key(VERIFIED_KEY));
        let of = |key: &str| given.user_data.get(key).cloned();
        Ok([of(CONTACT_ID_KEY), given.email.clone(), given.nickname.clone(), of(VERIFIED_KEY)])
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn a_token_says_who_they_are_whatever_else_is_said() {
        let claims = json!({"sub": "c7", "email": "zoe@example.org", "name": "Zoë", "exp": in_seconds(60.0)});
        let proof = hs256(&claims);
        let said = given(&[(IDENTITY_KEY, &proof), (CONTACT_ID_KEY, "c8")], Some("eve@example.org"));
        let expected = [some("c7"), some("zoe@example.org"), some("Zoë"), some("true")];
        assert_eq!(settled(true, said), Ok(expected));
        let proof = hs256(&json!({"sub": "c7", "exp": in_seconds(60.0)}));
        let said = given(&[(IDENTITY_KEY, &proof)], Some("eve@example.org"));
        assert_eq!(settled(true, said), Ok([some("c7"), None, None, some("true")]));
    }

    /// RFC 7515, appendix A.1: signed by others, so that both ends of this code can't be wrong together.
    #[test]
    fn the_signature_of_the_standard_s_own_example_is_right_until_it_ends() {
        let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
        let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
            eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
            dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let identities = Identities::new(&BASE64_URL_SAFE_NO_PAD.decode(key).unwrap(), true);
        assert!(identities.of_token(token, 1_300_819_380.0).is_some());
        assert!(identities.of_token(token, 1_300_819_380.0 + 31.0).is_none());
        assert!(identities.of_token(&token.replace("dBjf", "dBjg"), 1_300_819_380.0).is_none());
    }

    #[test]
    fn tokens_that_prove_nothing_are_refused() {
        let fine = json!({"sub": "c7", "exp": in_seconds(60.0)});
        let typ = json!({"alg": "HS256"});
        let none = token(&fine, &json!({"alg": "none"}), SECRET);
        let cases = [
            token(&fine, &typ, b"another secret"),
            token(&fine, &json!({"alg": "HS512"}), SECRET),
            token(&fine, &json!({"alg": "HS256", "crit": ["b64"]}), SECRET),
            format!("{}.", none.rsplit_once('.').unwrap().0),
            hs256(&json!({"sub": "c7", "exp": in_seconds(-60.0)})),
            hs256(&json!({"sub": "c7", "exp": "never"})),
            hs256(&json!({"sub": "c7"})),
            hs256(&json!({"sub": "c7", "exp": in_seconds(60.0), "nbf": in_seconds(50.0)})),
            hs256(&json!({"sub": "c7", "exp": in_seconds(60.0), "nbf": "later"})),
            hs256(&json!({"exp": in_seconds(60.0)})),
            none,
            "a.b.c".to_owned(),
        ];
        for proof in cases {
            assert_eq!(
                settled(false, given(&[(IDENTITY_KEY, &proof)], None)),
                Err(IdentityError::Wrong),
                "{proof}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_proves_anything_but_a_token_as_it_was_signed(
            text in "[ -~]{1,200}|[a-zA-Z0-9_.-]{1,200}",
            at in proptest::prelude::any::<proptest::sample::Index>(), byte in 33..127_u8,
        ) {
            let refused = |proof: &str| settled(true, given(&[(IDENTITY_KEY, proof)], None)).is_err();
            proptest::prop_assert!(refused(&text));
            let fine = hs256(&json!({"sub": "c7", "exp": in_seconds(60.0)}));
            let mut other = fine.clone().into_bytes();
            other[at.index(fine.len())] = byte;
            let other = String::from_utf8(other).unwrap();
            proptest::prop_assert!(other == fine || refused(&other));
        }
    }

    #[test]
    fn a_hash_proves_the_id_or_else_the_address() {
        let of = |text: &str| mac(text, SECRET).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let (id, email) = (of("c7"), of("zoe@example.org"));
        let mail = Some("zoe@example.org");
        let said = given(&[(IDENTITY_KEY, &id), (CONTACT_ID_KEY, "c7")], Some("eve@example.org"));
        assert_eq!(settled(false, said), Ok([some("c7"), None, None, some("true")]));
        assert_eq!(
            settled(false, given(&[(IDENTITY_KEY, &email)], mail)),
            Ok([None, some("zoe@example.org"), None, some("true")])
        );
        for (pairs, mail) in [
            (vec![(IDENTITY_KEY, id.as_str()), (CONTACT_ID_KEY, "c8")], mail),
            (vec![(IDENTITY_KEY, id.as_str())], mail),
            (vec![(IDENTITY_KEY, email.as_str())], None),
            (vec![(IDENTITY_KEY, &email[..62])], mail),
            (vec![(IDENTITY_KEY, "zz")], mail),
        ] {
            assert_eq!(settled(false, given(&pairs, mail)), Err(IdentityError::Wrong), "{pairs:?}");
        }
    }

    #[test]
    fn who_proves_nothing_is_let_in_where_that_is_allowed_and_never_marked() {
        let claims_it = || given(&[(VERIFIED_KEY, "true")], Some("eve@example.org"));
        assert_eq!(settled(false, claims_it()), Ok([None, some("eve@example.org"), None, None]));
        assert_eq!(settled(true, claims_it()), Err(IdentityError::Missing));
        let mut said = Given { verified: true, ..claims_it() };
        settle(None, &mut said).unwrap();
        assert!(said.user_data.is_empty() && !said.verified);
        let mut later = given(&[(VERIFIED_KEY, "true"), (IDENTITY_KEY, "x"), ("size", "42")], None).user_data;
        strip(&mut later);
        assert_eq!(later.into_keys().collect::<Vec<_>>(), ["size"]);
    }
}
