//! What the sockets count. Labels come from fixed sets.

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Whose socket, as a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
#[allow(non_camel_case_types)]
pub enum SocketLabel {
    /// A customer's.
    customer,
    /// An agent's.
    agent,
    /// A CometD client's; its messages are counted by themselves.
    cometd,
    /// None: a customer polls.
    customer_poll,
    /// None: an agent polls.
    agent_poll,
}

/// How a command went, as a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
#[allow(non_camel_case_types)]
pub enum CommandLabel {
    /// It was carried out.
    ok,
    /// To be tried again.
    again,
    /// Refused for good.
    refused,
}

/// Why a socket was closed, as a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
#[allow(non_camel_case_types)]
pub enum CloseLabel {
    /// By the client.
    closed,
    /// Its connection broke.
    gone,
    /// The node drained.
    moved,
    /// The client did not read.
    slow,
    /// Nothing was heard of the client.
    silent,
    /// A frame over the limit.
    large,
    /// Anything that is not the protocol.
    protocol,
    /// It was a poll, which was answered.
    answered,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: SocketLabel,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Command {
    kind: SocketLabel,
    command: &'static str,
    outcome: CommandLabel,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Close {
    kind: SocketLabel,
    reason: CloseLabel,
}

/// The counters. Cheap to clone; clones count together.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    open: Family<Kind, Gauge>,
    commands: Family<Command, Counter>,
    sent: Family<Kind, Counter>,
    closes: Family<Close, Counter>,
}

impl Metrics {
    /// Registers `handoff_socket_open`, `_commands_total`, `_frames_sent_total` and `_closes_total`.
    pub fn register(&self, registry: &mut Registry) {
        let help = "Sockets that are open, and polls that wait";
        registry.register("handoff_socket_open", help, self.open.clone());
        let help = "Commands on native sockets and in polls by outcome";
        registry.register("handoff_socket_commands", help, self.commands.clone());
        let help = "Text frames and pongs sent on sockets and to polls";
        registry.register("handoff_socket_frames_sent", help, self.sent.clone());
        let help = "Sockets closed and polls ended, by reason";
        registry.register("handoff_socket_closes", help, self.closes.clone());
    }

    pub(crate) fn opened(&self, kind: SocketLabel) {
        self.open.get_or_create(&Kind { kind }).inc();
    }

    pub(crate) fn closed(&self, kind: SocketLabel, reason: CloseLabel) {
        self.open.get_or_create(&Kind { kind }).dec();
        self.closes.get_or_create(&Close { kind, reason }).inc();
    }

    /// `command` is one of a socket's own words, or `other`.
    pub(crate) fn command(&self, kind: SocketLabel, command: &'static str, outcome: CommandLabel) {
        self.commands.get_or_create(&Command { kind, command, outcome }).inc();
    }

    pub(crate) fn sent(&self, kind: SocketLabel) {
        self.sent.get_or_create(&Kind { kind }).inc();
    }
}
