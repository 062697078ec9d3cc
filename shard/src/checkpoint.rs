//! Rolling, checkpoints, history and trimming: what keeps a shard's log short.
//!
//! When a segment is full the shard rolls. With the next frame that takes all that is open, the state is captured
//! "as of" that frame and written in chunks between the live frames. When the last chunk is committed and every event
//! up to the capture is in its record's transcript rows, older segments are trimmed.

use super::core::ShardCore;
use super::entity_state::EntityState;
use super::frame::{Checkpoint, Item, Kept};
use super::record_rows::transcript_rows;
use super::recovery::Recovered;
use super::{Action, Now};
use handoff_chat::EntityId;
use handoff_chat::command::{Caller, Read, Reading};
use std::collections::BTreeMap;

/// Open bytes up to which a capture may take everything into one frame.
const CAPTURE_BYTES_MAX: usize = 512 * 1024;

/// Most rows in one write of history.
const HISTORY_ROWS_MAX: usize = 128;

/// How far the shard is with its checkpoint.
#[derive(Debug, Default)]
pub struct Progress {
    /// A capture is wanted.
    wanted: bool,
    /// Chunks of this segment's checkpoint are on their way.
    writing: bool,
    /// The checkpoint in this segment is complete.
    complete_in: Option<u64>,
    /// Entities whose events up to this `seq` must be in history before older segments go.
    history_owed: BTreeMap<EntityId, u64>,
    /// Trimmed below this segment.
    trimmed: u64,
}

impl Progress {
    pub(super) fn new(recovered: &Recovered) -> Self {
        let (wanted, trimmed) = (recovered.wants_checkpoint, recovered.first_segment);
        Self { wanted, trimmed, complete_in: recovered.checkpoint_in, ..Self::default() }
    }

    /// Whether a checkpoint is wanted or being written.
    pub(super) fn is_under_way(&self) -> bool {
        self.wanted || self.writing
    }
}

impl ShardCore {
    /// Whether the segment is full and nothing of the last checkpoint is outstanding.
    pub(super) fn roll_is_due(&self) -> bool {
        let full = self.pipe.segment_bytes() >= self.options.segment_bytes_max
            || self.pipe.position().seq > self.options.segment_frames_max;
        (full || self.release.rolls_early()) && self.serves() && !self.checkpoint.is_under_way()
    }

    /// Whether a frame may be cut or a roll begun now; asks for a turn where something waits for one.
    pub(super) fn has_permit(&mut self, now: Now) -> bool {
        let wanted = self.pipe.has_open() || self.roll_is_due() || self.capture_is_due();
        if self.pipe.ask(wanted, now.mono) {
            self.actions.push_back(Action::AskPermit);
        }
        self.pipe.is_cleared()
    }

    /// The node lets this shard append: a frame is cut with all that waits by now.
    pub fn cleared(&mut self, now: Now) {
        self.pipe.clear();
        self.flush(now);
    }

    /// The segment is sealed and the next one open: a checkpoint goes into it.
    pub fn rolled(&mut self, now: Now, next: handoff_journal::Position) {
        self.pipe.rolled(next);
        self.release.rolled();
        self.checkpoint.wanted = true;
        self.flush(now);
    }

    /// Whether the next frame is to be the one as of which the state is captured. What an entity has in the log alone
    /// must stay there: nothing is captured, and so trimmed, meanwhile.
    pub(super) fn capture_is_due(&self) -> bool {
        self.checkpoint.wanted
            && self.serves()
            && self.pipe.open_bytes() <= CAPTURE_BYTES_MAX
            && !self.entities.has_doubt()
    }

    /// Captures the state as of the frame just cut, or of the last one when nothing was open.
    pub(super) fn capture(&mut self, cut: bool) {
        self.checkpoint.wanted = false;
        let next = self.pipe.position().seq;
        let as_of = if cut { next } else { next.saturating_sub(1) };
        let chunks = match self.checkpoint_chunks(as_of) {
            Ok(chunks) => chunks,
            Err(error) => {
                tracing::error!(shard = self.tenure.shard.0, %error, "a checkpoint can't be encoded");
                return;
            }
        };
        chunks.into_iter().for_each(|chunk| self.pipe.push_chunk(chunk));
        self.checkpoint.writing = true;
        self.checkpoint.complete_in = None;
        self.checkpoint.history_owed = self.last_seqs();
    }

    fn last_seqs(&self) -> BTreeMap<EntityId, u64> {
        let awake = |state: &EntityState| match state {
            EntityState::Awake(awake) => Some(awake.machine.last_seq()),
            _ => None,
        };
        self.entities.iter().filter_map(|(entity, state)| Some((entity.clone(), awake(state)?))).collect()
    }

    fn checkpoint_chunks(&self, as_of: u64) -> Result<Vec<Vec<u8>>, handoff_codec::Error> {
        let checkpoint = Checkpoint { clock: self.clock.mark(), entities: self.keep_sessions()? };
        let chunks = checkpoint.into_chunks(as_of)?;
        chunks.into_iter().map(|chunk| handoff_codec::encode_bare(&Item::Chunk(chunk))).collect()
    }

