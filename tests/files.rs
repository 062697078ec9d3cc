//! Files on real nodes: they outlive the node that took them in, are looked through by a real ClamAV, and lie in a
//! folder, in Cassandra (`HANDOFF_TEST_STORE=cassandra`) or in a bucket (`HANDOFF_TEST_S3`).

use reqwest::multipart::{Form, Part};
use serde_json::Value;

use crate::support::client::{Customer, http};
use crate::support::cluster::Cluster;
use crate::support::scanner::{Clamd, EICAR};
use crate::support::until;

fn file_url(customer: &Customer, node: usize, rest: &str) -> String {
    format!("{}/genesys/2/chat/default/{}/file{rest}", customer.urls[node], customer.chat_id)
}

/// Uploads until that is answered for good; its id makes repeats one file.
async fn uploads(customer: &Customer, node: usize, name: &str, body: &[u8]) -> Value {
    until("the upload is answered", async || {
        let part = Part::bytes(body.to_vec()).file_name(name.to_owned());
        let form = Form::new()
            .text("secureKey", customer.secure_key.clone())
            .text("clientMessageId", format!("upload-of-{}", name.replace(' ', "-")))
            .part("file", part);
        let request = http().post(file_url(customer, node, "")).multipart(form);
        for_good(request.send().await.ok()?.json().await.ok()?)
    })
    .await
}

/// Nothing for "again".
fn for_good(reply: Value) -> Option<Value> {
    (reply["statusCode"] != 1).then_some(reply)
}

async fn uploaded(customer: &Customer, node: usize, name: &str, body: &[u8]) -> String {
    let reply = uploads(customer, node, name, body).await;
    reply["userData"]["file-id"].as_str().unwrap_or_else(|| panic!("{reply}")).to_owned()
}

/// What a node gives out, as soon as it knows where the chat lives.
async fn downloads(customer: &Customer, node: usize, file: &str) -> Vec<u8> {
    until("the file is given out", async || {
        let request = http().post(file_url(customer, node, &format!("/{file}/download")));
        let reply = request.form(&[("secureKey", &customer.secure_key)]).send().await.ok()?;
        let octets = reply.headers().contains_key("content-disposition");
        let body = reply.bytes().await.ok()?.to_vec();
        octets.then_some(body)
    })
    .await
}

