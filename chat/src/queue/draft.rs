//! A decision of the queue while it is made: what it changes so far, over a state that it does not touch, and the
//! matching that ends each decision.

use super::Queue;
use super::state::{Known, Lines, Place, Seat, Stage, State, Waiter};
use crate::command::{Answer, Pace};
use crate::decision::Decision;
use crate::entry::{Entry, QueueChange};
use crate::id::{AgentName, CLOCK_OFF_MS, EntityId, Millis, QueueName, Served, SessionId};
use crate::routing::{Holder, Message, Reply, Ticket, ToAgent, ToInteraction};
use crate::{Context, ledger};
use std::collections::{BTreeMap, BTreeSet};

/// How long an agent or the interaction may take before somebody who waits is looked after, in milliseconds.
pub(super) const ANSWER_MS: i64 = 5_000;
/// How often it is asked whether somebody still waits, in milliseconds.
pub(super) const VERIFY_MS: i64 = 30_000;

pub(super) struct Draft<'a> {
    name: &'a QueueName,
    pub(super) state: &'a State,
    pub(super) out: ledger::Draft<'a>,
    now: Millis,
    served: Served,
    waiting_max: usize,
    waiters: BTreeMap<SessionId, Option<Waiter>>,
    line: BTreeSet<Place>,
    agents: BTreeMap<AgentName, Known>,
}

impl Lines for Draft<'_> {
    fn put(&mut self, interaction: &SessionId, waiter: Option<Waiter>) {
        self.line.retain(|place| place.interaction != *interaction);
        self.line.extend(waiter.as_ref().and_then(|waiter| waiter.place_in_line(interaction)));
        self.waiters.insert(interaction.clone(), waiter);
    }

    fn edit(&mut self, interaction: &SessionId, edit: impl FnOnce(&mut Waiter)) {
        if let Some(mut waiter) = self.waiter(interaction).cloned() {
            edit(&mut waiter);
            self.put(interaction, Some(waiter));
        }
    }

    fn edit_agent(&mut self, agent: &AgentName, edit: impl FnOnce(&mut Known)) {
        let before = || self.state.agents.get(agent).cloned().unwrap_or_default();
        edit(self.agents.entry(agent.clone()).or_insert_with(before));
    }

    /// Nothing that is decided after it in the same turn asks for it.
    fn raise_floor(&mut self, _interaction: &SessionId, _floor: u64) {}

    /// Nor for how the line moves.
    fn paced(&mut self, _pace: Pace) {}
}

impl<'a> Draft<'a> {
    pub(super) fn new(queue: &'a Queue, context: &Context) -> Self {
        Self {
            name: &queue.name,
            state: &queue.state,
            out: ledger::Draft::new(&queue.ledger),
            now: context.now,
            served: context.served,
            waiting_max: usize::try_from(context.waiting_max).unwrap_or(usize::MAX),
            waiters: BTreeMap::new(),
            line: BTreeSet::new(),
            agents: BTreeMap::new(),
        }
    }

    pub(super) fn waiter(&self, interaction: &SessionId) -> Option<&Waiter> {
        match self.waiters.get(interaction) {
            Some(changed) => changed.as_ref(),
            None => self.state.waiting.get(interaction),
        }
    }

    pub(super) fn push(&mut self, change: QueueChange) {
        self.change(&change);
        self.out.push(Entry::Queue(change));
    }

    /// Whether as many wait as may, and nobody of them is younger: who comes back with their age is taken whatever the
    /// most is, as an agent had them meanwhile.
    pub(super) fn is_full_for(&self, ticket: &Ticket) -> bool {
        let waiting = &self.state.waiting;
        let full = self.waiting_max > 0 && waiting.len() >= self.waiting_max;
        full && waiting.values().all(|waiter| waiter.ticket.since <= ticket.since)
    }

    /// A moment of another shard's clock as this one takes it: what is far ahead was dated by a wrong clock, and counts
    /// as now, else whoever comes later would come first.
    pub(super) fn believed(&self, moment: Millis) -> Millis {
        if moment.0.saturating_sub(self.now.0) > CLOCK_OFF_MS { self.now } else { moment }
    }

    pub(super) fn now(&self) -> Millis {
        self.now
    }

