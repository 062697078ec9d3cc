//! Whose calls prove that somebody is there.

use super::*;
use handoff_chat::AgentName;
use handoff_chat::desk::{DeskAct, Profile};

fn read(now: Now, entity: &EntityId, caller: Caller, what: Read) -> Envelope {
    Envelope::new(now, Call { read: Some((caller, what)), ..Call::of(entity.clone()) }, None)
}

#[tokio::test]
async fn nobody_s_calls_but_the_customer_s_own_prove_that_the_customer_is_there() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, Options::default()).await;
    let (ann, bob) = (rig.start("ann").await, rig.start("bob").await);
    let kate = Caller::Agent(AgentName("kate".to_owned()));
    let stranger = Caller::key([8; 32]);
    for _ in 0..50 {
        rig.pass(1_000);
        for session in [&ann, &bob] {
            rig.core.call(rig.now, read(rig.now, session, kate.clone(), Read::Agent { position: 1 }));
            rig.core.call(rig.now, read(rig.now, session, stranger.clone(), Read::Customer { position: 1 }));
        }
        rig.core.call(rig.now, read(rig.now, &bob, CUSTOMER, Read::Customer { position: 1 }));
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
    rig.core.call(rig.now, Envelope::own(rig.now, desk.clone(), command));
    let own = read(rig.now, &desk, Caller::Agent(kate), Read::Desk { version: 0 });
    for (envelope, lost) in [(own, false), (read(rig.now, &desk, CUSTOMER, Read::Desk { version: 0 }), true)]
    {
        for _ in 0..20 {
            rig.pass(1_000);
            rig.core.call(rig.now, Envelope::new(rig.now, envelope.call.clone(), None));
            rig.settle().await;
        }
        let wanted = crate::listing::EntityQuery {
            kind: crate::listing::ListKind::Agent,
            limit: 1,
            ..Default::default()
        };
        assert_eq!(rig.core.list(&wanted).first().map(|kate| kate.state == "not ready"), Some(true));
        assert_eq!(rig.core.presence.is_missed(&desk), !lost);
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
    let Outcome::Done(Done { reading: Some(Reading::View(view)), .. }) = told.try_recv().unwrap() else {
        panic!("no view")
    };
    assert_eq!(view.typing.iter().map(|typing| typing.started).collect::<Vec<_>>(), [false]);
    assert!(rig.view(&ann).await.typing.is_empty(), "a page that comes now sees nothing of it");
    let position = rig.view(&ann).await.next_position;
    rig.pass(6_000);
    rig.settle().await;
    assert_eq!(rig.view(&ann).await.next_position, position, "it ends once");
}
