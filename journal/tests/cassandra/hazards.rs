//! What can go wrong on this store only.

use handoff_journal::JournalError;

use super::{Real, contact_points, shared};
use crate::support::{World, assert_fenced, frame};

/// H5, with the real thing: the same append from many calls at once, as if each had lost the answer of the other.
#[tokio::test]
async fn h5_attempts_of_one_append_that_overlap_commit_it_once() {
    let Some(world) = shared().await else { return };
    let (hand, shard) = (world.hand(1).await, world.shard());
    let mut claimed = hand.claim(shard).await;
    let mut expected = Vec::new();
    for turn in 0..10 {
        let text = format!("turn {turn}");
        let sent = frame(&text);
        let attempts = (0..4).map(|_| hand.try_append(&claimed, &sent));
        for answer in futures_util::future::join_all(attempts).await {
            assert_eq!(answer, Ok(()));
        }
        claimed.next.seq += 1;
        expected.push(text);
    }
    assert_eq!(hand.texts(&claimed).await, expected);
}

/// H3: an owner that lost its shard while a call of it was under way.
#[tokio::test]
async fn a_call_whose_caller_went_away_still_ends_and_is_found_by_the_repeat() {
    let Some(world) = shared().await else { return };
    let (hand, shard) = (world.hand(1).await, world.shard());
    let mut claimed = hand.claim(shard).await;
    let (mut left, mut expected) = (0, Vec::new());
    for turn in 0..10 {
        let text = format!("sent {turn}");
        let sent = frame(&text);
        // One look starts the call, which goes on without its caller; on a busy machine one may have ended by then.
        let call = hand.node.journal.append(&claimed.tenure, claimed.next, &sent);
        left += usize::from(futures_util::future::poll_immediate(call).await.is_none());
        assert_eq!(hand.try_append(&claimed, &sent).await, Ok(()));
        claimed.next.seq += 1;
        expected.push(text);
    }
    assert!(left > 0, "every call had ended before its caller went away");
    assert_eq!(hand.texts(&claimed).await, expected);
}

/// H14: after a restore the lost cluster's nodes may hold higher epochs than the log; the leap puts all behind.
#[tokio::test]
async fn h14_after_a_bump_every_older_epoch_is_fenced() {
    let Some(points) = contact_points() else { return };
    let _database = super::DATABASE.read().await;
    let world = Real::new(&points, "bump").await;
    let (hand, shard, unused) = (world.hand(1).await, world.shard(), world.shard());
    let mut before = hand.claim(shard).await;
    hand.append(&mut before, "restored").await;
    world.nodes[1].bump_epochs(2).await.expect("bump");
    let bumped = hand.node.journal.head(shard).await.expect("head").expect("claimed");
    assert!(bumped.epoch.0 >= before.tenure.epoch.0 + (1 << 32));
    assert_eq!(hand.node.journal.head(unused).await, Ok(None));
    // A node of the lost cluster, some takeovers further than the backup.
    let mut ahead = before.clone();
    ahead.tenure.epoch.0 += 5;
    for zombie in [&before, &ahead] {
        let answer = hand.try_append(zombie, &frame("zombie")).await;
        assert!(matches!(answer, Err(JournalError::Fenced { .. })), "{answer:?}");
    }
    let after = hand.claim(shard).await;
    assert!(after.tenure.epoch > bumped.epoch);
    assert_fenced(hand.try_append(&before, &frame("zombie")).await, &after);
    assert_eq!(hand.texts(&after).await, ["restored"]);
}

/// The driver lives on its own runtime: any executor can call, also one that ends right after.
#[test]
fn calls_come_from_any_executor() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    let opened = runtime.block_on(async {
        let world = shared().await?;
        let store = world.connect().await.open().await.expect("open");
        Some((store, world.shard()))
    });
    drop(runtime);
    let Some((store, shard)) = opened else { return };
    // That runtime is gone; the session goes on, and no runtime at all is needed to wait for it.
    let owner = "1-0000000000000001".parse().expect("owner");
    use handoff_journal::Journal;
    let claimed = futures_executor(store.claim(shard, owner)).expect("claim");
    futures_executor(store.append(&claimed.tenure, claimed.next, &frame("a"))).expect("append");
}

/// Waits for a future on this thread, without any runtime.
fn futures_executor<F: Future>(future: F) -> F::Output {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = std::sync::Arc::new(Unpark(std::thread::current())).into();
    let mut context = std::task::Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            std::task::Poll::Ready(output) => return output,
            std::task::Poll::Pending => std::thread::park(),
        }
    }
}
