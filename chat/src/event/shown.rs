//! An event as those who take part are shown it: one form for all interfaces, in which nothing is left of who sees what
//! and of how it is stored. Each interface puts it into its own words.

use super::{Body, Event, IdleStage, LeaveReason, Participant, ViewKind};
use crate::channel::Delivery;
use crate::file::{File, FileId};
use crate::id::Millis;
use crate::text::Text;
use std::borrow::Cow;

/// An event in one view.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown<'e> {
    /// Its index in the view.
    pub index: u64,
    /// By the wall clock of the shard's owner.
    pub at: Millis,
    /// Whose doing it is, by their number in the view; 0: the system's.
    pub by: u32,
    /// Whether customers are not shown it.
    pub internal: bool,
    /// What happened.
    pub what: What<'e>,
}

/// What happened, as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub enum What<'e> {
    /// Somebody came.
    Joined,
    /// Somebody left.
    Left {
        /// Whose wish it was, or what did it.
        reason: LeaveReason,
        /// Who removed them, by their number among all, when they did not leave by themselves.
        asked_by: Option<u32>,
    },
    /// A message.
    Message {
        /// The text.
        text: Cow<'e, str>,
        /// The type given by the sender.
        message_type: Option<&'e str>,
    },
    /// A notice from program to program.
    CustomNotice {
        /// Whatever the programs understand.
        text: Cow<'e, str>,
        /// Its type, when given.
        message_type: Option<&'e str>,
    },
    /// A page is to be shown.
    PushedUrl(Cow<'e, str>),
    /// Somebody has another nickname.
    Renamed(Cow<'e, str>),
    /// Somebody has read up to the event with this index; none: it is not in the view.
    Read(Option<u64>),
    /// A rich message.
    Rich {
        /// What is shown where it can't be.
        text: Cow<'e, str>,
        /// The whole message, as JSON.
        content: &'e Text,
    },
    /// The answer to one.
    RichReply {
        /// The index of the message; none: it is not in the view.
        to: Option<u64>,
        /// The answer in words.
        text: Cow<'e, str>,
        /// The answer, as JSON.
        content: &'e Text,
    },
    /// A file is there.
    FileUploaded(&'e File),
    /// A file is no longer there.
    FileDeleted {
        /// The file's id within its session.
        id: FileId,
        /// The name it had.
        name: Cow<'e, str>,
    },
    /// There is room for few more messages.
    NearlyFull(Cow<'e, str>),
    /// Nobody has done anything for too long: a warning.
    IdleAlert(Cow<'e, str>),
    /// The same, and the chat is closed.
    IdleClose(Cow<'e, str>),
    /// How far an event has come that is pushed to the customer.
    Delivery {
        /// The event's index; none: it is not in the view.
        of: Option<u64>,
        /// How far.
        delivery: &'e Delivery,
    },
}

impl<'e> Shown<'e> {
    /// An event in a view; none: it is not shown there. A text that is masked is shown masked: who sees the original is
    /// given the event in clear.
    #[must_use]
    pub fn of(event: &'e Event, view: ViewKind, participants: &[Participant]) -> Option<Self> {
        let (index, what) = (view.of(&event.index)?, What::of(&event.body, view)?);
        let who = participants.iter().find(|participant| participant.number == event.by);
        let by = who.and_then(|who| view.of(&who.number_in_view)).unwrap_or(0);
        Some(Self { index, at: event.at, by, internal: event.is_internal(), what })
    }
}

impl<'e> What<'e> {
    /// What an event says in a view; none: nothing that is shown anywhere.
    #[must_use]
    pub fn of(body: &'e Body, view: ViewKind) -> Option<Self> {
        Some(match body {
            Body::Opened(_) | Body::Attached { .. } | Body::Ended => return None,
            Body::Joined(_) => Self::Joined,
            Body::Left { reason, asked_by } => Self::Left { reason: *reason, asked_by: *asked_by },
            Body::Message { text, message_type } | Body::Masked { text, message_type, notice: false, .. } => {
                Self::Message { text: text.show(), message_type: message_type.as_deref() }
            }
            Body::CustomNotice { text, notice_type: message_type }
            | Body::Masked { text, message_type, notice: true, .. } => {
                Self::CustomNotice { text: text.show(), message_type: message_type.as_deref() }
            }
            Body::PushedUrl { url } => Self::PushedUrl(url.show()),
            Body::Renamed { nickname } => Self::Renamed(nickname.show()),
            Body::Read { through, .. } => Self::Read(view.of(through)),
            Body::Rich { text, content, .. } => Self::Rich { text: text.show(), content },
            Body::RichReply { through, text, content, .. } => {
                Self::RichReply { to: view.of(through), text: text.show(), content }
            }
            #[cfg(feature = "next-version")]
            Body::Cheered { text } => Self::Message { text: text.show(), message_type: None },
            #[cfg(feature = "next-version")]
            Body::Worded { text, message_type, .. } => {
                Self::Message { text: text.show(), message_type: message_type.as_deref() }
            }
            Body::FileUploaded(file) => Self::FileUploaded(file),
            Body::FileDeleted { id, name } => Self::FileDeleted { id: *id, name: name.show() },
            Body::NearlyFull { text } => Self::NearlyFull(text.show()),
            Body::Idle { stage: IdleStage::Close, text } => Self::IdleClose(text.show()),
            Body::Idle { stage: IdleStage::Alert | IdleStage::SecondAlert, text } => {
                Self::IdleAlert(text.show())
            }
            Body::Delivery { through, delivery, .. } => Self::Delivery { of: view.of(through), delivery },
        })
    }
}

impl What<'_> {
    /// Its text: what a client shows that knows no more of it.
    #[must_use]
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Message { text, .. }
            | Self::CustomNotice { text, .. }
            | Self::Rich { text, .. }
            | Self::RichReply { text, .. }
            | Self::FileDeleted { name: text, .. }
            | Self::PushedUrl(text)
            | Self::Renamed(text)
            | Self::NearlyFull(text)
            | Self::IdleAlert(text)
            | Self::IdleClose(text) => Some(Cow::Borrowed(text.as_ref())),
            Self::FileUploaded(file) => Some(file.name.show()),
            Self::Joined | Self::Left { .. } | Self::Read(_) | Self::Delivery { .. } => None,
        }
    }

    /// The type given by the sender.
    #[must_use]
    pub fn message_type(&self) -> Option<&str> {
        match self {
            Self::Message { message_type, .. } | Self::CustomNotice { message_type, .. } => *message_type,
            _ => None,
        }
    }
}
