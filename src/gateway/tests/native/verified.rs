//! Whether a customer has proved who they are: what agents see of it, and what they don't where it counts.

use super::agent::{sign_in, stage};
use super::window::Window;
use crate::gateway::GatewayOptions;
use crate::gateway::identity::Identities;
use crate::gateway::tests::memory::{EARLIER, Memory};
use crate::gateway::tests::support::{Site, options, site_of};
use serde_json::{Value, json};
use std::sync::Arc;

/// A site where starts may be signed.
fn signing(hides_unverified: bool) -> Site {
    let identities = Some(Arc::new(Identities::new(b"what the shop and the nodes know", false)));
    site_of(Memory::new(), GatewayOptions { identities, hides_unverified, ..options() }, 7)
}

/// An agent in a chat with a customer who signed it, or only says so; and what the desk shows of it.
async fn chatting(site: &Site, signed: bool) -> (Window, Window, Value) {
    let mut ann = Window::agent(site).await;
    sign_in(&mut ann, "ann").await;
    ann.done("ready", json!({})).await;
    let mut zoe = Window::customer(site).await;
    // printf z@example.org | openssl dgst -sha256 -hmac "what the shop and the nodes know"
    let proof = "e5b1d1014fc70acf62c4f72a4d2f2c3f01852d5a4acf96da5ea1869017fd7006";
    let data = if signed { json!({"Handoff_Identity": proof}) } else { json!({"Handoff_Verified": "true"}) };
    let start = json!({"service": "support", "nickname": "Z", "email": "z@example.org", "user_data": data});
    let chat = zoe.start(start).await["chat"].clone();
    let offer = stage(&mut ann, &chat, "offered").await;
    assert_eq!(offer["customer"]["verified"], signed);
    ann.done("accept", json!({"chat": chat})).await;
    site.sessions.restore_all();
    let work = stage(&mut ann, &chat, "chatting").await;
    assert_eq!(work["customer"]["verified"], signed, "after a takeover");
    (ann, zoe, chat)
}

#[actix_web::test]
async fn an_agent_is_told_whether_the_customer_has_proved_who_they_are() {
    for signed in [true, false] {
        let site = signing(false);
        let (mut ann, _zoe, chat) = chatting(&site, signed).await;
        let history = ann.done("history", json!({"chat": chat})).await;
        assert_eq!((&history["contact"]["verified"], &history["hidden"]), (&json!(signed), &json!(false)));
        assert_eq!((&history["contact"]["id"], &history["contact"]["since"]), (&json!("c"), &json!(1)));
        let records = history["records"].as_array().unwrap();
        assert_eq!(records.len(), 1);
        assert_eq!(records[0]["verified"], false, "its own start was not signed");
        ann.done("transcript", json!({"chat": EARLIER})).await;
    }
}

#[actix_web::test]
async fn where_only_verified_customers_have_a_history_nothing_of_it_is_shown_to_who_wrote_an_address() {
    let site = signing(true);
    let (mut ann, _zoe, chat) = chatting(&site, false).await;
    let mut history = ann.done("history", json!({"chat": chat})).await;
    let said = json!({
        "id": null, "first_name": "Zo", "last_name": "", "email": "zoe@example.org", "since": null,
        "verified": false,
    });
    assert_eq!(history["contact"].take(), said);
    assert_eq!((&history["records"], &history["hidden"]), (&json!([]), &json!(true)));
    assert_eq!(ann.code("transcript", json!({"chat": EARLIER})).await, "no_claim");
    let site = signing(true);
    let (mut ann, _zoe, chat) = chatting(&site, true).await;
    let history = ann.done("history", json!({"chat": chat})).await;
    assert_eq!((history["records"].as_array().unwrap().len(), &history["hidden"]), (1, &json!(false)));
    assert_eq!(history["contact"]["first_name"], "Zoë");
    ann.done("transcript", json!({"chat": EARLIER})).await;
}
