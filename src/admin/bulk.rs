//! Ends many sessions at once, as after a flood of chats that nobody meant.
//!
//! A call looks at one page of the cluster's sessions and no more, so its work has a bound however many there are, and
//! says where the next call goes on.

use super::Admin;
use super::lists::{PageSize, limit};
use super::problem::Problem;
use super::refusals::{Always, BadRequest};
use super::request::{PATIENCE, mint_command_id};
use crate::clock::wall_ms;
use crate::ports::{CallError, EntityStatus, Whereabouts};
use actix_web::{HttpResponse, web};
use futures_util::{StreamExt, stream};
use handoff_chat::EntityId;
use handoff_chat::command::{Act, Caller, Command, Reject};
use handoff_shard::Call;
use handoff_shard::listing::{EntityQuery, ListKind};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use utoipa::{IntoParams, ToSchema};

/// Sessions that are ended side by side.
const SIDE_BY_SIDE: usize = 16;

/// Where the interaction of a session that is to end may be.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum EndPlace {
    /// Its workflow has it.
    Workflow,
    /// It waits in a queue.
    Queue,
    /// It is offered to an agent.
    Offer,
    /// An agent has it.
    Agent,
}

impl From<EndPlace> for Whereabouts {
    fn from(place: EndPlace) -> Self {
        match place {
            EndPlace::Workflow => Self::Workflow,
            EndPlace::Queue => Self::Queue,
            EndPlace::Offer => Self::Offer,
            EndPlace::Agent => Self::Agent,
        }
    }
}

/// Which sessions are to end.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Query {
    /// Only those that wait in or came from this queue.
    #[param(nullable = false)]
    queue: Option<String>,
    /// Only those of this service.
    #[param(nullable = false)]
    service: Option<String>,
    /// Only those whose interaction is there; where it is not given, all but those with an agent.
    #[param(nullable = false, inline)]
    place: Option<EndPlace>,
    /// Only those that started more than so many seconds ago.
    #[param(nullable = false, minimum = 0)]
    older_than_s: Option<i64>,
    /// Only those that started less than so many seconds ago.
    #[param(nullable = false, minimum = 0)]
    younger_than_s: Option<i64>,
    /// Counts them and ends none.
    #[serde(default)]
    #[param(default = false)]
    dry_run: bool,
    /// The `next` of the call before; opaque.
    #[param(nullable = false)]
    after: Option<String>,
    /// Sessions that are looked at.
    #[param(value_type = PageSize, inline, required = false)]
    limit: Option<usize>,
}

/// What came of a call.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct BulkEnd {
    /// How many fitted among those that were looked at.
    pub found: usize,
    /// How many of them have ended; with a dry run none.
    pub ended: usize,
    /// How many could not be ended now.
    pub failed: usize,
    /// Where the next call goes on; null: this was the last.
    #[schema(required)]
    pub next: Option<String>,
    /// Shards that could not be asked at the moment.
    pub missing_shards: Vec<u16>,
}

impl Query {
    /// Without a filter a slip of the hand would end everything.
    fn check(&self) -> Result<(), Problem> {
        let ages = [self.older_than_s, self.younger_than_s];
        if self.queue.is_none() && self.service.is_none() && ages.iter().all(Option::is_none) {
            return Err(Problem::bad_request("queue, service, older_than_s or younger_than_s must be given"));
        }
        if ages.iter().flatten().any(|age| *age < 0) {
            return Err(Problem::bad_request("an age is not below 0"));
        }
        Ok(())
    }

    /// Whether it is meant. Nobody is taken from an agent who does not ask for those by their place.
    fn fits(&self, session: &EntityStatus, now_ms: i64) -> bool {
        if !matches!(session.state.as_str(), "open" | "asleep") {
            return false;
        }
        let fits = match self.place {
            Some(wanted) => session.place == Some(wanted.into()),
            None => session.place != Some(Whereabouts::Agent),
        };
        let age_ms = session.started_at_ms.map(|since| now_ms.saturating_sub(since));
        let than = |seconds: i64| seconds.saturating_mul(1_000);
        fits && self.older_than_s.is_none_or(|age| age_ms.is_some_and(|ms| ms > than(age)))
            && self.younger_than_s.is_none_or(|age| age_ms.is_some_and(|ms| ms < than(age)))
    }
}

/// Ends the sessions of one page that fit and have not ended; at least one of queue, service and an age is needed.
///
/// A call looks at one page of the sessions of that queue and service, ends those of them that fit, and says where the
/// next call goes on. Those with an agent are ended only with `place=agent`.
#[utoipa::path(
    post,
    path = "/sessions/end",
    operation_id = "endSessions",
    tag = "conversations",
    params(Query),
    responses(
        (status = 200, description = "What came of it.", body = BulkEnd),
        (status = 400, response = BadRequest),
        Always,
    )
)]
pub(super) async fn end(admin: web::Data<Admin>, query: web::Query<Query>) -> Result<HttpResponse, Problem> {
    let query = query.into_inner();
    query.check()?;
    let limit = limit(query.limit)?;
    let wanted = EntityQuery {
        kind: ListKind::Session,
        state: None,
        service: query.service.clone(),
        queue: query.queue.clone(),
        agent: None,
        after: query.after.clone(),
        limit,
    };
    let (sessions, missing_shards) = admin.operations.list(&wanted).await;
    let next = if sessions.len() == limit { sessions.last().map(|last| last.id.clone()) } else { None };
    let now_ms = wall_ms();
    let found: Vec<EntityStatus> =
        sessions.into_iter().filter(|session| query.fits(session, now_ms)).collect();
    let ended = if query.dry_run { 0 } else { end_all(&admin, &found).await? };
    let failed = if query.dry_run { 0 } else { found.len().saturating_sub(ended) };
    tracing::info!(
        found = found.len(),
        ended,
        failed,
        dry_run = query.dry_run,
        "operator ends many sessions"
    );
    Ok(HttpResponse::Ok().json(BulkEnd { found: found.len(), ended, failed, next, missing_shards }))
}

/// How many have ended before the patience of a call is over.
async fn end_all(admin: &Admin, sessions: &[EntityStatus]) -> Result<usize, Problem> {
    let until = Instant::now() + PATIENCE;
    let mut asks = Vec::with_capacity(sessions.len());
    for session in sessions {
        let command = Command { id: mint_command_id()?, caller: Caller::Operator, act: Act::ForceEnd };
        asks.push((EntityId::of_text(&session.id), command));
    }
    let ended = stream::iter(asks).map(|(entity, command)| async move {
        let patience = until.saturating_duration_since(Instant::now());
        if patience.is_zero() {
            return false;
        }
        let call = Call { command: Some(command), patience, ..Call::of(entity) };
        matches!(
            admin.sessions.call(call).await,
            Ok(_) | Err(CallError::Rejected(Reject::Unknown | Reject::Ended))
        )
    });
    Ok(ended.buffer_unordered(SIDE_BY_SIDE).filter(|ended| std::future::ready(*ended)).count().await)
}
