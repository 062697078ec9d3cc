//! Push URL, update nickname, update data, custom notice, read receipt; and a refresh that waits.

use super::support::{Trouble, code, options, site, site_of, told};
use serde_json::json;
use std::time::Duration;

fn shown(kind: &str, text: &str) -> (String, Option<String>) {
    (kind.to_owned(), Some(text.to_owned()))
}

#[actix_web::test]
async fn each_notice_makes_its_event_and_its_reply_has_no_messages() {
    let site = site();
    let chat = site.start().await;
    for (operation, fields) in [
        ("pushUrl", vec![("pushUrl", "https://example.org/ü?a=1&b=2")]),
        ("updateNickname", vec![("nickname", "زوي 👩‍🚀"), ("transcriptPosition", "1")]),
        ("customNotice", vec![("message", "{\"survey\": 1}"), ("messageType", "survey")]),
        ("customNotice", vec![]),
        ("updateData", vec![("userData[k]", "v"), ("userData[TimeZone]", "-480")]),
        ("updateData", vec![]),
        ("readReceipt", vec![("transcriptPosition", "5")]),
    ] {
        let reply = site.done(&chat, operation, &fields).await;
        assert_eq!((&reply["messages"], &reply["chatEnded"]), (&json!([]), &json!(false)), "{operation}");
        assert!(reply["nextPosition"].is_u64() && reply["secureKey"] == chat.key.as_str(), "{operation}");
    }
    let reply = site.done(&chat, "refresh", &[("transcriptPosition", "2")]).await;
    let expected = [
        shown("PushUrl", "https://example.org/ü?a=1&b=2"),
        shown("NicknameUpdated", "زوي 👩‍🚀"),
        shown("CustomNotice", "{\"survey\": 1}"),
        shown("CustomNotice", ""),
    ];
    assert_eq!(told(&reply), expected);
    assert_eq!(reply["messages"][2]["messageType"], "survey");
    assert_eq!(reply["messages"][0]["from"]["nickname"], "زوي 👩‍🚀", "the nickname by now");
}

#[actix_web::test]
async fn what_is_missing_or_too_long_is_refused_with_its_code() {
    let site = site();
    let chat = site.start().await;
    let (long, longer) = ("x".repeat(1001), "x".repeat(5000));
    for (operation, fields, expected) in [
        ("pushUrl", vec![], 400),
        ("pushUrl", vec![("pushUrl", long.as_str())], 204),
        ("pushUrl", vec![("pushUrl", longer.as_str())], 400),
        ("updateNickname", vec![("nickname", "  ")], 161),
        ("updateNickname", vec![("nickname", &long[..257])], 400),
        ("customNotice", vec![("message", long.as_str())], 204),
        ("updateData", vec![("userData[k]", longer.as_str())], 400),
        ("readReceipt", vec![], 400),
        ("readReceipt", vec![("transcriptPosition", "x")], 400),
        ("refresh", vec![("waitMs", "x")], 400),
    ] {
        let (status, reply) = site.call(&chat, operation, &fields).await;
        assert_eq!((status, code(&reply), &reply["statusCode"]), (400, expected, &json!(2)), "{operation}");
    }
    let reply = site.done(&chat, "refresh", &[("transcriptPosition", "2")]).await;
    assert_eq!(reply["messages"], json!([]));
}

#[actix_web::test]
async fn a_notice_with_an_id_of_its_own_is_made_once_however_often_it_is_sent() {
    let site = site();
    let chat = site.start().await;
    let fields = [("pushUrl", "https://a"), ("clientMessageId", "p1")];
    site.sessions.troubles(&[Trouble::LostAfter]);
    let (status, reply) = site.call(&chat, "pushUrl", &fields).await;
    assert_eq!((status, &reply["statusCode"]), (200, &json!(1)), "come again");
    site.done(&chat, "pushUrl", &fields).await;
    site.done(&chat, "pushUrl", &fields).await;
    let (_, reply) = site.call(&chat, "customNotice", &[("message", "x"), ("clientMessageId", "p1")]).await;
    assert_eq!(code(&reply), 400, "the id is taken");
    let reply = site.done(&chat, "refresh", &[("transcriptPosition", "2")]).await;
    assert_eq!(told(&reply), [shown("PushUrl", "https://a")]);
    // Without one, nobody may do it twice.
    site.sessions.troubles(&[Trouble::LostAfter]);
    let (status, _) = site.call(&chat, "pushUrl", &[("pushUrl", "https://b")]).await;
    assert_eq!(status, 504);
}

