//! What may be asked of an entity, and what it answers. Travels over peer links (bincode), never to clients.

mod reading;

pub use reading::{ChatAnswer, FilesView, Idle, Line, Outlook, Pace, View, Waiting};

use crate::channel::{Delivery, Proof};
use crate::desk::{Desk, DeskAct, DeskAnswer};
use crate::event::{Event, ViewKind};
use crate::file::{File, FileId, FileReject};
use crate::id::{AgentName, BotName, CommandId, EffectId, EntityId, Millis, QueueName, SessionId, TimerId};
use crate::opening::Opening;
use crate::rating::RatingReject;
use crate::rich::RichReject;
use crate::routing::{Message, Reply};
use bincode::{Decode, Encode};
use std::collections::BTreeMap;

/// One command with its id and who gives it.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Command {
    /// Repeats carry the same id and get the first answer.
    pub id: CommandId,
    /// As whom it is judged. Only a customer's proof is checked with the decision; the others are believed.
    pub caller: Caller,
    /// What is to be done, with all that it needs.
    pub act: Act,
}

/// Who gives a command or reads.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum Caller {
    /// The customer, with what proves it.
    Customer(Proof),
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

impl Caller {
    /// The customer who has the key with this hash.
    #[must_use]
    pub fn key(hash: [u8; 32]) -> Self {
        Self::Customer(Proof::Key(hash))
    }
}

/// What a command asks of an entity. Each kind of entity takes some of these and refuses the others.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum Act {
    /// Starts the session; the first command of each session.
    Open(Box<Opening>),
    /// Posts a message to all who see its author.
    Send {
        /// The text, as given.
        text: String,
        /// The GMS `messageType`, when given and not blank.
        message_type: Option<String>,
    },
    /// Shows that the customer types, with what they have typed so far when given.
    StartTyping {
        /// What is typed so far. Agents see as much of it as the privacy rules let them, customers nothing.
        preview: Option<String>,
    },
    /// The caller types no longer.
    StopTyping {
        /// What is typed so far, when given; as with [`Act::StartTyping`].
        preview: Option<String>,
    },
    /// The customer leaves by their own choice.
    Disconnect,
    /// A bot's answer to an owed [`crate::entry::Effect::BotTurn`]: posts the texts (maybe none) and settles the
    /// effect.
    BotReply {
        /// The owed turn that this answers.
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
        /// As it was armed; the entity knows what it was for.
        timer: TimerId,
    },
    /// No call came from the customer for the disconnect time: they are gone.
    CustomerLost,
    /// Ends the session whatever holds it open.
    ForceEnd,
    /// An agent leaves the chat.
    Leave {
        /// What becomes of it.
        how: Leaving,
    },
    /// Another entity says something; owed by it until answered.
    Deliver(Message),
    /// What an owed [`crate::entry::Effect::Message`] was answered; settles it.
    Replied {
        /// The owed message that was answered.
        effect: EffectId,
        /// What its receiver said.
        reply: Reply,
    },
    /// Something at an agent's desk.
    Desk(DeskAct),
    /// This owner has just read the entity from its log: what it holds for others is to be verified.
    Restored,
    /// Shows a page to the others.
    PushUrl {
        /// The page's address, as given.
        url: String,
    },
    /// Takes another nickname for the rest of the chat.
    Rename {
        /// Shown from the next event on; earlier events keep the old one.
        nickname: String,
    },
    /// Attaches data, which replace what is there under their keys.
    Attach {
        /// Values by key.
        data: BTreeMap<String, String>,
    },
    /// A notice to the programs of the others.
    CustomNotice {
        /// Whatever the programs understand; people are not shown it.
        text: String,
        /// Its type, when given.
        notice_type: Option<String>,
    },
    /// Posts a rich message.
    SendRich {
        /// The message as JSON, read and checked when the command is decided.
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
        /// Chosen by the gateway before any bytes come; with a client's own id, a repeat chooses the same.
        file: FileId,
        /// How large it is.
        bytes: u64,
    },
    /// It is stored: the others are to see it.
    AddFile {
        /// What is known of it once its bytes are stored.
        file: Box<File>,
        /// It is to be looked through first.
        held: bool,
    },
    /// It could not be stored, or may not be shown.
    ReleaseFile {
        /// As it was reserved.
        file: FileId,
    },
    /// It is to be no longer there.
    DeleteFile {
        /// One that the caller can see.
        file: FileId,
    },
    /// The caller is about to be given it.
    DownloadFile {
        /// One that the caller can see.
        file: FileId,
    },
    /// An owed [`crate::entry::Effect::ScanFile`] is done.
    FileScanned {
        /// The owed scan.
        effect: EffectId,
        /// Whether nothing was found.
        clean: bool,
    },
    /// The caller has read everything below this position of their view.
    MarkRead {
        /// One past the last index read.
        position: u64,
    },
    /// Who has not said for a while that they type, types no longer.
    TypingOver,
    /// The configuration has no such queue: who waits in it, and is due to be looked after, is to go on elsewhere.
    TurnAway,
    /// A message has come from an address: which chat does it belong to? Has the id of the command that it is to the
    /// chat.
    Receive {
        /// The chat that was answered before and takes nothing more.
        refused_by: Option<SessionId>,
    },
    /// What became of an owed [`crate::entry::Effect::Push`]; settles it.
    Pushed {
        /// The owed push.
        effect: EffectId,
        /// [`Delivery::Sent`], or why it failed.
        delivery: Delivery,
    },
    /// The channel says how far an event has come since it was sent.
    Progress {
        /// The number of the event.
        seq: u64,
        /// How far.
        delivery: Delivery,
    },
    /// The customer rates the chat, which is over.
    Rate {
        /// From 1 to [`crate::rating::SCORE_MAX`].
        score: u8,
        /// What they say beside it; may be empty.
        text: String,
    },
    /// Posts a message to those who see its author, but not to the customer.
    SendInternal {
        /// The text, as given.
        text: String,
        /// As with [`Act::Send`].
        message_type: Option<String>,
    },
    /// A command of the next version, which nobody may give.
    #[cfg(feature = "next-version")]
    Wave,
}

