//! Rich messages and what is answered to them.

use super::super::rich::Question;
use super::Case;
use super::talking::{heard, room};
use crate::command::Reject;
use crate::decision::Decision;
use crate::rich::{Answer, Rich, RichReject};

/// An agent sends one.
pub(super) fn send(mut case: Case<'_>, content: &str) -> Result<Decision, Reject> {
    may_say(&mut case, content)?;
    let rich = Rich::read(content)?;
    case.may_answer(rich.text().len(), None)?;
    case.draft.rich(case.asker.by, &rich, content);
    case.done()
}

/// The customer answers one, by its index in their view.
pub(super) fn reply(mut case: Case<'_>, to: u64, content: &str) -> Result<Decision, Reject> {
    may_say(&mut case, content)?;
    let answer: Answer =
        serde_json::from_str(content).map_err(|error| RichReject::Misfit(error.to_string()))?;
    let question = case.draft.state.questions.at(case.asker.view, to).ok_or(RichReject::NoQuestion)?;
    let rich = question.rich().ok_or(RichReject::NoQuestion)?;
    let text = rich.readable(&answer)?;
    replied(case, question, &text, content)
}

/// What the customer writes is the answer to the newest rich message where it is what that shows.
pub(super) fn written<'a>(case: &Case<'a>, text: &str) -> Option<(&'a Question, String, String)> {
    let question = case.draft.state.questions.last()?;
    let rich = question.rich()?;
    let answer = rich.written(text)?;
    let readable = rich.readable(&answer).ok()?;
    Some((question, readable, serde_json::to_string(&answer).ok()?))
}

/// Posts an answer; bots and the workflow hear it as what it reads.
pub(super) fn replied(
    mut case: Case<'_>,
    question: &Question,
    text: &str,
    content: &str,
) -> Result<Decision, Reject> {
    let seq = case.draft.rich_reply(case.asker.by, question, text, content);
    heard(&mut case, seq, text);
    case.done()
}

fn may_say(case: &mut Case<'_>, content: &str) -> Result<(), Reject> {
    if !case.draft.state.is_in(case.asker.by) {
        return Err(Reject::Ended);
    }
    room(case, content.len())
}
