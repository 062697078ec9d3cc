//! What may be said to a customer by way of their channel, and what became of what was pushed there.

use super::Case;
use super::talking::too_long;
use crate::channel::{Delivery, REASON_BYTES_MAX};
use crate::command::{Answer, Reject};
use crate::decision::Decision;
use crate::entry::Effect;
use crate::event::PerView;
use crate::file::FileReject;
use crate::id::EffectId;
use crate::text::cut;

impl Case<'_> {
    fn is_customers(&self) -> bool {
        self.asker.by == self.draft.state.customer_number()
    }

    /// Whether something with a text of so many bytes may be said to the customer now.
    pub(super) fn may_answer(&self, bytes: usize, message_type: Option<&str>) -> Result<(), Reject> {
        if self.is_customers() {
            return Ok(());
        }
        let bytes_max = self.draft.text_bytes_max();
        if too_long(bytes, bytes_max) {
            return Err(Reject::TooLong { bytes_max });
        }
        let now = self.draft.context.now;
        match self.draft.window() {
            Some(window) if !window.lets_out(now, message_type) => {
                let closed_at = window.until.filter(|until| *until < now);
                Err(Reject::WindowClosed { after: window.after, closed_at })
            }
            _ => Ok(()),
        }
    }

    /// Whether the customer's channel can show a file of this size, and of this type where that is known.
    pub(super) fn may_show(&self, bytes: u64, media_type: Option<&str>) -> Result<(), FileReject> {
        if self.is_customers() {
            return Ok(());
        }
        let files = self.draft.channel.shows.files.as_ref().ok_or(FileReject::NotShown)?;
        if files.bytes_max > 0 && bytes > files.bytes_max {
            return Err(FileReject::TooLarge { bytes_max: files.bytes_max });
        }
        if media_type.is_some_and(|media_type| !files.shows(media_type)) {
            return Err(FileReject::NotShown);
        }
        Ok(())
    }
}

/// The channel's answer to a push, settled exactly once. What it said of the event before that counts.
pub(super) fn pushed(mut case: Case<'_>, effect: EffectId, delivery: &Delivery) -> Result<Decision, Reject> {
    let state = case.draft.state;
    let (seq, index, reported) = match state.ledger.effect(effect) {
        None => return Ok(case.draft.finish_with(Answer::Done)),
        Some(Effect::Push { seq, index, reported }) => (*seq, *index, *reported),
        Some(_) => return Err(Reject::NotAllowed),
    };
    case.draft.settle(effect);
    if reported && state.pushes.under_way(seq).is_none_or(|(_, known)| known.may_become(delivery)) {
        report(&mut case, seq, index, delivery);
    }
    Ok(case.draft.finish_with(Answer::Done))
}

/// What the channel says later. It may come before the answer to the push; of what was not pushed, or is done, nothing
/// is kept.
pub(super) fn progress(mut case: Case<'_>, seq: u64, delivery: &Delivery) -> Result<Decision, Reject> {
    let state = case.draft.state;
    let index = match state.pushes.under_way(seq) {
        Some((index, known)) => known.may_become(delivery).then_some(index),
        None => state.ledger.owed().find_map(|(_, effect)| match effect {
            Effect::Push { seq: owed, index, reported: true } if *owed == seq => Some(*index),
            _ => None,
        }),
    };
    if let Some(index) = index {
        report(&mut case, seq, index, delivery);
    }
    Ok(case.draft.finish_with(Answer::Done))
}

/// Tells agents, with a reason that is not too long to be kept, and tells nothing that is not to be stored.
fn report(case: &mut Case<'_>, seq: u64, index: PerView<Option<u64>>, delivery: &Delivery) {
    let delivery = match delivery {
        Delivery::Failed { reason } => {
            let reason = case.draft.clean(reason);
            Delivery::Failed { reason: cut(&reason, REASON_BYTES_MAX).to_owned() }
        }
        other => other.clone(),
    };
    case.draft.delivered(seq, index, delivery);
}
