//! The shared tables: rows that are written once by plain inserts, and versioned cells by conditional writes alone.
//!
//! The two live in different CQL tables, so that a plain insert never meets a conditional write. Nothing expires.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::log::signed;
use super::reply::{answer_of, blob, number, rows_of, text};
use super::statements::{RowStatements, table_name};
use super::{CassandraStore, Core, Fault};
use crate::{CLOSING_ROW, Chunks, Entry, Place, Row, Swap, Table, Tables, TablesError};

/// Inserts of one call that are under way at once.
const PUTS_IN_FLIGHT: usize = 16;
/// Rows of one partition are written together up to this size: the database takes them as one write, and limits it.
const BUNDLE_BYTES: usize = 64 * 1024;
const BUNDLE_ROWS: usize = 128;
/// Rows of a scan asked for at once.
const SCAN_PAGE: usize = 256;

#[async_trait]
impl Tables for CassandraStore {
    async fn put_once(&self, table: Table, rows: Vec<Row>) -> Result<(), TablesError> {
        let core = Arc::clone(&self.core);
        self.core.link.bridge(async move { core.put_once(table, rows).await }).await
    }

    async fn put_if_version(
        &self,
        table: Table,
        key: &str,
        expected: u64,
        body: Bytes,
    ) -> Result<Swap, TablesError> {
        let (core, key) = (Arc::clone(&self.core), key.to_owned());
        self.core.link.bridge(async move { core.put_if_version(table, &key, expected, body).await }).await
    }

    async fn get_versioned(&self, table: Table, key: &str) -> Result<Option<(u64, Bytes)>, TablesError> {
        let (core, key) = (Arc::clone(&self.core), key.to_owned());
        self.core.link.bridge(async move { Ok(core.get_versioned(table, &key).await?) }).await
    }

    async fn get(&self, table: Table, key: &str, row: u64) -> Result<Option<Bytes>, TablesError> {
        let (core, key) = (Arc::clone(&self.core), key.to_owned());
        self.core.link.bridge(async move { core.get(table, &key, row).await }).await
    }

    async fn scan(
        &self,
        table: Table,
        key: &str,
        from: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Bytes)>, TablesError> {
        let (core, key) = (Arc::clone(&self.core), key.to_owned());
        self.core.link.bridge(async move { core.scan(table, &key, from, limit).await }).await
    }

    async fn enlist(&self, entry: Entry) -> Result<(), TablesError> {
        crate::shape::check_entry(&entry)?;
        let core = Arc::clone(&self.core);
        self.core.link.bridge(async move { Ok(core.enlist(&entry).await?) }).await
    }

    async fn list_back(
        &self,
        list: &str,
        below: Option<&Place>,
        limit: usize,
    ) -> Result<Vec<(Place, Bytes)>, TablesError> {
        let (core, list, below) = (Arc::clone(&self.core), list.to_owned(), below.cloned());
        self.core.link.bridge(async move { core.list_back(&list, below, limit).await }).await
    }
}

#[async_trait]
impl Chunks for CassandraStore {
    async fn forget_file(&self, key: &str) -> Result<(), TablesError> {
        let (core, key) = (Arc::clone(&self.core), key.to_owned());
        let forget = async move {
            Ok(core.link().repeat(&core.statements.forget_file, &(key.as_str(),)).await.map(drop)?)
        };
        self.core.link.bridge(forget).await
    }
}

/// Neighbours with the same key, as many as go into one write.
fn bundles(rows: Vec<Row>) -> Vec<Vec<Row>> {
    let mut bundles: Vec<Vec<Row>> = Vec::new();
    let mut bytes = 0;
    for row in rows {
        bytes += row.body.len();
        match bundles.last_mut() {
            Some(last)
                if last.len() < BUNDLE_ROWS
                    && bytes <= BUNDLE_BYTES
                    && last.first().is_some_and(|first| first.key == row.key) =>
            {
                last.push(row);
            }
            _ => {
                bytes = row.body.len();
                bundles.push(vec![row]);
            }
        }
    }
    bundles
}

impl Core {
    fn rows(&self, table: Table) -> Result<&RowStatements, Fault> {
        let missing = || Fault::Refused(format!("no statements for the table {}", table_name(table)));
        self.statements.rows.get(&table).ok_or_else(missing)
    }

    async fn put_once(&self, table: Table, rows: Vec<Row>) -> Result<(), TablesError> {
        let put = &self.rows(table)?.put;
        if let Some(row) = rows.iter().find(|row| row.row > CLOSING_ROW) {
            return Err(TablesError::Refused(format!("row number {} is too large", row.row)));
        }
        let inserts = stream::iter(bundles(rows)).map(|rows| async move {
            let mut values = Vec::with_capacity(rows.len());
            for row in &rows {
                values.push((&row.key, signed(row.row)?, &row.body[..]));
            }
            match values.as_slice() {
                [single] => self.link().repeat(put, single).await.map(drop),
                [first, ..] => self.link().repeat_bundle(put, first, &values).await,
                [] => Ok(()),
            }
        });
        Ok(inserts.buffer_unordered(PUTS_IN_FLIGHT).try_collect::<()>().await?)
    }

