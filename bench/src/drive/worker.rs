//! One thread of customers: a single-threaded runtime and a task per session.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rand::RngExt;
use tokio::sync::Semaphore;
use tokio::task::LocalSet;

use super::{Ack, Control, Harvest, Pace, Phase, Plan, SessionEnd, Tally, Unacknowledged, lock};
use crate::Error;
use crate::checker::{Checker, Violation};
use crate::customer::{Answered, Customer, Failure};
use crate::wire::{Call, Requests, Transcript, number_of};

/// Sessions of one thread that start, or are checked, at the same time.
const AT_ONCE: usize = 32;
const EARLY_ENDS_TOLD_MAX: usize = 20;
/// Past this a session only waits for the end: bounds the run's memory.
const MESSAGES_PER_SESSION_MAX: u32 = 1_000_000;

struct Worker {
    plan: Plan,
    control: Arc<Control>,
    harvest: RefCell<Harvest>,
    gate: Semaphore,
}

/// Runs sessions `thread`, `thread + threads`, ... to their end.
pub(super) fn run(plan: Plan, control: Arc<Control>, thread: u32) -> Result<Harvest, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::io("starting a runtime", e))?;
    let worker =
        Rc::new(Worker { plan, control, harvest: RefCell::default(), gate: Semaphore::new(AT_ONCE) });
    let sessions = LocalSet::new();
    let numbers = (thread..worker.plan.sessions).step_by(worker.plan.threads as usize);
    let tasks: Vec<_> = numbers.map(|n| sessions.spawn_local(session(worker.clone(), n))).collect();
    let joined = runtime.block_on(sessions.run_until(async {
        for task in tasks {
            task.await.map_err(|_| Error::Panicked)?;
        }
        Ok(())
    }));
    joined.map(|()| worker.harvest.take())
}

async fn session(worker: Rc<Worker>, number: u32) {
    let plan = &worker.plan;
    let begin_at = number as usize / plan.threads as usize % plan.nodes.len();
    let requests = Requests::new(&plan.service, plan.run, number);
    let mut customer = Customer::new(number, plan.nodes.clone(), begin_at, requests, plan.waits);
    if let Err(failure) = start(&worker, &mut customer).await {
        let reason = failure.to_string();
        lock(&worker.control.failed).get_or_insert(Error::Start { session: number, reason });
        return;
    }
    // Sessions are dealt to nodes in turn, so every second round of the nodes is crossed.
    let crossed = plan.cross && number as usize / plan.threads as usize / plan.nodes.len() % 2 == 1;
    let home = if crossed { (begin_at + 1) % plan.nodes.len() } else { begin_at };
    customer.move_to(home);
    let mut phase = worker.control.phase.subscribe();
    if matches!(plan.pace, Pace::Never) {
        customer.hang_up();
        let _ = phase.wait_for(|phase| *phase == Phase::Stopped).await;
    }
    let _ = phase.wait_for(|phase| *phase != Phase::Starting).await;
    let (sent, end) = converse(&worker, &mut customer, home).await;
    finish(&worker, customer, sent, end).await;
}

async fn start(worker: &Worker, customer: &mut Customer) -> Result<(), Failure> {
    let _permit = worker.gate.acquire().await;
    customer.start().await?;
    lock(&worker.control.chat_ids)[customer.number as usize] = customer.chat_id().into();
    worker.control.started.fetch_add(1, Ordering::AcqRel);
    Ok(())
}

/// What one session has sent.
struct Sent {
    attempted: u32,
    unacknowledged: Unacknowledged,
}

async fn converse(worker: &Worker, customer: &mut Customer, home: usize) -> (Sent, SessionEnd) {
    let control = &worker.control;
    let mut sent = Sent { attempted: 0, unacknowledged: Unacknowledged::new() };
    let mut end = SessionEnd { number: customer.number, failed_sends: 0, acks: Vec::new() };
    let mut schedule = Schedule::new(worker.plan.pace);
    let mut homecomings = 0;
    while sent.attempted < MESSAGES_PER_SESSION_MAX {
        let due = schedule.wait().await;
        if control.stop.load(Ordering::Acquire) && !due.is_some_and(|due| control.owes(due.at)) {
            break;
        }
        let homecomings_now = control.homecomings.load(Ordering::Relaxed);
        if std::mem::replace(&mut homecomings, homecomings_now) != homecomings_now {
            customer.move_to(home);
        }
        let number = sent.attempted;
        sent.attempted += 1;
        match customer.call(Call::Send { number, bytes: worker.plan.message_bytes }).await {
            Ok(answered) => worker.record(&answered, due, &mut end),
            Err(failure) => {
                sent.unacknowledged.insert(number);
                end.failed_sends += 1;
                worker.tell(customer.number, &failure);
                if matches!(failure, Failure::Rejected(_)) {
                    break;
                }
            }
        }
    }
    (sent, end)
}

