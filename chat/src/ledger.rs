//! What every machine keeps beside its own state: what it owes until that is settled, and its timers. Decisions are
//! made over a [`Draft`] of it, so that numbering, settling and arming are written once.

use crate::entry::{Effect, Entry};
use crate::id::{EffectId, EntityId, Served, TimerId};
use crate::routing::{Message, ToInteraction};
use bincode::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};

/// Owed effects and armed timers, as the journal gives them back.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Ledger {
    owed: BTreeMap<EffectId, Effect>,
    last_effect: u64,
    timers: BTreeMap<TimerId, Served>,
    last_timer: u64,
}

/// As stored in snapshots.
#[derive(Encode, Decode)]
pub(crate) struct LedgerV1 {
    owed: Vec<(EffectId, Effect)>,
    last_effect: u64,
    timers: Vec<(TimerId, Served)>,
    last_timer: u64,
}

impl Ledger {
    /// Takes the entries that are its own; others change nothing here.
    pub(crate) fn apply(&mut self, entry: &Entry) {
        match entry {
            Entry::Owed { id, effect } => {
                self.last_effect = self.last_effect.max(id.0);
                self.owed.insert(*id, effect.clone());
            }
            Entry::Settled(id) => drop(self.settle(*id)),
            Entry::Armed { id, at } => {
                self.last_timer = self.last_timer.max(id.0);
                self.timers.insert(*id, *at);
            }
            Entry::Disarmed(id) => {
                self.timers.remove(id);
            }
            _ => {}
        }
    }

    /// Takes an effect off, once: what it was.
    pub(crate) fn settle(&mut self, id: EffectId) -> Option<Effect> {
        self.owed.remove(&id)
    }

    /// The effect that is owed under this id.
    pub(crate) fn effect(&self, id: EffectId) -> Option<&Effect> {
        self.owed.get(&id)
    }

    /// Whether a timer is armed.
    pub(crate) fn is_armed(&self, timer: TimerId) -> bool {
        self.timers.contains_key(&timer)
    }

    /// What is owed, oldest first.
    pub(crate) fn owed(&self) -> impl Iterator<Item = (EffectId, &Effect)> {
        self.owed.iter().map(|(id, effect)| (*id, effect))
    }

    /// Armed timers and their moments of served time.
    pub(crate) fn timers(&self) -> impl Iterator<Item = (TimerId, Served)> {
        self.timers.iter().map(|(id, at)| (*id, *at))
    }

    /// What is owed to others as messages: id, whom, what.
    pub(crate) fn messages(&self) -> impl Iterator<Item = (EffectId, &EntityId, &Message)> {
        self.owed.iter().filter_map(|(id, effect)| match effect {
            Effect::Message { to, message } => Some((*id, to, message)),
            _ => None,
        })
    }

    /// The message owed under this id, and to whom.
    pub(crate) fn message(&self, id: EffectId) -> Option<(&EntityId, &Message)> {
        match self.effect(id) {
            Some(Effect::Message { to, message }) => Some((to, message)),
            _ => None,
        }
    }

    /// Who has been asked already whether a claim holds, or was told that it ends, and has not answered.
    pub(crate) fn verifying(&self) -> BTreeSet<EntityId> {
        let asks = |message: &Message| match message {
            Message::ToInteraction(message) => {
                matches!(message, ToInteraction::Verify { .. } | ToInteraction::TurnedAway { .. })
            }
            _ => false,
        };
        self.messages().filter(|(_, _, message)| asks(message)).map(|(_, to, _)| to.clone()).collect()
    }
}

impl LedgerV1 {
    pub(crate) fn of(ledger: &Ledger) -> Self {
        Self {
            owed: ledger.owed().map(|(id, effect)| (id, effect.clone())).collect(),
            last_effect: ledger.last_effect,
            timers: ledger.timers().collect(),
            last_timer: ledger.last_timer,
        }
    }
}

impl From<LedgerV1> for Ledger {
    fn from(stored: LedgerV1) -> Self {
        let LedgerV1 { owed, last_effect, timers, last_timer } = stored;
        Self {
            owed: owed.into_iter().collect(),
            last_effect,
            timers: timers.into_iter().collect(),
            last_timer,
        }
    }
}

/// The entries of a decision while it is made.
pub(crate) struct Draft<'a> {
    ledger: &'a Ledger,
    entries: Vec<Entry>,
    last_effect: u64,
    last_timer: u64,
    settled: BTreeSet<EffectId>,
    fired: Option<TimerId>,
    wake_at: Option<Served>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(ledger: &'a Ledger) -> Self {
        Self {
            ledger,
            entries: Vec::new(),
            last_effect: ledger.last_effect,
            last_timer: ledger.last_timer,
            settled: BTreeSet::new(),
            fired: None,
            wake_at: None,
        }
    }

    pub(crate) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// The id of the effect that is owed next.
    pub(crate) fn next_effect(&self) -> EffectId {
        EffectId(self.last_effect.saturating_add(1))
    }

    /// Owes something, until it is settled.
    pub(crate) fn owe(&mut self, effect: Effect) {
        let id = self.next_effect();
        self.last_effect = id.0;
        self.entries.push(Entry::Owed { id, effect });
    }

    /// Owes another entity a message.
    pub(crate) fn tell(&mut self, to: EntityId, message: Message) {
        self.owe(Effect::Message { to, message });
    }

    /// Settles what is owed; false: it isn't, or was settled by this decision already.
    pub(crate) fn settle(&mut self, id: EffectId) -> bool {
        let settles = self.ledger.owed.contains_key(&id) && self.settled.insert(id);
        if settles {
            self.entries.push(Entry::Settled(id));
        }
        settles
    }

    /// Arms a timer for a moment of served time.
    pub(crate) fn arm(&mut self, at: Served) -> TimerId {
        self.last_timer = self.last_timer.saturating_add(1);
        let id = TimerId(self.last_timer);
        self.entries.push(Entry::Armed { id, at });
        id
    }

    /// Takes a timer's moment; false: it isn't armed.
    pub(crate) fn fire(&mut self, timer: TimerId) -> bool {
        if !self.ledger.is_armed(timer) {
            return false;
        }
        self.fired = Some(timer);
        self.entries.push(Entry::Disarmed(timer));
        true
    }

    /// The alarm is to go off at this moment of served time at the latest.
    pub(crate) fn wake_by(&mut self, at: Served) {
        self.wake_at = Some(self.wake_at.map_or(at, |known| known.min(at)));
    }

    /// Closes the decision; the alarm is set anew when it would go off too late.
    pub(crate) fn finish(mut self) -> Vec<Entry> {
        let Some(at) = self.wake_at else { return self.into_entries() };
        let armed = self.ledger.timers().find(|(id, _)| Some(*id) != self.fired);
        if armed.is_some_and(|(_, known)| known <= at) {
            return self.into_entries();
        }
        self.entries.extend(armed.map(|(id, _)| Entry::Disarmed(id)));
        self.arm(at);
        self.into_entries()
    }

    /// Whether nothing is decided yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Closes the decision of a machine that has no alarm.
    pub(crate) fn into_entries(self) -> Vec<Entry> {
        self.entries
    }
}
