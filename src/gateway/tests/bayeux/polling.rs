//! Long polling and callback polling: what is told, once and in order, also through breaks and on other nodes.

use super::client::{Client, events, handshake, post, said};
use crate::gateway::ServiceOptions;
use crate::gateway::prechat::Prechat;
use crate::gateway::tests::support::{Memory, options, site, site_of_cometd};
use handoff_config::Cometd;
use serde_json::{Value, json};
use std::time::Duration;

/// Holds a connect no longer than that.
fn short() -> Cometd {
    Cometd { timeout_ms: 300, ..Cometd::default() }
}

#[actix_web::test]
async fn a_chat_from_the_handshake_to_the_end() {
    let site = site();
    let mut client = Client::shake_hands(&site).await;
    let key = client.chat().await;
    let first = &client.data[0];
    assert_eq!((&first["statusCode"], &first["chatEnded"]), (&json!(0), &json!(false)));
    assert_eq!(first["messages"][0]["from"]["nickname"], "Zoë");
    assert!(first["nextPosition"].as_u64().unwrap() > 1 && first["userId"].is_string());

    client.send(&key, "first 👋 אב").await;
    client.send(&key, "second").await;
    let calls = [
        json!({"operation": "startTyping", "secureKey": key, "message": "so f"}),
        json!({"operation": "stopTyping", "secureKey": key}),
        json!({"operation": "updateNickname", "secureKey": key, "nickname": "Zed"}),
        json!({"operation": "updateData", "secureKey": key, "userData": {"a": 1, "b": true}}),
        json!({"operation": "pushUrl", "secureKey": key, "pushUrl": "https://a.example/"}),
        json!({"operation": "customNotice", "secureKey": key, "message": "n"}),
        json!({"operation": "readReceipt", "secureKey": key, "transcriptPosition": 2}),
        json!({"operation": "disconnect", "secureKey": key, "chatId": "x", "alias": "1", "userId": "u"}),
    ];
    for call in calls {
        let reply = client.publish("default", call).await;
        assert_eq!(reply["successful"], true, "{reply}");
    }
    while client.data.last().unwrap()["chatEnded"] == false {
        assert_eq!(client.connect(false).await["successful"], true);
    }
    assert_eq!(client.texts(), ["first 👋 אב", "second"]);
    let kinds: Vec<String> = said(&client.data).into_iter().map(|(kind, _)| kind).collect();
    for kind in ["NicknameUpdated", "PushUrl", "CustomNotice", "ParticipantLeft"] {
        assert_eq!(kinds.iter().filter(|told| *told == kind).count(), 1, "{kind} in {kinds:?}");
    }
    let indexes: Vec<u64> = client
        .data
        .iter()
        .flat_map(|event| event["messages"].as_array().unwrap())
        .map(|m| m["index"].as_u64().unwrap())
        .collect();
    assert!(indexes.is_sorted_by(|a, b| a < b), "{indexes:?}");
}

#[actix_web::test]
async fn a_connect_is_held_until_there_is_news_or_its_time_is_over() {
    let site = site_of_cometd(Memory::new(), options(), 7, short());
    let mut client = Client::shake_hands(&site).await;
    client.chat().await;
    let told = client.data.len();
    let begun = std::time::Instant::now();
    assert_eq!(client.connect(false).await["successful"], true);
    assert!(begun.elapsed() >= Duration::from_millis(300), "it was not held");
    assert_eq!(client.data.len(), told);

    // In one request with others it is not held, and what they bring need not be there yet.
    let batch = [
        client.message("/meta/subscribe", json!({"subscription": "/service/chatV2/default"})),
        client.connect_message(false),
    ];
    let replies = client.all(&batch).await;
    assert_eq!(replies[0]["subscription"], "/service/chatV2/default");
    assert_eq!(replies[1]["channel"], "/meta/connect");
}

