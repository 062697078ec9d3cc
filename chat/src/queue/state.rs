//! What a queue remembers, and how each change alters it: written once, for the state and for a draft over it.

use crate::command::Pace;
use crate::entry::QueueChange;
use crate::id::{AgentName, EffectId, Millis, Served, SessionId};
use crate::routing::Ticket;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// How many of those who left are remembered, the newest; what comes late for an older one is found out by asking.
pub(super) const FLOORS_KEPT: usize = 4096;

#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct State {
    pub(super) waiting: BTreeMap<SessionId, Waiter>,
    /// Those for whom nobody is asked, in order.
    pub(super) line: BTreeSet<Place>,
    pub(super) agents: BTreeMap<AgentName, Known>,
    pub(super) floors: Floors,
    /// How the line moves; none: nobody who had to wait was taken yet.
    pub(super) pace: Option<Pace>,
}

/// One who waits; the interaction that it is for is the key of the map.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Waiter {
    pub(super) attempt: u64,
    pub(super) ticket: Ticket,
    /// When they came here, by the wall clock.
    pub(super) came: Millis,
    pub(super) stage: Stage,
    /// When to look after them, in served time.
    pub(super) look_at: Served,
}

/// What is done for one who waits.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stage {
    /// Nothing: they are in line.
    InLine,
    /// An agent is asked.
    Asking { agent: AgentName, request: EffectId },
    /// The agent keeps a place; the interaction's word is awaited.
    Granted { agent: AgentName },
}

/// What orders the line: priority, age, id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) priority: Reverse<i32>,
    pub(super) since: Millis,
    pub(super) interaction: SessionId,
}

/// What is known of an agent.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Known {
    pub(super) version: u64,
    pub(super) here: bool,
    pub(super) free: u32,
    pub(super) idle_since: Millis,
    /// Places asked of them that `free` does not count yet: answered with the first version that does, or on their way.
    pub(super) asked: BTreeMap<EffectId, Option<u64>>,
}

/// An agent who can take somebody, in the order of asking: who is being asked already has something new to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seat {
    pub(super) asked: usize,
    pub(super) idle_since: Millis,
    pub(super) agent: AgentName,
    pub(super) free: u32,
}

/// The lowest attempts that may come, of those who left; the newest [`FLOORS_KEPT`].
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Floors {
    by_interaction: BTreeMap<SessionId, (u64, u64)>,
    by_age: BTreeMap<u64, SessionId>,
}

/// What changes are made to: the state itself, or a draft over it.
pub(super) trait Lines {
    fn put(&mut self, interaction: &SessionId, waiter: Option<Waiter>);
    fn edit(&mut self, interaction: &SessionId, edit: impl FnOnce(&mut Waiter));
    fn edit_agent(&mut self, agent: &AgentName, edit: impl FnOnce(&mut Known));
    fn raise_floor(&mut self, interaction: &SessionId, floor: u64);
    fn paced(&mut self, pace: Pace);

    fn change(&mut self, change: &QueueChange) {
        match change {
            QueueChange::Waits { interaction, attempt, ticket, came, look_at } => {
                let (attempt, ticket, stage) = (*attempt, ticket.clone(), Stage::InLine);
                let (came, look_at) = (*came, *look_at);
                self.put(interaction, Some(Waiter { attempt, ticket, came, stage, look_at }));
            }
            QueueChange::Left { interaction, floor } => {
                self.put(interaction, None);
                self.raise_floor(interaction, *floor);
            }
            QueueChange::Asked { interaction, agent, request, look_at } => {
                self.edit(interaction, |waiter| {
                    waiter.stage = Stage::Asking { agent: agent.clone(), request: *request };
                    waiter.look_at = *look_at;
                });
                self.edit_agent(agent, |known| known.asked.extend([(*request, None)]));
            }
            QueueChange::Answered { interaction, agent, request, granted, look_at } => {
                self.edit(interaction, |waiter| {
                    waiter.answered(agent, *request, granted.is_some(), *look_at)
                });
                self.edit_agent(agent, |known| known.answered(*request, *granted));
            }
            QueueChange::Looked { interaction, back, look_at } => self.edit(interaction, |waiter| {
                waiter.look_at = *look_at;
                if *back {
                    waiter.stage = Stage::InLine;
                }
            }),
            QueueChange::Knows { agent, version, here, free, idle_since } => {
                self.edit_agent(agent, |known| {
                    known.asked.retain(|_, counted| counted.is_none_or(|from| from > *version));
                    (known.version, known.free, known.idle_since) = (*version, *free, *idle_since);
                    known.here = *here;
                })
            }
            QueueChange::Paced(pace) => self.paced(*pace),
        }
    }
}

