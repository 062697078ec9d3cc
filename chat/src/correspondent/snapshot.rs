//! A correspondent's state as checkpoints store it. A stored shape of its own: live state may change freely,
//! [`SnapshotV1`] never.

use super::{Correspondent, State, Taken};
use crate::id::{EntityId, Served, SessionId};
use crate::ledger::LedgerV1;
use bincode::{Decode, Encode};

#[derive(Encode, Decode)]
enum Snapshot {
    V1(SnapshotV1),
}

#[derive(Encode, Decode)]
struct SnapshotV1 {
    id: EntityId,
    chat: Option<SessionId>,
    taken: Vec<Taken>,
    heard_at: Served,
    retired: bool,
    ledger: LedgerV1,
}

impl Correspondent {
    /// Its state as bytes.
    ///
    /// # Errors
    /// When the state is larger than one envelope may be.
    pub fn to_snapshot(&self) -> Result<Vec<u8>, handoff_codec::Error> {
        let State { chat, taken, heard_at, retired } = self.state.clone();
        handoff_codec::encode(&Snapshot::V1(SnapshotV1 {
            id: self.id.clone(),
            chat,
            taken: taken.into(),
            heard_at,
            retired,
            ledger: LedgerV1::of(&self.ledger),
        }))
    }

    /// The correspondent as they were; entries journaled since are to be applied.
    ///
    /// # Errors
    /// When the bytes are damaged or of a version that this build doesn't read.
    pub fn from_snapshot(bytes: &[u8]) -> Result<Self, handoff_codec::Error> {
        let Snapshot::V1(stored) = handoff_codec::decode(bytes)?;
        let SnapshotV1 { id, chat, taken, heard_at, retired, ledger } = stored;
        Ok(Self { id, state: State { chat, taken: taken.into(), heard_at, retired }, ledger: ledger.into() })
    }
}
