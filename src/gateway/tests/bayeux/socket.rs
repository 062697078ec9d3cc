//! The WebSocket transport.

use super::client::{handshake, said};
use crate::gateway::GatewayOptions;
use crate::gateway::tests::native::window::{Window, open};
use crate::gateway::tests::support::{Memory, Site, options, site, site_of, site_of_cometd, text};
use handoff_config::Cometd;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

/// A client that has shaken hands on a socket.
struct Line {
    window: Window,
    id: String,
    ids: u32,
    data: Vec<Value>,
}

impl Line {
    async fn open(site: &Site) -> Self {
        let window = open(site, "/genesys/cometd", None).await.unwrap();
        let mut line = Self { window, id: String::new(), ids: 0, data: Vec::new() };
        line.shake_hands(&json!({})).await;
        line
    }

    async fn shake_hands(&mut self, ext: &Value) {
        self.window.say(&json!([handshake(ext)])).await;
        let reply = self.reply("/meta/handshake").await;
        self.id = text(&reply["clientId"]);
    }

    async fn say(&mut self, channel: &str, more: &Value) {
        self.ids += 1;
        let mut message = json!({"id": self.ids.to_string(), "channel": channel, "clientId": self.id});
        message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.window.say(&json!([message])).await;
    }

    /// Reads one frame; keeps the events, gives the replies.
    async fn read(&mut self) -> Vec<Value> {
        let frame = self.window.next().await.expect("the socket goes on");
        let (replies, events): (Vec<Value>, Vec<Value>) = frame
            .as_array()
            .unwrap()
            .iter()
            .cloned()
            .partition(|message| message.get("successful").is_some());
        self.data.extend(events.into_iter().map(|event| event["data"].clone()));
        replies
    }

    async fn reply(&mut self, channel: &str) -> Value {
        loop {
            if let Some(reply) = self.read().await.into_iter().find(|reply| reply["channel"] == channel) {
                return reply;
            }
        }
    }

    async fn connect(&mut self, at_once: bool) {
        let advice = if at_once { json!({"advice": {"timeout": 0}}) } else { json!({}) };
        self.say("/meta/connect", &advice).await;
    }

    async fn publish(&mut self, data: &Value) -> Value {
        self.say("/service/chatV2/default", &json!({"data": data})).await;
        self.reply("/service/chatV2/default").await
    }

    async fn chat(&mut self) -> String {
        self.connect(true).await;
        assert_eq!(self.reply("/meta/connect").await["successful"], true);
        self.connect(false).await;
        let reply = self.publish(&json!({"operation": "requestChat", "nickname": "Zoë"})).await;
        assert_eq!(reply["successful"], true);
        while self.data.is_empty() {
            self.read().await;
        }
        text(&self.data[0]["secureKey"])
    }

    fn texts(&self) -> Vec<String> {
        let messages = said(&self.data).into_iter().filter(|(kind, _)| kind == "Message");
        messages.map(|(_, text)| text.unwrap()).collect()
    }

    async fn until(&mut self, count: usize) {
        while self.texts().len() < count {
            self.read().await;
        }
    }
}

fn send(key: &str, message: &str) -> Value {
    json!({"operation": "sendMessage", "secureKey": key, "message": message})
}

#[actix_web::test]
async fn events_are_pushed_while_a_connect_is_held() {
    let site = site();
    let mut line = Line::open(&site).await;
    let key = line.chat().await;
    for number in 0..5 {
        assert_eq!(line.publish(&send(&key, &number.to_string())).await["successful"], true);
    }
    line.until(5).await;
    assert_eq!(line.texts(), ["0", "1", "2", "3", "4"]);
}

#[actix_web::test]
async fn with_acknowledgements_events_come_with_connects_and_again_until_they_are_confirmed() {
    let site = site();
    let mut line = Line::open(&site).await;
    line.shake_hands(&json!({"ack": true})).await;
    line.say("/meta/connect", &json!({"advice": {"timeout": 0}, "ext": {"ack": -1}})).await;
    line.reply("/meta/connect").await;
    let reply = line.publish(&json!({"operation": "requestChat", "nickname": "Zoë"})).await;
    assert_eq!(reply["successful"], true);
    line.say("/meta/connect", &json!({"ext": {"ack": 1}})).await;
    let reply = line.reply("/meta/connect").await;
    assert_eq!(reply["ext"]["ack"], 2);
    let first = line.data.clone();
    assert_eq!(said(&first)[0].0, "ParticipantJoined");
    // On another socket, and the reply never arrived.
    let mut again =
        Line { window: open(&site, "/genesys/cometd", None).await.unwrap(), data: Vec::new(), ..line };
    again.say("/meta/connect", &json!({"advice": {"timeout": 0}, "ext": {"ack": 1}})).await;
    assert_eq!(again.reply("/meta/connect").await["ext"]["ack"], 3);
    assert_eq!(again.data, first);
    again.say("/meta/connect", &json!({"advice": {"timeout": 0}, "ext": {"ack": 3}})).await;
    assert_eq!(again.reply("/meta/connect").await["ext"]["ack"], 4);
    assert_eq!(again.data, first);
}

