//! From the log to a shard: which frames are needed, and what they say.
//!
//! Needed are the newest complete checkpoint and all frames after the one it was taken as of. If the newest segment
//! has no complete checkpoint, its predecessor's is used, with all frames since.

use super::Mono;
use super::entity_state::{Asleep, Awake, EntityState};
use super::frame::{Checkpoint, Chunk, ClockMark, FrameBody, Item, Kept, Slept};
use async_trait::async_trait;
use handoff_chat::entry::Entry;
use handoff_chat::{Entity, EntityId};
use handoff_journal::{Claimed, Journal, JournalError, Position, StoredFrame, Tenure};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use thiserror::Error;

/// Why a shard could not be recovered.
#[derive(Debug, Error)]
pub enum RecoveryError {
    /// The journal did not answer, or somebody else owns the shard now.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A frame can't be read: damaged, or written by a newer version.
    #[error("a frame of shard {shard} at {segment}/{seq} can't be read: {error}")]
    Frame {
        /// The shard whose log it is.
        shard: u16,
        /// The segment that holds the frame, from 1.
        segment: u64,
        /// The frame's number within the segment, from 1.
        seq: u64,
        /// What is wrong with its bytes.
        error: handoff_codec::Error,
    },
    /// A frame keeps to a later protocol version than this node.
    #[error("a frame of shard {shard} is of protocol {protocol}, this node reads up to {reads}")]
    Newer {
        /// The shard whose log it is.
        shard: u16,
        /// The frame's.
        protocol: u16,
        /// The newest version that this node reads.
        reads: u16,
    },
}

impl RecoveryError {
    /// Whether reading once more can't help: the log is damaged.
    #[must_use]
    pub fn is_for_good(&self) -> bool {
        matches!(self, Self::Frame { .. } | Self::Journal(JournalError::Refused(_)))
    }
}

/// Where frames are read from; the journal, or a test.
#[async_trait]
pub trait Frames: Sync {
    /// All frames of a segment.
    ///
    /// # Errors
    /// As [`Journal::read`].
    async fn segment(&self, segment: u64) -> Result<Vec<StoredFrame>, JournalError>;

    /// The newest protocol version that may be read.
    fn reads(&self) -> u16 {
        u16::MAX
    }
}

/// The frames of a claimed shard.
pub struct JournalFrames<'a> {
    /// Where the shard's log is read from.
    pub journal: &'a dyn Journal,
    /// The shard and our ownership.
    pub tenure: &'a Tenure,
    /// The newest protocol version that this node reads.
    pub reads: u16,
}

/// Frames read with one call: a whole segment, as it is configured by default.
const FRAMES_PER_READ: usize = 2048;

#[async_trait]
impl Frames for JournalFrames<'_> {
    async fn segment(&self, segment: u64) -> Result<Vec<StoredFrame>, JournalError> {
        let mut frames: Vec<StoredFrame> = Vec::new();
        loop {
            let seq = frames.last().map_or(1, |frame| frame.position.seq + 1);
            let more = self.journal.read(self.tenure, Position { segment, seq }, FRAMES_PER_READ).await?;
            let end = more.len() < FRAMES_PER_READ;
            frames.extend(more);
            if end {
                return Ok(frames);
            }
        }
    }

    fn reads(&self) -> u16 {
        self.reads
    }
}

/// What the log said of an entity.
enum Found {
    Machine(Box<Entity>),
    Asleep(Slept, Vec<Vec<Entry>>),
    /// Applying its entries panicked.
    Broken,
}

/// What the log said.
pub struct Recovered {
    /// Time and outage as of the log's end.
    pub clock: ClockMark,
    /// Whether the log was empty.
    pub is_new: bool,
    /// Whether a checkpoint should be written soon: the log since the last one spans segments.
    pub wants_checkpoint: bool,
    /// The segment that holds the checkpoint which was read.
    pub checkpoint_in: Option<u64>,
    /// The oldest segment there is.
    pub first_segment: u64,
    /// The owner before, if it did not give the shard away in order; in `Owner`'s text form.
    pub lost_owner: Option<String>,
    entities: BTreeMap<EntityId, Found>,
}

/// Reads what is needed of a claimed shard's log and puts its entities together.
///
/// # Errors
/// [`RecoveryError`].
pub async fn recover(frames: &dyn Frames, claimed: &Claimed) -> Result<Recovered, RecoveryError> {
    let mut segments: Vec<Vec<(u64, Item)>> = Vec::new();
    let mut segment = claimed.next.segment;
    let mut base;
    loop {
        let items = decode(claimed, frames.segment(segment).await?, frames.reads())?;
        base = newest_checkpoint(claimed, segment, &items)?;
        segments.push(items);
        if base.is_some() || segment <= claimed.first_segment {
            break;
        }
        segment -= 1;
    }
    let mut recovered = Recovered {
        clock: ClockMark::default(),
        is_new: segments.iter().all(Vec::is_empty),
        wants_checkpoint: segments.len() > 1,
        checkpoint_in: base.is_some().then_some(segment),
        first_segment: claimed.first_segment,
        lost_owner: None,
        entities: BTreeMap::new(),
    };
    let mut after = 0;
    if let Some((as_of, checkpoint)) = base {
        after = as_of;
        recovered.load(checkpoint);
    }
    for items in segments.into_iter().rev() {
        items.into_iter().filter(|(seq, _)| *seq > after).for_each(|(_, item)| recovered.take(item));
        after = 0;
    }
    Ok(recovered)
}

