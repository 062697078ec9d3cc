//! What the process tests stand on: real nodes that can be killed and paused, a customer's client that goes on to the
//! next node as real ones do, and a checker that knows what was acknowledged.

pub(crate) mod checker;
pub(crate) mod client;
pub(crate) mod cluster;
pub(crate) mod crowd;
pub(crate) mod lan;
pub(crate) mod node;
pub(crate) mod scanner;
pub(crate) mod script;
pub(crate) mod talker;

use std::time::{Duration, Instant};

/// How long a test waits for a condition before it fails. Generous: it bounds a hang and measures nothing.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

const POLL: Duration = Duration::from_millis(20);

/// Waits until the condition gives a value; fails with `what` when it does not within [`PATIENCE`].
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut condition: impl FnMut() -> F,
) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(POLL).await;
    }
}

/// Waits until the condition holds.
pub(crate) async fn until_true<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    until(what, || {
        let holds = condition();
        async move { holds.await.then_some(()) }
    })
    .await;
}
