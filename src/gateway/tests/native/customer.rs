//! The customers' socket: each command and each refusal, resuming, numbering.

use super::window::{Window, texts};
use crate::gateway::tests::support::{Trouble, code, options, site, site_of};
use handoff_chat::command::{Act, Caller};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

#[actix_web::test]
async fn a_customer_starts_talks_and_leaves_and_sees_it_all() {
    let site = site();
    let mut window = Window::customer(&site).await;
    let hello = window.next().await.unwrap();
    let nodes = ["http://127.0.0.1:8107", "http://127.0.0.1:8108"];
    assert_eq!(hello, json!({"event": "hello", "version": 1, "node": 7, "nodes": nodes}));
    let started = window
        .done("start", json!({"service": "robin", "nickname": "Zoë", "subject": "s", "text": "hi"}))
        .await;
    assert_eq!(started["next_command"], 1);
    let first = window.find("the chat", |frame| frame["event"] == "chat").await;
    assert_eq!((&first["chat"], &first["ended"]), (&started["chat"], &json!(false)));
    let me = &first["participants"][0];
    assert_eq!((&me["role"], &me["nickname"], &me["me"]), (&json!("customer"), &json!("Zoë"), &json!(true)));
    assert_eq!(first["participants"][1]["role"], "bot");
    assert_eq!((&first["events"][0]["type"], &first["events"][0]["index"]), (&json!("joined"), &json!(1)));
    let sent = window.done("send", json!({"number": 1, "text": "où est-ce ? 📦"})).await;
    assert_eq!(sent["number"], 1);
    let shown = window.message("où est-ce ? 📦").await;
    let event = shown["events"].as_array().unwrap().iter().find(|event| event["text"] == "où est-ce ? 📦");
    assert_eq!((&event.unwrap()["index"], &event.unwrap()["by"]), (&sent["index"], &me["number"]));
    assert!(window.done("typing", json!({"started": true, "preview": "x"})).await["index"].is_null());
    window.done("typing", json!({"started": false})).await;
    window.done("leave", json!({"number": 2})).await;
    let last = window.find("the end", |frame| frame["ended"] == true).await;
    let left = last["events"].as_array().unwrap().iter().find(|event| event["type"] == "left").unwrap();
    assert_eq!(left["reason"], "left");
    assert!(!window.had(|frame| frame["typing"].as_array().is_some_and(|typing| !typing.is_empty())));
}

#[actix_web::test]
async fn notices_are_numbered_like_messages_and_show_with_their_fields() {
    let site = site();
    let mut window = Window::customer(&site).await;
    let chat = window.start(json!({"nickname": "n", "service": "robin"})).await;
    for (number, word, fields) in [
        (1, "push_url", json!({"url": "https://example.org"})),
        (2, "rename", json!({"nickname": "Zoë"})),
        (3, "notice", json!({"text": "{}", "message_type": "survey"})),
        (4, "attach", json!({"data": {"k": "v"}})),
    ] {
        let mut body = fields;
        body["number"] = number.into();
        assert_eq!(window.done(word, body).await["number"], number);
    }
    window.done("read", json!({"position": 4})).await;
    assert_eq!(window.code("rename", json!({"number": 4, "nickname": "x"})).await, "id_in_use");
    for (word, fields) in [
        ("push_url", json!({"number": 5, "url": "javascript:alert(1)"})),
        ("rename", json!({"number": 5, "nickname": " "})),
        ("notice", json!({"number": 5, "text": ""})),
        ("attach", json!({"number": 5, "data": {"": "v"}})),
        ("attach", json!({"number": 5, "data": {"k": 1}})),
        ("read", json!({"position": -1})),
    ] {
        assert_eq!(window.code(word, fields).await, "bad_command", "{word}");
    }
    drop(window);
    let mut window = Window::customer(&site).await;
    let resumed = window.done("resume", json!({"chat": chat["chat"], "key": chat["key"]})).await;
    assert_eq!(resumed["next_command"], 5);
    let frame = window.find("the chat", |frame| frame["event"] == "chat").await;
    assert_eq!(frame["participants"][0]["nickname"], "Zoë");
    let events = frame["events"].as_array().unwrap();
    let of = |kind: &str| events.iter().find(|event| event["type"] == kind).unwrap();
    assert_eq!(of("pushed_url")["text"], "https://example.org");
    assert_eq!(of("renamed")["text"], "Zoë");
    assert_eq!(
        (&of("custom_notice")["text"], &of("custom_notice")["message_type"]),
        (&json!("{}"), &json!("survey"))
    );
    assert!(of("read")["through"].as_u64().unwrap() < 4, "what was below the position");
}

