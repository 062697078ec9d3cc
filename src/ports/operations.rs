//! What operators are told and may do, as JSON where they see it so.

use super::errors::{DrainError, RaiseError, ReadError};
use super::records::{RecordPiece, RecordPlace, RecordsPage, RecordsWanted};
use async_trait::async_trait;
use handoff_chat::SessionId;
use handoff_shard::listing::{About, AgentGlance, EntityQuery, EntitySummary, QueueGlance, SessionGlance};
use serde::de::IntoDeserializer;
use serde::de::value::Error as NoSuchWord;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a node is about: not in the member list yet, or joining; in it, and serving what it assigns; giving its shards
/// away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = NodeState)]
pub enum NodeStage {
    /// Not in the member list yet, or joining.
    Starting,
    /// In the member list: it serves what the list assigns to it.
    Up,
    /// Gives its shards away.
    Draining,
}

/// Where a member stands: in the cluster as a gateway, without shards yet; with an equal part of them; giving them
/// away; gone, drained or found dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MemberState)]
pub enum MemberStage {
    /// In the cluster as a gateway; gets no shards yet.
    Joining,
    /// Has an equal part of the shards.
    Up,
    /// Gives its shards away and goes.
    Leaving,
    /// Gone: drained, or found dead.
    Down,
}

/// What a node does with a shard: it claims and reads it, answers its calls, or gives it away; or it is with another
/// node or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ShardState)]
pub enum ShardStage {
    /// It is being claimed and read.
    Opening,
    /// Its calls are answered.
    Serving,
    /// It is being given away.
    Releasing,
    /// It is with another node, or with none.
    Elsewhere,
}

/// Where a session's interaction is: its workflow has it, it waits in a queue, is offered to an agent, is with one, or
/// is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Whereabouts {
    /// Its workflow has it.
    Workflow,
    /// It waits in a queue.
    Queue,
    /// It is offered to an agent.
    Offer,
    /// An agent has it.
    Agent,
    /// It is over.
    Done,
}

/// Why nobody may ever come for the chats that wait in a queue: the configuration of the node that has the queue names
/// it no longer, or no agent of it has the queue and none who could is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum QueueTrouble {
    /// The configuration of the node that has the queue names it no longer.
    #[serde(rename = "not configured")]
    NotConfigured,
    /// No agent of that configuration has it among their queues, and none who could is signed in.
    #[serde(rename = "no agent serves it")]
    Unserved,
}

/// One member as operators see it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Member)]
pub struct MemberStatus {
    /// The node's number, unique in the cluster.
    pub id: u16,
    /// Its incarnation, 16 hex digits.
    pub incarnation: String,
    /// Its customers' address.
    pub http: String,
    /// Where it stands.
    pub state: MemberStage,
    /// How many shards the list assigns to it.
    pub shards: usize,
    /// The newest protocol version that it reads.
    pub protocol: u16,
    /// The name and version of the program that it runs.
    pub build: String,
}

/// A node's view of the cluster.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Cluster)]
pub struct ClusterStatus {
    /// The number of the node that answers.
    pub id: u16,
    /// This node's state.
    pub state: NodeStage,
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
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Shard)]
pub struct ShardStatus {
    /// The shard's number, from 0.
    pub shard: u16,
    /// The node it is assigned to.
    #[schema(required)]
    pub assigned: Option<u16>,
    /// As this node sees it.
    pub state: ShardStage,
    /// Its epoch, where this node owns it.
    #[schema(required)]
    pub epoch: Option<u64>,
    /// Segment and next frame, where this node owns it.
    #[schema(required, value_type = Option<[u64; 2]>, min_items = 2, max_items = 2)]
    pub position: Option<(u64, u64)>,
    /// Entities it holds here.
    pub entities: usize,
}

/// Most entities on one page of a list.
pub const PAGE_MAX: usize = 1_000;

