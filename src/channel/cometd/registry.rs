//! The Bayeux sessions of this node, by client id.

use super::CometdOptions;
use super::message::Refusal;
use super::metrics::{EndLabel, Metrics};
use super::session::Session;
use rand::TryRng;
use rand::rngs::SysRng;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A session lives on one node alone: elsewhere its client is told to shake hands anew.
pub(super) struct Registry {
    options: CometdOptions,
    metrics: Metrics,
    sessions: Mutex<HashMap<String, Arc<Session>>>,
}

impl Registry {
    pub(super) fn new(options: CometdOptions, metrics: Metrics) -> Self {
        Self { options, metrics, sessions: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Session>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new session, under an id that nobody can guess: it alone says whose a message is.
    pub(super) fn open(&self, acks: bool) -> Result<Arc<Session>, Refusal> {
        let id = random_id().ok_or_else(|| Refusal::new(503, "no random numbers to be had, try again"))?;
        let mut sessions = self.lock();
        if sessions.len() >= self.options.clients_max {
            return Err(Refusal::new(503, "too many clients, try again later"));
        }
        let session = Arc::new(Session::new(id.clone(), acks));
        sessions.insert(id, Arc::clone(&session));
        self.metrics.opened();
        Ok(session)
    }

    /// Whose message it is.
    pub(super) fn find(&self, client_id: &str) -> Result<Arc<Session>, Refusal> {
        self.lock().get(client_id).cloned().ok_or_else(Refusal::unknown_client)
    }

    pub(super) fn end(&self, client_id: &str, why: EndLabel) {
        let session = self.lock().remove(client_id);
        if let Some(session) = session {
            session.end();
            self.metrics.ended(why);
        }
    }

    /// Drops the sessions whose clients have stayed away for too long.
    pub(super) fn sweep(&self) {
        let stale = |session: &&Arc<Session>| session.stale(self.options.interval_max);
        let stale: Vec<String> =
            self.lock().values().filter(stale).map(|session| session.id.clone()).collect();
        for id in stale {
            self.end(&id, EndLabel::expired);
        }
    }
}

/// 128 random bits as hex.
pub(super) fn random_id() -> Option<String> {
    let mut bits = [0_u8; 16];
    SysRng.try_fill_bytes(&mut bits).ok()?;
    let mut id = String::with_capacity(2 * bits.len());
    for byte in bits {
        write!(id, "{byte:02x}").ok()?;
    }
    Some(id)
}
