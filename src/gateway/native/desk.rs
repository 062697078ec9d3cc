//! An agent's desk on one of their sockets: the desk is followed as a chat is, and with it each chat that they are in.

use super::frames::Frames;
use crate::clock::wall_ms;
use crate::gateway::Gateway;
use crate::gateway::follow::{Follower, Pace, WAIT, passes};
use crate::gateway::socket::Task;
use crate::gateway::socket::outbox::Outbox;
use actix_web::web;
use handoff_chat::command::{Caller, Read, Reading};
use handoff_chat::desk::{Desk, Stage, Status, Work};
use handoff_chat::routing::Withdrawal;
use handoff_chat::{AgentName, EntityId, SessionId};
use handoff_shard::Call;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use tokio::sync::Notify;
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
    /// The agent signed out, here or in another window.
    signed_out: bool,
    /// The chats that the agent is offered (false) or in (true).
    work: Vec<(SessionId, bool)>,
    chats: BTreeMap<SessionId, (Rc<Notify>, Task)>,
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
        positions: BTreeMap<String, u64>,
    ) -> Rc<Self> {
        let positions =
            positions.into_iter().map(|(chat, next)| (SessionId(chat), Rc::new(Cell::new(next.max(1)))));
        let state = State { positions: positions.collect(), ..State::default() };
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
                self.outbox.push(json!({"event": "token", "token": token}).to_string());
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
            let told = self.gateway.sessions.call(call).await;
            match told.map(|told| told.reading) {
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
        self.outbox.push(desk_frame(desk, wall_ms()).to_string());
        let mut state = self.state.borrow_mut();
        state.version = desk.version;
        state.signed_out = desk.status == Status::SignedOut;
        let shown =
            desk.work.iter().filter(|work| !matches!(work.stage, Stage::Reserved | Stage::Over { .. }));
        state.work = shown.map(|work| (work.interaction.clone(), work.stage == Stage::Chatting)).collect();
        let chatting: Vec<SessionId> =
            state.work.iter().filter(|(_, in_it)| *in_it).map(|(chat, _)| chat.clone()).collect();
        // What is over is read once more to its end by a follower whom nobody holds any more.
        state.chats.retain(|chat, (over, task)| {
            let stays = chatting.contains(chat);
            if !stays {
                over.notify_one();
                task.release();
            }
            stays
        });
        if state.positions.len() > POSITIONS_KEPT {
            state.positions.retain(|chat, _| chatting.contains(chat));
        }
        for chat in chatting {
            if !state.chats.contains_key(&chat) {
                let next = state.positions.entry(chat.clone()).or_insert_with(|| Rc::new(Cell::new(1)));
                let follower = self.follower(chat.clone(), Rc::clone(next));
                let over = Rc::clone(&follower.over);
                state.chats.insert(chat, (over, Task::spawn(follower.run())));
            }
        }
    }

    fn follower(&self, chat: SessionId, next: Rc<Cell<u64>>) -> Follower<Frames> {
        let caller = Caller::Agent(self.agent.clone());
        let to = Frames::new(&self.outbox, chat.clone(), caller.clone());
        self.gateway.follower(chat, caller, next, to)
    }
}

/// The whole desk.
fn desk_frame(desk: &Desk, now_ms: i64) -> Value {
    let (state, reason) = match &desk.status {
        Status::SignedOut => ("signed_out", None),
        Status::Ready => ("ready", None),
        Status::NotReady { reason } => ("not_ready", Some(reason)),
    };
    let work: Vec<Value> = desk.work.iter().filter_map(|work| work_frame(work, now_ms)).collect();
    json!({
        "event": "desk", "version": desk.version, "status": {"state": state, "reason": reason}, "work": work,
    })
}

fn work_frame(work: &Work, now_ms: i64) -> Option<Value> {
    let mut frame = json!({
        "chat": work.interaction.0,
        "queue": work.queue.0,
        "customer": {
            "nickname": work.ticket.nickname,
            "subject": work.ticket.subject,
            "since": work.ticket.since.0,
            "priority": work.ticket.priority,
            "data": work.ticket.data,
            "left_out": work.ticket.left_out,
            "verified": work.ticket.verified,
        },
    });
    let fields = frame.as_object_mut()?;
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    match &work.stage {
        Stage::Reserved => return None,
        Stage::Offered { until } => {
            put("stage", "offered".into());
            put("until", until.0.into());
            put("left_ms", until.0.saturating_sub(now_ms).max(0).into());
        }
        Stage::Accepting => {
            put("stage", "accepting".into());
        }
        Stage::Chatting => {
            put("stage", "chatting".into());
        }
        Stage::Over { why } => {
            put("stage", "over".into());
            put("why", why_word(*why).into());
        }
    }
    Some(frame)
}

fn why_word(why: Withdrawal) -> &'static str {
    match why {
        Withdrawal::TimedOut => "timed_out",
        Withdrawal::Abandoned => "abandoned",
        Withdrawal::Left => "left",
        Withdrawal::Ended => "ended",
        Withdrawal::Lost => "lost",
    }
}
