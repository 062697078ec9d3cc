//! Who may sign in as an agent: names and passwords of the configuration, tokens that are good on every node, and a
//! brake on guessing.

use super::wire::Failure;
use crate::password;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use handoff_chat::agent::Profile;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

/// How long a token is good.
pub const TOKEN_MS: i64 = 12 * 3_600_000;
/// Wrong passwords for one name within [`GUESS_SPAN`] before it must wait.
const GUESSES_MAX: usize = 5;
const GUESS_SPAN: Duration = Duration::from_secs(60);
/// Names whose wrong passwords are remembered; the longest silent goes first.
const NAMES_MAX: usize = 1024;
/// Passwords looked at at a time: each takes 19 MB and a core.
const CHECKS_MAX: usize = 2;
/// Passwords that wait to be looked at; more are answered busy.
const CHECKS_WAITING_MAX: usize = 32;
const NAME_CHARS_MAX: usize = 64;
const PASSWORD_BYTES_MAX: usize = 1024;

/// One agent of the configuration.
#[derive(Clone)]
pub struct Account {
    /// What he shows, may take and serves.
    pub profile: Profile,
    /// The argon2id hash of his password.
    pub password_hash: String,
    /// Changes when the password does, the same on all nodes: tokens end with it.
    pub password_mark: [u8; 32],
}

/// See the module's description.
pub struct Accounts {
    accounts: BTreeMap<String, Account>,
    token_key: [u8; 32],
    /// Compared with where there is no such name, so that the time taken does not tell.
    nobody: String,
    wrong: Mutex<BTreeMap<String, VecDeque<Instant>>>,
    checks: Semaphore,
    waiting: Arc<Semaphore>,
}

impl fmt::Debug for Accounts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Accounts").field("names", &self.accounts.len()).finish_non_exhaustive()
    }
}

impl Accounts {
    /// Of a configuration. `secret` is the cluster's: nodes that share it accept each other's tokens.
    #[must_use]
    pub fn new(accounts: BTreeMap<String, Account>, secret: &str) -> Self {
        let nobody = accounts.values().next().map(|one| one.password_hash.clone()).unwrap_or_default();
        Self {
            accounts,
            token_key: mac(&Sha256::digest(secret.as_bytes()).into(), &[b"handoff agent token 1"]),
            nobody,
            wrong: Mutex::default(),
            checks: Semaphore::new(CHECKS_MAX),
            waiting: Arc::new(Semaphore::new(CHECKS_WAITING_MAX)),
        }
    }

    /// Looks at a password.
    pub(crate) async fn by_password(&self, name: &str, given: String) -> Result<&Profile, Failure> {
        if name.chars().count() > NAME_CHARS_MAX || given.len() > PASSWORD_BYTES_MAX {
            return Err(wrong());
        }
        self.brake(name)?;
        let busy = || Failure::retry("busy", "too many sign in at the moment, try again");
        let _waiting = Arc::clone(&self.waiting).try_acquire_owned().map_err(|_| busy())?;
        let _check = self.checks.acquire().await.map_err(|_| busy())?;
        // Those who waited with it may have been wrong meanwhile.
        self.brake(name)?;
        let account = self.accounts.get(name);
        let hash = account.map_or(&self.nobody, |account| &account.password_hash).clone();
        let fits = actix_web::web::block(move || password::fits(&given, &hash)).await.map_err(|_| busy())?;
        match account {
            Some(account) if fits => Ok(&account.profile),
            _ => {
                self.remember_wrong(name);
                Err(wrong())
            }
        }
    }

    /// Looks at a token.
    pub(crate) fn by_token(&self, name: &str, token: &str, now_ms: i64) -> Result<&Profile, Failure> {
        let account = self.accounts.get(name).ok_or_else(wrong)?;
        let (ends, given) = token.split_once('.').ok_or_else(wrong)?;
        let ends_ms: i64 = ends.parse().map_err(|_| wrong())?;
        let given = URL_SAFE_NO_PAD.decode(given).map_err(|_| wrong())?;
        let due = self.token_mac(name, account, ends_ms);
        if bool::from(due.ct_eq(&given)) && ends_ms > now_ms { Ok(&account.profile) } else { Err(wrong()) }
    }

