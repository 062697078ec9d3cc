//! All links of a node over TCP: who is called, who may call, and which connection counts.
//!
//! Of two nodes the lower id dials; the higher one only probes whether the other's port refuses, which
//! tells a dead process in milliseconds. A newer connection with a node replaces the older one. Tries are
//! repeated after a random wait (full jitter) that grows from 10 ms to 1 s, and start at once when a link
//! closes.

use std::collections::BTreeMap;
use std::fmt;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use handoff_journal::{NodeId, Owner};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::handshake::{HandshakeError, Opened, accept, dial};
use super::link::Link;
use super::{LinksConfig, PeerError, PeerEvent, PeerService, Peers};

/// Events that may wait for the supervisor before links wait for it.
const EVENTS_MAX: usize = 1024;
const BACKOFF_MIN_MS: u64 = 10;
const BACKOFF_MAX_MS: u64 = 1000;

struct Target {
    peer: Owner,
    addr: String,
    /// Wakes its task when its link closes.
    wake: Arc<Notify>,
    gone: CancellationToken,
}

struct State {
    me: Owner,
    targets: BTreeMap<NodeId, Target>,
    links: BTreeMap<NodeId, Arc<Link>>,
}

struct Inner {
    config: LinksConfig,
    service: Arc<dyn PeerService>,
    events: mpsc::Sender<PeerEvent>,
    serials: AtomicU64,
    state: Mutex<State>,
    stop: CancellationToken,
    /// Where the tasks run, whoever calls.
    runtime: tokio::runtime::Handle,
}

/// The links of one node. Cheap to clone; its tasks run on the tokio runtime that [`Links::start`] was
/// called in.
#[derive(Clone)]
pub struct Links(Arc<Inner>);

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Links").field("me", &self.0.lock().me).finish_non_exhaustive()
    }
}

impl Links {
    /// Accepts peers on `listener` from now on. Listen before joining the member list: a port that refuses
    /// reads as a dead process.
    #[must_use]
    pub fn start(
        config: LinksConfig,
        me: Owner,
        listener: TcpListener,
        service: Arc<dyn PeerService>,
    ) -> (Self, mpsc::Receiver<PeerEvent>) {
        let (events, received) = mpsc::channel(EVENTS_MAX);
        let inner = Arc::new(Inner {
            config,
            service,
            events,
            serials: AtomicU64::new(0),
            state: Mutex::new(State { me, targets: BTreeMap::new(), links: BTreeMap::new() }),
            stop: CancellationToken::new(),
            runtime: tokio::runtime::Handle::current(),
        });
        inner.runtime.spawn(inner.clone().listen(listener));
        (Self(inner), received)
    }

    /// Closes everything, the listener too.
    pub fn shutdown(&self) {
        self.0.stop.cancel();
        let mut state = self.0.lock();
        state.close_all();
    }
}

