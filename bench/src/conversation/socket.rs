//! One role's socket: connects, finds another node when it is lost, and hands frames to the role.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use rand::RngExt;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// A socket from which nothing came for so long is dead.
const SILENCE_MAX: Duration = Duration::from_secs(6);
const CONNECT_MAX: Duration = Duration::from_secs(2);
/// How often a role is asked whether it wants something.
const TICK: Duration = Duration::from_millis(50);

/// A customer or an agent. It never waits: it says what to send.
pub(super) trait Role {
    /// The first command on a new socket.
    fn hello(&mut self) -> Value;
    /// A frame came.
    fn heard(&mut self, frame: &Value) -> Vec<Value>;
    /// Time passed.
    fn tick(&mut self) -> Vec<Value>;
    /// Whether it has nothing more to do.
    fn done(&self) -> bool;
    /// The socket was lost.
    fn lost(&mut self);
}

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Plays a role to its end, on one node after the other where it must.
pub(super) async fn play(mut role: impl Role, nodes: Vec<String>, first: usize, path: &str) {
    let mut at = first;
    while !role.done() {
        let url = format!("ws://{}{path}", nodes[at % nodes.len()]);
        if let Ok(Ok((stream, _))) = tokio::time::timeout(CONNECT_MAX, connect_async(url)).await {
            talk(&mut role, stream).await;
            role.lost();
        }
        at += 1;
        let wait_ms = rand::rng().random_range(20..200);
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        role.tick();
    }
}

/// Until the socket or the role has ended.
async fn talk(role: &mut impl Role, mut stream: Stream) {
    let mut last_heard = Instant::now();
    let mut say = vec![role.hello()];
    loop {
        for value in say.drain(..) {
            if stream.send(Message::text(value.to_string())).await.is_err() {
                return;
            }
        }
        if role.done() {
            let _gone = stream.close(None).await;
            return;
        }
        match tokio::time::timeout(TICK, stream.next()).await {
            Ok(Some(Ok(Message::Text(text)))) => {
                last_heard = Instant::now();
                if let Ok(frame) = serde_json::from_str::<Value>(&text) {
                    if frame["event"] == "moved" {
                        return;
                    }
                    say = role.heard(&frame);
                }
            }
            Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => last_heard = Instant::now(),
            Ok(Some(Ok(_))) => {}
            Ok(Some(Err(_)) | None) => return,
            Err(_) if last_heard.elapsed() > SILENCE_MAX => return,
            Err(_) => {}
        }
        say.extend(role.tick());
    }
}
