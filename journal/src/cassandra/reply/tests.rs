//! H10: both servers' replies, made by hand from their documentation, decode to the same answer.

use super::*;

fn column(name: &str, value: Option<CqlValue>) -> (String, Option<CqlValue>) {
    (name.to_owned(), value)
}

fn applied(yes: bool) -> (String, Option<CqlValue>) {
    column("[applied]", Some(CqlValue::Boolean(yes)))
}

fn head_columns() -> Columns {
    vec![
        column("epoch", Some(CqlValue::BigInt(7))),
        column("owner", Some(CqlValue::Text("2-00000000000000ff".to_owned()))),
        column("next_seq", Some(CqlValue::BigInt(41))),
        column("state", Some(CqlValue::TinyInt(0))),
    ]
}

fn expected_head() -> SegmentHead {
    SegmentHead {
        epoch: Epoch(7),
        owner: "2-00000000000000ff".parse().expect("owner"),
        next_seq: 41,
        sealed: false,
    }
}

/// ScyllaDB sends the whole old row, keys and untouched columns included, in its own order.
fn scylla_row(yes: bool) -> Columns {
    let mut row = vec![
        applied(yes),
        column("shard", Some(CqlValue::Int(3))),
        column("segment", Some(CqlValue::BigInt(1))),
        column("seq", Some(CqlValue::BigInt(41))),
        column("frame", None),
        column("frame_id", None),
    ];
    let mut head = head_columns();
    head.reverse();
    row.extend(head);
    row
}

#[test]
fn h10_an_applied_write_is_told_by_both_shapes() {
    let cassandra = decode(vec![vec![applied(true)]]).expect("reply");
    assert!(cassandra.applied && cassandra.columns.is_empty());
    let scylla = decode(vec![scylla_row(true)]).expect("reply");
    assert!(scylla.applied, "the old row beside it does not make it a refusal");
}

#[test]
fn h10_a_refused_write_shows_the_same_head_in_both_shapes() {
    let mut cassandra = vec![applied(false)];
    cassandra.extend(head_columns());
    for rows in [vec![cassandra], vec![scylla_row(false)]] {
        let answer = decode(rows).expect("reply");
        assert!(!answer.applied);
        assert_eq!(segment_head(&answer.columns), Ok(Some(expected_head())));
    }
}

#[test]
fn h10_an_absent_partition_is_told_by_missing_columns_or_by_nulls() {
    let cassandra = decode(vec![vec![applied(false)]]).expect("reply");
    let nulls = scylla_row(false).into_iter().map(|(name, value)| match name.as_str() {
        "[applied]" => (name, value),
        _ => (name, None),
    });
    let scylla = decode(vec![nulls.collect()]).expect("reply");
    for answer in [cassandra, scylla] {
        assert!(!answer.applied);
        assert_eq!(segment_head(&answer.columns), Ok(None));
    }
}

/// A batch answers with a row per condition; a plain statement among them gets a row too.
#[test]
fn h10_a_batch_is_applied_only_when_every_row_says_so() {
    assert!(decode(vec![scylla_row(true), scylla_row(true)]).expect("reply").applied);
    assert!(!decode(vec![scylla_row(true), scylla_row(false)]).expect("reply").applied);
    assert!(!decode(vec![scylla_row(false), scylla_row(false)]).expect("reply").applied);
}

#[test]
fn a_reply_without_a_verdict_is_an_error_and_never_a_yes() {
    assert!(decode(vec![]).is_err());
    assert!(decode(vec![head_columns()]).is_err());
    assert!(decode(vec![vec![column("[applied]", None)]]).is_err());
    assert!(decode(vec![vec![column("[applied]", Some(CqlValue::Int(1)))]]).is_err());
}

#[test]
fn a_damaged_head_is_refused() {
    let mut columns = head_columns();
    columns[1].1 = Some(CqlValue::Text("nobody".to_owned()));
    assert!(matches!(segment_head(&columns), Err(Fault::Refused(_))));
}
