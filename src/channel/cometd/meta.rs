//! The messages of a client, one by one: the protocol's own channels, and what is published.

use super::Here;
use super::chat::{CHANNELS, Publisher};
use super::message::{Message, Reconnect, Refusal, Reply, VERSION};
use super::metrics::{AnswerLabel, EndLabel, KindLabel};
use super::session::{HeldEnd, Link, Session};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The transports that a handshake is offered, in the order in which they are best.
const TRANSPORTS: [&str; 3] = ["websocket", "long-polling", "callback-polling"];
/// How long a client waits before it tries a node again that takes no more.
const BUSY_INTERVAL_MS: u64 = 1_000;

/// The channel of a connect, which is held and hence not carried out in turn.
pub(super) const CONNECT: &str = "/meta/connect";
/// The channel of a handshake.
pub(super) const HANDSHAKE: &str = "/meta/handshake";

/// Carries out any message but a connect, and gives the reply to it.
pub(super) async fn take(here: &Here, from: Option<IpAddr>, message: &Message) -> String {
    let channel = message.channel();
    let kind = match channel {
        HANDSHAKE => KindLabel::handshake,
        "/meta/subscribe" | "/meta/unsubscribe" => KindLabel::subscribe,
        "/meta/disconnect" => KindLabel::disconnect,
        other if other.starts_with(CHANNELS) => KindLabel::publish,
        _ => KindLabel::other,
    };
    let done = match kind {
        KindLabel::handshake => shake_hands(here, from, message),
        KindLabel::subscribe => subscribe(here, message),
        KindLabel::disconnect => disconnect(here, message),
        KindLabel::publish => publish(here, from, message).await,
        KindLabel::connect | KindLabel::other => {
            of_client(here, message).and_then(|_| Err(Refusal::new(404, "no such channel")))
        }
    };
    here.cometd.metrics.message(kind, outcome(done.as_ref().err()));
    done.unwrap_or_else(|refusal| refused(here, message, &refusal)).text()
}

/// Holds a connect. Gives what its client is told, the reply last.
pub(super) async fn connect(here: &Here, message: &Message, link: Link, alone: bool) -> Vec<String> {
    let options = &here.cometd.options;
    let session = match of_client(here, message) {
        Ok(session) => session,
        Err(refusal) => {
            here.cometd.metrics.message(KindLabel::connect, outcome(Some(&refusal)));
            return vec![refused(here, message, &refusal).text()];
        }
    };
    let at_once = message.at_once();
    let held = session.arrive(link, message.acknowledged(), at_once);
    let wait = if at_once || !alone { Duration::ZERO } else { options.timeout };
    let mut moved = here.gateway.moved.subscribe();
    let _holding = here.cometd.metrics.holds();
    let end = tokio::select! {
        biased;
        end = held.ended(Instant::now() + wait) => Some(end),
        _ = moved.wait_for(|moved| *moved) => None,
    };
    let (mut texts, reply) = match end {
        Some(HeldEnd::Reply(texts, number)) => {
            let mut reply = message.reply(Ok(()));
            if session.acks() {
                reply = reply.with("ext", serde_json::json!({"ack": number}));
            }
            if at_once {
                reply = advised(here, reply, Reconnect::Retry);
            }
            (texts, Ok(reply))
        }
        Some(HeldEnd::Replaced) => return vec![replaced(here, message)],
        // The client has disconnected.
        Some(HeldEnd::Over) => (Vec::new(), Err(Reconnect::None)),
        // The node drains: wherever the client shakes hands next, it is not here.
        None => (Vec::new(), Err(Reconnect::Handshake)),
    };
    let refusal = Refusal::unknown_client();
    here.cometd.metrics.message(KindLabel::connect, outcome(reply.as_ref().err().map(|_| &refusal)));
    let reply = reply.unwrap_or_else(|next| advised(here, message.reply(Err(&refusal)), next));
    texts.push(reply.text());
    texts
}

