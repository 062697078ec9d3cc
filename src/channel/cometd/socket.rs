//! The WebSocket transport: frames are arrays of messages, either way.

use super::Here;
use super::message::{Message, array};
use super::meta::{self, CONNECT};
use super::session::{Link, Session};
use crate::gateway::socket::lanes::Lanes;
use crate::gateway::socket::metrics::SocketLabel;
use crate::gateway::socket::outbox::{Ending, Outbox};
use crate::gateway::socket::{self, SILENT_PROBES, Task, of_error};
use actix_web::{HttpRequest, HttpResponse, web};
use actix_ws::{AggregatedMessage, AggregatedMessageStream};
use futures_util::StreamExt;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tracing::Instrument;

/// What a held connect may take to be answered when the node drains.
const MOVE: Duration = Duration::from_millis(500);

/// Makes a request a socket.
pub(super) async fn connect(
    request: HttpRequest,
    payload: web::Payload,
    here: Here,
) -> Result<HttpResponse, actix_web::Error> {
    let upgraded = match socket::upgrade(&request, payload, &here.gateway, SocketLabel::cometd).await? {
        Ok(upgraded) => upgraded,
        Err(refusal) => return Ok(refusal),
    };
    let from = here.gateway.admission.address(&request);
    let gateway = Arc::clone(&here.gateway);
    let mut line = Line::new(here, from, &upgraded.outbox);
    let serving = async move {
        let reading = line.read(upgraded.stream);
        let (kind, session) = (SocketLabel::cometd, upgraded.session);
        socket::serve(&gateway, (kind, session), &upgraded.outbox, None, reading).await;
    };
    actix_web::rt::spawn(serving.instrument(tracing::info_span!("cometd socket")));
    Ok(upgraded.response)
}

/// Numbers the sockets of this process.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// One WebSocket and the tasks that answer its messages.
struct Line {
    here: Here,
    outbox: Rc<Outbox>,
    /// The client's address, as a trusted proxy says or the connection has it.
    from: Option<IpAddr>,
    number: u64,
    lanes: Rc<Lanes>,
    /// The held connect.
    connect: Option<Task>,
    /// The one before, which that one ends: it still says so.
    older: Option<Task>,
    /// Pushes what the session has.
    pump: Option<(Arc<Session>, Task)>,
}

impl Line {
    fn new(here: Here, from: Option<IpAddr>, outbox: &Rc<Outbox>) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let outbox = Rc::clone(outbox);
        Self { here, outbox, from, number, lanes: Lanes::new(), connect: None, older: None, pump: None }
    }

    async fn read(&mut self, mut stream: AggregatedMessageStream) {
        let silence = self.here.gateway.options.probe * SILENT_PROBES;
        let mut moved = self.here.gateway.moved.subscribe();
        let mut heard = Instant::now();
        let ending = loop {
            let message = tokio::select! {
                biased;
                _ = moved.wait_for(|moved| *moved) => {
                    if let Some(connect) = self.connect.take() {
                        // It says where the client goes on.
                        connect.finish(MOVE).await;
                    }
                    break Ending::Moved;
                }
                message = stream.next() => message,
                () = sleep_until(heard + silence) => break Ending::Silent,
            };
            match message {
                None => break Ending::Gone,
                Some(Err(error)) => break of_error(&error),
                Some(Ok(AggregatedMessage::Text(text))) => self.take(text.as_bytes()).await,
                Some(Ok(AggregatedMessage::Binary(_))) => break Ending::Binary,
                Some(Ok(AggregatedMessage::Ping(payload))) => self.outbox.pong(payload),
                Some(Ok(AggregatedMessage::Pong(_))) => {}
                Some(Ok(AggregatedMessage::Close(_))) => break Ending::Closed,
            }
            heard = Instant::now();
        };
        self.outbox.end(ending);
    }

    async fn take(&mut self, text: &[u8]) {
        let messages = match Message::read(text) {
            Ok(messages) => messages,
            Err(refusal) => return self.outbox.push(array(&Message::unread(text, &refusal))),
        };
        let alone = messages.len() == 1;
        let (mut connects, others): (Vec<_>, Vec<_>) =
            messages.into_iter().partition(|message| message.channel() == CONNECT);
        if !others.is_empty() {
            let Some(place) = self.lanes.place().await else { return };
            let (here, from, outbox) = (self.here.clone(), self.from, Rc::clone(&self.outbox));
            let job = async move {
                let mut replies = Vec::new();
                for message in &others {
                    replies.push(meta::take(&here, from, message).await);
                }
                outbox.push(array(&replies));
            };
            self.lanes.put("", place, Box::pin(job.in_current_span()));
        }
        let Some(connect) = connects.pop() else { return };
        for older in &connects {
            self.outbox.push(array(&[meta::replaced(&self.here, older)]));
        }
        self.hold(connect, alone);
    }

    fn hold(&mut self, message: Message, alone: bool) {
        if let Ok(session) = self.here.cometd.registry.find(message.client_id()) {
            self.pump_from(&session);
        }
        let (here, outbox, link) = (self.here.clone(), Rc::clone(&self.outbox), Link::Socket(self.number));
        self.older = self.connect.replace(Task::spawn(async move {
            outbox.push(array(&meta::connect(&here, &message, link, alone).await));
        }));
    }

    fn pump_from(&mut self, session: &Arc<Session>) {
        session.on(self.number);
        if self.pump.as_ref().is_some_and(|(pumped, task)| Arc::ptr_eq(pumped, session) && !task.done()) {
            return;
        }
        let (outbox, number, from) = (Rc::clone(&self.outbox), self.number, Arc::clone(session));
        let task = Task::spawn(async move {
            while outbox.room().await
                && let Some(texts) = from.pushes(number).await
            {
                outbox.push(array(&texts));
            }
        });
        self.pump = Some((Arc::clone(session), task));
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some((session, _)) = &self.pump {
            session.off(self.number);
        }
    }
}
