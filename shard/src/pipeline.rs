//! Group commit, and what waits for it.
//!
//! One append is in flight at a time; what comes meanwhile joins the next frame. A node bounds its appends in
//! flight: a shard asks for its permit before the frame is cut, so that what comes while it waits is in that frame.
//! Everything that leaves the shard waits until the newest item it may depend on is committed, or, when nothing is
//! open, until the ownership was confirmed lately; and leaves in order. The pipeline knows neither sessions nor the
//! journal: it says what to append and is told what came of it.

use super::Mono;
use super::frame::FrameBody;
use bytes::Bytes;
use handoff_journal::{Frame, FrameId, Position};
use std::collections::VecDeque;

/// How long a confirmation of the ownership lets reads through, in milliseconds of the monotonic clock.
pub const CONFIRMED_FOR_MS: u64 = 250;

/// What the shard is to do next with its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Append this frame at this place.
    Append {
        /// The next free place of the segment.
        at: Position,
        /// Never changed once it is cut: a repeat appends the same bytes.
        frame: Frame,
    },
    /// Seal the segment and open the next.
    Roll {
        /// The next free place of the segment.
        at: Position,
    },
    /// Confirm the ownership.
    Confirm,
}

/// What is in flight.
#[derive(Debug, Clone, Copy)]
enum Flight {
    None,
    /// Waits for the node to let it append.
    Asking {
        since: Mono,
    },
    /// Let, and about to be cut.
    Cleared {
        since: Mono,
    },
    Append {
        items: u64,
        since: Mono,
        started: Mono,
        bytes: usize,
    },
    Roll,
}

#[derive(Debug)]
struct Held<O> {
    item: u64,
    confirm: u64,
    output: O,
}

/// One for each shard that is served. `O` is what leaves the shard.
#[derive(Debug)]
pub struct Pipeline<O> {
    next: Position,
    open: VecDeque<Vec<u8>>,
    open_bytes: usize,
    chunks: VecDeque<Vec<u8>>,
    flight: Flight,
    items_pushed: u64,
    items_committed: u64,
    held: VecDeque<Held<O>>,
    confirm_started: Option<Mono>,
    confirms_started: u64,
    confirms_done: u64,
    confirmed_at: Option<Mono>,
    segment_bytes: usize,
    frame_bytes_max: usize,
}

impl<O> Pipeline<O> {
    /// A pipeline whose first frame goes to `next`.
    #[must_use]
    pub fn new(next: Position, frame_bytes_max: usize) -> Self {
        Self {
            next,
            open: VecDeque::new(),
            open_bytes: 0,
            chunks: VecDeque::new(),
            flight: Flight::None,
            items_pushed: 0,
            items_committed: 0,
            held: VecDeque::new(),
            confirm_started: None,
            confirms_started: 0,
            confirms_done: 0,
            confirmed_at: None,
            segment_bytes: 0,
            frame_bytes_max,
        }
    }

    /// Where the next frame goes.
    #[must_use]
    pub fn position(&self) -> Position {
        self.next
    }

    /// Bytes appended to this segment by this owner.
    #[must_use]
    pub fn segment_bytes(&self) -> usize {
        self.segment_bytes
    }

    /// Whether nothing is in flight.
    #[must_use]
    pub fn is_free(&self) -> bool {
        matches!(self.flight, Flight::None | Flight::Cleared { .. })
    }

    /// Asks for a turn to append or roll, once; true when the caller is to pass that on. Answered by
    /// [`Pipeline::clear`].
    pub fn ask(&mut self, wanted: bool, now: Mono) -> bool {
        let asks = wanted && matches!(self.flight, Flight::None);
        if asks {
            self.flight = Flight::Asking { since: now };
        }
        asks
    }

    /// The node lets this shard append.
    pub fn clear(&mut self) {
        if let Flight::Asking { since } = self.flight {
            self.flight = Flight::Cleared { since };
        }
    }

    /// Whether the permit is there. Not used at once, for a frame or a roll, it must be given back.
    #[must_use]
    pub fn is_cleared(&self) -> bool {
        matches!(self.flight, Flight::Cleared { .. })
    }

    /// Gives a permit back that was not used.
    pub fn give_back(&mut self) {
        if self.is_cleared() {
            self.flight = Flight::None;
        }
    }

    /// Whether a frame has something to carry.
    #[must_use]
    pub fn has_open(&self) -> bool {
        !self.open.is_empty() || !self.chunks.is_empty()
    }

