//! The customers' native socket: start or resume a chat, talk, leave; every command numbered and answered.

use super::Native;
use super::command::{CustomerAnswer, CustomerCommand, Numbered, StartCommand};
use super::waiting::Waiting;
use crate::gateway::Gateway;
use crate::gateway::given::Given;
use crate::gateway::native::failure::{Code, Failure};
use crate::gateway::native::frames::Frames;
use crate::gateway::native::socket::Client;
use crate::gateway::native::typing::Typing;
use crate::gateway::native::wire::Framed;
#[cfg(test)]
use crate::gateway::native::wire::hostile;
use crate::gateway::native::{self, socket};
use crate::gateway::options::Pulled;
use crate::gateway::socket::Task;
use crate::gateway::socket::metrics::SocketLabel;
use crate::gateway::socket::outbox::Outbox;
use crate::gateway::starting::{self, Origin, Start, minted};
use crate::rich;
use actix_web::{HttpRequest, HttpResponse, web};
use handoff_chat::CommandId;
use handoff_chat::command::{Act, Answer, Caller, Command, Reading, Reject};
use handoff_chat::key::SecureKey;
use handoff_chat::rating;
use handoff_shard::Done;
use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::rc::Rc;

/// Longest name of a run, in characters.
const RUN_CHARS_MAX: usize = 32;
/// The service where none is named.
const SERVICE: &str = "default";

/// One socket of a customer; it is for one chat.
pub(crate) struct Customer {
    gateway: web::Data<Gateway>,
    channel: Pulled,
    outbox: Rc<Outbox>,
    /// The customer's address, as far as it is known.
    from: Option<IpAddr>,
    /// The chat that this socket is for, and what follows it.
    chat: RefCell<Option<(SecureKey, Task)>>,
    typing: Typing,
}

/// `GET /v1/customer`.
pub(super) async fn connect(
    request: HttpRequest,
    payload: web::Payload,
    gateway: web::Data<Gateway>,
    native: web::Data<Native>,
) -> Result<HttpResponse, actix_web::Error> {
    let span = tracing::info_span!("customer socket", session = tracing::field::Empty);
    let from = gateway.admission.address(&request);
    let customer = Customer::of(from, native.channel, Typing::default());
    socket::upgrade(request, payload, gateway, span, customer).await
}

/// `/v1/customer/poll`.
pub(super) async fn poll(
    request: HttpRequest,
    payload: web::Payload,
    gateway: web::Data<Gateway>,
    native: web::Data<Native>,
) -> HttpResponse {
    let span = tracing::info_span!("customer poll", session = tracing::field::Empty);
    let from = gateway.admission.address(&request);
    let customer = Customer::of(from, native.channel, Typing::that_outlasts());
    native::poll::answer(request, payload, gateway, span, customer).await
}

impl Client for Customer {
    type Answer = CustomerAnswer;
    const KIND: SocketLabel = SocketLabel::customer;
    const POLL: SocketLabel = SocketLabel::customer_poll;
    const COMMANDS: &'static [&'static str] = &[
        "start", "resume", "send", "reply", "leave", "rate", "typing", "read", "attach", "push_url",
        "rename", "notice",
    ];
    const BEGINNINGS: &'static [&'static str] = &["start", "resume"];

    fn lane(_: &Framed) -> String {
        String::new()
    }

    async fn carry_out(self: Rc<Self>, _: String, framed: Framed) -> Result<CustomerAnswer, Failure> {
        match framed.command()? {
            CustomerCommand::Start(start) => self.start(*start).await,
            CustomerCommand::Resume { chat, key, position } => self.resume(&chat, &key, position).await,
            CustomerCommand::Send { at, text, message_type } => self.send(at, text, message_type).await,
            CustomerCommand::Reply { at, to, content } => {
                let content = rich::check_reply(&content).map_err(Reject::from)?;
                let done = self.call(at.id()?, Act::ReplyRich { to, content }).await?;
                Ok(CustomerAnswer::Posted { index: native::index_of(done), number: at.number })
            }
            CustomerCommand::Leave { at } => {
                self.call(at.id()?, Act::Disconnect).await.map(|_| CustomerAnswer::Done {})
            }
            CustomerCommand::Rate { at, score, text } => {
                let text = text.unwrap_or_default();
                rating::check(score, &text).map_err(Reject::from)?;
                self.notice(&at, Act::Rate { score, text }).await
            }
            CustomerCommand::Typing { started, preview } => self.types(started, preview).await,
            CustomerCommand::Read { position } => self.harmless(Act::MarkRead { position }).await,
            CustomerCommand::Attach { at, data } => {
                self.notice(&at, native::attach(data, &self.gateway)?).await
            }
            CustomerCommand::PushUrl { at, url } => self.notice(&at, native::push_url(url)?).await,
            CustomerCommand::Rename { at, nickname } => self.notice(&at, native::rename(nickname)?).await,
            CustomerCommand::Notice { at, text, message_type } => {
                self.notice(&at, native::notice(text, message_type)?).await
            }
        }
    }

    fn has_begun(&self) -> bool {
        self.chat.borrow().is_some()
    }

    fn close(&self) {
        if let Some(key) = self.key() {
            self.stop_typing(key);
        }
        *self.chat.borrow_mut() = None;
    }
}

impl Customer {
    fn of(
        from: Option<IpAddr>,
        channel: Pulled,
        typing: Typing,
    ) -> impl FnOnce(web::Data<Gateway>, Rc<Outbox>) -> Self {
        move |gateway, outbox| Self { gateway, channel, outbox, from, chat: RefCell::default(), typing }
    }

