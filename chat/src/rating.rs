//! What a customer says of their chat when it is over: stored once, beside the transcript.

use crate::id::Millis;
use crate::text::Text;
use bincode::{Decode, Encode};

/// The best score; the worst is 1.
pub const SCORE_MAX: u8 = 5;
/// The longest text of a rating, in characters.
pub const TEXT_CHARS_MAX: usize = 1_000;

/// A customer's rating of their chat.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Rating {
    /// By the wall clock of the shard's owner.
    pub at: Millis,
    /// From 1 to [`SCORE_MAX`].
    pub score: u8,
    /// What they say beside it, as far as it may be stored; may be empty.
    pub text: Text,
}

/// Why a rating is refused.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, thiserror::Error)]
pub enum RatingReject {
    /// The chat began with a service that takes none.
    #[error("this service takes no ratings")]
    Off,
    /// The chat goes on.
    #[error("a chat can be rated when it has ended")]
    TooEarly,
    /// There is another one.
    #[error("the chat was rated already")]
    Rated,
    /// It is no rating.
    #[error("a score is from 1 to {SCORE_MAX}, and its text has at most {TEXT_CHARS_MAX} characters")]
    Wrong,
}

/// Whether this may be a rating.
///
/// # Errors
/// [`RatingReject::Wrong`].
pub fn check(score: u8, text: &str) -> Result<(), RatingReject> {
    let fits = (1..=SCORE_MAX).contains(&score) && text.chars().nth(TEXT_CHARS_MAX).is_none();
    if fits { Ok(()) } else { Err(RatingReject::Wrong) }
}
