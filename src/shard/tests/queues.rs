//! Chats that wait in a queue which the configuration has no longer.

use super::rig::Rig;
use crate::front::{EntitySummary, Wanted};
use crate::shard::queues::Queues;
use crate::shard::*;
use handoff_chat::QueueName;
use handoff_journal::memory::MemoryStore;

const FLOW: &str = "version = 1\nnickname = \"Desk\"\nstart = \"a\"\n\
    [steps.a]\nroute = \"sales\"\ntimeout_ms = 600000\ntimeout = \"b\"\n\
    [steps.b]\nask = \"Nobody is there.\"\n";

fn sales() -> QueueName {
    QueueName("sales".to_owned())
}

/// A configuration that has this queue, perhaps with an agent.
fn with(queue: &str, served: bool) -> Options {
    let name = QueueName(queue.to_owned());
    let served = if served { [name.clone()].into() } else { [].into() };
    Options { queues: Some(Arc::new(Queues { configured: [name].into(), served })), ..Options::default() }
}

async fn waits(rig: &mut Rig) -> EntityId {
    rig.start_routed("a", FLOW, &sales()).await
}

/// The queue as operators see it.
fn listed(rig: &Rig) -> EntitySummary {
    let wanted = Wanted { kind: "queue".to_owned(), limit: 10, ..Wanted::default() };
    rig.core.list(&wanted).remove(0)
}

fn seen(rig: &Rig) -> (Option<usize>, Option<String>) {
    let EntitySummary { count, trouble, .. } = listed(rig);
    (count, trouble)
}

/// A while passes in which the customer is there.
async fn passes(rig: &mut Rig, chat: &EntityId, seconds: u64) -> Vec<String> {
    for _ in 0..seconds.div_ceil(10) {
        rig.view(chat).await;
        rig.pass(10_000);
        rig.settle().await;
    }
    rig.texts(chat).await
}

#[tokio::test]
async fn who_waits_in_a_queue_that_is_no_more_goes_on_after_a_takeover_with_that_configuration() {
    let store = MemoryStore::new(1);
    let mut before = Rig::open(&store, 1, with("sales", true)).await;
    let chat = waits(&mut before).await;
    assert_eq!(passes(&mut before, &chat, 100).await, [""; 0], "there the queue is as it should be");
    assert_eq!(seen(&before), (Some(1), None));
    let now = before.now;
    let mut rig = Rig::open_at(&store, 2, with("support", true), now).await;
    assert_eq!(seen(&rig), (Some(1), Some("not configured".to_owned())));
    assert_eq!(passes(&mut rig, &chat, 60).await, ["Nobody is there."]);
    assert_eq!(seen(&rig), (Some(0), None));
}

#[tokio::test]
async fn a_queue_that_nobody_serves_is_marked_and_its_chats_wait_as_long_as_their_workflow_says() {
    let mut rig = Rig::open(&MemoryStore::new(1), 1, with("sales", false)).await;
    let chat = waits(&mut rig).await;
    assert_eq!(seen(&rig), (Some(1), Some("no agent serves it".to_owned())));
    assert_eq!(passes(&mut rig, &chat, 500).await, [""; 0]);
    assert_eq!(passes(&mut rig, &chat, 120).await, ["Nobody is there."]);
    assert_eq!(seen(&rig), (Some(0), None), "an empty queue troubles nobody");
}

#[tokio::test]
async fn where_nothing_is_said_of_queues_each_is_as_good_as_another() {
    let mut rig = Rig::open(&MemoryStore::new(1), 1, Options::default()).await;
    let chat = waits(&mut rig).await;
    assert_eq!(passes(&mut rig, &chat, 300).await, [""; 0]);
    assert_eq!(seen(&rig), (Some(1), None));
}
