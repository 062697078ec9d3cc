//! Sessions in memory without a cluster, a served gateway, and a client that shows what came back.

use crate::front::{Archive, Ask, AskError, Past, Sessions, Told};
use crate::gateway::native::accounts::Accounts;
use crate::gateway::{Gateway, GatewayOptions, Metrics, Parts, ServiceOptions, serve};
use async_trait::async_trait;
use handoff_chat::bot::Rules;
use handoff_chat::command::{Act, Caller, Command};
use handoff_chat::entry::Effect;
use handoff_chat::session::{Bot, Limits, Session};
use handoff_chat::{BotName, CommandId, Millis, SessionId, Turn};
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// What the next ask meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It passes.
    None,
    /// The shard moves.
    Again,
    /// Too much waits.
    Busy,
    /// It is not carried out, and the asker can't know that.
    LostBefore,
    /// It is carried out, and the asker can't know that.
    LostAfter,
}

#[derive(Default)]
struct Inner {
    sessions: BTreeMap<SessionId, Session>,
    troubles: VecDeque<Trouble>,
    asked: Vec<Ask>,
    minted: u8,
    leaving: bool,
    past: Option<Past>,
    now: i64,
}

/// The sessions of a cluster of none.
pub(super) struct Memory {
    inner: Mutex<Inner>,
    bot: Rules,
}

pub(super) fn demo_bot() -> Rules {
    Rules::compile(toml::from_str(include_str!("../../../config/bots/demo.toml")).unwrap()).unwrap()
}

impl Memory {
    pub(super) fn new() -> Arc<Self> {
        let inner = Inner { now: 1_700_000_000_000, ..Inner::default() };
        Arc::new(Self { inner: Mutex::new(inner), bot: demo_bot() })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// What the next asks meet, one after the other.
    pub(super) fn troubles(&self, troubles: &[Trouble]) {
        self.lock().troubles.extend(troubles);
    }

    /// All asks so far.
    pub(super) fn asked(&self) -> Vec<Ask> {
        self.lock().asked.clone()
    }

    pub(super) fn sessions(&self) -> usize {
        self.lock().sessions.len()
    }

    /// A takeover: every session comes back from its snapshot.
    pub(super) fn restore_all(&self) {
        for session in self.lock().sessions.values_mut() {
            *session = Session::from_snapshot(&session.to_snapshot().unwrap()).unwrap();
            session.restored();
        }
    }

    /// Gives a command from inside the cluster.
    pub(super) fn command(&self, chat: &str, caller: Caller, act: Act) {
        let mut inner = self.lock();
        let id = CommandId(format!("t:{}", inner.now));
        carry_out(&mut inner, &SessionId(chat.to_owned()), &Command { id, caller, act }).unwrap();
    }
}

fn carry_out(
    inner: &mut Inner,
    id: &SessionId,
    command: &Command,
) -> Result<handoff_chat::command::Answer, AskError> {
    inner.now += 7;
    let now = Millis(inner.now);
    let random = [u8::try_from(inner.now % 251).unwrap(); 16];
    let opens = matches!(command.act, Act::Open(_));
    if opens {
        inner.sessions.entry(id.clone()).or_insert_with(|| Session::new(id.clone()));
    }
    let session = inner.sessions.get_mut(id).ok_or(handoff_chat::command::Reject::Unknown)?;
    let decision = session.decide(command, &Turn { now, served: now, random })?;
    for entry in &decision.entries {
        session.apply(entry);
    }
    if let Some(typing) = &decision.typing {
        session.show_typing(typing);
    }
    Ok(decision.answer)
}

impl Memory {
    fn let_the_bot_speak(&self, inner: &mut Inner, id: &SessionId) {
        let Some(session) = inner.sessions.get(id) else { return };
        let turn = |effect: &Effect| match effect {
            Effect::BotTurn { bot, seq } => Some((bot.clone(), *seq)),
            _ => None,
        };
        let owed: Vec<_> = session.owed().filter_map(|(id, effect)| Some((id, turn(effect)?))).collect();
        for (effect, (bot, seq)) in owed {
            let event =
                inner.sessions[id].events_in_memory().find(|event| event.seq == seq).cloned().unwrap();
            let said = self.bot.turn(&event);
            let act = Act::BotReply { effect, texts: said.texts, leave: said.leave, handover: said.handover };
            let command = Command { id: CommandId(format!("b:{}", effect.0)), caller: Caller::Bot(bot), act };
            carry_out(inner, id, &command).unwrap();
        }
    }
}

#[async_trait]
impl Sessions for Memory {
    async fn ask(&self, ask: Ask) -> Result<Told, AskError> {
        let mut inner = self.lock();
        inner.asked.push(ask.clone());
        let trouble = inner.troubles.pop_front().unwrap_or(Trouble::None);
        match trouble {
            Trouble::Again => return Err(AskError::Again),
            Trouble::Busy => return Err(AskError::Busy),
            Trouble::LostBefore => return Err(AskError::Unknown),
            Trouble::None | Trouble::LostAfter => {}
        }
        let mut told = Told::default();
        if let Some(command) = &ask.command {
            told.answer = Some(carry_out(&mut inner, &ask.entity.session().unwrap(), command)?);
        }
        if let Some((caller, read)) = &ask.read {
            let session = inner
                .sessions
                .get(&ask.entity.session().unwrap())
                .ok_or(handoff_chat::command::Reject::Unknown)?;
            told.reading = Some(session.read(caller, read)?);
        }
        self.let_the_bot_speak(&mut inner, &ask.entity.session().unwrap());
        if trouble == Trouble::LostAfter { Err(AskError::Unknown) } else { Ok(told) }
    }

