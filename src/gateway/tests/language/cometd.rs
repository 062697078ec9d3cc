//! CometD, over each of its transports.

use super::{NO_JSON_TEXTS, NO_TEXTS, TEXTS, attached, open, with_bytes};
use crate::gateway::tests::bayeux::client::{Client, handshake, said};
use crate::gateway::tests::native::window::Window;
use crate::gateway::tests::support::{Site, site};
use serde_json::{Value, json};

const CHANNEL: &str = "/service/chatV2/default";

/// What is published of a text: each operation that has one.
fn operations(key: &str, text: &str) -> [Value; 6] {
    [
        json!({"operation": "sendMessage", "secureKey": key, "message": text}),
        json!({"operation": "customNotice", "secureKey": key, "message": text}),
        json!({"operation": "pushUrl", "secureKey": key, "pushUrl": format!("https://a.example/{text}")}),
        json!({"operation": "updateNickname", "secureKey": key, "nickname": text}),
        json!({"operation": "updateData", "secureKey": key, "userData": {text: text}}),
        json!({"operation": "startTyping", "secureKey": key, "message": text}),
    ]
}

/// What is told of it: kinds and texts, typing left out.
fn expected() -> Vec<(String, Option<String>)> {
    let told = TEXTS.iter().flat_map(|text| {
        let url = format!("https://a.example/{text}");
        let text = (*text).to_owned();
        [
            ("Message", text.clone()),
            ("CustomNotice", text.clone()),
            ("PushUrl", url),
            ("NicknameUpdated", text),
        ]
    });
    told.map(|(kind, text)| (kind.to_owned(), Some(text))).collect()
}

/// What was told after the start.
fn told(data: &[Value]) -> Vec<(String, Option<String>)> {
    let mut told = said(data);
    told.retain(|(kind, _)| !kind.starts_with("Typing") && kind != "ParticipantJoined");
    told
}

fn are_attached(site: &Site, key: &str) {
    let found = attached(site, &handoff_chat::SecureKey::parse(key).unwrap().session.0);
    assert!(TEXTS.iter().all(|text| found[*text] == *text), "{found:?}");
}

#[actix_web::test]
async fn texts_of_any_language_come_back_over_cometd_s_long_polling_as_they_were_sent() {
    let site = site();
    let mut client = Client::shake_hands(&site).await;
    let key = client.chat().await;
    for text in TEXTS {
        for data in operations(&key, text) {
            assert_eq!(client.publish("default", data).await["successful"], true, "{text:?}");
        }
    }
    while told(&client.data).len() < expected().len() {
        client.connect(false).await;
    }
    assert_eq!(told(&client.data), expected());
    are_attached(&site, &key);
}

/// A message in the address of a script, as callback polling sends it; what the function is called with.
async fn call_back(site: &Site, message: &Value) -> Vec<Value> {
    let message = json!([message]).to_string();
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("jsonp", "f"), ("message", &message)])
        .finish();
    let url = format!("{}/genesys/cometd/?{query}", site.url);
    let script = site.http.get(url).send().await.unwrap().text().await.unwrap();
    let body = script.strip_prefix("/**/f(").unwrap().strip_suffix(");").unwrap();
    assert!(!body.contains(['\u{2028}', '\u{2029}']), "old browsers end a script's string there");
    serde_json::from_str(body).unwrap()
}

#[actix_web::test]
async fn texts_of_any_language_come_back_over_callback_polling_as_they_were_sent() {
    let site = site();
    let mut client = Client::shake_hands(&site).await;
    let key = client.chat().await;
    for text in TEXTS {
        for data in operations(&key, text) {
            let message = client.message(CHANNEL, json!({"data": data}));
            assert_eq!(call_back(&site, &message).await[0]["successful"], true, "{text:?}");
        }
    }
    while told(&client.data).len() < expected().len() {
        let connect = client.connect_message(false);
        let messages = call_back(&site, &connect).await.into_iter();
        let events = messages.filter(|message| message.get("successful").is_none());
        client.data.extend(events.map(|event| event["data"].clone()));
    }
    assert_eq!(told(&client.data), expected());
    are_attached(&site, &key);
}

/// A client that has shaken hands on a socket, and what it was told.
struct Line {
    window: Window,
    id: Value,
    data: Vec<Value>,
}

impl Line {
    async fn open(site: &Site) -> Self {
        let mut window = open(site, "/genesys/cometd").await;
        window.say(&json!([handshake(&json!({}))])).await;
        let id = window.next().await.unwrap()[0]["clientId"].clone();
        let mut line = Self { window, id, data: Vec::new() };
        line.says("/meta/connect", &json!({"advice": {"timeout": 0}})).await;
        line.says("/meta/connect", &json!({"connectionType": "websocket"})).await;
        line
    }

    async fn says(&mut self, channel: &str, more: &Value) {
        let mut message = json!({"id": "1", "channel": channel, "clientId": self.id});
        message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.window.say(&json!([message])).await;
    }

    /// Reads a frame.
    async fn reads(&mut self) {
        for message in self.window.next().await.unwrap().as_array().unwrap() {
            match message.get("successful") {
                Some(successful) => assert_eq!(successful, true, "{message}"),
                None => self.data.push(message["data"].clone()),
            }
        }
    }
}

#[actix_web::test]
async fn texts_of_any_language_come_back_over_cometd_s_websocket_as_they_were_sent() {
    let site = site();
    let mut line = Line::open(&site).await;
    line.says(CHANNEL, &json!({"data": {"operation": "requestChat", "nickname": TEXTS[1]}})).await;
    while line.data.is_empty() {
        line.reads().await;
    }
    assert_eq!(line.data[0]["messages"][0]["from"]["nickname"], TEXTS[1]);
    let key = line.data[0]["secureKey"].as_str().unwrap().to_owned();
    for text in TEXTS {
        for data in operations(&key, text) {
            line.says(CHANNEL, &json!({"data": data})).await;
        }
    }
    while told(&line.data).len() < expected().len() {
        line.reads().await;
    }
    assert_eq!(told(&line.data), expected());
    are_attached(&site, &key);
}

#[actix_web::test]
async fn what_is_no_text_is_refused_over_cometd_and_harms_nothing() {
    let site = site();
    let mut client = Client::shake_hands(&site).await;
    let key = client.chat().await;
    let message = json!({"operation": "sendMessage", "secureKey": key, "message": "§"});
    let message = json!([client.message(CHANNEL, json!({"data": message}))]).to_string();
    let halves = NO_JSON_TEXTS.map(str::as_bytes);
    for wrong in NO_TEXTS.into_iter().chain(halves) {
        let body = with_bytes(&message, wrong);
        let form = |name: &str| {
            let escape = |bytes: &[u8]| form_urlencoded::byte_serialize(bytes).collect::<String>();
            format!("jsonp=f&{name}={}", escape(&body))
        };
        for request in [
            site.http.post(&client.url).header("content-type", "application/json").body(body.clone()),
            site.http
                .post(&client.url)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form("message")),
            site.http.get(format!("{}?{}", client.url, form("message"))),
        ] {
            let response = request.send().await.unwrap();
            let (status, reply): (u16, Value) = (response.status().as_u16(), response.json().await.unwrap());
            assert_eq!((status, &reply[0]["successful"]), (400, &json!(false)), "{wrong:?}: {reply}");
            assert!(reply[0]["error"].as_str().unwrap().starts_with("400:"), "{reply}");
        }
    }
    client.send(&key, "still here").await;
    client.until("Message").await;
    assert_eq!(client.texts(), ["still here"], "nothing else is there");
}
