//! The operators' listener against a fake node.

use super::fake::{Fake, KNOWN, SAID};
use super::{Admin, LeftBecause, Problem, SessionState, SessionSummary};
use crate::metrics::Metrics;
use crate::ports::{CallError, ClusterStatus, NotReady, RecordCursor};
use actix_web::body::to_bytes;
use actix_web::http::{Method, StatusCode};
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, rt};
use handoff_chat::SessionId;
use handoff_chat::command::{Act, Caller, Reject};
use handoff_config::Secret;
use proptest::prelude::*;
use std::io::Write;
use std::sync::{Arc, Mutex};

mod bulk;
mod description;
mod lists;
mod records;

const TOKEN: &str = "hunter2hunter2hunter2";

struct Reply {
    status: StatusCode,
    content_type: String,
    body: String,
}

impl Reply {
    fn problem(&self) -> Problem {
        assert_eq!(self.content_type, "application/problem+json", "{}", self.body);
        let problem: Problem = serde_json::from_str(&self.body).unwrap();
        assert_eq!(problem.status, self.status.as_u16());
        problem
    }
}

fn admin(fake: &Arc<Fake>) -> Admin {
    Admin::new(fake.clone(), fake.clone(), Metrics::new(), &Secret::new(TOKEN))
}

async fn send(fake: &Arc<Fake>, request: TestRequest) -> Reply {
    let admin = admin(fake);
    let app = init_service(App::new().configure(|config| admin.routes(config))).await;
    let response = match actix_web::dev::Service::call(&app, request.to_request()).await {
        Ok(response) => response.into_parts().1.map_into_boxed_body(),
        Err(error) => error.error_response(),
    };
    let header = response.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned());
    let status = response.status();
    let body = to_bytes(response.into_body()).await.unwrap();
    Reply {
        status,
        content_type: header.unwrap_or_default(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

fn asking(method: Method, path: &str) -> TestRequest {
    TestRequest::with_uri(path).method(method).insert_header(("Authorization", format!("Bearer {TOKEN}")))
}

async fn get(fake: &Arc<Fake>, path: &str) -> Reply {
    send(fake, asking(Method::GET, path)).await
}

async fn post(fake: &Arc<Fake>, path: &str) -> Reply {
    send(fake, asking(Method::POST, path)).await
}

fn fake() -> Arc<Fake> {
    Arc::new(Fake::new())
}

#[actix_web::test]
async fn nothing_of_the_admin_api_answers_without_the_token() {
    let fake = fake();
    let calls = [
        (Method::GET, "/admin/v1/cluster".to_owned()),
        (Method::GET, "/admin/v1/shards".to_owned()),
        (Method::GET, format!("/admin/v1/sessions/{KNOWN}")),
        (Method::POST, format!("/admin/v1/sessions/{KNOWN}/end")),
        (Method::GET, format!("/admin/v1/records/{KNOWN}")),
        (Method::POST, "/admin/v1/drain".to_owned()),
        (Method::POST, "/admin/v1/raise".to_owned()),
        (Method::GET, "/admin/v1/nothing".to_owned()),
    ];
    let wrong =
        ["", "Bearer", "Bearer ", "Bearer x", &format!("Basic {TOKEN}"), &format!("Bearer {TOKEN}x"), TOKEN];
    for (method, path) in &calls {
        for header in wrong {
            let request =
                TestRequest::with_uri(path).method(method.clone()).insert_header(("Authorization", header));
            let reply = send(&fake, request).await;
            assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{path} with {header:?}");
            assert!(!reply.problem().detail.contains(TOKEN));
        }
        let reply = send(&fake, TestRequest::with_uri(path).method(method.clone())).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{path} with no header");
    }
    assert_eq!(*fake.drains.lock().unwrap(), 0);
    assert!(fake.asked.lock().unwrap().is_empty());
}

#[actix_web::test]
async fn the_cluster_and_its_shards_are_shown() {
    let fake = fake();
    let reply = get(&fake, "/admin/v1/cluster").await;
    let status: ClusterStatus = serde_json::from_str(&reply.body).unwrap();
    assert_eq!((status.version, status.members.len()), (9, 2));
    let reply = get(&fake, "/admin/v1/shards").await;
    assert!(reply.body.contains("\"position\":[2,55]"), "{}", reply.body);
}

#[actix_web::test]
async fn a_session_is_shown_without_what_was_said_and_by_whom() {
    let reply = get(&fake(), &format!("/admin/v1/sessions/{KNOWN}")).await;
    let session: SessionSummary = serde_json::from_str(&reply.body).unwrap();
    assert_eq!((session.state, session.messages, session.last_seq), (SessionState::Closed, 1, 6));
    assert_eq!(session.ended_at_ms, Some(1_000_006));
    assert_eq!(session.participants[0].left_because, Some(LeftBecause::Left));
    assert_eq!(session.participants[1].bot.as_deref(), Some("demo"));
    assert!(!reply.body.contains("Ann") && !reply.body.contains("4111"), "{}", reply.body);
}

#[actix_web::test]
async fn a_record_comes_as_json_or_as_xml() {
    let fake = fake();
    let path = format!("/admin/v1/records/{KNOWN}");
    let json = get(&fake, &path).await;
    assert_eq!(json.content_type, "application/json");
    let value: serde_json::Value = serde_json::from_str(&json.body).unwrap();
    assert!(value.to_string().contains(SAID), "{value}");
    let by_query = get(&fake, &format!("{path}?format=xml")).await;
    let by_header =
        send(&fake, asking(Method::GET, &path).insert_header(("Accept", "text/xml, */*;q=0.1"))).await;
    for xml in [by_query, by_header] {
        assert_eq!(xml.content_type, "application/xml");
        assert!(xml.body.contains("&lt;4111&gt; \u{1f4b3}"), "{}", xml.body);
    }
    let wrong = get(&fake, &format!("{path}?format=pdf")).await;
    let detail = wrong.problem().detail;
    assert!(detail.ends_with("unknown variant `pdf`, expected `json` or `xml`"), "{detail}");
}

#[actix_web::test]
async fn unknown_ids_paths_and_methods_are_problems() {
    let fake = fake();
    for (path, status) in [
        ("/admin/v1/sessions/AAAAAAAAAAAAAAAA", 404),
        ("/admin/v1/records/AAAAAAAAAAAAAAAA", 404),
        ("/admin/v1/sessions/short", 400),
        ("/admin/v1/records/..%2f..%2fetc%2fpasswd", 400),
        ("/admin/v1/records/%ff%fe", 400),
        ("/admin/v1/nothing", 404),
        ("/nothing", 404),
        ("/admin/v1/drain", 405),
    ] {
        let reply = get(&fake, path).await;
        assert_eq!(reply.status.as_u16(), status, "{path}: {}", reply.body);
        reply.problem();
    }
    *fake.refuse.lock().unwrap() = Some(CallError::Again);
    assert_eq!(
        get(&fake, &format!("/admin/v1/records/{KNOWN}")).await.problem().retry_after_seconds,
        Some(1)
    );
}

#[actix_web::test]
async fn ending_a_session_is_the_operators_command_and_its_refusals_have_a_status() {
    let fake = fake();
    let path = format!("/admin/v1/sessions/{KNOWN}/end");
    let reply = post(&fake, &path).await;
    assert_eq!((reply.status, reply.body.as_str()), (StatusCode::OK, "{\"ended\":true,\"seq\":7}"));
    assert_eq!(*fake.asked.lock().unwrap(), [(Caller::Operator, Act::ForceEnd)]);
    for (error, status) in [
        (CallError::Rejected(Reject::Unknown), 404),
        (CallError::Rejected(Reject::Ended), 409),
        (CallError::Rejected(Reject::NotAllowed), 403),
        (CallError::Again, 503),
        (CallError::Busy, 503),
        (CallError::Unknown, 504),
    ] {
        *fake.refuse.lock().unwrap() = Some(error);
        assert_eq!(post(&fake, &path).await.problem().status, status);
    }
}

#[actix_web::test]
async fn a_drain_answers_when_done_or_says_why_not() {
    let fake = fake();
    assert_eq!(post(&fake, "/admin/v1/drain").await.status, StatusCode::OK);
    *fake.stuck.lock().unwrap() = Some("shard 3 found no taker".to_owned());
    assert_eq!(post(&fake, "/admin/v1/drain").await.problem().detail, "shard 3 found no taker");
    assert_eq!(*fake.drains.lock().unwrap(), 2);
}

#[actix_web::test]
async fn health_and_metrics_need_no_token_and_readiness_has_its_reason() {
    let fake = fake();
    let open = |path: &str| TestRequest::with_uri(path);
    assert_eq!(send(&fake, open("/health/live")).await.status, StatusCode::OK);
    assert_eq!(send(&fake, open("/health/ready")).await.status, StatusCode::OK);
    *fake.unready.lock().unwrap() = Some(NotReady::Draining);
    let reply = send(&fake, open("/health/ready")).await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(reply.body.contains("\"reason\":\"draining\""), "{}", reply.body);
    assert_eq!(send(&fake, open("/health/live")).await.status, StatusCode::OK, "a draining node lives");
    let metrics = send(&fake, open("/metrics")).await;
    assert_eq!(metrics.content_type, crate::metrics::CONTENT_TYPE);
    assert!(metrics.body.contains("handoff_journal_frames_total 0"), "{}", metrics.body);
}

#[actix_web::test]
async fn the_public_listener_can_have_the_health_routes_alone() {
    let sessions: Arc<dyn crate::ports::Sessions> = fake();
    let app = init_service(App::new().configure(crate::health::routes(&sessions))).await;
    let ready = call_service(&app, TestRequest::with_uri("/health/ready").to_request()).await;
    assert_eq!(ready.status(), StatusCode::OK);
    let metrics = call_service(&app, TestRequest::with_uri("/metrics").to_request()).await;
    assert_eq!(metrics.status(), StatusCode::NOT_FOUND);
}

/// Log lines kept in memory.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[actix_web::test]
async fn no_token_and_nothing_said_reaches_a_log_a_debug_text_or_a_metric() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone());
    let guard = tracing::subscriber::set_default(subscriber.finish());
    let fake = fake();
    for path in
        ["/admin/v1/cluster", &format!("/admin/v1/records/{KNOWN}"), "/admin/v1/sessions/short", "/metrics"]
    {
        get(&fake, path).await;
    }
    for path in ["/admin/v1/drain", &format!("/admin/v1/sessions/{KNOWN}/end")] {
        post(&fake, path).await;
    }
    drop(guard);
    let admin = admin(&fake);
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("operator asks for a drain"), "the log was not caught: {log}");
    let seen = format!("{log} {:?} {}", admin.token, admin.metrics.encode());
    for private in [TOKEN, "hunter2", "4111", "Ann", "ann@example.com"] {
        assert!(!seen.contains(private), "{private} shows in {seen}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_text_is_a_cursor_as_it_is_written_or_none(
        text in prop_oneof!["\\PC*", "[0-9+-]{0,22}[.]{0,2}[0-9A-Za-z.]{0,17}"], ended_at_ms: u64, random: [u8; 16]
    ) {
        if let Ok(cursor) = text.parse::<RecordCursor>() {
            prop_assert_eq!(cursor.to_string(), text);
        }
        let cursor = RecordCursor { ended_at_ms, id: SessionId::from_random(&random).0 };
        prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
    }

    #[test]
    fn any_path_query_and_header_is_answered(
        id in "[!-~]{0,40}",
        query in "[!-~]{0,40}",
        accept in "[ -~]{0,40}",
        token in "[ -~]{0,40}",
    ) {
        let clean = |text: String| text.replace(['#', '?', '/', '\\', '"', '<', '>', '^', '`', '{', '}', '|', '%'], "");
        let path = format!("/admin/v1/records/{}?{}", clean(id), clean(query));
        rt::System::new().block_on(async {
            let fake = fake();
            let known = asking(Method::GET, &path).insert_header(("Accept", accept.clone()));
            assert!(send(&fake, known).await.status.as_u16() < 500);
            let unknown = TestRequest::with_uri(&path).insert_header(("Authorization", token.clone()));
            assert!(send(&fake, unknown).await.status.is_client_error());
        });
    }
}
