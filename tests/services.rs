//! What a website's widget shows, on real nodes that are killed: the form, the place in line, the rating.

use crate::support::client::http;
use crate::support::cluster::Cluster;
use crate::support::talker::{RUN, Talker};
use crate::support::until;
use serde_json::{Value, json};
use std::path::Path;

/// A workflow that lets everybody wait for an agent at once.
const WORKFLOW: &str =
    "version = 1\nnickname = \"Desk\"\nstart = \"agent\"\n[steps.agent]\nroute = \"support\"\n";

/// Nodes whose service asks for nothing but a nickname, and takes ratings.
async fn cluster(folder: &Path) -> Cluster {
    std::fs::write(folder.join("line.toml"), WORKFLOW).unwrap();
    let extra = format!(
        "[workflows]\ndir = {:?}\n[services.default]\nworkflow = \"line\"\nrating = true\nform = [\"nickname\"]\n",
        folder.display()
    );
    Cluster::start_with(3, &extra).await
}

/// Lets the customer read on, at whatever node, until they were told this place over their present socket.
async fn is_told(talker: &mut Talker, place: Value) {
    let deadline = crate::support::Deadline::new();
    while talker.place != place {
        deadline.check(|| format!("the place {place} is told, not {}", talker.place));
        if talker.frame().await.is_none() {
            // Another socket, at the next node.
            talker.insist(json!({"do": "read", "position": 1})).await;
        }
    }
}

#[tokio::test]
async fn the_place_in_line_is_told_anew_and_a_rating_is_kept_when_nodes_are_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut cluster = cluster(folder.path()).await;
    let urls = cluster.urls();
    let shown: Value =
        http().get(format!("{}/v1/services/default", urls[0])).send().await.unwrap().json().await.unwrap();
    assert_eq!((&shown["form"][0]["key"], &shown["form"][1]), (&json!("nickname"), &Value::Null));
    assert_eq!(
        (&shown["rating"], &shown["open"], &shown["wait_s"]),
        (&json!(true), &json!(false), &Value::Null)
    );
    let mut first = Talker::start(&urls, 0, "Zoë").await;
    is_told(&mut first, json!(1)).await;
    let mut second = Talker::start(&urls, 0, "Kim").await;
    is_told(&mut second, json!(2)).await;
    cluster.nodes[0].kill();
    // Answered at another node, which knows nothing of what was told.
    second.insist(json!({"do": "read", "position": 1})).await;
    is_told(&mut second, json!(2)).await;
    assert!(second.reopened > 0, "the socket was at the killed node");
    first.insist(json!({"do": "leave", "number": 1, "run": RUN})).await;
    is_told(&mut second, json!(1)).await;
    let rate = json!({"do": "rate", "number": 2, "run": RUN, "score": 4, "text": "quick"});
    first.insist(rate).await;
    cluster.nodes[1].kill();
    let chat = first.chat.as_str().unwrap().to_owned();
    let rating = until("the rating is in the record", async || {
        let record = cluster.nodes[2].operators_get(&format!("records/{chat}")).await?;
        (!record["rating"].is_null() && !record["endedAt"].is_null()).then(|| record["rating"].clone())
    })
    .await;
    assert_eq!((&rating["score"], &rating["text"]), (&json!(4), &json!("quick")));
}
