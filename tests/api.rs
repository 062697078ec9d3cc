//! Bad input over real sockets: every wrong request is answered in the API's own form, and whatever clients do, the
//! node goes on to serve the others.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use reqwest::header::CONTENT_TYPE;
use serde_json::Value;

use crate::support::client::{Customer, http, post, status};
use crate::support::cluster::Cluster;

const FORM: &str = "application/x-www-form-urlencoded";
/// A node without load stays far below; one that buffers whatever comes does not.
const MEMORY_KB_MAX: u64 = 600_000;

struct Answer {
    status: u16,
    body: Value,
}

async fn raw(url: &str, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = http().post(url).header(CONTENT_TYPE, content_type).body(body);
    let answer = request.send().await.unwrap_or_else(|error| panic!("{url}: {error}"));
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    let body =
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{url} answers {status}, no JSON: {text}"));
    Answer { status, body }
}

/// A refusal in the API's form, with an HTTP status and a code.
fn refuses(answer: &Answer, status: u16, code: u64, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.body);
    assert_eq!(answer.body["statusCode"], 2, "{what}: {}", answer.body);
    assert_eq!(answer.body["errors"][0]["code"], code, "{what}: {}", answer.body);
    assert!(answer.body["errors"][0]["advice"].is_string(), "{what}: {}", answer.body);
    assert!(answer.body["messages"].is_array(), "{what}: {}", answer.body);
}

