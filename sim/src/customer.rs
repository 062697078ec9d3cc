//! A simulated customer: starts a chat, talks, reads, types and leaves, and holds the server to its promise.
//!
//! Like a good client it repeats what was not acknowledged, with the same id, at the next node.

use crate::checker::Received;
use crate::client::{Client, NoAnswer, Nodes};
use crate::reader::Reader;
use handoff_chat::channel::{Channel, Identity, Presence, Reach};
use handoff_chat::command::{Act, Answer, Caller, Command, Read, Reading, Reject};
use handoff_chat::key::StoredKey;
use handoff_chat::opening::{IdleTerms, Limits, Opening, Terms};
use handoff_chat::workflow::{Bot, Program};
use handoff_chat::{BotName, CommandId, EntityId, SessionId};
use handoff_shard::Done;
use rand::RngExt;
use rand::rngs::StdRng;
use std::sync::Arc;
use std::time::Duration;

/// A customer with one chat; the seed decides when they speak, type and leave.
pub struct Customer {
    client: Client,
    routed: Option<Arc<Program>>,
    /// Inactivity control of the customer's chat.
    pub(crate) idle: Option<Box<IdleTerms>>,
    pub(crate) session: SessionId,
    key: [u8; 32],
    reader: Reader,
    kept: Received,
}

impl Customer {
    /// A customer who will talk in this session, with the bot or, where a workflow is given, with whom it routes to.
    pub fn new(nodes: Nodes, session: SessionId, mut rng: StdRng, routed: Option<Arc<Program>>) -> Self {
        let key = rng.random();
        let kept = Received::new(session.clone(), usize::from(routed.is_none()));
        Self {
            client: Client::new(nodes, rng),
            routed,
            idle: None,
            session,
            key,
            reader: Reader::default(),
            kept,
        }
    }

    pub(crate) fn caller(&self) -> Caller {
        Caller::Customer(self.channel().proof())
    }

    /// Of every fourth the channel vouches for an address, and their events are pushed there; it lets them read too, so
    /// that they are held to the same.
    fn channel(&self) -> Channel {
        let key = StoredKey { hash: self.key, sealed: Some([1; 16]) };
        let channel = Channel::with_key("sim", key, Presence::Calls { lost_after_ms: 120_000 });
        if !self.key[0].is_multiple_of(4) {
            return channel;
        }
        Channel { identity: Identity::Address(self.session.0.clone()), reach: Reach::Pushed, ..channel }
    }

    /// Asks until there is an answer.
    async fn call(&mut self, command: Option<Command>, read: Option<u64>) -> Result<Done, NoAnswer> {
        let read = read.map(|position| (self.caller(), Read::Customer { position }));
        self.client.call(&EntityId::from(&self.session), command, read, Duration::ZERO).await
    }

    /// The whole conversation. What was acknowledged is in the result, or what went wrong.
    pub async fn talk(mut self, messages: u32) -> Result<Received, String> {
        self.open().await?;
        for number in 0..messages {
            self.client.pause(20..900).await;
            if self.routed.is_some() && self.client.rng.random_bool(0.03) {
                break;
            }
            if self.client.rng.random_bool(0.3) {
                self.type_something(number).await?;
            }
            match self.say(number).await {
                Ok(()) => {}
                // The agent has closed the chat.
                Err(NoAnswer::Refused(Reject::Ended)) if self.routed.is_some() => return Ok(self.kept),
                Err(no) => return Err(no.into()),
            }
            if self.client.rng.random_bool(0.7) {
                self.refresh().await?;
            }
        }
        self.refresh().await?;
        if self.routed.is_some() && self.client.rng.random_bool(0.2) {
            // They stay for longer than the grace time of an agent who is gone.
            self.client.pause(20_000..40_000).await;
        }
        let leave = Command { id: CommandId("bye".into()), caller: self.caller(), act: Act::Disconnect };
        match self.call(Some(leave), Some(1)).await {
            Ok(done) => self.take(1, done)?,
            // The agent closed the chat so long ago that only its record is left.
            Err(NoAnswer::Refused(Reject::Unknown)) if self.routed.is_some() => {}
            Err(no) => return Err(no.into()),
        }
        Ok(self.kept)
    }

    pub(crate) async fn open(&mut self) -> Result<(), String> {
        let bot = Bot { name: BotName("demo".into()), nickname: "Demo".into() };
        let opening = Opening::new("default", self.channel(), Limits::new(4_096, 10_000, 30_000));
        let opening = Opening {
            terms: Terms { idle: self.idle.clone(), ..opening.terms.clone() },
            nickname: "Ann".into(),
            subject: "sim".into(),
            bot: self.routed.is_none().then_some(bot),
            workflow: self.routed.clone(),
            ..opening
        };
        let command = Command {
            id: CommandId("start".into()),
            caller: self.caller(),
            act: Act::Open(Box::new(opening)),
        };
        let done = self.call(Some(command), Some(1)).await?;
        self.take(1, done)
    }

    pub(crate) async fn say(&mut self, number: u32) -> Result<(), NoAnswer> {
        self.say_words(number, &number.to_string()).await
    }

    pub(crate) async fn say_words(&mut self, number: u32, words: &str) -> Result<(), NoAnswer> {
        let text = format!("{} says {words}", self.session.0);
        let act = Act::Send { text: text.clone(), message_type: None };
        let command = Command { id: CommandId(format!("c:{number}")), caller: self.caller(), act };
        let done = self.call(Some(command), None).await?;
        if let Some(answer) = done.answer.and_then(Answer::chat) {
            self.kept.acknowledged.push((answer.seq, text));
        }
        Ok(())
    }

    /// What happened in the chat, as the customer sees it.
    #[cfg(test)]
    pub(crate) async fn bodies(&mut self) -> Vec<handoff_chat::event::Body> {
        match self.call(None, Some(1)).await.ok().and_then(|done| done.reading) {
            Some(Reading::View(view)) => view.events.into_iter().map(|event| event.body).collect(),
            _ => Vec::new(),
        }
    }

    async fn type_something(&mut self, number: u32) -> Result<(), String> {
        let act = Act::StartTyping { preview: Some("Hel".into()) };
        let command = Command { id: CommandId(format!("t:{number}")), caller: self.caller(), act };
        match self.call(Some(command), None).await {
            Ok(_) | Err(NoAnswer::Refused(Reject::Ended)) => Ok(()),
            Err(no) => Err(no.into()),
        }
    }

    async fn refresh(&mut self) -> Result<(), String> {
        let position = if self.client.rng.random_bool(0.2) { 1 } else { self.reader.next() };
        let done = self.call(None, Some(position)).await?;
        self.take(position, done)?;
        if position == 1 {
            let all = self.kept.acknowledged.len();
            let mine = self.reader.count(" says ");
            if mine < all {
                return Err(format!("read {mine} own messages, {all} were acknowledged"));
            }
        }
        Ok(())
    }

    /// What is read must agree with what was read before.
    fn take(&mut self, position: u64, done: Done) -> Result<(), String> {
        match done.reading {
            Some(Reading::View(view)) => self.reader.take(position, &view),
            _ => Err("no view".to_owned()),
        }
    }
}
