//! What a client of the GMS Chat API v2 needs of a server that takes the place of GMS: one test for each area, named
//! after it, that goes through all of it over HTTP. What the rest of the tests prove of each part stays there.

use super::super::bayeux::client::{Client, post, said};
use super::super::support::{Chat, Memory, Site, code, demo_bot, options, show, site, site_of, text, told};
use crate::gateway::GatewayOptions;
use handoff_chat::SessionId;
use handoff_chat::command::{Act, Caller};
use handoff_chat::file::FileLimits;
use handoff_chat::opening::{Counts, IdleTerms, IdleTexts};
use handoff_chat::transcript::{Format, Transcript};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A text of each kind that clients send.
const SAID: &str = "¿Qué? שלום 👩🏽‍🚀 e\u{301} <b>&\"'";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR and more";

fn shown(kind: &str, text: &str) -> (String, Option<String>) {
    (kind.to_owned(), Some(text.to_owned()))
}

/// A reply that says that the chat is dead.
fn assert_dead((status, reply): (u16, Value)) {
    let state = (status, &reply["statusCode"], &reply["chatEnded"], &reply["messages"], code(&reply));
    assert_eq!(state, (200, &json!(2), &json!(true), &json!([]), 249), "{reply}");
}

fn indexes(reply: &Value) -> Vec<u64> {
    reply["messages"].as_array().unwrap().iter().map(|message| message["index"].as_u64().unwrap()).collect()
}

#[actix_web::test]
async fn routing() {
    let site = site();
    for slash in ["", "/"] {
        let answer = site
            .http
            .post(site.address(&format!("default{slash}")))
            .header("origin", "https://shop.example")
            .header("apikey", "any")
            .form(&[("nickname", "Zoë")])
            .send()
            .await
            .unwrap();
        assert_eq!(answer.headers()["content-type"], "application/json;charset=UTF-8");
        assert_eq!(answer.headers()["access-control-allow-origin"], "https://shop.example");
        let (status, start) = show(answer).await;
        assert_eq!(status, 200);
        let path = format!("default/{}/refresh{slash}", text(&start["chatId"]));
        let (status, _) = site.post(&path, &[("secureKey", &text(&start["secureKey"]))]).await;
        assert_eq!(status, 200);
        let asked =
            "apikey,x-api-key,gms_user,content-type,traceparent,tracestate,baggage,sentry-trace,prefer";
        let preflight = site
            .http
            .request(Method::OPTIONS, site.address(&path))
            .header("origin", "https://shop.example")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", asked)
            .send()
            .await
            .unwrap();
        assert_eq!(preflight.status(), 204);
        let allowed = preflight.headers()["access-control-allow-headers"].to_str().unwrap();
        let allowed: Vec<&str> = allowed.split(", ").collect();
        assert!(asked.split(',').all(|name| allowed.contains(&name)), "{allowed:?}");
        assert_eq!(preflight.headers()["access-control-allow-origin"], "https://shop.example");
    }
}

#[actix_web::test]
async fn body() {
    let site = site();
    let fields = [
        ("nickname", "Zoë"),
        ("Subject", SAID),
        ("userData[GCTI_LanguageCode]", "el"),
        ("userData[_genesys_source]", "web"),
        ("text", ""),
        ("alias", ""),
        ("unknown", "x"),
    ];
    let parts = fields.into_iter().fold(Form::new(), |form, (name, value)| form.text(name, value));
    let of_parts = site.http.post(site.address("default")).multipart(parts).send().await.unwrap();
    for (status, start) in [site.post("default", &fields).await, show(of_parts).await] {
        assert_eq!((status, &start["statusCode"]), (200, &json!(0)));
        let asked = site.sessions.asked();
        let opening = asked.iter().rev().find_map(|call| match &call.command.as_ref()?.act {
            Act::Open(opening) => Some(opening.clone()),
            _ => None,
        });
        let opening = opening.unwrap();
        assert_eq!(opening.subject, SAID);
        let data = [("GCTI_LanguageCode", "el"), ("_genesys_source", "web")];
        let data = data.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(opening.user_data, data.into());
    }
}

