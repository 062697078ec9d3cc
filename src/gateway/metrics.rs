//! What the gateway counts. Labels come from fixed sets: no id, name or text of anybody can get in.

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::time::Duration;

/// What was asked for, as a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
#[allow(non_camel_case_types)]
pub enum OperationLabel {
    /// Request chat.
    start,
    /// Send.
    send,
    /// Refresh.
    refresh,
    /// Start typing.
    start_typing,
    /// Stop typing.
    stop_typing,
    /// Disconnect.
    disconnect,
    /// Push URL.
    push_url,
    /// Update nickname.
    update_nickname,
    /// Update data.
    update_data,
    /// Custom notice.
    custom_notice,
    /// Read receipt.
    read_receipt,
    /// What may be done with files.
    file_limits,
    /// A file comes in.
    file_upload,
    /// A file is given out.
    file_download,
    /// A file is deleted.
    file_delete,
    /// What a widget may know of a service.
    service,
    /// Anything that isn't a call of the API.
    other,
}

/// How it went, as a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
#[allow(non_camel_case_types)]
pub enum OutcomeLabel {
    /// It was carried out.
    ok,
    /// Told to come again (statusCode 1).
    again,
    /// No such session, or a key that does not fit (statusCode 2).
    dead,
    /// The request was wrong (HTTP 4xx).
    refused,
    /// Over a limit (HTTP 429, or 400 with code 240).
    limited,
    /// Held to the deadline without knowing the outcome (HTTP 504).
    unknown,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    operation: OperationLabel,
    outcome: OutcomeLabel,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TimeLabels {
    operation: OperationLabel,
}

/// Why a chat may not start, as a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
#[allow(non_camel_case_types)]
pub enum StartLabel {
    /// Its address starts too many.
    address,
    /// Its service has too many starts.
    service,
    /// The node has as many sessions as it may.
    full,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StartLabels {
    limit: StartLabel,
}

/// The gateway's counters. Cheap to clone; clones count together.
#[derive(Debug, Clone)]
pub struct Metrics {
    calls: Family<CallLabels, Counter>,
    times: Family<TimeLabels, Histogram>,
    connections: Gauge,
    connections_max: Gauge,
    connections_refused: Counter,
    starts_refused: Family<StartLabels, Counter>,
}

const BUCKETS_SECONDS: [f64; 14] =
    [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 6.0, 12.0];

impl Default for Metrics {
    fn default() -> Self {
        let times = Family::new_with_constructor((|| Histogram::new(BUCKETS_SECONDS)) as fn() -> Histogram);
        let starts_refused = Family::<StartLabels, Counter>::default();
        for limit in [StartLabel::address, StartLabel::service, StartLabel::full] {
            drop(starts_refused.get_or_create(&StartLabels { limit }));
        }
        Self {
            starts_refused,
            calls: Family::default(),
            times,
            connections: Gauge::default(),
            connections_max: Gauge::default(),
            connections_refused: Counter::default(),
        }
    }
}

impl Metrics {
    /// Registers `handoff_gateway_requests_total{operation,outcome}`,
    /// `handoff_gateway_request_duration_seconds{operation}`, `handoff_gateway_connections`, `_connections_max`,
    /// `_connections_refused_total` and `handoff_gateway_starts_refused_total{limit}`.
    pub fn register(&self, registry: &mut Registry) {
        let help = "Calls of the customers' API by operation and outcome";
        registry.register("handoff_gateway_requests", help, self.calls.clone());
        let help = "Time from a request's head to its reply, in seconds";
        registry.register("handoff_gateway_request_duration_seconds", help, self.times.clone());
        let help = "Connections of customers and agents";
        registry.register("handoff_gateway_connections", help, self.connections.clone());
        let help = "Most connections of customers and agents that the node takes";
        registry.register("handoff_gateway_connections_max", help, self.connections_max.clone());
        let help = "Connections refused because there were as many as the node takes";
        registry.register("handoff_gateway_connections_refused", help, self.connections_refused.clone());
        let help = "Chats that were not started, by the limit that they were over";
        registry.register("handoff_gateway_starts_refused", help, self.starts_refused.clone());
    }

    pub(crate) fn connections_max(&self, most: usize) {
        self.connections_max.set(i64::try_from(most).unwrap_or(i64::MAX));
    }

    pub(crate) fn connection_opened(&self) {
        self.connections.inc();
    }

    pub(crate) fn connection_closed(&self) {
        self.connections.dec();
    }

    pub(crate) fn connection_refused(&self) {
        self.connections_refused.inc();
    }

    pub(crate) fn start_refused(&self, limit: StartLabel) {
        self.starts_refused.get_or_create(&StartLabels { limit }).inc();
    }

    pub(crate) fn count(&self, operation: OperationLabel, outcome: OutcomeLabel, took: Duration) {
        self.calls.get_or_create(&CallLabels { operation, outcome }).inc();
        self.times.get_or_create(&TimeLabels { operation }).observe(took.as_secs_f64());
    }
}
