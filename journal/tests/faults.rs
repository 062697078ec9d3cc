//! Faults that only the memory model can place exactly: late attempts, lost answers, a crash at each step of a roll.

use std::time::Duration;

use handoff_journal::memory::Faults;
use handoff_journal::{Claimed, Journal, JournalError, NodeId, ShardId};

use crate::support::worlds::Memory;
use crate::support::{Hand, World, assert_fenced, assert_fenced_since, at, frame};

fn is_unknown<T>(answer: &Result<T, JournalError>) -> bool {
    matches!(answer, Err(JournalError::Unknown(_)))
}

#[tokio::test(start_paused = true)]
async fn a_head_that_still_says_q_means_not_yet() {
    let world = Memory::new(1);
    let (hand, shard) = (world.hand(1).await, world.shard());
    let claimed = hand.claim(shard).await;
    let sent = frame("late");
    world.store.hold_next_writes(NodeId(1), 1);
    assert!(is_unknown(&hand.node.journal.append(&claimed.tenure, claimed.next, &sent).await));
    let head = hand.node.journal.head(shard).await.expect("head").expect("claimed");
    assert_eq!(head.next, at(1, 1), "the head was read before the attempt arrives");
    assert_eq!(world.store.release_held(), 1);
    assert_eq!(world.store.log(shard).len(), 1, "the old attempt did arrive");
    assert_eq!(hand.try_append(&claimed, &sent).await, Ok(()), "the same call finds its own frame");
    assert_eq!(world.store.log(shard).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_late_attempt_after_its_own_repeat_changes_nothing() {
    let world = Memory::new(1);
    let (hand, shard) = (world.hand(1).await, world.shard());
    let mut claimed = hand.claim(shard).await;
    let sent = frame("twice sent");
    world.store.hold_next_writes(NodeId(1), 1);
    assert!(is_unknown(&hand.node.journal.append(&claimed.tenure, claimed.next, &sent).await));
    hand.try_append(&claimed, &sent).await.expect("repeat");
    claimed.next.seq += 1;
    world.store.release_held();
    hand.append(&mut claimed, "next").await;
    assert_eq!(hand.texts(&claimed).await, ["twice sent", "next"]);
}

#[tokio::test(start_paused = true)]
async fn a_position_taken_by_somebody_else_is_not_mine() {
    // The head may say q + 1 because of my lost attempt, or because of the next owner's frame: only the id tells.
    let world = Memory::new(1);
    let (old, new, shard) = (world.hand(1).await, world.hand(2).await, world.shard());
    let before = old.claim(shard).await;
    let mine = frame("mine");
    world.store.hold_next_writes(NodeId(1), 1);
    assert!(is_unknown(&old.node.journal.append(&before.tenure, before.next, &mine).await));
    let mut after = new.claim(shard).await;
    new.append(&mut after, "theirs").await;
    world.store.release_held();
    assert_fenced(old.try_append(&before, &mine).await, &after);
    assert_eq!(new.texts(&after).await, ["theirs"]);
}

#[tokio::test(start_paused = true)]
async fn h4_a_late_attempt_after_a_takeover_is_void() {
    let world = Memory::new(1);
    let (old, new, shard) = (world.hand(1).await, world.hand(2).await, world.shard());
    let before = old.claim(shard).await;
    world.store.hold_next_writes(NodeId(1), 1);
    assert!(is_unknown(&old.node.journal.append(&before.tenure, before.next, &frame("late")).await));
    let mut after = new.claim(shard).await;
    assert_eq!(new.texts(&after).await, Vec::<String>::new());
    world.store.release_held();
    assert_eq!(new.texts(&after).await, Vec::<String>::new(), "what the new owner read stays true");
    new.append(&mut after, "new").await;
    assert_eq!(new.texts(&after).await, ["new"]);
}

#[tokio::test(start_paused = true)]
async fn h5_an_unknown_append_is_resolved_by_the_same_call() {
    let world = Memory::new(1);
    let (hand, shard) = (world.hand(1).await, world.shard());
    let mut claimed = hand.claim(shard).await;
    for (lose_before, lose_after, committed) in [(1.0, 0.0, 0), (0.0, 1.0, 1)] {
        let (sent, known) = (frame("sent"), world.store.log(shard).len());
        world.store.set_faults(Faults { lose_before, lose_after, ..Faults::default() });
        assert!(is_unknown(&hand.node.journal.append(&claimed.tenure, claimed.next, &sent).await));
        assert_eq!(world.store.log(shard).len(), known + committed);
        world.store.set_faults(Faults::default());
        assert_eq!(hand.try_append(&claimed, &sent).await, Ok(()));
        claimed.next.seq += 1;
        assert_eq!(world.store.log(shard).len(), known + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn h11_time_alone_takes_no_ownership_away() {
    let world = Memory::new(1);
    let (hand, shard) = (world.hand(1).await, world.shard());
    let mut claimed = hand.claim(shard).await;
    tokio::time::sleep(Duration::from_secs(86_400)).await;
    assert_eq!(hand.confirm(&claimed).await, Ok(()));
    hand.append(&mut claimed, "a day later").await;
}

#[tokio::test(start_paused = true)]
async fn h12_late_creation_of_a_trimmed_segment_opens_nothing() {
    let world = Memory::new(1);
    let (old, new, shard) = (world.hand(1).await, world.hand(2).await, world.shard());
    let mut before = old.claim(shard).await;
    old.append(&mut before, "a").await;
    old.node.journal.roll(&before.tenure, before.next).await.expect("roll");
    // Of the next roll the first write seals; the second, the creation, is stuck on its way.
    let mut sealed = before.clone();
    sealed.next = at(2, 1);
    world.store.set_faults(Faults { delay_ms: (1, 1), ..Faults::default() });
    let stuck = old.node.journal.roll(&sealed.tenure, sealed.next);
    let hold = async {
        tokio::time::sleep(Duration::from_micros(1500)).await;
        world.store.hold_next_writes(NodeId(1), 1);
    };
    let (answer, ()) = tokio::join!(stuck, hold);
    assert!(is_unknown(&answer), "{answer:?}");
    world.store.set_faults(Faults::default());
    let mut after = new.claim(shard).await;
    assert_eq!(after.next, at(3, 1), "sealed, so the next segment is the new owner's");
    new.roll(&mut after).await;
    new.append(&mut after, "b").await;
    new.trim(&after, 4).await.expect("trim");
    assert_eq!(world.store.release_held(), 1);
    assert_fenced(old.try_roll(&sealed).await, &after);
    let mut reopened = before.clone();
    reopened.next = at(3, 1);
    assert_fenced(old.confirm(&reopened).await, &after);
    let again = old.claim(shard).await;
    assert_eq!((again.first_segment, again.next), (4, at(4, 2)));
    assert_eq!(old.texts(&again).await, ["b"]);
}

#[tokio::test(start_paused = true)]
async fn h12_a_trim_past_the_directory_s_hint_hides_no_segment() {
    let world = Memory::new(1);
    let (old, new, shard) = (world.hand(1).await, world.hand(2).await, world.shard());
    let mut before = old.claim(shard).await;
    old.append(&mut before, "a").await;
    // Of the roll's writes the last is stuck on its way: the directory names the old segment.
    world.store.set_faults(Faults { delay_ms: (1, 1), ..Faults::default() });
    let roll = old.node.journal.roll(&before.tenure, before.next);
    let hold = async {
        tokio::time::sleep(Duration::from_micros(4500)).await;
        world.store.hold_next_writes(NodeId(1), 1);
    };
    let (answer, ()) = tokio::join!(roll, hold);
    assert!(is_unknown(&answer), "{answer:?}");
    world.store.set_faults(Faults::default());
    old.trim(&before, 2).await.expect("trim");
    let after = new.claim(shard).await;
    assert_eq!((after.first_segment, after.next), (2, at(2, 1)));
    assert_eq!(world.store.release_held(), 1);
    assert_eq!(new.confirm(&after).await, Ok(()));
}

/// A node stopped at any moment of its roll resumes when the segment that it is about to open was trimmed long ago.
#[tokio::test(start_paused = true)]
async fn h12_a_roll_resumed_after_a_trim_opens_nothing() {
    for stopped_at_ms in (5..100).step_by(10) {
        let world = Memory::new(stopped_at_ms);
        let (old, new, shard) = (world.hand(1).await, world.hand(2).await, world.shard());
        let mut before = old.claim(shard).await;
        old.append(&mut before, "a").await;
        world.store.set_faults(Faults { delay_ms: (10, 10), ..Faults::default() });
        let mut roll = old.node.journal.roll(&before.tenure, before.next);
        if tokio::time::timeout(Duration::from_millis(stopped_at_ms), &mut roll).await.is_ok() {
            continue;
        }
        world.store.set_faults(Faults::default());
        let after = take_roll_and_trim(&new, shard).await;
        match roll.await {
            // It had opened the segment before; whatever it does there is fenced.
            Ok(next) => before.next = next,
            resumed => assert_fenced_since(resumed, &before, &after),
        }
        assert_fenced_since(old.try_append(&before, &frame("zombie")).await, &before, &after);
        let again = world.hand(3).await.claim(shard).await;
        assert_eq!(
            (again.first_segment, again.next),
            (after.next.segment, after.next),
            "at {stopped_at_ms} ms"
        );
    }
}

/// The same for a claimant, who may be about to create the segment after a sealed one.
#[tokio::test(start_paused = true)]
async fn h12_a_claim_resumed_after_a_trim_opens_nothing() {
    for stopped_at_ms in (5..200).step_by(10) {
        let world = Memory::new(stopped_at_ms);
        let (old, new, shard) = (world.hand(1).await, world.hand(2).await, world.shard());
        let mut before = old.claim(shard).await;
        old.append(&mut before, "a").await;
        world.store.set_faults(Faults { delay_ms: (10, 10), ..Faults::default() });
        // Sealed, and dead before the next segment was there.
        let roll = old.node.journal.roll(&before.tenure, before.next);
        assert!(tokio::time::timeout(Duration::from_millis(15), roll).await.is_err());
        let stale = world.hand(3).await;
        let mut claim = stale.node.journal.claim(shard, stale.owner);
        if tokio::time::timeout(Duration::from_millis(stopped_at_ms), &mut claim).await.is_ok() {
            continue;
        }
        world.store.set_faults(Faults::default());
        let after = take_roll_and_trim(&new, shard).await;
        match claim.await {
            Ok(claimed) if claimed.next == after.next => {}
            // It had won before it was stopped, and is overtaken since.
            Ok(claimed) => {
                assert_fenced_since(stale.try_append(&claimed, &frame("zombie")).await, &claimed, &after)
            }
            Err(JournalError::Fenced { .. } | JournalError::Unknown(_)) => {}
            Err(other) => panic!("at {stopped_at_ms} ms: {other}"),
        }
    }
}

/// Takes a shard, opens several segments and trims all but the last.
async fn take_roll_and_trim(hand: &Hand, shard: ShardId) -> Claimed {
    let mut claimed = hand.claim(shard).await;
    for _ in 0..3 {
        hand.append(&mut claimed, "new").await;
        hand.roll(&mut claimed).await;
    }
    hand.append(&mut claimed, "last").await;
    hand.trim(&claimed, claimed.next.segment).await.expect("trim");
    claimed
}

/// Cuts the owner off after each number of statements of a roll; whoever takes over finds a whole log.
#[tokio::test(start_paused = true)]
async fn a_crash_at_each_step_of_a_roll_loses_nothing() {
    for step in 0..8 {
        for late in [false, true] {
            let world = Memory::new(step);
            let (old, new, shard) = (world.hand(1).await, world.hand(2).await, world.shard());
            let mut before = old.claim(shard).await;
            old.append(&mut before, "a").await;
            // Each statement takes 10 ms each way: the crash falls into the middle of one leg.
            world.store.set_faults(Faults { delay_ms: (10, 10), ..Faults::default() });
            let roll = old.node.journal.roll(&before.tenure, before.next);
            let crashed = tokio::time::timeout(Duration::from_millis(step * 10 + 5), roll).await.is_err();
            world.store.cut(NodeId(1));
            if late {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            let mut after = new.claim(shard).await;
            assert!(after.next == at(1, 2) || after.next == at(2, 1), "step {step}: {:?}", after.next);
            new.append(&mut after, "b").await;
            new.roll(&mut after).await;
            new.append(&mut after, "c").await;
            assert_eq!(new.texts(&after).await, ["a", "b", "c"], "step {step}");
            world.store.heal(NodeId(1));
            assert_fenced(old.try_roll(&before).await, &after);
            assert_fenced(old.try_append(&before, &frame("zombie")).await, &after);
            assert_eq!(new.texts(&after).await, ["a", "b", "c"], "step {step}");
            assert!(crashed || step >= 7, "step {step} must fall into the roll");
        }
    }
}

/// The same for a trim: the fence moves first, so that what is half deleted is never read.
#[tokio::test(start_paused = true)]
async fn a_crash_at_each_step_of_a_trim_leaves_a_log_that_starts_at_a_whole_segment() {
    for step in 0..20 {
        let world = Memory::new(step);
        let (old, new, shard) = (world.hand(1).await, world.hand(2).await, world.shard());
        let mut before = old.claim(shard).await;
        for text in ["a", "b", "c"] {
            old.append(&mut before, text).await;
            old.roll(&mut before).await;
        }
        world.store.set_faults(Faults { delay_ms: (10, 10), ..Faults::default() });
        let trim = old.node.journal.trim(&before.tenure, 3);
        let _ = tokio::time::timeout(Duration::from_millis(step * 10 + 5), trim).await;
        world.store.cut(NodeId(1));
        let after = new.claim(shard).await;
        let texts = new.texts(&after).await;
        match after.first_segment {
            1 => assert_eq!(texts, ["a", "b", "c"], "step {step}"),
            3 => assert_eq!(texts, ["c"], "step {step}"),
            other => panic!("step {step}: first segment {other}"),
        }
        new.trim(&after, 3).await.expect("trim");
        world.store.heal(NodeId(1));
        assert_fenced(old.trim(&before, 3).await, &after);
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_down_or_cut_off_answers_unknown_and_keeps_its_data() {
    let world = Memory::new(1);
    let (hand, other, shard) = (world.hand(1).await, world.hand(2).await, world.shard());
    let mut claimed = hand.claim(shard).await;
    hand.append(&mut claimed, "a").await;
    world.store.set_down(true);
    assert!(is_unknown(&hand.node.journal.confirm(&claimed.tenure).await));
    assert!(is_unknown(&other.node.journal.claim(shard, other.owner).await));
    world.store.set_down(false);
    world.store.cut(NodeId(1));
    assert!(is_unknown(&hand.node.journal.confirm(&claimed.tenure).await));
    assert!(other.node.journal.head(shard).await.is_ok(), "the others are not cut off");
    world.store.heal(NodeId(1));
    assert_eq!(hand.texts(&claimed).await, ["a"]);
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_run() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let world = Memory::new(77);
        let faults =
            Faults { lose_before: 0.2, lose_after: 0.2, late: 0.2, late_ms: (1, 40), ..Faults::default() };
        world.store.set_faults(Faults { delay_ms: (0, 5), timeout_ms: 20, ..faults });
        let (hand, shard, mut trace) = (world.store.node(NodeId(1)), world.shard(), Vec::new());
        let owner = "1-000000000000002a".parse().expect("owner");
        for _ in 0..200 {
            trace.push((format!("{:?}", hand.claim(shard, owner).await), world.store.statement_count()));
        }
        runs.push(trace);
    }
    assert!(runs[0] == runs[1]);
}
