//! What comes back from outside of the session: a bot's answer, work that is done, a timer's moment.

use super::super::event::LeaveReason;
use super::Case;
use super::talking::cut;
use crate::command::Reject;
use crate::entity::Decision;
use crate::entry::{Effect, Entry};
use crate::id::{BotName, EffectId, TimerId};

/// Most texts that a bot posts in one turn; the rest is dropped.
const BOT_TEXTS_MAX: usize = 8;
/// When an ended session that still owes something looks again whether it may be forgotten.
const RETIRE_AGAIN_MS: i64 = 10_000;

/// A bot's turn, settled exactly once: what is no longer owed was answered before, or nobody waits for it.
/// Texts are cut to a message's length, and dropped where the session is full.
pub(super) fn bot_reply(
    mut case: Case<'_>,
    name: &BotName,
    effect: EffectId,
    texts: &[String],
    leave: bool,
) -> Result<Decision, Reject> {
    let state = case.draft.state;
    match state.owed.get(&effect) {
        None => return case.done(),
        Some(Effect::BotTurn { bot, .. }) if bot == name => {}
        Some(_) => return Err(Reject::NotAllowed),
    }
    if state.parties.get(&case.by).is_some_and(|party| party.present()) {
        for text in texts.iter().filter(|text| !text.is_empty()).take(BOT_TEXTS_MAX) {
            let text = cut(text, case.limits.message_bytes_max);
            if !text.is_empty() && case.draft.last_seq() < u64::from(case.limits.events_max) {
                case.draft.message(case.by, text, None);
            }
        }
        if leave {
            case.draft.leave(case.by, LeaveReason::Left, None);
            case.draft.end_if_empty();
        }
    }
    case.draft.settle(effect);
    case.done()
}

/// Work that is done. Harmless when it isn't owed.
pub(super) fn settle(mut case: Case<'_>, effect: EffectId) -> Result<Decision, Reject> {
    case.draft.settle(effect);
    case.done()
}

/// A timer's moment; ignored when it isn't armed. The only one there is ends the lingering of an ended
/// session, which stays for as long as it owes anything.
pub(super) fn fire(mut case: Case<'_>, timer: TimerId) -> Result<Decision, Reject> {
    let state = case.draft.state;
    if !state.timers.contains_key(&timer) {
        return case.done();
    }
    case.draft.push(Entry::Disarmed(timer));
    if state.ended_at.is_some() {
        if state.owed.is_empty() {
            case.draft.push(Entry::Retired);
        } else {
            case.draft.arm(RETIRE_AGAIN_MS);
        }
    }
    case.done()
}
