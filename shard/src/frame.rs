//! What a frame holds: the stored shapes of a shard's log. The journal sees them as bytes.

use bincode::{Decode, Encode};
use bytes::Bytes;
use handoff_chat::entry::{Entry, Place};
use handoff_chat::protocol::Since;
use handoff_chat::{EntityId, Millis, Served, Session};
use handoff_codec::Error;

/// A frame's content. The envelope's version says which shape follows; this is version 1.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct FrameBody {
    /// In the shard's order, each an encoded [`Item`]: so that a frame is cut by exact sizes and encoded once.
    pub items: Vec<Vec<u8>>,
}

/// One thing in a frame.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum Item {
    /// First item of an epoch: an owner started.
    Opened(Opened),
    /// What one turn of an entity brought.
    Decided(Decided),
    /// An entity fell asleep: its state up to here is in a snapshot.
    Slept(Slept),
    /// The shard could not be served for a while; the new total.
    Outage {
        /// Milliseconds in all.
        total_ms: i64,
    },
    /// A piece of a checkpoint.
    Chunk(Chunk),
    /// Last item of an epoch that ended in order: its owner gave the shard away.
    Released {
        /// By the shard's clock, in milliseconds since 1970.
        at: Millis,
    },
    /// Behind `Opened`: which build writes in this epoch. Since protocol 2.
    Writer(Writer),
    /// An operator ended an entity whose state can't be read: it is no more.
    PutAway {
        /// The entity that is no more.
        entity: EntityId,
        /// By the shard's clock, in milliseconds since 1970.
        at: Millis,
    },
}

/// From this protocol version on an owner says which build it is.
const PROTOCOL_WRITER: u16 = 2;

/// The build that writes an epoch: who looks into a log for a fault wants to know whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Writer {
    /// The protocol version that it keeps to.
    pub protocol: u16,
    /// Its name and version.
    pub build: String,
}

/// An owner started.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Opened {
    /// The owner's epoch.
    pub epoch: u64,
    /// The owner, as written in `Owner`'s text form.
    pub owner: String,
    /// By the new owner's clock, in milliseconds since 1970.
    pub at: Millis,
    /// All time in which the cluster could not serve this shard, in milliseconds.
    pub outage_ms: i64,
}

/// What one turn of an entity brought.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Decided {
    /// The entity whose turn it was.
    pub entity: EntityId,
    /// By the shard's clock, in milliseconds since 1970.
    pub at: Millis,
    /// Its entries; never empty.
    pub entries: Vec<Entry>,
}

/// An entity fell asleep.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Slept {
    /// The entity that sleeps.
    pub entity: EntityId,
    /// The key of its snapshot row.
    pub snapshot: String,
    /// Its earliest timer, in served time.
    pub next_timer: Option<Served>,
    /// After how long without a call, in milliseconds, whoever is missed here is lost; none: nobody is missed.
    pub lost_after_ms: Option<u64>,
    /// What operators see of it meanwhile.
    pub glance: Glance,
}

/// A session at a glance, for lists, filters and counts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Glance {
    /// The service asked for, and when it started.
    pub opening: Option<(String, Millis)>,
    /// Where its interaction is, if it has one.
    pub place: Option<Place>,
}

impl Glance {
    /// As the session is now.
    #[must_use]
    pub fn of(session: &Session) -> Self {
        Self {
            opening: session.record_opening().map(|opening| (opening.service, opening.started_at)),
            place: session.interaction().map(|interaction| interaction.place().clone()),
        }
    }
}

/// A piece of a checkpoint. A checkpoint is complete when all pieces of its id are there.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Chunk {
    /// Names the checkpoint within its segment: where the log stood when the state was taken.
    pub as_of: u64,
    /// Which piece, from 0.
    pub part: u32,
    /// How many there are.
    pub parts: u32,
    /// Its part of the encoded [`Checkpoint`]; all parts are joined before any is decoded.
    pub bytes: Vec<u8>,
}

/// The state of a shard at a place in its log.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Checkpoint {
    /// Time and outage.
    pub clock: ClockMark,
    /// Every entity, in order of id.
    pub entities: Vec<(EntityId, Kept)>,
}

/// A shard's time at a place in its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub struct ClockMark {
    /// Time of the last item.
    pub last_at: Millis,
    /// All time without service so far, in milliseconds.
    pub outage_ms: i64,
}

/// An entity in a checkpoint.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum Kept {
    /// Awake: its snapshot's bytes.
    State(Vec<u8>),
    /// Asleep: by reference.
    Asleep(Slept),
    /// Asleep, and woken by these turns since.
    Stirred(Slept, Vec<Vec<Entry>>),
}

/// The most bytes of one chunk; a checkpoint is cut at it.
pub const CHUNK_BYTES: usize = 60 * 1024;

