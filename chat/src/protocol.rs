//! Protocol versions: which is the first that knows something, and what is journaled for those that don't.
//!
//! A cluster keeps to one version: the newest that every member reads, raised by an operator
//! ([`Context::protocol`](crate::Context)). What a turn journals keeps to it, so that whoever takes the shard over can
//! read it. Whoever adds a kind of event, entry, effect, message or command gives it the version with which it came
//! here; whoever adds a field adds a kind beside the old one. What has an older form is journaled in that
//! ([`Body::as_of`]); a command that none of the older ones knows is refused until the version is raised.

use crate::command::{Act, Command, Reject};
use crate::desk::DeskAct;
use crate::entry::{
    AgentChange, CorrespondentChange, Effect, Entry, FileChange, IdleChange, InteractionChange, QueueChange,
};
use crate::event::Body;
use crate::routing::{Message, ToAgent, ToCorrespondent, ToInteraction, ToQueue, ToSession};
use crate::text::Text;

/// What may be newer than a protocol version.
pub trait Since {
    /// The first protocol version that knows it.
    fn since(&self) -> u16;
}

/// The version with which what the feature adds comes.
#[cfg(feature = "next-version")]
pub const PROTOCOL_NEXT: u16 = 3;

/// Says for each kind the first version that knows it, so that the compiler asks for each new one.
macro_rules! since {
    ($named:ty: $($version:expr => $kinds:pat),+) => {
        impl Since for $named {
            fn since(&self) -> u16 {
                match self {
                    $($kinds => $version,)+
                }
            }
        }
    };
}

since!(DeskAct: 1 => Self::SignIn { .. } | Self::SignOut | Self::Ready | Self::NotReady { .. } | Self::Accept { .. }
    | Self::Decline { .. } | Self::Lost);
since!(ToQueue: 1 => Self::Enqueue { .. } | Self::Withdraw { .. } | Self::Available { .. });
since!(ToAgent: 1 => Self::Reserve { .. } | Self::Withdrawn { .. });
since!(ToInteraction: 1 => Self::Propose { .. } | Self::Accept { .. } | Self::Decline { .. } | Self::AgentLost { .. }
    | Self::Verify { .. } | Self::TurnedAway { .. });
since!(ToCorrespondent: 1 => Self::Over { .. });
since!(ToSession: 1 => Self::GoesOn);
since!(InteractionChange: 1 => Self::Begun(_) | Self::Stepped(_) | Self::Moved { .. } | Self::Declined { .. }
    | Self::Timer { .. } | Self::Overdue | Self::Comforted | Self::Offline(_) | Self::Refused);
since!(QueueChange: 1 => Self::Waits { .. } | Self::Left { .. } | Self::Asked { .. } | Self::Answered { .. }
    | Self::Looked { .. } | Self::Knows { .. } | Self::Paced(_));
since!(AgentChange: 1 => Self::Version(_) | Self::Profile(_) | Self::Status { .. } | Self::Lost(_) | Self::Idle(_)
    | Self::Reserved { .. } | Self::Moved { .. } | Self::LettingGo { .. } | Self::Freed { .. }
    | Self::Looked { .. } | Self::Answered { .. });
since!(CorrespondentChange: 1 => Self::Took { .. } | Self::Over { .. });
since!(FileChange: 1 => Self::Reserved { .. } | Self::Held { .. } | Self::Released(_) | Self::Downloaded);
since!(IdleChange: 1 => Self::Watched(_) | Self::Behind(_));

impl Since for Entry {
    fn since(&self) -> u16 {
        match self {
            Self::Event(event) => event.body.since(),
            Self::Owed { effect, .. } => effect.since(),
            Self::Interaction(change) => change.since(),
            Self::Queue(change) => change.since(),
            Self::Agent(change) => change.since(),
            Self::Idle(change) => change.since(),
            Self::File(change) => change.since(),
            Self::Correspondent(change) => change.since(),
            Self::Reserved(_)
            | Self::Answered { .. }
            | Self::Settled(_)
            | Self::Armed { .. }
            | Self::Disarmed(_)
            | Self::BotFailed(_)
            | Self::Retired
            | Self::Sealing(_)
            | Self::BotSpent
            | Self::Rated(_) => 1,
        }
    }
}

impl Since for Effect {
    fn since(&self) -> u16 {
        match self {
            Self::Message { message, .. } => message.since(),
            Self::BotTurn { .. }
            | Self::OpenRecord
            | Self::CloseRecord
            | Self::ScanFile { .. }
            | Self::DropFile { .. }
            | Self::Push { .. }
            | Self::KeepRating => 1,
        }
    }
}

