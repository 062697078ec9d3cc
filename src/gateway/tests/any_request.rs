//! Requests that no honest client sends: each is answered in the interface's own form, and the site goes on.

use super::support::{Memory, Site, options, show, site_of};
use crate::gateway::GatewayOptions;
use crate::gateway::admission::AdmissionOptions;
use handoff_chat::file::FileLimits;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use reqwest::Method;

const CASES: usize = 300;

/// A site behind a trusted proxy, which takes files.
fn site() -> Site {
    let limits = FileLimits {
        files_max: 1_000,
        file_bytes_max: 2_000,
        total_bytes_max: 100_000,
        types: "png:txt".to_owned(),
        need_agent: false,
        downloads_max: 0,
    };
    let trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let admission = AdmissionOptions { trusted_proxies, ..AdmissionOptions::default() };
    let mut options = GatewayOptions { admission, ..options() };
    for service in options.services.values_mut() {
        service.limits.files = Some(limits.clone());
    }
    site_of(Memory::new(), options, 7)
}

/// So many values of it, the same in each run.
fn some<T: std::fmt::Debug>(strategy: &impl Strategy<Value = T>) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    (0..CASES).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// Nearly a multipart body with the border `b`: its lines in any order, cut anywhere, with other bytes between.
fn near_multipart(key: &str) -> impl Strategy<Value = Vec<u8>> + use<> {
    let key = format!("\r\n{key}\r\n");
    let pieces = prop::sample::select(vec![
        "--b\r\n".to_owned(),
        "--b--\r\n".to_owned(),
        "--b--".to_owned(),
        "\r\n".to_owned(),
        "content-disposition: form-data; name=\"secureKey\"\r\n".to_owned(),
        "content-disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n".to_owned(),
        "content-disposition: form-data; name=\"\"; filename=\"../../a\\\".png\r\n".to_owned(),
        "content-disposition: attachment\r\n".to_owned(),
        "content-type: image/png\r\n".to_owned(),
        "content-transfer-encoding: chunked\r\n".to_owned(),
        "content-length: 99999999999999999999\r\n".to_owned(),
        key,
        "\r\n\u{89}PNG\r\n\u{1a}\n\r\n".to_owned(),
        "x".repeat(3_000),
    ]);
    let piece = prop_oneof![
        6 => pieces.prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..30),
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

#[actix_web::test]
async fn any_multipart_body_is_answered_and_leaves_no_file_behind() {
    let site = site();
    let chat = site.start().await;
    let whole = format!(
        "--b\r\ncontent-disposition: form-data; name=\"secureKey\"\r\n\r\n{}\r\n\
         --b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n\u{89}PNG\r\n--b--\r\n",
        chat.key
    );
    let spoilt = (0..=whole.len(), near_multipart(&chat.key)).prop_map({
        let whole = whole.clone().into_bytes();
        move |(at, piece)| [&whole[..at], &piece].concat()
    });
    let path = format!("default/{}/file", chat.id);
    for body in some(&prop_oneof![near_multipart(&chat.key), spoilt]) {
        let (status, answer) = site.raw(&path, "multipart/form-data; boundary=b", body.clone()).await;
        let said = String::from_utf8_lossy(&body);
        assert!(status < 500 && answer["statusCode"].is_number(), "{status} {answer} to {said:?}");
    }
    assert_eq!(std::fs::read_dir(site.spool.path()).unwrap().count(), 0, "what was brought and not kept");
    site.done(&chat, "send", &[("message", "still here")]).await;
}

/// Nearly what proxies and browsers write into their headers.
fn near_header() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "for=",
        "192.0.2.7",
        "\"[2001:db8::1]:80\"",
        ";",
        ",",
        " ",
        "host=",
        "proto=https",
        "unknown",
        "=",
        "\"",
        "\\",
        "://",
        "https",
        "chat.example",
        ":99999",
        "[",
        "]",
        "%00",
        "127.0.0.1",
        "null",
    ]);
    let piece = prop_oneof![5 => pieces.prop_map(str::to_owned), 1 => "[ -~]{0,9}"];
    prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

#[actix_web::test]
async fn any_words_of_a_proxy_and_of_a_browser_are_answered() {
    let site = site();
    let chat = site.start().await;
    let path = format!("default/{}/refresh", chat.id);
    let headers = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "origin"];
    for words in some(&prop::array::uniform5(prop::option::weighted(0.6, near_header()))) {
        for method in [Method::POST, Method::OPTIONS] {
            let mut request = site.http.request(method.clone(), site.address(&path));
            for (name, value) in
                headers.iter().zip(&words).filter_map(|(name, value)| Some((name, value.as_ref()?)))
            {
                request = request.header(*name, value.trim());
            }
            let answer = request.form(&[("secureKey", &chat.key)]).send().await.unwrap();
            let status = answer.status();
            assert!(status.as_u16() < 500, "{status} to {method} with {words:?}");
            if method == Method::POST {
                let (_, body) = show(answer).await;
                assert!(body["statusCode"].is_number(), "{body} to {words:?}");
            }
        }
    }
    site.done(&chat, "send", &[("message", "still here")]).await;
}
