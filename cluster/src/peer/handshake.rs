//! Who are you? Both ends say it, both prove that they know the cluster's secret, and both must fit.
//!
//! ```text
//! dialer    Hello          who I am, whom I want, 32 random bytes
//! acceptor  Answer         who I am, 32 random bytes, HMAC(secret, "acceptor", both hellos)
//! dialer    Proof          HMAC(secret, "dialer", both hellos)
//! acceptor  Welcome
//! ```
//!
//! Either may say `Refuse` with the reason instead. Each message is a length-delimited frame of at most 4
//! KiB. A hello begins with 8 magic bytes and the protocol versions in fixed places, so that every later
//! version can tell what it meets. A link speaks the highest version that both ends know. Nothing here is
//! encrypted: with mutual TLS all of it runs inside of that, without it the secret only keeps strangers out.

use bincode::{Decode, Encode};
use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use handoff_codec as codec;
use handoff_journal::{NodeId, Owner};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use thiserror::Error;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_util::codec::Framed;

use super::config::{LinksConfig, Secret};
use super::tls::{self, Stream};
use super::wire::framing;

/// The largest handshake message.
const MESSAGE_BYTES_MAX: usize = 4096;
/// In a hello: the dialer does not know yet who listens there.
const WHOEVER: NodeId = NodeId(0);
const MAGIC: [u8; 8] = *b"HANDOFF\x01";
const PREAMBLE_BYTES: usize = 12;

/// Why a handshake failed.
#[derive(Debug, Error)]
pub enum HandshakeError {
    /// The connection broke or was closed.
    #[error("connection: {0}")]
    Io(#[source] std::io::Error),
    /// The two ends don't agree on TLS, or one does not accept the other's certificate.
    #[error("TLS: {0}")]
    Tls(String),
    /// It was closed before it said anything: a probe.
    #[error("closed before it said anything")]
    Silent,
    /// It took too long.
    #[error("no handshake in time")]
    Late,
    /// What came is not Handoff's peer protocol.
    #[error("not a Handoff peer: {0}")]
    Garbage(&'static str),
    /// We refuse the other end.
    #[error("we refuse: {0}")]
    Refuse(String),
    /// The other end refuses us.
    #[error("the peer refuses: {0}")]
    Refused(String),
}

impl From<std::io::Error> for HandshakeError {
    fn from(error: std::io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(inner) => Self::Tls(tls::explain(inner)),
            None => Self::Io(error),
        }
    }
}

/// What an end says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) struct Hello {
    cluster: String,
    shards: u16,
    build: String,
    owner: Owner,
    /// Whom the dialer wants; the acceptor repeats the dialer.
    to: NodeId,
    nonce: [u8; 32],
}

#[derive(Debug, Encode, Decode)]
enum Message {
    /// Preamble and bincode of the hello, as it will be proved.
    Hello(Vec<u8>),
    Answer(Vec<u8>, [u8; 32]),
    Proof([u8; 32]),
    Welcome,
    Refuse(String),
}

/// A connection with a peer that has proved itself.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) peer: Owner,
    /// The protocol version that this link speaks.
    pub(super) protocol: u16,
    pub(super) stream: Stream,
    pub(super) early: BytesMut,
}

type Wire = Framed<Stream, tokio_util::codec::LengthDelimitedCodec>;

fn hello_bytes(config: &LinksConfig, me: Owner, to: NodeId) -> Result<Vec<u8>, HandshakeError> {
    let hello = Hello {
        cluster: config.cluster.clone(),
        shards: config.shards,
        build: config.build.clone(),
        owner: me,
        to,
        nonce: rand::random(),
    };
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&config.protocol.0.to_le_bytes());
    bytes.extend_from_slice(&config.protocol.1.to_le_bytes());
    bytes.extend(codec::encode_bare(&hello).map_err(|_| HandshakeError::Garbage("hello too large"))?);
    Ok(bytes)
}

