//! The field's old server and a node behind one HAProxy: services move over one after the other, and back, by the
//! lines that docs/migrate-from-genesys.md gives.

use std::collections::BTreeMap;
use std::fs::read_to_string;
use std::sync::{Arc, Mutex, mpsc};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::{Value, json};

use crate::support::client::{http, post};
use crate::support::cluster::Cluster;
use crate::support::proxy::Proxy;
use crate::support::until_true;

/// The old server, as far as a client can tell: its ids have their lengths, and a chat that it does not know is dead.
struct Old {
    url: String,
    seen: Arc<Seen>,
    server: actix_web::dev::ServerHandle,
}

/// What came.
#[derive(Default)]
struct Seen {
    /// The texts of each chat.
    chats: Mutex<BTreeMap<String, Vec<String>>>,
    paths: Mutex<Vec<String>>,
}

impl Old {
    fn start() -> Self {
        let seen = Arc::new(Seen::default());
        let (told, tells) = mpsc::channel();
        let served = web::Data::from(Arc::clone(&seen));
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let app = move || App::new().app_data(served.clone()).default_service(web::to(take));
                let server = HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
                let address = server.addrs()[0];
                let server = server.run();
                told.send((format!("http://{address}"), server.handle())).unwrap();
                server.await.unwrap();
            });
        });
        let (url, server) = tells.recv().unwrap();
        Self { url, seen, server }
    }

    /// The paths that came since the last time, but those of probes.
    fn took(&self) -> Vec<String> {
        let paths = std::mem::take(&mut *self.seen.paths.lock().unwrap());
        paths.into_iter().filter(|path| !path.starts_with("/health")).collect()
    }
}

impl Drop for Old {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

async fn take(
    seen: web::Data<Seen>,
    request: HttpRequest,
    form: Option<web::Form<BTreeMap<String, String>>>,
) -> HttpResponse {
    let path = request.path().to_owned();
    seen.paths.lock().unwrap().push(path.clone());
    let Some(rest) = path.strip_prefix("/genesys/2/chat/") else {
        return HttpResponse::Ok().body("the old server");
    };
    let form = form.map(web::Form::into_inner).unwrap_or_default();
    let mut chats = seen.chats.lock().unwrap();
    let [_service, chat, operation] = &rest.trim_end_matches('/').split('/').collect::<Vec<_>>()[..] else {
        let chat = format!("{:05}aAPEQJ8000U", chats.len());
        chats.insert(chat.clone(), Vec::new());
        return HttpResponse::Ok().json(answer(&chat, &[]));
    };
    let Some(texts) = chats.get_mut(*chat) else { return HttpResponse::Ok().json(dead(chat)) };
    if *operation == "send" {
        texts.extend(form.get("message").cloned());
    }
    HttpResponse::Ok().json(answer(chat, texts))
}

fn answer(chat: &str, texts: &[String]) -> Value {
    let from = json!({"nickname": "Zoë", "participantId": 1, "type": "Client"});
    let message = |(text, index): (&String, usize)| {
        let at = 1_432_845_088_000_u64;
        json!({"from": from, "index": index, "type": "Message", "text": text, "utcTime": at})
    };
    let messages: Vec<Value> = texts.iter().zip(2..).map(message).collect();
    json!({
        "messages": messages, "chatEnded": false, "statusCode": 0, "alias": "117", "secureKey": "02f8e3936f763afffcce",
        "userId": "007555677B20000A", "chatId": chat, "nextPosition": texts.len() + 2,
    })
}

fn dead(chat: &str) -> Value {
    let advice = "Media server was not able to execute request. referenceId[10016629]";
    json!({
        "messages": [], "chatEnded": true, "statusCode": 2, "alias": "117", "chatId": chat,
        "errors": [{"code": 249, "advice": advice}],
    })
}

/// The lines of the page that says how to move, with the old server's address in them.
fn documented(old: &Old) -> String {
    let page = read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/migrate-from-genesys.md")).unwrap();
    let (_, lines) = page.split_once("  ```haproxy\n").unwrap();
    let (lines, _) = lines.split_once("  ```\n").unwrap();
    let lines: String =
        lines.lines().map(|line| format!("{}\n", line.strip_prefix("  ").unwrap_or(line))).collect();
    assert!(lines.contains("\"${GMS}\"") && lines.contains("/genesys/2/chat/sales/"), "{lines}");
    lines.replace("\"${GMS}\"", old.url.trim_start_matches("http://"))
}

/// The same before anything moved, and when all has moved back.
fn all_old(old: &Old) -> String {
    let lines = documented(old);
    lines.lines().filter(|line| !line.contains("moved")).map(|line| format!("{line}\n")).collect()
}

/// A client of the field in a chat, which knows one address.
struct Customer {
    url: String,
    service: &'static str,
    chat: String,
    key: String,
}

impl Customer {
    async fn starts(url: &str, service: &'static str) -> Self {
        let started = post(&format!("{url}/genesys/2/chat/{service}/"), &[("nickname", "Zoë")]).await;
        assert_eq!(started["statusCode"], 0, "{started}");
        let text = |field: &str| started[field].as_str().unwrap().to_owned();
        Self { url: url.to_owned(), service, chat: text("chatId"), key: text("secureKey") }
    }

