//! Many sessions are ended at once: by filters, page by page, and counted before.

use super::*;
use serde_json::{Value, json};

async fn post(fake: &Arc<Fake>, query: &str) -> Value {
    let reply = send(fake, asking(Method::POST, &format!("/admin/v1/sessions/end?{query}"))).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    serde_json::from_str(&reply.body).unwrap()
}

fn ended(fake: &Fake) -> usize {
    let asked = fake.asked.lock().unwrap();
    assert!(asked.iter().all(|asked| *asked == (Caller::Operator, Act::ForceEnd)));
    asked.len()
}

#[actix_web::test]
async fn what_fits_is_counted_and_then_ended_and_nobody_is_taken_from_an_agent() {
    let fake = fake();
    let counts = |found, ended, failed| {
        let missing = [7];
        json!({"found": found, "ended": ended, "failed": failed, "next": null, "missing_shards": missing})
    };
    assert_eq!(post(&fake, "queue=support&dry_run=true").await, counts(2, 0, 0));
    assert_eq!(ended(&fake), 0);
    assert_eq!(post(&fake, "queue=support").await, counts(2, 2, 0));
    assert_eq!(ended(&fake), 2);
    assert_eq!(post(&fake, "service=sales&place=agent").await, counts(1, 1, 0));
    assert_eq!(post(&fake, "service=sales&older_than_s=60").await, counts(2, 2, 0));
    assert_eq!(post(&fake, "service=sales&younger_than_s=60").await, counts(0, 0, 0), "they are of 1970");
    assert_eq!(post(&fake, "service=closing").await, counts(0, 0, 0), "they have ended");
    *fake.refuse.lock().unwrap() = Some(CallError::Rejected(Reject::Unknown));
    assert_eq!(post(&fake, "queue=support").await, counts(2, 2, 0), "they ended by themselves");
    *fake.refuse.lock().unwrap() = Some(CallError::Again);
    assert_eq!(post(&fake, "queue=support").await, counts(2, 0, 2));
}

#[actix_web::test]
async fn a_call_looks_at_one_page_and_says_where_the_next_goes_on() {
    let fake = fake();
    let first = post(&fake, "queue=support&limit=2").await;
    assert_eq!((&first["found"], &first["next"]), (&1.into(), &"b".into()), "a and b were looked at");
    let second = post(&fake, "queue=support&limit=2&after=b").await;
    assert_eq!((&second["found"], &second["next"]), (&1.into(), &Value::Null));
    assert_eq!(ended(&fake), 2);
}

#[actix_web::test]
async fn without_a_filter_or_with_a_wrong_one_nothing_ends() {
    let fake = fake();
    for query in [
        "",
        "dry_run=true",
        "place=queue",
        "queue=support&place=nowhere",
        "older_than_s=-1",
        "queue=support&limit=0",
        "queue=support&limit=1001",
        "colour=red",
    ] {
        let reply = send(&fake, asking(Method::POST, &format!("/admin/v1/sessions/end?{query}"))).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{query}");
        reply.problem();
    }
    assert_eq!(ended(&fake), 0);
}
