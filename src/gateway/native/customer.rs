//! The customers' native socket: start or resume a chat, talk, leave; every command numbered and answered.

use super::frames::Frames;
use super::socket::Client;
use super::wire::{Failure, Framed};
use crate::front::Told;
use crate::gateway::opening::{self, Given, Start, minted};
use crate::gateway::socket::Task;
use crate::gateway::socket::metrics::SocketLabel;
use crate::gateway::socket::outbox::Outbox;
use crate::gateway::{Gateway, native};
use crate::rich;
use actix_web::{HttpRequest, HttpResponse, web};
use handoff_chat::CommandId;
use handoff_chat::command::{Act, Answer, Caller, Command, Reading, Reject};
use handoff_chat::key::SecureKey;
use serde::Deserialize;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::rc::Rc;

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Word {
    Start(Box<StartWord>),
    Resume {
        chat: String,
        key: String,
        #[serde(default)]
        position: u64,
    },
    Send {
        number: u64,
        text: String,
        message_type: Option<String>,
    },
    Reply {
        number: u64,
        to: u64,
        content: Value,
    },
    Leave {
        number: u64,
    },
    Typing {
        started: bool,
        preview: Option<String>,
    },
    Read {
        position: u64,
    },
    Attach {
        number: u64,
        data: BTreeMap<String, String>,
    },
    PushUrl {
        number: u64,
        url: String,
    },
    Rename {
        number: u64,
        nickname: String,
    },
    Notice {
        number: u64,
        text: String,
        message_type: Option<String>,
    },
}

#[derive(Deserialize)]
struct StartWord {
    service: Option<String>,
    nickname: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    subject: Option<String>,
    text: Option<String>,
    #[serde(default)]
    user_data: BTreeMap<String, String>,
    client_id: Option<String>,
}

/// The service where none is named.
const SERVICE: &str = "default";

/// A customer's socket.
pub(super) struct Customer {
    gateway: web::Data<Gateway>,
    outbox: Rc<Outbox>,
    /// His address.
    from: Option<IpAddr>,
    /// The chat that this socket is for, and what follows it.
    chat: RefCell<Option<(SecureKey, Task)>>,
}

/// `GET /v1/customer`.
pub(super) async fn connect(
    request: HttpRequest,
    payload: web::Payload,
    gateway: web::Data<Gateway>,
) -> Result<HttpResponse, actix_web::Error> {
    let span = tracing::info_span!("customer socket", session = tracing::field::Empty);
    let from = gateway.admission.address(&request);
    native::socket::upgrade(request, payload, gateway, span, |gateway, outbox| Customer {
        gateway,
        outbox,
        from,
        chat: RefCell::default(),
    })
    .await
}

impl Client for Customer {
    const KIND: SocketLabel = SocketLabel::customer;
    const WORDS: &'static [&'static str] = &[
        "start", "resume", "send", "reply", "leave", "typing", "read", "attach", "push_url", "rename",
        "notice",
    ];

    fn lane(_: &Framed) -> String {
        String::new()
    }

    async fn carry_out(self: Rc<Self>, _: String, framed: Framed) -> Result<Value, Failure> {
        match framed.command()? {
            Word::Start(start) => self.start(*start).await,
            Word::Resume { chat, key, position } => self.resume(&chat, &key, position).await,
            Word::Send { number, text, message_type } => self.send(number, text, message_type).await,
            Word::Reply { number, to, content } => {
                let content = rich::check_reply(&content).map_err(Reject::from)?;
                let told = self.ask(numbered(number)?, Act::ReplyRich { to, content }).await?;
                Ok(json!({"index": native::index_of(told), "number": number}))
            }
            Word::Leave { number } => self.ask(numbered(number)?, Act::Disconnect).await.map(|_| json!({})),
            Word::Typing { started: true, preview } => self.typing(Act::StartTyping { preview }).await,
            Word::Typing { started: false, preview } => self.typing(Act::StopTyping { preview }).await,
            Word::Read { position } => self.typing(Act::MarkRead { position }).await,
            Word::Attach { number, data } => self.notice(number, native::attach(data, &self.gateway)?).await,
            Word::PushUrl { number, url } => self.notice(number, native::push_url(url)?).await,
            Word::Rename { number, nickname } => self.notice(number, native::rename(nickname)?).await,
            Word::Notice { number, text, message_type } => {
                self.notice(number, native::notice(text, message_type)?).await
            }
        }
    }

    fn close(&self) {
        *self.chat.borrow_mut() = None;
    }
}