#[actix_web::test]
async fn after_the_end_a_notice_is_answered_as_in_a_dead_chat() {
    let site = site();
    let chat = site.start().await;
    site.done(&chat, "disconnect", &[]).await;
    for (operation, fields) in [
        ("pushUrl", [("pushUrl", "https://a")]),
        ("updateNickname", [("nickname", "n")]),
        ("customNotice", [("message", "m")]),
        ("updateData", [("userData[k]", "v")]),
        ("readReceipt", [("transcriptPosition", "1")]),
    ] {
        let (status, reply) = site.call(&chat, operation, &fields).await;
        let dead = (&reply["statusCode"], &reply["chatEnded"], code(&reply));
        assert_eq!((status, dead), (200, (&json!(2), &json!(true), 249)), "{operation}");
    }
}

#[actix_web::test]
async fn a_refresh_waits_only_when_it_is_asked_to_and_no_longer_than_the_node_allows() {
    let waits = crate::gateway::GatewayOptions { refresh_wait_max: Duration::from_millis(400), ..options() };
    let site = site_of(super::support::Memory::new(), waits, 7);
    let chat = site.start().await;
    site.done(&chat, "refresh", &[("transcriptPosition", "1")]).await;
    for (fields, expected) in [
        (vec![("transcriptPosition", "9")], 0),
        (vec![("transcriptPosition", "9"), ("waitMs", "250")], 250),
        (vec![("transcriptPosition", "9"), ("waitMs", "99999999999999999999")], 400),
        (vec![("transcriptPosition", "0"), ("waitMs", "250")], 0),
        (vec![("transcriptPosition", "9"), ("waitMs", "250"), ("message", "typing")], 0),
    ] {
        let before = site.sessions.asked().len();
        let reply = site.done(&chat, "refresh", &fields).await;
        assert!(reply["nextPosition"].is_u64());
        let waited = site.sessions.asked()[before..].iter().map(|ask| ask.wait).max().unwrap();
        assert_eq!(waited, Duration::from_millis(expected), "{fields:?}");
    }
}

#[actix_web::test]
async fn a_client_that_prefers_to_wait_waits_and_is_told_how_long_it_may() {
    let waits =
        crate::gateway::GatewayOptions { refresh_wait_max: Duration::from_millis(2_500), ..options() };
    let site = site_of(super::support::Memory::new(), waits, 7);
    let chat = site.start().await;
    let asks = async |operation: &str, prefer: &str, fields: &[(&str, &str)]| {
        let mut all = vec![("secureKey", chat.key.as_str())];
        all.extend(fields);
        let url = site.address(&format!("default/{}/{operation}", chat.id));
        let request = site.http.post(url).header("prefer", prefer).header("origin", "https://shop.example");
        let before = site.sessions.asked().len();
        let answer = request.form(&all).send().await.unwrap();
        let exposed = answer.headers()["access-control-expose-headers"].to_str().unwrap();
        assert!(exposed.contains("Preference-Applied"), "pages may read it");
        let applied =
            answer.headers().get("preference-applied").map(|said| said.to_str().unwrap().to_owned());
        let waited = site.sessions.asked()[before..].iter().map(|ask| ask.wait.as_millis()).max().unwrap();
        (applied, waited)
    };
    let applied = |text: &str| Some(text.to_owned());
    for (prefer, fields, expected) in [
        ("wait=1", vec![], (applied("wait=1"), 1_000)),
        ("respond-async, wait=60", vec![], (applied("wait=2"), 2_500)),
        ("wait=0", vec![], (applied("wait=0"), 0)),
        ("wait=soon", vec![], (None, 0)),
        ("wait=1", vec![("waitMs", "20")], (None, 20)),
        ("wait=1", vec![("waitMs", "0")], (None, 0)),
        ("wait=1", vec![("transcriptPosition", "0")], (None, 0)),
        ("wait=1", vec![("Message", "typing")], (None, 0)),
    ] {
        let position = [("transcriptPosition", "9")];
        let own = fields.iter().any(|(name, _)| *name == "transcriptPosition");
        let fields = if own { fields } else { [fields, position.to_vec()].concat() };
        assert_eq!(asks("refresh", prefer, &fields).await, expected, "{prefer} {fields:?}");
    }
    assert_eq!(asks("startTyping", "wait=1", &[]).await, (None, 0), "nothing else waits");
    // News that come while it waits are told at once.
    let (told, _) = tokio::join!(
        async {
            let url = site.address(&format!("default/{}/refresh", chat.id));
            let fields = [("secureKey", chat.key.as_str()), ("transcriptPosition", "9")];
            let answer = site.http.post(url).header("prefer", "wait=2").form(&fields).send().await.unwrap();
            super::support::show(answer).await.1
        },
        async {
            while site.sessions.waiting() == 0 {
                tokio::task::yield_now().await;
            }
            for _ in 0..9 {
                site.done(&chat, "send", &[("message", "news")]).await;
            }
        }
    );
    assert_eq!(told["messages"][0]["text"], "news");
}
