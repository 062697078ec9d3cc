//! The calls to the store that a shard's core wants, and what becomes of their answers.

use super::ShardActor;
use crate::actor::journal::{Done, Log};
use crate::history;
use crate::shard::core::ShardCore;
use crate::shard::pipeline::Step;
use crate::shard::recovery::{JournalFrames, recover_session};
use crate::shard::slot::Slot;
use crate::shard::{ReplyTo, ShardReply};
use crate::standing::Standing;
use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use handoff_chat::EntityId;
use handoff_chat::command::{Caller, Missing, Read, Reading};
use handoff_journal::{Row, Table, Tables, TablesError, Tenure};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

impl ShardActor {
    pub(super) fn journal(&mut self, step: Step, core: &Rc<RefCell<ShardCore>>, ctx: &mut Context<Self>) {
        let (log, watch) = (self.around.log.clone(), Arc::clone(&self.around.watch));
        let tenure: Tenure = core.borrow().tenure().clone();
        let (events, bytes) = match &step {
            Step::Append { frame, .. } => (frame.events, frame.body.len()),
            _ => (0, 0),
        };
        let turn = if matches!(step, Step::Confirm) { None } else { self.turn.take() };
        let started = tokio::time::Instant::now();
        let run = async move {
            let done = log.run(&tenure, step, turn, || watch.outcome_unknown()).await;
            if matches!(done, Done::Appended) {
                watch.frame_committed(events, bytes, started.elapsed());
            }
            done
        };
        ctx.spawn(run.into_actor(self).map(|done, actor: &mut Self, ctx| match done {
            Done::Appended => actor.with_core(ctx, |core, now| core.appended(now)),
            Done::Rolled(next) => actor.with_core(ctx, |core, now| core.rolled(now, next)),
            Done::Confirmed => actor.with_core(ctx, |core, now| core.confirmed(now)),
            Done::Failed(error) => {
                tracing::warn!(shard = actor.tenancy.shard.0, %error, "the shard is over for this node");
                actor.end_with(error, ctx);
            }
        }));
    }

    /// Waits for the node to have room for one more frame in flight.
    pub(super) fn ask_turn(&mut self, core: &Rc<RefCell<ShardCore>>, ctx: &mut Context<Self>) {
        if let Some(turn) = self.around.log.turn_now() {
            self.turn = Some(turn);
            core.borrow_mut().cleared(self.around.clock.now());
            return;
        }
        let turn = Log::turn(Arc::clone(&self.around.log.flights));
        ctx.spawn(turn.into_actor(self).map(|turn, actor: &mut Self, ctx| {
            actor.turn = turn;
            actor.with_core(ctx, |core, now| core.cleared(now));
        }));
    }

    /// Reads what is no longer in memory, then answers.
    pub(super) fn send_with_history(
        &mut self,
        to: ReplyTo,
        reply: ShardReply,
        read: (EntityId, Caller, Read),
        missing: Missing,
        ctx: &mut Context<Self>,
    ) {
        let (tables, session) = (Arc::clone(&self.around.tables), read.0.session());
        let reading = async move {
            match session {
                Some(session) => history::missing(tables.as_ref(), &session, missing).await,
                None => Ok(Vec::new()),
            }
        };
        ctx.spawn(reading.into_actor(self).map(move |history, actor: &mut Self, _| {
            let completed = match (history, actor.core()) {
                (Ok(history), Some(core)) => {
                    core.borrow_mut().complete_reading(&read.0, &read.1, &read.2, history).ok()
                }
                _ => None,
            };
            match (completed, reply) {
                (Some(reading), ShardReply::Told(told)) if !matches!(reading, Reading::NeedsHistory(_)) => {
                    to.send(ShardReply::Told(crate::front::Told { reading: Some(reading), ..told }));
                }
                _ => to.send(ShardReply::Again),
            }
        }));
    }

    pub(super) fn trim(&mut self, segment: u64, core: &Rc<RefCell<ShardCore>>, ctx: &mut Context<Self>) {
        let (journal, tenure) = (Arc::clone(&self.around.log.journal), core.borrow().tenure().clone());
        let standing = Arc::clone(&self.around.log.standing);
        let trimming = async move {
            match journal.trim(&tenure, segment).await {
                Ok(()) => standing.troubles.trim.went_well(),
                Err(error) => standing.troubles.trim.came(&error),
            }
        };
        ctx.spawn(trimming.into_actor(self));
    }

    pub(super) fn load_snapshot(&mut self, entity: EntityId, key: String, ctx: &mut Context<Self>) {
        let tables = Arc::clone(&self.around.tables);
        let loading = async move { tables.get(Table::Snapshot, &key, 0).await };
        ctx.spawn(loading.into_actor(self).map(move |found, actor: &mut Self, ctx| match found {
            Ok(Some(body)) => {
                actor.around.log.standing.troubles.snapshots.went_well();
                actor.with_core(ctx, |core, now| core.woken(now, &entity, &body));
            }
            Ok(None) | Err(TablesError::Refused(_)) => {
                tracing::error!(entity = %entity.0, "a snapshot is not there, or the store refuses it");
                actor.with_core(ctx, |core, now| core.snapshot_missing(now, &entity));
            }
            Err(TablesError::Unknown(why)) => {
                actor.around.log.standing.troubles.snapshots.came(&why);
                actor.with_core(ctx, |core, now| core.wake_failed(now, &entity));
            }
        }));
    }

    pub(super) fn rebuild(&mut self, entity: EntityId, ctx: &mut Context<Self>) {
        let Some(mut claimed) = self.claimed.clone() else { return };
        if let Some(core) = self.core() {
            claimed.next = core.borrow().position();
        }
        let (journal, clock) = (Arc::clone(&self.around.log.journal), Arc::clone(&self.around.clock));
        let (wanted, reads) = (entity.clone(), self.around.options.reads);
        let reading = async move {
            let frames = JournalFrames { journal: journal.as_ref(), tenure: &claimed.tenure, reads };
            recover_session(&frames, &claimed, &wanted, clock.now().mono_ms).await
        };
        ctx.spawn(reading.into_actor(self).map(
            move |found: Result<Option<Slot>, _>, actor: &mut Self, ctx| match found {
                Ok(slot) => actor.with_core(ctx, |core, now| core.rebuilt(now, &entity, slot)),
                Err(error) => {
                    tracing::error!(entity = %entity.0, %error, "an entity can't be read again from the log");
                    let for_good = error.is_for_good();
                    actor.with_core(ctx, |core, now| core.rebuild_failed(now, &entity, for_good));
                }
            },
        ));
    }
}

/// Puts rows; says whether that worked.
pub(super) async fn put(
    tables: Arc<dyn Tables>,
    standing: Arc<Standing>,
    table: Table,
    rows: Vec<Row>,
) -> bool {
    match tables.put_once(table, rows).await {
        Ok(()) => {
            standing.troubles.rows.went_well();
            true
        }
        Err(error) => {
            standing.troubles.rows.came(&error);
            false
        }
    }
}
