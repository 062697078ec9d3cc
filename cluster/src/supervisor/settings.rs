//! What a supervisor is set to.

use crate::timing::Timing;

/// What a node says of itself, and how patient it is.
#[derive(Debug, Clone)]
pub struct Config {
    /// The number of shards; must be the list's.
    pub shards: u16,
    /// Where its peer link listens.
    pub peer_addr: String,
    /// Where its clients' interface is.
    pub http_url: String,
    /// Its build, for operators.
    pub build: String,
    /// The oldest and newest protocol it speaks and writes.
    pub protocol: (u16, u16),
    /// How patient it is, and how often it does what it repeats.
    pub timing: Timing,
}
