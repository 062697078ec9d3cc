//! Mutual TLS under the handshake: both ends show a certificate, both verify the other's chain.
//!
//! The authorities are the cluster's own: whoever has a certificate of theirs is a node. Names in certificates are not
//! looked at, since nodes are known by address and incarnation, both of which change; who it is that calls is proved
//! with the cluster's secret in the handshake above. TLS 1.3 only, nothing is resumed: each link verifies anew.
//!
//! The first byte tells the two kinds of links apart: a TLS record of a client begins with 22, a hello's length with
//! 0. So whoever is set up differently is told so in words, at both ends.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, InvalidMessage, RootCertStore, ServerConfig,
    SignatureScheme,
};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

/// How long a refused client may take to read why.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// A certificate that ends sooner is warned of at the start.
const RENEW_BEFORE: Duration = Duration::from_secs(14 * 24 * 3600);

/// Where a node's side of mutual TLS is kept; all in PEM.
#[derive(Debug, Clone, Copy)]
pub struct TlsFiles<'a> {
    /// The node's certificate, then what leads from it to an authority.
    pub certificate: &'a Path,
    /// The private key of the node's certificate.
    pub key: &'a Path,
    /// The certificates of those who may sign nodes' certificates.
    pub authorities: &'a Path,
}

/// Why a node's certificate can't be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file can't be read, or is not PEM.
    #[error("{path}: {source}", path = .path.display())]
    File {
        /// The file that can't be read.
        path: PathBuf,
        /// What the operating system or the PEM reader says.
        source: pem::Error,
    },
    /// A file has no certificate in it.
    #[error("{path} holds no certificate", path = .0.display())]
    Empty(PathBuf),
    /// An authority's certificate can't be used.
    #[error("{path} holds a certificate that is none: {source}", path = .path.display())]
    Authority {
        /// The file of the authorities.
        path: PathBuf,
        /// What the TLS library says of it.
        source: rustls::Error,
    },
    /// The key is another certificate's.
    #[error("{key} is not the key of {certificate}", key = .key.display(), certificate = .certificate.display())]
    WrongKey {
        /// The key's file.
        key: PathBuf,
        /// The file of the certificate that it does not fit.
        certificate: PathBuf,
    },
    /// The node's own certificate would be refused by its peers.
    #[error("{path} {why}", path = .path.display())]
    Own {
        /// The certificate's file.
        path: PathBuf,
        /// What its peers would say.
        why: String,
    },
    /// The key or certificate is of a kind that is not known here.
    #[error("{path} can't be used: {source}", path = .path.display())]
    Unusable {
        /// The file of the key or certificate.
        path: PathBuf,
        /// What the TLS library says of it.
        source: rustls::Error,
    },
}

/// A node's side of mutual TLS. Cheap to clone; prints nothing of the key.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    connector: TlsConnector,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls(..)")
    }
}

impl Tls {
    /// Reads the files, and looks at the node's own certificate as its peers will at this moment.
    ///
    /// # Errors
    /// [`TlsError`], which names the file.
    pub fn read(files: TlsFiles<'_>) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let chain = certificates(files.certificate)?;
        let key = PrivateKeyDer::from_pem_file(files.key).map_err(|source| in_file(files.key, source))?;
        let mut roots = RootCertStore::empty();
        for authority in certificates(files.authorities)? {
            let path = || files.authorities.to_owned();
            roots.add(authority).map_err(|source| TlsError::Authority { path: path(), source })?;
        }
        let roots = Arc::new(roots);
        let unusable = |source| TlsError::Unusable { path: files.certificate.to_owned(), source };
        let clients = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone())
            .build()
            .map_err(|error| unusable(rustls::Error::General(error.to_string())))?;
        let nodes = Arc::new(NodeVerifier { roots, provider: provider.clone() });
        let own = |at| own_certificate(&chain, clients.as_ref(), &nodes, at);
        let now = UnixTime::now();
        own(now).map_err(|why| TlsError::Own { path: files.certificate.to_owned(), why })?;
        if own(UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs()) + RENEW_BEFORE)).is_err() {
            tracing::warn!(path = %files.certificate.display(), "the certificate expires within two weeks: renew it");
        }
        let with_key = |source| match source {
            rustls::Error::InconsistentKeys(_) => {
                TlsError::WrongKey { key: files.key.to_owned(), certificate: files.certificate.to_owned() }
            }
            source => TlsError::Unusable { path: files.key.to_owned(), source },
        };
        let server = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(unusable)?
            .with_client_cert_verifier(clients)
            .with_single_cert(chain.clone(), key.clone_key())
            .map_err(with_key)?;
        let mut client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(unusable)?
            .dangerous()
            .with_custom_certificate_verifier(nodes)
            .with_client_auth_cert(chain, key)
            .map_err(with_key)?;
        client.enable_sni = false;
        client.resumption = Resumption::disabled();
        let (acceptor, connector) =
            (TlsAcceptor::from(Arc::new(server)), TlsConnector::from(Arc::new(client)));
        Ok(Self { acceptor, connector })
    }

    /// The client's part. Whom it reaches is not told by a name: the handshake after it proves that.
    pub(super) async fn connect(&self, stream: TcpStream) -> io::Result<Stream> {
        let nobody = ServerName::from(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let stream = self.connector.connect(nobody, stream).await?;
        Ok(Stream::Tls(Box::new(stream.into())))
    }

    /// The server's part. One who fails gets the time to read why.
    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<Stream> {
        match self.acceptor.accept(stream).into_fallible().await {
            Ok(stream) => Ok(Stream::Tls(Box::new(stream.into()))),
            Err((error, mut stream)) => {
                linger(&mut stream).await;
                Err(error)
            }
        }
    }
}

