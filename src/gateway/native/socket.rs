//! One native socket: reads frames, lines commands up, probes the link both ways, and ends.

use super::failure::Failure;
use super::wire::{self, Framed};
use crate::gateway::Gateway;
use crate::gateway::socket::lanes::Lanes;
use crate::gateway::socket::metrics::{CommandLabel, SocketLabel};
use crate::gateway::socket::outbox::{Ending, Outbox};
use crate::gateway::socket::{self, SILENT_PROBES, of_error};
use actix_web::{HttpRequest, HttpResponse, web};
use actix_ws::{AggregatedMessage, AggregatedMessageStream};
use futures_util::StreamExt;
use serde::Serialize;
use std::rc::Rc;
use tokio::time::{Instant, sleep_until};
use tracing::Instrument;

/// What one kind of client may say.
pub(crate) trait Client: 'static {
    /// What it is answered, beside the command's id.
    type Answer: Serialize;
    /// Whose sockets these are, as the metrics count them.
    const KIND: SocketLabel;
    /// Whose polls.
    const POLL: SocketLabel;
    /// Every command that it may send; others are counted as unknown.
    const COMMANDS: &'static [&'static str];
    /// Those with which a client says who it is; before one of them no other is carried out.
    const BEGINNINGS: &'static [&'static str];
    /// The lane of a command: commands of one lane are carried out one after the other.
    fn lane(framed: &Framed) -> String;
    /// Carries a command out.
    fn carry_out(
        self: Rc<Self>,
        id: String,
        framed: Framed,
    ) -> impl Future<Output = Result<Self::Answer, Failure>> + 'static;
    /// Whether one of the beginnings was carried out.
    fn has_begun(&self) -> bool;
    /// The socket is closed: nothing is followed any more.
    fn close(&self);
}

/// Makes a request a socket. `span` names whose.
pub(crate) async fn upgrade<C: Client>(
    request: HttpRequest,
    payload: web::Payload,
    gateway: web::Data<Gateway>,
    span: tracing::Span,
    client: impl FnOnce(web::Data<Gateway>, Rc<Outbox>) -> C,
) -> Result<HttpResponse, actix_web::Error> {
    let upgraded = match socket::upgrade(&request, payload, &gateway, C::KIND).await? {
        Ok(upgraded) => upgraded,
        Err(refusal) => return Ok(refusal),
    };
    let (response, stream, outbox) = (upgraded.response, upgraded.stream, upgraded.outbox);
    outbox.push(wire::hello(&gateway.alias, &gateway.nodes()));
    let client = Rc::new(client(gateway.clone(), Rc::clone(&outbox)));
    let serving = async move {
        let reading = read(&gateway, &client, &outbox, stream);
        socket::serve(&gateway, (C::KIND, upgraded.session), &outbox, Some(wire::beat()), reading).await;
        client.close();
    };
    actix_web::rt::spawn(serving.instrument(span));
    Ok(response)
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
            _ = moved.wait_for(|moved| *moved) => return outbox.lead_away(wire::moved(&gateway.nodes())),
            message = stream.next() => message,
            () = sleep_until(heard + silence) => break Ending::Silent,
        };
        match message {
            None => break Ending::Gone,
            Some(Err(error)) => break of_error(&error),
            Some(Ok(AggregatedMessage::Text(text))) => {
                take(gateway, (client, outbox, &lanes), Framed::read(&text)).await;
            }
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

/// Lines a command up; waits while too many are.
pub(super) async fn take<C: Client>(
    gateway: &Gateway,
    (client, outbox, lanes): (&Rc<C>, &Rc<Outbox>, &Rc<Lanes>),
    framed: Result<Framed, (Option<String>, Failure)>,
) {
    let (metrics, kind) = (gateway.socket_metrics.clone(), outbox.kind());
    let framed = match framed {
        Ok(framed) => framed,
        Err((id, failure)) => {
            metrics.command(kind, OTHER, CommandLabel::refused);
            return outbox.push(wire::refused(id.as_deref(), &failure));
        }
    };
    let name = counted::<C>(&framed);
    let Some(id) = framed.id.clone() else {
        metrics.command(kind, name, CommandLabel::refused);
        let failure = Failure::bad("a command has an id of 1 to 64 characters");
        return outbox.push(wire::refused(None, &failure));
    };
    let Some(place) = lanes.place().await else { return };
    let (client, outbox, lane) = (Rc::clone(client), Rc::clone(outbox), C::lane(&framed));
    let job = async move {
        let (answer, outcome) = match client.carry_out(id.clone(), framed).await {
            Ok(answer) => (wire::done(&id, answer), CommandLabel::ok),
            Err(failure) => (wire::refused(Some(&id), &failure), failure.label()),
        };
        metrics.command(kind, name, outcome);
        outbox.push(answer);
    };
    lanes.put(&lane, place, Box::pin(job.in_current_span()));
}

/// A command's name as it is counted.
pub(super) fn counted<C: Client>(framed: &Framed) -> &'static str {
    C::COMMANDS.iter().copied().find(|name| *name == framed.name).unwrap_or(OTHER)
}

/// The label of what is no command of this socket.
pub(crate) const OTHER: &str = "other";
