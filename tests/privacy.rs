//! Personal data on real nodes: what participants see does not change when a node dies, and nothing that is not to be
//! stored lies in any file.

use std::fs;
use std::path::Path;

use crate::support::client::Customer;
use crate::support::cluster::Cluster;
use crate::support::until;

const CARD: &str = "4111 1111 1111 1111";
/// In the same message: shows that a search finds what is stored.
const WORD: &str = "watermelon";

/// Whether any file below a folder has these bytes.
fn holds(folder: &Path, wanted: &str) -> bool {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        if path.is_dir() {
            return holds(&path, wanted);
        }
        // A file may go while it is looked for.
        let bytes = fs::read(&path).unwrap_or_default();
        bytes.windows(wanted.len()).any(|part| part == wanted.as_bytes())
    })
}

async fn messages(customer: &mut Customer) -> Vec<String> {
    let reply = customer.refresh(1).await;
    let all = reply["messages"].as_array().unwrap().iter();
    let said = all.filter(|message| message["type"] == "Message" && message["from"]["type"] == "Client");
    said.map(|message| message["text"].as_str().unwrap().to_owned()).collect()
}

/// What the operators' API has of a chat's messages by its customer.
async fn recorded(cluster: &Cluster, chat: &str, wanted: &str) -> Vec<String> {
    until("the record is there", async || {
        let node = cluster.nodes.iter().find(|node| node.runs())?;
        let record = node.operators_get(&format!("records/{chat}")).await?;
        if wanted == "final" && record["endedAt"].is_null() {
            return None;
        }
        let events = record["events"].as_array()?.iter();
        let mine = events.filter(|event| event["type"] == "message" && event["by"] == 1);
        Some(mine.filter_map(|event| event["text"].as_str().map(str::to_owned)).collect())
    })
    .await
}

async fn talks_through_a_kill(area: &str, seen: &str, live: &str) {
    let extra =
        format!("[privacy]\napply_area = {area:?}\n[services.default]\nworkflow = \"\"\nbot = \"demo\"\n");
    let mut cluster = Cluster::start_with(3, &extra).await;
    let mut customer = Customer::request(&cluster.urls(), 0, "Zoë").await;
    let seen = [format!("my {WORD} card is {seen}")];
    customer.send(&format!("my {WORD} card is {CARD}"), "m-1").await;
    assert_eq!(messages(&mut customer).await, seen);
    let live = [format!("my {WORD} card is {live}")];
    assert_eq!(recorded(&cluster, &customer.chat_id, "live").await, live, "{area}");
    for victim in [0, 1] {
        cluster.nodes[victim].kill();
        assert_eq!(
            messages(&mut customer).await,
            seen,
            "{area}: a participant sees something else after a kill"
        );
        cluster.restart(victim).await;
    }
    customer.insist("disconnect", &[]).await;
    let masked = [format!("my {WORD} card is **** **** **** ****")];
    until("the record is final and masked", async || {
        (recorded(&cluster, &customer.chat_id, "final").await == masked).then_some(())
    })
    .await;
    let folder = cluster.nodes[0].dir.parent().unwrap();
    if std::env::var("HANDOFF_TEST_STORE").is_err() {
        assert!(holds(folder, WORD), "the search finds what is stored");
    }
    assert!(!holds(folder, CARD), "{area}: the original lies in a file");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_always_masked_is_stored_nowhere() {
    talks_through_a_kill("always", "**** **** **** ****", "**** **** **** ****").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_masked_in_the_history_is_seen_by_those_who_talk_before_and_after_a_kill() {
    talks_through_a_kill("history-all", CARD, "**** **** **** ****").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_masked_in_the_end_is_in_the_transcript_until_then() {
    talks_through_a_kill("history-final", CARD, CARD).await;
}
