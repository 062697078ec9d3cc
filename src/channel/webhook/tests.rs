//! The way out against a receiver that answers as it is told, and both sides of the signature against the
//! specification's own implementation.

use super::signature::{ID, SIGNATURE, Signer, TIMESTAMP};
use super::*;
use crate::clock::wall_ms;
use crate::gateway::given::Given;
use crate::ports::Outbound;
use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use handoff_chat::channel::{Address, Delivery};
use handoff_chat::event::{Body, Event, Participant, PerView, Role, Visibility};
use handoff_chat::session::Push;
use handoff_chat::text::Text;
use handoff_chat::{AgentName, Millis, SessionId};
use handoff_config::Secret;
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn headers(id: &str, timestamp: &str, signature: &str) -> HeaderMap {
    let all = [(ID, id), (TIMESTAMP, timestamp), (SIGNATURE, signature)];
    all.into_iter()
        .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap()))
        .collect()
}

#[test]
fn a_secret_is_whsec_and_24_to_64_bytes_in_base64() {
    let of = |bytes: usize| {
        format!("whsec_{}", base64::Engine::encode(&base64::prelude::BASE64_STANDARD, vec![7; bytes]))
    };
    assert!(Signer::of_secret(SECRET).is_some() && Signer::of_secret(&format!(" {}\n", of(64))).is_some());
    for wrong in [of(23), of(65), of(32).replace("whsec_", ""), "whsec_?".to_owned(), String::new()] {
        assert!(Signer::of_secret(&wrong).is_none(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn the_stock_implementation_accepts_what_we_sign_and_we_what_it_signs(
        id in "[!-~]{1,40}", body in "\\PC{0,60}", late in -250_i64..250
    ) {
        let (ours, stock) = (Signer::of_secret(SECRET).unwrap(), Webhook::new(SECRET).unwrap());
        let now = wall_ms() / 1_000;
        let (at, timestamp) = (now + late, (now + late).to_string());
        let signature = ours.sign(&id, &timestamp, body.as_bytes());
        prop_assert!(stock.verify(body.as_bytes(), &headers(&id, &timestamp, &signature)).is_ok());
        let signature = stock.sign(&id, at, body.as_bytes()).unwrap();
        let accepts = |id: &str, timestamp: &str, body: &str, signature: &str, now: i64| {
            ours.accepts(id, timestamp, body.as_bytes(), signature, now)
        };
        prop_assert!(accepts(&id, &timestamp, &body, &signature, now));
        let several = format!("v1,AAAA v2,{} {signature}", "x".repeat(44));
        prop_assert!(accepts(&id, &timestamp, &body, &several, now));
        let (other_id, other_body) = (format!("{id}x"), format!("{body} "));
        prop_assert!(!accepts(&other_id, &timestamp, &body, &signature, now));
        prop_assert!(!accepts(&id, &(at + 1).to_string(), &body, &signature, now));
        prop_assert!(!accepts(&id, &timestamp, &other_body, &signature, now));
        prop_assert!(!accepts(&id, &timestamp, &body, &signature.replace("v1,", "v2,"), now));
        prop_assert!(!accepts(&id, &timestamp, &body, &signature, at + 301));
        prop_assert!(!accepts(&id, &timestamp, &body, &signature, at - 301));
        let other = Signer::of_secret(&SECRET.replace("MfK", "MfL")).unwrap();
        prop_assert!(!other.accepts(&id, &timestamp, body.as_bytes(), &signature, now));
    }
}

#[test]
fn so_many_signatures_are_looked_at_and_no_more() {
    let signer = Signer::of_secret(SECRET).unwrap();
    let signature = signer.sign("m", "1000", b"{}");
    let among = |others: usize| format!("{}{signature}", "v1,AAAA ".repeat(others));
    assert!(signer.accepts("m", "1000", b"{}", &among(7), 1000));
    assert!(!signer.accepts("m", "1000", b"{}", &among(8), 1000));
}

/// What it is to answer, and what came.
#[derive(Default)]
struct Receiver {
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
    answers: Mutex<VecDeque<(u16, Option<&'static str>)>>,
    came: Mutex<Vec<(HeaderMap, Vec<u8>)>>,
}

async fn take(receiver: web::Data<Receiver>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let now = receiver.at_once.fetch_add(1, Ordering::Relaxed) + 1;
    receiver.most_at_once.fetch_max(now, Ordering::Relaxed);
    tokio::task::yield_now().await;
    let header = |name: &str| request.headers().get(name).unwrap().to_str().unwrap().to_owned();
    let came = (headers(&header(ID), &header(TIMESTAMP), &header(SIGNATURE)), body.to_vec());
    receiver.came.lock().unwrap().push(came);
    let (status, body) = receiver.answers.lock().unwrap().pop_front().unwrap_or((204, None));
    receiver.at_once.fetch_sub(1, Ordering::Relaxed);
    let mut response = HttpResponse::build(StatusCode::from_u16(status).unwrap());
    if status == 302 {
        response.insert_header(("location", "/elsewhere"));
    }
    response.body(body.unwrap_or_default())
}

/// A receiver that answers so, and the way out to it.
fn receiver(
    answers: &[(u16, Option<&'static str>)],
    give_up_ms: u64,
) -> (web::Data<Receiver>, WebhookOutbound) {
    let receiver = web::Data::new(Receiver {
        answers: Mutex::new(answers.iter().copied().collect()),
        ..Default::default()
    });
    let served = receiver.clone();
    let app = move || App::new().app_data(served.clone()).default_service(web::to(take));
    let server = HttpServer::new(app).workers(1).bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/events", server.addrs()[0]);
    actix_web::rt::spawn(server.run());
    let webhook = WebhookChannel {
        url,
        secret: Some(Secret::new(SECRET)),
        retry_ms: 10,
        retry_max_ms: 40,
        give_up_ms,
        posts_max: 2,
        ..WebhookChannel::default()
    };
    let signer = Signer::of_secret(SECRET).unwrap();
    (receiver, WebhookOutbound::new("webhook:shop", &webhook, signer, Metrics::default()).unwrap())
}

fn push() -> Push {
    let kate = Participant {
        number: 2,
        number_in_view: PerView::new(Some(2), Some(2), Some(2)),
        role: Role::Agent(AgentName("kate".to_owned())),
        visibility: Visibility::All,
        nickname: Text::clear("Kate"),
        user_id: "00".repeat(8),
    };
    let body = Body::Message { text: Text::clear("Hello"), message_type: Some("text".to_owned()) };
    Push {
        to: Address { channel: "webhook:shop".to_owned(), address: "+49 151".to_owned() },
        session: SessionId("0123456789abcdEF".to_owned()),
        service: "default".to_owned(),
        event: Event {
            seq: 7,
            at: Millis(wall_ms()),
            index: PerView::new(Some(3), Some(5), Some(6)),
            by: 2,
            body,
        },
        participants: vec![kate],
    }
}

#[actix_web::test]
async fn an_event_is_posted_with_its_id_and_signed_until_it_is_taken() {
    let answers =
        [(503, None), (404, None), (302, None), (500, Some("{\"reason\": \"not now\"}")), (200, None)];
    let (receiver, outbound) = receiver(&answers, 60_000);
    assert_eq!(outbound.push(push()).await, Delivery::Sent);
    let came = receiver.came.lock().unwrap();
    assert_eq!(came.len(), 5);
    let stock = Webhook::new(SECRET).unwrap();
    for (headers, body) in came.iter() {
        stock.verify(body, headers).unwrap();
        assert_eq!(headers[ID], "0123456789abcdEF-7");
    }
    let body: Value = serde_json::from_slice(&came[0].1).unwrap();
    let event = json!({
        "index": 3, "at": body["data"]["event"]["at"], "type": "message", "by": 2, "text": "Hello",
        "message_type": "text", "reason": null,
    });
    let by = json!({"number": 2, "role": "agent", "nickname": "Kate", "user_id": "0000000000000000"});
    let data = json!({
        "id": "0123456789abcdEF-7", "address": "+49 151", "chat": "0123456789abcdEF", "service": "default",
        "event": event, "by": by,
    });
    assert_eq!(body, json!({"type": "chat.message", "timestamp": body["timestamp"], "data": data}));
}

#[actix_web::test]
async fn what_is_refused_for_good_has_failed_with_the_receiver_s_reason() {
    let long: &'static str = Box::leak(format!("{{\"reason\": \"{}\"}}", "x".repeat(5_000)).into_boxed_str());
    for (answer, reason) in [
        ((422, Some("{\"reason\": \"blocked\"}")), "blocked"),
        ((422, Some("no JSON")), "HTTP 422"),
        ((422, Some(long)), "HTTP 422"),
        ((410, None), "HTTP 410"),
    ] {
        let (receiver, outbound) = receiver(&[answer], 60_000);
        let failed = Delivery::Failed { reason: reason.to_owned() };
        assert_eq!(outbound.push(push()).await, failed);
        assert_eq!(receiver.came.lock().unwrap().len(), 1);
    }
}

#[actix_web::test]
async fn what_nobody_takes_for_long_enough_is_given_up_and_what_is_old_is_tried_once() {
    let (receiver, outbound) = receiver(&[(503, None); 200], 300);
    assert_eq!(outbound.push(push()).await, Delivery::Failed { reason: "HTTP 503".to_owned() });
    assert!(receiver.came.lock().unwrap().len() > 3);
    receiver.answers.lock().unwrap().clear();
    let mut old = push();
    old.event.at = Millis(0);
    assert_eq!(outbound.push(old.clone()).await, Delivery::Sent);
    receiver.answers.lock().unwrap().push_back((503, None));
    assert_eq!(outbound.push(old).await, Delivery::Failed { reason: "HTTP 503".to_owned() });
}

#[actix_web::test]
async fn an_address_where_nobody_listens_is_no_end() {
    let (_receiver, outbound) = receiver(&[], 60_000);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let webhook = WebhookChannel {
        url: format!("http://127.0.0.1:{port}/secret-path"),
        retry_ms: 10,
        give_up_ms: 200,
        ..WebhookChannel::default()
    };
    let signer = Signer::of_secret(SECRET).unwrap();
    let nobody = WebhookOutbound::new("webhook:shop", &webhook, signer, Metrics::default()).unwrap();
    let Delivery::Failed { reason } = nobody.push(push()).await else { panic!("taken by nobody") };
    assert!(!reason.contains("secret-path"), "{reason}");
    let slow = tokio::time::timeout(Duration::from_secs(60), outbound.push(push()));
    assert_eq!(slow.await, Ok(Delivery::Sent));
}

#[actix_web::test]
async fn no_more_posts_than_allowed_are_on_their_way() {
    let (receiver, outbound) = receiver(&[], 60_000);
    let pushes = (0..40).map(|_| outbound.push(push()));
    let delivered = futures_util::future::join_all(pushes).await;
    assert!(delivered.iter().all(|delivery| *delivery == Delivery::Sent));
    assert_eq!(receiver.came.lock().unwrap().len(), 40);
    assert!(receiver.most_at_once.load(Ordering::Relaxed) <= 2);
}

#[actix_web::test]
async fn a_node_that_lacks_the_channel_leaves_an_event_to_others_for_a_day() {
    let channels = crate::channel::Channels::of(&Config::default()).unwrap();
    let waits = tokio::time::timeout(Duration::from_millis(50), channels.push(push()));
    assert!(waits.await.is_err(), "another node may have it");
    let mut old = push();
    old.event.at = Millis(wall_ms() - 25 * 3_600_000);
    assert_eq!(channels.push(old).await, Delivery::Failed { reason: "not_configured".to_owned() });
}

#[test]
fn an_address_that_is_only_said_finds_nobody_and_is_shown() {
    let given = Given { email: Some("zoe@example.org".to_owned()), ..Given::default() };
    let said = inbound::only_said(given);
    assert_eq!((said.email, said.user_data["EmailAddress"].as_str()), (None, "zoe@example.org"));
    assert!(inbound::only_said(Given::default()).user_data.is_empty());
}

#[test]
fn an_empty_word_lets_nothing_out_after_the_window() {
    for (word, after) in [("", None), ("template", Some("template".to_owned()))] {
        let webhook =
            WebhookChannel { window_ms: 1, window_after: Some(word.to_owned()), ..WebhookChannel::default() };
        assert_eq!(channel("webhook:shop", &webhook).unwrap().window.unwrap().after, after);
    }
}
