//! What a supervisor is told, what it wants done, and what supervisors tell each other.

use bincode::{Decode, Encode};
use handoff_journal::{Epoch, Owner, ShardId};

use crate::beat::Beat;
use crate::members::MemberList;

/// What supervisors tell each other over the peer links.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Note {
    /// The sender lives; sent even when nothing in it changed.
    Beat(Beat),
    /// Send this number through your actors and back. The shell does that, not the machine.
    Echo(u64),
    /// The number came through.
    EchoBack(u64),
    /// I let go of a shard that is yours now.
    Released {
        /// The shard that was let go.
        shard: ShardId,
        /// The epoch in which it was held.
        epoch: Epoch,
    },
}

/// How the store is, as far as this node can know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StoreState {
    /// It answers this node.
    #[default]
    Works,
    /// It does not answer this node; a peer may use it, and claim.
    FailsHere,
    /// It answers no live member: all were heard to say so a moment ago, none with a newer list or a shard of ours.
    FailsForAll,
}

/// What came of a conditional write of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SwapAnswer {
    /// The list was written, with the version after the expected one.
    Won,
    /// Another write came first; this is the list now.
    Lost(MemberList),
    /// Not known: it will be read again.
    Unknown,
}

/// What happens to a supervisor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The list as read; `None`: there is none yet.
    ListRead(Option<MemberList>),
    /// The list could not be read.
    ReadFailed,
    /// The answer to `SwapList`.
    Swapped(SwapAnswer),
    /// A peer says something.
    Heard {
        /// The peer, as proved in the link's handshake.
        from: Owner,
        /// What the peer says, as it came over the link.
        note: Note,
    },
    /// A link with a peer stands.
    LinkUp {
        /// The incarnation, as proved in the link's handshake.
        peer: Owner,
    },
    /// A link has closed; or, `refused`, there is none and the port refuses connections: the process is gone.
    LinkDown {
        /// The peer as it was expected or last met.
        peer: Owner,
        /// Whether its port refuses.
        refused: bool,
    },
    /// Another incarnation answers where one was expected.
    OtherIncarnation {
        /// The incarnation that the list has.
        expected: Owner,
        /// The incarnation that answers now: the expected one is over.
        met: Owner,
    },
    /// A peer's handshake refuses us (secret, version, ...): it lives, but we can't talk.
    LinkRefused {
        /// The incarnation that the list has.
        peer: Owner,
    },
    /// The answer to `ReadAlive`.
    AliveRead {
        /// The member that was asked about.
        of: Owner,
        /// Anything that changes with every `alive_until` write, such as the cell's version; 0: none.
        stamp: u64,
    },
    /// The node's own loop stood still.
    LoopStall {
        /// For how long, in milliseconds.
        stalled_ms: u64,
    },
    /// A claim succeeded and the shard serves.
    ShardOpened {
        /// The shard that is served here from now on.
        shard: ShardId,
        /// The number its `Claim` carried.
        tenancy: u64,
        /// The epoch of the claim; beats tell it.
        epoch: Epoch,
    },
    /// A claim failed for now (store unknown); it will be tried again.
    ClaimFailed {
        /// The shard that is not served here yet.
        shard: ShardId,
        /// The number its `Claim` carried.
        tenancy: u64,
    },
    /// A claim, or the shard later, found another owner. The shard has stopped.
    ShardFenced {
        /// The shard that has stopped here.
        shard: ShardId,
        /// The number its `Claim` carried.
        tenancy: u64,
        /// The owner that the store names, of a later epoch.
        by: Owner,
    },
    /// The answer to `Release`: everything is committed, the shard has stopped.
    ShardReleased {
        /// The shard that has stopped here.
        shard: ShardId,
        /// The number its `Claim` carried.
        tenancy: u64,
    },
    /// This node can't commit.
    StoreFailing,
    /// This node can commit again.
    StoreBack,
    /// SIGTERM, or an operator's wish.
    DrainAsked,
    /// Lets the machine look at its clock: timeouts are seen at a tick, or at any other input.
    Tick,
}

/// What a supervisor wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Read the list; answer `ListRead` or `ReadFailed`.
    ReadList,
    /// Write the list if the cell's version is `expected`; answer `Swapped`.
    SwapList {
        /// The version it is based on; 0: none exists.
        expected: u64,
        /// The whole list, with the version that it is to get.
        list: MemberList,
    },
    /// Send a note over the link, or drop it.
    Tell {
        /// The incarnation; nothing is sent to another one of its node.
        to: Owner,
        /// Dropped where there is no link, or no room: what matters is said again.
        note: Note,
    },
    /// Keep a link with this peer.
    Connect {
        /// The peer as the list has it.
        peer: Owner,
        /// Its peer address, `host:port`, as the list has it.
        addr: String,
    },
    /// Close the link with this incarnation and don't call it again.
    Disconnect {
        /// The incarnation to be called no more.
        peer: Owner,
    },
    /// Claim the shard and open it; answer `ShardOpened`, `ClaimFailed` or `ShardFenced`.
    Claim {
        /// The shard that is this node's in the list.
        shard: ShardId,
        /// To be named in every answer about this tenure.
        tenancy: u64,
        /// The owner whose time ended without a release: the outage is counted from its end.
        after: Option<Owner>,
    },
    /// Drop the shard at once, held output and all; no answer.
    Stop {
        /// The shard that is this node's no longer.
        shard: ShardId,
        /// The number its `Claim` carried.
        tenancy: u64,
    },
    /// Take nothing more, flush, stop; answer `ShardReleased` (or `ShardFenced`).
    Release {
        /// The shard that the list gives to another.
        shard: ShardId,
        /// The number its `Claim` carried.
        tenancy: u64,
        /// Who gets it, for redirects; nobody when the last node stops.
        to: Option<Owner>,
    },
    /// How the store is. Said at each change, and at each tick while it fails for all: old news are no news.
    Store(StoreState),
    /// The list has changed: gateways route by it.
    ListChanged(MemberList),
    /// This incarnation is over: all its connections are lost.
    IncarnationDown {
        /// The incarnation that the list has as down, or no longer.
        owner: Owner,
    },
    /// Write `alive_until` of the own member row.
    WriteAlive,
    /// Read the `alive_until` row of a silent member; answer `AliveRead`, or nothing when the store fails.
    ReadAlive {
        /// The member that is silent.
        of: Owner,
    },
    /// This incarnation was put down or fenced out. Everything is dropped already (`Stop`s came before);
    /// from now on the node is `me`, on its links too. Claims in flight stay the old one's.
    RejoinAs {
        /// The new incarnation of the same node.
        me: Owner,
    },
    /// Everything has moved and the node is out of the list: exit 0.
    Drained,
    /// The drain did not end in time, or the node was put down in it: exit non-zero.
    DrainFailed {
        /// The reason, a sentence for the log.
        why: String,
    },
    /// The node must not go on (wrong shard count, its id taken by another process): exit non-zero.
    Halt {
        /// The reason, a sentence for the log.
        why: String,
    },
}

impl Input {
    /// Whether a log should show it: beats and ticks would flood it.
    #[must_use]
    pub fn is_noteworthy(&self) -> bool {
        !matches!(self, Self::Tick | Self::Heard { .. } | Self::AliveRead { .. })
    }
}
