//! How many sessions a shard has, and where.

use super::core::ShardCore;
use super::entity_state::EntityState;
use handoff_chat::Entity;
use handoff_chat::desk::Status;
use handoff_chat::entry::Place;

/// What a shard can be asked about itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Census {
    /// Sessions in memory.
    pub awake: usize,
    /// Sessions in snapshots.
    pub asleep: usize,
    /// Sessions that have not ended.
    pub open: usize,
    /// Sessions out of service after panics.
    pub quarantined: usize,
    /// Interactions by where they are, in the order of [`PLACES`].
    pub places: [usize; 4],
    /// Agents by what they are, in the order of [`STATES`].
    pub agents: [usize; 3],
    /// Who waits, over the shard's queues.
    pub waiting: usize,
}

/// What a shard counts from its opening on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Panics caught in sessions.
    pub panics: u64,
    /// Steps of its log's time by what is no clock's drift.
    pub clock_steps: u64,
}

/// Where an interaction may be that is not done.
pub const PLACES: [&str; 4] = ["workflow", "queue", "offer", "agent"];

/// What an agent may be.
pub const STATES: [&str; 3] = ["signed_out", "not_ready", "ready"];

impl Census {
    fn count(&mut self, machine: &Entity) {
        match machine {
            Entity::Session(session) => {
                self.awake += 1;
                self.open += usize::from(!session.ended());
                self.place(session.interaction().map(|interaction| interaction.place()));
            }
            Entity::Queue(queue) => self.waiting += queue.waiting(),
            // Operators are told of chats, not of who writes from where.
            Entity::Correspondent(_) => {}
            Entity::Agent(agent) => {
                let state = match agent.status() {
                    Status::SignedOut => 0,
                    Status::NotReady { .. } => 1,
                    Status::Ready => 2,
                };
                self.agents[state] += 1;
            }
        }
    }

    fn place(&mut self, place: Option<&Place>) {
        let place = match place {
            Some(Place::Workflow) => 0,
            Some(Place::Queue(_)) => 1,
            Some(Place::Offer { .. }) => 2,
            Some(Place::Agent { .. }) => 3,
            Some(Place::Done(_)) | None => return,
        };
        self.places[place] += 1;
    }
}

impl ShardCore {
    /// How many sessions are where.
    #[must_use]
    pub fn census(&self) -> Census {
        let mut census = Census::default();
        for (_, state) in self.entities.iter() {
            match state {
                EntityState::Awake(awake) => census.count(&awake.machine),
                EntityState::Asleep(asleep) => {
                    census.asleep += 1;
                    census.open += 1;
                    census.place(asleep.slept.glance.place.as_ref());
                }
                EntityState::Restoring { .. } => census.open += 1,
                EntityState::Quarantined { .. } => census.quarantined += 1,
            }
        }
        census
    }
}