/// One entity as the log has it, for a shard that already runs.
///
/// # Errors
/// [`RecoveryError`].
pub async fn recover_session(
    frames: &dyn Frames,
    claimed: &Claimed,
    entity: &EntityId,
    now: Mono,
) -> Result<Option<EntityState>, RecoveryError> {
    let mut recovered = recover(frames, claimed).await?;
    Ok(recovered.entities.remove(entity).map(|found| seat(found, now)))
}

fn decode(
    claimed: &Claimed,
    frames: Vec<StoredFrame>,
    reads: u16,
) -> Result<Vec<(u64, Item)>, RecoveryError> {
    let mut items = Vec::new();
    for frame in frames {
        let Position { segment, seq } = frame.position;
        let shard = claimed.tenure.shard.0;
        let found = FrameBody::items_of(&frame.body).map_err(|error| RecoveryError::Frame {
            shard,
            segment,
            seq,
            error,
        })?;
        if let Some(protocol) = found.iter().map(Item::since).find(|since| *since > reads) {
            return Err(RecoveryError::Newer { shard, protocol, reads });
        }
        items.extend(found.into_iter().map(|item| (seq, item)));
    }
    Ok(items)
}

/// The complete checkpoint that was taken last in a segment.
fn newest_checkpoint(
    claimed: &Claimed,
    segment: u64,
    items: &[(u64, Item)],
) -> Result<Option<(u64, Checkpoint)>, RecoveryError> {
    let mut chunks: BTreeMap<u64, Vec<&Chunk>> = BTreeMap::new();
    for (_, item) in items {
        if let Item::Chunk(chunk) = item {
            chunks.entry(chunk.as_of).or_default().push(chunk);
        }
    }
    for (as_of, parts) in chunks.iter().rev() {
        let whole = Checkpoint::from_chunks(parts).map_err(|error| RecoveryError::Frame {
            shard: claimed.tenure.shard.0,
            segment,
            seq: *as_of,
            error,
        })?;
        if let Some(checkpoint) = whole {
            return Ok(Some((*as_of, checkpoint)));
        }
    }
    Ok(None)
}

fn seat(found: Found, now: Mono) -> EntityState {
    match found {
        Found::Machine(mut entity) => {
            entity.restored();
            EntityState::Awake(Box::new(Awake::new(*entity, now)))
        }
        Found::Asleep(slept, decisions) => {
            EntityState::Asleep(Box::new(Asleep { decisions, ..Asleep::new(slept) }))
        }
        Found::Broken => EntityState::Quarantined { state: None },
    }
}

impl Recovered {
    fn load(&mut self, checkpoint: Checkpoint) {
        self.clock = checkpoint.clock;
        for (entity, kept) in checkpoint.entities {
            let found = match kept {
                Kept::State(body) => match Entity::from_snapshot(&entity, &body) {
                    Ok(machine) => Found::Machine(Box::new(machine)),
                    Err(error) => {
                        tracing::error!(entity = %entity, %error, "a checkpointed entity can't be read");
                        Found::Broken
                    }
                },
                Kept::Asleep(slept) => Found::Asleep(slept, Vec::new()),
                Kept::Stirred(slept, decisions) => Found::Asleep(slept, decisions),
            };
            self.entities.insert(entity, found);
        }
    }

    fn take(&mut self, item: Item) {
        match item {
            Item::Opened(opened) => {
                self.clock.last_at = opened.at;
                self.clock.outage_ms = opened.outage_ms;
                self.lost_owner = Some(opened.owner);
            }
            Item::Released { at } => {
                self.clock.last_at = at;
                self.lost_owner = None;
            }
            Item::Outage { total_ms } => self.clock.outage_ms = total_ms,
            Item::Slept(slept) => {
                self.entities.insert(slept.entity.clone(), Found::Asleep(slept, Vec::new()));
            }
            Item::Decided(turn) => {
                self.clock.last_at = turn.at;
                self.replay(turn.entity, turn.entries);
            }
            Item::PutAway { entity, at } => {
                self.clock.last_at = at;
                self.entities.remove(&entity);
            }
            Item::Chunk(_) | Item::Writer(_) => {}
        }
    }

    fn replay(&mut self, entity: EntityId, entries: Vec<Entry>) {
        let found = self
            .entities
            .entry(entity.clone())
            .or_insert_with(|| Found::Machine(Box::new(Entity::new(&entity))));
        match found {
            Found::Asleep(_, decisions) => decisions.push(entries),
            Found::Broken => {}
            Found::Machine(machine) => {
                let applied = catch_unwind(AssertUnwindSafe(|| {
                    entries.iter().for_each(|entry| machine.apply(entry));
                    machine.retired()
                }));
                match applied {
                    Ok(false) => {}
                    Ok(true) => drop(self.entities.remove(&entity)),
                    Err(_panic) => {
                        tracing::error!(entity = %entity, "replaying an entity panics; it is out of service");
                        *found = Found::Broken;
                    }
                }
            }
        }
    }

    /// The entities, each in its place.
    pub fn into_entities(self, now: Mono) -> impl Iterator<Item = (EntityId, EntityState)> {
        self.entities.into_iter().map(move |(entity, found)| (entity, seat(found, now)))
    }
}
