//! What the CometD endpoint counts. Labels come from fixed sets.

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// How a message went, as a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
#[allow(non_camel_case_types)]
pub enum AnswerLabel {
    /// `successful: true`.
    ok,
    /// No such session here: the client shakes hands anew.
    unknown_client,
    /// Refused otherwise.
    refused,
}

/// Why a session ended, as a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
#[allow(non_camel_case_types)]
pub enum EndLabel {
    /// The client said so.
    disconnected,
    /// The client stayed away.
    expired,
}

/// What kind of message, as a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
#[allow(non_camel_case_types)]
pub enum KindLabel {
    /// `/meta/handshake`
    handshake,
    /// `/meta/connect`
    connect,
    /// `/meta/subscribe` and `/meta/unsubscribe`
    subscribe,
    /// `/meta/disconnect`
    disconnect,
    /// `/service/chatV2/{service}`
    publish,
    /// Anything else.
    other,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MessageLabels {
    kind: KindLabel,
    outcome: AnswerLabel,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndLabels {
    reason: EndLabel,
}

/// The counters. Cheap to clone; clones count together.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    clients: Gauge,
    held: Gauge,
    messages: Family<MessageLabels, Counter>,
    ended: Family<EndLabels, Counter>,
}

impl Metrics {
    /// Registers `handoff_cometd_clients`, `_connects_held`, `_messages_total` and `_ended_total`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("handoff_cometd_clients", "CometD clients with a session", self.clients.clone());
        let help = "Connects of CometD clients that wait for news";
        registry.register("handoff_cometd_connects_held", help, self.held.clone());
        let help = "Messages of CometD clients by outcome";
        registry.register("handoff_cometd_messages", help, self.messages.clone());
        let help = "CometD sessions that ended, by reason";
        registry.register("handoff_cometd_ended", help, self.ended.clone());
    }

    pub(crate) fn opened(&self) {
        self.clients.inc();
    }

    /// Counts a connect as held until this is dropped.
    pub(crate) fn holds(&self) -> Holding {
        self.held.inc();
        Holding(self.held.clone())
    }

    pub(crate) fn ended(&self, reason: EndLabel) {
        self.clients.dec();
        self.ended.get_or_create(&EndLabels { reason }).inc();
    }

    pub(crate) fn message(&self, kind: KindLabel, outcome: AnswerLabel) {
        self.messages.get_or_create(&MessageLabels { kind, outcome }).inc();
    }
}

/// See [`Metrics::holds`].
pub(crate) struct Holding(Gauge);

impl Drop for Holding {
    fn drop(&mut self) {
        self.0.dec();
    }
}
