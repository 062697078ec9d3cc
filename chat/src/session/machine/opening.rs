//! The start of a session, and its repeats.

use super::super::command::Opening;
use super::super::draft::{Draft, SYSTEM};
use super::super::event::{Body, Role, Start, Text, Visibility};
use super::super::state::Session;
use crate::Turn;
use crate::command::{Caller, Command, Reject};
use crate::entity::Decision;
use crate::entry::Effect;

/// Opens a session, or answers a repeat of its start. A retried start comes with a new key: the answer
/// carries the first one, sealed under an id that only the client of the first try knows.
pub(super) fn open(
    session: &Session,
    command: &Command,
    opening: &Opening,
    turn: &Turn,
) -> Result<Decision, Reject> {
    match &command.caller {
        Caller::Customer(hash) if *hash != opening.key_hash => return Err(Reject::WrongKey),
        Caller::Customer(_) | Caller::System => {}
        Caller::Bot(_) | Caller::Agent(_) | Caller::Entity(_) | Caller::Operator => {
            return Err(Reject::NotAllowed);
        }
    }
    let state = &session.state;
    if let Some(terms) = &state.terms {
        return match &state.start_answer {
            Some(kept) if kept.id == command.id && !state.retired => Ok(state.again(kept, terms.sealed_key)),
            _ => Err(Reject::IdInUse),
        };
    }
    let bytes_max = opening.limits.message_bytes_max;
    let text = opening.text.as_deref();
    if text.is_some_and(|text| super::talking::too_long(text, bytes_max)) {
        return Err(Reject::TooLong { bytes_max });
    }
    let mut draft = Draft::new(session, turn);
    draft.event(SYSTEM, [false; 3], Body::Opened(Box::new(start(opening))));
    let (customer, _) = draft.join(Role::Customer, Visibility::All, &opening.nickname);
    let question = text.map(|text| draft.message(customer, text, None));
    let joined = opening.bot.as_ref().map(|bot| {
        let (_, seq) = draft.join(Role::Bot(bot.name.clone()), Visibility::All, &bot.nickname);
        (bot.name.clone(), seq)
    });
    draft.owe(Effect::OpenRecord);
    if let Some((bot, seq)) = joined {
        draft.owe(Effect::BotTurn { bot: bot.clone(), seq });
        // It greets, then answers what was asked before it came.
        if let Some(seq) = question {
            draft.owe(Effect::BotTurn { bot, seq });
        }
    }
    Ok(draft.finish_open(command, customer, opening.sealed_key))
}

fn start(opening: &Opening) -> Start {
    let user_data = opening.user_data.iter().map(|(key, value)| (key.clone(), Text::clear(value)));
    Start {
        service: opening.service.clone(),
        subject: Text::clear(&opening.subject),
        contact: [&opening.first_name, &opening.last_name, &opening.email].map(|text| Text::clear(text)),
        user_data: user_data.collect(),
        time_zone_offset_minutes: opening.time_zone_offset_minutes,
        key_hash: opening.key_hash,
        sealed_key: opening.sealed_key,
        limits: opening.limits.clone(),
    }
}
