//! One owner and its log: append, read, roll, trim.

use bytes::Bytes;
use handoff_journal::{Epoch, FRAME_BYTES_MAX, Head, JournalError};

use crate::support::{World, at, definite, frame};

fn is_refused<T>(answer: &Result<T, JournalError>) -> bool {
    matches!(answer, Err(JournalError::Refused(_)))
}

pub async fn appended_frames_read_back_in_order(world: &dyn World) {
    let (hand, shard) = (world.hand(1).await, world.shard());
    let mut claimed = hand.claim(shard).await;
    let mut ids = Vec::new();
    for number in 1..=20 {
        ids.push(hand.append(&mut claimed, &format!("frame {number}")).await);
    }
    let log = hand.log(&claimed).await;
    assert_eq!(log.iter().map(|frame| frame.id).collect::<Vec<_>>(), ids);
    for (index, stored) in log.iter().enumerate() {
        assert_eq!(stored.position, at(1, index as u64 + 1));
        assert_eq!(stored.epoch, claimed.tenure.epoch);
        assert_eq!(stored.body, format!("frame {}", index + 1));
    }
}

pub async fn a_new_shard_starts_at_epoch_one_and_position_one(world: &dyn World) {
    let (hand, shard) = (world.hand(1).await, world.shard());
    assert_eq!(definite(|| hand.node.journal.head(shard)).await, Ok(None));
    let claimed = hand.claim(shard).await;
    // A repeated claim may have raised the epoch, if an answer was lost.
    assert!(claimed.tenure.epoch >= Epoch(1));
    assert_eq!((claimed.tenure.shard, claimed.tenure.owner), (shard, hand.owner));
    assert_eq!((claimed.first_segment, claimed.next), (1, at(1, 1)));
    assert_eq!(hand.texts(&claimed).await, Vec::<String>::new());
}

pub async fn reading_is_paged_by_the_limit(world: &dyn World) {
    let (hand, shard) = (world.hand(1).await, world.shard());
    let mut claimed = hand.claim(shard).await;
    for number in 1..=5 {
        hand.append(&mut claimed, &number.to_string()).await;
    }
    let seqs = |from, limit| {
        let (hand, claimed) = (hand.clone(), claimed.clone());
        async move {
            let page = hand.read(&claimed, at(1, from), limit).await.expect("read");
            page.iter().map(|frame| frame.position.seq).collect::<Vec<_>>()
        }
    };
    assert_eq!(seqs(1, 2).await, [1, 2]);
    assert_eq!(seqs(3, 2).await, [3, 4]);
    assert_eq!(seqs(5, 2).await, [5]);
    assert_eq!(seqs(6, 2).await, [0; 0]);
    assert_eq!(seqs(2, 100).await, [2, 3, 4, 5]);
}

pub async fn the_same_append_twice_is_committed_once(world: &dyn World) {
    let (hand, shard) = (world.hand(1).await, world.shard());
    let mut claimed = hand.claim(shard).await;
    let first = frame("once");
    hand.try_append(&claimed, &first).await.expect("first");
    hand.try_append(&claimed, &first).await.expect("again");
    let past = claimed.clone();
    claimed.next.seq += 1;
    hand.append(&mut claimed, "next").await;
    hand.try_append(&past, &first).await.expect("again, after the next frame");
    assert_eq!(hand.texts(&claimed).await, ["once", "next"]);
}

pub async fn another_frame_at_a_taken_position_is_not_mine(world: &dyn World) {
    let (hand, shard) = (world.hand(1).await, world.shard());
    let claimed = hand.claim(shard).await;
    hand.try_append(&claimed, &frame("mine")).await.expect("append");
    let answer = hand.try_append(&claimed, &frame("other")).await;
    assert!(is_refused(&answer), "{answer:?}");
    assert_eq!(hand.texts(&claimed).await, ["mine"]);
}