    fn mint(&self) -> SessionId {
        let mut inner = self.lock();
        inner.minted += 1;
        SessionId::from_random(&[inner.minted; 16])
    }

    fn leaving(&self) -> bool {
        self.lock().leaving
    }

    fn ready(&self) -> Result<(), String> {
        Ok(())
    }
}

#[async_trait]
impl Archive for Memory {
    async fn past(&self, _: &SessionId) -> Result<Option<Past>, String> {
        Ok(self.lock().past.clone())
    }

    async fn transcript(&self, chat: &SessionId) -> Result<Option<String>, String> {
        Ok(Some(serde_json::json!({"session": chat.0}).to_string()))
    }
}

/// A served gateway and a client of it.
pub(super) struct Site {
    pub(super) url: String,
    pub(super) sessions: Arc<Memory>,
    pub(super) metrics: Metrics,
    pub(super) http: reqwest::Client,
    handle: actix_web::dev::ServerHandle,
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

/// Options with the services `default` (no bot) and `robin`, and short limits.
pub(super) fn options() -> GatewayOptions {
    let limits = Limits { message_bytes_max: 1000, events_max: 200, linger_ms: 600_000 };
    let bot = Bot { name: BotName("demo".to_owned()), nickname: demo_bot().nickname().to_owned() };
    let silent = ServiceOptions { workflow: None, bot: None, limits: limits.clone() };
    let robin = ServiceOptions { workflow: None, bot: Some(bot), limits };
    GatewayOptions {
        services: BTreeMap::from([("default".to_owned(), silent), ("robin".to_owned(), robin)]),
        body_bytes_max: 32 * 1024,
        fields_max: 40,
        body_timeout: Duration::from_millis(300),
        workers: 1,
        ..GatewayOptions::default()
    }
}

pub(super) fn site() -> Site {
    site_of(Memory::new(), options(), 7)
}

pub(super) fn site_of(sessions: Arc<Memory>, options: GatewayOptions, node: u16) -> Site {
    super::log::capture();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let metrics = Metrics::default();
    let gateway = Gateway::new(Parts {
        sessions: Arc::clone(&sessions) as Arc<dyn Sessions>,
        archive: Arc::clone(&sessions) as Arc<dyn Archive>,
        agents: Accounts::new(BTreeMap::new(), "secret"),
        options,
        node,
        metrics: metrics.clone(),
        socket_metrics: crate::gateway::native::metrics::Metrics::default(),
    });
    let server = serve(listener, &gateway).unwrap();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    let http = reqwest::Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
    Site { url, sessions, metrics, http, handle }
}

/// What a client keeps of a chat.
#[derive(Debug, Clone)]
pub(super) struct Chat {
    pub(super) id: String,
    pub(super) key: String,
}

impl Site {
    pub(super) fn address(&self, path: &str) -> String {
        format!("{}/genesys/2/chat/{path}", self.url)
    }

    pub(super) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> (u16, Value) {
        show(self.http.post(self.address(path)).form(fields).send().await.unwrap()).await
    }

    pub(super) async fn raw(&self, path: &str, content_type: &str, body: impl Into<Vec<u8>>) -> (u16, Value) {
        let request =
            self.http.post(self.address(path)).header("content-type", content_type).body(body.into());
        show(request.send().await.unwrap()).await
    }

    pub(super) async fn start(&self) -> Chat {
        self.start_with("default", &[("nickname", "Zoë")]).await
    }

    pub(super) async fn start_with(&self, service: &str, fields: &[(&str, &str)]) -> Chat {
        let (status, reply) = self.post(service, fields).await;
        assert_eq!((status, &reply["statusCode"]), (200, &Value::from(0)), "{reply}");
        Chat { id: text(&reply["chatId"]), key: text(&reply["secureKey"]) }
    }

    pub(super) async fn call(&self, chat: &Chat, operation: &str, fields: &[(&str, &str)]) -> (u16, Value) {
        let mut all = vec![("secureKey", chat.key.as_str())];
        all.extend(fields);
        self.post(&format!("default/{}/{operation}", chat.id), &all).await
    }

    /// A call that must succeed.
    pub(super) async fn done(&self, chat: &Chat, operation: &str, fields: &[(&str, &str)]) -> Value {
        let (status, reply) = self.call(chat, operation, fields).await;
        assert_eq!((status, &reply["statusCode"]), (200, &Value::from(0)), "{reply}");
        reply
    }
}

pub(super) async fn show(response: reqwest::Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    assert!(!text.contains("Forbidden"));
    (status, serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}")))
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no string: {value}")).to_owned()
}

/// `type` and text of each message.
pub(super) fn told(reply: &Value) -> Vec<(String, Option<String>)> {
    let messages = reply["messages"].as_array().unwrap();
    messages
        .iter()
        .map(|message| (text(&message["type"]), message["text"].as_str().map(str::to_owned)))
        .collect()
}

/// The `errors[0].code`.
pub(super) fn code(reply: &Value) -> u64 {
    assert!(!text(&reply["errors"][0]["advice"]).is_empty());
    reply["errors"][0]["code"].as_u64().unwrap()
}
