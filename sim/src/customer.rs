//! A simulated customer: starts a chat, talks, reads, types and leaves, and holds the server to its promise.
//!
//! Like a good client it repeats what was not acknowledged, with the same id, at the next node.

use crate::checker::Told as Kept;
use crate::node::SimNode;
use handoff::front::{Ask, AskError, Told};
use handoff_chat::command::{Act, Answer, Caller, Command, Read, Reading};
use handoff_chat::session::{Body, Bot, Limits, Opening, View};
use handoff_chat::{BotName, CommandId, EntityId, SessionId};
use rand::RngExt;
use rand::rngs::StdRng;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// The nodes by place; a place is empty while its node is down.
pub type Nodes = Rc<RefCell<Vec<Option<Rc<SimNode>>>>>;

/// How long a client waits for one node.
const CLIENT_TIMEOUT: Duration = Duration::from_millis(1_500);

/// How often a call is tried before the customer complains: longer than any fault lasts.
const TRIES_MAX: u32 = 400;

/// One customer.
pub struct Customer {
    nodes: Nodes,
    place: usize,
    pub(crate) session: SessionId,
    key: [u8; 32],
    rng: StdRng,
    seen: BTreeMap<u64, String>,
    kept: Kept,
}

impl Customer {
    /// A customer who will talk in this session.
    pub fn new(nodes: Nodes, session: SessionId, mut rng: StdRng) -> Self {
        let key = rng.random();
        let place = rng.random_range(0..64);
        let kept = Kept::new(session.clone());
        Self { nodes, place, session, key, rng, seen: BTreeMap::new(), kept }
    }

    pub(crate) fn caller(&self) -> Caller {
        Caller::Customer(self.key)
    }

    fn node(&mut self) -> Option<Rc<SimNode>> {
        let nodes = self.nodes.borrow();
        nodes[self.place % nodes.len()].clone()
    }

    /// Asks until there is an answer.
    async fn ask(&mut self, command: Option<Command>, read: Option<u64>) -> Result<Told, String> {
        for _ in 0..TRIES_MAX {
            let ask = Ask {
                entity: EntityId::from(&self.session),
                command: command.clone(),
                read: read.map(|position| (self.caller(), Read::Customer { position })),
                client_id: true,
                patience: Duration::from_millis(2_000),
                wait: Duration::ZERO,
            };
            if let Some(node) = self.node() {
                match timeout(CLIENT_TIMEOUT, node.call(ask)).await {
                    Ok(Some(Ok(told))) => return Ok(told),
                    Ok(Some(Err(AskError::Rejected(reject)))) => return Err(format!("rejected: {reject:?}")),
                    Ok(Some(Err(_)) | None) | Err(_) => {}
                }
            }
            self.place = self.place.wrapping_add(1);
            sleep(Duration::from_millis(self.rng.random_range(10..120))).await;
        }
        Err("no answer, however often asked".to_owned())
    }

    /// The whole conversation. What was acknowledged is in the result, or what went wrong.
    pub async fn talk(mut self, messages: u32) -> Result<Kept, String> {
        self.open().await?;
        for number in 0..messages {
            sleep(Duration::from_millis(self.rng.random_range(20..900))).await;
            if self.rng.random_bool(0.3) {
                self.type_something(number).await?;
            }
            self.say(number).await?;
            if self.rng.random_bool(0.7) {
                self.refresh().await?;
            }
        }
        self.refresh().await?;
        let leave = Command { id: CommandId("bye".into()), caller: self.caller(), act: Act::Disconnect };
        let told = self.ask(Some(leave), Some(1)).await?;
        self.look(told)?;
        Ok(self.kept)
    }

    pub(crate) async fn open(&mut self) -> Result<(), String> {
        let opening = Opening {
            service: "default".into(),
            nickname: "Ann".into(),
            first_name: String::new(),
            last_name: String::new(),
            email: String::new(),
            subject: "sim".into(),
            text: None,
            user_data: BTreeMap::new(),
            time_zone_offset_minutes: 0,
            key_hash: self.key,
            sealed_key: Some([1; 16]),
            bot: Some(Bot { name: BotName("demo".into()), nickname: "Demo".into() }),
            limits: Limits { message_bytes_max: 4_096, events_max: 10_000, linger_ms: 30_000 },
        };
        let command = Command {
            id: CommandId("start".into()),
            caller: self.caller(),
            act: Act::Open(Box::new(opening)),
        };
        let told = self.ask(Some(command), Some(1)).await?;
        self.look(told)
    }

    pub(crate) async fn say(&mut self, number: u32) -> Result<(), String> {
        let text = format!("{} says {number}", self.session.0);
        let act = Act::Send { text: text.clone(), message_type: None };
        let command = Command { id: CommandId(format!("c:{number}")), caller: self.caller(), act };
        let told = self.ask(Some(command), None).await?;
        let answer = told.answer.and_then(Answer::chat).ok_or("a send without an answer")?;
        self.kept.acknowledged.push((answer.seq, text));
        Ok(())
    }

    async fn type_something(&mut self, number: u32) -> Result<(), String> {
        let act = Act::StartTyping { preview: Some("Hel".into()) };
        let command = Command { id: CommandId(format!("t:{number}")), caller: self.caller(), act };
        self.ask(Some(command), None).await.map(drop)
    }

    async fn refresh(&mut self) -> Result<(), String> {
        let position = if self.rng.random_bool(0.2) { 1 } else { self.next_position() };
        let told = self.ask(None, Some(position)).await?;
        self.look(told)?;
        if position == 1 {
            let all = self.kept.acknowledged.len();
            let mine = self.seen.values().filter(|text| text.contains(" says ")).count();
            if mine < all {
                return Err(format!("read {mine} own messages, {all} were acknowledged"));
            }
        }
        Ok(())
    }

    fn next_position(&self) -> u64 {
        self.seen.last_key_value().map_or(1, |(index, _)| index + 1)
    }

    /// What is read must agree with what was read before: an index means one thing for ever.
    fn look(&mut self, told: Told) -> Result<(), String> {
        let Some(Reading::View(view)) = told.reading else { return Err("no view".to_owned()) };
        let View { events, typing, .. } = view;
        let shown = events.iter().filter_map(|event| {
            let what = match &event.body {
                Body::Message { text, .. } => format!("{} {}", event.by, text.show()),
                other => format!("{:?}", std::mem::discriminant(other)),
            };
            event.index[0].map(|index| (index, what))
        });
        let typed = typing.iter().filter_map(|typing| {
            typing.index[0].map(|index| (index, format!("typing {} {}", typing.by, typing.started)))
        });
        for (index, what) in shown.chain(typed).collect::<Vec<_>>() {
            match self.seen.get(&index) {
                Some(before) if *before != what => {
                    return Err(format!("index {index} was {before:?} and is {what:?} now"));
                }
                _ => drop(self.seen.insert(index, what)),
            }
        }
        Ok(())
    }
}
