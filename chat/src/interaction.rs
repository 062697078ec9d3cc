//! The interaction: the work item made with each session of a service that has a workflow. It runs the workflow, knows
//! the attached data, and alone decides where it is: with its workflow, in a queue, offered to an agent, with an agent,
//! or done. It outlives its session by what the workflow does after the end.
//!
//! One id, one host and one frame with the session: the session's machine lets it act by `SessionActions`, within the
//! decision that it makes anyway. Each change goes through `Interaction::apply`, live as in replay.

mod claims;
mod run;
mod snapshot;

pub use snapshot::InteractionV1;

use crate::entry::{Begun, How, InteractionChange, Place, Purpose};
use crate::id::{AgentName, EntityId, Millis, Served, SessionId, TimerId};
use crate::routing::{Message, Ticket};
use crate::text::Text;
use crate::workflow::{Bot, Program, Step, StepNo};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Most attached data that a ticket carries.
const TICKET_KEYS_MAX: usize = 64;
/// So much of their values it carries whole, in bytes. It is kept in a queue with all others that wait.
const TICKET_DATA_BYTES: usize = 8 * 1024;
/// What does not fit there is cut to so many bytes.
const TICKET_VALUE_BYTES_MAX: usize = 256;
/// What stands for what was cut.
const ELLIPSIS: char = '…';

/// The machine of one interaction: its place, its workflow's step and its timers.
#[derive(Debug, Clone, PartialEq)]
pub struct Interaction {
    begun: Begun,
    attempt: u64,
    place: Place,
    step: Option<StepNo>,
    since: Option<Millis>,
    entered: Millis,
    declined: BTreeMap<AgentName, Served>,
    timers: BTreeMap<Purpose, TimerId>,
    overdue: bool,
    comforted: u32,
    offline: Option<How>,
    /// Steps whose queue was full.
    refused: BTreeSet<StepNo>,
}

/// What an interaction can do to its session and beyond, while a decision is made.
pub(crate) trait SessionActions {
    /// The session's id, which is the interaction's too.
    fn id(&self) -> SessionId;
    /// The wall clock, fixed for the whole decision.
    fn now(&self) -> Millis;
    /// The clock of deadlines.
    fn served(&self) -> Served;
    /// Journals a change that has been applied here.
    fn journal(&mut self, change: InteractionChange);
    /// Keeps attached data as an event of the session, in place of what was there under the key.
    fn attach(&mut self, key: &str, value: &Text);
    /// Says something in the chat under a nickname.
    fn say(&mut self, nickname: &str, text: &str);
    /// Lets a bot in.
    fn invite(&mut self, bot: &Bot);
    /// Whether no bot may come, as the chat's bots had as many turns as they may; counts that, too.
    fn no_bots(&mut self) -> bool;
    /// The customer was asked something.
    fn asked(&mut self);
    /// Whether the customer may be asked no more; counts that, too.
    fn no_questions(&mut self) -> bool;
    /// Lets an agent in.
    fn let_in(&mut self, agent: &AgentName, nickname: &str);
    /// Takes a lost agent out; the session ends with the last who holds it.
    fn take_out(&mut self, agent: &AgentName);
    /// Ends the session: all who hold it are removed.
    fn end(&mut self);
    /// Whether the session has ended.
    fn ended(&self) -> bool;
    /// The record is complete.
    fn close_record(&mut self);
    /// Owes another entity a message.
    fn tell(&mut self, to: EntityId, message: Message);
    /// Arms a timer for a span of served time from now.
    fn arm(&mut self, span_ms: i64) -> TimerId;
    /// Disarms a timer that may not have fired yet.
    fn disarm(&mut self, timer: TimerId);
}

impl Interaction {
    /// One that begins; to be followed by its first step.
    pub(crate) fn new(begun: Begun) -> Self {
        Self {
            begun,
            attempt: 0,
            place: Place::Workflow,
            step: None,
            since: None,
            entered: Millis::default(),
            declined: BTreeMap::new(),
            timers: BTreeMap::new(),
            overdue: false,
            comforted: 0,
            offline: None,
            refused: BTreeSet::new(),
        }
    }

