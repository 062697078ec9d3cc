//! The CometD endpoint.

pub(super) mod client;
mod polling;
mod socket;
mod together;
mod wrong;
