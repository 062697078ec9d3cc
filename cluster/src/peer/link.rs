//! One link: what runs while the connection stands.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use handoff_journal::Owner;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::codec::Decoder;
use tokio_util::sync::CancellationToken;

use super::handshake::Opened;
use super::tls::{Reader, Writer};
use super::wire::{FRAME_OVERHEAD, Frame, PROTOCOL_CALL_WITHIN, append, framing};
use super::{LinksConfig, PeerError, PeerService};

/// Frames are gathered into one write up to about this size.
const WRITE_BYTES: usize = 256 * 1024;

type Waiting = HashMap<u64, oneshot::Sender<Result<Bytes, PeerError>>>;

/// The caller's end of a link.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) peer: Owner,
    /// The version that both ends speak here.
    pub(super) protocol: u16,
    /// Tells a link from the one before it with the same peer.
    pub(super) serial: u64,
    pub(super) closing: CancellationToken,
    out: mpsc::Sender<Bytes>,
    /// `None` once the link is closed.
    waiting: Mutex<Option<Waiting>>,
    calls: AtomicU64,
    frame_bytes_max: usize,
}

/// What the link's task needs.
#[derive(Debug)]
pub(super) struct Body {
    opened: Opened,
    queue: mpsc::Receiver<Bytes>,
}

impl Link {
    pub(super) fn new(config: &LinksConfig, serial: u64, opened: Opened) -> (Arc<Self>, Body) {
        let (out, queue) = mpsc::channel(config.queue_frames);
        let link = Self {
            peer: opened.peer,
            protocol: opened.protocol,
            serial,
            closing: CancellationToken::new(),
            out,
            waiting: Mutex::new(Some(HashMap::new())),
            calls: AtomicU64::new(0),
            frame_bytes_max: config.frame_bytes_max,
        };
        (Arc::new(link), Body { opened, queue })
    }