impl Customer {
    async fn start(&self, given: StartWord) -> Result<Value, Failure> {
        let options = &self.gateway.options;
        let name = given.service.as_deref().unwrap_or(SERVICE);
        let service = options.services.get(name);
        let service = service.ok_or_else(|| Failure::new("unknown_service", "there is no such service"))?;
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
        };
        let start = Start::check(start, options)?;
        let (key, told) = opening::open(&self.gateway, self.from, (&name, service), start).await?;
        let answer = json!({
            "chat": key.session.0, "key": key.to_text(), "next_command": next_command(&told),
        });
        self.follow(key, 1);
        Ok(answer)
    }

    async fn resume(&self, chat: &str, key: &str, position: u64) -> Result<Value, Failure> {
        let key = SecureKey::parse(key).filter(|key| key.session.0 == chat);
        let key = key.ok_or_else(|| Failure::new("wrong_key", "this is not a key of this chat"))?;
        tracing::Span::current().record("session", chat);
        let told = opening::ask(&self.gateway, &key, None, Some(0), true).await?;
        let answer = json!({"next_command": next_command(&told)});
        self.follow(key, position);
        Ok(answer)
    }

    fn follow(&self, key: SecureKey, position: u64) {
        let (chat, caller) = (key.session.clone(), Caller::Customer(key.hash()));
        let to = Frames::new(&self.outbox, chat.clone(), caller.clone());
        let follower = self.gateway.follower(chat, caller, Rc::new(Cell::new(position.max(1))), to);
        // A socket that was closed meanwhile follows nothing.
        if self.outbox.ending().is_none() {
            *self.chat.borrow_mut() = Some((key, Task::spawn(follower.run())));
        }
    }

    async fn send(&self, number: u64, text: String, message_type: Option<String>) -> Result<Value, Failure> {
        native::check_message(&text, message_type.as_deref())?;
        let told = self.ask(numbered(number)?, Act::Send { text, message_type }).await?;
        Ok(json!({"index": native::index_of(told), "number": number}))
    }

    async fn notice(&self, number: u64, act: Act) -> Result<Value, Failure> {
        self.ask(numbered(number)?, act).await.map(|_| json!({"number": number}))
    }

    /// What is not numbered, for it may come twice or be lost.
    async fn typing(&self, act: Act) -> Result<Value, Failure> {
        self.ask(minted(), act).await.map(|_| json!({}))
    }

    async fn ask(&self, id: CommandId, act: Act) -> Result<Option<Answer>, Failure> {
        let key = self.chat.borrow().as_ref().map(|(key, _)| key.clone());
        let key = key.ok_or_else(|| Failure::new("not_started", "start or resume a chat first"))?;
        // Who wants to leave may.
        if act != Act::Disconnect {
            self.gateway.admission.command(&key.session)?;
        }
        let command = Command { id, caller: Caller::Customer(key.hash()), act };
        Ok(opening::ask(&self.gateway, &key, Some(command), None, true).await?.answer)
    }
}

fn numbered(number: u64) -> Result<CommandId, Failure> {
    if number == 0 { Err(Failure::bad("numbers begin with 1")) } else { Ok(CommandId::numbered(number)) }
}

/// The number of the customer's next command.
fn next_command(told: &Told) -> u64 {
    match &told.reading {
        Some(Reading::View(view)) => view.next_command,
        _ => 1,
    }
}
