//! What operators are told about a node, and what it does for them.

use crate::actor::handle::SupervisorHandle;
use crate::actor::supervisor::Ended;
use crate::front::{
    Ask, AskError, ClusterStatus, EntitySummary, MemberStatus, Operations, Raised, RecordSummary, RecordView,
    RecordsWanted, Sessions, ShardStatus, Wanted,
};
use crate::listing::{LIMIT_MAX, Lister};
use crate::record::{list_records, read_record};
use crate::router::Router;
use crate::standing::{Stage, Standing};
use arc_swap::ArcSwap;
use async_trait::async_trait;
use handoff_chat::command::{Caller, Read, Reading, Reject};
use handoff_chat::record::RecordListed;
use handoff_chat::{EntityId, Millis, SessionId};
use handoff_cluster::{MemberList, MemberState};
use handoff_journal::{NodeId, ShardId, Tables};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How long a live session's owner is asked for its record.
const RECORD_PATIENCE: Duration = Duration::from_secs(5);

/// How far back records are listed by time, in milliseconds: 31 days in one call.
const RECORDS_SPAN_MS: i64 = 31 * 24 * 3_600_000;

/// See the module's description.
pub(super) struct NodeOperations {
    pub(super) node: NodeId,
    pub(super) list: Arc<ArcSwap<MemberList>>,
    pub(super) standing: Arc<Standing>,
    pub(super) supervisor: SupervisorHandle,
    pub(super) sessions: Arc<Router>,
    pub(super) tables: Arc<dyn Tables>,
    pub(super) lister: Lister,
    pub(super) ended: watch::Receiver<Option<Ended>>,
}

fn state_name(state: MemberState) -> &'static str {
    match state {
        MemberState::Joining => "joining",
        MemberState::Up => "up",
        MemberState::Leaving => "leaving",
        MemberState::Down => "down",
    }
}

#[async_trait]
impl Operations for NodeOperations {
    async fn cluster(&self) -> ClusterStatus {
        let views = look(&self.supervisor).await;
        let list = self.list.load_full();
        let members = list.members.iter().map(|member| MemberStatus {
            id: member.owner.node.0,
            incarnation: format!("{:016x}", member.owner.incarnation.0),
            http: member.http_url.clone(),
            state: state_name(member.state).to_owned(),
            shards: list.assignment.iter().filter(|shard| shard.to == Some(member.owner)).count(),
            protocol: member.protocol_max,
            build: member.build.clone(),
        });
        ClusterStatus {
            id: self.node.0,
            state: match self.standing.stage() {
                Stage::Starting => "starting",
                Stage::Up => "up",
                Stage::Draining => "draining",
            }
            .to_owned(),
            version: list.version,
            protocol: list.protocol,
            shards: views.values().filter(|view| view.state == "serving").count(),
            sessions: views.values().map(|view| view.census.open).sum(),
            members: members.collect(),
        }
    }

    async fn shards(&self) -> Vec<ShardStatus> {
        let views = look(&self.supervisor).await;
        let list = self.list.load_full();
        (0..list.shards)
            .map(|shard| {
                let view = views.get(&ShardId(shard));
                ShardStatus {
                    shard,
                    assigned: list.assigned(ShardId(shard)).to.map(|owner| owner.node.0),
                    state: view.map_or("elsewhere", |view| view.state).to_owned(),
                    epoch: view.and_then(|view| view.epoch),
                    position: view.and_then(|view| view.position),
                    entities: view.map_or(0, |view| view.census.awake + view.census.asleep),
                }
            })
            .collect()
    }

    async fn drain(&self) -> Result<(), String> {
        self.supervisor.drain();
        let mut ended = self.ended.clone();
        let how = ended.wait_for(Option::is_some).await.map_err(|_| "the node has ended".to_owned())?;
        match how.as_ref() {
            Some(Ended::Failed(why)) => Err(why.clone()),
            Some(Ended::Drained) | None => Ok(()),
        }
    }

    async fn list(&self, wanted: &Wanted) -> (Vec<EntitySummary>, Vec<u16>) {
        self.lister.list(wanted).await
    }

    async fn records(&self, wanted: &RecordsWanted) -> Result<Vec<RecordSummary>, String> {
        let now_ms = self.sessions.clock.now().wall.0;
        let to_ms = wanted.to_ms.unwrap_or(now_ms.saturating_add(1)).max(0);
        let end = u64::try_from(to_ms).unwrap_or(0) << 16;
        let before = match &wanted.after {
            None => end,
            Some(cursor) => {
                cursor.parse::<u64>().map_err(|_| "the cursor is none of ours".to_owned())?.min(end)
            }
        };
        let fits =
            |listed: &RecordListed| wanted.service.as_ref().is_none_or(|service| *service == listed.service);
        let from = Millis(wanted.from_ms.max(now_ms - RECORDS_SPAN_MS));
        let found = list_records(self.tables.as_ref(), from, before, fits, wanted.limit.min(LIMIT_MAX)).await;
        Ok(found.map_err(|error| error.to_string())?.into_iter().map(record_summary).collect())
    }

    async fn raise(&self) -> Result<Raised, String> {
        super::raise::raise(self.tables.as_ref()).await.map_err(|error| error.to_string())
    }

    async fn record(&self, session: &SessionId) -> Result<Option<RecordView>, String> {
        let stored = read_record(self.tables.as_ref(), session).await.map_err(|error| error.to_string())?;
        if stored.as_ref().is_some_and(|record| record.closed) {
            return Ok(stored);
        }
        let ask = Ask {
            entity: EntityId::from(session),
            command: None,
            read: Some((Caller::Operator, Read::Whole)),
            client_id: false,
            patience: RECORD_PATIENCE,
            wait: Duration::ZERO,
        };
        match self.sessions.ask(ask).await {
            Ok(told) => match told.reading {
                Some(Reading::Events(events)) => Ok(Some(RecordView { closed: false, events })),
                _ => Err("the session's owner answered something else".to_owned()),
            },
            Err(AskError::Rejected(Reject::Unknown)) => Ok(stored),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn record_summary((row, listed): (u64, RecordListed)) -> RecordSummary {
    RecordSummary {
        id: listed.session.0,
        service: listed.service,
        started_at_ms: listed.started_at.0,
        ended_at_ms: listed.ended_at.0,
        cursor: row.to_string(),
    }
}

async fn look(supervisor: &SupervisorHandle) -> BTreeMap<ShardId, crate::actor::shard::ShardView> {
    supervisor.look().await.into_iter().collect()
}