/// An entity as operators see it in lists: nothing that was said, and nobody's name but the agent's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = Entity)]
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
    #[schema(nullable = false)]
    pub service: Option<String>,
    /// Sessions that a workflow routes: where the interaction is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub place: Option<Whereabouts>,
    /// Sessions: the queue it waits in or came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub queue: Option<String>,
    /// Sessions: the agent it is offered to or with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub agent: Option<String>,
    /// Sessions: when it started, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub started_at_ms: Option<i64>,
    /// Queues: how many chats wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub waiting: Option<usize>,
    /// Queues: since when the first has waited, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub waits_since_ms: Option<i64>,
    /// Queues: how many agents could take a chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub free_agents: Option<usize>,
    /// Agents: the nickname that customers see.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub nickname: Option<String>,
    /// Agents who are not ready: why; `no answer` where an offer timed out, `lost` where their windows were gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<String>,
    /// Agents: since when they are in this state, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub since_ms: Option<i64>,
    /// Agents: how many offers and chats they have.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub work: Option<usize>,
    /// Agents: the most they take.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub capacity: Option<usize>,
    /// Queues in which chats wait: why nobody may ever come for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub trouble: Option<QueueTrouble>,
}

impl From<EntitySummary> for EntityStatus {
    fn from(EntitySummary { id, shard, state, about }: EntitySummary) -> Self {
        let status = Self { id, shard, state, ..Self::default() };
        match about {
            About::Nothing => status,
            About::Session(SessionGlance { service, started_at_ms, place, queue, agent }) => {
                Self { service, started_at_ms, place: known(place), queue, agent, ..status }
            }
            About::Queue(QueueGlance { waiting, waits_since_ms, free_agents, trouble }) => {
                let (waiting, free_agents) = (Some(waiting), Some(free_agents));
                Self { waiting, waits_since_ms, free_agents, trouble: known(trouble), ..status }
            }
            About::Agent(AgentGlance { nickname, reason, since_ms, work, capacity }) => {
                Self { nickname, reason, since_ms, work: Some(work), capacity, ..status }
            }
        }
    }
}

/// A word that another node said, where this build knows it.
fn known<T: for<'a> Deserialize<'a>>(word: Option<String>) -> Option<T> {
    let word: <String as IntoDeserializer<'_, NoSuchWord>>::Deserializer = word?.into_deserializer();
    T::deserialize(word).ok()
}

/// What came of raising the protocol version that stored bytes keep to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Raised {
    /// The protocol version until now.
    pub from: u16,
    /// The protocol version from now on: the highest that every live member reads.
    pub to: u16,
    /// The nodes that read no more than that, where others do.
    pub held_back_by: Vec<u16>,
}

/// Who can list what is live in the cluster.
#[async_trait]
pub trait Lists: Send + Sync + 'static {
    /// Live entities of the whole cluster. Also says which shards could not be asked.
    async fn list(&self, wanted: &EntityQuery) -> (Vec<EntityStatus>, Vec<u16>);
}

/// What operators may ask of a node.
#[async_trait]
pub trait Operations: Lists {
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
            json!({"service": "s", "started_at_ms": 5, "place": "offer", "queue": "q", "agent": "ann"});
        assert_eq!(seen(About::Session(session)), wanted);
        let (waits_since_ms, trouble) = (Some(7), text("not configured"));
        let queue = QueueGlance { waiting: 3, waits_since_ms, free_agents: 2, trouble };
        let wanted =
            json!({"waiting": 3, "free_agents": 2, "waits_since_ms": 7, "trouble": "not configured"});
        assert_eq!(seen(About::Queue(queue)), wanted);
        let (nickname, reason) = (text("Ann"), text("tea"));
        let agent = AgentGlance { nickname, reason, since_ms: Some(9), work: 1, capacity: Some(4) };
        let wanted = json!({"nickname": "Ann", "reason": "tea", "since_ms": 9, "work": 1, "capacity": 4});
        assert_eq!(seen(About::Agent(agent)), wanted);
    }
}
