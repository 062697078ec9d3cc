//! Writes record rows for as long as it takes: they are written once, so repeating is harmless.

use crate::contacts::{Joins, identify, start_of};
use crate::observer::Observer;
use crate::record_list::RecordList;
use handoff_chat::SessionId;
use handoff_chat::record::RecordListed;
use handoff_journal::trouble::Trouble;
use handoff_journal::{CLOSING_ROW, Row, Table, Tables, TablesError};
use handoff_shard::record_rows::{RecordRows, transcript_rows};
use std::sync::Arc;
use std::time::Duration;

/// The row number of a record's opening row.
pub const OPENING_ROW: u64 = 0;

/// The row number of the customer's rating: no event's, and beside the closing row, which may be there already.
pub const RATING_ROW: u64 = CLOSING_ROW - 1;

/// Between tries, in milliseconds.
const RETRY_MS: u64 = 250;

/// Rows in one write.
const ROWS_PER_WRITE: usize = 128;

/// Shared by all sessions of a node; a failing store is logged once for all of them.
#[derive(Clone)]
pub struct RecordWriter {
    tables: Arc<dyn Tables>,
    list: RecordList,
    joins: Joins,
    observer: Arc<dyn Observer>,
    trouble: Arc<Trouble>,
}

impl RecordWriter {
    /// One for all shards of a node; clones share what was done.
    #[must_use]
    pub fn new(tables: Arc<dyn Tables>, joins: Joins, observer: Arc<dyn Observer>) -> Self {
        let trouble = Arc::new(Trouble::new("records are not written yet"));
        Self { list: RecordList::new(Arc::clone(&tables)), tables, joins, observer, trouble }
    }

    /// Writes all rows; returns when they are there.
    pub async fn write(self, session: SessionId, rows: RecordRows) {
        if let Some(opening) = &rows.opening {
            self.put(&session, one_row(&session, OPENING_ROW, opening.encode())).await;
        }
        for events in rows.events.chunks(ROWS_PER_WRITE) {
            self.put(&session, transcript_rows(&session, events)).await;
        }
        if let Some((start, opened)) =
            rows.opened.as_ref().and_then(|event| start_of(std::slice::from_ref(event)))
        {
            let identify = || identify(self.tables.as_ref(), &session, (opened, start), self.joins);
            if let Some((_, new)) = until_done(&self.trouble, identify).await {
                self.observer.contact(!new);
            }
        }
        if let Some(rating) = &rows.rating {
            self.put(&session, one_row(&session, RATING_ROW, rating.encode())).await;
        }
        if let Some((closing, opening)) = &rows.closing {
            self.put(&session, one_row(&session, CLOSING_ROW, closing.encode())).await;
            let listed = RecordListed {
                session: session.clone(),
                service: opening.service.clone(),
                started_at: opening.started_at,
                ended_at: closing.ended_at,
                reason: closing.reason,
            };
            match RecordList::entry(&listed) {
                Ok(entry) => until_done(&self.trouble, || self.list.add(entry.clone())).await,
                Err(error) => not_encoded(&session, &error),
            }
        }
    }

    async fn put(&self, session: &SessionId, rows: Result<Vec<Row>, handoff_codec::Error>) {
        let rows = match rows {
            Ok(rows) => rows,
            Err(error) => {
                not_encoded(session, &error);
                return;
            }
        };
        until_done(&self.trouble, || self.tables.put_once(Table::Record, rows.clone())).await
    }
}

fn not_encoded(session: &SessionId, error: &handoff_codec::Error) {
    tracing::error!(session = %session.0, %error, "a record row can't be encoded");
}

/// Does something in the tables until it is done.
async fn until_done<T, F: Future<Output = Result<T, TablesError>>>(
    trouble: &Trouble,
    mut act: impl FnMut() -> F,
) -> T {
    loop {
        match act().await {
            Ok(done) => {
                trouble.went_well();
                return done;
            }
            Err(error) => trouble.came(&error),
        }
        tokio::time::sleep(Duration::from_millis(RETRY_MS)).await;
    }
}

fn one_row(
    session: &SessionId,
    row: u64,
    body: Result<Vec<u8>, handoff_codec::Error>,
) -> Result<Vec<Row>, handoff_codec::Error> {
    Ok(vec![Row { key: session.0.clone(), row, body: body?.into() }])
}
