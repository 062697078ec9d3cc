//! What supervisors see of the cluster over their socket: its agents, queues and chats, looked at anew every two
//! seconds and sent where they changed.

use super::desk::DeskView;
use super::wire;
use crate::clock::wall_ms;
use crate::gateway::socket::outbox::Outbox;
use crate::ports::{EntityStatus, Lists, PAGE_MAX, QueueTrouble, Whereabouts};
use handoff_shard::listing::{EntityQuery, ListKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

/// How often it is looked anew.
const EVERY: Duration = Duration::from_secs(2);
/// What one socket looked at is good for the others for so long: the cluster is asked once for many supervisors.
const GOOD_FOR: Duration = Duration::from_secs(1);
/// Lists that are kept for others.
const KEPT: usize = 32;

/// What is live, as this node saw it last.
pub(crate) struct Glances {
    lists: Arc<dyn Lists>,
    kept: Mutex<Vec<Kept>>,
}

struct Kept {
    wanted: EntityQuery,
    at: Instant,
    seen: Arc<Seen>,
}

/// A list as it was seen.
pub(super) struct Seen {
    pub(super) entities: Vec<EntityStatus>,
    /// Some shards could not be asked.
    pub(super) partial: bool,
}

impl Glances {
    pub(crate) fn new(lists: Arc<dyn Lists>) -> Self {
        Self { lists, kept: Mutex::default() }
    }

    pub(super) async fn list(&self, wanted: EntityQuery) -> Arc<Seen> {
        // Who asks for the same at the same time waits for the one answer.
        let mut kept = self.kept.lock().await;
        kept.retain(|one| one.at.elapsed() < GOOD_FOR);
        if let Some(known) = kept.iter().find(|one| one.wanted == wanted) {
            return Arc::clone(&known.seen);
        }
        let (entities, missing) = self.lists.list(&wanted).await;
        let seen = Arc::new(Seen { entities, partial: !missing.is_empty() });
        if kept.len() < KEPT {
            kept.push(Kept { wanted, at: Instant::now(), seen: Arc::clone(&seen) });
        }
        seen
    }
}

/// Looks anew each time, as long as that says that somebody is there who may see it.
pub(super) async fn every_while(mut look: impl AsyncFnMut() -> bool) {
    loop {
        sleep(EVERY).await;
        if !look().await {
            return;
        }
    }
}

/// Which chats a supervisor wants to see.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub(super) struct ChatFilter {
    /// `open`, `ended`, `asleep` or `out of service`; not given: any.
    state: Option<String>,
    /// Only those of this service.
    service: Option<String>,
    /// Only those that wait in or came from this queue.
    queue: Option<String>,
    /// Only those offered to or with this agent.
    agent: Option<String>,
}

/// What is sent to supervisors.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum OverviewFrame<'s> {
    /// What is live in the cluster: each list whole, in the first frame and when it changed.
    Overview {
        /// When it was looked at, in milliseconds since 1970.
        at: i64,
        /// Some nodes could not be asked: more may be there.
        partial: bool,
        /// Agents who ever signed in, in order of name.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Vec<AgentSeen>")]
        agents: Option<Vec<AgentSeen<'s>>>,
        /// Queues, in order of name.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Vec<QueueSeen>")]
        queues: Option<Vec<QueueSeen<'s>>>,
        /// Chats that are wanted, the oldest first; 1,000 at most.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Vec<ChatSeen>")]
        chats: Option<Vec<ChatSeen<'s>>>,
    },
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OverviewAgent")]
pub(super) struct AgentSeen<'s> {
    name: &'s str,
    /// As customers see it; null: they are not in service.
    nickname: Option<&'s str>,
    /// `ready`, `not ready`, `signed out` or `out of service`.
    state: &'s str,
    /// Why they are not ready; `no answer` where an offer timed out, `lost` where their windows were gone.
    reason: Option<&'s str>,
    /// Since when, in milliseconds since 1970; null: not known.
    since: Option<i64>,
    /// How many offers and chats they have.
    work: usize,
    /// The most they take; null: not known.
    capacity: Option<usize>,
}

#[derive(PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "OverviewQueue")]
pub(super) struct QueueSeen<'s> {
    name: &'s str,
    /// How many chats wait.
    waiting: usize,
    /// Since when the first has waited, in milliseconds since 1970; null: none waits.
    waits_since: Option<i64>,
    /// How many agents could take a chat.
    free_agents: usize,
    /// Why nobody may ever come for those who wait: `not configured` or `no agent serves it`; null: somebody may.
    #[schemars(with = "Option<String>")]
    trouble: Option<QueueTrouble>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OverviewChat")]
