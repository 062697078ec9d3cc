//! The agents' socket: signing in, offers, talk, several windows, resuming; over the machines as they are.

use super::window::{Window, texts};
use crate::gateway::tests::memory::EARLIER;
use crate::gateway::tests::support::{Memory, PASSWORD, Site, Trouble, options, site, site_of};
use handoff_chat::command::{Act, Caller};
use handoff_chat::session::VIEW_BYTES_MAX;
use serde_json::{Value, json};

/// Signs in; answers the token.
pub(in crate::gateway::tests) async fn sign_in(window: &mut Window, name: &str) -> String {
    let answer = window.done("sign_in", json!({"name": name, "password": PASSWORD})).await;
    answer["token"].as_str().unwrap().to_owned()
}

/// Waits until a chat is at this stage on the desk.
pub(in crate::gateway::tests) async fn stage(window: &mut Window, chat: &Value, stage: &str) -> Value {
    let at = |frame: &Value| {
        let work = frame["work"].as_array().into_iter().flatten();
        work.filter(|work| work["chat"] == *chat).any(|work| work["stage"] == stage)
    };
    let desk = window.find(&format!("the stage {stage}"), at).await;
    desk["work"].as_array().unwrap().iter().find(|work| work["chat"] == *chat).unwrap().clone()
}

/// An agent who is ready is offered a new customer's chat.
pub(super) async fn offered(site: &Site, name: &str, text: &str) -> (Window, Window, Value) {
    let mut agent = Window::agent(site).await;
    sign_in(&mut agent, name).await;
    agent.done("ready", json!({})).await;
    let (zoe, chat) = customer(site, text).await;
    stage(&mut agent, &chat, "offered").await;
    (agent, zoe, chat)
}

async fn customer(site: &Site, text: &str) -> (Window, Value) {
    let mut window = Window::customer(site).await;
    let fields = json!({"service": "support", "nickname": "Zoë", "subject": "A parcel", "text": text});
    let chat = window.start(fields).await["chat"].clone();
    (window, chat)
}

#[actix_web::test]
async fn an_agent_gets_an_offer_accepts_talks_and_leaves_last() {
    let site = site();
    let mut ann = Window::agent(&site).await;
    let signed = ann.done("sign_in", json!({"name": "ann", "password": PASSWORD})).await;
    assert_eq!((&signed["nickname"], &signed["capacity"]), (&json!("Ann"), &json!(1)));
    assert_eq!(signed["queues"], json!(["support"]));
    assert_eq!(signed["grace_ms"], 15_000);
    let desk = ann.find("the desk", |frame| frame["event"] == "desk").await;
    assert_eq!((&desk["status"]["state"], &desk["work"]), (&json!("not_ready"), &json!([])));
    assert!(
        ann.done("ready", json!({})).await["version"].as_u64().unwrap() > desk["version"].as_u64().unwrap()
    );
    let (mut zoe, chat) = customer(&site, "where is it?").await;
    let offer = stage(&mut ann, &chat, "offered").await;
    assert_eq!((&offer["queue"], &offer["customer"]["nickname"]), (&json!("support"), &json!("Zoë")));
    assert_eq!(offer["customer"]["subject"], "A parcel");
    assert!(offer["until"].as_i64().unwrap() > 0 && offer["left_ms"].as_i64().unwrap() >= 0);
    ann.done("accept", json!({"chat": chat})).await;
    stage(&mut ann, &chat, "chatting").await;
    let first = ann.message("where is it?").await;
    let me = first["participants"].as_array().unwrap().iter().find(|who| who["me"] == true).unwrap().clone();
    assert_eq!((&me["role"], &me["nickname"]), (&json!("agent"), &json!("Ann")));
    zoe.done("typing", json!({"started": true, "preview": "hel"})).await;
    let shows = |frame: &Value| frame["typing"].as_array().is_some_and(|typing| !typing.is_empty());
    assert_eq!(ann.find("typing", shows).await["typing"][0]["preview"], "hel");
    let sent = ann.done("send", json!({"chat": chat, "text": "On its way.", "message_type": "text"})).await;
    let shown = ann.message("On its way.").await;
    let event =
        shown["events"].as_array().unwrap().iter().find(|event| event["text"] == "On its way.").unwrap();
    assert_eq!((&event["index"], &event["by"]), (&sent["index"], &me["number"]));
    zoe.message("On its way.").await;
    ann.done("typing", json!({"chat": chat, "started": true, "preview": "secret draft"})).await;
    assert_eq!(zoe.find("typing", shows).await["typing"][0]["preview"], Value::Null);
    zoe.done("leave", json!({"number": 1})).await;
    let left = |frame: &Value| frame["events"].to_string().contains("\"left\"");
    assert_eq!(ann.find("that they left", left).await["ended"], false);
    ann.done("leave", json!({"chat": chat, "how": "close_if_no_agents"})).await;
    let over = stage(&mut ann, &chat, "over").await;
    assert!(["left", "ended"].contains(&over["why"].as_str().unwrap()), "{over}");
    ann.find("the end", |frame| frame["event"] == "chat" && frame["ended"] == true).await;
    assert_eq!(ann.code("send", json!({"chat": chat, "text": "x"})).await, "ended");
    ann.done("sign_out", json!({})).await;
    ann.find("signed out", |frame| frame["status"]["state"] == "signed_out").await;
    assert_eq!(ann.code("ready", json!({})).await, "not_signed_in");
}