/// Reads what the other end still sends: closing with it unread would take our last words from it.
pub(super) async fn linger(stream: &mut TcpStream) {
    let mut rest = [0; 1024];
    let drained = async { while matches!(stream.read(&mut rest).await, Ok(1..)) {} };
    // It has had its time.
    let _ = tokio::time::timeout(LAST_WORDS, drained).await;
}

/// Whether the client begins with TLS; `None`: it closed before it said anything.
pub(super) async fn begins_with_tls(stream: &TcpStream) -> io::Result<Option<bool>> {
    const HANDSHAKE_RECORD: u8 = 22;
    let mut first = [0];
    let count = stream.peek(&mut first).await?;
    Ok((count > 0).then_some(first[0] == HANDSHAKE_RECORD))
}

fn in_file(path: &Path, source: pem::Error) -> TlsError {
    TlsError::File { path: path.to_owned(), source }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).map_err(|source| in_file(path, source))?.collect();
    let found = found.map_err(|source| in_file(path, source))?;
    if found.is_empty() { Err(TlsError::Empty(path.to_owned())) } else { Ok(found) }
}

/// Whether peers will take it at a moment: as theirs who call, and as theirs who are called.
fn own_certificate(
    chain: &[CertificateDer<'_>],
    clients: &dyn ClientCertVerifier,
    nodes: &NodeVerifier,
    at: UnixTime,
) -> Result<(), String> {
    let Some((own, between)) = chain.split_first() else { return Err("is empty".to_owned()) };
    let verified = nodes.verify(own, between, at);
    let verified = verified.and_then(|()| clients.verify_client_cert(own, between, at).map(drop));
    verified.map_err(|error| match error {
        rustls::Error::InvalidCertificate(error) => refusal(&error),
        other => format!("is refused: {other}"),
    })
}

fn refusal(error: &CertificateError) -> String {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "is not valid yet".to_owned()
        }
        // The second: another authority of the same name.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "is signed by none of the authorities".to_owned()
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "must be good for both ends of a link: extended key usage serverAuth and clientAuth".to_owned()
        }
        other => format!("is refused: {other}"),
    }
}

/// What a TLS error between two nodes means to an operator.
pub(super) fn explain(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "the other end does not use TLS on its peer links: set peer.tls on all nodes or on none"
                .to_owned()
        }
        rustls::Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        ) => "the other end's certificate is signed by none of peer.tls.authorities".to_owned(),
        rustls::Error::AlertReceived(alert) => {
            format!("the other end does not accept this node's certificate or TLS (alert {alert:?})")
        }
        other => other.to_string(),
    }
}

/// Verifies the node that was called: its chain, and no name.
#[derive(Debug)]
struct NodeVerifier {
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

impl NodeVerifier {
    fn verify(
        &self,
        own: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        rustls::client::verify_server_cert_signed_by_trust_anchor(
            &ParsedCertificate::try_from(own)?,
            &self.roots,
            between,
            now,
            self.provider.signature_verification_algorithms.all,
        )
    }
}

impl ServerCertVerifier for NodeVerifier {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.verify(own, between, now).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, own, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, own, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// A connection with a peer, in clear or in TLS.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// The half of a connection that reads.
pub(super) type Reader = Box<dyn AsyncRead + Send + Unpin>;
/// The half that writes.
pub(super) type Writer = Box<dyn AsyncWrite + Send + Unpin>;

impl Stream {
    pub(super) fn into_halves(self) -> (Reader, Writer) {
        match self {
            Self::Plain(stream) => {
                let (reader, writer) = stream.into_split();
                (Box::new(reader), Box::new(writer))
            }
            Self::Tls(stream) => {
                let (reader, writer) = tokio::io::split(stream);
                (Box::new(reader), Box::new(writer))
            }
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, into),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, into),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests;
