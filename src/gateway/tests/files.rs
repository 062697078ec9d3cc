//! Files over REST, over `chat-ntf` and over the native clients' HTTP.

use super::native::window::Window;
use super::support::{Chat, Memory, PASSWORD, Site, code, options, show, site, site_of, site_with, told};
use crate::files::{Clamd, Files, MemoryFiles, Scanner, WhenDown};
use crate::gateway::GatewayOptions;
use handoff_chat::file::FileLimits;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR and more";

fn limits() -> FileLimits {
    FileLimits {
        files_max: 2,
        file_bytes_max: 2000,
        total_bytes_max: 3000,
        types: "png:txt".to_owned(),
        need_agent: false,
        downloads_max: 0,
    }
}

/// All services take files within these limits.
fn taking(limits: &FileLimits) -> GatewayOptions {
    let mut options = options();
    for service in options.services.values_mut() {
        service.limits.files = Some(limits.clone());
    }
    options
}

fn site_taking(limits: &FileLimits) -> Site {
    site_of(Memory::new(), taking(limits), 7)
}

fn part(name: &str, body: impl Into<Vec<u8>>) -> Part {
    Part::bytes(body.into()).file_name(name.to_owned())
}

impl Site {
    async fn form(&self, path: &str, form: Form) -> (u16, Value) {
        show(self.http.post(format!("{}{path}", self.url)).multipart(form).send().await.unwrap()).await
    }

    async fn uploads(&self, chat: &Chat, name: &str, body: impl Into<Vec<u8>>) -> (u16, Value) {
        let form = Form::new().text("secureKey", chat.key.clone()).part("file", part(name, body));
        self.form(&format!("/genesys/2/chat/default/{}/file", chat.id), form).await
    }

    /// The id of a file that must come in.
    async fn uploaded(&self, chat: &Chat, name: &str, body: impl Into<Vec<u8>>) -> String {
        let (status, reply) = self.uploads(chat, name, body).await;
        assert_eq!((status, &reply["statusCode"]), (200, &json!(0)), "{reply}");
        reply["userData"]["file-id"].as_str().unwrap().to_owned()
    }

    async fn limits(&self, chat: &Chat) -> Value {
        let reply = self.done(chat, "file/limits", &[]).await;
        reply["messages"][0]["userData"].clone()
    }

    async fn downloads(&self, chat: &Chat, file: &str) -> reqwest::Response {
        let url = self.address(&format!("default/{}/file/{file}/download", chat.id));
        self.http.post(url).form(&[("secureKey", &chat.key)]).send().await.unwrap()
    }

    fn native(&self, chat: &Chat, rest: &str) -> String {
        format!("{}/v1/chats/{}/files{rest}", self.url, chat.id)
    }

    fn spooled(&self) -> usize {
        std::fs::read_dir(self.spool.path()).unwrap().count()
    }
}

#[actix_web::test]
async fn the_limits_come_as_one_notice_whose_values_are_texts() {
    let site = site_taking(&limits());
    let chat = site.start().await;
    for path in ["file/limits", "file/limits/"] {
        let reply = site.done(&chat, path, &[]).await;
        let [notice] = &reply["messages"].as_array().unwrap()[..] else { panic!("{reply}") };
        assert_eq!((&notice["type"], &notice["text"]), (&json!("Notice"), &json!("file-client-cfg-get")));
        assert!(notice.get("index").is_none() && notice["utcTime"].as_i64().unwrap() > 0);
        assert_eq!(notice["from"], json!({"nickname": "Zoë", "participantId": 1, "type": "Client"}));
        assert_eq!((&reply["chatEnded"], &reply["chatId"]), (&json!(false), &json!(chat.id)));
    }
    site.uploaded(&chat, "a.png", PNG).await;
    let expected = json!({
        "upload-max-files": "2", "upload-max-file-size": "2000", "upload-max-total-size": "3000",
        "upload-file-types": "png:txt", "upload-need-agent": "false", "download-attempts": "0", "delete-file": "odd",
        "used-upload-max-files": "1", "used-upload-max-total-size": PNG.len().to_string(),
        "used-download-attempts": "0",
    });
    assert_eq!(site.limits(&chat).await, expected);
}

