//! Customers who are known by an address: which chat they are in, and what is owed to their channel, across takeovers.

use super::rig::{Rig, opening};
use super::small_segments;
use crate::owed::Owed;
use crate::*;
use handoff_chat::channel::{Address, Channel, Delivery, Identity, Presence, Proof, Reach};
use handoff_chat::command::{Act, Answer};
use handoff_chat::session::{Body, Bot, Opening};
use handoff_chat::{BotName, CommandId};
use handoff_journal::memory::MemoryStore;

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
        reach: Reach::Pushed,
        ..opening().channel
    };
    Act::Open(Box::new(Opening { channel, ..opening() }))
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
        let act = Act::Receive { id: id.to_owned(), refused_by: None };
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

    /// The numbers and texts of the events that are owed to the channel, as the outside is asked for them.
    fn pushes(&mut self, chat: &EntityId) -> Vec<(EffectId, u64, String)> {
        let mut found = Vec::new();
        for (entity, id) in self.effects.clone().into_iter().filter(|(entity, _)| entity == chat) {
            if let Some(Owed::Push(push)) = self.core.owed(&entity, id) {
                let push = push.unwrap();
                let Body::Message { text, .. } = &push.event.body else { continue };
                found.push((id, push.event.seq, text.show().into_owned()));
            }
        }
        found
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
    let mut rig = Rig::open(&store, 1, small_segments()).await;
    let chat = rig.receives("m1").await;
    rig.takes(&chat, "m1", customer(), opened_with_bot()).await;
    let turn = rig.bots_turn(&chat);
    let (bot, act) = says(turn, &["one", "two", "three"]);
    rig.takes(&chat, "turn", bot, act).await;
    let texts = |rig: &mut Rig| rig.pushes(&chat).into_iter().map(|(_, _, text)| text).collect::<Vec<_>>();
    assert_eq!(texts(&mut rig), ["one", "two", "three"]);
    // Whatever else happens, what is owed is kept in memory, over checkpoints too.
    for n in 0..40 {
        rig.takes(&chat, &format!("c{n}"), customer(), super::send("", &n.to_string()).act).await;
    }
    let mut next = Rig::open(&store, 2, small_segments()).await;
    assert_eq!(texts(&mut next), ["one", "two", "three"]);
    let (effect, _, _) = next.pushes(&chat)[0];
    let act = Act::Pushed { effect, delivery: Delivery::Sent };
    next.takes(&chat, "pushed", Caller::System, act).await;
    let mut last = Rig::open(&store, 3, small_segments()).await;
    assert_eq!(texts(&mut last), ["two", "three"]);
}
