//! What a customer waits for and says of it: news of the queue for those who follow, and a rating that is owed.

use super::rig::{CUSTOMER, Rig, opening, session};
use crate::owed::Owed;
use crate::*;
use handoff_chat::command::{Act, Command, Read, Reading};
use handoff_chat::opening::{Opening, Terms};
use handoff_chat::{CommandId, QueueName};
use handoff_journal::memory::MemoryStore;

const FLOW: &str = "version = 1\nnickname = \"Desk\"\nstart = \"a\"\n\
    [steps.a]\nwait_ms = 1000\nnext = \"b\"\n[steps.b]\nroute = \"support\"\n";

fn command(id: &str, act: Act) -> Command {
    Command { id: CommandId(id.to_owned()), caller: CUSTOMER, act }
}

/// What a read was answered; none: it still waits.
fn view(receiver: &mut tokio::sync::oneshot::Receiver<Outcome>) -> Option<handoff_chat::command::View> {
    match receiver.try_recv().ok()? {
        Outcome::Done(Done { reading: Some(Reading::View(view)), .. }) => Some(view),
        other => panic!("no view: {other:?}"),
    }
}

#[tokio::test]
async fn who_follows_hears_that_the_chat_waits_though_nothing_is_said_and_others_do_not() {
    let mut rig = Rig::open(&MemoryStore::new(1), 1, Options::default()).await;
    let support = QueueName("support".to_owned());
    let id = rig.start_routed("a", FLOW, &support).await;
    let position = rig.view(&id).await.next_position;
    let until = Some(rig.now.mono.after(60_000));
    let following = |waits| Some((CUSTOMER, Read::Following { position, waits }));
    let mut follower = rig.call(&id, None, following(None), until);
    let mut reader = rig.wait(&id, position, 60_000);
    rig.settle().await;
    assert!(view(&mut follower).is_none(), "there is nothing new");
    rig.pass(1_100);
    rig.settle().await;
    let seen = view(&mut follower).expect("it waits in a queue now");
    assert_eq!((seen.waits, seen.events.len()), (Some(support.clone()), 0));
    assert!(view(&mut reader).is_none(), "who does not ask for it hears nothing of it");
    let mut again = rig.call(&id, None, following(Some(support)), until);
    rig.settle().await;
    assert!(view(&mut again).is_none(), "and this is known");
}

#[tokio::test]
async fn a_rating_is_owed_as_a_row_of_the_record_once() {
    let mut rig = Rig::open(&MemoryStore::new(1), 1, Options::default()).await;
    let id = session("a");
    let opening = Opening { terms: Terms { rating: true, ..opening().terms }, ..opening() };
    rig.tell(&id, command("start", Act::Open(Box::new(opening)))).await.unwrap();
    rig.tell(&id, command("go", Act::Disconnect)).await.unwrap();
    let before = rig.effects.len();
    for _ in 0..2 {
        rig.tell(&id, command("rate", Act::Rate { score: 4, text: "ok".to_owned() })).await.unwrap();
    }
    let owed: Vec<_> = rig.effects[before..].to_vec();
    let rows: Vec<_> = owed.iter().filter_map(|(entity, effect)| rig.core.owed(entity, *effect)).collect();
    let [Owed::Record(rows)] = &rows[..] else { panic!("not one row: {rows:?}") };
    let rating = rows.rating.as_ref().expect("the rating");
    assert_eq!((rating.score, rating.text.show().into_owned()), (4, "ok".to_owned()));
    assert!(rows.closing.is_none() && rows.events.is_empty());
}
