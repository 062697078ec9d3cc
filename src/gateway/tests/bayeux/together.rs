//! Two connects, two tabs, several messages at once; and requests that break off in the middle.

use super::client::{Client, handshake};
use crate::gateway::tests::support::{Site, site, text};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[actix_web::test]
async fn the_older_of_two_connects_is_answered_at_once_and_the_newer_one_is_held() {
    let site = site();
    let mut client = Client::shake_hands(&site).await;
    let key = client.chat().await;
    let older = client.begin_connect();
    site.holds(1).await;
    let newer = client.begin_connect();
    let reply = older.await.unwrap();
    assert_eq!((&reply[0]["channel"], &reply[0]["successful"]), (&json!("/meta/connect"), &json!(false)));
    assert_eq!(reply[0]["error"], "409::another connect of this client has come");
    // A client that is told to connect once more would take the place from the newer one.
    assert_eq!((reply.as_array().unwrap().len(), reply[0].get("advice")), (1, None));
    site.holds(1).await;
    client.send(&key, "for the newer").await;
    client.take(&newer.await.unwrap());
    assert_eq!(client.texts(), ["for the newer"]);

    // In one request the last one counts.
    let both = [client.connect_message(true), client.connect_message(true)];
    answered(&both, &client.all(&both).await, &[false, true]);
}

#[actix_web::test]
async fn two_tabs_with_one_cookie_are_two_clients() {
    let site = site();
    // As browsers send it, and as the client of an old Jetty does.
    for cookie in [
        "BAYEUX_BROWSER=1a2b",
        "BAYEUX_BROWSER=1a2b;$Path=/",
        r#"$Version="1"; BAYEUX_BROWSER="1a2b"; $Path="/""#,
    ] {
        let mut tabs = [Client::tab(&site, cookie).await, Client::tab(&site, cookie).await];
        assert_ne!(tabs[0].id, tabs[1].id);
        let keys = [tabs[0].chat().await, tabs[1].chat().await];
        let held = tabs.each_mut().map(Client::begin_connect);
        site.holds(2).await;
        tabs[1].send(&keys[0], "to the first").await;
        tabs[0].send(&keys[1], "to the second").await;
        for (tab, held) in tabs.iter_mut().zip(held) {
            tab.take(&held.await.unwrap());
        }
        assert_eq!(
            (tabs[0].texts(), tabs[1].texts()),
            (vec!["to the first".to_owned()], vec!["to the second".to_owned()])
        );

        // Both may show one chat, and each is told all of it.
        let data =
            json!({"operation": "requestNotifications", "secureKey": keys[0], "transcriptPosition": 0});
        assert_eq!(tabs[1].publish("default", data).await["successful"], true);
        tabs[0].send(&keys[0], "to both").await;
        for tab in &mut tabs {
            while tab.texts().last().unwrap() != "to both" {
                tab.connect(false).await;
            }
        }
        assert_eq!(tabs[0].texts(), ["to the first", "to both"]);
        assert_eq!(tabs[1].texts(), ["to the second", "to the first", "to both"]);
    }
    let reply = shake_hands_with_cookie(&site, "MY_BAYEUX_BROWSER=1").await;
    assert!(reply.headers().contains_key("set-cookie"), "that is another cookie");
}

async fn shake_hands_with_cookie(site: &Site, cookie: &str) -> reqwest::Response {
    let body = json!([handshake(&json!({}))]).to_string();
    let request = site.http.post(format!("{}/genesys/cometd", site.url)).body(body);
    request.header("cookie", cookie).send().await.unwrap()
}

/// When the connection of a held connect breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Break {
    BeforeTheNews,
    InTheResponse,
}

#[actix_web::test]
async fn what_an_aborted_response_brought_is_told_again() {
    for (ext, breaks) in [
        (json!({"ack": true}), Break::BeforeTheNews),
        (json!({"ack": true}), Break::InTheResponse),
        (json!({}), Break::BeforeTheNews),
        (json!({}), Break::InTheResponse),
    ] {
        let site = site();
        let mut client = Client::shake_hands_with(&site, &ext).await;
        let key = client.chat().await;
        client.connect(true).await;
        let message = client.connect_message(false);
        let mut broken = begin_raw(&site, &json!([message])).await;
        site.holds(1).await;
        if breaks == Break::BeforeTheNews {
            drop(broken);
            client.send(&key, "on its way").await;
        } else {
            client.send(&key, "on its way").await;
            let mut beginning = [0; 60];
            broken.read_exact(&mut beginning).await.unwrap();
            assert!(beginning.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&beginning));
            drop(broken);
        }
        client.connect(true).await;
        client.send(&key, "after it").await;
        while client.texts().len() < 2 {
            client.connect(false).await;
        }
        assert_eq!(client.texts(), ["on its way", "after it"], "{ext} {breaks:?}");
        if client.ack.is_some() {
            // What is confirmed is not told again; without the extension nothing says how much came of the last reply.
            client.connect(true).await;
            assert_eq!(client.texts().len(), 2, "{breaks:?}");
        }
    }
}