/// A view is cut where it is too large: what an agent has not read when the chat is over for them takes several.
#[actix_web::test]
async fn a_chat_that_is_over_is_shown_to_its_end_however_much_of_it_was_not_read() {
    const TEXT_BYTES: usize = 400_000;
    let mut large = options();
    large.services.values_mut().for_each(|service| service.limits.message_bytes_max = 400_000);
    let site = site_of(Memory::new(), large, 7);
    let mut bob = Window::agent(&site).await;
    sign_in(&mut bob, "bob").await;
    bob.done("ready", json!({})).await;
    let mut zoe = Window::customer(&site).await;
    let started = zoe.start(json!({"service": "support", "nickname": "Zoë", "text": "hello?"})).await;
    let (chat, key) = (started["chat"].clone(), started["key"].as_str().unwrap());
    let (id, key) = (chat.as_str().unwrap(), handoff_chat::SecureKey::parse(key).unwrap());
    stage(&mut bob, &chat, "offered").await;
    bob.done("accept", json!({"chat": chat})).await;
    stage(&mut bob, &chat, "chatting").await;
    bob.message("hello?").await;
    // The read that brings it all comes when the desk says already that the chat is over.
    site.sessions.hold(Some(id));
    let said = ["a", "b", "c", "d", "e", "f", "g", "h"].map(|letter| letter.repeat(TEXT_BYTES));
    assert!(said.len() * TEXT_BYTES > 3 * VIEW_BYTES_MAX, "more than two views");
    for text in &said {
        let act = Act::Send { text: text.clone(), message_type: None };
        site.sessions.command(id, Caller::key(key.hash()), act);
    }
    bob.done("leave", json!({"chat": chat, "how": "keep_alive"})).await;
    stage(&mut bob, &chat, "over").await;
    site.sessions.hold(None);
    for text in &said {
        let shown = bob.message(text).await;
        assert_eq!((texts(&shown), &shown["ended"]), (vec![text.as_str()], &json!(false)), "each once");
    }
    let end = bob.find("the end", |frame| frame["event"] == "chat" && frame["ended"] == true).await;
    assert_eq!(end["events"].as_array().unwrap().last().unwrap()["type"], "left");
}

