//! Events that are pushed to a customer whose channel nobody reads: which are, how far they have come, and until when
//! more may follow.

use super::draft::{Draft, SYSTEM};
use super::state::{ANSWERS_KEPT, Session, State};
use crate::channel::{Address, Channel, ChannelView, Delivery, Reach, Window, WindowView};
use crate::entry::{Effect, Entry};
use crate::event::{Body, Event, Participant, PerView, Role, Shown, ViewKind, Visibility};
use crate::id::{EffectId, Millis, SessionId};
use crate::opening::Terms;
use crate::rich::Rich;
use crate::routing::ToCorrespondent;
use crate::text::{Text, cut};
use bincode::{Decode, Encode};
use std::collections::BTreeMap;

/// Of how many pushed events it is known how far they have come; of more the oldest is taken for done.
const UNDER_WAY_MAX: usize = 256;

/// What a session remembers of what is pushed. A stored shape.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub(super) struct Pushes {
    answers: Answers,
    /// The events that may come further than they have, by their number.
    under_way: BTreeMap<u64, UnderWay>,
    /// How many events told how far others came.
    deliveries: u64,
}

/// How far an event has come. A stored shape.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
struct UnderWay {
    index: PerView<Option<u64>>,
    delivery: Delivery,
}

/// What of a reply window is used up. A stored shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub(super) struct Answers {
    /// When the customer said something last, by the wall clock.
    heard_at: Option<Millis>,
    /// How many messages they were sent since.
    count: u32,
}

/// What an event is to a channel.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Something for people to read or look at.
    Message,
    /// Who comes and goes, and what is for programs.
    Notice,
    /// That somebody has read.
    Receipt,
    /// Nothing that a channel is told.
    Nothing,
}

impl Class {
    fn of(body: &Body) -> Self {
        match body {
            Body::Message { .. }
            | Body::Masked { notice: false, .. }
            | Body::Rich { .. }
            | Body::RichReply { .. }
            | Body::FileUploaded(_)
            | Body::PushedUrl { .. } => Self::Message,
            #[cfg(feature = "next-version")]
            Body::Cheered { .. } | Body::Worded { .. } => Self::Message,
            Body::NearlyFull { text } | Body::Idle { text, .. } if !text.bytes.is_empty() => Self::Message,
            Body::Joined(_)
            | Body::Left { .. }
            | Body::Renamed { .. }
            | Body::FileDeleted { .. }
            | Body::CustomNotice { .. }
            | Body::Masked { notice: true, .. } => Self::Notice,
            Body::Read { .. } => Self::Receipt,
            Body::Opened(_)
            | Body::Ended
            | Body::Attached { .. }
            | Body::Delivery { .. }
            | Body::NearlyFull { .. }
            | Body::Idle { .. } => Self::Nothing,
        }
    }
}

impl Answers {
    /// Takes an event: what the customer says opens the window anew, what they are sent uses it up.
    pub(super) fn happened(&mut self, event: &Event, customer: u32) {
        if Class::of(&event.body) != Class::Message {
            return;
        }
        if event.by == customer {
            (self.heard_at, self.count) = (Some(event.at), 0);
        } else if ViewKind::Customer.of(&event.index).is_some() {
            self.count = self.count.saturating_add(1);
        }
    }

    fn view(&self, window: &Window) -> WindowView {
        WindowView {
            until: self.heard_at.map(|at| Millis(at.0.saturating_add(window.open_ms))),
            left: (window.answers_max > 0).then(|| window.answers_max.saturating_sub(self.count)),
            after: window.after.clone(),
        }
    }
}

impl WindowView {
    /// Whether something of this type may be sent at this moment.
    pub(super) fn lets_out(&self, now: Millis, message_type: Option<&str>) -> bool {
        let open = self.until.is_some_and(|until| now <= until) && self.left != Some(0);
        open || (self.after.is_some() && self.after.as_deref() == message_type)
    }
}

impl Pushes {
    pub(super) fn answers(&self) -> Answers {
        self.answers
    }

    pub(super) fn deliveries(&self) -> u64 {
        self.deliveries
    }

