//! Send, refresh, typing, disconnect; and who may.

use super::support::{Memory, Trouble, code, options, site, site_of, text, told};
use handoff_chat::command::{Act, Caller};
use serde_json::{Value, json};

fn message(text: &str) -> (String, Option<String>) {
    ("Message".to_owned(), Some(text.to_owned()))
}

#[actix_web::test]
async fn send_answers_without_messages_unless_a_position_is_given() {
    let site = site();
    let chat = site.start().await;
    let reply =
        site.done(&chat, "send", &[("message", "ελληνικά, עברית, 中文 👩🏽‍🚀"), ("messageType", "")]).await;
    assert_eq!(reply["messages"], json!([]));
    assert_eq!((&reply["chatEnded"], &reply["nextPosition"]), (&json!(false), &json!(3)));
    assert_eq!((&reply["chatId"], &reply["secureKey"]), (&json!(chat.id), &json!(chat.key)));
    assert_eq!(reply["alias"], "7");
    assert_eq!(text(&reply["userId"]).len(), 16);
    let reply = site
        .done(
            &chat,
            "send",
            &[("message", " kept \n as is "), ("transcriptPosition", "2"), ("messageType", "m")],
        )
        .await;
    assert_eq!(told(&reply), [message("ελληνικά, עברית, 中文 👩🏽‍🚀"), message(" kept \n as is ")]);
    assert_eq!(
        (&reply["messages"][0]["messageType"], &reply["messages"][1]["messageType"]),
        (&json!("text"), &json!("m"))
    );
    assert_eq!(reply["nextPosition"], 4);
}

#[actix_web::test]
async fn a_refresh_gives_none_all_or_the_events_from_a_position_on() {
    let site = site();
    let chat = site.start().await;
    for n in 0..3 {
        site.done(&chat, "send", &[("message", &n.to_string())]).await;
    }
    let cases: [(&[(&str, &str)], usize); 9] = [
        (&[("transcriptPosition", "0")], 0),
        (&[("transcriptPosition", "1")], 4),
        (&[("transcriptPosition", "3")], 2),
        (&[("transcriptPosition", " 4 ")], 1),
        (&[("transcriptPosition", "5")], 0),
        (&[("transcriptPosition", "500")], 0),
        (&[("transcriptPosition", "99999999999999999999999999")], 0),
        (&[("transcriptPosition", "")], 4),
        (&[], 4),
    ];
    for (fields, count) in cases {
        for _repeat in 0..2 {
            let reply = site.done(&chat, "refresh", fields).await;
            assert_eq!(told(&reply).len(), count, "{fields:?}");
            assert_eq!(reply["nextPosition"], 5);
        }
    }
    for wrong in ["-1", "abc", "1.5", "0x1"] {
        let (status, reply) = site.call(&chat, "refresh", &[("transcriptPosition", wrong)]).await;
        assert_eq!((status, code(&reply)), (400, 400));
    }
}

#[actix_web::test]
async fn every_operation_takes_its_body_in_both_encodings_with_and_without_a_last_slash() {
    let site = site();
    let chat = site.start().await;
    let fields = [
        ("message", "¡hola! 🙂"),
        ("secureKey", chat.key.as_str()),
        ("userId", "junk"),
        ("alias", "999"),
        ("transcriptPosition", "1"),
        ("unknown", "x"),
        ("userData[k]", "v"),
        ("subject", ""),
        ("pushUrl", "https://example.org"),
        ("NickName", "Zo"),
    ];
    for operation in [
        "send",
        "refresh",
        "startTyping",
        "stopTyping",
        "pushUrl",
        "updateNickname",
        "updateData",
        "customNotice",
        "readReceipt",
        "disconnect",
    ] {
        for slash in ["", "/"] {
            let path = format!("default/{}/{operation}{slash}", chat.id);
            let mut part = reqwest::multipart::Form::new();
            for (name, value) in fields {
                part = part.text(name, value.to_owned());
            }
            let file = reqwest::multipart::Part::bytes(vec![0xff, 0xfe]).file_name("a.bin");
            let request = site.http.post(site.address(&path)).multipart(part.part("file", file));
            let (status, reply) = super::support::show(request.send().await.unwrap()).await;
            if operation != "disconnect" {
                assert_eq!((status, &reply["statusCode"]), (200, &json!(0)), "{operation} {reply}");
                let (status, reply) = site.post(&path, &fields).await;
                assert_eq!((status, &reply["statusCode"]), (200, &json!(0)), "{operation} {reply}");
            } else {
                assert_eq!(
                    (status, &reply["statusCode"], &reply["chatEnded"]),
                    (200, &json!(0), &json!(true))
                );
            }
        }
    }
    let all = told(&site.done(&chat, "refresh", &[("transcriptPosition", "1")]).await);
    assert_eq!(all.iter().filter(|told| **told == message("¡hola! 🙂")).count(), 4);
}

