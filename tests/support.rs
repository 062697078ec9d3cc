//! What the process tests stand on: real nodes that can be killed and paused, a customer's client that goes on to the
//! next node as real ones do, and a checker that knows what was acknowledged.

pub(crate) mod checker;
pub(crate) mod client;
pub(crate) mod cluster;
pub(crate) mod crowd;
pub(crate) mod keyspaces;
pub(crate) mod lan;
pub(crate) mod line;
pub(crate) mod node;
pub(crate) mod poller;
pub(crate) mod proxy;
pub(crate) mod receiver;
pub(crate) mod scanner;
pub(crate) mod script;
pub(crate) mod talker;
pub(crate) mod window;

use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

/// How long a test waits for a condition before it fails. Generous: it bounds a hang and measures nothing.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

const POLL: Duration = Duration::from_millis(20);

/// When a test's patience ends. Its words are those by which `scripts/test` knows a time-out from a broken promise.
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// [`PATIENCE`] from now on.
    pub(crate) fn new() -> Self {
        Self(Instant::now() + PATIENCE)
    }

    /// Fails with `what` was waited for when the time is over.
    pub(crate) fn check(&self, what: impl FnOnce() -> String) {
        assert!(Instant::now() < self.0, "timed out: {}", what());
    }

    /// Whether the time is over.
    pub(crate) fn is_over(&self) -> bool {
        Instant::now() >= self.0
    }
}

/// Waits until the condition gives a value; fails with `what` when it does not within [`PATIENCE`].
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut condition: impl FnMut() -> F,
) -> T {
    let deadline = Deadline::new();
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        deadline.check(|| what.to_owned());
        tokio::time::sleep(POLL).await;
    }
}

/// What a task brought. Where it panicked, that is this test's panic, with no more words.
pub(crate) async fn outcome<T>(task: JoinHandle<T>) -> T {
    task.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

/// Waits until the condition holds.
pub(crate) async fn until_true<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    until(what, || {
        let holds = condition();
        async move { holds.await.then_some(()) }
    })
    .await;
}
