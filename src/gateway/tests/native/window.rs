//! A client of a native socket that shows what came back.

use crate::gateway::tests::support::Site;
use futures_util::{SinkExt, StreamExt};
use jsonschema::Validator;
use serde_json::{Value, json};
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

/// Bounds a hang; measures nothing.
pub(in crate::gateway::tests) const PATIENCE: Duration = Duration::from_secs(60);

/// What may go over a socket, as its description says.
struct Schema {
    from_client: Validator,
    from_server: Validator,
}

static CUSTOMER: LazyLock<Schema> =
    LazyLock::new(|| Schema::of(include_str!("../../../../docs/schema/customer-socket.json")));
static AGENT: LazyLock<Schema> =
    LazyLock::new(|| Schema::of(include_str!("../../../../docs/schema/agent-socket.json")));

impl Schema {
    fn of(text: &str) -> Self {
        let side = |name: &str| {
            let mut schema: Value = serde_json::from_str(text).unwrap();
            schema["$ref"] = format!("#/definitions/{name}").into();
            jsonschema::validator_for(&schema).unwrap()
        };
        Self { from_client: side("FromClient"), from_server: side("FromServer") }
    }

    fn at(path: &str) -> Option<&'static Self> {
        match path {
            "/v1/customer" => Some(&CUSTOMER),
            "/v1/agent" => Some(&AGENT),
            _ => None,
        }
    }
}

/// One open socket. Every frame that it is sent, and every command that is carried out, is as described.
pub(in crate::gateway::tests) struct Window {
    /// None: it is not ours to describe.
    schema: Option<&'static Schema>,
    pub(in crate::gateway::tests) socket: WebSocketStream<TcpStream>,
    /// Frames read while waiting for others.
    read: Vec<Value>,
    ids: u32,
    prefix: String,
}

/// Tries to open a socket; the HTTP status where it is none.
pub(in crate::gateway::tests) async fn open(
    site: &Site,
    path: &str,
    origin: Option<&str>,
) -> Result<Window, u16> {
    let headers: Vec<_> = origin.into_iter().map(|origin| ("origin", origin)).collect();
    open_with(site, path, &headers).await
}

