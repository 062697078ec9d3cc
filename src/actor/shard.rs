//! A shard's actor: claims and recovers its log, then carries out what its core wants done.

use super::entity::{EntityActor, Leave, Owe};
use super::journal::Log;
use crate::bots::Bots;
use crate::clock::Clock;
use crate::courier::Courier;
use crate::files::Files;
use crate::node_state::NodeState;
use crate::observer::Observer;
use crate::ports::{Outbound, ShardStage};
use crate::record::RecordWriter;
use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, Context, Handler, MessageResult, Recipient,
    WrapFuture,
};
use handoff_chat::command::{Missing, Reading};
use handoff_chat::{EntityId, Millis};
use handoff_journal::{Claimed, JournalError, Owner, Position, Row, Table, Tables};
use handoff_shard::census::Census;
use handoff_shard::core::ShardCore;
use handoff_shard::owed::Owed;
use handoff_shard::{Action, Done, Envelope, Now, Options, Outcome, Output, Reply};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

mod claiming;
mod messages;
mod work;

pub use messages::{
    CallIn, Distrust, Drop, Inspect, List, OwnCommand, Release, ShardEvent, ShardReport, ShardView,
    StoreHealthIs, Tenancy,
};

use claiming::{Claiming, claim_and_recover};
use messages::Work;
use work::put;

/// How often a shard lets time pass, in milliseconds.
const TICK_MS: u64 = 100;

/// What all shards of a node share.
#[derive(Clone)]
pub struct Surroundings {
    /// Where frames are appended, and how many at once.
    pub log: Log,
    /// Snapshots, transcript rows and closed records.
    pub tables: Arc<dyn Tables>,
    /// Writes records into them.
    pub records: RecordWriter,
    /// The node's clock; simulations bring their own.
    pub clock: Arc<dyn Clock>,
    /// Every bot that a session may invite.
    pub bots: Arc<Bots>,
    /// Where the bytes of files lie; sessions have only what they are.
    pub files: Files,
    /// Carries what entities say to each other.
    pub courier: Arc<dyn Courier>,
    /// Carries events to channels.
    pub outbound: Arc<dyn Outbound>,
    /// What governs a shard.
    pub options: Options,
    /// Calls that may wait at one shard.
    pub shard_inbox: usize,
    /// Counts what happens.
    pub observer: Arc<dyn Observer>,
}

enum Phase {
    /// Being claimed and recovered; calls wait, as many as the inbox has permits.
    Claiming(VecDeque<Envelope>),
    /// At work.
    Serving(Box<ShardCore>),
    /// Given away, lost or failed: nothing is taken any more.
    Done,
}

/// One for each shard that this node claims, for one tenure.
pub struct ShardActor {
    tenancy: Tenancy,
    around: Surroundings,
    supervisor: Recipient<ShardReport>,
    heard: Arc<BTreeMap<Owner, Millis>>,
    seed: u64,
    phase: Phase,
    claimed: Option<Claimed>,
    entities: BTreeMap<EntityId, Addr<EntityActor>>,
    releasing: Option<Option<Owner>>,
    reported: bool,
    /// Something was decided, and [`Work`] is on its way.
    work_comes: bool,
    /// Held between being let to append and appending.
    permit: Option<OwnedSemaphorePermit>,
}

impl ShardActor {
    /// A shard to be claimed. `heard`: when this node last heard of others; `seed` decides all chance in the shard.
    #[must_use]
    pub fn new(
        tenure: Tenancy,
        around: Surroundings,
        supervisor: Recipient<ShardReport>,
        heard: Arc<BTreeMap<Owner, Millis>>,
        seed: u64,
    ) -> Self {
        Self {
            tenancy: tenure,
            around,
            supervisor,
            heard,
            seed,
            phase: Phase::Claiming(VecDeque::new()),
            claimed: None,
            entities: BTreeMap::new(),
            releasing: None,
            reported: false,
            work_comes: false,
            permit: None,
        }
    }

    fn report(&self, news: ShardEvent) {
        self.supervisor.do_send(ShardReport { tenancy: self.tenancy, news });
    }

