//! What happens in a session: the stored shapes. They are never a wire type, and never change: a new version
//! gets a new shape beside the old.

pub(crate) mod shown;
pub(crate) mod view;

pub use shown::{Shown, What};
pub use view::{PerView, ViewKind};

use crate::channel::Delivery;
use crate::file::{File, FileId};
use crate::id::{AgentName, BotName, Millis};
use crate::opening::{Names, Terms};
use crate::text::Text;
use bincode::{Decode, Encode};
use std::collections::BTreeMap;

/// A numbered, durable event.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Event {
    /// 1, 2, 3 ... per session, without gaps.
    pub seq: u64,
    /// By the wall clock of the shard's owner.
    pub at: Millis,
    /// Its index in each view that sees it.
    pub index: PerView<Option<u64>>,
    /// The participant's number (`0`: the system).
    pub by: u32,
    /// What happened; `by` says whose doing it was.
    pub body: Body,
}

/// What an event says. What is in no view says so.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum Body {
    /// The session started: first event, in no view.
    Opened(Box<Start>),
    /// Somebody joined; `by` is their number.
    Joined(Box<Participant>),
    /// Somebody left; `by` is their number.
    Left {
        /// Whether they went, were lost or were removed.
        reason: LeaveReason,
        /// Who removed them, when they did not leave by themselves.
        asked_by: Option<u32>,
    },
    /// A message of the participant `by`, to all who see them.
    Message {
        /// The text; `key` has room for a sealed body later (0: in clear).
        text: Text,
        /// The type given by the sender.
        message_type: Option<String>,
    },
    /// The session ended: in no view, and the last event but for attached data.
    Ended,
    /// Data were attached, in no view.
    Attached {
        /// The name under which the value is kept; there is one value of each.
        key: String,
        /// The value, which replaces the one before.
        value: Text,
    },
    /// A page is to be shown to the others.
    PushedUrl {
        /// The page's address, as the sender gave it.
        url: Text,
    },
    /// They have another nickname from here on.
    Renamed {
        /// The nickname from here on; earlier events keep the old one.
        nickname: Text,
    },
    /// A notice from one participant's program to the others': what it means is theirs to know.
    CustomNotice {
        /// Whatever the programs understand; people are not shown it.
        text: Text,
        /// Its type, when given.
        notice_type: Option<String>,
    },
    /// They have read up to an event of somebody else.
    Read {
        /// The number of the last event that they have read.
        seq: u64,
        /// Its index in each view that sees it.
        through: PerView<Option<u64>>,
    },
    /// Nothing that counts has happened for too long.
    Idle {
        /// How far it has come.
        stage: IdleStage,
        /// What the participants are told; empty: nothing is said.
        text: Text,
    },
    /// A file is there for those who see its uploader.
    FileUploaded(Box<File>),
    /// A file is no longer there.
    FileDeleted {
        /// The file's id within this session.
        id: FileId,
        /// The name it had, so that people are told what is gone.
        name: Text,
    },
    /// A message or custom notice with personal data in it: masked, and sealed for those who see the original.
    Masked {
        /// What everybody may see.
        text: Text,
        /// The original, under the session's own key, which goes when the record is final.
        sealed: Text,
        /// The type given by the sender.
        message_type: Option<String>,
        /// A custom notice, no message.
        notice: bool,
    },
    /// A rich message; [`Body::RichReply`] answers it.
    Rich {
        /// What is shown where it can't be.
        text: Text,
        /// The whole message, as JSON.
        content: Text,
        /// The originals of both, where they have personal data that those who take part see.
        sealed: Option<Text>,
    },
    /// An answer to a rich message.
    RichReply {
        /// The number of the message's event.
        to: u64,
        /// Its index in each view.
        through: PerView<Option<u64>>,
        /// The answer in words, for people.
        text: Text,
        /// The answer, as JSON: ids and values, for programs.
        content: Text,
        /// The originals of both, as with the message.
        sealed: Option<Text>,
    },
    /// There is room for few more messages.
    NearlyFull {
        /// What the participants are told.
        text: Text,
    },
    /// How far an event has come that is pushed to the customer; agents are told.
    Delivery {
        /// The number of the event.
        seq: u64,
        /// Its index in each view.
        through: PerView<Option<u64>>,
        /// How far it has come.
        delivery: Delivery,
    },
    /// Somebody cheers: a kind of the next version.
    #[cfg(feature = "next-version")]
    Cheered {
        /// How.
        text: Text,
    },
    /// A message with a field more: of the next version.
    #[cfg(feature = "next-version")]
    Worded {
        /// The text.
        text: Text,
        /// The type given by the sender.
        message_type: Option<String>,
        /// How many words it has.
        words: u32,
    },
}