    /// The moment of served time so much later.
    pub(super) fn after(&self, span_ms: i64) -> Served {
        self.served.after(span_ms)
    }

    /// When to look after somebody, and be awake by then.
    pub(super) fn look_after(&mut self, span_ms: i64) -> Served {
        let at = self.after(span_ms);
        self.out.wake_by(at);
        at
    }

    /// Asks the interaction whether it still waits here.
    pub(super) fn verify(&mut self, interaction: &SessionId, attempt: u64) {
        let message = ToInteraction::Verify { attempt, holder: Holder::Queue(self.name.clone()) };
        self.out.tell(EntityId::from(interaction), Message::ToInteraction(message));
    }

    /// Tells the interaction that nobody is to wait here.
    pub(super) fn turn_away(&mut self, interaction: &SessionId, attempt: u64) {
        let message = ToInteraction::TurnedAway { attempt, queue: self.name.clone() };
        self.out.tell(EntityId::from(interaction), Message::ToInteraction(message));
    }

    /// Asks agents for all who are in line and can be served, and closes the decision.
    pub(super) fn finish(mut self, reply: Option<Reply>) -> Decision {
        for (interaction, agent) in self.matches() {
            self.ask(&interaction, agent);
        }
        let answer = reply.map_or(Answer::Done, Answer::Routing);
        Decision { entries: self.out.finish(), answer, typing: Vec::new() }
    }

    /// Who is to be asked for whom: the line in order, each with the first agent who did not decline them lately. When
    /// all who are free did, the alarm goes off at the earliest moment that one may be asked again.
    fn matches(&mut self) -> Vec<(SessionId, AgentName)> {
        let mut found = Vec::new();
        let mut wake_by: Option<Served> = None;
        if self.places().next().is_none() {
            return found;
        }
        let mut seats: BTreeSet<Seat> = self.seats().collect();
        for place in self.places() {
            if seats.is_empty() {
                break;
            }
            let Some(waiter) = self.waiter(&place.interaction) else { continue };
            let until = |seat: &Seat| waiter.ticket.declined.get(&seat.agent).copied().unwrap_or_default();
            let Some(seat) = seats.iter().find(|seat| until(seat) <= self.served).cloned() else {
                wake_by = wake_by.into_iter().chain(seats.iter().map(until)).min();
                continue;
            };
            seats.remove(&seat);
            found.push((place.interaction.clone(), seat.agent.clone()));
            if seat.free > 1 {
                seats.insert(Seat { asked: seat.asked + 1, free: seat.free - 1, ..seat });
            }
        }
        wake_by.into_iter().for_each(|at| self.out.wake_by(at));
        found
    }

    fn ask(&mut self, interaction: &SessionId, agent: AgentName) {
        let Some(Waiter { attempt, ticket, .. }) = self.waiter(interaction).cloned() else { return };
        let (queue, to) = (self.name.clone(), EntityId::from(&agent));
        let (request, look_at) = (self.out.next_effect(), self.look_after(ANSWER_MS));
        self.push(QueueChange::Asked { interaction: interaction.clone(), agent, request, look_at });
        let message = ToAgent::Reserve { interaction: interaction.clone(), attempt, queue, ticket };
        self.out.tell(to, Message::ToAgent(message));
    }

    /// The line in order: what changed merged into what did not.
    fn places(&self) -> impl Iterator<Item = &Place> {
        let unchanged = |place: &&Place| !self.waiters.contains_key(&place.interaction);
        let mut old = self.state.line.iter().filter(unchanged).peekable();
        let mut new = self.line.iter().peekable();
        std::iter::from_fn(move || match (old.peek(), new.peek()) {
            (Some(first), Some(second)) if first > second => new.next(),
            (None, _) => new.next(),
            _ => old.next(),
        })
    }

    fn seats(&self) -> impl Iterator<Item = Seat> {
        let unchanged = |seat: &Seat| !self.agents.contains_key(&seat.agent);
        let changed = self.agents.iter().filter_map(|(name, known)| known.seat(name));
        self.state.seats().filter(unchanged).chain(changed)
    }

    /// Whether somebody who waits is served at the moment.
    pub(super) fn is_asked_for(waiter: &Waiter) -> bool {
        matches!(waiter.stage, Stage::Asking { .. })
    }
}