    fn node_state(&self) -> Arc<NodeState> {
        Arc::clone(&self.around.log.node_state)
    }

    fn core(&self) -> Option<&ShardCore> {
        match &self.phase {
            Phase::Serving(core) => Some(core),
            Phase::Claiming(_) | Phase::Done => None,
        }
    }

    fn core_mut(&mut self) -> Option<&mut ShardCore> {
        match &mut self.phase {
            Phase::Serving(core) => Some(core),
            Phase::Claiming(_) | Phase::Done => None,
        }
    }

    /// Claims the shard and reads its log, for as long as the outcome is unknown.
    fn open(&self) -> impl Future<Output = Result<Claiming, JournalError>> + 'static {
        let Tenancy { shard, owner, .. } = self.tenancy;
        let (around, heard) = (self.around.clone(), Arc::clone(&self.heard));
        async move {
            let mut wait_ms = 10;
            loop {
                match claim_and_recover(&around, &heard, shard, owner).await {
                    Err(error @ (JournalError::Unknown(_) | JournalError::Full(_))) => {
                        around.log.node_state.troubles.claims.came(&error);
                        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
                        wait_ms = (wait_ms * 2).min(500);
                    }
                    definite => {
                        around.log.node_state.troubles.claims.went_well();
                        return definite;
                    }
                }
            }
        }
    }

    fn opened(&mut self, result: Result<Claiming, JournalError>, ctx: &mut Context<Self>) {
        let Claiming { claimed, recovered, alive_until } = match result {
            Ok(opening) => opening,
            Err(error) => return self.end_with(error, ctx),
        };
        let Phase::Claiming(waiting) = std::mem::replace(&mut self.phase, Phase::Done) else { return };
        let core = ShardCore::open(
            claimed.tenure.clone(),
            claimed.next,
            recovered,
            self.around.options.clone(),
            alive_until,
            self.around.clock.now(),
            StdRng::seed_from_u64(self.seed),
        );
        let core = match core {
            Ok(core) => core,
            Err(error) => {
                self.phase = Phase::Claiming(waiting);
                return self.end_with(JournalError::Refused(error.to_string()), ctx);
            }
        };
        tracing::info!(shard = self.tenancy.shard.0, epoch = claimed.tenure.epoch.0, "shard claimed");
        self.claimed = Some(claimed);
        self.phase = Phase::Serving(Box::new(core));
        for envelope in waiting {
            self.take(envelope, ctx);
        }
        if let Some(to) = self.releasing {
            self.release(to, ctx);
        }
        self.work(ctx);
    }

    /// The shard is over for us; whoever waits is told where to go.
    fn end_with(&mut self, error: JournalError, ctx: &mut Context<Self>) {
        let by = match &error {
            JournalError::Fenced { owner, .. } => Some(*owner),
            _ => None,
        };
        self.drop_all(by);
        self.report(match error {
            JournalError::Fenced { owner, .. } => ShardEvent::Fenced(owner),
            other => ShardEvent::Failed(other.to_string()),
        });
        ctx.stop();
    }

    fn drop_all(&mut self, by: Option<Owner>) {
        match std::mem::replace(&mut self.phase, Phase::Done) {
            Phase::Claiming(waiting) => {
                for envelope in waiting {
                    not_owner(envelope, by);
                }
            }
            Phase::Serving(mut core) => core.fenced(by),
            Phase::Done => {}
        }
        for (_, entity) in std::mem::take(&mut self.entities) {
            entity.do_send(Leave);
        }
    }

    /// Decides a call. What is to be done then is done once the calls that came with it are decided too: they share a
    /// frame.
    fn take(&mut self, envelope: Envelope, ctx: &mut Context<Self>) {
        match &mut self.phase {
            Phase::Claiming(waiting) => waiting.push_back(envelope),
            Phase::Done => not_owner(envelope, None),
            Phase::Serving(core) => {
                core.call(self.around.clock.now(), envelope);
                if !self.work_comes {
                    self.work_comes = true;
                    ctx.notify(Work);
                }
            }
        }
    }

    /// The actor that does what an entity owes; started on demand.
    fn entity(&mut self, entity: &EntityId, ctx: &mut Context<Self>) -> Addr<EntityActor> {
        if let Some(addr) = self.entities.get(entity).filter(|addr| addr.connected()) {
            return addr.clone();
        }
        let actor = EntityActor {
            entity: entity.clone(),
            shard: ctx.address(),
            bots: Arc::clone(&self.around.bots),
            files: self.around.files.clone(),
            records: self.around.records.clone(),
            courier: Arc::clone(&self.around.courier),
            outbound: Arc::clone(&self.around.outbound),
            pushing: BTreeSet::new(),
            beside: BTreeMap::new(),
        };
        let addr = actor.start();
        self.entities.insert(entity.clone(), addr.clone());
        addr
    }

    /// Does what the core wants done.
    fn work(&mut self, ctx: &mut Context<Self>) {
        loop {
            let now = self.around.clock.now();
            let Some(core) = self.core_mut() else { return };
            core.flush(now);
            let actions = core.take_actions();
            if actions.is_empty() {
                break;
            }
            for action in actions {
                self.act(action, ctx);
            }
        }
        // What it was wanted for may be gone.
        self.permit = None;
        let left = self.core_mut().map(ShardCore::take_left).unwrap_or_default();
        for entity in left {
            if let Some(addr) = self.entities.remove(&entity) {
                addr.do_send(Leave);
            }
        }
        let Some(core) = self.core() else { return };
        let (serves, quiet, epoch) = (core.serves(), core.is_quiet(), core.tenure().epoch);
        if serves && !self.reported {
            self.reported = true;
            self.report(ShardEvent::Opened(epoch));
        }
        if let (Some(to), true) = (self.releasing, quiet) {
            self.drop_all(to);
            self.report(ShardEvent::Released);
            ctx.stop();
        }
    }

    fn act(&mut self, action: Action, ctx: &mut Context<Self>) {
        match action {
            Action::Journal(step) => self.journal(step, ctx),
            Action::AskPermit => self.ask_permit(ctx),
            Action::Send(output) => self.send(output, ctx),
            Action::Trim { segment } => self.trim(segment, ctx),
            Action::LoadSnapshot { entity, key } => self.load_snapshot(entity, key, ctx),
            Action::PutSnapshot { entity, key, body } => {
                let rows = vec![Row { key, row: 0, body: body.into() }];
                let put = put(Arc::clone(&self.around.tables), self.node_state(), Table::Snapshot, rows);
                ctx.spawn(put.into_actor(self).map(move |written, actor: &mut Self, ctx| {
                    actor.with_core(ctx, |core, now| core.snapshot_written(now, &entity, written));
                }));
            }
            Action::PutHistory { entity, rows, through } => {
                let put = put(Arc::clone(&self.around.tables), self.node_state(), Table::Record, rows);
                ctx.spawn(put.into_actor(self).map(move |written, actor: &mut Self, ctx| {
                    actor.with_core(ctx, |core, now| core.history_written(now, &entity, through, written));
                }));
            }
            Action::Rebuild { entity } => self.rebuild(entity, ctx),
        }
    }

    /// Runs something on the core, then what it wants done.
    fn with_core(&mut self, ctx: &mut Context<Self>, change: impl FnOnce(&mut ShardCore, Now)) {
        let now = self.around.clock.now();
        if let Some(core) = self.core_mut() {
            change(core, now);
            self.work(ctx);
        }
    }

    fn send(&mut self, output: Output, ctx: &mut Context<Self>) {
        match output {
            Output::Effect { entity, id } => match self.core_mut().and_then(|core| core.owed(&entity, id)) {
                Some(Owed::StoredPush(seq)) => self.push_stored(entity, (id, seq), ctx),
                Some(owed) => self.entity(&entity, ctx).do_send(Owe(id, owed)),
                None => {}
            },
            Output::Reply(reply) => self.reply(*reply, ctx),
            Output::Happened(happened) => happened.iter().for_each(|one| self.around.observer.happened(one)),
        }
    }

    fn reply(&mut self, Reply { to, outcome, read }: Reply, ctx: &mut Context<Self>) {
        match (needs_history(&outcome), read) {
            (Some(missing), Some(read)) => self.send_with_history(to, outcome, read, missing, ctx),
            _ => to.send(outcome),
        }
    }

    fn release(&mut self, to: Option<Owner>, ctx: &mut Context<Self>) {
        self.releasing = Some(to);
        self.with_core(ctx, |core, now| core.release_to(now, to));
    }
}

