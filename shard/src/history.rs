//! Reads a session's events from the rows of its record.

use handoff_chat::SessionId;
use handoff_chat::command::Missing;
use handoff_chat::event::{Event, ViewKind};
use handoff_chat::record::decode_event;
use handoff_chat::session::VIEW_BYTES_MAX;
use handoff_journal::{Table, Tables, TablesError};
use std::ops::Range;

/// Most rows in one read: with the largest messages about as many bytes as a view may have.
const ROWS_PER_READ: u64 = 64;
/// Rows looked at in a search for an index: not every event is in every view.
const ROWS_PER_LOOK: u64 = 8;

/// What a reading misses, in order and without gaps. Of a view no more than fills one: it begins with the first event
/// that the reader wants and may end before the last.
///
/// # Errors
/// As [`Tables::scan`]; `Refused` for a row that can't be read.
pub async fn missing(
    tables: &dyn Tables,
    session: &SessionId,
    missing: Missing,
) -> Result<Vec<Event>, TablesError> {
    let rows = Rows { tables, session };
    let range = missing.from.max(1)..missing.below;
    let Some((view, index)) = missing.shown else { return rows.all(range, usize::MAX).await };
    let wanted = |event: &Event| view.of(&event.index).is_some_and(|of| of >= index);
    let near = rows.search(range, view, index).await?;
    let mut next = near.start;
    while next < near.end {
        let found = rows.read(next..near.end, ROWS_PER_READ).await?;
        let Some(last) = found.last() else { break };
        let after = last.seq.saturating_add(1);
        if let Some(at) = found.iter().position(wanted) {
            let mut events = found;
            events.drain(..at);
            let room = VIEW_BYTES_MAX.saturating_sub(events.iter().map(Event::bytes).sum());
            events.extend(rows.all(after..near.end, room).await?);
            return Ok(events);
        }
        next = after;
    }
    Ok(Vec::new())
}

/// Events of a record's rows of a range of `seq`, in order.
///
/// # Errors
/// As [`Tables::scan`]; `Refused` for a row that can't be read.
pub async fn events(
    tables: &dyn Tables,
    session: &SessionId,
    range: Range<u64>,
) -> Result<Vec<Event>, TablesError> {
    Rows { tables, session }.all(range, usize::MAX).await
}

struct Rows<'a> {
    tables: &'a dyn Tables,
    session: &'a SessionId,
}

impl Rows<'_> {
    /// The first rows of a range.
    async fn read(&self, range: Range<u64>, rows_max: u64) -> Result<Vec<Event>, TablesError> {
        let limit = range.end.saturating_sub(range.start).min(rows_max);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let rows = self.tables.scan(Table::Record, &self.session.0, range.start, limit).await?;
        let refused = |error: handoff_codec::Error| TablesError::Refused(error.to_string());
        rows.iter()
            .filter(|(row, _)| *row < range.end)
            .map(|(_, body)| decode_event(body).map_err(refused))
            .collect()
    }

    /// The rows of a range, until they have so many bytes.
    async fn all(&self, range: Range<u64>, bytes_max: usize) -> Result<Vec<Event>, TablesError> {
        let (mut events, mut bytes, mut next): (Vec<Event>, usize, u64) = (Vec::new(), 0, range.start);
        while next < range.end && bytes < bytes_max {
            let found = self.read(next..range.end, ROWS_PER_READ).await?;
            let Some(last) = found.last() else { break };
            next = last.seq.saturating_add(1);
            bytes = bytes.saturating_add(found.iter().map(Event::bytes).sum());
            events.extend(found);
        }
        Ok(events)
    }

    /// Narrows a range to where a view's index begins: indexes grow with `seq`, but each view has its own.
    async fn search(
        &self,
        mut range: Range<u64>,
        view: ViewKind,
        index: u64,
    ) -> Result<Range<u64>, TablesError> {
        let end = range.end;
        while range.end.saturating_sub(range.start) > ROWS_PER_READ {
            let middle = range.start + (range.end - range.start) / 2;
            let found = self.read(middle..range.end, ROWS_PER_LOOK).await?;
            let seen = found.iter().rev().find_map(|event| Some((event.seq, view.of(&event.index)?)));
            match seen {
                Some((seq, of)) if of < index => range.start = seq.saturating_add(1),
                _ => range.end = middle,
            }
        }
        Ok(range.start..end)
    }
}

#[cfg(test)]
mod tests;
