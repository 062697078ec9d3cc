//! The native protocol over HTTP, for clients behind proxies that let no WebSocket through: long polling. Each request
//! stands alone, as a socket that lives for one request, so any node serves any of them.

use super::failure::{Code, Failure};
use super::socket::{Client, counted, take};
use super::wire::{self, Framed};
use crate::gateway::Gateway;
use crate::gateway::border::{Credentials, Reply};
use crate::gateway::door::HungUp;
use crate::gateway::form::read_whole;
use crate::gateway::problem::Problem;
use crate::gateway::socket::LEADS_AWAY_AFTER;
use crate::gateway::socket::lanes::Lanes;
use crate::gateway::socket::metrics::CommandLabel;
use crate::gateway::socket::outbox::{Ending, Outbox};
use actix_web::http::header::{ALLOW, CACHE_CONTROL, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{Instrument, Span};

/// Most frames of a request.
const FRAMES_MAX: usize = 64;
/// The longest that a client may want to wait for news.
const WAIT_MS_MAX: u64 = 25_000;
/// How long an answer that has news waits for what is being read already.
const LINGER: Duration = Duration::from_millis(100);
/// How long commands under way keep the answer of a node that drains.
const LAST_ANSWERS: Duration = Duration::from_secs(3);
const METHODS: &str = "POST, OPTIONS";

/// A request's body.
#[derive(Deserialize)]
struct Asked<'b> {
    /// Commands as on a socket; what is wrong within one is told in its answer.
    #[serde(borrow)]
    frames: Vec<&'b RawValue>,
    /// How long the answer may wait for news once the commands are answered.
    #[serde(default)]
    wait_ms: u64,
}

impl<'b> Asked<'b> {
    fn read(body: &'b [u8]) -> Result<Self, Problem> {
        let bad = |detail| Problem::new(StatusCode::BAD_REQUEST, "bad_request", detail);
        // The parser's words name the fault and its place; they repeat a word of the sender's at most to the sender.
        let asked: Self = serde_json::from_slice(body)
            .map_err(|error| bad(format!("the body is {{\"frames\": [...], \"wait_ms\": N}}: {error}")))?;
        if asked.frames.len() > FRAMES_MAX {
            return Err(bad(format!("at most {FRAMES_MAX} frames")));
        }
        if asked.wait_ms > WAIT_MS_MAX {
            return Err(bad(format!("wait_ms: at most {WAIT_MS_MAX}")));
        }
        Ok(asked)
    }
}

/// Answers a request to the resource. `span` names whose.
pub(crate) async fn answer<C: Client>(
    request: HttpRequest,
    payload: web::Payload,
    gateway: web::Data<Gateway>,
    span: Span,
    client: impl FnOnce(web::Data<Gateway>, Rc<Outbox>) -> C,
) -> HttpResponse {
    let (mut response, to) = match *request.method() {
        Method::OPTIONS => (HttpResponse::NoContent().finish(), Reply::Preflight(METHODS)),
        Method::POST => {
            let served = serve(&request, payload, &gateway, client).instrument(span).await;
            (served.unwrap_or_else(|problem| problem.response()), Reply::Call)
        }
        _ => {
            let detail = "polls are sent by POST";
            let mut response = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", detail).response();
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(METHODS));
            (response, Reply::Call)
        }
    };
    gateway.border.allow(&request, (to, Credentials::Named), response.headers_mut());
    response
}

async fn serve<C: Client>(
    request: &HttpRequest,
    payload: web::Payload,
    gateway: &web::Data<Gateway>,
    client: impl FnOnce(web::Data<Gateway>, Rc<Outbox>) -> C,
) -> Result<HttpResponse, Problem> {
    gateway.admit(request).map_err(Problem::limited)?;
    if !request.content_type().eq_ignore_ascii_case("application/json") {
        // A browser asks first whether another site's page may send this; it would not for a form or a text.
        let detail = "use Content-Type application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type", detail));
    }
    let body = read_whole(request, payload, &gateway.options).await?;
    let asked = Asked::read(&body)?;
    let hung_up = request.conn_data::<HungUp>().cloned().unwrap_or_default();
    let poll = Poll::open(gateway, client);
    tokio::select! {
        biased;
        () = hung_up.told() => Ok(poll.end(Ending::Gone)),
        () = poll.run(&asked.frames, Duration::from_millis(asked.wait_ms)) => Ok(poll.end(Ending::Answered)),
    }
}

