//! Carries what entities owe each other: to the receiver's owner, wherever it is, until there is an answer.

use crate::ports::{CallError, Sessions};
use async_trait::async_trait;
use handoff_chat::EntityId;
use handoff_chat::command::{Answer, Command, Reject};
use handoff_chat::routing::Reply;
use handoff_shard::Call;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How long one try waits.
const PATIENCE: Duration = Duration::from_secs(4);

/// Between two tries; doubles from the first to the second.
const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// What an entity's actor needs of it; simulations and tests have their own.
#[async_trait]
pub trait Courier: Send + Sync + 'static {
    /// Returns with the answer, however long it takes. The command's id makes repeats harmless.
    async fn tell(&self, to: EntityId, command: Command) -> Reply;
}

/// A courier over a node's router, which is there only after the shards that use it.
#[derive(Default)]
pub struct RouterCourier {
    router: OnceLock<Arc<dyn Sessions>>,
}

impl RouterCourier {
    /// The router is there now.
    pub fn set(&self, router: Arc<dyn Sessions>) {
        let _first = self.router.set(router);
    }
}

#[async_trait]
impl Courier for RouterCourier {
    async fn tell(&self, to: EntityId, command: Command) -> Reply {
        let mut wait = RETRY.0;
        loop {
            let call = Call {
                command: Some(command.clone()),
                client_id: true,
                patience: PATIENCE,
                ..Call::of(to.clone())
            };
            let outcome = match self.router.get() {
                Some(router) => router.call(call).await,
                None => Err(CallError::Again),
            };
            match outcome.map(|done| done.answer) {
                Ok(Some(Answer::Routing(reply))) => return reply,
                Err(CallError::Rejected(Reject::Unknown)) => return Reply::Gone,
                Ok(_) => tracing::error!(%to, "an entity gave an answer of another kind"),
                Err(CallError::Rejected(reject)) => {
                    tracing::warn!(%to, %reject, "an entity refuses what it is told")
                }
                Err(CallError::Again | CallError::Busy | CallError::Unknown) => {}
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(RETRY.1);
        }
    }
}
