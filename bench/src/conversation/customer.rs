//! A customer: starts, asks for a person, asks the questions one by one, and leaves.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rand::RngExt;
use serde_json::{Value, json};

use super::socket::Role;
use super::{ConversationPlan, Scene};

const AGAIN: Duration = Duration::from_millis(300);
/// Whose numbers a customer's are: nobody else sends for them.
const RUN: &str = "bench";

/// One customer with one conversation; goes on at another node when the socket is lost.
pub(super) struct Customer {
    number: u32,
    plan: Rc<ConversationPlan>,
    scene: Rc<RefCell<Scene>>,
    began: Instant,
    client_id: String,
    chat: Option<(String, String)>,
    signed_in: bool,
    hello_due: Option<Instant>,
    next_command: u64,
    position: u64,
    roles: BTreeMap<u64, String>,
    agents_in: u32,
    asked: u32,
    script: Step,
    pending: Option<Pending>,
    seen: Vec<(u64, bool, String)>,
    acknowledged: Vec<String>,
    done: bool,
}

/// Where the customer is in the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    AskForPerson,
    AwaitAgent,
    Ask { at: Instant },
    AwaitAnswer,
    Leave,
    Gone,
}

/// A command that was not answered yet.
struct Pending {
    number: u64,
    command: Value,
    /// When it is to be sent; none: it is on its way.
    due: Option<Instant>,
}

impl Customer {
    /// The customer of conversation `number`.
    pub(super) fn new(number: u32, plan: Rc<ConversationPlan>, scene: Rc<RefCell<Scene>>) -> Self {
        Self {
            number,
            plan,
            scene,
            began: Instant::now(),
            client_id: format!("{:032x}", rand::random::<u128>()),
            chat: None,
            signed_in: false,
            hello_due: None,
            next_command: 1,
            position: 1,
            roles: BTreeMap::new(),
            agents_in: 0,
            asked: 0,
            script: Step::AskForPerson,
            pending: None,
            seen: Vec::new(),
            acknowledged: Vec::new(),
            done: false,
        }
    }

    fn broken(&self, what: &str) {
        let chat = self.chat.as_ref().map_or("none", |(chat, _)| chat.as_str());
        self.scene.borrow_mut().broken(format!("customer {} (chat {chat}): {what}", self.number));
    }

    fn fail(&mut self, what: &str) {
        self.broken(what);
        self.done = true;
    }

    fn command(&mut self, mut command: Value) {
        let number = self.next_command;
        self.next_command += 1;
        command["id"] = json!(format!("n{number}"));
        command["number"] = json!(number);
        command["run"] = json!(RUN);
        self.pending = Some(Pending { number, command, due: Some(Instant::now()) });
    }

    fn say(&mut self, text: String) {
        self.scene.borrow_mut().says(&text);
        self.command(json!({"do": "send", "text": text}));
    }

    fn question(&self, n: u32) -> String {
        format!("q{n} of {}", self.number)
    }

    /// Takes the next step when it is due.
    fn go_on(&mut self) {
        if !self.signed_in || self.pending.is_some() {
            return;
        }
        match self.script {
            Step::AskForPerson => {
                let text = self.plan.asks_for_person.clone();
                self.command(json!({"do": "send", "text": text}));
                self.script = Step::AwaitAgent;
            }
            Step::AwaitAgent if self.agents_in > 0 => self.script = self.pause(),
            Step::Ask { at } if at <= Instant::now() => {
                self.asked += 1;
                self.say(self.question(self.asked));
                self.script = Step::AwaitAnswer;
            }
            Step::AwaitAnswer => {
                let answer = format!("re {}", self.question(self.asked));
                if self.seen.iter().any(|(_, mine, text)| !mine && *text == answer) {
                    self.script = if self.asked < self.plan.questions { self.pause() } else { Step::Leave };
                }
            }
            Step::Leave => {
                self.command(json!({"do": "leave"}));
                self.script = Step::Gone;
            }
            Step::AwaitAgent | Step::Ask { .. } | Step::Gone => {}
        }
    }

    fn pause(&self) -> Step {
        let most = self.plan.pause.as_millis().max(1) as u64;
        Step::Ask { at: Instant::now() + Duration::from_millis(rand::rng().random_range(0..most)) }
    }

    fn answered(&mut self, frame: &Value) {
        let id = frame["answer"].as_str().unwrap_or_default();
        let ok = frame["ok"] == true;
        if id == "hello" {
            return self.greeted(frame, ok);
        }
        let Some(pending) = self.pending.take_if(|pending| format!("n{}", pending.number) == id) else {
            return;
        };
        if ok {
            if let Some(text) = pending.command["text"].as_str() {
                self.acknowledged.push(text.to_owned());
            }
            if self.script == Step::Gone {
                self.finish();
            }
        } else if frame["error"]["retry"] == true {
            self.pending = Some(Pending { due: Some(Instant::now() + AGAIN), ..pending });
        } else {
            self.fail(&format!("{} was refused: {}", pending.command["do"], frame["error"]));
        }
    }