#[actix_web::test]
async fn a_file_comes_in_is_shown_given_out_and_deleted() {
    let site = site_taking(&limits());
    let chat = site.start().await;
    let form = Form::new()
        .text("alias", "117")
        .text("userId", "")
        .text("secureKey", chat.key.clone())
        .text("userData[file-description]", "my cat")
        .part("file", part("my \"cat\" 🙂.png", PNG));
    let (status, reply) = site.form(&format!("/genesys/2/chat/default/{}/file/", chat.id), form).await;
    assert_eq!((status, &reply["messages"], &reply["chatEnded"]), (200, &json!([]), &json!(false)));
    let file = reply["userData"]["file-id"].as_str().unwrap();
    let shown = site.done(&chat, "refresh", &[("transcriptPosition", "2")]).await;
    let message = &shown["messages"][0];
    assert_eq!((&message["type"], &message["index"]), (&json!("FileUploaded"), &json!(2)));
    let size = PNG.len().to_string();
    let expected = json!({
        "file-id": file, "file-name": "my \"cat\" 🙂.png", "file-size": size, "file-type": "image/png",
        "file-description": "my cat",
    });
    assert_eq!(message["userData"], expected);
    for slash in ["", "/"] {
        let url = site.address(&format!("default/{}/file/{file}/download{slash}", chat.id));
        let given = site.http.post(url).form(&[("secureKey", &chat.key)]).send().await.unwrap();
        let header = |name: &str| given.headers()[name].to_str().unwrap().to_owned();
        assert_eq!((given.status().as_u16(), header("content-type")), (200, "image/png".to_owned()));
        assert_eq!(
            (header("content-length"), header("x-content-type-options")),
            (size.clone(), "nosniff".into())
        );
        let disposition = header("content-disposition");
        assert!(
            disposition.starts_with("attachment; ") && disposition.contains("filename*=UTF-8''"),
            "{disposition}"
        );
        assert!(header("content-security-policy").contains("sandbox"));
        assert_eq!(given.bytes().await.unwrap(), PNG);
    }
    site.done(&chat, &format!("file/{file}/delete"), &[]).await;
    let shown = site.done(&chat, "refresh", &[("transcriptPosition", "3")]).await;
    assert_eq!(told(&shown), [("FileDeleted".to_owned(), Some("my \"cat\" 🙂.png".to_owned()))]);
    assert_eq!(shown["messages"][0]["userData"]["file-id"], json!(file));
    let (status, reply) = show(site.downloads(&chat, file).await).await;
    assert_eq!((status, code(&reply)), (404, 404));
    let (status, _) = site.call(&chat, &format!("file/{file}/delete"), &[]).await;
    assert_eq!((status, site.spooled()), (404, 0));
}

#[actix_web::test]
async fn what_is_over_a_limit_is_answered_with_the_field_s_codes() {
    let site = site_taking(&limits());
    let chat = site.start().await;
    let refused = async |name: &str, body: Vec<u8>| {
        let (status, reply) = site.uploads(&chat, name, body).await;
        assert_eq!((status, &reply["statusCode"]), (400, &json!(2)), "{reply}");
        (code(&reply), reply["errors"][0]["advice"].as_str().unwrap().to_owned())
    };
    assert_eq!(refused("a.txt", vec![b'x'; 2001]).await, (202, "2000".to_owned()));
    assert_eq!(refused("a.exe", b"MZ".to_vec()).await.0, 203);
    assert_eq!(refused("a.png", b"MZ".to_vec()).await.0, 203);
    site.uploaded(&chat, "a.txt", vec![b'x'; 2000]).await;
    assert_eq!(refused("a.txt", vec![b'x'; 1001]).await, (202, "3000".to_owned()));
    site.uploaded(&chat, "a.txt", vec![b'x'; 1000]).await;
    assert_eq!(refused("a.txt", b"x".to_vec()).await, (201, "2".to_owned()));
    let no_file = Form::new().text("secureKey", chat.key.clone());
    let (status, reply) = site.form(&format!("/genesys/2/chat/default/{}/file", chat.id), no_file).await;
    assert_eq!((status, code(&reply), site.spooled()), (400, 400, 0));
    let (_, used) = (site.sessions.sessions(), site.limits(&chat).await);
    assert_eq!(
        (&used["used-upload-max-files"], &used["used-upload-max-total-size"]),
        (&json!("2"), &json!("3000"))
    );
}

