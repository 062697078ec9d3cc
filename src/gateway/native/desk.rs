//! An agent's desk on one of their sockets: the desk is followed as a chat is, and with it each chat that they are in.

use super::frames::Frames;
use super::wire;
use crate::clock::wall_ms;
use crate::gateway::Gateway;
use crate::gateway::follow::{Follower, Pace, WAIT, passes};
use crate::gateway::socket::Task;
use crate::gateway::socket::outbox::{Coming, Outbox};
use actix_web::web;
use handoff_chat::command::{Caller, Read, Reading};
use handoff_chat::desk::{Desk, Stage, Status, Work};
use handoff_chat::routing::Withdrawal;
use handoff_chat::{AgentName, EntityId, SessionId};
use handoff_shard::Call;
use schemars::JsonSchema;
use serde::Serialize;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use tokio::time::Instant;

/// What a signed-in socket follows.
pub(super) struct DeskView {
    gateway: web::Data<Gateway>,
    outbox: Rc<Outbox>,
    agent: AgentName,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    version: u64,
    /// The version that the client has from another socket.
    known: Option<u64>,
    /// What the first read brings.
    first: Option<Coming>,
    /// The agent signed out, here or in another window.
    signed_out: bool,
    /// The chats that the agent is offered (false) or in (true).
    work: Vec<(SessionId, bool)>,
    chats: BTreeMap<SessionId, Task>,
    /// Where the client goes on: in the chats that it named when it signed in, and in those followed since.
    positions: BTreeMap<SessionId, Rc<Cell<u64>>>,
}

/// Positions that are kept.
const POSITIONS_KEPT: usize = 512;

impl DeskView {
    pub(super) fn new(
        gateway: &web::Data<Gateway>,
        outbox: &Rc<Outbox>,
        agent: AgentName,
        (known, positions): (Option<u64>, BTreeMap<String, u64>),
    ) -> Rc<Self> {
        let positions = positions
            .into_iter()
            .filter_map(|(chat, next)| Some((SessionId::parse(&chat)?, Rc::new(Cell::new(next.max(1))))));
        let first = Some(outbox.expect());
        let state = State { known, first, positions: positions.collect(), ..State::default() };
        Rc::new(Self {
            gateway: gateway.clone(),
            outbox: Rc::clone(outbox),
            agent,
            state: RefCell::new(state),
        })
    }

    /// Whether the agent is in this chat, as far as this socket knows.
    pub(super) fn is_in(&self, chat: &SessionId) -> bool {
        self.state.borrow().work.iter().any(|(one, in_it)| one == chat && *in_it)
    }

    /// The chats the agent is in or is offered.
    pub(super) fn work(&self) -> Vec<SessionId> {
        self.state.borrow().work.iter().map(|(chat, _)| chat.clone()).collect()
    }

    /// Whether the agent signed out, here or in another window, as far as this socket knows.
    pub(super) fn signed_out(&self) -> bool {
        self.state.borrow().signed_out
    }

    /// Nothing is followed any more.
    pub(super) fn close(&self) {
        self.state.borrow_mut().chats.clear();
    }

    /// Gives the client a new token well before the last one ends, while the socket is open and the agent signed in.
    pub(super) async fn renew(self: Rc<Self>) {
        loop {
            tokio::time::sleep(self.gateway.agents.renewed_after()).await;
            if self.state.borrow().signed_out {
                continue;
            }
            if !self.outbox.room().await {
                return;
            }
            if let Some(token) = self.gateway.agents.token(&self.agent.0, wall_ms()) {
                self.outbox.push_news(wire::text(&DeskFrame::Token { token }));
            }
        }
    }

