//! The way out to the channels that events are pushed to.

use async_trait::async_trait;
use handoff_chat::channel::Delivery;
use handoff_chat::session::Push;

/// Carries events to customers by way of their channels.
#[async_trait]
pub trait Outbound: Send + Sync + 'static {
    /// Carries one event, however long it takes: returns when its channel has taken it, or will never take it.
    async fn push(&self, push: Push) -> Delivery;
}