#[actix_web::test]
async fn a_client_resumes_by_position_on_another_node_and_gets_what_it_missed_and_no_more() {
    let site = site();
    let other = site_of(site.sessions.clone(), options(), 8);
    let mut window = Window::customer(&site).await;
    let chat = window.start(json!({"nickname": "n"})).await;
    for number in 1..=3 {
        window.done("send", json!({"number": number, "text": format!("m{number}")})).await;
    }
    let position = window.message("m2").await["next"].as_u64().unwrap();
    drop(window);
    let mut window = Window::customer(&other).await;
    let resumed =
        window.done("resume", json!({"chat": chat["chat"], "key": chat["key"], "position": position})).await;
    assert_eq!(resumed["next_command"], 4);
    let missed = window.find("what was missed", |frame| frame["event"] == "chat").await;
    assert!(!texts(&missed).contains(&"m2"), "{missed}");
    assert_eq!(missed["participants"][0]["nickname"], "n");
    window.done("send", json!({"number": 4, "text": "m4"})).await;
    window.message("m4").await;
    // From the beginning, through a takeover.
    site.sessions.restore_all();
    let mut window = Window::customer(&other).await;
    window.done("resume", json!({"chat": chat["chat"], "key": chat["key"]})).await;
    let all = window.message("m4").await;
    assert_eq!(texts(&all), ["m1", "m2", "m3", "m4"]);
}