#[actix_web::test]
async fn what_was_told_with_a_reply_that_was_lost_is_told_again() {
    for ext in [json!({"ack": true}), json!({})] {
        let site = site_of_cometd(Memory::new(), options(), 7, short());
        let mut client = Client::shake_hands_with(&site, &ext).await;
        let key = client.chat().await;
        client.connect(true).await;
        client.send(&key, "lost once").await;
        let before = (client.ack, client.data.clone());
        client.until("Message").await;
        // The client did not get that: it knows what it knew, and comes back after a break.
        (client.ack, client.data) = before;
        client.connect(true).await;
        client.send(&key, "and after").await;
        while client.texts().len() < 2 {
            client.connect(false).await;
        }
        assert_eq!(client.texts(), ["lost once", "and after"], "{ext}");
        // What has arrived is not told again.
        client.connect(false).await;
        client.connect(false).await;
        assert_eq!(client.texts().len(), 2, "{ext}");
    }
}

#[actix_web::test]
async fn a_session_of_another_node_is_unknown_and_the_chat_goes_on_from_any_position() {
    let memory = Memory::new();
    let (one, two) = {
        let site = |node| site_of_cometd(memory.clone(), options(), node, short());
        (site(1), site(2))
    };
    let mut client = Client::shake_hands(&one).await;
    let key = client.chat().await;
    client.send(&key, "at node 1").await;
    client.until("Message").await;
    let next = client.data.last().unwrap()["nextPosition"].clone();

    client.url = format!("{}/genesys/cometd/", two.url);
    let publish = json!({"data": {"operation": "sendMessage", "secureKey": key, "message": "never"}});
    for (channel, more) in [
        ("/meta/connect", json!({})),
        ("/meta/subscribe", json!({"subscription": "/service/chatV2/default"})),
        ("/meta/unsubscribe", json!({"subscription": "/x"})),
        ("/meta/disconnect", json!({})),
        ("/service/chatV2/default", publish),
        ("/elsewhere", json!({})),
    ] {
        let message = client.message(channel, more);
        let reply = client.one(message).await;
        assert_eq!((&reply["successful"], &reply["error"]), (&json!(false), &json!("402::Unknown client")));
        assert_eq!(reply["advice"]["reconnect"], "handshake", "{channel}");
    }

    for (position, texts) in
        [(Value::Null, vec!["at node 1", "at node 2"]), (next.clone(), vec!["at node 2"])]
    {
        let mut again = Client::shake_hands(&two).await;
        again.connect(true).await;
        let data =
            json!({"operation": "requestNotifications", "secureKey": key, "transcriptPosition": position});
        assert_eq!(again.publish("default", data).await["successful"], true);
        if position.is_null() {
            again.send(&key, "at node 2").await;
        }
        while again.texts().len() < texts.len() {
            again.connect(false).await;
        }
        assert_eq!(again.texts(), texts);
        assert_eq!(again.data[0]["alias"], "2");
    }
}