#[actix_web::test]
async fn what_is_internal_is_shown_to_agents_as_such_and_never_to_the_customer() {
    let site = site();
    let (mut ann, mut other) = (Window::agent(&site).await, Window::agent(&site).await);
    sign_in(&mut ann, "ann").await;
    sign_in(&mut other, "ann").await;
    ann.done("ready", json!({})).await;
    let (mut zoe, chat) = customer(&site, "hello?").await;
    stage(&mut ann, &chat, "offered").await;
    ann.done("accept", json!({"chat": chat})).await;
    stage(&mut ann, &chat, "chatting").await;
    ann.done("send", json!({"chat": chat, "text": "between us", "internal": true})).await;
    ann.done("send", json!({"chat": chat, "text": "to all", "internal": false})).await;
    for (window, shown) in [
        (&mut ann, &[("between us", json!(true)), ("to all", Value::Null)][..]),
        (&mut other, &[("between us", json!(true)), ("to all", Value::Null)]),
        (&mut zoe, &[("to all", Value::Null)]),
    ] {
        let mut said = Vec::new();
        while said.last().is_none_or(|(text, _)| text != "to all") {
            let frame = window.find("more of the chat", |frame| frame["event"] == "chat").await;
            let messages = frame["events"].as_array().into_iter().flatten();
            let messages = messages.filter(|event| event["type"] == "message" && event["text"] != "hello?");
            said.extend(
                messages.map(|event| (event["text"].as_str().unwrap().to_owned(), event["internal"].clone())),
            );
        }
        assert!(
            said.iter()
                .map(|(text, internal)| (text.as_str(), internal))
                .eq(shown.iter().map(|(text, internal)| (*text, internal)))
        );
    }
    assert_eq!(ann.code("send", json!({"chat": chat, "text": " ", "internal": true})).await, "bad_command");
}

#[actix_web::test]
async fn two_windows_of_an_agent_see_the_same_and_only_one_accept_counts() {
    let site = site();
    let other = site_of(site.sessions.clone(), options(), 8);
    let (mut one, mut two) = (Window::agent(&site).await, Window::agent(&other).await);
    sign_in(&mut one, "ann").await;
    sign_in(&mut two, "ann").await;
    two.done("ready", json!({})).await;
    one.find("ready", |frame| frame["status"]["state"] == "ready").await;
    let (_zoe, chat) = customer(&site, "hello?").await;
    stage(&mut one, &chat, "offered").await;
    stage(&mut two, &chat, "offered").await;
    one.done("accept", json!({"chat": chat})).await;
    two.done("accept", json!({"chat": chat})).await;
    for window in [&mut one, &mut two] {
        stage(window, &chat, "chatting").await;
        window.message("hello?").await;
    }
    one.done("send", json!({"chat": chat, "text": "from one"})).await;
    two.message("from one").await;
    let mut bob = Window::agent(&site).await;
    sign_in(&mut bob, "bob").await;
    assert_eq!(bob.code("accept", json!({"chat": chat})).await, "no_claim");
    assert_eq!(bob.code("send", json!({"chat": chat, "text": "x"})).await, "no_claim");
    assert_eq!(bob.code("history", json!({"chat": chat})).await, "no_claim");
    assert_eq!(bob.code("leave", json!({"chat": chat})).await, "no_claim");
    assert_eq!(one.code("sign_out", json!({})).await, "has_chats");
    assert_eq!(one.code("sign_in", json!({"name": "bob", "password": PASSWORD})).await, "bad_command");
}

#[actix_web::test]
async fn a_window_resumes_at_another_node_with_its_token_and_positions_and_a_repeated_message_is_one() {
    let site = site();
    let other = site_of(site.sessions.clone(), options(), 8);
    let mut ann = Window::agent(&site).await;
    let token = sign_in(&mut ann, "ann").await;
    ann.done("ready", json!({})).await;
    let (mut zoe, chat) = customer(&site, "one").await;
    stage(&mut ann, &chat, "offered").await;
    ann.done("accept", json!({"chat": chat})).await;
    let next = ann.message("one").await["next"].clone();
    let frame = json!({"id": "my-own-id", "do": "send", "chat": chat, "text": "two"});
    ann.say(&frame).await;
    let first = ann.find("the answer", |frame| frame["answer"] == "my-own-id").await;
    drop(ann);
    site.sessions.restore_all();
    zoe.done("send", json!({"number": 1, "text": "three"})).await;
    let mut ann = Window::agent(&other).await;
    let positions = json!({chat.as_str().unwrap(): next});
    ann.done("sign_in", json!({"name": "ann", "token": token, "positions": positions})).await;
    let missed = ann.message("three").await;
    assert_eq!(texts(&missed), ["two", "three"]);
    ann.say(&frame).await;
    let again = ann.find("the answer", |frame| frame["answer"] == "my-own-id").await;
    assert_eq!((&again["ok"], &again["index"]), (&json!(true), &first["index"]));
    ann.done("send", json!({"chat": chat, "text": "four"})).await;
    zoe.message("four").await;
    assert!(!zoe.had(|frame| texts(frame).iter().filter(|text| **text == "two").count() > 1));
}

