//! The channels that reach customers by an address: what comes in from them, and what goes out.
//!
//! Each kind is a folder here with its inbound and its outbound side, and one line in [`KINDS`]. What a session knows
//! of a channel is [`handoff_chat::channel::Channel`], which the inbound side gives it with the start of a chat.

mod inbound;
pub mod metrics;
mod webhook;

use crate::gateway::Mount;
use crate::ports::Outbound;
use async_trait::async_trait;
use handoff_chat::channel::Delivery;
use handoff_chat::session::Push;
use handoff_config::Config;
use metrics::Metrics;
use std::collections::BTreeMap;
use std::sync::Arc;
use thiserror::Error;

/// The kinds of channels there are.
const KINDS: &[Kind] = &[webhook::of];

/// Makes the channels of a kind from the configuration.
type Kind = fn(&Config, &Metrics) -> Result<Vec<Built>, ChannelsError>;

/// One channel of the configuration.
struct Built {
    /// Its name: that of its kind and its own.
    name: String,
    /// Its way out.
    outbound: Arc<dyn Outbound>,
    /// Its way in.
    inbound: Mount,
}

/// Why a node can't have the channels that are configured.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ChannelsError {
    /// A key has a value that does not fit.
    #[error("channels.{key} {why}")]
    Wrong {
        /// The key, below `channels`.
        key: String,
        /// What it must be.
        why: String,
    },
    /// No client of HTTP can be made.
    #[error("no client of HTTP can be made: {0}")]
    Client(String),
}

/// The channels of a node.
pub struct Channels {
    outbound: BTreeMap<String, Arc<dyn Outbound>>,
    inbound: Vec<Mount>,
    metrics: Metrics,
}

impl Channels {
    /// Those of the configuration.
    ///
    /// # Errors
    /// [`ChannelsError`].
    pub fn of(config: &Config, metrics: &Metrics) -> Result<Self, ChannelsError> {
        let mut channels = Self { outbound: BTreeMap::new(), inbound: Vec::new(), metrics: metrics.clone() };
        for kind in KINDS {
            for Built { name, outbound, inbound } in kind(config, metrics)? {
                metrics.know(&name);
                channels.outbound.insert(name, outbound);
                channels.inbound.push(inbound);
            }
        }
        Ok(channels)
    }

    /// What the gateway serves of them.
    #[must_use]
    pub fn mounts(&self) -> Vec<Mount> {
        self.inbound.clone()
    }
}

#[async_trait]
impl Outbound for Channels {
    async fn push(&self, push: Push) -> Delivery {
        let name = push.to.channel.clone();
        let Some(outbound) = self.outbound.get(&name) else {
            tracing::warn!(channel = name, session = %push.session, "this chat's channel is configured no longer");
            return Delivery::Failed { reason: "not_configured".to_owned() };
        };
        let delivery = outbound.push(push).await;
        self.metrics.pushed(&name, &delivery);
        delivery
    }
}
