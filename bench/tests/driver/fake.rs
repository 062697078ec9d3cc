//! A small server that speaks enough of the customer API, correct or flawed on purpose.
//!
//! It exists to show that the driver sees each flaw, and to measure what the driver alone can do. Several
//! listeners share one state, like the nodes of a cluster.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the server does wrong, with every tenth message of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "the example uses one of them")]
pub(crate) enum Flaw {
    None,
    /// Acknowledges and forgets.
    Lose,
    /// Stores twice.
    Double,
    /// Stores before the message that came before.
    Reorder,
    /// Stores another text.
    Alter,
    /// Uses an index twice.
    ReuseIndex,
    /// Stores, answers "again", and does not know the message when it comes again.
    ForgetIds,
    /// As above, but knows it: no flaw at all.
    LoseAnswers,
    /// Refuses for good.
    Refuse,
}

/// How a node answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[allow(dead_code, reason = "the example uses one of them")]
pub(crate) enum Health {
    Up,
    /// Reads and never answers.
    Silent,
    /// Closes every connection.
    Dead,
}

#[derive(Default)]
struct Session {
    events: Vec<(u64, String)>,
    stored: HashSet<String>,
    sends: u64,
}

struct State {
    flaw: Flaw,
    sessions: HashMap<String, Session>,
    started: HashMap<String, String>,
}

/// The running server; it ends with the process.
pub(crate) struct Fake {
    pub nodes: Vec<SocketAddr>,
    #[allow(dead_code, reason = "the example hurts no node")]
    pub health: Arc<Vec<AtomicU8>>,
}

/// Starts `nodes` listeners on one thread.
pub(crate) fn start(nodes: usize, flaw: Flaw, first_port: u16) -> Fake {
    let (tell, told) = std::sync::mpsc::channel();
    let health: Arc<Vec<AtomicU8>> = Arc::new((0..nodes).map(|_| AtomicU8::new(Health::Up as u8)).collect());
    let nodes_health = health.clone();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let state = State { flaw, sessions: HashMap::new(), started: HashMap::new() };
            let state = Arc::new(Mutex::new(state));
            let mut addresses = Vec::new();
            for node in 0..nodes {
                let port = if first_port == 0 { 0 } else { first_port + node as u16 };
                let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
                addresses.push(listener.local_addr().unwrap());
                tokio::spawn(listen(listener, state.clone(), nodes_health.clone(), node));
            }
            tell.send(addresses).unwrap();
            std::future::pending::<()>().await;
        });
    });
    Fake { nodes: told.recv().unwrap(), health }
}

async fn listen(listener: TcpListener, state: Arc<Mutex<State>>, health: Arc<Vec<AtomicU8>>, node: usize) {
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).unwrap();
        tokio::spawn(serve(stream, state.clone(), health.clone(), node));
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>, health: Arc<Vec<AtomicU8>>, node: usize) {
    let mut input = vec![0; 16 << 10];
    let mut filled = 0;
    let mut reply = String::new();
    loop {
        let Ok(n @ 1..) = stream.read(&mut input[filled..]).await else { return };
        filled += n;
        let Some((path, body)) = request(&input[..filled]) else { continue };
        while health[node].load(Ordering::Relaxed) == Health::Silent as u8 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if health[node].load(Ordering::Relaxed) == Health::Dead as u8 {
            return;
        }
        reply.clear();
        state.lock().unwrap().answer(&path, body, &mut reply);
        if stream.write_all(reply.as_bytes()).await.is_err() {
            return;
        }
        filled = 0;
    }
}

/// Path and body of a whole request.
fn request(input: &[u8]) -> Option<(String, &[u8])> {
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let mut request = httparse::Request::new(&mut headers);
    let head_bytes = match request.parse(input).unwrap() {
        httparse::Status::Complete(n) => n,
        httparse::Status::Partial => return None,
    };
    let length = request.headers.iter().find(|h| h.name.eq_ignore_ascii_case("content-length"))?;
    let length: usize = std::str::from_utf8(length.value).ok()?.parse().ok()?;
    let body = input.get(head_bytes..head_bytes + length)?;
    Some((request.path?.to_owned(), body))
}

