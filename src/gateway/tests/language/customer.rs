//! The customers' socket.

use super::{NO_JSON_TEXTS, NO_TEXTS, TEXTS, attached};
use crate::gateway::tests::native::window::Window;
use crate::gateway::tests::support::site;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;

#[actix_web::test]
async fn texts_of_any_language_come_back_over_the_customers_socket_as_they_were_sent() {
    let site = site();
    let mut window = Window::customer(&site).await;
    let start = json!({"nickname": TEXTS[1], "subject": TEXTS[3], "user_data": {TEXTS[2]: TEXTS[3]}});
    let chat = window.start(start).await["chat"].as_str().unwrap().to_owned();
    let mut number = 0;
    let mut next = || {
        number += 1;
        number
    };
    for text in TEXTS {
        window.done("send", json!({"number": next(), "text": text})).await;
        window.message(text).await;
        window.done("notice", json!({"number": next(), "text": text})).await;
        window.message(text).await;
        let url = format!("https://a.example/{text}");
        window.done("push_url", json!({"number": next(), "url": url})).await;
        window.message(&url).await;
        window.done("rename", json!({"number": next(), "nickname": text})).await;
        let renamed = window.message(text).await;
        assert_eq!(renamed["participants"][0]["nickname"], text);
        window.done("attach", json!({"number": next(), "data": {text: text}})).await;
        assert_eq!(attached(&site, &chat)[text], text);
    }
    assert_eq!(attached(&site, &chat)[TEXTS[2]], TEXTS[2], "what was attached later counts");
}

/// The answer to a frame as it is written here; a frame that can't be read has no id to answer.
async fn told_of(window: &mut Window, frame: &str) -> Value {
    window.raw(Message::text(frame.to_owned())).await;
    window.find("an answer", |frame| frame.get("answer").is_some()).await
}

#[actix_web::test]
async fn half_a_character_is_refused_over_the_customers_socket_and_harms_nothing() {
    let site = site();
    let mut window = Window::customer(&site).await;
    window.start(json!({"nickname": "n"})).await;
    for half in NO_JSON_TEXTS {
        for fields in [
            format!(r#""do":"send","text":"{half}""#),
            format!(r#""do":"send","text":"x","message_type":"{half}""#),
            format!(r#""do":"notice","text":"{half}""#),
            format!(r#""do":"push_url","url":"https://{half}""#),
            format!(r#""do":"rename","nickname":"{half}""#),
            format!(r#""do":"attach","data":{{"k":"{half}"}}"#),
            format!(r#""do":"attach","data":{{"{half}":"v"}}"#),
        ] {
            let answer =
                told_of(&mut window, &format!(r#"{{"id":"half","number":1,"run":"page",{fields}}}"#)).await;
            let told = (&answer["ok"], &answer["error"]["code"]);
            assert_eq!(told, (&json!(false), &json!("bad_command")), "{fields}");
        }
    }
    // The two halves together are one.
    let whole = r#"{"id":"whole","do":"send","number":1,"run":"page","text":"\ud83d\ude00"}"#;
    let answer = told_of(&mut window, whole).await;
    assert_eq!(answer["ok"], true, "{answer}");
    window.message("😀").await;
}

#[actix_web::test]
async fn bytes_that_are_no_text_close_any_socket_with_the_code_for_it() {
    for bytes in NO_TEXTS {
        for path in ["/v1/customer", "/v1/agent", "/genesys/cometd"] {
            let site = site();
            let mut window = super::open(&site, path).await;
            // By hand, for the client's library refuses to say it: a text frame, masked with 0.
            let length = 0x80 | u8::try_from(bytes.len()).unwrap();
            let frame = [&[0x81, length, 0, 0, 0, 0], bytes].concat();
            window.socket.get_mut().write_all(&frame).await.unwrap();
            assert_eq!(window.closes().await, 1007, "{path} {bytes:?}");
        }
    }
}
