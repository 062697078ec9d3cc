//! What a session tells those who may ask: its views, and what its host needs to drive it.

use super::command::View;
use super::event::{Event, LeaveReason, Participant, ViewKind};
use super::state::Session;
use crate::command::{Caller, Read, Reading, Reject};
use crate::entry::Effect;
use crate::id::{EffectId, Millis, SessionId, TimerId};
use crate::record::{RecordClosing, RecordOpening};

impl Session {
    /// Reads from memory.
    ///
    /// # Errors
    /// [`Reject`] when the session is unknown, the key is wrong or the caller may not read this.
    pub fn read(&self, caller: &Caller, read: &Read) -> Result<Reading, Reject> {
        self.read_with(caller, read, &[])
    }

    /// As [`Session::read`], with older events read from history rows put before those in memory: those that
    /// a [`Reading::NeedsHistory`] named, in order. When they don't reach (events were forgotten meanwhile),
    /// the answer names what is needed now.
    ///
    /// # Errors
    /// As [`Session::read`].
    pub fn read_with(&self, caller: &Caller, read: &Read, history: &[Event]) -> Result<Reading, Reject> {
        let terms = self.state.live()?;
        self.state.identify(terms, caller)?;
        match (read, caller) {
            (Read::Customer { position }, Caller::Customer(_)) => {
                let kind = ViewKind::Customer;
                let from = if *position > kind.of(&self.state.forgotten) || *position == 0 {
                    self.first_seq_in_memory()
                } else {
                    1
                };
                let wanted = |event: &&Event| {
                    *position > 0 && kind.of(&event.index).is_some_and(|index| index >= *position)
                };
                let events = self.events_from(from, history);
                Ok(events.map_or_else(
                    || self.needs(from),
                    |events| {
                        let events = events.filter(wanted).cloned().collect();
                        Reading::View(self.view(kind, *position, events, terms.started_at))
                    },
                ))
            }
            (Read::Whole, Caller::System | Caller::Operator) => Ok(self.whole(1, history, |_| true)),
            (Read::Since { seq }, Caller::System | Caller::Operator) => {
                Ok(self.whole((*seq).max(1), history, |_| true))
            }
            (Read::Since { seq }, Caller::Bot(_)) => {
                let sees = |event: &Event| ViewKind::Agent.of(&event.index).is_some();
                Ok(self.whole((*seq).max(1), history, sees))
            }
            _ => Err(Reject::NotAllowed),
        }
    }

    fn whole(&self, from: u64, history: &[Event], sees: impl Fn(&Event) -> bool) -> Reading {
        self.events_from(from, history).map_or_else(
            || self.needs(from),
            |events| Reading::Events(events.filter(|event| sees(event)).cloned().collect()),
        )
    }

    fn needs(&self, from: u64) -> Reading {
        Reading::NeedsHistory { from, below: self.first_seq_in_memory() }
    }

    /// Events from a `seq` on, history before memory; `None` when some are in neither.
    fn events_from<'a>(&'a self, from: u64, history: &'a [Event]) -> Option<impl Iterator<Item = &'a Event>> {
        let first = self.first_seq_in_memory();
        let older = move |event: &&Event| event.seq >= from && event.seq < first;
        let gapless = history.iter().filter(older).map(|event| event.seq).eq(from..first);
        let memory = self.state.events.iter().filter(move |event| event.seq >= from);
        gapless.then(|| history.iter().filter(older).chain(memory))
    }

    fn view(&self, kind: ViewKind, position: u64, events: Vec<Event>, started_at: Millis) -> View {
        let shown = |index: Option<u64>| position > 0 && index.is_some_and(|index| index >= position);
        let typing = self.volatile.typing.iter().filter(|typing| shown(kind.of(&typing.index)));
        let parties = self.state.parties.values().filter(|party| party.seen_by(kind));
        View {
            kind,
            events,
            typing: typing.cloned().collect(),
            participants: parties.map(|party| party.who.clone()).collect(),
            next_position: self.next_position(kind),
            chat_ended: self.state.ended_for_customer(),
            user_id: self.state.user_id(),
            started_at,
            next_command: self.next_command(),
        }
    }

    fn next_command(&self) -> u64 {
        let kept = self.state.answers.get(&self.state.customer_number()).into_iter().flatten();
        kept.filter_map(|kept| kept.id.number()).max().unwrap_or(0).saturating_add(1)
    }

    /// Its id.
    pub fn id(&self) -> &SessionId {
        &self.id
    }

    /// Whether it was opened.
    pub fn opened(&self) -> bool {
        self.state.terms.is_some()
    }

    /// Whether it has ended (and perhaps still answers reads).
    pub fn ended(&self) -> bool {
        self.state.ended_at.is_some()
    }

    /// Whether its time to answer after the end is over: the host forgets it.
    pub fn retired(&self) -> bool {
        self.state.retired
    }

    /// Whether a customer is in, whose polls count.
    pub fn customer_present(&self) -> bool {
        self.opened() && !self.state.ended_for_customer()
    }

    /// The last durable event's number; 0 before the first.
    pub fn last_seq(&self) -> u64 {
        self.state.last_seq
    }

    /// The first durable event in memory; one past the last when there is none.
    pub fn first_seq_in_memory(&self) -> u64 {
        self.state.events.front().map_or(self.state.last_seq.saturating_add(1), |event| event.seq)
    }

    /// The durable events in memory, in order.
    pub fn events_in_memory(&self) -> impl Iterator<Item = &Event> {
        self.state.events.iter()
    }

    /// One past the last index used in a view.
    pub fn next_position(&self, view: ViewKind) -> u64 {
        view.of(&self.volatile.used).saturating_add(1)
    }

    /// Everybody who ever joined, by number.
    pub fn participants(&self) -> impl Iterator<Item = &Participant> {
        self.state.parties.values().map(|party| &party.who)
    }

    /// The record's opening row; `None` before the start.
    pub fn record_opening(&self) -> Option<RecordOpening> {
        let terms = self.state.terms.as_ref()?;
        let customer = &self.state.customer()?.who;
        Some(RecordOpening {
            session: self.id.clone(),
            service: terms.service.clone(),
            started_at: terms.started_at,
            nickname: customer.nickname.clone(),
            user_id: customer.user_id.clone(),
        })
    }

    /// The record's closing row; `None` before the end.
    pub fn record_closing(&self) -> Option<RecordClosing> {
        let ended_at = self.state.ended_at?;
        let reason = self.state.held_until.unwrap_or(LeaveReason::Ended);
        Some(RecordClosing { ended_at, last_seq: self.state.last_seq, reason })
    }

    /// What is owed, oldest first.
    pub fn owed(&self) -> impl Iterator<Item = (EffectId, &Effect)> {
        self.state.owed.iter().map(|(id, effect)| (*id, effect))
    }

    /// Armed timers and their moments of served time.
    pub fn timers(&self) -> impl Iterator<Item = (TimerId, Millis)> {
        self.state.timers.iter().map(|(id, at)| (*id, *at))
    }
}
