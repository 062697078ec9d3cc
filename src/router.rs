//! Finds a session's owner and calls it, through takeovers: what every gateway calls.

use crate::actor::handle::ShardDirectory;
use crate::clock::Clock;
use crate::listing::list_here;
use crate::node_state::{NodeState, Stage};
use crate::observer::Observer;
use crate::ports::{CallError, NotReady, Sessions};
use crate::record::OPENING_ROW;
use crate::record_reader::read_final;
use crate::wire::Request;
use arc_swap::ArcSwap;
use async_trait::async_trait;
use bytes::Bytes;
use handoff_chat::SessionId;
use handoff_chat::command::{Act, Caller, Command, Read, Reading, Reject};
use handoff_cluster::{MemberList, MemberState, PeerService, Peers};
use handoff_journal::{NodeId, Owner, ShardId, Table, Tables};
use handoff_shard::{Call, Done, Outcome};
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
    Answered(Box<Outcome>),
    /// Certainly nothing was done; try again.
    Nothing,
    /// It may have been done: repeat with the same id.
    Perhaps,
}

impl Router {
    async fn attempt(&self, call: &Call, shard: ShardId, left: Duration) -> Try {
        if let Some(handle) = self.directory.get(shard) {
            let here = Call { patience: left, ..call.clone() };
            return match tokio::time::timeout(left, handle.call(self.clock.now(), here)).await {
                Ok(Outcome::NotOwner(Some(to))) if to.node != self.node => {
                    self.forward(call, to.node, left).await
                }
                Ok(Outcome::Unknown) | Err(_) => Try::Perhaps,
                Ok(outcome) => Try::Answered(Box::new(outcome)),
            };
        }
        let assignment = self.list.load().assigned(shard);
        let tried = match assignment.to.filter(|to| to.node != self.node) {
            Some(to) => self.forward(call, to.node, left).await,
            None => Try::Nothing,
        };
        // While a shard moves, the owner before goes on serving it until the shard is prepared for the next one.
        match (tried, assignment.from.filter(|from| from.node != self.node)) {
            (Try::Nothing, Some(from)) => self.forward(call, from.node, left).await,
            (Try::Answered(outcome), Some(from)) if matches!(*outcome, Outcome::NotOwner(_)) => {
                self.forward(call, from.node, left).await
            }
            (tried, _) => tried,
        }
    }

    async fn forward(&self, call: &Call, to: NodeId, left: Duration) -> Try {
        let request = Request::Call(Box::new(Call { patience: left, ..call.clone() }));
        let Ok(request) = handoff_codec::encode_bare(&request) else { return Try::Nothing };
        match self.peers.call(to, request.into(), left).await {
            Ok(bytes) => match handoff_codec::decode_bare(&bytes) {
                Ok(Outcome::Unknown) | Err(_) => Try::Perhaps,
                Ok(outcome) => Try::Answered(Box::new(outcome)),
            },
            Err(error) if error.never_began() => Try::Nothing,
            Err(_) => Try::Perhaps,
        }
    }

    async fn call_owner(&self, call: &Call) -> Result<Done, CallError> {
        let shard = ShardId::of(&call.entity.text(), self.list.load().shards);
        let started = Instant::now();
        let no_owner = Duration::from_millis(NO_OWNER_MS);
        let mut wait_ms = RETRY_MS.0;
        let mut perhaps = false;
        loop {
            let left = call.patience.saturating_sub(started.elapsed());
            if left.is_zero() {
                return Err(gave_up(call, perhaps));
            }
            match self.attempt(call, shard, left).await {
                Try::Answered(outcome) => match *outcome {
                    Outcome::Done(done) => return Ok(done),
                    Outcome::Refused(reject) => return Err(CallError::Rejected(reject)),
                    Outcome::Busy if !perhaps => return Err(CallError::Busy),
                    _ => {}
                },
                Try::Nothing => {}
                Try::Perhaps => perhaps |= call.command.is_some(),
            }
            if !perhaps && started.elapsed() >= no_owner {
                return Err(CallError::Again);
            }
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
            wait_ms = (wait_ms * 2).min(RETRY_MS.1);
        }
    }

