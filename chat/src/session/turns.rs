//! How many turns the bots of a chat have had, how often its workflow has asked, and how many of either are left:
//! whoever answers each of their words would keep them talking until the chat is full.

use super::draft::Draft;
use crate::entry::{Effect, Entry};
use crate::event::{Body, Event, LeaveReason, PerView, Role};
use crate::id::{BotName, Millis};
use crate::opening::Limits;
use crate::text::Text;
use bincode::{Decode, Encode};

/// How many events a full session still has room for: what its workflow says, and the answers to what it asks.
const WORKFLOW_ROOM: u64 = 64;

/// The span in which turns are counted together, in milliseconds.
const SPAN_MS: u64 = 60_000;

/// What a session remembers of these turns and of its room. A stored shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub(super) struct Turns {
    /// Turns that bots owed.
    pub(super) bots: Taken,
    /// Questions of the workflow.
    pub(super) questions: Taken,
    /// Whether everybody was told that the chat is nearly full.
    warned: bool,
}

/// How many there were, in all and in the present span. A stored shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub(super) struct Taken {
    all: u32,
    since: Millis,
    lately: u32,
}

impl Turns {
    /// Takes an event: is it the notice?
    pub(super) fn happened(&mut self, event: &Event) {
        self.warned |= matches!(event.body, Body::NearlyFull { .. });
    }
}

impl Taken {
    /// One more, at this moment.
    pub(super) fn took(&mut self, at: Millis) {
        if at.0.abs_diff(self.since.0) >= SPAN_MS {
            (self.since, self.lately) = (at, 0);
        }
        self.all = self.all.saturating_add(1);
        self.lately = self.lately.saturating_add(1);
    }

    /// Whether there were as many as may be.
    pub(super) fn over(&self, limits: &Limits, at: Millis) -> bool {
        let talk = &limits.talk;
        let lately = if at.0.abs_diff(self.since.0) < SPAN_MS { self.lately } else { 0 };
        let reached = |count: u32, most: u32| most > 0 && count >= most;
        reached(self.all, talk.bot_turns_max) || reached(lately, talk.bot_turns_per_minute)
    }
}

impl Limits {
    /// The events that are kept for people when bots have used up the rest.
    fn kept_for_people(&self) -> u64 {
        u64::from(self.events_max / 10)
    }

    /// How many events before the end everybody is told.
    fn warned_before(&self) -> u64 {
        u64::from(self.events_max / 20).max(1)
    }
}

impl Draft<'_> {
    /// How many events are left until the session is full.
    pub(super) fn left(&self) -> u64 {
        u64::from(self.limits.events_max).saturating_sub(self.counted())
    }

    /// Whether the session takes no more messages.
    pub(super) fn full(&self) -> bool {
        self.left() == 0
    }

    /// Whether not even the workflow may say or ask more.
    pub(super) fn full_for_workflow(&self) -> bool {
        self.counted() >= u64::from(self.limits.events_max).saturating_add(WORKFLOW_ROOM)
    }

    /// Whether no bot may have another turn: they had as many as they may, or what is left is for people.
    pub(super) fn no_turns(&self) -> bool {
        self.turns.bots.over(self.limits, self.at) || self.left() <= self.limits.kept_for_people()
    }

    /// The bot has something to answer; one that may have no more turns is to be taken out instead.
    pub(super) fn asks_bot(&mut self, bot: &BotName, seq: u64) {
        if self.no_turns() {
            self.bots_out = true;
        } else {
            self.owe_turn(bot, seq);
        }
    }

    /// Owes a turn, whatever is left.
    pub(super) fn owe_turn(&mut self, bot: &BotName, seq: u64) {
        self.turns.bots.took(self.at);
        self.owe(Effect::BotTurn { bot: bot.clone(), seq });
    }

    /// Takes out the bots that may have no more turns; the workflow goes on as when a bot asks for a person.
    pub(super) fn bots_make_room(&mut self) {
        if self.ended() || !(self.bots_out || self.left() <= self.limits.kept_for_people()) {
            return;
        }
        let bots = self.present().filter(|party| matches!(party.who.role, Role::Bot(_)));
        let bots: Vec<u32> = bots.map(|party| party.who.number).collect();
        for number in bots {
            self.push(Entry::BotSpent);
            self.bot_leaves(number, LeaveReason::Removed, true);
        }
    }

    /// Tells everybody, once and before what somebody says, that there is room for little more; not with the last
    /// answer that a customer may be given.
    pub(super) fn note_nearly_full(&mut self) {
        if self.window().is_some_and(|window| window.left == Some(1)) {
            return;
        }
        let text = &self.limits.talk.nearly_full_text;
        if !text.is_empty() && !self.turns.warned && self.left() <= self.limits.warned_before() {
            self.turns.warned = true;
            let text = Text::clear(text);
            self.event(super::draft::SYSTEM, PerView::all(true), Body::NearlyFull { text });
        }
    }
}