#[actix_web::test]
async fn switched_off_no_file_is_allowed_and_none_comes_in() {
    let site = site();
    let chat = site.start().await;
    let limits = site.limits(&chat).await;
    assert_eq!((&limits["upload-max-files"], &limits["delete-file"]), (&json!("0"), &json!("never")));
    let (status, reply) = site.uploads(&chat, "a.png", PNG).await;
    assert_eq!((status, code(&reply), &reply["errors"][0]["advice"]), (400, 201, &json!("0")));
}

#[actix_web::test]
async fn a_key_that_stands_behind_the_file_counts_and_a_wrong_one_gets_nothing_in_or_out() {
    let site = site_taking(&limits());
    let (chat, other) = (site.start().await, site.start().await);
    let path = format!("/genesys/2/chat/default/{}/file", chat.id);
    let behind = Form::new().part("file", part("a.png", PNG)).text("secureKey", chat.key.clone());
    let (_, reply) = site.form(&path, behind).await;
    let file = reply["userData"]["file-id"].as_str().unwrap();
    for key in [other.key.clone(), String::new(), format!("{}x", chat.key)] {
        let forms = [
            Form::new().part("file", part("a.png", PNG)).text("secureKey", key.clone()),
            Form::new().text("secureKey", key.clone()).part("file", part("a.png", PNG)),
        ];
        for form in forms {
            let (status, reply) = site.form(&path, form).await;
            assert_eq!((status, code(&reply), &reply["chatEnded"]), (200, 249, &json!(true)), "{reply}");
        }
        let wrong = Chat { id: chat.id.clone(), key };
        assert_eq!(code(&show(site.downloads(&wrong, file).await).await.1), 249);
    }
    // Another chat's customer has no such file, whatever they call it.
    assert_eq!(show(site.downloads(&other, file).await).await.0, 404);
    let two = Form::new()
        .text("secureKey", chat.key.clone())
        .part("file", part("a.png", PNG))
        .part("file", part("b.png", PNG));
    assert_eq!(site.form(&path, two).await.0, 400);
    assert_eq!(site.spooled(), 0);
}

#[actix_web::test]
async fn a_repeated_upload_with_the_client_s_id_is_one_file() {
    let site = site_taking(&limits());
    let chat = site.start().await;
    let mut ids = Vec::new();
    for body in [PNG, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR or less!"] {
        let form = Form::new()
            .text("secureKey", chat.key.clone())
            .text("clientMessageId", "u-1")
            .part("file", part("a.png", body));
        let (_, reply) = site.form(&format!("/genesys/2/chat/default/{}/file", chat.id), form).await;
        ids.push(reply["userData"]["file-id"].clone());
    }
    assert_eq!(ids[0], ids[1]);
    let given = site.downloads(&chat, ids[0].as_str().unwrap()).await;
    assert_eq!(given.bytes().await.unwrap(), PNG, "what was shown stays what it is");
    let shown = site.done(&chat, "refresh", &[("transcriptPosition", "2")]).await;
    assert_eq!(told(&shown).len(), 1);
}

#[actix_web::test]
async fn clients_of_cometd_have_the_same_by_name() {
    let site = site_taking(&limits());
    let chat = site.start().await;
    let asks = async |operation: &str, file: &str| {
        let fields = [("operation", operation), ("secureKey", &chat.key), ("fileId", file)];
        site.http.post(format!("{}/genesys/2/chat-ntf", site.url)).form(&fields).send().await.unwrap()
    };
    for name in ["fileGetLimits", "fileGetsLimits"] {
        let (_, reply) = show(asks(name, "").await).await;
        assert_eq!(reply["messages"][0]["userData"]["upload-max-files"], "2");
    }
    let form = Form::new()
        .text("operation", "fileUpload")
        .text("secureKey", chat.key.clone())
        .part("file", part("a.png", PNG));
    let (_, reply) = site.form("/genesys/2/chat-ntf/", form).await;
    let file = reply["userData"]["file-id"].as_str().unwrap();
    assert_eq!(asks("fileDownload", file).await.bytes().await.unwrap(), PNG);
    assert_eq!(show(asks("fileDelete", file).await).await.1["statusCode"], 0);
    assert_eq!(show(asks("fileDownload", file).await).await.0, 404);
    assert_eq!(show(asks("sendMessage", file).await).await.0, 404, "no operation of files");
}

