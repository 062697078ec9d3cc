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
    /// Interactions that are not done, by where they are.
    pub places: Places,
    /// Agents by their status.
    pub agents: AgentStates,
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

/// How many interactions are where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names of the places")]
pub struct Places {
    pub workflow: usize,
    pub queue: usize,
    pub offer: usize,
    pub agent: usize,
}

/// How many agents have which status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names of the statuses")]
pub struct AgentStates {
    pub signed_out: usize,
    pub not_ready: usize,
    pub ready: usize,
}

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
                let agents = match agent.status() {
                    Status::SignedOut => &mut self.agents.signed_out,
                    Status::NotReady { .. } => &mut self.agents.not_ready,
                    Status::Ready => &mut self.agents.ready,
                };
                *agents += 1;
            }
        }
    }

    fn place(&mut self, place: Option<&Place>) {
        let there = match place {
            Some(Place::Workflow) => &mut self.places.workflow,
            Some(Place::Queue(_)) => &mut self.places.queue,
            Some(Place::Offer { .. }) => &mut self.places.offer,
            Some(Place::Agent { .. }) => &mut self.places.agent,
            Some(Place::Done(_)) | None => return,
        };
        *there += 1;
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
