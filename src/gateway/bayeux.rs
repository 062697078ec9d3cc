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
pub(super) mod registry;
mod session;
mod socket;

pub(super) use http::resources;

use std::time::Duration;

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

impl Default for CometdOptions {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(20), interval_max: Duration::from_secs(10), clients_max: 20_000 }
    }
}