    /// Follows the desk as long as the socket is open.
    pub(super) async fn run(self: Rc<Self>) {
        let mut pace = Pace::new();
        loop {
            let begun = Instant::now();
            let version = self.state.borrow().version;
            let call = Call {
                read: Some((Caller::Agent(self.agent.clone()), Read::Desk { version })),
                client_id: true,
                patience: WAIT + self.gateway.options.patience,
                wait: WAIT,
                ..Call::of(EntityId::from(&self.agent))
            };
            let done = self.gateway.sessions.call(call).await;
            match done.map(|done| done.reading) {
                Ok(Some(Reading::Desk(desk))) if desk.version > version => {
                    pace.reset();
                    if !self.outbox.room().await {
                        return;
                    }
                    self.show(&desk);
                }
                // Nothing new, sooner than it should be known: the read could not wait at the owner.
                Ok(_) if begun.elapsed() < WAIT / 4 => pace.pause().await,
                Ok(_) => pace.reset(),
                Err(error) => {
                    if !passes(&error) {
                        tracing::warn!(%error, "an agent's desk can't be read");
                    }
                    pace.pause().await;
                }
            }
        }
    }

    fn show(&self, desk: &Desk) {
        let mut state = self.state.borrow_mut();
        if state.known.take() != Some(desk.version) {
            self.outbox.push_news(wire::text(&DeskFrame::of(desk, wall_ms())));
        }
        state.version = desk.version;
        state.signed_out = desk.status == Status::SignedOut;
        let shown =
            desk.work.iter().filter(|work| !matches!(work.stage, Stage::Reserved | Stage::Over { .. }));
        state.work = shown.map(|work| (work.interaction.clone(), work.stage == Stage::Chatting)).collect();
        let chatting: Vec<SessionId> =
            state.work.iter().filter(|(_, in_it)| *in_it).map(|(chat, _)| chat.clone()).collect();
        // At first, what the client had a position in may have become over while it was away.
        let first = state.first.take();
        let over = |chat: &&SessionId| !chatting.contains(chat);
        let over: Vec<SessionId> = match first {
            Some(_) => state.positions.keys().filter(over).cloned().collect(),
            None => state.chats.keys().filter(over).cloned().collect(),
        };
        for chat in over {
            state.chats.remove(&chat);
            if let Some(next) = state.positions.get(&chat) {
                self.read_to_end(chat, Rc::clone(next));
            }
        }
        if state.positions.len() > POSITIONS_KEPT {
            state.positions.retain(|chat, _| chatting.contains(chat));
        }
        for chat in chatting {
            if !state.chats.contains_key(&chat) {
                let next = state.positions.entry(chat.clone()).or_insert_with(|| Rc::new(Cell::new(1)));
                let follower = self.follower(chat.clone(), Rc::clone(next));
                state.chats.insert(chat, Task::spawn(follower.run()));
            }
        }
    }

    /// What is over is read once more, to its end, by a follower whom nobody holds.
    fn read_to_end(&self, chat: SessionId, next: Rc<Cell<u64>>) {
        let follower = Follower { over: true, ..self.follower(chat, next) };
        let coming = self.outbox.expect();
        Task::spawn(async move {
            follower.run().await;
            drop(coming);
        })
        .release();
    }

    fn follower(&self, chat: SessionId, next: Rc<Cell<u64>>) -> Follower<Frames> {
        let caller = Caller::Agent(self.agent.clone());
        let to = Frames::new(&self.outbox, chat.clone(), caller.clone());
        self.gateway.follower(chat, caller, next, to)
    }
}

/// What is sent of a desk.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum DeskFrame<'d> {
    /// The whole desk, after signing in and after each change.
    Desk {
        /// Rises with each change.
        version: u64,
        status: StatusShown<'d>,
        /// The agent's offers and chats.
        work: Vec<WorkShown<'d>>,
    },
    /// A new token, every 6 hours while the socket is open and the agent signed in: keep it instead of the last one.
    Token {
        /// Good for 12 hours from now on.
        token: String,
    },
}

