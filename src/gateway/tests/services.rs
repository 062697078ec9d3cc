//! What a website's widget learns of a service, and that a start is held to what it is asked.

use super::native::agent::{sign_in, stage};
use super::native::window::Window;
use super::support::{Memory, Site, Trouble, options, site, site_of};
use crate::clock::wall_ms;
use crate::gateway::prechat::{Choice, Consent, FieldKind, FormField, Prechat, Words};
use crate::gateway::{GatewayOptions, ServiceOptions};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

fn words(language: &str, text: &str) -> Words {
    Words::from([(language.to_owned(), text.to_owned())])
}

fn field(key: &str, kind: FieldKind, required: bool) -> FormField {
    let (label, autocomplete) = (Words::new(), None);
    FormField { key: key.to_owned(), kind, label, required, autocomplete, choices: Vec::new() }
}

/// The service `support` asks for much, can be rated, and tells places in line at short intervals.
fn asking() -> GatewayOptions {
    let mut options = options();
    options.place_pause = Duration::from_millis(20);
    let support: &mut ServiceOptions = options.services.get_mut("support").unwrap();
    support.rating = true;
    let sales = Choice { value: "sales".to_owned(), label: words("de", "Verkauf") };
    support.prechat = Prechat {
        title: words("*", "Help"),
        fields: vec![
            FormField { autocomplete: Some("name".to_owned()), ..field("nickname", FieldKind::Text, true) },
            field("email", FieldKind::Email, true),
            FormField {
                label: words("de", "Thema"),
                choices: vec![sales],
                ..field("topic", FieldKind::Choice, false)
            },
        ],
        consent: Some(Consent {
            text: words("en", "I agree"),
            url: Some("https://a.example/privacy".to_owned()),
        }),
        privacy: words("en", "We keep it for a year"),
        closed: words("en", "Nobody is here"),
    };
    options
}

async fn service(site: &Site, name: &str) -> (u16, reqwest::header::HeaderMap, Value) {
    let answer = site.http.get(format!("{}/v1/services/{name}", site.url)).send().await.unwrap();
    (answer.status().as_u16(), answer.headers().clone(), answer.json().await.unwrap())
}

/// A start with all that is asked for, but for these fields.
fn start(but: &Value) -> Value {
    let mut fields =
        json!({"service": "support", "nickname": "Zoë", "email": "zoe@example.org", "consent": true});
    for (key, value) in but.as_object().unwrap() {
        fields[key] = value.clone();
    }
    fields
}

#[actix_web::test]
async fn a_widget_learns_all_that_it_shows_before_a_chat() {
    let site = site_of(Memory::new(), asking(), 7);
    let (status, headers, shown) = service(&site, "support").await;
    assert_eq!((status, &headers["cache-control"]), (200, &"public, max-age=60".parse().unwrap()));
    let none: [&str; 0] = [];
    let expected = json!({
        "name": "support",
        "title": {"*": "Help"},
        "form": [
            {"key": "nickname", "kind": "text", "label": {}, "required": true, "autocomplete": "name", "choices": none},
            {"key": "email", "kind": "email", "label": {}, "required": true, "autocomplete": null, "choices": none},
            {"key": "topic", "kind": "choice", "label": {"de": "Thema"}, "required": false, "autocomplete": null,
                "choices": [{"value": "sales", "label": {"de": "Verkauf"}}]},
        ],
        "consent": {"text": {"en": "I agree"}, "url": "https://a.example/privacy"},
        "privacy": {"en": "We keep it for a year"},
        "closed": {"en": "Nobody is here"},
        "files": false, "rating": true, "open": false, "wait_s": null,
    });
    assert_eq!(shown, expected);
    let (_, _, plain) = service(&site, "default").await;
    assert_eq!(
        (&plain["form"], &plain["consent"], &plain["rating"]),
        (&json!([]), &Value::Null, &json!(false))
    );
    let (status, headers, unknown) = service(&site, "nowhere").await;
    assert_eq!((status, &unknown["code"]), (404, &json!("unknown_service")));
    assert_eq!(headers["cache-control"], "no-store");
}

