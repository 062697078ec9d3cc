//! What customers and agents say, and that they type.

use super::{Case, rich};
use crate::command::Reject;
use crate::decision::Decision;
use crate::event::Role;
use crate::text::cut;

/// Whether a text of so many bytes is longer than it may be.
#[must_use]
pub fn too_long(bytes: usize, bytes_max: u32) -> bool {
    u32::try_from(bytes).map_or(true, |bytes| bytes > bytes_max)
}

/// What is as long as a message may be, where the session is not full; where it nearly is, everybody is told before.
pub(super) fn room(case: &mut Case<'_>, bytes: usize) -> Result<(), Reject> {
    fits(case, bytes)?;
    if case.draft.full() {
        return Err(Reject::Full { events_max: case.draft.limits.events_max });
    }
    case.draft.note_nearly_full();
    Ok(())
}

/// As [`room`], and in a full session too where the workflow waits for what the customer says.
fn room_to_say(case: &mut Case<'_>, bytes: usize) -> Result<(), Reject> {
    let draft = &case.draft;
    let asked = case.asker.by == draft.state.customer_number() && listens(case);
    if asked && draft.full() && !draft.full_for_workflow() {
        return fits(case, bytes);
    }
    room(case, bytes)
}

fn fits(case: &Case<'_>, bytes: usize) -> Result<(), Reject> {
    let bytes_max = case.draft.limits.message_bytes_max;
    if too_long(bytes, bytes_max) { Err(Reject::TooLong { bytes_max }) } else { Ok(()) }
}

fn listens(case: &Case<'_>) -> bool {
    case.draft.state.interaction.as_ref().is_some_and(|interaction| interaction.listens())
}

pub(super) fn send(
    mut case: Case<'_>,
    text: &str,
    message_type: &Option<String>,
) -> Result<Decision, Reject> {
    let (state, by) = (case.draft.state, case.asker.by);
    if !state.is_in(by) {
        return Err(Reject::Ended);
    }
    case.may_answer(text.len(), message_type.as_deref())?;
    room_to_say(&mut case, text.len())?;
    if by == state.customer_number()
        && let Some((question, text, content)) = rich::written(&case, text)
    {
        return rich::replied(case, question, &text, &content);
    }
    let seq = case.draft.message(by, text, message_type.clone());
    heard(&mut case, seq, text);
    case.done()
}

/// What agents tell each other: the customer's channel and their reply window are no bounds to it.
pub(super) fn send_internal(
    mut case: Case<'_>,
    text: &str,
    message_type: &Option<String>,
) -> Result<Decision, Reject> {
    if !case.draft.state.is_in(case.asker.by) {
        return Err(Reject::Ended);
    }
    room(&mut case, text.len())?;
    case.draft.internal_message(case.asker.by, text, message_type.clone());
    case.done()
}

/// Bots and the workflow hear what the customer said.
pub(super) fn heard(case: &mut Case<'_>, seq: u64, text: &str) {
    let state = case.draft.state;
    if case.asker.by == state.customer_number() {
        for party in state.parties.values().filter(|party| party.present()) {
            if let Role::Bot(bot) = &party.who.role {
                case.draft.asks_bot(bot, seq);
            }
        }
        if listens(case) {
            let text = case.draft.clean(text).into_owned();
            case.draft.interacts(|interaction, draft| interaction.heard(draft, &text));
        }
    }
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
