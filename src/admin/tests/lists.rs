//! Lists: paging, filters, bad questions.

use super::*;
use serde_json::Value;

fn json(reply: &Reply) -> Value {
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    serde_json::from_str(&reply.body).unwrap()
}

#[actix_web::test]
async fn a_list_goes_on_where_the_page_before_ended() {
    let fake = fake();
    for path in ["sessions", "interactions", "queues", "agents"] {
        let first = json(&get(&fake, &format!("/admin/v1/{path}?limit=2&service=sales")).await);
        assert_eq!(first["items"].as_array().unwrap().len(), 2);
        assert_eq!(
            (&first["items"][0]["service"], &first["missing_shards"][0]),
            (&"sales".into(), &7.into())
        );
        let next = first["next"].as_str().unwrap();
        let second = json(&get(&fake, &format!("/admin/v1/{path}?limit=2&after={next}")).await);
        assert_eq!((&second["items"][0]["id"], &second["next"]), (&"c".into(), &Value::Null));
    }
}

#[actix_web::test]
async fn a_list_of_records_goes_on_where_an_answer_says_so_though_its_page_was_short() {
    let fake = fake();
    let mut after = String::new();
    for ended in [3, 2, 1] {
        let page = json(&get(&fake, &format!("/admin/v1/records?limit=100&service=sales{after}")).await);
        let item = &page["items"][0];
        assert_eq!((&item["service"], &item["ended_at_ms"]), (&"sales".into(), &ended.into()));
        assert_eq!(page["next"].as_str().is_none(), ended == 1, "{page}");
        let next = page["next"].as_str().unwrap_or_default();
        assert!(next.is_empty() || item["cursor"] == next);
        after = format!("&after={next}");
    }
    let wanted = fake.records_wanted.lock().unwrap();
    let ended: Vec<_> =
        wanted.iter().map(|wanted| wanted.after.as_ref().map(|after| after.ended_at_ms)).collect();
    assert_eq!(ended, [None, Some(3), Some(2)]);
    assert!(wanted.iter().all(|wanted| (wanted.from_ms, wanted.to_ms, wanted.limit) == (0, None, 100)));
}

#[actix_web::test]
async fn a_list_ends_when_its_caller_hangs_up() {
    let fake = fake();
    *fake.endless.lock().unwrap() = true;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = admin(&fake).serve(listener).unwrap();
    let handle = server.handle();
    rt::spawn(server);
    let mut caller = std::net::TcpStream::connect(address).unwrap();
    let request =
        format!("GET /admin/v1/records HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n");
    caller.write_all(request.as_bytes()).unwrap();
    let deadline = std::time::Duration::from_secs(120);
    let begun = async {
        while fake.records_wanted.lock().unwrap().is_empty() {
            rt::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    rt::time::timeout(deadline, begun).await.expect("timed out: the list has not begun");
    drop(caller);
    rt::time::timeout(deadline, fake.given_up.notified()).await.expect("timed out: the list goes on");
    handle.stop(false).await;
}

#[actix_web::test]
async fn the_bounds_of_a_list_of_records_are_handed_on_as_they_are() {
    let fake = fake();
    for (query, from_ms, to_ms) in [
        ("from_ms=0&to_ms=0", 0, Some(0)),
        ("from_ms=5&to_ms=9", 5, Some(9)),
        ("to_ms=281474976710656", 0, Some(1 << 48)),
        ("from_ms=7&to_ms=9223372036854775807", 7, Some(u64::MAX >> 1)),
    ] {
        json(&get(&fake, &format!("/admin/v1/records?{query}")).await);
        let wanted = fake.records_wanted.lock().unwrap().pop().unwrap();
        assert_eq!((wanted.from_ms, wanted.to_ms), (from_ms, to_ms), "{query}");
    }
    *fake.stuck.lock().unwrap() = Some("the store gave no answer in time".to_owned());
    let reply = get(&fake, "/admin/v1/records").await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(reply.problem().retry_after_seconds, Some(1));
}

#[actix_web::test]
async fn a_question_that_makes_no_sense_is_a_problem() {
    let fake = fake();
    for query in [
        "sessions?limit=0",
        "sessions?limit=1001",
        "agents?limit=x",
        "queues?colour=red",
        "records?from_ms=x",
        "records?from_ms=-1",
        "records?to_ms=-1",
        "records?to_ms=9223372036854775808",
        "records?from_ms=2&to_ms=1",
        "records?limit=0",
        "records?limit=1001",
        "records?limit=-1",
        "records?after=",
        "records?after=abc",
        "records?after=1",
        "records?after=-1.0123456789abcdEF",
        "records?after=%2b1.0123456789abcdEF",
        "records?after=01.0123456789abcdEF",
        "records?after=1.0123456789abcdE",
        "records?after=1.0123456789abcdEF.",
        "records?after=18446744073709551616.0123456789abcdEF",
    ] {
        let reply = get(&fake, &format!("/admin/v1/{query}")).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{query}");
        reply.problem();
    }
    assert!(fake.records_wanted.lock().unwrap().is_empty());
}