#[actix_web::test]
async fn a_service_is_open_while_an_agent_is_ready_for_it_or_a_bot_answers() {
    let site = site();
    let open = async |name| service(&site, name).await.2["open"].clone();
    assert_eq!((open("robin").await, open("default").await), (json!(true), json!(false)));
    assert_eq!(open("support").await, json!(false));
    let mut ann = Window::agent(&site).await;
    sign_in(&mut ann, "ann").await;
    ann.done("ready", json!({})).await;
    // What was heard before is told on for a moment.
    while open("support").await != json!(true) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (_, _, free) = service(&site, "support").await;
    assert_eq!(free["wait_s"], 0, "she takes the next one at once");
}

#[actix_web::test]
async fn the_form_is_there_when_the_queues_can_t_be_asked() {
    let site = site();
    site.sessions.troubles(&[Trouble::Again]);
    let (status, headers, shown) = service(&site, "support").await;
    assert_eq!((status, &shown["open"], &shown["wait_s"]), (200, &Value::Null, &Value::Null));
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(service(&site, "support").await.2["open"], json!(false));
}

#[actix_web::test]
async fn the_queues_owners_are_not_asked_for_each_page_of_a_busy_site() {
    let site = site();
    for _ in 0..20 {
        assert_eq!(service(&site, "support").await.0, 200);
    }
    assert!(site.sessions.asked().len() < 20, "{}", site.sessions.asked().len());
}

#[actix_web::test]
async fn pages_of_other_sites_read_it_with_get_alone() {
    let site = site();
    let url = format!("{}/v1/services/default", site.url);
    let ask = |method: Method| site.http.request(method, &url).header("origin", "https://shop.example");
    let got = ask(Method::GET).send().await.unwrap();
    assert_eq!(got.headers()["access-control-allow-origin"], "https://shop.example");
    let before = ask(Method::OPTIONS).header("access-control-request-method", "GET").send().await.unwrap();
    assert_eq!(before.headers()["access-control-allow-methods"], "GET, OPTIONS");
    let posted = ask(Method::POST).send().await.unwrap();
    assert_eq!(posted.status(), 405);
}

#[actix_web::test]
async fn a_start_without_what_is_asked_for_is_refused_with_the_field_s_name() {
    let site = site_of(Memory::new(), asking(), 7);
    let mut window = Window::customer(&site).await;
    for (but, code, field) in [
        (json!({"nickname": " "}), "missing_field", json!("nickname")),
        (json!({"email": ""}), "missing_field", json!("email")),
        (json!({"email": "zoe"}), "bad_field", json!("email")),
        (json!({"user_data": {"topic": "other"}}), "bad_field", json!("user_data.topic")),
        (json!({"consent": false}), "no_consent", Value::Null),
    ] {
        let refused = window.refused("start", start(&but)).await;
        assert_eq!((&refused["code"], &refused["field"]), (&json!(code), &field), "{but}");
    }
    let chat = window.start(start(&json!({"user_data": {"topic": "sales"}}))).await;
    let (_, reply) = site.post("support", &[("nickname", "n")]).await;
    assert_eq!(reply["statusCode"], 0, "clients of the field are not held to it: {reply}");
    let mut ann = Window::agent(&site).await;
    sign_in(&mut ann, "bob").await;
    ann.done("ready", json!({})).await;
    let offer = stage(&mut ann, &chat["chat"], "offered").await;
    assert_eq!(offer["customer"]["data"], json!({"Consent": "true", "topic": "sales"}));
}

/// Waits until this is the place that was told.
async fn told(window: &mut Window, place: &Value) -> Value {
    let fits = |frame: &Value| frame["event"] == "queue" && frame["place"] == *place;
    window.find(&format!("the place {place}"), fits).await
}

