//! Who may sign in as an agent: names and passwords of the configuration, tokens that are good on every node, and what
//! stands before a password is looked at: a brake on guessing and a queue by source.

use super::failure::{Code, Failure};
use super::guesses::{Guesser, Guesses};
use super::sign_in_queue::{Busy, Room, SignInQueue, Source};
use crate::password;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use handoff_chat::desk::Profile;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use subtle::ConstantTimeEq;
use thiserror::Error;

/// How long a token is good. One is renewed on its holder's open socket when half of this is over.
pub const TOKEN_MS: i64 = 12 * 3_600_000;
/// Passwords looked at at a time (each takes 19 MB and a core), and those that wait for it.
const ROOM: Room = Room { at_once: 2, per_source: 16, waiting: 128 };
const NAME_CHARS_MAX: usize = 64;
const PASSWORD_BYTES_MAX: usize = 1024;

/// One agent of the configuration.
#[derive(Clone)]
pub struct Account {
    /// What the agent shows to customers, how many chats they take, and the queues they serve.
    pub profile: Profile,
    /// Whether they may see what is live in the whole cluster.
    pub supervisor: bool,
    /// The argon2id hash of the agent's password.
    pub password_hash: String,
    /// Changes when the password does, the same on all nodes: tokens end with it.
    pub password_mark: [u8; 32],
}

/// All agents of the configuration, and what is known of their tries to sign in.
pub struct Accounts {
    accounts: BTreeMap<String, Account>,
    token_key: [u8; 32],
    token_ms: i64,
    /// Compared with where there is no such name, so that the time taken does not tell.
    nobody: String,
    guesses: Guesses,
    turns: Arc<SignInQueue>,
    /// By name: when the newest token ended for whose holder the agent's chats were made to wait.
    waited: Mutex<BTreeMap<String, i64>>,
}

/// Whose a try to sign in is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt<'a> {
    /// The agent that they say they are.
    pub(crate) name: &'a str,
    /// The network address they come from.
    pub(crate) source: Source,
    /// How many nodes serve: each lets in its part.
    pub(crate) nodes: usize,
    /// A token that they have beside the password; it may be over.
    pub(crate) token: Option<&'a str>,
}

/// Why a token is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum TokenError {
    /// It was this agent's, and its time is over.
    #[error("the token's time is over, sign in with the password")]
    Expired {
        /// When it ended, in milliseconds since 1970.
        ended_ms: i64,
    },
    /// Not this agent's, or the password was changed since.
    #[error("name and password (or token) do not fit")]
    Wrong,
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        let code = match error {
            TokenError::Expired { .. } => Code::TokenExpired,
            TokenError::Wrong => Code::WrongPassword,
        };
        Self::new(code, error.to_string())
    }
}