/// The reply to a connect whose place a newer one of the same client has taken. It is a failure, for at a success the
/// client would connect once more and take the place from that one.
pub(super) fn replaced(here: &Here, message: &Message) -> String {
    let refusal = Refusal::new(409, "another connect of this client has come");
    here.cometd.metrics.message(KindLabel::connect, outcome(Some(&refusal)));
    message.reply(Err(&refusal)).text()
}

fn outcome(refusal: Option<&Refusal>) -> AnswerLabel {
    match refusal {
        None => AnswerLabel::ok,
        Some(refusal) if *refusal == Refusal::unknown_client() => AnswerLabel::unknown_client,
        Some(_) => AnswerLabel::refused,
    }
}

fn advised(here: &Here, reply: Reply, reconnect: Reconnect) -> Reply {
    reply.advise(reconnect, 0, timeout_ms(here))
}

fn timeout_ms(here: &Here) -> u64 {
    u64::try_from(here.cometd.options.timeout.as_millis()).unwrap_or(u64::MAX)
}

fn refused(here: &Here, message: &Message, refusal: &Refusal) -> Reply {
    let reply = message.reply(Err(refusal));
    match (message.channel(), refusal.code) {
        (_, 402) => advised(here, reply, Reconnect::Handshake),
        (HANDSHAKE, 429 | 503) => {
            let interval_ms = refusal.retry_ms.unwrap_or(BUSY_INTERVAL_MS);
            reply.advise(Reconnect::Handshake, interval_ms, timeout_ms(here))
        }
        (HANDSHAKE, _) => reply.with("version", VERSION).advise(Reconnect::None, 0, timeout_ms(here)),
        _ => reply,
    }
}

fn of_client(here: &Here, message: &Message) -> Result<Arc<Session>, Refusal> {
    let session = here.cometd.registry.find(message.client_id())?;
    session.touch();
    Ok(session)
}

fn shake_hands(here: &Here, from: Option<IpAddr>, message: &Message) -> Result<Reply, Refusal> {
    here.gateway.admission.request(from)?;
    if *here.gateway.moved.borrow() {
        return Err(Refusal::new(503, "this node is leaving, try again"));
    }
    if !message.version().starts_with("1.") {
        return Err(Refusal::new(400, "only version 1.0 is spoken here"));
    }
    if !message.offers(&TRANSPORTS) {
        return Err(Refusal::new(400, "no common transport: websocket, long-polling or callback-polling"));
    }
    let session = here.cometd.registry.open(message.wants_acks())?;
    let mut reply = message
        .reply(Ok(()))
        .with("version", VERSION)
        .with("minimumVersion", VERSION)
        .with("supportedConnectionTypes", TRANSPORTS.to_vec())
        .with("clientId", session.id.as_str());
    if session.acks() {
        reply = reply.with("ext", serde_json::json!({"ack": true}));
    }
    Ok(advised(here, reply, Reconnect::Retry))
}

/// What a chat tells goes to its session whether it has subscribed or not, as on service channels everywhere.
fn subscribe(here: &Here, message: &Message) -> Result<Reply, Refusal> {
    of_client(here, message)?;
    let named = message.subscription().ok_or_else(|| Refusal::new(400, "no subscription named"))?;
    Ok(message.reply(Ok(())).with("subscription", named.clone()))
}

/// The chat goes on: a client that comes back follows it again.
fn disconnect(here: &Here, message: &Message) -> Result<Reply, Refusal> {
    let session = of_client(here, message)?;
    here.cometd.registry.end(&session.id, EndLabel::disconnected);
    Ok(message.reply(Ok(())))
}

async fn publish(here: &Here, from: Option<IpAddr>, message: &Message) -> Result<Reply, Refusal> {
    let session = of_client(here, message)?;
    let data = message.data().ok_or_else(|| Refusal::new(400, "data must be an object"))?;
    let publisher = Publisher { here, session: &session, channel: message.channel(), from };
    publisher.publish(data).await?;
    Ok(message.reply(Ok(())))
}
