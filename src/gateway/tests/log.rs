//! No key, text, name or address gets into a log, at any level.

use super::native::window::Window;
use super::support::{Trouble, site};
use serde_json::json;
use std::io::Write;
use std::sync::{Mutex, Once};

static CAPTURED: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static INSTALLED: Once = Once::new();

struct Capture;

impl Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        CAPTURED.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Captures what all threads of this process log, at every level.
pub(super) fn capture() {
    INSTALLED.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(|| Capture)
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
}

/// What a customer gives and nobody may read in a log.
const SECRETS: [&str; 8] =
    ["QqNickname", "QqFirst", "QqLast", "qqmail@example.org", "QqSubject", "QqQuestion", "QqData", "QqValue"];

#[actix_web::test]
async fn no_key_text_name_or_address_is_in_any_log_and_every_call_has_its_session_s_id() {
    let site = site();
    let chat = site
        .start_with(
            "robin",
            &[
                ("nickname", SECRETS[0]),
                ("firstName", SECRETS[1]),
                ("lastName", SECRETS[2]),
                ("emailAddress", SECRETS[3]),
                ("subject", SECRETS[4]),
                ("text", SECRETS[5]),
                ("userData[QqData]", SECRETS[7]),
                ("clientMessageId", "QqStartIdQqStartId"),
            ],
        )
        .await;
    let key = chat.key.clone();
    site.done(&chat, "send", &[("message", "QqMessage"), ("clientMessageId", "QqMessageId")]).await;
    site.done(&chat, "refresh", &[("message", "QqPreview"), ("transcriptPosition", "1")]).await;
    site.done(&chat, "startTyping", &[("message", "QqPreview")]).await;
    site.sessions.troubles(&[Trouble::Again]);
    site.call(&chat, "send", &[("message", "QqMessage")]).await;
    site.sessions.troubles(&[Trouble::LostBefore]);
    site.call(&chat, "send", &[("message", "QqMessage")]).await;
    site.call(&chat, "send", &[("message", &"QqLong".repeat(400))]).await;
    site.call(&chat, "refresh", &[("transcriptPosition", "QqPosition")]).await;
    site.call(&chat, "send", &[("message", "x"), ("clientMessageId", &"QqId".repeat(30))]).await;
    let long = "QqValue".repeat(1000);
    site.post("default", &[("nickname", "QqNickname"), ("userData[QqData]", &long)]).await;
    site.post("default", &[("nickname", "QqNickname"), ("emailAddress", "QqNoMail")]).await;
    site.raw("default", "application/x-www-form-urlencoded", b"nickname=Qq\xff".to_vec()).await;
    site.raw(
        "default",
        "multipart/form-data; boundary=Qq",
        b"--Qq\r\nQqHeader\r\n\r\nQqBody\r\n--Qq--".to_vec(),
    )
    .await;
    site.raw("default", "text/QqType", "QqBody").await;
    site.call(&chat, "disconnect", &[]).await;

    let mut window = Window::customer(&site).await;
    let fields = json!({"nickname": "QqNickname", "text": "QqQuestion", "user_data": {"QqData": "QqValue"}});
    window.start(fields).await;
    window.done("send", json!({"number": 1, "text": "QqMessage"})).await;
    window.done("typing", json!({"started": true, "preview": "QqPreview"})).await;
    window.refused("resume", json!({"chat": chat.id, "key": "QqKey"})).await;
    window.refused("QqWord", json!({"QqField": 1})).await;
    window.done("resume", json!({"chat": chat.id, "key": chat.key})).await;
    let mut window = Window::agent(&site).await;
    let password = super::support::PASSWORD;
    window.refused("sign_in", json!({"name": "bob", "password": "QqPassword"})).await;
    let signed = window.done("sign_in", json!({"name": "bob", "password": password})).await;
    let token = signed["token"].as_str().unwrap().to_owned();
    window.done("not_ready", json!({"reason": "QqReason"})).await;
    window.refused("send", json!({"chat": chat.id, "text": "QqText"})).await;

    let log = String::from_utf8_lossy(&CAPTURED.lock().unwrap()).into_owned();
    assert!(log.contains(&chat.id), "the session's id is missing: the capture does not work");
    assert!(log.contains("refused"), "refusals are not logged at debug: the capture does not work");
    for secret in ["Qq", "qqmail", key.as_str(), &key[22..], password, token.as_str()] {
        let at = log.lines().find(|line| line.contains(secret));
        assert_eq!(at, None, "{secret} is in the log");
    }
}