    fn greeted(&mut self, frame: &Value, ok: bool) {
        if !ok {
            if frame["error"]["retry"] == true {
                self.hello_due = Some(Instant::now() + AGAIN);
            } else {
                self.fail(&format!("not let in: {}", frame["error"]));
            }
            return;
        }
        if let (Some(chat), Some(key)) = (frame["chat"].as_str(), frame["key"].as_str()) {
            self.scene.borrow_mut().started(chat, self.began);
            self.chat = Some((chat.to_owned(), key.to_owned()));
        }
        self.signed_in = true;
        if let Some(pending) = &mut self.pending {
            pending.due = Some(Instant::now());
        }
    }

    fn follow(&mut self, frame: &Value) {
        for participant in frame["participants"].as_array().into_iter().flatten() {
            let number = participant["number"].as_u64().unwrap_or(0);
            self.roles.insert(number, participant["role"].as_str().unwrap_or_default().to_owned());
        }
        for event in frame["events"].as_array().into_iter().flatten() {
            self.happened(event);
        }
        self.position = self.position.max(frame["next"].as_u64().unwrap_or(0));
    }

    fn happened(&mut self, event: &Value) {
        let index = event["index"].as_u64().unwrap_or(0);
        if self.seen.last().is_some_and(|(last, ..)| *last >= index) {
            self.broken(&format!("index {index} came after {:?}", self.seen.last()));
        }
        let role = self.roles.get(&event["by"].as_u64().unwrap_or(0)).cloned().unwrap_or_default();
        let text = event["text"].as_str().unwrap_or_default().to_owned();
        match (event["type"].as_str(), role.as_str()) {
            (Some("joined"), "agent") => {
                self.agents_in += 1;
                if let Some((chat, _)) = &self.chat {
                    self.scene.borrow_mut().joined(chat);
                }
                if self.agents_in > 1 {
                    self.broken("two agents are in the chat");
                }
            }
            (Some("left"), "agent") => self.agents_in = self.agents_in.saturating_sub(1),
            (Some("message"), "agent") => self.scene.borrow_mut().hears(&text),
            _ => {}
        }
        self.seen.push((index, role == "customer", text));
    }

    /// Everything acknowledged is there once and in order, and every answer once and in order.
    fn finish(&mut self) {
        self.done = true;
        let texts = |mine: bool, start: &str| -> Vec<&String> {
            let texts = self.seen.iter().filter(|(_, by, text)| *by == mine && text.starts_with(start));
            texts.map(|(_, _, text)| text).collect()
        };
        let mine = texts(true, "");
        let mine: Vec<&String> = mine.into_iter().filter(|text| !text.is_empty()).collect();
        if mine != self.acknowledged.iter().collect::<Vec<_>>() {
            self.broken(&format!("acknowledged {:?}, in the chat {mine:?}", self.acknowledged));
        }
        let wanted: Vec<String> = (1..=self.asked).map(|n| format!("re {}", self.question(n))).collect();
        let answers = texts(false, "re ");
        if answers != wanted.iter().collect::<Vec<_>>() {
            self.broken(&format!("answers {answers:?}"));
        }
        if let Some((chat, _)) = &self.chat {
            self.scene.borrow_mut().ended(chat);
        }
    }
}

impl Role for Customer {
    fn hello(&mut self) -> Value {
        match &self.chat {
            Some((chat, key)) => {
                json!({"id": "hello", "do": "resume", "chat": chat, "key": key, "position": self.position})
            }
            None => json!({
                "id": "hello", "do": "start", "service": self.plan.service,
                "nickname": format!("Customer {}", self.number), "subject": "bench",
                "client_id": self.client_id,
            }),
        }
    }

    fn heard(&mut self, frame: &Value) -> Vec<Value> {
        if frame["answer"].is_string() {
            self.answered(frame);
        } else if frame["event"] == "chat" {
            self.follow(frame);
        }
        Vec::new()
    }

    fn tick(&mut self) -> Vec<Value> {
        if !self.done && self.began.elapsed() > self.plan.stranded_after {
            self.fail(&format!("stranded at {:?}", self.script));
        }
        self.go_on();
        let now = Instant::now();
        if self.hello_due.take_if(|due| *due <= now).is_some() {
            return vec![self.hello()];
        }
        let Some(pending) = self.pending.as_mut().filter(|_| self.signed_in) else { return Vec::new() };
        let due = pending.due.take_if(|due| *due <= now);
        due.map(|_| pending.command.clone()).into_iter().collect()
    }

    fn done(&self) -> bool {
        self.done
    }

    fn lost(&mut self) {
        self.signed_in = false;
        self.hello_due = None;
    }
}
