//! What operators count is counted once it is committed, and never by an owner who lost the shard.

use super::*;
use handoff_chat::happening::Happening;

fn starts_with_a_bot() -> Command {
    let bot = Some(Bot { name: BotName("demo".into()), nickname: "Demo".into() });
    let act = Act::Open(Box::new(Opening { bot, ..opening() }));
    Command { id: CommandId("start".into()), caller: CUSTOMER, act }
}

#[tokio::test]
async fn a_turn_of_a_bot_is_counted_by_the_owner_who_committed_it() {
    let store = MemoryStore::new(1);
    let mut old = Rig::open(&store, 1, Options::default()).await;
    old.tell(&session("ann"), starts_with_a_bot()).await.unwrap();
    assert_eq!(old.happened, [Happening::BotAsked]);
    let lost = old.ask(&session("bob"), Some(starts_with_a_bot()), None);
    let mut new = Rig::open(&store, 2, Options::default()).await;
    old.settle().await;
    assert!(matches!(lost.await, Ok(Outcome::NotOwner(_))));
    assert_eq!(old.happened.len(), 1, "what was not committed did not happen");
    assert!(new.happened.is_empty(), "what was counted is not counted again by the next owner");
    new.tell(&session("bob"), starts_with_a_bot()).await.unwrap();
    assert_eq!(new.happened, [Happening::BotAsked]);
}
