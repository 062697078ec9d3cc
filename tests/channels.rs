//! Channels that reach customers by an address, over the signed webhook: whatever is killed, each message belongs to
//! one chat and is in it once, and each event for its customer comes out, in order and with its id, until it is taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::client::http;
use crate::support::cluster::Cluster;
use crate::support::receiver::{Receiver, fresh_id, message, post, post_as};
use crate::support::talker::Talker;
use crate::support::{Deadline, outcome, until, until_true};

const CUSTOMERS: usize = 20;

/// Posts a message to node after node until it is taken; the chat that has it.
async fn say(nodes: &[String], at: &mut usize, id: &str, body: &Value) -> String {
    let deadline = Deadline::new();
    loop {
        match post(&nodes[*at % nodes.len()], id, body).await {
            Some((200, answer)) => return answer["chat"].as_str().unwrap().to_owned(),
            Some((503 | 504, _)) | None => *at += 1,
            Some(refused) => panic!("{body} is refused: {refused:?}"),
        }
        deadline.check(|| format!("{body} is taken"));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Somebody who writes one message after the other; some come twice.
async fn writes(
    nodes: Vec<String>,
    number: usize,
    taken: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
) -> Written {
    let (address, mut at) = (format!("+49 151 {number}"), number);
    let mut written = Written { address, chat: String::new(), texts: Vec::new() };
    while !over.load(Ordering::Relaxed) {
        let text = format!("{number} writes {} \u{1f44b}", written.texts.len());
        let (id, body) = (fresh_id(), message(&written.address, &text));
        for _ in 0..=written.texts.len() % 3 {
            let chat = say(&nodes, &mut at, &id, &body).await;
            assert!([&chat, ""].contains(&written.chat.as_str()), "{chat} after {}", written.chat);
            written.chat = chat;
        }
        written.texts.push(text);
        taken.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    written
}

/// What somebody has written, and the chat that has it.
struct Written {
    address: String,
    chat: String,
    texts: Vec<String>,
}

/// The record of a chat as it stands, from any node.
async fn record(cluster: &Cluster, chat: &str) -> Vec<Value> {
    until("the record is there", async || {
        let node = cluster.nodes.iter().find(|node| node.runs())?;
        node.operators_get(&format!("records/{chat}")).await?["events"].as_array().cloned()
    })
    .await
}

/// What the customer of a record is shown of others, as type and text.
fn shown_to_customer(record: &[Value]) -> Vec<(String, Value)> {
    let shown = |event: &&Value| event["visibility"] == "ALL" && event["by"] != 1 && event["type"] != "read";
    record.iter().filter(shown).map(|event| (word(&event["type"]), event["text"].clone())).collect()
}

fn word(kind: &Value) -> String {
    kind.as_str().unwrap().to_owned()
}

impl Written {
    /// Each message is in the chat once and in order, and the bot has answered each.
    async fn is_kept(&self, cluster: &Cluster, receiver: &Receiver) {
        let expected = until("the bot answers each message, and each answer comes out", async || {
            let shown = shown_to_customer(&record(cluster, &self.chat).await);
            let answers = shown.iter().filter(|(kind, _)| kind == "message").count();
            let all = answers > self.texts.len() && receiver.events(&self.chat).len() >= shown.len();
            all.then_some(shown)
        })
        .await;
        let record = record(cluster, &self.chat).await;
        let own = record.iter().filter(|event| event["by"] == 1 && event["type"] == "message");
        let own: Vec<&str> = own.map(|event| event["text"].as_str().unwrap()).collect();
        assert_eq!(own, self.texts, "{}", self.address);
        let came = receiver.events(&self.chat);
        let indexes: Vec<u64> =
            came.iter().map(|came| came["data"]["event"]["index"].as_u64().unwrap()).collect();
        assert!(indexes.is_sorted(), "out of order: {indexes:?}");
        assert!(came.iter().all(|came| came["data"]["address"] == self.address.as_str()));
        let came = came.iter().map(|came| &came["data"]["event"]);
        let came: Vec<(String, Value)> =
            came.map(|event| (word(&event["type"]), event["text"].clone())).collect();
        assert_eq!(came, expected, "{}", self.address);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn takeover_loses_no_message_and_no_event_of_a_webhook() {
    let receiver = Receiver::start(1);
    let mut cluster = Cluster::start_with(3, &receiver.section("address_messages_per_minute = 0")).await;
    let (taken, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let write = |number| tokio::spawn(writes(cluster.urls(), number, Arc::clone(&taken), Arc::clone(&over)));
    let writers: Vec<_> = (0..CUSTOMERS).map(write).collect();
    let goes_on = |more: usize| {
        let goal = taken.load(Ordering::Relaxed) + more;
        let (taken, ended) =
            (Arc::clone(&taken), writers.iter().map(|writer| writer.abort_handle()).collect::<Vec<_>>());
        async move {
            until_true("messages are taken", || async {
                taken.load(Ordering::Relaxed) >= goal || ended.iter().any(|writer| writer.is_finished())
            })
            .await;
        }
    };
    goes_on(2 * CUSTOMERS).await;
    for victim in [0, 1, 2] {
        cluster.nodes[victim].kill();
        goes_on(2 * CUSTOMERS).await;
        cluster.restart(victim).await;
        goes_on(CUSTOMERS).await;
    }
    over.store(true, Ordering::Relaxed);
    for writer in writers {
        outcome(writer).await.is_kept(&cluster, &receiver).await;
    }
}

/// Has the agent do it, however often that must be tried: the id stays the same.
async fn does(window: &mut Talker, command: &Value) {
    let deadline = Deadline::new();
    loop {
        let answer = window.answer(command).await;
        if answer["ok"] == true {
            return;
        }
        assert_eq!(answer["error"]["retry"], true, "{command} is refused: {answer}");
        deadline.check(|| format!("{command} is carried out"));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The demo agent's window, ready.
async fn window(cluster: &Cluster) -> Talker {
    let mut window = Talker::window(&cluster.nodes[0].http).await;
    let password = cluster.demo_password();
    for command in [
        json!({"id": "s", "do": "sign_in", "name": "demo", "password": password}),
        json!({"id": "r", "do": "ready"}),
    ] {
        does(&mut window, &command).await;
    }
    window
}

/// Follows the window until an event of this kind and state is shown.
async fn delivery(window: &mut Talker, state: &str) -> Value {
    let deadline = Deadline::new();
    loop {
        let found = window.seen.values().find(|event| event["type"] == "delivery" && event["state"] == state);
        if let Some(found) = found {
            return found.clone();
        }
        deadline.check(|| format!("a delivery that is {state}"));
        window.frame().await.unwrap();
    }
}

/// A customer who is with the agent: their chat.
async fn with_agent(cluster: &Cluster, window: &mut Talker, address: &str) -> String {
    let nodes = cluster.urls();
    let asks = message(address, "I want to talk to a person");
    say(&nodes, &mut 0, &fresh_id(), &message(address, "hello")).await;
    let chat = say(&nodes, &mut 0, &fresh_id(), &asks).await;
    let shown = Value::from(chat.as_str());
    window.comes_to(&shown, "offered").await;
    does(window, &json!({"id": "a", "do": "accept", "chat": chat})).await;
    // They are in it when the chat has agreed, not when they have accepted.
    window.comes_to(&shown, "chatting").await;
    chat
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_answers_within_the_window_and_is_told_what_became_of_it() {
    let receiver = Receiver::start(0);
    let terms = "notices = false\nwindow_ms = 3600000\nwindow_answers_max = 4\nwindow_after = \"template\"";
    let cluster = Cluster::start_with(1, &receiver.section(terms)).await;
    let (mut window, node) = (window(&cluster).await, cluster.nodes[0].http.clone());
    let chat = with_agent(&cluster, &mut window, "+49 151 1").await;
    let mut number = 0;
    let mut send = |text: &str, message_type: Option<&str>| {
        number += 1;
        json!({
            "id": format!("n{number}"), "do": "send", "chat": chat, "text": text, "message_type": message_type,
        })
    };
    does(&mut window, &send("one", None)).await;
    let refused = loop {
        let answer = window.answer(&send("more", None)).await;
        if answer["ok"] == false && answer["error"]["retry"] == false {
            break answer;
        }
    };
    assert_eq!(refused["error"]["code"], "window_closed", "{refused}");
    does(&mut window, &send("template", Some("template"))).await;
    let posted = until("the agent's words come out", async || {
        let texts = receiver.events(&chat);
        texts.iter().find(|came| came["data"]["event"]["text"] == "template")?;
        texts.into_iter().find(|came| came["data"]["event"]["text"] == "one")
    })
    .await;
    assert_eq!((&posted["type"], &posted["data"]["by"]["role"]), (&json!("chat.message"), &json!("agent")));
    assert_eq!(delivery(&mut window, "sent").await["reason"], Value::Null);
    let receipt = |state: &str, reason: Option<&str>| {
        json!({
            "type": "receipt", "address": "+49 151 1", "event": posted["data"]["id"], "state": state, "reason": reason,
        })
    };
    for body in [receipt("delivered", None), receipt("delivered", None), receipt("failed", Some("blocked"))] {
        assert_eq!(post(&node, &fresh_id(), &body).await, Some((204, Value::Null)));
    }
    let failed = delivery(&mut window, "failed").await;
    assert_eq!(failed["reason"], "blocked");
    let of = window.seen.values().find(|event| event["text"] == "one").unwrap()["index"].clone();
    assert_eq!((&failed["of"], &delivery(&mut window, "delivered").await["of"]), (&of, &of));
    // The customer's next word opens the window anew.
    say(&cluster.urls(), &mut 0, &fresh_id(), &message("+49 151 1", "go on")).await;
    does(&mut window, &send("again", None)).await;
    does(&mut window, &json!({"id": "l", "do": "leave", "chat": chat, "how": "force_close"})).await;
    let next = say(&cluster.urls(), &mut 0, &fresh_id(), &message("+49 151 1", "and another thing")).await;
    assert_ne!(next, chat, "the chat has ended: what comes now begins another");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn takeover_after_the_end_still_delivers_and_nothing_is_said_twice_however_late_it_is_repeated() {
    let receiver = Receiver::start(0);
    let extra = format!("{}\n[session]\nlinger_ms = 1\n", receiver.section("notices = false"));
    let mut cluster = Cluster::start_with(3, &extra).await;
    let (nodes, address) = (cluster.urls(), "+49 151 3");
    let mut window = window(&cluster).await;
    let (id, hello) = (fresh_id(), message(address, "hello"));
    let at_once =
        nodes.iter().map(|node| async { say(std::slice::from_ref(node), &mut 0, &id, &hello).await });
    let chats = futures_util::future::join_all(at_once).await;
    let chat = with_agent(&cluster, &mut window, address).await;
    assert!(chats.iter().all(|begun| *begun == chat), "one message at three nodes begins one chat");
    receiver.is_away(true);
    for act in [
        json!({"id": "1", "do": "send", "chat": chat, "text": "one"}),
        json!({"id": "2", "do": "send", "chat": chat, "text": "two"}),
        json!({"id": "3", "do": "leave", "chat": chat, "how": "force_close"}),
    ] {
        does(&mut window, &act).await;
    }
    for victim in [0, 1, 2] {
        cluster.nodes[victim].kill();
        cluster.restart(victim).await;
    }
    receiver.is_away(false);
    until_true("what was said before the end comes out", || async {
        let texts = receiver.events(&chat).into_iter().map(|came| came["data"]["event"]["text"].clone());
        texts.collect::<Vec<_>>().ends_with(&[json!("one"), json!("two")])
    })
    .await;
    until_true("the chat is gone", || async { !goes_on(&cluster, &chat).await }).await;
    assert_eq!(say(&nodes, &mut 1, &id, &hello).await, chat, "it has been said there");
    assert!(!goes_on(&cluster, &chat).await);
    let said = record(&cluster, &chat).await;
    assert_eq!(said.iter().filter(|event| event["text"] == "hello").count(), 2, "and by with_agent");
    let next = say(&nodes, &mut 0, &fresh_id(), &message(address, "another thing")).await;
    assert_ne!(next, chat);
}

/// Whether a session is served still, be it only for repeats.
async fn goes_on(cluster: &Cluster, chat: &str) -> bool {
    let sessions = until("the sessions are listed", async || {
        cluster.nodes[0].operators_get("sessions?limit=1000").await?["items"].as_array().cloned()
    })
    .await;
    sessions.iter().any(|item| item["id"] == chat)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_signed_or_not_understood_is_refused_and_begins_nothing() {
    let receiver = Receiver::start(0);
    let cluster = Cluster::start_with(1, &receiver.section("address_messages_per_minute = 4")).await;
    let node = cluster.nodes[0].http.as_str();
    let hello = message("+49 151 2", "hello");
    let code = |answer: Option<(u16, Value)>| answer.map(|(status, answer)| (status, word(&answer["code"])));
    let told = |status, code: &str| Some((status, code.to_owned()));
    assert_eq!(code(post_as(node, ["m", "0", "v1,AAAA"], hello.to_string()).await), told(401, "signature"));
    for body in [
        json!({"type": "message", "address": "+49 151 2"}),
        json!({"type": "unheard of"}),
        message("", "hello"),
        message(&"1".repeat(300), "hello"),
        message("+49 151 2", " "),
        json!({"type": "receipt", "address": "+49 151 2", "event": "?", "state": "read"}),
    ] {
        assert_eq!(code(post(node, &fresh_id(), &body).await), told(400, "bad_request"), "{body}");
    }
    let unknown = "0123456789abcdEF-7";
    let body = json!({"type": "receipt", "address": "+49 151 2", "event": unknown, "state": "read"});
    assert_eq!(code(post(node, &fresh_id(), &body).await), told(404, "unknown_chat"));
    let got = http().get(format!("{node}/v1/channels/webhook/shop")).send().await.unwrap();
    assert_eq!(got.status(), 405);
    assert_eq!(receiver.came(), 0, "nothing of this began a chat");
    let id = fresh_id();
    let chat = say(&cluster.urls(), &mut 0, &id, &hello).await;
    let id_of_second = fresh_id();
    assert_eq!(say(&cluster.urls(), &mut 0, &id_of_second, &message("+49 151 2", "more")).await, chat);
    let other = message("+49 151 2", "something else");
    for known in [&id, &id_of_second] {
        assert_eq!(code(post(node, known, &other).await), told(409, "id_in_use"));
    }
    assert_eq!(code(post(node, &fresh_id(), &other).await), told(429, "limited"));
    let page =
        http().get(format!("{}/metrics", cluster.nodes[0].admin)).send().await.unwrap().text().await.unwrap();
    for line in [
        "handoff_channel_arrivals_total{channel=\"webhook:shop\",outcome=\"taken\"} 2\n",
        "handoff_channel_arrivals_total{channel=\"webhook:shop\",outcome=\"again\"} 1\n",
        "handoff_channel_arrivals_total{channel=\"webhook:shop\",outcome=\"refused\"} 11\n",
        "handoff_channel_pushes_total{channel=\"webhook:shop\",outcome=\"failed\"} 0\n",
    ] {
        assert!(page.contains(line), "no {line} in {page}");
    }
}
