//! How the store is, as this node learns it: signs of life that are written or not, and room that is there or not.

use super::{ALIVE_AGAIN_MS, SupervisorActor};
use crate::actor::shard::StoreHealthIs;
use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use bytes::Bytes;
use handoff_chat::Millis;
use handoff_cluster::{Input, StoreState};
use handoff_journal::{Owner, Swap, Table, Tables, TablesError};
use handoff_shard::outage::StoreHealth;
use std::sync::Arc;
use std::time::Duration;

impl SupervisorActor {
    pub(super) fn tell_store(&mut self, state: StoreState) {
        self.store = state;
        let health = match state {
            StoreState::Works if self.parts.node_state.store_full() => StoreHealth::Full,
            StoreState::Works => StoreHealth::Works,
            StoreState::FailsHere => StoreHealth::FailsHere,
            StoreState::FailsForAll => StoreHealth::FailsForAll,
        };
        for (_, handle, _) in self.shards.values() {
            handle.addr().do_send(StoreHealthIs(health));
        }
    }

    pub(super) fn write_alive(&mut self, ctx: &mut Context<Self>) {
        if std::mem::replace(&mut self.writing_alive, true) {
            return; // The last one is still on its way to a store that does not answer.
        }
        let (tables, me) = (Arc::clone(&self.parts.tables), self.parts.machine.me());
        // Alive is who can serve: without the store nobody could, and a write that comes through late must not say so.
        let served = self.alive_failures == 0 && !self.store_failing && !self.parts.node_state.store_full();
        let until = if served { self.parts.around.clock.now().wall } else { self.alive_until };
        let expected = self.alive_version;
        let write = async move {
            let body = Bytes::copy_from_slice(&until.0.to_le_bytes());
            tables.put_if_version(Table::Member, &alive_key(me), expected, body).await
        };
        ctx.spawn(write.into_actor(self).map(move |written, actor, ctx| {
            actor.writing_alive = false;
            match written {
                Ok(Swap::Won) => actor.alive_version += 1,
                Ok(Swap::Lost { version, .. }) => actor.alive_version = version,
                Err(error) => {
                    actor.parts.node_state.troubles.alive.came(&error);
                    return actor.sign_of_life_failed(ctx);
                }
            }
            actor.parts.node_state.troubles.alive.went_well();
            actor.alive_failures = 0;
            actor.alive_until = until;
            actor.set_store_failing(false, ctx);
        }));
    }

    /// Once may be an overload; twice in a row is a store that fails.
    fn sign_of_life_failed(&mut self, ctx: &mut Context<Self>) {
        self.alive_failures += 1;
        if self.alive_failures == 1 {
            ctx.run_later(Duration::from_millis(ALIVE_AGAIN_MS), Self::write_alive);
        } else {
            self.set_store_failing(true, ctx);
        }
    }

    pub(super) fn read_alive(&mut self, of: Owner, ctx: &mut Context<Self>) {
        let tables = Arc::clone(&self.parts.tables);
        let read = async move { read_alive(tables.as_ref(), of).await };
        ctx.spawn(read.into_actor(self).map(move |row, actor, ctx| {
            if let Ok(row) = row {
                let stamp = row.map_or(0, |(version, _)| version);
                actor.feed(Input::AliveRead { of, stamp }, ctx);
            }
        }));
    }

    pub(super) fn set_store_failing(&mut self, failing: bool, ctx: &mut Context<Self>) {
        if self.store_failing != failing {
            self.store_failing = failing;
            self.parts.node_state.set_store_failing(failing);
            self.feed(if failing { Input::StoreFailing } else { Input::StoreBack }, ctx);
        }
    }

    /// A full store answers, so the cluster goes on: its shards alone are told. While it is full at each tick, for one
    /// that has just been claimed was not there when it was said before.
    pub(super) fn look_at_room(&mut self) {
        let full = self.parts.around.log.journal.is_full();
        let was = self.parts.node_state.store_full();
        self.parts.node_state.set_store_full(full);
        if full || was {
            self.tell_store(self.store);
        }
    }
}

fn alive_key(owner: Owner) -> String {
    format!("alive/{owner}")
}

/// An owner's sign of life: the row's version, and when the owner last said that it was alive.
pub(in crate::actor) async fn read_alive(
    tables: &dyn Tables,
    owner: Owner,
) -> Result<Option<(u64, Millis)>, TablesError> {
    let row = tables.get_versioned(Table::Member, &alive_key(owner)).await?;
    Ok(row.and_then(|(version, body)| {
        let at = <[u8; 8]>::try_from(body.as_ref()).ok()?;
        Some((version, Millis(i64::from_le_bytes(at))))
    }))
}
