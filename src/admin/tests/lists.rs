//! Lists: paging, filters, bad questions; and that the description names the routes that are there.

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
    let records = json(&get(&fake, "/admin/v1/records?limit=2&service=sales").await);
    assert_eq!((&records["items"][1]["service"], &records["next"]), (&"sales".into(), &"1".into()));
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
    ] {
        let reply = get(&fake, &format!("/admin/v1/{query}")).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{query}");
        reply.problem();
    }
    assert_eq!(get(&fake, "/admin/v1/records?after=garbage").await.status, StatusCode::INTERNAL_SERVER_ERROR);
}

#[actix_web::test]
async fn every_path_of_the_description_is_there_and_every_route_is_described() {
    let fake = fake();
    let yaml = get(&fake, "/admin/v1/openapi.yaml").await.body;
    let described: Vec<&str> = yaml
        .lines()
        .filter_map(|line| line.strip_prefix("  /").and_then(|path| path.strip_suffix(':')))
        .collect();
    for path in &described {
        let reply = get(&fake, &format!("/admin/v1/{}", path.replace("{id}", KNOWN))).await;
        assert_ne!(reply.status, StatusCode::NOT_FOUND, "{path} is described and not there");
    }
    let routes = include_str!("../api.rs").matches(".service(resource(\"").count();
    assert_eq!(described.len(), routes, "routes and described paths differ: {described:?}");
}
