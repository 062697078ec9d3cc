//! What of a decision operators count: offers, how long customers wait and agents talk, steps of workflows, turns of
//! bots. Derived from what is journaled anyway, so it needs no entries of its own.

use crate::entry::{Effect, Entry, How, InteractionChange, Place, Purpose};
use crate::id::{Millis, QueueName};
use crate::interaction::Interaction;
use crate::session::Session;

/// How an offer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OfferEnd {
    /// The agent took it.
    Accepted,
    /// The agent declined it.
    Rejected,
    /// The agent did not answer in time.
    TimedOut,
    /// The customer left, the agent was lost, or the session was stopped.
    Withdrawn,
}

/// Something that is counted. Durations are by the wall clock, in milliseconds; never negative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// A chat that waited in this queue was offered to an agent.
    Offered(QueueName),
    /// The offer of a chat of this queue ended.
    OfferEnded(QueueName, OfferEnd),
    /// A customer waits no longer for an agent of this queue.
    Waited {
        /// The queue that the chat waited in last.
        queue: QueueName,
        /// How long, offers that nobody took included.
        ms: u64,
        /// Whether an agent came.
        answered: bool,
    },
    /// An agent is done with a chat of this queue.
    Handled {
        /// The queue that the chat came from.
        queue: QueueName,
        /// How long the agent had it.
        ms: u64,
    },
    /// A customer was to wait in this queue, and it was full.
    QueueFull(QueueName),
    /// A workflow came to a step.
    Stepped,
    /// A workflow ran too many steps without waiting, and was ended.
    WorkflowFailed,
    /// A bot was asked for its turn.
    BotAsked,
    /// A bot failed in its turn.
    BotFailed,
    /// A bot was to have a turn and may have no more.
    BotSpent,
    /// A customer rated their chat, with this score.
    Rated(u8),
}

/// What happens to a session with these entries, which it has not applied yet, in order.
#[must_use]
pub fn happenings(session: &Session, entries: &[Entry]) -> Vec<Happening> {
    let mut course = Course::new(session.interaction());
    for entry in entries {
        match entry {
            Entry::Interaction(change) => course.change(change),
            Entry::Owed { effect: Effect::BotTurn { .. }, .. } => course.found.push(Happening::BotAsked),
            Entry::BotSpent => course.found.push(Happening::BotSpent),
            Entry::BotFailed(_) => course.found.push(Happening::BotFailed),
            Entry::Rated(rating) => course.found.push(Happening::Rated(rating.score)),
            _ => {}
        }
    }
    course.found
}

/// An interaction's way through the entries of one decision.
struct Course {
    place: Place,
    entered: Millis,
    /// The time to answer the offer ran out.
    rang_out: bool,
    ending: Option<OfferEnd>,
    found: Vec<Happening>,
}

impl Course {
    fn new(interaction: Option<&Interaction>) -> Self {
        Self {
            place: interaction.map_or(Place::Workflow, |interaction| interaction.place().clone()),
            entered: interaction.map(Interaction::entered).unwrap_or_default(),
            rang_out: false,
            ending: None,
            found: Vec::new(),
        }
    }

    fn change(&mut self, change: &InteractionChange) {
        match change {
            // A timer that went off is gone before its offer is declined; one that is not needed any more, after.
            InteractionChange::Timer { purpose: Purpose::Offer, id: None } => self.rang_out = true,
            InteractionChange::Declined { .. } => {
                self.ending = Some(if self.rang_out { OfferEnd::TimedOut } else { OfferEnd::Rejected });
            }
            InteractionChange::Stepped(Some(_)) => self.found.push(Happening::Stepped),
            InteractionChange::Refused => {
                if let Place::Queue(queue) = &self.place {
                    self.found.push(Happening::QueueFull(queue.clone()));
                }
            }
            InteractionChange::Moved { place, at, .. } => self.moved(place, *at),
            _ => {}
        }
    }

    fn moved(&mut self, to: &Place, at: Millis) {
        let from = std::mem::replace(&mut self.place, to.clone());
        let ms = u64::try_from(at.0.saturating_sub(self.entered.0)).unwrap_or(0);
        let answered = matches!(to, Place::Agent { .. });
        if !(from.waits() && to.waits()) {
            self.entered = at;
        }
        match from {
            Place::Queue(queue) => match to {
                Place::Offer { .. } => self.found.push(Happening::Offered(queue)),
                to if !to.waits() => self.found.push(Happening::Waited { queue, ms, answered }),
                _ => {}
            },
            Place::Offer { queue, .. } => {
                let ending = self.ending.take().unwrap_or(OfferEnd::Withdrawn);
                let ending = if answered { OfferEnd::Accepted } else { ending };
                self.found.push(Happening::OfferEnded(queue.clone(), ending));
                if !to.waits() {
                    self.found.push(Happening::Waited { queue, ms, answered });
                }
            }
            Place::Agent { queue, .. } => self.found.push(Happening::Handled { queue, ms }),
            Place::Workflow | Place::Done(_) => {}
        }
        if *to == Place::Done(How::Failed) {
            self.found.push(Happening::WorkflowFailed);
        }
    }
}
