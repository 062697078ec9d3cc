//! Whose calls prove that somebody is there.

use super::*;
use handoff_chat::AgentName;
use handoff_chat::agent::{DeskAct, Profile};

fn read(entity: &EntityId, caller: Caller, what: Read) -> Envelope {
    let (command, read, reply) = (None, Some((caller, what)), None);
    Envelope { entity: entity.clone(), command, read, deadline_ms: u64::MAX, wait_until_ms: 0, reply }
}

#[tokio::test]
async fn nobody_s_calls_but_the_customer_s_own_prove_that_the_customer_is_there() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, Options::default()).await;
    let (ann, bob) = (rig.start("ann").await, rig.start("bob").await);
    let kate = Caller::Agent(AgentName("kate".to_owned()));
    let stranger = Caller::Customer([8; 32]);
    for _ in 0..50 {
        rig.pass(1_000);
        for session in [&ann, &bob] {
            rig.core.ask(rig.now, read(session, kate.clone(), Read::Agent { position: 1 }));
            rig.core.ask(rig.now, read(session, stranger.clone(), Read::Customer { position: 1 }));
        }
        rig.core.ask(rig.now, read(&bob, CUSTOMER, Read::Customer { position: 1 }));
        rig.settle().await;
    }
    assert!(rig.view(&ann).await.chat_ended, "the agent's reads and a wrong key prove nothing");
    assert!(!rig.view(&bob).await.chat_ended);
}

#[tokio::test]
async fn a_desk_is_held_by_its_own_agent_alone() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, Options::default()).await;
    let kate = AgentName("kate".to_owned());
    let desk = EntityId::from(&kate);
    let profile = Profile { nickname: "Kate".to_owned(), capacity: 1, queues: Vec::new() };
    let act = Act::Desk(DeskAct::SignIn { profile });
    let command = Command { id: CommandId("in".into()), caller: Caller::Agent(kate.clone()), act };
    rig.core.ask(rig.now, Envelope::own(desk.clone(), command));
    let own = read(&desk, Caller::Agent(kate), Read::Desk { version: 0 });
    for (envelope, lost) in [(own, false), (read(&desk, CUSTOMER, Read::Desk { version: 0 }), true)] {
        for _ in 0..20 {
            rig.pass(1_000);
            let (entity, read) = (envelope.entity.clone(), envelope.read.clone());
            rig.core.ask(rig.now, Envelope { entity, read, command: None, reply: None, ..envelope });
            rig.settle().await;
        }
        let wanted =
            crate::shard::listing::EntityQuery { kind: "agent".to_owned(), limit: 1, ..Default::default() };
        assert_eq!(rig.core.list(&wanted).first().map(|kate| kate.state == "not ready"), Some(true));
        assert_eq!(rig.core.last_calls_ms.contains_key(&desk), !lost);
    }
}

#[tokio::test]
async fn typing_that_nobody_refreshes_ends_and_who_waits_for_news_is_told() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, Options::default()).await;
    let ann = rig.start("ann").await;
    let act = Act::StartTyping { preview: Some("Hel".into()) };
    rig.tell(&ann, Command { id: CommandId("t".into()), caller: CUSTOMER, act }).await.unwrap();
    let next = rig.view(&ann).await.next_position;
    let mut told = rig.wait(&ann, next, 60_000);
    rig.pass(10_000);
    rig.settle().await;
    assert!(told.try_recv().is_err(), "they may still type");
    rig.pass(6_000);
    rig.settle().await;
    let ShardReply::Told(crate::ports::Told { reading: Some(Reading::View(view)), .. }) =
        told.try_recv().unwrap()
    else {
        panic!("no view")
    };
    assert_eq!(view.typing.iter().map(|typing| typing.started).collect::<Vec<_>>(), [false]);
    assert!(rig.view(&ann).await.typing.is_empty(), "a page that comes now sees nothing of it");
    let position = rig.view(&ann).await.next_position;
    rig.pass(6_000);
    rig.settle().await;
    assert_eq!(rig.view(&ann).await.next_position, position, "it ends once");
}
