//! Long polling: customers and agents who open no socket, each request on its own.

mod agent;

use super::agent::{sign_in, stage};
use super::window::{PATIENCE, Window, is_told, texts};
use crate::gateway::GatewayOptions;
use crate::gateway::admission::AdmissionOptions;
use crate::gateway::tests::support::{Memory, Site, Trouble, options, site, site_of};
use handoff_chat::command::{Act, Caller};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const CUSTOMER: &str = "/v1/customer";
const AGENT: &str = "/v1/agent";
/// As long as may be: who is answered much sooner was not kept waiting.
const LONG: u64 = 25_000;

/// Posts a body to a resource.
async fn post(site: &Site, path: &str, body: impl Into<reqwest::Body>) -> reqwest::Response {
    let request =
        site.http.post(format!("{}{path}/poll", site.url)).header("content-type", "application/json");
    request.body(body).send().await.unwrap()
}

/// One poll that is answered: its frames, each as described.
async fn poll(site: &Site, path: &str, frames: &[Value], wait_ms: u64) -> Vec<Value> {
    let body = json!({"frames": frames, "wait_ms": wait_ms}).to_string();
    let answer = post(site, path, body).await;
    assert_eq!(answer.status().as_u16(), 200, "{}", answer.text().await.unwrap());
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let answer: Value = answer.json().await.unwrap();
    let frames = answer["frames"].as_array().unwrap().clone();
    frames.iter().for_each(|frame| is_told(path, frame));
    assert_eq!(frames[0]["event"], "hello", "{frames:?}");
    frames
}

/// A problem of the request itself: its status and code.
async fn problem(site: &Site, path: &str, body: impl Into<reqwest::Body>) -> (u16, String) {
    let answer = post(site, path, body).await;
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let status = answer.status().as_u16();
    let told: Value = answer.json().await.unwrap();
    assert_eq!(told["status"], status);
    (status, told["code"].as_str().unwrap().to_owned())
}

fn answer<'f>(frames: &'f [Value], id: &str) -> &'f Value {
    frames.iter().find(|frame| frame["answer"] == id).unwrap_or_else(|| panic!("no {id} in {frames:?}"))
}

fn said(frames: &[Value]) -> Vec<&str> {
    frames.iter().flat_map(texts).collect()
}

fn send(number: u64, text: &str) -> Value {
    json!({"id": format!("send-{number}"), "do": "send", "number": number, "run": "page", "text": text})
}

fn typing(started: bool) -> Value {
    json!({"id": "typing", "do": "typing", "started": started})
}

/// What a customer who polls keeps of their chat.
struct Kept {
    chat: String,
    key: String,
    next: u64,
}

impl Kept {
    async fn start(site: &Site, service: &str) -> Self {
        let start = json!({"id": "start", "do": "start", "service": service, "nickname": "Zoë"});
        let frames = poll(site, CUSTOMER, &[start], LONG).await;
        let started = answer(&frames, "start");
        assert_eq!((&started["ok"], &started["next_command"]), (&json!(true), &json!(1)), "{started}");
        let text = |field: &str| started[field].as_str().unwrap().to_owned();
        let mut kept = Self { chat: text("chat"), key: text("key"), next: 1 };
        kept.look(&frames);
        assert!(kept.next > 1, "the first event is there: {frames:?}");
        kept
    }

    fn resume(&self) -> Value {
        json!({"id": "resume", "do": "resume", "chat": self.chat, "key": self.key, "position": self.next})
    }

    fn look(&mut self, frames: &[Value]) {
        for frame in frames.iter().filter(|frame| frame["event"] == "chat") {
            let events = frame["events"].as_array().unwrap();
            assert!(events.iter().all(|event| event["index"].as_u64().unwrap() >= self.next), "{frame}");
            self.next = frame["next"].as_u64().unwrap();
        }
    }

    /// Resumes, gives these commands and waits.
    async fn polls(&mut self, site: &Site, commands: &[Value], wait_ms: u64) -> Vec<Value> {
        let frames = [&[self.resume()], commands].concat();
        let frames = poll(site, CUSTOMER, &frames, wait_ms).await;
        assert_eq!(answer(&frames, "resume")["ok"], true, "{frames:?}");
        self.look(&frames);
        frames
    }

    /// Somebody else says something in the chat.
    fn hears(&self, site: &Site, text: &str) {
        let key = handoff_chat::SecureKey::parse(&self.key).unwrap();
        let act = Act::Send { text: text.to_owned(), message_type: None };
        site.sessions.command(&self.chat, Caller::key(key.hash()), act);
    }
}

