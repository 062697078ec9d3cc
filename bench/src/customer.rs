//! One customer: a session's keys, its connection, and what it does when a node does not answer.
//!
//! It behaves as a careful client should: one message in flight, a time-out, then the next node with the
//! same `clientMessageId`, until acknowledged or given up. Every failed attempt is counted by its reason.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::http::{self, Connection};
use crate::wire::{Call, Identity, Outcome, Requests, Started};

/// Pause after an answer "again" or a full round of dead nodes, times the failures in a row, at most ten.
const PAUSE: Duration = Duration::from_millis(5);
const PAUSE_STEPS_MAX: u32 = 10;

/// Failed attempts by reason, and connections that the server closed while no request was under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failures {
    /// Could not connect.
    pub refused: u64,
    /// Closed before the reply.
    pub closed: u64,
    /// No reply within the time-out.
    pub timeout: u64,
    /// Told to try again.
    pub again: u64,
    /// A reply that could not be read.
    pub unreadable: u64,
    /// Refused for good.
    pub rejected: u64,
    /// Closed between two requests: not a failed attempt.
    pub idle_closed: u64,
}

impl Failures {
    /// Adds another's counts.
    pub fn add(&mut self, other: &Failures) {
        self.refused += other.refused;
        self.closed += other.closed;
        self.timeout += other.timeout;
        self.again += other.again;
        self.unreadable += other.unreadable;
        self.rejected += other.rejected;
        self.idle_closed += other.idle_closed;
    }

    /// Attempts that got no acknowledgement.
    pub fn attempts(&self) -> u64 {
        self.refused + self.closed + self.timeout + self.again + self.unreadable + self.rejected
    }
}

/// Why an attempt failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Could not connect.
    #[error("connection refused: {0}")]
    Refused(std::io::Error),
    /// No whole reply.
    #[error(transparent)]
    Http(#[from] http::Error),
    /// No reply within the time-out.
    #[error("no reply in time")]
    Timeout,
    /// Told to try again.
    #[error("told to try again: {0}")]
    Again(String),
    /// Refused for good.
    #[error("refused: {0}")]
    Rejected(String),
}

/// When an acknowledged call was first tried, when the attempt that succeeded was, and when its reply came.
#[derive(Debug, Clone, Copy)]
pub struct Answered {
    /// First attempt.
    pub first: Instant,
    /// The attempt that was answered.
    pub attempt: Instant,
    /// Its reply.
    pub acked: Instant,
    /// The node that answered, an index into the list.
    pub node: usize,
}

/// A customer and their session, which goes on at another node when one fails.
#[derive(Debug)]
pub struct Customer {
    /// Counts from 0.
    pub number: u32,
    /// What failed so far.
    pub failures: Failures,
    identity: Identity,
    nodes: Arc<[SocketAddr]>,
    node: usize,
    connection: Option<Connection>,
    requests: Requests,
    timeout: Duration,
    give_up: Duration,
}

impl Customer {
    /// A customer who begins at `node` and waits at most `timeout` for a reply, `give_up` for a call.
    pub fn new(number: u32, nodes: Arc<[SocketAddr]>, node: usize, requests: Requests, waits: Waits) -> Self {
        Self {
            number,
            failures: Failures::default(),
            identity: Identity::default(),
            nodes,
            node,
            connection: None,
            requests,
            timeout: waits.timeout,
            give_up: waits.give_up,
        }
    }

    /// The session's id; empty before the start was answered.
    pub fn chat_id(&self) -> &str {
        &self.identity.chat_id
    }

    /// Goes to another node with the next call.
    pub fn move_to(&mut self, node: usize) {
        if node != self.node {
            self.node = node;
            self.connection = None;
        }
    }

    /// Closes the connection; the next call opens one.
    pub fn hang_up(&mut self) {
        self.connection = None;
    }

    /// Opens the session.
    ///
    /// # Errors
    /// The last failure, if none of the attempts succeeded.
    pub async fn start(&mut self) -> Result<(), Failure> {
        self.call(Call::Start).await?;
        let started: Started<'_> = serde_json::from_slice(self.body())
            .map_err(|e| Failure::Rejected(format!("unreadable reply to a start: {e}")))?;
        self.identity = Identity {
            chat_id: started.chat_id.into_owned(),
            secure_key: started.secure_key.into_owned(),
            user_id: started.user_id.into_owned(),
            alias: started.alias.into_owned(),
        };
        Ok(())
    }

