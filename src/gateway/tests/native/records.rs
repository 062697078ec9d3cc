//! Earlier chats at the desk: in pages, each small enough that nothing else waits for it long.

use super::agent::{offered, stage};
use super::window::Window;
use crate::gateway::tests::memory::{EARLIER, EARLIER_EVENTS};
use crate::gateway::tests::support::{Site, site};
use serde_json::{Value, json};

/// Most bytes of a page's frame.
const PAGE_BYTES: usize = 64 * 1024;

/// An agent in a chat with a customer who had one before.
async fn chatting(site: &Site) -> (Window, Window, Value) {
    let (mut bob, zoe, chat) = offered(site, "bob", "hello?").await;
    bob.done("accept", json!({"chat": chat})).await;
    stage(&mut bob, &chat, "chatting").await;
    bob.message("hello?").await;
    (bob, zoe, chat)
}

fn ids(page: &Value) -> Vec<u64> {
    let events = page["record"]["events"].as_array().unwrap();
    events.iter().map(|event| event["eventId"].as_u64().unwrap()).collect()
}

#[actix_web::test]
async fn an_earlier_chat_comes_in_pages_with_live_frames_between() {
    let site = site();
    let (mut bob, mut zoe, _) = chatting(&site).await;
    let (mut read, mut from, mut pages) = (Vec::new(), Value::Null, 0);
    loop {
        let mut asked = json!({"chat": EARLIER});
        if !from.is_null() {
            asked["from"] = from;
        }
        let page = bob.done("transcript", asked).await;
        assert!(
            page.to_string().len() <= PAGE_BYTES && ids(&page).len() <= 100,
            "a page of {:?}",
            ids(&page)
        );
        read.extend(ids(&page));
        pages += 1;
        let said = format!("after page {pages}");
        zoe.done("send", json!({"number": pages, "text": said})).await;
        bob.message(&said).await;
        from = page["next"].clone();
        if from.is_null() {
            break;
        }
    }
    assert_eq!(read, (1..=EARLIER_EVENTS).collect::<Vec<_>>(), "each once and in order");
    assert!(pages > 3, "{pages} pages");
}

#[actix_web::test]
async fn who_asks_for_more_pages_than_a_socket_holds_gets_them_all_as_they_read() {
    let site = site();
    let (mut bob, _zoe, chat) = chatting(&site).await;
    let pages = 100;
    for page in 0..pages {
        let (id, from) = (format!("page-{page}"), 1 + page % 100);
        bob.say(&json!({"id": id, "do": "transcript", "chat": EARLIER, "from": from})).await;
    }
    for page in 0..pages {
        let id = format!("page-{page}");
        let answer = bob.find("a page", |frame| frame["answer"] == id).await;
        assert_eq!((&answer["ok"], ids(&answer)[0]), (&json!(true), 1 + page % 100));
    }
    bob.done("send", json!({"chat": chat, "text": "still there"})).await;
}

#[actix_web::test]
async fn an_earlier_chat_is_read_on_only_while_the_agent_is_with_its_customer() {
    let site = site();
    let (mut bob, mut zoe, chat) = chatting(&site).await;
    let page = bob.done("transcript", json!({"chat": EARLIER})).await;
    assert_eq!(bob.code("transcript", json!({"chat": "SomebodyElses000"})).await, "no_claim");
    bob.done("transcript", json!({"chat": EARLIER, "from": page["next"]})).await;
    bob.done("leave", json!({"chat": chat, "how": "force_close"})).await;
    stage(&mut bob, &chat, "over").await;
    assert_eq!(bob.code("transcript", json!({"chat": EARLIER, "from": page["next"]})).await, "no_claim");
    zoe.find("the end", |frame| frame["ended"] == true).await;
}
