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
