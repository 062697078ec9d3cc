//! The CometD flavour of the GMS Chat API v2: Bayeux 1.0 under `/genesys/cometd`, over WebSocket, long polling and
//! callback polling; one service channel per chat service.
//!
//! A Bayeux session lives on the node that shook hands and dies with it: its client is told 402, shakes hands anew
//! wherever it gets, and says from which position on it wants its chat. What it was told is kept nowhere else but at
//! the owner of the chat, so nothing is lost.

mod chat;
mod follow;
mod http;
mod message;
mod meta;
pub mod metrics;
mod registry;
mod session;
mod socket;

use super::{AtWork, ChannelsError, pulled};
use crate::gateway::options::Pulled;
use crate::gateway::{Gateway, Guest};
use actix_web::web;
use handoff_config::Config;
use metrics::Metrics;
use prometheus_client::registry::Registry as Counters;
use registry::Registry;
use std::sync::Arc;
use std::time::Duration;

/// The channel's name.
const NAME: &str = "cometd";

/// What can be set about CometD.
#[derive(Debug, Clone)]
pub struct CometdOptions {
    /// How long a `/meta/connect` is held that brings nothing.
    pub timeout: Duration,
    /// How long a client may stay away between two of them before its session is dropped.
    pub interval_max: Duration,
    /// Most sessions of this node.
    pub clients_max: usize,
}

/// The channel on this node, with the clients that have a session here.
pub(crate) struct Cometd {
    channel: Pulled,
    options: CometdOptions,
    registry: Registry,
    metrics: Metrics,
}

/// The one channel of this kind.
pub(super) fn of(config: &Config, _metrics: &super::Metrics) -> Result<Vec<Arc<dyn AtWork>>, ChannelsError> {
    let cometd = &config.channels.cometd;
    let options = CometdOptions {
        timeout: Duration::from_millis(cometd.timeout_ms),
        interval_max: Duration::from_millis(cometd.max_interval_ms),
        clients_max: cometd.clients_max,
    };
    let channel = pulled(NAME, config, cometd.disconnect_timeout_ms);
    Ok(vec![Arc::new(CometdChannel(Cometd::new(channel, options)))])
}

impl Cometd {
    fn new(channel: Pulled, options: CometdOptions) -> Arc<Self> {
        let metrics = Metrics::default();
        let registry = Registry::new(options.clone(), metrics.clone());
        Arc::new(Self { channel, options, registry, metrics })
    }
}

/// What the channel is to the node.
struct CometdChannel(Arc<Cometd>);

impl Guest for CometdChannel {
    fn mount(&self, config: &mut web::ServiceConfig) {
        config.app_data(web::Data::from(Arc::clone(&self.0)));
        http::resources(config);
    }

    fn sweep(&self) {
        self.0.registry.sweep();
    }
}

impl AtWork for CometdChannel {
    fn name(&self) -> &str {
        NAME
    }

    fn register(&self, counters: &mut Counters) {
        self.0.metrics.register(counters);
    }
}

/// What a message is carried out with.
#[derive(Clone)]
struct Here {
    gateway: Arc<Gateway>,
    cometd: Arc<Cometd>,
}
