//! The pipeline by itself: what waits for what.

use super::*;
use crate::moment::Mono;

fn pipeline() -> Pipeline<&'static str> {
    Pipeline::new(Position { segment: 1, seq: 1 }, 100)
}

fn item(bytes: usize) -> Vec<u8> {
    vec![7; bytes]
}

#[test]
fn an_output_waits_for_the_newest_item_and_leaves_in_order() {
    let mut pipe = pipeline();
    pipe.push(item(10));
    pipe.hold("ack 1", Mono(0), false);
    assert!(pipe.release().is_empty());
    assert!(matches!(pipe.cut(Mono(0), 1, false).unwrap(), Some(Step::Append { .. })));
    pipe.hold("typing while the frame is held back", Mono(0), false);
    pipe.push(item(10));
    pipe.hold("ack 2", Mono(0), false);
    assert!(pipe.cut(Mono(0), 2, false).unwrap().is_none(), "one append in flight");
    assert!(pipe.release().is_empty());
    pipe.appended();
    assert_eq!(pipe.release(), ["ack 1", "typing while the frame is held back"]);
    assert!(pipe.cut(Mono(0), 2, false).unwrap().is_some());
    pipe.appended();
    assert_eq!(pipe.release(), ["ack 2"]);
}

#[test]
fn what_arrives_during_an_append_joins_one_frame_cut_by_size() {
    let mut pipe = pipeline();
    pipe.push(item(10));
    pipe.cut(Mono(0), 1, false).unwrap().unwrap();
    for _ in 0..4 {
        pipe.push(item(40));
    }
    pipe.appended();
    let Some(Step::Append { at, frame }) = pipe.cut(Mono(0), 2, false).unwrap() else { panic!("no frame") };
    assert_eq!((at.seq, frame.events), (2, 2));
    pipe.appended();
    let Some(Step::Append { frame, .. }) = pipe.cut(Mono(0), 3, true).unwrap() else { panic!("no frame") };
    assert_eq!(frame.events, 2);
}

#[test]
fn a_read_with_nothing_open_waits_for_one_confirmation_shared_by_all() {
    let mut pipe = pipeline();
    pipe.hold("read 1", Mono(1_000), false);
    assert!(pipe.release().is_empty());
    assert_eq!(pipe.confirm(Mono(1_000)), Some(Step::Confirm));
    pipe.hold("read 2", Mono(1_001), false);
    assert_eq!(pipe.confirm(Mono(1_001)), None);
    pipe.confirmed();
    assert_eq!(pipe.release(), ["read 1", "read 2"]);
    pipe.hold("fresh", Mono(1_000 + CONFIRMED_FOR_MS), false);
    assert_eq!(pipe.release(), ["fresh"]);
    pipe.hold("stale", Mono(1_001 + CONFIRMED_FOR_MS), false);
    assert!(pipe.release().is_empty());
    pipe.confirm(Mono(1_300));
    pipe.confirmed();
    assert_eq!(pipe.release(), ["stale"]);
    pipe.distrust();
    pipe.hold("after a stall", Mono(1_301), false);
    assert!(pipe.release().is_empty());
}

#[test]
fn a_read_between_decide_and_commit_waits_for_the_commit() {
    let mut pipe = pipeline();
    pipe.confirm_started = Some(Mono(0));
    pipe.confirmed();
    pipe.push(item(10));
    pipe.hold("refresh", Mono(1), false);
    pipe.cut(Mono(1), 1, false).unwrap();
    assert!(pipe.release().is_empty());
    pipe.appended();
    assert_eq!(pipe.release(), ["refresh"]);
}

#[test]
fn chunks_go_one_with_each_frame_and_alone_when_nothing_else_waits() {
    let mut pipe = pipeline();
    pipe.push(item(10));
    pipe.push_chunk(item(50));
    pipe.push_chunk(item(50));
    let Some(Step::Append { frame, .. }) = pipe.cut(Mono(0), 1, false).unwrap() else { panic!("no frame") };
    assert_eq!(FrameBody { items: vec![item(10), item(50)] }.to_bytes().unwrap(), frame.body);
    pipe.appended();
    assert!(pipe.has_chunks());
    assert!(pipe.cut(Mono(0), 2, false).unwrap().is_some());
    pipe.appended();
    assert!(pipe.cut(Mono(0), 3, false).unwrap().is_none());
    assert_eq!(pipe.committed(), 1);
}

#[test]
fn a_fence_gives_everything_back_and_commits_nothing() {
    let mut pipe = pipeline();
    pipe.push(item(10));
    pipe.hold("ack", Mono(0), false);
    pipe.cut(Mono(0), 1, false).unwrap();
    assert_eq!(pipe.abandon(), ["ack"]);
    assert!(pipe.release().is_empty());
    assert_eq!(pipe.committed(), 0);
}

#[test]
fn what_comes_while_a_shard_waits_for_its_turn_is_in_its_frame() {
    let mut pipe = pipeline();
    pipe.push(item(10));
    assert!(pipe.ask(true, Mono(5)));
    assert!(!pipe.ask(true, Mono(6)), "asked once");
    assert!(!pipe.is_cleared());
    assert!(pipe.cut(Mono(6), 1, false).unwrap().is_none(), "it has no permit");
    pipe.push(item(10));
    pipe.clear();
    assert!(pipe.is_cleared());
    let Some(Step::Append { frame, .. }) = pipe.cut(Mono(1_005), 1, false).unwrap() else {
        panic!("no frame")
    };
    assert_eq!(frame.events, 2);
    assert_eq!(pipe.flight_age_ms(Mono(1_006)), 1_001, "the wait counts: the store was slow for somebody");
    pipe.appended();
    assert!(pipe.ask(true, Mono(1_007)));
    pipe.clear();
    pipe.give_back();
    assert!(pipe.is_free() && !pipe.is_cleared());
}
