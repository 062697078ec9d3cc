//! What is no command: garbage, floods, silence, slowness, other sites' pages, a node that drains.

use super::window::{Window, open};
use crate::gateway::tests::support::{Memory, Site, options, site, site_of};
use futures_util::StreamExt;
use handoff_chat::command::{Act, Caller};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;

#[actix_web::test]
async fn a_frame_that_is_no_command_is_answered_without_an_id_and_the_socket_goes_on() {
    let site = site();
    let mut window = Window::customer(&site).await;
    for garbage in [
        "",
        "x",
        "[]",
        "7",
        "{\"id\":7,\"do\":\"send\"}",
        "{\"do\":\"send\"}",
        "{\"id\":\"\"}",
        &"[".repeat(9999),
    ] {
        window.raw(Message::text(garbage)).await;
        let answer = window.find("an answer", |frame| frame["ok"] == false).await;
        assert_eq!(
            (&answer["answer"], &answer["error"]["code"]),
            (&Value::Null, &json!("bad_command")),
            "{garbage}"
        );
    }
    window.start(json!({"nickname": "n"})).await;
}

#[actix_web::test]
async fn a_frame_with_something_wrong_in_a_field_is_answered_with_its_id() {
    let site = site();
    let mut customer = Window::customer(&site).await;
    let mut agent = Window::agent(&site).await;
    for wrong in ["\"\\ud83d\"", "\"x \\udd42 y\"", "1e999"] {
        let frame =
            format!("{{\"text\": {wrong}, \"number\": 1, \"do\": \"send\", \"id\": \"i-{}\"}}", wrong.len());
        let id = json!(format!("i-{}", wrong.len()));
        for window in [&mut customer, &mut agent] {
            window.raw(Message::text(frame.clone())).await;
            let answer = window.find("an answer", |frame| frame["ok"] == false).await;
            assert_eq!(
                (&answer["answer"], &answer["error"]["code"]),
                (&id, &json!("bad_command")),
                "{wrong}"
            );
            assert_eq!(answer["error"]["retry"], false, "it would be as wrong again");
        }
    }
    customer.raw(Message::text("{\"id\": \"\\ud83d\", \"do\": \"send\"}")).await;
    let answer = customer.find("an answer", |frame| frame["ok"] == false).await;
    assert_eq!(answer["answer"], Value::Null, "the id itself can't be read");
    customer.start(json!({"nickname": "n"})).await;
}