impl Item {
    /// The first protocol version that knows it. A node that keeps to an older one neither writes nor reads it, just as
    /// a build that never heard of it.
    #[must_use]
    pub fn since(&self) -> u16 {
        match self {
            Self::Writer(_) => PROTOCOL_WRITER,
            Self::Decided(decided) => decided.entries.iter().map(Since::since).max().unwrap_or(1),
            Self::Opened(_)
            | Self::Slept(_)
            | Self::Outage { .. }
            | Self::Chunk(_)
            | Self::Released { .. }
            | Self::PutAway { .. } => 1,
        }
    }
}

impl Writer {
    /// What an owner says who keeps to this protocol version.
    #[must_use]
    pub fn item(protocol: u16) -> Option<Item> {
        let writer = || Item::Writer(Self { protocol, build: crate::BUILD.to_owned() });
        (protocol >= PROTOCOL_WRITER).then(writer)
    }
}

impl FrameBody {
    /// To bytes.
    ///
    /// # Errors
    /// When it is too large to encode.
    pub fn to_bytes(&self) -> Result<Bytes, Error> {
        handoff_codec::encode(self).map(Bytes::from)
    }

    /// The items in some frame's bytes.
    ///
    /// # Errors
    /// When they are damaged or of a version that this build does not read.
    pub fn items_of(bytes: &[u8]) -> Result<Vec<Item>, Error> {
        let body: Self = handoff_codec::decode(bytes)?;
        body.items.iter().map(|item| handoff_codec::decode_bare(item)).collect()
    }
}

impl Checkpoint {
    /// Cuts the checkpoint into chunks, named by where the log stood. Parts are encoded one by one, so that a
    /// shard may hold more than one value's limit.
    ///
    /// # Errors
    /// When an entity is too large to encode.
    pub fn into_chunks(self, as_of: u64) -> Result<Vec<Chunk>, Error> {
        let mut bytes = Vec::new();
        push_part(&mut bytes, &self.clock)?;
        for entity in &self.entities {
            push_part(&mut bytes, entity)?;
        }
        let pieces: Vec<&[u8]> = bytes.chunks(CHUNK_BYTES).collect();
        let parts = u32::try_from(pieces.len()).map_err(|_| Error::TooLarge(bytes.len()))?;
        Ok((0..parts)
            .zip(pieces)
            .map(|(part, piece)| Chunk { as_of, part, parts, bytes: piece.to_vec() })
            .collect())
    }

    /// Puts the chunks of one checkpoint together again; `None` while one is missing.
    ///
    /// # Errors
    /// When the bytes are damaged.
    pub fn from_chunks(chunks: &[&Chunk]) -> Result<Option<Self>, Error> {
        let Some(first) = chunks.first() else { return Ok(None) };
        let mut bytes = Vec::new();
        for part in 0..first.parts {
            let Some(chunk) = chunks.iter().find(|chunk| chunk.part == part) else { return Ok(None) };
            bytes.extend_from_slice(&chunk.bytes);
        }
        let mut rest = bytes.as_slice();
        let clock = take_part(&mut rest)?.ok_or(Error::Short(0))?;
        let mut entities = Vec::new();
        while let Some(entity) = take_part(&mut rest)? {
            entities.push(entity);
        }
        Ok(Some(Self { clock, entities }))
    }
}

/// Adds a value behind its length.
fn push_part<T: Encode>(bytes: &mut Vec<u8>, value: &T) -> Result<(), Error> {
    let part = handoff_codec::encode_bare(value)?;
    let length = u32::try_from(part.len()).map_err(|_| Error::TooLarge(part.len()))?;
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&part);
    Ok(())
}

/// Takes a value from behind its length; `None` at the end.
fn take_part<T: Decode<()>>(rest: &mut &[u8]) -> Result<Option<T>, Error> {
    if rest.is_empty() {
        return Ok(None);
    }
    let (length, tail) = rest.split_at_checked(4).ok_or(Error::Short(rest.len()))?;
    let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize;
    let (part, tail) = tail.split_at_checked(length).ok_or(Error::Short(tail.len()))?;
    *rest = tail;
    handoff_codec::decode_bare(part).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_comes_back_whole_and_not_before_its_last_chunk() {
        let entities = (0..5)
            .map(|n| (EntityId::of_text(&format!("entity-{n}")), Kept::State(vec![n; 40_000])))
            .collect::<Vec<_>>();
        let clock = ClockMark { last_at: Millis(7), outage_ms: 3 };
        let checkpoint = Checkpoint { clock, entities };
        let chunks = checkpoint.clone().into_chunks(9).unwrap();
        assert_eq!(chunks.len(), 4);
        let all: Vec<&Chunk> = chunks.iter().collect();
        assert_eq!(Checkpoint::from_chunks(&all).unwrap(), Some(checkpoint));
        assert_eq!(Checkpoint::from_chunks(&all[..3]).unwrap(), None);
    }
}
