//! Customers with whole sessions.

use super::{Host, QUEUES, World, queue};
use crate::channel::{Proof, web};
use crate::command::{Act, Caller};
use crate::desk::Stage;
use crate::entry::Place;
use crate::opening::{Limits, Opening};
use crate::workflow::{Known, Program, read};
use crate::{EntityId, Session, SessionId};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

const KEY: [u8; 32] = [5; 32];
pub(crate) const CUSTOMER: Caller = Caller::Customer(Proof::Key(KEY));
const SESSIONS: usize = 4;

/// Waits in one queue; what an agent keeps alive goes on to the other, and so does what waits long.
const FILE: &str = "version = 1\nnickname = \"N\"\nstart = \"a\"\npost = \"p\"\n\
    [steps.a]\nroute = \"q0\"\nnext = \"b\"\ntimeout_ms = 50000\ntimeout = \"b\"\n\
    [steps.b]\nroute = \"q1\"\npriority = 1\nnext = \"a\"\n\
    [steps.p]\nwait_ms = 3000\n";

static PROGRAM: LazyLock<Arc<Program>> = LazyLock::new(|| {
    let queues = (0..QUEUES).map(|n| (queue(n), 30_000)).collect();
    Arc::new(read("w", FILE, &Known { bots: BTreeMap::new(), queues }).unwrap())
});

pub(crate) fn says(text: &str) -> Act {
    Act::Send { text: text.to_owned(), message_type: None }
}

pub(crate) fn session(n: usize) -> SessionId {
    SessionId(format!("session{:09}", n % SESSIONS))
}

impl World {
    /// A second start is refused.
    pub(crate) fn starts(&mut self, n: usize) {
        let opening = Opening {
            nickname: "Zoë".to_owned(),
            workflow: Some(Arc::clone(&PROGRAM)),
            ..Opening::new("default", web(KEY), Limits::new(100, 500, 86_400_000))
        };
        self.of_session(n, CUSTOMER, Act::Open(Box::new(opening)));
    }

    /// A command to a session that may be refused: then nothing is changed.
    pub(crate) fn of_session(&mut self, n: usize, caller: Caller, act: Act) {
        let id = EntityId::from(&session(n));
        self.hosts.entry(id.clone()).or_insert_with(|| Host::new(&id));
        let _refused = self.asks(&id, caller, act);
    }

    pub(crate) fn session(&self, id: &SessionId) -> &Session {
        self.hosts[&EntityId::from(id)].entity.session().unwrap()
    }

    pub(crate) fn place(&self, id: &SessionId) -> &Place {
        self.session(id).interaction().unwrap().place()
    }

    /// Which of an agent's work is an offer.
    pub(crate) fn offered(&self, n: usize) -> usize {
        self.work(n).iter().position(|work| matches!(work.stage, Stage::Offered { .. })).unwrap()
    }
}