#[actix_web::test]
async fn start() {
    let site = site();
    let named = [("nickname", "First Last")];
    for fields in [&named[..], &[("firstName", "First"), ("lastName", "Last")]] {
        let (status, reply) = site.post("default", fields).await;
        assert_eq!((status, &reply["statusCode"], &reply["chatEnded"]), (200, &json!(0), &json!(false)));
        for field in ["chatId", "secureKey", "userId", "alias"] {
            assert!(!text(&reply[field]).is_empty(), "{field}");
        }
        let [joined] = &reply["messages"].as_array().unwrap()[..] else { panic!("{reply}") };
        assert_eq!((&joined["type"], &joined["index"]), (&json!("ParticipantJoined"), &json!(1)));
        let from = json!({"nickname": "First Last", "participantId": 1, "type": "Client"});
        assert_eq!((&joined["from"], &reply["nextPosition"]), (&from, &json!(2)));
        assert!(joined["utcTime"].as_i64().unwrap() > 1_500_000_000_000);
    }
}

#[actix_web::test]
async fn identity() {
    let site = site();
    let (chat, other) = (site.start().await, site.start().await);
    site.done(&chat, "refresh", &[]).await;
    site.done(&chat, "refresh", &[("alias", "1323"), ("userId", "052B5F58EBCF069A")]).await;
    let never = Chat { id: "0008TaFN3SE300RT".to_owned(), key: "02f8e3936f763afffcce".to_owned() };
    let wrong = Chat { id: chat.id.clone(), key: other.key.clone() };
    for dead in [&never, &wrong] {
        for operation in ["send", "refresh", "startTyping", "customNotice", "disconnect", "file/limits"] {
            assert_dead(site.call(dead, operation, &[("message", "m")]).await);
        }
    }
}

#[actix_web::test]
async fn refresh() {
    let site = site();
    let chat = site.start().await;
    for n in ["a", "b"] {
        site.done(&chat, "send", &[("message", n)]).await;
    }
    let begun = Instant::now();
    for (position, expected) in [("0", 0), ("1", 3), ("3", 1), ("", 3), ("900", 0), ("3", 1)] {
        let reply = site.done(&chat, "refresh", &[("transcriptPosition", position)]).await;
        assert_eq!((indexes(&reply).len(), &reply["nextPosition"]), (expected, &json!(4)), "{position}");
    }
    assert!(begun.elapsed() < Duration::from_secs(3 * 6), "each within a widget's 3 s");
}

#[actix_web::test]
async fn events() {
    let site = site();
    let chat = site.start_with("robin", &[("nickname", "Zoë")]).await;
    site.done(&chat, "startTyping", &[("message", "hel")]).await;
    site.done(&chat, "send", &[("message", SAID)]).await;
    let reply = site.done(&chat, "refresh", &[("transcriptPosition", "1")]).await;
    assert!(indexes(&reply).is_sorted_by(|one, next| one < next) && indexes(&reply)[0] == 1);
    for message in reply["messages"].as_array().unwrap() {
        assert!(message["utcTime"].is_i64() && message["from"]["participantId"].is_u64(), "{message}");
        assert!(["Client", "Agent"].contains(&message["from"]["type"].as_str().unwrap()), "{message}");
    }
    let nickname = demo_bot().nickname().to_owned();
    assert!(reply["messages"].as_array().unwrap().iter().any(|one| one["from"]["nickname"] == *nickname));
    let again = site.done(&chat, "refresh", &[("transcriptPosition", "1")]).await;
    assert_eq!(again["messages"], reply["messages"], "the same for whoever reads, whenever");
}