impl Lines for State {
    fn put(&mut self, interaction: &SessionId, waiter: Option<Waiter>) {
        if let Some(before) = self.waiting.remove(interaction) {
            self.line.remove(&Place::of(interaction, &before));
        }
        if let Some(waiter) = waiter {
            self.line.extend(waiter.place_in_line(interaction));
            self.waiting.insert(interaction.clone(), waiter);
        }
    }

    fn edit(&mut self, interaction: &SessionId, edit: impl FnOnce(&mut Waiter)) {
        if let Some(waiter) = self.waiting.get_mut(interaction) {
            self.line.remove(&Place::of(interaction, waiter));
            edit(waiter);
            self.line.extend(waiter.place_in_line(interaction));
        }
    }

    fn edit_agent(&mut self, agent: &AgentName, change: impl FnOnce(&mut Known)) {
        change(self.agents.entry(agent.clone()).or_default());
    }

    fn raise_floor(&mut self, interaction: &SessionId, floor: u64) {
        self.floors.raise(interaction, floor);
    }

    fn paced(&mut self, pace: Pace) {
        self.pace = Some(pace);
    }
}

impl State {
    /// Who could take somebody.
    pub(super) fn seats(&self) -> impl Iterator<Item = Seat> {
        self.agents.iter().filter_map(|(name, known)| known.seat(name))
    }
}

impl Waiter {
    /// Their place, when they are in line.
    pub(super) fn place_in_line(&self, interaction: &SessionId) -> Option<Place> {
        (self.stage == Stage::InLine).then(|| Place::of(interaction, self))
    }

    /// An answer to a request that was given up changes nothing.
    fn answered(&mut self, agent: &AgentName, answered: EffectId, granted: bool, look_at: Served) {
        if matches!(&self.stage, Stage::Asking { request, .. } if *request == answered) {
            self.stage = if granted { Stage::Granted { agent: agent.clone() } } else { Stage::InLine };
            self.look_at = look_at;
        }
    }
}

impl Stage {
    /// The agent who is asked, or keeps a place.
    pub(super) fn agent(&self) -> Option<&AgentName> {
        match self {
            Self::InLine => None,
            Self::Asking { agent, .. } | Self::Granted { agent } => Some(agent),
        }
    }
}

impl Place {
    pub(super) fn of(interaction: &SessionId, waiter: &Waiter) -> Self {
        let Ticket { priority, since, .. } = waiter.ticket;
        Self { priority: Reverse(priority), since, interaction: interaction.clone() }
    }
}

impl Known {
    /// As somebody who can take more; `None` when they can't. What they were asked for counts against them.
    pub(super) fn seat(&self, agent: &AgentName) -> Option<Seat> {
        let asked = self.asked.len();
        let free = self.free.saturating_sub(u32::try_from(asked).unwrap_or(u32::MAX));
        let idle_since = self.idle_since;
        (free > 0).then(|| Seat { asked, idle_since, agent: agent.clone(), free })
    }

    /// A granted place is counted here until the agent's own word does.
    fn answered(&mut self, request: EffectId, granted: Option<u64>) {
        self.asked.remove(&request);
        self.asked.extend(granted.filter(|from| *from > self.version).map(|from| (request, Some(from))));
    }
}

impl Floors {
    /// The lowest attempt that may come; 0: any.
    pub(super) fn of(&self, interaction: &SessionId) -> u64 {
        self.by_interaction.get(interaction).map_or(0, |(floor, _)| *floor)
    }

    pub(super) fn raise(&mut self, interaction: &SessionId, floor: u64) {
        let age = self.by_age.last_key_value().map_or(0, |(age, _)| age.saturating_add(1));
        let floor = floor.max(self.of(interaction));
        if let Some((_, before)) = self.by_interaction.insert(interaction.clone(), (floor, age)) {
            self.by_age.remove(&before);
        }
        self.by_age.insert(age, interaction.clone());
        if self.by_age.len() > FLOORS_KEPT
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.by_interaction.remove(&oldest);
        }
    }

    /// Those remembered: who, their floor, its age; oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (SessionId, u64, u64)> {
        self.by_age.iter().map(|(age, interaction)| (interaction.clone(), self.of(interaction), *age))
    }
}

impl FromIterator<(SessionId, u64, u64)> for Floors {
    fn from_iter<I: IntoIterator<Item = (SessionId, u64, u64)>>(stored: I) -> Self {
        let mut floors = Self::default();
        for (interaction, floor, age) in stored {
            floors.by_age.insert(age, interaction.clone());
            floors.by_interaction.insert(interaction, (floor, age));
        }
        floors
    }
}
