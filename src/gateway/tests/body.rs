//! Bodies, methods and paths that are wrong, and connections that misbehave: a clear answer, and the node
//! goes on.

use super::support::{Memory, code, options, show, site, site_of};
use crate::gateway::GatewayOptions;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const FORM: &str = "application/x-www-form-urlencoded";

#[actix_web::test]
async fn a_wrong_body_type_size_encoding_or_shape_is_told() {
    let site = site();
    let chat = site.start().await;
    let send = format!("default/{}/send", chat.id);
    let many = "a=1&".repeat(50);
    let long_name = format!("{}=1", "n".repeat(300));
    let cases: [(&str, Vec<u8>, u16); 12] = [
        ("application/json", b"{}".to_vec(), 415),
        ("text/plain", b"nickname=n".to_vec(), 415),
        ("application/x-www-form-urlencoded; charset=ISO-8859-1", b"nickname=n".to_vec(), 415),
        (FORM, vec![b'a'; 33 * 1024], 413),
        (FORM, vec![b'a'; 900 * 1024], 413),
        (FORM, vec![b'a'; 3 * 1024 * 1024], 413),
        (FORM, b"nickname=\xff\xfe".to_vec(), 400),
        (FORM, b"nickname=%FF%FE".to_vec(), 400),
        (FORM, many.into_bytes(), 400),
        (FORM, long_name.into_bytes(), 400),
        ("multipart/form-data", b"--x\r\n".to_vec(), 400),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nhalf".to_vec(),
            400,
        ),
    ];
    for path in ["default", send.as_str()] {
        for (kind, body, expected) in &cases {
            let (status, reply) = site.raw(path, kind, body.clone()).await;
            assert_eq!((status, code(&reply)), (*expected, u64::from(*expected)), "{kind}");
            assert_eq!((&reply["statusCode"], &reply["chatEnded"]), (&2.into(), &false.into()));
        }
    }
    site.done(&chat, "refresh", &[]).await;
}

#[actix_web::test]
async fn unknown_services_operations_and_methods_are_told_in_json() {
    let site = site();
    let chat = site.start().await;
    let key = [("secureKey", chat.key.as_str())];
    for path in [
        "nowhere",
        "nowhere/",
        "Default",
        &format!("nowhere/{}/send", chat.id),
        &format!("default/{}/sing", chat.id),
        &format!("default/{}/file/7/sing", chat.id),
        "default/x/",
        "%F0%9F%98%80",
        "%FF",
    ] {
        let (status, reply) = site.post(path, &key).await;
        assert_eq!((status, code(&reply)), (404, 404), "{path}");
    }
    for method in ["GET", "PUT", "DELETE", "PATCH"] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        for path in ["default", &format!("default/{}/refresh", chat.id)] {
            let response = site.http.request(method.clone(), site.address(path)).send().await.unwrap();
            assert_eq!(response.headers()["allow"], "POST, OPTIONS");
            let (status, reply) = show(response).await;
            assert_eq!((status, code(&reply)), (405, 405));
        }
    }
    let asked = site.sessions.asked();
    let told = asked.iter().filter(|ask| ask.command.is_some()).count();
    assert_eq!(told, 1, "none of these told a session anything after its start");
    assert_eq!(asked.len(), 2, "one was looked at, for the service that it began with");
}

fn connect(url: &str) -> TcpStream {
    let stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(2))).unwrap();
    stream
}

fn head(path: &str, bytes: usize) -> String {
    format!(
        "POST /genesys/2/chat/{path} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\nContent-Length: {bytes}\r\n\r\n"
    )
}

async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

#[actix_web::test]
async fn a_body_that_never_comes_is_answered_and_not_waited_for() {
    let options = GatewayOptions { body_timeout: Duration::from_millis(300), ..options() };
    let site = site_of(Memory::new(), options, 7);
    let url = site.url.clone();
    let answer = apart(move || {
        let mut stream = connect(&url);
        stream.write_all(head("default", 20).as_bytes()).unwrap();
        stream.write_all(b"nick").unwrap();
        let mut answer = [0; 512];
        let count = stream.read(&mut answer).unwrap();
        String::from_utf8_lossy(&answer[..count]).into_owned()
    })
    .await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    site.start().await;
}

#[actix_web::test]
async fn a_head_that_comes_byte_by_byte_is_cut_off() {
    let options = GatewayOptions { head_timeout: Duration::from_millis(400), ..options() };
    let site = site_of(Memory::new(), options, 7);
    let url = site.url.clone();
    let written = apart(move || {
        let mut stream = connect(&url);
        let head = head("default", 20);
        let trickle = head.bytes().take_while(|byte| {
            std::thread::sleep(Duration::from_millis(50));
            stream.write_all(&[*byte]).is_ok()
        });
        (trickle.count(), head.len())
    })
    .await;
    assert!(written.0 < written.1, "a head of {} bytes was waited for", written.1);
}

#[actix_web::test]
async fn a_connection_that_breaks_inside_a_body_or_speaks_no_http_harms_nobody() {
    let site = site();
    let url = site.url.clone();
    apart(move || {
        for bytes in [
            head("default", 20).into_bytes(),
            b"\x16\x03\x01\x02\x00garbage\r\n\r\n".to_vec(),
            vec![b'A'; 300_000],
        ] {
            let mut stream = connect(&url);
            let _ = stream.write_all(&bytes);
        }
    })
    .await;
    assert_eq!(site.sessions.sessions(), 0);
    site.start().await;
}

#[actix_web::test]
async fn a_socket_that_never_reads_is_not_served_without_bound() {
    let site = site();
    let chat = site.start().await;
    site.done(&chat, "send", &[("message", &"x".repeat(900))]).await;
    let body = format!("secureKey={}&transcriptPosition=1", chat.key);
    let request = head(&format!("default/{}/refresh", chat.id), body.len()) + &body;
    let url = site.url.clone();
    let (stream, written) = apart(move || {
        let mut stream = connect(&url);
        stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
        let mut written = 0;
        while written < 200_000 && stream.write_all(request.as_bytes()).is_ok() {
            written += 1;
        }
        (stream, written)
    })
    .await;
    assert!(written < 200_000, "the server went on reading for a client that does not");
    assert!(site.sessions.asked().len() < written, "it went on asking, too");
    site.start().await;
    drop(stream);
}