/// A POST on a connection of its own.
async fn begin_raw(site: &Site, messages: &Value) -> TcpStream {
    let address = site.url.trim_start_matches("http://");
    let body = messages.to_string();
    let head =
        format!("POST /genesys/cometd HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n", body.len());
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    stream
}

#[actix_web::test]
async fn a_disconnect_may_say_a_position_and_its_client_comes_back_from_any() {
    let site = site();
    for ext in [
        json!({"transcriptPosition": "3"}),
        json!({"transcriptPosition": 3}),
        json!({"transcriptPosition": null}),
        json!({"transcriptPosition": "soon"}),
        json!("3"),
    ] {
        let mut client = Client::shake_hands(&site).await;
        let key = client.chat().await;
        client.send(&key, "before").await;
        client.until("Message").await;
        let position = client.data.last().unwrap()["nextPosition"].clone();
        let message = client.message("/meta/disconnect", json!({"ext": ext}));
        let reply = client.one(message).await;
        assert_eq!((&reply["successful"], reply.get("error")), (&json!(true), None), "{ext}");
        // It is away for a while, and somebody goes on.
        let mut other = Client::shake_hands(&site).await;
        other.send(&key, "while it was away").await;
        // Without a position all is told, whatever the disconnect said.
        for (from, texts) in [
            (position, vec!["while it was away"]),
            (Value::Null, vec!["before", "while it was away"]),
            (json!(0), vec!["before", "while it was away"]),
        ] {
            let mut again = Client::shake_hands(&site).await;
            again.connect(true).await;
            let data =
                json!({"operation": "requestNotifications", "secureKey": key, "transcriptPosition": from});
            assert_eq!(again.publish("default", data).await["successful"], true);
            while again.texts().len() < texts.len() {
                again.connect(false).await;
            }
            assert_eq!(again.texts(), texts, "{ext} {from}");
        }
    }
}

#[actix_web::test]
async fn a_batch_is_answered_in_its_order_while_a_held_connect_brings_what_it_made() {
    let site = site();
    let mut client = Client::shake_hands(&site).await;
    client.connect(true).await;
    let held = client.begin_connect();
    site.holds(1).await;
    let channel = "/service/chatV2/default";
    let start = json!({"operation": "requestChat", "nickname": "Zoë"});
    let batch = [
        client.message("/meta/subscribe", json!({"subscription": channel})),
        client.message(channel, json!({"data": start})),
    ];
    answered(&batch, &client.all(&batch).await, &[true, true]);
    client.take(&held.await.unwrap());
    let key = text(&client.data[0]["secureKey"]);
    assert_eq!(client.data[0]["messages"][0]["type"], "ParticipantJoined");

    // What is wrong in it is refused alone.
    let said =
        |message: &str| json!({"data": {"operation": "sendMessage", "secureKey": key, "message": message}});
    let batch = [
        client.message(channel, said("one")),
        client.message(channel, said("")),
        client.message("/meta/subscribe", json!({})),
        client.message(channel, json!({"data": {"operation": "startTyping", "secureKey": key}})),
        client.message(channel, said("two")),
        client.message("/meta/unsubscribe", json!({"subscription": [channel, "/x"]})),
        client.message(channel, said("three")),
    ];
    answered(&batch, &client.all(&batch).await, &[true, false, false, true, true, true, true]);
    while client.texts().len() < 3 {
        client.connect(false).await;
    }
    assert_eq!(client.texts(), ["one", "two", "three"]);

    // The last one may be good-bye.
    let end = json!({"data": {"operation": "disconnect", "secureKey": key}});
    let batch = [client.message(channel, end), client.message("/meta/disconnect", json!({}))];
    answered(&batch, &client.all(&batch).await, &[true, true]);
    assert_eq!(client.connect(false).await["error"], "402::Unknown client");
}

/// Each message has its reply, at its place.
fn answered(batch: &[Value], replies: &Value, successful: &[bool]) {
    let told = replies.as_array().unwrap().iter().filter(|reply| reply.get("successful").is_some());
    let told: Vec<_> =
        told.map(|reply| (&reply["id"], &reply["channel"], reply["successful"] == true)).collect();
    let expected = batch
        .iter()
        .zip(successful)
        .map(|(message, successful)| (&message["id"], &message["channel"], *successful));
    assert_eq!(told, expected.collect::<Vec<_>>());
}