    fn keep_sessions(&self) -> Result<Vec<(EntityId, Kept)>, handoff_codec::Error> {
        let mut entities = Vec::new();
        for (entity, state) in self.entities.iter() {
            let kept = match state {
                EntityState::Awake(awake) => Kept::State(awake.machine.to_snapshot()?),
                EntityState::Asleep(asleep) if asleep.decisions.is_empty() => {
                    Kept::Asleep(asleep.slept.clone())
                }
                EntityState::Asleep(asleep) => Kept::Stirred(asleep.slept.clone(), asleep.decisions.clone()),
                EntityState::Quarantined { state: Some(state) } => Kept::State(state.clone()),
                EntityState::Restoring { .. } | EntityState::Quarantined { state: None } => continue,
            };
            entities.push((entity.clone(), kept));
        }
        Ok(entities)
    }

    /// After a commit: the checkpoint may be complete now, and history may let older segments go.
    pub(super) fn checkpoint_committed(&mut self) {
        if self.checkpoint.writing && !self.pipe.has_chunks() {
            self.checkpoint.writing = false;
            if self.release.prepares() {
                return; // History and trimming are the next owner's.
            }
            self.checkpoint.complete_in = Some(self.pipe.position().segment);
            let owing: Vec<EntityId> = self.checkpoint.history_owed.keys().cloned().collect();
            for entity in owing {
                self.write_history(&entity);
            }
            self.trim_when_history_is_written();
        }
    }

    /// The owner before left older segments behind a complete checkpoint: what must be in history before they go.
    pub(super) fn owe_history(&mut self) {
        if self.checkpoint.complete_in.is_some_and(|segment| segment > self.checkpoint.trimmed) {
            self.checkpoint.history_owed = self.last_seqs();
        }
    }

    /// Writes what history is owed, one session at a time: nobody waits for it.
    pub(super) fn write_owed_history(&mut self) {
        match self.checkpoint.history_owed.keys().next().cloned() {
            Some(session) if self.checkpoint.complete_in.is_some() => self.write_history(&session),
            _ => {}
        }
        self.trim_when_history_is_written();
    }

    fn trim_when_history_is_written(&mut self) {
        let Some(segment) = self.checkpoint.complete_in else { return };
        let mut owed = std::mem::take(&mut self.checkpoint.history_owed);
        owed.retain(|entity, through| {
            self.entities.awake(entity).is_some_and(|awake| awake.history_through < *through)
        });
        self.checkpoint.history_owed = owed;
        if self.checkpoint.history_owed.is_empty() && segment > self.checkpoint.trimmed {
            self.checkpoint.trimmed = segment;
            self.actions.push_back(Action::Trim { segment });
        }
    }

    /// Writes an entity's transcript rows when many of them are in memory only.
    pub(super) fn write_history_when_long(&mut self, entity: &EntityId) {
        let limit = self.options.events_in_memory * 2;
        let Some(awake) = self.entities.awake(entity) else { return };
        if awake.machine.last_seq().saturating_sub(awake.history_through) >= limit {
            self.write_history(entity);
        }
    }

    /// Writes committed events that are not in history yet.
    fn write_history(&mut self, entity: &EntityId) {
        let committed = self.pipe.committed();
        let (Some(session), Some(awake)) = (entity.session(), self.entities.awake(entity)) else { return };
        if awake.writing_history {
            return;
        }
        let from = awake.history_through + 1;
        let committed_seq = awake.committed_seq(committed);
        let Ok(Reading::Events(mut events)) =
            awake.machine.read(&Caller::System, &Read::Since { seq: from }, &[])
        else {
            return;
        };
        // Rows are written once: an event that may yet be fenced must not be among them.
        events.retain(|event| event.seq <= committed_seq);
        events.truncate(HISTORY_ROWS_MAX);
        let Some(through) = events.last().map(|event| event.seq) else { return };
        let rows = match transcript_rows(&session, &events) {
            Ok(rows) => rows,
            Err(error) => {
                tracing::error!(entity = %entity, %error, "a transcript row can't be encoded");
                return;
            }
        };
        awake.writing_history = true;
        self.actions.push_back(Action::PutHistory { entity: entity.clone(), rows, through });
    }

    /// Transcript rows up to `through` are written (or could not be, and will be tried again).
    pub fn history_written(&mut self, now: Now, entity: &EntityId, through: u64, written: bool) {
        let keep = self.options.events_in_memory;
        if let Some(awake) = self.entities.awake(entity) {
            awake.writing_history = false;
            if written {
                awake.history_through = awake.history_through.max(through);
                let below = (awake.history_through + 1).min(awake.machine.last_seq().saturating_sub(keep));
                if let Some(session) = awake.machine.session_mut() {
                    session.forget_below(below);
                }
            }
        }
        let owes = self.checkpoint.history_owed.get(entity).copied();
        if owes
            .is_some_and(|owed| self.entities.awake(entity).is_some_and(|awake| awake.history_through < owed))
        {
            self.write_history(entity);
        }
        self.trim_when_history_is_written();
        self.flush(now);
    }
}