#[actix_web::test]
async fn nothing_is_done_before_signing_in_and_guessing_is_slowed_down() {
    let site = site();
    let mut window = Window::agent(&site).await;
    for (word, fields) in [
        ("ready", json!({})),
        ("not_ready", json!({})),
        ("sign_out", json!({})),
        ("accept", json!({"chat": "x"})),
        ("send", json!({"chat": "x", "text": "x"})),
        ("history", json!({"chat": "x"})),
        ("transcript", json!({"chat": "x"})),
    ] {
        assert_eq!(window.code(word, fields).await, "not_signed_in");
    }
    assert_eq!(window.code("start", json!({})).await, "bad_command");
    assert_eq!(window.code("sign_in", json!({"name": "ann"})).await, "bad_command");
    assert_eq!(window.code("sign_in", json!({"name": "ann", "token": "1.x"})).await, "wrong_password");
    for _ in 0..5 {
        assert_eq!(
            window.code("sign_in", json!({"name": "ann", "password": "guess"})).await,
            "wrong_password"
        );
    }
    let slow = window.refused("sign_in", json!({"name": "ann", "password": PASSWORD})).await;
    assert_eq!((&slow["code"], &slow["retry"]), (&json!("slow_down"), &json!(true)));
    assert!(slow["retry_ms"].as_u64().unwrap() > 0);
    sign_in(&mut window, "bob").await;
}

#[actix_web::test]
async fn an_agent_sees_their_customer_s_earlier_chats_and_nobody_else_s() {
    let site = site();
    let (mut bob, _zoe, chat) = offered(&site, "bob", "hi").await;
    let history = bob.done("history", json!({"chat": chat})).await;
    assert_eq!(history["contact"]["email"], "zoe@example.org");
    assert_eq!(history["records"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&history["records"][0]["chat"], &history["records"][0]["ended_at"]),
        (&json!(EARLIER), &json!(2))
    );
    assert_eq!(bob.code("transcript", json!({"chat": EARLIER})).await, "no_claim", "only offered");
    bob.done("accept", json!({"chat": chat})).await;
    stage(&mut bob, &chat, "chatting").await;
    let record = bob.done("transcript", json!({"chat": EARLIER})).await;
    assert_eq!(record["record"]["sessionId"], EARLIER);
    assert_eq!(bob.code("transcript", json!({"chat": "SomebodyElses000"})).await, "no_claim");
}

#[actix_web::test]
async fn a_declined_offer_goes_and_a_desk_goes_on_through_a_takeover() {
    let site = site();
    let (mut ann, _zoe, chat) = offered(&site, "ann", "hi").await;
    ann.done("decline", json!({"chat": chat})).await;
    ann.find("an empty desk", |frame| frame["event"] == "desk" && frame["work"] == json!([])).await;
    site.sessions.troubles(&[Trouble::Again, Trouble::Busy]);
    site.sessions.restore_all();
    let mut answer = ann.ask("not_ready", json!({"reason": "lunch"})).await;
    while answer["ok"] == false {
        assert_eq!(answer["error"]["retry"], true);
        answer = ann.ask("not_ready", json!({"reason": "lunch"})).await;
    }
    let desk = ann.find("lunch", |frame| frame["status"]["reason"] == "lunch").await;
    assert_eq!(desk["status"]["state"], "not_ready");
    assert_eq!(ann.code("not_ready", json!({"reason": "r".repeat(257)})).await, "bad_command");
}