#[actix_web::test]
async fn native_clients_have_the_same_with_their_key_in_a_header() {
    let site = site_taking(&limits());
    let chat = site.start().await;
    let form = Form::new().text("description", "my cat").part("file", part("a.png", PNG));
    let sent = site.http.post(site.native(&chat, "")).bearer_auth(&chat.key).multipart(form);
    let (status, reply) = show(sent.send().await.unwrap()).await;
    assert_eq!((status, &reply["held"]), (201, &json!(false)), "{reply}");
    let file = &reply["file"];
    let expected = json!({
        "id": file["id"], "name": "a.png", "bytes": PNG.len(), "media_type": "image/png", "description": "my cat",
    });
    assert_eq!(*file, expected);
    let listed = site.http.get(site.native(&chat, "")).bearer_auth(&chat.key).send().await.unwrap();
    let (_, listed) = show(listed).await;
    assert_eq!((&listed["files"][0], &listed["used_files"]), (file, &json!(1)));
    assert_eq!(listed["limits"]["types"], json!(["png", "txt"]));
    let one = site.native(&chat, &format!("/{}", file["id"].as_str().unwrap()));
    let given = site.http.get(&one).bearer_auth(&chat.key).send().await.unwrap();
    assert_eq!(given.bytes().await.unwrap(), PNG);
    let problem = async |request: reqwest::RequestBuilder| {
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let (status, problem) = show(response).await;
        assert_eq!(problem["status"], json!(status));
        (status, problem["code"].as_str().unwrap().to_owned())
    };
    let other = site.start().await;
    for key in ["", "x", &other.key] {
        assert_eq!(problem(site.http.get(&one).bearer_auth(key)).await, (401, "unauthorized".to_owned()));
    }
    assert_eq!(problem(site.http.get(&one)).await.0, 401);
    let exe = Form::new().part("file", part("a.exe", "MZ"));
    let sent = site.http.post(site.native(&chat, "")).bearer_auth(&chat.key).multipart(exe);
    assert_eq!(problem(sent).await, (415, "file_type".to_owned()));
    let large = Form::new().part("file", part("a.txt", vec![b'x'; 2001]));
    let sent = site.http.post(site.native(&chat, "")).bearer_auth(&chat.key).multipart(large);
    assert_eq!(problem(sent).await, (413, "too_large".to_owned()));
    assert_eq!(problem(site.http.put(&one).bearer_auth(&chat.key)).await, (405, "method".to_owned()));
    let gone = site.http.delete(&one).bearer_auth(&chat.key);
    assert_eq!(gone.send().await.unwrap().status(), 204);
    assert_eq!(problem(site.http.get(&one).bearer_auth(&chat.key)).await, (404, "unknown_file".to_owned()));
    let preflight =
        site.http.request(reqwest::Method::OPTIONS, &one).header("origin", "https://shop.example");
    let preflight = preflight.send().await.unwrap();
    let allowed = preflight.headers()["access-control-allow-methods"].to_str().unwrap();
    assert!(preflight.status() == 204 && allowed.contains("DELETE"), "{allowed}");
}

