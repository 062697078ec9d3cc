//! The node's ClusterSupervisor: a shell around the machine in `cluster/`, which decides everything.

use super::arbiter::ArbiterPool;
use super::handle::{ShardDirectory, ShardHandle};
use super::shard::{
    Distrust, Drop, Inspect, Release, ShardActor, ShardEvent, ShardReport, ShardView, Surroundings, Tenancy,
};
use crate::node_state::{NodeState, Stage};
use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, Message, WrapFuture};
use arc_swap::ArcSwap;
use bytes::Bytes;
use handoff_chat::Millis;
use handoff_cluster::members::MEMBERS_KEY;
use handoff_cluster::{
    Action, Input, MemberList, MemberState, Note, PeerEvent, Peers, StoreState, Supervisor, SwapAnswer,
};
use handoff_journal::{Owner, ShardId, Swap, Table, Tables};
use handoff_shard::Mono;
use rand::RngExt;
use rand::rngs::StdRng;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

mod store;

pub(super) use store::read_alive;

/// How often time passes, in milliseconds.
const TICK_MS: u64 = 50;

/// A gap between two ticks over this means that the process stood still, in milliseconds.
const STALL_MS: u64 = 150;

/// The journal counts as failing when it has not answered for so long, in milliseconds.
const UNSURE_MS: u64 = 1_500;

/// When a failed sign of life is tried again, in milliseconds.
const ALIVE_AGAIN_MS: u64 = 500;

/// A peer says something.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Heard {
    /// The peer in its present incarnation.
    pub from: Owner,
    /// An encoded [`Note`].
    pub note: Bytes,
}

/// Something happened to a link.
#[derive(Message)]
#[rtype(result = "()")]
pub struct LinkChanged(pub PeerEvent);

/// Give all shards away and end.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Drain;

/// An echo came through all threads: tell the peer who sent it.
#[derive(Message)]
#[rtype(result = "()")]
struct EchoThrough(Owner, u64);

/// A look at the node's shards.
#[derive(Message)]
#[rtype(result = "Vec<(ShardId, ShardView)>")]
pub struct InspectAll;

/// How a node's life in the cluster ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// Everything has moved.
    Drained,
    /// It could not all be moved, or the node must not go on.
    Failed(String),
}

/// What the actor needs.
pub struct Parts {
    /// Decides.
    pub machine: Supervisor,
    /// The links to the other nodes.
    pub peers: Arc<dyn Peers>,
    /// Holds the member list.
    pub tables: Arc<dyn Tables>,
    /// Where gateways look for shards.
    pub directory: Arc<ShardDirectory>,
    /// Where gateways look for members.
    pub list: Arc<ArcSwap<MemberList>>,
    /// Where shards live.
    pub pool: Arc<ArbiterPool>,
    /// What shards need.
    pub around: Surroundings,
    /// What gateways and operators are told.
    pub node_state: Arc<NodeState>,
    /// Seeds shards.
    pub rng: StdRng,
    /// Told when it is over.
    pub ended: watch::Sender<Option<Ended>>,
}

/// Feeds its machine with what happens and carries out what that wants done.
pub struct SupervisorActor {
    parts: Parts,
    shards: BTreeMap<ShardId, (u64, Arc<ShardHandle>, Mono)>,
    last_heard: BTreeMap<Owner, Millis>,
    alive_version: u64,
    last_tick: Mono,
    store_failing: bool,
    /// What the machine said last of the store.
    store: StoreState,
    writing_alive: bool,
    alive_failures: u32,
    /// What the last sign of life said that was written.
    alive_until: Millis,
}

