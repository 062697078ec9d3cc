//! A customer's client of the native socket. It opens the next node's socket whenever one breaks or is silent, resumes
//! by position, repeats its numbered command, and complains when anything of what it was told is taken back.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::Deadline;
use crate::support::line::{self, Socket};

/// A socket that says nothing for so long is given up, as the protocol says.
pub(crate) const SILENCE: Duration = Duration::from_secs(6);

/// How long an answer is waited for before the socket is given up.
const ANSWER: Duration = Duration::from_secs(10);
/// Whose numbers those of a talker are: it alone sends in its chat.
pub(crate) const RUN: &str = "talker";

/// Tells the starts of one test process apart: one that is repeated leads to the chat of the first.
static NEXT_START: AtomicU32 = AtomicU32::new(0);

/// One customer in one chat.
pub(crate) struct Talker {
    /// The nodes, in the order in which this one goes on.
    pub(crate) urls: Vec<String>,
    /// The node of the present socket.
    pub(crate) at: usize,
    pub(crate) socket: Option<Socket>,
    pub(crate) chat: Value,
    pub(crate) key: Value,
    position: u64,
    ids: u64,
    /// Acknowledged texts; the next number is one more than there are.
    pub(crate) acknowledged: Vec<String>,
    /// Every event ever shown, by index.
    pub(crate) seen: BTreeMap<u64, Value>,
    /// How often it had to open another socket.
    pub(crate) reopened: usize,
    /// How those of its sockets ended that did so without the server's word that it moves.
    pub(crate) broken: Vec<String>,
    /// Sockets that were not to be had, and commands that were to be given again.
    pub(crate) refused: Vec<String>,
    /// The desk as it was last shown.
    pub(crate) desk: Value,
    /// The place in line as it was told over the present socket.
    pub(crate) place: Value,
    /// The server said that it moves.
    moved: bool,
}

impl Talker {
    /// Starts a chat, first at node `at`.
    pub(crate) async fn start(urls: &[String], at: usize, nickname: &str) -> Self {
        let mut talker = Self { at: at % urls.len(), ..Self::nobody(urls.to_vec()) };
        let number = NEXT_START.fetch_add(1, Ordering::Relaxed);
        let client_id = format!("start-of-a-test-talk-{}-{number}", std::process::id());
        let answer =
            talker.insist(json!({"do": "start", "nickname": nickname, "client_id": client_id})).await;
        talker.chat = answer["chat"].clone();
        talker.key = answer["key"].clone();
        talker
    }

    /// Sends a message until it is acknowledged.
    pub(crate) async fn send(&mut self, text: &str) {
        let number = self.acknowledged.len() + 1;
        let answer = self.insist(json!({"do": "send", "number": number, "run": RUN, "text": text})).await;
        assert_eq!(answer["number"], number, "{answer}");
        self.acknowledged.push(text.to_owned());
    }