/// The same with headers.
pub(in crate::gateway::tests) async fn open_with(
    site: &Site,
    path: &str,
    headers: &[(&'static str, &str)],
) -> Result<Window, u16> {
    let address = site.url.trim_start_matches("http://").to_owned();
    let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let stream = TcpStream::connect(&address).await.unwrap();
    match client_async(request, stream).await {
        Ok((socket, _)) => {
            let prefix = format!("{:016x}", rand::random::<u64>());
            Ok(Window { schema: Schema::at(path), socket, read: Vec::new(), ids: 0, prefix })
        }
        Err(tokio_tungstenite::tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

impl Window {
    pub(in crate::gateway::tests) async fn customer(site: &Site) -> Self {
        open(site, "/v1/customer", None).await.unwrap()
    }

    pub(in crate::gateway::tests) async fn agent(site: &Site) -> Self {
        open(site, "/v1/agent", None).await.unwrap()
    }

    /// Opens an agent's window of which a proxy says that it comes from this address.
    pub(in crate::gateway::tests) async fn agent_from(site: &Site, address: &str) -> Self {
        open_with(site, "/v1/agent", &[("x-forwarded-for", address)]).await.unwrap()
    }

    /// What has a number and no run is of a run that all windows share.
    pub(in crate::gateway::tests) async fn say(&mut self, frame: &Value) -> Value {
        let mut frame = frame.clone();
        if frame.get("number").is_some() && frame.get("run").is_none() {
            frame["run"] = "page".into();
        }
        self.raw(Message::text(frame.to_string())).await;
        frame
    }

    pub(in crate::gateway::tests) async fn raw(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    /// The next JSON frame; the close code where the socket ends. 1006: without one.
    pub(in crate::gateway::tests) async fn next(&mut self) -> Result<Value, u16> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("nothing came");
            match message {
                Some(Ok(Message::Text(text))) => {
                    let frame = serde_json::from_str(&text).unwrap();
                    is_described(self.schema.map(|schema| &schema.from_server), &frame);
                    return Ok(frame);
                }
                Some(Ok(Message::Close(frame))) => return Err(frame.map_or(1005, |frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(1006),
            }
        }
    }

    /// The first frame that fits; the others stay to be found.
    pub(in crate::gateway::tests) async fn find(
        &mut self,
        what: &str,
        fits: impl Fn(&Value) -> bool,
    ) -> Value {
        if let Some(at) = self.read.iter().position(&fits) {
            return self.read.remove(at);
        }
        let until = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < until, "never came: {what}");
            let frame = self.next().await.unwrap_or_else(|code| panic!("closed ({code}) before: {what}"));
            if fits(&frame) {
                return frame;
            }
            self.read.push(frame);
        }
    }

    /// Whether a frame that fits has come and was not found yet.
    pub(in crate::gateway::tests) fn has(&self, fits: impl Fn(&Value) -> bool) -> bool {
        self.read.iter().any(fits)
    }

    /// Reads until the socket closes; answers the code.
    pub(in crate::gateway::tests) async fn closes(&mut self) -> u16 {
        loop {
            match self.next().await {
                Ok(frame) => self.read.push(frame),
                Err(code) => return code,
            }
        }
    }

    /// Whether a frame that fits was read before.
    pub(in crate::gateway::tests) fn had(&self, fits: impl Fn(&Value) -> bool) -> bool {
        self.read.iter().any(fits)
    }

    /// Gives a command and waits for its answer.
    pub(in crate::gateway::tests) async fn ask(&mut self, word: &str, fields: Value) -> Value {
        self.ids += 1;
        let id = format!("{}-{}", self.prefix, self.ids);
        self.ask_as(&id, word, fields).await
    }

    /// Gives a command under an id of the caller's choice and waits for its answer.
    pub(in crate::gateway::tests) async fn ask_as(
        &mut self,
        id: &str,
        word: &str,
        mut fields: Value,
    ) -> Value {
        fields["id"] = id.into();
        fields["do"] = word.into();
        let said = self.say(&fields).await;
        let answer = self.find(&format!("the answer to {word}"), |frame| frame["answer"] == id).await;
        if answer["ok"] == true {
            is_described(self.schema.map(|schema| &schema.from_client), &said);
        }
        answer
    }

    /// A command that must be carried out.
    pub(in crate::gateway::tests) async fn done(&mut self, word: &str, fields: Value) -> Value {
        let answer = self.ask(word, fields).await;
        assert_eq!(answer["ok"], true, "{word}: {answer}");
        answer
    }

    /// A command that must be refused; its error.
    pub(in crate::gateway::tests) async fn refused(&mut self, word: &str, fields: Value) -> Value {
        let answer = self.ask(word, fields).await;
        assert_eq!(answer["ok"], false, "{word}: {answer}");
        assert!(!answer["error"]["message"].as_str().unwrap().is_empty());
        assert!(answer["error"]["retry"].is_boolean());
        answer["error"].clone()
    }

    /// The error's code.
    pub(in crate::gateway::tests) async fn code(&mut self, word: &str, fields: Value) -> String {
        self.refused(word, fields).await["code"].as_str().unwrap().to_owned()
    }

    /// Starts a chat and gives what a client keeps of it.
    pub(in crate::gateway::tests) async fn start(&mut self, fields: Value) -> Value {
        let answer = self.done("start", fields).await;
        json!({"chat": answer["chat"], "key": answer["key"]})
    }

    /// Waits for a message with this text.
    pub(in crate::gateway::tests) async fn message(&mut self, text: &str) -> Value {
        let has = |frame: &Value| texts(frame).contains(&text);
        self.find(&format!("the message {text:?}"), has).await
    }
}

/// What is told over a socket at this path is as described.
pub(in crate::gateway::tests) fn is_told(path: &str, frame: &Value) {
    is_described(Schema::at(path).map(|schema| &schema.from_server), frame);
}

fn is_described(schema: Option<&Validator>, frame: &Value) {
    assert!(schema.is_none_or(|schema| schema.is_valid(frame)), "not as described: {frame}");
}

/// The messages of a chat frame.
pub(in crate::gateway::tests) fn texts(frame: &Value) -> Vec<&str> {
    let events = frame["events"].as_array().into_iter().flatten();
    events.filter_map(|event| event["text"].as_str()).collect()
}