/// Reads a hello and holds it against our own settings; answers the protocol version to speak, too.
fn check_hello(config: &LinksConfig, bytes: &[u8]) -> Result<(Hello, u16), HandshakeError> {
    let Some((preamble, body)) = bytes.split_at_checked(PREAMBLE_BYTES) else {
        return Err(HandshakeError::Garbage("hello is cut short"));
    };
    if preamble[..8] != MAGIC {
        return Err(HandshakeError::Garbage("wrong magic bytes"));
    }
    let (min, max) =
        (u16::from_le_bytes([preamble[8], preamble[9]]), u16::from_le_bytes([preamble[10], preamble[11]]));
    let refuse = |why: String| Err(HandshakeError::Refuse(why));
    let (our_min, our_max) = config.protocol;
    if max < our_min || min > our_max {
        return refuse(format!(
            "no protocol version in common: {min} to {max} there, {our_min} to {our_max} here; upgrade by way of a \
             build that speaks both"
        ));
    }
    let hello: Hello =
        codec::decode_bare(body).map_err(|_| HandshakeError::Garbage("hello does not decode"))?;
    if hello.cluster != config.cluster {
        return refuse(format!("cluster {:?} meets cluster {:?}", hello.cluster, config.cluster));
    }
    if hello.shards != config.shards {
        return refuse(format!("{} shards meet {} shards", hello.shards, config.shards));
    }
    Ok((hello, max.min(our_max)))
}

fn mac(secret: &Secret, role: &str, dialer: &[u8], acceptor: &[u8]) -> Result<Hmac<Sha256>, HandshakeError> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.bytes()).map_err(|_| HandshakeError::Garbage("key"))?;
    mac.update(role.as_bytes());
    mac.update(&(dialer.len() as u64).to_le_bytes());
    mac.update(dialer);
    mac.update(acceptor);
    Ok(mac)
}

fn proof(secret: &Secret, role: &str, dialer: &[u8], acceptor: &[u8]) -> Result<[u8; 32], HandshakeError> {
    Ok(mac(secret, role, dialer, acceptor)?.finalize().into_bytes().into())
}

/// Compares in constant time.
fn check_proof(
    secret: &Secret,
    role: &str,
    dialer: &[u8],
    acceptor: &[u8],
    given: &[u8; 32],
) -> Result<(), HandshakeError> {
    let wrong = |_| HandshakeError::Refuse("the cluster secrets differ".to_owned());
    mac(secret, role, dialer, acceptor)?.verify_slice(given).map_err(wrong)
}

async fn send(wire: &mut Wire, message: &Message) -> Result<(), HandshakeError> {
    let bytes = codec::encode_bare(message).map_err(|_| HandshakeError::Garbage("message too large"))?;
    Ok(wire.send(Bytes::from(bytes)).await?)
}

async fn receive(wire: &mut Wire) -> Result<Message, HandshakeError> {
    let bytes: BytesMut = wire.next().await.ok_or(HandshakeError::Silent)??;
    match codec::decode_bare(&bytes).map_err(|_| HandshakeError::Garbage("message does not decode"))? {
        Message::Refuse(why) => Err(HandshakeError::Refused(why.chars().take(500).collect())),
        message => Ok(message),
    }
}

/// Passes a result on; if it is a refusal of ours, tells the other end why.
async fn or_refuse<T>(wire: &mut Wire, result: Result<T, HandshakeError>) -> Result<T, HandshakeError> {
    if let Err(HandshakeError::Refuse(why)) = &result {
        send(wire, &Message::Refuse(why.clone())).await?;
    }
    result
}

/// The dialer's connection, in TLS where that is set.
async fn dialed(config: &LinksConfig, stream: TcpStream) -> Result<Wire, HandshakeError> {
    let stream = match &config.tls {
        Some(tls) => tls.connect(stream).await?,
        None => Stream::Plain(stream),
    };
    Ok(Framed::new(stream, framing(MESSAGE_BYTES_MAX)))
}

/// The acceptor's connection. An end that is set up differently is told so in its own way of speaking.
async fn accepted(config: &LinksConfig, mut stream: TcpStream) -> Result<Wire, HandshakeError> {
    let in_tls = tls::begins_with_tls(&stream).await?.ok_or(HandshakeError::Silent)?;
    if let (Some(tls), true) = (&config.tls, in_tls) {
        return Ok(Framed::new(tls.accept(stream).await?, framing(MESSAGE_BYTES_MAX)));
    }
    if in_tls {
        // No TLS record begins so, which is how the other end sees it.
        stream.write_all(&[0; 5]).await?;
        tls::linger(&mut stream).await;
        return Err(HandshakeError::Tls(
            "it uses TLS, and this node does not: set peer.tls on all nodes".to_owned(),
        ));
    }
    let mut wire = Framed::new(Stream::Plain(stream), framing(MESSAGE_BYTES_MAX));
    if config.tls.is_some() {
        receive(&mut wire).await?;
        let why =
            "this node uses TLS on its peer links, and the other end does not: set peer.tls on all nodes";
        return or_refuse(&mut wire, Err(HandshakeError::Refuse(why.to_owned()))).await;
    }
    Ok(wire)
}