#[actix_web::test]
async fn send() {
    let site = site();
    let chat = site.start().await;
    let reply = site.done(&chat, "send", &[("message", SAID)]).await;
    assert_eq!((&reply["messages"], &reply["nextPosition"]), (&json!([]), &json!(3)));
    let fields = [("message", "b"), ("messageType", "url"), ("transcriptPosition", "2")];
    let reply = site.done(&chat, "send", &fields).await;
    assert_eq!(told(&reply), [shown("Message", SAID), shown("Message", "b")]);
    let kinds = [&reply["messages"][0]["messageType"], &reply["messages"][1]["messageType"]];
    assert_eq!(kinds, ["text", "url"]);
    let (status, reply) = site.call(&chat, "send", &[("message", &"x".repeat(1001))]).await;
    assert_eq!((status, code(&reply), &reply["chatEnded"]), (400, 204, &json!(false)));
}

#[actix_web::test]
async fn typing() {
    let site = site();
    let chat = site.start().await;
    let steps = [("startTyping", "a"), ("stopTyping", "ab"), ("refresh", "abc")];
    for ((operation, preview), next) in steps.into_iter().zip(3..) {
        let fields = [("message", preview), ("transcriptPosition", "0")];
        let reply = site.done(&chat, operation, &fields).await;
        assert_eq!((&reply["messages"], &reply["nextPosition"]), (&json!([]), &json!(next)), "{operation}");
    }
    let reply = site.done(&chat, "refresh", &[("transcriptPosition", "2")]).await;
    assert_eq!(told(&reply), [shown("TypingStarted", "abc")], "what goes on");
    site.done(&chat, "send", &[("message", "abc")]).await;
    let events = site.sessions.events(&chat.id);
    assert_eq!(events.len(), 2 + 1, "opened, joined, said: typing is not stored");
}

#[actix_web::test]
async fn other_operations() {
    let site = site();
    let chat = site.start().await;
    for (operation, fields) in [
        ("pushUrl", [("pushUrl", "https://example.org/?q=ü")]),
        ("updateNickname", [("nickname", "Zed 🙂")]),
        ("updateData", [("userData[k]", SAID)]),
        ("customNotice", [("message", "{\"Survey_URL\": \"u\"}")]),
        ("readReceipt", [("transcriptPosition", "3")]),
    ] {
        let reply = site.done(&chat, operation, &fields).await;
        assert_eq!((&reply["messages"], &reply["chatEnded"]), (&json!([]), &json!(false)), "{operation}");
    }
    let reply = site.done(&chat, "refresh", &[("transcriptPosition", "2")]).await;
    let expected = [
        shown("PushUrl", "https://example.org/?q=ü"),
        shown("NicknameUpdated", "Zed 🙂"),
        shown("CustomNotice", "{\"Survey_URL\": \"u\"}"),
    ];
    assert_eq!(told(&reply), expected);
}

/// A site whose services take a file of these kinds.
fn site_with_files() -> Site {
    let mut options = options();
    let limits = FileLimits {
        files_max: 1,
        file_bytes_max: 2000,
        total_bytes_max: 3000,
        types: "png:txt".to_owned(),
        need_agent: false,
        downloads_max: 0,
    };
    for service in options.services.values_mut() {
        service.limits.files = Some(limits.clone());
    }
    site_of(Memory::new(), options, 7)
}

fn upload(chat: &Chat, name: &str, bytes: &[u8]) -> Form {
    let file = Part::bytes(bytes.to_vec()).file_name(name.to_owned());
    Form::new().text("secureKey", chat.key.clone()).part("file", file)
}

