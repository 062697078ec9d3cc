//! Rich messages over the native sockets and to clients of GMS.

use super::window::Window;
use crate::gateway::tests::support::{PASSWORD, site, told};
use serde_json::{Value, json};

fn event(kind: &'static str) -> impl Fn(&Value) -> bool {
    move |frame| frame["events"].as_array().into_iter().flatten().any(|event| event["type"] == kind)
}

fn of(frame: &Value, kind: &str) -> Value {
    let mut events = frame["events"].as_array().unwrap().iter();
    events.find(|event| event["type"] == kind).unwrap().clone()
}

#[actix_web::test]
async fn an_agent_s_rich_message_is_answered_with_a_tap_and_what_fits_no_schema_is_refused() {
    let site = site();
    let mut ann = Window::agent(&site).await;
    ann.done("sign_in", json!({"name": "ann", "password": PASSWORD})).await;
    ann.done("ready", json!({})).await;
    let mut zoe = Window::customer(&site).await;
    let started = zoe.start(json!({"service": "support", "nickname": "Zoë"})).await;
    let chat = &started["chat"];
    ann.find("an offer", |frame| frame["work"][0]["stage"] == "offered").await;
    ann.done("accept", json!({"chat": chat})).await;
    ann.find("the chat", |frame| frame["work"][0]["stage"] == "chatting").await;
    let content = json!({"kind": "quick_replies", "text": "OK?", "options": [{"id": "y", "title": "Yes"}]});
    let sent = ann.done("send_rich", json!({"chat": chat, "content": content})).await;
    let shown = of(&zoe.find("the rich message", event("rich")).await, "rich");
    assert_eq!((&shown["text"], &shown["content"]), (&json!("OK?"), &content));
    assert!(sent["index"].as_u64().is_some());
    let wrong = json!({"kind": "quick_replies", "options": []});
    assert_eq!(ann.code("send_rich", json!({"chat": chat, "content": wrong})).await, "bad_rich");
    let to = &shown["index"];
    let reply = |choice: &str| json!({"number": 1, "to": to, "content": {"choices": [choice]}});
    assert_eq!(zoe.code("reply", reply("x")).await, "misfit");
    assert_eq!(zoe.code("reply", json!({"number": 1, "to": to, "content": {}})).await, "misfit");
    zoe.done("reply", reply("y")).await;
    let heard = of(&ann.find("the answer", event("rich_reply")).await, "rich_reply");
    assert_eq!((&heard["text"], &heard["content"]), (&json!("Yes"), &json!({"choices": ["y"]})));
    assert!(heard["to"].as_u64().is_some());
    let again = json!({"number": 2, "to": to, "content": {"choices": ["y"]}});
    assert_eq!(zoe.code("reply", again).await, "no_question");

    let fields = [("secureKey", started["key"].as_str().unwrap()), ("transcriptPosition", "1")];
    let (_, seen) = site.post(&format!("support/{}/refresh", chat.as_str().unwrap()), &fields).await;
    let said: Vec<_> = told(&seen).into_iter().filter(|(kind, _)| kind == "Message").collect();
    let message = |text: &str| ("Message".to_owned(), Some(text.to_owned()));
    assert_eq!(said, [message("OK?"), message("Yes")]);
    for schema in ["rich-message", "rich-reply"] {
        let served = site.http.get(format!("{}/schemas/{schema}.json", site.url)).send().await.unwrap();
        assert!(
            served.json::<Value>().await.unwrap()["$id"]
                .as_str()
                .unwrap()
                .ends_with(&format!("{schema}.json"))
        );
    }
}
