//! What is wrong is told in the protocol's own form, and hurts nobody.

use super::client::{Client, events, handshake, post};
use crate::gateway::GatewayOptions;
use crate::gateway::admission::AdmissionOptions;
use crate::gateway::tests::support::{Memory, Trouble, options, site, site_of, site_of_cometd};
use handoff_config::Cometd;
use serde_json::{Value, json};

#[actix_web::test]
async fn what_can_t_be_read_is_refused_with_a_bayeux_error() {
    let site = site();
    let url = format!("{}/genesys/cometd", site.url);
    let many = Value::from(vec![json!({"channel": "/x"}); 65]).to_string();
    let large = format!("[{:?}]", "x".repeat(33 * 1024));
    for (status, body) in [
        (400, "{"),
        (400, "[1]"),
        (400, "[[]]"),
        (400, r#"[{"channel":"/meta/handshake","id":"\ud800"}]"#),
        (413, &many),
        (413, &large),
    ] {
        let (got, reply) = post(&site.http, &url, body).await;
        assert_eq!(got, status, "{reply}");
        assert_eq!(reply[0]["successful"], false);
        assert!(reply[0]["error"].as_str().unwrap().starts_with(&format!("{status}::")), "{reply}");
    }
    let put = site.http.put(&url).send().await.unwrap();
    assert_eq!((put.status().as_u16(), &put.headers()["allow"].to_str().unwrap()[..3]), (405, "GET"));
}

#[actix_web::test]
async fn a_handshake_needs_a_version_and_a_transport_that_are_spoken_here() {
    let site = site();
    let url = format!("{}/genesys/cometd/", site.url);
    for (field, value) in [("version", json!("2.0")), ("supportedConnectionTypes", json!(["carrier-pigeon"]))]
    {
        let mut message = handshake(&json!({}));
        message[field] = value;
        let (_, reply) = post(&site.http, &url, json!([message]).to_string()).await;
        assert_eq!(
            (&reply[0]["successful"], &reply[0]["advice"]["reconnect"]),
            (&json!(false), &json!("none"))
        );
    }
    // Clients that name no transports have all.
    let mut bare = handshake(&json!({}));
    bare.as_object_mut().unwrap().remove("supportedConnectionTypes");
    let (_, reply) = post(&site.http, &url, bare.to_string()).await;
    assert_eq!(reply[0]["successful"], true);
}

#[actix_web::test]
async fn more_clients_than_the_node_takes_are_told_to_try_again() {
    let site = site_of_cometd(Memory::new(), options(), 7, Cometd { clients_max: 2, ..Cometd::default() });
    let mut first = Client::shake_hands(&site).await;
    Client::shake_hands(&site).await;
    let body = json!([handshake(&json!({}))]).to_string();
    let (_, reply) = post(&site.http, &first.url, body.clone()).await;
    assert!(reply[0]["error"].as_str().unwrap().starts_with("503:"), "{reply}");
    assert_eq!(reply[0]["advice"]["reconnect"], "handshake");
    assert!(reply[0]["advice"]["interval"].as_u64().unwrap() > 0);
    let message = first.message("/meta/disconnect", json!({}));
    first.one(message).await;
    assert_eq!(post(&site.http, &first.url, body).await.1[0]["successful"], true);
}

#[actix_web::test]
async fn a_publish_that_is_refused_is_told_in_its_reply_and_as_over_rest() {
    let site = site();
    let mut client = Client::shake_hands(&site).await;
    let key = client.chat().await;
    let send = |message: &str| json!({"operation": "sendMessage", "secureKey": key, "message": message});
    let long = "x".repeat(1001);
    let cases = [
        ("default", json!({"operation": "requestChat"}), 161, json!(161), false),
        (
            "default",
            json!({"operation": "requestChat", "nickname": "Z", "emailAddress": "@"}),
            364,
            json!(364),
            false,
        ),
        ("default", send(&long), 204, json!(204), false),
        ("default", send(""), 400, json!(400), false),
        ("default", json!({"operation": "sendMessage", "message": "x"}), 249, json!(249), true),
        (
            "default",
            json!({"operation": "requestNotifications", "secureKey": "0123456789abcdef"}),
            249,
            json!(249),
            true,
        ),
        ("default", json!({"operation": "fly", "secureKey": key}), 404, json!(404), false),
        ("default", json!({}), 404, json!(404), false),
        ("nowhere", send("x"), 404, json!(404), false),
    ];
    for (service, data, number, code, ended) in cases {
        let reply = client.publish(service, data.clone()).await;
        assert_eq!(reply["successful"], false, "{data}");
        assert!(reply["error"].as_str().unwrap().starts_with(&format!("{number}::")), "{reply}");
        let message = client.connect_message(true);
        let told = events(&client.all(&[message]).await);
        let told = told.last().unwrap();
        assert_eq!(
            (&told["statusCode"], &told["errors"][0]["code"], &told["chatEnded"]),
            (&json!(2), &code, &json!(ended)),
            "{data}"
        );
        // What was told is confirmed by this one.
        client.connect_message(false);
    }
    let message = client.message("/service/chatV2/default", json!({"data": "text"}));
    assert!(client.one(message).await["error"].as_str().unwrap().starts_with("400::"));
    let message = client.message("/meta/subscribe", json!({}));
    assert!(client.one(message).await["error"].as_str().unwrap().starts_with("400::"));
    let message = client.message("/somewhere", json!({"data": {}}));
    assert!(client.one(message).await["error"].as_str().unwrap().starts_with("404::"));
    // The client and its chat are none the worse for it.
    client.send(&key, "still here").await;
    while client.texts().is_empty() {
        client.connect(false).await;
    }
    assert_eq!(client.texts(), ["still here"]);
}

#[actix_web::test]
async fn a_repeat_with_the_client_s_own_id_counts_once_and_without_one_says_what_is_not_known() {
    let site = site();
    let mut client = Client::shake_hands(&site).await;
    let key = client.chat().await;
    let send = |id: Option<&str>, message: &str| {
        let operation = "sendMessage";
        json!({"operation": operation, "secureKey": key, "message": message, "clientMessageId": id})
    };
    let refused =
        |reply: &Value, start: &str| assert!(reply["error"].as_str().unwrap().starts_with(start), "{reply}");
    // A lost answer hits the next command.
    site.sessions.troubles(&[Trouble::LostAfter]);
    refused(&client.publish("default", send(Some("m1"), "once")).await, "503::");
    assert_eq!(client.publish("default", send(Some("m1"), "once")).await["successful"], true);
    site.sessions.troubles(&[Trouble::LostAfter]);
    refused(&client.publish("default", send(None, "maybe")).await, "504::");
    while client.texts().len() < 2 {
        client.connect(false).await;
    }
    assert_eq!(client.texts(), ["once", "maybe"]);
}

#[actix_web::test]
async fn a_client_follows_so_many_chats_and_no_more() {
    let site = site();
    let mut client = Client::shake_hands(&site).await;
    for _ in 0..16 {
        let data = json!({"operation": "requestChat", "nickname": "Z"});
        assert_eq!(client.publish("default", data).await["successful"], true);
    }
    let reply = client.publish("default", json!({"operation": "requestChat", "nickname": "Z"})).await;
    assert!(reply["error"].as_str().unwrap().starts_with("400::"), "{reply}");
}

#[actix_web::test]
async fn pages_of_listed_sites_may_ask_with_credentials_and_others_not() {
    let listed = GatewayOptions { origins: vec!["https://shop.example".to_owned()], ..options() };
    let site = site_of(Memory::new(), listed, 7);
    let url = format!("{}/genesys/cometd", site.url);
    for (origin, allowed) in [("https://shop.example", true), ("https://evil.example", false)] {
        let preflight = site.http.request(reqwest::Method::OPTIONS, &url).header("origin", origin);
        let preflight = preflight.header("access-control-request-method", "POST").send().await.unwrap();
        let body = json!([handshake(&json!({}))]).to_string();
        let reply = site.http.post(&url).header("origin", origin).body(body).send().await.unwrap();
        for headers in [preflight.headers(), reply.headers()] {
            let credentials = headers.get("access-control-allow-credentials").is_some();
            let given = headers.get("access-control-allow-origin").is_some_and(|given| given == origin);
            assert_eq!((given, credentials), (allowed, allowed), "{origin}");
        }
    }
}

#[actix_web::test]
async fn the_cookie_is_set_once_and_nothing_depends_on_it() {
    let site = site();
    let url = format!("{}/genesys/cometd", site.url);
    let shake = |cookie: Option<&str>| {
        let request = site.http.post(&url).body(json!([handshake(&json!({}))]).to_string());
        match cookie {
            Some(cookie) => request.header("cookie", cookie.to_owned()),
            None => request,
        }
    };
    let reply = shake(None).send().await.unwrap();
    let cookie = reply.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("BAYEUX_BROWSER=") && cookie.contains("HttpOnly"), "{cookie}");
    assert!(!cookie.contains("Secure"), "{cookie}");
    // As the client of an old Jetty gives it back.
    let value = cookie.split(';').next().unwrap();
    let reply = shake(Some(&format!("{value};$Path=/"))).send().await.unwrap();
    assert!(reply.headers().get("set-cookie").is_none());
    // Callback polling sets it as well.
    let query = [("jsonp", "f".to_owned()), ("message", json!([handshake(&json!({}))]).to_string())];
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let reply = site.http.get(format!("{url}?{query}")).send().await.unwrap();
    assert!(reply.headers()["set-cookie"].to_str().unwrap().starts_with("BAYEUX_BROWSER="));
    let forged = shake(None).header("x-forwarded-proto", "https").send().await.unwrap();
    let cookie = forged.headers()["set-cookie"].to_str().unwrap();
    assert!(!cookie.contains("Secure"), "anybody may say that: {cookie}");
    let admission = AdmissionOptions {
        trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
        ..AdmissionOptions::default()
    };
    let public_url = Some("https://chat.example.com".to_owned());
    for options in [GatewayOptions { admission, ..options() }, GatewayOptions { public_url, ..options() }] {
        let site = site_of(Memory::new(), options, 7);
        let request = site.http.post(format!("{}/genesys/cometd", site.url));
        let request = request.body(json!([handshake(&json!({}))]).to_string());
        let reply = request.header("x-forwarded-proto", "https").send().await.unwrap();
        let cookie = reply.headers()["set-cookie"].to_str().unwrap().to_owned();
        for part in ["Secure", "SameSite=None", "Partitioned", "HttpOnly"] {
            assert!(cookie.contains(part), "{part} in {cookie}");
        }
    }
}
