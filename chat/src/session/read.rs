//! What a session tells those who may ask: its views, and what its host needs to drive it.

use super::state::Session;
use crate::channel::Presence;
use crate::command::{Caller, Missing, Read, Reading, Reject};
use crate::entry::Effect;
use crate::event::{Event, LeaveReason, Participant, ViewKind};
use crate::id::{EffectId, Millis, Served, SessionId, TimerId};
use crate::interaction::Interaction;
use crate::rating::Rating;
use crate::record::{RecordClosing, RecordOpening};
use crate::session::state::Started;
use std::ops::Range;

impl Session {
    /// Reads from memory alone; where that does not reach, the answer says which rows of the history to read.
    ///
    /// # Errors
    /// [`Reject`] when the session is unknown, the key is wrong or the caller may not read this.
    pub fn read(&self, caller: &Caller, read: &Read) -> Result<Reading, Reject> {
        self.read_with(caller, read, &[])
    }

    /// As [`Session::read`], with older events read from history rows put before those in memory: those that
    /// a [`Reading::NeedsHistory`] named, in order. When they don't reach (events were forgotten meanwhile),
    /// the answer names what is needed now. Rows that fill a view need not reach: it ends there.
    ///
    /// # Errors
    /// As [`Session::read`].
    pub fn read_with(&self, caller: &Caller, read: &Read, history: &[Event]) -> Result<Reading, Reject> {
        let terms = self.state.live()?;
        let asker = self.state.identify(terms, caller)?;
        match (read, caller) {
            (Read::Customer { position } | Read::Following { position, .. }, Caller::Customer(_))
            | (Read::Agent { position }, Caller::Agent(_)) => {
                Ok(self.read_view(asker, *position, history, terms))
            }
            (Read::Files, Caller::Customer(_) | Caller::Agent(_)) => {
                Ok(Reading::Files(Box::new(self.files_view(asker))))
            }
            (Read::Service, Caller::Customer(_)) => Ok(Reading::Service(terms.service.clone())),
            (Read::Part { from, events_max }, Caller::Operator) => {
                let from = (*from).max(1);
                let range = from..from.saturating_add(u64::from(*events_max));
                Ok(self.part(range, history, |event| Some(self.in_transcript(event))))
            }
            (Read::Since { seq }, Caller::System | Caller::Operator) => {
                Ok(self.part((*seq).max(1)..u64::MAX, history, |event| Some(event.clone())))
            }
            (Read::Since { seq }, Caller::Bot(_)) => {
                let shown = |event: &Event| event.is_for_bots().then(|| self.for_bots(event));
                Ok(self.part((*seq).max(1)..u64::MAX, history, shown))
            }
            _ => Err(Reject::NotAllowed),
        }
    }

    fn part(&self, range: Range<u64>, history: &[Event], shown: impl Fn(&Event) -> Option<Event>) -> Reading {
        self.events_in(range.clone(), history)
            .map_or_else(|| self.needs(range), |events| Reading::Events(events.filter_map(shown).collect()))
    }

    fn needs(&self, range: Range<u64>) -> Reading {
        let below = self.first_seq_in_memory().min(range.end);
        Reading::NeedsHistory(Missing { from: range.start, below, shown: None })
    }

    /// Events of a range of `seq`, history before memory; `None` when some are in neither.
    fn events_in<'a>(
        &'a self,
        range: Range<u64>,
        history: &'a [Event],
    ) -> Option<impl Iterator<Item = &'a Event>> {
        let first = self.first_seq_in_memory().min(range.end);
        let from = range.start;
        let older = move |event: &&Event| event.seq >= from && event.seq < first;
        let gapless = history.iter().filter(older).map(|event| event.seq).eq(from..first);
        let memory = self.state.events.iter().filter(move |event| range.contains(&event.seq));
        gapless.then(|| history.iter().filter(older).chain(memory))
    }

    /// The id that the session was made with, opened or not.
    pub fn id(&self) -> &SessionId {
        &self.id
    }

    /// Whether it was opened.
    pub fn opened(&self) -> bool {
        self.state.started.is_some()
    }

    /// Whether it has ended (and perhaps still answers reads).
    pub fn ended(&self) -> bool {
        self.state.ended_at.is_some()
    }

    /// Whether its time to answer after the end is over: the host forgets it.
    pub fn retired(&self) -> bool {
        self.state.retired
    }

    /// How long, in milliseconds, nothing may be heard of the customer before they are lost; none: they are not in, or
    /// may come and go.
    pub fn lost_after_ms(&self) -> Option<u64> {
        match self.state.terms()?.channel.presence {
            Presence::Calls { lost_after_ms } if !self.state.ended_for_customer() => Some(lost_after_ms),
            Presence::Calls { .. } | Presence::ComesAndGoes => None,
        }
    }

    /// Whether somebody's typing is to end by now: the host then says [`crate::command::Act::TypingOver`].
    pub fn typing_is_over(&self, now: Millis) -> bool {
        self.volatile.typing.silent(now).next().is_some()
    }

    /// Whether the caller is its customer, by what proves it.
    pub fn is_customer(&self, caller: &Caller) -> bool {
        let terms = self.state.terms();
        matches!(caller, Caller::Customer(_))
            && terms.is_some_and(|terms| self.state.identify(terms, caller).is_ok())
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

    /// Its interaction, where it has one.
    pub fn interaction(&self) -> Option<&Interaction> {
        self.state.interaction.as_deref()
    }

    /// Everybody who ever joined, by number.
    pub fn participants(&self) -> impl Iterator<Item = &Participant> {
        self.state.parties.values().map(|party| &party.who)
    }

    /// What the customer says of it, once they have said it.
    pub fn rating(&self) -> Option<&Rating> {
        self.state.rated.as_ref()
    }

    /// The record's opening row; `None` before the start.
    pub fn record_opening(&self) -> Option<RecordOpening> {
        let Started { at, terms } = self.state.started.as_ref()?;
        let customer = &self.state.customer()?.who;
        Some(RecordOpening {
            session: self.id.clone(),
            service: terms.service.clone(),
            started_at: *at,
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
        self.state.ledger.owed()
    }

    /// Armed timers and their moments of served time.
    pub fn timers(&self) -> impl Iterator<Item = (TimerId, Served)> {
        self.state.ledger.timers()
    }
}