#[actix_web::test]
async fn files() {
    let site = site_with_files();
    let chat = site.start().await;
    let limits = site.done(&chat, "file/limits", &[]).await;
    assert_eq!(told(&limits), [shown("Notice", "file-client-cfg-get")]);
    let values = limits["messages"][0]["userData"].as_object().unwrap();
    assert!(values.len() == 10 && values.values().all(Value::is_string), "{values:?}");
    let uploads = async |name: &str, bytes: &[u8]| {
        let url = site.address(&format!("default/{}/file", chat.id));
        show(site.http.post(url).multipart(upload(&chat, name, bytes)).send().await.unwrap()).await
    };
    for (name, bytes, expected) in [("a.txt", &[b'x'; 2001][..], 202), ("a.exe", b"MZ", 203)] {
        let (status, reply) = uploads(name, bytes).await;
        assert_eq!((status, code(&reply)), (400, expected));
    }
    let (_, reply) = uploads("猫.png", PNG).await;
    let file = text(&reply["userData"]["file-id"]);
    let (status, reply) = uploads("b.png", PNG).await;
    assert_eq!((status, code(&reply), &reply["errors"][0]["advice"]), (400, 201, &json!("1")));
    let shown = site.done(&chat, "refresh", &[("transcriptPosition", "2")]).await;
    let data = &shown["messages"][0]["userData"];
    let seen = [&shown["messages"][0]["type"], &data["file-id"], &data["file-name"], &data["file-size"]];
    assert_eq!(seen, ["FileUploaded", &file, "猫.png", &PNG.len().to_string()]);
    let url = site.address(&format!("default/{}/file/{file}/download", chat.id));
    let given = site.http.post(url).form(&[("secureKey", &chat.key)]).send().await.unwrap();
    assert_eq!(given.bytes().await.unwrap(), PNG, "as a plain form asks");
    site.done(&chat, &format!("file/{file}/delete"), &[]).await;
    let shown = site.done(&chat, "refresh", &[("transcriptPosition", "3")]).await;
    let last = &shown["messages"][0];
    assert_eq!([&last["type"], &last["userData"]["file-id"]], ["FileDeleted", &file]);
}

#[actix_web::test]
async fn disconnect() {
    let site = site();
    let chat = site.start().await;
    for _ in 0..2 {
        let junk = [("message", "m"), ("transcriptPosition", "1"), ("alias", "x"), ("userId", "y")];
        assert_eq!(site.done(&chat, "disconnect", &junk).await["chatEnded"], true);
    }
    let reply = site.done(&chat, "refresh", &[("transcriptPosition", "2")]).await;
    let [left] = &reply["messages"].as_array().unwrap()[..] else { panic!("{reply}") };
    assert_eq!((&left["type"], &reply["chatEnded"]), (&json!("ParticipantLeft"), &json!(true)));
}

#[actix_web::test]
async fn timers() {
    let mut options = options();
    let texts = IdleTexts { alert: "soon".to_owned(), close: "closed".to_owned(), ..IdleTexts::default() };
    let terms =
        IdleTerms { alert_ms: 255_000, second_alert_ms: 0, close_ms: 45_000, texts, counts: Counts::Nothing };
    options.services.get_mut("robin").unwrap().idle = [Some(Box::new(terms)), None];
    let site = site_of(Memory::new(), options, 7);
    let reason = |reply: &Value| {
        let left = reply["messages"].as_array().unwrap().iter().find(|one| one["type"] == "ParticipantLeft");
        text(&left.unwrap()["eventAttributes"]["GCTI_SYSTEM"]["quit-reason-code"])
    };
    let silent = site.start_with("robin", &[("nickname", "Zoë")]).await;
    let from = site.done(&silent, "refresh", &[]).await["nextPosition"].to_string();
    let position = [("transcriptPosition", from.as_str())];
    site.sessions.serves(&silent.id, 250_000);
    assert_eq!(site.done(&silent, "refresh", &position).await["messages"], json!([]), "not yet");
    site.sessions.serves(&silent.id, 7_000);
    let reply = site.done(&silent, "refresh", &position).await;
    assert_eq!(told(&reply), [shown("IdleAlert", "soon")]);
    site.sessions.serves(&silent.id, 47_000);
    let reply = site.done(&silent, "refresh", &position).await;
    assert_eq!(told(&reply)[1], shown("IdleClose", "closed"));
    assert_eq!((reason(&reply), &reply["chatEnded"]), ("7".to_owned(), &json!(true)));
    let gone = [
        (Caller::System, Act::CustomerLost, "3"),
        (Caller::Operator, Act::ForceEnd, "5"),
        (Caller::System, Act::Disconnect, "0"),
    ];
    for (caller, act, expected) in gone {
        let chat = site.start().await;
        match act {
            Act::Disconnect => drop(site.done(&chat, "disconnect", &[]).await),
            act => site.sessions.command(&chat.id, caller, act),
        }
        assert_eq!(reason(&site.done(&chat, "refresh", &[]).await), expected);
    }
}

