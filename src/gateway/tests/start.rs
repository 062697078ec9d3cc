//! Request chat.

use super::support::{Trouble, code, show, site, site_of, text, told};
use crate::gateway::tests::support::{Memory, options};
use handoff_chat::opening::Names;
use serde_json::Value;

#[actix_web::test]
async fn a_start_answers_with_all_that_clients_need_in_the_kinds_they_expect() {
    let site = site();
    for path in ["default", "default/"] {
        let (status, reply) = site.post(path, &[("nickname", "Zoë 🦊")]).await;
        assert_eq!(status, 200);
        assert_eq!(reply["statusCode"], 0);
        assert_eq!(reply["chatEnded"], false);
        assert_eq!(reply["alias"], "7");
        assert_eq!(text(&reply["chatId"]).len(), 16);
        assert_eq!(text(&reply["userId"]).len(), 16);
        assert_eq!(text(&reply["secureKey"]).len(), 43);
        assert_eq!(reply["nextPosition"], 2);
        let joined = &reply["messages"][0];
        assert_eq!(joined["type"], "ParticipantJoined");
        assert_eq!(joined["index"], 1);
        assert!(joined["utcTime"].as_i64().unwrap() > 1_600_000_000_000);
        assert_eq!(joined["from"]["nickname"], "Zoë 🦊");
        assert_eq!(joined["from"]["participantId"], 1);
        assert_eq!(joined["from"]["type"], "Client");
        assert!(reply.get("errors").is_none());
    }
}

#[actix_web::test]
async fn the_fields_of_a_reply_come_in_the_order_of_the_field_s_replies() {
    let site = site();
    let request = site.http.post(site.address("default")).form(&[("nickname", "a")]);
    let body = request.send().await.unwrap().text().await.unwrap();
    let names = [
        "messages",
        "from",
        "nickname",
        "participantId",
        "index",
        "utcTime",
        "chatEnded",
        "statusCode",
        "alias",
        "secureKey",
        "userId",
        "chatId",
        "nextPosition",
    ];
    let places: Vec<_> = names.iter().map(|name| body.find(&format!("\"{name}\":")).unwrap()).collect();
    assert!(places.is_sorted(), "{body}");
    assert!(!body.contains("null"), "{body}");
}

#[actix_web::test]
async fn a_chat_may_start_with_first_and_last_name_and_a_first_message() {
    let site = site();
    let fields = [
        ("nickname", ""),
        ("firstName", "Ada"),
        ("lastName", "Lovelace"),
        ("text", "où est-ce ? 📦"),
        ("Subject", "s"),
    ];
    let (_, reply) = site.post("default", &fields).await;
    assert_eq!(reply["messages"][0]["from"]["nickname"], "Ada Lovelace");
    assert_eq!(told(&reply)[1], ("Message".to_owned(), Some("où est-ce ? 📦".to_owned())));
    assert_eq!(reply["messages"][1]["messageType"], "text");
}

#[actix_web::test]
async fn everything_given_at_the_start_reaches_the_session() {
    use handoff_chat::command::Act;
    let site = site();
    let fields = [
        ("nickname", "n"),
        ("firstName", "f"),
        ("lastName", "l"),
        ("emailAddress", "a@b.example"),
        ("Subject", "mis-cased"),
        ("userData[GCTI_LanguageCode]", "el"),
        ("userData[TimeZone]", "-480"),
        ("userData[]", "x"),
        ("unknown", "y"),
        ("alias", ""),
        ("secureKey", ""),
        ("userId", ""),
        ("endpoint", "Environment:default"),
    ];
    site.start_with("default", &fields).await;
    let asked = site.sessions.asked();
    let Some(Act::Open(opening)) = asked[0].command.as_ref().map(|command| &command.act) else { panic!() };
    assert_eq!(opening.subject, "mis-cased");
    let names = Names { first: "f", last: "l", email: "a@b.example" };
    assert_eq!(opening.names, names.map(|name| (*name).to_owned()));
    assert_eq!(opening.time_zone_offset_minutes, -480);
    assert_eq!(opening.user_data.keys().collect::<Vec<_>>(), ["GCTI_LanguageCode", "TimeZone"]);
    assert_eq!(opening.terms.channel.key().map(|key| key.sealed), Some(None));
    assert_eq!(opening.terms.channel.name, "gms");
    assert!(!asked[0].client_id);
}

