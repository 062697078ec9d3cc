//! One native socket: reads frames, lines commands up, probes the link both ways, and ends.

use super::guard::Guard;
use super::lanes::Lanes;
use super::metrics::{CommandLabel, SocketLabel};
use super::outbox::{Ending, Outbox};
use super::wire::{self, Failure, Framed};
use crate::gateway::Gateway;
use actix_web::error::PayloadError;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, ProtocolError};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use serde_json::Value;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::Instrument;

/// What one kind of client may say.
pub(super) trait Client: 'static {
    /// Whose.
    const KIND: SocketLabel;
    /// Its commands.
    const WORDS: &'static [&'static str];
    /// The lane of a command: commands of one lane are carried out one after the other.
    fn lane(framed: &Framed) -> String;
    /// Carries a command out; the value is the answer's own fields.
    fn carry_out(
        self: Rc<Self>,
        id: String,
        framed: Framed,
    ) -> impl Future<Output = Result<Value, Failure>> + 'static;
    /// The socket is closed: nothing is followed any more.
    fn close(&self);
}

/// A task that ends with its owner.
pub(super) struct Task(Option<JoinHandle<()>>);

impl Task {
    pub(super) fn spawn(work: impl Future<Output = ()> + 'static) -> Self {
        Self(Some(actix_web::rt::spawn(work.in_current_span())))
    }

    /// Lets it come to its own end.
    pub(super) fn release(&mut self) {
        self.0 = None;
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(task) = self.0.take() {
            task.abort();
        }
    }
}

/// What a request's payload is read from.
type BoxedStream = Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>>;

/// Makes a request a socket. `span` names whose.
pub(super) async fn upgrade<C: Client>(
    request: HttpRequest,
    payload: web::Payload,
    gateway: web::Data<Gateway>,
    span: tracing::Span,
    client: impl FnOnce(web::Data<Gateway>, Rc<Outbox>) -> C,
) -> Result<HttpResponse, actix_web::Error> {
    if !may_come(&request, &gateway.options.origins) {
        return Ok(HttpResponse::Forbidden().finish());
    }
    if *gateway.moved.borrow() {
        return Ok(HttpResponse::ServiceUnavailable().finish());
    }
    let bytes_max = gateway.options.body_bytes_max;
    let guarded = Guard::new(payload.into_inner(), bytes_max);
    let guarded: BoxedStream = Box::pin(guarded);
    let mut guarded = actix_web::dev::Payload::Stream { payload: guarded };
    let payload = web::Payload::from_request(&request, &mut guarded).await?;
    let (response, session, stream) = actix_ws::handle(&request, payload)?;
    let stream = stream.max_frame_size(bytes_max).aggregate_continuations().max_continuation_size(bytes_max);
    let outbox = Rc::new(Outbox::new(C::KIND, gateway.socket_metrics.clone()));
    outbox.push(wire::hello(&gateway.alias));
    let client = Rc::new(client(gateway.clone(), Rc::clone(&outbox)));
    let serving = async move {
        gateway.socket_metrics.opened(C::KIND);
        let mut writing = pin!(outbox.write(session, gateway.options.probe));
        tokio::select! {
            biased;
            () = &mut writing => {}
            () = read(&gateway, &client, &outbox, stream) => {
                // What ends the reading is told, or what waits is sent, before the connection goes.
                let _stuck = timeout(LAST_WORDS, writing).await;
            }
        }
        client.close();
        let ending = outbox.ending().unwrap_or(Ending::Gone);
        gateway.socket_metrics.closed(C::KIND, ending.label());
        tracing::debug!(?ending, "socket closed");
    };
    actix_web::rt::spawn(serving.instrument(span));
    Ok(response)
}

/// Whether a page of this origin may open a socket: a listed one, or this server's own. Programs have no origin.
fn may_come(request: &HttpRequest, origins: &[String]) -> bool {
    let Some(origin) = request.headers().get("origin").map(|origin| origin.to_str().unwrap_or_default())
    else {
        return true;
    };
    let own = origin.split_once("://").is_some_and(|(_, host)| host == request.connection_info().host());
    own || origins.is_empty() || origins.iter().any(|listed| listed == origin)
}

async fn read<C: Client>(
    gateway: &Gateway,
    client: &Rc<C>,
    outbox: &Rc<Outbox>,
    mut stream: AggregatedMessageStream,
) {
    let silence = gateway.options.probe * SILENT_PROBES;
    let lanes = Lanes::new();
    let mut moved = gateway.moved.subscribe();
    let mut heard = Instant::now();
    let ending = loop {
        let message = tokio::select! {
            biased;
            _ = moved.wait_for(|moved| *moved) => break Ending::Moved,
            message = stream.next() => message,
            () = sleep_until(heard + silence) => break Ending::Silent,
        };
        match message {
            None => break Ending::Gone,
            Some(Err(error)) => break of_error(&error),
            Some(Ok(AggregatedMessage::Text(text))) => take(gateway, client, outbox, &lanes, &text).await,
            Some(Ok(AggregatedMessage::Binary(_))) => break Ending::Binary,
            Some(Ok(AggregatedMessage::Ping(payload))) => outbox.pong(payload),
            Some(Ok(AggregatedMessage::Pong(_))) => {}
            Some(Ok(AggregatedMessage::Close(_))) => break Ending::Closed,
        }
        // While commands wait the socket is not read, by our own choice: that is no silence of the client's.
        heard = Instant::now();
    };
    outbox.end(ending);
}

/// How long what waits may take to be sent when a socket ends.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// A client of whom nothing was heard for so many probes is gone.
const SILENT_PROBES: u32 = 4;

fn of_error(error: &ProtocolError) -> Ending {
    match error {
        ProtocolError::Overflow => Ending::Large,
        ProtocolError::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => Ending::Utf8,
        ProtocolError::Io(error) => {
            let payload = error.get_ref().and_then(|inner| inner.downcast_ref::<PayloadError>());
            if matches!(payload, Some(PayloadError::Overflow)) { Ending::Large } else { Ending::Gone }
        }
        _ => Ending::Protocol,
    }
}

/// Lines a command up; waits while too many are.
async fn take<C: Client>(
    gateway: &Gateway,
    client: &Rc<C>,
    outbox: &Rc<Outbox>,
    lanes: &Rc<Lanes>,
    text: &str,
) {
    let metrics = gateway.socket_metrics.clone();
    let framed = match Framed::read(text) {
        Ok(framed) => framed,
        Err(failure) => {
            metrics.command(C::KIND, OTHER, CommandLabel::refused);
            return outbox.push(failure.frame(None));
        }
    };
    let word = C::WORDS.iter().copied().find(|word| *word == framed.word).unwrap_or(OTHER);
    let Some(id) = framed.id.clone() else {
        metrics.command(C::KIND, word, CommandLabel::refused);
        return outbox.push(Failure::bad("a command has an id of 1 to 64 characters").frame(None));
    };
    let Some(place) = lanes.place().await else { return };
    let (client, outbox, lane) = (Rc::clone(client), Rc::clone(outbox), C::lane(&framed));
    let job = async move {
        let (answer, outcome) = match client.carry_out(id.clone(), framed).await {
            Ok(body) => (wire::done(&id, body), CommandLabel::ok),
            Err(failure) => (failure.frame(Some(&id)), failure.label()),
        };
        metrics.command(C::KIND, word, outcome);
        outbox.push(answer);
    };
    lanes.put(&lane, place, Box::pin(job.in_current_span()));
}

/// The label of what is no command of this socket.
pub(super) const OTHER: &str = "other";