pub async fn a_gap_is_refused(world: &dyn World) {
    let (hand, shard) = (world.hand(1).await, world.shard());
    let mut claimed = hand.claim(shard).await;
    let mut ahead = claimed.clone();
    ahead.next.seq = 2;
    let answer = hand.try_append(&ahead, &frame("too early")).await;
    assert!(is_refused(&answer), "{answer:?}");
    hand.append(&mut claimed, "first").await;
    assert_eq!(hand.texts(&claimed).await, ["first"]);
}

pub async fn an_oversize_frame_is_refused_and_leaves_no_trace(world: &dyn World) {
    let (hand, shard) = (world.hand(1).await, world.shard());
    let mut claimed = hand.claim(shard).await;
    let mut large = frame("");
    large.body = Bytes::from(vec![7; FRAME_BYTES_MAX + 1]);
    let answer = hand.try_append(&claimed, &large).await;
    assert!(is_refused(&answer), "{answer:?}");
    hand.append(&mut claimed, "small").await;
    assert_eq!(hand.texts(&claimed).await, ["small"]);
}

pub async fn the_largest_frame_fits(world: &dyn World) {
    let (hand, shard) = (world.hand(1).await, world.shard());
    let mut claimed = hand.claim(shard).await;
    let mut large = frame("");
    large.body = (0..FRAME_BYTES_MAX).map(|index| (index % 251) as u8).collect();
    hand.try_append(&claimed, &large).await.expect("append");
    claimed.next.seq += 1;
    hand.append(&mut claimed, "").await;
    let log = hand.log(&claimed).await;
    assert_eq!((log.len(), log[0].body == large.body, log[1].body.len()), (2, true, 0));
}

pub async fn a_roll_opens_the_next_segment_and_keeps_the_old_one_readable(world: &dyn World) {
    let (hand, shard) = (world.hand(1).await, world.shard());
    let mut claimed = hand.claim(shard).await;
    hand.append(&mut claimed, "a").await;
    hand.append(&mut claimed, "b").await;
    hand.roll(&mut claimed).await;
    assert_eq!(claimed.next, at(2, 1));
    assert_eq!(hand.read(&claimed, at(2, 1), 10).await, Ok(vec![]));
    hand.append(&mut claimed, "c").await;
    assert_eq!(hand.texts(&claimed).await, ["a", "b", "c"]);
    // A segment without frames may be rolled too.
    hand.roll(&mut claimed).await;
    hand.roll(&mut claimed).await;
    hand.append(&mut claimed, "d").await;
    assert_eq!(claimed.next, at(4, 2));
    assert_eq!(hand.texts(&claimed).await, ["a", "b", "c", "d"]);
}

pub async fn a_repeated_roll_answers_the_same_position(world: &dyn World) {
    let (hand, shard) = (world.hand(1).await, world.shard());
    let mut claimed = hand.claim(shard).await;
    hand.append(&mut claimed, "a").await;
    let before = claimed.clone();
    assert_eq!(hand.try_roll(&before).await, Ok(at(2, 1)));
    assert_eq!(hand.try_roll(&before).await, Ok(at(2, 1)));
    claimed.next = at(2, 1);
    hand.append(&mut claimed, "b").await;
    assert_eq!(hand.try_roll(&before).await, Ok(at(2, 1)));
    assert_eq!(hand.texts(&claimed).await, ["a", "b"]);
}

pub async fn a_sealed_segment_takes_no_frame(world: &dyn World) {
    let (hand, shard) = (world.hand(1).await, world.shard());
    let mut claimed = hand.claim(shard).await;
    hand.append(&mut claimed, "a").await;
    let before = claimed.clone();
    hand.roll(&mut claimed).await;
    let answer = hand.try_append(&before, &frame("too late")).await;
    assert!(is_refused(&answer), "{answer:?}");
    assert_eq!(hand.texts(&claimed).await, ["a"]);
}

