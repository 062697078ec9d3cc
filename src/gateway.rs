//! The customers' and agents' side of a node: the GMS Chat API v2 over REST, the native WebSockets, and the pages.
//!
//! A request goes straight through: body -> form -> [`gms::operation::Operation`] -> [`crate::front::Ask`] ->
//! reply. Nothing here knows where a session lives, and nothing here decides anything about one.

pub mod gms;
pub mod metrics;
pub mod native;
pub mod opening;
pub mod options;
pub mod page;
mod server;
#[cfg(test)]
mod tests;

pub use metrics::Metrics;
pub use options::{GatewayOptions, ServiceOptions};
pub use server::serve;

use crate::front::{Archive, Sessions};
use actix_web::web;
use native::accounts::Accounts;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// What all requests of a node share.
pub struct Gateway {
    /// The sessions of the cluster.
    sessions: Arc<dyn Sessions>,
    /// As configured.
    options: GatewayOptions,
    /// This node's number as the GMS `alias`.
    alias: String,
    /// Counters.
    metrics: Metrics,
    /// Counters of the native sockets.
    socket_metrics: native::metrics::Metrics,
    /// Who may sign in as an agent.
    agents: Accounts,
    /// What agents may look up.
    archive: Arc<dyn Archive>,
    /// Whether clients are to go on elsewhere.
    moved: watch::Sender<bool>,
    /// The pages with their headers.
    pages: page::Pages,
}

/// What a gateway is made of.
pub struct Parts {
    /// The sessions of the cluster.
    pub sessions: Arc<dyn Sessions>,
    /// What agents may look up.
    pub archive: Arc<dyn Archive>,
    /// Who may sign in as an agent.
    pub agents: Accounts,
    /// As configured.
    pub options: GatewayOptions,
    /// This node's number.
    pub node: u16,
    /// Counters.
    pub metrics: Metrics,
    /// Counters of the native sockets.
    pub socket_metrics: native::metrics::Metrics,
}

impl Gateway {
    /// A gateway of these parts.
    pub fn new(parts: Parts) -> Arc<Self> {
        let pages = page::Pages::new(&parts.options.customer_nodes);
        Arc::new(Self {
            sessions: parts.sessions,
            options: parts.options,
            alias: parts.node.to_string(),
            metrics: parts.metrics,
            socket_metrics: parts.socket_metrics,
            agents: parts.agents,
            archive: parts.archive,
            moved: watch::Sender::new(false),
            pages,
        })
    }

    /// Tells all sockets once the node drains. Runs as long as the gateway.
    async fn lead_away(self: Arc<Self>) {
        let mut look = tokio::time::interval(LOOK);
        loop {
            look.tick().await;
            self.moved.send_if_modified(|moved| {
                let now = self.sessions.leaving();
                std::mem::replace(moved, now) != now
            });
        }
    }
}

/// How often a gateway looks whether its node drains.
const LOOK: Duration = Duration::from_millis(100);

/// Mounts the customers' API under `/genesys`, the native sockets under `/v1`, the pages, and `/health` for load
/// balancers. Every other path belongs to the caller's `App`.
pub fn configure(config: &mut web::ServiceConfig, gateway: &Arc<Gateway>) {
    config.app_data(web::Data::from(Arc::clone(gateway)));
    config.service(gms::routes::scope());
    page::configure(config, &gateway.pages);
    native::routes(config);
    crate::admin::health_routes(&gateway.sessions)(config);
}
