//! An entity whatever it is: what a shard holds, drives and journals.

#[cfg(test)]
mod tests;

use crate::Context;
use crate::agent::Agent;
use crate::command::{Act, Caller, Command, Read, Reading, Reject};
use crate::correspondent::Correspondent;
use crate::decision::Decision;
use crate::desk::DeskAct;
use crate::entry::{Effect, Entry};
use crate::event::{Event, Typing};
use crate::id::{EffectId, EntityId, Served, TimerId};
use crate::queue::Queue;
use crate::session::Session;

/// One of the four machines, behind one face for the shard that holds it.
#[derive(Debug, Clone, PartialEq)]
pub enum Entity {
    /// A session with its interaction.
    Session(Box<Session>),
    /// A queue: who waits in it.
    Queue(Box<Queue>),
    /// An agent: their status and what they hold.
    Agent(Box<Agent>),
    /// A correspondent: which chat belongs to an address.
    Correspondent(Box<Correspondent>),
}

impl Entity {
    /// The entity of this id, to which nothing has happened yet.
    pub fn new(id: &EntityId) -> Self {
        match id {
            EntityId::Session(id) => Self::Session(Box::new(Session::new(id.clone()))),
            EntityId::Queue(name) => Self::Queue(Box::new(Queue::new(name.clone()))),
            EntityId::Agent(name) => Self::Agent(Box::new(Agent::new(name.clone()))),
            EntityId::Correspondent(_) => Self::Correspondent(Box::new(Correspondent::new(id.clone()))),
        }
    }

    /// As [`Session::decide`].
    ///
    /// # Errors
    /// A [`Reject`] is final for this command and journals nothing.
    pub fn decide(&self, command: &Command, context: &Context) -> Result<Decision, Reject> {
        command.is_known_in(context.protocol)?;
        match self {
            Self::Session(session) => session.decide(command, context),
            Self::Queue(queue) => queue.decide(command, context),
            Self::Agent(agent) => agent.decide(command, context),
            Self::Correspondent(correspondent) => correspondent.decide(command, context),
        }
    }

    /// Changes the state as a journaled entry says.
    pub fn apply(&mut self, entry: &Entry) {
        match self {
            Self::Session(session) => session.apply(entry),
            Self::Queue(queue) => queue.apply(entry),
            Self::Agent(agent) => agent.apply(entry),
            Self::Correspondent(correspondent) => correspondent.apply(entry),
        }
    }

    /// As [`Session::show_typing`]; only sessions show any.
    pub fn show_typing(&mut self, typing: &Typing) {
        if let Self::Session(session) = self {
            session.show_typing(typing);
        }
    }

    /// To be called once after replay or [`Entity::from_snapshot`], before anything is asked.
    pub fn restored(&mut self) {
        if let Self::Session(session) = self {
            session.restored();
        }
    }

    /// As [`Session::read_with`]; only sessions have a history.
    ///
    /// # Errors
    /// [`Reject`] when the caller may not read this.
    pub fn read(&self, caller: &Caller, read: &Read, history: &[Event]) -> Result<Reading, Reject> {
        match self {
            Self::Session(session) => session.read_with(caller, read, history),
            Self::Queue(queue) => queue.read(caller, read),
            Self::Agent(agent) => agent.read(caller, read),
            // Nobody looks at them.
            Self::Correspondent(_) => Err(Reject::NotAllowed),
        }
    }

    /// Its state as bytes.
    ///
    /// # Errors
    /// When it is larger than one envelope may be.
    pub fn to_snapshot(&self) -> Result<Vec<u8>, handoff_codec::Error> {
        match self {
            Self::Session(session) => session.to_snapshot(),
            Self::Queue(queue) => queue.to_snapshot(),
            Self::Agent(agent) => agent.to_snapshot(),
            Self::Correspondent(correspondent) => correspondent.to_snapshot(),
        }
    }

