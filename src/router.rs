//! Finds a session's owner and asks it, through takeovers: what every gateway calls.

use crate::actor::handle::ShardDirectory;
use crate::clock::Clock;
use crate::listing::list_here;
use crate::node_state::{NodeState, Stage};
use crate::observer::Observer;
use crate::ports::{Ask, AskError, Sessions, Told};
use crate::record::OPENING_ROW;
use crate::record_reader::read_final;
use crate::shard::ShardReply;
use crate::wire::{Forwarded, Request, Returned};
use arc_swap::ArcSwap;
use async_trait::async_trait;
use bytes::Bytes;
use handoff_chat::SessionId;
use handoff_chat::command::{Act, Caller, Command, Read, Reading, Reject};
use handoff_cluster::{MemberList, MemberState, PeerService, Peers, shard_of};
use handoff_journal::{NodeId, Owner, ShardId, Table, Tables};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// While a shard has no owner a gateway waits so long before it says "again".
const NO_OWNER_MS: u64 = 2_000;

/// Between two tries, in milliseconds; doubles from the first to the second.
const RETRY_MS: (u64, u64) = (2, 40);

/// Ids tried when a session is to be minted for a shard of this node.
const MINT_TRIES: usize = 256;

/// One for each node; it asks this node's shards directly, and others over the links.
pub struct Router {
    /// This node's number: calls to it take no link.
    pub node: NodeId,
    /// The newest member list this node acts on.
    pub list: Arc<ArcSwap<MemberList>>,
    /// The shards here.
    pub directory: Arc<ShardDirectory>,
    /// The links to the other nodes.
    pub peers: Arc<dyn Peers>,
    /// For sessions that have retired into their records.
    pub tables: Arc<dyn Tables>,
    /// The node's clock; simulations bring their own.
    pub clock: Arc<dyn Clock>,
    /// Where this node stands.
    pub node_state: Arc<NodeState>,
    /// Counts what happens.
    pub observer: Arc<dyn Observer>,
    /// Random bits for new ids.
    pub random: Arc<dyn Fn() -> [u8; 16] + Send + Sync>,
}

/// How one try ended.
enum Try {
    /// The shard has answered, be it with a refusal.
    Answered(ShardReply),
    /// Certainly nothing was done; try again.
    Nothing,
    /// It may have been done: repeat with the same id.
    Perhaps,
}

impl Router {
    async fn attempt(&self, ask: &Ask, shard: ShardId, left: Duration) -> Try {
        if let Some(handle) = self.directory.get(shard) {
            let patience_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
            let deadline_ms = self.clock.now().mono_ms.saturating_add(patience_ms);
            let wait_until_ms = self.wait_until(ask.wait);
            let asked = handle.ask(
                ask.entity.clone(),
                ask.command.clone(),
                ask.read.clone(),
                deadline_ms,
                wait_until_ms,
            );
            return match tokio::time::timeout(left, asked).await {
                Ok(Some(ShardReply::NotOwner(Some(to)))) if to.node != self.node => {
                    self.forward(ask, to.node, left).await
                }
                Ok(Some(reply)) => Try::Answered(reply),
                Ok(None) | Err(_) => Try::Perhaps,
            };
        }
        let assignment = self.list.load().assigned(shard);
        let asked = match assignment.to.filter(|to| to.node != self.node) {
            Some(to) => self.forward(ask, to.node, left).await,
            None => Try::Nothing,
        };
        // While a shard moves, the owner before goes on serving it until the shard is prepared for the next one.
        match (asked, assignment.from.filter(|from| from.node != self.node)) {
            (Try::Nothing | Try::Answered(ShardReply::NotOwner(_)), Some(from)) => {
                self.forward(ask, from.node, left).await
            }
            (asked, _) => asked,
        }
    }

    /// Until when a read waits here; 0: it does not.
    fn wait_until(&self, wait: Duration) -> u64 {
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(0);
        if wait_ms == 0 { 0 } else { self.clock.now().mono_ms.saturating_add(wait_ms) }
    }

    async fn forward(&self, ask: &Ask, to: NodeId, left: Duration) -> Try {
        let forwarded = Forwarded {
            entity: ask.entity.clone(),
            command: ask.command.clone(),
            read: ask.read.clone(),
            patience_ms: u64::try_from(left.as_millis()).unwrap_or(u64::MAX),
            wait_ms: u64::try_from(ask.wait.as_millis()).unwrap_or(0),
        };
        let Ok(request) = handoff_codec::encode_bare(&Request::Ask(forwarded)) else { return Try::Nothing };
        match self.peers.call(to, request.into(), left).await {
            Ok(bytes) => match handoff_codec::decode_bare::<Returned>(&bytes).map(Option::from) {
                Ok(Some(reply)) => Try::Answered(reply),
                Ok(None) | Err(_) => Try::Perhaps,
            },
            Err(error) if error.never_began() => Try::Nothing,
            Err(_) => Try::Perhaps,
        }
    }

    async fn ask_owner(&self, ask: &Ask) -> Result<Told, AskError> {
        let shard = shard_of(&ask.entity.0, self.list.load().shards);
        let started = Instant::now();
        let no_owner = Duration::from_millis(NO_OWNER_MS);
        let mut wait_ms = RETRY_MS.0;
        let mut perhaps = false;
        loop {
            let left = ask.patience.saturating_sub(started.elapsed());
            if left.is_zero() {
                return Err(gave_up(ask, perhaps));
            }
            match self.attempt(ask, shard, left).await {
                Try::Answered(ShardReply::Told(told)) => return Ok(told),
                Try::Answered(ShardReply::Refused(reject)) => return Err(AskError::Rejected(reject)),
                Try::Answered(ShardReply::Busy) if !perhaps => return Err(AskError::Busy),
                Try::Answered(_) | Try::Nothing => {}
                Try::Perhaps => perhaps |= ask.command.is_some(),
            }
            if !perhaps && started.elapsed() >= no_owner {
                return Err(AskError::Again);
            }
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
            wait_ms = (wait_ms * 2).min(RETRY_MS.1);
        }
    }

