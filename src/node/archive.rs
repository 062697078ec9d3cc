//! What agents may look up: a customer's earlier chats, and their records.

use super::operations::NodeOperations;
use crate::contacts::{History, history, start_of};
use crate::ports::{
    Archive, Operations, Past, PastChat, ReadError, RecordPiece, RecordPlace, TranscriptPage,
};
use crate::record_reader::closing;
use async_trait::async_trait;
use handoff_chat::text::Text;
use handoff_chat::{Millis, SessionId, transcript};

/// Most earlier chats that are listed, the newest.
const RECORDS_MAX: usize = 50;

/// The size of a transcript's page, in bytes: on a slow line nothing else waits for it long.
const PAGE_BYTES: usize = 48 * 1024;

#[async_trait]
impl Archive for NodeOperations {
    async fn past(&self, chat: &SessionId) -> Result<Option<Past>, ReadError> {
        // The start is a session's first event.
        let Some(record) = self.record(chat, RecordPlace::START).await? else { return Ok(None) };
        let Some((start, _)) = start_of(&record.events) else { return Ok(None) };
        let found = history(self.tables.as_ref(), start, RECORDS_MAX).await;
        let Some(History { contact, records }) = found? else {
            return Ok(None);
        };
        let mut chats = Vec::with_capacity(records.len());
        for record in records {
            chats.push(PastChat {
                ended_at: self.ended_at(&record.session).await?,
                chat: record.session,
                service: record.service,
                subject: record.subject.show().into_owned(),
                started_at: record.started_at,
                verified: record.verified,
            });
        }
        Ok(Some(Past {
            contact: Some(contact.id.0),
            names: contact.names.map(shown),
            since: Some(contact.since),
            said: start.names.map(shown),
            verified: start.verified,
            records: chats,
        }))
    }

    async fn transcript(&self, chat: &SessionId, from: u64) -> Result<Option<TranscriptPage>, ReadError> {
        let place = RecordPlace { next: from, last: None };
        let Some(piece) = self.record(chat, place).await? else { return Ok(None) };
        page_of(chat, &piece).map(Some).map_err(|error| ReadError::Transcript(error.to_string()))
    }
}

fn shown(stored: &Text) -> String {
    stored.show().into_owned()
}

/// As much of a piece as one frame may hold.
fn page_of(chat: &SessionId, piece: &RecordPiece) -> Result<TranscriptPage, transcript::Error> {
    let page = transcript::page(chat, &piece.events, piece.rating.as_ref(), PAGE_BYTES)?;
    let cut = page.through.filter(|through| piece.events.last().is_some_and(|last| last.seq > *through));
    let next = cut.map(|through| through + 1).or(piece.next.map(|place| place.next));
    Ok(TranscriptPage { json: page.json, next })
}

impl NodeOperations {
    async fn ended_at(&self, chat: &SessionId) -> Result<Option<Millis>, ReadError> {
        let closing = closing(self.tables.as_ref(), chat).await?;
        Ok(closing.map(|closing| closing.ended_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use handoff_chat::event::{Body, Event, PerView};

    fn piece(events: u64, bytes: usize, next: Option<u64>) -> RecordPiece {
        let event = |seq| Event {
            seq,
            at: Millis(1),
            index: PerView::all(Some(seq)),
            by: 1,
            body: Body::Message { text: Text::clear(&"x".repeat(bytes)), message_type: None },
        };
        let next = next.map(|next| RecordPlace { next, last: None });
        RecordPiece { closed: true, events: (1..=events).map(event).collect(), next, rating: None }
    }

    #[test]
    fn a_page_goes_on_where_it_was_cut_else_where_its_piece_ends() {
        let chat = SessionId("0123456789abcdEF".to_owned());
        let next = |piece| page_of(&chat, &piece).unwrap().next;
        assert_eq!(next(piece(3, 10, None)), None);
        assert_eq!(next(piece(3, 10, Some(4))), Some(4));
        assert_eq!(next(piece(0, 10, None)), None);
        for end in [None, Some(5)] {
            assert_eq!(next(piece(4, 20_000, end)), Some(3), "two are as much as a page holds");
            assert_eq!(next(piece(4, PAGE_BYTES, end)), Some(2), "one is always there");
        }
    }
}
