//! What may be asked of an entity, and what it answers. Travels over peer links (bincode), never to clients.

use crate::agent::{Desk, DeskAct, DeskAnswer};
use crate::file::{File, FileId, FileReject, FilesView};
use crate::id::{AgentName, BotName, CommandId, EffectId, EntityId, TimerId};
use crate::queue::Line;
use crate::rich::RichReject;
use crate::routing::{Message, Reply};
use crate::session::{ChatAnswer, Event, Opening, View, ViewKind};
use bincode::{Decode, Encode};
use std::collections::BTreeMap;

/// One command with its id and who gives it.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Command {
    /// Repeats carry the same id and get the first answer.
    pub id: CommandId,
    /// Who.
    pub caller: Caller,
    /// What.
    pub act: Act,
}

/// Who gives a command or reads.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum Caller {
    /// The customer: SHA-256 of the secret part of his key. Compared in constant time.
    Customer([u8; 32]),
    /// The bot that was invited under this name; only the node's own bot actor says so.
    Bot(BotName),
    /// The agent who signed in under this name; only an agents' gateway says so.
    Agent(AgentName),
    /// Another entity, from its outbox.
    Entity(EntityId),
    /// The node itself: timers, lost customers.
    System,
    /// An operator over the admin interface.
    Operator,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum Act {
    /// Starts the session; the first command of each session.
    Open(Box<Opening>),
    /// Posts a message.
    Send {
        /// The text, as given.
        text: String,
        /// The GMS `messageType`, when given and not blank.
        message_type: Option<String>,
    },
    /// Shows that the customer types, with what he has typed so far when given.
    StartTyping {
        /// The preview.
        preview: Option<String>,
    },
    /// Takes it back.
    StopTyping {
        /// The preview.
        preview: Option<String>,
    },
    /// The customer leaves by his own choice.
    Disconnect,
    /// A bot's answer to an owed [`crate::entry::Effect::BotTurn`]: posts the texts (maybe none) and settles the
    /// effect.
    BotReply {
        /// The effect answered.
        effect: EffectId,
        /// The texts to post.
        texts: Vec<String>,
        /// A rich message to post after them, as JSON.
        rich: Option<String>,
        /// Whether the bot leaves afterwards.
        leave: bool,
        /// Whether it asks for a person: where a workflow invited it, it leaves and the workflow goes on.
        handover: bool,
    },
    /// A bot's turn failed or took too long: it is given again, or the bot is taken out.
    BotFailed {
        /// The effect that has no answer.
        effect: EffectId,
    },
    /// Settles an owed effect that needs nothing else said (the record's rows are written).
    Settle {
        /// The effect done.
        effect: EffectId,
    },
    /// A timer's moment has come; ignored when it isn't armed.
    Fire {
        /// The timer.
        timer: TimerId,
    },
    /// No call came from the customer for the disconnect time: he is gone.
    CustomerLost,
    /// Ends the session whatever holds it open.
    ForceEnd,
    /// An agent leaves the chat.
    Leave {
        /// What becomes of it.
        how: Leaving,
    },
    /// Another entity says something; owed by it until answered.
    Tell(Message),
    /// What an owed [`crate::entry::Effect::Tell`] was answered; settles it.
    Told {
        /// The effect.
        effect: EffectId,
        /// The answer.
        reply: Reply,
    },
    /// Something at an agent's desk.
    Desk(DeskAct),
    /// This owner has just read the entity from its log: what it holds for others is to be verified.
    Restored,
    /// Shows a page to the others.
    PushUrl {
        /// Its address.
        url: String,
    },
    /// Takes another nickname.
    Rename {
        /// The new one.
        nickname: String,
    },
    /// Attaches data, which replace what is there under their keys.
    Attach {
        /// By key.
        data: BTreeMap<String, String>,
    },
    /// A notice to the programs of the others.
    CustomNotice {
        /// What it says.
        text: String,
        /// Its type, when given.
        notice_type: Option<String>,
    },
    /// Posts a rich message.
    SendRich {
        /// It, as JSON.
        content: String,
    },
    /// Answers a rich message.
    ReplyRich {
        /// The index of the message in the caller's view.
        to: u64,
        /// The answer, as JSON.
        content: String,
    },
    /// The caller is about to store a file of this size.
    ReserveFile {
        /// Which.
        file: FileId,
        /// How large it is.
        bytes: u64,
    },
    /// It is stored: the others are to see it.
    AddFile {
        /// It.
        file: Box<File>,
        /// It is to be looked through first.
        held: bool,
    },
    /// It could not be stored, or may not be shown.
    ReleaseFile {
        /// Which.
        file: FileId,
    },
    /// It is to be no longer there.
    DeleteFile {
        /// Which.
        file: FileId,
    },
    /// The caller is about to be given it.
    DownloadFile {
        /// Which.
        file: FileId,
    },
    /// An owed [`crate::entry::Effect::ScanFile`] is done.
    FileScanned {
        /// The effect.
        effect: EffectId,
        /// Whether nothing was found.
        clean: bool,
    },
    /// The caller has read everything below this position of his view.
    MarkRead {
        /// One past the last index read.
        position: u64,
    },
    /// Who has not said for a while that they type, types no longer.
    TypingOver,
    /// The configuration has no such queue: who waits in it, and is due to be looked after, is to go on elsewhere.
    TurnAway,
}