impl SupervisorActor {
    /// An actor around its parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let last_tick = parts.around.clock.now().mono;
        Self {
            parts,
            shards: BTreeMap::new(),
            last_heard: BTreeMap::new(),
            alive_version: 0,
            last_tick,
            store_failing: false,
            store: StoreState::Works,
            writing_alive: false,
            alive_failures: 0,
            alive_until: Millis::default(),
        }
    }

    fn feed(&mut self, input: Input, ctx: &mut Context<Self>) {
        if input.is_noteworthy() {
            tracing::debug!(?input, "supervisor");
        }
        let now = self.parts.around.clock.now();
        for action in self.parts.machine.handle(now.mono.0, input) {
            self.act(action, ctx);
        }
    }

    fn act(&mut self, action: Action, ctx: &mut Context<Self>) {
        match action {
            Action::ReadList => self.read_list(ctx),
            Action::SwapList { expected, list } => self.swap_list(expected, &list, ctx),
            Action::Tell { to, note } => {
                if let Ok(bytes) = handoff_codec::encode_bare(&note) {
                    self.parts.peers.notify(to.node, bytes.into());
                }
            }
            Action::Connect { peer, addr } => self.parts.peers.connect(peer, addr),
            Action::Disconnect { peer } => self.parts.peers.disconnect(peer),
            Action::Claim { shard, tenancy: number, .. } => self.claim(shard, number, ctx),
            Action::Stop { shard, tenancy: number } => self.stop_shard(shard, number),
            Action::Release { shard, tenancy: number, to } => {
                if let Some((_, handle, _)) = self.shards.get(&shard).filter(|(held, _, _)| *held == number) {
                    handle.addr().do_send(Release(to));
                }
            }
            Action::ListChanged(list) => self.list_changed(list),
            Action::IncarnationDown { owner } => tracing::info!(%owner, "this incarnation is over"),
            Action::Store(state) => self.tell_store(state),
            Action::WriteAlive => self.write_alive(ctx),
            Action::ReadAlive { of } => self.read_alive(of, ctx),
            Action::RejoinAs { me } => {
                tracing::warn!(%me, "put down or fenced out: joining again as a new incarnation");
                self.alive_version = 0;
                self.parts.node_state.set_stage(Stage::Starting);
                self.parts.peers.rejoin(me);
            }
            Action::Drained => self.end(Ended::Drained, ctx),
            Action::DrainFailed { why } | Action::Halt { why } => self.end(Ended::Failed(why), ctx),
        }
    }

    fn end(&mut self, how: Ended, ctx: &mut Context<Self>) {
        tracing::info!(?how, "this node has left the cluster");
        self.parts.ended.send_replace(Some(how));
        ctx.stop();
    }

    fn read_list(&mut self, ctx: &mut Context<Self>) {
        let tables = Arc::clone(&self.parts.tables);
        let read = async move { tables.get_versioned(Table::Member, MEMBERS_KEY).await };
        ctx.spawn(read.into_actor(self).map(|read, actor, ctx| {
            let input = match read {
                Ok(None) => Input::ListRead(None),
                Ok(Some((version, body))) => match MemberList::decode(version, &body) {
                    Ok(list) => {
                        actor.parts.node_state.troubles.members.went_well();
                        Input::ListRead(Some(list))
                    }
                    Err(error) => {
                        tracing::error!(%error, "the member list can't be read");
                        Input::ReadFailed
                    }
                },
                Err(error) => {
                    actor.parts.node_state.troubles.members.came(&error);
                    Input::ReadFailed
                }
            };
            actor.feed(input, ctx);
        }));
    }

    fn swap_list(&mut self, expected: u64, list: &MemberList, ctx: &mut Context<Self>) {
        let body = match list.encode() {
            Ok(body) => Bytes::from(body),
            Err(error) => {
                tracing::error!(%error, "the member list can't be written");
                return self.feed(Input::Swapped(SwapAnswer::Unknown), ctx);
            }
        };
        let tables = Arc::clone(&self.parts.tables);
        let swap = async move { tables.put_if_version(Table::Member, MEMBERS_KEY, expected, body).await };
        ctx.spawn(swap.into_actor(self).map(|swapped, actor, ctx| {
            let answer = match swapped {
                Ok(Swap::Won) => SwapAnswer::Won,
                Ok(Swap::Lost { version, body }) => match MemberList::decode(version, &body) {
                    Ok(list) => SwapAnswer::Lost(list),
                    Err(_) => SwapAnswer::Unknown,
                },
                Err(error) => {
                    actor.parts.node_state.troubles.members.came(&error);
                    SwapAnswer::Unknown
                }
            };
            actor.feed(Input::Swapped(answer), ctx);
        }));
    }

    fn claim(&mut self, shard: ShardId, number: u64, ctx: &mut Context<Self>) {
        let tenancy = Tenancy { shard, owner: self.parts.machine.me(), number };
        let (mut around, report) = (self.parts.around.clone(), ctx.address().recipient());
        // What no member could read is not written, for this shard's whole epoch.
        around.options.protocol = self.parts.machine.list().protocol;
        let (heard, seed) = (Arc::new(self.last_heard.clone()), self.parts.rng.random());
        let inbox = around.shard_inbox;
        let make = move || ShardActor::new(tenancy, around, report, heard, seed);
        let addr = self.parts.pool.start(usize::from(shard.0), make);
        let handle = Arc::new(ShardHandle::new(addr, inbox));
        self.parts.directory.set(shard, Some(Arc::clone(&handle)));
        let started = self.parts.around.clock.now().mono;
        if let Some((_, old, _)) = self.shards.insert(shard, (number, handle, started)) {
            old.addr().do_send(Drop(None));
        }
    }

    fn stop_shard(&mut self, shard: ShardId, number: u64) {
        if let Some((_, handle, _)) = self.shards.get(&shard).filter(|(held, _, _)| *held == number) {
            handle.addr().do_send(Drop(None));
            self.forget_shard(shard);
        }
    }

    fn forget_shard(&mut self, shard: ShardId) {
        self.shards.remove(&shard);
        self.parts.directory.set(shard, None);
        self.parts.around.observer.shard_gone(shard);
    }

    fn list_changed(&mut self, list: MemberList) {
        let me = self.parts.machine.me();
        self.parts.node_state.set_stage(match list.state_of(me) {
            Some(MemberState::Up) => Stage::Up,
            Some(MemberState::Leaving) => Stage::Draining,
            _ => Stage::Starting,
        });
        // What was heard of a dead owner is needed until its shards are claimed; the list keeps it long enough.
        self.last_heard.retain(|owner, _| list.member(owner.node).is_some());
        self.parts.list.store(Arc::new(list));
    }

    fn tick(&mut self, ctx: &mut Context<Self>) {
        let now = self.parts.around.clock.now().mono;
        if now.since(self.last_tick) > STALL_MS {
            for (_, handle, _) in self.shards.values() {
                handle.addr().do_send(Distrust);
            }
        }
        self.last_tick = now;
        let unsure = self.parts.node_state.unsure_for_ms(now.0) > UNSURE_MS;
        if unsure && !self.store_failing {
            self.set_store_failing(true, ctx);
        }
        self.look_at_room();
        self.feed(Input::Tick, ctx);
    }
}

