//! A queue's state as checkpoints store it. A stored shape of its own: live state may change freely, [`SnapshotV1`]
//! never.

use super::Queue;
use super::state::{Known, Lines as _, Stage, State, Waiter};
use crate::command::Pace;
use crate::id::{AgentName, EffectId, Millis, QueueName, Served, SessionId};
use crate::ledger::LedgerV1;
use crate::routing::Ticket;
use bincode::{Decode, Encode};

#[derive(Encode, Decode)]
enum Snapshot {
    V1(SnapshotV1),
}

#[derive(Encode, Decode)]
struct SnapshotV1 {
    name: QueueName,
    waiting: Vec<(SessionId, WaiterV1)>,
    agents: Vec<(AgentName, KnownV1)>,
    floors: Vec<(SessionId, u64, u64)>,
    pace: Option<Pace>,
    ledger: LedgerV1,
}

#[derive(Encode, Decode)]
struct WaiterV1 {
    attempt: u64,
    ticket: Ticket,
    came: Millis,
    stage: StageV1,
    look_at: Served,
}

#[derive(Encode, Decode)]
enum StageV1 {
    InLine,
    Asking { agent: AgentName, request: EffectId },
    Granted { agent: AgentName },
}

#[derive(Encode, Decode)]
struct KnownV1 {
    version: u64,
    here: bool,
    free: u32,
    idle_since: Millis,
    asked: Vec<(EffectId, Option<u64>)>,
}

impl Queue {
    /// Its state as bytes.
    ///
    /// # Errors
    /// When the state is larger than one envelope may be.
    pub fn to_snapshot(&self) -> Result<Vec<u8>, handoff_codec::Error> {
        let state = &self.state;
        handoff_codec::encode(&Snapshot::V1(SnapshotV1 {
            name: self.name.clone(),
            waiting: state.waiting.iter().map(|(id, waiter)| (id.clone(), waiter.into())).collect(),
            agents: state.agents.iter().map(|(name, known)| (name.clone(), known.into())).collect(),
            floors: state.floors.iter().collect(),
            pace: state.pace,
            ledger: LedgerV1::of(&self.ledger),
        }))
    }

    /// The queue as it was; entries journaled since are to be applied.
    ///
    /// # Errors
    /// When the bytes are damaged or of a version that this build doesn't read.
    pub fn from_snapshot(bytes: &[u8]) -> Result<Self, handoff_codec::Error> {
        let Snapshot::V1(stored) = handoff_codec::decode(bytes)?;
        let mut state = State::default();
        stored.waiting.into_iter().for_each(|(id, waiter)| state.put(&id, Some(waiter.into())));
        state.agents = stored.agents.into_iter().map(|(name, known)| (name, known.into())).collect();
        state.floors = stored.floors.into_iter().collect();
        state.pace = stored.pace;
        Ok(Self { name: stored.name, state, ledger: stored.ledger.into() })
    }
}

impl From<&Waiter> for WaiterV1 {
    fn from(waiter: &Waiter) -> Self {
        let Waiter { attempt, ticket, came, stage, look_at } = waiter.clone();
        let stage = match stage {
            Stage::InLine => StageV1::InLine,
            Stage::Asking { agent, request } => StageV1::Asking { agent, request },
            Stage::Granted { agent } => StageV1::Granted { agent },
        };
        Self { attempt, ticket, came, stage, look_at }
    }
}

impl From<WaiterV1> for Waiter {
    fn from(stored: WaiterV1) -> Self {
        let WaiterV1 { attempt, ticket, came, stage, look_at } = stored;
        let stage = match stage {
            StageV1::InLine => Stage::InLine,
            StageV1::Asking { agent, request } => Stage::Asking { agent, request },
            StageV1::Granted { agent } => Stage::Granted { agent },
        };
        Self { attempt, ticket, came, stage, look_at }
    }
}

impl From<&Known> for KnownV1 {
    fn from(known: &Known) -> Self {
        let asked = known.asked.iter().map(|(id, counted)| (*id, *counted));
        let Known { version, here, free, idle_since, .. } = *known;
        Self { version, here, free, idle_since, asked: asked.collect() }
    }
}

impl From<KnownV1> for Known {
    fn from(stored: KnownV1) -> Self {
        let KnownV1 { version, here, free, idle_since, asked } = stored;
        Self { version, here, free, idle_since, asked: asked.into_iter().collect() }
    }
}
