//! The agents' native socket: sign in, be ready, take offers, talk in several chats. All windows of an agent see the
//! same, for the desk belongs to the agent's entity, not to the socket.

mod command;
#[cfg(test)]
mod description;

use super::accounts::{Attempt, TokenError};
use super::desk::DeskView;
use super::failure::{Code, Failure};
use super::overview::{ChatFilter, Overview};
use super::past::{Lookups, no_claim};
use super::queues::Queues;
use super::sign_in_queue::Source;
use super::socket::Client;
use super::typing::Typing;
use super::wire::Framed;
use crate::clock::wall_ms;
use crate::gateway::socket::Task;
use crate::gateway::socket::metrics::SocketLabel;
use crate::gateway::socket::outbox::Outbox;
use crate::gateway::starting::minted;
use crate::gateway::{Gateway, native};
use crate::ports::CallError;
use actix_web::{HttpRequest, HttpResponse, web};
use command::{AgentAnswer, AgentCommand, How};
use handoff_chat::command::{Act, Answer, Caller, Command, Leaving, Read, Reject};
use handoff_chat::desk::{DeskAct, Profile};
use handoff_chat::id::hex;
use handoff_chat::{AgentName, CommandId, EntityId, SessionId};
use handoff_shard::Call;
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// Longest id of a command of an entity, in bytes.
const COMMAND_ID_BYTES_MAX: usize = 64;
/// Most positions that a client brings along.
const POSITIONS_MAX: usize = 256;
const REASON_BYTES_MAX: usize = 256;

/// One socket of an agent; serves nobody until somebody has signed in.
pub(super) struct Agent {
    gateway: web::Data<Gateway>,
    /// Where the socket comes from.
    source: Source,
    outbox: Rc<Outbox>,
    me: RefCell<Option<Me>>,
    typing: Typing,
    lookups: Lookups,
    /// Shows what is live, to a supervisor who wants to see it.
    overview: RefCell<Option<Task>>,
    /// Shows how many wait in the agent's queues, while they want to see it.
    queues: RefCell<Option<Task>>,
}

/// Who has signed in here.
struct Me {
    name: AgentName,
    desk: Rc<DeskView>,
    _following: Task,
    _renewing: Task,
}

/// `GET /v1/agent`.
pub(super) async fn connect(
    request: HttpRequest,
    payload: web::Payload,
    gateway: web::Data<Gateway>,
) -> Result<HttpResponse, actix_web::Error> {
    let span = tracing::info_span!("agent socket", agent = tracing::field::Empty);
    let agent = Agent::of(gateway.admission.source(&request), Typing::default());
    native::socket::upgrade(request, payload, gateway, span, agent).await
}

/// `/v1/agent/poll`.
pub(super) async fn poll(
    request: HttpRequest,
    payload: web::Payload,
    gateway: web::Data<Gateway>,
) -> HttpResponse {
    let span = tracing::info_span!("agent poll", agent = tracing::field::Empty);
    let agent = Agent::of(gateway.admission.source(&request), Typing::that_outlasts());
    native::poll::answer(request, payload, gateway, span, agent).await
}

