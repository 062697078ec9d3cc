//! The shared tables of the memory store.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::join_all;

use super::{MemoryNode, NoAnswer};
use crate::{Chunks, Entry, Place, Row, Swap, Table, Tables, TablesError};

impl From<NoAnswer> for TablesError {
    fn from(NoAnswer(why): NoAnswer) -> Self {
        Self::Unknown(why.to_owned())
    }
}

#[async_trait]
impl Tables for MemoryNode {
    async fn put_once(&self, table: Table, rows: Vec<Row>) -> Result<(), TablesError> {
        crate::shape::check_rows(&rows)?;
        // Each row is a statement with a fate of its own, as plain inserts go: a fault leaves the others written.
        let puts = rows.into_iter().map(|row| self.write(move |model| model.put(table, row)));
        join_all(puts).await.into_iter().collect::<Result<(), NoAnswer>>()?;
        Ok(())
    }

    async fn put_if_version(
        &self,
        table: Table,
        key: &str,
        expected: u64,
        body: Bytes,
    ) -> Result<Swap, TablesError> {
        let key = key.to_owned();
        Ok(self.write(move |model| model.swap(table, &key, expected, body)).await?)
    }

    async fn get_versioned(&self, table: Table, key: &str) -> Result<Option<(u64, Bytes)>, TablesError> {
        let key = key.to_owned();
        Ok(self.query(move |model| model.cell(table, &key)).await?)
    }

    async fn get(&self, table: Table, key: &str, row: u64) -> Result<Option<Bytes>, TablesError> {
        let key = key.to_owned();
        Ok(self.query(move |model| model.row(table, &key, row)).await?)
    }

    async fn scan(
        &self,
        table: Table,
        key: &str,
        from: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Bytes)>, TablesError> {
        let key = key.to_owned();
        Ok(self.query(move |model| model.rows(table, &key, from, limit)).await?)
    }

    async fn enlist(&self, entry: Entry) -> Result<(), TablesError> {
        crate::shape::check_entry(&entry)?;
        Ok(self.write(move |model| model.enlist(entry)).await?)
    }

    async fn list_back(
        &self,
        list: &str,
        below: Option<&Place>,
        limit: usize,
    ) -> Result<Vec<(Place, Bytes)>, TablesError> {
        let (list, below) = (list.to_owned(), below.cloned());
        Ok(self.query(move |model| model.list_back(&list, below, limit)).await?)
    }
}

#[async_trait]
impl Chunks for MemoryNode {
    async fn forget_file(&self, key: &str) -> Result<(), TablesError> {
        let key = key.to_owned();
        Ok(self.write(move |model| model.forget_file(&key)).await?)
    }
}
