//! What an entity journals: the stored shapes of a turn. They are never a wire type, and never change once released:
//! a new version gets a new shape beside the old.

mod agent;
mod correspondent;
mod file;
mod interaction;
mod queue;

use crate::event::PerView;
pub use agent::AgentChange;
pub use correspondent::CorrespondentChange;
pub use file::FileChange;
pub use interaction::{Begun, How, InteractionChange, Place, Purpose};
pub use queue::QueueChange;

use crate::command::ChatAnswer;
use crate::event::{Event, IdleStage};
use crate::file::FileId;
use crate::id::{BotName, CommandId, EffectId, EntityId, Served, TimerId};
use crate::rating::Rating;
use crate::routing::Message;
use bincode::{Decode, Encode};

/// One thing that an entity journals.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum Entry {
    /// A numbered event of a session.
    Event(Event),
    /// Indexes are reserved up to and including these, per [`crate::event::ViewKind`] in its order. A restored
    /// session goes on above them, so that no index is ever used twice.
    Reserved(PerView<u64>),
    /// The answer kept for repeats of a command; by the participant's number, 0 for nobody's.
    Answered {
        /// The participant who asked.
        by: u32,
        /// The id that a repeat carries again.
        id: CommandId,
        /// A hash of what was asked, so that the id used for something else is refused.
        digest: u64,
        /// What the first try was answered, given to each repeat.
        answer: ChatAnswer,
    },
    /// An effect is owed until [`Entry::Settled`].
    Owed {
        /// What [`Entry::Settled`] names later.
        id: EffectId,
        /// What the host is to do, again and again until it is settled.
        effect: Effect,
    },
    /// The effect is done.
    Settled(EffectId),
    /// A timer is armed for a moment of served time.
    Armed {
        /// What [`Entry::Disarmed`] and [`crate::command::Act::Fire`] name later.
        id: TimerId,
        /// In served time: the timer waits while the cluster can't serve the shard.
        at: Served,
    },
    /// The timer fired or is no longer wanted.
    Disarmed(TimerId),
    /// A change of the session's interaction.
    Interaction(InteractionChange),
    /// The participant of this number, a bot, failed in its turn.
    BotFailed(u32),
    /// A change of a queue.
    Queue(QueueChange),
    /// A change of an agent.
    Agent(AgentChange),
    /// The session's time to answer after its end is over: forget it.
    Retired,
    /// A change of the session's inactivity control.
    Idle(IdleChange),
    /// A change of the session's files that is no event.
    File(FileChange),
    /// The key under which originals are sealed; none: it is forgotten, and so are they.
    Sealing(Option<[u8; 32]>),
    /// There may be no more turns: a bot was taken out or not let in, or a question not asked.
    BotSpent,
    /// A change of a correspondent.
    Correspondent(CorrespondentChange),
    /// The customer rated the session.
    Rated(Rating),
}

/// A change of a session's inactivity control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum IdleChange {
    /// This timer watches for the next stage; none: nothing does.
    Watched(Option<(TimerId, IdleStage)>),
    /// How far the clock of deadlines is behind the wall clock from here on, in milliseconds: so that the moment of an
    /// event, which the wall clock told, can be told in served time.
    Behind(i64),
}

/// Something to do outside of the entity.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum Effect {
    /// The bot has something to answer: the event with this `seq` (its own joining: it greets).
    BotTurn {
        /// The bot that is asked, by its file's name.
        bot: BotName,
        /// The number of the event that it answers.
        seq: u64,
    },
    /// Another entity is to be told something, until it answers.
    Message {
        /// The receiver; its shard is found when the message is sent.
        to: EntityId,
        /// Sent again, the same, until it is answered.
        message: Message,
    },
    /// The record is to be opened: its opening row.
    OpenRecord,
    /// Session and interaction have ended: the remaining transcript rows and the closing row are to be written.
    CloseRecord,
    /// A file's bytes are to be looked through.
    ScanFile {
        /// The file, within the session that owes this.
        file: FileId,
        /// Its size in bytes: a store knows by it how many pieces there are.
        bytes: u64,
    },
    /// A file's bytes are to go.
    DropFile {
        /// The file, within the session that owes this.
        file: FileId,
        /// Its size in bytes: a store knows by it how many pieces there are.
        bytes: u64,
    },
    /// An event is to be pushed to the customer, after those owed before it.
    Push {
        /// The number of the event.
        seq: u64,
        /// Its index in each view.
        index: PerView<Option<u64>>,
        /// Whether agents are told how far it comes: it is a message.
        reported: bool,
    },
    /// The customer's rating is to be written: a row of the record.
    KeepRating,
}
