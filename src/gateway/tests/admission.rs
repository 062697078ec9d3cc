//! Limits as each interface tells them: with the time after which a repeat is let in.

use super::bayeux::client::{Client, handshake, post};
use super::native::window::{PATIENCE, Window, open};
use super::support::{Memory, Site, code, options, site_of};
use crate::gateway::GatewayOptions;
use crate::gateway::admission::AdmissionOptions;
use crate::gateway::identity::Identities;
use handoff_chat::command::Act;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn limited(admission: AdmissionOptions) -> Site {
    site_of(Memory::new(), GatewayOptions { admission, ..options() }, 7)
}

#[actix_web::test]
async fn an_address_with_too_many_calls_is_told_when_to_come_again() {
    let admission = AdmissionOptions { address_requests_per_minute: 3, ..AdmissionOptions::default() };
    let site = limited(admission);
    let chat = site.start().await;
    for _ in 0..2 {
        site.done(&chat, "refresh", &[("transcriptPosition", "0")]).await;
    }
    let form = [("secureKey", chat.key.as_str())];
    let address = site.address(&format!("default/{}/refresh", chat.id));
    let response = site.http.post(address).form(&form).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 429);
    let after: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=20).contains(&after), "{after}");
    let reply: serde_json::Value = response.json().await.unwrap();
    assert_eq!((&reply["statusCode"], &reply["chatEnded"]), (&json!(1), &json!(false)), "{reply}");
    assert_eq!(code(&reply), 429);
    // Sockets of that address are told the same; whoever is behind an untrusted proxy's word is the same address.
    assert_eq!(open(&site, "/v1/customer", None).await.err(), Some(429));
    assert_eq!(open(&site, "/genesys/cometd", None).await.err(), Some(429));
    let forged = site.http.post(site.address("default")).header("x-forwarded-for", "198.51.100.7");
    assert_eq!(forged.form(&[("nickname", "Z")]).send().await.unwrap().status().as_u16(), 429);
    let url = format!("{}/genesys/cometd", site.url);
    let (_, reply) = post(&site.http, &url, json!([handshake(&json!({}))]).to_string()).await;
    let error = reply[0]["error"].as_str().unwrap().to_owned();
    let (_, rest) = error.split_once("429:").expect("a rate's code");
    let retry_ms: u64 = rest.split(':').next().unwrap().parse().unwrap();
    assert_eq!(reply[0]["advice"]["interval"], retry_ms);
}

#[actix_web::test]
async fn behind_a_trusted_proxy_each_client_has_its_own_rate() {
    let admission = AdmissionOptions {
        address_starts_per_minute: 1,
        trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
        ..AdmissionOptions::default()
    };
    let site = limited(admission);
    let start = |client: &'static str| {
        let request = site.http.post(site.address("default")).header("x-forwarded-for", client);
        let request = request.form(&[("nickname", "Z")]);
        async move { request.send().await.unwrap().status().as_u16() }
    };
    assert_eq!(start("198.51.100.7").await, 200);
    assert_eq!(start("198.51.100.8").await, 200);
    assert_eq!(start("198.51.100.7").await, 429);
    assert_eq!(start("203.0.113.1, 198.51.100.8").await, 429);
}

#[actix_web::test]
async fn a_chat_with_too_many_commands_waits_and_may_still_be_read_and_left() {
    let admission = AdmissionOptions { session_commands_per_minute: 2, ..AdmissionOptions::default() };
    let site = limited(admission);
    let chat = site.start().await;
    for text in ["one", "two"] {
        site.done(&chat, "send", &[("message", text)]).await;
    }
    let (status, reply) = site.call(&chat, "send", &[("message", "three")]).await;
    assert_eq!((status, code(&reply)), (429, 429));
    let reply = site.done(&chat, "refresh", &[("transcriptPosition", "1")]).await;
    assert!(!reply.to_string().contains("three"));

    let mut client = Client::shake_hands(&site).await;
    let data = json!({"operation": "sendMessage", "secureKey": chat.key, "message": "three"});
    let reply = client.publish("default", data).await;
    assert!(reply["error"].as_str().unwrap().starts_with("429:"), "{reply}");

    let mut window = Window::customer(&site).await;
    window.say(&json!({"id": "1", "do": "resume", "chat": chat.id, "key": chat.key})).await;
    window.say(&json!({"id": "2", "do": "send", "number": 1, "text": "three"})).await;
    let refused = window.find("the refusal", |frame| frame["answer"] == "2").await;
    assert_eq!((&refused["ok"], &refused["error"]["code"]), (&json!(false), &json!("limited")));
    assert_eq!(refused["error"]["retry"], true);
    let retry_ms = refused["error"]["retry_ms"].as_u64().unwrap();
    assert!((1..=30_001).contains(&retry_ms), "{retry_ms}");
    // The number was not used up: the same command may come again, and the customer may leave at once.
    window.say(&json!({"id": "3", "do": "leave", "number": 1})).await;
    let left = window.find("the answer", |frame| frame["answer"] == "3").await;
    assert_eq!(left["ok"], true, "{left}");
}