    /// A new token of an agent who has signed in.
    pub(crate) fn token(&self, name: &str, now_ms: i64) -> Option<String> {
        let account = self.accounts.get(name)?;
        let ends_ms = now_ms.saturating_add(TOKEN_MS);
        let mac = self.token_mac(name, account, ends_ms);
        Some(format!("{ends_ms}.{}", URL_SAFE_NO_PAD.encode(mac)))
    }

    fn token_mac(&self, name: &str, account: &Account, ends_ms: i64) -> [u8; 32] {
        mac(&self.token_key, &[&ends_ms.to_be_bytes(), &account.password_mark, name.as_bytes()])
    }

    fn brake(&self, name: &str) -> Result<(), Failure> {
        let mut all = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(times) = all.get_mut(name) else { return Ok(()) };
        while times.front().is_some_and(|at| at.elapsed() >= GUESS_SPAN) {
            times.pop_front();
        }
        match times.front() {
            Some(first) if times.len() >= GUESSES_MAX => {
                let retry = GUESS_SPAN.saturating_sub(first.elapsed());
                let retry_ms = u64::try_from(retry.as_millis()).unwrap_or(u64::MAX).max(1);
                let words = "too many wrong passwords for this name, wait";
                Err(Failure::retry("slow_down", words).with("retry_ms", retry_ms))
            }
            _ => Ok(()),
        }
    }

    fn remember_wrong(&self, name: &str) {
        let mut all = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(name.to_owned()).or_default().push_back(Instant::now());
        if all.len() > NAMES_MAX {
            let silent = all.iter().min_by_key(|(_, times)| times.back().copied());
            if let Some(name) = silent.map(|(name, _)| name.clone()) {
                all.remove(&name);
            }
        }
    }
}

fn wrong() -> Failure {
    Failure::new("wrong_password", "name and password (or token) do not fit")
}

fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut block = [0; 64];
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(mark: u8, secret: &str) -> Accounts {
        let profile = Profile { nickname: "Ann".to_owned(), capacity: 3, queues: Vec::new() };
        let password_hash = password::hash("right").unwrap();
        let account = Account { profile, password_hash, password_mark: [mark; 32] };
        let other = Account { password_mark: [9; 32], ..account.clone() };
        Accounts::new([("ann".to_owned(), account), ("bob".to_owned(), other)].into(), secret)
    }

    #[test]
    fn a_token_is_good_on_every_node_until_its_time_or_the_password_is_over() {
        let (here, there) = (accounts(1, "secret"), accounts(1, "secret"));
        let token = here.token("ann", 1_000).unwrap();
        assert!(there.by_token("ann", &token, 1_000 + TOKEN_MS - 1).is_ok());
        assert!(there.by_token("ann", &token, 1_000 + TOKEN_MS).is_err(), "expired");
        assert!(there.by_token("bob", &token, 1_001).is_err(), "another's");
        assert!(there.by_token("eve", &token, 1_001).is_err(), "nobody's");
        assert!(accounts(2, "secret").by_token("ann", &token, 1_001).is_err(), "the password was changed");
        assert!(accounts(1, "other").by_token("ann", &token, 1_001).is_err(), "another cluster's");
        let later = token.replacen(char::is_numeric, "9", 1);
        for forged in ["", ".", "1.", "x.y", &later, &token[..token.len() - 1]] {
            assert!(here.by_token("ann", forged, 1_001).is_err(), "{forged}");
        }
    }

    #[actix_web::test]
    async fn after_five_wrong_passwords_even_the_right_one_has_to_wait() {
        let accounts = accounts(1, "secret");
        assert!(accounts.by_password("ann", "right".to_owned()).await.is_ok());
        for name in ["ann", "nobody"] {
            for _ in 0..GUESSES_MAX {
                let refused = accounts.by_password(name, "wrong".to_owned()).await.unwrap_err();
                assert!(refused.frame(None).contains("wrong_password"), "{refused:?}");
            }
            let refused = accounts.by_password(name, "right".to_owned()).await.unwrap_err();
            assert!(refused.frame(None).contains("\"retry_ms\""), "{refused:?}");
        }
        assert!(accounts.by_password("bob", "right".to_owned()).await.is_ok(), "others don't wait");
    }
}
