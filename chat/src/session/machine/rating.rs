//! The customer rates their chat, once, when it is over.

use super::Case;
use crate::command::Reject;
use crate::decision::Decision;
use crate::entry::{Effect, Entry};
use crate::rating::{Rating, RatingReject, check};
use crate::text::Text;

/// Harmless when it was said before, in the same words.
pub(super) fn rate(mut case: Case<'_>, score: u8, text: &str, taken: bool) -> Result<Decision, Reject> {
    let state = case.draft.state;
    if !taken {
        return Err(RatingReject::Off.into());
    }
    check(score, text)?;
    if !state.ended_for_customer() {
        return Err(RatingReject::TooEarly.into());
    }
    let text = Text::clear(&case.draft.clean(text.trim()));
    match &state.rated {
        Some(rated) if (rated.score, &rated.text) == (score, &text) => {}
        Some(_) => return Err(RatingReject::Rated.into()),
        None => {
            case.draft.push(Entry::Rated(Rating { at: case.draft.at, score, text }));
            case.draft.owe(Effect::KeepRating);
        }
    }
    case.done()
}