#[actix_web::test]
async fn who_waits_is_told_their_place_until_an_agent_is_in_and_anew_on_resuming() {
    let site = site_of(Memory::new(), asking(), 7);
    let (mut zoe, mut kim) = (Window::customer(&site).await, Window::customer(&site).await);
    let first = zoe.start(start(&json!({}))).await;
    let frame = told(&mut zoe, &json!(1)).await;
    assert_eq!((&frame["chat"], &frame["wait_s"]), (&first["chat"], &Value::Null));
    let second = kim.start(start(&json!({}))).await;
    told(&mut kim, &json!(2)).await;
    // Through a takeover, and at another node.
    site.sessions.restore_all();
    drop(kim);
    let other = site_of(site.sessions.clone(), asking(), 8);
    let mut kim = Window::customer(&other).await;
    kim.done("resume", json!({"chat": second["chat"], "key": second["key"]})).await;
    told(&mut kim, &json!(2)).await;
    let mut ann = Window::agent(&site).await;
    sign_in(&mut ann, "ann").await;
    ann.done("ready", json!({})).await;
    stage(&mut ann, &first["chat"], "offered").await;
    told(&mut kim, &json!(1)).await;
    assert!(!zoe.had(|frame| frame["event"] == "queue" && frame["place"].is_null()), "nobody is there yet");
    ann.done("accept", json!({"chat": first["chat"]})).await;
    told(&mut zoe, &Value::Null).await;
    kim.done("leave", json!({"number": 1})).await;
    told(&mut kim, &Value::Null).await;
}

#[actix_web::test]
async fn who_waits_is_told_how_long_as_the_line_moved_before() {
    let site = site_of(Memory::new(), asking(), 7);
    site.sessions.is_now(wall_ms());
    let mut zoe = Window::customer(&site).await;
    let first = zoe.start(start(&json!({}))).await;
    told(&mut zoe, &json!(1)).await;
    site.sessions.passes(40_000);
    let mut ann = Window::agent(&site).await;
    sign_in(&mut ann, "ann").await;
    ann.done("ready", json!({})).await;
    stage(&mut ann, &first["chat"], "offered").await;
    let mut kim = Window::customer(&site).await;
    kim.start(start(&json!({}))).await;
    let frame = told(&mut kim, &json!(1)).await;
    assert!([40, 50].contains(&frame["wait_s"].as_u64().unwrap()), "{frame}");
}

#[actix_web::test]
async fn a_chat_is_rated_when_it_is_over_over_the_same_socket_or_another() {
    let site = site_of(Memory::new(), asking(), 7);
    let mut window = Window::customer(&site).await;
    let chat = window.start(start(&json!({}))).await;
    assert_eq!(window.code("rate", json!({"number": 1, "score": 5})).await, "not_ended");
    window.done("leave", json!({"number": 1})).await;
    window.find("the end", |frame| frame["ended"] == true).await;
    for score in [json!(0), json!(6), json!("good"), Value::Null] {
        assert_eq!(window.code("rate", json!({"number": 2, "score": score})).await, "bad_command", "{score}");
    }
    let long = "x".repeat(1001);
    assert_eq!(window.code("rate", json!({"number": 2, "score": 5, "text": long})).await, "bad_command");
    drop(window);
    let mut window = Window::customer(&site).await;
    let resumed = window.done("resume", json!({"chat": chat["chat"], "key": chat["key"]})).await;
    assert_eq!(resumed["next_command"], 2);
    let rate = json!({"number": 2, "score": 4, "text": "quick"});
    assert_eq!(window.done("rate", rate.clone()).await["number"], 2);
    assert_eq!(window.done("rate", rate).await["number"], 2, "a repeat");
    assert_eq!(window.code("rate", json!({"number": 3, "score": 1})).await, "rated");
    let mut other = Window::customer(&site).await;
    other.start(json!({"nickname": "n"})).await;
    other.done("leave", json!({"number": 1})).await;
    assert_eq!(other.code("rate", json!({"number": 2, "score": 1})).await, "no_ratings");
}
