//! More connections than the node may have: those beyond are told so, and those who are in notice nothing.

use super::native::window::{PATIENCE, Window, open};
use super::support::{Memory, Site, options, site_of};
use crate::gateway::GatewayOptions;
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const OPEN: &str = "handoff_gateway_connections ";
const REFUSED: &str = "handoff_gateway_connections_refused_total ";

fn site_for(connections_max: usize) -> Site {
    // Those of which nothing is heard stay as long as the test.
    let head_timeout = 4 * PATIENCE;
    site_of(Memory::new(), GatewayOptions { connections_max, workers: 2, head_timeout, ..options() }, 7)
}

async fn until(site: &Site, metric: &str, fits: impl Fn(u64) -> bool) {
    let waiting = async {
        while !fits(site.sample(metric)) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .unwrap_or_else(|_| panic!("{metric}: {}", site.sample(metric)));
}

/// A connection of which nothing is heard.
async fn idle(site: &Site) -> TcpStream {
    TcpStream::connect(site.url.trim_start_matches("http://")).await.unwrap()
}

/// All that is answered to one request.
async fn ask(mut stream: TcpStream) -> String {
    let get = b"GET /health/ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    stream.write_all(get).await.unwrap();
    let mut answer = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("it ends").unwrap();
    answer
}

/// Says something, and is answered.
async fn says(window: &mut Window, number: u64) {
    let id = number.to_string();
    window.say(&json!({"id": id, "do": "send", "number": number, "text": "still here"})).await;
    let answer = window.find("the answer", |frame| frame["answer"] == id.as_str()).await;
    assert_eq!(answer["ok"], true, "{answer}");
}

#[actix_web::test]
async fn a_connection_beyond_the_most_is_refused_in_words_until_another_one_goes() {
    let site = site_for(3);
    assert_eq!(site.sample("handoff_gateway_connections_max "), 3);
    let mut window = Window::customer(&site).await;
    window.start(json!({"nickname": "n"})).await;
    let agent = Window::agent(&site).await;
    let _silent = idle(&site).await;
    until(&site, OPEN, |open| open == 3).await;
    assert_eq!(site.sample(REFUSED), 0);

    let answer = ask(idle(&site).await).await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 10\r\n"), "{answer}");
    assert_eq!(open(&site, "/v1/customer", None).await.err(), Some(503));
    assert_eq!((site.sample(OPEN), site.sample(REFUSED)), (3, 2));
    says(&mut window, 1).await;

    drop(agent);
    until(&site, OPEN, |open| open == 2).await;
    assert!(ask(idle(&site).await).await.starts_with("HTTP/1.1 200 "));
    until(&site, OPEN, |open| open == 2).await;
    assert_eq!(site.sample(REFUSED), 2);
}

#[actix_web::test]
async fn a_crowd_that_holds_on_to_its_connections_is_in_nobody_s_way() {
    let site = site_for(20);
    let mut window = Window::customer(&site).await;
    window.start(json!({"nickname": "n"})).await;
    let mut crowd = Vec::new();
    for _ in 0..300 {
        crowd.push(idle(&site).await);
    }
    // More than may be told so at once: all are turned away all the same, and none takes a place.
    until(&site, REFUSED, |refused| refused == 281).await;
    assert_eq!(site.sample(OPEN), 20);
    says(&mut window, 1).await;
    drop(crowd);
    until(&site, OPEN, |open| open == 1).await;
    assert!(ask(idle(&site).await).await.starts_with("HTTP/1.1 200 "));
    says(&mut window, 2).await;
}

/// Asks for something whose answer is not the last; what is answered.
async fn asks(stream: &mut TcpStream, head: &str) -> String {
    stream.write_all(format!("GET /health/live HTTP/1.1\r\nHost: a\r\n{head}\r\n").as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let read =
        tokio::time::timeout(PATIENCE, stream.read(&mut answer)).await.expect("it is answered").unwrap();
    String::from_utf8(answer[..read].to_vec()).unwrap()
}

async fn ends(mut stream: TcpStream) -> String {
    let mut rest = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut rest)).await.expect("it ends").unwrap();
    rest
}

#[actix_web::test]
async fn when_the_node_drains_idle_connections_close_and_what_is_asked_is_answered_first() {
    let site = site_for(10);
    let (mut used, mut silent, mut slow) = (idle(&site).await, idle(&site).await, idle(&site).await);
    for stream in [&mut used, &mut slow] {
        let answer = asks(stream, "").await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && !answer.contains("connection: close"), "{answer}");
    }
    // Of this one half a request is heard.
    slow.write_all(b"POST /genesys/2/chat/default HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n")
        .await
        .unwrap();
    until(&site, OPEN, |open| open == 3).await;
    site.sessions.drain();
    assert_eq!(ends(used).await, "");
    assert_eq!(silent.read(&mut [0]).await.unwrap(), 0);
    slow.write_all(b"Content-Type: application/x-www-form-urlencoded\r\n\r\nnickname=n").await.unwrap();
    let answer = ends(slow).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("connection: close"), "{answer}");
    until(&site, OPEN, |open| open == 0).await;
}