impl State {
    fn close_all(&mut self) {
        for target in std::mem::take(&mut self.targets).into_values() {
            target.gone.cancel();
        }
        for link in self.links.values() {
            link.closing.cancel();
        }
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn link(&self, node: NodeId) -> Option<Arc<Link>> {
        self.lock().links.get(&node).cloned()
    }

    async fn listen(self: Arc<Self>, listener: TcpListener) {
        let handshakes = Arc::new(Semaphore::new(self.config.handshakes_max));
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, addr)) => {
                    // Too many strangers: the newest is closed. Peers try again.
                    let Ok(permit) = handshakes.clone().try_acquire_owned() else { continue };
                    let inner = self.clone();
                    tokio::spawn(async move {
                        let me = inner.lock().me;
                        let shake = accept(&inner.config, me, no_delay(stream));
                        match timeout(inner.config.handshake_timeout, shake).await {
                            Ok(Ok(opened)) => inner.register(me, opened).await,
                            Ok(Err(HandshakeError::Silent | HandshakeError::Io(_))) => {}
                            Ok(Err(error)) => tracing::warn!(%addr, %error, "peer not let in"),
                            Err(_) => tracing::warn!(%addr, error = %HandshakeError::Late, "peer not let in"),
                        }
                        drop(permit);
                    });
                }
                Err(error) => {
                    // Out of descriptors, most likely: give others time to close some.
                    tracing::warn!(%error, "accepting peers");
                    tokio::time::sleep(Duration::from_millis(BACKOFF_MAX_MS)).await;
                }
            }
        }
    }

    /// Makes a proved connection the node's link.
    async fn register(self: &Arc<Self>, me: Owner, opened: Opened) {
        let peer = opened.peer;
        let serial = self.serials.fetch_add(1, Ordering::Relaxed);
        let (link, body) = Link::new(&self.config, serial, opened);
        let (replaced, expected) = {
            let mut state = self.lock();
            if state.me != me || self.stop.is_cancelled() {
                return;
            }
            let expected = state.targets.get(&peer.node).map(|target| target.peer);
            (state.links.insert(peer.node, link.clone()), expected)
        };
        if let Some(old) = replaced {
            old.closing.cancel();
            if old.peer != peer {
                self.tell(PeerEvent::LinkDown { peer: old.peer, refused: false }).await;
            }
        }
        tracing::info!(%peer, protocol = link.protocol, tls = self.config.tls.is_some(), "peer link up");
        self.tell(PeerEvent::LinkUp { peer }).await;
        if let Some(expected) = expected.filter(|expected| *expected != peer) {
            self.tell(PeerEvent::OtherIncarnation { expected, met: peer }).await;
        }
        let inner = self.clone();
        tokio::spawn(async move {
            link.clone().run(body, &inner.config, inner.service.clone()).await;
            inner.closed(&link).await;
        });
    }

    async fn closed(&self, link: &Link) {
        let wake = {
            let mut state = self.lock();
            let node = link.peer.node;
            if state.links.get(&node).is_none_or(|current| current.serial != link.serial) {
                return;
            }
            state.links.remove(&node);
            state.targets.get(&node).map(|target| target.wake.clone())
        };
        self.tell(PeerEvent::LinkDown { peer: link.peer, refused: false }).await;
        if let Some(wake) = wake {
            wake.notify_one();
        }
    }

    async fn tell(&self, event: PeerEvent) {
        // The receiver goes only when the node ends.
        let _ = self.events.send(event).await;
    }

    /// Keeps a link with one peer until it is no target any more.
    async fn keep(self: Arc<Self>, peer: Owner, addr: String, wake: Arc<Notify>, gone: CancellationToken) {
        let mut failures: u32 = 0;
        loop {
            if self.link(peer.node).is_some() {
                failures = 0;
                tokio::select! {
                    biased;
                    () = gone.cancelled() => return,
                    () = wake.notified() => {}
                }
            }
            let tried = tokio::select! {
                biased;
                () = gone.cancelled() => return,
                tried = self.attempt(peer, &addr) => tried,
            };
            if let Some(event) = tried {
                self.tell(event).await;
            }
            let span_ms = (BACKOFF_MIN_MS << failures.min(7)).min(BACKOFF_MAX_MS);
            failures += 1;
            let wait = Duration::from_millis(rand::random_range(0..=span_ms));
            tokio::select! {
                biased;
                () = gone.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// One try to reach a peer; an event if it says something about that peer.
    async fn attempt(self: &Arc<Self>, peer: Owner, addr: &str) -> Option<PeerEvent> {
        let me = self.lock().me;
        let stream = match timeout(self.config.handshake_timeout, TcpStream::connect(addr)).await {
            Ok(Ok(stream)) => no_delay(stream),
            Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => {
                return Some(PeerEvent::LinkDown { peer, refused: true });
            }
            Ok(Err(error)) => {
                tracing::debug!(%peer, addr, %error, "peer not reached");
                return None;
            }
            Err(_) => return None,
        };
        if me.node > peer.node {
            return None;
        }
        match timeout(self.config.handshake_timeout, dial(&self.config, me, peer.node, stream)).await {
            Ok(Ok(opened)) => {
                self.register(me, opened).await;
                None
            }
            Ok(Err(
                error @ (HandshakeError::Refuse(_) | HandshakeError::Refused(_) | HandshakeError::Tls(_)),
            )) => {
                tracing::warn!(%peer, addr, %error, "no link");
                Some(PeerEvent::Refused { peer, why: error.to_string() })
            }
            Ok(Err(error)) => {
                tracing::debug!(%peer, addr, %error, "no link");
                None
            }
            Err(_) => None,
        }
    }
}

#[async_trait]
impl Peers for Links {
    async fn call(&self, to: NodeId, request: Bytes, timeout: Duration) -> Result<Bytes, PeerError> {
        let link = self.0.link(to).ok_or(PeerError::NoLink(to))?;
        link.call(request, timeout).await
    }

    fn notify(&self, to: NodeId, notice: Bytes) -> bool {
        self.0.link(to).is_some_and(|link| link.notify(notice))
    }

    fn owner_of(&self, node: NodeId) -> Option<Owner> {
        self.0.link(node).map(|link| link.peer)
    }

    fn connect(&self, peer: Owner, addr: String) {
        let mut state = self.0.lock();
        if peer.node == state.me.node || self.0.stop.is_cancelled() {
            return;
        }
        if let Some(old) = state.targets.remove(&peer.node) {
            if old.peer == peer && old.addr == addr {
                state.targets.insert(peer.node, old);
                return;
            }
            old.gone.cancel();
        }
        let (wake, gone) = (Arc::new(Notify::new()), CancellationToken::new());
        self.0.runtime.spawn(self.0.clone().keep(peer, addr.clone(), wake.clone(), gone.clone()));
        state.targets.insert(peer.node, Target { peer, addr, wake, gone });
    }

    fn disconnect(&self, peer: Owner) {
        let mut state = self.0.lock();
        if state.targets.get(&peer.node).is_some_and(|target| target.peer == peer)
            && let Some(target) = state.targets.remove(&peer.node)
        {
            target.gone.cancel();
        }
        if let Some(link) = state.links.get(&peer.node).filter(|link| link.peer == peer) {
            link.closing.cancel();
        }
    }

    fn rejoin(&self, me: Owner) {
        let mut state = self.0.lock();
        state.me = me;
        state.close_all();
    }
}

fn no_delay(stream: TcpStream) -> TcpStream {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY");
    }
    stream
}

#[cfg(test)]
mod tests;
