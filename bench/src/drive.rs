//! Runs many customers on few threads: start all, send at a pace, stop, then check every transcript.
//!
//! It exists so that every subcommand loads a cluster in the same way and none can forget the check. The
//! calling thread conducts (measures, injects faults) while the customers' threads send.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::Error;
use crate::checker::Verdict;
use crate::customer::{Failures, Waits};

mod worker;

/// How long after its window an open loop goes on sending what was due in it.
const BACKLOG_MAX_US: u64 = 10_000_000;

/// When a customer sends.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// As soon as the last message is acknowledged.
    Closed,
    /// Every `interval` on a schedule that does not wait; the first time at a random moment of it.
    Open {
        /// Between two messages of a session.
        interval: Duration,
    },
    /// Every session at an interval of its own between half of this and this; what was missed is skipped.
    Steady {
        /// The longest of all sessions' intervals.
        interval: Duration,
    },
    /// Not at all, and without holding a connection.
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Starting,
    Running,
    Stopped,
}

/// How many sessions there are, what they send, and to whom.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The nodes' customer addresses.
    pub nodes: Arc<[SocketAddr]>,
    /// The service in whose name sessions start.
    pub service: String,
    /// How many sessions.
    pub sessions: u32,
    /// On how many threads.
    pub threads: u32,
    /// Length of each text.
    pub message_bytes: usize,
    /// How long customers wait before they try elsewhere, and before they give up.
    pub waits: Waits,
    /// Whether sends wait for acknowledgements or keep to a schedule.
    pub pace: Pace,
    /// Keep each acknowledgement, for gaps.
    pub log_acks: bool,
    /// Every second session goes on at the node after the one where it was started, so that sessions whose
    /// gateway and owner are two nodes are there too.
    pub cross: bool,
    /// Tells this run's texts and ids from others'.
    pub run: u32,
}

/// One acknowledgement; microseconds since the run's origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ack {
    /// When the message was first sent.
    pub first_us: u64,
    /// When the attempt that was acknowledged was sent.
    pub attempt_us: u64,
    /// When the acknowledgement came.
    pub acked_us: u64,
    /// From which node, an index into the list.
    pub node: u16,
}

/// What conductor and customers share.
#[derive(Debug)]
pub struct Control {
    origin: Instant,
    started: AtomicU32,
    stop: AtomicBool,
    window_from_us: AtomicU64,
    window_until_us: AtomicU64,
    homecomings: AtomicU32,
    chat_ids: Mutex<Vec<String>>,
    failed: Mutex<Option<Error>>,
    phase: tokio::sync::watch::Sender<Phase>,
}

impl Control {
    fn new(sessions: u32) -> Self {
        Self {
            origin: Instant::now(),
            started: AtomicU32::new(0),
            stop: AtomicBool::new(false),
            window_from_us: AtomicU64::new(u64::MAX),
            window_until_us: AtomicU64::new(u64::MAX),
            homecomings: AtomicU32::new(0),
            chat_ids: Mutex::new(vec![String::new(); sessions as usize]),
            failed: Mutex::new(None),
            phase: tokio::sync::watch::Sender::new(Phase::Starting),
        }
    }

    /// Microseconds since the run's origin.
    pub fn now_us(&self) -> u64 {
        self.us(Instant::now())
    }

    /// A moment as microseconds since the run's origin.
    pub fn us(&self, moment: Instant) -> u64 {
        moment.saturating_duration_since(self.origin).as_micros() as u64
    }

    /// From now on what happens counts.
    pub fn open_window(&self) {
        self.window_from_us.store(self.now_us(), Ordering::Relaxed);
    }

    /// From now on it does not; returns the window's length.
    pub fn close_window(&self) -> Duration {
        let now = self.now_us();
        self.window_until_us.store(now, Ordering::Relaxed);
        Duration::from_micros(now.saturating_sub(self.window_from_us.load(Ordering::Relaxed)))
    }

    /// Sends all customers back to the nodes where they began.
    pub fn send_home(&self) {
        self.homecomings.fetch_add(1, Ordering::Relaxed);
    }

    /// The sessions' ids.
    pub fn chat_ids(&self) -> Vec<String> {
        lock(&self.chat_ids).clone()
    }

    fn in_window(&self, moment_us: u64) -> bool {
        moment_us >= self.window_from_us.load(Ordering::Relaxed)
            && moment_us < self.window_until_us.load(Ordering::Relaxed)
    }

    /// Whether a message due then must still be sent although the run is over: left out, the slowest would
    /// not count. Ends some time after the window, and what is then unsent shows in the rate reached.
    fn owes(&self, due: Instant) -> bool {
        let until_us = self.window_until_us.load(Ordering::Relaxed);
        self.in_window(self.us(due)) && self.now_us() < until_us.saturating_add(BACKLOG_MAX_US)
    }