    /// A start id leads to the same session for ever, and so does what comes from an address: a session that has
    /// retired into its record, or was put away, starts no other under its id.
    async fn may_open(&self, call: &Call) -> Result<(), CallError> {
        let Some(Command { act: Act::Open(opening), .. }) = &call.command else { return Ok(()) };
        let minted_for_this = opening.terms.channel.key().is_some_and(|key| key.sealed.is_none());
        if minted_for_this {
            return Ok(());
        }
        match self.tables.get(Table::Record, &call.entity.text(), OPENING_ROW).await {
            Ok(None) => return Ok(()),
            Ok(Some(_)) => {}
            Err(_) => return Err(CallError::Again),
        }
        let read = Some((Caller::Customer(opening.terms.channel.proof()), Read::Customer { position: 0 }));
        let read_alone = Call { command: None, read, ..call.clone() };
        match self.call_owner(&read_alone).await {
            Err(CallError::Rejected(Reject::Unknown)) => Err(CallError::Rejected(Reject::IdInUse)),
            Err(error @ (CallError::Again | CallError::Busy | CallError::Unknown)) => Err(error),
            Ok(_) | Err(CallError::Rejected(_)) => Ok(()),
        }
    }

    fn is_known(&self, call: &Call) -> Result<(), Reject> {
        match (self.list.load().protocol, &call.command) {
            // Nobody has joined yet.
            (0, _) | (_, None) => Ok(()),
            (protocol, Some(command)) => command.is_known_in(protocol),
        }
    }

    /// A customer's read of a session that has retired into its record.
    async fn read_from_record(&self, call: &Call) -> Option<Done> {
        let Some((caller @ Caller::Customer(_), read @ (Read::Customer { .. } | Read::Following { .. }))) =
            &call.read
        else {
            return None;
        };
        if call.command.is_some() {
            return None;
        }
        let id = call.entity.session()?;
        match read_final(self.tables.as_ref(), &id, caller, read).await.ok()?? {
            Ok(reading @ Reading::View(_)) => Some(Done { answer: None, reading: Some(reading) }),
            _ => None,
        }
    }
}

fn gave_up(call: &Call, perhaps: bool) -> CallError {
    if perhaps && !call.client_id { CallError::Unknown } else { CallError::Again }
}

#[async_trait]
impl Sessions for Router {
    async fn call(&self, call: Call) -> Result<Done, CallError> {
        let mut result = match self.may_open(&call).await {
            // Perhaps its owner is of a build that could not even read it.
            Ok(()) => match self.is_known(&call) {
                Ok(()) => self.call_owner(&call).await,
                Err(reject) => Err(CallError::Rejected(reject)),
            },
            Err(error) => Err(error),
        };
        if matches!(result, Err(CallError::Rejected(Reject::Unknown)))
            && let Some(done) = self.read_from_record(&call).await
        {
            result = Ok(done);
        }
        self.observer.call(match &result {
            Ok(_) => "done",
            Err(CallError::Rejected(_)) => "refused",
            Err(CallError::Again) => "again",
            Err(CallError::Busy) => "busy",
            Err(CallError::Unknown) => "unknown",
        });
        result
    }

    fn mint(&self) -> SessionId {
        let shards = self.list.load().shards;
        let mut session = SessionId::from_random(&(self.random)());
        for _ in 0..MINT_TRIES {
            if self.directory.has(ShardId::of(&session.0, shards)) {
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

    fn ready(&self) -> Result<(), NotReady> {
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
        let outcome = match handoff_codec::decode_bare::<Request>(&request) {
            Err(_) => Outcome::Again,
            Ok(Request::List(wanted)) => {
                let listed = list_here(&self.directory, self.shards, &wanted).await;
                return handoff_codec::encode_bare(&listed).map(Bytes::from).unwrap_or_default();
            }
            Ok(Request::Call(call)) => {
                match self.directory.get(ShardId::of(&call.entity.text(), self.shards)) {
                    None => Outcome::NotOwner(None),
                    Some(handle) => handle.call(self.clock.now(), *call).await,
                }
            }
        };
        handoff_codec::encode_bare(&outcome).map(Bytes::from).unwrap_or_default()
    }

    fn notice(&self, from: Owner, notice: Bytes) {
        (self.notes)(from, notice);
    }
}
