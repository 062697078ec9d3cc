//! Names and descriptions of files. A name is changed so far as to be safe to show and to save.

use super::{NO_TEXTS, TEXTS};
use crate::files::shown_name;
use crate::gateway::GatewayOptions;
use crate::gateway::tests::support::{Chat, Memory, Site, code, options, show, site_of};
use handoff_chat::file::FileLimits;
use serde_json::{Value, json};

fn site() -> Site {
    let limits = FileLimits {
        files_max: 1_000,
        file_bytes_max: 2_000,
        total_bytes_max: 100_000,
        types: "txt".to_owned(),
        need_agent: false,
        downloads_max: 0,
    };
    let mut options: GatewayOptions = options();
    for service in options.services.values_mut() {
        service.limits.files = Some(limits.clone());
    }
    site_of(Memory::new(), options, 7)
}

/// The ways to say a file's name: in quotes, as browsers do, and in the extended form, as some libraries do for names
/// that are not ASCII.
const QUOTED: &str = "filename=\"§\"";
const EXTENDED: &str = "filename*=utf-8''§";

fn named(way: &str, name: &[u8]) -> Vec<u8> {
    let name: Vec<u8> = if way == QUOTED {
        name.iter()
            .flat_map(|byte| if b"\"\\".contains(byte) { vec![b'\\', *byte] } else { vec![*byte] })
            .collect()
    } else {
        name.iter().flat_map(|byte| format!("%{byte:02X}").into_bytes()).collect()
    };
    super::with_bytes(way, &name)
}

/// A form with a file of this name and description.
fn body(chat: &Chat, name: &[u8], (key, description): (&str, &[u8])) -> Vec<u8> {
    let field = |name: &str| format!("--b0\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
    [
        format!("{}{}\r\n{}", field("secureKey"), chat.key, field(key)).as_bytes(),
        description,
        b"\r\n--b0\r\nContent-Disposition: form-data; name=\"file\"; ",
        name,
        b"\r\n\r\nhello\r\n--b0--\r\n",
    ]
    .concat()
}

async fn post(site: &Site, chat: &Chat, native: bool, body: Vec<u8>) -> (u16, Value) {
    let url = if native {
        format!("{}/v1/chats/{}/files", site.url, chat.id)
    } else {
        site.address(&format!("default/{}/file", chat.id))
    };
    let request = site.http.post(url).bearer_auth(&chat.key);
    let request = request.header("content-type", "multipart/form-data; boundary=b0").body(body);
    show(request.send().await.unwrap()).await
}

#[actix_web::test]
async fn files_are_named_in_any_language_and_described_as_was_sent() {
    let site = site();
    let chat = site.start().await;
    let mut position = 2;
    for (text, (way, native)) in TEXTS.iter().flat_map(|text| {
        [(QUOTED, false), (QUOTED, true), (EXTENDED, false), (EXTENDED, true)].map(|way| (text, way))
    }) {
        // In quotes a name can't have control characters: they are refused with the head that they stand in.
        let name: String = text.chars().filter(|c| way == EXTENDED || !c.is_ascii_control()).collect();
        let name = format!("{name}.txt");
        let key = if native { "description" } else { "userData[file-description]" };
        let form = body(&chat, &named(way, name.as_bytes()), (key, text.as_bytes()));
        let (status, reply) = post(&site, &chat, native, form).await;
        assert!(status < 300, "{way} {text:?}: {reply}");
        let shown = site.done(&chat, "refresh", &[("transcriptPosition", &position.to_string())]).await;
        position = shown["nextPosition"].as_u64().unwrap();
        let data = &shown["messages"][0]["userData"];
        assert_eq!(data["file-name"], shown_name(&name), "{way} {text:?}");
        assert_eq!(data["file-description"], *text, "{way}");
        let file = data["file-id"].as_str().unwrap();
        let url = site.address(&format!("default/{}/file/{file}/download", chat.id));
        let given = site.http.post(url).form(&[("secureKey", &chat.key)]).send().await.unwrap();
        let disposition = given.headers()["content-disposition"].to_str().unwrap().to_owned();
        assert_eq!(saved_as(&disposition), shown_name(&name), "{disposition}");
    }
}

/// The name under which a client saves what it was given so.
fn saved_as(disposition: &str) -> String {
    let escaped = disposition.split_once("filename*=UTF-8''").unwrap().1;
    let pair = format!("n={}", escaped.replace('+', "%2B").replace('&', "%26"));
    form_urlencoded::parse(pair.as_bytes()).next().unwrap().1.into_owned()
}

#[actix_web::test]
async fn a_name_or_description_that_is_no_text_is_refused_and_harms_nothing() {
    let site = site();
    let chat = site.start().await;
    for native in [false, true] {
        let key = if native { "description" } else { "userData[file-description]" };
        let quoted = |name: &[u8]| named(QUOTED, name);
        for bytes in NO_TEXTS {
            let forms = [
                body(&chat, &quoted(b"a.txt"), (key, bytes)),
                body(&chat, &quoted(bytes), (key, b"x")),
                body(&chat, &named(EXTENDED, bytes), (key, b"x")),
            ];
            for form in forms {
                let (status, reply) = post(&site, &chat, native, form).await;
                assert_eq!(status, 400, "{bytes:?}: {reply}");
                if !native {
                    assert_eq!(code(&reply), 400);
                }
            }
        }
        for name in [&b"filename=\"nul\0.txt\""[..], b"filename*=iso-8859-1''caf%E9.txt"] {
            let (status, reply) = post(&site, &chat, native, body(&chat, name, (key, b"x"))).await;
            assert_eq!(status, 400, "{reply}");
        }
    }
    let shown = site.done(&chat, "refresh", &[("transcriptPosition", "2")]).await;
    assert_eq!((&shown["messages"], std::fs::read_dir(site.spool.path()).unwrap().count()), (&json!([]), 0));
}