/// What becomes of a chat that an agent leaves (the `afterAction` of the field).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Leaving {
    /// It goes on for whoever is in it.
    KeepAlive,
    /// It ends unless another agent is in it.
    CloseIfNoAgents,
    /// It ends for everybody.
    ForceClose,
}

/// What a command is answered.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum Answer {
    /// By a session, to its participants and its bots.
    Chat(ChatAnswer),
    /// By an agent's entity, to a desk.
    Desk(DeskAnswer),
    /// To another entity's message.
    Routing(Reply),
    /// By a correspondent: which chat a message belongs to.
    Belongs {
        /// The chat; where it is new, nobody has opened it yet.
        chat: SessionId,
        /// It has ended, with the message in it.
        taken: bool,
    },
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
        /// As the session started with it.
        bytes_max: u32,
    },
    /// The session has as many events as it may.
    #[error("the session is full: {events_max} events")]
    Full {
        /// As the session started with it.
        events_max: u32,
    },
    /// The customer can't be answered: the reply window of their channel has closed, or nothing more may follow what
    /// they said last.
    #[error("the customer can't be answered until they write again")]
    WindowClosed {
        /// The `message_type` of what may be sent all the same; none: nothing may.
        after: Option<String>,
        /// When the window closed, by the wall clock; none: they never wrote, or were answered as often as they may.
        closed_at: Option<Millis>,
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
    /// The agent can't sign out while they have chats.
    #[error("leave your chats first")]
    HasChats,
    /// Something with a file.
    #[error(transparent)]
    File(#[from] FileReject),
    /// Something with a rich message.
    #[error(transparent)]
    Rich(#[from] RichReject),
    /// Something with a rating.
    #[error(transparent)]
    Rating(#[from] RatingReject),
    /// The cluster keeps to a protocol version that knows no such command.
    #[error("not before the cluster keeps to protocol {since}: upgrade all nodes, then raise it")]
    NotYet {
        /// The first version that knows it.
        since: u16,
    },
    /// The session failed twice on the same command and is out of service until its shard has a new owner.
    #[error("the session is out of service after repeated faults")]
    Quarantined,
}

/// What may be read.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum Read {
    /// The customer's view from a position on (0: no events, 1: all).
    Customer {
        /// The GMS `transcriptPosition`: the first index wanted.
        position: u64,
    },
    /// The customer's view, for one who follows it: news, too, is whether and where they wait for an agent.
    Following {
        /// As of [`Read::Customer`].
        position: u64,
        /// As [`View::waits`] was read last.
        waits: Option<QueueName>,
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
    /// The files that a customer or agent can see, and what they may do with files.
    Files,
    /// The service that the customer's chat began with.
    Service,
    /// Who waits in a queue and who could take them.
    Line,
    /// What one who waits in a queue may expect.
    Outlook {
        /// Whose place in line is wanted; none: of one who would come now.
        of: Option<SessionId>,
    },
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
    /// For [`Read::Customer`], [`Read::Following`] and [`Read::Agent`].
    View(View),
    /// For [`Read::Desk`], at whatever version it is now.
    Desk(Box<Desk>),
    /// For [`Read::Line`]: a copy of the queue as it stands.
    Line(Box<Line>),
    /// For [`Read::Outlook`].
    Outlook(Outlook),
    /// For [`Read::Files`], as the reader sees them.
    Files(Box<FilesView>),
    /// For [`Read::Service`]: the service's name.
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
