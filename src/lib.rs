//! The Handoff server: gateways, the actors behind them, and what starts and stops them.

pub mod actor;
pub mod admin;
pub mod assembly;
pub mod bots;
pub mod channel;
pub mod cli;
pub mod clock;
pub mod contacts;
pub mod courier;
#[cfg(test)]
mod descriptions;
pub mod files;
pub mod gateway;
pub mod health;
#[cfg(test)]
mod hostile;
pub mod listing;
pub mod metrics;
pub mod node;
pub mod node_state;
pub mod observer;
pub mod password;
pub mod ports;
pub mod record;
pub mod record_list;
pub mod record_reader;
pub mod rich;
pub mod router;
pub mod secret_file;
pub mod shown;
pub mod telemetry;
pub mod tls;
pub mod wire;
pub mod workflows;

/// What this build calls itself.
pub use handoff_shard::BUILD;
