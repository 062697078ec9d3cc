//! Whose windows are gone: an agent is lost when nothing of them was heard for the grace time.

use super::rig::Rig;
use crate::listing::{About, EntityQuery, ListKind, SessionGlance};
use crate::*;
use handoff_chat::command::{Act, Reading};
use handoff_chat::desk::{DeskAct, Profile, Status};
use handoff_chat::{AgentName, CommandId, Millis, QueueName};
use handoff_journal::memory::MemoryStore;

fn ann() -> AgentName {
    AgentName("ann".to_owned())
}

async fn ask(rig: &mut Rig, caller: Caller, act: Option<DeskAct>) -> Status {
    let id = CommandId(format!("c{}", rig.now.mono.0));
    let command = act.map(|act| Command { id, caller: caller.clone(), act: Act::Desk(act) });
    match read(rig, &EntityId::from(&ann()), command, (caller, Read::Desk { version: 0 })).await {
        Reading::Desk(desk) => desk.status,
        other => panic!("no desk: {other:?}"),
    }
}

/// What is read, after the command if there is one.
async fn read(rig: &mut Rig, of: &EntityId, command: Option<Command>, what: (Caller, Read)) -> Reading {
    let mut receiver = rig.call(of, command, Some(what), None);
    rig.settle().await;
    match receiver.try_recv().unwrap() {
        Outcome::Done(Done { reading: Some(reading), .. }) => reading,
        other => panic!("nothing is read: {other:?}"),
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

fn support() -> QueueName {
    QueueName("support".to_owned())
}

/// A chat that its workflow puts straight into the queue.
async fn queued(rig: &mut Rig, name: &str) -> EntityId {
    let text = "version = 1\nnickname = \"Desk\"\nstart = \"a\"\n[steps.a]\nroute = \"support\"\n";
    rig.start_routed(name, text, &support()).await
}

/// Where these chats are, with the agent.
fn places(rig: &Rig, chats: &[EntityId]) -> Vec<(String, Option<String>)> {
    let wanted = EntityQuery { kind: ListKind::Interaction, limit: 100, ..EntityQuery::default() };
    let list = rig.core.list(&wanted);
    let of = |chat: &EntityId| match &list.iter().find(|one| one.id == chat.text()).unwrap().about {
        About::Session(SessionGlance { place, agent, .. }) => (place.clone().unwrap(), agent.clone()),
        other => panic!("no session: {other:?}"),
    };
    chats.iter().map(of).collect()
}

/// Who waits, in order, and since when.
async fn line(rig: &mut Rig) -> Vec<(String, Millis)> {
    match read(rig, &EntityId::from(&support()), None, (Caller::Operator, Read::Line)).await {
        Reading::Line(line) => {
            line.waiting.into_iter().map(|waiting| (waiting.interaction.0, waiting.since)).collect()
        }
        other => panic!("no line: {other:?}"),
    }
}

/// Keeps the customers there for so long, and the agent too where wanted.
async fn goes_by(rig: &mut Rig, seconds: u64, chats: &[EntityId], agent_is_there: bool) {
    for _ in 0..seconds {
        rig.pass(1_000);
        rig.settle().await;
        for chat in chats {
            rig.view(chat).await;
        }
        if agent_is_there {
            ask(rig, Caller::Agent(ann()), None).await;
        }
    }
}

#[tokio::test]
async fn the_chats_of_an_agent_who_is_gone_for_the_grace_time_go_back_to_their_queue_with_their_age() {
    let store = MemoryStore::new(1);
    let mut rig = Rig::open(&store, 1, Options::default()).await;
    let grace_s = Options::default().agent_grace_ms / 1_000;
    let (first, began) = (queued(&mut rig, "first").await, rig.now.wall);
    let profile = Profile { nickname: "Ann".to_owned(), capacity: 2, queues: vec![support()] };
    let agent = Caller::Agent(ann());
    goes_by(&mut rig, 5, std::slice::from_ref(&first), false).await;
    ask(&mut rig, agent.clone(), Some(DeskAct::SignIn { profile })).await;
    for (ms, act) in [(1, DeskAct::Ready), (1, DeskAct::Accept { interaction: first.session().unwrap() })] {
        rig.pass(ms);
        ask(&mut rig, agent.clone(), Some(act)).await;
    }
    let (offered, since) = (queued(&mut rig, "offered").await, rig.now.wall);
    let chats = [first.clone(), offered.clone()];
    let held = [("agent".to_owned(), Some("ann".to_owned())), ("offer".to_owned(), Some("ann".to_owned()))];
    assert_eq!(places(&rig, &chats), held);
    goes_by(&mut rig, 2 * grace_s, &chats, true).await;
    assert_eq!(places(&rig, &chats), held, "they are there");
    goes_by(&mut rig, grace_s - 1, &chats, false).await;
    assert_eq!(places(&rig, &chats), held, "they may come back yet");
    goes_by(&mut rig, 3, &chats, false).await;
    assert_eq!(places(&rig, &chats), vec![("queue".to_owned(), None); 2]);
    let waiting = [(first.to_string(), began), (offered.to_string(), since)];
    assert_eq!(line(&mut rig).await, waiting, "in their old places in line");
    let mut next = Rig::open_at(&store, 2, Options::default(), rig.now).await;
    assert_eq!(line(&mut next).await, waiting, "for the next owner too");
    assert!(!next.view(&first).await.chat_ended);
}
