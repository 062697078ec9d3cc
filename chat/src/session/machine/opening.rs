//! The start of a session, and its repeats.

use super::super::draft::{Asker, Draft, SYSTEM};
use super::super::state::Session;
use super::digest;
use crate::Context;
use crate::channel::Identity;
use crate::command::{Act, Caller, Command, Reject};
use crate::decision::Decision;
use crate::entry::{Begun, Effect, Entry};
use crate::event::PerView;
use crate::event::{Body, Role, Start, ViewKind, Visibility};
use crate::interaction::{Interaction, SessionActions};
use crate::opening::Opening;
use crate::privacy::{Area, Subject};
use crate::text::Text;
use crate::workflow::Program;
use std::sync::Arc;

/// Opens a session, or answers a repeat of its start. A retried start comes with a new key: the answer
/// carries the first one, sealed under an id that only the client of the first try knows.
pub(super) fn open(
    session: &Session,
    command: &Command,
    opening: &Opening,
    context: &Context,
) -> Result<Decision, Reject> {
    match &command.caller {
        Caller::Customer(proof) if !opening.terms.channel.accepts(proof) => return Err(Reject::WrongKey),
        Caller::Customer(_) | Caller::System => {}
        Caller::Bot(_) | Caller::Agent(_) | Caller::Entity(_) | Caller::Operator => {
            return Err(Reject::NotAllowed);
        }
    }
    let asker = |number| Asker { by: number, keeper: number, view: ViewKind::Customer };
    let state = &session.state;
    let said = said_with(opening);
    if let Some(terms) = state.terms() {
        return match &state.start_answer {
            Some(kept) if kept.id == command.id && kept.digest == said && !state.retired => Ok(state.again(
                kept,
                asker(state.customer_number()),
                terms.channel.key().and_then(|key| key.sealed),
            )),
            _ => Err(Reject::IdInUse),
        };
    }
    let bytes_max = opening.terms.limits.message_bytes_max;
    let text = opening.text.as_deref();
    if text.is_some_and(|text| super::talking::too_long(text.len(), bytes_max)) {
        return Err(Reject::TooLong { bytes_max });
    }
    let privacy = opening.terms.privacy.as_deref();
    let sealed = privacy.is_some_and(|privacy| privacy.area != Area::Always);
    let key = sealed.then_some(opening.sealing_key);
    let mut draft = Draft::new(session, context, &opening.terms).guarding(key);
    if sealed {
        draft.push(Entry::Sealing(key));
    }
    draft.event(SYSTEM, PerView::all(false), Body::Opened(Box::new(start(opening))));
    let (customer, _) = draft.join(Role::Customer, Visibility::All, &opening.nickname);
    draft.question = text.map(|text| draft.message(customer, text, None));
    draft.owe(Effect::OpenRecord);
    match (&opening.workflow, &opening.bot) {
        (Some(program), _) => {
            draft.begins(Interaction::new(begun(opening, program)));
            draft.interacts(|interaction, draft| interaction.begin(draft));
        }
        (None, Some(bot)) => draft.invite(bot),
        (None, None) => {}
    }
    let sealed_key = opening.terms.channel.key().and_then(|key| key.sealed);
    Ok(draft.finish(command, asker(customer), said, sealed_key))
}

/// To whoever is known by an address the start is the message that it began with, and a repeat says the same. A start
/// id is a key, which opens the chat whatever else is given with it.
fn said_with(opening: &Opening) -> u64 {
    match (&opening.terms.channel.identity, &opening.text) {
        (Identity::Address(_), Some(text)) => {
            let stored = opening.terms.privacy.as_deref().map(|privacy| privacy.clean(text));
            digest(&Act::Send { text: stored.unwrap_or_else(|| text.clone()), message_type: None })
        }
        _ => 0,
    }
}

fn begun(opening: &Opening, program: &Arc<Program>) -> Begun {
    Begun {
        program: Arc::clone(program),
        service: opening.terms.service.clone(),
        nickname: Text::clear(&opening.nickname),
        subject: subject(opening, &[Subject::Interaction, Subject::Both]),
        data: user_data(opening).collect(),
        verified: opening.verified,
    }
}

fn user_data(opening: &Opening) -> impl Iterator<Item = (String, Text)> {
    opening.user_data.iter().map(|(key, value)| (key.clone(), Text::clear(value)))
}

/// The subject, masked where it is said to be in one of these places.
fn subject(opening: &Opening, places: &[Subject]) -> Text {
    let privacy = opening.terms.privacy.as_deref().filter(|privacy| places.contains(&privacy.subject));
    Text::clear(&privacy.map_or_else(|| opening.subject.clone(), |privacy| privacy.clean(&opening.subject)))
}

fn start(opening: &Opening) -> Start {
    Start {
        terms: opening.terms.clone(),
        subject: subject(opening, &[Subject::History, Subject::Both]),
        names: opening.names.map(|name| Text::clear(name)),
        user_data: user_data(opening).collect(),
        time_zone_offset_minutes: opening.time_zone_offset_minutes,
        verified: opening.verified,
    }
}
