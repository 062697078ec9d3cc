//! Several owners: after a takeover nothing of the old owner gets in, and nothing that it acknowledged is lost.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use handoff_journal::{Epoch, JournalError};

use crate::support::{World, assert_epochs_never_go_back, assert_fenced, assert_fenced_since, at, frame};

pub async fn an_old_owner_is_fenced_in_every_call(world: &dyn World) {
    let (old, new, shard) = (world.hand(1).await, world.hand(2).await, world.shard());
    let mut before = old.claim(shard).await;
    old.append(&mut before, "a").await;
    old.roll(&mut before).await;
    old.append(&mut before, "b").await;
    assert_eq!(old.confirm(&before).await, Ok(()));
    let after = new.claim(shard).await;
    assert!(after.tenure.epoch > before.tenure.epoch);
    assert_fenced(old.try_append(&before, &frame("c")).await, &after);
    assert_fenced(old.try_roll(&before).await, &after);
    assert_fenced(old.confirm(&before).await, &after);
    assert_fenced(old.trim(&before, 2).await, &after);
    assert_eq!(new.confirm(&after).await, Ok(()));
    assert_eq!((after.first_segment, after.next), (1, at(2, 2)));
    assert_eq!(new.texts(&after).await, ["a", "b"]);
}

pub async fn a_frame_committed_before_the_takeover_is_not_called_fenced(world: &dyn World) {
    let (old, new, shard) = (world.hand(1).await, world.hand(2).await, world.shard());
    let before = old.claim(shard).await;
    let sent = frame("answered, but the answer was lost");
    old.try_append(&before, &sent).await.expect("append");
    let mut after = new.claim(shard).await;
    new.append(&mut after, "next").await;
    // "Fenced" would mean that it is not in the log; but it is, and the new owner goes by it.
    assert_eq!(old.try_append(&before, &sent).await, Ok(()));
    assert_fenced(old.try_append(&before, &frame("another")).await, &after);
    assert_eq!(new.texts(&after).await, ["answered, but the answer was lost", "next"]);
}

pub async fn a_takeover_goes_on_where_the_log_ended(world: &dyn World) {
    let shard = world.shard();
    let mut expected = Vec::new();
    for turn in 0..6u16 {
        let hand = world.hand(turn % 3 + 1).await;
        let mut claimed = hand.claim(shard).await;
        assert_eq!(hand.texts(&claimed).await, expected);
        for number in 0..3 {
            let text = format!("turn {turn} frame {number}");
            hand.append(&mut claimed, &text).await;
            expected.push(text);
        }
        let log = hand.log(&claimed).await;
        assert_epochs_never_go_back(&log);
        assert_eq!(claimed.next, at(1, expected.len() as u64 + 1));
    }
}

pub async fn claiming_again_in_the_same_life_raises_the_epoch(world: &dyn World) {
    let (hand, shard) = (world.hand(1).await, world.shard());
    let mut first = hand.claim(shard).await;
    hand.append(&mut first, "a").await;
    let mut second = hand.claim(shard).await;
    assert!(second.tenure.epoch > first.tenure.epoch);
    assert_fenced(hand.try_append(&first, &frame("old term")).await, &second);
    hand.append(&mut second, "b").await;
    assert_eq!(hand.texts(&second).await, ["a", "b"]);
}

pub async fn takeovers_across_rolls_and_trims_keep_the_log_whole(world: &dyn World) {
    let shard = world.shard();
    let mut expected: Vec<(u64, String)> = Vec::new();
    let mut first_segment = 1;
    for turn in 0..12u16 {
        let hand = world.hand(turn % 3 + 1).await;
        let mut claimed = hand.claim(shard).await;
        assert_eq!(claimed.first_segment, first_segment, "turn {turn}");
        for number in 0..4 {
            let text = format!("turn {turn} frame {number}");
            hand.append(&mut claimed, &text).await;
            expected.push((claimed.next.segment, text));
            if number == 1 {
                hand.roll(&mut claimed).await;
            }
        }
        if turn % 3 == 2 {
            first_segment = claimed.next.segment - 1;
            hand.trim(&claimed, first_segment).await.expect("trim");
            claimed.first_segment = first_segment;
            expected.retain(|(segment, _)| *segment >= first_segment);
        }
        let texts: Vec<_> = expected.iter().map(|(_, text)| text.clone()).collect();
        assert_eq!(hand.texts(&claimed).await, texts, "turn {turn}");
    }
}