#[actix_web::test]
async fn an_accept_whose_answer_was_lost_in_a_takeover_counts_once_and_its_old_id_does_nothing_new() {
    let site = site();
    let (mut ann, mut zoe, chat) = offered(&site, "ann", "hello?").await;
    let accept = json!({"chat": chat});
    site.sessions.troubles(&[Trouble::LostAfter]);
    let lost = ann.ask_as("take", "accept", accept.clone()).await;
    assert_eq!(lost["error"]["code"], "unknown", "{lost}");
    site.sessions.restore_all();
    assert_eq!(ann.ask_as("take", "accept", accept.clone()).await["ok"], true);
    stage(&mut ann, &chat, "chatting").await;
    assert_eq!(ann.ask_as("take", "accept", accept.clone()).await["ok"], true);
    let joins = |frame: &Value| frame["participants"].as_array().is_some_and(|all| all.len() > 1);
    let shown = zoe.find("that they joined", joins).await;
    let agents =
        shown["participants"].as_array().unwrap().iter().filter(|who| who["role"] == "agent").count();
    assert_eq!(agents, 1);
    let other = ann.ask_as("take", "decline", accept.clone()).await;
    assert_eq!(other["error"]["code"], "id_in_use", "an old id for something else");
    // The chat is closed: whatever is done to it now is refused, and an old id has its old answer.
    ann.done("leave", json!({"chat": chat, "how": "force_close"})).await;
    stage(&mut ann, &chat, "over").await;
    assert_eq!(ann.ask_as("take", "accept", accept.clone()).await["ok"], true);
    assert_eq!(ann.ask_as("again", "accept", accept).await["error"]["code"], "no_claim");
    assert_eq!(ann.code("decline", json!({"chat": chat})).await, "no_claim");
    assert_eq!(ann.code("send", json!({"chat": chat, "text": "x"})).await, "ended");
    assert_eq!(ann.code("typing", json!({"chat": chat, "started": true})).await, "ended");
    assert_eq!(ann.code("push_url", json!({"chat": chat, "url": "https://a"})).await, "ended");
    ann.done("leave", json!({"chat": chat})).await;
    zoe.find("the end", |frame| frame["ended"] == true).await;
}

#[actix_web::test]
async fn who_loses_the_socket_types_no_longer() {
    let site = site();
    let (mut ann, mut zoe, chat) = offered(&site, "ann", "hello?").await;
    ann.done("accept", json!({"chat": chat})).await;
    stage(&mut ann, &chat, "chatting").await;
    let shows = |started: bool| {
        move |frame: &Value| {
            let typing = frame["typing"].as_array().into_iter().flatten();
            typing.into_iter().any(|typing| typing["started"] == started)
        }
    };
    ann.done("typing", json!({"chat": chat, "started": true})).await;
    zoe.find("that they type", shows(true)).await;
    drop(ann);
    zoe.find("that they type no longer", shows(false)).await;
    let mut ann = Window::agent(&site).await;
    sign_in(&mut ann, "ann").await;
    ann.message("hello?").await;
    zoe.done("typing", json!({"started": true, "preview": "half"})).await;
    ann.find("that they type", shows(true)).await;
    drop(zoe);
    ann.find("that they type no longer", shows(false)).await;
    // Over another window nothing comes that was over before.
    let mut late = Window::agent(&site).await;
    sign_in(&mut late, "ann").await;
    late.message("hello?").await;
    late.done("send", json!({"chat": chat, "text": "last"})).await;
    late.message("last").await;
    assert!(!late.had(|frame| frame["typing"].as_array().is_some_and(|typing| !typing.is_empty())));
}

#[actix_web::test]
async fn what_was_said_ends_typing_once_and_the_closed_socket_says_nothing_more() {
    let site = site();
    let (mut ann, zoe, chat) = offered(&site, "ann", "hello?").await;
    ann.done("accept", json!({"chat": chat})).await;
    stage(&mut ann, &chat, "chatting").await;
    ann.done("typing", json!({"chat": chat, "started": true})).await;
    ann.done("send", json!({"chat": chat, "text": "yes"})).await;
    drop(ann);
    while site.sample("handoff_socket_open{kind=\"agent\"} ") > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let stops = |ask: &handoff_shard::Call| {
        let act = ask.command.as_ref().map(|command| &command.act);
        matches!(act, Some(handoff_chat::command::Act::StopTyping { .. }))
    };
    assert!(!site.sessions.asked().iter().any(stops));
    drop(zoe);
}
