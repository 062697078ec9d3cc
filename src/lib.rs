//! The Handoff server: gateways, the actors behind them, and what starts and stops them.

pub mod actor;
pub mod bots;
pub mod clock;
pub mod front;
pub mod record;
pub mod router;
pub mod shard;
pub mod standing;
pub mod watch;
pub mod wire;