#[actix_web::test]
async fn a_full_node_starts_no_chat_and_says_so_as_each_interface_does() {
    let admission = AdmissionOptions { sessions_max: 2, ..AdmissionOptions::default() };
    let site = limited(admission);
    let chat = site.start().await;
    site.start().await;
    let response = site.http.post(site.address("default")).form(&[("nickname", "Z")]).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()),
        (400, "10")
    );
    assert_eq!(code(&response.json().await.unwrap()), 240);
    // Those who are in go on.
    site.done(&chat, "send", &[("message", "still here")]).await;

    let mut client = Client::shake_hands(&site).await;
    let reply = client.publish("default", json!({"operation": "requestChat", "nickname": "Z"})).await;
    assert!(reply["error"].as_str().unwrap().starts_with("240:"), "{reply}");
    client.connect(true).await;
    assert_eq!(code(client.data.last().unwrap()), 240);

    let mut window = Window::customer(&site).await;
    window.say(&json!({"id": "1", "do": "start", "nickname": "Z"})).await;
    let refused = window.find("the refusal", |frame| frame["answer"] == "1").await;
    assert_eq!(
        (&refused["error"]["code"], &refused["error"]["retry_ms"]),
        (&json!("full_node"), &json!(10_000))
    );
}

#[actix_web::test]
async fn a_trusted_proxy_that_does_not_say_whose_a_connection_is_gets_no_answer() {
    let admission = AdmissionOptions {
        trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()],
        ..AdmissionOptions::default()
    };
    let head_timeout = Duration::from_secs(2);
    let options = GatewayOptions { admission, proxy_protocol: true, head_timeout, ..options() };
    let site = site_of(Memory::new(), options, 7);
    let address = site.url.trim_start_matches("http://").to_owned();
    let ask = |first: &'static [u8]| {
        let address = address.clone();
        async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(first).await.unwrap();
            let mut answer = Vec::new();
            let reading =
                tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("it ends");
            (reading.is_ok(), String::from_utf8(answer).unwrap())
        }
    };
    let get = b"PROXY TCP4 192.0.2.7 10.0.0.1 12345 80\r\n\
        GET /health/ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    assert!(ask(get).await.1.starts_with("HTTP/1.1 200"));
    assert_eq!(ask(b"GET /health/ready HTTP/1.1\r\nHost: a\r\n\r\n").await.1, "");
    // One that says nothing at all is not waited for.
    assert_eq!(ask(b"PROXY").await.1, "");
}

#[actix_web::test]
async fn where_visitors_must_be_signed_nobody_else_starts_a_chat() {
    let identities = Some(Arc::new(Identities::new(b"what the shop and the nodes know", true)));
    let site = site_of(Memory::new(), GatewayOptions { identities, ..options() }, 7);
    let (status, reply) = site.post("default", &[("nickname", "Z"), ("emailAddress", "z@example.org")]).await;
    assert_eq!((status, code(&reply)), (400, 401), "{reply}");
    // printf z@example.org | openssl dgst -sha256 -hmac "what the shop and the nodes know"
    let proof = "e5b1d1014fc70acf62c4f72a4d2f2c3f01852d5a4acf96da5ea1869017fd7006";
    let fields =
        [("nickname", "Z"), ("emailAddress", "z@example.org"), ("userData[Handoff_Identity]", proof)];
    site.start_with("default", &fields).await;
    // Nor does it prove anything later to say so.
    let own = site.start_with("default", &fields).await;
    site.done(&own, "updateData", &[("userData[Handoff_Verified]", "yes"), ("userData[size]", "42")]).await;
    let attached = site.sessions.asked().into_iter().filter_map(|ask| match ask.command?.act {
        Act::Attach { data } => Some(data.into_keys().collect::<Vec<_>>()),
        _ => None,
    });
    assert_eq!(attached.collect::<Vec<_>>(), [["size"]]);
    let mut window = Window::customer(&site).await;
    window.say(&json!({"id": "1", "do": "start", "nickname": "Z"})).await;
    let refused = window.find("the refusal", |frame| frame["answer"] == "1").await;
    assert_eq!((&refused["ok"], &refused["error"]["code"]), (&json!(false), &json!("bad_command")));
    let user_data = json!({"Handoff_Identity": proof});
    let start =
        json!({"do": "start", "id": "2", "nickname": "Z", "email": "z@example.org", "user_data": user_data});
    window.say(&start).await;
    assert_eq!(window.find("the answer", |frame| frame["answer"] == "2").await["ok"], true);
}

#[actix_web::test]
async fn a_service_has_a_rate_of_its_own() {
    let mut options = options();
    options.services.get_mut("default").unwrap().starts_per_minute = 1;
    let site = site_of(Memory::new(), options, 7);
    site.start().await;
    let (status, reply) = site.post("default", &[("nickname", "Z")]).await;
    assert_eq!((status, code(&reply)), (429, 429));
    site.start_with("robin", &[("nickname", "Z")]).await;
}
