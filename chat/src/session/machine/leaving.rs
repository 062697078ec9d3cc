//! How participants leave, and with the last who holds it the session ends.

use super::super::draft::SYSTEM;
use super::super::event::LeaveReason;
use super::Case;
use crate::command::Reject;
use crate::entity::Decision;

/// The customer leaves. Harmless when he has left already.
pub(super) fn disconnect(case: Case<'_>) -> Result<Decision, Reject> {
    customer_leaves(case, LeaveReason::Left)
}

/// The customer has not called for too long. Harmless when he has left already.
pub(super) fn customer_lost(case: Case<'_>) -> Result<Decision, Reject> {
    customer_leaves(case, LeaveReason::Inactive)
}

fn customer_leaves(mut case: Case<'_>, reason: LeaveReason) -> Result<Decision, Reject> {
    let state = case.draft.state;
    if !state.ended_for_customer() {
        case.draft.leave(state.customer_number(), reason, None);
        case.draft.end_if_empty();
    }
    case.done()
}

/// Everybody is removed. Harmless when the session has ended already.
pub(super) fn force_end(mut case: Case<'_>) -> Result<Decision, Reject> {
    let held_by: Vec<u32> =
        case.draft.present().filter(|(_, holds)| *holds).map(|(number, _)| number).collect();
    if case.draft.state.ended_at.is_none() {
        for number in held_by {
            case.draft.leave(number, LeaveReason::Ended, Some(SYSTEM));
        }
        case.draft.end_if_empty();
    }
    case.done()
}
