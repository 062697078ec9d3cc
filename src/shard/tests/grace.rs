//! Whose windows are gone: an agent is lost when nothing of them was heard for the grace time.

use super::rig::Rig;
use crate::front::Told;
use crate::shard::*;
use handoff_chat::agent::{DeskAct, Profile, Status};
use handoff_chat::command::{Act, Reading};
use handoff_chat::{AgentName, CommandId};
use handoff_journal::memory::MemoryStore;
use tokio::sync::oneshot;

fn ann() -> AgentName {
    AgentName("ann".to_owned())
}

async fn ask(rig: &mut Rig, caller: Caller, act: Option<DeskAct>) -> Status {
    let (sender, mut receiver) = oneshot::channel();
    let command = act.map(|act| Command {
        id: CommandId(format!("c{}", rig.now.mono_ms)),
        caller: caller.clone(),
        act: Act::Desk(act),
    });
    let envelope = Envelope {
        entity: EntityId::from(&ann()),
        command,
        read: Some((caller, Read::Desk { version: 0 })),
        deadline_ms: u64::MAX,
        wait_until_ms: 0,
        reply: Some(ReplyTo { sender, permit: None }),
    };
    rig.core.ask(rig.now, envelope);
    rig.settle().await;
    match receiver.try_recv().unwrap() {
        ShardReply::Told(Told { reading: Some(Reading::Desk(desk)), .. }) => desk.status,
        other => panic!("no desk: {other:?}"),
    }
}

async fn passes(rig: &mut Rig, ms: u64) -> Status {
    rig.pass(ms);
    rig.settle().await;
    // The node's own look is no sign of the agent.
    ask(rig, Caller::System, None).await
}

#[tokio::test]
async fn one_bare_look_of_an_agent_at_the_desk_begins_the_grace_time_anew() {
    let grace_ms = Options::default().agent_grace_ms;
    let mut rig = Rig::open(&MemoryStore::new(1), 1, Options::default()).await;
    let profile = Profile { nickname: "Ann".to_owned(), capacity: 1, queues: Vec::new() };
    let agent = Caller::Agent(ann());
    ask(&mut rig, agent.clone(), Some(DeskAct::SignIn { profile })).await;
    rig.pass(1);
    assert_eq!(ask(&mut rig, agent.clone(), Some(DeskAct::Ready)).await, Status::Ready);
    assert_eq!(passes(&mut rig, grace_ms - 1_000).await, Status::Ready);
    ask(&mut rig, agent, None).await;
    assert_eq!(passes(&mut rig, grace_ms).await, Status::Ready, "as if the node had gone just then");
    let lost = Status::NotReady { reason: "lost".to_owned() };
    assert_eq!(passes(&mut rig, 1_000).await, lost);
}
