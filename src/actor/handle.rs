//! How the rest of the node reaches a shard: a handle whose inbox really is bounded.
//!
//! actix's mailbox capacity counts per handle, so it bounds nothing. Here every call carries a permit of the shard's
//! semaphore until its reply has left; without a permit the answer is "busy" at the door.

use super::shard::{CallIn, List, ShardActor, ShardView};
use super::supervisor::{Drain, Heard, InspectAll, LinkChanged, Parts, SupervisorActor};
use actix::{Actor, Addr};
use arc_swap::ArcSwapOption;
use bytes::Bytes;
use handoff_cluster::PeerEvent;
use handoff_journal::{Owner, ShardId};
use handoff_shard::listing::{EntityQuery, EntitySummary};
use handoff_shard::{Call, Envelope, Now, Outcome, ReplyTo};
use std::sync::Arc;
use tokio::sync::{Semaphore, oneshot};

/// A shard on this node.
#[derive(Clone)]
pub struct ShardHandle {
    addr: Addr<ShardActor>,
    permits: Arc<Semaphore>,
}

impl ShardHandle {
    /// A handle whose shard takes at most `inbox` calls at a time.
    #[must_use]
    pub fn new(addr: Addr<ShardActor>, inbox: usize) -> Self {
        Self { addr, permits: Arc::new(Semaphore::new(inbox)) }
    }

    /// Hands a call over and waits for its outcome.
    pub async fn call(&self, now: Now, call: Call) -> Outcome {
        let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else { return Outcome::Busy };
        let (sender, receiver) = oneshot::channel();
        let reply = Some(ReplyTo { sender, permit: Some(permit) });
        self.addr.do_send(CallIn(Envelope::new(now, call, reply)));
        receiver.await.unwrap_or(Outcome::Unknown)
    }

    /// What it holds of what operators want; `None`: it does not serve.
    pub async fn list(&self, wanted: EntityQuery) -> Option<Vec<EntitySummary>> {
        self.addr.send(List(wanted)).await.ok().flatten()
    }

    /// The actor, for what the supervisor tells it.
    #[must_use]
    pub fn addr(&self) -> &Addr<ShardActor> {
        &self.addr
    }
}

/// The shards that are on this node, by number; read by every gateway, written by the supervisor.
pub struct ShardDirectory(Vec<ArcSwapOption<ShardHandle>>);

impl ShardDirectory {
    /// A directory of so many shards, none of them here.
    #[must_use]
    pub fn new(shards: u16) -> Self {
        Self((0..shards).map(|_| ArcSwapOption::empty()).collect())
    }

    /// The shard, if it is here.
    #[must_use]
    pub fn get(&self, shard: ShardId) -> Option<Arc<ShardHandle>> {
        self.0.get(usize::from(shard.0)).and_then(ArcSwapOption::load_full)
    }

    /// Whether the shard is here.
    #[must_use]
    pub fn has(&self, shard: ShardId) -> bool {
        self.0.get(usize::from(shard.0)).is_some_and(|state| state.load().is_some())
    }

    /// The shard is here now (or no longer).
    pub fn set(&self, shard: ShardId, handle: Option<Arc<ShardHandle>>) {
        if let Some(state) = self.0.get(usize::from(shard.0)) {
            state.store(handle);
        }
    }
}

/// The node's supervisor, as the rest of the node sees it.
#[derive(Clone)]
pub struct SupervisorHandle(Addr<SupervisorActor>);

impl SupervisorHandle {
    /// Starts the supervisor on this thread.
    #[must_use]
    pub fn start(parts: Parts) -> Self {
        Self(SupervisorActor::new(parts).start())
    }

    /// A peer says something.
    pub fn heard(&self, from: Owner, note: Bytes) {
        self.0.do_send(Heard { from, note });
    }

    /// Something happened to a link.
    pub fn link(&self, event: PeerEvent) {
        self.0.do_send(LinkChanged(event));
    }

    /// Give all shards away and end.
    pub fn drain(&self) {
        self.0.do_send(Drain);
    }

    /// All shards here, as they are.
    pub async fn inspect(&self) -> Vec<(ShardId, ShardView)> {
        self.0.send(InspectAll).await.unwrap_or_default()
    }
}
