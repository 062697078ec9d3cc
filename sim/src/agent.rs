//! A simulated agent: takes chats, answers, sometimes declines, lets an offer ring out, leaves early, or is gone for a
//! while with all their windows.

use crate::client::{Client, NoAnswer};
use crate::reader::Reader;
use handoff_chat::command::{Act, Answer, Caller, Command, Leaving, Read, Reading, Reject};
use handoff_chat::desk::{Desk, DeskAct, Profile, Stage, Status};
use handoff_chat::event::{Body, Role};
use handoff_chat::{AgentName, CommandId, EntityId, QueueName, SessionId};
use rand::RngExt;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

/// Most chats of a simulated agent at a time.
pub const CAPACITY: u32 = 2;

/// The queue that they serve.
pub const QUEUE: &str = "support";

/// What was acknowledged to an agent: per session the numbers given and the texts.
pub type Acknowledged = BTreeMap<SessionId, Vec<(u64, String)>>;

/// One agent with one client; what it does next is the seed's choice.
pub struct Agent {
    client: Client,
    name: AgentName,
    over: Rc<Cell<bool>>,
    version: u64,
    minted: u32,
    chats: BTreeMap<SessionId, Reader>,
    ringing: BTreeSet<(SessionId, i64)>,
    acknowledged: Acknowledged,
}

impl Agent {
    /// An agent who works until `over`, and then until no chat is left.
    pub fn new(client: Client, name: AgentName, over: Rc<Cell<bool>>) -> Self {
        Self {
            client,
            name,
            over,
            version: 0,
            minted: 0,
            chats: BTreeMap::new(),
            ringing: BTreeSet::new(),
            acknowledged: BTreeMap::new(),
        }
    }

    fn caller(&self) -> Caller {
        Caller::Agent(self.name.clone())
    }

    /// Gives a command; what the other side ended meanwhile is no failure.
    async fn act(&mut self, entity: &EntityId, act: Act) -> Result<Option<Answer>, String> {
        self.minted += 1;
        let id = CommandId(format!("{}:{}", self.name.0, self.minted));
        let command = Command { id, caller: self.caller(), act };
        match self.client.call(entity, Some(command), None, Duration::ZERO).await {
            Ok(done) => Ok(done.answer),
            Err(NoAnswer::Refused(
                Reject::Ended | Reject::NoClaim | Reject::NotAllowed | Reject::Unknown | Reject::NotSignedIn,
            )) => Ok(None),
            Err(no) => Err(format!("agent {}: {}", self.name.0, String::from(no))),
        }
    }

    async fn desk_act(&mut self, act: DeskAct) -> Result<(), String> {
        let me = EntityId::from(&self.name);
        self.act(&me, Act::Desk(act)).await.map(drop)
    }

    /// A working day.
    pub async fn work(mut self) -> Result<Acknowledged, String> {
        self.sign_in().await?;
        let me = EntityId::from(&self.name);
        loop {
            let read = Some((self.caller(), Read::Desk { version: self.version }));
            let done = self.client.call(&me, None, read, Duration::from_millis(300)).await;
            let done = done.map_err(|no| format!("agent {}: {}", self.name.0, String::from(no)))?;
            if let Some(Reading::Desk(desk)) = done.reading {
                self.version = desk.version;
                self.take(*desk).await?;
            }
            let chats: Vec<SessionId> = self.chats.keys().cloned().collect();
            for chat in &chats {
                self.chat(chat).await?;
            }
            if self.over.get() && chats.is_empty() {
                return Ok(self.acknowledged);
            }
            if self.client.rng.random_bool(0.01) && !self.over.get() {
                // All the agent's windows are gone for longer than the grace time.
                self.client.pause(20_000..30_000).await;
                self.version = 0;
            }
            self.client.pause(10..200).await;
        }
    }

    async fn sign_in(&mut self) -> Result<(), String> {
        let queues = vec![QueueName(QUEUE.into())];
        let profile = Profile { nickname: self.name.0.clone(), capacity: CAPACITY, queues };
        self.desk_act(DeskAct::SignIn { profile }).await?;
        self.desk_act(DeskAct::Ready).await
    }

    async fn take(&mut self, desk: Desk) -> Result<(), String> {
        match desk.status {
            Status::SignedOut => self.sign_in().await?,
            Status::NotReady { .. } if !self.over.get() => self.desk_act(DeskAct::Ready).await?,
            Status::NotReady { .. } | Status::Ready => {}
        }
        let held: BTreeSet<&SessionId> = desk
            .work
            .iter()
            .filter(|work| work.stage == Stage::Chatting)
            .map(|work| &work.interaction)
            .collect();
        self.chats.retain(|chat, _| held.contains(chat));
        for work in &desk.work {
            let interaction = work.interaction.clone();
            match work.stage {
                Stage::Offered { until } if self.ringing.insert((interaction.clone(), until.0)) => {
                    match self.client.rng.random_range(0..10) {
                        0 => self.desk_act(DeskAct::Decline { interaction }).await?,
                        1 => {}
                        _ => self.desk_act(DeskAct::Accept { interaction }).await?,
                    }
                }
                Stage::Chatting => {
                    self.chats.entry(interaction).or_default();
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Reads what is new in a chat and answers it; leaves when the customer has left, and now and then before.
    async fn chat(&mut self, chat: &SessionId) -> Result<(), String> {
        let entity = EntityId::from(chat);
        let position = self.chats.get(chat).map_or(1, Reader::next);
        let read = Some((self.caller(), Read::Agent { position }));
        let view = match self.client.call(&entity, None, read, Duration::ZERO).await {
            Ok(done) => match done.reading {
                Some(Reading::View(view)) => view,
                _ => return Err("no view for an agent".to_owned()),
            },
            Err(NoAnswer::Refused(_)) => {
                self.chats.remove(chat);
                return Ok(());
            }
            Err(no) => return Err(no.into()),
        };
        let customer = view.participants.iter().find(|who| who.role == Role::Customer).map(|who| who.number);
        let by_customer = |by: u32| Some(by) == customer;
        let asked = view
            .events
            .iter()
            .filter(|event| by_customer(event.by))
            .any(|event| matches!(event.body, Body::Message { .. }));
        let left =
            view.events.iter().any(|event| by_customer(event.by) && matches!(event.body, Body::Left { .. }));
        self.chats.entry(chat.clone()).or_default().take(position, &view)?;
        if asked && !view.chat_ended {
            self.say(chat, &entity).await?;
        }
        if left || view.chat_ended {
            self.act(&entity, Act::Leave { how: Leaving::CloseIfNoAgents }).await?;
            self.chats.remove(chat);
        } else if self.client.rng.random_bool(0.01) {
            let how = if self.client.rng.random_bool(0.5) { Leaving::KeepAlive } else { Leaving::ForceClose };
            self.act(&entity, Act::Leave { how }).await?;
        }
        Ok(())
    }

    async fn say(&mut self, chat: &SessionId, entity: &EntityId) -> Result<(), String> {
        let text = format!("{} answers {}", self.name.0, self.minted + 1);
        let act = Act::Send { text: text.clone(), message_type: None };
        if let Some(answer) = self.act(entity, act).await?.and_then(Answer::chat) {
            self.acknowledged.entry(chat.clone()).or_default().push((answer.seq, text));
        }
        Ok(())
    }
}
