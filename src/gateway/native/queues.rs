//! What agents see of the queues they serve over their socket: how many wait and since when, looked at anew as often as
//! the overview, and sent where it changed.

use super::desk::DeskView;
use super::overview::{Glances, QueueSeen, Seen, every_while};
use super::wire;
use crate::clock::wall_ms;
use crate::gateway::socket::outbox::Outbox;
use crate::ports::PAGE_MAX;
use handoff_shard::listing::{EntityQuery, ListKind};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

/// What is sent to agents who watch their queues.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum QueuesFrame<'s> {
    /// The queues that the agent serves, all of them, at first and when something changed.
    Queues {
        /// When it was looked at, in milliseconds since 1970.
        at: i64,
        /// Some nodes could not be asked: more may wait.
        partial: bool,
        /// In order of name. One that is not there has never had a chat.
        queues: Vec<QueueSeen<'s>>,
    },
}

/// What one socket of an agent is shown.
pub(super) struct Queues {
    glances: Arc<Glances>,
    outbox: Rc<Outbox>,
    /// The agent's own desk: who signs out sees no more.
    desk: Rc<DeskView>,
    served: BTreeSet<String>,
    /// What was looked at last.
    last: Option<Arc<Seen>>,
}

impl Queues {
    pub(super) fn new(
        glances: Arc<Glances>,
        outbox: Rc<Outbox>,
        desk: Rc<DeskView>,
        served: BTreeSet<String>,
    ) -> Self {
        Self { glances, outbox, desk, served, last: None }
    }

    /// Shows it as long as the socket is open and the agent signed in.
    pub(super) async fn run(mut self) {
        every_while(async || self.show().await).await;
    }

    /// Looks, and shows what is new; false: nobody is there any more who may see it.
    pub(super) async fn show(&mut self) -> bool {
        let wanted = EntityQuery { kind: ListKind::Queue, limit: PAGE_MAX, ..EntityQuery::default() };
        let seen = self.glances.list(wanted).await;
        if self.desk.signed_out() || !self.outbox.room().await {
            return false;
        }
        let last = self.last.replace(Arc::clone(&seen));
        if last.is_none_or(|last| self.shown(&last) != self.shown(&seen)) {
            let (partial, queues) = self.shown(&seen);
            self.outbox.push(wire::text(&QueuesFrame::Queues { at: wall_ms(), partial, queues }));
        }
        true
    }

    fn shown<'s>(&self, seen: &'s Seen) -> (bool, Vec<QueueSeen<'s>>) {
        let served = seen.entities.iter().filter(|queue| self.served.contains(&queue.id));
        (seen.partial, served.map(QueueSeen::of).collect())
    }
}
