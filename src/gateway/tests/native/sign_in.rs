//! Signing in as an agent: whom guesses brake, tokens that are renewed, and those that are over.

use super::window::Window;
use crate::clock::wall_ms;
use crate::files::Files;
use crate::gateway::GatewayOptions;
use crate::gateway::admission::AdmissionOptions;
use crate::gateway::native::accounts::TOKEN_MS;
use crate::gateway::tests::support::{
    Memory, PASSWORD, Site, Trouble, agents, options, site, site_of, site_of_agents,
};
use handoff_chat::AgentName;
use handoff_chat::command::{Caller, Read};
use serde_json::{Value, json};

/// A node behind a proxy that it trusts.
fn proxied() -> Site {
    let admission = AdmissionOptions {
        trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
        ..AdmissionOptions::default()
    };
    site_of(Memory::new(), GatewayOptions { admission, ..options() }, 7)
}

fn proof(name: &str, password: &str) -> Value {
    json!({"name": name, "password": password})
}

/// Guesses until the brake holds.
async fn guess(window: &mut Window, name: &str) {
    for _ in 0..5 {
        assert_eq!(window.code("sign_in", proof(name, "guess")).await, "wrong_password");
    }
    assert_eq!(window.code("sign_in", proof(name, PASSWORD)).await, "slow_down");
}

#[actix_web::test]
async fn a_stranger_who_guesses_locks_the_agent_out_nowhere_but_at_their_own_address() {
    let site = proxied();
    guess(&mut Window::agent_from(&site, "203.0.113.5").await, "ann").await;
    Window::agent_from(&site, "198.51.100.7").await.done("sign_in", proof("ann", PASSWORD)).await;
    // A household has one address.
    guess(&mut Window::agent_from(&site, "2001:db8::1").await, "ann").await;
    let refused =
        Window::agent_from(&site, "2001:db8::2").await.refused("sign_in", proof("ann", PASSWORD)).await;
    assert_eq!((&refused["code"], &refused["retry"]), (&json!("slow_down"), &json!(true)));
    assert!(refused["retry_ms"].as_u64().unwrap() > 0);
}

#[actix_web::test]
async fn who_writes_an_address_themselves_is_braked_by_their_connection_s() {
    let site = site();
    guess(&mut Window::agent_from(&site, "203.0.113.5").await, "ann").await;
    let mut other = Window::agent_from(&site, "198.51.100.7").await;
    assert_eq!(other.code("sign_in", proof("ann", PASSWORD)).await, "slow_down");
}

#[actix_web::test]
async fn a_token_that_is_over_still_shows_that_its_agent_is_no_stranger() {
    let site = site();
    let mut window = Window::agent(&site).await;
    guess(&mut window, "ann").await;
    let mut shown = proof("ann", PASSWORD);
    shown["token"] = agents().token("ann", 0).unwrap().into();
    let mut forged = shown.clone();
    forged["token"] = agents().token("bob", 0).unwrap().into();
    assert_eq!(window.code("sign_in", forged).await, "slow_down");
    window.done("sign_in", shown).await;
}

#[actix_web::test]
async fn an_open_socket_is_given_tokens_that_follow_each_other_until_they_sign_out() {
    let short = agents().with_token_ms(1_000);
    let site = site_of_agents(Memory::new(), options(), 7, Files::in_memory(), short);
    let (mut ann, mut bob) = (Window::agent(&site).await, Window::agent(&site).await);
    let first = ann.done("sign_in", proof("ann", PASSWORD)).await["token"].clone();
    let renewed = |frame: &Value| frame["event"] == "token";
    let second = ann.find("a token", renewed).await["token"].clone();
    let third = ann.find("another token", renewed).await["token"].clone();
    assert!(first != second && second != third);
    let (before, after) = (first.as_str().unwrap(), third.as_str().unwrap());
    let ends = |token: &str| token.split_once('.').unwrap().0.parse::<i64>().unwrap();
    assert!(ends(after) > ends(before));
    assert!(agents().by_token("ann", after, 0).is_ok(), "good on every node");
    ann.done("sign_out", json!({})).await;
    ann.find("signed out", |frame| frame["status"]["state"] == "signed_out").await;
    while ann.had(renewed) {
        ann.find("one from before", renewed).await;
    }
    bob.done("sign_in", proof("bob", PASSWORD)).await;
    for _ in 0..2 {
        bob.find("a token", renewed).await;
    }
    assert_eq!(ann.code("ready", json!({})).await, "not_signed_in");
    assert!(!ann.had(renewed), "who has signed out is given none");
}

/// How often an agent's owner heard that this very agent is there.
fn heard(site: &Site, name: &str) -> usize {
    let agent = AgentName(name.to_owned());
    let by_him =
        |read: &(Caller, Read)| read.0 == Caller::Agent(agent.clone()) && matches!(read.1, Read::Desk { .. });
    site.sessions.asked().iter().filter(|ask| ask.read.as_ref().is_some_and(by_him)).count()
}

#[actix_web::test]
async fn a_token_that_is_over_is_called_so_and_its_agent_s_chats_wait_for_the_password_once() {
    let site = site();
    let mut window = Window::agent(&site).await;
    let over = |since_ms: i64| {
        let token = agents().token("ann", wall_ms() - TOKEN_MS - since_ms).unwrap();
        json!({"name": "ann", "token": token})
    };
    let token = over(60_000);
    site.sessions.troubles(&[Trouble::Again]);
    assert_eq!(window.refused("sign_in", token.clone()).await["retry"], true, "they don't know yet");
    let before = heard(&site, "ann");
    for _ in 0..3 {
        let refused = window.refused("sign_in", token.clone()).await;
        assert_eq!((&refused["code"], &refused["retry"]), (&json!("token_expired"), &json!(false)));
    }
    assert_eq!(heard(&site, "ann"), before + 1, "a grace time for each token, and no more");
    assert_eq!(window.code("sign_in", over(30_000)).await, "token_expired");
    assert_eq!(heard(&site, "ann"), before + 2);
    assert_eq!(window.code("sign_in", over(TOKEN_MS)).await, "token_expired");
    let of_another = json!({"name": "bob", "token": token["token"]});
    assert_eq!(window.code("sign_in", of_another).await, "wrong_password");
    assert_eq!((heard(&site, "ann"), heard(&site, "bob")), (before + 2, 0));
    assert_eq!(window.code("ready", json!({})).await, "not_signed_in");
}