impl Worker {
    fn record(&self, answered: &Answered, due: Option<Due>, end: &mut SessionEnd) {
        let control = &self.control;
        let acked_us = control.us(answered.acked);
        let first_us = control.us(answered.first);
        if self.plan.log_acks {
            let attempt_us = control.us(answered.attempt);
            end.acks.push(Ack { first_us, attempt_us, acked_us, node: answered.node as u16 });
        }
        let Tally { acked, latency, lateness, per_second } = &mut self.harvest.borrow_mut().tally;
        let second = (acked_us / 1_000_000) as usize;
        if per_second.len() <= second {
            per_second.resize(second + 1, 0);
        }
        per_second[second] += 1;
        // With a schedule a message counts by when it was due, else slow ones at the end would not.
        let since_us = due.map_or(first_us, |due| control.us(due.at));
        let counts_by_us = if due.is_some() { since_us } else { acked_us };
        if control.in_window(counts_by_us) {
            *acked += 1;
            latency.saturating_record(acked_us.saturating_sub(since_us).max(1));
            if due.is_some_and(|due| due.was_idle) {
                lateness.saturating_record(first_us.saturating_sub(since_us).max(1));
            }
        }
    }

    fn tell(&self, session: u32, failure: &Failure) {
        let told = &mut self.harvest.borrow_mut().ended_early;
        if told.len() < EARLY_ENDS_TOLD_MAX {
            told.push(format!("session {session}: {failure}"));
        }
    }
}

async fn finish(worker: &Worker, mut customer: Customer, sent: Sent, end: SessionEnd) {
    let _permit = worker.gate.acquire().await;
    let failures = customer.failures;
    let violations = check(&worker.plan, &mut customer, &sent).await;
    // The check is over; a session that can't be ended ends by itself.
    let _ = customer.call(Call::Disconnect).await;
    let mut harvest = worker.harvest.borrow_mut();
    let unacknowledged = sent.unacknowledged.len() as u64;
    let acknowledged = u64::from(sent.attempted) - unacknowledged;
    harvest.verdict.add(end.number, acknowledged, unacknowledged, &violations);
    harvest.failures.add(&failures);
    harvest.failed_sends += end.failed_sends;
    harvest.sessions.push(end);
}

/// Reads the whole transcript from position 1, page by page, and compares.
async fn check(plan: &Plan, customer: &mut Customer, sent: &Sent) -> Vec<Violation> {
    let number = customer.number;
    let mut checker = Checker::new(sent.attempted, &sent.unacknowledged);
    let mut position = 1;
    loop {
        if let Err(failure) = customer.call(Call::Refresh { position }).await {
            return vec![Violation::Unread { reason: failure.to_string() }];
        }
        let page: Transcript<'_> = match serde_json::from_slice(customer.body()) {
            Ok(page) => page,
            Err(e) => return vec![Violation::Unread { reason: e.to_string() }],
        };
        for event in &page.messages {
            checker.index(event.index);
            if event.kind == "Message" && event.from.kind == "Client" {
                let text = event.text.as_deref().unwrap_or_default();
                checker.message(event.index, number_of(text, plan.run, number));
            }
        }
        if page.messages.is_empty() || page.next_position <= position {
            return checker.finish();
        }
        position = page.next_position;
    }
}

/// An intended send time.
#[derive(Debug, Clone, Copy)]
struct Due {
    at: Instant,
    /// Whether the session was free to send then.
    was_idle: bool,
}

/// When one session sends next.
struct Schedule {
    pace: Pace,
    interval: Duration,
    next: Instant,
}

impl Schedule {
    fn new(pace: Pace) -> Self {
        let mut rng = rand::rng();
        let interval = match pace {
            Pace::Closed | Pace::Never => Duration::ZERO,
            Pace::Open { interval } => interval,
            Pace::Steady { interval } => interval.mul_f64(rng.random_range(0.5..=1.0)),
        };
        Self { pace, interval, next: Instant::now() + interval.mul_f64(rng.random_range(0.0..1.0)) }
    }

    /// Waits for the next send; gives its intended time where there is a schedule to be late against.
    async fn wait(&mut self) -> Option<Due> {
        if matches!(self.pace, Pace::Closed) {
            return None;
        }
        let now = Instant::now();
        if matches!(self.pace, Pace::Steady { .. }) {
            self.next = self.next.max(now);
        }
        let due = Due { at: self.next, was_idle: self.next >= now };
        tokio::time::sleep_until(self.next.into()).await;
        self.next += self.interval;
        Some(due)
    }
}
