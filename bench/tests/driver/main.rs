//! The driver against a server that is correct, or flawed on purpose.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "these are tests")]

mod checks;
mod fake;
mod faults;

use std::net::SocketAddr;
use std::time::Duration;

use handoff_bench::customer::Waits;
use handoff_bench::drive::{Pace, Plan};

fn plan(nodes: &[SocketAddr]) -> Plan {
    Plan {
        nodes: nodes.into(),
        service: "default".into(),
        sessions: 12,
        threads: 2,
        message_bytes: 64,
        waits: Waits { timeout: Duration::from_secs(5), give_up: Duration::from_secs(10) },
        pace: Pace::Closed,
        log_acks: false,
        cross: false,
        run: 7,
    }
}
