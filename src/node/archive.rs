//! What agents may look up: a customer's earlier chats, and their records.

use super::operations::NodeOperations;
use crate::contacts::{History, history, start_of};
use crate::front::{Archive, Operations, Past, PastChat};
use async_trait::async_trait;
use handoff_chat::record::RecordClosing;
use handoff_chat::{Millis, SessionId, transcript};
use handoff_journal::{CLOSING_ROW, Table};

/// Most earlier chats that are listed, the newest.
const RECORDS_MAX: usize = 50;

#[async_trait]
impl Archive for NodeOperations {
    async fn past(&self, chat: &SessionId) -> Result<Option<Past>, String> {
        let Some(record) = self.record(chat).await? else { return Ok(None) };
        let Some((start, _)) = start_of(&record.events) else { return Ok(None) };
        let found = history(self.tables.as_ref(), start, RECORDS_MAX).await;
        let Some(History { contact, records }) = found.map_err(|error| error.to_string())? else {
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
            });
        }
        Ok(Some(Past {
            contact: contact.id.0,
            names: contact.names.map(|name| name.show().into_owned()),
            since: contact.since,
            records: chats,
        }))
    }

    async fn transcript(&self, chat: &SessionId) -> Result<Option<String>, String> {
        let Some(record) = self.record(chat).await? else { return Ok(None) };
        transcript::to_json(chat, &record.events).map(Some).map_err(|error| error.to_string())
    }
}

impl NodeOperations {
    async fn ended_at(&self, chat: &SessionId) -> Result<Option<Millis>, String> {
        let row = self.tables.get(Table::Record, &chat.0, CLOSING_ROW).await;
        let Some(body) = row.map_err(|error| error.to_string())? else { return Ok(None) };
        let closing = RecordClosing::decode(&body).map_err(|error| error.to_string())?;
        Ok(Some(closing.ended_at))
    }
}
