//! The agents' socket, and what agents are shown of customers.

use super::{NO_JSON_TEXTS, TEXTS, attached};
use crate::gateway::tests::native::agent::{sign_in, stage};
use crate::gateway::tests::native::window::Window;
use crate::gateway::tests::support::{Site, site};
use serde_json::{Map, Value, json};
use tokio_tungstenite::tungstenite::Message;

/// An agent in a chat with a customer who gave this.
async fn together(site: &Site, start: Value) -> (Window, Window, Value, Value) {
    let mut ann = Window::agent(site).await;
    sign_in(&mut ann, "ann").await;
    ann.done("ready", json!({})).await;
    let mut zoe = Window::customer(site).await;
    let chat = zoe.start(start).await["chat"].clone();
    let offer = stage(&mut ann, &chat, "offered").await;
    ann.done("accept", json!({"chat": chat})).await;
    stage(&mut ann, &chat, "chatting").await;
    (ann, zoe, chat, offer)
}

#[actix_web::test]
async fn texts_of_any_language_come_to_agents_and_back_over_their_socket_as_they_were_sent() {
    let site = site();
    let data: Map<String, Value> = TEXTS.iter().map(|text| ((*text).to_owned(), json!(text))).collect();
    let start = json!({"service": "support", "nickname": TEXTS[1], "subject": TEXTS[7], "user_data": data});
    let (mut ann, mut zoe, chat, offer) = together(&site, start).await;
    let customer = &offer["customer"];
    assert_eq!((&customer["nickname"], &customer["subject"]), (&json!(TEXTS[1]), &json!(TEXTS[7])));
    assert_eq!((&customer["data"], &customer["left_out"]), (&json!(data), &json!(0)));
    for text in TEXTS {
        let url = format!("https://a.example/{text}");
        for (word, fields, told) in [
            ("send", json!({"text": text}), text),
            ("notice", json!({"text": text}), text),
            ("push_url", json!({"url": url}), &url),
            ("send_rich", rich(text), text),
        ] {
            let mut fields = fields;
            fields["chat"] = chat.clone();
            ann.done(word, fields).await;
            ann.message(told).await;
            zoe.message(told).await;
        }
        ann.done("attach", json!({"chat": chat, "data": {"said": text}})).await;
        assert_eq!(attached(&site, chat.as_str().unwrap())["said"], text);
        zoe.done("typing", json!({"started": true, "preview": text})).await;
        let shows = |frame: &Value| frame["typing"].to_string().contains("\"preview\":\"");
        assert_eq!(ann.find("typing", shows).await["typing"][0]["preview"], text);
        zoe.done("typing", json!({"started": false})).await;
    }
}

fn rich(text: &str) -> Value {
    json!({"content": {"kind": "quick_replies", "text": text, "options": [{"id": "a", "title": "A"}]}})
}

#[actix_web::test]
async fn half_a_character_is_refused_over_the_agents_socket_and_harms_nothing() {
    let site = site();
    let (mut ann, mut zoe, chat, _) = together(&site, json!({"service": "support", "nickname": "Zoë"})).await;
    for half in NO_JSON_TEXTS {
        for fields in [
            format!(r#""do":"send","text":"{half}""#),
            format!(r#""do":"notice","text":"{half}""#),
            format!(r#""do":"push_url","url":"https://{half}""#),
            format!(r#""do":"attach","data":{{"k":"{half}"}}"#),
            format!(r#""do":"send_rich","content":{{"kind":"card","text":"{half}"}}"#),
            format!(r#""do":"not_ready","reason":"{half}""#),
        ] {
            let frame = format!(r#"{{"id":"half","chat":{chat},{fields}}}"#);
            ann.raw(Message::text(frame)).await;
            let answer = ann.find("an answer", |frame| frame.get("answer").is_some()).await;
            let told = (&answer["ok"], &answer["error"]["code"]);
            assert_eq!(told, (&json!(false), &json!("bad_command")), "{fields}");
        }
    }
    ann.done("send", json!({"chat": chat, "text": "still here"})).await;
    let shown = zoe.message("still here").await;
    assert_eq!(shown["events"].as_array().unwrap().len(), 1, "nothing of it is there: {shown}");
}

/// As the field's widgets send it: many keys, some of them long, and one as long as a value may be.
#[actix_web::test]
async fn user_data_in_the_field_s_shape_come_to_the_desk_whole_in_the_order_of_their_keys() {
    let site = site();
    let (url, blob) = (format!("https://shop.example/?{}", "utm_source=x&".repeat(60)), "ü".repeat(2_048));
    let keys = ["GCTI_LanguageCode", "TimeZone", "_genesys_OS", "_genesys_browser", "agreementId", "empty"];
    let mut fields: Vec<(String, String)> =
        keys.iter().map(|key| (format!("userData[{key}]"), "1".to_owned())).collect();
    fields[5].1.clear();
    fields.extend((0..30).map(|n| (format!("userData[key{n:02}]"), format!("value {n}"))));
    fields.push(("userData[_genesys_url]".to_owned(), url.clone()));
    fields.push(("userData[Blob]".to_owned(), blob.clone()));
    fields.push(("nickname".to_owned(), "Zoë".to_owned()));
    let mut ann = Window::agent(&site).await;
    sign_in(&mut ann, "ann").await;
    ann.done("ready", json!({})).await;
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let chat = site.start_with("support", &fields).await;
    let offer = stage(&mut ann, &json!(chat.id), "offered").await;
    let data = &offer["customer"]["data"];
    assert_eq!((&data["_genesys_url"], &data["Blob"]), (&json!(url), &json!(blob)));
    assert_eq!(data, &json!(attached(&site, &chat.id)), "all of it");
    assert_eq!((data.as_object().unwrap().len(), &offer["customer"]["left_out"]), (38, &json!(0)));
    assert_eq!(data["empty"], "");
}