#[actix_web::test]
async fn what_was_pushed_into_a_socket_that_broke_is_pushed_into_the_next() {
    let site = site();
    let mut line = Line::open(&site).await;
    let key = line.chat().await;
    line.publish(&send(&key, "one")).await;
    line.until(1).await;
    let id = line.id.clone();
    drop(line);
    let window = open(&site, "/genesys/cometd", None).await.unwrap();
    let mut line = Line { window, id, ids: 100, data: Vec::new() };
    line.connect(true).await;
    line.until(1).await;
    line.connect(false).await;
    line.publish(&send(&key, "two")).await;
    line.until(2).await;
    assert_eq!(line.texts(), ["one", "two"]);
}

#[actix_web::test]
async fn the_older_of_two_connects_is_answered_at_once_and_the_newer_one_is_held_over_a_socket() {
    let site = site();
    let mut line = Line::open(&site).await;
    line.chat().await;
    site.holds(1).await;
    let held = line.ids - 1;
    line.connect(false).await;
    let reply = line.reply("/meta/connect").await;
    assert_eq!((&reply["id"], &reply["successful"]), (&json!(held.to_string()), &json!(false)));
    assert_eq!(reply["error"], "409::another connect of this client has come");
    site.holds(1).await;
    // In one frame the last one counts.
    let connect = |id: &str| {
        let advice = json!({"timeout": 0});
        json!({"id": id, "channel": "/meta/connect", "clientId": line.id, "advice": advice})
    };
    line.window.say(&json!([connect("a"), connect("b")])).await;
    let mut told = std::collections::BTreeMap::new();
    while told.len() < 3 {
        let replies = line.read().await.into_iter();
        told.extend(replies.map(|reply| (text(&reply["id"]), reply["successful"] == true)));
    }
    let held = line.ids.to_string();
    assert_eq!(told, [(held, false), ("a".to_owned(), false), ("b".to_owned(), true)].into());
}

#[actix_web::test]
async fn a_batch_in_a_frame_is_carried_out_in_its_order() {
    let site = site();
    let mut line = Line::open(&site).await;
    let key = line.chat().await;
    let channel = "/service/chatV2/default";
    let said = |id: &str, message: &str| {
        let data = send(&key, message);
        json!({"id": id, "channel": channel, "clientId": line.id, "data": data})
    };
    let subscribe =
        json!({"id": "s", "channel": "/meta/subscribe", "clientId": line.id, "subscription": channel});
    line.window.say(&json!([subscribe, said("1", "one"), said("2", ""), said("3", "three")])).await;
    let mut told = Vec::new();
    while told.len() < 4 {
        let replies = line.read().await.into_iter();
        told.extend(replies.map(|reply| (text(&reply["id"]), reply["successful"] == true)));
    }
    let expected = [("s", true), ("1", true), ("2", false), ("3", true)];
    assert_eq!(told, expected.map(|(id, successful)| (id.to_owned(), successful)));
    line.until(2).await;
    assert_eq!(line.texts(), ["one", "three"]);
}

#[actix_web::test]
async fn a_connect_is_answered_when_its_time_is_over() {
    let site = site_of_cometd(Memory::new(), options(), 7, Cometd { timeout_ms: 300, ..Cometd::default() });
    let mut line = Line::open(&site).await;
    line.chat().await;
    let reply = line.reply("/meta/connect").await;
    assert_eq!((&reply["successful"], reply.get("advice")), (&json!(true), None));
}

#[actix_web::test]
async fn a_node_that_drains_sends_its_socket_to_shake_hands_elsewhere_and_closes_it() {
    let site = site();
    let mut line = Line::open(&site).await;
    line.chat().await;
    site.sessions.drain();
    let reply = line.reply("/meta/connect").await;
    assert_eq!(
        (&reply["error"], &reply["advice"]["reconnect"]),
        (&json!("402::Unknown client"), &json!("handshake"))
    );
    assert_eq!(line.window.next().await, Err(1012));
    let mut late = open(&site, "/genesys/cometd", None).await.unwrap();
    assert_eq!(late.next().await, Err(1012), "who comes later is led away too");
}

#[actix_web::test]
async fn frames_that_are_wrong_are_told_so_or_end_the_socket() {
    let site = site();
    let mut line = Line::open(&site).await;
    line.window.raw(Message::text("{")).await;
    assert!(line.read().await[0]["error"].as_str().unwrap().starts_with("400::"));
    let half =
        r#"[{"id": "7", "channel": "/service/chatV2/default", "data": {"message": "\ud83d"}}, {"id": "8"}]"#;
    line.window.raw(Message::text(half)).await;
    let replies = line.read().await;
    let ids: Vec<_> = replies.iter().map(|reply| (&reply["id"], &reply["successful"])).collect();
    assert_eq!(ids, [(&json!("7"), &json!(false)), (&json!("8"), &json!(false))]);
    assert_eq!(replies[0]["channel"], "/service/chatV2/default");
    line.connect(true).await;
    assert_eq!(line.reply("/meta/connect").await["successful"], true);
    line.window.raw(Message::binary(vec![1])).await;
    assert_eq!(line.window.next().await, Err(1003));
    let listed = GatewayOptions { origins: vec!["https://shop.example".to_owned()], ..options() };
    let site = site_of(Memory::new(), listed, 7);
    assert_eq!(open(&site, "/genesys/cometd", Some("https://evil.example")).await.err(), Some(403));
    assert!(open(&site, "/genesys/cometd", Some("https://shop.example")).await.is_ok());
}
