//! What every WebSocket of this node is made of, whatever is spoken on it.

mod guard;
pub(crate) mod lanes;
pub mod metrics;
pub(crate) mod outbox;

use super::Gateway;
use actix_web::error::PayloadError;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use actix_ws::{AggregatedMessageStream, ProtocolError};
use bytes::Bytes;
use futures_util::Stream;
use guard::Guard;
use metrics::SocketLabel;
use outbox::{Ending, Outbox};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tracing::Instrument;

/// How long what waits may take to be sent when a socket ends.
const LAST_WORDS: Duration = Duration::from_secs(3);
/// After so long a socket is led away that came to a node which drains.
pub(crate) const LEADS_AWAY_AFTER: Duration = Duration::from_millis(250);
/// A client of whom nothing was heard for so many probes is gone.
pub(crate) const SILENT_PROBES: u32 = 4;

/// A task that ends with its owner.
pub(crate) struct Task(Option<JoinHandle<()>>);

impl Task {
    pub(crate) fn spawn(work: impl Future<Output = ()> + 'static) -> Self {
        Self(Some(actix_web::rt::spawn(work.in_current_span())))
    }

    /// Whether it has come to its end.
    pub(crate) fn done(&self) -> bool {
        self.0.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits for its own end, and not too long.
    pub(crate) async fn finish(mut self, limit: Duration) {
        if let Some(task) = &mut self.0 {
            let _late = timeout(limit, task).await;
        }
    }

    /// Lets it come to its own end.
    pub(crate) fn release(&mut self) {
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

/// A request that became a socket.
pub(crate) struct Upgraded {
    /// To be answered to the request.
    pub(crate) response: HttpResponse,
    /// What the client says.
    pub(crate) stream: AggregatedMessageStream,
    /// What it is told.
    pub(crate) outbox: Rc<Outbox>,
    /// To write with.
    pub(crate) session: actix_ws::Session,
}

/// Makes a request a socket; an inner error is a refusal to be answered.
pub(crate) async fn upgrade(
    request: &HttpRequest,
    payload: web::Payload,
    gateway: &Gateway,
    kind: SocketLabel,
) -> Result<Result<Upgraded, HttpResponse>, actix_web::Error> {
    if !gateway.border.opens(request) {
        return Ok(Err(HttpResponse::Forbidden().finish()));
    }
    if let Err(limited) = gateway.admit(request) {
        let after = limited.retry_ms().div_ceil(1000);
        return Ok(Err(HttpResponse::TooManyRequests().insert_header((RETRY_AFTER, after)).finish()));
    }
    if *gateway.moved.borrow() {
        // A balancer has not seen yet that this node drains. Nobody is refused for that: the socket opens and is led
        // away, at a pace at which the balancer has seen it by the next time or the one after.
        sleep(LEADS_AWAY_AFTER).await;
    }
    let bytes_max = gateway.options.body_bytes_max;
    let guarded: BoxedStream = Box::pin(Guard::new(payload.into_inner(), bytes_max));
    let mut guarded = actix_web::dev::Payload::Stream { payload: guarded };
    let payload = web::Payload::from_request(request, &mut guarded).await?;
    let (response, session, stream) = actix_ws::handle(request, payload)?;
    let stream = stream.max_frame_size(bytes_max).aggregate_continuations().max_continuation_size(bytes_max);
    let outbox = Rc::new(Outbox::new(kind, gateway.socket_metrics.clone()));
    Ok(Ok(Upgraded { response, stream, outbox, session }))
}

/// Writes while `reading` goes on, and ends the socket when either does.
pub(crate) async fn serve(
    gateway: &Gateway,
    (kind, session): (SocketLabel, actix_ws::Session),
    outbox: &Outbox,
    beat: Option<String>,
    reading: impl Future<Output = ()>,
) {
    gateway.socket_metrics.opened(kind);
    let mut writing = pin!(outbox.write(session, gateway.options.probe, beat));
    tokio::select! {
        biased;
        () = &mut writing => {}
        () = reading => {
            // What ends the reading is told, or what waits is sent, before the connection goes.
            let _stuck = timeout(LAST_WORDS, writing).await;
        }
    }
    let ending = outbox.ending().unwrap_or(Ending::Gone);
    gateway.socket_metrics.closed(kind, ending.label());
    tracing::debug!(?ending, "socket closed");
}

/// How a socket ends whose client sent what can't be read.
pub(crate) fn of_error(error: &ProtocolError) -> Ending {
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