/// A new chat works, and the process never panicked.
async fn serves_as_before(cluster: &Cluster, nickname: &str) {
    let mut customer = Customer::request(&cluster.urls(), 0, nickname).await;
    customer.send("still here?", "1").await;
    let log = cluster.nodes[0].log();
    assert!(!log.contains("panicked"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_start_is_refused_with_the_code_that_clients_know() {
    let cluster = Cluster::start(1).await;
    let base = format!("{}/genesys/2/chat", cluster.nodes[0].http);
    let start = format!("{base}/default");
    let cases: [(&str, u16, u64); 4] = [
        ("subject=x", 400, 161),
        ("firstName=Ann", 400, 103),
        ("lastName=Lee", 400, 102),
        ("nickname=ann&emailAddress=nobody", 400, 364),
    ];
    for (body, status, code) in cases {
        refuses(&raw(&start, FORM, body).await, status, code, body);
    }
    refuses(&raw(&format!("{base}/nosuch"), FORM, "nickname=a").await, 404, 404, "unknown service");
    refuses(&raw(&start, "application/json", "{\"nickname\":\"a\"}").await, 415, 415, "JSON");
    refuses(&raw(&start, FORM, vec![b'n', b'=', 0xff, 0xfe]).await, 400, 400, "invalid UTF-8");
    refuses(&raw(&start, FORM, "nickname=%ff%fe").await, 400, 400, "escaped invalid UTF-8");
    refuses(
        &raw(&start, FORM, format!("nickname={}", "a".repeat(100_000))).await,
        413,
        413,
        "over the limit",
    );
    refuses(&raw(&start, FORM, format!("nickname={}", "a".repeat(5_000))).await, 400, 400, "a long name");
    let broken = "--x\r\nContent-Disposition: form-data; name=\"nickname\"\r\n\r\nann";
    let answer = raw(&start, "multipart/form-data; boundary=x", broken).await;
    assert_eq!(answer.status, 400, "a cut multipart body: {}", answer.body);
    let answer = http().get(&start).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 405);
    serves_as_before(&cluster, "after").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_call_is_refused_and_the_chat_goes_on() {
    let cluster = Cluster::start(1).await;
    let mut customer = Customer::request(&cluster.urls(), 0, "ann").await;
    let other = Customer::request(&cluster.urls(), 0, "bob").await;
    let base = format!("{}/genesys/2/chat/default", cluster.nodes[0].http);
    let call = |operation: &str| format!("{base}/{}/{operation}", customer.chat_id);
    let key = customer.secure_key.clone();

    for operation in ["send", "refresh", "startTyping", "stopTyping", "disconnect"] {
        for wrong in ["", "nonsense", &other.secure_key, &key[..key.len() - 1], &"k".repeat(3_000)] {
            let body = format!("message=x&transcriptPosition=1&secureKey={wrong}");
            let answer = raw(&call(operation), FORM, body).await;
            refuses(&answer, 200, 249, &format!("{operation} with the key {wrong:?}"));
            assert_eq!(answer.body["chatEnded"], true, "{}", answer.body);
            assert_eq!(answer.body["messages"].as_array().unwrap().len(), 0, "{}", answer.body);
        }
    }
    let answer = raw(&format!("{base}/0000000000000000/refresh"), FORM, "secureKey=x").await;
    refuses(&answer, 200, 249, "an unknown chat");
    let answer = raw(&call("explode"), FORM, format!("secureKey={key}")).await;
    refuses(&answer, 404, 404, "an unknown operation");
    let long = format!("secureKey={key}&message={}", "x".repeat(20_000));
    refuses(&raw(&call("send"), FORM, long).await, 400, 204, "a long message");
    for position in ["", "abc", "-1", "1.5", "99999999999999999999999"] {
        let answer =
            raw(&call("refresh"), FORM, format!("secureKey={key}&transcriptPosition={position}")).await;
        assert!(answer.status < 500, "position {position:?}: {}", answer.body);
    }
    customer.send("after all that", "1").await;
    let transcript = customer.refresh(1).await;
    let texts: Vec<&str> = transcript["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|event| event["text"].as_str())
        .collect();
    assert!(texts.contains(&"after all that") && !texts.contains(&"x"), "{texts:?}");
    serves_as_before(&cluster, "after").await;
}

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % sides as u64).unwrap()
    }

    fn bytes(&mut self, length_max: usize) -> Vec<u8> {
        (0..self.roll(length_max)).map(|_| u8::try_from(self.roll(256)).unwrap()).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_bodies_never_break_the_node() {
    let cluster = Cluster::start(1).await;
    let customer = Customer::request(&cluster.urls(), 0, "ann").await;
    let base = format!("{}/genesys/2/chat/default", cluster.nodes[0].http);
    let mut dice = Dice(7);
    let names = [
        "nickname",
        "message",
        "secureKey",
        "transcriptPosition",
        "userData[a]",
        "userData[",
        "%",
        "clientMessageId",
    ];
    for _ in 0..600 {
        let operation = ["", "/send", "/refresh", "/startTyping", "/nonsense"][dice.roll(5)];
        let path =
            if operation.is_empty() { String::new() } else { format!("/{}{operation}", customer.chat_id) };
        let content_type =
            [FORM, "multipart/form-data; boundary=b", "multipart/form-data", "x"][dice.roll(4)];
        let mut body = Vec::new();
        for _ in 0..dice.roll(6) {
            match dice.roll(3) {
                0 => body.extend_from_slice(
                    b"\r\n--b\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\n",
                ),
                1 => body.extend_from_slice(format!("&{}=", names[dice.roll(names.len())]).as_bytes()),
                _ => body.extend(dice.bytes(200)),
            }
        }
        let answer = raw(&format!("{base}{path}"), content_type, body).await;
        assert!(answer.status < 500, "{}", answer.body);
    }
    serves_as_before(&cluster, "after").await;
}

fn connect(url: &str) -> TcpStream {
    let stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    stream.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_http_is_answered_or_cut_off() {
    let cluster = Cluster::start(1).await;
    let url = &cluster.nodes[0].http;
    let mut dice = Dice(11);
    let long_head = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "y".repeat(1_000_000));
    let mut texts: Vec<Vec<u8>> = vec![
        b"\r\n\r\n\r\n".to_vec(),
        b"POST /genesys/2/chat/default HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n".to_vec(),
        b"POST /genesys/2/chat/default HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
            .to_vec(),
        b"POST /genesys/2/chat/../../../etc/passwd HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".to_vec(),
        long_head.into_bytes(),
    ];
    texts.extend((0..50).map(|_| dice.bytes(2_000)));
    for text in texts {
        let mut stream = connect(url);
        // It may be cut off while we still write, which is as good an answer as any.
        if stream.write_all(&text).is_ok() {
            stream.shutdown(std::net::Shutdown::Write).ok();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).ok();
            assert!(!answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
        }
    }
    serves_as_before(&cluster, "after").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sockets_that_never_send_or_never_read_hold_up_nobody() {
    let cluster = Cluster::start(1).await;
    let url = cluster.nodes[0].http.clone();
    let mut customer = Customer::request(&cluster.urls(), 0, "ann").await;
    for turn in 0..20 {
        customer.send(&"long ".repeat(2_000), &turn.to_string()).await;
    }
    // Half a head, half a body, nothing at all.
    let openings = [
        "POST /gen",
        "POST /genesys/2/chat/default HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\nni",
        "",
    ];
    let silent: Vec<TcpStream> = (0..150)
        .map(|number| {
            let mut stream = connect(&url);
            stream.write_all(openings[number % 3].as_bytes()).unwrap();
            stream
        })
        .collect();
    // Asks for 200 kB again and again and reads none of it, until the node takes no more.
    let form = format!("secureKey={}&transcriptPosition=1", customer.secure_key);
    let request = format!(
        "POST /genesys/2/chat/default/{}/refresh HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\n\
         Content-Length: {}\r\n\r\n{form}",
        customer.chat_id,
        form.len()
    );
    let mut deaf: Vec<TcpStream> = (0..20).map(|_| connect(&url)).collect();
    for stream in &mut deaf {
        let until = Instant::now() + Duration::from_secs(1);
        while Instant::now() < until && stream.write_all(request.as_bytes()).is_ok() {}
    }
    serves_as_before(&cluster, "beside them").await;
    let memory = memory_kb(cluster.nodes[0].pid());
    assert!(memory < MEMORY_KB_MAX, "the node holds {memory} kB for clients that read nothing");
    drop((silent, deaf));
    serves_as_before(&cluster, "after them").await;
}

fn memory_kb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_customer_page_is_there_and_every_language_comes_through() {
    let cluster = Cluster::start(1).await;
    let page = http().get(format!("{}/", cluster.nodes[0].http)).send().await.unwrap();
    assert_eq!(page.status().as_u16(), 200);
    assert!(page.text().await.unwrap().contains("<html"));
    let mut customer = Customer::request(&cluster.urls(), 0, "Σοφία \u{1f98a}").await;
    let text =
        "日本語 עברית العربية \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} a&b=c%20+ <b>\"x\"</b>\nline";
    customer.send(text, "1").await;
    let answer = customer.refresh(1).await;
    assert!(answer["messages"].as_array().unwrap().iter().any(|event| event["text"] == text), "{answer}");
    let ended = customer.insist("disconnect", &[]).await;
    assert_eq!(ended["chatEnded"], true);
    assert_eq!(customer.refresh(1).await["chatEnded"], true);
    assert_eq!(status(&format!("{}/nowhere", cluster.nodes[0].http)).await, Some(404));
    let url = format!("{}/genesys/2/chat/default/", cluster.nodes[0].http);
    let answer = post(&url, &[("nickname", "b")]).await;
    assert_eq!((&answer["statusCode"], &answer["chatEnded"]), (&Value::from(0), &Value::from(false)));
}