    /// Calls until acknowledged; the reply is then in [`Self::body`].
    ///
    /// # Errors
    /// The last failure: `Rejected` at once, any other when the time is over.
    pub async fn call(&mut self, call: Call) -> Result<Answered, Failure> {
        self.requests.build(&self.identity, call);
        let first = Instant::now();
        let mut attempt = first;
        let mut failed_in_row = 0;
        loop {
            match self.attempt().await {
                Ok(()) => return Ok(Answered { first, attempt, acked: Instant::now(), node: self.node }),
                Err(failure @ Failure::Rejected(_)) => return Err(failure),
                Err(failure) if first.elapsed() >= self.give_up => return Err(failure),
                Err(failure) => {
                    failed_in_row += 1;
                    self.turn_away(&failure, failed_in_row).await;
                }
            }
            attempt = Instant::now();
        }
    }

    /// The body of the last acknowledged reply.
    pub fn body(&self) -> &[u8] {
        self.connection.as_ref().map_or(&[], Connection::body)
    }

    /// The next node; the same once more where a node that answers said "again".
    async fn turn_away(&mut self, failure: &Failure, failed_in_row: u32) {
        let again = matches!(failure, Failure::Again(_));
        if !again || failed_in_row > 1 {
            self.move_to((self.node + 1) % self.nodes.len());
        }
        if again || failed_in_row as usize >= self.nodes.len() {
            tokio::time::sleep(PAUSE * failed_in_row.min(PAUSE_STEPS_MAX)).await;
        }
    }

    async fn attempt(&mut self) -> Result<(), Failure> {
        if self.connection.as_ref().is_some_and(|c| !c.usable()) {
            self.failures.idle_closed += 1;
            self.connection = None;
        }
        let result = match tokio::time::timeout(self.timeout, self.exchange()).await {
            Ok(Ok(status)) => judge(status, self.body()),
            Ok(Err(failure)) => Err(failure),
            Err(_) => Err(Failure::Timeout),
        };
        if let Err(failure) = &result {
            self.count(failure);
            if !matches!(failure, Failure::Again(_) | Failure::Rejected(_)) {
                self.connection = None;
            }
        }
        result
    }

    async fn exchange(&mut self) -> Result<u16, Failure> {
        if self.connection.is_none() {
            let opened = Connection::open(self.nodes[self.node]).await;
            self.connection = Some(opened.map_err(Failure::Refused)?);
        }
        match &mut self.connection {
            Some(connection) => Ok(connection.exchange(self.requests.bytes()).await?),
            None => Err(Failure::Timeout),
        }
    }

    fn count(&mut self, failure: &Failure) {
        let counts = &mut self.failures;
        *match failure {
            Failure::Refused(_) => &mut counts.refused,
            Failure::Http(http::Error::Closed(_)) => &mut counts.closed,
            Failure::Http(http::Error::Unreadable(_)) => &mut counts.unreadable,
            Failure::Timeout => &mut counts.timeout,
            Failure::Again(_) => &mut counts.again,
            Failure::Rejected(_) => &mut counts.rejected,
        } += 1;
    }
}

/// How long a customer waits.
#[derive(Debug, Clone, Copy)]
pub struct Waits {
    /// For one reply.
    pub timeout: Duration,
    /// For a call with all its repeats.
    pub give_up: Duration,
}

fn judge(status: u16, body: &[u8]) -> Result<(), Failure> {
    let told = || format!("HTTP {status} {}", String::from_utf8_lossy(&body[..body.len().min(300)]));
    match status {
        200 => {}
        429 | 500..=599 => return Err(Failure::Again(told())),
        _ => return Err(Failure::Rejected(told())),
    }
    match serde_json::from_slice::<Outcome>(body) {
        Ok(Outcome { status_code: 0, .. }) => Ok(()),
        Ok(Outcome { status_code: 1, chat_ended: false }) => Err(Failure::Again(told())),
        Ok(_) => Err(Failure::Rejected(told())),
        Err(e) => Err(Failure::Rejected(format!("{e} in {}", told()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_status_code_0_is_an_acknowledgement() {
        assert!(judge(200, br#"{"statusCode":0,"chatEnded":false,"messages":[]}"#).is_ok());
        let again = [(200, r#"{"statusCode":1,"chatEnded":false}"#), (503, ""), (429, "")];
        for (status, body) in again {
            assert!(matches!(judge(status, body.as_bytes()), Err(Failure::Again(_))), "{status} {body}");
        }
        let never = [(200, r#"{"statusCode":2,"chatEnded":true}"#), (200, "<html>"), (400, "{}"), (404, "")];
        for (status, body) in never {
            assert!(matches!(judge(status, body.as_bytes()), Err(Failure::Rejected(_))), "{status} {body}");
        }
    }
}
