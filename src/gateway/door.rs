//! How many connections there are. What comes beyond the most that the node may have is refused at once and in words:
//! waiting would hide it from balancers, and taking it would leave no file descriptor to those who are in.

use super::metrics::Metrics;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// Most connections beyond the door that are being told so; each has a descriptor for that long. Of these, half may
/// wait for their client to read it; others are just closed.
pub const REFUSED_AT_ONCE_MAX: usize = 64;
/// How long a refused client may take to read why.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Refusals are logged again once the node has fewer connections than this part of its most.
const ROOM_PERCENT: usize = 80;
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nretry-after: 10\r\n\
    cache-control: no-store\r\nconnection: close\r\n\r\n";

/// Counts every connection of the customers' port.
pub(super) struct Door {
    most: usize,
    open: AtomicUsize,
    lingering: AtomicUsize,
    /// Whether it was logged that it is full.
    logged: AtomicBool,
    metrics: Metrics,
}

impl Door {
    /// For so many.
    pub(super) fn new(most: usize, metrics: Metrics) -> Arc<Self> {
        metrics.connections_max(most);
        let (open, lingering) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Self { most, open, lingering, logged: AtomicBool::new(false), metrics })
    }

    /// A place for one more connection, for as long as it is kept.
    pub(super) fn place(self: &Arc<Self>) -> Option<Place> {
        let more = |open: usize| (open < self.most).then_some(open + 1);
        if self.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok() {
            self.metrics.connection_opened();
            return Some(Place(Arc::clone(self)));
        }
        self.metrics.connection_refused();
        if !self.logged.swap(true, Ordering::Relaxed) {
            tracing::warn!(most = self.most, "no more connections: customers and agents are refused");
        }
        None
    }

    /// Tells a client that there is no place. It is waited for a little: a connection that is closed with something
    /// unread in it takes its last words with it.
    pub(super) async fn refuse(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Error {
        let lingers = self.lingering.fetch_add(1, Ordering::Relaxed) < REFUSED_AT_ONCE_MAX / 2;
        if lingers {
            let _gone = timeout(LAST_WORDS, last_words(&mut stream)).await;
        }
        self.lingering.fetch_sub(1, Ordering::Relaxed);
        io::Error::other("no more connections")
    }

    fn leave(&self) {
        let left = self.open.fetch_sub(1, Ordering::Relaxed) - 1;
        self.metrics.connection_closed();
        let room = left * 100 < self.most * ROOM_PERCENT;
        if room && self.logged.swap(false, Ordering::Relaxed) {
            tracing::info!(open = left, most = self.most, "connections are taken again");
        }
    }
}

async fn last_words(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<()> {
    stream.write_all(FULL).await?;
    stream.shutdown().await?;
    let mut unread = [0; 1024];
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}

/// One connection's, until it is dropped.
pub(super) struct Place(Arc<Door>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// Told when a client has nothing more to say over its connection: whoever asked something and waits has hung up.
#[derive(Debug, Clone, Default)]
pub(super) struct HungUp(CancellationToken);

impl HungUp {
    /// Waits until they do.
    pub(super) async fn told(&self) {
        self.0.cancelled().await;
    }
}

/// A connection with its place, which goes with it, whatever became of it: a request's, a socket's. It ends when the
/// node is closing and nobody asks anything over it.
pub(super) struct Placed<S> {
    stream: S,
    _place: Place,
    closing: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Something was asked, and nothing was answered since.
    asked: bool,
    hung_up: HungUp,
}

impl<S> Placed<S> {
    /// Without a client's word it ends at `closing`.
    pub(super) fn new(stream: S, place: Place, closing: &CancellationToken) -> Self {
        let closing = Box::pin(closing.clone().cancelled_owned());
        Self { stream, _place: place, closing, asked: false, hung_up: HungUp::default() }
    }

    /// Where it is told that its client hangs up.
    pub(super) fn hung_up(&self) -> HungUp {
        self.hung_up.clone()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Placed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let room = buffer.remaining() > 0;
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let came = buffer.filled().len() > before;
        self.asked |= came;
        if read.is_ready() && room && !came {
            self.hung_up.0.cancel();
        }
        if read.is_pending() && !self.asked && self.closing.as_mut().poll(cx).is_ready() {
            // Read as the end of what the client says: an answer that is being written still is, to its end.
            return Poll::Ready(Ok(()));
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Placed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.asked = false;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.asked = false;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