fn not_owner(envelope: Envelope, owner: Option<Owner>) {
    if let Some(to) = envelope.reply {
        to.send(Outcome::NotOwner(owner));
    }
}

fn needs_history(outcome: &Outcome) -> Option<Missing> {
    match outcome {
        Outcome::Done(Done { reading: Some(Reading::NeedsHistory(missing)), .. }) => Some(*missing),
        _ => None,
    }
}

impl Actor for ShardActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(0);
        ctx.spawn(self.open().into_actor(self).map(|result, actor, ctx| actor.opened(result, ctx)));
        ctx.run_interval(Duration::from_millis(TICK_MS), |actor, ctx| {
            actor.with_core(ctx, |core, now| core.tick(now));
            if let Some(core) = actor.core() {
                actor.around.observer.shard(
                    actor.tenancy.shard,
                    core.census(),
                    core.held_count(),
                    core.counts(),
                );
            }
        });
    }
}

impl Handler<CallIn> for ShardActor {
    type Result = ();

    fn handle(&mut self, CallIn(envelope): CallIn, ctx: &mut Context<Self>) {
        self.take(envelope, ctx);
    }
}

impl Handler<OwnCommand> for ShardActor {
    type Result = ();

    fn handle(&mut self, OwnCommand { entity, command }: OwnCommand, ctx: &mut Context<Self>) {
        self.take(Envelope::own(self.around.clock.now(), entity, command), ctx);
    }
}