    /// Gives a command, at node after node, until it is carried out.
    pub(crate) async fn insist(&mut self, mut command: Value) -> Value {
        let deadline = Deadline::new();
        loop {
            deadline.check(|| format!("{command} is answered"));
            if !self.ready().await {
                continue;
            }
            self.ids += 1;
            command["id"] = self.ids.to_string().into();
            let answer = self.once(&command).await;
            match answer {
                Some(answer) if answer["ok"] == true => return answer,
                Some(answer) if answer["error"]["retry"] == true => self.refused.push(answer.to_string()),
                Some(answer) => panic!("{command} is refused: {answer}"),
                None => self.give_up(),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// An agent's window, at one node.
    pub(crate) async fn window(url: &str) -> Self {
        Self::try_window(url).await.expect("a window opens")
    }

    /// The same, where the node may be dead.
    pub(crate) async fn try_window(url: &str) -> Result<Self, String> {
        let socket = line::open(url, "/v1/agent").await.map_err(|why| format!("no socket: {why}"))?;
        Ok(Self { socket: Some(socket), ..Self::nobody(vec![url.to_owned()]) })
    }

    /// A command's answer, whatever it is, on the present socket.
    pub(crate) async fn answer(&mut self, command: &Value) -> Value {
        self.once(command).await.unwrap_or_else(|| panic!("not answered: {command}"))
    }

    /// A window's desk, the first from now on in which the chat is at this stage: what the chat is there.
    pub(crate) async fn comes_to(&mut self, chat: &Value, stage: &str) -> Value {
        let deadline = Deadline::new();
        loop {
            let work = self.desk["work"].as_array().cloned().unwrap_or_default();
            if let Some(work) = work.into_iter().find(|work| work["chat"] == *chat && work["stage"] == stage)
            {
                return work;
            }
            deadline.check(|| format!("{chat} is at the stage {stage}: {}", self.desk));
            self.frame().await.expect("the window stays open");
        }
    }

    fn nobody(urls: Vec<String>) -> Self {
        Self {
            urls,
            at: 0,
            socket: None,
            chat: Value::Null,
            key: Value::Null,
            position: 1,
            ids: 0,
            acknowledged: Vec::new(),
            seen: BTreeMap::new(),
            reopened: 0,
            broken: Vec::new(),
            refused: Vec::new(),
            desk: Value::Null,
            place: Value::Null,
            moved: false,
        }
    }

    /// Opens a socket where there is none, and resumes.
    async fn ready(&mut self) -> bool {
        if self.socket.is_some() {
            return true;
        }
        // Where there is but one address, there is no other to turn to.
        let patience = if self.urls.len() == 1 { ANSWER } else { Duration::from_secs(2) };
        let opening = line::open(&self.urls[self.at], "/v1/customer");
        let opened = tokio::time::timeout(patience, opening).await;
        match opened.unwrap_or_else(|_| Err("no answer".into())) {
            Ok(socket) => self.socket = Some(socket),
            Err(why) => {
                self.refused.push(format!("no socket: {why}"));
                self.give_up();
                tokio::time::sleep(Duration::from_millis(50)).await;
                return false;
            }
        }
        self.moved = false;
        if self.chat.is_null() {
            return true;
        }
        self.ids += 1;
        let resume = json!({
            "id": self.ids.to_string(), "do": "resume", "chat": self.chat, "key": self.key, "position": self.position,
        });
        match self.once(&resume).await {
            Some(answer) if answer["ok"] == true => return true,
            Some(answer) => self.refused.push(answer.to_string()),
            None => {}
        }
        self.give_up();
        false
    }

    /// The next node's turn.
    fn give_up(&mut self) {
        self.socket = None;
        self.place = Value::Null;
        self.at = (self.at + 1) % self.urls.len();
        self.reopened += 1;
    }

    /// One command and its answer; nothing when the socket breaks or is silent.
    pub(crate) async fn once(&mut self, command: &Value) -> Option<Value> {
        let deadline = Instant::now() + ANSWER;
        if self.socket.as_mut()?.send(Message::text(command.to_string())).await.is_err() {
            // What the server said before it went is still there to be read.
            while self.frame().await.is_some() {}
            return None;
        }
        while Instant::now() < deadline {
            let frame = self.frame().await?;
            if frame["answer"] == command["id"] {
                return Some(frame);
            }
        }
        None
    }

    /// The next frame; nothing when the socket is over.
    pub(crate) async fn frame(&mut self) -> Option<Value> {
        loop {
            let socket = self.socket.as_mut()?;
            match tokio::time::timeout(SILENCE, socket.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => {
                    let frame = serde_json::from_str(&text).unwrap();
                    self.look(&frame);
                    return Some(frame);
                }
                ended @ (Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) | Err(_)) => {
                    if !self.moved {
                        self.broken.push(format!("{ended:?}"));
                    }
                    return None;
                }
                Ok(Some(Ok(_))) => {}
            }
        }
    }

    fn look(&mut self, frame: &Value) {
        match frame["event"].as_str() {
            Some("chat") => {}
            Some("moved") => return self.moved = true,
            Some("desk") => return self.desk = frame.clone(),
            Some("queue") => return self.place = frame["place"].clone(),
            _ => return,
        }
        for event in frame["events"].as_array().unwrap() {
            let index = event["index"].as_u64().unwrap();
            assert!(index >= self.position, "{index} comes after {} was promised: {frame}", self.position);
            let known = self.seen.entry(index).or_insert_with(|| event.clone());
            assert_eq!(known, event, "an index was used twice");
        }
        let next = frame["next"].as_u64().unwrap();
        assert!(next >= self.position, "the position goes back: {frame}");
        self.position = next;
    }

    /// Reads the whole chat anew at a node, and compares it with all that was acknowledged and seen.
    pub(crate) async fn is_kept(&mut self, node: usize) {
        let (chat, key) = (self.chat.clone(), self.key.clone());
        let mut fresh = Self { chat, key, ..Self::nobody(vec![self.urls[node].clone()]) };
        let deadline = Deadline::new();
        while fresh.own_texts().len() < self.acknowledged.len() {
            assert!(!deadline.is_over(), "lost: {:?} of {:?}", fresh.own_texts(), self.acknowledged);
            if fresh.ready().await && fresh.frame().await.is_none() {
                fresh.give_up();
            }
        }
        assert_eq!(fresh.own_texts(), self.acknowledged, "chat {}", self.chat);
        for (index, event) in &self.seen {
            let now = fresh.seen.get(index);
            assert!(now.is_none_or(|now| now == event), "event {index} was {event} and is {now:?}");
        }
    }

    /// The customer's own messages: the customer's number is 1, for the customer opens the chat.
    fn own_texts(&self) -> Vec<String> {
        let own = self.seen.values().filter(|event| event["type"] == "message" && event["by"] == 1);
        own.map(|event| event["text"].as_str().unwrap().to_owned()).collect()
    }
}
