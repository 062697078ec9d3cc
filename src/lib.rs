//! The Handoff server: gateways, the actors behind them, and what starts and stops them.

pub mod admin;
pub mod bots;
pub mod cli;
pub mod front;
pub mod metrics;
pub mod secret_file;
pub mod telemetry;
