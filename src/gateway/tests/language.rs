//! Any language: what is sent is stored and returned as it was sent, byte for byte, or it is refused clearly.

use super::native::window::Window;
use super::support::{code, site, told};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

/// Right to left, mixed directions, combining marks in either order, emoji of several characters, the ends of Unicode,
/// and what has no shape at all.
const TEXTS: [&str; 12] = [
    "שלום, мир, 世界, नमस्ते, สวัสดี, ආයුබෝවන්",
    "مرحبا \u{202e}abc\u{202c} 123",
    "e\u{301} is not \u{e9}",
    "a\u{323}\u{307} is not a\u{307}\u{323}",
    "Z\u{335}\u{341}\u{310}\u{353}algo",
    "👩‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿 👍🏽 🇺🇦 1️⃣",
    "\u{10ffff}\u{e000}\u{fffd}",
    "\u{fe}\u{ff} \u{feff}bom",
    "tab\tline\r\nend\u{2028}x\u{85}y",
    "nul\u{0}bell\u{7}esc\u{1b}[31m",
    "\u{200b}\u{200d}\u{2060}x",
    "<b>&amp;</b> ]]> \" ' \\ \\u0041 %41 +",
];

#[actix_web::test]
async fn texts_of_any_language_come_back_over_rest_as_they_were_sent() {
    let site = site();
    let chat = site.start_with("default", &[("nickname", TEXTS[0]), ("subject", TEXTS[5])]).await;
    for text in TEXTS {
        site.done(&chat, "send", &[("message", text)]).await;
        site.done(&chat, "customNotice", &[("message", text)]).await;
    }
    let reply = site.done(&chat, "refresh", &[("transcriptPosition", "2")]).await;
    let texts: Vec<String> = told(&reply).into_iter().filter_map(|(_, text)| text).collect();
    let expected: Vec<&str> = TEXTS.iter().flat_map(|text| [*text; 2]).collect();
    assert_eq!(texts, expected);
    assert_eq!(reply["messages"][0]["from"]["nickname"], TEXTS[0]);
}

#[actix_web::test]
async fn texts_of_any_language_come_back_over_the_socket_as_they_were_sent() {
    let site = site();
    let mut window = Window::customer(&site).await;
    window.start(json!({"nickname": TEXTS[1], "user_data": {TEXTS[2]: TEXTS[3]}})).await;
    for (text, number) in TEXTS.into_iter().zip(1..) {
        window.done("send", json!({"number": number, "text": text})).await;
        window.message(text).await;
    }
}

/// The answer to a frame as it is written here; a frame that can't be read has no id to answer.
async fn told_of(window: &mut Window, frame: &str) -> Value {
    window.raw(Message::text(frame.to_owned())).await;
    window.find("an answer", |frame| frame.get("answer").is_some()).await
}

#[actix_web::test]
async fn half_a_character_is_refused_clearly_and_harms_nothing() {
    let site = site();
    let chat = site.start().await;
    for half in ["message=%ED%A0%80", "message=%F0%9F%98", "message=%C0%80", "message=%FF"] {
        let body = format!("secureKey={}&{half}", chat.key);
        let path = format!("default/{}/send", chat.id);
        let (status, reply) = site.raw(&path, "application/x-www-form-urlencoded", body).await;
        assert_eq!((status, code(&reply)), (400, 400), "{half}");
    }
    let mut window = Window::customer(&site).await;
    window.start(json!({"nickname": "n"})).await;
    for half in [r"\ud83d", r"\ude00", r"x\ud800y", r"\ude00\ud83d", r"\u00g0"] {
        let frame = format!(r#"{{"id":"half","do":"send","number":1,"run":"page","text":"{half}"}}"#);
        let answer = told_of(&mut window, &frame).await;
        assert_eq!(
            (&answer["ok"], &answer["error"]["code"]),
            (&json!(false), &json!("bad_command")),
            "{half}"
        );
    }
    // The two halves together are one.
    let whole = r#"{"id":"whole","do":"send","number":1,"run":"page","text":"\ud83d\ude00"}"#;
    let answer = told_of(&mut window, whole).await;
    assert_eq!(answer["ok"], true, "{answer}");
    window.message("😀").await;
}
