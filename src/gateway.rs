//! The customers' side of a node: the GMS Chat API v2 over REST, and the pages.
//!
//! A request goes straight through: body -> form -> [`gms::operation::Operation`] -> [`crate::front::Ask`] ->
//! reply. Nothing here knows where a session lives, and nothing here decides anything about one.

pub mod gms;
pub mod metrics;
pub mod options;
pub mod page;
mod server;
#[cfg(test)]
mod tests;

pub use metrics::Metrics;
pub use options::{GatewayOptions, ServiceOptions};
pub use server::serve;

use crate::front::Sessions;
use actix_web::web;
use std::sync::Arc;

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
    /// The pages with their headers.
    pages: page::Pages,
}

impl Gateway {
    /// A gateway for the node with this number.
    pub fn new(
        sessions: Arc<dyn Sessions>,
        options: GatewayOptions,
        node: u16,
        metrics: Metrics,
    ) -> Arc<Self> {
        let pages = page::Pages::new(&options.customer_nodes);
        Arc::new(Self { sessions, options, alias: node.to_string(), metrics, pages })
    }
}

/// Mounts the customers' API under `/genesys`, the pages, and `/health` for load balancers. Every other path
/// belongs to the caller's `App`.
pub fn configure(config: &mut web::ServiceConfig, gateway: &Arc<Gateway>) {
    config.app_data(web::Data::from(Arc::clone(gateway)));
    config.service(gms::routes::scope());
    page::configure(config, &gateway.pages);
    crate::admin::health_routes(&gateway.sessions)(config);
}