    fn wait_until_started(&self, sessions: u32) -> Result<(), Error> {
        while self.started.load(Ordering::Acquire) < sessions {
            if let Some(error) = lock(&self.failed).take() {
                return Err(error);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

/// What is counted while the window is open; one per thread, then added up.
#[derive(Debug)]
pub struct Tally {
    /// Acknowledgements in the window.
    pub acked: u64,
    /// Microseconds to the acknowledgement: from the intended send time where there is a schedule.
    pub latency: Histogram<u64>,
    /// Microseconds from an intended send time to the send, where nothing but the driver's timer delayed it.
    pub lateness: Histogram<u64>,
    /// Acknowledgements in each second since the run's origin, whether in the window or not.
    pub per_second: Vec<u64>,
}

impl Default for Tally {
    fn default() -> Self {
        Self { acked: 0, latency: histogram(), lateness: histogram(), per_second: Vec::new() }
    }
}

impl Tally {
    fn add(&mut self, other: &Tally) {
        self.acked += other.acked;
        // Both have the same bounds, so this can't fail.
        let _ = self.latency.add(&other.latency);
        let _ = self.lateness.add(&other.lateness);
        self.per_second.resize(self.per_second.len().max(other.per_second.len()), 0);
        for (mine, theirs) in self.per_second.iter_mut().zip(&other.per_second) {
            *mine += theirs;
        }
    }
}

/// Up to two minutes in microseconds, three digits.
pub fn histogram() -> Histogram<u64> {
    let auto = Histogram::new_with_bounds(1, 120_000_000, 3);
    auto.unwrap_or_else(|_| unreachable!("constant bounds are valid"))
}

/// One session's end.
#[derive(Debug)]
pub struct SessionEnd {
    /// The session's number within the run, from 0.
    pub number: u32,
    /// Messages given up or refused.
    pub failed_sends: u64,
    /// Each acknowledgement in order, if asked for.
    pub acks: Vec<Ack>,
}

/// All that a run gives.
#[derive(Debug, Default)]
pub struct Harvest {
    /// What was counted inside the measured time.
    pub tally: Tally,
    /// Failed attempts by reason; one message may have several.
    pub failures: Failures,
    /// Messages never acknowledged: given up or refused for good.
    pub failed_sends: u64,
    /// Why sessions ended before their time, the first of them.
    pub ended_early: Vec<String>,
    /// Whether the transcripts held what was acknowledged.
    pub verdict: Verdict,
    /// The sessions in order.
    pub sessions: Vec<SessionEnd>,
}

impl Harvest {
    fn add(&mut self, other: Harvest) {
        self.tally.add(&other.tally);
        self.failures.add(&other.failures);
        self.failed_sends += other.failed_sends;
        self.ended_early.extend(other.ended_early);
        self.verdict.sessions += other.verdict.sessions;
        self.verdict.acknowledged += other.verdict.acknowledged;
        self.verdict.unacknowledged += other.verdict.unacknowledged;
        for (kind, count) in other.verdict.violations {
            *self.verdict.violations.entry(kind).or_default() += count;
        }
        self.verdict.examples.extend(other.verdict.examples);
        self.sessions.extend(other.sessions);
        self.sessions.sort_by_key(|s| s.number);
    }

    /// Whether nothing was lost, doubled or reordered and every message was acknowledged in the end.
    pub fn kept(&self) -> bool {
        self.verdict.kept() && self.failed_sends == 0
    }
}

/// Messages of one session whose fate is unknown to its customer.
type Unacknowledged = BTreeSet<u32>;

/// Starts all sessions, lets them send while `conduct` runs on this thread, stops them and checks them.
///
/// # Errors
/// [`Error`]: a session that can't be started, or what `conduct` returns; the sessions are ended either way.
pub fn run<R>(
    plan: &Plan,
    conduct: impl FnOnce(&Control) -> Result<R, Error>,
) -> Result<(R, Harvest), Error> {
    let control = Arc::new(Control::new(plan.sessions));
    let mut threads = Vec::new();
    for thread in 0..plan.threads {
        let (plan, control) = (plan.clone(), control.clone());
        let builder = std::thread::Builder::new().name(format!("customers-{thread}"));
        let spawned = builder.spawn(move || worker::run(plan, control, thread));
        threads.push(spawned.map_err(|e| Error::io("starting a thread", e))?);
    }
    let conducted = control.wait_until_started(plan.sessions).and_then(|()| {
        control.phase.send_replace(Phase::Running);
        conduct(&control)
    });
    control.stop.store(true, Ordering::Release);
    control.phase.send_replace(Phase::Stopped);
    let mut harvest = Harvest::default();
    for thread in threads {
        harvest.add(thread.join().map_err(|_| Error::Panicked)??);
    }
    Ok((conducted?, harvest))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
