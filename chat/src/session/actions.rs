//! What the interaction does to its session, within the session's own decision.

use super::draft::{Draft, SYSTEM};
use crate::entry::{Effect, Entry, InteractionChange};
use crate::event::{Body, LeaveReason, PerView, Role, Visibility};
use crate::id::{AgentName, EntityId, Millis, Served, SessionId, TimerId};
use crate::interaction::SessionActions;
use crate::routing::Message;
use crate::text::{Text, cut};
use crate::workflow::Bot;

impl SessionActions for Draft<'_> {
    fn id(&self) -> SessionId {
        self.id.clone()
    }

    fn now(&self) -> Millis {
        self.context.now
    }

    fn served(&self) -> Served {
        self.context.served
    }

    fn journal(&mut self, change: InteractionChange) {
        self.push(Entry::Interaction(change));
    }

    fn attach(&mut self, key: &str, value: &Text) {
        let body = Body::Attached { key: key.to_owned(), value: value.clone() };
        self.event(SYSTEM, PerView::all(false), body);
    }

    /// The workflow joins with the first thing that it says. As a bot's, its texts are cut to a message's length, and
    /// dropped where not even the room that a full session keeps for it is left.
    fn say(&mut self, nickname: &str, text: &str) {
        let text = cut(text, self.text_bytes_max());
        if self.ended() || self.full_for_workflow() || text.is_empty() {
            return;
        }
        let inside = self.present().find(|party| party.who.role == Role::Workflow);
        let number = inside.map(|party| party.who.number);
        let number = number.unwrap_or_else(|| self.join(Role::Workflow, Visibility::All, nickname).0);
        // The operator's own words, from their workflow.
        self.speak(number, Body::Message { text: Text::clear(text), message_type: None });
    }

    /// It greets, then answers what was asked before it came.
    fn invite(&mut self, bot: &Bot) {
        let (_, seq) = self.join(Role::Bot(bot.name.clone()), Visibility::All, &bot.nickname);
        self.owe_turn(&bot.name, seq);
        if let Some(seq) = self.question.take() {
            self.owe_turn(&bot.name, seq);
        }
    }

    fn no_bots(&mut self) -> bool {
        let none = self.no_turns();
        if none {
            self.push(Entry::BotSpent);
        }
        none
    }

    fn asked(&mut self) {
        self.turns.questions.took(self.at);
    }

    /// A full chat is no reason: it keeps room for what leads to its end.
    fn no_questions(&mut self) -> bool {
        let none = self.turns.questions.over(self.limits, self.at);
        if none {
            self.push(Entry::BotSpent);
        }
        none
    }

    fn let_in(&mut self, agent: &AgentName, nickname: &str) {
        self.join(Role::Agent(agent.clone()), Visibility::All, nickname);
    }

    fn take_out(&mut self, agent: &AgentName) {
        let is_theirs = |role: &Role| matches!(role, Role::Agent(name) if name == agent);
        let found = self.present().find(|party| is_theirs(&party.who.role)).map(|party| party.who.number);
        if let Some(number) = found {
            self.leave(number, LeaveReason::Inactive, None);
            self.end_if_empty();
        }
    }

    fn end(&mut self) {
        self.end_all(LeaveReason::Ended, SYSTEM);
    }

    fn ended(&self) -> bool {
        Draft::ended(self)
    }

    fn close_record(&mut self) {
        Draft::close_record(self);
    }

    fn tell(&mut self, to: EntityId, message: Message) {
        self.owe(Effect::Message { to, message });
    }

    fn arm(&mut self, span_ms: i64) -> TimerId {
        Draft::arm(self, span_ms)
    }

    fn disarm(&mut self, timer: TimerId) {
        self.push(Entry::Disarmed(timer));
    }
}
