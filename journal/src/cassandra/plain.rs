//! For benchmarks only: a journal without a fence, one plain QUORUM insert per event, as common actor frameworks do.
//!
//! **It loses acknowledged events when two nodes think they own a shard.** It exists to measure what the fenced,
//! group-committed log costs or saves on the same server, and is in none but a build with the feature `bench-plain`.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{TryStreamExt, stream};
use scylla::frame::types::Consistency;
use scylla::statement::prepared::PreparedStatement;

use super::link::Link;
use super::log::{shard_key, signed};
use super::reply::{blob, number, rows_of, text};
use super::{Cassandra, CassandraError, Fault, schema};
use crate::{
    Claimed, Epoch, Frame, FrameId, Head, Journal, JournalError, Owner, Position, ShardId, StoredFrame,
    Tenure,
};

const EVENTS: &str = "CREATE TABLE IF NOT EXISTS {ks}.bench_plain (shard int, segment bigint, seq bigint, part int, \
                      epoch bigint, frame_id blob, body blob, PRIMARY KEY ((shard, segment), seq, part))";
const OWNERS: &str = "CREATE TABLE IF NOT EXISTS {ks}.bench_plain_owner (shard int PRIMARY KEY, epoch bigint, \
                      owner text, segment bigint)";

/// A journal of plain inserts, to measure what the fence costs.
pub struct PlainJournal {
    core: Arc<Core>,
}

struct Core {
    link: Arc<Link>,
    insert: PreparedStatement,
    read: PreparedStatement,
    last: PreparedStatement,
    owner: PreparedStatement,
    own: PreparedStatement,
}

impl PlainJournal {
    /// Makes its tables beside the others and opens them.
    ///
    /// # Errors
    /// As [`Cassandra::apply_schema`].
    pub async fn open(cassandra: &Cassandra) -> Result<Arc<Self>, CassandraError> {
        let link = Arc::clone(cassandra.link());
        let core = cassandra.link().bridge(async move { Core::open(link).await }).await?;
        tracing::warn!("the journal is the unfenced one for benchmarks: it can lose acknowledged events");
        Ok(Arc::new(Self { core: Arc::new(core) }))
    }
}

impl Core {
    async fn open(link: Arc<Link>) -> Result<Self, Fault> {
        for text in [EVENTS, OWNERS] {
            schema::change(&link, &text.replace("{ks}", link.keyspace())).await?;
        }
        link.settle().await?;
        let prepare = |text: &'static str| {
            let text = text.replace("{ks}", link.keyspace());
            let link = Arc::clone(&link);
            async move { link.prepare(&text, Consistency::LocalQuorum).await }
        };
        Ok(Self {
            insert: prepare(
                "INSERT INTO {ks}.bench_plain (shard, segment, seq, part, epoch, frame_id, body) \
                 VALUES (?, ?, ?, ?, ?, ?, ?)",
            )
            .await?,
            read: prepare(
                "SELECT seq, part, epoch, frame_id, body FROM {ks}.bench_plain \
                 WHERE shard = ? AND segment = ? AND seq = ?",
            )
            .await?,
            last: prepare(
                "SELECT seq FROM {ks}.bench_plain WHERE shard = ? AND segment = ? ORDER BY seq DESC LIMIT 1",
            )
            .await?,
            owner: prepare("SELECT epoch, owner, segment FROM {ks}.bench_plain_owner WHERE shard = ?")
                .await?,
            own: prepare(
                "INSERT INTO {ks}.bench_plain_owner (shard, epoch, owner, segment) VALUES (?, ?, ?, ?)",
            )
            .await?,
            link,
        })
    }

    async fn head(&self, shard: ShardId) -> Result<Option<Head>, Fault> {
        let rows = rows_of(self.link.repeat(&self.owner, &(shard_key(shard),)).await?)?;
        let Some(row) = rows.first() else { return Ok(None) };
        let owner = text(row, "owner").and_then(|owner| owner.parse().ok());
        let (Some(epoch), Some(owner), Some(segment)) = (number(row, "epoch"), owner, number(row, "segment"))
        else {
            return Err(Fault::Refused(format!("a damaged owner row: {row:?}")));
        };
        let last = rows_of(self.link.repeat(&self.last, &(shard_key(shard), signed(segment)?)).await?)?;
        let seq = last.first().and_then(|row| number(row, "seq")).unwrap_or(0) + 1;
        Ok(Some(Head { epoch: Epoch(epoch), owner, first_segment: 1, next: Position { segment, seq } }))
    }

    async fn own(&self, shard: ShardId, epoch: Epoch, owner: Owner, segment: u64) -> Result<(), Fault> {
        let values = (shard_key(shard), signed(epoch.0)?, owner.to_string(), signed(segment)?);
        self.link.repeat(&self.own, &values).await.map(drop)
    }

    /// One insert per event: the frame's bytes in as many parts, all under way at once.
    async fn append(&self, tenure: &Tenure, at: Position, frame: &Frame) -> Result<(), Fault> {
        let parts = usize::try_from(frame.events.max(1)).unwrap_or(1);
        let step = frame.body.len().div_ceil(parts).max(1);
        let id = frame.id.0.to_be_bytes();
        let inserts = (0..parts).map(|part| async move {
            let cut = |n: usize| (n * step).min(frame.body.len());
            let body = &frame.body[cut(part)..cut(part + 1)];
            let number = i32::try_from(part).unwrap_or(i32::MAX);
            let place = (shard_key(tenure.shard), signed(at.segment)?, signed(at.seq)?);
            let values = (place.0, place.1, place.2, number, signed(tenure.epoch.0)?, &id[..], body);
            self.link.repeat(&self.insert, &values).await.map(drop)
        });
        inserts.collect::<stream::FuturesUnordered<_>>().try_collect().await
    }

    async fn read_one(&self, shard: ShardId, at: Position) -> Result<Option<StoredFrame>, Fault> {
        let values = (shard_key(shard), signed(at.segment)?, signed(at.seq)?);
        let mut found: Option<StoredFrame> = None;
        let mut body = Vec::new();
        for mut row in rows_of(self.link.repeat(&self.read, &values).await?)? {
            let id =
                blob(&mut row, "frame_id").and_then(|id| id.try_into().ok()).map_or(0, u128::from_be_bytes);
            body.extend(blob(&mut row, "body").unwrap_or_default());
            let epoch = Epoch(number(&row, "epoch").unwrap_or(0));
            found = Some(StoredFrame { position: at, epoch, id: FrameId(id), body: Bytes::new() });
        }
        Ok(found.map(|frame| StoredFrame { body: body.into(), ..frame }))
    }
}