    /// Takes an event. What comes no further is kept for as long as the push is owed (`owed`), whose answer is then no
    /// news.
    pub(super) fn happened(&mut self, event: &Event, customer: u32, owed: bool) {
        self.answers.happened(event, customer);
        if let Body::Delivery { seq, through, delivery } = &event.body {
            self.deliveries = self.deliveries.saturating_add(1);
            if delivery.is_final() && !owed {
                self.under_way.remove(seq);
                return;
            }
            let (index, delivery) = (*through, delivery.clone());
            self.under_way.insert(*seq, UnderWay { index, delivery });
            if self.under_way.len() > UNDER_WAY_MAX {
                self.under_way.pop_first();
            }
        }
    }

    /// The channel has answered the push of an event.
    pub(super) fn settled(&mut self, seq: u64) {
        if self.under_way.get(&seq).is_some_and(|event| event.delivery.is_final()) {
            self.under_way.remove(&seq);
        }
    }

    /// How far an event has come that may come further, with its index in each view.
    pub(super) fn under_way(&self, seq: u64) -> Option<(PerView<Option<u64>>, &Delivery)> {
        self.under_way.get(&seq).map(|event| (event.index, &event.delivery))
    }
}

/// What becomes of an event at the channel.
pub(super) enum Pushed {
    /// It is given to it.
    Owed {
        /// Agents are told how far it comes.
        reported: bool,
    },
    /// The reply window has closed.
    TooLate,
}

impl State {
    /// The pushes that are owed, with the number of each event, oldest first.
    pub(super) fn owed_pushes(&self) -> impl Iterator<Item = (EffectId, u64)> {
        self.ledger.owed().filter_map(|(id, effect)| match effect {
            Effect::Push { seq, .. } => Some((id, *seq)),
            _ => None,
        })
    }

    pub(super) fn is_owed(&self, seq: u64) -> bool {
        self.owed_pushes().any(|(_, owed)| owed == seq)
    }
}

impl Draft<'_> {
    /// The customer's reply window as it stands in this decision; none: they may always be answered.
    pub(super) fn window(&self) -> Option<WindowView> {
        self.channel.window.as_ref().map(|window| self.answers.view(window))
    }

    /// What becomes of an event, which is about to be added, at the customer's channel: pushed is whatever they see and
    /// did not do themselves, and that they were removed. A message for which the window has closed is not even given
    /// to the channel.
    pub(super) fn pushed(&self, event: &Event) -> Option<Pushed> {
        let Channel { reach: Reach::Pushed, shows, .. } = self.channel else { return None };
        let class = Class::of(&event.body);
        let shown = match class {
            Class::Message => true,
            Class::Notice => shows.notices,
            Class::Receipt => shows.receipts,
            Class::Nothing => false,
        };
        let seen = ViewKind::Customer.of(&event.index).is_some();
        let own = event.by == self.customer_number() && !is_removal(&event.body);
        if !shown || !seen || own || !self.present().any(|party| party.who.role == Role::Customer) {
            return None;
        }
        let message_type = match &event.body {
            Body::Message { message_type, .. } | Body::Masked { message_type, .. } => message_type.as_deref(),
            _ => None,
        };
        let now = self.context.now;
        let lets_out = self.window().is_none_or(|window| window.lets_out(now, message_type));
        let reported = class == Class::Message;
        Some(if reported && !lets_out { Pushed::TooLate } else { Pushed::Owed { reported } })
    }

    /// What the customer's correspondent is told at the end.
    pub(super) fn over(&self) -> ToCorrespondent {
        let state = self.state;
        let kept = state.answers.get(&self.customer_number()).map(|answers| &answers.kept);
        let before = state.start_answer.iter().chain(kept.into_iter().flatten()).map(|kept| &kept.id);
        ToCorrespondent::Over {
            session: self.id.clone(),
            took: before.chain(self.customers_command).cloned().collect(),
            more: kept.is_some_and(|kept| kept.len() >= ANSWERS_KEPT),
        }
    }

    /// With this effect the last may be done that needs originals: the record is final, and all that the customer is to
    /// see was pushed.
    pub(super) fn seal_for_good(&mut self, done: EffectId) {
        let state = self.state;
        let recorded = state.recorded || state.ledger.effect(done) == Some(&Effect::CloseRecord);
        let pushed = state.owed_pushes().all(|(id, _)| id == done);
        if recorded && pushed && state.sealing.is_some() {
            self.push(Entry::Sealing(None));
        }
    }

    /// Tells agents how far a message has come; not after the end, when nothing more happens.
    pub(super) fn delivered(&mut self, seq: u64, through: PerView<Option<u64>>, delivery: Delivery) {
        if !self.ended() {
            self.deliveries = self.deliveries.saturating_add(1);
            self.event(SYSTEM, Visibility::Internal.views(), Body::Delivery { seq, through, delivery });
        }
    }
}

