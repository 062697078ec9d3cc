//! Records as bodies: whole, piece by piece, no faster than they are taken, and visibly cut where they can't be read
//! on.

use super::*;
use crate::admin::fake::Long;
use actix_web::body::MessageBody;
use serde_json::Value;
use std::io::Read;
use std::pin::pin;
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(120);

fn long(messages: u64, bytes: usize) -> Long {
    Long { messages, text: "x".repeat(bytes), fails_from: u64::MAX, stays_away_from: u64::MAX }
}

fn with(long: Long) -> Arc<Fake> {
    let fake = fake();
    *fake.long.lock().unwrap() = Some(long);
    fake
}

fn record(format: &str) -> TestRequest {
    asking(Method::GET, &format!("/admin/v1/records/{KNOWN}?format={format}"))
}

#[actix_web::test]
async fn a_long_record_has_each_event_once_and_in_order() {
    let fake = with(long(500, 10));
    let reply = send(&fake, record("json")).await;
    let json: Value = serde_json::from_str(&reply.body).unwrap();
    let said = json["events"].as_array().unwrap().iter().filter(|event| event["type"] == "message");
    let ids: Vec<u64> = said.map(|event| event["eventId"].as_u64().unwrap()).collect();
    assert_eq!(ids, (4..504).collect::<Vec<_>>());
    assert_eq!(
        (&json["service"], &json["participants"][0]["nickname"]),
        (&"default".into(), &"Ann Lee".into())
    );
    let reply = send(&fake, record("xml")).await;
    let places: Vec<usize> = (4..504).map(|id| reply.body.find(&format!(">{id} xxx")).unwrap()).collect();
    assert!(places.is_sorted() && reply.body.ends_with("</chatTranscript>"));
    assert_eq!(reply.body.matches("<message ").count(), 500);
    let reply = get(&fake, &format!("/admin/v1/sessions/{KNOWN}")).await;
    let session: SessionSummary = serde_json::from_str(&reply.body).unwrap();
    assert_eq!((session.messages, session.last_seq, session.started_at_ms), (500, 503, 1_000_001));
}

#[actix_web::test]
async fn a_piece_is_read_when_the_one_before_was_taken_and_no_more_when_the_caller_goes() {
    let fake = with(long(500, 10));
    let admin = admin(&fake);
    let app = init_service(App::new().configure(|config| admin.routes(config))).await;
    let response = call_service(&app, record("json").to_request()).await;
    assert_eq!(*fake.read.lock().unwrap(), [1], "the first piece decides the status");
    let mut body = pin!(response.into_body());
    for taken in 1..=10 {
        let chunk = std::future::poll_fn(|context| body.as_mut().poll_next(context)).await;
        assert!(chunk.unwrap().unwrap().len() < 4096);
        assert_eq!(fake.read.lock().unwrap().len(), taken);
    }
    drop(app);
    assert_eq!(fake.read.lock().unwrap().len(), 10);
}

/// A served node, a caller of it who asked for the record, and the first bytes of the answer.
fn called(fake: &Arc<Fake>) -> (actix_web::dev::ServerHandle, std::net::TcpStream) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = admin(fake).serve(listener).unwrap();
    let handle = server.handle();
    rt::spawn(server);
    let mut caller = std::net::TcpStream::connect(address).unwrap();
    let request =
        format!("GET /admin/v1/records/{KNOWN} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n");
    caller.write_all(request.as_bytes()).unwrap();
    caller.set_read_timeout(Some(DEADLINE)).unwrap();
    (handle, caller)
}

#[actix_web::test]
async fn reading_ends_when_the_caller_hangs_up() {
    let fake = with(Long { stays_away_from: 100, ..long(500, 10) });
    let (handle, caller) = called(&fake);
    let asked = async {
        while !fake.read.lock().unwrap().contains(&100) {
            rt::time::sleep(Duration::from_millis(5)).await;
        }
    };
    rt::time::timeout(DEADLINE, asked).await.expect("timed out: the record is not read");
    drop(caller);
    rt::time::timeout(DEADLINE, fake.given_up.notified()).await.expect("timed out: the reading goes on");
    handle.stop(false).await;
}

#[actix_web::test]
async fn a_record_that_can_t_be_read_on_is_visibly_cut() {
    let fake = with(Long { fails_from: 300, ..long(500, 1000) });
    let (handle, mut caller) = called(&fake);
    let reading = rt::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        let _reset = caller.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let answer = rt::time::timeout(DEADLINE, reading).await.expect("timed out: it stays open").unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200 OK") && answer.contains("transfer-encoding: chunked"),
        "{answer}"
    );
    assert!(!answer.ends_with("\r\n0\r\n\r\n"), "it ends as if it were whole");
    assert_eq!(fake.read.lock().unwrap().last(), Some(&300));
    handle.stop(false).await;
    // Before anything is sent it is a problem as any other.
    let fake = with(Long { fails_from: 1, ..long(500, 10) });
    assert_eq!(send(&fake, record("xml")).await.problem().status, 503);
}

#[actix_web::test]
async fn a_record_says_how_its_customer_rated_the_chat() {
    let reply = send(&fake(), record("json")).await;
    let json: Value = serde_json::from_str(&reply.body).unwrap();
    let expected = serde_json::json!({"score": 4, "text": "quick", "at": "1970-01-01T00:16:40.000Z"});
    assert_eq!(json["rating"], expected);
    let reply = send(&with(long(1, 1)), record("json")).await;
    let json: Value = serde_json::from_str(&reply.body).unwrap();
    assert!(json["rating"].is_null());
}
