//! What the channels count. Labels are the names of channels, as the configuration has them, and fixed words.

use handoff_chat::channel::Delivery;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// How a message that came in went: taken, refused for good, or told to come again.
pub const ARRIVALS: [&str; 3] = ["taken", "refused", "again"];
/// How an event that went out ended.
const PUSHES: [&str; 2] = ["sent", "failed"];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    channel: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Name {
    channel: String,
}

/// The counters. Cheap to clone; clones count together.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    arrivals: Family<Labels, Counter>,
    pushes: Family<Labels, Counter>,
    retries: Family<Name, Counter>,
}

impl Metrics {
    /// Registers `handoff_channel_arrivals_total`, `_pushes_total` and `_retries_total`.
    pub fn register(&self, registry: &mut Registry) {
        let help = "Messages and receipts that came in from channels, by outcome";
        registry.register("handoff_channel_arrivals", help, self.arrivals.clone());
        let help = "Events that went out to channels, by outcome";
        registry.register("handoff_channel_pushes", help, self.pushes.clone());
        let help = "Tries to push an event that failed";
        registry.register("handoff_channel_retries", help, self.retries.clone());
    }

    /// Shows a channel's counters from the start on.
    pub fn know(&self, channel: &str) {
        for outcome in ARRIVALS {
            drop(self.arrivals.get_or_create(&Labels { channel: channel.to_owned(), outcome }));
        }
        for outcome in PUSHES {
            drop(self.pushes.get_or_create(&Labels { channel: channel.to_owned(), outcome }));
        }
        drop(self.retries.get_or_create(&Name { channel: channel.to_owned() }));
    }

    /// Something came in; `outcome` is one of [`ARRIVALS`].
    pub(super) fn arrived(&self, channel: &str, outcome: &'static str) {
        self.arrivals.get_or_create(&Labels { channel: channel.to_owned(), outcome }).inc();
    }

    pub(super) fn pushed(&self, channel: &str, delivery: &Delivery) {
        let failed = matches!(delivery, Delivery::Failed { .. });
        let outcome = PUSHES[usize::from(failed)];
        self.pushes.get_or_create(&Labels { channel: channel.to_owned(), outcome }).inc();
    }

    pub(super) fn retried(&self, channel: &str) {
        self.retries.get_or_create(&Name { channel: channel.to_owned() }).inc();
    }
}