/// What becomes of a chat that an agent leaves (the `afterAction` of the field).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Leaving {
    /// It goes on for whoever is in it.
    KeepAlive,
    /// It ends unless another agent is in it.
    CloseIfNoAgents,
    /// It ends.
    ForceClose,
}

/// What a command is answered.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum Answer {
    /// By a session.
    Chat(ChatAnswer),
    /// By an agent's entity, to a desk.
    Desk(DeskAnswer),
    /// To another entity's message.
    Routing(Reply),
    /// Taken; there is nothing to say.
    Done,
}

impl Answer {
    /// A session's answer, if it is one.
    #[must_use]
    pub fn chat(self) -> Option<ChatAnswer> {
        match self {
            Self::Chat(answer) => Some(answer),
            _ => None,
        }
    }

    /// The answer to another entity's message, if it is one.
    #[must_use]
    pub fn routing(self) -> Option<Reply> {
        match self {
            Self::Routing(reply) => Some(reply),
            _ => None,
        }
    }
}

/// Why a command or read is refused. Normal, and visible to the caller.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, thiserror::Error)]
pub enum Reject {
    /// No such session, or no longer.
    #[error("no such session")]
    Unknown,
    /// The key does not fit.
    #[error("wrong key")]
    WrongKey,
    /// The session, or the caller's part in it, has ended.
    #[error("the chat has ended")]
    Ended,
    /// The text is longer than allowed.
    #[error("message is longer than {bytes_max} bytes")]
    TooLong {
        /// The limit.
        bytes_max: u32,
    },
    /// The session has as many events as it may.
    #[error("the session is full: {events_max} events")]
    Full {
        /// The limit.
        events_max: u32,
    },
    /// The id was used before for something else, or a session with this id exists.
    #[error("the id is in use")]
    IdInUse,
    /// The caller may not do this.
    #[error("not allowed")]
    NotAllowed,
    /// A numbered command is not the participant's next.
    #[error("expected command {next}")]
    Expected {
        /// The number that is taken next.
        next: u64,
    },
    /// The offer or chat is not there for this agent, or no longer.
    #[error("no such offer or chat")]
    NoClaim,
    /// The agent is not signed in.
    #[error("not signed in")]
    NotSignedIn,
    /// The agent can't sign out while he has chats.
    #[error("leave your chats first")]
    HasChats,
    /// Something with a file.
    #[error(transparent)]
    File(#[from] FileReject),
    /// Something with a rich message.
    #[error(transparent)]
    Rich(#[from] RichReject),
    /// The session failed twice on the same command and is out of service until its shard has a new owner.
    #[error("the session is out of service after repeated faults")]
    Quarantined,
}

/// What may be read.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum Read {
    /// The customer's view from a position on (0: no events, 1: all).
    Customer {
        /// The GMS `transcriptPosition`.
        position: u64,
    },
    /// An agent's view from a position on; as for customers.
    Agent {
        /// The first index wanted.
        position: u64,
    },
    /// An agent's desk, when it is newer than this version.
    Desk {
        /// The version that the reader knows; 0: none.
        version: u64,
    },
    /// The files that a customer or agent can see, and what he may do with files.
    Files,
    /// The service that the customer's chat began with.
    Service,
    /// Who waits in a queue and who could take them.
    Line,
    /// A part of the record as it stands, for operators: the events of so many numbers.
    Part {
        /// The first `seq` wanted.
        from: u64,
        /// Most events that are answered; fewer are the end.
        events_max: u32,
    },
    /// A view for a bot: its events from a `seq` on.
    Since {
        /// The first `seq` wanted.
        seq: u64,
    },
}

/// What a read answers.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum Reading {
    /// For [`Read::Customer`] and [`Read::Agent`].
    View(View),
    /// For [`Read::Desk`].
    Desk(Box<Desk>),
    /// For [`Read::Line`].
    Line(Box<Line>),
    /// For [`Read::Files`].
    Files(Box<FilesView>),
    /// For [`Read::Service`].
    Service(String),
    /// For [`Read::Part`] and [`Read::Since`]: the durable events, in order.
    Events(Vec<Event>),
    /// Durable events that are wanted are no longer in memory: read these rows of the history, then read again with
    /// them.
    NeedsHistory(Missing),
}

/// Durable events that are in the history's rows alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Missing {
    /// First `seq` wanted.
    pub from: u64,
    /// First `seq` that is in memory or not wanted.
    pub below: u64,
    /// Wanted is what this view shows from this index on, and of that no more than fills one reading; `None`: all.
    pub shown: Option<(ViewKind, u64)>,
}
