//! An agent whose window is gone for longer than the grace time, over real nodes: the chats go back to their queue in
//! their old place in line, the agent who comes back is told so, and takes them again.

use serde_json::{Value, json};

use crate::support::cluster::Cluster;
use crate::support::talker::Talker;
use crate::support::{until, until_true};

/// The shortest that may be configured.
const EXTRA: &str = "\n[desk]\ngrace_ms = 3000\n";

/// One page of a list of operators.
async fn list(cluster: &Cluster, kind: &str) -> Option<Vec<Value>> {
    cluster.nodes[0].operators_get(kind).await?["items"].as_array().cloned()
}

/// Waits until the chat is in this place; answers its line of the list.
pub(crate) async fn is_in(cluster: &Cluster, chat: &Value, place: &str) -> Value {
    until(&format!("{chat} is in the place {place}"), || async {
        let list = list(cluster, "interactions").await?;
        list.into_iter().find(|one| one["id"] == *chat && one["place"] == place)
    })
    .await
}

/// Signs the demo agent in at a node.
async fn signs_in(cluster: &Cluster, node: usize) -> Talker {
    let mut window = Talker::window(&cluster.urls()[node]).await;
    let password = cluster.demo_password();
    let signed =
        window.answer(&json!({"id": "s", "do": "sign_in", "name": "demo", "password": password})).await;
    assert_eq!(signed["ok"], true, "{signed}");
    window
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_chat_of_an_agent_who_is_gone_too_long_waits_in_its_old_place_and_is_offered_again() {
    let cluster = Cluster::start_with(2, EXTRA).await;
    let mut window = signs_in(&cluster, 0).await;
    assert_eq!(window.answer(&json!({"id": "r", "do": "ready"})).await["ok"], true);
    let mut customer = Talker::start(&cluster.urls(), 0, "zoe").await;
    customer.send("I want to talk to a person").await;
    let chat = customer.chat.clone();
    let offered = window.comes_to(&chat, "offered").await;
    let accepted = window.answer(&json!({"id": "a", "do": "accept", "chat": chat})).await;
    assert_eq!(accepted["ok"], true, "{accepted}");
    is_in(&cluster, &chat, "agent").await;

    drop(window.socket.take());
    let waits = is_in(&cluster, &chat, "queue").await;
    assert_eq!((&waits["queue"], &waits["agent"]), (&offered["queue"], &Value::Null));
    until_true("the agent is not ready", || async {
        let agents = list(&cluster, "agents").await.unwrap_or_default();
        agents.iter().any(|agent| agent["id"] == "demo" && agent["state"] == "not ready")
    })
    .await;
    // The queue's `waits_since_ms` is when its first, and here only, chat began to wait.
    let line = until("the queue has its chat", || async {
        let queues = list(&cluster, "queues").await?;
        queues.into_iter().find(|queue| queue["id"] == offered["queue"] && queue["waiting"] == 1)
    })
    .await;
    assert_eq!(line["waits_since_ms"], offered["customer"]["since"], "with its age: {line} {offered}");
    customer.send("are you there?").await;

    // Commands of another socket have ids of their own: those of an agent are remembered.
    let mut window = signs_in(&cluster, 1).await;
    assert_eq!(window.comes_to(&chat, "over").await["why"], "lost", "they are told at any node");
    assert_eq!(window.answer(&json!({"id": "r2", "do": "ready"})).await["ok"], true);
    window.comes_to(&chat, "offered").await;
    let accepted = window.answer(&json!({"id": "a2", "do": "accept", "chat": chat})).await;
    assert_eq!(accepted["ok"], true, "{accepted}");
    is_in(&cluster, &chat, "agent").await;
    customer.is_kept(1).await;
}