    async fn calls(&self, operation: &str, more: (&str, &str)) -> Value {
        let url = format!("{}/genesys/2/chat/{}/{}/{operation}", self.url, self.service, self.chat);
        post(&url, &[("secureKey", self.key.as_str()), more]).await
    }

    /// Says something and reads it.
    async fn talks(&self, text: &str) {
        let sent = self.calls("send", ("message", text)).await;
        assert_eq!((&sent["statusCode"], &sent["chatEnded"]), (&json!(0), &json!(false)), "{sent}");
        let shown = self.calls("refresh", ("transcriptPosition", "1")).await;
        let messages = shown["messages"].as_array().unwrap();
        assert!(messages.iter().any(|message| message["text"] == text), "{shown}");
    }

    /// Whether the server that is asked knows nothing of the chat, as the field's servers say it.
    async fn is_dead(&self) -> bool {
        let reply = self.calls("refresh", ("transcriptPosition", "1")).await;
        (&reply["statusCode"], &reply["chatEnded"], &reply["errors"][0]["code"])
            == (&json!(2), &json!(true), &json!(249))
    }
}

const SERVICES: &str = "[services.sales]\n[services.billing]\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_haproxy_one_service_after_the_other_moves_here_and_back() {
    let cluster = Cluster::start_with(1, SERVICES).await;
    let (node, old) = (cluster.urls()[0].clone(), Old::start());

    let before = Proxy::start_choosing(&cluster.urls(), &all_old(&old)).await;
    let mut sales = Customer::starts(&before.url, "sales").await;
    let mut billing = Customer::starts(&before.url, "billing").await;
    sales.talks("at the old server").await;
    billing.talks("at the old server").await;
    drop(before);
    assert_eq!(old.took().len(), 6, "all of it");

    let moved = Proxy::start_choosing(&cluster.urls(), &documented(&old)).await;
    // What does not say its service stays.
    for path in ["/genesys/cometd", "/genesys/2/chat-ntf", "/anything"] {
        let told = http().get(format!("{}{path}", moved.url)).send().await.unwrap().text().await.unwrap();
        assert_eq!(told, "the old server", "{path}");
    }
    // A service that did not move: its chats go on.
    billing.url = moved.url.clone();
    billing.talks("still at the old server").await;
    // One that did: what went on there has ended, and what begins is here.
    sales.url = moved.url.clone();
    assert!(sales.is_dead().await, "a chat lives where it began");
    old.took();
    let here = Customer::starts(&moved.url, "sales").await;
    here.talks("at the node").await;
    let socket =
        http().post(format!("{}/v1/customer/poll", moved.url)).json(&json!({"frames": [], "wait_ms": 0}));
    assert_eq!(socket.send().await.unwrap().status(), 200, "native clients come here");
    assert_eq!(old.took(), [""; 0], "nothing of it came to the old server");
    drop(moved);

    // And back: the old server's chats go on, those of the node go on at the node's own address until they end.
    let back = Proxy::start_choosing(&cluster.urls(), &all_old(&old)).await;
    for old_chat in [&mut sales, &mut billing] {
        old_chat.url = back.url.clone();
        old_chat.talks("back again").await;
    }
    let elsewhere =
        Customer { url: back.url.clone(), chat: here.chat.clone(), key: here.key.clone(), ..here };
    assert!(elsewhere.is_dead().await);
    let here = Customer { url: node, ..elsewhere };
    here.talks("still at the node").await;
    assert!(sessions_open(&cluster).await > 0.0);
    here.calls("disconnect", ("message", "")).await;
    until_true("no chat is left at the node", || async { sessions_open(&cluster).await == 0.0 }).await;
    let shown = cluster.nodes[0].operators_get(&format!("records/{}", here.chat)).await.unwrap();
    assert!(shown.to_string().contains("still at the node"), "the transcript stays: {shown}");
}

/// What the page says to look at before the nodes are stopped.
async fn sessions_open(cluster: &Cluster) -> f64 {
    let url = format!("{}/metrics", cluster.nodes[0].admin);
    let page = http().get(url).send().await.unwrap().text().await.unwrap();
    let open = |line: &str| {
        line.strip_prefix("handoff_shard_sessions_open")?.rsplit(' ').next()?.parse::<f64>().ok()
    };
    page.lines().filter_map(open).sum()
}