#[actix_web::test]
async fn typing_takes_an_index_shows_its_preview_and_is_not_in_the_way_of_messages() {
    let site = site();
    let chat = site.start().await;
    let reply = site.done(&chat, "startTyping", &[("message", "hel")]).await;
    assert_eq!((&reply["messages"], &reply["nextPosition"]), (&json!([]), &json!(3)));
    site.done(&chat, "send", &[("message", "hello")]).await;
    site.done(&chat, "stopTyping", &[("message", "")]).await;
    site.done(&chat, "refresh", &[("message", "and"), ("transcriptPosition", "0")]).await;
    let reply = site.done(&chat, "refresh", &[("transcriptPosition", "1")]).await;
    let typed = |kind: &str, text: Option<&str>| (kind.to_owned(), text.map(str::to_owned));
    let expected = [typed("ParticipantJoined", None), message("hello"), typed("TypingStarted", Some("and"))];
    assert_eq!(told(&reply), expected, "of typing only what is current");
    let indexes: Vec<_> =
        reply["messages"].as_array().unwrap().iter().map(|message| message["index"].clone()).collect();
    assert_eq!(indexes, [1, 4, 6]);
    assert_eq!(reply["nextPosition"], 7);
}

#[actix_web::test]
async fn a_poller_is_told_that_typing_is_over_and_who_comes_later_nothing_of_it() {
    let site = site();
    let started = ("TypingStarted".to_owned(), Some("hel".to_owned()));
    let stopped = ("TypingStopped".to_owned(), None);
    for (ends, shown) in [
        ("stopTyping", vec![stopped.clone()]),
        ("send", vec![stopped.clone(), message("hello")]),
        ("disconnect", vec![stopped.clone(), ("ParticipantLeft".to_owned(), None)]),
        ("time", vec![stopped.clone()]),
    ] {
        let chat = site.start().await;
        site.done(&chat, "startTyping", &[("message", "hel")]).await;
        let reply = site.done(&chat, "refresh", &[("transcriptPosition", "2")]).await;
        assert_eq!(told(&reply), std::slice::from_ref(&started));
        let next = reply["nextPosition"].to_string();
        match ends {
            "time" => {
                site.sessions.passes(15_000);
                site.sessions.command(&chat.id, Caller::System, Act::TypingOver);
            }
            "send" => drop(site.done(&chat, ends, &[("message", "hello")]).await),
            _ => drop(site.done(&chat, ends, &[]).await),
        }
        let reply = site.done(&chat, "refresh", &[("transcriptPosition", &next)]).await;
        let news: Vec<_> =
            told(&reply).into_iter().map(|(kind, text)| (kind, text.filter(|_| ends == "send"))).collect();
        assert_eq!(news, shown, "{ends}");
        let late = told(&site.done(&chat, "refresh", &[("transcriptPosition", "1")]).await);
        assert!(!late.iter().any(|(kind, _)| kind.starts_with("Typing")), "{ends}: {late:?}");
    }
}

