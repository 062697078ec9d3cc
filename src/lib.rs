//! The Handoff server: gateways, the actors behind them, and what starts and stops them.

pub mod front;