    pub(super) async fn call(&self, request: Bytes, timeout: Duration) -> Result<Bytes, PeerError> {
        let node = self.peer.node;
        if request.len() > self.frame_bytes_max {
            return Err(PeerError::TooLarge(request.len()));
        }
        let id = self.calls.fetch_add(1, Ordering::Relaxed);
        let Some(frame) = self.request(id, request, timeout).bytes() else {
            return Err(PeerError::TooLarge(0));
        };
        let (answer, answered) = oneshot::channel();
        match self.lock().as_mut() {
            Some(waiting) => drop(waiting.insert(id, answer)),
            None => return Err(PeerError::NoLink(node)),
        }
        // Whatever ends this call, its entry goes.
        let _entry = Entry { link: self, id };
        match self.out.try_send(frame) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => return Err(PeerError::Busy(node)),
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(PeerError::NoLink(node)),
        }
        match tokio::time::timeout(timeout, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(PeerError::Lost(node, "the link broke")),
            Err(_) => Err(PeerError::Lost(node, "no answer in time")),
        }
    }

    fn request(&self, id: u64, request: Bytes, timeout: Duration) -> Frame {
        let (within_ms, request) = (u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX), request.into());
        if self.protocol < PROTOCOL_CALL_WITHIN {
            Frame::Call(id, request)
        } else {
            Frame::CallWithin { id, within_ms, request }
        }
    }

    pub(super) fn notify(&self, notice: Bytes) -> bool {
        notice.len() <= self.frame_bytes_max
            && Frame::Notice(notice.into()).bytes().is_some_and(|frame| self.out.try_send(frame).is_ok())
    }

    /// Runs until the connection ends, for whatever reason, or the link is told to close.
    pub(super) async fn run(
        self: Arc<Self>,
        body: Body,
        config: &LinksConfig,
        service: Arc<dyn PeerService>,
    ) {
        let Opened { stream, early, .. } = body.opened;
        let (reader, writer) = stream.into_halves();
        let why = tokio::select! {
            biased;
            () = self.closing.cancelled() => "closed here".to_owned(),
            result = self.read(reader, early, config, service) => text(result),
            result = write(writer, body.queue, config) => text(result),
        };
        self.closing.cancel();
        self.lock().take();
        tracing::info!(peer = %self.peer, %why, "peer link closed");
    }

    async fn read(
        self: &Arc<Self>,
        mut reader: Reader,
        mut buffer: BytesMut,
        config: &LinksConfig,
        service: Arc<dyn PeerService>,
    ) -> std::io::Result<()> {
        let mut framing = framing(config.frame_bytes_max + FRAME_OVERHEAD);
        let serving = Arc::new(Semaphore::new(config.inbound_calls_max));
        loop {
            while let Some(bytes) = framing.decode(&mut buffer)? {
                let Some(frame) = Frame::read(&bytes).filter(|frame| frame.since() <= self.protocol) else {
                    return Err(std::io::Error::other("a frame does not decode, or is of a later protocol"));
                };
                self.take(frame, &serving, &service);
            }
            if reader.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        }
    }

    fn take(self: &Arc<Self>, frame: Frame, serving: &Arc<Semaphore>, service: &Arc<dyn PeerService>) {
        let (id, within, request) = match frame {
            Frame::Notice(notice) => return service.notice(self.peer, notice.into()),
            Frame::Reply(id, reply) => return self.answer(id, Ok(reply.into())),
            Frame::Busy(id) => return self.answer(id, Err(PeerError::PeerBusy(self.peer.node))),
            Frame::Call(id, request) => (id, Duration::MAX, request),
            Frame::CallWithin { id, within_ms, request } => {
                (id, Duration::from_millis(u64::from(within_ms)), request)
            }
        };
        let Ok(permit) = serving.clone().try_acquire_owned() else {
            // The caller knows by its deadline should this not fit either.
            if let Some(frame) = Frame::Busy(id).bytes() {
                let _ = self.out.try_send(frame);
            }
            return;
        };
        let (link, service) = (self.clone(), service.clone());
        tokio::spawn(async move {
            let serve = async {
                let reply = service.call(link.peer, request.into()).await;
                if reply.len() <= link.frame_bytes_max
                    && let Some(frame) = Frame::Reply(id, reply.into()).bytes()
                {
                    // Waits for room: the permit bounds how many do.
                    let _ = link.out.send(frame).await;
                }
            };
            tokio::select! {
                biased;
                () = link.closing.cancelled() => {}
                // After that nobody waits for the answer.
                _ = tokio::time::timeout(within, serve) => {}
            }
            drop(permit);
        });
    }

    fn answer(&self, id: u64, answer: Result<Bytes, PeerError>) {
        if let Some(waiting) = self.lock().as_mut().and_then(|waiting| waiting.remove(&id)) {
            let _ = waiting.send(answer);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Entry<'a> {
    link: &'a Link,
    id: u64,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        if let Some(waiting) = self.link.lock().as_mut() {
            waiting.remove(&self.id);
        }
    }
}

/// Sends what is queued, as much as there is in one write.
async fn write(
    mut writer: Writer,
    mut queue: mpsc::Receiver<Bytes>,
    config: &LinksConfig,
) -> std::io::Result<()> {
    let mut framing = framing(config.frame_bytes_max + FRAME_OVERHEAD);
    let mut buffer = BytesMut::new();
    while let Some(frame) = queue.recv().await {
        let mut next = Some(frame);
        while let Some(frame) = next.take() {
            if !append(&mut framing, frame, &mut buffer) {
                return Err(std::io::Error::other("a frame is too large"));
            }
            if buffer.len() < WRITE_BYTES {
                next = queue.try_recv().ok();
            }
        }
        let stuck = |_| std::io::Error::other("the peer does not read");
        let write = async {
            writer.write_all(&buffer).await?;
            // TLS holds the end of what it was given back until then.
            writer.flush().await
        };
        tokio::time::timeout(config.write_timeout, write).await.map_err(stuck)??;
        buffer.clear();
    }
    Ok(())
}

fn text(result: std::io::Result<()>) -> String {
    result.map_or_else(|error| error.to_string(), |()| "closed by the peer".to_owned())
}