#[actix_web::test]
async fn a_download_that_broke_goes_on_where_it_was() {
    let site = site_taking(&limits());
    let chat = site.start().await;
    let file = site.uploaded(&chat, "a.png", PNG).await;
    let one = site.native(&chat, &format!("/{file}"));
    let asks = async |asked: &[(&str, &str)]| {
        let request = site.http.get(&one).bearer_auth(&chat.key).header("origin", "https://shop.example");
        let request = asked.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let response = request.send().await.unwrap();
        let headers = response.headers().clone();
        let header = move |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        (response.status().as_u16(), header, response.bytes().await.unwrap())
    };
    let (status, header, bytes) = asks(&[]).await;
    assert_eq!((status, header("accept-ranges").as_deref(), &bytes[..]), (200, Some("bytes"), PNG));
    assert!(header("access-control-expose-headers").unwrap().contains("Content-Range"));
    let (tag, all) = (header("etag").unwrap(), PNG.len());
    for (asked, from, to) in [
        ("bytes=5-".to_owned(), 5, all),
        ("bytes=0-3".to_owned(), 0, 4),
        ("bytes=-4".to_owned(), all - 4, all),
        (format!("bytes=5-{}", all * 2), 5, all),
    ] {
        for same in [vec![], vec![("if-range", tag.as_str())]] {
            let (status, header, bytes) = asks(&[vec![("range", asked.as_str())], same].concat()).await;
            let range = format!("bytes {from}-{}/{all}", to - 1);
            assert_eq!((status, header("content-range"), &bytes[..]), (206, Some(range), &PNG[from..to]));
            assert_eq!(header("content-length"), Some((to - from).to_string()));
        }
    }
    for whole in [
        [("range", "bytes=5-"), ("if-range", "\"another\"")],
        [("range", "bytes=0-1, 3-4"), ("x-none", "")],
        [("range", "lines=5-"), ("x-none", "")],
        [("range", "bytes=0-"), ("x-none", "")],
    ] {
        let (status, header, bytes) = asks(&whole).await;
        assert_eq!((status, header("content-range"), &bytes[..]), (200, None, PNG), "{whole:?}");
    }
    let (status, header, problem) = asks(&[("range", &format!("bytes={all}-"))]).await;
    assert_eq!((status, header("content-range")), (416, Some(format!("bytes */{all}"))));
    assert_eq!(serde_json::from_slice::<Value>(&problem).unwrap()["code"], "range");
}

#[actix_web::test]
async fn an_agent_in_the_chat_sends_and_reads_files_with_their_token_and_no_other_does() {
    let site = site_taking(&FileLimits { need_agent: true, ..limits() });
    let mut tokens = Vec::new();
    let mut windows = Vec::new();
    for name in ["ann", "bob"] {
        let mut window = Window::agent(&site).await;
        let signed = window.done("sign_in", json!({"name": name, "password": PASSWORD})).await;
        tokens.push(signed["token"].as_str().unwrap().to_owned());
        windows.push(window);
    }
    let ann = &mut windows[0];
    ann.done("ready", json!({})).await;
    let chat = site.start_with("support", &[("nickname", "Zoë")]).await;
    let (status, reply) = site.uploads(&chat, "a.png", PNG).await;
    assert_eq!((status, code(&reply)), (400, 400), "they wait for an agent: {reply}");
    let offered =
        |frame: &Value| frame["work"].as_array().into_iter().flatten().any(|work| work["stage"] == "offered");
    ann.find("an offer", offered).await;
    ann.done("accept", json!({"chat": chat.id})).await;
    let sent = site.uploaded(&chat, "a.png", PNG).await;
    let file = |event: &&Value| event["type"] == "file_uploaded";
    let of = |frame: &Value| frame["events"].as_array().into_iter().flatten().find(file).cloned();
    let event = of(&ann.find("the file", |frame| of(frame).is_some()).await).unwrap();
    assert_eq!((&event["text"], &event["file"]["id"]), (&json!("a.png"), &json!(sent)));
    assert_eq!(event["file"]["media_type"], "image/png");
    let one = site.native(&chat, &format!("/{sent}"));
    let reads = async |name: &str, token: &str| {
        site.http.get(&one).basic_auth(name, Some(token)).send().await.unwrap().status().as_u16()
    };
    assert_eq!(reads("ann", &tokens[0]).await, 200);
    assert_eq!(reads("bob", &tokens[1]).await, 404, "they are not in it");
    assert_eq!((reads("bob", &tokens[0]).await, reads("ann", "1.x").await), (401, 401));
    let form = Form::new().part("file", part("answer.txt", "hello"));
    let request = site.http.post(site.native(&chat, "")).basic_auth("ann", Some(&tokens[0])).multipart(form);
    let (status, reply) = show(request.send().await.unwrap()).await;
    assert_eq!(status, 201, "{reply}");
    let file = reply["file"]["id"].as_str().unwrap();
    assert_eq!(site.downloads(&chat, file).await.text().await.unwrap(), "hello");
    let (status, _) = site.call(&chat, &format!("file/{file}/delete"), &[]).await;
    assert_eq!(status, 400, "customers delete their own alone");
}