#[actix_web::test]
async fn the_key_alone_identifies_and_whatever_does_not_fit_is_a_dead_chat() {
    let site = site();
    let (chat, other) = (site.start().await, site.start().await);
    site.done(&chat, "refresh", &[]).await;
    site.done(&chat, "refresh", &[("alias", "1323"), ("userId", "052B5F58EBCF069A")]).await;
    let mut flipped = chat.key.clone().into_bytes();
    flipped[30] = if flipped[30] == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).unwrap();
    let wrong = [
        (chat.id.as_str(), flipped.as_str()),
        (chat.id.as_str(), other.key.as_str()),
        (chat.id.as_str(), ""),
        (chat.id.as_str(), "4ee15d7e1c343c8e"),
        (chat.id.as_str(), "\u{1F511}"),
        ("00048aAPEQJ8000U", chat.key.as_str()),
        ("no-such-chat", chat.key.as_str()),
    ];
    for operation in ["send", "refresh", "startTyping", "stopTyping", "disconnect"] {
        for (id, key) in wrong {
            let fields = [("secureKey", key), ("message", "m"), ("transcriptPosition", "1")];
            let (status, reply) = site.post(&format!("default/{id}/{operation}"), &fields).await;
            assert_eq!((status, code(&reply)), (200, 249), "{operation} {reply}");
            assert_eq!((&reply["statusCode"], &reply["chatEnded"]), (&json!(2), &json!(true)));
            assert_eq!((&reply["messages"], &reply["alias"]), (&json!([]), &json!("7")));
            assert!(text(&reply["errors"][0]["advice"]).contains("referenceId["));
            assert!(reply.get("secureKey").is_none());
        }
    }
    let (_, reply) = site.post(&format!("default/{}/refresh", chat.id), &[]).await;
    assert_eq!((code(&reply), &reply["chatId"]), (249, &json!(chat.id)));
    assert_eq!(told(&site.done(&chat, "refresh", &[]).await).len(), 1, "nothing of all that was carried out");
}

#[actix_web::test]
async fn what_a_session_refuses_is_told_with_its_code() {
    let mut options = options();
    let limits = &mut options.services.get_mut("default").unwrap().limits;
    limits.events_max = 4;
    limits.talk.nearly_full_text = "nearly full".to_owned();
    let site = site_of(Memory::new(), options, 7);
    let chat = site.start().await;
    let (status, reply) = site.call(&chat, "send", &[("message", &"ü".repeat(501))]).await;
    assert_eq!((status, code(&reply), &reply["chatEnded"]), (400, 204, &json!(false)));
    assert!(text(&reply["errors"][0]["advice"]).contains("1000"));
    let (status, reply) = site.call(&chat, "send", &[("message", "")]).await;
    assert_eq!((status, code(&reply)), (400, 400));
    let long = "x".repeat(100);
    let (status, reply) = site.call(&chat, "send", &[("message", "m"), ("messageType", &long)]).await;
    assert_eq!((status, code(&reply)), (400, 400));
    for _ in 0..2 {
        site.done(&chat, "send", &[("message", "m")]).await;
    }
    let (status, reply) = site.call(&chat, "send", &[("message", "m")]).await;
    assert_eq!((status, code(&reply), &reply["chatEnded"]), (400, 249, &json!(false)));
    let reply = site.done(&chat, "refresh", &[("transcriptPosition", "1")]).await;
    let before = reply["messages"].as_array().unwrap().iter().rev().nth(1).unwrap();
    let (kind, said, from) = (&before["type"], &before["text"], &before["from"]["type"]);
    assert_eq!([kind, said, from], ["Message", "nearly full", "System"], "told before the last message");
    assert_eq!(site.done(&chat, "disconnect", &[]).await["chatEnded"], true);
}

#[actix_web::test]
async fn a_disconnect_ends_the_chat_at_once_and_its_repeat_is_harmless() {
    let site = site();
    let chat = site.start().await;
    for _ in 0..2 {
        let fields = [("message", "m"), ("transcriptPosition", "1"), ("alias", "x"), ("userId", "y")];
        let reply = site.done(&chat, "disconnect", &fields).await;
        assert_eq!(reply["chatEnded"], true);
    }
    let reply =
        site.done(&chat, "refresh", &[("transcriptPosition", "1"), ("message", "typed too late")]).await;
    assert_eq!(reply["chatEnded"], true);
    assert_eq!(told(&reply)[1].0, "ParticipantLeft");
    assert_eq!(told(&reply).len(), 2);
    assert_eq!(reply["messages"][1]["eventAttributes"]["GCTI_SYSTEM"]["quit-reason-code"], "0");
    let reply = site.done(&chat, "startTyping", &[]).await;
    assert_eq!(reply["chatEnded"], true);
    let (status, reply) = site.call(&chat, "send", &[("message", "too late")]).await;
    assert_eq!((status, code(&reply)), (200, 249));
    assert_eq!((&reply["statusCode"], &reply["chatEnded"]), (&json!(2), &json!(true)));
}

