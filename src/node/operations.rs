//! What operators are told about a node, and what it does for them.

use crate::actor::handle::SupervisorHandle;
use crate::actor::supervisor::Ended;
use crate::listing::Lister;
use crate::node_state::{NodeState, Stage};
use crate::ports::{
    CallError, ClusterStatus, DrainError, EntityStatus, Lists, MemberStage, MemberStatus, NodeStage,
    Operations, PAGE_MAX, RaiseError, Raised, ReadError, RecordCursor, RecordPiece, RecordPlace,
    RecordSummary, RecordsPage, RecordsWanted, Sessions, ShardStage, ShardStatus,
};
use crate::record_list::{Budget, ListPage, list_records, place_of};
use crate::record_reader::{PIECE_EVENTS, closing, rating, stored_piece};
use crate::router::Router;
use arc_swap::ArcSwap;
use async_trait::async_trait;
use handoff_chat::SessionId;
use handoff_chat::command::{Caller, Read, Reading, Reject};
use handoff_chat::event::Event;
use handoff_chat::record::RecordListed;
use handoff_cluster::{MemberList, MemberState};
use handoff_journal::{NodeId, Place, ShardId, Tables};
use handoff_shard::Call;
use handoff_shard::listing::EntityQuery;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How long a live session's owner is asked for its record.
const RECORD_PATIENCE: Duration = Duration::from_secs(5);

/// Entries of the list of records that are looked at for one page.
const RECORDS_LOOKED_AT_MAX: usize = 10_000;
/// How long it is looked for records for one page.
const RECORDS_BUDGET: Duration = Duration::from_secs(2);
/// After this a store that does not answer is given up.
const RECORDS_PATIENCE: Duration = Duration::from_secs(10);

/// Behind the admin API; looks at this node alone but for what it asks of session owners and the store.
pub(super) struct NodeOperations {
    pub(super) node: NodeId,
    pub(super) list: Arc<ArcSwap<MemberList>>,
    pub(super) node_state: Arc<NodeState>,
    pub(super) supervisor: SupervisorHandle,
    pub(super) sessions: Arc<Router>,
    pub(super) tables: Arc<dyn Tables>,
    pub(super) lister: Lister,
    pub(super) ended: watch::Receiver<Option<Ended>>,
}

fn stage_of(state: MemberState) -> MemberStage {
    match state {
        MemberState::Joining => MemberStage::Joining,
        MemberState::Up => MemberStage::Up,
        MemberState::Leaving => MemberStage::Leaving,
        MemberState::Down => MemberStage::Down,
    }
}

#[async_trait]
impl Lists for NodeOperations {
    async fn list(&self, wanted: &EntityQuery) -> (Vec<EntityStatus>, Vec<u16>) {
        let (entities, missing) = self.lister.list(wanted).await;
        (entities.into_iter().map(EntityStatus::from).collect(), missing)
    }
}

#[async_trait]
impl Operations for NodeOperations {
    async fn cluster(&self) -> ClusterStatus {
        let views = shard_views(&self.supervisor).await;
        let list = self.list.load_full();
        let members = list.members.iter().map(|member| MemberStatus {
            id: member.owner.node.0,
            incarnation: format!("{:016x}", member.owner.incarnation.0),
            http: member.http_url.clone(),
            state: stage_of(member.state),
            shards: list.assignment.iter().filter(|shard| shard.to == Some(member.owner)).count(),
            protocol: member.protocol_max,
            build: member.build.clone(),
        });
        ClusterStatus {
            id: self.node.0,
            state: match self.node_state.stage() {
                Stage::Starting => NodeStage::Starting,
                Stage::Up => NodeStage::Up,
                Stage::Draining => NodeStage::Draining,
            },
            version: list.version,
            protocol: list.protocol,
            shards: views.values().filter(|view| view.state == ShardStage::Serving).count(),
            sessions: views.values().map(|view| view.census.open).sum(),
            members: members.collect(),
        }
    }

    async fn shards(&self) -> Vec<ShardStatus> {
        let views = shard_views(&self.supervisor).await;
        let list = self.list.load_full();
        (0..list.shards)
            .map(|shard| {
                let view = views.get(&ShardId(shard));
                ShardStatus {
                    shard,
                    assigned: list.assigned(ShardId(shard)).to.map(|owner| owner.node.0),
                    state: view.map_or(ShardStage::Elsewhere, |view| view.state),
                    epoch: view.and_then(|view| view.epoch),
                    position: view.and_then(|view| view.position),
                    entities: view.map_or(0, |view| view.census.awake + view.census.asleep),
                }
            })
            .collect()
    }

