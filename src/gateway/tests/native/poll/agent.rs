//! Agents who poll.

use super::{AGENT, Kept, LONG, answer, poll, said, send, until};
use crate::gateway::tests::native::window::Window;
use crate::gateway::tests::support::{PASSWORD, Site, options, site, site_of};
use handoff_chat::command::{Act, Caller};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What an agent who polls keeps.
struct Desk {
    proof: Value,
    version: u64,
    desk: Value,
    positions: Value,
}

impl Desk {
    fn new() -> Self {
        Self { proof: json!({"password": PASSWORD}), version: 0, desk: Value::Null, positions: json!({}) }
    }

    async fn polls(&mut self, site: &Site, commands: &[Value], wait_ms: u64) -> Vec<Value> {
        let mut sign_in = json!({"id": "in", "do": "sign_in", "name": "ann", "positions": self.positions});
        sign_in.as_object_mut().unwrap().extend(self.proof.as_object().unwrap().clone());
        if self.version > 0 {
            sign_in["version"] = self.version.into();
        }
        let frames = poll(site, AGENT, &[&[sign_in], commands].concat(), wait_ms).await;
        let signed = answer(&frames, "in");
        assert_eq!(signed["ok"], true, "{signed}");
        self.proof = json!({"token": signed["token"]});
        for frame in &frames {
            if frame["event"] == "desk" {
                self.version = frame["version"].as_u64().unwrap();
                self.desk = frame.clone();
            }
            if frame["event"] == "chat" {
                let chat = frame["chat"].as_str().unwrap();
                self.positions[chat] = frame["next"].clone();
                if frame["ended"] == true {
                    self.positions.as_object_mut().unwrap().remove(chat);
                }
            }
        }
        frames
    }

    fn stage(&self, chat: &str) -> Option<&str> {
        let work = self.desk["work"].as_array()?.iter().find(|work| work["chat"] == chat)?;
        work["stage"].as_str()
    }

    async fn comes_to(&mut self, site: &Site, chat: &str, stage: &str) {
        while self.stage(chat) != Some(stage) {
            self.polls(site, &[], LONG).await;
        }
    }
}

#[actix_web::test]
async fn an_agent_signs_in_takes_an_offer_answers_and_leaves_by_polls_alone() {
    let site = site();
    let other = site_of(site.sessions.clone(), options(), 8);
    let mut ann = Desk::new();
    let frames = ann.polls(&site, &[json!({"id": "ready", "do": "ready"})], LONG).await;
    assert_eq!(answer(&frames, "ready")["ok"], true, "{frames:?}");
    while ann.desk["status"]["state"] != "ready" {
        ann.polls(&site, &[], LONG).await;
    }
    let begun = Instant::now();
    let frames = ann.polls(&site, &[], 300).await;
    assert!(begun.elapsed() >= Duration::from_millis(300), "a desk that is known is no news");
    assert_eq!(frames.iter().filter(|frame| frame["event"] == "desk").count(), 0, "{frames:?}");
    let begun = Instant::now();
    let (frames, mut zoe) = futures_util::join!(ann.polls(&other, &[], LONG), async {
        until(&other, "handoff_socket_open{kind=\"agent_poll\"} ", 1).await;
        Kept::start(&site, "support").await
    });
    assert_eq!(ann.stage(&zoe.chat), Some("offered"), "{frames:?}");
    let chat = zoe.chat.clone();
    ann.polls(&site, &[json!({"id": "take", "do": "accept", "chat": chat})], LONG).await;
    ann.comes_to(&site, &chat, "chatting").await;
    zoe.polls(&site, &[send(1, "where is it?")], 0).await;
    while !said(&ann.polls(&other, &[], LONG).await).contains(&"where is it?") {}
    let reply = json!({"id": "r", "do": "send", "chat": chat, "text": "On its way."});
    let history = json!({"id": "h", "do": "history", "chat": chat});
    let frames = ann.polls(&site, &[reply, history], LONG).await;
    assert_eq!(said(&frames), ["On its way."], "{frames:?}");
    assert_eq!(answer(&frames, "h")["records"].as_array().unwrap().len(), 1, "the desk is known by then");
    while !said(&zoe.polls(&site, &[], LONG).await).contains(&"On its way.") {}
    let leave = json!({"id": "l", "do": "leave", "chat": chat, "how": "force_close"});
    let mut frames = ann.polls(&site, &[leave], LONG).await;
    while ann.positions.as_object().unwrap().contains_key(&chat) {
        frames.extend(ann.polls(&other, &[], LONG).await);
    }
    assert!(frames.iter().any(|frame| frame["events"].to_string().contains("\"left\"")), "{frames:?}");
    assert!(begun.elapsed() < Duration::from_millis(LONG / 2));
}

#[actix_web::test]
async fn a_chat_that_became_over_between_two_polls_or_sockets_is_shown_to_its_end() {
    let site = site();
    let mut ann = Desk::new();
    ann.polls(&site, &[json!({"id": "ready", "do": "ready"})], LONG).await;
    let mut zoe = Kept::start(&site, "support").await;
    let chat = zoe.chat.clone();
    ann.comes_to(&site, &chat, "offered").await;
    ann.polls(&site, &[json!({"id": "take", "do": "accept", "chat": chat})], LONG).await;
    while ann.positions[&chat].is_null() {
        ann.polls(&site, &[], LONG).await;
    }
    let positions = ann.positions.clone();
    zoe.polls(&site, &[send(1, "my last word")], 0).await;
    site.sessions.command(&chat, Caller::Operator, Act::ForceEnd);
    let mut window = Window::agent(&site).await;
    let again =
        json!({"name": "ann", "token": ann.proof["token"], "positions": positions, "version": ann.version});
    window.done("sign_in", again).await;
    window.message("my last word").await;
    let mut frames = Vec::new();
    while ann.positions.as_object().unwrap().contains_key(&chat) {
        frames.extend(ann.polls(&site, &[], LONG).await);
    }
    assert_eq!(said(&frames), ["my last word"]);
    // Who goes on asking for it is told nothing new by that.
    ann.positions = positions;
    ann.positions[&chat] = json!(99);
    let begun = Instant::now();
    ann.polls(&site, &[], 300).await;
    assert!(begun.elapsed() >= Duration::from_millis(300));
}
