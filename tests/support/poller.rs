//! A client without a socket: it polls, one request after the other, goes on at the next node when one does not answer,
//! gives its commands again until they are answered, and complains when anything that it was told is taken back.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::Deadline;
use crate::support::client::http;
use crate::support::talker::RUN;

/// How much longer than it may wait a request is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// A customer, or an agent; of one chat.
pub(crate) struct Poller {
    urls: Vec<String>,
    /// The node that is asked next.
    pub(crate) at: usize,
    path: &'static str,
    /// What each request begins with, but for the position.
    begins: Value,
    /// The chat, once it is known.
    pub(crate) chat: Value,
    position: u64,
    /// Every event ever shown, by index.
    pub(crate) seen: BTreeMap<u64, Value>,
    /// The desk as it was last shown.
    desk: Value,
    /// Requests that were not answered.
    pub(crate) unanswered: usize,
    ids: usize,
}

impl Poller {
    /// Starts a chat, first at the first node.
    pub(crate) async fn customer(urls: &[String]) -> Self {
        let client_id = format!("start-of-a-poller-{:032x}", rand::random::<u128>());
        let start = json!({"id": "begins", "do": "start", "nickname": "Zoë", "client_id": client_id});
        let mut poller = Self::new(urls, "/v1/customer/poll", start);
        let deadline = Deadline::new();
        while poller.chat.is_null() {
            deadline.check(|| "a chat is started by a poll".to_owned());
            poller.polls(&[], 0).await;
        }
        poller
    }

    /// An agent, who has not signed in yet.
    pub(crate) fn agent(urls: &[String], password: &str) -> Self {
        let sign_in = json!({"id": "begins", "do": "sign_in", "name": "demo", "password": password});
        Self::new(urls, "/v1/agent/poll", sign_in)
    }

    fn new(urls: &[String], path: &'static str, begins: Value) -> Self {
        Self {
            urls: urls.to_vec(),
            at: 0,
            path,
            begins,
            chat: Value::Null,
            position: 1,
            seen: BTreeMap::new(),
            desk: Value::Null,
            unanswered: 0,
            ids: 0,
        }
    }

    /// Another client of the same customer, who knows nothing of the chat yet, at this node.
    pub(crate) fn anew(&self, node: usize) -> Self {
        let chat = self.chat.clone();
        Self { chat, ..Self::new(&self.urls[node..=node], self.path, self.begins.clone()) }
    }

    /// One poll with these commands; nothing where it was not answered.
    pub(crate) async fn polls(&mut self, commands: &[Value], wait_ms: u64) -> Option<Vec<Value>> {
        let mut begins = self.begins.clone();
        match self.path {
            "/v1/customer/poll" => begins["position"] = self.position.into(),
            _ if self.chat.is_null() => {}
            _ => begins["positions"] = json!({self.chat.as_str().unwrap(): self.position}),
        }
        if !self.desk.is_null() {
            begins["version"] = self.desk["version"].clone();
        }
        let frames = [&[begins], commands].concat();
        let body = json!({"frames": frames, "wait_ms": wait_ms});
        let url = format!("{}{}", self.urls[self.at], self.path);
        let request = http().post(url).json(&body).timeout(PATIENCE + Duration::from_millis(wait_ms));
        let answer = async { request.send().await?.error_for_status()?.json::<Value>().await }.await;
        let Ok(answer) = answer else {
            self.unanswered += 1;
            self.goes_on().await;
            return None;
        };
        let frames = answer["frames"].as_array().unwrap().clone();
        for frame in &frames {
            self.look(frame);
        }
        if frames.iter().any(|frame| frame["event"] == "moved" || frame["error"]["retry"] == true) {
            self.goes_on().await;
        }
        Some(frames)
    }

    async fn goes_on(&mut self) {
        self.at = (self.at + 1) % self.urls.len();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    fn look(&mut self, frame: &Value) {
        if frame["answer"] == "begins" {
            assert!(frame["ok"] == true || frame["error"]["retry"] == true, "{frame}");
            if !frame["key"].is_null() {
                self.chat = frame["chat"].clone();
                self.begins =
                    json!({"id": "begins", "do": "resume", "chat": frame["chat"], "key": frame["key"]});
            }
            if !frame["token"].is_null() {
                let token = &frame["token"];
                self.begins = json!({"id": "begins", "do": "sign_in", "name": "demo", "token": token});
            }
        }
        if frame["event"] == "desk" {
            self.desk = frame.clone();
        }
        if frame["event"] == "chat" {
            for event in frame["events"].as_array().unwrap() {
                let index = event["index"].as_u64().unwrap();
                assert!(index >= self.position, "{index} comes after {}: {frame}", self.position);
                let known = self.seen.entry(index).or_insert_with(|| event.clone());
                assert_eq!(known, event, "an index was used twice");
            }
            self.chat = frame["chat"].clone();
            self.position = self.position.max(frame["next"].as_u64().unwrap());
        }
    }

    /// Gives a command, at node after node, until it is carried out.
    pub(crate) async fn insists(&mut self, mut command: Value) {
        self.ids += 1;
        let id = format!("{}-{}", self.begins["do"].as_str().unwrap(), self.ids);
        command["id"] = id.clone().into();
        let deadline = Deadline::new();
        loop {
            deadline.check(|| format!("{command} is answered"));
            let frames = self.polls(std::slice::from_ref(&command), 0).await.unwrap_or_default();
            match frames.iter().find(|frame| frame["answer"] == *id) {
                Some(answer) if answer["ok"] == true => return,
                Some(answer) => assert_eq!(answer["error"]["retry"], true, "{command}: {answer}"),
                None => {}
            }
        }
    }

    /// A customer's message under this number.
    pub(crate) async fn says(&mut self, number: usize, text: &str) {
        self.insists(json!({"do": "send", "number": number, "run": RUN, "text": text})).await;
    }

    /// Polls until the chat has a message with this text.
    pub(crate) async fn hears(&mut self, text: &str) {
        let deadline = Deadline::new();
        while !self.texts("").contains(&text.to_owned()) {
            deadline.check(|| format!("{text:?} is heard"));
            self.polls(&[], 2_000).await;
        }
    }

    /// Polls until the chat is at this stage on the desk.
    pub(crate) async fn comes_to(&mut self, chat: &Value, stage: &str) {
        let deadline = Deadline::new();
        let at = |work: &Value| work["chat"] == *chat && work["stage"] == stage;
        while !self.desk["work"].as_array().is_some_and(|work| work.iter().any(at)) {
            deadline.check(|| format!("{chat} is at the stage {stage}: {}", self.desk));
            self.polls(&[], 2_000).await;
        }
    }

    /// What was said in the chat and begins with one of these words.
    pub(crate) fn texts(&self, words: &str) -> Vec<String> {
        let messages = self.seen.values().filter(|event| event["type"] == "message");
        let texts = messages.map(|event| event["text"].as_str().unwrap().to_owned());
        texts.filter(|text| words.is_empty() || words.split('|').any(|word| text.starts_with(word))).collect()
    }
}