impl Client for Agent {
    type Answer = AgentAnswer;
    const KIND: SocketLabel = SocketLabel::agent;
    const POLL: SocketLabel = SocketLabel::agent_poll;
    const COMMANDS: &'static [&'static str] = &[
        "sign_in",
        "sign_out",
        "ready",
        "not_ready",
        "accept",
        "decline",
        "send",
        "send_rich",
        "typing",
        "leave",
        "read",
        "attach",
        "push_url",
        "notice",
        "watch_queues",
        "oversee",
        "history",
        "transcript",
    ];
    const BEGINNINGS: &'static [&'static str] = &["sign_in"];

    fn lane(framed: &Framed) -> String {
        match framed.name.as_str() {
            "send" | "send_rich" | "typing" | "leave" | "read" | "attach" | "push_url" | "notice" => {
                framed.text("chat").to_owned()
            }
            // Its pages wait for their reader; what the agent does at the desk does not wait for them.
            "transcript" => framed.name.clone(),
            _ => String::new(),
        }
    }

    async fn carry_out(self: Rc<Self>, id: String, framed: Framed) -> Result<AgentAnswer, Failure> {
        let command = framed.command()?;
        if let AgentCommand::SignIn { name, password, token, version, positions } = command {
            return self.sign_in(name, (password, token), (version, positions)).await;
        }
        let (me, desk) = self.me()?;
        match command {
            AgentCommand::SignIn { .. } => Err(Failure::bad("signed in already")),
            AgentCommand::SignOut => self.desk(&me, &id, DeskAct::SignOut).await,
            AgentCommand::Ready => self.desk(&me, &id, DeskAct::Ready).await,
            AgentCommand::NotReady { reason } if reason.len() > REASON_BYTES_MAX => {
                Err(Failure::bad(format!("reason is longer than {REASON_BYTES_MAX} bytes")))
            }
            AgentCommand::NotReady { reason } => self.desk(&me, &id, DeskAct::NotReady { reason }).await,
            AgentCommand::Accept { chat } => {
                self.desk(&me, &id, DeskAct::Accept { interaction: parse(&chat)? }).await
            }
            AgentCommand::Decline { chat } => {
                self.desk(&me, &id, DeskAct::Decline { interaction: parse(&chat)? }).await
            }
            AgentCommand::Send { chat, text, message_type, internal } => {
                native::check_message(&text, message_type.as_deref())?;
                let act = if internal {
                    Act::SendInternal { text, message_type }
                } else {
                    Act::Send { text, message_type }
                };
                self.says(&me, &parse(&chat)?, &id, act).await
            }
            AgentCommand::SendRich { chat, content } => {
                let answer = self.chat(&me, &parse(&chat)?, command_id(&id), native::rich(&content)?).await?;
                Ok(AgentAnswer::Posted { index: native::index_of(answer) })
            }
            AgentCommand::Typing { chat, started, preview } => {
                self.types(&me, &parse(&chat)?, started, preview).await
            }
            AgentCommand::Read { chat, position } => self
                .chat(&me, &parse(&chat)?, minted(), Act::MarkRead { position })
                .await
                .map(|_| AgentAnswer::Done {}),
            AgentCommand::Attach { chat, data } => {
                self.notice(&me, &chat, &id, native::attach(data, &self.gateway)?).await
            }
            AgentCommand::PushUrl { chat, url } => self.notice(&me, &chat, &id, native::push_url(url)?).await,
            AgentCommand::Notice { chat, text, message_type } => {
                self.notice(&me, &chat, &id, native::notice(text, message_type)?).await
            }
            AgentCommand::Leave { chat, how } => {
                let how = match how {
                    How::KeepAlive => Leaving::KeepAlive,
                    How::CloseIfNoAgents => Leaving::CloseIfNoAgents,
                    How::ForceClose => Leaving::ForceClose,
                };
                self.chat(&me, &parse(&chat)?, command_id(&id), Act::Leave { how })
                    .await
                    .map(|_| AgentAnswer::Done {})
            }
            AgentCommand::WatchQueues { on } => self.watches_queues(&me, desk, on).await,
            AgentCommand::Oversee { on, chats } => self.oversees(&me, desk, on.then_some(chats)).await,
            AgentCommand::History { chat } => {
                self.lookups.history(&self.gateway, &desk, &parse(&chat)?).await.map(AgentAnswer::Past)
            }
            AgentCommand::Transcript { chat, from } => {
                let to = (&**self.gateway, &*self.outbox);
                self.lookups.transcript(to, &desk, &parse(&chat)?, from).await.map(AgentAnswer::Page)
            }
        }
    }

    fn has_begun(&self) -> bool {
        self.me.borrow().is_some()
    }

    fn close(&self) {
        *self.overview.borrow_mut() = None;
        *self.queues.borrow_mut() = None;
        if let Some(me) = self.me.borrow_mut().take() {
            self.stop_typing(&me.name);
            me.desk.close();
        }
    }
}

impl Agent {
    fn of(source: Source, typing: Typing) -> impl FnOnce(web::Data<Gateway>, Rc<Outbox>) -> Self {
        move |gateway, outbox| Self {
            gateway,
            source,
            outbox,
            me: RefCell::default(),
            typing,
            lookups: Lookups::default(),
            overview: RefCell::default(),
            queues: RefCell::default(),
        }
    }