/// Waits until a metric says so.
async fn until(site: &Site, metric: &str, value: u64) {
    let waiting = async {
        while site.sample(metric) != value {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, waiting).await;
    found.unwrap_or_else(|_| panic!("{metric}: {}, not {value}", site.sample(metric)));
}

const OPEN: &str = "handoff_socket_open{kind=\"customer_poll\"} ";

/// Until a customer's poll waits at the chat's owner.
async fn waits(site: &Site) {
    until(site, OPEN, 1).await;
    while site.sessions.waiting() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[actix_web::test]
async fn a_customer_starts_talks_and_leaves_by_polls_at_any_node() {
    let site = site();
    let other = site_of(site.sessions.clone(), options(), 8);
    let mut zoe = Kept::start(&site, "default").await;
    let frames = zoe.polls(&other, &[send(1, "one"), send(2, "two")], LONG).await;
    assert_eq!((&frames[0]["node"], said(&frames)), (&json!(8), vec!["one", "two"]));
    assert_eq!(answer(&frames, "send-2")["number"], 2);
    site.sessions.restore_all();
    let frames = zoe.polls(&site, &[send(2, "two"), send(3, "three")], LONG).await;
    assert_eq!(said(&frames), ["three"], "what was repeated is not said twice: {frames:?}");
    assert_eq!(answer(&frames, "resume")["next_command"], 3);
    let leave = json!({"id": "leave", "do": "leave", "number": 4, "run": "page"});
    let frames = zoe.polls(&site, &[leave], LONG).await;
    assert!(frames.iter().any(|frame| frame["ended"] == true), "{frames:?}");
    let begun = Instant::now();
    let frames = zoe.polls(&other, &[], LONG).await;
    assert!(frames.iter().any(|frame| frame["ended"] == true), "and whoever missed it is told: {frames:?}");
    assert!(begun.elapsed() < Duration::from_millis(LONG / 2));
}

#[actix_web::test]
async fn a_poll_without_news_waits_and_what_the_client_has_is_no_news() {
    let site = site();
    let mut zoe = Kept::start(&site, "default").await;
    let begun = Instant::now();
    let frames = zoe.polls(&site, &[typing(true)], 400).await;
    assert!(begun.elapsed() >= Duration::from_millis(400), "{frames:?}");
    assert_eq!(answer(&frames, "typing")["ok"], true);
    assert!(said(&frames).is_empty());
    let chat = frames.iter().find(|frame| frame["event"] == "chat").unwrap();
    assert_eq!(chat["participants"][0]["nickname"], "Zoë", "as on a socket");
    assert!(!frames.iter().any(|frame| frame["event"] == "beat" || frame["event"] == "moved"));
    zoe.hears(&site, "missed");
    let frames = zoe.polls(&site, &[], LONG).await;
    assert_eq!(said(&frames), ["missed"]);
    let begun = Instant::now();
    assert!(zoe.polls(&site, &[], 0).await.len() >= 2);
    assert!(begun.elapsed() < Duration::from_millis(LONG / 2), "0: nothing is waited for");
}

#[actix_web::test]
async fn news_reaches_who_waits_at_once_and_both_of_two_who_wait() {
    let site = site();
    let mut zoe = Kept::start(&site, "default").await;
    let (mut one, mut two) = (zoe.copy(), zoe.copy());
    let begun = Instant::now();
    let (first, second, ()) =
        futures_util::join!(one.polls(&site, &[], LONG), two.polls(&site, &[], LONG), async {
            until(&site, OPEN, 2).await;
            while site.sessions.waiting() < 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            // A third gives a command meanwhile.
            let frames = zoe.polls(&site, &[send(1, "hello")], 0).await;
            assert_eq!(answer(&frames, "send-1")["ok"], true);
        });
    assert!(begun.elapsed() < Duration::from_millis(LONG / 2));
    assert_eq!((said(&first), said(&second)), (vec!["hello"], vec!["hello"]));
}

impl Kept {
    fn copy(&self) -> Self {
        Self { chat: self.chat.clone(), key: self.key.clone(), next: self.next }
    }
}

#[actix_web::test]
async fn who_is_far_behind_gets_the_chat_piece_by_piece() {
    let mut large = options();
    large.services.values_mut().for_each(|service| service.limits.message_bytes_max = 60_000);
    let site = site_of(Memory::new(), large, 7);
    let mut zoe = Kept::start(&site, "default").await;
    let said_there: Vec<String> = (0..30).map(|n| format!("{n} {}", "x".repeat(50_000))).collect();
    said_there.iter().for_each(|text| zoe.hears(&site, text));
    let (mut heard, mut polls) = (Vec::new(), 0);
    while heard.len() < said_there.len() {
        let frames = zoe.polls(&site, &[], LONG).await;
        heard.extend(said(&frames).into_iter().map(str::to_owned));
        polls += 1;
    }
    assert_eq!(heard, said_there);
    assert!(polls >= 3, "1.5 MB in {polls} answers");
}

#[actix_web::test]
async fn each_bad_frame_is_refused_as_on_a_socket_and_the_others_are_carried_out() {
    let site = site();
    let mut zoe = Kept::start(&site, "default").await;
    let resume = zoe.resume();
    let (one, two) = (send(1, "one"), send(2, "two"));
    let body = format!(
        "{{\"frames\": [7, {resume}, {{\"id\": \"half\", \"do\": \"send\", \"text\": \"\\ud83d\"}}, {one}, \
         {{\"id\": \"huge\", \"number\": 1e999}}, [], {two}], \"wait_ms\": 0}}"
    );
    let frames: Value = post(&site, CUSTOMER, body).await.json().await.unwrap();
    let frames = frames["frames"].as_array().unwrap();
    for id in ["half", "huge"] {
        assert_eq!(answer(frames, id)["error"]["code"], "bad_command", "{frames:?}");
    }
    let nameless = frames.iter().filter(|frame| frame["ok"] == false && frame["answer"].is_null());
    assert_eq!(nameless.count(), 2);
    for id in ["resume", "send-1", "send-2"] {
        assert_eq!(answer(frames, id)["ok"], true, "{frames:?}");
    }
    assert_eq!(said(&zoe.polls(&site, &[], LONG).await), ["one", "two"]);
    let stranger = [send(3, "three"), json!({"id": "r", "do": "read", "position": 1})];
    let frames = poll(&site, CUSTOMER, &stranger, 0).await;
    for id in ["send-3", "r"] {
        assert_eq!(answer(&frames, id)["error"]["code"], "not_started");
    }
}

#[actix_web::test]
async fn what_rests_on_a_resume_that_is_to_come_again_is_to_come_again() {
    let site = site();
    let zoe = Kept::start(&site, "default").await;
    site.sessions.troubles(&[Trouble::Again]);
    let begun = Instant::now();
    let frames = poll(&site, CUSTOMER, &[zoe.resume(), send(1, "one")], LONG).await;
    for id in ["resume", "send-1"] {
        let error = &answer(&frames, id)["error"];
        assert_eq!((&error["code"], &error["retry"]), (&json!("again"), &json!(true)), "{frames:?}");
    }
    let frames = poll(&site, CUSTOMER, &[zoe.resume(), send(1, "one")], LONG).await;
    assert_eq!(answer(&frames, "send-1")["ok"], true);
    let wrong = json!({"id": "in", "do": "sign_in", "name": "ann", "token": "1.x"});
    let frames = poll(&site, AGENT, &[wrong, json!({"id": "ready", "do": "ready"})], LONG).await;
    assert_eq!(answer(&frames, "in")["error"]["code"], "wrong_password");
    assert_eq!(answer(&frames, "ready")["error"]["code"], "again", "for when they have signed in");
    assert!(begun.elapsed() < Duration::from_millis(LONG / 2), "there is nothing to wait for");
}

#[actix_web::test]
async fn what_is_wrong_with_a_request_is_told_as_a_problem() {
    let strict = GatewayOptions {
        admission: AdmissionOptions { address_requests_per_minute: 40, ..AdmissionOptions::default() },
        ..options()
    };
    let site = site_of(Memory::new(), strict, 7);
    for path in [CUSTOMER, AGENT] {
        for (wrong, status, code) in [
            ("", 400, "bad_request"),
            ("[]x", 400, "bad_request"),
            ("{\"frames\": 1}", 400, "bad_request"),
            ("{\"wait_ms\": 0}", 400, "bad_request"),
            ("{\"frames\": [], \"wait_ms\": -1}", 400, "bad_request"),
            ("{\"frames\": [], \"wait_ms\": 25001}", 400, "bad_request"),
            (&json!({"frames": vec![0; 65]}).to_string(), 400, "bad_request"),
            (&json!({"frames": ["x".repeat(32 * 1024)]}).to_string(), 413, "too_large"),
        ] {
            let told = problem(&site, path, wrong.to_owned()).await;
            assert_eq!(told, (status, code.to_owned()), "{}", &wrong[..wrong.len().min(99)]);
        }
        let url = format!("{}{path}/poll", site.url);
        let form = site.http.post(&url).header("content-type", "text/plain").body("{\"frames\": []}");
        assert_eq!(form.send().await.unwrap().status().as_u16(), 415);
        let got = site.http.get(&url).send().await.unwrap();
        assert_eq!(
            (got.status().as_u16(), &got.headers()["allow"]),
            (405, &"POST, OPTIONS".parse().unwrap())
        );
    }
    let empty = || json!({"frames": vec![0; 64]}).to_string();
    while post(&site, CUSTOMER, empty()).await.status().as_u16() == 200 {}
    let limited = post(&site, AGENT, empty()).await;
    assert_eq!(limited.status().as_u16(), 429);
    assert!(limited.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(limited.json::<Value>().await.unwrap()["code"], "limited");
}

#[actix_web::test]
async fn a_poll_that_waits_when_the_node_drains_is_led_away_at_once_and_one_that_comes_late_too() {
    let site = site();
    let mut zoe = Kept::start(&site, "default").await;
    let moved = json!({"event": "moved", "nodes": ["http://127.0.0.1:8108"]});
    let begun = Instant::now();
    let (frames, ()) = futures_util::join!(zoe.polls(&site, &[], LONG), async {
        waits(&site).await;
        site.sessions.drain();
    });
    assert_eq!(frames.last(), Some(&moved));
    let frames = zoe.polls(&site, &[send(1, "late")], LONG).await;
    assert_eq!((&answer(&frames, "send-1")["ok"], frames.last()), (&json!(true), Some(&moved)));
    assert!(begun.elapsed() < Duration::from_millis(LONG / 2));
    until(&site, "handoff_socket_closes_total{kind=\"customer_poll\",reason=\"moved\"} ", 2).await;
}

#[actix_web::test]
async fn a_client_that_hangs_up_is_waited_for_no_longer() {
    let site = site();
    let zoe = Kept::start(&site, "default").await;
    let body = json!({"frames": [zoe.resume()], "wait_ms": LONG}).to_string();
    tokio::select! {
        biased;
        _ = post(&site, CUSTOMER, body) => panic!("there is no news"),
        () = waits(&site) => {}
    }
    until(&site, "handoff_socket_closes_total{kind=\"customer_poll\",reason=\"gone\"} ", 1).await;
    until(&site, OPEN, 0).await;
    while site.sessions.waiting() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    until(&site, "handoff_socket_closes_total{kind=\"customer_poll\",reason=\"answered\"} ", 1).await;
}

#[actix_web::test]
async fn as_many_may_wait_as_there_may_be_connections() {
    let mut site = site_of(Memory::new(), GatewayOptions { connections_max: 2, ..options() }, 7);
    site.http = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
    let zoe = Kept::start(&site, "default").await;
    until(&site, "handoff_gateway_connections ", 0).await;
    let (mut one, mut two) = (zoe.copy(), zoe.copy());
    futures_util::join!(one.polls(&site, &[], LONG), two.polls(&site, &[], LONG), async {
        until(&site, OPEN, 2).await;
        // The refusal may come before its client has asked at all.
        let refused = site.http.post(&site.url).send().await;
        assert!(refused.is_err() || refused.is_ok_and(|answer| answer.status().as_u16() == 503));
        until(&site, "handoff_gateway_connections_refused_total ", 1).await;
        zoe.hears(&site, "over");
    });
}

#[actix_web::test]
async fn typing_outlasts_the_poll_that_said_it_until_its_own_end() {
    let site = site();
    let mut zoe = Kept::start(&site, "support").await;
    let mut ann = Window::agent(&site).await;
    sign_in(&mut ann, "ann").await;
    ann.done("ready", json!({})).await;
    let chat = json!(zoe.chat);
    stage(&mut ann, &chat, "offered").await;
    ann.done("accept", json!({"chat": chat})).await;
    let types = |started: bool| {
        move |frame: &Value| {
            let typing = frame["typing"].as_array().into_iter().flatten();
            typing.into_iter().any(|typing| typing["started"] == started)
        }
    };
    zoe.polls(&site, &[typing(true)], 0).await;
    ann.find("that they type", types(true)).await;
    zoe.polls(&site, &[], 50).await;
    zoe.hears(&site, "seen after that");
    ann.message("seen after that").await;
    let stops = |ask: &handoff_shard::Call| {
        let act = ask.command.as_ref().map(|command| &command.act);
        matches!(act, Some(Act::StopTyping { .. }))
    };
    assert!(!site.sessions.asked().iter().any(stops), "no poll's end said so");
    zoe.polls(&site, &[typing(true)], 0).await;
    ann.find("that they type again", types(true)).await;
    zoe.polls(&site, &[typing(false)], 0).await;
    ann.find("that they type no longer", types(false)).await;
}