#[async_trait]
impl Journal for PlainJournal {
    async fn claim(&self, shard: ShardId, owner: Owner) -> Result<Claimed, JournalError> {
        let core = Arc::clone(&self.core);
        let claim = async move {
            let head = core.head(shard).await?;
            let (epoch, next) = head.map_or((Epoch(1), Position { segment: 1, seq: 1 }), |head| {
                (Epoch(head.epoch.0 + 1), head.next)
            });
            core.own(shard, epoch, owner, next.segment).await?;
            Ok(Claimed { tenure: Tenure { shard, epoch, owner }, first_segment: 1, next })
        };
        self.core.link.bridge(claim).await
    }

    async fn append(&self, tenure: &Tenure, at: Position, frame: &Frame) -> Result<(), JournalError> {
        let (core, tenure, frame) = (Arc::clone(&self.core), tenure.clone(), frame.clone());
        self.core.link.bridge(async move { Ok(core.append(&tenure, at, &frame).await?) }).await
    }

    async fn confirm(&self, _tenure: &Tenure) -> Result<(), JournalError> {
        Ok(())
    }

    async fn roll(&self, tenure: &Tenure, at: Position) -> Result<Position, JournalError> {
        let (core, tenure) = (Arc::clone(&self.core), tenure.clone());
        let roll = async move {
            core.own(tenure.shard, tenure.epoch, tenure.owner, at.segment + 1).await?;
            Ok(Position { segment: at.segment + 1, seq: 1 })
        };
        self.core.link.bridge(roll).await
    }

    async fn read(
        &self,
        tenure: &Tenure,
        from: Position,
        limit: usize,
    ) -> Result<Vec<StoredFrame>, JournalError> {
        let (core, shard) = (Arc::clone(&self.core), tenure.shard);
        let read = async move {
            let mut frames = Vec::new();
            let mut at = Position { segment: from.segment, seq: from.seq.max(1) };
            while frames.len() < limit {
                let Some(frame) = core.read_one(shard, at).await? else { break };
                frames.push(frame);
                at.seq += 1;
            }
            Ok(frames)
        };
        self.core.link.bridge(read).await
    }

    async fn trim(&self, _tenure: &Tenure, _segment: u64) -> Result<(), JournalError> {
        Ok(())
    }

    async fn head(&self, shard: ShardId) -> Result<Option<Head>, JournalError> {
        let core = Arc::clone(&self.core);
        self.core.link.bridge(async move { Ok(core.head(shard).await?) }).await
    }
}