/// Whether the agent takes chats.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DeskStatus")]
pub(super) struct StatusShown<'d> {
    state: StatusWord,
    /// Of `not_ready`: what the agent gave.
    reason: Option<&'d str>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "DeskState")]
enum StatusWord {
    Ready,
    NotReady,
    SignedOut,
}

/// An offer or a chat of the agent.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DeskWork")]
pub(super) struct WorkShown<'d> {
    chat: &'d str,
    /// The queue that it came from.
    queue: &'d str,
    customer: CustomerShown<'d>,
    #[serde(flatten)]
    stage: StageShown,
}

/// The customer, as agents see them before they take the chat.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DeskCustomer")]
struct CustomerShown<'d> {
    nickname: &'d str,
    subject: &'d str,
    /// Since when they have waited, in milliseconds since 1970.
    since: i64,
    /// Higher goes first.
    priority: i32,
    /// Attached data: at most 64 keys, whole to 8 KiB; beyond it, a value over 256 bytes is cut, and ends with an
    /// ellipsis.
    data: &'d BTreeMap<String, String>,
    /// How many keys of attached data are missing or cut.
    left_out: u32,
    /// Whether the site signed who the customer is; else it is only said.
    verified: bool,
}

/// How far it is.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "stage", rename_all = "snake_case")]
#[schemars(rename = "DeskStage")]
enum StageShown {
    /// It rings.
    Offered {
        /// When it times out, in milliseconds since 1970.
        until: i64,
        /// How long it still rings, in milliseconds.
        left_ms: i64,
    },
    /// It was accepted, and is on its way.
    Accepting,
    /// The agent is in the chat.
    Chatting,
    /// It is over.
    Over {
        /// How it came to be over.
        why: OverWhy,
    },
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum OverWhy {
    /// The offer rang too long.
    TimedOut,
    /// The customer left before it was accepted.
    Abandoned,
    /// The agent left.
    Left,
    /// The chat ended.
    Ended,
    /// The agent was away too long, and the customer waits for somebody else.
    Lost,
}

impl<'d> DeskFrame<'d> {
    fn of(desk: &'d Desk, now_ms: i64) -> Self {
        let (state, reason) = match &desk.status {
            Status::SignedOut => (StatusWord::SignedOut, None),
            Status::Ready => (StatusWord::Ready, None),
            Status::NotReady { reason } => (StatusWord::NotReady, Some(reason.as_str())),
        };
        let work = desk.work.iter().filter_map(|work| WorkShown::of(work, now_ms)).collect();
        Self::Desk { version: desk.version, status: StatusShown { state, reason }, work }
    }
}

impl<'d> WorkShown<'d> {
    /// None: agents are not shown it yet.
    fn of(work: &'d Work, now_ms: i64) -> Option<Self> {
        let stage = match &work.stage {
            Stage::Reserved => return None,
            Stage::Offered { until } => {
                StageShown::Offered { until: until.0, left_ms: until.0.saturating_sub(now_ms).max(0) }
            }
            Stage::Accepting => StageShown::Accepting,
            Stage::Chatting => StageShown::Chatting,
            Stage::Over { why } => StageShown::Over { why: OverWhy::of(*why) },
        };
        let ticket = &work.ticket;
        let customer = CustomerShown {
            nickname: &ticket.nickname,
            subject: &ticket.subject,
            since: ticket.since.0,
            priority: ticket.priority,
            data: &ticket.data,
            left_out: ticket.left_out,
            verified: ticket.verified,
        };
        Some(Self { chat: &work.interaction.0, queue: &work.queue.0, customer, stage })
    }
}

impl OverWhy {
    fn of(why: Withdrawal) -> Self {
        match why {
            Withdrawal::TimedOut => Self::TimedOut,
            Withdrawal::Abandoned => Self::Abandoned,
            Withdrawal::Left => Self::Left,
            Withdrawal::Ended => Self::Ended,
            Withdrawal::Lost => Self::Lost,
        }
    }
}
