//! The member list: who is in the cluster and which member each shard is assigned to.
//!
//! It is one cell of the store, written only if its version is still the one that was read. The transitions
//! here are pure; each leaves the placement rebalanced, so a change of members and what follows from it is
//! one write.

use bincode::{Decode, Encode};
use handoff_codec as codec;
use handoff_journal::{NodeId, Owner, ShardId};
use thiserror::Error;

use crate::placement::{self, Assignment};

/// The key of the list's cell in `Table::Member`.
pub const MEMBERS_KEY: &str = "members";

/// The most members a list may hold, the down ones included; a join beyond it is refused.
pub const MEMBERS_MAX: usize = 128;

/// How long a member that is down stays in the list for operators to see, in milliseconds.
pub const FORGET_AFTER_MS: u64 = 10 * 60 * 1000;

/// Why a stored list can't be used, or a change not made.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
pub enum MembersError {
    /// The stored bytes don't decode.
    #[error("member list: {0}")]
    Codec(#[from] codec::Error),
    /// The list contradicts itself.
    #[error("member list is damaged: {0}")]
    Damaged(String),
}

/// Where a member stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum MemberState {
    /// In the cluster as a gateway; gets no shards yet.
    Joining,
    /// Has an equal part of the shards.
    Up,
    /// Gives its shards away and goes.
    Leaving,
    /// Gone: drained, or written down by an accuser. This incarnation never comes back.
    Down,
}

/// One node in one of its lives.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Member {
    /// The node and its life: what the store fences by.
    pub owner: Owner,
    /// Where its peer link listens, `host:port`.
    pub peer_addr: String,
    /// Where its clients' interface is, for redirects.
    pub http_url: String,
    /// How far it has come on its way in or out.
    pub state: MemberState,
    /// The oldest protocol it speaks and writes.
    pub protocol_min: u16,
    /// The newest protocol it speaks and writes.
    pub protocol_max: u16,
    /// Its build, for operators.
    pub build: String,
    /// How often it joined again within the last minute.
    pub rejoins: u32,
    /// Why it is in this state, for operators.
    pub note: String,
    /// Since when it is in this state: the writer's wall clock, in milliseconds since 1970.
    pub since_ms: u64,
}

/// The list, as stored.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct MemberList {
    /// The version of the cell that holds it; 0: never stored.
    pub version: u64,
    /// How many shards there are.
    pub shards: u16,
    /// The protocol version that all stored bytes keep to, so that every live member can read them. The first member
    /// brings its newest; raised on an operator's word, never lowered. 0: nobody has joined yet.
    pub protocol: u16,
    /// In order of node; one entry per node.
    pub members: Vec<Member>,
    /// Whose each shard is, by its number: one entry per shard.
    pub assignment: Vec<Assignment>,
}

impl MemberList {
    /// The list before anybody joined.
    #[must_use]
    pub fn new(shards: u16) -> Self {
        let assignment = vec![Assignment::default(); usize::from(shards)];
        Self { version: 0, shards, protocol: 0, members: Vec::new(), assignment }
    }

    /// The bytes to store.
    ///
    /// # Errors
    /// When the list can't be encoded (too large).
    pub fn encode(&self) -> Result<Vec<u8>, MembersError> {
        Ok(codec::encode(self)?)
    }

    /// Reads stored bytes; `version` is the cell's.
    ///
    /// # Errors
    /// When the bytes are damaged or contradict themselves.
    pub fn decode(version: u64, bytes: &[u8]) -> Result<Self, MembersError> {
        let list: Self = codec::decode(bytes)?;
        let damaged = |what: &str| Err(MembersError::Damaged(what.to_owned()));
        if list.version != version {
            return damaged("its version is not its cell's");
        }
        if list.assignment.len() != usize::from(list.shards) {
            return damaged("not one assignment per shard");
        }
        if list.members.windows(2).any(|pair| pair[0].owner.node >= pair[1].owner.node) {
            return damaged("members are out of order");
        }
        Ok(list)
    }

    /// The entry of a node, whatever its incarnation and state.
    #[must_use]
    pub fn member(&self, node: NodeId) -> Option<&Member> {
        self.members.iter().find(|member| member.owner.node == node)
    }

    /// The state of exactly this incarnation.
    #[must_use]
    pub fn state_of(&self, owner: Owner) -> Option<MemberState> {
        self.member(owner.node).filter(|member| member.owner == owner).map(|member| member.state)
    }

    /// Whether this incarnation is in the list and not down.
    #[must_use]
    pub fn is_live(&self, owner: Owner) -> bool {
        self.state_of(owner).is_some_and(|state| state != MemberState::Down)
    }

