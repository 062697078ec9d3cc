//! What waits to be read by a socket's client, and the one task that writes it: bounded, because a client that reads
//! slowly or never must cost little. Nothing is lost by closing on such a client: it resumes by position.

use super::metrics::{CloseLabel, Metrics, SocketLabel};
use actix_ws::{CloseCode, CloseReason};
use bytes::Bytes;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

/// Most frames that wait.
pub(crate) const FRAMES_MAX: usize = 256;
/// Most bytes that wait.
pub(crate) const BYTES_MAX: usize = 1024 * 1024;
/// A frame that can wait itself (chat events) goes in while no more than this part is full.
const ROOMY: usize = 2;
/// A client that makes no room for so long is slow.
const ROOM_LIMIT: Duration = Duration::from_secs(5);
/// How long the closing of a socket may take.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// How a socket ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The node drains: the client goes on elsewhere.
    Moved,
    /// The client does not read.
    Slow,
    /// Nothing was heard of the client.
    Silent,
    /// A binary frame.
    Binary,
    /// Text that isn't UTF-8.
    Utf8,
    /// A frame over the limit.
    Large,
    /// Not the WebSocket protocol.
    Protocol,
    /// The client closed.
    Closed,
    /// The connection broke.
    Gone,
    /// A poll was answered.
    Answered,
}

impl Ending {
    /// The close frame's code and words; `None`: no close frame is due.
    fn reason(self) -> Option<CloseReason> {
        let (code, words) = match self {
            Self::Moved => (CloseCode::Restart, "moved"),
            Self::Slow => (CloseCode::Again, "read faster"),
            Self::Binary => (CloseCode::Unsupported, "text only"),
            Self::Utf8 => (CloseCode::Invalid, "not UTF-8"),
            Self::Large => (CloseCode::Size, "frame too large"),
            Self::Protocol => (CloseCode::Protocol, "protocol error"),
            Self::Silent => (CloseCode::Policy, "no answer to pings"),
            Self::Closed => (CloseCode::Normal, ""),
            Self::Gone | Self::Answered => return None,
        };
        Some(CloseReason { code, description: Some(words.to_owned()) })
    }

    pub(crate) fn label(self) -> CloseLabel {
        match self {
            Self::Moved => CloseLabel::moved,
            Self::Slow => CloseLabel::slow,
            Self::Silent => CloseLabel::silent,
            Self::Binary | Self::Utf8 | Self::Protocol => CloseLabel::protocol,
            Self::Large => CloseLabel::large,
            Self::Closed => CloseLabel::closed,
            Self::Gone => CloseLabel::gone,
            Self::Answered => CloseLabel::answered,
        }
    }
}

enum Frame {
    Text(String),
    Pong(Bytes),
}

#[derive(Default)]
struct Inner {
    frames: VecDeque<Frame>,
    bytes: usize,
    /// Among them is what the client did not ask for and does not know.
    news: bool,
    ending: Option<Ending>,
}

/// The queue. Putting something in never waits, unless room is asked for.
pub(crate) struct Outbox {
    inner: RefCell<Inner>,
    /// Something was put in, or the end was set.
    stirred: Notify,
    /// Something was taken out.
    taken: Notify,
    /// The socket ends without a look at what waits.
    cut: Notify,
    /// How much is being read for the client.
    coming: Cell<usize>,
    /// Nothing is.
    settled: Notify,
    kind: SocketLabel,
    metrics: Metrics,
}

/// Something that is being read for the client, until it is put in or given up.
pub(crate) struct Coming(Rc<Outbox>);

impl Drop for Coming {
    fn drop(&mut self) {
        let outbox = &self.0;
        outbox.coming.set(outbox.coming.get().saturating_sub(1));
        if !outbox.is_coming() {
            outbox.settled.notify_waiters();
            outbox.stirred.notify_one();
        }
    }
}

impl Outbox {
    pub(crate) fn new(kind: SocketLabel, metrics: Metrics) -> Self {
        Self {
            inner: RefCell::default(),
            stirred: Notify::new(),
            taken: Notify::new(),
            cut: Notify::new(),
            coming: Cell::new(0),
            settled: Notify::new(),
            kind,
            metrics,
        }
    }

    /// Whose it is, as it is counted.
    pub(crate) fn kind(&self) -> SocketLabel {
        self.kind
    }

    /// A frame that must go now: the socket ends as slow when too much waits.
    pub(crate) fn push(&self, text: String) {
        self.put(Frame::Text(text));
    }

    /// The same of what the client did not ask for and does not know: who waits for that waits no longer.
    pub(crate) fn push_news(&self, text: String) {
        self.inner.borrow_mut().news = true;
        self.push(text);
    }

    /// Whether there was something that the client did not ask for and does not know.
    pub(crate) fn has_news(&self) -> bool {
        self.inner.borrow().news
    }

    /// Something is about to be read for the client.
    pub(crate) fn expect(self: &Rc<Self>) -> Coming {
        self.coming.set(self.coming.get() + 1);
        Coming(Rc::clone(self))
    }