    /// Whether nothing is open, in flight or held: a released shard may be left now.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.is_free() && self.open.is_empty() && self.held.is_empty()
    }

    /// Bytes that wait for the next frame.
    #[must_use]
    pub fn open_bytes(&self) -> usize {
        self.open_bytes
    }

    /// Whether pieces of a checkpoint still wait.
    #[must_use]
    pub fn has_chunks(&self) -> bool {
        !self.chunks.is_empty()
    }

    /// How long the append in flight, or that waits for its turn, has taken so far, in milliseconds.
    #[must_use]
    pub fn flight_age_ms(&self, now: Mono) -> u64 {
        match self.flight {
            Flight::Asking { since } | Flight::Cleared { since } | Flight::Append { since, .. } => {
                now.since(since)
            }
            Flight::None | Flight::Roll => 0,
        }
    }

    /// How many outputs are held.
    #[must_use]
    pub fn held_count(&self) -> usize {
        self.held.len()
    }

    /// The number of the newest item: what is committed when [`Pipeline::committed`] reaches it.
    #[must_use]
    pub fn pushed(&self) -> u64 {
        self.items_pushed
    }

    /// How many items are committed.
    #[must_use]
    pub fn committed(&self) -> u64 {
        self.items_committed
    }

    /// Puts an encoded item into the open frame.
    pub fn push(&mut self, item: Vec<u8>) {
        self.open_bytes += item.len();
        self.open.push_back(item);
        self.items_pushed += 1;
    }

    /// Puts an encoded piece of a checkpoint behind the others; each goes with one of the next frames.
    pub fn push_chunk(&mut self, chunk: Vec<u8>) {
        self.chunks.push_back(chunk);
    }

    /// Holds an output until the newest item is committed; when none is open, until the ownership is fresh.
    /// `check` asks for a confirmation whatever the last one's age.
    pub fn hold(&mut self, output: O, now: Mono, check: bool) {
        let pending = self.items_pushed > self.items_committed;
        let fresh = self.confirmed_within(now, CONFIRMED_FOR_MS);
        let confirm = if check || (!pending && !fresh) { self.want_confirm() } else { 0 };
        self.held.push_back(Held { item: self.items_pushed, confirm, output });
    }

    /// Whether the ownership was confirmed so lately.
    #[must_use]
    pub fn confirmed_within(&self, now: Mono, span_ms: u64) -> bool {
        self.confirmed_at.is_some_and(|at| now.since(at) <= span_ms)
    }

    /// When the ownership was last confirmed, by a commit too.
    #[must_use]
    pub fn confirmed_at(&self) -> Option<Mono> {
        self.confirmed_at
    }

    /// The number of the confirmation to wait for: the one on its way, else the next.
    fn want_confirm(&self) -> u64 {
        if self.confirm_started.is_some() { self.confirms_started } else { self.confirms_started + 1 }
    }

    /// Forgets that the ownership was confirmed: this process may have been stopped for a while.
    pub fn distrust(&mut self) {
        self.confirmed_at = None;
    }

    /// Takes what may leave now, in order.
    pub fn release(&mut self) -> Vec<O> {
        let mut out = Vec::new();
        while self
            .held
            .front()
            .is_some_and(|held| held.item <= self.items_committed && held.confirm <= self.confirms_done)
        {
            out.extend(self.held.pop_front().map(|held| held.output));
        }
        out
    }

    /// Takes all that is held, committed or not: for a fenced shard, which must refuse it.
    pub fn abandon(&mut self) -> Vec<O> {
        self.open.clear();
        self.chunks.clear();
        self.held.drain(..).map(|held| held.output).collect()
    }

    /// Cuts the next frame if none is in flight and something waits. `whole`: take all that is open, whatever its size
    /// (the state is about to be captured as of this frame).
    pub fn cut(&mut self, now: Mono, id: u128, whole: bool) -> Result<Option<Step>, handoff_codec::Error> {
        if !self.is_free() || !self.has_open() {
            return Ok(None);
        }
        let mut body = FrameBody::default();
        let mut bytes = 0;
        let mut items = 0;
        while let Some(item) = self.open.front() {
            if items > 0 && !whole && bytes + item.len() > self.frame_bytes_max {
                break;
            }
            bytes += item.len();
            items += 1;
            body.items.extend(self.open.pop_front());
        }
        self.open_bytes -= bytes;
        body.items.extend(self.chunks.pop_front());
        let body: Bytes = body.to_bytes()?;
        let since = now.before(self.flight_age_ms(now));
        self.flight = Flight::Append { items, since, started: now, bytes: body.len() };
        let events = u32::try_from(items).unwrap_or(u32::MAX);
        Ok(Some(Step::Append { at: self.next, frame: Frame { id: FrameId(id), events, body } }))
    }

    /// Starts a roll if nothing is in flight.
    pub fn roll(&mut self) -> Option<Step> {
        if !self.is_free() {
            return None;
        }
        self.flight = Flight::Roll;
        Some(Step::Roll { at: self.next })
    }

    /// Starts a confirmation if somebody waits for one and none is on its way.
    pub fn confirm(&mut self, now: Mono) -> Option<Step> {
        let wanted = self.held.iter().any(|held| held.confirm > self.confirms_started);
        if self.confirm_started.is_some() || !wanted {
            return None;
        }
        self.confirms_started += 1;
        self.confirm_started = Some(now);
        Some(Step::Confirm)
    }

    /// The append in flight is committed: also a confirmation of the ownership as of its start.
    pub fn appended(&mut self) {
        if let Flight::Append { items, started, bytes, .. } = self.flight {
            self.flight = Flight::None;
            self.items_committed += items;
            self.next.seq += 1;
            self.segment_bytes += bytes;
            self.confirmed_at = self.confirmed_at.max(Some(started));
        }
    }

    /// The segment is sealed and the next one open.
    pub fn rolled(&mut self, next: Position) {
        self.flight = Flight::None;
        self.next = next;
        self.segment_bytes = 0;
    }

    /// The confirmation on its way has come back.
    pub fn confirmed(&mut self) {
        if let Some(started) = self.confirm_started.take() {
            self.confirms_done = self.confirms_started;
            self.confirmed_at = self.confirmed_at.max(Some(started));
        }
    }
}

#[cfg(test)]
#[path = "pipeline_tests.rs"]
mod tests;
