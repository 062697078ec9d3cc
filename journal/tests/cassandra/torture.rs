//! Racing owners, random pauses and hidden outcomes on the real thing. The same on a journal without a fence is in
//! `unfenced`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use handoff_journal::{
    Claimed, FrameId, Incarnation, Journal, JournalError, NodeId, Owner, Position, ShardId,
};
use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::shared;
use crate::support::{World, assert_epochs_never_go_back, definite, frame};

pub(super) const RACERS: u16 = 4;

/// What was acknowledged, by place.
type Acknowledged = Arc<Mutex<Vec<(Position, FrameId)>>>;

fn seconds() -> u64 {
    std::env::var("HANDOFF_TORTURE_SECONDS").ok().and_then(|given| given.parse().ok()).unwrap_or(15)
}

/// One owner among several: claims, appends, rolls, pauses, loses answers, until the time is over.
async fn race(
    journal: Arc<dyn Journal>,
    node: u16,
    shard: ShardId,
    seed: u64,
    until: Instant,
    acked: Acknowledged,
) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut claims = 0;
    while Instant::now() < until {
        let owner = Owner { node: NodeId(node), incarnation: Incarnation(random.random()) };
        let mut claimed = match definite(|| journal.claim(shard, owner)).await {
            Ok(claimed) => claimed,
            Err(JournalError::Fenced { .. }) => continue,
            Err(other) => panic!("claim: {other}"),
        };
        claims += 1;
        tenure(&*journal, &mut claimed, &mut random, until, &acked).await;
        tokio::time::sleep(Duration::from_millis(random.random_range(0..60))).await;
    }
    assert!(claims > 0, "racer {node} never owned the shard");
}

/// Appends until another racer fences this one, or the time is over.
async fn tenure(
    journal: &dyn Journal,
    claimed: &mut Claimed,
    random: &mut ChaCha8Rng,
    until: Instant,
    acked: &Acknowledged,
) {
    while Instant::now() < until {
        let sent = frame(&format!("{:?}", claimed.next));
        if random.random_bool(0.15) {
            // The answer is lost: the call goes on in the store, the caller only repeats it.
            let wait = Duration::from_micros(random.random_range(0..8_000));
            let _ = tokio::time::timeout(wait, journal.append(&claimed.tenure, claimed.next, &sent)).await;
        }
        match definite(|| journal.append(&claimed.tenure, claimed.next, &sent)).await {
            Ok(()) => acked.lock().expect("lock").push((claimed.next, sent.id)),
            Err(JournalError::Fenced { .. }) => return,
            Err(other) => panic!("append at {:?}: {other}", claimed.next),
        }
        claimed.next.seq += 1;
        if claimed.next.seq > 25 {
            match definite(|| journal.roll(&claimed.tenure, claimed.next)).await {
                Ok(next) => claimed.next = next,
                Err(JournalError::Fenced { .. }) => return,
                Err(other) => panic!("roll at {:?}: {other}", claimed.next),
            }
        }
        if random.random_bool(0.1) {
            tokio::time::sleep(Duration::from_millis(random.random_range(0..40))).await;
        }
    }
}

/// Races, then reads the log as a new owner; answers (acknowledged, of those not in the log, takeovers).
pub(super) async fn torture(
    journals: Vec<Arc<dyn Journal>>,
    shard: ShardId,
    time: Duration,
) -> (usize, usize, u64) {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let (acked, until) = (Acknowledged::default(), Instant::now() + time);
    let racers: Vec<_> = (1..=RACERS)
        .map(|node| {
            let journal = Arc::clone(&journals[usize::from(node - 1)]);
            tokio::spawn(race(journal, node, shard, seed + u64::from(node), until, Arc::clone(&acked)))
        })
        .collect();
    for racer in racers {
        racer.await.expect("racer");
    }
    let owner = Owner { node: NodeId(9), incarnation: Incarnation(9) };
    let claimed = definite(|| journals[0].claim(shard, owner)).await.expect("claim");
    let mut log = Vec::new();
    for segment in 1..=claimed.next.segment {
        let from = Position { segment, seq: 1 };
        log.extend(definite(|| journals[0].read(&claimed.tenure, from, 1000)).await.expect("read"));
    }
    let places: BTreeMap<Position, FrameId> = log.iter().map(|frame| (frame.position, frame.id)).collect();
    assert_eq!(places.len(), log.len(), "no place twice");
    let acked = acked.lock().expect("lock");
    let lost = acked.iter().filter(|(at, id)| places.get(at) != Some(id)).count();
    if lost == 0 {
        assert_epochs_never_go_back(&log);
    }
    (acked.len(), lost, claimed.tenure.epoch.0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_owners_lose_nothing_that_was_acknowledged() {
    let Some(world) = shared().await else { return };
    let shard = world.shard();
    let mut journals: Vec<Arc<dyn Journal>> = Vec::new();
    for node in 1..=RACERS {
        journals.push(world.node(node).await.journal);
    }
    let (acked, lost, takeovers) = torture(journals, shard, Duration::from_secs(seconds())).await;
    println!("{acked} acknowledged, {lost} lost, {takeovers} takeovers");
    assert!(acked > 50 && takeovers > 20, "too little happened: {acked} acknowledged, {takeovers} takeovers");
    assert_eq!(lost, 0);
}
