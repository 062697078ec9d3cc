//! A journal that hides outcomes: calls that did not happen, or did, and answered "unknown".

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use handoff_journal::{
    Claimed, Frame, Head, Journal, JournalError, Owner, Position, ShardId, StoredFrame, Tenure,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub struct Hiding {
    inner: Arc<dyn Journal>,
    dice: Mutex<ChaCha8Rng>,
    chance: f64,
}

impl Hiding {
    pub fn new(inner: Arc<dyn Journal>, seed: u64, chance: f64) -> Self {
        Self { inner, dice: Mutex::new(ChaCha8Rng::seed_from_u64(seed)), chance }
    }

    fn lost(&self) -> Result<(), JournalError> {
        let lost = self.dice.lock().expect("dice").random_bool(self.chance);
        if lost { Err(JournalError::Unknown("hidden by the test".to_owned())) } else { Ok(()) }
    }
}

macro_rules! hide {
    ($self:ident, $call:expr) => {{
        $self.lost()?;
        let answer = $call.await;
        $self.lost()?;
        answer
    }};
}

#[async_trait]
impl Journal for Hiding {
    async fn claim(&self, shard: ShardId, owner: Owner) -> Result<Claimed, JournalError> {
        hide!(self, self.inner.claim(shard, owner))
    }
    async fn append(&self, tenure: &Tenure, at: Position, frame: &Frame) -> Result<(), JournalError> {
        hide!(self, self.inner.append(tenure, at, frame))
    }
    async fn confirm(&self, tenure: &Tenure) -> Result<(), JournalError> {
        hide!(self, self.inner.confirm(tenure))
    }
    async fn roll(&self, tenure: &Tenure, at: Position) -> Result<Position, JournalError> {
        hide!(self, self.inner.roll(tenure, at))
    }
    async fn read(
        &self,
        tenure: &Tenure,
        from: Position,
        limit: usize,
    ) -> Result<Vec<StoredFrame>, JournalError> {
        hide!(self, self.inner.read(tenure, from, limit))
    }
    async fn trim(&self, tenure: &Tenure, segment: u64) -> Result<(), JournalError> {
        hide!(self, self.inner.trim(tenure, segment))
    }
    async fn head(&self, shard: ShardId) -> Result<Option<Head>, JournalError> {
        hide!(self, self.inner.head(shard))
    }
}