    async fn drain(&self) -> Result<(), DrainError> {
        self.supervisor.drain();
        let mut ended = self.ended.clone();
        let how = ended.wait_for(Option::is_some).await.map_err(|_| DrainError::Ended)?;
        match how.as_ref() {
            Some(Ended::Failed(why)) => Err(DrainError::Failed(why.clone())),
            Some(Ended::Drained) | None => Ok(()),
        }
    }

    async fn records(&self, wanted: &RecordsWanted) -> Result<RecordsPage, ReadError> {
        let fits =
            |listed: &RecordListed| wanted.service.as_ref().is_none_or(|service| *service == listed.service);
        let before = wanted.to_ms.map(|to_ms| Place { number: to_ms, name: String::new() });
        let after =
            wanted.after.clone().map(|RecordCursor { ended_at_ms: number, id: name }| Place { number, name });
        let below = before.into_iter().chain(after).min();
        let limit = wanted.limit.min(PAGE_MAX);
        let budget = Budget { entries: RECORDS_LOOKED_AT_MAX, until: Instant::now() + RECORDS_BUDGET };
        let listing = list_records(self.tables.as_ref(), wanted.from_ms, below, fits, limit, budget);
        let found = tokio::time::timeout(RECORDS_PATIENCE, listing).await;
        Ok(records_page(found.map_err(|_| ReadError::Late)??))
    }

    async fn raise(&self) -> Result<Raised, RaiseError> {
        super::raise::raise(self.tables.as_ref()).await
    }

    async fn record(&self, session: &SessionId, from: RecordPlace) -> Result<Option<RecordPiece>, ReadError> {
        let tables = self.tables.as_ref();
        let mut place = from;
        if place.last.is_none() {
            let closing = closing(tables, session).await?;
            place.last = closing.map(|closing| closing.last_seq);
        }
        let mut piece = match place.last {
            Some(_) => None,
            None => self.live_piece(session, place.next).await?,
        };
        if piece.is_none() {
            piece = stored_piece(tables, session, place).await?;
        }
        if let Some(last) = piece.as_mut().filter(|piece| piece.next.is_none()) {
            last.rating = rating(tables, session).await?;
        }
        Ok(piece)
    }
}

impl NodeOperations {
    /// A piece of a session's record from its owner; `None`: the owner does not know the session, or no longer.
    async fn live_piece(&self, session: &SessionId, from: u64) -> Result<Option<RecordPiece>, ReadError> {
        let call = Call {
            read: Some((Caller::Operator, Read::Part { from, events_max: PIECE_EVENTS })),
            patience: RECORD_PATIENCE,
            ..Call::of(session.into())
        };
        match self.sessions.call(call).await {
            Ok(done) => match done.reading {
                Some(Reading::Events(events)) => Ok(Some(live(events))),
                _ => Err(ReadError::Owner(CallError::Unknown)),
            },
            Err(CallError::Rejected(Reject::Unknown)) => Ok(None),
            Err(error) => Err(ReadError::Owner(error)),
        }
    }
}

/// Events as their owner answered them: fewer than could be are the last.
fn live(events: Vec<Event>) -> RecordPiece {
    let full = events.len() >= PIECE_EVENTS as usize;
    let next = events.last().filter(|_| full).map(|last| last.seq.saturating_add(1));
    let next = next.map(|next| RecordPlace { next, last: None });
    RecordPiece { closed: false, events, next, rating: None }
}

fn records_page(page: ListPage) -> RecordsPage {
    let cursor = |Place { number, name }| RecordCursor { ended_at_ms: number, id: name }.to_string();
    let summary = |listed: RecordListed| RecordSummary {
        cursor: cursor(place_of(listed.ended_at, &listed.session)),
        id: listed.session.0,
        service: listed.service,
        started_at_ms: listed.started_at.0,
        ended_at_ms: listed.ended_at.0,
    };
    RecordsPage { items: page.records.into_iter().map(summary).collect(), next: page.next.map(cursor) }
}

async fn shard_views(supervisor: &SupervisorHandle) -> BTreeMap<ShardId, crate::actor::shard::ShardView> {
    supervisor.inspect().await.into_iter().collect()
}
