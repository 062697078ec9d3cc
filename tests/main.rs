//! The one integration binary: the house's rules, and real `handoff` processes under real faults, by theme.
//!
//! One binary, because each file directly in `tests/` would link its own copy of the whole server. The process tests
//! start nodes on free ports of 127.0.0.1 in a temporary directory and stop only what they started.
//! `partitions` gives each node a network namespace, where that is permitted.
//! `HANDOFF_TEST_STORE=cassandra` runs them on the Cassandra nodes that `scripts/cassandra up 3` starts.

// Helpers are not tests to clippy, but they may fail a test like any assertion.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod api;
mod channels;
mod conversation;
mod database;
mod demo;
mod files;
mod grace;
mod hygiene;
mod operators;
mod partitions;
mod peer_links;
mod polling;
mod privacy;
mod proxy;
mod services;
mod side_by_side;
mod sockets;
mod support;
mod takeover;
mod tidy;
mod upgrade;
