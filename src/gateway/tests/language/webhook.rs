//! The signed webhook.

use super::{NO_JSON_TEXTS, NO_TEXTS, TEXTS, attached, with_bytes};
use crate::files::Files;
use crate::gateway::tests::support::{Memory, Site, agents, options, show, site_of_channels};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use handoff_chat::event::Body;
use handoff_config::{Config, Secret, WebhookChannel};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn site() -> Site {
    let shop = WebhookChannel {
        url: "http://127.0.0.1:9/events".to_owned(),
        secret: Some(Secret::new(SECRET)),
        address_messages_per_minute: 0,
        ..WebhookChannel::default()
    };
    let mut config = Config::default();
    config.channels.webhook.insert("shop".to_owned(), shop);
    site_of_channels(Memory::new(), options(), 7, (Files::in_memory(), agents()), &config)
}

/// By hand, for the specification's own implementation signs nothing that is no text.
fn signature(id: &str, now: i64, body: &[u8]) -> String {
    let key = BASE64_STANDARD.decode(SECRET.trim_start_matches("whsec_")).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(&[format!("{id}.{now}.").as_bytes(), body].concat());
    format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

/// Posts a body, signed.
async fn post(site: &Site, id: &str, body: impl Into<Vec<u8>>) -> (u16, Value) {
    let (body, now) = (body.into(), crate::clock::wall_ms() / 1_000);
    let signature = signature(id, now, &body);
    let request = site.http.post(format!("{}/v1/channels/webhook/shop", site.url)).body(body);
    let request = request.header("webhook-id", id).header("webhook-timestamp", now.to_string());
    show(request.header("webhook-signature", signature).send().await.unwrap()).await
}

/// The texts of a chat's messages.
fn said(site: &Site, chat: &str) -> Vec<String> {
    let events = site.sessions.events(chat).into_iter();
    let texts = events.filter_map(|event| match event.body {
        Body::Message { text, .. } => Some(text.show().into_owned()),
        _ => None,
    });
    texts.collect()
}

#[actix_web::test]
async fn texts_of_any_language_come_in_by_webhook_as_they_were_sent() {
    let site = site();
    let mut chat = String::new();
    for (text, number) in TEXTS.iter().zip(0..) {
        let data = json!({TEXTS[2]: TEXTS[3]});
        let message = json!({
            "type": "message", "address": "+49 151 1", "text": text, "nickname": TEXTS[1], "user_data": data,
        });
        let (status, answer) = post(&site, &format!("m{number}"), message.to_string()).await;
        assert_eq!(status, 200, "{text:?}: {answer}");
        chat = answer["chat"].as_str().unwrap().to_owned();
    }
    assert_eq!(said(&site, &chat), TEXTS);
    assert_eq!(attached(&site, &chat)[TEXTS[2]], TEXTS[3]);
}

#[actix_web::test]
async fn what_is_no_text_and_what_shows_nothing_is_refused_by_webhook_and_harms_nothing() {
    let site = site();
    let halves = NO_JSON_TEXTS.map(str::as_bytes);
    let nothing = ["", " ", "\u{200b}\u{feff}", "\u{3164}"].map(str::as_bytes);
    for wrong in NO_TEXTS.into_iter().chain(halves).chain(nothing) {
        let body = with_bytes(r#"{"type":"message","address":"a","text":"§"}"#, wrong);
        let (status, problem) = post(&site, "m", body).await;
        assert_eq!((status, &problem["code"]), (400, &json!("bad_request")), "{wrong:?}");
    }
    let message = json!({"type": "message", "address": "a", "text": "still here"});
    let (status, answer) = post(&site, "m", message.to_string()).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(said(&site, answer["chat"].as_str().unwrap()), ["still here"], "nothing else is there");
}
