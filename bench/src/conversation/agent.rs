//! An agent: is ready, accepts what is offered, answers each question once, and ends a chat that its customer left.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::socket::Role;
use super::{Login, Scene};

const AGAIN: Duration = Duration::from_millis(300);

/// One agent on one socket at a time; a lost socket is opened anew at another node.
pub(super) struct Agent {
    login: Login,
    scene: Rc<RefCell<Scene>>,
    token: Option<String>,
    capacity: usize,
    signed_in: bool,
    hello_due: Option<Instant>,
    chats: BTreeMap<String, Chat>,
    /// Offers answered: the chat, and when the offer ends.
    accepted: BTreeSet<(String, u64)>,
    outbox: VecDeque<Pending>,
    /// Names this run: another one's commands of the same agent are others.
    run: String,
    minted: u64,
}

/// A chat that the agent is in.
#[derive(Default)]
struct Chat {
    position: u64,
    roles: BTreeMap<u64, String>,
    questions: Vec<String>,
    answered: BTreeSet<String>,
    leaving: bool,
}

/// A command that was not answered yet.
struct Pending {
    id: String,
    command: Value,
    due: Option<Instant>,
}

impl Agent {
    /// An agent who has yet to sign in.
    pub(super) fn new(login: Login, scene: Rc<RefCell<Scene>>) -> Self {
        Self {
            login,
            scene,
            token: None,
            capacity: usize::MAX,
            signed_in: false,
            hello_due: None,
            chats: BTreeMap::new(),
            accepted: BTreeSet::new(),
            outbox: VecDeque::new(),
            run: format!("{:032x}", rand::random::<u128>()),
            minted: 0,
        }
    }

    fn broken(&self, what: &str) {
        self.scene.borrow_mut().broken(format!("agent {}: {what}", self.login.name));
    }

    fn command(&mut self, mut command: Value) {
        self.minted += 1;
        let id = format!("{}-{}", self.run, self.minted);
        command["id"] = json!(id);
        self.outbox.push_back(Pending { id, command, due: Some(Instant::now()) });
    }

    fn desk(&mut self, frame: &Value) {
        let work = frame["work"].as_array().cloned().unwrap_or_default();
        let held = work.iter().filter(|work| work["stage"] != "over").count();
        if held > self.capacity {
            self.broken(&format!("has {held} chats, may have {}", self.capacity));
        }
        for work in &work {
            let chat = work["chat"].as_str().unwrap_or_default().to_owned();
            match work["stage"].as_str() {
                Some("offered") => {
                    self.scene.borrow_mut().offered(&chat);
                    let until = work["until"].as_u64().unwrap_or(0);
                    if self.accepted.insert((chat.clone(), until)) {
                        self.command(json!({"do": "accept", "chat": chat}));
                    }
                }
                Some("chatting") => {
                    self.chats.entry(chat).or_default();
                }
                Some("over") => self.forget(&chat),
                _ => {}
            }
        }
        let here: BTreeSet<&str> = work.iter().filter_map(|work| work["chat"].as_str()).collect();
        let gone: Vec<String> =
            self.chats.keys().filter(|chat| !here.contains(chat.as_str())).cloned().collect();
        gone.iter().for_each(|chat| self.forget(chat));
        let waits = |pending: &Pending| pending.command["do"] == "ready";
        if frame["status"]["state"] == "not_ready" && !self.outbox.iter().any(waits) {
            self.command(json!({"do": "ready"}));
        }
    }

    fn forget(&mut self, chat: &str) {
        self.chats.remove(chat);
        self.outbox.retain(|pending| pending.command["chat"] != chat);
    }

