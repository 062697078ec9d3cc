//! What a customer or agent sees of a session.

use super::draft::Asker;
use super::state::{Party, Session};
use crate::command::{Missing, Reading, View};
use crate::entry::Place;
use crate::event::{Event, Typing, ViewKind};
use crate::id::QueueName;
use crate::opening::Terms;

/// About the most bytes of events in one view; one event at least is in it, however large. A view that is cut goes on
/// at its next position.
pub const VIEW_BYTES_MAX: usize = 1_048_576;

impl Session {
    /// The view from a position on, as far as it fits one reading.
    pub(super) fn read_view(&self, asker: Asker, position: u64, history: &[Event], terms: &Terms) -> Reading {
        let (kind, first) = (asker.view, self.first_seq_in_memory());
        let until = self.seen_until(asker);
        let in_memory = position == 0 || position > kind.of(&self.state.forgotten);
        let older = if in_memory { &[] } else { history };
        let gapless = older.windows(2).all(|pair| pair[0].seq.saturating_add(1) == pair[1].seq);
        // The first row that is not there, when there are rows.
        let end = older.last().map(|event| event.seq.saturating_add(1));
        let reaches = |seq: u64| in_memory || end.is_some_and(|end| end >= seq);
        let newer = self.state.events.iter().filter(|event| reaches(first) && event.seq >= end.unwrap_or(0));
        let shown = |event: &&Event| {
            position > 0 && event.seq <= until && kind.of(&event.index).is_some_and(|index| index >= position)
        };
        let (mut events, mut bytes, mut fits) = (Vec::new(), 0_usize, true);
        for event in older.iter().chain(newer).filter(shown) {
            let event = self.in_clear(event);
            bytes = bytes.saturating_add(event.bytes());
            fits = events.is_empty() || bytes <= VIEW_BYTES_MAX;
            if !fits {
                break;
            }
            events.push(event);
        }
        let whole = fits && (reaches(first) || reaches(until.saturating_add(1)));
        // Rows may end where they fill a view, and else nowhere: what was in memory may have been forgotten meanwhile.
        let filled = || older.iter().map(Event::bytes).sum::<usize>() >= VIEW_BYTES_MAX;
        let cut_rightly = !events.is_empty() && (!fits || filled());
        if !gapless || !(whole || cut_rightly) {
            let shown = Some((kind, position));
            return Reading::NeedsHistory(Missing { from: 1, below: first, shown });
        }
        let view = self.view(asker, position, events, terms);
        Reading::View(if whole { view } else { cut(view) })
    }

    fn view(&self, asker: Asker, position: u64, events: Vec<Event>, terms: &Terms) -> View {
        let kind = asker.view;
        let parties = self.state.parties.values().filter(|party| party.seen_by(kind));
        View {
            kind,
            events,
            typing: self.typing_for(asker, position),
            participants: parties.map(Party::shown).collect(),
            next_position: self.next_position(kind),
            chat_ended: !self.state.is_in(asker.by),
            user_id: self.state.user_id(asker.by),
            started_at: self.state.started.as_ref().map_or(self.state.last_at, |started| started.at),
            next_command: self.state.next_number(asker.keeper),
            channel: (kind != ViewKind::Customer).then(|| Box::new(self.channel_view(terms))),
            waits: self.waits().filter(|_| kind == ViewKind::Customer).cloned(),
        }
    }

    /// The queue in which the customer waits, or from which they are offered to an agent.
    fn waits(&self) -> Option<&QueueName> {
        let interaction = self.state.interaction.as_ref().filter(|_| !self.state.ended_for_customer())?;
        match interaction.place() {
            Place::Queue(queue) | Place::Offer { queue, .. } => Some(queue),
            Place::Workflow | Place::Agent { .. } | Place::Done(_) => None,
        }
    }

    /// The last event that a reader sees: an agent nothing after they left. (What becomes of the chat is then no longer
    /// their business, where a customer sees all to the end.)
    pub(super) fn seen_until(&self, asker: Asker) -> u64 {
        let gone = self.state.parties.get(&asker.by).and_then(|party| party.gone);
        gone.filter(|_| asker.view == ViewKind::Agent).map_or(u64::MAX, |gone| gone.seq)
    }

    /// Typing as a reader sees it: customers see that others type, not what.
    fn typing_for(&self, asker: Asker, position: u64) -> Vec<Typing> {
        if self.seen_until(asker) != u64::MAX {
            return Vec::new();
        }
        let mut typing: Vec<Typing> =
            self.volatile.typing.shown_from(asker.view, position).cloned().collect();
        if asker.view == ViewKind::Customer {
            for other in typing.iter_mut().filter(|typing| typing.by != asker.by) {
                other.preview = None;
            }
        }
        typing
    }
}

/// A view whose reader has more to read: what comes after its last event, typing and the end among it, is told then.
fn cut(view: View) -> View {
    let last = view.events.last().and_then(|event| view.kind.of(&event.index));
    let next_position = last.map_or(view.next_position, |last| last.saturating_add(1));
    View { typing: Vec::new(), chat_ended: false, next_position, ..view }
}
