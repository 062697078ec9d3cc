//! What a session knows of the channel that its customer uses: how they are known, whether they are missed, what can be
//! shown to them, until when they may be answered, and how events reach them.
//!
//! A session reads these properties and never the channel's name, so that a channel which comes later needs nothing
//! here. They are fixed at the start of a chat, whatever the configuration says later.

use crate::id::{EntityId, Millis, hex};
use crate::key::StoredKey;
use crate::rich::RichKind;
use bincode::{Decode, Encode};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use subtle::ConstantTimeEq;

/// A channel as a session has it. A stored shape.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Channel {
    /// Its name, for those who carry events to it and for people: no rule of a session reads it.
    pub name: String,
    /// How the customer is known.
    pub identity: Identity,
    /// Whether they are missed when nothing is heard of them.
    pub presence: Presence,
    /// What can be shown to them.
    pub shows: Shows,
    /// Until when and how often they may be answered; none: always.
    pub window: Option<Window>,
    /// How events reach them.
    pub reach: Reach,
}

/// How a channel's customer is known. Whether a site signed who they are is told beside it: a start says so, see
/// [`crate::event::Start::verified`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Identity {
    /// By the key that they were given at the start.
    Key(StoredKey),
    /// By their address within the channel, such as a phone number; the channel vouches for it.
    Address(String),
}

/// Whether a customer is missed when nothing is heard of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Presence {
    /// Their polls, or the reads of their socket, show that they are there.
    Calls {
        /// Without one for so long they are lost, in milliseconds.
        lost_after_ms: u64,
    },
    /// They come and go for days: they are never lost, only idle.
    ComesAndGoes,
}

/// What a channel can show.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Shows {
    /// That others type.
    pub typing: bool,
    /// That others have read.
    pub receipts: bool,
    /// What is no message: who joins, leaves or takes another nickname, and notices to programs.
    pub notices: bool,
    /// The rich messages; of others their text is shown.
    pub rich: BTreeSet<RichKind>,
    /// Files; none: no files.
    pub files: Option<ShownFiles>,
    /// The longest text, in bytes of UTF-8; 0: as long as a message may be.
    pub text_bytes_max: u32,
}

/// Which files a channel can show.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ShownFiles {
    /// Media types such as `image/png`; empty: any.
    pub types: BTreeSet<String>,
    /// The largest, in bytes; 0: as large as a file may be.
    pub bytes_max: u64,
}

/// Until when and how often a customer may be answered: their own messages open the window anew.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Window {
    /// How long after a message of theirs, in milliseconds by the wall clock, since the channel's own clock counts.
    pub open_ms: i64,
    /// How many messages may follow one of theirs; 0: any number.
    pub answers_max: u32,
    /// The `message_type` of what may be sent after it has closed; none: nothing may.
    pub after: Option<String>,
}

/// How events reach a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Reach {
    /// They read, from the position that they have.
    Pulled,
    /// Each is owed until the channel has taken it or refused it for good.
    Pushed,
}

/// Where a customer is within a channel.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Address {
    /// The channel's name.
    pub channel: String,
    /// Their address there.
    pub address: String,
}

/// How a caller shows that they are the customer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Proof {
    /// SHA-256 of the secret part of their key. Compared in constant time.
    Key([u8; 32]),
    /// The channel says so; only a channel's inbound side does, after it has checked who speaks to it.
    Address(Address),
}

/// What became of an event that was pushed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Delivery {
    /// The channel has taken it.
    Sent,
    /// It is with the customer.
    Delivered,
    /// They have read it.
    Read,
    /// It will not reach them.
    Failed {
        /// Why, in few words: the channel's own, or [`WINDOW_CLOSED`].
        reason: String,
    },
}

/// Why an event was not even given to the channel: the reply window had closed.
pub const WINDOW_CLOSED: &str = "window_closed";

/// Longest reason of a channel that is kept, in bytes.
pub const REASON_BYTES_MAX: u32 = 256;

/// A session's channel as those see it who answer its customer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ChannelView {
    /// Its name.
    pub name: String,
    /// What it can show.
    pub shows: Shows,
    /// Its reply window as it stands; none: they may always be answered.
    pub window: Option<WindowView>,
}

/// A reply window as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct WindowView {
    /// When it closes, by the wall clock; none: it is not open.
    pub until: Option<Millis>,
    /// How many messages may still follow; none: any number.
    pub left: Option<u32>,
    /// As in [`Window::after`].
    pub after: Option<String>,
}

impl Channel {
    /// A channel that shows everything to whoever asks with a key, and may always be answered.
    #[must_use]
    pub fn with_key(name: &str, key: StoredKey, presence: Presence) -> Self {
        Self {
            name: name.to_owned(),
            identity: Identity::Key(key),
            presence,
            shows: Shows::everything(),
            window: None,
            reach: Reach::Pulled,
        }
    }