pub async fn a_claim_after_a_crash_between_seal_and_next_segment_finds_both(world: &dyn World) {
    let (old, new, shard) = (world.hand(1).await, world.hand(2).await, world.shard());
    let mut before = old.claim(shard).await;
    old.append(&mut before, "a").await;
    let sealed = before.clone();
    old.roll(&mut before).await;
    let mut after = new.claim(shard).await;
    assert_eq!((after.first_segment, after.next), (1, at(2, 1)));
    // The old owner repeats its roll, as if its answer had been lost.
    assert_fenced(old.try_roll(&sealed).await, &after);
    new.append(&mut after, "b").await;
    assert_eq!(new.texts(&after).await, ["a", "b"]);
}

pub async fn h3_a_resumed_old_owner_commits_nothing(world: &dyn World) {
    let (old, shard) = (world.hand(1).await, world.shard());
    let mut before = old.claim(shard).await;
    old.append(&mut before, "a").await;
    let mut newest = before.clone();
    for turn in 0..3 {
        let new = world.hand(turn + 2).await;
        newest = new.claim(shard).await;
        // Where nothing stands yet that would be in their way, the claim alone keeps the old owner out.
        if turn == 0 {
            assert_fenced(old.try_append(&before, &frame("zombie")).await, &newest);
        }
        new.append(&mut newest, "new").await;
        new.roll(&mut newest).await;
    }
    for _ in 0..3 {
        assert_fenced_since(old.try_append(&before, &frame("zombie")).await, &before, &newest);
        assert_fenced_since(old.try_roll(&before).await, &before, &newest);
    }
    let reader = world.hand(1).await;
    let claimed = reader.claim(shard).await;
    assert_eq!(reader.texts(&claimed).await, ["a", "new", "new", "new"]);
}

pub async fn h12_trim_holds_against_a_resumed_old_owner(world: &dyn World) {
    let (old, new, shard) = (world.hand(1).await, world.hand(2).await, world.shard());
    let mut before = old.claim(shard).await;
    old.append(&mut before, "old").await;
    let mut after = new.claim(shard).await;
    for _ in 0..3 {
        new.append(&mut after, "new").await;
        new.roll(&mut after).await;
    }
    new.append(&mut after, "last").await;
    new.trim(&after, 4).await.expect("trim");
    // Everything the old owner knows of is gone; none of it may open again.
    assert_fenced(old.try_append(&before, &frame("zombie")).await, &after);
    assert_fenced(old.try_roll(&before).await, &after);
    assert_fenced(old.trim(&before, 2).await, &after);
    assert_fenced(old.confirm(&before).await, &after);
    let claimed = old.claim(shard).await;
    assert_eq!((claimed.first_segment, claimed.next), (4, at(4, 2)));
    assert_eq!(old.texts(&claimed).await, ["last"]);
}

pub async fn h13_racing_claims_have_one_winner_per_epoch(world: &dyn World) {
    let shard = world.shard();
    let mut epochs: BTreeSet<Epoch> = BTreeSet::new();
    for _ in 0..8 {
        let hands = join_all((1..=4).map(|id| world.hand(id))).await;
        let answers = join_all(hands.iter().map(|hand| hand.try_claim(shard))).await;
        let mut winners = 0;
        for answer in answers {
            match answer {
                Ok(claimed) => {
                    assert!(epochs.insert(claimed.tenure.epoch), "epoch {} twice", claimed.tenure.epoch);
                    winners += 1;
                }
                Err(JournalError::Fenced { .. }) => {}
                Err(other) => panic!("{other}"),
            }
        }
        assert!(winners >= 1, "somebody must win");
    }
    let (hand, watcher) = (world.hand(1).await, world.hand(2).await);
    let mut claimed = hand.claim(shard).await;
    assert!(epochs.iter().all(|epoch| *epoch < claimed.tenure.epoch));
    hand.append(&mut claimed, "first").await;
    let taken = watcher.claim(shard).await;
    assert_eq!(watcher.texts(&taken).await, ["first"]);
}
