//! What customers and agents say, and that they type.

use super::super::event::Role;
use super::Case;
use crate::command::Reject;
use crate::entity::Decision;
use crate::entry::Effect;

pub(super) fn too_long(text: &str, bytes_max: u32) -> bool {
    u32::try_from(text.len()).map_or(true, |bytes| bytes > bytes_max)
}

/// The longest beginning of a text that fits, whole characters only.
pub(crate) fn cut(text: &str, bytes_max: u32) -> &str {
    let mut end = text.len().min(usize::try_from(bytes_max).unwrap_or(usize::MAX));
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or_default()
}

pub(super) fn send(
    mut case: Case<'_>,
    text: &str,
    message_type: &Option<String>,
) -> Result<Decision, Reject> {
    let (state, limits, by) = (case.draft.state, case.draft.limits, case.asker.by);
    if !state.is_in(by) {
        return Err(Reject::Ended);
    }
    if too_long(text, limits.message_bytes_max) {
        return Err(Reject::TooLong { bytes_max: limits.message_bytes_max });
    }
    if case.draft.full() {
        return Err(Reject::Full { events_max: limits.events_max });
    }
    let seq = case.draft.message(by, text, message_type.clone());
    if by == state.customer_number() {
        for party in state.parties.values().filter(|party| party.present()) {
            if let Role::Bot(bot) = &party.who.role {
                case.draft.owe(Effect::BotTurn { bot: bot.clone(), seq });
            }
        }
        if state.interaction.as_ref().is_some_and(|interaction| interaction.listens()) {
            case.draft.interacts(|interaction, draft| interaction.heard(draft, text));
        }
    }
    case.done()
}

/// Typing is shown and not journaled; only a block of indexes is, where the last one is used up. A preview
/// longer than a message may be is cut.
pub(super) fn typing(
    mut case: Case<'_>,
    started: bool,
    preview: &Option<String>,
) -> Result<Decision, Reject> {
    if !case.draft.state.is_in(case.asker.by) {
        return Err(Reject::Ended);
    }
    let bytes_max = case.draft.limits.message_bytes_max;
    let preview = preview.as_deref().map(|text| cut(text, bytes_max).to_owned());
    case.draft.typing(case.asker.by, started, preview);
    case.done()
}