impl Actor for SupervisorActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(0);
        ctx.run_interval(Duration::from_millis(TICK_MS), Self::tick);
        self.feed(Input::Tick, ctx);
    }
}

impl Handler<Heard> for SupervisorActor {
    type Result = ();

    fn handle(&mut self, Heard { from, note }: Heard, ctx: &mut Context<Self>) {
        match handoff_codec::decode_bare::<Note>(&note) {
            Err(error) => tracing::warn!(%from, %error, "a peer's note can't be read"),
            Ok(Note::Echo(number)) => {
                let me = ctx.address();
                self.parts.pool.echo(move || me.do_send(EchoThrough(from, number)));
            }
            Ok(note) => {
                // A node that can't use the store does not serve, however alive it is.
                if matches!(&note, Note::Beat(beat) if !beat.store_failing) {
                    self.last_heard.insert(from, self.parts.around.clock.now().wall);
                }
                self.feed(Input::Heard { from, note }, ctx);
            }
        }
    }
}

impl Handler<EchoThrough> for SupervisorActor {
    type Result = ();

    fn handle(&mut self, EchoThrough(to, number): EchoThrough, _: &mut Context<Self>) {
        if let Ok(bytes) = handoff_codec::encode_bare(&Note::EchoBack(number)) {
            self.parts.peers.notify(to.node, bytes.into());
        }
    }
}

impl Handler<LinkChanged> for SupervisorActor {
    type Result = ();

    fn handle(&mut self, LinkChanged(event): LinkChanged, ctx: &mut Context<Self>) {
        let input = match event {
            PeerEvent::LinkUp { peer } => Input::LinkUp { peer },
            PeerEvent::LinkDown { peer, refused } => Input::LinkDown { peer, refused },
            PeerEvent::OtherIncarnation { expected, met } => Input::OtherIncarnation { expected, met },
            PeerEvent::Refused { peer, why } => {
                tracing::error!(%peer, why, "a peer refuses this node");
                Input::LinkRefused { peer }
            }
        };
        self.feed(input, ctx);
    }
}

impl Handler<ShardReport> for SupervisorActor {
    type Result = ();

    fn handle(&mut self, ShardReport { tenancy, news }: ShardReport, ctx: &mut Context<Self>) {
        let Tenancy { shard, number, .. } = tenancy;
        let current = self.shards.get(&shard).is_some_and(|(held, _, _)| *held == number);
        if current && !matches!(news, ShardEvent::Opened(_)) {
            self.forget_shard(shard);
        }
        let input = match news {
            ShardEvent::Opened(epoch) => {
                if let Some((_, _, started)) = self.shards.get(&shard).filter(|_| current) {
                    let took = self.parts.around.clock.now().mono.since(*started);
                    self.parts.around.observer.opened(Duration::from_millis(took));
                }
                Input::ShardOpened { shard, tenancy: number, epoch }
            }
            ShardEvent::Fenced(by) => Input::ShardFenced { shard, tenancy: number, by },
            ShardEvent::Released => Input::ShardReleased { shard, tenancy: number },
            ShardEvent::Failed(reason) => {
                tracing::error!(shard = shard.0, reason, "a shard can't be served here");
                Input::ClaimFailed { shard, tenancy: number }
            }
        };
        self.feed(input, ctx);
    }
}

impl Handler<Drain> for SupervisorActor {
    type Result = ();

    fn handle(&mut self, _: Drain, ctx: &mut Context<Self>) {
        self.parts.node_state.set_stage(Stage::Draining);
        self.feed(Input::DrainAsked, ctx);
    }
}

impl Handler<InspectAll> for SupervisorActor {
    type Result = actix::ResponseFuture<Vec<(ShardId, ShardView)>>;

    fn handle(&mut self, _: InspectAll, _: &mut Context<Self>) -> Self::Result {
        let shards: Vec<_> =
            self.shards.iter().map(|(shard, (_, handle, _))| (*shard, handle.addr().clone())).collect();
        Box::pin(async move {
            let mut views = Vec::new();
            for (shard, addr) in shards {
                if let Ok(view) = addr.send(Inspect).await {
                    views.push((shard, view));
                }
            }
            views
        })
    }
}
