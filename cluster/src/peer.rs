//! Links between nodes: one connection per pair, requests with answers, notices without.
//!
//! [`Links`] is the real thing over TCP, [`memory`] the same for simulations. What the bytes mean is the
//! server's business: it implements [`PeerService`] and calls through [`Peers`].
//!
//! Queues and their overflow: what goes out to a peer waits in one bounded queue; when it is full a call is
//! refused ([`PeerError::Busy`]) and a notice dropped (the newest). Calls served per link are bounded;
//! beyond that the caller gets [`PeerError::PeerBusy`]. Events to the supervisor are bounded and waited
//! for.

mod config;
mod handshake;
mod link;
mod links;
pub mod memory;
mod tls;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use handoff_journal::{NodeId, Owner};
use thiserror::Error;
use tokio::net::TcpStream;

pub use config::{LinksConfig, Secret};
pub use handshake::HandshakeError;
pub use links::Links;
pub use tls::{Tls, TlsError, TlsFiles};

/// The protocol versions that a node of this build speaks and writes, oldest and newest, unless it is told otherwise.
pub const PROTOCOL: (u16, u16) = (1, 1);

/// The newest version that is in this build; `docs/upgrade.md` says what each version brings and how it is rolled out.
pub const PROTOCOL_NEWEST: u16 = if cfg!(feature = "next-version") { 3 } else { 2 };

/// Why a call to a peer brought no answer.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum PeerError {
    /// There is no link with that node now. The request was not sent.
    #[error("no link with node {0}")]
    NoLink(NodeId),
    /// Too much is waiting to be sent to it already. The request was not sent.
    #[error("too much is waiting for node {0}")]
    Busy(NodeId),
    /// It serves as many of our calls as it may already. The request was not begun.
    #[error("node {0} is busy")]
    PeerBusy(NodeId),
    /// The request is larger than a frame may be. It was not sent.
    #[error("request of {0} bytes is over the limit")]
    TooLarge(usize),
    /// No answer: the link broke or the time is over. The request may have been carried out, or still be.
    #[error("no answer from node {0}: {1}")]
    Lost(NodeId, &'static str),
}

impl PeerError {
    /// Whether it is certain that the peer did nothing, so that the request may be sent elsewhere.
    #[must_use]
    pub fn never_began(&self) -> bool {
        !matches!(self, Self::Lost(..))
    }
}

/// What happens to the links; see the supervisor's inputs of the same names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerEvent {
    /// A link with a peer stands.
    LinkUp {
        /// The peer, as proved.
        peer: Owner,
    },
    /// A link has closed, or a peer's port refuses (then it is repeated while it does).
    LinkDown {
        /// The peer that was linked, or expected.
        peer: Owner,
        /// Whether its port refuses connections.
        refused: bool,
    },
    /// Another incarnation answers where `expected` was.
    OtherIncarnation {
        /// The incarnation that was to be linked with.
        expected: Owner,
        /// Who answered; there is a link with it.
        met: Owner,
    },
    /// The peer and we don't agree on cluster, secret, protocol, shards or TLS.
    Refused {
        /// The incarnation that was to be linked with.
        peer: Owner,
        /// What does not fit.
        why: String,
    },
}

/// What is found at a seed's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seed {
    /// Nobody answers there, or not in time: it may come yet.
    Absent,
    /// A node of our cluster, as proved.
    Fits(Owner),
    /// Somebody of another cluster, secret, version or number of shards; why.
    Unfit(String),
}

/// Looks which node listens at a seed's address, without linking with it.
pub async fn greet(config: &LinksConfig, me: Owner, addr: &str) -> Seed {
    let greeting = async {
        let stream = TcpStream::connect(addr).await?;
        handshake::greet(config, me, stream).await
    };
    match tokio::time::timeout(config.handshake_timeout, greeting).await {
        Ok(Ok(owner)) => Seed::Fits(owner),
        Ok(Err(HandshakeError::Io(_) | HandshakeError::Silent | HandshakeError::Late)) | Err(_) => {
            Seed::Absent
        }
        Ok(Err(error)) => Seed::Unfit(error.to_string()),
    }
}

/// What a node does for its peers.
#[async_trait]
pub trait PeerService: Send + Sync + 'static {
    /// Serves a request. It may be dropped unfinished when the link breaks.
    async fn call(&self, from: Owner, request: Bytes) -> Bytes;

    /// Takes a notice; must not block.
    fn notice(&self, from: Owner, notice: Bytes);
}

/// The links as the rest of the node sees them.
#[async_trait]
pub trait Peers: Send + Sync + 'static {
    /// Sends a request and waits for its answer, at most `timeout`. Later answers are dropped.
    ///
    /// # Errors
    /// See [`PeerError`]; ask [`PeerError::never_began`] before trying elsewhere.
    async fn call(&self, to: NodeId, request: Bytes, timeout: Duration) -> Result<Bytes, PeerError>;

    /// Sends a notice if there is a link and room; whether it was queued. Notices and requests to one peer
    /// arrive in the order sent while the link stands.
    fn notify(&self, to: NodeId, notice: Bytes) -> bool;

    /// The incarnation with which there is a link.
    fn owner_of(&self, node: NodeId) -> Option<Owner>;

    /// Keeps a link with this peer from now on, at this address.
    fn connect(&self, peer: Owner, addr: String);

    /// Closes the link with this incarnation and calls it no more. It may still call us.
    fn disconnect(&self, peer: Owner);

    /// This node goes on as a new incarnation: closes all links and forgets whom to call.
    fn rejoin(&self, me: Owner);
}
