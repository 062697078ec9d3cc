//! What links are set to.

use std::fmt;
use std::time::Duration;

use super::PROTOCOL;
use super::tls::Tls;

/// The cluster secret; never printed.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// From the configured bytes.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// What both ends must agree on, and the bounds.
#[derive(Debug, Clone)]
pub struct LinksConfig {
    /// A link with a node of a cluster of another name is refused.
    pub cluster: String,
    /// Shared by all nodes; each end of a link proves that it knows it, and it is never sent.
    pub secret: Secret,
    /// The number of shards.
    pub shards: u16,
    /// This build, for logs.
    pub build: String,
    /// The oldest and newest protocol spoken; a link speaks the highest that both ends know.
    pub protocol: (u16, u16),
    /// Mutual TLS; `None`: links in clear.
    pub tls: Option<Tls>,
    /// The largest request, answer or notice, in bytes.
    pub frame_bytes_max: usize,
    /// How many frames may wait to be sent to one peer.
    pub queue_frames: usize,
    /// How many calls of one peer are served at once.
    pub inbound_calls_max: usize,
    /// How many strangers may be in a handshake at once; more are closed.
    pub handshakes_max: usize,
    /// How long a connect plus handshake may take.
    pub handshake_timeout: Duration,
    /// How long one write may take before the link counts as broken.
    pub write_timeout: Duration,
}

impl LinksConfig {
    /// The usual bounds, without TLS and in the protocol of this build.
    #[must_use]
    pub fn new(cluster: &str, secret: Secret, shards: u16, build: &str) -> Self {
        Self {
            cluster: cluster.to_owned(),
            secret,
            shards,
            build: build.to_owned(),
            protocol: PROTOCOL,
            tls: None,
            frame_bytes_max: 4 * 1024 * 1024,
            queue_frames: 4096,
            inbound_calls_max: 1024,
            handshakes_max: 64,
            handshake_timeout: Duration::from_secs(2),
            write_timeout: Duration::from_secs(10),
        }
    }
}