#[actix_web::test]
async fn an_equal_text_with_an_equal_number_of_another_tab_is_no_repeat() {
    let site = site();
    let (mut one, mut two) = (Window::customer(&site).await, Window::customer(&site).await);
    let chat = one.start(json!({"nickname": "n"})).await;
    two.done("resume", json!({"chat": chat["chat"], "key": chat["key"]})).await;
    let ok = |number: u64, run: &str| json!({"number": number, "run": run, "text": "ok"});
    let first = one.done("send", ok(1, "a")).await;
    let taken = two.refused("send", ok(1, "b")).await;
    assert_eq!((&taken["code"], &taken["expected"]), (&json!("expected"), &json!(2)));
    let second = two.done("send", ok(2, "b")).await;
    assert!(second["index"].as_u64() > first["index"].as_u64());
    assert_eq!(one.done("send", ok(1, "a")).await["index"], first["index"], "its own repeat is one");
    assert_eq!(two.done("send", ok(2, "b")).await["index"], second["index"]);
    assert_eq!(one.code("notice", json!({"number": 1, "run": "a", "text": "ok"})).await, "id_in_use");
    assert_eq!(one.code("leave", json!({"number": 1, "run": "b"})).await, "expected");
    for run in ["", "a:1", "ü", &"a".repeat(33)] {
        assert_eq!(one.code("send", ok(3, run)).await, "bad_command", "{run}");
    }
    one.raw(Message::text(r#"{"id":"none","do":"send","number":3,"text":"ok"}"#)).await;
    let refused = one.find("the answer", |frame| frame["answer"] == "none").await;
    assert_eq!(refused["error"]["code"], "bad_command", "whose it is nobody knows: {refused}");
    one.done("send", ok(3, &"a".repeat(32))).await;
    let mut late = Window::customer(&site).await;
    let resumed = late.done("resume", json!({"chat": chat["chat"], "key": chat["key"]})).await;
    assert_eq!(resumed["next_command"], 4);
    let shown = late.message("ok").await;
    assert_eq!(texts(&shown), ["ok"; 3]);
}

#[actix_web::test]
async fn what_shows_nothing_is_no_message_and_no_name_over_any_interface() {
    let site = site();
    let chat = site.start().await;
    let mut window = Window::customer(&site).await;
    for nothing in ["", " ", "\t\n", "\u{a0}", "\u{200b}\u{feff}", "\u{2060} \u{ad}", "\u{3164}"] {
        let refused = window.code("start", json!({"nickname": nothing})).await;
        assert_eq!(refused, "missing_field", "{nothing:?}");
        let (status, reply) = site.post("default", &[("nickname", nothing)]).await;
        assert_ne!(reply["statusCode"], 0, "{status} {reply}");
        assert_eq!(code(&reply), 161, "{nothing:?} {reply}");
    }
    window.done("resume", json!({"chat": chat.id, "key": chat.key})).await;
    for nothing in ["", " ", "\t\n", "\u{a0}", "\u{200b}\u{feff}", "\u{2060} \u{ad}", "\u{3164}"] {
        let sent = window.code("send", json!({"number": 1, "text": nothing})).await;
        let renamed = window.code("rename", json!({"number": 1, "nickname": nothing})).await;
        assert_eq!((sent.as_str(), renamed.as_str()), ("bad_command", "bad_command"), "{nothing:?}");
        for (operation, field) in [("send", "message"), ("updateNickname", "nickname")] {
            let (_, reply) = site.call(&chat, operation, &[(field, nothing)]).await;
            assert_ne!(reply["statusCode"], 0, "{operation} {nothing:?} {reply}");
        }
    }
    window.done("send", json!({"number": 1, "text": "\u{200b} 🙂"})).await;
    window.done("notice", json!({"number": 2, "text": " "})).await;
}

#[actix_web::test]
async fn a_chat_that_ended_is_shown_to_its_end_and_refuses_more() {
    let site = site();
    let mut window = Window::customer(&site).await;
    let chat = window.start(json!({"nickname": "n"})).await;
    site.sessions.command(chat["chat"].as_str().unwrap(), Caller::Operator, Act::ForceEnd);
    window.find("the end", |frame| frame["ended"] == true).await;
    assert_eq!(window.code("send", json!({"number": 1, "text": "x"})).await, "ended");
    let mut window = Window::customer(&site).await;
    window.done("resume", json!({"chat": chat["chat"], "key": chat["key"]})).await;
    window.find("the end again", |frame| frame["ended"] == true).await;
    let next = window.start(json!({"nickname": "n"})).await;
    assert_ne!(next["chat"], chat["chat"]);
}

#[actix_web::test]
async fn every_wrong_command_is_answered_with_its_code() {
    let site = site();
    let mut window = Window::customer(&site).await;
    assert_eq!(window.code("send", json!({"number": 1, "text": "x"})).await, "not_started");
    assert_eq!(window.code("dance", json!({})).await, "bad_command");
    assert_eq!(window.code("start", json!({})).await, "missing_field");
    assert_eq!(window.code("start", json!({"nickname": "n", "service": "nowhere"})).await, "unknown_service");
    assert_eq!(window.code("start", json!({"nickname": "n", "email": "nobody"})).await, "bad_field");
    assert_eq!(window.code("start", json!({"nickname": "n", "client_id": "short"})).await, "bad_command");
    assert_eq!(window.code("start", json!({"nickname": 7})).await, "bad_command");
    assert_eq!(window.code("start", json!({"nickname": "n", "text": "x".repeat(1001)})).await, "too_long");
    let many: serde_json::Map<_, _> = (0..41).map(|n| (n.to_string(), json!("v"))).collect();
    assert_eq!(window.code("start", json!({"nickname": "n", "user_data": many})).await, "bad_command");
    let chat = window.start(json!({"nickname": "n", "user_data": {"k": "v"}})).await;
    let long = window.refused("send", json!({"number": 1, "text": "x".repeat(1001)})).await;
    assert_eq!((&long["code"], &long["bytes_max"]), (&json!("too_long"), &json!(1000)));
    assert_eq!(window.code("send", json!({"number": 1, "text": ""})).await, "bad_command");
    assert_eq!(window.code("send", json!({"number": 0, "text": "x"})).await, "bad_command");
    assert_eq!(window.code("send", json!({"text": "x"})).await, "bad_command");
    let kind = "k".repeat(65);
    assert_eq!(
        window.code("send", json!({"number": 1, "text": "x", "message_type": kind})).await,
        "bad_command"
    );
    let mut other = Window::customer(&site).await;
    let (id, key) = (&chat["chat"], &chat["key"]);
    assert_eq!(other.code("resume", json!({"chat": id, "key": "nonsense"})).await, "wrong_key");
    let stranger = Window::customer(&site).await.start(json!({"nickname": "s"})).await;
    assert_eq!(other.code("resume", json!({"chat": id, "key": stranger["key"]})).await, "wrong_key");
    let unknown =
        handoff_chat::SecureKey { session: handoff_chat::SessionId("0".repeat(16)), secret: [1; 16] };
    let fields = json!({"chat": "0".repeat(16), "key": unknown.to_text()});
    assert_eq!(other.code("resume", fields).await, "unknown_chat");
    other.done("resume", json!({"chat": id, "key": key, "unknown_field": 1})).await;
}

#[actix_web::test]
async fn a_takeover_is_answered_again_and_the_follower_goes_on_by_itself() {
    let site = site();
    let mut window = Window::customer(&site).await;
    window.start(json!({"nickname": "n"})).await;
    site.sessions.troubles(&[Trouble::Again; 4]);
    site.sessions.restore_all();
    let mut sent = window.ask("send", json!({"number": 1, "text": "m"})).await;
    while sent["ok"] == false {
        assert_eq!((&sent["error"]["code"], &sent["error"]["retry"]), (&json!("again"), &json!(true)));
        sent = window.ask("send", json!({"number": 1, "text": "m"})).await;
    }
    window.message("m").await;
    site.sessions.troubles(&[Trouble::LostAfter]);
    let mut sent = window.ask("send", json!({"number": 2, "text": "once"})).await;
    while sent["ok"] == false {
        sent = window.ask("send", json!({"number": 2, "text": "once"})).await;
    }
    window.message("once").await;
    window.done("send", json!({"number": 3, "text": "last"})).await;
    let mut fresh = Window::customer(&site).await;
    let asked = site.sessions.asked();
    assert!(asked.iter().filter(|ask| ask.command.is_some()).skip(1).all(|ask| ask.client_id));
    assert!(!asked.iter().any(|ask| ask.command.is_some() && !ask.wait.is_zero()));
    fresh.start(json!({"nickname": "n"})).await;
    assert!(!window.had(|frame| texts(frame).iter().filter(|text| **text == "once").count() > 1));
}

#[actix_web::test]
async fn a_repeated_start_gives_the_same_chat_and_key_on_any_node_and_over_any_interface() {
    let site = site();
    let other = site_of(site.sessions.clone(), options(), 8);
    let fields = json!({"nickname": "n", "client_id": "an-unguessable-start-id"});
    let first = Window::customer(&site).await.start(fields.clone()).await;
    assert_eq!(Window::customer(&other).await.start(fields).await, first);
    let form = [("nickname", "n"), ("clientMessageId", "an-unguessable-start-id")];
    let (_, reply) = other.post("default", &form).await;
    assert_eq!((&reply["chatId"], &reply["secureKey"]), (&first["chat"], &first["key"]));
    assert_eq!(site.sessions.sessions(), 1);
}

#[actix_web::test]
async fn what_the_other_interface_posts_comes_over_the_socket_with_typing() {
    let site = site();
    let chat = site.start().await;
    let mut window = Window::customer(&site).await;
    window.done("resume", json!({"chat": chat.id, "key": chat.key, "position": 1})).await;
    site.done(&chat, "send", &[("message", "from the form")]).await;
    window.message("from the form").await;
}
