//! What customers say, who they are and what opens their chats appears in no log line and no metric, however much is
//! logged and whatever goes wrong.

use std::fs;
use std::path::Path;

use crate::support::client::{Customer, http, post};
use crate::support::cluster::{Cluster, SECRET};

/// Everything that our own code ever logs.
const TALKATIVE: &str = "[log]\nfilter = \"info,handoff=trace\"\n";
const NICKNAME: &str = "Zenobia Quux";
const EMAIL: &str = "zenobia.quux@example.com";
const SUBJECT: &str = "the-subject-kumquat";
const ATTACHED: &str = "attached-value-persimmon";
const TEXT: &str = "my card is 4929 rhubarb";
const PREVIEW: &str = "preview-mangosteen";

async fn chat(cluster: &Cluster, number: usize) -> Customer {
    let urls = cluster.urls();
    let url = format!("{}/genesys/2/chat/default", urls[number % urls.len()]);
    let form = [
        ("nickname", NICKNAME),
        ("emailAddress", EMAIL),
        ("subject", SUBJECT),
        ("userData[Account]", ATTACHED),
        ("text", TEXT),
    ];
    let answer = post(&url, &form).await;
    let mut customer = Customer::request(&urls, number, NICKNAME).await;
    customer.chat_id = answer["chatId"].as_str().unwrap().to_owned();
    customer.secure_key = answer["secureKey"].as_str().unwrap().to_owned();
    customer.send(TEXT, "1").await;
    customer.insist("startTyping", &[("message", PREVIEW)]).await;
    customer.refresh(1).await;
    customer
}

/// What must not be found, with a name for it that may be shown.
fn secrets(cluster: &Cluster, customers: &[Customer]) -> Vec<(String, String)> {
    let mut secrets: Vec<(String, String)> = [
        ("a nickname", NICKNAME),
        ("an e-mail address", EMAIL),
        ("a subject", SUBJECT),
        ("attached data", ATTACHED),
        ("a message", TEXT),
        ("a typing preview", PREVIEW),
    ]
    .map(|(what, text)| (what.to_owned(), text.to_owned()))
    .into();
    for customer in customers {
        secrets.push(("a chat's key".to_owned(), customer.secure_key.clone()));
        // The second half alone opens nothing, but it is the secret half.
        let half = customer.secure_key.len() / 2;
        secrets.push(("half of a chat's key".to_owned(), customer.secure_key[half..].to_owned()));
    }
    for node in &cluster.nodes {
        secrets.push((format!("the token of node {}", node.id), node.token()));
    }
    secrets.push(("the cluster's secret".to_owned(), SECRET.to_owned()));
    secrets
}

fn nothing_of(secrets: &[(String, String)], place: &str, text: &str) {
    for (what, secret) in secrets {
        for line in text.lines() {
            assert!(!line.contains(secret.as_str()), "{place} shows {what}: {line}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_log_and_no_metric_shows_what_customers_say_or_who_they_are() {
    let mut cluster = Cluster::start_with(3, TALKATIVE).await;
    let mut customers = Vec::new();
    for number in 0..12 {
        customers.push(chat(&cluster, number).await);
    }
    // Mistakes are logged too.
    let base = format!("{}/genesys/2/chat/default/{}", cluster.nodes[0].http, customers[0].chat_id);
    let key = customers[1].secure_key.clone();
    post(&format!("{base}/send"), &[("message", TEXT), ("secureKey", &key)]).await;
    let long = TEXT.repeat(2_000);
    post(&format!("{base}/send"), &[("message", &long), ("secureKey", &customers[0].secure_key)]).await;
    post(&format!("{base}/nonsense"), &[("message", TEXT), ("secureKey", &key)]).await;
    post(&base, &[("emailAddress", TEXT), ("nickname", NICKNAME)]).await;
    http().post(format!("{base}/send")).body(format!("{{\"message\":\"{TEXT}\"}}")).send().await.ok();
    // So are restores.
    cluster.nodes[0].kill();
    for customer in &mut customers {
        customer.send(TEXT, "2").await;
        customer.refresh(1).await;
    }
    cluster.restart(0).await;
    assert_eq!(cluster.nodes[1].drain().await.code(), Some(0));
    for customer in &mut customers {
        customer.insist("disconnect", &[]).await;
    }
    cluster.restart(1).await;
    let secrets = secrets(&cluster, &customers);
    for node in &cluster.nodes {
        let log = node.log();
        assert!(log.lines().count() > 10, "node {} logs nothing, so this proves nothing", node.id);
        nothing_of(&secrets, &format!("the log of node {}", node.id), &log);
        let metrics =
            http().get(format!("{}/metrics", node.admin)).send().await.unwrap().text().await.unwrap();
        assert!(metrics.contains("handoff_"), "{metrics}");
        nothing_of(&secrets, &format!("the metrics of node {}", node.id), &metrics);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_holds_no_key_that_opens_a_chat() {
    let cluster = Cluster::start(1).await;
    let customer = chat(&cluster, 0).await;
    let half = customer.secure_key.len() / 2;
    let secret = customer.secure_key.as_bytes()[half..].to_vec();
    let store = cluster.nodes[0].dir.parent().unwrap().join("store");
    let mut files = 0;
    visit(&store, &mut |bytes| {
        files += 1;
        assert!(!bytes.windows(secret.len()).any(|window| window == secret), "the store shows a chat's key");
    });
    let embedded = std::env::var("HANDOFF_TEST_STORE").is_ok_and(|store| store != "sqlite");
    assert!(files > 0 || embedded, "no file in {}", store.display());
}

fn visit(folder: &Path, look: &mut impl FnMut(&[u8])) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            visit(&entry.path(), look);
        } else if let Ok(bytes) = fs::read(entry.path()) {
            look(&bytes);
        }
    }
}