#[actix_web::test]
async fn a_long_chat_comes_in_pieces_and_waits_for_a_client_that_does_not_take_it() {
    let mut options = options();
    let limits = handoff_chat::opening::Limits {
        message_bytes_max: 16_000,
        events_max: 10_000,
        linger_ms: 600_000,
        files: None,
        talk: handoff_chat::opening::Talk::default(),
    };
    let service = ServiceOptions {
        workflow: None,
        bot: None,
        limits,
        starts_per_minute: 0,
        idle: [None, None],
        privacy: None,
        prechat: Prechat::default(),
        rating: false,
    };
    options.services.insert("default".to_owned(), service);
    let site = site_of_cometd(Memory::new(), options, 7, short());
    let mut client = Client::shake_hands_with(&site, &json!({"ack": true})).await;
    let key = client.chat().await;
    let count = 40;
    for number in 0..count {
        client.send(&key, &format!("{number} {}", "x".repeat(15_000))).await;
    }
    // More waits than there is room for; still each reply is small, and in the end all is there in order.
    while client.texts().len() < count {
        let message = client.connect_message(false);
        let replies = client.all(&[message]).await;
        assert!(replies.to_string().len() < 64 * 1024, "a reply of {} bytes", replies.to_string().len());
        client.data.extend(events(&replies));
        client.ack = replies.as_array().unwrap().last().unwrap()["ext"]["ack"].as_i64();
    }
    let numbers: Vec<String> =
        client.texts().iter().map(|text| text.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(numbers, (0..count).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[actix_web::test]
async fn a_client_that_stays_away_is_forgotten_and_proves_nobody_s_presence() {
    let site = site_of_cometd(Memory::new(), options(), 7, Cometd { max_interval_ms: 2_000, ..short() });
    let mut client = Client::shake_hands(&site).await;
    client.chat().await;
    while site.sample("handoff_cometd_clients ") > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(client.connect(false).await["error"], "402::Unknown client");
    let asked = site.sessions.asked().len();
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(site.sessions.asked().len(), asked, "the chat is still read");
}

#[actix_web::test]
async fn a_client_that_disconnects_is_forgotten_at_once_and_its_chat_goes_on() {
    let site = site();
    let mut client = Client::shake_hands(&site).await;
    let key = client.chat().await;
    let held = client.begin_connect();
    site.holds(1).await;
    let message = client.message("/meta/disconnect", json!({"ext": {"transcriptPosition": "2"}}));
    assert_eq!(client.one(message).await["successful"], true);
    assert_eq!(held.await.unwrap()[0]["advice"]["reconnect"], "none");
    assert_eq!(client.connect(false).await["error"], "402::Unknown client");
    let again = crate::gateway::tests::support::Chat { id: text_before_dot(&key), key };
    assert_eq!(site.done(&again, "refresh", &[("transcriptPosition", "1")]).await["chatEnded"], false);
}

fn text_before_dot(key: &str) -> String {
    handoff_chat::key::SecureKey::parse(key).unwrap().session.0
}

#[actix_web::test]
async fn a_node_that_drains_sends_its_clients_to_shake_hands_elsewhere() {
    let site = site();
    let mut client = Client::shake_hands(&site).await;
    client.chat().await;
    let held = client.begin_connect();
    site.holds(1).await;
    site.sessions.drain();
    let reply = held.await.unwrap();
    assert_eq!(
        (&reply[0]["successful"], &reply[0]["advice"]["reconnect"]),
        (&json!(false), &json!("handshake"))
    );
    let (_, reply) = post(&site.http, &client.url, json!([handshake(&json!({}))]).to_string()).await;
    assert_eq!(
        (&reply[0]["successful"], &reply[0]["advice"]["reconnect"]),
        (&json!(false), &json!("handshake"))
    );
    assert!(reply[0]["error"].as_str().unwrap().starts_with("503:"), "{reply}");
}

#[actix_web::test]
async fn callback_polling_calls_the_function_that_was_named_and_no_other_text() {
    let site = site();
    let get = |callback: &str, messages: Value| {
        let query = [("jsonp", callback), ("message", &messages.to_string())];
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        site.http.get(format!("{}/genesys/cometd/handshake?{query}", site.url))
    };
    let response = get("org.cometd._0", json!([handshake(&json!({}))])).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/javascript;charset=UTF-8");
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    let script = response.text().await.unwrap();
    let body = script.strip_prefix("/**/org.cometd._0(").unwrap().strip_suffix(");").unwrap();
    let replies: Value = serde_json::from_str(body).unwrap();
    assert_eq!(replies[0]["successful"], true);
    for wrong in ["", "alert(1);x", "a b", "1a", &"x".repeat(200)] {
        assert_eq!(get(wrong, json!([])).send().await.unwrap().status().as_u16(), 400, "{wrong}");
    }
    // Old clients post a form.
    let form = [("message", json!([handshake(&json!({}))]).to_string())];
    let reply = site.http.post(format!("{}/genesys/cometd", site.url)).form(&form).send().await.unwrap();
    assert_eq!(reply.json::<Value>().await.unwrap()[0]["successful"], true);
}
