//! Inactivity control: a warning, perhaps a second one, then the session is closed.
//!
//! It watches while the customer is in with somebody who could answer them (an agent or a bot): nobody is closed for
//! waiting in a queue. Activity does not move the timer, which would cost an entry with each message: when the timer
//! comes, it is seen what has happened since, and it is set again for what is left.

use super::draft::{Draft, SYSTEM};
use crate::channel::Presence;
use crate::entry::{Entry, IdleChange};
use crate::event::{Body, Event, IdleStage, LeaveReason, PerView, Role};
use crate::id::{Millis, TimerId};
use crate::interaction::SessionActions;
use crate::opening::{IdleTerms, IdleTexts};
use crate::text::Text;
use bincode::{Decode, Encode};

/// What a session remembers for inactivity control. A stored shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub(super) struct Watch {
    /// The timer, and the stage that comes with it.
    timer: Option<(TimerId, IdleStage)>,
    /// When something that counts happened last, by the wall clock.
    last_at: Millis,
    /// When the last warning was given, by the wall clock.
    warned_at: Option<Millis>,
    /// How far the clock of deadlines was behind the wall clock then.
    behind_ms: i64,
}

impl Watch {
    pub(super) fn apply(&mut self, change: IdleChange) {
        match change {
            IdleChange::Watched(timer) => self.timer = timer,
            IdleChange::Behind(ms) => self.behind_ms = ms,
        }
    }

    /// Takes an event: does it count?
    pub(super) fn happened(&mut self, event: &Event, terms: Option<&IdleTerms>) {
        let Some(terms) = terms else { return };
        match &event.body {
            Body::Idle { .. } => self.warned_at = Some(event.at),
            body if counts(body, terms) => self.last_at = event.at,
            _ => {}
        }
    }

    pub(super) fn is(&self, timer: TimerId) -> bool {
        self.timer.is_some_and(|(id, _)| id == timer)
    }
}

fn counts(body: &Body, terms: &IdleTerms) -> bool {
    match body {
        Body::Message { .. }
        | Body::Rich { .. }
        | Body::RichReply { .. }
        | Body::Joined(_)
        | Body::Left { .. }
        | Body::FileUploaded(_) => true,
        Body::Masked { notice, .. } => !notice || terms.counts.notices(),
        Body::PushedUrl { .. }
        | Body::CustomNotice { .. }
        | Body::Renamed { .. }
        | Body::FileDeleted { .. } => terms.counts.notices(),
        Body::Opened(_)
        | Body::Ended
        | Body::Attached { .. }
        | Body::Read { .. }
        | Body::NearlyFull { .. }
        | Body::Idle { .. }
        | Body::Delivery { .. } => false,
        #[cfg(feature = "next-version")]
        Body::Cheered { .. } | Body::Worded { .. } => true,
    }
}

impl Draft<'_> {
    /// Begins to watch where there is reason to and nothing watches yet; ends it with the session.
    pub(super) fn watch_idle(&mut self) {
        let Some(terms) = self.idle else { return };
        match self.state.idle.timer {
            Some((id, _)) if self.ended() && !self.idle_fired => {
                self.push(Entry::Disarmed(id));
                self.push(Entry::Idle(IdleChange::Watched(None)));
            }
            _ if self.ended() => return,
            None if self.has_company() => self.watch_for(terms.alert_ms, IdleStage::Alert),
            _ => {}
        }
        if self.spoke {
            self.note_behind();
        }
    }

    /// Notes how far the clock of deadlines is behind, when that has changed.
    fn note_behind(&mut self) {
        let behind = self.behind_ms();
        if behind != self.state.idle.behind_ms {
            self.push(Entry::Idle(IdleChange::Behind(behind)));
        }
    }

    fn behind_ms(&self) -> i64 {
        self.context.now.0.saturating_sub(self.context.served.0)
    }

    /// Whether the customer is in with somebody who could answer.
    fn has_company(&self) -> bool {
        let is = |wanted: fn(&Role) -> bool| self.present().any(|party| wanted(&party.who.role));
        is(|role| *role == Role::Customer) && is(|role| matches!(role, Role::Agent(_) | Role::Bot(_)))
    }

    fn watch_for(&mut self, span_ms: i64, stage: IdleStage) {
        let timer = Draft::arm(self, span_ms);
        self.push(Entry::Idle(IdleChange::Watched(Some((timer, stage)))));
    }

    /// The watch's moment has come (its timer is disarmed already): warns, closes, or goes on watching.
    pub(super) fn idle_fires(&mut self) {
        let watch = self.state.idle;
        let (Some(terms), Some((_, stage))) = (self.idle, watch.timer) else { return };
        self.idle_fired = true;
        if self.ended() || !self.has_company() {
            self.push(Entry::Idle(IdleChange::Watched(None)));
            return;
        }
        let typed_at = self.typed_at.filter(|at| terms.counts.typing() && *at > watch.last_at);
        let behind_ms = if typed_at.is_some() { self.behind_ms() } else { watch.behind_ms };
        let last_at = typed_at.unwrap_or(watch.last_at);
        let warned_at = watch.warned_at.filter(|warned| *warned >= last_at);
        // Something happened since the warning: all begins anew.
        let (stage, since, span_ms) = match (stage, warned_at) {
            (IdleStage::Alert, _) | (_, None) => (IdleStage::Alert, last_at, terms.alert_ms),
            (IdleStage::SecondAlert, Some(warned)) => (stage, warned, terms.second_alert_ms),
            (IdleStage::Close, Some(warned)) => (stage, warned, terms.close_ms),
        };
        let silent_ms = self.context.served.0.saturating_sub(since.0.saturating_sub(behind_ms));
        if silent_ms < span_ms {
            self.watch_for(span_ms.saturating_sub(silent_ms), stage);
            return;
        }
        let IdleTexts { alert, second_alert, close } = &terms.texts;
        match stage {
            IdleStage::Alert if terms.second_alert_ms > 0 => {
                self.warn(stage, alert);
                self.watch_for(terms.second_alert_ms, IdleStage::SecondAlert);
            }
            IdleStage::Alert | IdleStage::SecondAlert => {
                self.warn(stage, if stage == IdleStage::Alert { alert } else { second_alert });
                self.watch_for(terms.close_ms, IdleStage::Close);
            }
            IdleStage::Close => {
                self.warn(stage, close);
                self.push(Entry::Idle(IdleChange::Watched(None)));
                self.end_all(LeaveReason::Idle, SYSTEM);
                self.interacts(|interaction, draft| interaction.customer_left(draft));
            }
        }
    }

    fn warn(&mut self, stage: IdleStage, text: &str) {
        self.note_behind();
        self.event(SYSTEM, PerView::all(true), Body::Idle { stage, text: Text::clear(text) });
        if self.channel.presence == Presence::ComesAndGoes && stage != IdleStage::Close {
            self.attach("GCTI_Chat_AsyncStatus", &Text::clear("3"));
        }
    }
}