#[actix_web::test]
async fn why_somebody_was_removed_is_in_the_event() {
    let site = site();
    let (lost, removed) = (site.start().await, site.start().await);
    site.sessions.command(&lost.id, Caller::System, Act::CustomerLost);
    site.sessions.command(&removed.id, Caller::Operator, Act::ForceEnd);
    for (chat, reason) in [(lost, "3"), (removed, "5")] {
        let reply = site.done(&chat, "refresh", &[("transcriptPosition", "2")]).await;
        assert_eq!(reply["messages"][0]["eventAttributes"]["GCTI_SYSTEM"]["quit-reason-code"], reason);
        assert_eq!(reply["chatEnded"], true);
    }
}

#[actix_web::test]
async fn a_bot_is_shown_as_an_agent_of_style_bot() {
    let site = site();
    let chat = site.start_with("robin", &[("nickname", "Zoë")]).await;
    site.done(&chat, "send", &[("message", "Was kostet das?")]).await;
    let reply = site.done(&chat, "refresh", &[("transcriptPosition", "1")]).await;
    let kinds: Vec<_> = told(&reply).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["ParticipantJoined", "ParticipantJoined", "Message", "Message", "Message"]);
    let joined = &reply["messages"][1];
    assert_eq!(joined["eventAttributes"]["GCTI_SYSTEM"]["party-info"]["style"], "BOT");
    assert_eq!((&joined["from"]["type"], &joined["from"]["participantId"]), (&json!("Agent"), &json!(2)));
    assert!(told(&reply)[4].1.as_ref().unwrap().contains("42 €"));
}

#[actix_web::test]
async fn a_moving_or_busy_shard_is_come_again_and_never_the_end() {
    let site = site();
    let chat = site.start().await;
    for trouble in [Trouble::Again, Trouble::Busy] {
        for operation in ["send", "refresh", "startTyping", "stopTyping", "disconnect"] {
            site.sessions.troubles(&[trouble]);
            let fields = [("message", "m"), ("transcriptPosition", "1"), ("userId", "u")];
            let (status, reply) = site.call(&chat, operation, &fields).await;
            assert_eq!((status, &reply["statusCode"], &reply["chatEnded"]), (200, &json!(1), &json!(false)));
            assert_eq!((&reply["messages"], &reply["chatId"]), (&json!([]), &json!(chat.id)));
            assert_eq!(
                (&reply["secureKey"], &reply["userId"], &reply["nextPosition"]),
                (&json!(chat.key), &json!("u"), &json!(1))
            );
        }
    }
}

#[actix_web::test]
async fn an_unknown_outcome_is_come_again_only_where_a_repeat_is_harmless() {
    let site = site();
    let chat = site.start().await;
    for (operation, fields, status, status_code) in [
        ("send", vec![("message", "m")], 504, 2),
        ("send", vec![("message", "m"), ("clientMessageId", "id-1")], 200, 1),
        ("refresh", vec![], 200, 1),
        ("refresh", vec![("message", "preview")], 200, 1),
        ("startTyping", vec![], 200, 1),
        ("stopTyping", vec![], 200, 1),
        ("disconnect", vec![], 200, 1),
    ] {
        site.sessions.troubles(&[Trouble::LostBefore]);
        let (got, reply) = site.call(&chat, operation, &fields).await;
        assert_eq!((got, &reply["statusCode"]), (status, &Value::from(status_code)), "{operation}");
        assert_eq!(reply["chatEnded"], false);
        let ask = site.sessions.asked().pop().unwrap();
        let long = ask.patience == options().deadline;
        assert_eq!(long, status == 504, "a call that can't be repeated is held to the deadline");
        assert_eq!(ask.client_id, status == 200);
    }
}