    /// The members that are not down.
    pub fn live(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.state != MemberState::Down)
    }

    /// Who shall have a shard; nobody for a number out of range.
    #[must_use]
    pub fn assigned(&self, shard: ShardId) -> Assignment {
        self.assignment.get(usize::from(shard.0)).copied().unwrap_or_default()
    }

    /// Why a node that speaks these versions, oldest and newest, can't be a member.
    #[must_use]
    pub fn misfit(&self, (min, max): (u16, u16)) -> Option<String> {
        let stored = self.protocol;
        if stored == 0 || (min..=max).contains(&stored) {
            None
        } else if max < stored {
            Some(format!(
                "this cluster stores in protocol version {stored}, this node reads up to {max}: start a newer build, \
                 or one with a higher peer.protocol_max (docs/upgrade.md)"
            ))
        } else {
            Some(format!(
                "this cluster still stores in protocol version {stored}, this build knows {min} and later: run \
                 'handoff cluster raise' with the build before this one first (docs/upgrade.md)"
            ))
        }
    }

    /// The newest version that every live member reads; what [`MemberList::raise`] raises to.
    #[must_use]
    pub fn protocol_of_all(&self) -> u16 {
        self.live().map(|member| member.protocol_max).min().unwrap_or(self.protocol)
    }

    /// Lets all stored bytes from now on be of the newest version that every live member reads. From then on older
    /// ones can't join. False: nothing to raise.
    pub fn raise(&mut self) -> bool {
        let newest = self.protocol_of_all();
        let higher = newest > self.protocol;
        self.protocol = self.protocol.max(newest);
        higher
    }

    /// Puts a new incarnation in, in the place of the node's earlier one. False: the list is full.
    pub fn join(&mut self, member: Member) -> bool {
        if self.protocol == 0 {
            self.protocol = member.protocol_max;
        }
        let node = member.owner.node;
        match self.members.binary_search_by_key(&node, |other| other.owner.node) {
            Ok(place) => self.members[place] = member,
            Err(_) if self.members.len() >= MEMBERS_MAX => return false,
            Err(place) => self.members.insert(place, member),
        }
        self.rebalance();
        true
    }

    /// A joining member is ready for shards. False: it is not joining.
    pub fn ready(&mut self, owner: Owner, wall_ms: u64) -> bool {
        self.change(owner, &[MemberState::Joining], MemberState::Up, "", wall_ms)
    }

    /// A member wants to go: its shards are assigned to others. False: it is not up.
    pub fn leave(&mut self, owner: Owner, wall_ms: u64) -> bool {
        self.change(owner, &[MemberState::Up], MemberState::Leaving, "drain", wall_ms)
    }

    /// Writes a member down, with the reason. False: it is not alive.
    pub fn put_down(&mut self, owner: Owner, why: &str, wall_ms: u64) -> bool {
        let alive = [MemberState::Joining, MemberState::Up, MemberState::Leaving];
        self.change(owner, &alive, MemberState::Down, why, wall_ms)
    }

    /// Gives one shard to another member than the one that did not take it. The next rebalance may even it
    /// out.
    pub fn reassign(&mut self, shard: ShardId, to: Owner) {
        if let Some(assignment) = self.assignment.get_mut(usize::from(shard.0)) {
            *assignment = Assignment { to: Some(to), from: assignment.to.filter(|owner| *owner != to) };
        }
    }

    /// Assigns every shard to a member that is up, evenly and with the fewest moves.
    pub(crate) fn rebalance(&mut self) {
        let (up, alive) = (self.up(), self.live().map(|member| member.owner).collect::<Vec<_>>());
        placement::rebalance(&mut self.assignment, &up, &alive);
    }

    /// The members that are up, the one most wanted for the shard first.
    #[must_use]
    pub fn rank(&self, shard: ShardId) -> Vec<Owner> {
        placement::rank(shard, self.up())
    }

    pub(crate) fn up(&self) -> Vec<Owner> {
        let up = self.members.iter().filter(|member| member.state == MemberState::Up);
        up.map(|member| member.owner).collect()
    }

    /// Drops members that have been down for [`FORGET_AFTER_MS`].
    pub fn forget_old(&mut self, wall_ms: u64) {
        self.members.retain(|member| {
            member.state != MemberState::Down || member.since_ms.saturating_add(FORGET_AFTER_MS) > wall_ms
        });
    }

    fn change(
        &mut self,
        owner: Owner,
        allowed: &[MemberState],
        state: MemberState,
        note: &str,
        wall_ms: u64,
    ) -> bool {
        let found = self.members.iter_mut().find(|member| member.owner == owner);
        let Some(member) = found.filter(|member| allowed.contains(&member.state)) else {
            return false;
        };
        member.state = state;
        note.clone_into(&mut member.note);
        member.since_ms = wall_ms;
        self.rebalance();
        true
    }
}

#[cfg(test)]
mod tests;
