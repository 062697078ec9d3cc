//! The links in memory, for simulations: one seeded network, no sockets and no threads.
//!
//! The outer task set polls [`Net::run`]; each node polls its own [`Inbox::run`] and so can be frozen by
//! not being polled, while the network goes on. Frames of one direction of a link arrive in order, each
//! after a random delay; a cut swallows what arrives during it, in one direction. Time is tokio's, so the
//! clock may be paused.
//!
//! Told to the network, because a real one would notice: [`Net::kill`] (links close, the port refuses) and
//! [`Net::freeze`] (no new link is made with that node).

mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use handoff_journal::{NodeId, Owner};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;

use super::{PeerError, PeerEvent, PeerService, Peers};
use state::{Parcel, State};

/// Calls of all peers that one node serves at once.
const SERVING_MAX: usize = 1024;
/// What may wait in a node's inbox; the newest parcel beyond it is dropped, as a frozen node's socket would.
const INBOX_MAX: usize = 16 * 1024;
/// Events that may wait for a node's supervisor.
const EVENTS_MAX: usize = 16 * 1024;

/// The network. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Net {
    state: Arc<Mutex<State>>,
    /// Something new is due.
    wake: Arc<Notify>,
}

/// One node's side of the network.
#[derive(Debug, Clone)]
pub struct MemoryPeers {
    net: Net,
    node: NodeId,
    /// Tells this life of the process from a later one with the same id.
    life: u64,
}

/// What arrives at one node, to be polled where the node runs.
pub struct Inbox {
    net: Net,
    parcels: mpsc::Receiver<Arrived>,
    service: Arc<dyn PeerService>,
}

/// A parcel at its destination.
#[derive(Debug)]
pub(crate) struct Arrived {
    from: Owner,
    to: Owner,
    link: u64,
    parcel: Parcel,
}

impl Net {
    /// A network whose delays and losses follow from the seed; each frame takes `delay_ms` (from, to)
    /// milliseconds.
    #[must_use]
    pub fn new(seed: u64, delay_ms: (u64, u64)) -> Self {
        Self { state: Arc::new(Mutex::new(State::new(seed, delay_ms))), wake: Arc::new(Notify::new()) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `work` on the state and lets the pump look at what is due.
    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let result = work(&mut self.lock());
        self.wake.notify_one();
        result
    }

    /// Delivers what is due, for ever.
    pub async fn run(&self) {
        loop {
            let next = {
                let mut state = self.lock();
                state.deliver(Instant::now());
                state.next_due()
            };
            let due = async {
                match next {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = self.wake.notified() => {}
                () = due => {}
            }
        }
    }

    /// Starts a process on a node: a new one, or in the place of one that was killed.
    #[must_use]
    pub fn attach(
        &self,
        me: Owner,
        service: Arc<dyn PeerService>,
    ) -> (MemoryPeers, Inbox, mpsc::Receiver<PeerEvent>) {
        let (inbox, parcels) = mpsc::channel(INBOX_MAX);
        let (events, received) = mpsc::channel(EVENTS_MAX);
        let life = self.with(|state| {
            state.kill(me.node);
            state.attach(me, inbox, events)
        });
        let peers = MemoryPeers { net: self.clone(), node: me.node, life };
        (peers, Inbox { net: self.clone(), parcels, service }, received)
    }

    /// The node's process is gone: its links close and its port refuses.
    pub fn kill(&self, node: NodeId) {
        self.with(|state| state.kill(node));
    }

    /// The node is not polled from now on: nobody gets a new link with it.
    pub fn freeze(&self, node: NodeId) {
        self.with(|state| state.frozen.insert(node));
    }

    /// It is polled again.
    pub fn thaw(&self, node: NodeId) {
        self.with(|state| state.frozen.remove(&node));
    }

    /// Nothing arrives from `from` at `to` any more.
    pub fn cut(&self, from: NodeId, to: NodeId) {
        self.with(|state| state.cuts.insert((from, to)));
    }

    /// Cuts both directions, as when a cable is pulled.
    pub fn cut_both(&self, a: NodeId, b: NodeId) {
        self.cut(a, b);
        self.cut(b, a);
    }

    /// Ends all cuts at once.
    pub fn heal(&self) {
        self.with(|state| state.cuts.clear());
    }

    /// How many of 1,000 answers get lost from now on.
    pub fn lose_answers(&self, per_mille: u64) {
        self.with(|state| state.lost_answers = per_mille);
    }
}

impl Inbox {
    /// Serves what arrives until the node is killed or attached anew.
    pub async fn run(mut self) {
        let mut serving = FuturesUnordered::new();
        loop {
            let arrived = tokio::select! {
                biased;
                Some(()) = serving.next(), if !serving.is_empty() => continue,
                arrived = self.parcels.recv() => arrived,
            };
            let Some(Arrived { from, to, link, parcel }) = arrived else { return };
            match parcel {
                Parcel::Notice(notice) => self.service.notice(from, notice),
                Parcel::Call(id, _) if serving.len() >= SERVING_MAX => {
                    let busy = Err(PeerError::PeerBusy(to.node));
                    self.net.with(|state| state.send(link, to.node, Parcel::Reply(id, busy)));
                }
                Parcel::Call(id, request) => {
                    let (net, service) = (self.net.clone(), self.service.clone());
                    serving.push(async move {
                        let reply = service.call(from, request).await;
                        net.with(|state| state.reply(link, to.node, id, reply));
                    });
                }
                Parcel::Reply(..) => {}
            }
        }
    }
}

impl std::fmt::Debug for Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inbox").finish_non_exhaustive()
    }
}

#[async_trait]
impl Peers for MemoryPeers {
    async fn call(&self, to: NodeId, request: Bytes, timeout: Duration) -> Result<Bytes, PeerError> {
        let (answer, answered) = oneshot::channel();
        let sent = self.net.with(|state| state.call(self.node, self.life, to, request, answer));
        let Some(id) = sent else { return Err(PeerError::NoLink(to)) };
        let result = tokio::time::timeout(timeout, answered).await;
        self.net.lock().forget_call(id);
        match result {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(PeerError::Lost(to, "the link broke")),
            Err(_) => Err(PeerError::Lost(to, "no answer in time")),
        }
    }

    fn notify(&self, to: NodeId, notice: Bytes) -> bool {
        self.net.with(|state| {
            let link = state.link(self.node, self.life, to).map(|(serial, _)| serial);
            link.is_some_and(|link| state.send(link, self.node, Parcel::Notice(notice)))
        })
    }

    fn owner_of(&self, node: NodeId) -> Option<Owner> {
        self.net.lock().link(self.node, self.life, node).map(|(_, peer)| peer)
    }

    fn connect(&self, peer: Owner, _addr: String) {
        self.net.with(|state| state.connect(self.node, self.life, peer));
    }

    fn disconnect(&self, peer: Owner) {
        self.net.with(|state| state.disconnect(self.node, self.life, peer));
    }

    fn rejoin(&self, me: Owner) {
        self.net.with(|state| state.rejoin(self.life, me));
    }
}

#[cfg(test)]
mod tests;