    /// Never repeats by itself: a repeat of a write that happened would answer `Lost` with the caller's own body.
    async fn put_if_version(
        &self,
        table: Table,
        key: &str,
        expected: u64,
        body: Bytes,
    ) -> Result<Swap, TablesError> {
        let kind = table_name(table);
        let result = if expected == 0 {
            self.link().once(&self.statements.cell_create, &(kind, key, &body[..])).await?
        } else {
            let values = (signed(expected)? + 1, &body[..], kind, key, signed(expected)?);
            self.link().once(&self.statements.cell_swap, &values).await?
        };
        if answer_of(result)?.applied {
            return Ok(Swap::Won);
        }
        let (version, body) = self.get_versioned(table, key).await?.unwrap_or_default();
        Ok(Swap::Lost { version, body })
    }

    async fn get_versioned(&self, table: Table, key: &str) -> Result<Option<(u64, Bytes)>, Fault> {
        let values = (table_name(table), key);
        let mut rows = rows_of(self.link().repeat(&self.statements.cell_read, &values).await?)?;
        let Some(row) = rows.first_mut() else { return Ok(None) };
        let Some(version) = number(row, "version") else { return Ok(None) };
        Ok(Some((version, blob(row, "body").unwrap_or_default().into())))
    }

    async fn get(&self, table: Table, key: &str, row: u64) -> Result<Option<Bytes>, TablesError> {
        let values = (key, signed(row)?);
        let mut rows = rows_of(self.link().repeat(&self.rows(table)?.get, &values).await?)?;
        Ok(rows.first_mut().map(|row| blob(row, "body").unwrap_or_default().into()))
    }

    async fn scan(
        &self,
        table: Table,
        key: &str,
        from: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Bytes)>, TablesError> {
        let scan = &self.rows(table)?.scan;
        let mut found: Vec<(u64, Bytes)> = Vec::new();
        let mut from = from;
        while found.len() < limit {
            let wanted = SCAN_PAGE.min(limit - found.len());
            let values = (key, signed(from)?, i32::try_from(wanted).unwrap_or(i32::MAX));
            let mut rows = rows_of(self.link().repeat(scan, &values).await?)?;
            let full = rows.len() == wanted;
            for row in &mut rows {
                let Some(at) = number(row, "row") else {
                    return Err(TablesError::Refused(format!("a row of {key:?} has no number")));
                };
                found.push((at, blob(row, "body").unwrap_or_default().into()));
                from = at.saturating_add(1);
            }
            if !full || from > i64::MAX as u64 {
                break;
            }
        }
        Ok(found)
    }

    async fn enlist(&self, Entry { list, place, body }: &Entry) -> Result<(), Fault> {
        let values = (list, signed(place.number)?, &place.name, &body[..]);
        self.link().repeat(&self.statements.list_put, &values).await.map(drop)
    }

    async fn list_back(
        &self,
        list: &str,
        below: Option<Place>,
        limit: usize,
    ) -> Result<Vec<(Place, Bytes)>, TablesError> {
        let mut found: Vec<(Place, Bytes)> = Vec::new();
        // No number is that large: the same as no bound.
        let mut below = below.filter(|below| below.number <= CLOSING_ROW);
        while found.len() < limit {
            let wanted = SCAN_PAGE.min(limit - found.len());
            let page = i32::try_from(wanted).unwrap_or(i32::MAX);
            let read = match &below {
                None => self.link().repeat(&self.statements.list_end, &(list, page)).await,
                Some(below) => {
                    let values = (list, signed(below.number)?, &below.name, page);
                    self.link().repeat(&self.statements.list_back, &values).await
                }
            };
            let mut rows = rows_of(read?)?;
            let full = rows.len() == wanted;
            for row in &mut rows {
                let (Some(number), Some(name)) = (number(row, "number"), text(row, "name")) else {
                    return Err(TablesError::Refused(format!("an entry of {list:?} has no place")));
                };
                let place = Place { number, name: name.to_owned() };
                found.push((place, blob(row, "body").unwrap_or_default().into()));
            }
            below = found.last().map(|(place, _)| place.clone());
            if !full {
                break;
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, bytes: usize) -> Row {
        Row { key: key.to_owned(), row: 1, body: vec![7; bytes].into() }
    }

    #[test]
    fn rows_of_one_key_are_written_together_up_to_a_size() {
        let rows =
            vec![row("a", 1), row("a", 1), row("b", 1), row("b", BUNDLE_BYTES), row("b", 9), row("a", 1)];
        let sizes: Vec<usize> = bundles(rows).iter().map(Vec::len).collect();
        assert_eq!(sizes, [2, 1, 1, 1, 1]);
        let many = (0..BUNDLE_ROWS + 1).map(|_| row("a", 1)).collect();
        assert_eq!(bundles(many).len(), 2);
    }
}
