//! The channels: the ways by which customers reach the contact center.
//!
//! Each kind is a folder here with its inbound and its outbound side, and one line in [`KINDS`]. Some let customers
//! read for themselves ([`gms`], [`cometd`], [`native`]), others are pushed to (`webhook`). What a session knows of a
//! channel is [`handoff_chat::channel::Channel`], which the inbound side gives it with the start of a chat.

pub mod cometd;
pub mod gms;
mod inbound;
pub mod metrics;
pub(crate) mod native;
mod webhook;

use crate::clock::wall_ms;
use crate::gateway::Guest;
use crate::gateway::options::Pulled;
use crate::ports::Outbound;
use async_trait::async_trait;
use handoff_chat::channel::Delivery;
use handoff_chat::session::Push;
use handoff_config::Config;
use metrics::Metrics;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

/// The kinds of channels there are; paths of one that lie within another's stand first.
const KINDS: &[Kind] = &[cometd::of, gms::of, native::of, webhook::of];

/// Makes the channels of a kind from the configuration.
type Kind = fn(&Config, &Metrics) -> Result<Vec<Arc<dyn AtWork>>, ChannelsError>;

/// One channel of the configuration: its way in is what it is as a guest of the gateway.
trait AtWork: Guest {
    /// Its name, as sessions have it.
    fn name(&self) -> &str;

    /// Its way out, if it is pushed to.
    fn outbound(&self) -> Option<Arc<dyn Outbound>> {
        None
    }

    /// Registers what it counts beside what all that are pushed to count.
    fn register(&self, _counters: &mut Registry) {}
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
    channels: Vec<Arc<dyn AtWork>>,
    outbound: BTreeMap<String, Arc<dyn Outbound>>,
    metrics: Metrics,
}

impl Channels {
    /// Those of the configuration.
    ///
    /// # Errors
    /// [`ChannelsError`].
    pub fn of(config: &Config) -> Result<Self, ChannelsError> {
        let metrics = Metrics::default();
        let (mut channels, mut outbound) = (Vec::new(), BTreeMap::new());
        for kind in KINDS {
            channels.extend(kind(config, &metrics)?);
        }
        for channel in &channels {
            if let Some(way_out) = channel.outbound() {
                metrics.know(channel.name());
                outbound.insert(channel.name().to_owned(), way_out);
            }
        }
        Ok(Self { channels, outbound, metrics })
    }

    /// What the gateway serves of them.
    #[must_use]
    pub fn guests(&self) -> Vec<Arc<dyn Guest>> {
        self.channels
            .iter()
            .map(|channel| -> Arc<dyn Guest> { Arc::clone(channel) as Arc<dyn Guest> })
            .collect()
    }

    /// Registers what they count.
    pub fn register(&self, counters: &mut Registry) {
        self.metrics.register(counters);
        self.channels.iter().for_each(|channel| channel.register(counters));
    }
}

/// What is to be pushed over a channel that this node does not have is given up after so long, in milliseconds: another
/// node may have it, or this one when it comes back.
const UNCONFIGURED_MS: i64 = 24 * 3_600_000;

/// A channel whose customers read for themselves: they are lost after the channel's own time without a call, where it
/// is set.
fn pulled(name: &'static str, config: &Config, own_ms: u64) -> Pulled {
    let lost_after_ms = if own_ms > 0 { own_ms } else { config.session.disconnect_timeout_ms };
    Pulled { name, lost_after: Duration::from_millis(lost_after_ms) }
}

#[async_trait]
impl Outbound for Channels {
    async fn push(&self, push: Push) -> Delivery {
        let name = push.to.channel.clone();
        let Some(outbound) = self.outbound.get(&name) else {
            tracing::warn!(channel = name, session = %push.session, "this chat's channel is not configured here");
            let left_ms = push.event.at.0.saturating_add(UNCONFIGURED_MS).saturating_sub(wall_ms());
            tokio::time::sleep(Duration::from_millis(u64::try_from(left_ms).unwrap_or(0))).await;
            return Delivery::Failed { reason: "not_configured".to_owned() };
        };
        let delivery = outbound.push(push).await;
        self.metrics.pushed(&name, &delivery);
        delivery
    }
}