#[actix_web::test]
async fn what_is_missing_or_wrong_at_the_start_is_told_with_its_gms_code() {
    let site = site();
    let long = "x".repeat(300);
    let huge = "x".repeat(5000);
    let cases: [(&[(&str, &str)], u64); 15] = [
        (&[], 161),
        (&[("nickname", "   ")], 161),
        (&[("lastName", "L")], 102),
        (&[("firstName", "F")], 103),
        (&[("nickname", "n"), ("emailAddress", "nobody")], 364),
        (&[("nickname", "n"), ("emailAddress", "a b@c.example")], 364),
        (&[("nickname", "n"), ("emailAddress", "a@b@c")], 364),
        (&[("nickname", "n"), ("emailAddress", "@c.example")], 364),
        (&[("nickname", "n"), ("emailAddress", "a@.example")], 364),
        (&[("nickname", &long)], 400),
        (&[("nickname", "n"), ("subject", &huge)], 400),
        (&[("nickname", "n"), ("userData[k]", &huge)], 400),
        (&[("nickname", "n"), ("text", &huge)], 204),
        (&[("nickname", "n"), ("clientMessageId", "too-short")], 400),
        (&[("nickname", "n"), ("clientMessageId", "has a blank inside it")], 400),
    ];
    for (fields, expected) in cases {
        let (status, reply) = site.post("default", fields).await;
        assert_eq!((status, code(&reply)), (400, expected), "{reply}");
        assert_eq!(reply["statusCode"], 2);
        assert_eq!(reply["chatEnded"], false);
    }
    assert_eq!(
        site.post("default", &[("nickname", "n"), ("emailAddress", "jürgen@bücher.example")]).await.0,
        200
    );
}

#[actix_web::test]
async fn a_repeated_start_with_a_client_message_id_gives_the_same_chat_and_the_same_key_on_any_node() {
    let site = site();
    let other = site_of(site.sessions.clone(), options(), 8);
    let fields = [("nickname", "Zoë"), ("clientMessageId", "0b1f6a52-6d64-4d0f-9a4e-6fbf4e1fd6f3")];
    let first = site.start_with("default", &fields).await;
    let again = other.start_with("default", &fields).await;
    assert_eq!((&first.id, &first.key), (&again.id, &again.key));
    other.done(&again, "refresh", &[("transcriptPosition", "1")]).await;
    assert_eq!(site.sessions.sessions(), 1);
    let elsewhere = other.start_with("robin", &fields).await;
    assert_ne!(elsewhere.id, first.id, "another service is another chat");
}

#[actix_web::test]
async fn a_start_whose_outcome_is_unknown_is_repeated_by_id_or_ends_in_a_network_failure() {
    let site = site();
    let fields = [("nickname", "Zoë"), ("clientMessageId", "0b1f6a52-6d64-4d0f-9a4e-6fbf4e1fd6f3")];
    site.sessions.troubles(&[Trouble::LostAfter]);
    let (status, reply) = site.post("default", &fields).await;
    assert_eq!(
        (status, &reply["statusCode"], &reply["chatEnded"]),
        (200, &Value::from(1), &Value::from(false))
    );
    site.sessions.troubles(&[Trouble::None, Trouble::Again]);
    let (status, reply) = site.post("default", &fields).await;
    assert_eq!(
        (status, &reply["statusCode"]),
        (200, &Value::from(1)),
        "the read after the start met a moving shard"
    );
    let chat = site.start_with("default", &fields).await;
    site.done(&chat, "send", &[("message", "hello")]).await;
    assert_eq!(site.sessions.sessions(), 1);

    site.sessions.troubles(&[Trouble::LostAfter]);
    let (status, reply) = site.post("default", &[("nickname", "Zoë")]).await;
    assert_eq!((status, code(&reply)), (504, 504));
}

#[actix_web::test]
async fn a_browser_of_any_site_may_use_the_api_with_the_headers_that_clients_send() {
    let site = site();
    let preflight = site.http.request(reqwest::Method::OPTIONS, site.address("default/"));
    let preflight = preflight
        .header("Origin", "https://www.example.com")
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "apikey,content-type,x-own-thing,evil\"");
    let answer = preflight.send().await.unwrap();
    assert!(answer.status().is_success());
    let header = |name: &str| {
        answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    };
    assert_eq!(header("access-control-allow-origin"), "https://www.example.com");
    assert!(header("access-control-allow-methods").contains("POST"));
    for name in ["apikey", "x-api-key", "gms_user", "content-type", "x-own-thing"] {
        assert!(header("access-control-allow-headers").split(", ").any(|allowed| allowed == name), "{name}");
    }
    assert!(!header("access-control-allow-headers").contains("evil"));

    let post = site
        .http
        .post(site.address("default"))
        .header("Origin", "https://www.example.com")
        .header("apikey", "x");
    let reply = post.form(&[("nickname", "n")]).send().await.unwrap();
    assert_eq!(reply.headers()["access-control-allow-origin"], "https://www.example.com");
    assert_eq!(reply.headers()["cache-control"], "no-store");
    assert_eq!(reply.headers()["content-type"], "application/json;charset=UTF-8");
    assert_eq!(show(reply).await.0, 200);
}

#[actix_web::test]
async fn where_sites_are_listed_no_other_is_allowed() {
    let mut options = options();
    options.origins = vec!["https://shop.example".to_owned()];
    let site = site_of(Memory::new(), options, 1);
    for (origin, allowed) in [("https://shop.example", true), ("https://evil.example", false)] {
        let post =
            site.http.post(site.address("default")).header("Origin", origin).form(&[("nickname", "n")]);
        let reply = post.send().await.unwrap();
        assert_eq!(reply.headers().contains_key("access-control-allow-origin"), allowed, "{origin}");
    }
}
