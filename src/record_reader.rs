//! Reads records piece by piece, so that what a node holds of one does not grow with its length.

use crate::ports::{RecordPiece, RecordPlace};
use crate::record::{OPENING_ROW, RATING_ROW};
use handoff_chat::SessionId;
use handoff_chat::command::{Caller, Read, Reading, Reject};
use handoff_chat::entry::Entry;
use handoff_chat::rating::Rating;
use handoff_chat::record::RecordClosing;
use handoff_chat::session::Session;
use handoff_journal::{CLOSING_ROW, Table, Tables, TablesError};
use handoff_shard::history;

/// Most events of one piece.
pub const PIECE_EVENTS: u32 = 64;

/// The closing row of a record; `None`: it is not final.
///
/// # Errors
/// As [`Tables::get`]; `Refused` for a row that can't be read.
pub async fn closing(tables: &dyn Tables, session: &SessionId) -> Result<Option<RecordClosing>, TablesError> {
    let Some(body) = tables.get(Table::Record, &session.0, CLOSING_ROW).await? else { return Ok(None) };
    RecordClosing::decode(&body).map(Some).map_err(|error| TablesError::Refused(error.to_string()))
}

/// What the customer says of their chat; `None`: they have said nothing.
///
/// # Errors
/// As [`closing`].
pub async fn rating(tables: &dyn Tables, session: &SessionId) -> Result<Option<Rating>, TablesError> {
    let Some(body) = tables.get(Table::Record, &session.0, RATING_ROW).await? else { return Ok(None) };
    Rating::decode(&body).map(Some).map_err(|error| TablesError::Refused(error.to_string()))
}

/// The piece of a record at `place`, as it stands in the tables, without the rating. `None`: there is no such record.
///
/// # Errors
/// As [`Tables::scan`]; `Refused` when a row can't be read or one that must be there is not.
pub async fn stored_piece(
    tables: &dyn Tables,
    session: &SessionId,
    place: RecordPlace,
) -> Result<Option<RecordPiece>, TablesError> {
    let last = match place.last {
        Some(last) => Some(last),
        None => closing(tables, session).await?.map(|closing| closing.last_seq),
    };
    let from = place.next.max(1);
    let wanted = from.saturating_add(u64::from(PIECE_EVENTS));
    let below = last.map_or(CLOSING_ROW, |last| last.saturating_add(1).min(CLOSING_ROW)).min(wanted);
    let events = history::events(tables, session, from..below).await?;
    let end = match last {
        Some(_) => below,
        None => from.saturating_add(events.len() as u64),
    };
    if !events.iter().map(|event| event.seq).eq(from..end) {
        return Err(TablesError::Refused("rows of the record are missing".to_owned()));
    }
    if last.is_none()
        && events.is_empty()
        && tables.get(Table::Record, &session.0, OPENING_ROW).await?.is_none()
    {
        return Ok(None);
    }
    let more = last.map_or(end == wanted, |last| end <= last);
    let next = (more && !events.is_empty()).then_some(RecordPlace { next: end, last });
    Ok(Some(RecordPiece { closed: last.is_some(), events, next, rating: None }))
}

/// Reads from a session as its final record has it, and answers as the session itself did while it was there.
/// `None`: there is no final record.
///
/// # Errors
/// As [`stored_piece`].
pub async fn read_final(
    tables: &dyn Tables,
    id: &SessionId,
    caller: &Caller,
    read: &Read,
) -> Result<Option<Result<Reading, Reject>>, TablesError> {
    let (mut session, mut place) = (Session::new(id.clone()), Some(RecordPlace::START));
    while let Some(at) = place {
        let piece = stored_piece(tables, id, at).await?.filter(|piece| piece.closed);
        let Some(piece) = piece else { return Ok(None) };
        for event in piece.events {
            let seq = event.seq;
            session.apply(&Entry::Event(event));
            session.forget_below(seq.saturating_add(1));
        }
        place = piece.next;
    }
    Ok(Some(match session.read(caller, read) {
        Ok(Reading::NeedsHistory(missing)) => {
            let history = history::missing(tables, id, missing).await?;
            session.read_with(caller, read, &history)
        }
        reading => reading,
    }))
}

#[cfg(test)]
mod tests;
