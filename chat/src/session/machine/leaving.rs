//! How participants leave, and with the last who holds it the session ends.

use super::super::draft::SYSTEM;
use super::super::state::Party;
use super::Case;
use crate::command::{Leaving, Reject};
use crate::decision::Decision;
use crate::entry::How;
use crate::event::LeaveReason;
use crate::id::AgentName;

/// The customer leaves. Harmless when they have left already.
pub(super) fn disconnect(case: Case<'_>) -> Result<Decision, Reject> {
    customer_leaves(case, LeaveReason::Left)
}

/// The customer has not called for too long. Harmless when they have left already.
pub(super) fn customer_lost(case: Case<'_>) -> Result<Decision, Reject> {
    customer_leaves(case, LeaveReason::Inactive)
}

fn customer_leaves(mut case: Case<'_>, reason: LeaveReason) -> Result<Decision, Reject> {
    let state = case.draft.state;
    if !state.ended_for_customer() {
        case.draft.leave(state.customer_number(), reason, None);
        case.draft.end_if_empty();
        case.draft.interacts(|interaction, draft| interaction.customer_left(draft));
    }
    case.done()
}

/// An agent leaves, and says what becomes of the chat. Harmless when they have left already.
pub(super) fn agent_leaves(mut case: Case<'_>, name: &AgentName, how: Leaving) -> Result<Decision, Reject> {
    let by = case.asker.by;
    if !case.draft.state.is_in(by) {
        return case.done();
    }
    case.draft.leave(by, reason(how), None);
    let agents = case.draft.present().any(Party::is_agent);
    match how {
        Leaving::ForceClose => case.draft.end_all(LeaveReason::Removed, by),
        Leaving::CloseIfNoAgents if !agents => case.draft.end_all(LeaveReason::Removed, by),
        Leaving::CloseIfNoAgents | Leaving::KeepAlive => case.draft.end_if_empty(),
    }
    case.draft.interacts(|interaction, draft| interaction.agent_left(draft, name));
    case.done()
}

/// What the record says of an agent who leaves so.
fn reason(how: Leaving) -> LeaveReason {
    match how {
        Leaving::KeepAlive => LeaveReason::Left,
        Leaving::CloseIfNoAgents => LeaveReason::ClosedIfNoAgents,
        Leaving::ForceClose => LeaveReason::Closed,
    }
}

/// Everybody is removed, and the interaction is stopped wherever it is. Harmless when all has ended already.
pub(super) fn force_end(mut case: Case<'_>) -> Result<Decision, Reject> {
    case.draft.end_all(LeaveReason::Ended, SYSTEM);
    case.draft.interacts(|interaction, draft| interaction.force(draft, How::Forced));
    case.done()
}