    /// Whether a proof is that of this channel's customer.
    #[must_use]
    pub fn accepts(&self, proof: &Proof) -> bool {
        match (&self.identity, proof) {
            (Identity::Key(key), Proof::Key(hash)) => bool::from(hash.ct_eq(&key.hash)),
            (Identity::Address(own), Proof::Address(Address { channel, address })) => {
                own == address && *channel == self.name
            }
            _ => false,
        }
    }

    /// What proves the customer.
    #[must_use]
    pub fn proof(&self) -> Proof {
        match &self.identity {
            Identity::Key(key) => Proof::Key(key.hash),
            Identity::Address(address) => Proof::Address(self.at(address)),
        }
    }

    /// Where the customer is, if that is how they are known.
    #[must_use]
    pub fn address(&self) -> Option<Address> {
        match &self.identity {
            Identity::Address(address) => Some(self.at(address)),
            Identity::Key(_) => None,
        }
    }

    fn at(&self, address: &str) -> Address {
        Address { channel: self.name.clone(), address: address.to_owned() }
    }

    /// The key that they were given, if that is how they are known.
    #[must_use]
    pub fn key(&self) -> Option<&StoredKey> {
        match &self.identity {
            Identity::Key(key) => Some(key),
            Identity::Address(_) => None,
        }
    }
}

impl Shows {
    /// All there is.
    #[must_use]
    pub fn everything() -> Self {
        Self {
            typing: true,
            receipts: true,
            notices: true,
            rich: RichKind::ALL.into_iter().collect(),
            files: Some(ShownFiles { types: BTreeSet::new(), bytes_max: 0 }),
            text_bytes_max: 0,
        }
    }
}

impl ShownFiles {
    /// Whether this media type is among them.
    #[must_use]
    pub fn shows(&self, media_type: &str) -> bool {
        self.types.is_empty() || self.types.contains(media_type)
    }
}

impl Address {
    /// The entity that knows which chat what comes from here belongs to. Its id tells nobody the address.
    #[must_use]
    pub fn correspondent(&self) -> EntityId {
        let mut hash = Sha256::new();
        hash.update(b"handoff correspondent 1\0");
        hash.update(u64::try_from(self.channel.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(self.channel.as_bytes());
        hash.update(self.address.as_bytes());
        EntityId::Correspondent(hex(&hash.finalize()[..16]))
    }
}

impl Delivery {
    /// The word for it in everything that people and programs read.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed { .. } => "failed",
        }
    }

    /// Why it failed, if it did.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Failed { reason } => Some(reason),
            Self::Sent | Self::Delivered | Self::Read => None,
        }
    }

    /// Whether it may come further than this.
    #[must_use]
    pub fn may_become(&self, next: &Self) -> bool {
        let rank = |delivery: &Self| match delivery {
            Self::Sent => 1,
            Self::Delivered => 2,
            Self::Read | Self::Failed { .. } => 3,
        };
        rank(next) > rank(self)
    }

    /// Whether it comes no further.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Read | Self::Failed { .. })
    }
}

/// A channel whose customer has the key with this hash.
#[cfg(test)]
pub(crate) fn web(hash: [u8; 32]) -> Channel {
    Channel::with_key("web", StoredKey { hash, sealed: None }, Presence::Calls { lost_after_ms: 45_000 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_counts_for_its_own_channel_and_address_or_key_alone() {
        let mut channel = web([1; 32]);
        let at = |channel: &str, address: &str| {
            Proof::Address(Address { channel: channel.to_owned(), address: address.to_owned() })
        };
        assert!(channel.accepts(&Proof::Key([1; 32])));
        assert!(!channel.accepts(&Proof::Key([2; 32])) && !channel.accepts(&at("web", "1")));
        channel.identity = Identity::Address("+49 1".to_owned());
        assert!(channel.accepts(&at("web", "+49 1")));
        for wrong in [at("web", "+49 2"), at("app", "+49 1"), Proof::Key([1; 32]), Proof::Key([0; 32])] {
            assert!(!channel.accepts(&wrong), "{wrong:?}");
        }
    }

    #[test]
    fn a_correspondent_is_one_of_channel_and_address_and_shows_neither() {
        let of = |channel: &str, address: &str| {
            Address { channel: channel.to_owned(), address: address.to_owned() }.correspondent()
        };
        assert_eq!(of("sms", "+491"), of("sms", "+491"));
        assert_ne!(of("sms", "+491"), of("sms+", "491"));
        assert_ne!(of("sms", "+491"), of("sms", "+492"));
        assert!(!of("sms", "+491").text().contains("491"));
    }

    #[test]
    fn what_is_pushed_only_goes_on() {
        let failed = Delivery::Failed { reason: "gone".to_owned() };
        assert!(Delivery::Sent.may_become(&Delivery::Delivered) && Delivery::Sent.may_become(&failed));
        assert!(Delivery::Delivered.may_become(&Delivery::Read));
        assert!(
            !Delivery::Delivered.may_become(&Delivery::Sent) && !Delivery::Sent.may_become(&Delivery::Sent)
        );
        assert!(!Delivery::Read.may_become(&failed) && !failed.may_become(&Delivery::Read));
    }
}
