//! What a conditional write answers, decoded by column name.
//!
//! The servers differ. Cassandra answers `[applied]` alone when it applied, and `[applied]` with the condition's
//! columns when not. ScyllaDB always answers `[applied]` with the old row, in full, and a batch with one row per
//! condition. A partition that is not there shows as missing columns on the one, as nulls on the other.

use scylla::response::query_result::QueryResult;
use scylla::value::{CqlValue, Row};

use super::Fault;
use crate::{Epoch, Owner};

/// One reply row: column names with their values.
pub type Columns = Vec<(String, Option<CqlValue>)>;

/// A conditional write's answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Whether it was written.
    pub applied: bool,
    /// What the reply's first row says beside that; may be empty, may be the old row even when applied.
    pub columns: Columns,
}

/// What a segment's static columns say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SegmentHead {
    pub(super) epoch: Epoch,
    pub(super) owner: Owner,
    pub(super) next_seq: u64,
    pub(super) sealed: bool,
}

/// Decodes the rows of a conditional write's reply.
///
/// # Errors
/// A text saying what is wrong when the reply is no such reply.
pub fn decode(rows: Vec<Columns>) -> Result<Answer, String> {
    let mut applied = true;
    let mut first: Option<Columns> = None;
    for row in rows {
        let said = row.iter().find(|(name, _)| name == "[applied]").map(|(_, value)| value);
        match said {
            Some(Some(CqlValue::Boolean(yes))) => applied &= yes,
            other => return Err(format!("a conditional write answered without [applied]: {other:?}")),
        }
        first.get_or_insert(row);
    }
    let mut columns = first.ok_or("a conditional write answered no row")?;
    columns.retain(|(name, _)| name != "[applied]");
    Ok(Answer { applied, columns })
}

pub(super) fn number(columns: &Columns, name: &str) -> Option<u64> {
    match value(columns, name)? {
        CqlValue::BigInt(n) => u64::try_from(*n).ok(),
        CqlValue::Int(n) => u64::try_from(*n).ok(),
        CqlValue::TinyInt(n) => u64::try_from(*n).ok(),
        _ => None,
    }
}

pub(super) fn text<'a>(columns: &'a Columns, name: &str) -> Option<&'a str> {
    match value(columns, name)? {
        CqlValue::Text(text) | CqlValue::Ascii(text) => Some(text),
        _ => None,
    }
}

pub(super) fn blob(columns: &mut Columns, name: &str) -> Option<Vec<u8>> {
    match columns.iter_mut().find(|(column, _)| column == name)?.1.take()? {
        CqlValue::Blob(bytes) => Some(bytes),
        _ => None,
    }
}

fn value<'a>(columns: &'a Columns, name: &str) -> Option<&'a CqlValue> {
    columns.iter().find(|(column, _)| column == name)?.1.as_ref()
}

/// The segment's head in a reply, `None` when the segment is not there.
pub(super) fn segment_head(columns: &Columns) -> Result<Option<SegmentHead>, Fault> {
    let Some(epoch) = number(columns, "epoch") else {
        return Ok(None);
    };
    let owner = text(columns, "owner").and_then(|text| text.parse().ok());
    match (owner, number(columns, "next_seq"), number(columns, "state")) {
        (Some(owner), Some(next_seq), Some(state)) => {
            Ok(Some(SegmentHead { epoch: Epoch(epoch), owner, next_seq, sealed: state != 0 }))
        }
        _ => Err(Fault::Refused(format!("a damaged segment head: {columns:?}"))),
    }
}

/// All rows of a reply with their column names.
pub(super) fn rows_of(result: QueryResult) -> Result<Vec<Columns>, Fault> {
    let wrong = |e: &dyn std::fmt::Display| Fault::Refused(format!("a reply that can't be read: {e}"));
    let rows = result.into_rows_result().map_err(|e| wrong(&e))?;
    let names: Vec<String> = rows.column_specs().iter().map(|spec| spec.name().to_owned()).collect();
    let mut decoded = Vec::with_capacity(rows.rows_num());
    for row in rows.rows::<Row>().map_err(|e| wrong(&e))? {
        let row = row.map_err(|e| wrong(&e))?;
        decoded.push(names.iter().cloned().zip(row.columns).collect());
    }
    Ok(decoded)
}

/// The answer of a conditional write.
pub(super) fn answer_of(result: QueryResult) -> Result<Answer, Fault> {
    decode(rows_of(result)?).map_err(Fault::Refused)
}

#[cfg(test)]
mod tests;
