//! What participants tell each other beside messages: pages, nicknames, data, notices to programs, receipts.

use super::Case;
use super::talking::room;
use crate::command::{Act, Reject};
use crate::decision::Decision;
use crate::event::{Body, PerView};
use crate::text::Text;
use std::collections::BTreeMap;

/// Most keys of attached data that a session takes; the rest of a change is refused with it.
const DATA_KEYS_MAX: usize = 256;

/// Whether this module decides it.
pub(super) fn is_one(act: &Act) -> bool {
    matches!(
        act,
        Act::PushUrl { .. }
            | Act::Rename { .. }
            | Act::Attach { .. }
            | Act::CustomNotice { .. }
            | Act::MarkRead { .. }
    )
}

/// Decides one of them. Only who is in has something to tell.
pub(super) fn notice(case: Case<'_>, act: &Act) -> Result<Decision, Reject> {
    if !case.draft.state.is_in(case.asker.by) {
        return Err(Reject::Ended);
    }
    match act {
        Act::PushUrl { url } => {
            case.may_answer(url.len(), None)?;
            says(case, url, Body::PushedUrl { url: Text::clear(url) })
        }
        Act::Rename { nickname } => rename(case, nickname),
        Act::CustomNotice { text, notice_type } => {
            let mut case = case;
            room(&mut case, text.len())?;
            case.draft.notice(case.asker.by, text, notice_type.clone());
            case.done()
        }
        Act::Attach { data } => attach(case, data),
        Act::MarkRead { position } => mark_read(case, *position),
        _ => Err(Reject::NotAllowed),
    }
}

/// An event that is as long as a message may be, where the session is not full.
fn says(mut case: Case<'_>, text: &str, body: Body) -> Result<Decision, Reject> {
    room(&mut case, text.len())?;
    case.draft.speak(case.asker.by, body);
    case.done()
}

/// The nickname that one has already is no news.
fn rename(case: Case<'_>, nickname: &str) -> Result<Decision, Reject> {
    let party = case.draft.state.parties.get(&case.asker.by);
    if party.is_some_and(|party| party.shown().nickname.show() == nickname) {
        return case.done();
    }
    says(case, nickname, Body::Renamed { nickname: Text::clear(nickname) })
}

fn attach(mut case: Case<'_>, data: &BTreeMap<String, String>) -> Result<Decision, Reject> {
    room(&mut case, data.iter().map(|(key, value)| key.len() + value.len()).max().unwrap_or(0))?;
    if data.len() > DATA_KEYS_MAX {
        return Err(Reject::Full { events_max: case.draft.limits.events_max });
    }
    for (key, value) in data {
        let body = Body::Attached { key: key.clone(), value: Text::clear(value) };
        case.draft.event(case.asker.by, PerView::all(false), body);
    }
    case.done()
}

/// A receipt is journaled when it tells something new, and only of what others did: what one wrote oneself needs none.
/// What is no longer in memory was long ago, and a full session needs no receipts.
fn mark_read(mut case: Case<'_>, position: u64) -> Result<Decision, Reject> {
    let (state, asker) = (case.draft.state, case.asker);
    let known = state.parties.get(&asker.by).map_or(0, |party| party.read);
    let tells_others = |body: &Body| !matches!(body, Body::Read { .. } | Body::Delivery { .. });
    let unread = state.events.iter().rev().take_while(|event| event.seq > known).filter(|event| {
        event.by != asker.by
            && tells_others(&event.body)
            && asker.view.of(&event.index).is_some_and(|index| index < position)
    });
    // Not all who are told see the newest one: each is told of the newest that they see.
    let (mut seq, mut through) = (None, PerView::all(None));
    for event in unread {
        seq = seq.or(Some(event.seq));
        through = through.zip(event.index).map(|(newest, index)| newest.or(index));
    }
    if let Some(seq) = seq.filter(|_| !case.draft.full()) {
        let sees = case.draft.shown_if(case.draft.channel.shows.receipts, case.draft.views_of(asker.by));
        let sees = sees.zip(through).map(|(sees, through)| sees && through.is_some());
        case.draft.event(asker.by, sees, Body::Read { seq, through });
    }
    case.done()
}
