//! What supervisors see of the cluster, and agents of their queues.

use super::window::Window;
use crate::gateway::tests::support::{PASSWORD, Site, site};
use crate::ports::EntityStatus;
use handoff_shard::listing::ListKind;
use serde_json::{Value, json};

fn status(id: &str, state: &str) -> EntityStatus {
    EntityStatus { id: id.to_owned(), state: state.to_owned(), ..EntityStatus::default() }
}

async fn bob(site: &Site) -> Window {
    let mut bob = Window::agent(site).await;
    let signed = bob.done("sign_in", json!({"name": "bob", "password": PASSWORD})).await;
    assert_eq!(signed["supervisor"], true);
    bob
}

async fn overview(window: &mut Window) -> Value {
    window.find("the overview", |frame| frame["event"] == "overview").await
}

#[actix_web::test]
async fn a_supervisor_sees_agents_queues_and_chats_and_then_what_changed() {
    let site = site();
    let late = EntityStatus { started_at_ms: Some(9), ..status("a", "open") };
    let early = EntityStatus { started_at_ms: Some(5), ..status("b", "ended") };
    let ann =
        EntityStatus { reason: Some("tea".to_owned()), since_ms: Some(7), ..status("ann", "not ready") };
    let queue = EntityStatus { waiting: Some(2), waits_since_ms: Some(3), ..status("support", "open") };
    let chats = [(ListKind::Session, late), (ListKind::Session, early)];
    let others = [(ListKind::Agent, ann), (ListKind::Queue, queue)];
    site.sessions.live(&[chats.clone(), others.clone()].concat());
    let mut bob = bob(&site).await;
    bob.done("oversee", json!({"on": true, "chats": {"queue": "support"}})).await;
    let seen = overview(&mut bob).await;
    let agent = &seen["agents"][0];
    assert_eq!((&agent["name"], &agent["state"]), (&json!("ann"), &json!("not ready")));
    assert_eq!((&agent["reason"], &agent["since"]), (&json!("tea"), &json!(7)));
    let queue = &seen["queues"][0];
    assert_eq!((&queue["waiting"], &queue["waits_since"]), (&json!(2), &json!(3)));
    assert_eq!(
        (&seen["chats"][0]["chat"], &seen["chats"][1]["chat"]),
        (&json!("b"), &json!("a")),
        "oldest first"
    );
    let filters: Vec<_> =
        site.sessions.listed().into_iter().map(|wanted| (wanted.kind, wanted.queue)).collect();
    let queue = Some("support".to_owned());
    assert!(filters.contains(&(ListKind::Session, queue)) && filters.contains(&(ListKind::Agent, None)));

    site.sessions.live(&others);
    let seen = overview(&mut bob).await;
    assert_eq!(seen["chats"], json!([]));
    assert!(seen.get("agents").is_none() && seen.get("queues").is_none(), "as they were: {seen}");
}

#[actix_web::test]
async fn the_overview_ends_when_it_is_wanted_no_more_and_another_replaces_it() {
    let site = site();
    let mut bob = bob(&site).await;
    for chats in ["first", "second"] {
        bob.done("oversee", json!({"on": true, "chats": {"queue": chats}})).await;
        overview(&mut bob).await;
    }
    bob.done("oversee", json!({"on": false})).await;
    bob.done("oversee", json!({"on": true, "chats": {"queue": "third"}})).await;
    overview(&mut bob).await;
    let before = site.sessions.listed().len();
    // Two more rounds, in which those that ended would have looked too.
    for state in ["ready", "not ready"] {
        site.sessions.live(&[(ListKind::Agent, status("ann", state))]);
        assert_eq!(overview(&mut bob).await["agents"][0]["state"], state);
    }
    let since = site.sessions.listed().split_off(before);
    let queues =
        since.iter().filter(|wanted| wanted.kind == ListKind::Session).map(|wanted| wanted.queue.as_deref());
    assert!(queues.clone().count() > 0 && queues.clone().all(|queue| queue == Some("third")), "{since:?}");
}

#[actix_web::test]
async fn who_is_no_supervisor_is_refused() {
    let site = site();
    let mut ann = Window::agent(&site).await;
    let signed = ann.done("sign_in", json!({"name": "ann", "password": PASSWORD})).await;
    assert_eq!(signed["supervisor"], false);
    assert_eq!(ann.code("oversee", json!({"on": true})).await, "not_allowed");
    assert!(site.sessions.listed().is_empty());
}

#[actix_web::test]
async fn an_agent_sees_the_queues_they_serve_and_no_others_until_they_watch_no_more() {
    let site = site();
    let waits = |queue: &str, waiting| EntityStatus {
        waiting: Some(waiting),
        waits_since_ms: Some(3),
        ..status(queue, "open")
    };
    let live = |support, sales| {
        let queues = [waits("sales", sales), waits("support", support)];
        site.sessions.live(&queues.map(|queue| (ListKind::Queue, queue)));
    };
    live(2, 9);
    let mut ann = Window::agent(&site).await;
    ann.done("sign_in", json!({"name": "ann", "password": PASSWORD})).await;
    ann.done("watch_queues", json!({"on": true})).await;
    let seen = async |window: &mut Window| {
        let frame = window.find("the queues", |frame| frame["event"] == "queues").await;
        assert_eq!(frame["partial"], false);
        let queues = frame["queues"].as_array().unwrap().clone();
        let told = |queue: &Value| format!("{} {} {}", queue["name"], queue["waiting"], queue["waits_since"]);
        queues.iter().map(told).collect::<Vec<_>>()
    };
    assert_eq!(seen(&mut ann).await, [r#""support" 2 3"#]);
    // A change in a queue of others is no news.
    live(2, 8);
    live(1, 8);
    assert_eq!(seen(&mut ann).await, [r#""support" 1 3"#]);
    ann.done("watch_queues", json!({"on": false})).await;
    let mut bob = bob(&site).await;
    bob.done("watch_queues", json!({"on": true})).await;
    seen(&mut bob).await;
    // Two rounds, in which it would be shown to both.
    for waiting in [7, 8] {
        live(waiting, 8);
        seen(&mut bob).await;
    }
    ann.done("ready", json!({})).await;
    assert!(!ann.has(|frame| frame["event"] == "queues"));
}
