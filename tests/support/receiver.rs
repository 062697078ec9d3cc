//! The other side of a signed webhook: takes what is posted, holds its signature to the specification's own
//! implementation, and posts signed messages to nodes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::{Value, json};
use standardwebhooks::Webhook;

use crate::support::client::{TIMEOUT, http};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const HEADERS: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];

/// A shop that has a webhook, served for as long as it is kept.
pub(crate) struct Receiver {
    /// Where it takes events.
    url: String,
    taken: Arc<Taken>,
    server: actix_web::dev::ServerHandle,
}

/// What came.
#[derive(Default)]
struct Taken {
    /// Of each chat: the events in the order in which each came first, and how often anything came.
    chats: Mutex<BTreeMap<String, Vec<Value>>>,
    came: AtomicUsize,
    /// How many are refused before one is taken: the receiver has bad days.
    refuses: usize,
    /// None is taken.
    away: AtomicBool,
    wrong: Mutex<Vec<String>>,
}

impl Receiver {
    /// One that refuses so many posts before it takes one, for the first time.
    pub(crate) fn start(refuses: usize) -> Self {
        let taken = Arc::new(Taken { refuses, ..Taken::default() });
        let (told, tells) = mpsc::channel();
        let served = web::Data::from(Arc::clone(&taken));
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let app = move || App::new().app_data(served.clone()).default_service(web::to(take));
                let server = HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
                let url = format!("http://{}/events", server.addrs()[0]);
                let server = server.run();
                told.send((url, server.handle())).unwrap();
                server.await.unwrap();
            });
        });
        let (url, server) = tells.recv().unwrap();
        Self { url, taken, server }
    }

    /// The section of a node's configuration.
    pub(crate) fn section(&self, more: &str) -> String {
        format!(
            "[channels.webhook.shop]\nurl = {:?}\nsecret = \"{SECRET}\"\nretry_ms = 20\n{more}\n",
            self.url
        )
    }

    /// The events of a chat, in the order in which each came first.
    pub(crate) fn events(&self, chat: &str) -> Vec<Value> {
        let wrong = self.taken.wrong.lock().unwrap();
        assert!(wrong.is_empty(), "{wrong:?}");
        self.taken.chats.lock().unwrap().get(chat).cloned().unwrap_or_default()
    }

    /// Takes nothing, until it does again.
    pub(crate) fn is_away(&self, away: bool) {
        self.taken.away.store(away, Ordering::Relaxed);
    }

    /// How often anything was posted.
    pub(crate) fn came(&self) -> usize {
        self.taken.came.load(Ordering::Relaxed)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

async fn take(taken: web::Data<Taken>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let count = taken.came.fetch_add(1, Ordering::Relaxed);
    let mut headers = http::HeaderMap::new();
    for name in HEADERS {
        if let Some(value) = request.headers().get(name) {
            headers.insert(name, http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
    }
    let signed = Webhook::new(SECRET).unwrap().verify(&body, &headers);
    let posted: Value = serde_json::from_slice(&body).unwrap_or_default();
    if signed.is_err() || headers["webhook-id"] != posted["data"]["id"].as_str().unwrap_or_default() {
        taken.wrong.lock().unwrap().push(format!("{signed:?}: {headers:?} {posted}"));
        return HttpResponse::Unauthorized().finish();
    }
    if taken.away.load(Ordering::Relaxed) || count % (taken.refuses + 1) < taken.refuses {
        return HttpResponse::ServiceUnavailable().finish();
    }
    let chat = posted["data"]["chat"].as_str().unwrap().to_owned();
    let mut chats = taken.chats.lock().unwrap();
    let events = chats.entry(chat).or_default();
    match events.iter().find(|known| known["data"]["id"] == posted["data"]["id"]) {
        None => events.push(posted),
        Some(known) if *known == posted => {}
        Some(known) => taken.wrong.lock().unwrap().push(format!("{known} came again as {posted}")),
    }
    HttpResponse::NoContent().finish()
}

static NEXT_ID: AtomicU64 = AtomicU64::new(0);

/// An id for a message that nobody else has.
pub(crate) fn fresh_id() -> String {
    format!("msg_{}_{}", std::process::id(), NEXT_ID.fetch_add(1, Ordering::Relaxed))
}

/// Posts something signed to a node: the status and the answer; nothing where nobody answers.
pub(crate) async fn post(node: &str, id: &str, body: &Value) -> Option<(u16, Value)> {
    let body = body.to_string();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let signature = Webhook::new(SECRET).unwrap().sign(id, i64::try_from(now).unwrap(), body.as_bytes());
    post_as(node, [id, &now.to_string(), &signature.unwrap()], body).await
}

/// The same with these headers, whatever they are.
pub(crate) async fn post_as(node: &str, headers: [&str; 3], body: String) -> Option<(u16, Value)> {
    let mut request = http().post(format!("{node}/v1/channels/webhook/shop")).timeout(TIMEOUT).body(body);
    for (name, value) in HEADERS.into_iter().zip(headers) {
        request = request.header(name, value);
    }
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    Some((status, answer.json().await.unwrap_or_default()))
}

/// A message as it is posted.
pub(crate) fn message(address: &str, text: &str) -> Value {
    json!({"type": "message", "address": address, "text": text})
}
