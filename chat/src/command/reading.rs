//! What readings and sessions' answers show.

use crate::channel::ChannelView;
use crate::event::{Event, Participant, Typing, ViewKind};
use crate::file::{File, FileLimits};
use crate::id::{AgentName, Millis, QueueName, SessionId};
use bincode::{Decode, Encode};

/// What a command to a session is answered.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct ChatAnswer {
    /// The number of the last durable event this command made; 0 when none.
    pub seq: u64,
    /// The next position after it in the caller's view (the customer's for those who have none). What it made has the
    /// index before.
    pub next_position: u64,
    /// Whether the chat has ended for the caller (for the customer, where they are nobody).
    pub chat_ended: bool,
    /// The `userId` of the caller (the customer's, where they are nobody).
    pub user_id: String,
    /// For `Open`: the [`crate::key::StoredKey::sealed`] of the first try.
    pub sealed_key: Option<[u8; 16]>,
}

/// What one reader sees of a session, from the position on that they asked for.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct View {
    /// The view by which indexes and participants' numbers are told.
    pub kind: ViewKind,
    /// Durable events that this view sees, in order of index.
    pub events: Vec<Event>,
    /// Typing still shown, with indexes among those of the events.
    pub typing: Vec<Typing>,
    /// The nicknames and per-view participant numbers of everybody who appears: in `Participant` order.
    pub participants: Vec<Participant>,
    /// Last index used in this view + 1.
    pub next_position: u64,
    /// Whether the chat has ended for this reader.
    pub chat_ended: bool,
    /// The GMS `userId` of the reader.
    pub user_id: String,
    /// When the session started.
    pub started_at: Millis,
    /// The number that the reader's next numbered command must have.
    pub next_command: u64,
    /// The customer's channel, for those who answer them.
    pub channel: Option<Box<ChannelView>>,
    /// The queue in which the customer waits for an agent, or from which they are offered to one; told them alone.
    pub waits: Option<QueueName>,
}

/// What a participant may know of the files of their session.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct FilesView {
    /// What is allowed; none: no files at all.
    pub limits: Option<FileLimits>,
    /// The reader's own files.
    pub used_files: u32,
    /// The bytes of the reader's own files together.
    pub used_bytes: u64,
    /// How often the customer has downloaded.
    pub downloads: u32,
    /// The files that they can see, by id.
    pub files: Vec<File>,
    /// The reader; none where they are nobody.
    pub reader: Option<Participant>,
    /// Whether the chat has ended for the reader.
    pub chat_ended: bool,
    /// Last index used in their view + 1.
    pub next_position: u64,
}

/// A queue as operators see it.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Line {
    /// Who waits, in order.
    pub waiting: Vec<Waiting>,
    /// Who could take them, longest idle first.
    pub agents: Vec<Idle>,
}

/// One who waits, as operators see them.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Waiting {
    /// The interaction; its session has the same id.
    pub interaction: SessionId,
    /// Higher goes first.
    pub priority: i32,
    /// When it first came to a queue, by the wall clock; kept when it comes back.
    pub since: Millis,
    /// The agent who is being asked for it.
    pub asking: Option<AgentName>,
}

/// An agent who could take somebody, as operators see them.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Idle {
    /// The name that they sign in with.
    pub agent: AgentName,
    /// How many more chats they can take, less what they are being asked for.
    pub free: u32,
    /// Since when they have had nothing new to do.
    pub since: Millis,
}

/// What one who waits in a queue, or would, may expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub struct Outlook {
    /// Their place in line, from 1; none: they do not wait here.
    pub place: Option<u64>,
    /// How many wait.
    pub waiting: u64,
    /// How many agents are there for this queue, whether they can take one more or not.
    pub agents: u64,
    /// How many more they can take at the moment.
    pub free: u64,
    /// How the line moved lately; none: nothing is known.
    pub pace: Option<Pace>,
}

/// How a line moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Pace {
    /// When the last one who had to wait was taken, by the wall clock.
    pub taken_at: Millis,
    /// How long the first in line waits to be taken: a moving mean, in milliseconds.
    pub place_ms: u64,
    /// Of how many it is the mean, as far as they count.
    pub seen: u32,
}

impl Outlook {
    /// How long they may expect to wait, in milliseconds; none: nothing is known.
    #[must_use]
    pub fn wait_ms(&self, now: Millis) -> Option<u64> {
        if self.place.is_none() && self.free > self.waiting {
            return Some(0);
        }
        let pace = self.pace.filter(|pace| now.0.saturating_sub(pace.taken_at.0) <= PACE_KNOWN_MS)?;
        Some(self.place.unwrap_or(self.waiting.saturating_add(1)).saturating_mul(pace.place_ms))
    }
}

/// What was seen longer ago says nothing of now, in milliseconds.
const PACE_KNOWN_MS: i64 = 3_600_000;
/// How many of those who were taken the mean is of; older ones fade.
const PACE_SEEN_MAX: u32 = 8;

impl Pace {
    /// With one more who was taken: they were the first in line since they came, or since the one before was taken.
    #[must_use]
    pub fn took(before: Option<Self>, came: Millis, now: Millis) -> Self {
        let first_since = before.map_or(came, |before| before.taken_at.max(came));
        let ms = u64::try_from(now.0.saturating_sub(first_since.0)).unwrap_or(0);
        let (mean, seen) = before.map_or((0, 0), |before| (before.place_ms, before.seen));
        let seen = seen.saturating_add(1).min(PACE_SEEN_MAX);
        let others = u64::from(seen.saturating_sub(1));
        let place_ms = mean.saturating_mul(others).saturating_add(ms) / u64::from(seen);
        Self { taken_at: now, place_ms, seen }
    }
}
