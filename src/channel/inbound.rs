//! What comes in from an address: into the chat that it belongs to, once however often it comes.
//!
//! The correspondent says which chat that is. A chat that takes nothing more is told to it, and the message begins
//! another one. All of it may be repeated, at any node: the channel's own id of a message is the id of each command
//! that it becomes.

use crate::gateway::given::Given;
use crate::gateway::starting::{OpenError, Start, StartError, start_of_address};
use crate::gateway::{Gateway, GatewayOptions, ServiceOptions};
use crate::ports::CallError;
use handoff_chat::channel::{Address, Channel, Delivery, Proof};
use handoff_chat::command::{Act, Answer, Caller, Command, Reject};
use handoff_chat::contact::CONTACT_ID_KEY;
use handoff_chat::id::hex;
use handoff_chat::session::too_long;
use handoff_chat::{CommandId, EntityId, SessionId};
use handoff_shard::Call;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Most chats that a message is offered to before its channel is told to bring it again.
const CHATS_MAX: usize = 3;

/// A message that came from an address.
pub(super) struct Arrival {
    /// The channel with the address in it, as the chat will have it if this begins one.
    pub(super) channel: Channel,
    /// Where it came from.
    pub(super) from: Address,
    /// The channel's own id of it; a repeat has the same.
    pub(super) id: String,
    /// What it says.
    pub(super) text: String,
    /// What is known of the customer, for the start of a chat.
    pub(super) given: Given,
    /// The service that a chat begins with.
    pub(super) service: String,
}

/// Why a message was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum ReceiveError {
    /// A chat can't begin with what was given.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A chat could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The chat refuses, or can't be reached.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The service is configured no longer.
    #[error("there is no such service")]
    Service,
}

/// Takes a message; answers the chat that has it.
///
/// # Errors
/// [`ReceiveError`]; whatever it is, the same message may be brought again.
pub(super) async fn receive(gateway: &Gateway, arrival: &Arrival) -> Result<SessionId, ReceiveError> {
    let service = gateway.options.services.get(&arrival.service).ok_or(ReceiveError::Service)?;
    // Nobody keeps a place for a chat that could never begin.
    let start = arrival.start(service, &gateway.options)?;
    let mut refused_by = None;
    for _ in 0..CHATS_MAX {
        let (chat, taken) = belongs(gateway, arrival, refused_by).await?;
        if taken || deliver(gateway, arrival, &chat, (service, &start)).await? {
            return Ok(chat);
        }
        refused_by = Some(chat);
    }
    Err(CallError::Again.into())
}

/// The channel says how far an event has come.
///
/// # Errors
/// [`CallError`]; a repeat does no harm.
pub(super) async fn progress(
    gateway: &Gateway,
    from: Address,
    (chat, seq): (SessionId, u64),
    delivery: Delivery,
) -> Result<(), CallError> {
    let id = CommandId(format!("progress:{seq}:{}", delivery.word()));
    let act = Act::Progress { seq, delivery };
    call(gateway, EntityId::from(&chat), id, from, act).await.map(drop)
}

async fn belongs(
    gateway: &Gateway,
    arrival: &Arrival,
    refused_by: Option<SessionId>,
) -> Result<(SessionId, bool), CallError> {
    let act = Act::Receive { refused_by };
    let entity = arrival.from.correspondent();
    match call(gateway, entity, arrival.command_id(), arrival.from.clone(), act).await? {
        Some(Answer::Belongs { chat, taken }) => Ok((chat, taken)),
        _ => Err(CallError::Again),
    }
}

/// Says it in the chat, or begins the chat with it; false: the chat takes nothing more.
async fn deliver(
    gateway: &Gateway,
    arrival: &Arrival,
    chat: &SessionId,
    begins: (&ServiceOptions, &Start),
) -> Result<bool, ReceiveError> {
    match send(gateway, arrival, chat).await {
        // Nobody has begun it yet.
        Err(CallError::Rejected(Reject::Unknown)) => begin(gateway, arrival, chat, begins).await,
        sent => taken(sent),
    }
}

async fn begin(
    gateway: &Gateway,
    arrival: &Arrival,
    chat: &SessionId,
    (service, start): (&ServiceOptions, &Start),
) -> Result<bool, ReceiveError> {
    let opens =
        start_of_address(gateway, arrival.channel.clone(), (&arrival.service, service), start.clone())?;
    match say(gateway, arrival, chat, opens).await {
        // Another message has begun it meanwhile.
        Err(CallError::Rejected(Reject::IdInUse)) => taken(send(gateway, arrival, chat).await),
        opened => Ok(opened.map(|()| true)?),
    }
}

fn taken(sent: Result<(), CallError>) -> Result<bool, ReceiveError> {
    match sent {
        Ok(()) => Ok(true),
        Err(CallError::Rejected(Reject::Unknown | Reject::Ended | Reject::Full { .. })) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn send(gateway: &Gateway, arrival: &Arrival, chat: &SessionId) -> Result<(), CallError> {
    say(gateway, arrival, chat, Act::Send { text: arrival.text.clone(), message_type: None }).await
}

/// What the message is to the chat: its start, or a word in it.
async fn say(gateway: &Gateway, arrival: &Arrival, chat: &SessionId, act: Act) -> Result<(), CallError> {
    call(gateway, EntityId::from(chat), arrival.command_id(), arrival.from.clone(), act).await.map(drop)
}

async fn call(
    gateway: &Gateway,
    entity: EntityId,
    id: CommandId,
    from: Address,
    act: Act,
) -> Result<Option<Answer>, CallError> {
    let command = Command { id, caller: Caller::Customer(Proof::Address(from)), act };
    let patience = gateway.options.patience;
    let call = Call { command: Some(command), client_id: true, patience, ..Call::of(entity) };
    Ok(gateway.sessions.call(call).await?.answer)
}

impl Arrival {
    /// How a chat begins with it.
    fn start(&self, service: &ServiceOptions, options: &GatewayOptions) -> Result<Start, ReceiveError> {
        let bytes_max = service.limits.message_bytes_max;
        if too_long(self.text.len(), bytes_max) {
            return Err(CallError::Rejected(Reject::TooLong { bytes_max }).into());
        }
        let mut given = Given { text: Some(self.text.clone()), ..self.given.clone() };
        given.user_data.entry(CONTACT_ID_KEY.to_owned()).or_insert_with(|| self.contact_id());
        Ok(Start::of_channel(given, options)?)
    }

    /// Made of the channel's own id, which may be longer than a command's.
    fn command_id(&self) -> CommandId {
        let hash = Sha256::digest(self.id.as_bytes());
        CommandId(format!("in:{}", hex(&hash[..20])))
    }

    /// By which their contact is found, where nothing better is known.
    fn contact_id(&self) -> String {
        format!("{}:{}", self.from.channel, self.from.address)
    }
}
