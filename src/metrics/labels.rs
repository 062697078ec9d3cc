//! The labels and their few fixed values.

use prometheus_client::encoding::{EncodeLabel, EncodeLabelSet, LabelSetEncoder};

/// One label with one of its fixed values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Label(&'static str, &'static str);

impl EncodeLabelSet for Label {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        EncodeLabel::encode(&(self.0, self.1), encoder.encode_label())
    }
}

/// Declares the values of a label.
macro_rules! label {
    ($(#[$meta:meta])* $vis:vis $name:ident, $key:literal { $($(#[$value_meta:meta])* $value:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $vis enum $name { $($(#[$value_meta])* $value,)* }
        impl $name {
            pub(super) const ALL: &'static [Self] = &[$(Self::$value,)*];
            pub(super) fn label(self) -> Label {
                match self { $(Self::$value => Label($key, $text),)* }
            }
        }
    };
}

label! {
    /// How one attempt to append a frame ended.
    pub AppendOutcome, "outcome" {
        /// Committed.
        Appended = "appended",
        /// A later owner exists.
        Fenced = "fenced",
        /// Not known; the same frame is sent again.
        Unknown = "unknown",
        /// The store refuses it.
        Refused = "refused",
    }
}

label! {
    /// What a command was answered.
    pub CommandOutcome, "outcome" {
        /// Its events are committed, or it had nothing to commit.
        Done = "done",
        /// The earlier answer of the same id.
        Repeated = "repeated",
        /// The session refuses.
        Rejected = "rejected",
        /// Not served here at the moment; nothing was committed.
        Again = "again",
        /// A queue is full; nothing was committed.
        Busy = "busy",
        /// Its deadline had passed before it was decided; nothing was committed.
        Expired = "expired",
        /// Not known to the caller in time.
        Unknown = "unknown",
    }
}

label! {
    /// A bounded queue.
    pub Queue, "queue" {
        /// A shard's inbox.
        Shard = "shard",
        /// An entity's inbox.
        Entity = "entity",
        /// Outputs held back until their frame is committed.
        Held = "held",
        /// Calls that wait for a peer.
        Peer = "peer",
    }
}

label! {
    /// How a call to a peer ended.
    pub PeerOutcome, "outcome" {
        /// Answered.
        Answered = "answered",
        /// No answer in time.
        Late = "late",
        /// The link broke or could not be made.
        Broken = "broken",
        /// Too many calls wait already.
        Busy = "busy",
    }
}

label! {
    /// Whether an entity is in memory.
    pub(super) EntityState, "state" {
        /// In memory.
        Awake = "awake",
        /// Known by reference.
        Asleep = "asleep",
    }
}