    /// Whether something is being read that is expected soon.
    pub(crate) fn is_coming(&self) -> bool {
        self.coming.get() > 0
    }

    /// Waits until nothing is coming.
    pub(crate) async fn settled(&self) {
        loop {
            let settled = self.settled.notified();
            if !self.is_coming() {
                return;
            }
            settled.await;
        }
    }

    /// Waits until something may have changed here; for one waiter.
    pub(crate) async fn stirred(&self) {
        self.stirred.notified().await;
    }

    pub(crate) fn pong(&self, payload: Bytes) {
        self.put(Frame::Pong(payload));
    }

    fn put(&self, frame: Frame) {
        let mut inner = self.inner.borrow_mut();
        if inner.ending.is_some() {
            return;
        }
        let bytes = frame.bytes();
        let full = inner.frames.len() >= FRAMES_MAX || inner.bytes + bytes > BYTES_MAX;
        if full && !inner.frames.is_empty() {
            drop(inner);
            return self.end(Ending::Slow);
        }
        inner.bytes += bytes;
        inner.frames.push_back(frame);
        drop(inner);
        self.stirred.notify_one();
    }

    /// Whether there is room for a frame that can wait.
    pub(crate) fn has_room(&self) -> bool {
        let inner = self.inner.borrow();
        inner.frames.len() < FRAMES_MAX / ROOMY && inner.bytes < BYTES_MAX / ROOMY
    }

    /// Waits until there is room for a frame that can wait; a client that makes none for too long is slow. False: the
    /// socket ends.
    pub(crate) async fn room(&self) -> bool {
        let limit = Instant::now() + ROOM_LIMIT;
        loop {
            let taken = self.taken.notified();
            if self.ending().is_some() {
                return false;
            }
            if self.has_room() {
                return true;
            }
            if tokio::time::timeout_at(limit, taken).await.is_err() {
                self.end(Ending::Slow);
            }
        }
    }

    /// The node drains: what waits is still sent, and last where to go.
    pub(crate) fn lead_away(&self, last: String) {
        if self.ending().is_none() {
            self.inner.borrow_mut().frames.push_back(Frame::Text(last));
            self.end(Ending::Moved);
        }
    }

    /// Ends the socket; the first word counts. A node that drains still sends what waits.
    pub(crate) fn end(&self, ending: Ending) {
        let mut inner = self.inner.borrow_mut();
        if inner.ending.is_some() {
            return;
        }
        if ending != Ending::Moved {
            inner.frames.clear();
            self.cut.notify_one();
        }
        inner.ending = Some(ending);
        drop(inner);
        self.stirred.notify_one();
        self.taken.notify_waiters();
    }

    /// How it ended, once it has.
    pub(crate) fn ending(&self) -> Option<Ending> {
        self.inner.borrow().ending
    }

    fn take(&self) -> Option<Frame> {
        let mut inner = self.inner.borrow_mut();
        let frame = inner.frames.pop_front()?;
        inner.bytes = inner.bytes.saturating_sub(frame.bytes());
        drop(inner);
        self.taken.notify_waiters();
        Some(frame)
    }

    /// Takes all texts that wait, to be sent together.
    pub(crate) fn take_texts(&self) -> Vec<String> {
        let texts = std::iter::from_fn(|| self.take()).filter_map(|frame| match frame {
            Frame::Text(text) => Some(text),
            Frame::Pong(_) => None,
        });
        texts.inspect(|_| self.metrics.sent(self.kind)).collect()
    }

    /// Writes until the socket ends: what waits, pings, and where there is one a beat when nothing else was said.
    pub(crate) async fn write(&self, mut session: actix_ws::Session, pause: Duration, beat: Option<String>) {
        let written = async {
            let mut probe = interval(pause);
            probe.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut said = Instant::now();
            loop {
                let sent = if let Some(frame) = self.take() {
                    self.metrics.sent(self.kind);
                    match frame {
                        Frame::Text(text) => {
                            said = Instant::now();
                            session.text(text).await
                        }
                        Frame::Pong(payload) => session.pong(&payload).await,
                    }
                } else if self.ending().is_some() {
                    return;
                } else {
                    tokio::select! {
                        biased;
                        () = self.stirred.notified() => Ok(()),
                        _ = probe.tick() => session.ping(b"").await,
                        () = sleep_until(said + pause), if beat.is_some() => {
                            self.push(beat.clone().unwrap_or_default());
                            Ok(())
                        }
                    }
                };
                if sent.is_err() {
                    return self.end(Ending::Gone);
                }
            }
        };
        tokio::select! {
            biased;
            () = self.cut.notified() => {}
            () = written => {}
        }
        if let Some(reason) = self.ending().and_then(Ending::reason) {
            // A client that does not read does not get this either: the connection goes all the same.
            let _late = timeout(CLOSE_LIMIT, session.close(Some(reason))).await;
        }
    }
}

impl Frame {
    fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Pong(payload) => payload.len(),
        }
    }
}