    async fn sign_in(
        &self,
        name: String,
        (password, token): (Option<String>, Option<String>),
        (version, positions): (Option<u64>, BTreeMap<String, u64>),
    ) -> Result<AgentAnswer, Failure> {
        if positions.len() > POSITIONS_MAX {
            return Err(Failure::bad(format!("at most {POSITIONS_MAX} positions")));
        }
        if self.me.borrow().as_ref().is_some_and(|me| me.name.0 != name) {
            return Err(Failure::bad("another agent has signed in on this socket"));
        }
        let accounts = &self.gateway.agents;
        let profile = self.proved(&name, password, token.as_deref()).await?;
        let agent = AgentName(name);
        tracing::Span::current().record("agent", agent.0.as_str());
        let act = Act::Desk(DeskAct::SignIn { profile: profile.clone() });
        self.call(EntityId::from(&agent), &agent, minted(), act).await?;
        let answer = AgentAnswer::SignedIn {
            token: accounts.token(&agent.0, wall_ms()),
            nickname: profile.nickname.clone(),
            capacity: profile.capacity,
            queues: profile.queues.iter().map(|queue| queue.0.clone()).collect(),
            supervisor: accounts.supervises(&agent.0),
            grace_ms: self.gateway.options.agent_grace.as_millis().try_into().unwrap_or(u64::MAX),
        };
        // A socket that was closed meanwhile follows nothing; one that signs in once more follows already.
        if self.outbox.ending().is_none() && self.me.borrow().is_none() {
            let desk = DeskView::new(&self.gateway, &self.outbox, agent.clone(), (version, positions));
            let following = Task::spawn(Rc::clone(&desk).run());
            let renewing = Task::spawn(Rc::clone(&desk).renew());
            *self.me.borrow_mut() =
                Some(Me { name: agent, desk, _following: following, _renewing: renewing });
        }
        Ok(answer)
    }

    /// What the configuration says of an agent who proved to be the one.
    async fn proved(
        &self,
        name: &str,
        password: Option<String>,
        token: Option<&str>,
    ) -> Result<&Profile, Failure> {
        let accounts = &self.gateway.agents;
        let token = match (password, token) {
            (Some(password), token) => {
                let nodes = self.gateway.sessions.nodes().len();
                let who = Attempt { name, source: self.source, nodes, token };
                return accounts.by_password(who, password).await;
            }
            (None, Some(token)) => token,
            (None, None) => return Err(Failure::bad("a password or a token is required")),
        };
        match accounts.by_token(name, token, wall_ms()) {
            Ok(profile) => {
                accounts.came_from(self.source, name);
                Ok(profile)
            }
            Err(error) => {
                if let TokenError::Expired { ended_ms } = error
                    && accounts.waits_for(name, ended_ms, wall_ms())
                {
                    self.wait_for(name).await?;
                    accounts.waits(name, ended_ms);
                }
                Err(error.into())
            }
        }
    }