#[actix_web::test]
async fn downloads_are_counted_where_they_are_limited() {
    let site = site_taking(&FileLimits { downloads_max: 1, ..limits() });
    let chat = site.start().await;
    let file = site.uploaded(&chat, "a.png", PNG).await;
    assert_eq!(site.downloads(&chat, &file).await.status(), 200);
    assert_eq!(site.limits(&chat).await["used-download-attempts"], "1");
    let (status, reply) = show(site.downloads(&chat, &file).await).await;
    assert_eq!((status, code(&reply)), (400, 400));
}

#[actix_web::test]
async fn an_upload_that_stops_is_cut_off_and_only_so_many_come_in_at_a_time() {
    let site = site_taking(&limits());
    let chat = site.start().await;
    let head = format!(
        "POST /genesys/2/chat/default/{}/file HTTP/1.1\r\nhost: x\r\ncontent-length: 9999\r\n\
         content-type: multipart/form-data; boundary=b0\r\n\r\n--b0\r\n\
         content-disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nsome",
        chat.id
    );
    let address = site.url.trim_start_matches("http://");
    let mut slow = Vec::new();
    for _ in 0..2 {
        let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
        socket.write_all(head.as_bytes()).await.unwrap();
        slow.push(socket);
    }
    while site.spooled() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (status, reply) = site.uploads(&chat, "a.png", PNG).await;
    assert_eq!((status, &reply["statusCode"]), (200, &json!(1)), "come again: {reply}");
    for socket in &mut slow {
        let mut answer = vec![0; 12];
        socket.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, b"HTTP/1.1 400");
    }
    while site.spooled() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    site.uploaded(&chat, "a.png", PNG).await;
}

/// A scanner that says this of everything; nothing: it hangs up.
async fn scanner(says: Option<&'static str>, when_down: WhenDown) -> Arc<Scanner> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let clamd = Clamd::Tcp(listener.local_addr().unwrap().to_string());
    actix_web::rt::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let Some(says) = says else { continue };
            // Until the empty piece that ends a stream.
            let mut heard = Vec::new();
            while !heard.ends_with(&[0; 4]) {
                let mut buffer = [0; 1024];
                match socket.read(&mut buffer).await {
                    Ok(0) | Err(_) => break,
                    Ok(read) => heard.extend_from_slice(&buffer[..read]),
                }
            }
            let _ = socket.write_all(says.as_bytes()).await;
        }
    });
    Arc::new(Scanner { clamd, when_down, timeout: Duration::from_secs(5) })
}

#[actix_web::test]
async fn what_the_scanner_finds_does_not_come_in_and_while_it_is_down_files_are_held_or_refused() {
    for (says, when_down, status, shown, stored) in [
        (Some("stream: OK\0"), WhenDown::Hold, 200, 1, 1),
        (Some("stream: Bad FOUND\0"), WhenDown::Hold, 400, 0, 0),
        (Some("INSTREAM size limit exceeded. ERROR\0"), WhenDown::Hold, 400, 0, 0),
        (None, WhenDown::Hold, 200, 0, 1),
        (None, WhenDown::Refuse, 503, 0, 0),
    ] {
        let store = Arc::new(MemoryFiles::default());
        let files = Files { store: store.clone(), scanner: Some(scanner(says, when_down).await) };
        let site = site_with(Memory::new(), taking(&limits()), 7, files);
        let chat = site.start().await;
        let (answered, reply) = site.uploads(&chat, "a.txt", "x").await;
        assert_eq!(answered, status, "{says:?} {reply}");
        if says == Some("stream: Bad FOUND\0") {
            assert_eq!(code(&reply), 203);
        }
        let seen = site.done(&chat, "refresh", &[("transcriptPosition", "2")]).await;
        assert_eq!((told(&seen).len(), store.count(), site.spooled()), (shown, stored, 0), "{says:?}");
    }
}