#[actix_web::test]
async fn errors() {
    let site = site();
    for (fields, expected) in [
        (vec![("lastName", "L")], 102),
        (vec![("firstName", "F")], 103),
        (vec![], 161),
        (vec![("nickname", "n"), ("emailAddress", "nowhere")], 364),
    ] {
        let (status, reply) = site.post("default", &fields).await;
        assert_eq!((status, code(&reply), &reply["statusCode"]), (400, expected, &json!(2)), "{fields:?}");
        assert!(reply["errors"][0]["advice"].is_string() && reply["messages"] == json!([]), "{reply}");
    }
    let full = GatewayOptions {
        admission: crate::gateway::admission::AdmissionOptions { sessions_max: 1, ..Default::default() },
        ..options()
    };
    let full = site_of(Memory::new(), full, 7);
    full.start().await;
    let (status, reply) = full.post("default", &[("nickname", "n")]).await;
    assert_eq!((status, code(&reply)), (400, 240));
    let chat = site.start().await;
    site.sessions.troubles(&[super::super::support::Trouble::Again]);
    let (status, reply) = site.call(&chat, "refresh", &[]).await;
    assert_eq!((status, &reply["statusCode"], &reply["chatEnded"]), (200, &json!(1), &json!(false)));
}

#[actix_web::test]
async fn cometd() {
    let site = site();
    let mut client = Client::shake_hands(&site).await;
    // Events come without a subscription, and a subscription does no harm.
    let channel = json!({"subscription": "/service/chatV2/default"});
    let key = client.chat().await;
    for what in ["/meta/subscribe", "/meta/unsubscribe"] {
        let message = client.message(what, channel.clone());
        assert_eq!(client.one(message).await["successful"], true, "{what}");
    }
    client.send(&key, SAID).await;
    client.until("Message").await;
    assert_eq!(client.texts(), [SAID]);
    let stranger = json!([{"id": "5", "channel": "/meta/connect", "clientId": "gone",
        "connectionType": "long-polling"}]);
    for path in ["cometd", "cometd/", "cometd/connect"] {
        let url = format!("{}/genesys/{path}", site.url);
        let (status, replies) = post(&site.http, &url, stranger.to_string()).await;
        assert_eq!((status, &replies[0]["error"]), (200, &json!("402::Unknown client")), "{path}");
        assert_eq!(replies[0]["advice"]["reconnect"], "handshake", "{path}");
    }
    let mut next = Client::shake_hands(&site).await;
    next.connect(true).await;
    let data = json!({"operation": "requestNotifications", "secureKey": key, "transcriptPosition": 0});
    assert_eq!(next.publish("default", data).await["successful"], true);
    next.until("Message").await;
    assert_eq!(said(&next.data)[0].0, "ParticipantJoined", "all of it is told again");
}

