//! What an agent's entity remembers, and how each change alters it.

use crate::desk::{Profile, Stage, Status, Work};
use crate::entry::AgentChange;
use crate::id::{CommandId, Millis, QueueName, Served, SessionId};
use crate::routing::{Ticket, Withdrawal};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct State {
    pub(super) version: u64,
    pub(super) status: Status,
    /// Since when that is their status.
    pub(super) status_since: Millis,
    pub(super) profile: Option<Profile>,
    /// Their windows are gone; any command of theirs says that they are back.
    pub(super) lost: bool,
    pub(super) idle_since: Millis,
    pub(super) claims: BTreeMap<SessionId, Claim>,
    /// What ended with the last change.
    pub(super) over: Vec<Work>,
    /// How many claims there ever were.
    pub(super) claimed: u64,
}

/// A reservation, an offer or a chat.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Claim {
    /// Counts the agent's claims from 1 on: the desk shows the oldest first.
    pub(super) number: u64,
    /// The first version that counts it.
    pub(super) version: u64,
    pub(super) attempt: u64,
    pub(super) queue: QueueName,
    pub(super) ticket: Ticket,
    pub(super) stage: Stage,
    /// They were lost: it is freed as soon as the interaction knows.
    pub(super) letting_go: bool,
    /// When to ask whether it still holds, in served time.
    pub(super) look_at: Served,
}

/// An answer kept for repeats.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kept {
    pub(super) id: CommandId,
    pub(super) digest: u64,
    pub(super) version: u64,
}

impl Default for State {
    fn default() -> Self {
        Self {
            version: 0,
            status: Status::SignedOut,
            status_since: Millis(0),
            profile: None,
            lost: false,
            idle_since: Millis(0),
            claims: BTreeMap::new(),
            over: Vec::new(),
            claimed: 0,
        }
    }
}

impl State {
    pub(super) fn change(&mut self, change: &AgentChange) {
        match change {
            AgentChange::Version(version) => {
                self.version = *version;
                // No window saw what went while they were lost: it is shown until the first change after they are back.
                let lost = self.lost;
                self.over.retain(|work| lost && work.stage == Stage::Over { why: Withdrawal::Lost });
            }
            AgentChange::Profile(profile) => self.profile = Some(profile.clone()),
            AgentChange::Status { status, since } => {
                (self.status, self.status_since) = (status.clone(), *since);
            }
            AgentChange::Lost(lost) => self.lost = *lost,
            AgentChange::Idle(since) => self.idle_since = *since,
            AgentChange::Reserved { interaction, attempt, queue, ticket } => {
                self.claimed = self.claimed.saturating_add(1);
                let claim = Claim {
                    number: self.claimed,
                    version: self.version,
                    attempt: *attempt,
                    queue: queue.clone(),
                    ticket: ticket.clone(),
                    stage: Stage::Reserved,
                    letting_go: false,
                    look_at: Served(0),
                };
                self.claims.insert(interaction.clone(), claim);
            }
            AgentChange::Moved { interaction, attempt, stage, look_at } => {
                if let Some(claim) = self.claims.get_mut(interaction) {
                    (claim.attempt, claim.stage, claim.look_at) = (*attempt, stage.clone(), *look_at);
                }
            }
            AgentChange::LettingGo { interaction } => {
                if let Some(claim) = self.claims.get_mut(interaction) {
                    claim.letting_go = true;
                }
            }
            AgentChange::Freed { interaction, over } => {
                let claim = self.claims.remove(interaction);
                if let Some((claim, why)) = claim.zip(*over) {
                    self.over.push(Work { stage: Stage::Over { why }, ..claim.work(interaction) });
                }
            }
            AgentChange::Looked { interaction, look_at } => {
                if let Some(claim) = self.claims.get_mut(interaction) {
                    claim.look_at = *look_at;
                }
            }
            // Kept beside the state.
            AgentChange::Answered { .. } => {}
        }
    }

    /// Whether they are signed in and their windows are not known to be gone.
    pub(super) fn here(&self) -> bool {
        self.status != Status::SignedOut && !self.lost
    }

    /// Whether a place is left, not counting what is held of this interaction: it is about to be replaced.
    pub(super) fn has_place_for(&self, interaction: &SessionId, queue: &QueueName) -> bool {
        let others = self.claims.keys().filter(|id| *id != interaction).count();
        self.places(queue) > others
    }

    /// How many more they can take from this queue.
    pub(super) fn free_for(&self, queue: &QueueName) -> u32 {
        let free = self.places(queue).saturating_sub(self.claims.len());
        u32::try_from(free).unwrap_or(u32::MAX)
    }

    /// Whether they are ready for this queue's chats, with all places taken perhaps.
    pub(super) fn here_for(&self, queue: &QueueName) -> bool {
        self.places(queue) > 0
    }

    /// How many places they have for this queue, taken or not.
    fn places(&self, queue: &QueueName) -> usize {
        let serves = |profile: &&Profile| profile.queues.contains(queue);
        let profile = self.profile.as_ref().filter(serves);
        let ready = self.status == Status::Ready && !self.lost;
        profile.filter(|_| ready).map_or(0, |profile| usize::try_from(profile.capacity).unwrap_or(usize::MAX))
    }

    /// What they are shown: offers and chats, oldest first, then what is over. A chat that they are about to lose is
    /// over for them: its customer waits for somebody else.
    pub(super) fn work(&self) -> Vec<Work> {
        let shown = |claim: &Claim| match claim.stage {
            Stage::Reserved => false,
            Stage::Chatting => true,
            _ => !claim.letting_go,
        };
        let mut claims: Vec<_> = self.claims.iter().filter(|(_, claim)| shown(claim)).collect();
        claims.sort_by_key(|(_, claim)| claim.number);
        let work = claims.into_iter().map(|(interaction, claim)| claim.work(interaction));
        work.chain(self.over.iter().cloned()).collect()
    }
}

impl Claim {
    fn work(&self, interaction: &SessionId) -> Work {
        Work {
            interaction: interaction.clone(),
            queue: self.queue.clone(),
            ticket: self.ticket.clone(),
            stage: if self.letting_go { Stage::Over { why: Withdrawal::Lost } } else { self.stage.clone() },
        }
    }

    /// Whether it rests with them: no word of theirs on it is on its way.
    pub(super) fn rests(&self) -> bool {
        matches!(self.stage, Stage::Offered { .. } | Stage::Chatting) && !self.letting_go
    }
}
