//! What queues and agents store: their changes, the messages they owe, and their snapshots.

use super::{agent, fixture, queue, session};
use crate::agent::Agent;
use crate::command::{Act, Caller, Command, Pace};
use crate::desk::{DeskAct, Profile, Stage, Status};
use crate::entry::{AgentChange, Effect, Entry, QueueChange};
use crate::queue::Queue;
use crate::routing::{Holder, Message, Reply, Ticket, ToAgent, ToInteraction, ToQueue, Withdrawal};
use crate::{CommandId, Context, EffectId, Entity, EntityId, Millis, Served, SessionId};
use std::collections::BTreeMap;

pub(super) const SNAPSHOTS: [&str; 2] = ["snapshot-queue", "snapshot-agent"];

fn ticket() -> Ticket {
    Ticket {
        priority: -3,
        since: Millis(1_646_464_173_120),
        nickname: "Zoë 🙂".to_owned(),
        subject: "help".to_owned(),
        data: BTreeMap::from([("plan".to_owned(), "gold".to_owned())]),
        left_out: 1,
        verified: true,
        declined: BTreeMap::from([(agent(), Served(300))]),
    }
}

fn profile() -> Profile {
    Profile { nickname: "Kate".to_owned(), capacity: 3, queues: vec![queue()] }
}

fn queue_changes() -> Vec<(&'static str, QueueChange)> {
    let (look_at, request) = (Served(70_000), EffectId(300));
    let (version, free, idle_since) = (300, 2, Millis(5));
    vec![
        (
            "waits",
            QueueChange::Waits {
                interaction: session(),
                attempt: 2,
                ticket: ticket(),
                came: Millis(7),
                look_at,
            },
        ),
        ("left", QueueChange::Left { interaction: session(), floor: 3 }),
        ("asked", QueueChange::Asked { interaction: session(), agent: agent(), request, look_at }),
        (
            "answered",
            QueueChange::Answered {
                interaction: session(),
                agent: agent(),
                request,
                granted: Some(300),
                look_at,
            },
        ),
        ("looked", QueueChange::Looked { interaction: session(), back: true, look_at }),
        ("knows", QueueChange::Knows { agent: agent(), version, here: true, free, idle_since }),
        ("paced", QueueChange::Paced(Pace { taken_at: Millis(9), place_ms: 70_000, seen: 8 })),
    ]
}

fn agent_changes() -> Vec<(String, AgentChange)> {
    let look_at = Served(70_000);
    let mut changes = vec![
        ("version".to_owned(), AgentChange::Version(300)),
        ("profile".to_owned(), AgentChange::Profile(profile())),
        ("lost".to_owned(), AgentChange::Lost(true)),
        ("idle".to_owned(), AgentChange::Idle(Millis(-1))),
        (
            "reserved".to_owned(),
            AgentChange::Reserved { interaction: session(), attempt: 2, queue: queue(), ticket: ticket() },
        ),
        ("letting-go".to_owned(), AgentChange::LettingGo { interaction: session() }),
        ("looked".to_owned(), AgentChange::Looked { interaction: session(), look_at }),
        (
            "answered".to_owned(),
            AgentChange::Answered { id: CommandId("c-1".to_owned()), digest: u64::MAX, version: 4 },
        ),
    ];
    for (name, status) in [
        ("signed-out", Status::SignedOut),
        ("ready", Status::Ready),
        ("not-ready", Status::NotReady { reason: "tea".to_owned() }),
    ] {
        changes.push((format!("status-{name}"), AgentChange::Status { status, since: Millis(7) }));
    }
    for (name, stage) in [
        ("reserved", Stage::Reserved),
        ("offered", Stage::Offered { until: Millis(30_000) }),
        ("accepting", Stage::Accepting),
        ("chatting", Stage::Chatting),
        ("over", Stage::Over { why: Withdrawal::Left }),
    ] {
        let change = AgentChange::Moved { interaction: session(), attempt: 3, stage, look_at };
        changes.push((format!("moved-{name}"), change));
    }
    for why in withdrawals() {
        let change = AgentChange::Freed { interaction: session(), over: Some(why) };
        changes.push((format!("freed-{why:?}"), change));
    }
    changes
}

fn withdrawals() -> [Withdrawal; 5] {
    use Withdrawal::{Abandoned, Ended, Left, Lost, TimedOut};
    [TimedOut, Abandoned, Left, Ended, Lost]
}

