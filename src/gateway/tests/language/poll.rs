//! Long polling of the native protocol.

use super::{NO_JSON_TEXTS, NO_TEXTS, TEXTS, with_bytes};
use crate::gateway::tests::native::window::texts;
use crate::gateway::tests::support::{PASSWORD, Site, site};
use serde_json::{Value, json};

/// Posts a body to `customer` or `agent`.
async fn post(site: &Site, whose: &str, body: impl Into<Vec<u8>>) -> (u16, Value) {
    let url = format!("{}/v1/{whose}/poll", site.url);
    let request = site.http.post(url).header("content-type", "application/json").body(body.into());
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

/// The frames that a poll is answered, as soon as there is news.
async fn poll(site: &Site, whose: &str, frames: &[Value]) -> Vec<Value> {
    let (status, answer) = post(site, whose, json!({"frames": frames, "wait_ms": 2_000}).to_string()).await;
    assert_eq!(status, 200, "{answer}");
    answer["frames"].as_array().unwrap().clone()
}

fn answered<'f>(frames: &'f [Value], id: &str) -> &'f Value {
    frames.iter().find(|frame| frame["answer"] == id).unwrap_or_else(|| panic!("no {id} in {frames:?}"))
}

fn send(number: usize, text: &str) -> Value {
    json!({"id": format!("{number}"), "do": "send", "number": number, "run": "page", "text": text})
}

/// Starts a chat by a poll; the frame that resumes it.
async fn start(site: &Site, service: &str) -> Value {
    let start = json!({"id": "s", "do": "start", "service": service, "nickname": TEXTS[0]});
    let frames = poll(site, "customer", &[start]).await;
    let started = answered(&frames, "s");
    json!({"id": "r", "do": "resume", "chat": started["chat"], "key": started["key"], "position": 2})
}

/// Polls until so many texts came.
async fn hears(site: &Site, whose: &str, frame: &Value, count: usize) -> Vec<String> {
    loop {
        let frames = poll(site, whose, std::slice::from_ref(frame)).await;
        let said: Vec<String> = frames.iter().flat_map(texts).map(str::to_owned).collect();
        if said.len() >= count {
            return said;
        }
    }
}

#[actix_web::test]
async fn texts_of_any_language_come_to_customers_and_agents_who_poll_as_they_were_sent() {
    let site = site();
    let sign_in = json!({"id": "in", "do": "sign_in", "name": "ann", "password": PASSWORD});
    poll(&site, "agent", &[sign_in.clone(), json!({"id": "ready", "do": "ready"})]).await;
    let resume = start(&site, "support").await;
    let chat = resume["chat"].clone();
    let accept = json!({"id": "a", "do": "accept", "chat": chat});
    while answered(&poll(&site, "agent", &[sign_in.clone(), accept.clone()]).await, "a")["ok"] != true {}
    let commands: Vec<Value> = TEXTS.iter().zip(1..).map(|(text, number)| send(number, text)).collect();
    let frames = poll(&site, "customer", &[std::slice::from_ref(&resume), &commands[..]].concat()).await;
    for number in 1..=TEXTS.len() {
        assert_eq!(answered(&frames, &number.to_string())["ok"], true, "{frames:?}");
    }
    // The agent's own joining has no text.
    assert_eq!(hears(&site, "customer", &resume, TEXTS.len()).await, TEXTS);
    assert_eq!(hears(&site, "agent", &sign_in, TEXTS.len()).await, TEXTS);
    for (text, number) in TEXTS.iter().zip(1..) {
        let id = format!("say-{number}");
        let said = json!({"id": id, "do": "send", "chat": chat, "text": text});
        let frames = poll(&site, "agent", &[sign_in.clone(), said]).await;
        assert_eq!(answered(&frames, &id)["ok"], true, "{frames:?}");
    }
    assert_eq!(hears(&site, "customer", &resume, 2 * TEXTS.len()).await[TEXTS.len()..], TEXTS);
}

#[actix_web::test]
async fn what_is_no_text_is_refused_in_its_frame_or_with_its_request_and_harms_nothing() {
    let site = site();
    let resume = start(&site, "default").await;
    for half in NO_JSON_TEXTS {
        let bad = format!(r#"{{"id":"half","do":"send","number":1,"run":"page","text":"{half}"}}"#);
        let body = format!(r#"{{"frames":[{resume},{bad}],"wait_ms":0}}"#);
        let (status, answer) = post(&site, "customer", body).await;
        if status == 400 {
            // An escape of no number is not even JSON.
            assert_eq!((half, &answer["code"]), (r"\u00g0", &json!("bad_request")));
            continue;
        }
        let answer = answered(answer["frames"].as_array().unwrap(), "half").clone();
        assert_eq!((status, &answer["error"]["code"]), (200, &json!("bad_command")), "{half}");
    }
    for bytes in NO_TEXTS {
        for whose in ["customer", "agent"] {
            let body = format!(
                r#"{{"frames":[{resume},{{"id":"1","do":"send","number":1,"run":"page","text":"§"}}],"wait_ms":0}}"#
            );
            let (status, problem) = post(&site, whose, with_bytes(&body, bytes)).await;
            assert_eq!((status, &problem["code"]), (400, &json!("bad_request")), "{whose} {bytes:?}");
        }
    }
    let frames = poll(&site, "customer", &[resume.clone(), send(1, "still here")]).await;
    assert_eq!(answered(&frames, "1")["ok"], true, "{frames:?}");
    assert_eq!(hears(&site, "customer", &resume, 1).await, ["still here"], "nothing else is there");
}