pub(super) struct ChatSeen<'s> {
    chat: &'s str,
    /// `open`, `ended`, `asleep` or `out of service`.
    state: &'s str,
    service: Option<&'s str>,
    /// `workflow`, `queue`, `offer`, `agent` or `done`; null: no workflow routes it.
    #[schemars(with = "Option<String>")]
    place: Option<Whereabouts>,
    /// The queue it waits in or came from.
    queue: Option<&'s str>,
    /// The agent it is offered to or with.
    agent: Option<&'s str>,
    /// In milliseconds since 1970; null: not known.
    started_at: Option<i64>,
}

/// What one socket of a supervisor is shown.
pub(super) struct Overview {
    glances: Arc<Glances>,
    outbox: Rc<Outbox>,
    /// The supervisor's own desk: who signs out sees no more.
    desk: Rc<DeskView>,
    chats: ChatFilter,
    last: Option<Look>,
}

/// The lists of one look.
struct Look {
    agents: Arc<Seen>,
    queues: Arc<Seen>,
    chats: Arc<Seen>,
}

impl Overview {
    pub(super) fn new(
        glances: Arc<Glances>,
        outbox: Rc<Outbox>,
        desk: Rc<DeskView>,
        chats: ChatFilter,
    ) -> Self {
        Self { glances, outbox, desk, chats, last: None }
    }

    /// Shows it as long as the socket is open and the supervisor signed in.
    pub(super) async fn run(mut self) {
        every_while(async || self.show().await).await;
    }

    /// Looks, and shows what is new; false: nobody is there any more who may see it.
    pub(super) async fn show(&mut self) -> bool {
        let (agents, queues, chats) = tokio::join!(
            self.list(ListKind::Agent),
            self.list(ListKind::Queue),
            self.list(ListKind::Session)
        );
        if self.desk.signed_out() || !self.outbox.room().await {
            return false;
        }
        let look = Look { agents, queues, chats };
        if let Some(frame) = look.frame(self.last.as_ref(), wall_ms()) {
            self.outbox.push(frame);
        }
        self.last = Some(look);
        true
    }

    async fn list(&self, kind: ListKind) -> Arc<Seen> {
        let all = EntityQuery { kind, limit: PAGE_MAX, ..EntityQuery::default() };
        let ChatFilter { state, service, queue, agent } = self.chats.clone();
        let wanted = match kind {
            ListKind::Session => EntityQuery { state, service, queue, agent, ..all },
            _ => all,
        };
        self.glances.list(wanted).await
    }
}

impl Look {
    fn partial(&self) -> bool {
        [&self.agents, &self.queues, &self.chats].iter().any(|seen| seen.partial)
    }

    /// What is new since the last look; nothing where nothing is.
    fn frame(&self, last: Option<&Self>, at: i64) -> Option<String> {
        let agents = self.agents.unless_as(last.map(|last| &last.agents), AgentSeen::of);
        let queues = self.queues.unless_as(last.map(|last| &last.queues), QueueSeen::of);
        let mut chats = self.chats.unless_as(last.map(|last| &last.chats), ChatSeen::of);
        if let Some(chats) = &mut chats {
            chats.sort_by_key(|chat| chat.started_at);
        }
        let partial = self.partial();
        let same = last.is_some_and(|last| last.partial() == partial);
        if same && agents.is_none() && queues.is_none() && chats.is_none() {
            return None;
        }
        Some(wire::text(&OverviewFrame::Overview { at, partial, agents, queues, chats }))
    }
}

impl Seen {
    /// All as they are shown; nothing where they were shown so last.
    fn unless_as<'s, T>(
        &'s self,
        last: Option<&Arc<Self>>,
        shown: fn(&'s EntityStatus) -> T,
    ) -> Option<Vec<T>> {
        let known = last.is_some_and(|last| last.entities == self.entities);
        (!known).then(|| self.entities.iter().map(shown).collect())
    }
}

impl<'s> AgentSeen<'s> {
    fn of(agent: &'s EntityStatus) -> Self {
        Self {
            name: &agent.id,
            nickname: agent.nickname.as_deref(),
            state: &agent.state,
            reason: agent.reason.as_deref(),
            since: agent.since_ms,
            work: agent.work.unwrap_or_default(),
            capacity: agent.capacity,
        }
    }
}

impl<'s> QueueSeen<'s> {
    pub(super) fn of(queue: &'s EntityStatus) -> Self {
        Self {
            name: &queue.id,
            waiting: queue.waiting.unwrap_or_default(),
            waits_since: queue.waits_since_ms,
            free_agents: queue.free_agents.unwrap_or_default(),
            trouble: queue.trouble,
        }
    }
}

impl<'s> ChatSeen<'s> {
    fn of(chat: &'s EntityStatus) -> Self {
        Self {
            chat: &chat.id,
            state: &chat.state,
            service: chat.service.as_deref(),
            place: chat.place,
            queue: chat.queue.as_deref(),
            agent: chat.agent.as_deref(),
            started_at: chat.started_at_ms,
        }
    }
}
