//! Customers who are known by an address: which chat they are in, and what is owed to their channel, across takeovers.

use super::rig::{Rig, opening};
use super::small_segments;
use crate::owed::Owed;
use crate::*;
use handoff_chat::channel::{Address, Channel, Delivery, Identity, Presence, Proof, Reach, Shows};
use handoff_chat::command::{Act, Answer};
use handoff_chat::event::Body;
use handoff_chat::opening::{Opening, Terms};
use handoff_chat::workflow::Bot;
use handoff_chat::{BotName, CommandId};
use handoff_journal::memory::MemoryStore;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

fn address() -> Address {
    Address { channel: "webhook:shop".to_owned(), address: "+49 151".to_owned() }
}

fn customer() -> Caller {
    Caller::Customer(Proof::Address(address()))
}

fn opened() -> Act {
    let Address { channel: name, address } = address();
    let channel = Channel {
        name,
        identity: Identity::Address(address),
        presence: Presence::ComesAndGoes,
        shows: Shows { notices: false, ..Shows::everything() },
        reach: Reach::Pushed,
        ..opening().terms.channel
    };
    Act::Open(Box::new(Opening { terms: Terms { channel, ..opening().terms }, ..opening() }))
}

impl Rig {
    async fn takes(&mut self, entity: &EntityId, id: &str, caller: Caller, act: Act) -> Option<Answer> {
        let command = Command { id: CommandId(id.to_owned()), caller, act };
        let mut receiver = self.call(entity, Some(command), None, None);
        self.settle().await;
        match receiver.try_recv().unwrap() {
            Outcome::Done(done) => done.answer,
            other => panic!("{other:?}"),
        }
    }

    /// Which chat a message belongs to.
    async fn receives(&mut self, id: &str) -> EntityId {
        let act = Act::Receive { refused_by: None };
        match self.takes(&address().correspondent(), id, customer(), act).await {
            Some(Answer::Belongs { chat, .. }) => EntityId::from(&chat),
            other => panic!("{other:?}"),
        }
    }

    fn bots_turn(&mut self, chat: &EntityId) -> EffectId {
        let mut owed = self.effects.clone().into_iter().filter(|(entity, _)| entity == chat);
        let is_turn = |owed| matches!(owed, Some(Owed::BotTurn(..)));
        owed.find(|(entity, id)| is_turn(self.core.owed(entity, *id))).unwrap().1
    }

    /// The events that the outside was asked to push and that are owed still, with their texts.
    async fn pushes(&mut self, chat: &EntityId) -> Vec<(EffectId, String)> {
        let handed_out: BTreeSet<_> =
            self.effects.iter().filter(|(entity, _)| entity == chat).map(|(_, id)| *id).collect();
        let mut found = Vec::new();
        for id in handed_out {
            let owed = match self.core.owed(chat, id) {
                Some(Owed::StoredPush(seq)) => {
                    let session = chat.session().unwrap();
                    let stored = crate::history::events(&self.node, &session, seq..seq + 1).await.unwrap();
                    self.core.owed_push(chat, seq, stored.first())
                }
                Some(owed) => owed,
                None => continue,
            };
            let Owed::Push(push) = owed else { continue };
            let Body::Message { text, .. } = push.unwrap().event.body else { continue };
            found.push((id, text.show().into_owned()));
        }
        found
    }

    async fn pushed(&mut self, chat: &EntityId) -> Vec<String> {
        self.pushes(chat).await.into_iter().map(|(_, text)| text).collect()
    }

    /// The channel takes what it was asked to push.
    async fn settles(&mut self, chat: &EntityId) {
        for (effect, _) in self.pushes(chat).await {
            self.effects.retain(|(entity, id)| (entity, *id) != (chat, effect));
            let act = Act::Pushed { effect, delivery: Delivery::Sent };
            let command =
                Command { id: CommandId(format!("push:{}", effect.0)), caller: Caller::System, act };
            self.core.call(self.now, Envelope::own(self.now, chat.clone(), command));
            self.settle().await;
        }
    }
}

/// The same with a bot.
fn opened_with_bot() -> Act {
    let Act::Open(opening) = opened() else { panic!("no start") };
    let bot = Bot { name: BotName("demo".to_owned()), nickname: "Demo".to_owned() };
    Act::Open(Box::new(Opening { bot: Some(bot), ..*opening }))
}

fn says(effect: EffectId, texts: &[&str]) -> (Caller, Act) {
    let texts = texts.iter().map(|text| (*text).to_owned()).collect();
    let act = Act::BotReply { effect, texts, rich: None, leave: false, handover: false };
    (Caller::Bot(BotName("demo".to_owned())), act)
}

