//! What an entity's record is to hold, as rows that are written once.

use handoff_chat::SessionId;
use handoff_chat::event::Event;
use handoff_chat::rating::Rating;
use handoff_chat::record::{RecordClosing, RecordOpening, encode_event};
use handoff_journal::Row;

/// What an effect on the record has to write, in order.
#[derive(Debug, Default)]
pub struct RecordRows {
    /// The opening row; with it goes finding the contact.
    pub opening: Option<RecordOpening>,
    /// The first event, for what it says of the contact.
    pub opened: Option<Event>,
    /// Transcript rows.
    pub events: Vec<Event>,
    /// The closing row, after all others since it says that they are there; then the record is listed.
    pub closing: Option<(RecordClosing, RecordOpening)>,
    /// The customer's rating.
    pub rating: Option<Rating>,
}

/// A session's events as rows of its record.
///
/// # Errors
/// When one is larger than an envelope may be.
pub fn transcript_rows(session: &SessionId, events: &[Event]) -> Result<Vec<Row>, handoff_codec::Error> {
    let row =
        |event: &Event| Ok(Row { key: session.0.clone(), row: event.seq, body: encode_event(event)?.into() });
    events.iter().map(row).collect()
}
