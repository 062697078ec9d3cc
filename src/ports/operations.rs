//! What operators are told and may do, as JSON where they see it so.

use super::errors::{DrainError, RaiseError, ReadError};
use super::records::{RecordPiece, RecordPlace, RecordsPage, RecordsWanted};
use async_trait::async_trait;
use handoff_chat::SessionId;
use handoff_shard::listing::{About, AgentGlance, EntityQuery, EntitySummary, QueueGlance, SessionGlance};
use serde::{Deserialize, Serialize};

/// One member as operators see it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MemberStatus {
    /// The node's number, unique in the cluster.
    pub id: u16,
    /// Its incarnation, 16 hex digits.
    pub incarnation: String,
    /// Its customers' address.
    pub http: String,
    /// `joining`, `up`, `leaving` or `down`.
    pub state: String,
    /// How many shards the list assigns to it.
    pub shards: usize,
    /// The newest protocol version that it reads.
    pub protocol: u16,
    /// The name and version of the program that it runs.
    pub build: String,
}

/// A node's view of the cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClusterStatus {
    /// The number of the node that answers.
    pub id: u16,
    /// This node's state: `starting`, `up`, `draining`.
    pub state: String,
    /// The member list's version.
    pub version: u64,
    /// The protocol version that stored bytes keep to.
    pub protocol: u16,
    /// Shards that this node serves right now.
    pub shards: usize,
    /// Sessions awake or asleep in those shards that have not ended.
    pub sessions: usize,
    /// All members.
    pub members: Vec<MemberStatus>,
}

/// One shard as operators see it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ShardStatus {
    /// The shard's number, from 0.
    pub shard: u16,
    /// The node it is assigned to.
    pub assigned: Option<u16>,
    /// `serving`, `opening`, `releasing` or `elsewhere`, as this node sees it.
    pub state: String,
    /// Its epoch, where this node owns it.
    pub epoch: Option<u64>,
    /// Segment and next frame, where this node owns it.
    pub position: Option<(u64, u64)>,
    /// Entities it holds here.
    pub entities: usize,
}

/// Most entities on one page of a list.
pub const PAGE_MAX: usize = 1_000;

/// An entity as operators see it in lists: nothing that was said, and nobody's name but the agent's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EntityStatus {
    /// Its id; for queues and agents their name.
    pub id: String,
    /// The shard it belongs to.
    pub shard: u16,
    /// Sessions: `open`, `ended`, `asleep` or `out of service`. Agents: `ready`, `not ready` or `signed out`.
    /// Queues: `open`.
    pub state: String,
    /// Sessions: the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Sessions: where the interaction is: `workflow`, `queue`, `offer`, `agent` or `done`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Sessions: the queue it waits in or came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// Sessions: the agent it is offered to or with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Sessions: when it started. Queues: since when the first has waited. Milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<i64>,
    /// Queues: how many wait. Agents: how many offers and chats they have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    /// Queues: how many agents could take one. Agents: the most they take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<usize>,
    /// Queues in which chats wait: why nobody may ever come for them, by the configuration of the queue's owner:
    /// `not configured` or `no agent serves it`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

impl From<EntitySummary> for EntityStatus {
    fn from(EntitySummary { id, shard, state, about }: EntitySummary) -> Self {
        let status = Self { id, shard, state, ..Self::default() };
        match about {
            About::Nothing => status,
            About::Session(SessionGlance { service, started_at_ms: since_ms, place, queue, agent }) => {
                Self { service, since_ms, place, queue, agent, ..status }
            }
            About::Queue(QueueGlance { waiting, waits_since_ms: since_ms, free_agents, trouble }) => {
                let (count, capacity) = (Some(waiting), Some(free_agents));
                Self { count, capacity, since_ms, trouble, ..status }
            }
            About::Agent(AgentGlance { work, capacity }) => Self { count: Some(work), capacity, ..status },
        }
    }
}

/// What came of raising the protocol version that stored bytes keep to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raised {
    /// The protocol version until now.
    pub from: u16,
    /// The protocol version from now on: the highest that every live member reads.
    pub to: u16,
    /// The nodes that read no more than that, where others do.
    pub held_back_by: Vec<u16>,
}

/// What operators may ask of a node.
#[async_trait]
pub trait Operations: Send + Sync + 'static {
    /// This node's view of the cluster.
    async fn cluster(&self) -> ClusterStatus;
    /// All shards as this node sees them.
    async fn shards(&self) -> Vec<ShardStatus>;
    /// Starts to give all shards away; returns when the last has moved, or why it could not.
    ///
    /// # Errors
    /// [`DrainError`].
    async fn drain(&self) -> Result<(), DrainError>;
    /// Lets stored bytes be of the newest protocol version that every live member reads; older builds can't join then.
    ///
    /// # Errors
    /// [`RaiseError`]; a repeat does no harm.
    async fn raise(&self) -> Result<Raised, RaiseError>;
    /// The durable events of a session, live or closed, from a place on, as many as are held at once; `None`: unknown.
    ///
    /// # Errors
    /// [`ReadError`].
    async fn record(&self, session: &SessionId, from: RecordPlace) -> Result<Option<RecordPiece>, ReadError>;
    /// Live entities of the whole cluster. Also says which shards could not be asked.
    async fn list(&self, wanted: &EntityQuery) -> (Vec<EntityStatus>, Vec<u16>);
    /// Closed records. A page may be short, or empty, and still say where the next one goes on: looking for records
    /// that are wanted has an end, however many others there are.
    ///
    /// # Errors
    /// [`ReadError`].
    async fn records(&self, wanted: &RecordsWanted) -> Result<RecordsPage, ReadError>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn operators_see_of_each_kind_what_it_has_and_no_more() {
        let seen = |about| {
            let summary = EntitySummary { id: "a".to_owned(), shard: 1, state: "open".to_owned(), about };
            let mut json = serde_json::to_value(EntityStatus::from(summary)).unwrap();
            for (name, value) in [("id", json!("a")), ("shard", json!(1)), ("state", json!("open"))] {
                assert_eq!(json.as_object_mut().unwrap().remove(name), Some(value));
            }
            json
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(seen(About::Nothing), json!({}));
        let session = SessionGlance {
            service: text("s"),
            started_at_ms: Some(5),
            place: text("offer"),
            queue: text("q"),
            agent: text("ann"),
        };
        let wanted: Value =
            json!({"service": "s", "since_ms": 5, "place": "offer", "queue": "q", "agent": "ann"});
        assert_eq!(seen(About::Session(session)), wanted);
        let (waits_since_ms, trouble) = (Some(7), text("not configured"));
        let queue = QueueGlance { waiting: 3, waits_since_ms, free_agents: 2, trouble };
        let wanted = json!({"count": 3, "capacity": 2, "since_ms": 7, "trouble": "not configured"});
        assert_eq!(seen(About::Queue(queue)), wanted);
        let agent = AgentGlance { work: 1, capacity: Some(4) };
        assert_eq!(seen(About::Agent(agent)), json!({"count": 1, "capacity": 4}));
    }
}