#[actix_web::test]
async fn chat_ntf() {
    let site = site_with_files();
    let chat = site.start().await;
    let url = format!("{}/genesys/2/chat-ntf", site.url);
    let form = upload(&chat, "a.png", PNG).text("operation", "fileUpload");
    let (_, reply) = show(site.http.post(&url).multipart(form).send().await.unwrap()).await;
    let file = text(&reply["userData"]["file-id"]);
    let asks = async |operation: &str| {
        let fields = [("operation", operation), ("secureKey", &chat.key), ("fileId", &file)];
        site.http.post(&url).form(&fields).send().await.unwrap()
    };
    for name in ["fileGetLimits", "fileGetsLimits"] {
        let (_, reply) = show(asks(name).await).await;
        assert_eq!(told(&reply), [shown("Notice", "file-client-cfg-get")]);
    }
    assert_eq!(asks("fileDownload").await.bytes().await.unwrap(), PNG);
    assert_eq!(show(asks("fileDelete").await).await.1["statusCode"], 0);
    assert_eq!(show(asks("fileDownload").await).await.0, 404);
}

#[actix_web::test]
async fn high_availability_and_asynchronous_chats() {
    let site = site();
    let fields = [("nickname", "Zoë"), ("userData[GCTI_Chat_AsyncMode]", "true")];
    let chat = site.start_with("default", &fields).await;
    site.done(&chat, "send", &[("message", SAID)]).await;
    let before = site.done(&chat, "refresh", &[]).await;
    site.sessions.restore_all();
    site.sessions.serves(&chat.id, 2 * 24 * 3_600_000);
    let other = site_of(site.sessions.clone(), options(), 8);
    let after = other.done(&chat, "refresh", &[]).await;
    assert_eq!((&after["chatId"], &after["messages"]), (&before["chatId"], &before["messages"]));
    assert_eq!((&after["chatEnded"], &after["alias"]), (&json!(false), &json!("8")));
}

#[actix_web::test]
async fn reporting() {
    let site = site_with_files();
    let fields = [("nickname", "Zoë & <Ng>"), ("userData[TimeZone]", "-480"), ("userData[Ключ]", SAID)];
    let chat = site.start_with("default", &fields).await;
    site.done(&chat, "startTyping", &[]).await;
    site.done(&chat, "send", &[("message", SAID)]).await;
    site.done(&chat, "pushUrl", &[("pushUrl", "https://a/?b&c")]).await;
    site.done(&chat, "updateNickname", &[("nickname", "Zed")]).await;
    site.done(&chat, "customNotice", &[("message", "n")]).await;
    let url = site.address(&format!("default/{}/file", chat.id));
    site.http.post(url).multipart(upload(&chat, "a.png", PNG)).send().await.unwrap();
    site.done(&chat, "disconnect", &[]).await;
    let mut transcript = Transcript::new(Format::Xml, &SessionId::parse(&chat.id).unwrap());
    let mut xml = transcript.add(&site.sessions.events(&chat.id)).unwrap();
    xml.extend(transcript.finish().unwrap());
    let xml = String::from_utf8(xml).unwrap();
    let escaped = "¿Qué? שלום 👩🏽‍🚀 e\u{301} &lt;b&gt;&amp;&quot;'";
    for piece in [
        &format!("sessionId=\"{}\"", chat.id),
        "<userInfo personId=\"\" userNick=\"Zoë &amp; &lt;Ng&gt;\" userType=\"CLIENT\" protocolType=\"FLEX\" \
         timeZoneOffset=\"-480\" clientVersion=\"106\"/>",
        &format!("<item key=\"Ключ\" type=\"string\">{escaped}</item>"),
        &format!("<msgText msgType=\"text\" treatAs=\"NORMAL\">{escaped}</msgText>"),
        "<noticeText noticeType=\"PUSH_URL\">https://a/?b&amp;c</noticeText>",
        "<noticeText noticeType=\"USER_UPDATE_NICK\">Zed</noticeText>",
        "<noticeText noticeType=\"USER_CUSTOM\">n</noticeText>",
        "<noticeText noticeType=\"FILE_UPLOADED\">a.png</noticeText>",
        "visibility=\"ALL\" eventId=\"4\"><msgText",
        "<reason>left</reason></partyLeft></chatTranscript>",
    ] {
        assert!(xml.contains(piece), "{piece} in {xml}");
    }
}