/// A chat whose bot has answered so.
async fn answered(store: &MemoryStore, texts: &[&str]) -> (Rig, EntityId) {
    let mut rig = Rig::open(store, 1, small_segments()).await;
    let chat = rig.receives("m1").await;
    rig.takes(&chat, "m1", customer(), opened_with_bot()).await;
    let turn = rig.bots_turn(&chat);
    let (bot, act) = says(turn, texts);
    rig.takes(&chat, "turn", bot, act).await;
    (rig, chat)
}

#[tokio::test]
async fn what_comes_from_an_address_belongs_to_one_chat_at_every_owner_until_that_ends() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, small_segments()).await;
    let chat = rig.receives("m1").await;
    rig.takes(&chat, "m1", customer(), opened()).await;
    for round in 0..20 {
        rig = Rig::open(&store, 2 + round, small_segments()).await;
        assert_eq!(rig.receives(&format!("again {round}")).await, chat);
        assert_eq!(rig.receives("m1").await, chat);
    }
    rig.takes(&chat, "end", Caller::Operator, Act::ForceEnd).await;
    assert_ne!(rig.receives("m2").await, chat, "the chat said that it is over, in the same frame");
    assert_eq!(rig.receives("m1").await, chat);
    assert_eq!(rig.core.census().open, 0, "nobody has opened the next one yet");
}

#[tokio::test]
async fn what_is_owed_to_a_channel_is_handed_out_by_every_owner_in_order_until_it_is_settled() {
    let store = MemoryStore::new(1);
    let (mut rig, chat) = answered(&store, &["one", "two", "three"]).await;
    assert_eq!(rig.pushed(&chat).await, ["one"], "one at a time");
    for n in 0..3 {
        rig.takes(&chat, &format!("c{n}"), customer(), super::send("", &n.to_string()).act).await;
    }
    assert_eq!(rig.pushed(&chat).await, ["one"], "handed out once, whatever else is decided");
    let mut next = Rig::open(&store, 2, small_segments()).await;
    assert_eq!(next.pushed(&chat).await, ["one"]);
    next.settles(&chat).await;
    assert_eq!(next.pushed(&chat).await, ["two"]);
    let mut last = Rig::open(&store, 3, small_segments()).await;
    assert_eq!(last.pushed(&chat).await, ["two"]);
    last.settles(&chat).await;
    last.settles(&chat).await;
    assert!(last.pushed(&chat).await.is_empty());
}

#[tokio::test]
async fn what_is_owed_for_long_is_read_from_history() {
    let store = MemoryStore::new(1);
    let (mut rig, chat) = answered(&store, &["one"]).await;
    for n in 0..40 {
        rig.takes(&chat, &format!("c{n}"), customer(), super::send("", &n.to_string()).act).await;
    }
    assert!(rig.core.entities.awake(&chat).unwrap().machine.session().unwrap().first_seq_in_memory() > 20);
    assert_eq!(rig.pushed(&chat).await, ["one"]);
    let mut next = Rig::open(&store, 2, small_segments()).await;
    assert_eq!(next.pushed(&chat).await, ["one"]);
}

#[tokio::test]
async fn a_push_is_handed_out_again_when_its_chat_was_in_doubt_and_when_its_answer_was_not_taken() {
    for (phase, text, expected) in [
        (Phase::Applying, "strike", [Some("one"), Some("two"), None]),
        (Phase::Deciding, "", [Some("one"), Some("one"), Some("two")]),
    ] {
        let (left, armed) = (AtomicU64::new(1), Arc::new(AtomicBool::new(false)));
        let fires = Arc::clone(&armed);
        let hook: FaultHook = Arc::new(move |_, command, at| {
            let meant = match &command.act {
                Act::Send { text: said, .. } => said == text,
                Act::Pushed { .. } => text.is_empty(),
                _ => false,
            };
            if fires.load(Relaxed) && meant && at == phase && left.swap(0, Relaxed) > 0 {
                panic!("struck");
            }
        });
        let store = MemoryStore::new(1);
        let options = Options { fault_hook: Some(hook), ..Options::default() };
        let mut rig = Rig::open(&store, 1, options).await;
        let chat = rig.receives("m1").await;
        rig.takes(&chat, "m1", customer(), opened_with_bot()).await;
        armed.store(true, Relaxed);
        let turn = rig.bots_turn(&chat);
        let (bot, act) = says(turn, &["one", "two"]);
        let command = Command { id: CommandId("turn".to_owned()), caller: bot, act };
        let _bot = rig.call(&chat, Some(command), None, None);
        // In the same frame: when it is committed, nobody is awake to be asked for what is owed.
        let _customer = rig.call(&chat, Some(super::send("", "strike")), None, None);
        rig.settle().await;
        for text in expected {
            assert_eq!(rig.pushed(&chat).await.first().map(String::as_str), text, "{phase:?}");
            rig.settles(&chat).await;
        }
        assert!(rig.pushed(&chat).await.is_empty(), "{phase:?}");
    }
}