    async fn start(&self, given: StartCommand) -> Result<CustomerAnswer, Failure> {
        let options = &self.gateway.options;
        let name = given.service.as_deref().unwrap_or(SERVICE);
        let service = options.services.get(name);
        let service =
            service.ok_or_else(|| Failure::new(Code::UnknownService, "there is no such service"))?;
        native::check_data("user_data", &given.user_data, options)?;
        let name = name.to_owned();
        let start = Given {
            nickname: given.nickname,
            first_name: given.first_name,
            last_name: given.last_name,
            email: given.email,
            subject: given.subject,
            text: given.text,
            user_data: given.user_data,
            client_id: given.client_id,
            verified: false,
        };
        let mut start = Start::check(start, options)?;
        start.fills(&service.prechat, given.consent)?;
        let origin = Origin { from: self.from, channel: self.channel };
        let (key, done) = starting::open(&self.gateway, origin, (&name, service), start).await?;
        let answer = CustomerAnswer::Started {
            chat: key.session.0.clone(),
            key: key.to_text(),
            next_command: next_command(&done),
        };
        self.follow(key, 1);
        Ok(answer)
    }

    async fn resume(&self, chat: &str, key: &str, position: u64) -> Result<CustomerAnswer, Failure> {
        let key = SecureKey::parse(key).filter(|key| key.session.0 == chat);
        let key = key.ok_or_else(|| Failure::new(Code::WrongKey, "this is not a key of this chat"))?;
        tracing::Span::current().record("session", chat);
        let done = starting::call(&self.gateway, &key, None, Some(0), true).await?;
        let answer = CustomerAnswer::Resumed { next_command: next_command(&done) };
        self.follow(key, position);
        Ok(answer)
    }

    fn follow(&self, key: SecureKey, position: u64) {
        let (chat, caller) = (key.session.clone(), Caller::key(key.hash()));
        let frames = Frames::new(&self.outbox, chat.clone(), caller.clone());
        let to = Waiting::new(&self.gateway, &self.outbox, chat.clone(), frames);
        let follower = self.gateway.follower(chat, caller, Rc::new(Cell::new(position.max(1))), to);
        // A socket that was closed meanwhile follows nothing.
        if self.outbox.ending().is_none() {
            *self.chat.borrow_mut() = Some((key, Task::spawn(follower.run())));
        }
    }

    async fn send(
        &self,
        at: Numbered,
        text: String,
        message_type: Option<String>,
    ) -> Result<CustomerAnswer, Failure> {
        native::check_message(&text, message_type.as_deref())?;
        let done = self.call(at.id()?, Act::Send { text, message_type }).await?;
        // With it the typing is over.
        self.typing.take();
        Ok(CustomerAnswer::Posted { index: native::index_of(done), number: at.number })
    }

    async fn notice(&self, at: &Numbered, act: Act) -> Result<CustomerAnswer, Failure> {
        self.call(at.id()?, act).await.map(|_| CustomerAnswer::Numbered { number: at.number })
    }

    async fn types(&self, started: bool, preview: Option<String>) -> Result<CustomerAnswer, Failure> {
        let act = if started { Act::StartTyping { preview } } else { Act::StopTyping { preview } };
        let key = self.key();
        let answer = self.harmless(act).await?;
        if let Some(key) = key {
            self.typing.note(&key.session, started);
            // The socket was closed meanwhile.
            if self.outbox.ending().is_some() {
                self.stop_typing(key);
            }
        }
        Ok(answer)
    }

    /// The socket is closed: who typed over it does so no longer.
    fn stop_typing(&self, key: SecureKey) {
        if !self.typing.take().contains(&key.session) {
            return;
        }
        let gateway = self.gateway.clone();
        actix_web::rt::spawn(async move {
            let act = Act::StopTyping { preview: None };
            let command = Command { id: minted(), caller: Caller::key(key.hash()), act };
            // Where it can't be said, typing ends by itself a little later.
            let _ended = starting::call(&gateway, &key, Some(command), None, true).await;
        });
    }

    fn key(&self) -> Option<SecureKey> {
        self.chat.borrow().as_ref().map(|(key, _)| key.clone())
    }

    /// What is not numbered, for it may come twice or be lost.
    async fn harmless(&self, act: Act) -> Result<CustomerAnswer, Failure> {
        self.call(minted(), act).await.map(|_| CustomerAnswer::Done {})
    }

    async fn call(&self, id: CommandId, act: Act) -> Result<Option<Answer>, Failure> {
        let key = self.key().ok_or_else(|| Failure::new(Code::NotStarted, "start or resume a chat first"))?;
        // Who wants to leave may.
        if act != Act::Disconnect {
            self.gateway.admission.command(&key.session)?;
        }
        let command = Command { id, caller: Caller::key(key.hash()), act };
        Ok(starting::call(&self.gateway, &key, Some(command), None, true).await?.answer)
    }
}

impl Numbered {
    fn id(&self) -> Result<CommandId, Failure> {
        if self.number == 0 {
            return Err(Failure::bad("numbers begin with 1"));
        }
        let run = &self.run;
        let fits =
            (1..=RUN_CHARS_MAX).contains(&run.len()) && run.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !fits {
            return Err(Failure::bad(format!("run has 1 to {RUN_CHARS_MAX} letters and digits of ASCII")));
        }
        Ok(CommandId::numbered(run, self.number))
    }
}

/// The number of the customer's next command.
fn next_command(done: &Done) -> u64 {
    match &done.reading {
        Some(Reading::View(view)) => view.next_command,
        _ => 1,
    }
}

#[cfg(test)]
proptest::proptest! {
    #[test]
    fn any_frame_of_a_customer_is_a_command_or_refused(text in hostile::frames(Customer::COMMANDS)) {
        hostile::is_read_or_refused::<CustomerCommand>(&text);
    }
}
