//! The agent: status, presence and capacity. The one place where a reservation is granted or refused.
//!
//! What they hold (reservations, offers, chats) are claims that the interaction can void. A claim with a proposal or an
//! acceptance on its way is decided by the answer to that alone: whatever else happens to them meanwhile waits for it.

mod decide;
mod desk;
mod draft;
mod snapshot;
mod state;
#[cfg(test)]
mod tests;

use crate::command::{Caller, Read, Reading, Reject};
use crate::desk::{Desk, Status};
use crate::entry::{AgentChange, Effect, Entry};
use crate::id::{AgentName, EffectId, Served, TimerId};
use crate::ledger::Ledger;
use state::{Kept, State};
use std::collections::VecDeque;

/// How many answers are kept for repeats.
const ANSWERS_KEPT: usize = 256;

/// The machine of one agent: what they chose, what they hold, and what is owed to others.
#[derive(Debug, Clone, PartialEq)]
pub struct Agent {
    name: AgentName,
    state: State,
    kept: VecDeque<Kept>,
    ledger: Ledger,
}

impl Agent {
    /// An agent who never signed in.
    pub fn new(name: AgentName) -> Self {
        Self { name, state: State::default(), kept: VecDeque::new(), ledger: Ledger::default() }
    }

    /// How many places are taken: kept, offered, talked in, and not yet given back.
    pub fn taken(&self) -> usize {
        self.state.claims.len()
    }

    /// The status they chose.
    pub fn status(&self) -> &Status {
        &self.state.status
    }

    /// Changes the state as a journaled entry says.
    pub fn apply(&mut self, entry: &Entry) {
        match entry {
            Entry::Agent(AgentChange::Answered { id, digest, version }) => {
                if self.kept.len() >= ANSWERS_KEPT {
                    self.kept.pop_front();
                }
                self.kept.push_back(Kept { id: id.clone(), digest: *digest, version: *version });
            }
            Entry::Agent(change) => self.state.change(change),
            other => self.ledger.apply(other),
        }
    }

    /// Reads the desk; always the whole of it.
    ///
    /// # Errors
    /// [`Reject::NotAllowed`] to all but the agent's own windows, the node and its operators.
    pub fn read(&self, caller: &Caller, read: &Read) -> Result<Reading, Reject> {
        match (read, caller) {
            (Read::Desk { .. }, Caller::System | Caller::Operator) => {}
            (Read::Desk { .. }, Caller::Agent(name)) if *name == self.name => {}
            _ => return Err(Reject::NotAllowed),
        }
        let State { version, status, status_since, profile, .. } = self.state.clone();
        let work = self.state.work();
        Ok(Reading::Desk(Box::new(Desk { version, status, status_since, profile, work })))
    }

    /// What is owed, oldest first.
    pub fn owed(&self) -> impl Iterator<Item = (EffectId, &Effect)> {
        self.ledger.owed()
    }

    /// Armed timers and their moments of served time.
    pub fn timers(&self) -> impl Iterator<Item = (TimerId, Served)> {
        self.ledger.timers()
    }

    /// Whether the caller is this agent.
    pub(crate) fn is(&self, caller: &Caller) -> bool {
        matches!(caller, Caller::Agent(name) if *name == self.name)
    }

    /// Whether the host is to watch for their windows: they are signed in, and not known to be lost.
    pub fn watched(&self) -> bool {
        self.state.here()
    }
}