fn is_removal(body: &Body) -> bool {
    matches!(body, Body::Left { reason, .. } if !reason.is_own_choice())
}

/// An event that is to be pushed, with all that its channel needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Push {
    /// Where the customer is.
    pub to: Address,
    /// The session that the event is of.
    pub session: SessionId,
    /// The service that the chat began with.
    pub service: String,
    /// The event, as the channel can show it.
    pub event: Event,
    /// Whoever appears in the customer's view.
    pub participants: Vec<Participant>,
}

impl Push {
    /// The event's id: the same each time that it is pushed.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}-{}", self.session, self.event.seq)
    }

    /// The session and the number of the event that an id is of.
    #[must_use]
    pub fn parse_id(id: &str) -> Option<(SessionId, u64)> {
        let (session, seq) = id.split_once('-')?;
        let (session, seq) = (SessionId::parse(session)?, seq.parse().ok()?);
        (format!("{session}-{seq}") == id).then_some((session, seq))
    }

    /// The event as it is shown; none: it is not for customers.
    #[must_use]
    pub fn shown(&self) -> Option<Shown<'_>> {
        Shown::of(&self.event, ViewKind::Customer, &self.participants)
    }
}

impl Session {
    /// The oldest effect that pushes something.
    #[must_use]
    pub fn oldest_push(&self) -> Option<EffectId> {
        self.state.owed_pushes().next().map(|(id, _)| id)
    }

    /// An event as it is to be pushed; one that is no longer in memory as it was stored.
    #[must_use]
    pub fn push(&self, seq: u64, stored: Option<&Event>) -> Option<Push> {
        let terms = self.state.terms()?;
        let here = self.state.events.iter().rev().find(|event| event.seq == seq);
        let event = here.or(stored.filter(|event| event.seq == seq))?;
        let seen = self.state.parties.values().filter(|party| party.seen_by(ViewKind::Customer));
        Some(Push {
            to: terms.channel.address()?,
            session: self.id.clone(),
            service: terms.service.clone(),
            event: simplified(self.for_channel(event), &terms.channel),
            participants: seen.map(super::state::Party::shown).collect(),
        })
    }

    pub(super) fn channel_view(&self, terms: &Terms) -> ChannelView {
        let Channel { name, shows, window, .. } = &terms.channel;
        let window = window.as_ref().map(|window| self.state.pushes.answers.view(window));
        ChannelView { name: name.clone(), shows: shows.clone(), window }
    }
}

/// A rich message that the channel can't show is its text, and a text of the system's own that is too long is cut: what
/// people and bots say was not let through.
fn simplified(event: Event, channel: &Channel) -> Event {
    let mut event = rich_or_text(event, channel);
    let bytes_max = channel.shows.text_bytes_max;
    match &mut event.body {
        Body::Message { text, .. } | Body::Idle { text, .. } | Body::NearlyFull { text } if bytes_max > 0 => {
            *text = Text::clear(cut(&text.show(), bytes_max));
        }
        _ => {}
    }
    event
}

fn rich_or_text(event: Event, channel: &Channel) -> Event {
    let text = match &event.body {
        Body::Rich { text, content, .. } => {
            let kind = Rich::read(&content.show()).ok().map(|rich| rich.kind());
            let shown = kind.is_some_and(|kind| channel.shows.rich.contains(&kind));
            (!shown).then(|| text.clone())
        }
        _ => None,
    };
    match text {
        Some(text) => Event { body: message(text), ..event },
        None => event,
    }
}

fn message(text: Text) -> Body {
    Body::Message { text, message_type: None }
}