    /// The entity as it was.
    ///
    /// # Errors
    /// When the bytes are damaged or of a version that this build doesn't read.
    pub fn from_snapshot(id: &EntityId, bytes: &[u8]) -> Result<Self, handoff_codec::Error> {
        Ok(match id {
            EntityId::Session(_) => Self::Session(Box::new(Session::from_snapshot(bytes)?)),
            EntityId::Queue(_) => Self::Queue(Box::new(Queue::from_snapshot(bytes)?)),
            EntityId::Agent(_) => Self::Agent(Box::new(Agent::from_snapshot(bytes)?)),
            EntityId::Correspondent(_) => Self::Correspondent(Box::new(Correspondent::from_snapshot(bytes)?)),
        })
    }

    /// What is owed, oldest first.
    pub fn owed(&self) -> Box<dyn Iterator<Item = (EffectId, &Effect)> + '_> {
        match self {
            Self::Session(session) => Box::new(session.owed()),
            Self::Queue(queue) => Box::new(queue.owed()),
            Self::Agent(agent) => Box::new(agent.owed()),
            Self::Correspondent(correspondent) => Box::new(correspondent.owed()),
        }
    }

    /// Armed timers and their moments of served time.
    pub fn timers(&self) -> Box<dyn Iterator<Item = (TimerId, Served)> + '_> {
        match self {
            Self::Session(session) => Box::new(session.timers()),
            Self::Queue(queue) => Box::new(queue.timers()),
            Self::Agent(agent) => Box::new(agent.timers()),
            Self::Correspondent(correspondent) => Box::new(correspondent.timers()),
        }
    }

    /// The earliest of its timers.
    #[must_use]
    pub fn next_timer(&self) -> Option<Served> {
        self.timers().map(|(_, at)| at).min()
    }

    /// The session, if it is one.
    pub fn session(&self) -> Option<&Session> {
        match self {
            Self::Session(session) => Some(session),
            Self::Queue(_) | Self::Agent(_) | Self::Correspondent(_) => None,
        }
    }

    /// The session, if it is one.
    pub fn session_mut(&mut self) -> Option<&mut Session> {
        match self {
            Self::Session(session) => Some(session),
            Self::Queue(_) | Self::Agent(_) | Self::Correspondent(_) => None,
        }
    }

    /// The last durable event's number; only sessions have events.
    pub fn last_seq(&self) -> u64 {
        self.session().map_or(0, Session::last_seq)
    }

    /// How long, in milliseconds, nothing may be heard of whoever is missed here before it is told [`Entity::lost`]: of
    /// a customer as their channel has it, of an agent who is signed in for `agent_grace_ms`. None: nobody is missed.
    pub fn lost_after_ms(&self, agent_grace_ms: u64) -> Option<u64> {
        match self {
            Self::Session(session) => session.lost_after_ms(),
            Self::Agent(agent) => agent.watched().then_some(agent_grace_ms),
            Self::Queue(_) | Self::Correspondent(_) => None,
        }
    }

    /// Whether this caller's calls are watched for. Nobody else's prove that they are there: not those of an agent in
    /// the chat with a customer, and none with a wrong key.
    pub fn misses(&self, caller: &Caller) -> bool {
        match self {
            Self::Session(session) => session.is_customer(caller),
            Self::Agent(agent) => agent.is(caller),
            Self::Queue(_) | Self::Correspondent(_) => false,
        }
    }

    /// What it is told when those calls stay out.
    pub fn lost(&self) -> Act {
        match self {
            Self::Agent(_) => Act::Desk(DeskAct::Lost),
            Self::Session(_) | Self::Queue(_) | Self::Correspondent(_) => Act::CustomerLost,
        }
    }

    /// Whether it is to be forgotten.
    pub fn retired(&self) -> bool {
        match self {
            Self::Session(session) => session.retired(),
            Self::Correspondent(correspondent) => correspondent.retired(),
            Self::Queue(_) | Self::Agent(_) => false,
        }
    }
}