impl Since for Message {
    fn since(&self) -> u16 {
        match self {
            Self::ToQueue(message) => message.since(),
            Self::ToAgent(message) => message.since(),
            Self::ToInteraction(message) => message.since(),
            Self::ToCorrespondent(message) => message.since(),
            Self::ToSession(message) => message.since(),
        }
    }
}

impl Since for Body {
    fn since(&self) -> u16 {
        match self {
            Self::Opened(_)
            | Self::Joined(_)
            | Self::Left { .. }
            | Self::Message { .. }
            | Self::Ended
            | Self::Attached { .. }
            | Self::PushedUrl { .. }
            | Self::Renamed { .. }
            | Self::CustomNotice { .. }
            | Self::Read { .. }
            | Self::Idle { .. }
            | Self::FileUploaded(_)
            | Self::FileDeleted { .. }
            | Self::Masked { .. }
            | Self::Rich { .. }
            | Self::RichReply { .. }
            | Self::NearlyFull { .. }
            | Self::Delivery { .. } => 1,
            #[cfg(feature = "next-version")]
            Self::Cheered { .. } | Self::Worded { .. } => PROTOCOL_NEXT,
        }
    }
}

impl Since for Act {
    fn since(&self) -> u16 {
        match self {
            Self::Deliver(message) => message.since(),
            Self::Desk(act) => act.since(),
            Self::Open(_)
            | Self::Send { .. }
            | Self::StartTyping { .. }
            | Self::StopTyping { .. }
            | Self::Disconnect
            | Self::BotReply { .. }
            | Self::BotFailed { .. }
            | Self::Settle { .. }
            | Self::Fire { .. }
            | Self::CustomerLost
            | Self::ForceEnd
            | Self::Leave { .. }
            | Self::Replied { .. }
            | Self::Restored
            | Self::PushUrl { .. }
            | Self::Rename { .. }
            | Self::Attach { .. }
            | Self::CustomNotice { .. }
            | Self::SendRich { .. }
            | Self::ReplyRich { .. }
            | Self::ReserveFile { .. }
            | Self::AddFile { .. }
            | Self::ReleaseFile { .. }
            | Self::DeleteFile { .. }
            | Self::DownloadFile { .. }
            | Self::FileScanned { .. }
            | Self::MarkRead { .. }
            | Self::TypingOver
            | Self::TurnAway
            | Self::Receive { .. }
            | Self::Pushed { .. }
            | Self::Progress { .. }
            | Self::SendInternal { .. }
            | Self::Rate { .. } => 1,
            #[cfg(feature = "next-version")]
            Self::Wave => PROTOCOL_NEXT,
        }
    }
}

impl Body {
    /// What somebody says.
    #[cfg(not(feature = "next-version"))]
    pub(crate) fn said(text: &str, message_type: Option<String>) -> Self {
        Self::Message { text: Text::clear(text), message_type }
    }

    /// As the next version has it: one kind more, and a message with one field more.
    #[cfg(feature = "next-version")]
    pub(crate) fn said(text: &str, message_type: Option<String>) -> Self {
        let words = u32::try_from(text.split_whitespace().count()).unwrap_or(u32::MAX);
        match (text, Text::clear(text)) {
            ("\u{1f389}", text) => Self::Cheered { text },
            (_, text) => Self::Worded { text, message_type, words },
        }
    }

    /// The same in the newest form that a version knows. Each kind that came after the first has one.
    #[must_use]
    pub fn as_of(self, protocol: u16) -> Self {
        if self.since() <= protocol {
            return self;
        }
        match self {
            #[cfg(feature = "next-version")]
            Self::Cheered { text } => Self::Message { text, message_type: None },
            #[cfg(feature = "next-version")]
            Self::Worded { text, message_type, .. } => Self::Message { text, message_type },
            known => known,
        }
    }
}

impl Command {
    /// Whether it may be carried out where this version is kept to.
    ///
    /// # Errors
    /// [`Reject::NotYet`].
    pub fn is_known_in(&self, protocol: u16) -> Result<(), Reject> {
        let since = self.act.since();
        if since > protocol { Err(Reject::NotYet { since }) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Caller;
    use crate::{CommandId, Context, Entity, EntityId, SessionId};

    #[test]
    fn a_command_that_the_version_does_not_know_is_not_even_looked_at() {
        let entity = Entity::new(&EntityId::from(&SessionId::from_random(&[1; 16])));
        let command = Command { id: CommandId("1".to_owned()), caller: Caller::System, act: Act::ForceEnd };
        let decided = |protocol| entity.decide(&command, &Context { protocol, ..Context::at(0) });
        assert_eq!(decided(0), Err(Reject::NotYet { since: 1 }));
        assert_eq!(decided(1), Err(Reject::Unknown));
    }
}