fn field<'a>(body: &'a [u8], name: &str) -> &'a str {
    let fields = std::str::from_utf8(body).unwrap().split('&');
    fields.filter_map(|f| f.split_once('=')).find(|(n, _)| *n == name).map_or("", |(_, v)| v)
}

impl State {
    fn answer(&mut self, path: &str, body: &[u8], out: &mut String) {
        let parts: Vec<&str> = path.trim_start_matches("/genesys/2/chat/").split('/').collect();
        let json = match parts[..] {
            [_] => self.open(field(body, "clientMessageId")),
            [_, id, "send"] => self.send(id, body),
            [_, id, "refresh"] => self.refresh(id, field(body, "transcriptPosition").parse().unwrap()),
            [_, id, "disconnect"] => reply(id, 0, 1, ""),
            _ => String::from("{}"),
        };
        let bytes = json.len();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json;charset=UTF-8\r\ncontent-length: ";
        let _ = write!(out, "{head}{bytes}\r\n\r\n{json}");
    }

    fn open(&mut self, command: &str) -> String {
        let next = format!("{:016}", self.sessions.len());
        let id = self.started.entry(command.into()).or_insert(next).clone();
        let session = self.sessions.entry(id.clone()).or_default();
        session.events.push((1, String::new()));
        reply(&id, 0, 2, "")
    }

    fn send(&mut self, id: &str, body: &[u8]) -> String {
        let flaw = self.flaw;
        let Some(session) = self.sessions.get_mut(id) else { return reply(id, 2, 0, "") };
        let (command, text) = (field(body, "clientMessageId"), field(body, "message"));
        session.sends += 1;
        let flawed = session.sends % 10 == 0;
        let next = session.events.len() as u64 + 1;
        if flawed && flaw == Flaw::Refuse {
            return reply(id, 2, next, "");
        }
        if flaw != Flaw::ForgetIds && !session.stored.insert(command.into()) {
            return reply(id, 0, next, "");
        }
        match flaw {
            Flaw::Lose if flawed => {}
            Flaw::Alter if flawed => session.events.push((next, "something else".into())),
            Flaw::ReuseIndex if flawed => session.events.push((next - 1, text.into())),
            Flaw::Double if flawed => {
                session.events.extend([(next, text.into()), (next + 1, text.into())]);
            }
            Flaw::Reorder if flawed => {
                let (index, before) = session.events.pop().unwrap();
                session.events.extend([(index, text.into()), (next, before)]);
            }
            _ => session.events.push((next, text.into())),
        }
        let again = flawed && matches!(flaw, Flaw::ForgetIds | Flaw::LoseAnswers);
        reply(id, i32::from(again), next + 1, "")
    }

    /// At most 100 events a page, so that the driver has to ask for the next.
    fn refresh(&mut self, id: &str, position: u64) -> String {
        let Some(session) = self.sessions.get(id) else { return reply(id, 2, 0, "") };
        let from = (position as usize).saturating_sub(1).min(session.events.len());
        let until = session.events.len().min(from + 100);
        let mut events = String::new();
        for (index, text) in &session.events[from..until] {
            let kind = if text.is_empty() { "ParticipantJoined" } else { "Message" };
            let comma = if events.is_empty() { "" } else { "," };
            let party = r#""from":{"nickname":"a","participantId":1,"type":"Client"}"#;
            let _ = write!(events, r#"{comma}{{{party},"index":{index},"type":"{kind}","text":"{text}"}}"#);
        }
        reply(id, 0, until as u64 + 1, &events)
    }
}

fn reply(id: &str, status: i32, next: u64, events: &str) -> String {
    let ended = status == 2;
    let ids = format!(r#""alias":"117","userId":"007555677B20000A","secureKey":"k-{id}","chatId":"{id}""#);
    let rest = format!(r#""nextPosition":{next},"messages":[{events}]"#);
    format!(r#"{{"statusCode":{status},"chatEnded":{ended},{ids},{rest}}}"#)
}