impl From<Busy> for Failure {
    fn from(busy: Busy) -> Self {
        Self::retry(Code::Busy, busy.to_string())
    }
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
            token_ms: TOKEN_MS,
            nobody,
            guesses: Guesses::new(),
            turns: SignInQueue::new(ROOM),
            waited: Mutex::default(),
        }
    }

    /// With tokens that are good for so long, in milliseconds.
    #[cfg(test)]
    pub(crate) fn with_token_ms(self, token_ms: i64) -> Self {
        Self { token_ms, ..self }
    }

    /// Whether this agent may see what is live in the whole cluster.
    pub(crate) fn supervises(&self, name: &str) -> bool {
        self.accounts.get(name).is_some_and(|account| account.supervisor)
    }

    /// The queues that this agent serves.
    pub(crate) fn queues_of(&self, name: &str) -> BTreeSet<String> {
        let served = self.accounts.get(name).into_iter().flat_map(|account| &account.profile.queues);
        served.map(|queue| queue.0.clone()).collect()
    }

    /// Looks at a password.
    pub(crate) async fn by_password(&self, who: Attempt<'_>, given: String) -> Result<&Profile, Failure> {
        let (name, nodes) = (who.name, who.nodes);
        if name.chars().count() > NAME_CHARS_MAX || given.len() > PASSWORD_BYTES_MAX {
            return Err(TokenError::Wrong.into());
        }
        let shown = who.token.and_then(|token| self.read_token(name, token));
        let guesser = if shown.is_some() { Guesser::Token } else { Guesser::Source(who.source) };
        self.guesses.brake(&guesser, name, nodes)?;
        let _turn = self.turns.enter(who.source).await?;
        // Those who waited with it may have been wrong meanwhile.
        self.guesses.brake(&guesser, name, nodes)?;
        let account = self.accounts.get(name);
        let hash = account.map_or(&self.nobody, |account| &account.password_hash).clone();
        let fits = actix_web::web::block(move || password::fits(&given, &hash)).await.map_err(|_| Busy)?;
        match account {
            Some(account) if fits => {
                self.guesses.right(who.source, name);
                Ok(&account.profile)
            }
            _ => {
                self.guesses.wrong(&guesser, name, nodes);
                Err(TokenError::Wrong.into())
            }
        }
    }

    /// Looks at a token.
    pub(crate) fn by_token(&self, name: &str, token: &str, now_ms: i64) -> Result<&Profile, TokenError> {
        let (account, ends_ms) = self.read_token(name, token).ok_or(TokenError::Wrong)?;
        if ends_ms <= now_ms {
            return Err(TokenError::Expired { ended_ms: ends_ms });
        }
        Ok(&account.profile)
    }

    /// The agent signed in with a token from there: what others guess does not brake the agent's passwords there.
    pub(crate) fn came_from(&self, source: Source, name: &str) {
        self.guesses.right(source, name);
    }

    /// The account and the end of a token that is the agent's, be it over or not.
    fn read_token(&self, name: &str, token: &str) -> Option<(&Account, i64)> {
        let account = self.accounts.get(name)?;
        let (ends, given) = token.split_once('.')?;
        let ends_ms: i64 = ends.parse().ok()?;
        let given = URL_SAFE_NO_PAD.decode(given).ok()?;
        let due = self.token_mac(name, account, ends_ms);
        bool::from(due.ct_eq(&given)).then_some((account, ends_ms))
    }

    /// A new token of an agent who has signed in.
    pub(crate) fn token(&self, name: &str, now_ms: i64) -> Option<String> {
        let account = self.accounts.get(name)?;
        let ends_ms = now_ms.saturating_add(self.token_ms);
        let mac = self.token_mac(name, account, ends_ms);
        Some(format!("{ends_ms}.{}", URL_SAFE_NO_PAD.encode(mac)))
    }

    /// How long after a token its holder's open socket is given the next.
    pub(crate) fn renewed_after(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.token_ms / 2).unwrap_or(0))
    }

    /// Whether the chats of an agent wait for the password of who showed a token that is over: once for each token, and
    /// not long after its end, so that an old token keeps nobody's customers.
    pub(crate) fn waits_for(&self, name: &str, ended_ms: i64, now_ms: i64) -> bool {
        let waited = self.waited.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = waited.get(name).copied().unwrap_or(i64::MIN);
        ended_ms > newest && now_ms.saturating_sub(ended_ms) < self.token_ms
    }

    /// The agent's chats were made to wait for the token that ended then: for this one they don't again.
    pub(crate) fn waits(&self, name: &str, ended_ms: i64) {
        let mut waited = self.waited.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = waited.entry(name.to_owned()).or_insert(ended_ms);
        *newest = ended_ms.max(*newest);
    }

    fn token_mac(&self, name: &str, account: &Account, ends_ms: i64) -> [u8; 32] {
        mac(&self.token_key, &[&ends_ms.to_be_bytes(), &account.password_mark, name.as_bytes()])
    }
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
    use crate::gateway::native::guesses::PAIR_PER_MINUTE;
    use crate::gateway::native::wire;

    fn accounts(mark: u8, secret: &str) -> Accounts {
        let profile = Profile { nickname: "Ann".to_owned(), capacity: 3, queues: Vec::new() };
        let password_hash = password::hash("right").unwrap();
        let account = Account { profile, supervisor: false, password_hash, password_mark: [mark; 32] };
        let other = Account { password_mark: [9; 32], ..account.clone() };
        Accounts::new([("ann".to_owned(), account), ("bob".to_owned(), other)].into(), secret)
    }

    #[test]
    fn a_token_is_good_on_every_node_until_its_time_or_the_password_is_over() {
        let (here, there) = (accounts(1, "secret"), accounts(1, "secret"));
        let token = here.token("ann", 1_000).unwrap();
        assert!(there.by_token("ann", &token, 1_000 + TOKEN_MS - 1).is_ok());
        let over = there.by_token("ann", &token, 1_000 + TOKEN_MS).unwrap_err();
        assert_eq!(over, TokenError::Expired { ended_ms: 1_000 + TOKEN_MS });
        assert_eq!(there.by_token("bob", &token, i64::MAX), Err(TokenError::Wrong), "another's");
        assert_eq!(there.by_token("eve", &token, i64::MAX), Err(TokenError::Wrong), "nobody's");
        assert!(accounts(2, "secret").by_token("ann", &token, 1_001).is_err(), "the password was changed");
        assert!(accounts(1, "other").by_token("ann", &token, 1_001).is_err(), "another cluster's");
        let later = token.replacen(char::is_numeric, "9", 1);
        for forged in ["", ".", "1.", "x.y", &later, &token[..token.len() - 1]] {
            assert_eq!(here.by_token("ann", forged, 1_001), Err(TokenError::Wrong), "{forged}");
        }
    }

    fn who(name: &str, last: u8) -> Attempt<'_> {
        Attempt { name, source: Some([192, 0, 2, last].into()), nodes: 1, token: None }
    }

    async fn code(accounts: &Accounts, who: Attempt<'_>, password: &str) -> String {
        match accounts.by_password(who, password.to_owned()).await {
            Ok(_) => "ok".to_owned(),
            Err(refused) => {
                let frame: serde_json::Value = serde_json::from_str(&wire::refused(None, &refused)).unwrap();
                let wait = &frame["error"]["retry_ms"];
                assert_eq!(frame["error"]["code"] == "slow_down", wait.as_u64().is_some_and(|ms| ms > 0));
                frame["error"]["code"].as_str().unwrap().to_owned()
            }
        }
    }

    #[actix_web::test]
    async fn after_five_wrong_passwords_even_the_right_one_has_to_wait_there_and_nowhere_else() {
        let accounts = accounts(1, "secret");
        for name in ["ann", "nobody"] {
            for _ in 0..PAIR_PER_MINUTE {
                assert_eq!(code(&accounts, who(name, 1), "wrong").await, "wrong_password");
            }
            assert_eq!(code(&accounts, who(name, 1), "right").await, "slow_down");
        }
        assert_eq!(code(&accounts, who("ann", 2), "right").await, "ok", "the agent, elsewhere");
        assert_eq!(code(&accounts, who("bob", 1), "right").await, "ok", "others don't wait");
        let token = accounts.token("ann", 0).unwrap();
        let shown = Attempt { token: Some(&token), ..who("ann", 1) };
        assert_eq!(code(&accounts, shown, "right").await, "ok", "who had a token is no stranger");
        let forged = Attempt { token: Some("1.x"), ..who("ann", 1) };
        assert_eq!(code(&accounts, forged, "right").await, "slow_down");
    }

    #[actix_web::test]
    async fn one_who_guesses_random_names_over_many_sockets_keeps_nobody_out() {
        let accounts = accounts(1, "secret");
        let guesses = (0..400).map(|number| {
            let accounts = &accounts;
            async move { code(accounts, who(&format!("n{number}"), 1), "wrong").await }
        });
        let guessing = futures_util::future::join_all(guesses);
        let agents =
            futures_util::future::join_all((2..13).map(|last| code(&accounts, who("ann", last), "right")));
        // Polled in this order: all guesses stand in line before the first agent comes.
        let (guessed, signed) = futures_util::future::join(guessing, agents).await;
        assert_eq!(signed, vec!["ok"; 11]);
        assert!(guessed.iter().filter(|code| *code == "busy").count() > 300, "and they are bounded");
    }

    #[test]
    fn chats_wait_once_for_each_token_that_is_over_and_not_for_old_ones() {
        let accounts = accounts(1, "secret");
        assert!(accounts.waits_for("ann", 1_000, 2_000) && accounts.waits_for("ann", 1_000, 2_000));
        accounts.waits("ann", 1_000);
        assert!(!accounts.waits_for("ann", 1_000, 2_000) && !accounts.waits_for("ann", 999, 2_000));
        assert!(accounts.waits_for("ann", 1_001, 2_000) && accounts.waits_for("bob", 1_000, 2_000));
        assert!(!accounts.waits_for("ann", 1_001, 1_001 + TOKEN_MS), "long over");
    }
}
