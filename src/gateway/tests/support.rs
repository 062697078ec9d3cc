//! A served gateway over entities in memory, and a client that shows what came back.

pub(super) use super::memory::{Memory, Trouble, demo_bot};
use crate::channel::Channels;
use crate::files::{Files, Spool};
use crate::gateway::files::Intake;
use crate::gateway::native::accounts::{Account, Accounts};
use crate::gateway::prechat::Prechat;
use crate::gateway::{Gateway, GatewayOptions, Metrics, Parts, ServiceOptions, serve, socket};
use crate::ports::{Archive, Lists, Sessions};
use handoff_chat::desk::Profile;
use handoff_chat::opening::Limits;
use handoff_chat::workflow::{Bot, Known, read};
use handoff_chat::{BotName, QueueName};
use handoff_config::{Cometd, Config};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// A served gateway and a client of it.
pub(super) struct Site {
    pub(super) url: String,
    pub(super) sessions: Arc<Memory>,
    pub(super) metrics: Metrics,
    pub(super) socket_metrics: socket::metrics::Metrics,
    /// What the gateway serves of channels.
    channels: Channels,
    pub(super) http: reqwest::Client,
    /// Where files lie on their way in.
    pub(super) spool: tempfile::TempDir,
    handle: actix_web::dev::ServerHandle,
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

/// The password of the agents `ann`, who may have one chat, and `bob`, a supervisor, who may have three.
pub(super) const PASSWORD: &str = "a good password";

fn accounts() -> BTreeMap<String, Account> {
    // Hashing is slow by intent: once for all tests.
    static HASH: OnceLock<String> = OnceLock::new();
    let hash = HASH.get_or_init(|| crate::password::hash(PASSWORD).unwrap());
    let account = |nickname: &str, capacity, supervisor| {
        let queues = vec![QueueName("support".to_owned())];
        let profile = Profile { nickname: nickname.to_owned(), capacity, queues };
        Account { profile, supervisor, password_hash: hash.clone(), password_mark: [1; 32] }
    };
    [("ann".to_owned(), account("Ann", 1, false)), ("bob".to_owned(), account("Bob", 3, true))].into()
}

/// Options with the services `default` (no bot), `robin` and `support` (to an agent), and short limits.
pub(super) fn options() -> GatewayOptions {
    let limits = Limits {
        message_bytes_max: 1000,
        events_max: 200,
        linger_ms: 600_000,
        files: None,
        talk: handoff_chat::opening::Talk::default(),
    };
    let bot = Bot { name: BotName("demo".to_owned()), nickname: demo_bot().nickname().to_owned() };
    let silent = ServiceOptions {
        workflow: None,
        bot: None,
        limits: limits.clone(),
        starts_per_minute: 0,
        idle: [None, None],
        privacy: None,
        prechat: Prechat::default(),
        rating: false,
    };
    let robin = ServiceOptions {
        workflow: None,
        bot: Some(bot),
        limits: limits.clone(),
        starts_per_minute: 0,
        idle: [None, None],
        privacy: None,
        prechat: Prechat::default(),
        rating: false,
    };
    let queues = [(QueueName("support".to_owned()), 30_000)].into();
    let routed =
        "version = 1\nnickname = \"Handoff\"\nstart = \"agent\"\n[steps.agent]\nroute = \"support\"\n";
    let program = read("support", routed, &Known { bots: BTreeMap::new(), queues }).unwrap();
    let support = ServiceOptions {
        workflow: Some(Arc::new(program)),
        bot: None,
        limits,
        starts_per_minute: 0,
        idle: [None, None],
        privacy: None,
        prechat: Prechat::default(),
        rating: false,
    };
    GatewayOptions {
        services: [("default", silent), ("robin", robin), ("support", support)]
            .map(|(name, service)| (name.to_owned(), service))
            .into(),
        body_bytes_max: 32 * 1024,
        fields_max: 40,
        workers: 1,
        ..GatewayOptions::default()
    }
}

pub(super) fn site() -> Site {
    site_of(Memory::new(), options(), 7)
}

/// Takes in what `files` keeps, two at a time.
pub(super) fn intake(spool: &Path, files: Files) -> Intake {
    let spool = Spool::open(spool.to_owned()).unwrap();
    Intake::new(files, spool, Duration::from_secs(2), 4096, 2)
}

pub(super) fn site_of(sessions: Arc<Memory>, options: GatewayOptions, node: u16) -> Site {
    site_with(sessions, options, node, Files::in_memory())
}

pub(super) fn site_with(sessions: Arc<Memory>, options: GatewayOptions, node: u16, files: Files) -> Site {
    site_of_agents(sessions, options, node, files, agents())
}

/// The agents, and the tokens of their cluster.
pub(super) fn agents() -> Accounts {
    Accounts::new(accounts(), "secret")
}

/// A site with these settings of CometD.
pub(super) fn site_of_cometd(
    sessions: Arc<Memory>,
    options: GatewayOptions,
    node: u16,
    cometd: Cometd,
) -> Site {
    let mut config = Config::default();
    config.channels.cometd = cometd;
    site_of_channels(sessions, options, node, (Files::in_memory(), agents()), &config)
}

pub(super) fn site_of_agents(
    sessions: Arc<Memory>,
    options: GatewayOptions,
    node: u16,
    files: Files,
    agents: Accounts,
) -> Site {
    site_of_channels(sessions, options, node, (files, agents), &Config::default())
}

pub(super) fn site_of_channels(
    sessions: Arc<Memory>,
    options: GatewayOptions,
    node: u16,
    (files, agents): (Files, Accounts),
    config: &Config,
) -> Site {
    super::log::capture();
    crate::tls::choose_provider();
    let spool = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let channels = Channels::of(config).unwrap();
    let intake = intake(spool.path(), files);
    let parts = Parts { agents, node, ..parts(&sessions, options, intake, &channels) };
    let (metrics, socket_metrics) = (parts.metrics.clone(), parts.socket_metrics.clone());
    let gateway = Gateway::new(parts);
    let server = serve(listener, &gateway).unwrap();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    let http = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
    Site { url, sessions, metrics, socket_metrics, channels, http, spool, handle }
}

/// What a gateway on node 7 with the agents is made of.
pub(super) fn parts(
    sessions: &Arc<Memory>,
    options: GatewayOptions,
    intake: Intake,
    channels: &Channels,
) -> Parts {
    let counted = Arc::clone(sessions);
    Parts {
        sessions: Arc::clone(sessions) as Arc<dyn Sessions>,
        archive: Arc::clone(sessions) as Arc<dyn Archive>,
        lists: Arc::clone(sessions) as Arc<dyn Lists>,
        agents: agents(),
        options,
        node: 7,
        metrics: Metrics::default(),
        socket_metrics: socket::metrics::Metrics::default(),
        load: Arc::new(move || counted.sessions()),
        intake,
        guests: channels.guests(),
    }
}

/// What a client keeps of a chat.
#[derive(Debug, Clone)]
pub(super) struct Chat {
    pub(super) id: String,
    pub(super) key: String,
}

impl Site {
    /// What a metric says: its line up to the value.
    pub(super) fn sample(&self, line: &str) -> u64 {
        let mut registry = prometheus_client::registry::Registry::default();
        self.metrics.register(&mut registry);
        self.socket_metrics.register(&mut registry);
        self.channels.register(&mut registry);
        let mut page = String::new();
        prometheus_client::encoding::text::encode(&mut page, &registry).unwrap();
        let value = page.lines().find_map(|found| found.strip_prefix(line)?.trim().parse().ok());
        value.unwrap_or(0)
    }

    /// Waits until so many connects of CometD clients are held.
    pub(super) async fn holds(&self, connects: u64) {
        while self.sample("handoff_cometd_connects_held ") != connects {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

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