    /// An agent whose token is over counts as there, and has the grace time for the password, as if their node had just
    /// gone.
    async fn wait_for(&self, name: &str) -> Result<(), Failure> {
        let agent = AgentName(name.to_owned());
        let entity = EntityId::from(&agent);
        let call = Call {
            read: Some((Caller::Agent(agent), Read::Desk { version: 0 })),
            client_id: true,
            patience: self.gateway.options.patience,
            ..Call::of(entity)
        };
        match self.gateway.sessions.call(call).await {
            // One of whom nothing is known has no chats.
            Ok(_) | Err(CallError::Rejected(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn me(&self) -> Result<(AgentName, Rc<DeskView>), Failure> {
        let me = self.me.borrow();
        let me = me.as_ref().ok_or_else(|| Failure::new(Code::NotSignedIn, "sign in first"))?;
        Ok((me.name.clone(), Rc::clone(&me.desk)))
    }

    /// The socket is closed: who typed over it does so no longer.
    fn stop_typing(&self, me: &AgentName) {
        let (patience, sessions) = (self.gateway.options.patience, Arc::clone(&self.gateway.sessions));
        let calls = self.typing.take().into_iter().map(|chat| Call {
            command: Some(Command {
                id: minted(),
                caller: Caller::Agent(me.clone()),
                act: Act::StopTyping { preview: None },
            }),
            client_id: true,
            patience,
            ..Call::of(EntityId::from(&chat))
        });
        let calls: Vec<Call> = calls.collect();
        actix_web::rt::spawn(async move {
            for call in calls {
                // Where it can't be said, typing ends by itself a little later.
                let _ended = sessions.call(call).await;
            }
        });
    }

    async fn desk(&self, me: &AgentName, id: &str, act: DeskAct) -> Result<AgentAnswer, Failure> {
        match self.call(EntityId::from(me), me, command_id(id), Act::Desk(act)).await? {
            Some(Answer::Desk(answer)) => Ok(AgentAnswer::Desk { version: answer.version }),
            _ => Ok(AgentAnswer::Done {}),
        }
    }

    async fn says(
        &self,
        me: &AgentName,
        chat: &SessionId,
        id: &str,
        act: Act,
    ) -> Result<AgentAnswer, Failure> {
        let answer = self.chat(me, chat, command_id(id), act).await?;
        // With it the typing is over.
        self.typing.note(chat, false);
        Ok(AgentAnswer::Posted { index: native::index_of(answer) })
    }

    async fn types(
        &self,
        me: &AgentName,
        chat: &SessionId,
        started: bool,
        preview: Option<String>,
    ) -> Result<AgentAnswer, Failure> {
        let act = if started { Act::StartTyping { preview } } else { Act::StopTyping { preview } };
        self.chat(me, chat, minted(), act).await?;
        self.typing.note(chat, started);
        // The socket was closed meanwhile.
        if self.outbox.ending().is_some() {
            self.stop_typing(me);
        }
        Ok(AgentAnswer::Done {})
    }

    /// Begins to show the agent's queues, or ends it. Who is answered has been shown them once.
    async fn watches_queues(
        &self,
        me: &AgentName,
        desk: Rc<DeskView>,
        on: bool,
    ) -> Result<AgentAnswer, Failure> {
        *self.queues.borrow_mut() = None;
        if on {
            let glances = Arc::clone(&self.gateway.glances);
            let served = self.gateway.agents.queues_of(&me.0);
            let mut queues = Queues::new(glances, Rc::clone(&self.outbox), desk, served);
            // A socket that was closed meanwhile shows nothing more.
            if queues.show().await && self.outbox.ending().is_none() {
                *self.queues.borrow_mut() = Some(Task::spawn(queues.run()));
            }
        }
        Ok(AgentAnswer::Done {})
    }

    /// Begins to show the overview, with these chats, or ends it. Who is answered has been shown it once.
    async fn oversees(
        &self,
        me: &AgentName,
        desk: Rc<DeskView>,
        chats: Option<ChatFilter>,
    ) -> Result<AgentAnswer, Failure> {
        if !self.gateway.agents.supervises(&me.0) {
            return Err(Failure::new(Code::NotAllowed, "only supervisors see the overview"));
        }
        *self.overview.borrow_mut() = None;
        if let Some(chats) = chats {
            let glances = Arc::clone(&self.gateway.glances);
            let mut overview = Overview::new(glances, Rc::clone(&self.outbox), desk, chats);
            // A socket that was closed meanwhile shows nothing more.
            if overview.show().await && self.outbox.ending().is_none() {
                *self.overview.borrow_mut() = Some(Task::spawn(overview.run()));
            }
        }
        Ok(AgentAnswer::Done {})
    }

    async fn notice(&self, me: &AgentName, chat: &str, id: &str, act: Act) -> Result<AgentAnswer, Failure> {
        self.chat(me, &parse(chat)?, command_id(id), act).await.map(|_| AgentAnswer::Done {})
    }

    /// A command to a chat. Who is not in it has no claim on it.
    async fn chat(
        &self,
        me: &AgentName,
        chat: &SessionId,
        id: CommandId,
        act: Act,
    ) -> Result<Option<Answer>, Failure> {
        self.call(EntityId::from(chat), me, id, act).await
    }

    async fn call(
        &self,
        entity: EntityId,
        me: &AgentName,
        id: CommandId,
        act: Act,
    ) -> Result<Option<Answer>, Failure> {
        let is_chat = entity.session().is_some();
        let call = Call {
            command: Some(Command { id, caller: Caller::Agent(me.clone()), act }),
            client_id: true,
            patience: self.gateway.options.patience,
            ..Call::of(entity)
        };
        match self.gateway.sessions.call(call).await {
            Ok(done) => Ok(done.answer),
            Err(CallError::Rejected(Reject::NotAllowed)) if is_chat => Err(no_claim()),
            Err(error) => Err(error.into()),
        }
    }
}

fn parse(chat: &str) -> Result<SessionId, Failure> {
    SessionId::parse(chat).ok_or_else(|| Failure::new(Code::UnknownChat, "this is no chat's id"))
}

/// The id of an agent's command: the client's own, so that a repeat at any node is known as one.
fn command_id(id: &str) -> CommandId {
    let own = format!("c:{id}");
    if own.len() <= COMMAND_ID_BYTES_MAX {
        return CommandId(own);
    }
    let hash = Sha256::digest(id.as_bytes());
    CommandId(format!("h:{}", hex(&hash[..24])))
}

#[cfg(test)]
proptest::proptest! {
    #[test]
    fn any_frame_of_an_agent_is_a_command_or_refused(text in super::wire::hostile::frames(Agent::COMMANDS)) {
        super::wire::hostile::is_read_or_refused::<AgentCommand>(&text);
    }
}
