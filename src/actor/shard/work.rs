//! The calls to the store that a shard's core wants, and what becomes of their answers.

use super::ShardActor;
use crate::actor::entity::Owe;
use crate::actor::journal::{Log, LogStep};
use crate::node_state::NodeState;
use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use handoff_chat::command::{Caller, Missing, Read, Reading};
use handoff_chat::{EffectId, EntityId};
use handoff_journal::{Row, Table, Tables, TablesError, Tenure};
use handoff_shard::entity_state::EntityState;
use handoff_shard::history;
use handoff_shard::pipeline::Step;
use handoff_shard::recovery::{JournalFrames, recover_session};
use handoff_shard::{Done, Outcome, Output, ReplyTo};
use std::sync::Arc;
use std::time::Duration;

/// After a failure an event that is to be pushed is read again.
const READ_AGAIN: Duration = Duration::from_secs(1);

impl ShardActor {
    pub(super) fn journal(&mut self, step: Step, ctx: &mut Context<Self>) {
        let Some(core) = self.core() else { return };
        let tenure: Tenure = core.tenure().clone();
        let (log, observer) = (self.around.log.clone(), Arc::clone(&self.around.observer));
        let (events, bytes) = match &step {
            Step::Append { frame, .. } => (frame.events, frame.body.len()),
            _ => (0, 0),
        };
        let permit = if matches!(step, Step::Confirm) { None } else { self.permit.take() };
        let started = tokio::time::Instant::now();
        let run = async move {
            let done = log.run(&tenure, step, permit, || observer.outcome_unknown()).await;
            if matches!(done, LogStep::Appended) {
                observer.frame_committed(events, bytes, started.elapsed());
            }
            done
        };
        ctx.spawn(run.into_actor(self).map(|done, actor: &mut Self, ctx| match done {
            LogStep::Appended => actor.with_core(ctx, |core, now| core.appended(now)),
            LogStep::Rolled(next) => actor.with_core(ctx, |core, now| core.rolled(now, next)),
            LogStep::Confirmed => actor.with_core(ctx, |core, now| core.confirmed(now)),
            LogStep::Failed(error) => {
                tracing::warn!(shard = actor.tenancy.shard.0, %error, "the shard is over for this node");
                actor.end_with(error, ctx);
            }
        }));
    }

    /// Waits for the node to have room for one more frame in flight.
    pub(super) fn ask_permit(&mut self, ctx: &mut Context<Self>) {
        if let Some(permit) = self.around.log.permit_now() {
            self.permit = Some(permit);
            let now = self.around.clock.now();
            if let Some(core) = self.core_mut() {
                core.cleared(now);
            }
            return;
        }
        let permit = Log::permit(Arc::clone(&self.around.log.flights));
        ctx.spawn(permit.into_actor(self).map(|permit, actor: &mut Self, ctx| {
            actor.permit = permit;
            actor.with_core(ctx, |core, now| core.cleared(now));
        }));
    }