/// A request that waits. When it is over, in whatever way, nothing is followed any more; commands under way are
/// carried out, as those of a socket that breaks.
struct Poll<C: Client> {
    gateway: web::Data<Gateway>,
    client: Rc<C>,
    outbox: Rc<Outbox>,
    lanes: Rc<Lanes>,
}

impl<C: Client> Poll<C> {
    fn open(gateway: &web::Data<Gateway>, client: impl FnOnce(web::Data<Gateway>, Rc<Outbox>) -> C) -> Self {
        let outbox = Rc::new(Outbox::new(C::POLL, gateway.socket_metrics.clone()));
        outbox.push(wire::hello(&gateway.alias, &gateway.nodes()));
        let client = Rc::new(client(gateway.clone(), Rc::clone(&outbox)));
        gateway.socket_metrics.opened(C::POLL);
        Self { gateway: gateway.clone(), client, outbox, lanes: Lanes::new() }
    }

    /// Carries the frames out, and waits for news until the time is over, where there is something to follow. What
    /// fills half of the outbox goes out at once: the client asks for the rest from there on.
    async fn run(&self, frames: &[&RawValue], wait: Duration) {
        let until = Instant::now() + wait;
        let mut moved = self.gateway.moved.subscribe();
        let came_late = *moved.borrow();
        let mut commands = pin!(self.carry_out(frames));
        let (mut answered, mut lingers) = (false, None);
        while self.outbox.has_room() && self.outbox.ending().is_none() {
            let over = match (self.outbox.has_news(), self.outbox.is_coming()) {
                // Of whom nobody knows who they are, nothing is followed.
                (false, _) if answered && !self.client.has_begun() => Instant::now(),
                (false, _) => until,
                (true, true) => until.min(*lingers.get_or_insert_with(|| Instant::now() + LINGER)),
                (true, false) => Instant::now(),
            };
            if answered && over <= Instant::now() {
                return;
            }
            tokio::select! {
                biased;
                _ = moved.wait_for(|moved| *moved) => {
                    if !answered {
                        let _late = timeout(LAST_ANSWERS, &mut commands).await;
                    }
                    if came_late {
                        // Until a balancer has seen that this node drains, its client comes back at a slow pace.
                        sleep(LEADS_AWAY_AFTER.min(wait)).await;
                    }
                    return self.outbox.lead_away(wire::moved(&self.gateway.nodes()));
                }
                () = &mut commands, if !answered => answered = true,
                () = self.outbox.stirred() => {}
                () = sleep_until(over), if answered => {}
            }
        }
    }

    /// Carries the frames out in order, and waits until all are answered. Until it is known whose they are it is one
    /// after the other; where that fails those that rest on it are to be given again.
    async fn carry_out(&self, frames: &[&RawValue]) {
        let mut in_vain = false;
        for (at, frame) in frames.iter().enumerate() {
            let framed = Framed::read(frame.get());
            let begun = self.client.has_begun();
            let begins = framed.as_ref().is_ok_and(|framed| C::BEGINNINGS.contains(&framed.name.as_str()));
            match framed {
                Ok(framed) if in_vain && !begun && !begins => self.put_off(&framed),
                framed => take(&self.gateway, (&self.client, &self.outbox, &self.lanes), framed).await,
            }
            if !begun && at + 1 < frames.len() {
                self.lanes.idle().await;
                in_vain |= begins;
                // What an agent may do rests on their desk as well.
                let _late = timeout(LINGER, self.outbox.settled()).await;
            }
        }
        self.lanes.idle().await;
    }

    fn put_off(&self, framed: &Framed) {
        let failure = Failure::retry(Code::Again, "what this rests on was not carried out");
        self.gateway.socket_metrics.command(C::POLL, counted::<C>(framed), CommandLabel::again);
        self.outbox.push(wire::refused(framed.id.as_deref(), &failure));
    }

    fn end(&self, ending: Ending) -> HttpResponse {
        let frames = self.outbox.take_texts();
        self.outbox.end(ending);
        let body = format!("{{\"frames\":[{}]}}", frames.join(","));
        HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .content_type("application/json")
            .body(body)
    }
}

impl<C: Client> Drop for Poll<C> {
    fn drop(&mut self) {
        self.outbox.end(Ending::Gone);
        self.client.close();
        let ending = self.outbox.ending().unwrap_or(Ending::Gone);
        self.gateway.socket_metrics.closed(C::POLL, ending.label());
        tracing::debug!(?ending, "poll ended");
    }
}