pub async fn a_trim_forgets_the_older_segments_only(world: &dyn World) {
    let (hand, shard) = (world.hand(1).await, world.shard());
    let mut claimed = hand.claim(shard).await;
    for text in ["a", "b", "c"] {
        hand.append(&mut claimed, text).await;
        hand.roll(&mut claimed).await;
    }
    hand.append(&mut claimed, "d").await;
    hand.trim(&claimed, 3).await.expect("trim");
    for segment in 1..3 {
        let answer = hand.read(&claimed, at(segment, 1), 10).await;
        assert!(is_refused(&answer), "{answer:?}");
    }
    claimed.first_segment = 3;
    assert_eq!(hand.texts(&claimed).await, ["c", "d"]);
    let other = world.hand(2).await;
    let taken = other.claim(shard).await;
    assert_eq!((taken.first_segment, taken.next), (3, at(4, 2)));
    assert_eq!(other.texts(&taken).await, ["c", "d"]);
    let answer = other.read(&taken, at(1, 1), 10).await;
    assert!(is_refused(&answer), "{answer:?}");
}

pub async fn a_repeated_trim_changes_nothing(world: &dyn World) {
    let (hand, shard) = (world.hand(1).await, world.shard());
    let mut claimed = hand.claim(shard).await;
    for text in ["a", "b", "c"] {
        hand.append(&mut claimed, text).await;
        hand.roll(&mut claimed).await;
    }
    hand.trim(&claimed, 3).await.expect("trim");
    hand.trim(&claimed, 3).await.expect("again");
    hand.trim(&claimed, 2).await.expect("an older one");
    claimed.first_segment = 3;
    assert_eq!(hand.texts(&claimed).await, ["c"]);
    assert_eq!(hand.claim(shard).await.first_segment, 3);
}

pub async fn the_open_segment_is_never_trimmed(world: &dyn World) {
    let (hand, shard) = (world.hand(1).await, world.shard());
    let mut claimed = hand.claim(shard).await;
    hand.append(&mut claimed, "a").await;
    hand.roll(&mut claimed).await;
    hand.append(&mut claimed, "b").await;
    hand.trim(&claimed, 99).await.expect("trim");
    let mut claimed = hand.claim(shard).await;
    assert_eq!((claimed.first_segment, claimed.next), (2, at(2, 2)));
    hand.append(&mut claimed, "c").await;
    assert_eq!(hand.texts(&claimed).await, ["b", "c"]);
}

pub async fn the_head_tells_owner_and_end(world: &dyn World) {
    let (hand, shard) = (world.hand(1).await, world.shard());
    let mut claimed = hand.claim(shard).await;
    let expected = |next, first_segment| {
        Ok(Some(Head { epoch: claimed.tenure.epoch, owner: hand.owner, first_segment, next }))
    };
    let watcher = world.hand(2).await;
    assert_eq!(definite(|| watcher.node.journal.head(shard)).await, expected(at(1, 1), 1));
    let mut moving = claimed.clone();
    hand.append(&mut moving, "a").await;
    assert_eq!(definite(|| watcher.node.journal.head(shard)).await, expected(at(1, 2), 1));
    hand.roll(&mut moving).await;
    assert_eq!(definite(|| watcher.node.journal.head(shard)).await, expected(at(2, 1), 1));
    hand.trim(&moving, 2).await.expect("trim");
    assert_eq!(definite(|| watcher.node.journal.head(shard)).await, expected(at(2, 1), 2));
    claimed = watcher.claim(shard).await;
    let head = definite(|| hand.node.journal.head(shard)).await.expect("head").expect("claimed");
    assert_eq!((head.epoch, head.owner), (claimed.tenure.epoch, watcher.owner));
}

pub async fn shards_do_not_mix(world: &dyn World) {
    let (hand, other) = (world.hand(1).await, world.hand(2).await);
    let (mut first, mut second) = (hand.claim(world.shard()).await, hand.claim(world.shard()).await);
    hand.append(&mut first, "of the first").await;
    hand.append(&mut second, "of the second").await;
    let taken = other.claim(first.tenure.shard).await;
    hand.append(&mut second, "still mine").await;
    assert_eq!(other.texts(&taken).await, ["of the first"]);
    assert_eq!(hand.texts(&second).await, ["of the second", "still mine"]);
}
