//! A Bayeux client over HTTP that shows what came back.

use crate::gateway::tests::support::{Site, text, told};
use actix_web::rt::task::JoinHandle;
use reqwest::header::{COOKIE, HeaderMap, HeaderValue};
use serde_json::{Map, Value, json};

/// More than any test needs.
const CONNECTS_MAX: u32 = 300;

/// A client that has shaken hands.
pub(in crate::gateway::tests) struct Client {
    pub(in crate::gateway::tests) url: String,
    http: reqwest::Client,
    pub(in crate::gateway::tests) id: String,
    ids: u32,
    /// What it acknowledges, where it does.
    pub(in crate::gateway::tests) ack: Option<i64>,
    /// All events so far.
    pub(in crate::gateway::tests) data: Vec<Value>,
}

pub(in crate::gateway::tests) fn handshake(ext: &Value) -> Value {
    json!({
        "id": "1", "channel": "/meta/handshake", "version": "1.0", "minimumVersion": "1.0",
        "supportedConnectionTypes": ["websocket", "long-polling", "callback-polling"], "ext": ext,
        "advice": {"timeout": 60000, "interval": 0},
    })
}

/// Posts messages as they are.
pub(in crate::gateway::tests) async fn post(
    http: &reqwest::Client,
    url: &str,
    body: impl Into<String>,
) -> (u16, Value) {
    let request = http.post(url).header("content-type", "application/json;charset=UTF-8").body(body.into());
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap())
}

/// The events among what came.
pub(in crate::gateway::tests) fn events(messages: &Value) -> Vec<Value> {
    let messages = messages.as_array().unwrap().iter();
    messages
        .filter(|message| message.get("successful").is_none())
        .map(|event| event["data"].clone())
        .collect()
}

/// Type and text of every message that events brought.
pub(in crate::gateway::tests) fn said(events: &[Value]) -> Vec<(String, Option<String>)> {
    events.iter().flat_map(told).collect()
}

impl Client {
    pub(in crate::gateway::tests) async fn shake_hands(site: &Site) -> Self {
        Self::shake_hands_with(site, &json!({})).await
    }

    pub(in crate::gateway::tests) async fn shake_hands_with(site: &Site, ext: &Value) -> Self {
        Self::shake_hands_by(&site.http, site, ext).await
    }

    /// A browser's tab that sends this cookie with all it asks.
    pub(in crate::gateway::tests) async fn tab(site: &Site, cookie: &str) -> Self {
        let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(cookie).unwrap())]);
        let http = reqwest::Client::builder().default_headers(headers).build().unwrap();
        Self::shake_hands_by(&http, site, &json!({})).await
    }

    async fn shake_hands_by(http: &reqwest::Client, site: &Site, ext: &Value) -> Self {
        let url = format!("{}/genesys/cometd", site.url);
        let (status, replies) =
            post(http, &format!("{url}/handshake"), json!([handshake(ext)]).to_string()).await;
        assert_eq!((status, &replies[0]["successful"]), (200, &json!(true)), "{replies}");
        let ack = (replies[0]["ext"]["ack"] == true).then_some(-1);
        let id = text(&replies[0]["clientId"]);
        Self { url, http: http.clone(), id, ids: 1, ack, data: Vec::new() }
    }

    pub(in crate::gateway::tests) fn message(&mut self, channel: &str, more: Value) -> Value {
        self.ids += 1;
        let mut message = Map::new();
        message.insert("id".to_owned(), self.ids.to_string().into());
        message.insert("channel".to_owned(), channel.into());
        message.insert("clientId".to_owned(), self.id.as_str().into());
        if let Value::Object(more) = more {
            message.extend(more);
        }
        message.into()
    }

    pub(in crate::gateway::tests) async fn all(&mut self, messages: &[Value]) -> Value {
        let (status, replies) = post(&self.http, &self.url, Value::from(messages).to_string()).await;
        assert_eq!(status, 200, "{replies}");
        replies
    }

    pub(in crate::gateway::tests) async fn one(&mut self, message: Value) -> Value {
        let replies = self.all(&[message]).await;
        replies[0].clone()
    }

    /// The connect as a client sends it; the first after a handshake or a break is answered at once.
    pub(in crate::gateway::tests) fn connect_message(&mut self, at_once: bool) -> Value {
        let mut more = json!({"connectionType": "long-polling"});
        if at_once {
            more["advice"] = json!({"timeout": 0});
        }
        if let Some(ack) = self.ack {
            more["ext"] = json!({"ack": ack});
        }
        self.message("/meta/connect", more)
    }

    /// A connect; keeps the events it brings, and gives its reply.
    pub(in crate::gateway::tests) async fn connect(&mut self, at_once: bool) -> Value {
        // Bounds a wait for what never comes.
        assert!(self.ids < CONNECTS_MAX, "still only {:?}", self.data);
        let message = self.connect_message(at_once);
        let replies = self.all(&[message]).await;
        self.take(&replies)
    }

    /// Keeps the events that came with a connect's reply, and gives that.
    pub(in crate::gateway::tests) fn take(&mut self, replies: &Value) -> Value {
        self.data.extend(events(replies));
        let reply = replies.as_array().unwrap().last().unwrap().clone();
        if self.ack.is_some() {
            self.ack = reply["ext"]["ack"].as_i64();
        }
        reply
    }

    /// Sends a connect that may be held; gives the replies to it when they come.
    pub(in crate::gateway::tests) fn begin_connect(&mut self) -> JoinHandle<Value> {
        let (url, http, message) = (self.url.clone(), self.http.clone(), self.connect_message(false));
        actix_web::rt::spawn(async move { post(&http, &url, json!([message]).to_string()).await.1 })
    }

    /// Connects until something of this type was told.
    pub(in crate::gateway::tests) async fn until(&mut self, kind: &str) {
        for _ in 0..20 {
            if said(&self.data).iter().any(|(told, _)| told == kind) {
                return;
            }
            assert_eq!(self.connect(false).await["successful"], true);
        }
        panic!("no {kind} in {:?}", self.data);
    }

    pub(in crate::gateway::tests) async fn publish(&mut self, service: &str, data: Value) -> Value {
        let message = self.message(&format!("/service/chatV2/{service}"), json!({"data": data}));
        self.one(message).await
    }

    /// A chat of its own, and its key.
    pub(in crate::gateway::tests) async fn chat(&mut self) -> String {
        self.connect(true).await;
        let data = json!({"operation": "requestChat", "nickname": "Zoë", "userData": {"k": "v"}});
        assert_eq!(self.publish("default", data).await["successful"], true);
        self.until("ParticipantJoined").await;
        text(&self.data[0]["secureKey"])
    }

    pub(in crate::gateway::tests) async fn send(&mut self, key: &str, message: &str) {
        let data = json!({"operation": "sendMessage", "secureKey": key, "message": message});
        let reply = self.publish("default", data).await;
        assert_eq!(reply["successful"], true, "{reply}");
    }

    /// The texts of all messages so far.
    pub(in crate::gateway::tests) fn texts(&self) -> Vec<String> {
        let said = said(&self.data).into_iter();
        said.filter(|(kind, _)| kind == "Message").map(|(_, text)| text.unwrap()).collect()
    }
}