    fn follow(&mut self, frame: &Value) {
        let id = frame["chat"].as_str().unwrap_or_default().to_owned();
        let Some(chat) = self.chats.get_mut(&id) else { return };
        for participant in frame["participants"].as_array().into_iter().flatten() {
            let number = participant["number"].as_u64().unwrap_or(0);
            chat.roles.insert(number, participant["role"].as_str().unwrap_or_default().to_owned());
        }
        let mut customer_left = frame["ended"] == true;
        for event in frame["events"].as_array().into_iter().flatten() {
            let text = event["text"].as_str().unwrap_or_default();
            let role = chat.roles.get(&event["by"].as_u64().unwrap_or(0)).map_or("", String::as_str);
            match (event["type"].as_str(), role) {
                (Some("message"), "customer") if text.starts_with('q') => {
                    self.scene.borrow_mut().hears(text);
                    chat.questions.push(text.to_owned());
                }
                (Some("message"), "agent") => {
                    chat.answered.extend(text.strip_prefix("re ").map(str::to_owned));
                }
                (Some("left"), "customer") => customer_left = true,
                _ => {}
            }
        }
        chat.position = chat.position.max(frame["next"].as_u64().unwrap_or(0));
        let unanswered: Vec<String> =
            chat.questions.iter().filter(|question| !chat.answered.contains(*question)).cloned().collect();
        chat.answered.extend(unanswered.iter().cloned());
        let leaves = customer_left && !std::mem::replace(&mut chat.leaving, customer_left);
        for question in unanswered.iter().filter(|_| !customer_left) {
            let text = format!("re {question}");
            self.scene.borrow_mut().says(&text);
            self.command(json!({"do": "send", "chat": id, "text": text}));
        }
        if leaves {
            self.command(json!({"do": "leave", "chat": id, "how": "close_if_no_agents"}));
        }
    }

    fn answered(&mut self, frame: &Value) {
        let id = frame["answer"].as_str().unwrap_or_default();
        let retry = frame["error"]["retry"] == true;
        if id == "hello" {
            if frame["ok"] == true {
                self.token = frame["token"].as_str().map(str::to_owned);
                self.capacity = frame["capacity"].as_u64().unwrap_or(u64::MAX) as usize;
                self.signed_in = true;
                self.outbox.iter_mut().for_each(|pending| pending.due = Some(Instant::now()));
            } else if retry || self.token.take().is_some() {
                self.hello_due = Some(Instant::now() + AGAIN);
            } else {
                self.broken(&format!("not let in: {}", frame["error"]));
                self.scene.borrow_mut().over = true;
            }
            return;
        }
        if retry {
            let pending = self.outbox.iter_mut().find(|pending| pending.id == id);
            pending.into_iter().for_each(|pending| pending.due = Some(Instant::now() + AGAIN));
            return;
        }
        let Some(at) = self.outbox.iter().position(|pending| pending.id == id) else { return };
        let Some(pending) = self.outbox.remove(at) else { return };
        let code = frame["error"]["code"].as_str().unwrap_or_default();
        // An offer or a chat may end while a command is on its way.
        if frame["ok"] != true && !["no_claim", "ended"].contains(&code) {
            self.broken(&format!("{} was refused: {}", pending.command["do"], frame["error"]));
        }
    }
}

impl Role for Agent {
    fn hello(&mut self) -> Value {
        let positions: BTreeMap<&String, u64> = self
            .chats
            .iter()
            .filter(|(_, chat)| chat.position > 0)
            .map(|(id, chat)| (id, chat.position))
            .collect();
        let mut hello =
            json!({"id": "hello", "do": "sign_in", "name": self.login.name, "positions": positions});
        match &self.token {
            Some(token) => hello["token"] = json!(token),
            None => hello["password"] = json!(self.login.password),
        }
        hello
    }

    fn heard(&mut self, frame: &Value) -> Vec<Value> {
        match frame["event"].as_str() {
            Some("desk") => self.desk(frame),
            Some("chat") => self.follow(frame),
            _ if frame["answer"].is_string() => self.answered(frame),
            _ => {}
        }
        Vec::new()
    }

    fn tick(&mut self) -> Vec<Value> {
        let now = Instant::now();
        if self.hello_due.take_if(|due| *due <= now).is_some() {
            return vec![self.hello()];
        }
        if !self.signed_in {
            return Vec::new();
        }
        let mut send = Vec::new();
        for pending in &mut self.outbox {
            if pending.due.take_if(|due| *due <= now).is_some() {
                send.push(pending.command.clone());
            }
        }
        send
    }

    fn done(&self) -> bool {
        self.scene.borrow().over
    }

    fn lost(&mut self) {
        self.signed_in = false;
        self.hello_due = None;
    }
}
