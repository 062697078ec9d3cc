//! The description of the GMS API against the API: every path of the one is in the other, and every field of every
//! form.

use super::memory::{Memory, Trouble};
use super::support::{intake, options, parts};
use crate::channel::{Channels, gms};
use crate::descriptions::{is_committed, yaml};
use crate::files::Files;
use crate::gateway::form::asked;
use crate::gateway::{Gateway, GatewayOptions, configure};
use actix_http::Request;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::test::{TestRequest, call_and_read_body_json, call_service, init_service, read_body};
use actix_web::{App, Error};
use handoff_chat::file::FileLimits;
use handoff_config::Config;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use utoipa::OpenApi;

const BASE: &str = "/genesys";
/// The id of a file that nobody has.
const FILE: &str = "0123456789abcdef";
const BOUNDARY: &str = "a-boundary";

/// A gateway whose services take files, on this thread, and what it knows of chats.
async fn here(
    spool: &tempfile::TempDir,
) -> (Arc<Memory>, impl Service<Request, Response = ServiceResponse<impl MessageBody>, Error = Error>) {
    let files = FileLimits {
        files_max: 9,
        file_bytes_max: 2000,
        total_bytes_max: 20_000,
        types: "txt".to_owned(),
        need_agent: false,
        downloads_max: 0,
    };
    let mut options = GatewayOptions { fields_max: 99, ..options() };
    for service in options.services.values_mut() {
        service.limits.files = Some(files.clone());
    }
    let (sessions, channels) = (Memory::new(), Channels::of(&Config::default()).unwrap());
    let intake = intake(spool.path(), Files::in_memory());
    let gateway = Gateway::new(parts(&sessions, options, intake, &channels));
    let app = init_service(App::new().configure(|config| configure(config, &gateway))).await;
    (sessions, app)
}

fn post(path: &str, fields: &[(String, String)]) -> Request {
    let mut body = String::new();
    for (name, value) in fields {
        let file = if name == "file" { "; filename=\"a.txt\"" } else { "" };
        body += &format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n"
        );
    }
    body += &format!("--{BOUNDARY}--\r\n");
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    let request = TestRequest::post().uri(path).insert_header(("Content-Type", content_type));
    request.set_payload(body).to_request()
}

/// What `$ref` points to.
fn resolved<'a>(description: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(place) => description.pointer(place.trim_start_matches('#')).expect(place),
        None => schema,
    }
}

/// The fields of a form, each with its schema; those of its parts too.
fn fields<'a>(description: &'a Value, schema: &'a Value) -> Vec<(&'a str, &'a Value)> {
    let schema = resolved(description, schema);
    let own = schema["properties"].as_object().into_iter().flatten();
    let own = own.map(|(name, schema)| (name.as_str(), schema));
    let parts = schema["allOf"].as_array().into_iter().flatten();
    own.chain(parts.flat_map(|part| fields(description, part))).collect()
}

/// A value that is right for a field of a call in this chat.
fn value(name: &str, key: &str, operation: &str) -> (String, String) {
    let (name, value) = match name {
        "secureKey" => (name, key),
        "userData" => ("userData[file-description]", "a cat"),
        "transcriptPosition" => (name, "1"),
        "waitMs" => (name, "0"),
        "emailAddress" => (name, "zoe@example.org"),
        "clientMessageId" => (name, "0123456789abcdef-1"),
        "operation" => (name, operation),
        "file" => (name, "hello"),
        _ => (name, "word"),
    };
    (name.to_owned(), value.to_owned())
}

#[actix_web::test]
async fn every_operation_is_described_and_every_field_that_it_reads_and_no_other() {
    let spool = tempfile::tempdir().unwrap();
    let (sessions, app) = here(&spool).await;
    let served = call_service(&app, TestRequest::get().uri("/openapi/gms.yaml").to_request()).await;
    let description: Value = yaml_serde::from_slice(&read_body(served).await).unwrap();
    let nickname = [("nickname".to_owned(), "Zoe".to_owned())];
    let server = description["servers"][0]["url"].as_str().unwrap();
    let mut described = BTreeSet::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        described.insert(format!("{}{path}", server.trim_start_matches(BASE)));
        let methods: Vec<&String> = item.as_object().unwrap().keys().collect();
        assert_eq!(methods, ["post"], "{path}");
        let start: Value = call_and_read_body_json(&app, post("/genesys/2/chat/default", &nickname)).await;
        let (chat, key) = (start["chatId"].as_str().unwrap(), start["secureKey"].as_str().unwrap());
        let url = path.replace("{service}", "default").replace("{chatId}", chat).replace("{fileId}", FILE);
        for (encoding, content) in item["post"]["requestBody"]["content"].as_object().unwrap() {
            let fields = fields(&description, &content["schema"]);
            let operation = fields.iter().find(|(name, _)| *name == "operation");
            let operations = operation.map_or(vec![""], |(_, schema)| {
                schema["enum"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
            });
            asked::take();
            // What is read only to say it back to who must come again is read too.
            let troubles: [&[Trouble]; 3] = [&[], &[Trouble::Again], &[Trouble::None, Trouble::Again]];
            for (operation, troubles) in operations.iter().flat_map(|name| troubles.map(|all| (name, all))) {
                sessions.troubles(troubles);
                let given: Vec<_> = fields.iter().map(|(name, _)| value(name, key, operation)).collect();
                let answer = call_service(&app, post(&format!("{server}{url}"), &given)).await;
                let status = answer.status().as_u16().to_string();
                assert!(
                    item["post"]["responses"].get(&status).is_some(),
                    "{path} {operation} is answered {status}"
                );
                let answer = String::from_utf8(read_body(answer).await.to_vec()).unwrap();
                let there = !answer.contains("no such resource");
                assert!(there, "{path} {operation} is described and not there");
                sessions.calms();
            }
            let read = asked::take();
            // The file is the part that has a file's name, whatever its own.
            let named = fields.iter().map(|(name, _)| (*name).to_owned()).filter(|name| name != "file");
            assert_eq!(named.collect::<BTreeSet<_>>(), read, "described and read by {path} as {encoding}");
        }
    }
    assert_eq!(described, gms::routes::paths().collect());
}

#[test]
fn the_committed_description_is_what_the_code_makes() {
    is_committed("openapi/gms.yaml", &yaml(&gms::Description::openapi()));
}
