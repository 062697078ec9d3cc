//! What comes back from outside of the session: a bot's answer, work that is done, a timer's moment.

use super::super::draft::{Draft, SYSTEM};
use super::Case;
use crate::command::Reject;
use crate::decision::Decision;
use crate::entry::{Effect, Entry};
use crate::event::LeaveReason;
use crate::id::{BotName, EffectId, TimerId};
use crate::rich::Rich;
use crate::text::cut;

/// Most texts that a bot posts in one turn; the rest is dropped.
const BOT_TEXTS_MAX: usize = 8;
/// A bot that fails so often in a row is taken out.
const BOT_FAILURES_MAX: u32 = 3;
/// When an ended session that still owes something looks again whether it may be forgotten.
const RETIRE_AGAIN_MS: i64 = 10_000;

/// What a bot says in its turn.
pub(super) struct Says<'a> {
    pub(super) texts: &'a [String],
    pub(super) rich: Option<&'a str>,
    pub(super) leave: bool,
    pub(super) handover: bool,
}

/// A bot's turn, settled exactly once: what is no longer owed was answered before, or nobody waits for it.
/// Texts are cut to a message's length, and dropped where the session is full.
pub(super) fn bot_reply(
    mut case: Case<'_>,
    name: &BotName,
    effect: EffectId,
    says: &Says<'_>,
) -> Result<Decision, Reject> {
    let (state, by) = (case.draft.state, case.asker.by);
    match state.ledger.effect(effect) {
        None => return case.done(),
        Some(Effect::BotTurn { bot, .. }) if bot == name => {}
        Some(_) => return Err(Reject::NotAllowed),
    }
    case.draft.settle(effect);
    if state.is_in(by) {
        for text in says.texts.iter().filter(|text| !text.is_empty()).take(BOT_TEXTS_MAX) {
            let text = cut(text, case.draft.text_bytes_max());
            case.draft.note_nearly_full();
            if !text.is_empty() && !case.draft.full() {
                case.draft.message(by, text, None);
            }
        }
        // Its rules were checked when they were read.
        if let Some((content, Ok(rich))) = says.rich.map(|content| (content, Rich::read(content)))
            && !case.draft.full()
        {
            case.draft.rich(by, &rich, content);
        }
        // Without a workflow nobody could take its place.
        let handover = says.handover && state.interaction.is_some();
        if says.leave || handover {
            case.draft.bot_leaves(by, LeaveReason::Left, handover);
        }
    }
    case.done()
}

impl Draft<'_> {
    /// Takes a bot out; `handover`: a person is to take its place.
    pub(in super::super) fn bot_leaves(&mut self, number: u32, reason: LeaveReason, handover: bool) {
        let asked_by = (reason == LeaveReason::Removed).then_some(SYSTEM);
        self.leave(number, reason, asked_by);
        self.end_if_empty();
        self.interacts(|interaction, draft| interaction.bot_left(draft, handover));
    }
}

/// A bot's turn brought nothing. It gets it again, until it has failed too often in a row: then it is taken out, and
/// the workflow goes on as when it asks for a person.
pub(super) fn bot_failed(mut case: Case<'_>, effect: EffectId) -> Result<Decision, Reject> {
    let state = case.draft.state;
    let (name, seq) = match state.ledger.effect(effect) {
        None => return case.done(),
        Some(Effect::BotTurn { bot, seq }) => (bot, *seq),
        Some(_) => return Err(Reject::NotAllowed),
    };
    case.draft.settle(effect);
    if let Some(party) = state.bot(name).filter(|party| party.present()) {
        let number = party.who.number;
        case.draft.push(Entry::BotFailed(number));
        if party.failures.saturating_add(1) >= BOT_FAILURES_MAX {
            case.draft.bot_leaves(number, LeaveReason::Removed, true);
        } else {
            case.draft.owe(Effect::BotTurn { bot: name.clone(), seq });
        }
    }
    case.done()
}

/// Work that is done. Harmless when it isn't owed.
pub(super) fn settle(mut case: Case<'_>, effect: EffectId) -> Result<Decision, Reject> {
    case.draft.settle(effect);
    case.done()
}

/// A timer's moment; ignored when it isn't armed. What is not the interaction's ends the lingering of an ended
/// session, which stays for as long as it owes anything.
pub(super) fn fire(mut case: Case<'_>, timer: TimerId) -> Result<Decision, Reject> {
    let state = case.draft.state;
    if !case.draft.fires(timer) {
        return case.done();
    }
    if let Some(purpose) = state.interaction.as_ref().and_then(|interaction| interaction.purpose(timer)) {
        case.draft.interacts(|interaction, draft| interaction.fired(draft, purpose));
    } else if state.idle.is(timer) {
        case.draft.idle_fires();
    } else if state.ended_at.is_some() {
        if state.ledger.owed().next().is_none() {
            case.draft.push(Entry::Retired);
        } else {
            case.draft.arm(RETIRE_AGAIN_MS);
        }
    }
    case.done()
}