    /// Reads what is no longer in memory, then answers.
    pub(super) fn send_with_history(
        &mut self,
        to: ReplyTo,
        outcome: Outcome,
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
            let completed = match (history, actor.core_mut()) {
                (Ok(history), Some(core)) => core.complete_reading(&read.0, &read.1, &read.2, history).ok(),
                _ => None,
            };
            match (completed, outcome) {
                (Some(reading), Outcome::Done(done)) if !matches!(reading, Reading::NeedsHistory(_)) => {
                    to.send(Outcome::Done(Done { reading: Some(reading), ..done }));
                }
                _ => to.send(Outcome::Again),
            }
        }));
    }

    /// Reads an event that is to be pushed, then hands it out. While it can't be read, whatever comes behind it waits.
    pub(super) fn push_stored(
        &mut self,
        entity: EntityId,
        (id, seq): (EffectId, u64),
        ctx: &mut Context<Self>,
    ) {
        let Some(session) = entity.session() else { return };
        let tables = Arc::clone(&self.around.tables);
        let reading = async move {
            match history::events(tables.as_ref(), &session, seq..seq.saturating_add(1)).await {
                Ok(events) => Some(events.into_iter().next()),
                Err(TablesError::Refused(why)) => {
                    tracing::error!(session = %session, seq, why, "an event that is to be pushed can't be read");
                    Some(None)
                }
                Err(TablesError::Unknown(_)) => None,
            }
        };
        ctx.spawn(reading.into_actor(self).map(move |found, actor: &mut Self, ctx| match found {
            Some(stored) => {
                if let Some(owed) = actor.core_mut().map(|core| core.owed_push(&entity, seq, stored.as_ref()))
                {
                    actor.entity(&entity, ctx).do_send(Owe(id, owed));
                }
            }
            None => {
                ctx.run_later(READ_AGAIN, move |actor, ctx| {
                    actor.send(Output::Effect { entity, id }, ctx);
                });
            }
        }));
    }

    pub(super) fn trim(&mut self, segment: u64, ctx: &mut Context<Self>) {
        let Some(core) = self.core() else { return };
        let (journal, tenure) = (Arc::clone(&self.around.log.journal), core.tenure().clone());
        let node_state = Arc::clone(&self.around.log.node_state);
        let trimming = async move {
            match journal.trim(&tenure, segment).await {
                Ok(()) => node_state.troubles.trim.went_well(),
                Err(error) => node_state.troubles.trim.came(&error),
            }
        };
        ctx.spawn(trimming.into_actor(self));
    }

    pub(super) fn load_snapshot(&mut self, entity: EntityId, key: String, ctx: &mut Context<Self>) {
        let tables = Arc::clone(&self.around.tables);
        let loading = async move { tables.get(Table::Snapshot, &key, 0).await };
        ctx.spawn(loading.into_actor(self).map(move |found, actor: &mut Self, ctx| match found {
            Ok(Some(body)) => {
                actor.around.log.node_state.troubles.snapshots.went_well();
                actor.with_core(ctx, |core, now| core.woken(now, &entity, &body));
            }
            Ok(None) | Err(TablesError::Refused(_)) => {
                tracing::error!(entity = %entity, "a snapshot is not there, or the store refuses it");
                actor.with_core(ctx, |core, now| core.snapshot_missing(now, &entity));
            }
            Err(TablesError::Unknown(why)) => {
                actor.around.log.node_state.troubles.snapshots.came(&why);
                actor.with_core(ctx, |core, now| core.wake_failed(now, &entity));
            }
        }));
    }

    pub(super) fn rebuild(&mut self, entity: EntityId, ctx: &mut Context<Self>) {
        let Some(mut claimed) = self.claimed.clone() else { return };
        if let Some(core) = self.core() {
            claimed.next = core.position();
        }
        let (journal, clock) = (Arc::clone(&self.around.log.journal), Arc::clone(&self.around.clock));
        let (wanted, reads) = (entity.clone(), self.around.options.reads);
        let reading = async move {
            let frames = JournalFrames { journal: journal.as_ref(), tenure: &claimed.tenure, reads };
            recover_session(&frames, &claimed, &wanted, clock.now().mono).await
        };
        ctx.spawn(reading.into_actor(self).map(
            move |found: Result<Option<EntityState>, _>, actor: &mut Self, ctx| match found {
                Ok(state) => actor.with_core(ctx, |core, now| core.rebuilt(now, &entity, state)),
                Err(error) => {
                    tracing::error!(entity = %entity, %error, "an entity can't be read again from the log");
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
    node_state: Arc<NodeState>,
    table: Table,
    rows: Vec<Row>,
) -> bool {
    match tables.put_once(table, rows).await {
        Ok(()) => {
            node_state.troubles.rows.went_well();
            true
        }
        Err(error) => {
            node_state.troubles.rows.came(&error);
            false
        }
    }
}
