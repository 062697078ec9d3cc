//! How a session starts, and what holds for it from then on.

use crate::channel::Channel;
use crate::privacy::Privacy;
use crate::workflow::{Bot, Program};
use bincode::{Decode, Encode};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What holds of a session from its start on, whatever the configuration says later.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Terms {
    /// The service asked for, by its name in the configuration.
    pub service: String,
    /// The customer's channel.
    pub channel: Channel,
    /// The limits in force.
    pub limits: Limits,
    /// Inactivity control; none: the session is never closed for it.
    pub idle: Option<Box<IdleTerms>>,
    /// What is done with personal data; none: nothing.
    pub privacy: Option<Box<Privacy>>,
    /// Whether the customer may rate the chat when it is over.
    pub rating: bool,
}

impl Terms {
    /// Without control of inactivity and rating, and nothing is done with personal data.
    #[must_use]
    pub fn new(service: &str, channel: Channel, limits: Limits) -> Self {
        Self { service: service.to_owned(), channel, limits, idle: None, privacy: None, rating: false }
    }
}

/// How a customer is called and reached, as they say; empty where they do not.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Names<T> {
    /// First name.
    pub first: T,
    /// Last name.
    pub last: T,
    /// E-mail address.
    pub email: T,
}

impl<T> Names<T> {
    /// What is made of each.
    pub fn map<U>(&self, mut make: impl FnMut(&T) -> U) -> Names<U> {
        Names { first: make(&self.first), last: make(&self.last), email: make(&self.email) }
    }
}

/// How a session starts.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Opening {
    /// What holds from now on.
    pub terms: Terms,
    /// The customer's nickname (made of first and last name where it was not given).
    pub nickname: String,
    /// How they are called and reached.
    pub names: Names<String>,
    /// Subject, may be empty.
    pub subject: String,
    /// A first message to post, when given.
    pub text: Option<String>,
    /// Attached data as given.
    pub user_data: BTreeMap<String, String>,
    /// Minutes, as in `userData[TimeZone]`; kept for the transcript.
    pub time_zone_offset_minutes: i32,
    /// The bot to invite; not where there is a workflow, which invites its own.
    pub bot: Option<Bot>,
    /// What the interaction runs; none: there is no interaction.
    pub workflow: Option<Arc<Program>>,
    /// Whether the site signed who the customer is: only then are their id and address more than said.
    pub verified: bool,
    /// A fresh key to seal originals under, where live participants see them.
    pub sealing_key: [u8; 32],
}

impl Opening {
    /// A start that says nothing of the customer, with neither bot nor workflow nor control of inactivity.
    #[must_use]
    pub fn new(service: &str, channel: Channel, limits: Limits) -> Self {
        Self {
            terms: Terms::new(service, channel, limits),
            nickname: String::new(),
            names: Names::default(),
            subject: String::new(),
            text: None,
            user_data: BTreeMap::new(),
            time_zone_offset_minutes: 0,
            bot: None,
            workflow: None,
            verified: false,
            sealing_key: [0; 32],
        }
    }
}

impl Limits {
    /// No files, and the limits on talk with programs that ship with the server.
    #[must_use]
    pub fn new(message_bytes_max: u32, events_max: u32, linger_ms: i64) -> Self {
        Self { message_bytes_max, events_max, linger_ms, files: None, talk: Talk::default() }
    }
}

/// Inactivity control, fixed when the session starts. Times are of served time.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct IdleTerms {
    /// Silence after which the participants are warned, in milliseconds.
    pub alert_ms: i64,
    /// Further silence until a second warning, in milliseconds; 0: there is none.
    pub second_alert_ms: i64,
    /// Further silence until the session is closed, in milliseconds.
    pub close_ms: i64,
    /// What is said; empty: nothing.
    pub texts: IdleTexts,
    /// Which notices count as activity. Messages, joins and leaves always do.
    pub counts: Counts,
}

/// What inactivity control says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct IdleTexts {
    /// At the alert.
    pub alert: String,
    /// At the second alert.
    pub second_alert: String,
    /// At the close.
    pub close: String,
}

/// Which notices count as activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Counts {
    /// No notice counts.
    Nothing,
    /// Pushed pages, custom notices and new nicknames.
    Notices,
    /// Typing alone.
    Typing,
    /// Both of these.
    Everything,
}

impl Counts {
    /// Whether pushed pages, custom notices and new nicknames count.
    pub fn notices(self) -> bool {
        matches!(self, Self::Notices | Self::Everything)
    }

    /// Whether typing counts.
    pub fn typing(self) -> bool {
        matches!(self, Self::Typing | Self::Everything)
    }
}

/// Limits fixed when the session starts.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Limits {
    /// Longest message, in bytes of UTF-8.
    pub message_bytes_max: u32,
    /// Most durable events of a session; the next message is refused.
    pub events_max: u32,
    /// How long an ended session goes on answering, in milliseconds of served time.
    pub linger_ms: i64,
    /// What holds for files; none: there are none.
    pub files: Option<crate::file::FileLimits>,
    /// What keeps talk from filling the session.
    pub talk: Talk,
}

/// What keeps talk from filling a session, fixed when it starts.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Talk {
    /// Turns that the session's bots may have in a minute; 0: any number.
    pub bot_turns_per_minute: u32,
    /// Turns that they may have in all; 0: any number.
    pub bot_turns_max: u32,
    /// What everybody is told before the session is full; empty: nothing is said.
    pub nearly_full_text: String,
}

impl Default for Talk {
    fn default() -> Self {
        Self { bot_turns_per_minute: 60, bot_turns_max: 1_000, nearly_full_text: String::new() }
    }
}
