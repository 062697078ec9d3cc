//! A call for one entity, the same from a gateway's door over a peer link to the shard, and what came of it.

use crate::{Mono, Now};
use bincode::{Decode, Encode};
use handoff_chat::EntityId;
use handoff_chat::command::{Answer, Caller, Command, Read, Reading, Reject};
use handoff_journal::Owner;
use std::time::Duration;

/// A call for one entity: a command, a read, or a command and then a read of what it left.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Call {
    /// The session, queue or agent.
    pub entity: EntityId,
    /// Decided first. Its id is the client's, or minted by the gateway and kept through its repeats.
    pub command: Option<Command>,
    /// Read afterwards, in the same decision: by whom, and what.
    pub read: Option<(Caller, Read)>,
    /// Whether the command's id is the client's own: then "again" may be answered even where the outcome is unknown.
    pub client_id: bool,
    /// How long the caller still waits.
    pub patience: Duration,
    /// How long a read that finds nothing new waits at the owner for something, within the patience.
    pub wait: Duration,
}

impl Call {
    /// Nothing is asked yet, and the caller waits for as long as it takes.
    #[must_use]
    pub fn of(entity: EntityId) -> Self {
        let (patience, wait) = (Duration::MAX, Duration::ZERO);
        Self { entity, command: None, read: None, client_id: false, patience, wait }
    }
}

/// The answer to a call's command, and what was read after it.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub struct Done {
    /// The command's answer; committed.
    pub answer: Option<Answer>,
    /// What was read; all of it committed. Outside of the shard never [`Reading::NeedsHistory`]: history was read
    /// already. None where a read waited and nothing new came.
    pub reading: Option<Reading>,
}

/// What came of a call at the node that was asked.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum Outcome {
    /// Done and committed, or read.
    Done(Done),
    /// The entity refuses, whatever is repeated; nothing was done.
    Refused(Reject),
    /// Too much waits already; nothing was done.
    Busy,
    /// Not served now; nothing was committed.
    Again,
    /// This shard is elsewhere; nothing was committed here.
    NotOwner(Option<Owner>),
    /// The shard's actor ended with the call in it: whether it was committed is not known.
    Unknown,
}

/// Where an outcome goes; carries the permits of the call, which come back when it is dropped.
#[derive(Debug)]
pub struct ReplyTo {
    /// The caller's end; it may be gone.
    pub sender: tokio::sync::oneshot::Sender<Outcome>,
    /// Permits of bounded inboxes.
    pub permit: Option<tokio::sync::OwnedSemaphorePermit>,
}

impl ReplyTo {
    /// Sends the outcome; a caller who has gone is no concern.
    pub fn send(self, outcome: Outcome) {
        let _gone = self.sender.send(outcome);
    }
}

/// A call that has come to its shard: from here on its spans are moments.
#[derive(Debug)]
pub struct Envelope {
    /// What is called for.
    pub call: Call,
    /// Dropped when decided after this moment.
    pub deadline: Mono,
    /// A read that finds nothing new waits until this moment for something; none: it does not.
    pub wait_until: Option<Mono>,
    /// The caller, if somebody waits.
    pub reply: Option<ReplyTo>,
}

impl Envelope {
    /// A call that arrives now.
    #[must_use]
    pub fn new(now: Now, call: Call, reply: Option<ReplyTo>) -> Self {
        let ms = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let until = |span| now.mono.after(ms(span));
        let deadline = until(call.patience);
        let wait_until = (!call.wait.is_zero()).then(|| until(call.wait));
        Self { call, deadline, wait_until, reply }
    }

    /// What the node itself asks; nobody waits for the answer.
    #[must_use]
    pub fn own(now: Now, entity: EntityId, command: Command) -> Self {
        Self::new(now, Call { command: Some(command), ..Call::of(entity) }, None)
    }
}