/// The part of the end that calls: it proves itself after the other end has.
pub(super) async fn dial(
    config: &LinksConfig,
    me: Owner,
    to: NodeId,
    stream: TcpStream,
) -> Result<Opened, HandshakeError> {
    let mut wire = dialed(config, stream).await?;
    let mine = hello_bytes(config, me, to)?;
    send(&mut wire, &Message::Hello(mine.clone())).await?;
    let Message::Answer(theirs, given) = receive(&mut wire).await? else {
        return Err(HandshakeError::Garbage("no answer to the hello"));
    };
    let checked = check_hello(config, &theirs).and_then(|(hello, protocol)| {
        check_proof(&config.secret, "acceptor", &mine, &theirs, &given)?;
        check_ends(hello.owner, hello.to, to, me.node)?;
        Ok((hello.owner, protocol))
    });
    let (peer, protocol) = or_refuse(&mut wire, checked).await?;
    send(&mut wire, &Message::Proof(proof(&config.secret, "dialer", &mine, &theirs)?)).await?;
    match receive(&mut wire).await? {
        Message::Welcome => Ok(open(peer, protocol, wire)),
        _ => Err(HandshakeError::Garbage("no welcome")),
    }
}

/// Asks whatever listens there whether it is of our cluster, and closes before a link comes of it.
pub(super) async fn greet(
    config: &LinksConfig,
    me: Owner,
    stream: TcpStream,
) -> Result<Owner, HandshakeError> {
    let mut wire = dialed(config, stream).await?;
    let mine = hello_bytes(config, me, WHOEVER)?;
    send(&mut wire, &Message::Hello(mine.clone())).await?;
    let Message::Answer(theirs, given) = receive(&mut wire).await? else {
        return Err(HandshakeError::Garbage("no answer to the hello"));
    };
    let (hello, _) = check_hello(config, &theirs)?;
    check_proof(&config.secret, "acceptor", &mine, &theirs, &given)?;
    Ok(hello.owner)
}

/// The part of the end that is called: it proves itself first.
pub(super) async fn accept(
    config: &LinksConfig,
    me: Owner,
    stream: TcpStream,
) -> Result<Opened, HandshakeError> {
    let mut wire = accepted(config, stream).await?;
    let Message::Hello(theirs) = receive(&mut wire).await? else {
        return Err(HandshakeError::Garbage("no hello"));
    };
    let checked = check_hello(config, &theirs).and_then(|(hello, protocol)| {
        if hello.to != me.node && hello.to != WHOEVER {
            let why = format!("node {} was called, this is node {}", hello.to, me.node);
            return Err(HandshakeError::Refuse(why));
        }
        if hello.owner.node == me.node {
            return Err(HandshakeError::Refuse(format!("two nodes have the id {}", me.node)));
        }
        Ok((hello.owner, protocol))
    });
    let (peer, protocol) = or_refuse(&mut wire, checked).await?;
    let mine = hello_bytes(config, me, peer.node)?;
    let answer = Message::Answer(mine.clone(), proof(&config.secret, "acceptor", &theirs, &mine)?);
    send(&mut wire, &answer).await?;
    let Message::Proof(given) = receive(&mut wire).await? else {
        return Err(HandshakeError::Garbage("no proof"));
    };
    let checked = check_proof(&config.secret, "dialer", &theirs, &mine, &given);
    or_refuse(&mut wire, checked).await?;
    send(&mut wire, &Message::Welcome).await?;
    Ok(open(peer, protocol, wire))
}

fn check_ends(owner: Owner, to: NodeId, wanted: NodeId, me: NodeId) -> Result<(), HandshakeError> {
    if owner.node != wanted || to != me {
        return Err(HandshakeError::Refuse(format!(
            "node {wanted} was called, node {} answered",
            owner.node
        )));
    }
    Ok(())
}

/// The connection, and what the other end has sent behind its last message already.
fn open(peer: Owner, protocol: u16, wire: Wire) -> Opened {
    let parts = wire.into_parts();
    Opened { peer, protocol, stream: parts.io, early: parts.read_buf }
}

#[cfg(test)]
mod tests;