fn messages() -> Vec<(&'static str, EntityId, Message)> {
    let (to_queue, to_agent, to_it) =
        (EntityId::from(&queue()), EntityId::from(&agent()), EntityId::from(&session()));
    let (version, free, idle_since) = (300, 2, Millis(5));
    let in_queue = |name, message| (name, to_queue.clone(), Message::ToQueue(message));
    let at_agent = |name, message| (name, to_agent.clone(), Message::ToAgent(message));
    let of_it = |name, message| (name, to_it.clone(), Message::ToInteraction(message));
    let (attempt, nickname) = (2, "Kate".to_owned());
    vec![
        in_queue("enqueue", ToQueue::Enqueue { interaction: session(), attempt, ticket: ticket() }),
        in_queue("withdraw", ToQueue::Withdraw { interaction: session(), attempt }),
        in_queue("available", ToQueue::Available { agent: agent(), version, here: true, free, idle_since }),
        at_agent(
            "reserve",
            ToAgent::Reserve { interaction: session(), attempt, queue: queue(), ticket: ticket() },
        ),
        at_agent("withdrawn", ToAgent::Withdrawn { interaction: session(), attempt, why: Withdrawal::Ended }),
        of_it("propose", ToInteraction::Propose { attempt, agent: agent() }),
        of_it("accept", ToInteraction::Accept { attempt, agent: agent(), nickname }),
        of_it("decline", ToInteraction::Decline { attempt, agent: agent() }),
        of_it("agent-lost", ToInteraction::AgentLost { attempt, agent: agent() }),
        of_it("verify-queue", ToInteraction::Verify { attempt, holder: Holder::Queue(queue()) }),
        of_it("turned-away", ToInteraction::TurnedAway { attempt, queue: queue() }),
        of_it("verify-agent", ToInteraction::Verify { attempt, holder: Holder::Agent(agent()) }),
    ]
}

/// Every entry that only they have.
pub(super) fn entries() -> Vec<(&'static str, Entry)> {
    let queue =
        queue_changes().into_iter().map(|(name, change)| (format!("queue-{name}"), Entry::Queue(change)));
    let agent =
        agent_changes().into_iter().map(|(name, change)| (format!("agent-{name}"), Entry::Agent(change)));
    let owed = messages().into_iter().map(|(name, to, message)| {
        let effect = Effect::Message { to, message };
        (format!("owed-{name}"), Entry::Owed { id: EffectId(300), effect })
    });
    queue.chain(agent).chain(owed).map(|(name, entry)| (&*name.leak(), entry)).collect()
}

fn drive(entity: &mut Entity, clock: i64, acts: Vec<(Caller, Act)>) {
    for ((caller, act), n) in acts.into_iter().zip(1i64..) {
        let command = Command { id: CommandId(n.to_string()), caller, act };
        let context = Context { served: Served(n * 900), random: [3; 16], ..Context::at(clock + n * 1000) };
        let decision = entity.decide(&command, &context).unwrap();
        decision.entries.iter().for_each(|entry| entity.apply(entry));
    }
}

fn tell(from: EntityId, message: Message) -> (Caller, Act) {
    (Caller::Entity(from), Act::Deliver(message))
}

fn a_queue() -> Entity {
    let mut entity = Entity::Queue(Box::new(Queue::new(queue())));
    let enqueue = |interaction: &SessionId, attempt| {
        let message = ToQueue::Enqueue { interaction: interaction.clone(), attempt, ticket: ticket() };
        tell(EntityId::from(interaction), Message::ToQueue(message))
    };
    let (other, gone) = (SessionId::from_random(&[8; 16]), SessionId::from_random(&[9; 16]));
    let left = ToQueue::Withdraw { interaction: gone.clone(), attempt: 4 };
    let available =
        ToQueue::Available { agent: agent(), version: 1, here: true, free: 2, idle_since: Millis(5) };
    let acts = vec![
        enqueue(&other, 1),
        tell(EntityId::from(&gone), Message::ToQueue(left)),
        tell(EntityId::from(&agent()), Message::ToQueue(available)),
        (Caller::System, Act::Replied { effect: EffectId(1), reply: Reply::Granted { version: 2 } }),
        enqueue(&session(), 3),
    ];
    drive(&mut entity, 1_700_000_000_000, acts);
    entity
}

fn an_agent() -> Entity {
    let mut entity = Entity::Agent(Box::new(Agent::new(agent())));
    let desk = |act| (Caller::Agent(agent()), Act::Desk(act));
    let reserve = ToAgent::Reserve { interaction: session(), attempt: 2, queue: queue(), ticket: ticket() };
    let acts = vec![
        desk(DeskAct::SignIn { profile: profile() }),
        desk(DeskAct::Ready),
        tell(EntityId::from(&queue()), Message::ToAgent(reserve)),
        (
            Caller::System,
            Act::Replied { effect: EffectId(2), reply: Reply::Proposed { attempt: 3, until: Millis(9) } },
        ),
        desk(DeskAct::Accept { interaction: session() }),
    ];
    drive(&mut entity, 0, acts);
    entity
}

#[test]
fn snapshots_of_queue_and_agent_of_version_1_are_written_and_read_as_ever() {
    for (name, id, entity) in [
        (SNAPSHOTS[0], EntityId::from(&queue()), a_queue()),
        (SNAPSHOTS[1], EntityId::from(&agent()), an_agent()),
    ] {
        let written = entity.to_snapshot().unwrap();
        let stored = fixture(name, &written);
        assert_eq!((Entity::from_snapshot(&id, &stored).unwrap(), stored), (entity, written), "{name}");
    }
}
