//! What a node is set to on its links: secret, mutual TLS, protocol versions, bounds.

use crate::secret_file::warn_if_open;
use handoff_cluster::peer::{LinksConfig, PROTOCOL, PROTOCOL_NEWEST, Secret, Tls, TlsError, TlsFiles};
use handoff_config::Config;
use std::time::Duration;
use thiserror::Error;

/// Why a node can't speak to its peers as it is told to.
#[derive(Debug, Error)]
pub enum PeeringError {
    /// Its certificate, key or authorities can't be used.
    #[error("peer.tls: {0}")]
    Tls(#[from] TlsError),
    /// It is to speak a version that is not in this build.
    #[error("peer.protocol_max is {0}, this build knows {oldest} to {PROTOCOL_NEWEST}", oldest = PROTOCOL.0)]
    Protocol(u16),
}

/// Looks at all that a start would need.
///
/// # Errors
/// [`PeeringError`].
pub fn check_peering(config: &Config) -> Result<(), PeeringError> {
    links_config(config, "", "").map(drop)
}

/// The oldest and the newest version that this node speaks and writes.
pub(super) fn protocol(config: &Config) -> (u16, u16) {
    (PROTOCOL.0, config.peer.protocol_max)
}

pub(super) fn links_config(config: &Config, secret: &str, build: &str) -> Result<LinksConfig, PeeringError> {
    let peer = &config.peer;
    if !(PROTOCOL.0..=PROTOCOL_NEWEST).contains(&peer.protocol_max) {
        return Err(PeeringError::Protocol(peer.protocol_max));
    }
    let files =
        config.peer_tls().map(|(certificate, key, authorities)| TlsFiles { certificate, key, authorities });
    let tls = files.map(Tls::read).transpose()?;
    if let Some(TlsFiles { key, .. }) = files {
        // It was just read; should it be gone already, that is no harm.
        let _gone = warn_if_open(key);
    }
    Ok(LinksConfig {
        protocol: protocol(config),
        tls,
        frame_bytes_max: peer.frame_bytes_max,
        queue_frames: peer.calls_max,
        handshake_timeout: Duration::from_millis(peer.connect_timeout_ms),
        ..LinksConfig::new(&peer.cluster, Secret::new(secret), config.journal.shards, build)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_speaks_by_default_what_its_build_says_and_nothing_that_its_build_does_not_know() {
        let mut config = Config::default();
        assert_eq!(protocol(&config), PROTOCOL);
        for (protocol_max, good) in
            [(0, false), (1, true), (PROTOCOL_NEWEST, true), (PROTOCOL_NEWEST + 1, false)]
        {
            config.peer.protocol_max = protocol_max;
            assert_eq!(check_peering(&config).is_ok(), good, "{protocol_max}");
        }
    }
}