#[actix_web::test]
async fn binary_text_that_is_not_utf_8_and_frames_over_the_limit_close_with_their_codes() {
    let site = site();
    let mut window = Window::customer(&site).await;
    window.raw(Message::binary(vec![1, 2])).await;
    assert_eq!(window.closes().await, 1003);
    let mut window = Window::customer(&site).await;
    window.raw(Message::text("x".repeat(32 * 1024 + 1))).await;
    assert_eq!(window.closes().await, 1009);
    // By hand, for the client's library refuses to say it: 4 bytes of text, masked with 0, that are no UTF-8.
    let mut window = Window::customer(&site).await;
    let bad = [0x81, 0x84, 0, 0, 0, 0, 0xff, 0xfe, 0xff, 0xfe];
    window.socket.get_mut().write_all(&bad).await.unwrap();
    assert_eq!(window.closes().await, 1007);
    // A head that claims more than there is memory.
    let mut window = Window::customer(&site).await;
    let huge = [0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
    window.socket.get_mut().write_all(&huge).await.unwrap();
    assert_eq!(window.closes().await, 1009);
    let mut window = Window::customer(&site).await;
    window.socket.close(None).await.unwrap();
    assert!([1000, 1006].contains(&window.closes().await));
}

#[actix_web::test]
async fn a_beat_comes_in_silence_and_a_client_that_answers_no_ping_is_closed() {
    let quick = || crate::gateway::GatewayOptions { probe: Duration::from_millis(100), ..options() };
    let site = site_of(Memory::new(), quick(), 7);
    let mut window = Window::customer(&site).await;
    for _ in 0..8 {
        // Reading answers the pings: for longer than a silent client would last.
        window.find("a beat", |frame| frame["event"] == "beat").await;
    }
    // A half-open link: the connection stands and says nothing.
    let mut mute = Window::customer(&site).await;
    let mut bytes = Vec::new();
    let read = mute.socket.get_mut().read_to_end(&mut bytes);
    tokio::time::timeout(super::window::PATIENCE, read)
        .await
        .expect("the mute client was not closed")
        .unwrap();
    assert!(bytes.windows(2).any(|pair| pair == [0x89, 0]), "a ping was sent");
    Window::customer(&site).await.start(json!({"nickname": "n"})).await;
}

#[actix_web::test]
async fn a_client_that_does_not_read_is_closed_and_loses_nothing() {
    let mut roomy = options();
    for service in roomy.services.values_mut() {
        service.limits.message_bytes_max = 16_384;
        service.limits.events_max = 10_000;
    }
    let site = site_of(Memory::new(), roomy, 7);
    let mut window = Window::customer(&site).await;
    let chat = window.start(json!({"nickname": "n"})).await;
    let text = "x".repeat(16_000);
    let id = chat["chat"].as_str().unwrap();
    let key = handoff_chat::SecureKey::parse(chat["key"].as_str().unwrap()).unwrap();
    for _ in 0..1_200 {
        let act = Act::Send { text: text.clone(), message_type: None };
        site.sessions.command(id, Caller::key(key.hash()), act);
    }
    // It says something now and then, but reads nothing.
    let closed = tokio::time::timeout(super::window::PATIENCE, async {
        while shown(&site, "slow") == 0 {
            let frame = json!({"id": "i", "do": "typing", "started": true}).to_string();
            if futures_util::SinkExt::send(&mut window.socket, Message::text(frame)).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    closed.await.expect("the slow client was not closed");
    let mut window = Window::customer(&site).await;
    window.done("resume", json!({"chat": chat["chat"], "key": chat["key"], "position": 1})).await;
    let (mut messages, mut next) = (0, 1);
    while messages < 1_200 {
        let frame = window.find("more of the chat", |frame| frame["event"] == "chat").await;
        assert!(frame.to_string().len() < 256 * 1024);
        for event in frame["events"].as_array().unwrap() {
            assert!(event["index"].as_u64().unwrap() >= next, "in order, once");
            next = event["index"].as_u64().unwrap() + 1;
            messages += usize::from(event["type"] == "message");
        }
    }
}

#[actix_web::test]
async fn a_chat_says_that_it_is_nearly_full_and_a_full_one_can_be_left() {
    let mut small = options();
    let limits = &mut small.services.get_mut("default").unwrap().limits;
    limits.events_max = 4;
    limits.talk.nearly_full_text = "nearly full".to_owned();
    let site = site_of(Memory::new(), small, 7);
    let mut window = Window::customer(&site).await;
    window.start(json!({"nickname": "n"})).await;
    for number in 1..3 {
        window.done("send", json!({"number": number, "text": "m"})).await;
    }
    let is_told = |event: &Value| event["type"] == "nearly_full" && event["text"] == "nearly full";
    let told = |frame: &Value| frame["events"].as_array().into_iter().flatten().any(is_told);
    window.find("the notice", told).await;
    assert_eq!(window.code("send", json!({"number": 3, "text": "m"})).await, "full");
    window.done("leave", json!({"number": 3})).await;
}

/// How many sockets were closed for this reason.
fn shown(site: &Site, reason: &str) -> u64 {
    site.sample(&format!("handoff_socket_closes_total{{kind=\"customer\",reason=\"{reason}\"}} "))
}

#[actix_web::test]
async fn a_flood_of_commands_is_carried_out_in_order_and_no_more_than_32_wait() {
    let site = site();
    let mut window = Window::customer(&site).await;
    window.start(json!({"nickname": "n"})).await;
    for number in 1..=150 {
        let frame =
            json!({"id": number.to_string(), "do": "send", "number": number, "text": number.to_string()});
        window.say(&frame).await;
    }
    for number in 1..=150 {
        let mine = |frame: &Value| frame["answer"].is_string();
        let answer = window.find("an answer", mine).await;
        assert_eq!((&answer["answer"], &answer["ok"]), (&json!(number.to_string()), &json!(true)));
    }
}

#[actix_web::test]
async fn only_listed_origins_and_the_server_s_own_open_a_socket() {
    let listed =
        crate::gateway::GatewayOptions { origins: vec!["https://shop.example".to_owned()], ..options() };
    let strict = site_of(Memory::new(), listed, 7);
    let own = strict.url.clone();
    for path in ["/v1/customer", "/v1/agent"] {
        assert_eq!(open(&strict, path, Some("https://evil.example")).await.err(), Some(403));
        assert_eq!(open(&strict, path, Some("null")).await.err(), Some(403));
        for fine in [Some("https://shop.example"), Some(own.as_str()), None] {
            assert!(open(&strict, path, fine).await.is_ok(), "{fine:?}");
        }
        assert!(open(&site(), path, Some("https://any.example")).await.is_ok());
    }
    let plain = reqwest::get(format!("{}/v1/customer", strict.url)).await.unwrap();
    assert_eq!(plain.status().as_u16(), 400, "no upgrade");
}

#[actix_web::test]
async fn a_node_that_drains_leads_its_sockets_away_and_those_that_come_late_too() {
    let site = site();
    let mut window = Window::customer(&site).await;
    window.start(json!({"nickname": "n"})).await;
    site.sessions.drain();
    let there = json!(["http://127.0.0.1:8108"]);
    led_away(window, &there).await;
    for late in [Window::agent(&site).await, Window::customer(&site).await] {
        led_away(late, &there).await;
    }
}

async fn led_away(mut window: Window, there: &Value) {
    assert_eq!(window.closes().await, 1012);
    assert!(window.had(|frame| frame["event"] == "moved" && frame["nodes"] == *there));
    assert!(window.socket.next().await.is_none_or(|end| end.is_err()));
}

#[actix_web::test]
async fn behind_a_balancer_no_node_s_own_address_is_told() {
    let options = crate::gateway::GatewayOptions { behind_balancer: true, ..options() };
    let site = site_of(Memory::new(), options, 7);
    let mut window = Window::customer(&site).await;
    assert_eq!(window.next().await.unwrap()["nodes"], json!([]));
    site.sessions.drain();
    window.closes().await;
    assert!(window.had(|frame| frame["event"] == "moved" && frame["nodes"] == json!([])));
}
