//! An agent's state as checkpoints store it. A stored shape of its own: live state may change freely, [`SnapshotV1`]
//! never.

use super::Agent;
use super::state::{Claim, Kept, State};
use crate::desk::{Profile, Stage, Status, Work};
use crate::id::{AgentName, CommandId, Millis, QueueName, Served, SessionId};
use crate::ledger::LedgerV1;
use crate::routing::Ticket;
use bincode::{Decode, Encode};

#[derive(Encode, Decode)]
enum Snapshot {
    V1(SnapshotV1),
}

#[derive(Encode, Decode)]
struct SnapshotV1 {
    name: AgentName,
    version: u64,
    status: Status,
    status_since: Millis,
    profile: Option<Profile>,
    lost: bool,
    idle_since: Millis,
    claims: Vec<(SessionId, ClaimV1)>,
    over: Vec<Work>,
    claimed: u64,
    kept: Vec<(CommandId, u64, u64)>,
    ledger: LedgerV1,
}

#[derive(Encode, Decode)]
struct ClaimV1 {
    number: u64,
    version: u64,
    attempt: u64,
    queue: QueueName,
    ticket: Ticket,
    stage: Stage,
    letting_go: bool,
    look_at: Served,
}

impl Agent {
    /// The agent's state as bytes, with the answers kept for repeats and what is owed.
    ///
    /// # Errors
    /// When the state is larger than one envelope may be.
    pub fn to_snapshot(&self) -> Result<Vec<u8>, handoff_codec::Error> {
        let state = self.state.clone();
        let State { version, status, status_since, profile, lost, idle_since, claims, over, claimed } = state;
        let kept = self.kept.iter().map(|kept| (kept.id.clone(), kept.digest, kept.version));
        handoff_codec::encode(&Snapshot::V1(SnapshotV1 {
            name: self.name.clone(),
            version,
            status,
            status_since,
            profile,
            lost,
            idle_since,
            claims: claims.into_iter().map(|(id, claim)| (id, claim.into())).collect(),
            over,
            claimed,
            kept: kept.collect(),
            ledger: LedgerV1::of(&self.ledger),
        }))
    }

    /// The agent as they were; entries journaled since are to be applied.
    ///
    /// # Errors
    /// When the bytes are damaged or of a version that this build doesn't read.
    pub fn from_snapshot(bytes: &[u8]) -> Result<Self, handoff_codec::Error> {
        let Snapshot::V1(stored) = handoff_codec::decode(bytes)?;
        let SnapshotV1 { version, status, status_since, profile, lost, idle_since, over, claimed, .. } =
            stored;
        let claims = stored.claims.into_iter().map(|(id, claim)| (id, claim.into())).collect();
        let kept = stored.kept.into_iter().map(|(id, digest, version)| Kept { id, digest, version });
        Ok(Self {
            name: stored.name,
            state: State { version, status, status_since, profile, lost, idle_since, claims, over, claimed },
            kept: kept.collect(),
            ledger: stored.ledger.into(),
        })
    }
}

impl From<Claim> for ClaimV1 {
    fn from(claim: Claim) -> Self {
        let Claim { number, version, attempt, queue, ticket, stage, letting_go, look_at } = claim;
        Self { number, version, attempt, queue, ticket, stage, letting_go, look_at }
    }
}

impl From<ClaimV1> for Claim {
    fn from(stored: ClaimV1) -> Self {
        let ClaimV1 { number, version, attempt, queue, ticket, stage, letting_go, look_at } = stored;
        Self { number, version, attempt, queue, ticket, stage, letting_go, look_at }
    }
}