    /// A start id leads to the same session for ever: one whose session has retired into its record, or was put away,
    /// starts no other.
    async fn may_open(&self, ask: &Ask) -> Result<(), AskError> {
        let Some(Command { act: Act::Open(opening), .. }) = &ask.command else { return Ok(()) };
        if opening.sealed_key.is_none() {
            return Ok(());
        }
        match self.tables.get(Table::Record, &ask.entity.0, OPENING_ROW).await {
            Ok(None) => return Ok(()),
            Ok(Some(_)) => {}
            Err(_) => return Err(AskError::Again),
        }
        let read = Some((Caller::Customer(opening.key_hash), Read::Customer { position: 0 }));
        let look = Ask { command: None, read, ..ask.clone() };
        match self.ask_owner(&look).await {
            Err(AskError::Rejected(Reject::Unknown)) => Err(AskError::Rejected(Reject::IdInUse)),
            Err(error @ (AskError::Again | AskError::Busy | AskError::Unknown)) => Err(error),
            Ok(_) | Err(AskError::Rejected(_)) => Ok(()),
        }
    }

    /// A customer's read of a session that has retired into its record.
    async fn read_from_record(&self, ask: &Ask) -> Option<Told> {
        let Some((caller @ Caller::Customer(_), read @ Read::Customer { .. })) = &ask.read else {
            return None;
        };
        if ask.command.is_some() {
            return None;
        }
        let id = ask.entity.session()?;
        match read_final(self.tables.as_ref(), &id, caller, read).await.ok()?? {
            Ok(reading @ Reading::View(_)) => Some(Told { answer: None, reading: Some(reading) }),
            _ => None,
        }
    }
}

fn gave_up(ask: &Ask, perhaps: bool) -> AskError {
    if perhaps && !ask.client_id { AskError::Unknown } else { AskError::Again }
}

#[async_trait]
impl Sessions for Router {
    async fn ask(&self, ask: Ask) -> Result<Told, AskError> {
        let mut result = match self.may_open(&ask).await {
            Ok(()) => self.ask_owner(&ask).await,
            Err(error) => Err(error),
        };
        if matches!(result, Err(AskError::Rejected(Reject::Unknown)))
            && let Some(told) = self.read_from_record(&ask).await
        {
            result = Ok(told);
        }
        self.observer.call(match &result {
            Ok(_) => "told",
            Err(AskError::Rejected(_)) => "refused",
            Err(AskError::Again) => "again",
            Err(AskError::Busy) => "busy",
            Err(AskError::Unknown) => "unknown",
        });
        result
    }

    fn mint(&self) -> SessionId {
        let shards = self.list.load().shards;
        let mut session = SessionId::from_random(&(self.random)());
        for _ in 0..MINT_TRIES {
            if self.directory.has(shard_of(&session.0, shards)) {
                break;
            }
            session = SessionId::from_random(&(self.random)());
        }
        session
    }

    fn leaving(&self) -> bool {
        self.node_state.stage() == Stage::Draining
    }

    fn nodes(&self) -> Vec<String> {
        let list = self.list.load();
        let serving = list.members.iter().filter(|member| member.state == MemberState::Up);
        let (own, others): (Vec<_>, Vec<_>) = serving.partition(|member| member.owner.node == self.node);
        own.into_iter().chain(others).map(|member| member.http_url.clone()).collect()
    }

    fn ready(&self) -> Result<(), String> {
        self.node_state.ready()
    }
}

/// What a node does for its peers' gateways and supervisors.
pub struct Service {
    /// The shards here.
    pub directory: Arc<ShardDirectory>,
    /// How many shards there are.
    pub shards: u16,
    /// The node's clock; simulations bring their own.
    pub clock: Arc<dyn Clock>,
    /// Takes what supervisors say.
    pub notes: Arc<dyn Fn(Owner, Bytes) + Send + Sync>,
}

#[async_trait]
impl PeerService for Service {
    async fn call(&self, _from: Owner, request: Bytes) -> Bytes {
        let returned = match handoff_codec::decode_bare::<Request>(&request) {
            Err(_) => Returned::Again,
            Ok(Request::List(wanted)) => {
                let listed = list_here(&self.directory, self.shards, &wanted).await;
                return handoff_codec::encode_bare(&listed).map(Bytes::from).unwrap_or_default();
            }
            Ok(Request::Ask(call)) => match self.directory.get(shard_of(&call.entity.0, self.shards)) {
                None => Returned::NotOwner(None),
                Some(handle) => {
                    let now_ms = self.clock.now().mono_ms;
                    let deadline_ms = now_ms.saturating_add(call.patience_ms);
                    let wait_until_ms =
                        if call.wait_ms == 0 { 0 } else { now_ms.saturating_add(call.wait_ms) };
                    handle.ask(call.entity, call.command, call.read, deadline_ms, wait_until_ms).await.into()
                }
            },
        };
        handoff_codec::encode_bare(&returned).map(Bytes::from).unwrap_or_default()
    }

    fn notice(&self, from: Owner, notice: Bytes) {
        (self.notes)(from, notice);
    }
}