/// Types and texts of what the customer sees of files.
async fn seen(customer: &mut Customer) -> Vec<(String, String)> {
    let reply = customer.refresh(1).await;
    let messages = reply["messages"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = messages.map(|message| (text(&message["type"]), text(&message["text"])));
    all.filter(|(kind, _)| kind.starts_with("File")).collect()
}

fn event(kind: &str, name: &str) -> (String, String) {
    (kind.to_owned(), name.to_owned())
}

/// A file that needs several chunks wherever it lies.
fn large() -> Vec<u8> {
    (0..1_500_000_u32).map(|at| b'a' + (at % 23) as u8).collect()
}

async fn outlive_their_node(extra: &str) {
    let mut cluster = Cluster::start_with(3, extra).await;
    let mut customer = Customer::request(&cluster.urls(), 0, "Zoë").await;
    let file = uploaded(&customer, 0, "large.txt", &large()).await;
    cluster.nodes[0].kill();
    for node in [1, 2] {
        assert!(downloads(&customer, node, &file).await == large(), "node {node} gives another file");
    }
    assert_eq!(seen(&mut customer).await, [event("FileUploaded", "large.txt")]);
    let form = [("secureKey", customer.secure_key.clone())];
    let reply = until("the file is deleted", async || {
        let request = http().post(file_url(&customer, 2, &format!("/{file}/delete")));
        for_good(request.form(&form).send().await.ok()?.json().await.ok()?)
    })
    .await;
    assert_eq!(reply["statusCode"], 0, "{reply}");
    let status = until("a node says what became of the file", async || {
        let request = http().post(file_url(&customer, 1, &format!("/{file}/download")));
        let reply = request.form(&form).send().await.ok()?;
        let again = reply.status() == 200 && !reply.headers().contains_key("content-disposition");
        (!again).then_some(reply.status())
    })
    .await;
    assert_eq!(status, 404);
    cluster.restart(0).await;
    let expected = [event("FileUploaded", "large.txt"), event("FileDeleted", "large.txt")];
    assert_eq!(seen(&mut customer).await, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_outlive_the_node_that_took_them_in() {
    outlive_their_node("").await;
}

/// Settings of files in a bucket, with more of them; nothing where no server is set up.
fn in_a_bucket(more: &str) -> Option<String> {
    let Ok(endpoint) = std::env::var("HANDOFF_TEST_S3") else {
        println!("skipped: HANDOFF_TEST_S3 names no server");
        return None;
    };
    Some(format!(
        "[files]\nstore = \"s3\"\n{more}[files.s3]\nbucket = \"handoff\"\nendpoint = {endpoint:?}\n\
         access_key_id = \"handoff\"\nsecret_access_key = \"a secret for this test alone\"\n"
    ))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_in_a_bucket_outlive_the_node_that_took_them_in() {
    let Some(s3) = in_a_bucket("") else { return };
    outlive_their_node(&s3).await;
}

const HUGE_BYTES: usize = 100 << 20;
/// How much more a node may need for it.
const MORE_KB_MAX: u64 = 64 << 10;
const TAKES_HUGE: &str = "upload_file_bytes_max = 104857600\nupload_total_bytes_max = 209715200\n";

/// What a process has in memory (`VmRSS`), or had at most (`VmHWM`) since that was last forgotten.
fn memory_kb(pid: u32, what: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(what)).unwrap();
    line.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap()
}

fn forget_peak(pid: u32) {
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5").unwrap();
}

/// A file of 100 MiB comes in at one node, out at another, and back in part.
async fn need_little_memory(settings: &str) {
    let cluster = Cluster::start_with(2, settings).await;
    let customer = Customer::request(&cluster.urls(), 0, "Zoë").await;
    uploaded(&customer, 0, "small.txt", b"what a first file needs is there now").await;
    let pids = [cluster.nodes[0].pid(), cluster.nodes[1].pid()];
    let before = pids.map(|pid| memory_kb(pid, "VmRSS:"));
    pids.iter().copied().for_each(forget_peak);
    let body: Vec<u8> = (0..HUGE_BYTES).map(|at| b'a' + (at % 23) as u8).collect();
    let file = uploaded(&customer, 0, "huge.txt", &body).await;
    assert!(downloads(&customer, 1, &file).await == body, "another file comes out");
    let one = format!("{}/v1/chats/{}/files/{file}", customer.urls[1], customer.chat_id);
    let end = http().get(one).bearer_auth(&customer.secure_key).header("range", "bytes=104857000-");
    assert!(end.send().await.unwrap().bytes().await.unwrap() == body[104_857_000..], "another end");
    for (pid, before) in pids.into_iter().zip(before) {
        let more = memory_kb(pid, "VmHWM:").saturating_sub(before);
        println!("process {pid}: {more} kB more for 100 MiB");
        assert!(more < MORE_KB_MAX, "{more} kB more");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_huge_file_goes_through_nodes_that_never_have_it_in_memory() {
    need_little_memory(&format!("[files]\n{TAKES_HUGE}")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_huge_file_in_a_bucket_goes_through_nodes_that_never_have_it_in_memory() {
    let Some(s3) = in_a_bucket(TAKES_HUGE) else { return };
    need_little_memory(&s3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_virus_does_not_come_in_and_what_nobody_could_look_through_waits_through_a_takeover() {
    let Some(mut clamd) = Clamd::prepare() else { return };
    clamd.start().await;
    let scanner = format!("[files.scanner]\nclamd = {:?}\n", clamd.address);
    let mut cluster = Cluster::start_with(3, &scanner).await;
    let mut customer = Customer::request(&cluster.urls(), 0, "Zoë").await;
    uploaded(&customer, 0, "clean.txt", b"nothing in it").await;
    let refused = uploads(&customer, 0, "virus.txt", EICAR.as_bytes()).await;
    assert_eq!(refused["errors"][0]["code"], 203, "{refused}");
    clamd.kill();
    uploaded(&customer, 0, "later.txt", b"nothing in it either").await;
    uploaded(&customer, 0, "held virus.txt", EICAR.as_bytes()).await;
    assert_eq!(seen(&mut customer).await, [event("FileUploaded", "clean.txt")], "nobody sees what is held");
    for victim in [0, 1] {
        cluster.nodes[victim].kill();
        seen(&mut customer).await;
        cluster.restart(victim).await;
    }
    clamd.start().await;
    let both = until("both were looked through", async || {
        let both = seen(&mut customer.clone()).await;
        (both.len() == 3).then_some(both)
    })
    .await;
    assert_eq!(both[0], event("FileUploaded", "clean.txt"));
    assert!(both.contains(&event("FileUploaded", "later.txt")), "{both:?}");
    assert!(both.contains(&event("FileDeleted", "held virus.txt")), "{both:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_it_is_so_configured_no_file_comes_in_while_the_scanner_is_down() {
    let Some(clamd) = Clamd::prepare() else { return };
    let scanner = format!("[files.scanner]\nclamd = {:?}\nwhen_down = \"refuse\"\n", clamd.address);
    let cluster = Cluster::start_with(1, &scanner).await;
    let mut customer = Customer::request(&cluster.urls(), 0, "Zoë").await;
    let refused = uploads(&customer, 0, "clean.txt", b"nothing in it").await;
    assert_eq!(
        (&refused["statusCode"], &refused["errors"][0]["code"]),
        (&2.into(), &503.into()),
        "{refused}"
    );
    assert!(seen(&mut customer).await.is_empty());
}