    /// Changes the state as a journaled change says.
    pub(crate) fn apply(&mut self, change: &InteractionChange) {
        match change {
            InteractionChange::Begun(begun) => *self = Self::new((**begun).clone()),
            InteractionChange::Stepped(step) => {
                self.step = *step;
                self.overdue = false;
                self.comforted = 0;
            }
            InteractionChange::Moved { attempt, place, at } => {
                self.attempt = self.attempt.max(*attempt);
                if !(self.place.waits() && place.waits()) {
                    self.entered = *at;
                }
                self.place = place.clone();
                match place {
                    Place::Queue(_) => {
                        self.since.get_or_insert(*at);
                    }
                    Place::Agent { .. } => self.overdue = false,
                    Place::Workflow | Place::Offer { .. } | Place::Done(_) => {}
                }
            }
            InteractionChange::Declined { agent, not_before } => {
                self.declined.insert(agent.clone(), *not_before);
            }
            InteractionChange::Timer { purpose, id: Some(id) } => {
                self.timers.insert(*purpose, *id);
            }
            InteractionChange::Timer { purpose, id: None } => {
                self.timers.remove(purpose);
            }
            InteractionChange::Overdue => self.overdue = true,
            InteractionChange::Comforted => self.comforted = self.comforted.saturating_add(1),
            InteractionChange::Offline(how) => self.offline = Some(*how),
            InteractionChange::Refused => self.refused.extend(self.step),
        }
    }

    /// Takes what an event attached to the session, so that texts and agents know it.
    pub(crate) fn attached(&mut self, key: &str, value: &Text) {
        self.begun.data.insert(key.to_owned(), value.clone());
    }

    /// The customer has another nickname.
    pub(crate) fn renamed(&mut self, nickname: &Text) {
        self.begun.nickname = nickname.clone();
    }

    /// The workflow it began with, whatever the configuration says now.
    pub fn program(&self) -> &Program {
        &self.begun.program
    }

    /// Where it is now: the authority that queues and agents ask.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Since when it waits for an agent, or is with one, by the wall clock.
    pub fn entered(&self) -> Millis {
        self.entered
    }

    /// How often it moved.
    pub fn attempt(&self) -> u64 {
        self.attempt
    }

    /// The workflow's step; none: it rests.
    pub fn step(&self) -> Option<&Step> {
        self.begun.program.step(self.step?)
    }

    /// Whether its session has ended.
    pub fn offline(&self) -> bool {
        self.offline.is_some()
    }

    /// Whether nothing is left to do.
    pub fn done(&self) -> bool {
        matches!(self.place, Place::Done(_))
    }

    /// Attached data as they are now.
    pub fn data(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.begun.data.iter().map(|(key, value)| (key.as_str(), value.show()))
    }

    /// What the timer is for, if it is one of its own.
    pub(crate) fn purpose(&self, timer: TimerId) -> Option<Purpose> {
        self.timers.iter().find(|(_, id)| **id == timer).map(|(purpose, _)| *purpose)
    }

    /// What a text may name in braces.
    fn known(&self, name: &str) -> Option<Cow<'_, str>> {
        match name {
            "service" => Some(Cow::Borrowed(self.begun.service.as_str())),
            "nickname" => Some(self.begun.nickname.show()),
            "subject" => Some(self.begun.subject.show()),
            key => self.begun.data.get(key).map(Text::show),
        }
    }

    fn ticket(&self, priority: i32, session: &dyn SessionActions) -> Ticket {
        let declined = self.declined.iter().filter(|(_, until)| **until > session.served());
        let (mut data, mut left_out, mut room) = (BTreeMap::new(), 0_u32, TICKET_DATA_BYTES);
        for (at, (key, value)) in self.data().enumerate() {
            let whole = value.len() <= TICKET_VALUE_BYTES_MAX || value.len() <= room;
            if at >= TICKET_KEYS_MAX || !whole {
                left_out = left_out.saturating_add(1);
            }
            if at < TICKET_KEYS_MAX {
                let value = if whole { value.into_owned() } else { shortened(&value) };
                room = room.saturating_sub(value.len());
                data.insert(key.to_owned(), value);
            }
        }
        Ticket {
            priority,
            since: self.since.unwrap_or(session.now()),
            nickname: self.begun.nickname.show().into_owned(),
            subject: self.begun.subject.show().into_owned(),
            data,
            left_out,
            verified: self.begun.verified,
            declined: declined.map(|(agent, until)| (agent.clone(), *until)).collect(),
        }
    }
}

fn cut(text: &str, bytes_max: usize) -> String {
    crate::text::cut(text, u32::try_from(bytes_max).unwrap_or(u32::MAX)).to_owned()
}

/// As much of a value that is too long as a ticket carries with the sign that there is more.
fn shortened(value: &str) -> String {
    format!("{}{ELLIPSIS}", cut(value, TICKET_VALUE_BYTES_MAX.saturating_sub(ELLIPSIS.len_utf8())))
}
