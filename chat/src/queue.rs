//! The queue: who waits, and who could take them.
//!
//! It decides nothing alone: an agent's entity grants or refuses the place that the queue asks for, and the interaction
//! says where it is. What waits here is a claim that the interaction can void, and is asked for whenever it looks old.

mod decide;
mod draft;
mod snapshot;
mod state;
#[cfg(test)]
mod tests;

use crate::command::{Caller, Idle, Line, Outlook, Read, Reading, Reject, Waiting};
use crate::entry::{Effect, Entry};
use crate::id::{EffectId, QueueName, Served, SessionId, TimerId};
use crate::ledger::Ledger;
use state::{Lines as _, Place, State};

/// The machine of one queue: who waits, what is known of agents, and what is owed to others.
#[derive(Debug, Clone, PartialEq)]
pub struct Queue {
    name: QueueName,
    state: State,
    ledger: Ledger,
}

impl Queue {
    /// A queue in which nobody waits and which knows no agents.
    pub fn new(name: QueueName) -> Self {
        Self { name, state: State::default(), ledger: Ledger::default() }
    }

    /// How many wait, in line or with an agent asked for them.
    pub fn waiting(&self) -> usize {
        self.state.waiting.len()
    }

    /// Changes the state as a journaled entry says.
    pub fn apply(&mut self, entry: &Entry) {
        match entry {
            Entry::Queue(change) => self.state.change(change),
            other => self.ledger.apply(other),
        }
    }

    /// Reads who waits and who could take them.
    ///
    /// # Errors
    /// [`Reject::NotAllowed`] to all but the node and its operators.
    pub fn read(&self, caller: &Caller, read: &Read) -> Result<Reading, Reject> {
        match (read, caller) {
            (Read::Line, Caller::System | Caller::Operator) => Ok(Reading::Line(Box::new(self.line()))),
            (Read::Outlook { of }, Caller::System | Caller::Operator) => {
                Ok(Reading::Outlook(self.outlook(of.as_ref())))
            }
            _ => Err(Reject::NotAllowed),
        }
    }

    /// What this one, or one who would come now, may expect.
    fn outlook(&self, of: Option<&SessionId>) -> Outlook {
        let State { waiting, agents, pace, .. } = &self.state;
        let here = agents.values().filter(|known| known.here).count();
        let free = self.state.seats().fold(0_u64, |free, seat| free.saturating_add(u64::from(seat.free)));
        Outlook {
            place: of.and_then(|of| self.place(of)),
            waiting: waiting.len() as u64,
            agents: here as u64,
            free,
            pace: *pace,
        }
    }

    /// Somebody's place among all who wait, from 1.
    fn place(&self, of: &SessionId) -> Option<u64> {
        let place = Place::of(of, self.state.waiting.get(of)?);
        let before = self.state.waiting.iter().filter(|(id, who)| Place::of(id, who) < place).count();
        Some(before as u64 + 1)
    }

    fn line(&self) -> Line {
        let mut waiting: Vec<_> =
            self.state.waiting.iter().map(|(id, who)| (Place::of(id, who), who)).collect();
        waiting.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut seats: Vec<_> = self.state.seats().collect();
        seats.sort();
        Line {
            waiting: waiting
                .into_iter()
                .map(|(place, who)| Waiting {
                    interaction: place.interaction,
                    priority: who.ticket.priority,
                    since: who.ticket.since,
                    asking: who.stage.agent().cloned(),
                })
                .collect(),
            agents: seats
                .into_iter()
                .map(|seat| Idle { agent: seat.agent, free: seat.free, since: seat.idle_since })
                .collect(),
        }
    }

    /// What is owed, oldest first.
    pub fn owed(&self) -> impl Iterator<Item = (EffectId, &Effect)> {
        self.ledger.owed()
    }

    /// Armed timers and their moments of served time.
    pub fn timers(&self) -> impl Iterator<Item = (TimerId, Served)> {
        self.ledger.timers()
    }
}