#[actix_web::test]
async fn a_message_repeated_with_its_client_message_id_is_posted_once() {
    let site = site();
    let chat = site.start().await;
    let fields = [("message", "once"), ("clientMessageId", "m-1"), ("transcriptPosition", "2")];
    site.sessions.troubles(&[Trouble::LostAfter]);
    assert_eq!(site.call(&chat, "send", &fields).await.1["statusCode"], 1);
    site.sessions.restore_all();
    for _ in 0..2 {
        assert_eq!(told(&site.done(&chat, "send", &fields).await), [message("once")]);
    }
    let (status, reply) = site.call(&chat, "send", &[("message", "other"), ("clientMessageId", "m-1")]).await;
    assert_eq!((status, code(&reply)), (400, 400));
    for wrong in ["with blank", "ümlaut", &"x".repeat(49)] {
        let (status, reply) = site.call(&chat, "send", &[("message", "m"), ("clientMessageId", wrong)]).await;
        assert_eq!((status, code(&reply)), (400, 400));
    }
    let two = [("message", "twice"), ("transcriptPosition", "0")];
    site.done(&chat, "send", &two).await;
    site.done(&chat, "send", &two).await;
    assert_eq!(
        told(&site.done(&chat, "refresh", &[]).await).len(),
        4,
        "without an id each send is a message"
    );
}

#[actix_web::test]
async fn a_chat_goes_on_at_another_node_with_the_same_indexes_and_another_alias() {
    let site = site();
    let chat = site.start().await;
    site.done(&chat, "send", &[("message", "before")]).await;
    let before = site.done(&chat, "refresh", &[("transcriptPosition", "1")]).await;
    site.done(&chat, "startTyping", &[]).await;
    site.sessions.restore_all();
    let other = site_of(site.sessions.clone(), options(), 8);
    let after = other.done(&chat, "refresh", &[("transcriptPosition", "1")]).await;
    assert_eq!((&after["alias"], &after["chatId"]), (&json!("8"), &before["chatId"]));
    assert_eq!(after["messages"], before["messages"]);
    let sent = other.done(&chat, "send", &[("message", "after"), ("transcriptPosition", "3")]).await;
    assert_eq!(told(&sent), [message("after")]);
    assert!(sent["messages"][0]["index"].as_u64().unwrap() > 3, "the index of the typing is not used twice");
}

#[actix_web::test]
async fn a_chat_goes_on_where_its_service_is_configured_no_more() {
    let site = site();
    let (chat, other) = (site.start().await, site.start().await);
    let mut fewer = options();
    fewer.services.remove("default");
    let restarted = site_of(site.sessions.clone(), fewer, 8);
    let (status, reply) = restarted.post("default", &[("nickname", "n")]).await;
    assert_eq!((status, code(&reply)), (404, 404), "nothing new begins");
    for operation in ["send", "startTyping", "stopTyping", "updateNickname", "readReceipt", "file/limits"] {
        let fields = [("message", "m"), ("nickname", "n"), ("transcriptPosition", "2")];
        restarted.done(&chat, operation, &fields).await;
    }
    let told = told(&restarted.done(&chat, "refresh", &[("transcriptPosition", "1")]).await);
    assert!(told.contains(&message("m")));
    let (status, reply) = restarted.post(&format!("default/{}/sing", chat.id), &[]).await;
    assert_eq!((status, code(&reply)), (404, 404));
    for (path, key) in [
        (format!("default/{}/refresh", chat.id), "4ee15d7e1c343c8e"),
        (format!("default/{}/file/limits", chat.id), ""),
        (format!("nowhere/{}/refresh", chat.id), chat.key.as_str()),
        (format!("robin/{}/refresh", chat.id), other.key.as_str()),
    ] {
        let (status, reply) = restarted.post(&path, &[("secureKey", key)]).await;
        let wanted = if path.starts_with("robin") { (200, 249) } else { (404, 404) };
        assert_eq!((status, code(&reply)), wanted, "{path}");
    }
    let reply = restarted.done(&chat, "disconnect", &[]).await;
    assert_eq!(reply["chatEnded"], true);
    let (status, reply) = restarted.call(&chat, "send", &[("message", "too late")]).await;
    assert_eq!((status, code(&reply)), (200, 249), "it has ended, and that is what is said");
}