impl Event {
    /// Whether customers are not shown it.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        self.index.customer.is_none()
    }

    /// Whether bots read it: what agents do, but not what agents tell each other. A bot talks to the customer, who is
    /// not to hear of it.
    pub(crate) fn is_for_bots(&self) -> bool {
        let said = matches!(What::of(&self.body, ViewKind::Agent), Some(What::Message { .. }));
        self.index.agent.is_some() && !(said && self.is_internal())
    }

    /// About how many bytes of a reading it takes.
    pub fn bytes(&self) -> usize {
        let text = match &self.body {
            Body::Message { text, .. }
            | Body::Attached { value: text, .. }
            | Body::PushedUrl { url: text }
            | Body::Renamed { nickname: text }
            | Body::CustomNotice { text, .. }
            | Body::Idle { text, .. }
            | Body::FileDeleted { name: text, .. }
            | Body::NearlyFull { text } => text.bytes.len(),
            #[cfg(feature = "next-version")]
            Body::Cheered { text } | Body::Worded { text, .. } => text.bytes.len(),
            Body::Masked { text, sealed, .. } => text.bytes.len() + sealed.bytes.len(),
            Body::Rich { text, content, sealed } | Body::RichReply { text, content, sealed, .. } => {
                text.bytes.len()
                    + content.bytes.len()
                    + sealed.as_ref().map_or(0, |sealed| sealed.bytes.len())
            }
            Body::Opened(_)
            | Body::Joined(_)
            | Body::FileUploaded(_)
            | Body::Left { .. }
            | Body::Ended
            | Body::Read { .. }
            | Body::Delivery { .. } => 0,
        };
        text + EVENT_BYTES
    }
}

/// What an event takes beside its texts.
const EVENT_BYTES: usize = 128;

/// How far inactivity control has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum IdleStage {
    /// The first warning, after [`crate::opening::IdleTerms::alert_ms`] of silence.
    Alert,
    /// The second, after [`crate::opening::IdleTerms::second_alert_ms`] more; left out where that is 0.
    SecondAlert,
    /// The session is closed.
    Close,
}

/// How the session started, as far as it is kept.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Start {
    /// What holds from then on.
    pub terms: Terms,
    /// What the chat is about, as the start said it; may be empty.
    pub subject: Text,
    /// How the customer is called and reached.
    pub names: Names<Text>,
    /// Attached data as given at the start; later ones are events.
    pub user_data: BTreeMap<String, Text>,
    /// Minutes, as the client gave them; only the transcript shows them.
    pub time_zone_offset_minutes: i32,
    /// Whether the site signed who the customer is: only then are their id and address more than said.
    pub verified: bool,
}

/// Somebody in the session.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Participant {
    /// 1, 2, 3 ... in order of joining.
    pub number: u32,
    /// Their number in each view that sees them (the GMS `participantId`).
    pub number_in_view: PerView<Option<u32>>,
    /// Whether they are a person or a program, and under which name they are known.
    pub role: Role,
    /// Whose views they and their words are in.
    pub visibility: Visibility,
    /// The nickname they joined with; a later one is an event.
    pub nickname: Text,
    /// The GMS `userId`: 16 hex digits.
    pub user_id: String,
}

/// What a participant is.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum Role {
    /// The customer: exactly one in each session, joined with its start.
    Customer,
    /// A person at a desktop, signed in under this name.
    Agent(AgentName),
    /// A program that talks; shown as an agent of style BOT.
    Bot(BotName),
    /// A supervisor. None joins in this version; stored shapes have room for them.
    Supervisor,
    /// The workflow: one participant for all that it says.
    Workflow,
    /// The server itself, number 0; it never joins.
    System,
}

/// Who sees a participant and what they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Visibility {
    /// Everybody sees them, customers too.
    All,
    /// Agents and supervisors see them, customers don't.
    Internal,
    /// Supervisors alone see them.
    Silent,
}

impl Visibility {
    /// Which views see this.
    pub fn views(self) -> PerView<bool> {
        match self {
            Self::All => PerView::all(true),
            Self::Internal => PerView { customer: false, ..PerView::all(true) },
            Self::Silent => PerView { supervisor: true, ..PerView::all(false) },
        }
    }
}

/// Why somebody left; in brackets the field's quit-reason-code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum LeaveReason {
    /// By their own choice (0).
    Left,
    /// No call came in time (3).
    Inactive,
    /// Removed by another participant (4).
    Removed,
    /// Removed by the system: the session was ended (5).
    Ended,
    /// Removed by the system: nobody did anything for too long (7).
    Idle,
    /// By their own choice, and the chat was to end unless another agent was in it (0).
    ClosedIfNoAgents,
    /// By their own choice, and the chat was to end for all (0).
    Closed,
}

impl LeaveReason {
    /// Whether they went by their own choice, whatever became of the chat.
    #[must_use]
    pub fn is_own_choice(self) -> bool {
        matches!(self, Self::Left | Self::ClosedIfNoAgents | Self::Closed)
    }

    /// The word for it in everything that people and programs read.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Left | Self::ClosedIfNoAgents | Self::Closed => "left",
            Self::Inactive => "inactive",
            Self::Removed => "removed",
            Self::Ended => "ended",
            Self::Idle => "idle",
        }
    }
}

/// Typing: shown, numbered in the views, never journaled.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Typing {
    /// By the wall clock of the shard's owner.
    pub at: Millis,
    /// Its index in each view that sees it.
    pub index: PerView<Option<u64>>,
    /// The number of the participant who types.
    pub by: u32,
    /// True: started; false: stopped.
    pub started: bool,
    /// What they have typed so far.
    pub preview: Option<String>,
}