impl Handler<Work> for ShardActor {
    type Result = ();

    fn handle(&mut self, _: Work, ctx: &mut Context<Self>) {
        self.work_comes = false;
        self.work(ctx);
    }
}

impl Handler<Release> for ShardActor {
    type Result = ();

    fn handle(&mut self, Release(to): Release, ctx: &mut Context<Self>) {
        self.release(to, ctx);
    }
}

impl Handler<Drop> for ShardActor {
    type Result = ();

    fn handle(&mut self, Drop(by): Drop, ctx: &mut Context<Self>) {
        self.drop_all(by);
        ctx.stop();
    }
}

impl Handler<Distrust> for ShardActor {
    type Result = ();

    fn handle(&mut self, _: Distrust, _: &mut Context<Self>) {
        if let Some(core) = self.core_mut() {
            core.distrust();
        }
    }
}

impl Handler<StoreHealthIs> for ShardActor {
    type Result = ();

    fn handle(&mut self, StoreHealthIs(news): StoreHealthIs, ctx: &mut Context<Self>) {
        self.with_core(ctx, |core, now| core.store_is(now, news));
    }
}

impl Handler<List> for ShardActor {
    type Result = MessageResult<List>;

    fn handle(&mut self, List(wanted): List, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.core().map(|core| core.list(&wanted)))
    }
}

impl Handler<Inspect> for ShardActor {
    type Result = MessageResult<Inspect>;

    fn handle(&mut self, _: Inspect, _: &mut Context<Self>) -> Self::Result {
        let state = match (&self.phase, self.releasing) {
            (Phase::Claiming(_), _) => ShardStage::Opening,
            (Phase::Serving(_), None) => ShardStage::Serving,
            _ => ShardStage::Releasing,
        };
        let (position, census) = self.core().map_or((None, Census::default()), |core| {
            let Position { segment, seq } = core.position();
            (Some((segment, seq)), core.census())
        });
        let epoch = self.claimed.as_ref().map(|claimed| claimed.tenure.epoch.0);
        MessageResult(ShardView { state, epoch, position, census })
    }
}
