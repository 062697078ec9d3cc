//! A customer's client of the GMS Chat API v2. It goes on to the next node when one does not answer, as a load
//! balancer makes real clients do, and repeats with the same `clientMessageId`.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Deadline, PATIENCE, until};

static NEXT_START: AtomicU32 = AtomicU32::new(0);

/// What a client waits for one node before it tries the next.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(1500);

/// One HTTP client for all that a test does, which waits as long as a test may; connections are not shared between
/// runtimes, hence none is kept idle.
pub(crate) fn http() -> &'static reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    CLIENT.get_or_init(|| {
        handoff::tls::choose_provider();
        reqwest::Client::builder().timeout(PATIENCE).pool_max_idle_per_host(0).no_proxy().build().unwrap()
    })
}

/// The HTTP status of a GET; nothing when nobody answers soon.
pub(crate) async fn status(url: &str) -> Option<u16> {
    http().get(url).timeout(TIMEOUT).send().await.ok().map(|answer| answer.status().as_u16())
}

/// The JSON of a form POST, whatever the HTTP status, repeated as long as the node says "again".
pub(crate) async fn post(url: &str, form: &[(&str, &str)]) -> Value {
    until("a node answers for good", async || {
        let answer: Value = http().post(url).form(form).send().await.unwrap().json().await.unwrap();
        (answer["statusCode"] != 1).then_some(answer)
    })
    .await
}

/// One customer in one chat.
#[derive(Clone)]
pub(crate) struct Customer {
    /// The nodes, in the order in which this customer tries them.
    pub(crate) urls: Vec<String>,
    /// Which one answered last.
    at: usize,
    /// The chat's id.
    pub(crate) chat_id: String,
    /// The key of the chat.
    pub(crate) secure_key: String,
    /// How many calls had to be repeated.
    pub(crate) repeats: usize,
    /// How many calls brought no answer of a node at all. Those that were given up as too slow are not among them.
    pub(crate) unanswered: usize,
    /// The calls that were told "again".
    pub(crate) told_again: Vec<String>,
}

impl Customer {
    /// Requests a chat, first at node `at`.
    pub(crate) async fn request(urls: &[String], at: usize, nickname: &str) -> Self {
        let mut customer = Self {
            urls: urls.to_vec(),
            at: at % urls.len(),
            chat_id: String::new(),
            secure_key: String::new(),
            repeats: 0,
            unanswered: 0,
            told_again: Vec::new(),
        };
        let number = NEXT_START.fetch_add(1, Ordering::Relaxed);
        let id = format!("start-of-a-test-chat-{}-{number}", std::process::id());
        let answer = customer.insist("", &[("nickname", nickname), ("clientMessageId", &id)]).await;
        customer.chat_id = answer["chatId"].as_str().unwrap().to_owned();
        customer.secure_key = answer["secureKey"].as_str().unwrap().to_owned();
        customer
    }

    /// Asks the only node that it knows.
    pub(crate) fn only_at(&self, node: usize) -> Self {
        Self { urls: vec![self.urls[node].clone()], at: 0, ..self.clone() }
    }

    /// Where a node takes an operation of this chat.
    pub(crate) fn url(&self, node: usize, operation: &str) -> String {
        let base = format!("{}/genesys/2/chat/default", self.urls[node]);
        if operation.is_empty() { base } else { format!("{base}/{}/{operation}", self.chat_id) }
    }

    /// One call at one node.
    ///
    /// # Errors
    /// When no whole answer came, be it too late or not at all.
    pub(crate) async fn call(
        &self,
        node: usize,
        operation: &str,
        fields: &[(&str, &str)],
    ) -> reqwest::Result<Value> {
        let mut form = fields.to_vec();
        if !operation.is_empty() {
            form.push(("secureKey", &self.secure_key));
        }
        http().post(self.url(node, operation)).timeout(TIMEOUT).form(&form).send().await?.json().await
    }

    /// One call at one node, and its answer however long that takes.
    pub(crate) async fn call_patiently(
        &self,
        node: usize,
        operation: &str,
        fields: &[(&str, &str)],
    ) -> Value {
        let mut form = fields.to_vec();
        form.push(("secureKey", &self.secure_key));
        http().post(self.url(node, operation)).form(&form).send().await.unwrap().json().await.unwrap()
    }

    /// Repeats a call, node after node, until it is answered for good.
    pub(crate) async fn insist(&mut self, operation: &str, fields: &[(&str, &str)]) -> Value {
        let deadline = Deadline::new();
        loop {
            let asked = Instant::now();
            let answer = self.call(self.at, operation, fields).await;
            self.unanswered += usize::from(answer.as_ref().is_err_and(|error| !error.is_timeout()));
            let answer = answer.ok();
            if let Some(answer) = answer.as_ref().filter(|answer| answer["statusCode"] == 1) {
                let (chat, after) = (&self.chat_id, asked.elapsed());
                self.told_again
                    .push(format!("{operation:?} of {chat} at {} after {after:?}: {answer}", self.at));
            }
            match answer.as_ref().and_then(|answer| answer["statusCode"].as_i64()) {
                Some(0) => return answer.unwrap(),
                // "Again": this node knows that the chat lives.
                Some(1) | None => self.at = (self.at + 1) % self.urls.len(),
                Some(_) => panic!("{operation:?} of chat {:?} is refused: {answer:?}", self.chat_id),
            }
            self.repeats += 1;
            deadline.check(|| format!("{operation:?} of chat {:?} is answered", self.chat_id));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Sends a message until it is acknowledged.
    pub(crate) async fn send(&mut self, text: &str, client_message_id: &str) -> Value {
        self.insist("send", &[("message", text), ("clientMessageId", client_message_id)]).await
    }

    /// Reads from a position on.
    pub(crate) async fn refresh(&mut self, position: i64) -> Value {
        self.insist("refresh", &[("transcriptPosition", &position.to_string())]).await
    }
}
